#include "sim/scenario/cli_dict.h"

#include <stdlib.h>
#include <string.h>

#include <rcsim/resp.h>

#include "sim/pure.h"

/* --- SipHash with one round a word and two at the end, its key all zeros ---------------------- */

static uint64_t turn(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = turn(v[1], 13) ^ v[0];
    v[3] = turn(v[3], 16) ^ v[2];
    v[0] = turn(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = turn(v[1], 17) ^ v[2];
    v[3] = turn(v[3], 21) ^ v[0];
    v[2] = turn(v[2], 32);
}

/* Of at most seven bytes: one word, in which the length stands above them. */
static uint64_t hash(const char *bytes, size_t size_bytes)
{
    uint64_t v[4] = { 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261,
                      0x7465646279746573 };
    uint64_t word = (uint64_t)size_bytes << 56;
    RCS_ASSERT(size_bytes < 8);
    for (size_t i = 0; i < size_bytes; i++) {
        word |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    }
    v[3] ^= word;
    mix(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    mix(v);
    mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t hash_slot(unsigned slot)
{
    char text[RCS_DECIMAL_MAX];
    return hash(text, rcs_decimal_write(text, slot));
}

/* --- the dict --------------------------------------------------------------------------------- */

#define NOTHING      (-1)
#define SIZE_MIN     4
#define EMPTY_VISITS 10

struct table {
    int *first; /* of each bucket */
    size_t size;
    unsigned used;
};

/* While it grows, buckets move to the second table one by one, and what is added goes there. */
struct dict {
    struct table tables[2];
    bool growing;
    size_t moved; /* buckets */
    unsigned *slots;
    int *next; /* in the bucket */
    unsigned count;
};

static struct table make_table(size_t size)
{
    struct table table = { .first = malloc(size * sizeof(table.first[0])), .size = size };
    RCS_ASSERT(table.first != NULL);
    for (size_t i = 0; i < size; i++) {
        table.first[i] = NOTHING;
    }
    return table;
}

static void put(struct dict *dict, struct table *table, int entry)
{
    size_t bucket = hash_slot(dict->slots[entry]) & (table->size - 1);
    dict->next[entry] = table->first[bucket];
    table->first[bucket] = entry;
    table->used++;
}

/* The next bucket that is not empty moves, unless too many are. */
static void move_bucket(struct dict *dict)
{
    struct table *from = &dict->tables[0], *to = &dict->tables[1];
    if (from->used > 0) {
        for (unsigned visits = EMPTY_VISITS; from->first[dict->moved] == NOTHING;) {
            dict->moved++;
            if (--visits == 0) {
                return;
            }
        }
        for (int entry = from->first[dict->moved]; entry != NOTHING;) {
            int next = dict->next[entry];
            put(dict, to, entry);
            from->used--;
            entry = next;
        }
        from->first[dict->moved++] = NOTHING;
    }
    if (from->used == 0) {
        free(from->first);
        *from = *to;
        *to = (struct table){ NULL, 0, 0 };
        dict->growing = false;
    }
}

static void grow(struct dict *dict)
{
    struct table *table = &dict->tables[0];
    if (!dict->growing && table->size == 0) {
        *table = make_table(SIZE_MIN);
    } else if (!dict->growing && table->used >= table->size) {
        dict->tables[1] = make_table(table->size * 2);
        dict->growing = true;
        dict->moved = 0;
    }
}

static bool contains(const struct dict *dict, unsigned slot)
{
    for (unsigned i = 0; i < dict->count; i++) {
        if (dict->slots[i] == slot) {
            return true;
        }
    }
    return false;
}

static void add(struct dict *dict, unsigned slot, bool new)
{
    if (dict->growing) {
        move_bucket(dict);
    }
    grow(dict);
    if (new) {
        dict->slots[dict->count] = slot;
        put(dict, &dict->tables[dict->growing], (int)dict->count++);
    }
}

unsigned rcs_cli_dict_order(const unsigned *slots, unsigned count, unsigned *order)
{
    struct dict dict = { .slots = calloc(count + 1, sizeof(dict.slots[0])),
                         .next = calloc(count + 1, sizeof(dict.next[0])) };
    RCS_ASSERT(dict.slots != NULL && dict.next != NULL);
    bool ascending = true; /* then there are no doubles */
    for (unsigned i = 1; i < count; i++) {
        ascending &= slots[i] > slots[i - 1];
    }
    for (unsigned i = 0; i < count; i++) {
        add(&dict, slots[i], ascending || !contains(&dict, slots[i]));
    }
    unsigned at = 0;
    for (unsigned t = 0; t < 2; t++) {
        for (size_t bucket = 0; bucket < dict.tables[t].size; bucket++) {
            for (int entry = dict.tables[t].first[bucket]; entry != NOTHING;
                 entry = dict.next[entry]) {
                order[at++] = dict.slots[entry];
            }
        }
        free(dict.tables[t].first);
    }
    RCS_ASSERT(at == dict.count);
    free(dict.slots);
    free(dict.next);
    return at;
}
