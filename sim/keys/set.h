/* Sets: an intset, sorted by number, as long as all members are integers and not too many; then a
 * hash table for good, in the order in which members were added (Redis 7.0 setTypeAdd). */
#ifndef RCSIM_SIM_KEYS_SET_H
#define RCSIM_SIM_KEYS_SET_H

#include <rcsim/resp.h>

#include "sim/keys/dict.h"
#include "sim/keys/value.h"

struct rcs_set {
    struct rcs_value head;
    struct rcs_dict members; /* of a hash table: items with nothing but their key */
    int64_t *numbers;        /* of an intset, ascending; NULL: none yet */
    size_t number_count, number_room;
    unsigned number_width; /* bytes of each in an RDB: 2, 4 or 8, as the widest there ever was */
};

/* A member as a text; not to be copied, it may point into itself. */
struct rcs_member {
    const char *bytes; /* in the set, until it changes; or in `digits` */
    size_t size_bytes;
    char digits[RCS_DECIMAL_MAX];
};

/* NULL for NULL. One that is changed must be writable (rcs_value_writable). */
static inline struct rcs_set *rcs_set_of(struct rcs_value *value)
{
    RCS_ASSERT(value == NULL || value->type == RCS_VALUE_SET);
    return (struct rcs_set *)value;
}

/* Without members, an intset, one reference. */
struct rcs_value *rcs_set_new(void);
static inline size_t rcs_set_count(const struct rcs_set *set)
{
    return set->head.encoding == RCS_ENCODING_INTSET ? set->number_count : set->members.count;
}
bool rcs_set_has(const struct rcs_set *set, const void *bytes, size_t size_bytes);
/* False: it is there already. `intset_most`: set-max-intset-entries. */
bool rcs_set_add(struct rcs_set *set, int64_t intset_most, const void *bytes, size_t size_bytes);
/* False: no such member. */
bool rcs_set_remove(struct rcs_set *set, const void *bytes, size_t size_bytes);
/* Becomes an intset if it can be one: for a set made anew from members that were there. */
void rcs_set_encode_anew(struct rcs_set *set, int64_t intset_most);

/* The members in their order, `*place` beginning with 0; false at the end. Nothing may come or go
 * between the calls. */
bool rcs_set_each(const struct rcs_set *set, size_t *place, struct rcs_member *out);
/* `count` different members, any of them alike likely, into `out`; there are more than so many. */
void rcs_set_pick(const struct rcs_set *set, struct rcs_rand *choice, size_t count,
                  struct rcs_member *out);
/* Any member, all alike likely; the set is not empty. */
void rcs_set_any(const struct rcs_set *set, struct rcs_rand *choice, struct rcs_member *out);

#endif
