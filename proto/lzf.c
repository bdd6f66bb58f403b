/* LZF, the compression of strings in RDB. Other compressors would be read as well; this one gives
 * the bytes that liblzf's gives, as built into Redis (16 bits of hash, "very fast"), so that a
 * payload equals a real server's.
 *
 * The format is a row of two kinds of pieces. A run: a byte n below 32, then n + 1 bytes as they
 * are. A repetition of what stands `back` bytes before: three bits of length, five and eight bits
 * of back - 1; lengths of 3 to 8 fit into the three bits, longer ones have 7 there and a byte of
 * their own behind the first. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/rdb.h>

#include "proto/bytes.h"

#define RUN_MAX      32
#define BACK_MAX     8192
#define REPEAT_MAX   264
#define HASH_SIZE    65536
#define UNGUARDED    16 /* bytes liblzf compares without looking where the input ends */
#define SHORT_REPEAT 7

/* --- compressing ------------------------------------------------------------------------------ */

struct squeeze {
    const uint8_t *in;
    size_t in_bytes;
    size_t at; /* in `in` */
    uint8_t *out;
    size_t room_bytes;
    size_t end;     /* of `out`: where the next byte goes */
    size_t run;     /* bytes of the run under way, whose head stands before them */
    uint32_t *seen; /* by hash of three bytes: where they stood last; 0 nowhere */
};

static unsigned hash_at(const uint8_t *three)
{
    uint32_t h = (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];
    return ((h >> 8) - h * 5) & (HASH_SIZE - 1);
}

static void begin_run(struct squeeze *s)
{
    s->run = 0;
    s->end++; /* its head */
}

static void end_run(struct squeeze *s)
{
    if (s->run == 0) {
        s->end--; /* no head for nothing */
    } else {
        s->out[s->end - s->run - 1] = (uint8_t)(s->run - 1);
    }
}

static void add_to_run(struct squeeze *s)
{
    s->out[s->end++] = s->in[s->at++];
    if (++s->run == RUN_MAX) {
        end_run(s);
        begin_run(s);
    }
}

/* How many bytes at `at` repeat those at `from`; three do. liblzf stops two bytes before the end,
 * but not in the first sixteen it compares. */
static size_t repeated(const struct squeeze *s, size_t from)
{
    const uint8_t *a = s->in + from, *b = s->in + s->at;
    size_t most = s->in_bytes - s->at - 2, count = 2;
    most = most > REPEAT_MAX ? REPEAT_MAX : most;
    for (unsigned i = 0; i < UNGUARDED && most > UNGUARDED; i++) {
        count++;
        if (a[count] != b[count]) {
            return count;
        }
    }
    do {
        count++;
    } while (count < most && a[count] == b[count]);
    return count;
}

/* False: no room. */
static bool add_repetition(struct squeeze *s, size_t from)
{
    if (s->end - (s->run == 0) + 3 + 1 >= s->room_bytes) {
        return false;
    }
    end_run(s);
    size_t count = repeated(s, from), back = s->at - from - 1, coded = count - 2;
    if (coded < SHORT_REPEAT) {
        s->out[s->end++] = (uint8_t)((back >> 8) + (coded << 5));
    } else {
        s->out[s->end++] = (uint8_t)((back >> 8) + (SHORT_REPEAT << 5));
        s->out[s->end++] = (uint8_t)(coded - SHORT_REPEAT);
    }
    s->out[s->end++] = (uint8_t)back;
    begin_run(s);
    s->at += count;
    if (s->at + 2 < s->in_bytes) { /* of what was passed over only the end is remembered */
        s->seen[hash_at(s->in + s->at - 2)] = (uint32_t)(s->at - 2);
        s->seen[hash_at(s->in + s->at - 1)] = (uint32_t)(s->at - 1);
    }
    return true;
}

static bool squeeze_all(struct squeeze *s)
{
    begin_run(s);
    while (s->at + 2 < s->in_bytes) {
        const uint8_t *here = s->in + s->at;
        uint32_t *seen = &s->seen[hash_at(here)];
        size_t from = *seen;
        *seen = (uint32_t)s->at;
        if (from > 0 && s->at - from - 1 < BACK_MAX && memcmp(s->in + from, here, 3) == 0) {
            if (!add_repetition(s, from)) {
                return false;
            }
        } else if (s->end >= s->room_bytes) {
            return false;
        } else {
            add_to_run(s);
        }
    }
    if (s->end + 3 > s->room_bytes) {
        return false;
    }
    while (s->at < s->in_bytes) {
        add_to_run(s);
    }
    end_run(s);
    return true;
}

size_t rcs_lzf_compress(const void *bytes, size_t size_bytes, void *out, size_t room_bytes)
{
    if (size_bytes == 0 || room_bytes == 0 || size_bytes >= UINT32_MAX) {
        return 0;
    }
    struct squeeze s = {
        .in = bytes,
        .in_bytes = size_bytes,
        .out = out,
        .room_bytes = room_bytes,
        .seen = rcs_bytes_resize(NULL, HASH_SIZE * sizeof(uint32_t)),
    };
    memset(s.seen, 0, HASH_SIZE * sizeof(uint32_t));
    bool fits = squeeze_all(&s);
    free(s.seen);
    return fits ? s.end : 0;
}

/* --- expanding -------------------------------------------------------------------------------- */

size_t rcs_lzf_expand(const void *bytes, size_t size_bytes, void *out, size_t room_bytes)
{
    const uint8_t *in = bytes, *end = in + size_bytes;
    uint8_t *to = out;
    size_t done = 0;
    while (in < end) {
        size_t count = *in >> 5, back = (size_t)(*in & 31) << 8;
        if (count == 0) {
            count = (size_t)*in++ + 1;
            if (room_bytes - done < count || (size_t)(end - in) < count) {
                return 0;
            }
            memcpy(to + done, in, count);
            in += count;
            done += count;
            continue;
        }
        in++;
        if (count == SHORT_REPEAT && in < end) {
            count += *in++;
        }
        if (in >= end) {
            return 0;
        }
        back += (size_t)*in++ + 1;
        count += 2;
        if (room_bytes - done < count || back > done) {
            return 0;
        }
        for (; count > 0; count--, done++) { /* it may repeat what it has just written */
            to[done] = to[done - back];
        }
    }
    return done;
}
