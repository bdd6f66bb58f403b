/* Clusters in which nothing happens: how fast they pass, how much they say, how much they hold.
 *
 * Nodes start from a nodes.conf each, half of them masters with slots, half replicas; figures are
 * taken after all links are up and the first pings are answered. Message rates are held against
 * those counted on Redis 7.0.15 servers over 30 s: pings sent a node and second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>
#include <rcsim/sim.h>

#include "measure.h"

enum { MAX_NODES = 1000 };

static void node_id(int node, char out[RCS_ID_LEN + 1])
{
    snprintf(out, RCS_ID_LEN + 1, "%08x%032x", (unsigned)node * 2654435761u, (unsigned)node);
}

/* nodes.conf as `self` has it, in `out`; returns its length. */
static size_t write_conf(struct rcs_sim *sim, int self, int nodes, int masters, char *out)
{
    char *at = out;
    for (int i = 0; i < nodes; i++) {
        char id[RCS_ID_LEN + 1], master[RCS_ID_LEN + 1] = "-";
        node_id(i, id);
        if (i >= masters)
            node_id((i - masters) % masters, master);
        int port = rcs_sim_node_port(sim, i);
        at += sprintf(at, "%s %s:%d@%d %s%s %s 0 0 %d connected", id, rcs_sim_node_ip(sim, i), port,
                      port + 10000, i == self ? "myself," : "", i < masters ? "master" : "slave",
                      master, i % masters + 1);
        if (i < masters)
            at += sprintf(at, " %d-%d", i * RCS_SLOTS / masters, (i + 1) * RCS_SLOTS / masters - 1);
        *at++ = '\n';
    }
    at += sprintf(at, "vars currentEpoch %d lastVoteEpoch 0\n", masters);
    return (size_t)(at - out);
}

static struct rcs_sim *cluster(int nodes, int masters, int node_timeout_ms, uint64_t seed)
{
    struct rcs_diag diag;
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = seed }, &diag);
    if (sim == NULL)
        die("options", diag.text);
    (void)rcs_check_watch(sim);
    char value[16];
    snprintf(value, sizeof(value), "%d", node_timeout_ms);
    if (rcs_sim_configure(sim, -1, "cluster-node-timeout", value, &diag) != RCS_OK)
        die("cluster-node-timeout", diag.text);
    int numbers[MAX_NODES];
    for (int i = 0; i < nodes; i++) {
        char name[16], address[32];
        snprintf(name, sizeof(name), "n%d", i);
        snprintf(address, sizeof(address), "10.0.%d.%d:6379", i / 250, i % 250 + 1);
        numbers[i] = rcs_sim_add_node(sim, name, NULL, address, &diag);
        if (numbers[i] != i)
            die(name, diag.text);
    }
    char *conf = malloc((size_t)nodes * 256 + 256);
    if (conf == NULL)
        die("memory", "none");
    for (int i = 0; i < nodes; i++) {
        size_t size_bytes = write_conf(sim, i, nodes, masters, conf);
        if (rcs_sim_set_nodes_conf(sim, i, conf, size_bytes, &diag) != RCS_OK)
            die("nodes.conf", diag.text);
    }
    free(conf);
    if (rcs_sim_fault(sim, RCS_FAULT_START, numbers, (unsigned)nodes, &diag) != RCS_OK)
        die("start", diag.text);
    return sim;
}

static void check_quiet(const struct rcs_sim *sim, int nodes)
{
    for (int i = 0; i < nodes; i++) {
        struct rcs_view view;
        rcs_sim_view(sim, i, &view);
        if (!view.state_ok || view.known != (unsigned)nodes || view.assigned != RCS_SLOTS)
            die(rcs_sim_node_name(sim, i), "does not see a whole cluster");
    }
    if (rcs_check_broken(rcs_check_of(sim))[0] != '\0')
        die("invariant", rcs_check_broken(rcs_check_of(sim)));
}

enum { SEEDS = 4, WINDOWS = 20, WINDOW_S = 30 };

struct rate { /* pings sent a node and second, in windows as long as the recorded ones */
    double mean, least, most;
};

static struct rate ping_rate(int nodes, int masters, int node_timeout_ms)
{
    struct rate rate = { 0, 0, 0 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rcs_sim *sim = cluster(nodes, masters, node_timeout_ms, seed);
        rcs_sim_advance(sim, RCS_S(60));
        check_quiet(sim, nodes);
        for (int window = 0; window < WINDOWS; window++) {
            struct rcs_sim_counts from, to;
            rcs_sim_counts(sim, &from);
            rcs_sim_advance(sim, RCS_S(WINDOW_S));
            rcs_sim_counts(sim, &to);
            double pings = (double)(to.bus_sent[0] - from.bus_sent[0]) / nodes / WINDOW_S;
            rate.mean += pings / (SEEDS * WINDOWS);
            if (rate.least == 0 || pings < rate.least)
                rate.least = pings;
            if (pings > rate.most)
                rate.most = pings;
        }
        rcs_sim_free(sim);
    }
    return rate;
}

static void rates(void)
{
    static const struct {
        int nodes, masters, node_timeout_ms;
        double recorded;
    } rows[] = {
        { 3, 3, 5000, 1.055 },    { 3, 3, 15000, 0.988 },   { 6, 3, 5000, 1.781 },
        { 6, 3, 15000, 0.999 },   { 12, 6, 5000, 3.447 },   { 12, 6, 15000, 1.208 },
        { 24, 12, 5000, 7.029 },  { 24, 12, 15000, 2.107 }, { 36, 18, 5000, 10.542 },
        { 36, 18, 15000, 3.084 },
    };
    printf("\npings sent a node and second, mean of windows of %d s; ratio to one window of real "
           "servers\n",
           WINDOW_S);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rate rate = ping_rate(rows[i].nodes, rows[i].masters, rows[i].node_timeout_ms);
        double ratio = rate.mean / rows[i].recorded;
        char name[64], goal[64];
        snprintf(name, sizeof(name), "%d nodes, node timeout %d ms", rows[i].nodes,
                 rows[i].node_timeout_ms);
        snprintf(goal, sizeof(goal), "0.97 .. 1.03  (windows %.2f .. %.2f, real %.2f)", rate.least,
                 rate.most, rows[i].recorded);
        figure(name, rate.mean, "pings/s", ratio, goal, ratio >= 0.97 && ratio <= 1.03);
    }
}

static void speed(int nodes, int warm_s, int seconds, double goal, const char *goal_text)
{
    int64_t start_ns = cpu_ns();
    struct rcs_sim *sim = cluster(nodes, nodes / 2, 15000, 1);
    rcs_sim_advance(sim, RCS_S(warm_s));
    double start_s = (double)(cpu_ns() - start_ns) / 1e9;
    check_quiet(sim, nodes);

    /* In waves of half a node timeout more is said at one time than at another: whole waves, and
     * the mean. */
    double yardstick = yardstick_ns(200000), pairs = (double)nodes * nodes;
    struct rcs_sim_counts from, to;
    rcs_sim_counts(sim, &from);
    start_ns = cpu_ns();
    rcs_sim_advance(sim, RCS_S(seconds));
    double took_s = (double)(cpu_ns() - start_ns) / 1e9;
    rcs_sim_counts(sim, &to);
    double event_ns = took_s * 1e9 / (double)(to.events - from.events);
    double messages = (double)(to.bus_messages - from.bus_messages) / seconds;
    double again = yardstick_ns(200000);
    yardstick = again < yardstick ? again : yardstick;
    printf("\n%d nodes, node timeout 15 s: %.0f bus messages a virtual second; ratio to a heap's "
           "push+pop\n",
           nodes, messages);
    figure("times real time", seconds / took_s, "x", 0, goal_text, seconds / took_s >= goal);
    figure("mean cost of an event", event_ns, "ns", event_ns / yardstick, NULL, true);
    figure("a bus message, all included", took_s * 1e9 / (messages * seconds), "ns",
           took_s * 1e9 / (messages * seconds) / yardstick, NULL, true);
    figure("memory a pair of nodes", (double)to.memory_bytes / pairs, "bytes", 0,
           nodes >= 1000 ? "<= 128 bytes" : NULL, (double)to.memory_bytes / pairs <= 128);
    char name[64];
    snprintf(name, sizeof(name), "building it and its first %d s", warm_s);
    figure(name, start_s, "s CPU", 0, NULL, true);
    rcs_sim_free(sim);
}

int main(void)
{
    speed(12, 60, 9000, 60000, ">= 60000x");
    speed(100, 60, 450, 1500, ">= 1500x");
    speed(1000, 30, 60, 6, ">= 6x, aim 14");
    rates();
    return 0;
}
