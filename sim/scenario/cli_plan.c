#include "sim/scenario/cli_plan.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

/* --- slots ------------------------------------------------------------------------------------ */

/* redis-cli adds up 16384 / masters in a `float`. Every value on the way is 0 or at least 1, so
 * that all of them are whole multiples of 2^-23: kept as such, with 24 significant bits, ties to
 * even. */
#define FLOAT_ONE ((int64_t)1 << 23)

static int64_t float_round(int64_t value)
{
    int bits = 0;
    while (bits < 62 && value >> bits != 0) {
        bits++;
    }
    int drop = bits - 24;
    if (drop <= 0) {
        return value;
    }
    int64_t half = (int64_t)1 << (drop - 1), rest = value & ((half << 1) - 1);
    int64_t kept = value >> drop;
    kept += rest > half || (rest == half && (kept & 1));
    return kept << drop;
}

static int64_t float_share(unsigned masters)
{
    int exponent = 0; /* of 16384 / masters */
    while (RCS_SLOTS / masters >> (exponent + 1) != 0) {
        exponent++;
    }
    int64_t dividend = (int64_t)RCS_SLOTS << (23 - exponent);
    int64_t quotient = dividend / masters, rest = dividend % masters;
    quotient += 2 * rest > masters || (2 * rest == masters && (quotient & 1));
    return quotient << exponent;
}

void rcs_plan_split(unsigned masters, int *last)
{
    RCS_ASSERT(masters > 0 && masters <= RCS_SLOTS);
    int64_t share = float_share(masters), cursor = 0;
    int first = 0;
    for (unsigned i = 0; i < masters; i++) {
        int64_t end = float_round(cursor + share) - FLOAT_ONE;
        last[i] = (int)((end + FLOAT_ONE / 2) >> 23); /* lround of a number that is not negative */
        if (last[i] >= RCS_SLOTS || i + 1 == masters) {
            last[i] = RCS_SLOTS - 1;
        }
        if (last[i] < first) {
            last[i] = first;
        }
        first = last[i] + 1;
        cursor = float_round(cursor + share);
    }
}

/* --- placement -------------------------------------------------------------------------------- */

struct planning {
    struct rcs_plan_node *nodes;
    unsigned count, masters, replicas;
    int *order; /* the interleaved list; -1: taken */
    struct rcs_buf *out;
};

static bool same_host(const struct planning *plan, int a, int b)
{
    return strcmp(plan->nodes[a].host, plan->nodes[b].host) == 0;
}

/* One node a host in turn, hosts in the order they were first named, until none is left. */
static void interleave(struct planning *plan)
{
    bool *taken = calloc(plan->count, sizeof(taken[0]));
    RCS_ASSERT(taken != NULL);
    for (unsigned done = 0; done < plan->count;) {
        unsigned round_start = done;
        for (unsigned i = 0; i < plan->count; i++) {
            bool again = taken[i];
            for (unsigned j = round_start; j < done && !again; j++) {
                again = same_host(plan, plan->order[j], (int)i);
            }
            if (!again) {
                taken[i] = true;
                plan->order[done++] = (int)i;
            }
        }
    }
    free(taken);
}

static void print_node(struct rcs_buf *out, const struct rcs_plan_node *node)
{
    rcs_buf_format(out, "%s:%d", node->host, node->port);
}

/* The next replica for `master` out of list[*from..to): the first on another host, else the first
 * of all, and what stood before that one is given up. -1: none is left. */
static int take_replica(struct planning *plan, int master, unsigned *from)
{
    int first = -1;
    for (unsigned i = *from; i < plan->count; i++) {
        int node = plan->order[i];
        if (node >= 0 && !same_host(plan, node, master)) {
            plan->order[i] = -1;
            return node;
        }
        if (node >= 0 && first < 0) {
            first = (int)i;
        }
    }
    if (first < 0) {
        return -1;
    }
    *from = (unsigned)first + 1;
    return plan->order[first];
}

static void place_replicas(struct planning *plan)
{
    unsigned left = plan->count - plan->masters, from = plan->masters;
    int *list = plan->order + plan->masters;
    if (left > 1) { /* a rotation helps the optimiser to a better start */
        int first = list[0];
        memmove(list, list + 1, (left - 1) * sizeof(list[0]));
        list[left - 1] = first;
    }
    for (int extra = 0; extra < 2 && left > 0; extra++) {
        if (extra == 1) {
            rcs_buf_text(plan->out, "Adding extra replicas...\n");
        }
        for (unsigned i = 0; i < plan->masters; i++) {
            int master = plan->order[i];
            for (unsigned given = 0; given < (extra == 1 ? 1 : plan->replicas) && left > 0;
                 given++) {
                int replica = take_replica(plan, master, &from);
                if (replica < 0) {
                    break;
                }
                left--;
                plan->nodes[replica].master = master;
                rcs_buf_text(plan->out, "Adding replica ");
                print_node(plan->out, &plan->nodes[replica]);
                rcs_buf_text(plan->out, " to ");
                print_node(plan->out, &plan->nodes[master]);
                rcs_buf_text(plan->out, "\n");
            }
        }
    }
}

/* --- anti-affinity ---------------------------------------------------------------------------- */

static int group_of(const struct rcs_plan_node *nodes, int node)
{
    return nodes[node].master < 0 ? node : nodes[node].master;
}

static bool together(const struct rcs_plan_node *nodes, int a, int b)
{
    return group_of(nodes, a) == group_of(nodes, b) && strcmp(nodes[a].host, nodes[b].host) == 0;
}

/* Visits each host and group once, by its first node; fills `offenders` with the first replica of
 * each that has two members or more. */
static unsigned score(const struct rcs_plan_node *nodes, unsigned count, int *offenders,
                      unsigned *offender_count)
{
    unsigned total = 0;
    *offender_count = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned members = 0, masters = 0;
        int replica = -1;
        bool seen = false;
        for (unsigned j = 0; j < count && !seen; j++) {
            if (!together(nodes, (int)i, (int)j)) {
                continue;
            }
            seen = j < i;
            members++;
            masters += nodes[j].master < 0;
            replica = nodes[j].master >= 0 && replica < 0 ? (int)j : replica;
        }
        if (seen || members < 2) {
            continue;
        }
        total += masters > 0 ? 10000 * (members - 1) : members;
        if (replica >= 0 && offenders != NULL) {
            offenders[(*offender_count)++] = replica;
        }
    }
    return total;
}

unsigned rcs_plan_score(const struct rcs_plan_node *nodes, unsigned count)
{
    unsigned ignored;
    return score(nodes, count, NULL, &ignored);
}

static void swap_masters(struct rcs_plan_node *nodes, int a, int b)
{
    int master = nodes[a].master;
    nodes[a].master = nodes[b].master;
    nodes[b].master = master;
}

/* Swaps the masters of an offending and any other replica as long as that makes nothing worse. */
static void optimise(struct planning *plan, struct rcs_rand *chance)
{
    int *offenders = malloc(plan->count * sizeof(offenders[0]));
    int *others = malloc(plan->count * sizeof(others[0]));
    RCS_ASSERT(offenders != NULL && others != NULL);
    unsigned offending, now = score(plan->nodes, plan->count, offenders, &offending);
    if (now > 0) {
        rcs_buf_text(plan->out, ">>> Trying to optimize slaves allocation for anti-affinity\n");
        for (unsigned tries = 500 * plan->count; tries > 0 && now > 0 && offending > 0; tries--) {
            int one = offenders[rcs_rand_below(chance, offending)];
            unsigned count = 0;
            for (unsigned i = 0; i < plan->count; i++) {
                if ((int)i != one && plan->nodes[i].master >= 0) {
                    others[count++] = (int)i;
                }
            }
            if (count == 0) {
                break;
            }
            int other = others[rcs_rand_below(chance, count)];
            swap_masters(plan->nodes, one, other);
            if (rcs_plan_score(plan->nodes, plan->count) > now) {
                swap_masters(plan->nodes, one, other);
            }
            now = score(plan->nodes, plan->count, offenders, &offending);
        }
        rcs_buf_text(plan->out,
                     now == 0 ? "[OK] Perfect anti-affinity obtained!\n"
                     : now >= 10000
                         ? "[WARNING] Some slaves are in the same host as their master\n"
                         : "[WARNING] Some slaves of the same master are in the same host\n");
    }
    free(others);
    free(offenders);
}

enum rcs_err rcs_plan_make(struct rcs_plan_node *nodes, unsigned count, unsigned replicas,
                           struct rcs_rand *chance, struct rcs_buf *out)
{
    unsigned masters = count / (replicas + 1);
    if (masters < 3 || masters > RCS_SLOTS) {
        rcs_buf_format(out,
                       "*** ERROR: Invalid configuration for cluster creation.\n"
                       "*** Redis Cluster requires at least 3 master nodes.\n"
                       "*** This is not possible with %u nodes and %u replicas per node.\n"
                       "*** At least %u nodes are required.\n",
                       count, replicas, 3 * (replicas + 1));
        return RCS_ERR_RANGE;
    }
    rcs_buf_format(out, ">>> Performing hash slots allocation on %u nodes...\n", count);
    struct planning plan = {
        .nodes = nodes, .count = count, .masters = masters, .replicas = replicas, .out = out
    };
    plan.order = calloc(count, sizeof(plan.order[0]));
    int *last = calloc(masters, sizeof(last[0]));
    RCS_ASSERT(plan.order != NULL && last != NULL);
    for (unsigned i = 0; i < count; i++) {
        nodes[i].master = -1;
        nodes[i].first = 0;
        nodes[i].last = -1;
    }
    interleave(&plan);
    rcs_plan_split(masters, last);
    for (unsigned i = 0; i < masters; i++) {
        struct rcs_plan_node *node = &nodes[plan.order[i]];
        node->first = i == 0 ? 0 : last[i - 1] + 1;
        node->last = last[i];
        rcs_buf_format(out, "Master[%u] -> Slots %d - %d\n", i, node->first, node->last);
    }
    place_replicas(&plan);
    optimise(&plan, chance);
    free(last);
    free(plan.order);
    return RCS_OK;
}
