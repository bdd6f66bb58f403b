/* A table of things that are found by a byte string: keys, the fields of a hash, the members of a
 * set. The thing begins with an rcs_dict_item; its bytes stand behind it.
 *
 *     struct rcs_field { struct rcs_dict_item item; ...; char key[]; };
 *     rcs_dict_init(&dict, offsetof(struct rcs_field, key));
 *
 * Iteration, cursors and random picks go by the order of insertion, never by hash or address. An
 * empty table owns no memory. */
#ifndef RCSIM_SIM_KEYS_DICT_H
#define RCSIM_SIM_KEYS_DICT_H

#include <rcsim/base.h>

#include "sim/rand.h"

struct rcs_dict_item {
    struct rcs_dict_item *hash_next;
    uint64_t hash;
    uint64_t sequence; /* unique in this table, ascending with insertion, from 1 */
    uint32_t order_index;
    uint32_t key_bytes;
};

struct rcs_dict_order {
    uint64_t sequence;          /* stays when the item is gone: the array is searched by it */
    struct rcs_dict_item *item; /* NULL: a hole */
};

struct rcs_dict {
    size_t item_bytes; /* of the thing, up to its key */
    size_t count;
    uint64_t next_sequence;
    struct rcs_dict_item **table; /* chains by hash; NULL while empty, as `order` */
    size_t table_mask;
    struct rcs_dict_order *order; /* ascending by sequence */
    size_t order_used, order_room;
};

void rcs_dict_init(struct rcs_dict *dict, size_t item_bytes);
/* Frees all things; what they own must have been given back before. The table is empty and usable
 * after it, and sequences go on. */
void rcs_dict_clear(struct rcs_dict *dict);
/* `to`, not initialised before, becomes a table of copies of the things in `from`, byte for byte
 * and with their sequences: cursors go on in either. What things own is to be doubled by the
 * caller. */
void rcs_dict_copy(struct rcs_dict *to, const struct rcs_dict *from);

struct rcs_dict_item *rcs_dict_find(const struct rcs_dict *dict, const void *key,
                                    size_t key_bytes); /* NULL none */
/* A new thing, zeroed but for item and key; the key must not be there. */
struct rcs_dict_item *rcs_dict_add(struct rcs_dict *dict, const void *key, size_t key_bytes);
/* The thing with this key; `*added`: a new one, as by rcs_dict_add. */
struct rcs_dict_item *rcs_dict_find_or_add(struct rcs_dict *dict, const void *key, size_t key_bytes,
                                           bool *added);
/* Out of the table, and freed. */
void rcs_dict_remove(struct rcs_dict *dict, struct rcs_dict_item *item);
static inline const char *rcs_dict_key(const struct rcs_dict *dict,
                                       const struct rcs_dict_item *item)
{
    return (const char *)item + dict->item_bytes;
}

/* The first item whose sequence is at least `*cursor`, which then points behind it; NULL at the
 * end. Items may come and go between the calls. */
struct rcs_dict_item *rcs_dict_next(const struct rcs_dict *dict, uint64_t *cursor);
/* The same for a walk through all in which nothing comes or goes: `*place` begins with 0. */
static inline struct rcs_dict_item *rcs_dict_each(const struct rcs_dict *dict, size_t *place)
{
    while (*place < dict->order_used) {
        struct rcs_dict_item *item = dict->order[(*place)++].item;
        if (item != NULL) {
            return item;
        }
    }
    return NULL;
}
/* `count` different items, any of them alike likely, into `out`; there are more than so many. In
 * their order, or, which is quicker when they are few, as they were drawn. */
void rcs_dict_pick(const struct rcs_dict *dict, struct rcs_rand *choice, size_t count,
                   bool in_order, struct rcs_dict_item **out);
/* Any item, all alike likely, by draws from `choice`; NULL if there is none. */
struct rcs_dict_item *rcs_dict_any(const struct rcs_dict *dict, struct rcs_rand *choice);

#endif
