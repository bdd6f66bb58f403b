/* Lists: a chain of nodes that hold items packed one after the other.
 *
 * What is in which node is what a quicklist of Redis 7.0 would have, because DUMP and RDB files
 * show it: nodes are filled, split and merged by the bytes their items would take as a listpack
 * (quicklist.c; list-max-listpack-size). Both ends are O(1); a place in the middle costs a walk
 * over the nodes and over one node's items. */
#ifndef RCSIM_SIM_KEYS_LIST_H
#define RCSIM_SIM_KEYS_LIST_H

#include <rcsim/resp.h>

#include "sim/keys/value.h"

/* Open for reading, as are lists. */
struct rcs_list_node {
    struct rcs_list_node *previous, *next;
    uint32_t count;
    uint32_t packed_bytes; /* as a listpack, header and end included */
    bool plain;            /* one item that stands alone: from a payload with such a node */
    uint32_t begin, end, room;
    char *bytes; /* the items from `begin` to `end`, each with its size before and behind it */
};

struct rcs_list {
    struct rcs_value head;
    int32_t fill; /* list-max-listpack-size when it was made */
    struct rcs_list_node *first, *last;
    uint64_t count;
    uint64_t node_count;
};

enum rcs_list_end { RCS_LIST_HEAD, RCS_LIST_TAIL };

/* An item's place, good until the list is changed. */
struct rcs_list_place {
    struct rcs_list_node *node;
    uint32_t index; /* in the node */
    uint32_t at;    /* byte in the node, from its `begin` */
};

/* No items, one reference; `fill` as list-max-listpack-size has it. */
struct rcs_value *rcs_list_new(int64_t fill);
static inline struct rcs_list *rcs_list_of(struct rcs_value *value)
{
    RCS_ASSERT(value->type == RCS_VALUE_LIST);
    return (struct rcs_list *)value;
}

/* Items are copied in; what is given out is borrowed until the list is changed. */
void rcs_list_push(struct rcs_list *list, enum rcs_list_end end, const struct rcs_arg *item);
/* The item at one end of a list that has any. */
struct rcs_arg rcs_list_peek(const struct rcs_list *list, enum rcs_list_end end);
void rcs_list_pop(struct rcs_list *list, enum rcs_list_end end); /* that item goes */

/* False: no such item. Negative indexes count from the tail, -1 is the last. */
bool rcs_list_seek(const struct rcs_list *list, int64_t index, struct rcs_list_place *out);
struct rcs_arg rcs_list_item(const struct rcs_list_place *place);
/* To the next item, or the one before; false: there is none. */
bool rcs_list_step(struct rcs_list_place *place, bool forward);
/* A new item before or behind the one at `place`. */
void rcs_list_insert(struct rcs_list *list, const struct rcs_list_place *place, bool after,
                     const struct rcs_arg *item);
void rcs_list_replace(struct rcs_list *list, const struct rcs_list_place *place,
                      const struct rcs_arg *item);
/* The item goes; `place` is then at the next one (at the one before, if not `forward`). False:
 * there is none. */
bool rcs_list_delete(struct rcs_list *list, struct rcs_list_place *place, bool forward);
/* `count` items from `start` on, as many as there are. */
void rcs_list_delete_range(struct rcs_list *list, uint64_t start, uint64_t count);

/* A node of its own behind the others, as payloads and RDB files have them; `plain`: its only item
 * stands alone. */
void rcs_list_add_node(struct rcs_list *list, const struct rcs_arg *items, uint32_t count,
                       bool plain);

#endif
