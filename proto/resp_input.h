/* What both RESP readers stand on: bytes that came in and are not yet given back as values.
 *
 *     data                start                 pos                end            room
 *      | given back already | begun, not complete | not looked at    | free         |
 *
 * Values point into `data` (nothing is copied), so when bytes have to move while a value is
 * incomplete, its reader is told. Bytes move seldom: each move leaves at least as much room as it
 * moved. */
#ifndef RCSIM_PROTO_RESP_INPUT_H
#define RCSIM_PROTO_RESP_INPUT_H

#include <rcsim/base.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RESP_INPUT_POISON
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define RESP_INPUT_POISON
#endif
#ifdef RESP_INPUT_POISON
#include <sanitizer/asan_interface.h>
#endif

/* Limits of Redis 7.0 server.h and its default configuration. */
#define RESP_LINE_MAX_BYTES  ((size_t)64 * 1024)          /* PROTO_INLINE_MAX_SIZE */
#define RESP_BULK_MAX_BYTES  (512 * 1024 * 1024)          /* proto-max-bulk-len */
#define RESP_QUERY_MAX_BYTES ((size_t)1024 * 1024 * 1024) /* client-query-buffer-limit */

struct resp_input {
    char *data;
    size_t start, pos, end, room; /* offsets into data */
    size_t scanned;               /* bytes from `pos` on known to hold no end of line */
};

/* Moves every pointer the reader holds from the block at `from` to that at `to`, where the same
 * bytes stand. Both blocks are alive. */
typedef void resp_moved_fn(void *reader, const char *from, char *to);

/* Returns room for `wanted_bytes` at `end`. */
char *rcs_resp_input_room(struct resp_input *in, size_t wanted_bytes, resp_moved_fn *moved,
                          void *reader);

/* Looks for `wanted` from `pos` on as far as the first NUL: Redis 7.0 searches with strchr, so a
 * line with a NUL in it never ends. Returns its offset from `pos`, or SIZE_MAX, and remembers how
 * far it looked. */
size_t rcs_resp_input_find(struct resp_input *in, char wanted);

/* `size_bytes` of the room were filled. The rest of it is hidden from the reader as far as the
 * address sanitizer can, so that a look past the last byte is caught although there is memory. */
static inline void resp_input_filled(struct resp_input *in, size_t size_bytes)
{
    in->end += size_bytes;
#ifdef RESP_INPUT_POISON
    ASAN_POISON_MEMORY_REGION(in->data + in->end, in->room - in->end);
#endif
}

static inline size_t resp_input_left(const struct resp_input *in)
{
    return in->end - in->pos;
}

/* Everything up to `pos` was understood. */
static inline void resp_input_advance(struct resp_input *in, size_t size_bytes)
{
    in->pos += size_bytes;
    in->scanned = 0;
}

#endif
