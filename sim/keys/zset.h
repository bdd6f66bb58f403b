/* Sorted sets: members with a score, in the order of score and then of the bytes of the member,
 * with their ranks. Scores are IEEE doubles, never NaN.
 *
 * The encoding is what a real server would use; here both are kept alike. It shows in one thing
 * only: a listpack holds no negative zero (Redis 7.0 zzlInsertAt writes it as an integer). */
#ifndef RCSIM_SIM_KEYS_ZSET_H
#define RCSIM_SIM_KEYS_ZSET_H

#include "sim/keys/dict.h"
#include "sim/keys/value.h"

/* A member. Open for reading; changed by the functions below only. */
struct rcs_zset_member {
    struct rcs_dict_item item;
    double score;
    struct rcs_zset_member *previous, *next; /* in order */
    struct rcs_zset_member *left, *right;    /* a tree balanced by weight */
    size_t weight;                           /* members in this subtree, itself included */
    char bytes[];
};

struct rcs_zset {
    struct rcs_value head;
    struct rcs_dict members; /* in the order in which they came */
    struct rcs_zset_member *root, *first, *last;
};

/* zset-max-listpack-entries and -value: up to these it is a listpack. */
struct rcs_zset_limits {
    size_t entries, value_bytes;
};

static inline const struct rcs_zset *rcs_zset_of(const struct rcs_value *value)
{
    RCS_ASSERT(value->type == RCS_VALUE_ZSET);
    return (const struct rcs_zset *)value;
}
/* For changes; the value must have a single reference (rcs_value_writable). */
static inline struct rcs_zset *rcs_zset_change(struct rcs_value *value)
{
    RCS_ASSERT(value->type == RCS_VALUE_ZSET && value->refs == 1);
    return (struct rcs_zset *)value;
}

/* Empty, one reference; `encoding` is LISTPACK or SKIPLIST. */
struct rcs_zset *rcs_zset_new(enum rcs_encoding encoding);
/* Adds the member or gives it another score. A listpack that grows past the limits becomes a
 * skiplist and stays one (Redis 7.0 zsetAdd). */
void rcs_zset_put(struct rcs_zset *zset, const struct rcs_zset_limits *limits, const void *bytes,
                  size_t size_bytes, double score);
/* Frees the member. */
void rcs_zset_remove(struct rcs_zset *zset, struct rcs_zset_member *member);
/* Makes a skiplist a listpack if it is within the limits (Redis 7.0 zsetConvertToListpackIfNeeded,
 * which results of ZUNIONSTORE and its kind go through). */
void rcs_zset_pack(struct rcs_zset *zset, const struct rcs_zset_limits *limits);

static inline size_t rcs_zset_size(const struct rcs_zset *zset)
{
    return zset->members.count;
}
/* NULL: no such member. */
struct rcs_zset_member *rcs_zset_find(const struct rcs_zset *zset, const void *bytes,
                                      size_t size_bytes);
/* Counted from 0, the least first. */
size_t rcs_zset_rank(const struct rcs_zset *zset, const struct rcs_zset_member *member);
struct rcs_zset_member *rcs_zset_at(const struct rcs_zset *zset, size_t rank);

/* --- ranges ----------------------------------------------------------------------------------- */

/* `count` members from rank `first` on. */
struct rcs_zset_span {
    size_t first, count;
};

struct rcs_score_range {
    double min, max;
    bool min_open, max_open; /* the bound itself is outside */
};

enum rcs_lex_kind { RCS_LEX_LEAST, RCS_LEX_BYTES, RCS_LEX_GREATEST }; /* "-", "[...", "+" */
struct rcs_lex_bound {
    enum rcs_lex_kind kind;
    bool open; /* the bound itself is outside; so are "-" and "+" */
    const char *bytes;
    uint32_t size_bytes;
};
struct rcs_lex_range {
    struct rcs_lex_bound min, max;
};

/* The members in the range but for the first `skip` of them, or the last if it is read in reverse.
 * A range of bytes means something only where all scores are equal; elsewhere it is what a listpack
 * of a real server gives, and takes time with the size. */
struct rcs_zset_span rcs_zset_scores(const struct rcs_zset *zset,
                                     const struct rcs_score_range *range, bool reverse,
                                     size_t skip);
struct rcs_zset_span rcs_zset_lex(const struct rcs_zset *zset, const struct rcs_lex_range *range,
                                  bool reverse, size_t skip);

#endif
