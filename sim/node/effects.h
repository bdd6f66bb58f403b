/* What goes out of a node: values that the world carries out in list order.
 *
 * An effect owns one reference of each counted value in it; who carries the list out either passes
 * the reference on or gives it back (rcs_effects_clear gives back what is left). */
#ifndef RCSIM_SIM_NODE_EFFECTS_H
#define RCSIM_SIM_NODE_EFFECTS_H

#include <rcsim/bus.h>

#include "sim/facts.h"
#include "sim/node/event.h"

enum rcs_effect_kind {
    /* the cluster bus */
    RCS_EFFECT_LINK_CONNECT, /* open outbound `link` to `addr` (bus port) */
    RCS_EFFECT_LINK_CLOSE,   /* close `link`, either direction */
    RCS_EFFECT_LINK_RENAME,  /* outbound `link` is from now on called `to_link` (end of a handshake)
                              */
    RCS_EFFECT_BUS_SEND,     /* queue `bus_msg` on `link`; on a connecting one it waits */
    RCS_EFFECT_TURN,         /* the loop turns: what was queued so far is written by itself */

    /* the client port */
    RCS_EFFECT_CLIENT_REPLY,    /* write `blob` to connection `link` */
    RCS_EFFECT_CLIENT_SNAPSHOT, /* stream `snapshot` to the replica at `link` */
    RCS_EFFECT_CLIENT_CLOSE,    /* after what was written before; `status` 1: without it */

    /* the link to the master */
    RCS_EFFECT_MASTER_CONNECT, /* to `addr` (client port); `link` is the node's number for it */
    RCS_EFFECT_MASTER_REQUEST, /* send `request` */
    RCS_EFFECT_MASTER_CLOSE,

    /* the host */
    /* nodes.conf now holds `saved`; with `fsync` if set; `torn`: as much of it as had room */
    RCS_EFFECT_SAVE_CONFIG,
    RCS_EFFECT_SAVE_DUMP,       /* dump.rdb now holds `snapshot` (NULL: removed) */
    RCS_EFFECT_SAVE_REDIS_CONF, /* redis.conf is to hold what rcs_node_config says now */
    RCS_EFFECT_SLEEP,           /* the process is blocked for `duration_us` (DEBUG SLEEP) */
    RCS_EFFECT_EXIT,            /* the process ends with `status`; the kernel closes its sockets */

    /* other nodes' client ports (MIGRATE); `link` is the node's number */
    RCS_EFFECT_TARGET_CONNECT, /* to `addr` */
    RCS_EFFECT_TARGET_REQUEST, /* send `request` */
    RCS_EFFECT_TARGET_CLOSE,
    /* The process waits for a target: until RCS_EFFECT_UNBLOCK it is given events of its targets
     * only, and RCS_EVENT_BLOCK_OVER if `duration_us` pass without another RCS_EFFECT_BLOCK. What
     * stands behind this in the list is done when it goes on. */
    RCS_EFFECT_BLOCK,
    RCS_EFFECT_UNBLOCK,
};

struct rcs_effect {
    uint8_t kind; /* enum rcs_effect_kind */
    bool fsync, torn;
    rcs_addr addr;
    uint32_t link;
    union {
        uint32_t to_link;
        int status;
        rcs_us duration_us;
        struct rcs_bus_msg *bus_msg;
        struct rcs_blob *blob;
        struct rcs_request *request;
        struct rcs_snapshot *snapshot;
        struct rcs_saved_config *saved;
    };
};

/* Kinds whose effects own a counted value, a bit each. */
#define RCS_EFFECTS_OWNING                                                                         \
    (1u << RCS_EFFECT_BUS_SEND | 1u << RCS_EFFECT_CLIENT_REPLY |                                   \
     1u << RCS_EFFECT_CLIENT_SNAPSHOT | 1u << RCS_EFFECT_MASTER_REQUEST |                          \
     1u << RCS_EFFECT_SAVE_CONFIG | 1u << RCS_EFFECT_SAVE_DUMP | 1u << RCS_EFFECT_TARGET_REQUEST)

struct rcs_effects {
    struct rcs_effect *list;
    size_t count, room;
    uint32_t kinds; /* a bit for each kind that is in the list */
    struct rcs_facts facts;
};

void rcs_effects_init(struct rcs_effects *effects);
void rcs_effects_close(struct rcs_effects *effects, struct rcs_store *store);
/* Gives back what the effects still own and empties both lists. An effect whose value was passed on
 * is marked by setting its pointer to NULL. */
void rcs_effects_clear(struct rcs_effects *effects, struct rcs_store *store);
void rcs_effects_grow(struct rcs_effects *effects);
/* Of the effects from the `from`-th on only those up to the `until`-th that change files stay. */
RCS_RARE void rcs_effects_keep_saves(struct rcs_effects *effects, struct rcs_store *store,
                                     size_t from, size_t until);
/* A new effect at the end, zeroed but for `kind` and `link`; valid until the next one is added. */
static inline struct rcs_effect *rcs_effect_add(struct rcs_effects *effects,
                                                enum rcs_effect_kind kind, uint32_t link)
{
    if (effects->count == effects->room) {
        rcs_effects_grow(effects);
    }
    effects->kinds |= 1u << kind;
    struct rcs_effect *effect = &effects->list[effects->count++];
    *effect = (struct rcs_effect){ .kind = (uint8_t)kind, .link = link };
    return effect;
}

#endif
