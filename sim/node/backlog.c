#include "sim/node/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define BLOCK_BYTES_MIN    16384 /* Redis 7.0 PROTO_REPLY_CHUNK_BYTES */
#define BLOCK_HEADER_BYTES 40    /* Redis 7.0 sizeof(replBufBlock) */
#define FIRST_ROOM_BYTES   128

struct block {
    int64_t offset;    /* of its first byte */
    size_t size_bytes; /* when it is full */
    size_t used_bytes;
    size_t room_bytes; /* memory it has so far */
    char *bytes;
};

struct rcs_backlog {
    struct block *blocks; /* blocks[head] .. blocks[end - 1] are in use */
    size_t head, end, room;
    int64_t next_offset; /* of the byte added next */
    int64_t length_bytes;
};

struct rcs_backlog *rcs_backlog_new(int64_t next_offset)
{
    struct rcs_backlog *backlog = calloc(1, sizeof(*backlog));
    RCS_ASSERT(backlog != NULL);
    backlog->next_offset = next_offset;
    return backlog;
}

void rcs_backlog_free(struct rcs_backlog *backlog)
{
    if (backlog == NULL) {
        return;
    }
    for (size_t i = backlog->head; i < backlog->end; i++) {
        free(backlog->blocks[i].bytes);
    }
    free(backlog->blocks);
    free(backlog);
}

int64_t rcs_backlog_first(const struct rcs_backlog *backlog)
{
    return backlog->next_offset - backlog->length_bytes;
}

int64_t rcs_backlog_length(const struct rcs_backlog *backlog)
{
    return backlog->length_bytes;
}

/* What jemalloc gives for a request: four sizes to each doubling. The blocks of Redis 7.0 use all
 * of it, and the length of the history shows it. */
static size_t allocation_bytes(size_t wanted_bytes)
{
    size_t doubling = BLOCK_BYTES_MIN;
    while (doubling * 2 < wanted_bytes) {
        doubling *= 2;
    }
    size_t step = doubling / 4;
    return (wanted_bytes + step - 1) / step * step;
}

/* Room a new block has when `size_bytes` remain to be added (Redis 7.0 feedReplicationBuffer). */
static size_t block_size(size_t size_bytes, int64_t limit_bytes)
{
    size_t most = limit_bytes / 16 > BLOCK_BYTES_MIN ? (size_t)(limit_bytes / 16) : BLOCK_BYTES_MIN;
    size_t wanted = size_bytes > BLOCK_BYTES_MIN ? size_bytes : BLOCK_BYTES_MIN;
    return allocation_bytes((wanted < most ? wanted : most) + BLOCK_HEADER_BYTES) -
           BLOCK_HEADER_BYTES;
}

static struct block *add_block(struct rcs_backlog *backlog, size_t size_bytes)
{
    if (backlog->end == backlog->room && backlog->head > 0) {
        memmove(backlog->blocks, backlog->blocks + backlog->head,
                (backlog->end - backlog->head) * sizeof(backlog->blocks[0]));
        backlog->end -= backlog->head;
        backlog->head = 0;
    }
    if (backlog->end == backlog->room) {
        backlog->room = backlog->room == 0 ? 1 : backlog->room * 2;
        backlog->blocks = realloc(backlog->blocks, backlog->room * sizeof(backlog->blocks[0]));
        RCS_ASSERT(backlog->blocks != NULL);
    }
    struct block *block = &backlog->blocks[backlog->end++];
    *block = (struct block){ .offset = backlog->next_offset, .size_bytes = size_bytes };
    return block;
}

/* Copies as much as fits; returns how much that is. */
static size_t fill_block(struct block *block, const char *bytes, size_t size_bytes)
{
    size_t left = block->size_bytes - block->used_bytes;
    size_t copied = size_bytes < left ? size_bytes : left;
    size_t needed = block->used_bytes + copied;
    if (needed > block->room_bytes) {
        size_t room = block->room_bytes == 0 ? FIRST_ROOM_BYTES : block->room_bytes * 2;
        while (room < needed) {
            room *= 2;
        }
        block->room_bytes = room < block->size_bytes ? room : block->size_bytes;
        block->bytes = realloc(block->bytes, block->room_bytes);
        RCS_ASSERT(block->bytes != NULL);
    }
    RCS_ASSERT(block->bytes != NULL);
    memcpy(block->bytes + block->used_bytes, bytes, copied);
    block->used_bytes += copied;
    return copied;
}

void rcs_backlog_trim(struct rcs_backlog *backlog, unsigned most_blocks, int64_t limit_bytes,
                      int64_t needed_offset)
{
    for (unsigned i = 0; i < most_blocks && backlog->end - backlog->head > 1; i++) {
        struct block *first = &backlog->blocks[backlog->head];
        int64_t size = (int64_t)first->size_bytes;
        if (backlog->length_bytes - size <= limit_bytes || first->offset + size > needed_offset) {
            return;
        }
        RCS_ASSERT(first->used_bytes == first->size_bytes);
        free(first->bytes);
        backlog->head++;
        backlog->length_bytes -= size;
    }
}

void rcs_backlog_add(struct rcs_backlog *backlog, const void *bytes, size_t size_bytes,
                     int64_t limit_bytes, int64_t needed_offset)
{
    const char *from = bytes;
    while (size_bytes > 0) {
        struct block *last =
            backlog->end > backlog->head ? &backlog->blocks[backlog->end - 1] : NULL;
        bool added = last == NULL || last->used_bytes == last->size_bytes;
        if (added) {
            last = add_block(backlog, block_size(size_bytes, limit_bytes));
        }
        size_t copied = fill_block(last, from, size_bytes);
        from += copied;
        size_bytes -= copied;
        backlog->next_offset += (int64_t)copied;
        backlog->length_bytes += (int64_t)copied;
        if (added) {
            rcs_backlog_trim(backlog, RCS_BACKLOG_TRIM_BLOCKS, limit_bytes, needed_offset);
        }
    }
}

void rcs_backlog_read(const struct rcs_backlog *backlog, int64_t offset, struct rcs_buf *out)
{
    RCS_ASSERT(offset >= rcs_backlog_first(backlog) && offset <= backlog->next_offset);
    if (offset == backlog->next_offset) {
        return;
    }
    size_t i = backlog->end - 1; /* nearly always it is in the last block */
    while (backlog->blocks[i].offset > offset) {
        i--;
    }
    for (; i < backlog->end; i++) {
        const struct block *block = &backlog->blocks[i];
        size_t skip = offset > block->offset ? (size_t)(offset - block->offset) : 0;
        rcs_buf_add(out, block->bytes + skip, block->used_bytes - skip);
    }
}
