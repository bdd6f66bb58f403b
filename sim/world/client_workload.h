/* What the files of workloads share: what one is doing, and every write that was acknowledged. */
#ifndef RCSIM_SIM_WORLD_CLIENT_WORKLOAD_H
#define RCSIM_SIM_WORLD_CLIENT_WORKLOAD_H

#include "sim/world/client_program.h"
#include "sim/world/world.h"

#define RCS_WORKLOAD_KEY_ROOM 128 /* a name of 31, a tag of 63, a number */

/* A write that was answered OK: the number-th of its key. */
struct rcs_acknowledged {
    uint32_t key, number;
    rcs_us at_us;   /* when it was last known to be there: acknowledged, or read back, */
    int16_t node;   /* by this one */
    uint8_t way;    /* in which it was lost, as rcs_workload_mark was told; 0: it is there */
    bool confirmed; /* WAIT said so, too */
    bool reread;    /* and it was read back */
};

/* What an operation does: some of these, in this order. */
enum rcs_workload_phase {
    RCS_WORKLOAD_WRITING,
    RCS_WORKLOAD_WAITING,
    RCS_WORKLOAD_READING,
    RCS_WORKLOAD_REREADING
};

/* A read that gave less than write `write` of `acknowledged`. */
struct rcs_stale {
    size_t write;
    struct rcs_stale_read read;
};

struct rcs_workload {
    struct rcs_sim *sim;
    unsigned number;
    struct rcs_workload_options options; /* texts and nodes are copies */
    char *name, *site, *tag;
    int *nodes;
    const struct rcs_client_kind *kind;
    struct rcs_rand chance;
    struct rcs_program *program;
    bool stopping, renew_now;

    /* the operation under way */
    bool busy;
    enum rcs_workload_phase phase;
    rcs_us began_us;
    unsigned key; /* from 0 */

    /* per key: how often it was written, the last write that was acknowledged */
    uint32_t *written, *last;
    uint32_t *gone_at; /* per key: how often it was written when a write of it was last seen to be
                        * gone */
    struct rcs_acknowledged *acknowledged;
    size_t acknowledged_count, acknowledged_room;
    size_t reread; /* of those: the next one that may be read back, or is */
    struct rcs_stale *stale;
    size_t stale_count, stale_room;

    struct rcs_workload_counts counts;
    struct rcs_wrong_reads wrong;
    rcs_us down_us;  /* when the outage under way began */
    rcs_us calm_us;  /* when the first good operation since ended */
    unsigned calm;   /* good ones since */
    rcs_us timer_us; /* RCS_NEVER: none */
    rcs_us event_us; /* of the earliest pending event for it */
};

/* "w:7", "w:{tag}:7" of key 6; its size. */
size_t rcs_workload_key(const struct rcs_workload *workload, unsigned key,
                        char out[RCS_WORKLOAD_KEY_ROOM]);
/* The number a value stands for; 0: it is none. */
int64_t rcs_workload_number(const char *bytes, size_t size_bytes);

/* client_workload_read.c: judges the reply to a GET of the key; an error if it is less than was
 * acknowledged. */
enum rcs_workload_error rcs_workload_take_value(struct rcs_workload *workload,
                                                const struct rcs_reply *reply);
/* A write is to be read back: its key is the operation's from now on. */
bool rcs_workload_rereads(struct rcs_workload *workload);
enum rcs_workload_error rcs_workload_take_reread(struct rcs_workload *workload,
                                                 const struct rcs_reply *reply);
/* client_workload_lost.c: the node that had it last has it still, and calls itself the owner of its
 * slot. */
bool rcs_workload_held(const struct rcs_workload *workload, const struct rcs_acknowledged *write);

#endif
