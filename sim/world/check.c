/* Invariants, watched while a world runs: what no fault, however bad, may bring about.
 *
 * A node votes once an epoch and never for an older one; no node's current epoch falls while its
 * process lives, unless it is told to reset; two nodes never win an election of the same epoch.
 * (That time does not run backwards is the queue's own assertion; that a slot has one owner in a
 * picture is the shape of the table.) Only the first broken one is kept. */
#include <stdlib.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

RCS_RARE static void broken(struct rcs_sim *sim, unsigned node, const char *what, uint64_t a,
                            uint64_t b)
{
    if (sim->broken[0] != '\0') {
        return;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "at %lld us, node %s: ", (long long)sim->now_us, sim->nodes[node].name);
    rcs_buf_format(&text, what, (unsigned long long)a, (unsigned long long)b);
    for (size_t i = 0; i < text.size_bytes && i + 1 < sizeof(sim->broken); i++) {
        sim->broken[i] = text.data[i];
        sim->broken[i + 1] = '\0';
    }
    rcs_buf_close(&text);
}

const char *rcs_sim_broken(const struct rcs_sim *sim)
{
    return sim->broken;
}

void rcs_check_started(struct rcs_sim *sim, unsigned node)
{
    sim->nodes[node].epoch_seen = 0; /* what was not saved may be forgotten */
}

void rcs_check_node(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    uint64_t epoch = rcs_node_cluster(n->machine)->current_epoch;
    if (epoch < n->epoch_seen) {
        broken(sim, node, "its current epoch fell from %llu to %llu", n->epoch_seen, epoch);
    }
    n->epoch_seen = epoch;
}

/* A vote is saved before it is sent, so a restart is no excuse; a new identity is. */
static void check_vote(struct rcs_sim *sim, unsigned node, uint64_t epoch)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->voter == n->id && epoch <= n->vote_seen) {
        broken(sim, node, "it voted in epoch %llu and then again in epoch %llu", n->vote_seen,
               epoch);
    }
    n->voter = n->id;
    n->vote_seen = epoch;
}

static void check_winner(struct rcs_sim *sim, unsigned node, uint64_t epoch)
{
    for (unsigned i = 0; i < sim->winner_count; i++) {
        if (sim->winners[2 * i] == epoch && sim->winners[2 * i + 1] != node) {
            broken(sim, node, "it won the election of epoch %llu, as did node number %llu", epoch,
                   sim->winners[2 * i + 1]);
        }
    }
    sim->winners = rcs_grow(sim->winners, &sim->winner_room, 2 * sim->winner_count + 2,
                            sizeof(sim->winners[0]));
    sim->winners[2 * sim->winner_count] = epoch;
    sim->winners[2 * sim->winner_count + 1] = node;
    sim->winner_count++;
}

void rcs_check_fact(struct rcs_sim *sim, unsigned node, const struct rcs_fact *fact)
{
    switch (fact->code) {
    case RCS_FACT_VOTE_GRANTED:
        check_vote(sim, node, (uint64_t)fact->v[0]);
        break;
    case RCS_FACT_ELECTION_WON:
        check_winner(sim, node, (uint64_t)fact->v[2]);
        break;
    case RCS_FACT_HARD_RESET:
    case RCS_FACT_EPOCH_RESET:
        sim->nodes[node].epoch_seen = 0;
        break;
    default: /* codes are an open list of rows */
        break;
    }
}
