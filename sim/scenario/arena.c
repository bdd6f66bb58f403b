#include "sim/scenario/arena.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define BLOCK_BYTES 8192

struct rcs_arena_block {
    struct rcs_arena_block *next;
    size_t used_bytes, room_bytes;
    _Alignas(16) char bytes[];
};

void rcs_arena_init(struct rcs_arena *arena)
{
    arena->blocks = NULL;
}

void rcs_arena_close(struct rcs_arena *arena)
{
    while (arena->blocks != NULL) {
        struct rcs_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

void *rcs_arena_alloc(struct rcs_arena *arena, size_t size_bytes)
{
    size_t rounded = (size_bytes + 15) & ~(size_t)15;
    struct rcs_arena_block *block = arena->blocks;
    if (block == NULL || block->room_bytes - block->used_bytes < rounded) {
        size_t room = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        block = malloc(sizeof(*block) + room);
        RCS_ASSERT(block != NULL);
        *block = (struct rcs_arena_block){ .next = arena->blocks, .room_bytes = room };
        arena->blocks = block;
    }
    void *out = block->bytes + block->used_bytes;
    block->used_bytes += rounded;
    memset(out, 0, rounded);
    return out;
}

char *rcs_arena_text(struct rcs_arena *arena, const char *bytes, size_t size_bytes)
{
    char *out = rcs_arena_alloc(arena, size_bytes + 1);
    if (size_bytes > 0) {
        memcpy(out, bytes, size_bytes);
    }
    return out;
}

void *rcs_arena_grow(struct rcs_arena *arena, void *list, size_t count, size_t size_bytes)
{
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    if (!full) {
        return list;
    }
    size_t room = count == 0 ? 4 : count * 2;
    void *out = rcs_arena_alloc(arena, room * size_bytes);
    if (count > 0) {
        memcpy(out, list, count * size_bytes);
    }
    return out;
}
