/* A cluster at one or two sites whose network or hosts fail, built as the recorded ones were, and
 * what can be measured of it. */
#ifndef RCSIM_TEST_NET_LAB_H
#define RCSIM_TEST_NET_LAB_H

#include <rcsim/sim.h>

#include "tests/support/figures.h"

#define NET_LAB_NODES 8

struct net_layout {
    const char
        *names[NET_LAB_NODES]; /* masters first, then the replicas of the first ones in order */
    const char *sites[NET_LAB_NODES];
    int count, masters;
    int empty; /* the last so many masters have neither slots nor replicas */
};
extern const struct net_layout net_ab33; /* m1 m2 | m3, replicas across: r3 | r1 r2 */
extern const struct net_layout net_dc33; /* a1 a2 a3 | b1 b2 b3 */
extern const struct net_layout net_fg7;  /* m1 m2 m3 x r1 r2 r3, one site */

/* Lines about bus links in the nodes' logs. */
enum net_line { NET_LINKED, NET_REFUSED, NET_RESET, NET_CLOSED, NET_TIMED_OUT, NET_LINES };

struct net_lab {
    struct rcs_sim *sim;
    const struct net_layout *layout;
    int timeout_ms;
    int poll_ms; /* how often the experimenter asks each node: 20 */
    uint64_t seed;
    size_t seen; /* milestones before t0 */
    rcs_us t0_us, healed_us;
    struct net_line_count {
        unsigned count;
        int64_t first_ms, last_ms;
    } lines[NET_LAB_NODES][NET_LINES]; /* NET_LINKED: since the heal only */
};

enum net_fault { NET_DROP, NET_KILL, NET_RST, NET_ICMP, NET_ONEWAY };

/* What befell a cluster in earlier runs: recorded ones served several, one after the other (their
 * elections' epochs tell how many). A master's host or the sites are cut off in one of these ways
 * for one of these times and healed; who lost his slots gets them back by CLUSTER FAILOVER. */
struct net_past {
    bool sites;
    unsigned fault_count, cut_count;
    enum net_fault faults[3]; /* one by chance */
    int cuts[3];              /* half node timeouts; none: until 1 s after the election */
    bool takeover;            /* and all replicas take over 2 node timeouts after the cut */
};

/* The cluster stands, has been through `runs` runs (0: `past` may be NULL), has rested and is in
 * any phase. */
void net_lab_init(struct net_lab *lab, const struct net_layout *layout, uint64_t seed,
                  int timeout_ms, const char *network, const struct net_past *past, int64_t runs);
/* Nodes run and know nobody. */
void net_lab_begin(struct net_lab *lab, const struct net_layout *layout, uint64_t seed,
                   int timeout_ms, const char *network);
/* Configures epochs and slots, and meets: what comes before everybody knows everybody. */
void net_lab_meet(struct net_lab *lab);
void net_lab_replicate(struct net_lab *lab);
/* All that lost their slots get them back by CLUSTER FAILOVER; then a rest. */
void net_lab_back(struct net_lab *lab);
void net_lab_rest(struct net_lab *lab, const struct net_past *past, int64_t runs);
void net_lab_close(struct net_lab *lab);

/* This instant is 0 from now on, and milestones before it are not looked at. */
void net_lab_mark(struct net_lab *lab);
int64_t net_lab_ms(const struct net_lab *lab); /* since then */
void net_lab_wait(struct net_lab *lab, int64_t ms);
void net_lab_wait_until(struct net_lab *lab, int64_t at_ms); /* nothing if it is over */
/* The reply must be OK. */
void net_lab_ask(struct net_lab *lab, int node, const char *text);
/* The same, and what came instead of waiting for it: the session, to be freed. */
struct rcs_session *net_lab_send(struct net_lab *lab, int node, const char *text);
void net_lab_fault(struct net_lab *lab, enum rcs_fault what, int node);
/* Cuts between two groups of nodes, as `fault` says; not NET_KILL. */
void net_lab_cut(struct net_lab *lab, enum net_fault fault, const int *a, unsigned a_count,
                 const int *b, unsigned b_count);
/* All cuts; returns when. `node` >= 0: starts it instead. */
int64_t net_lab_heal(struct net_lab *lab, int node);
/* Nodes of a site; returns how many. */
unsigned net_lab_site(const struct net_lab *lab, const char *site, int nodes[NET_LAB_NODES]);
/* A chance of the experimenter, 0 to `below` - 1; `what` tells draws of one run apart. */
int64_t net_lab_chance(const struct net_lab *lab, unsigned what, int64_t below);

/* --- what happened ---------------------------------------------------------------------------- */

#define NET_NEVER INT64_MIN
/* Bits of nodes by number. */
#define NET_ALL    0xffu
#define NET_BIT(n) (1u << (n))

/* The first (last) milestone of that name at a node of `nodes` about one of `about` (0: whatever it
 * is about), from `from_ms` on. `what`: "fail" is also "fail-received". */
int64_t net_first(const struct net_lab *lab, const char *what, unsigned nodes, unsigned about,
                  int64_t from_ms);
int64_t net_last(const struct net_lab *lab, const char *what, unsigned nodes, unsigned about,
                 int64_t from_ms);
unsigned net_count(const struct net_lab *lab, const char *what, unsigned nodes, int64_t from_ms);
/* How many such lines nodes of the mask wrote since the mark; when the first (last), NET_NEVER. */
int64_t net_lines(const struct net_lab *lab, enum net_line what, unsigned nodes);
int64_t net_line_first(const struct net_lab *lab, enum net_line what, unsigned nodes);
int64_t net_line_last(const struct net_lab *lab, enum net_line what, unsigned nodes);
/* Adds a - b if both happened. */
void net_add(struct figures *figures, const char *name, int64_t a, int64_t b);

/* Lets time pass, at most `most_ms`, until it is so; looks every `look_ms`. */
bool net_wait_for(struct net_lab *lab, const char *what, unsigned nodes, unsigned about,
                  int64_t most_ms);
/* Everybody shows everybody connected; looked at every `poll_ms`. Returns when. */
int64_t net_wait_known(struct net_lab *lab);
/* Nodes of the mask show the slots of `of`'s (at 0) at `owner`, looked at as the recordings were:
 * each node every 20 ms. When the last did; NET_NEVER within `most_ms`. */
int64_t net_wait_owner(struct net_lab *lab, unsigned nodes, int owner, int slot_owner_before,
                       int64_t most_ms);
/* From when on all nodes show the same flags, masters and owners, nobody failing, all states ok,
 * until `until_ms`; polled every 20 ms. Lets the time pass. */
int64_t net_wait_view(struct net_lab *lab, int64_t until_ms);

/* --- clients ---------------------------------------------------------------------------------- */

/* Writes a growing number to one key every so often. `node` >= 0: pinned to it, outside all sites
 * (it runs on the node's own host); else it is at a site, and after an error or 250 ms goes to the
 * next node, its site's first. */
struct net_client;
struct net_client *net_client_new(struct net_lab *lab, int node, const char *site, int shard,
                                  int period_ms, int patience_ms);
void net_client_free(struct net_client *client);
/* Lets time pass with clients writing. */
void net_clients_run(struct net_lab *lab, struct net_client **clients, unsigned count, int64_t ms);
int64_t net_client_gap(const struct net_client *client); /* longest time between two of them */
/* As net_wait_view, with clients writing. */
int64_t net_wait_view_with(struct net_lab *lab, int64_t until_ms, struct net_client **clients,
                           unsigned count);
/* Acknowledged writes that the key's owner `owner` does not have. */
int64_t net_client_lost(struct net_client *client, int owner);

#endif
