/* Hashes: fields with values, in the order in which they were added.
 *
 * The encoding is what a real server would use (Redis 7.0 hashTypeSet): a listpack until there are
 * too many fields or one is too long, then a hash table for good. Here both are one table. */
#ifndef RCSIM_SIM_KEYS_HASH_H
#define RCSIM_SIM_KEYS_HASH_H

#include "sim/keys/dict.h"
#include "sim/keys/value.h"

/* hash-max-listpack-entries and -value: a listpack has no more fields, and none with a longer name
 * or value. */
struct rcs_hash_limits {
    int64_t fields, bytes;
};

struct rcs_field {
    struct rcs_dict_item item;
    struct rcs_value *value; /* a string; one reference */
    char name[];
};

struct rcs_hash {
    struct rcs_value head;
    struct rcs_dict fields; /* struct rcs_field */
};

/* NULL for NULL. One that is changed must be writable (rcs_value_writable). */
static inline struct rcs_hash *rcs_hash_of(struct rcs_value *value)
{
    RCS_ASSERT(value == NULL || value->type == RCS_VALUE_HASH);
    return (struct rcs_hash *)value;
}

/* Without fields, a listpack, one reference. */
struct rcs_value *rcs_hash_new(void);
/* NULL: no such field. Borrowed until the hash changes, as all fields. */
const struct rcs_field *rcs_hash_find(const struct rcs_hash *hash, const void *name,
                                      size_t name_bytes);
/* True: the field is new, else it has another value now. Takes the reference to `value`. */
bool rcs_hash_set(struct rcs_hash *hash, const struct rcs_hash_limits *limits, const void *name,
                  size_t name_bytes, struct rcs_value *value);
/* False: no such field. */
bool rcs_hash_delete(struct rcs_hash *hash, const void *name, size_t name_bytes);

/* The fields in their order, `*place` beginning with 0; NULL at the end. */
static inline const struct rcs_field *rcs_hash_each(const struct rcs_hash *hash, size_t *place)
{
    return (const struct rcs_field *)rcs_dict_each(&hash->fields, place);
}

#endif
