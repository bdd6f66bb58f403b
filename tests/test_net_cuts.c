/* Cuts of the network and what follows, against real servers in network namespaces (Redis 7.0.15;
 * tests/vectors/network), as distributions over seeds: one host black-holed, refused or killed and
 * healed; short cuts; two sites that part both ways, one way, or by refusals.
 *
 * A value a run, in ms of the nodes' own logs, after the fault or after the heal (heal_to_*):
 *   pfail_first, fail_first   of the host; a_*, b_* by nodes of one site about the other
 *   won, fail_to_won          the election
 *   late_nodes                others whose state is ok 20 ms after the win or later
 *   own_state_fail            the isolated master's own cluster state
 *   master_lost               its replica's replication link
 *   heal_to_replica           "Reconfiguring myself as a replica"
 *   heal_to_clear_first/last  FAIL cleared at other nodes
 *   heal_to_link_first/last   "Connecting with Node"
 *   heal_to_view              all nodes show one view, by polls of 20 ms as recorded
 *   own_lost                  acknowledged writes of a client on the isolated host that are gone
 *   others_*, own_*, a_*, b_* of refused, reset, closed, timed_out: how many such lines about links
 *   outcome                   0 nothing, 1 PFAIL only, 2 FAIL, 3 failover (exact test)
 * Not compared one way: own_lost (how long a stream goes on without acknowledgements hangs on a
 * smoothed round trip that nobody recorded), and the links that end by EOF or reset instead of a
 * timeout: 0 to 5 of 9, and none in a cluster's first run; why is not known. The recording's poller
 * and client stand beside the simulated cluster as they stood beside the real one; nothing of them
 * is in the nodes.
 *
 * Short: 40 seeds of some; long: 500 of all (support/judging.h). */
#include "tests/support/judging.h"
#include "tests/support/net_lab.h"
#include "tests/support/support.h"

enum kind { HOST, SHORT_HOST, MTU, SITES, SHORT_SITES };

struct experiment {
    const char *name; /* tests/vectors/network/NAME.txt */
    enum kind kind;
    enum net_fault fault;
    const struct net_past *past;
    int timeout_ms, cut_ms;
    bool brief; /* in the short form as well */
};

/* What befell the recorded clusters in their earlier runs. */
static const struct net_past past_hosts = { .fault_count = 3,
                                            .faults = { NET_DROP, NET_DROP, NET_KILL } };
static const struct net_past past_kills = { .fault_count = 1, .faults = { NET_KILL } };
static const struct net_past past_refused = { .fault_count = 3,
                                              .faults = { NET_RST, NET_ICMP, NET_DROP } };
static const struct net_past past_short_hosts = {
    .fault_count = 1, .faults = { NET_DROP }, .cut_count = 3, .cuts = { 1, 2, 3 }
};
static const struct net_past past_short_sites = {
    .sites = true, .fault_count = 1, .faults = { NET_DROP }, .cut_count = 3, .cuts = { 1, 2, 3 }
};
static const struct net_past past_sites = {
    .sites = true, .fault_count = 1, .faults = { NET_DROP }, .cut_count = 1, .cuts = { 6 }
};
static const struct net_past past_refused_sites = {
    .sites = true, .fault_count = 2, .faults = { NET_RST, NET_ICMP }, .cut_count = 1, .cuts = { 6 }
};
static const struct net_past past_oneway = {
    .sites = true, .fault_count = 1, .faults = { NET_ONEWAY }, .cut_count = 1, .cuts = { 10 }
};

/* --- one host --------------------------------------------------------------------------------- */

struct host {
    struct net_lab lab;
    enum net_fault fault;
    int victim;
    unsigned others;
    int rest[NET_LAB_NODES];
    unsigned rest_count;
    struct net_client *client;
};

static void host_begin(struct host *host, const struct experiment *e, struct figures *recorded,
                       uint64_t seed)
{
    *host = (struct host){ .fault = e->fault, .victim = (int)(seed % 3) };
    net_lab_init(&host->lab, &net_ab33, seed, e->timeout_ms, "lan", e->past,
                 figure_nth(recorded, "past", seed));
    for (int node = 0; node < 6; node++) {
        if (node != host->victim) {
            host->others |= NET_BIT(node);
            host->rest[host->rest_count++] = node;
        }
    }
    host->client = net_client_new(&host->lab, host->victim, NULL, host->victim, 10, 250);
    net_clients_run(&host->lab, &host->client, 1, 500);
    net_lab_mark(&host->lab);
    if (e->fault == NET_KILL) {
        net_lab_fault(&host->lab, RCS_FAULT_KILL, host->victim);
    } else {
        net_lab_cut(&host->lab, e->fault, &host->victim, 1, host->rest, host->rest_count);
    }
}

/* The node with the victim's slots at the end. */
static int owner_of(const struct host *host)
{
    struct rcs_milestone m;
    int owner = host->victim;
    for (size_t i = host->lab.seen; rcs_sim_milestone(host->lab.sim, i, &m); i++) {
        owner = strcmp(m.what, "election-won") == 0 ? m.node : owner;
    }
    return owner;
}

/* How many other nodes' state is ok 20 ms after the win or later. */
static int64_t late_nodes(const struct host *host, int64_t won_ms)
{
    int64_t late = 0;
    for (int node = 0; node < 6 && won_ms != NET_NEVER; node++) {
        late += node != host->victim && node != owner_of(host) &&
                net_first(&host->lab, "state-ok", NET_BIT(node), 0, won_ms) >= won_ms + 20;
    }
    return late;
}

static void add_lines(struct figures *out, const char *who, const struct net_lab *lab,
                      unsigned nodes)
{
    static const char *const names[] = {
        [NET_REFUSED] = "refused",
        [NET_RESET] = "reset",
        [NET_CLOSED] = "closed",
        [NET_TIMED_OUT] = "timed_out",
    };
    char name[32];
    for (int what = NET_REFUSED; what < NET_LINES; what++) {
        snprintf(name, sizeof(name), "%s_%s", who, names[what]);
        figures_add(out, name, net_lines(lab, (enum net_line)what, nodes));
    }
}

static void host_lines(const struct host *host, struct figures *out, int64_t heal_ms)
{
    const struct net_lab *lab = &host->lab;
    add_lines(out, "others", lab, host->others);
    add_lines(out, "own", lab, NET_BIT(host->victim));
    net_add(out, "reset_first", net_line_first(lab, NET_RESET, NET_ALL), 0);
    net_add(out, "heal_to_link_first", net_line_first(lab, NET_LINKED, NET_ALL), heal_ms);
    net_add(out, "heal_to_link_last", net_line_last(lab, NET_LINKED, NET_ALL), heal_ms);
}

static void host_measure(struct host *host, struct figures *out, int64_t heal_ms, int64_t view_ms)
{
    const struct net_lab *lab = &host->lab;
    unsigned victim = NET_BIT(host->victim);
    int64_t fail = net_first(lab, "fail", host->others, victim, 0);
    int64_t won = net_first(lab, "election-won", NET_ALL, 0, 0);
    net_add(out, "pfail_first", net_first(lab, "pfail", host->others, victim, 0), 0);
    net_add(out, "fail_first", fail, 0);
    net_add(out, "won", won, 0);
    net_add(out, "fail_to_won", won, fail);
    if (host->fault != NET_KILL) {
        net_add(out, "own_state_fail", net_first(lab, "state-fail", victim, 0, 0), 0);
        figures_add(out, "own_lost", net_client_lost(host->client, owner_of(host)));
    }
    if (host->fault == NET_RST) {
        net_add(out, "master_lost", net_first(lab, "repl-lost", host->others, 0, 0), 0);
    }
    net_add(out, "heal_to_replica", net_first(lab, "follows", victim, 0, 0), heal_ms);
    net_add(out, "heal_to_clear_first", net_first(lab, "fail-cleared", host->others, victim, 0),
            heal_ms);
    net_add(out, "heal_to_clear_last", net_last(lab, "fail-cleared", host->others, victim, 0),
            heal_ms);
    net_add(out, "heal_to_view", view_ms, heal_ms);
    figures_add(out, "late_nodes", late_nodes(host, won));
    host_lines(host, out, heal_ms);
    figures_add(out, "outcome",
                won != NET_NEVER                                                ? 3
                : fail != NET_NEVER                                             ? 2
                : net_first(lab, "pfail", host->others, victim, 0) != NET_NEVER ? 1
                                                                                : 0);
}

static void host_end(struct host *host)
{
    net_client_free(host->client);
    net_lab_close(&host->lab);
}

/* Healed about 1 s (`pause`) after the others were seen to agree; a killed process takes a while to
 * start (`spawn`). */
static void run_host(const struct experiment *e, struct figures *recorded, struct figures *out,
                     uint64_t seed)
{
    struct host host;
    host_begin(&host, e, recorded, seed);
    if (e->fault == NET_KILL) {
        assert_true(net_wait_for(&host.lab, "election-won", NET_ALL, 0, 60000));
    } else {
        while (net_first(&host.lab, "election-won", NET_ALL, 0, 0) == NET_NEVER) {
            assert_true(net_lab_ms(&host.lab) < 60000);
            net_clients_run(&host.lab, &host.client, 1, 5);
        }
    }
    int owner = owner_of(&host);
    int64_t agreed_ms = net_wait_owner(&host.lab, host.others, owner, host.victim, 1000);
    int64_t until_ms = agreed_ms + figure_nth(recorded, "pause", seed);
    if (e->fault == NET_KILL) {
        net_lab_wait_until(&host.lab, until_ms + figure_nth(recorded, "spawn", seed));
    } else {
        net_clients_run(&host.lab, &host.client, 1, until_ms - net_lab_ms(&host.lab));
    }
    int64_t heal_ms = net_lab_heal(&host.lab, e->fault == NET_KILL ? host.victim : -1);
    int64_t view_ms = net_wait_view(&host.lab, heal_ms + 3000 + 2 * e->timeout_ms);
    host_measure(&host, out, heal_ms, view_ms);
    host_end(&host);
}

static void run_short_host(const struct experiment *e, struct figures *recorded,
                           struct figures *out, uint64_t seed)
{
    struct host host;
    struct figures all = { .count = 0 };
    host_begin(&host, e, recorded, seed);
    net_clients_run(&host.lab, &host.client, 1, e->cut_ms);
    int64_t heal_ms = net_lab_heal(&host.lab, e->fault == NET_KILL ? host.victim : -1);
    net_clients_run(&host.lab, &host.client, 1, 500);
    int64_t view_ms = net_wait_view(&host.lab, heal_ms + 5000);
    host_measure(&host, &all, heal_ms, view_ms);
    for (unsigned i = 0; i < recorded->count; i++) {
        const char *name = recorded->list[i].name;
        if (strcmp(name, "any_lost") == 0) {
            figures_add(out, name, figure_named(&all, "own_lost")->values[0] > 0);
        } else if (figures_have(&all, name)) {
            figures_add(out, name, figure_named(&all, name)->values[0]);
        }
    }
    figures_close(&all);
    host_end(&host);
}

/* What a link's largest segment makes of the news of a win. */
static void run_mtu(const struct experiment *e, struct figures *recorded, struct figures *out,
                    uint64_t seed)
{
    const char *link = e->cut_ms == 65000 ? "loopback" : "lan";
    struct host host;
    struct rcs_diag diag;
    host = (struct host){ .victim = (int)(seed % 3) };
    net_lab_begin(&host.lab, &net_ab33, seed, 1000, "lan");
    for (unsigned i = 0; i < 3; i++) {
        static const char *const pairs[][2] = { { "A", "A" }, { "B", "B" }, { "A", "B" } };
        assert_int_equal(rcs_sim_link(host.lab.sim, pairs[i][0], pairs[i][1], link, &diag), RCS_OK);
    }
    net_lab_meet(&host.lab);
    (void)net_wait_known(&host.lab);
    net_lab_replicate(&host.lab);
    net_lab_rest(&host.lab, e->past, figure_nth(recorded, "past", seed));
    net_lab_mark(&host.lab);
    net_lab_fault(&host.lab, RCS_FAULT_KILL, host.victim);
    assert_true(net_wait_for(&host.lab, "election-won", NET_ALL, 0, 60000));
    net_lab_wait(&host.lab, 500);
    int64_t won = net_first(&host.lab, "election-won", NET_ALL, 0, 0);
    figures_add(out, "late_nodes", late_nodes(&host, won));
    net_lab_close(&host.lab);
}

/* --- two sites -------------------------------------------------------------------------------- */

static void run_sites(const struct experiment *e, struct figures *recorded, struct figures *out,
                      uint64_t seed)
{
    struct net_lab lab;
    int a[NET_LAB_NODES], b[NET_LAB_NODES];
    net_lab_init(&lab, &net_ab33, seed, e->timeout_ms, "lan", e->past,
                 figure_nth(recorded, "past", seed));
    struct net_client *client = net_client_new(&lab, 2, NULL, 2, 20, 250);
    net_clients_run(&lab, &client, 1, 500);
    net_lab_mark(&lab);
    unsigned a_count = net_lab_site(&lab, "A", a), b_count = net_lab_site(&lab, "B", b);
    unsigned at_a = 0, at_b = 0;
    for (unsigned i = 0; i < 3; i++) {
        at_a |= NET_BIT(a[i]);
        at_b |= NET_BIT(b[i]);
    }
    net_lab_cut(&lab, e->fault, a, a_count, b, b_count);
    net_clients_run(&lab, &client, 1, e->cut_ms);
    int64_t heal_ms = net_lab_heal(&lab, -1);
    int64_t view_ms = net_wait_view(&lab, heal_ms + 3000 + 2 * e->timeout_ms);
    net_add(out, "a_pfail_first", net_first(&lab, "pfail", at_a, at_b, 0), 0);
    net_add(out, "b_pfail_first", net_first(&lab, "pfail", at_b, at_a, 0), 0);
    net_add(out, "a_fail_first", net_first(&lab, "fail", at_a, NET_BIT(2), 0), 0);
    net_add(out, "won", net_first(&lab, "election-won", NET_ALL, 0, 0), 0);
    net_add(out, "a_state_fail_first", net_first(&lab, "state-fail", NET_BIT(0) | NET_BIT(1), 0, 0),
            0);
    net_add(out, "b_state_fail", net_first(&lab, "state-fail", NET_BIT(2), 0, 0), 0);
    net_add(out, "heal_to_replica", net_first(&lab, "follows", NET_BIT(2), 0, 0), heal_ms);
    net_add(out, "heal_to_clear_first", net_first(&lab, "fail-cleared", NET_ALL, 0, heal_ms),
            heal_ms);
    net_add(out, "heal_to_clear_last", net_last(&lab, "fail-cleared", NET_ALL, 0, heal_ms),
            heal_ms);
    net_add(out, "heal_to_b_ok_last", net_last(&lab, "state-ok", at_b, 0, heal_ms), heal_ms);
    net_add(out, "heal_to_view", view_ms, heal_ms);
    add_lines(out, "a", &lab, at_a);
    add_lines(out, "b", &lab, at_b);
    net_add(out, "timed_out_first", net_line_first(&lab, NET_TIMED_OUT, NET_ALL), 0);
    net_add(out, "heal_to_link_first", net_line_first(&lab, NET_LINKED, NET_ALL), heal_ms);
    net_add(out, "heal_to_link_last", net_line_last(&lab, NET_LINKED, NET_ALL), heal_ms);
    if (figures_have(recorded, "own_lost")) {
        figures_add(out, "own_lost", net_client_lost(client, 5));
    }
    net_client_free(client);
    net_lab_close(&lab);
}

static void run_short_sites(const struct experiment *e, struct figures *recorded,
                            struct figures *out, uint64_t seed)
{
    struct net_lab lab;
    int a[NET_LAB_NODES], b[NET_LAB_NODES];
    net_lab_init(&lab, &net_ab33, seed, e->timeout_ms, "lan", e->past,
                 figure_nth(recorded, "past", seed));
    net_lab_mark(&lab);
    unsigned a_count = net_lab_site(&lab, "A", a), b_count = net_lab_site(&lab, "B", b);
    net_lab_cut(&lab, NET_DROP, a, a_count, b, b_count);
    net_lab_wait(&lab, e->cut_ms);
    (void)net_lab_heal(&lab, -1);
    int64_t view_ms = net_wait_view(&lab, e->cut_ms + 5000);
    int64_t won = net_first(&lab, "election-won", NET_ALL, 0, 0);
    figures_add(out, "failover", won != NET_NEVER);
    figures_add(out, "pfail", net_first(&lab, "pfail", NET_ALL, 0, 0) != NET_NEVER);
    if (figures_have(recorded, "won")) {
        net_add(out, "won", won, 0);
        net_add(out, "heal_to_view", view_ms, e->cut_ms);
    }
    net_lab_close(&lab);
}

/* --- against what was recorded ---------------------------------------------------------------- */

static const struct experiment experiments[] = {
    { "host_drop_nt1000", HOST, NET_DROP, &past_hosts, 1000, 0, true },
    { "host_kill_nt1000", HOST, NET_KILL, &past_hosts, 1000, 0, false },
    { "host_arp_nt1000", HOST, NET_DROP, &past_hosts, 1000, 0, false },
    { "host_linkdown_nt1000", HOST, NET_DROP, &past_refused, 1000, 0, false },
    { "host_rst_nt1000", HOST, NET_RST, &past_refused, 1000, 0, true },
    { "host_icmp_nt1000", HOST, NET_ICMP, &past_refused, 1000, 0, true },
    { "host_drop_nt5000", HOST, NET_DROP, &past_hosts, 5000, 0, false },
    { "host_kill_nt5000", HOST, NET_KILL, &past_hosts, 5000, 0, false },
    { "host_kill_mtu65000", MTU, NET_KILL, &past_kills, 1000, 65000, true },
    { "host_kill_mtu1500", MTU, NET_KILL, &past_hosts, 1000, 1500, true },
    { "shortcut_host_500", SHORT_HOST, NET_DROP, &past_short_hosts, 1000, 500, false },
    { "shortcut_host_1000", SHORT_HOST, NET_DROP, &past_short_hosts, 1000, 1000, true },
    { "shortcut_host_1500", SHORT_HOST, NET_DROP, &past_short_hosts, 1000, 1500, true },
    { "shortcut_site_500", SHORT_SITES, NET_DROP, &past_short_sites, 1000, 500, false },
    { "shortcut_site_1000", SHORT_SITES, NET_DROP, &past_short_sites, 1000, 1000, true },
    { "shortcut_site_1500", SHORT_SITES, NET_DROP, &past_short_sites, 1000, 1500, false },
    { "partition_drop_nt1000", SITES, NET_DROP, &past_sites, 1000, 3000, true },
    { "partition_drop_nt5000", SITES, NET_DROP, &past_sites, 5000, 15000, false },
    { "partition_drop_nt15000", SITES, NET_DROP, &past_sites, 15000, 30000, false },
    { "partition_rst_nt1000", SITES, NET_RST, &past_refused_sites, 1000, 3000, false },
    { "partition_icmp_nt1000", SITES, NET_ICMP, &past_refused_sites, 1000, 3000, false },
    { "partition_atob_nt1000", SITES, NET_ONEWAY, &past_oneway, 1000, 5000, true },
};

typedef void run_fn(const struct experiment *e, struct figures *recorded, struct figures *out,
                    uint64_t seed);

/* What cannot depend on how a cut was made is one sample of all ways. */
struct pool {
    const char *name, *begins, *ends; /* of the experiments' names */
    const char *of[6];
    struct figures theirs, ours;
};
static struct pool pools[] = {
    { .name = "all hosts",
      .begins = "host_",
      .ends = "_nt1000",
      .of = { "pfail_first", "fail_first", "won", "fail_to_won", "own_state_fail" } },
    { .name = "all sites",
      .begins = "partition_",
      .ends = "_nt1000",
      .of = { "b_pfail_first", "won", "b_state_fail" } },
};
#define POOLS (sizeof(pools) / sizeof(pools[0]))

static void pour(struct figures *into, const struct pool *pool, struct figures *from)
{
    for (unsigned i = 0; i < 6 && pool->of[i] != NULL; i++) {
        if (figures_have(from, pool->of[i])) {
            const struct figure *figure = figure_named(from, pool->of[i]);
            for (unsigned k = 0; k < figure->count; k++) {
                figures_add(into, pool->of[i], figure->values[k]);
            }
        }
    }
}

static void pool_it(const char *name, struct figures *recorded, struct figures *ours)
{
    for (size_t i = 0; i < POOLS; i++) {
        size_t size = strlen(name), tail = strlen(pools[i].ends);
        if (strncmp(name, pools[i].begins, strlen(pools[i].begins)) == 0 && size > tail &&
            strcmp(name + size - tail, pools[i].ends) == 0) {
            pour(&pools[i].theirs, &pools[i], recorded);
            pour(&pools[i].ours, &pools[i], ours);
        }
    }
}

static void run_once(const void *experiment, struct figures *recorded, struct figures *out,
                     uint64_t seed)
{
    static run_fn *const runs[] = {
        [HOST] = run_host,   [SHORT_HOST] = run_short_host,   [MTU] = run_mtu,
        [SITES] = run_sites, [SHORT_SITES] = run_short_sites,
    };
    const struct experiment *e = experiment;
    runs[e->kind](e, recorded, out, seed);
}

static void judge_pools(struct verdicts *verdicts)
{
    for (size_t i = 0; i < POOLS; i++) {
        verdicts_add(verdicts, pools[i].name, &pools[i].theirs, &pools[i].ours);
        figures_close(&pools[i].theirs);
        figures_close(&pools[i].ours);
    }
}

int main(int argc, char **argv)
{
    enum { COUNT = sizeof(experiments) / sizeof(experiments[0]) };
    static const struct judging judging = { .name = "net_cuts",
                                            .seeds = 40,
                                            .seeds_long = 500,
                                            .run = run_once,
                                            .played = pool_it,
                                            .last = judge_pools };
    struct judged list[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        list[i] = (struct judged){ experiments[i].name, experiments[i].brief, &experiments[i] };
    }
    return judge(&judging, list, COUNT, argc, argv);
}
