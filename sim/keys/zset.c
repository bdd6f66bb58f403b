#include "sim/keys/zset.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

/* The tree is balanced by weight (Adams 1992): no side of a node is heavier than HEAVIER times the
 * other; a double rotation is due where the inner part is not lighter than INNER times the outer.
 * Weights count one more than there are members. They are needed for ranks anyway, and nothing is
 * drawn at random. */
#define HEAVIER 3
#define INNER   2

struct rcs_zset *rcs_zset_new(enum rcs_encoding encoding)
{
    RCS_ASSERT(encoding == RCS_ENCODING_LISTPACK || encoding == RCS_ENCODING_SKIPLIST);
    struct rcs_zset *zset = calloc(1, sizeof(*zset));
    RCS_ASSERT(zset != NULL);
    zset->head =
        (struct rcs_value){ .refs = 1, .type = RCS_VALUE_ZSET, .encoding = (uint8_t)encoding };
    rcs_dict_init(&zset->members, offsetof(struct rcs_zset_member, bytes));
    return zset;
}

/* --- the order -------------------------------------------------------------------------------- */

static int compare_bytes(const struct rcs_zset_member *member, const char *bytes, size_t size_bytes)
{
    size_t mine = member->item.key_bytes;
    size_t shorter = mine < size_bytes ? mine : size_bytes;
    int order = shorter == 0 ? 0 : memcmp(member->bytes, bytes, shorter);
    return order != 0 ? order : (mine > size_bytes) - (mine < size_bytes);
}

static bool comes_before(const struct rcs_zset_member *a, const struct rcs_zset_member *b)
{
    if (a->score != b->score) {
        return a->score < b->score;
    }
    return compare_bytes(a, b->bytes, b->item.key_bytes) < 0;
}

/* --- the tree --------------------------------------------------------------------------------- */

static size_t weight(const struct rcs_zset_member *tree)
{
    return tree == NULL ? 0 : tree->weight;
}

static struct rcs_zset_member *weigh(struct rcs_zset_member *tree)
{
    tree->weight = weight(tree->left) + weight(tree->right) + 1;
    return tree;
}

static struct rcs_zset_member *rotate_left(struct rcs_zset_member *tree)
{
    struct rcs_zset_member *top = tree->right;
    RCS_ASSERT(top != NULL);
    tree->right = top->left;
    top->left = weigh(tree);
    return weigh(top);
}

static struct rcs_zset_member *rotate_right(struct rcs_zset_member *tree)
{
    struct rcs_zset_member *top = tree->left;
    RCS_ASSERT(top != NULL);
    tree->left = top->right;
    top->right = weigh(tree);
    return weigh(top);
}

static bool too_heavy(const struct rcs_zset_member *side, const struct rcs_zset_member *other)
{
    return weight(side) + 1 > HEAVIER * (weight(other) + 1);
}

static bool needs_double(const struct rcs_zset_member *inner, const struct rcs_zset_member *outer)
{
    return weight(inner) + 1 >= INNER * (weight(outer) + 1);
}

static struct rcs_zset_member *balance(struct rcs_zset_member *tree)
{
    if (too_heavy(tree->right, tree->left)) {
        if (needs_double(tree->right->left, tree->right->right)) {
            tree->right = rotate_right(tree->right);
        }
        return rotate_left(tree);
    }
    if (too_heavy(tree->left, tree->right)) {
        if (needs_double(tree->left->right, tree->left->left)) {
            tree->left = rotate_left(tree->left);
        }
        return rotate_right(tree);
    }
    return weigh(tree);
}

static struct rcs_zset_member *tree_add(struct rcs_zset_member *tree,
                                        struct rcs_zset_member *member)
{
    if (tree == NULL) {
        return weigh(member);
    }
    if (comes_before(member, tree)) {
        tree->left = tree_add(tree->left, member);
    } else {
        tree->right = tree_add(tree->right, member);
    }
    return balance(tree);
}

/* The tree without its least member, which is left in `*least`. */
static struct rcs_zset_member *take_least(struct rcs_zset_member *tree,
                                          struct rcs_zset_member **least)
{
    if (tree->left == NULL) {
        *least = tree;
        return tree->right;
    }
    tree->left = take_least(tree->left, least);
    return balance(tree);
}

static struct rcs_zset_member *tree_remove(struct rcs_zset_member *tree,
                                           const struct rcs_zset_member *member)
{
    RCS_ASSERT(tree != NULL);
    if (tree == member) {
        if (tree->right == NULL) {
            return tree->left;
        }
        struct rcs_zset_member *top;
        struct rcs_zset_member *right = take_least(tree->right, &top);
        top->left = tree->left;
        top->right = right;
        return balance(top);
    }
    if (comes_before(member, tree)) {
        tree->left = tree_remove(tree->left, member);
    } else {
        tree->right = tree_remove(tree->right, member);
    }
    return balance(tree);
}

/* --- in and out of the order ------------------------------------------------------------------ */

static void order_add(struct rcs_zset *zset, struct rcs_zset_member *member)
{
    struct rcs_zset_member *previous = NULL, *next = NULL;
    for (struct rcs_zset_member *at = zset->root; at != NULL;) {
        if (comes_before(member, at)) {
            next = at;
            at = at->left;
        } else {
            previous = at;
            at = at->right;
        }
    }
    member->previous = previous;
    member->next = next;
    *(previous != NULL ? &previous->next : &zset->first) = member;
    *(next != NULL ? &next->previous : &zset->last) = member;
    member->left = member->right = NULL;
    zset->root = tree_add(zset->root, member);
}

static void order_remove(struct rcs_zset *zset, struct rcs_zset_member *member)
{
    zset->root = tree_remove(zset->root, member);
    *(member->previous != NULL ? &member->previous->next : &zset->first) = member->next;
    *(member->next != NULL ? &member->next->previous : &zset->last) = member->previous;
}

static bool is_listpack(const struct rcs_zset *zset)
{
    return zset->head.encoding == RCS_ENCODING_LISTPACK;
}

struct rcs_zset_member *rcs_zset_find(const struct rcs_zset *zset, const void *bytes,
                                      size_t size_bytes)
{
    return (struct rcs_zset_member *)rcs_dict_find(&zset->members, bytes, size_bytes);
}

void rcs_zset_put(struct rcs_zset *zset, const struct rcs_zset_limits *limits, const void *bytes,
                  size_t size_bytes, double score)
{
    RCS_ASSERT(score == score); /* no NaN */
    bool added;
    struct rcs_zset_member *member =
        (struct rcs_zset_member *)rcs_dict_find_or_add(&zset->members, bytes, size_bytes, &added);
    if (!added) {
        order_remove(zset, member);
    } else if (rcs_zset_size(zset) > limits->entries || size_bytes > limits->value_bytes) {
        zset->head.encoding = RCS_ENCODING_SKIPLIST;
    }
    member->score = is_listpack(zset) && score == 0 ? 0.0 : score;
    order_add(zset, member);
}

void rcs_zset_remove(struct rcs_zset *zset, struct rcs_zset_member *member)
{
    order_remove(zset, member);
    rcs_dict_remove(&zset->members, &member->item);
}

void rcs_zset_pack(struct rcs_zset *zset, const struct rcs_zset_limits *limits)
{
    if (is_listpack(zset) || rcs_zset_size(zset) > limits->entries) {
        return;
    }
    for (const struct rcs_zset_member *at = zset->first; at != NULL; at = at->next) {
        if (at->item.key_bytes > limits->value_bytes) {
            return;
        }
    }
    zset->head.encoding = RCS_ENCODING_LISTPACK;
    for (struct rcs_zset_member *at = zset->first; at != NULL; at = at->next) {
        at->score = at->score == 0 ? 0.0 : at->score;
    }
}

/* --- ranks ------------------------------------------------------------------------------------ */

struct rcs_zset_member *rcs_zset_at(const struct rcs_zset *zset, size_t rank)
{
    RCS_ASSERT(rank < rcs_zset_size(zset));
    struct rcs_zset_member *at = zset->root;
    for (;;) {
        size_t before = weight(at->left);
        if (rank == before) {
            return at;
        }
        if (rank < before) {
            at = at->left;
        } else {
            rank -= before + 1;
            at = at->right;
        }
    }
}

/* Members at the front for which `is_before` holds, which must hold for no member behind one for
 * which it does not. */
typedef bool is_before_fn(const struct rcs_zset_member *member, const void *bound);
static size_t count_before(const struct rcs_zset *zset, is_before_fn *is_before, const void *bound)
{
    size_t count = 0;
    for (const struct rcs_zset_member *at = zset->root; at != NULL;) {
        if (is_before(at, bound)) {
            count += weight(at->left) + 1;
            at = at->right;
        } else {
            at = at->left;
        }
    }
    return count;
}

static bool before_member(const struct rcs_zset_member *member, const void *bound)
{
    return comes_before(member, bound);
}

size_t rcs_zset_rank(const struct rcs_zset *zset, const struct rcs_zset_member *member)
{
    return count_before(zset, before_member, member);
}

/* --- ranges ----------------------------------------------------------------------------------- */

/* From rank `first` up to `end`, which is outside and may lie before it. */
static struct rcs_zset_span span_of(size_t first, size_t end, bool reverse, size_t skip)
{
    struct rcs_zset_span span = { first, end > first ? end - first : 0 };
    skip = skip < span.count ? skip : span.count;
    span.count -= skip;
    span.first += reverse ? 0 : skip;
    return span;
}

static bool score_under_min(const struct rcs_zset_member *member, const void *bound)
{
    const struct rcs_score_range *range = bound;
    return range->min_open ? member->score <= range->min : member->score < range->min;
}

static bool score_within_max(const struct rcs_zset_member *member, const void *bound)
{
    const struct rcs_score_range *range = bound;
    return range->max_open ? member->score < range->max : member->score <= range->max;
}

struct rcs_zset_span rcs_zset_scores(const struct rcs_zset *zset,
                                     const struct rcs_score_range *range, bool reverse, size_t skip)
{
    return span_of(count_before(zset, score_under_min, range),
                   count_before(zset, score_within_max, range), reverse, skip);
}

static int compare_bound(const struct rcs_zset_member *member, const struct rcs_lex_bound *bound)
{
    switch (bound->kind) {
    case RCS_LEX_LEAST:
        return 1;
    case RCS_LEX_GREATEST:
        return -1;
    case RCS_LEX_BYTES:
        break;
    }
    return compare_bytes(member, bound->bytes, bound->size_bytes);
}

static bool lex_under_min(const struct rcs_zset_member *member, const void *bound)
{
    const struct rcs_lex_range *range = bound;
    int order = compare_bound(member, &range->min);
    return range->min.open ? order <= 0 : order < 0;
}

static bool lex_within_max(const struct rcs_zset_member *member, const void *bound)
{
    const struct rcs_lex_range *range = bound;
    int order = compare_bound(member, &range->max);
    return range->max.open ? order < 0 : order <= 0;
}

static bool lex_fits(const struct rcs_zset_member *member, const struct rcs_lex_range *range)
{
    return !lex_under_min(member, range) && lex_within_max(member, range);
}

/* Where scores differ members are not in the order of their bytes. What is found then is what a
 * walk through a listpack finds (Redis 7.0 zzlFirstInLexRange, zzlLastInLexRange and their
 * callers): once inside, only the bound ahead is looked at, and not for what is skipped. In a real
 * skiplist it hangs on the random heights of its nodes. */
static struct rcs_zset_span walk_lex(const struct rcs_zset *zset, const struct rcs_lex_range *range,
                                     bool reverse, size_t skip)
{
    struct rcs_zset_span none = { 0, 0 };
    if (lex_under_min(zset->last, range) || !lex_within_max(zset->first, range)) {
        return none;
    }
    size_t size = rcs_zset_size(zset), walked = 0, count = 0;
    const struct rcs_zset_member *at = reverse ? zset->last : zset->first;
    while (at != NULL && (reverse ? !lex_within_max(at, range) : lex_under_min(at, range))) {
        at = reverse ? at->previous : at->next;
        walked++;
    }
    if (at == NULL || !lex_fits(at, range)) {
        return none;
    }
    for (; at != NULL && skip > 0; skip--) {
        at = reverse ? at->previous : at->next;
        walked++;
    }
    while (at != NULL && (reverse ? !lex_under_min(at, range) : lex_within_max(at, range))) {
        at = reverse ? at->previous : at->next;
        count++;
    }
    return (struct rcs_zset_span){ reverse ? size - walked - count : walked, count };
}

/* Redis 7.0 zslIsInLexRange */
static bool lex_empty(const struct rcs_lex_range *range)
{
    const struct rcs_lex_bound *min = &range->min, *max = &range->max;
    if (min->kind != RCS_LEX_BYTES || max->kind != RCS_LEX_BYTES) {
        return min->kind == max->kind || min->kind == RCS_LEX_GREATEST ||
               max->kind == RCS_LEX_LEAST;
    }
    size_t shorter = min->size_bytes < max->size_bytes ? min->size_bytes : max->size_bytes;
    int order = shorter == 0 ? 0 : memcmp(min->bytes, max->bytes, shorter);
    if (order == 0) {
        order = (min->size_bytes > max->size_bytes) - (min->size_bytes < max->size_bytes);
    }
    return order > 0 || (order == 0 && (min->open || max->open));
}

struct rcs_zset_span rcs_zset_lex(const struct rcs_zset *zset, const struct rcs_lex_range *range,
                                  bool reverse, size_t skip)
{
    if (lex_empty(range) || zset->first == NULL) {
        return (struct rcs_zset_span){ 0, 0 };
    }
    if (zset->first->score != zset->last->score) {
        return walk_lex(zset, range, reverse, skip);
    }
    return span_of(count_before(zset, lex_under_min, range),
                   count_before(zset, lex_within_max, range), reverse, skip);
}

/* --- methods of a value ----------------------------------------------------------------------- */

static void zset_free(struct rcs_value *value)
{
    struct rcs_zset *zset = (struct rcs_zset *)value;
    rcs_dict_clear(&zset->members);
    free(zset);
}

static struct rcs_value *zset_copy(const struct rcs_value *value)
{
    struct rcs_zset *copy = rcs_zset_new((enum rcs_encoding)value->encoding);
    rcs_dict_copy(&copy->members, &rcs_zset_of(value)->members);
    struct rcs_dict_item *item;
    for (size_t place = 0; (item = rcs_dict_each(&copy->members, &place)) != NULL;) {
        order_add(copy, (struct rcs_zset_member *)item);
    }
    return &copy->head;
}

/* As a skiplist is written; a listpack takes about as much. */
static size_t zset_rdb_bytes(const struct rcs_value *value)
{
    const struct rcs_zset *zset = rcs_zset_of(value);
    size_t size_bytes = rcs_rdb_length_bytes(rcs_zset_size(zset));
    for (const struct rcs_zset_member *at = zset->first; at != NULL; at = at->next) {
        size_bytes += rcs_rdb_length_bytes(at->item.key_bytes) + at->item.key_bytes + 8;
    }
    return size_bytes;
}

const struct rcs_value_methods rcs_zset_methods = {
    .free = zset_free,
    .copy = zset_copy,
    .rdb_bytes = zset_rdb_bytes,
};
