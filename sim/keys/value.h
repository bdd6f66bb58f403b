/* Values: the counted things keys hold. Each type has a file of its own: string.c, list.c, hash.c,
 * set.c, zset.c; this is what they have in common, and strings. */
#ifndef RCSIM_SIM_KEYS_VALUE_H
#define RCSIM_SIM_KEYS_VALUE_H

#include <rcsim/base.h>

/* clang-format off */
#define RCS_VALUE_TYPES(X)      \
    /*  constant  TYPE says */  \
    X(STRING,     "string")     \
    X(LIST,       "list")       \
    X(HASH,       "hash")       \
    X(SET,        "set")        \
    X(ZSET,       "zset")

/* What OBJECT ENCODING says. Releases before 7.0 say ziplist where 7.0 says listpack. */
#define RCS_ENCODINGS(X)        \
    X(INT,        "int")        \
    X(EMBSTR,     "embstr")     \
    X(RAW,        "raw")        \
    X(QUICKLIST,  "quicklist")  \
    X(LISTPACK,   "listpack")   \
    X(INTSET,     "intset")     \
    X(HASHTABLE,  "hashtable")  \
    X(SKIPLIST,   "skiplist")
/* clang-format on */

enum rcs_value_type {
#define X(name, text) RCS_VALUE_##name,
    RCS_VALUE_TYPES(X)
#undef X
};
enum rcs_encoding {
#define X(name, text) RCS_ENCODING_##name,
    RCS_ENCODINGS(X)
#undef X
};

/* The head of every value. A value may be shared by a key and by snapshots; only one with a single
 * reference is changed (rcs_value_writable). */
struct rcs_value {
    uint32_t refs;
    uint8_t type;     /* enum rcs_value_type */
    uint8_t encoding; /* enum rcs_encoding */
    uint8_t unshared; /* 1: rcs_string_dup made it */
};

/* What a type does in its own way. */
struct rcs_value_methods {
    void (*free)(struct rcs_value *value);                    /* the last reference is gone */
    struct rcs_value *(*copy)(const struct rcs_value *value); /* one reference, equal, apart */
    size_t (*rdb_bytes)(const struct rcs_value *value);       /* about what it takes in an RDB */
};
extern const struct rcs_value_methods rcs_string_methods;
extern const struct rcs_value_methods rcs_list_methods;
extern const struct rcs_value_methods rcs_hash_methods;
extern const struct rcs_value_methods rcs_set_methods;
extern const struct rcs_value_methods rcs_zset_methods;

static inline struct rcs_value *rcs_value_retain(struct rcs_value *value)
{
    value->refs++;
    return value;
}
void rcs_value_release(struct rcs_value *value);
const char *rcs_value_type_name(const struct rcs_value *value);     /* "string" */
const char *rcs_value_encoding_name(const struct rcs_value *value); /* "int", "embstr", "raw" */
/* Takes the caller's reference and gives one back: to the same value if nobody shares it, else to a
 * copy. */
struct rcs_value *rcs_value_writable(struct rcs_value *value);
size_t rcs_value_rdb_bytes(const struct rcs_value *value);
/* The bytes of an RDB length: one, two or five. */
size_t rcs_rdb_length_bytes(size_t length);

/* --- strings (string.c) ----------------------------------------------------------------------- */

struct rcs_string {
    struct rcs_value head;
    uint32_t size_bytes, room_bytes;
    char bytes[]; /* text, whatever the encoding */
};
static inline const struct rcs_string *rcs_string_of(const struct rcs_value *value)
{
    RCS_ASSERT(value->type == RCS_VALUE_STRING);
    return (const struct rcs_string *)value;
}

/* A copy of the bytes, one reference, encoded as SET does: int, embstr up to 44 bytes, else raw
 * (Redis 7.0 tryObjectEncoding). */
struct rcs_value *rcs_string_new(const void *bytes, size_t size_bytes);
/* The same, but digits stay text (Redis 7.0 createStringObject). */
struct rcs_value *rcs_string_new_text(const void *bytes, size_t size_bytes);
struct rcs_value *rcs_string_new_i64(int64_t value);
/* Equal and apart. A small integer among these is none of those that Redis lets all keys share, as
 * OBJECT REFCOUNT shows (Redis 7.0 dupStringObject). */
struct rcs_value *rcs_string_dup(const struct rcs_value *value);

/* These take the caller's reference and give one back, to the same value or a changed copy; it is
 * raw from then on. */
struct rcs_value *rcs_string_append(struct rcs_value *value, const void *bytes, size_t size_bytes);
/* Overwrites from `offset`; what lies between the old end and it becomes NUL. */
struct rcs_value *rcs_string_write(struct rcs_value *value, size_t offset, const void *bytes,
                                   size_t size_bytes);

#endif
