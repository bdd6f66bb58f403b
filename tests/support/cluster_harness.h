/* One cluster layer with a made-up node around it: tests lay out what it knows by hand, feed it
 * packets, and read the effects and facts it gives. Node timeout 1000 ms unless a test says else.
 */
#ifndef RCSIM_TEST_CLUSTER_HARNESS_H
#define RCSIM_TEST_CLUSTER_HARNESS_H

#include "sim/cluster/orders.h"
#include "sim/cluster/parts.h"
#include "tests/support/support.h"

struct harness {
    struct rcs_store *store;
    struct rcs_config config;
    struct rcs_cluster_host host;
    struct rcs_cluster cluster;
    struct rcs_effects out;
    /* the node around it */
    int64_t offset, data_age_ms;
    bool has_master;
    unsigned keys_in[RCS_SLOTS];
    unsigned dropped_slots;
    rcs_addr master_addr;
    bool paused, history_forgotten;
    uint32_t next_inbound;
};

/* A started node, `myself`, that has no slots, at node time 100000 ms after the start. */
struct harness *harness_new(void);
struct harness *harness_new_as(const char *release); /* "6.2"; harness_new: 7.0 */
void harness_free(struct harness *h);
int harness_setup(void **state); /* cmocka fixtures */
int harness_teardown(void **state);

/* A known node "n<letter>..." with a link and a fresh pong; its id is 40 times the letter. */
rcs_id harness_peer(struct harness *h, char letter, unsigned flags);
rcs_id harness_master(struct harness *h, char letter, unsigned first_slot, unsigned last_slot,
                      uint64_t epoch);
rcs_id harness_replica(struct harness *h, char letter, rcs_id master);
void harness_slots(struct harness *h, rcs_id owner, unsigned first, unsigned last);
/* Makes the node itself a replica of `master`. */
void harness_follow(struct harness *h, rcs_id master);
/* The node replicates b, whose other replica is r; both are at offset 1000; c and d are masters,
 * too. A tick has gone by. */
void harness_candidate(struct harness *h, rcs_id *b, rcs_id *c, rcs_id *d, rcs_id *r);
/* The node is a master, as are b and c; r replicates b, which failed. Epoch 7, last vote in 6. */
void harness_voter(struct harness *h, rcs_id *b, rcs_id *c, rcs_id *r);
void harness_later(struct harness *h, int ms);

/* A message as `sender` would send it now: its header is filled from what this node holds of it. */
struct rcs_bus_msg *harness_msg(struct harness *h, enum rcs_bus_type type, rcs_id sender,
                                unsigned gossip_room);
void harness_gossip(struct rcs_bus_msg *msg, rcs_id about, unsigned flags, uint32_t pong_s);
/* Delivers it by an inbound link bound to the sender, or by the outbound one; gives it back. */
void harness_receive(struct harness *h, struct rcs_bus_msg *msg);
void harness_receive_out(struct harness *h, struct rcs_bus_msg *msg);
/* A FAIL about `about`, inbound. */
void harness_fail(struct harness *h, rcs_id from, rcs_id about);
void harness_cron(struct harness *h);  /* one tick, then beforeSleep */
void harness_sleep(struct harness *h); /* beforeSleep */

/* Since the last harness_clear: how many of a fact, the first one, messages sent of a type. */
unsigned harness_facts(const struct harness *h, enum rcs_fact_code code);
const struct rcs_fact *harness_fact(const struct harness *h, enum rcs_fact_code code);
unsigned harness_sent(const struct harness *h, enum rcs_bus_type type);
const struct rcs_bus_msg *harness_sent_msg(const struct harness *h, enum rcs_bus_type type);
void harness_clear(struct harness *h);

#endif
