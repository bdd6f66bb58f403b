/* Cuts of the network and what follows, against real servers in network namespaces (Redis 7.0.15;
 * tests/vectors/network), as distributions over seeds: one host black-holed, refused or killed and
 * healed; short cuts; two sites that part both ways, one way, or by refusals.
 *
 * A value a run, in ms of the nodes' own logs, after the fault or after the heal (heal_to_*):
 *   pfail_first, fail_first   of the host; a_*, b_* by nodes of one site about the other
 *   won, fail_to_won          the election
 *   own_state_fail            the isolated master's own cluster state
 *   master_lost               its replica's replication link
 *   heal_to_replica           "Reconfiguring myself as a replica"
 *   heal_to_clear_first/last  FAIL cleared at other nodes
 *   heal_to_view              all nodes show one view, by polls of 20 ms as recorded
 *   own_lost                  acknowledged writes of a client on the isolated host that are gone
 * (not compared one way: how long a stream goes on without acknowledgements hangs on a smoothed
 * round trip that nobody recorded) outcome                   0 nothing, 1 PFAIL only, 2 FAIL, 3
 * failover (exact test) The recording's poller and client stand beside the simulated cluster as
 * they stood beside the real one; nothing of them is in the nodes.
 *
 * Short (default): 40 seeds of some; `long` as argument or RCS_LONG in the environment: 500 of all.
 */
#include "tests/support/net_lab.h"
#include "tests/support/support.h"

static bool is_long;
static struct verdicts verdicts;

enum fault { DROP, KILL, RST, ICMP, ONEWAY };

static void begin_cut(struct net_lab *lab, enum fault fault, const int *a, unsigned a_count,
                      const int *b, unsigned b_count)
{
    if (fault == RST || fault == ICMP) {
        rcs_sim_reject(lab->sim, fault == RST ? RCS_REJECT_RST : RCS_REJECT_ICMP, a, a_count, b,
                       b_count, false);
    } else {
        rcs_sim_partition(lab->sim, a, a_count, b, b_count, fault == ONEWAY);
    }
}

/* --- one host --------------------------------------------------------------------------------- */

struct host {
    struct net_lab lab;
    enum fault fault;
    int victim;
    unsigned others;
    int rest[NET_LAB_NODES];
    unsigned rest_count;
    struct net_client *client;
};

static void host_begin(struct host *host, uint64_t seed, int timeout_ms, enum fault fault,
                       const char *network)
{
    *host = (struct host){ .fault = fault, .victim = (int)(seed % 3) };
    net_lab_init(&host->lab, &net_ab33, seed, timeout_ms, network, NET_PAST_HOSTS);
    for (int node = 0; node < 6; node++) {
        if (node != host->victim) {
            host->others |= NET_BIT(node);
            host->rest[host->rest_count++] = node;
        }
    }
    host->client = net_client_new(&host->lab, host->victim, NULL, host->victim, 10, 250);
    net_clients_run(&host->lab, &host->client, 1, 500);
    net_lab_mark(&host->lab);
    if (fault == KILL) {
        net_lab_fault(&host->lab, RCS_FAULT_KILL, host->victim);
    } else {
        begin_cut(&host->lab, fault, &host->victim, 1, host->rest, host->rest_count);
    }
}

static int64_t host_heal(struct host *host)
{
    int64_t heal_ms = net_lab_ms(&host->lab);
    if (host->fault == KILL) {
        net_lab_fault(&host->lab, RCS_FAULT_START, host->victim);
    } else {
        rcs_sim_heal(host->lab.sim, NULL, 0, NULL, 0);
    }
    return heal_ms;
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
    if (host->fault != KILL) {
        net_add(out, "own_state_fail", net_first(lab, "state-fail", victim, 0, 0), 0);
        figures_add(out, "own_lost", net_client_lost(host->client, owner_of(host)));
    }
    if (host->fault == RST) {
        net_add(out, "master_lost", net_first(lab, "repl-lost", host->others, 0, 0), 0);
    }
    net_add(out, "heal_to_replica", net_first(lab, "follows", victim, 0, 0), heal_ms);
    net_add(out, "heal_to_clear_first", net_first(lab, "fail-cleared", host->others, victim, 0),
            heal_ms);
    net_add(out, "heal_to_clear_last", net_last(lab, "fail-cleared", host->others, victim, 0),
            heal_ms);
    net_add(out, "heal_to_view", view_ms, heal_ms);
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
static void run_host(struct figures *recorded, struct figures *out, uint64_t seed, int timeout_ms,
                     enum fault fault)
{
    struct host host;
    host_begin(&host, seed, timeout_ms, fault, "lan");
    if (fault == KILL) {
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
    if (fault == KILL) {
        net_lab_wait_until(&host.lab, until_ms + figure_nth(recorded, "spawn", seed));
    } else {
        net_clients_run(&host.lab, &host.client, 1, until_ms - net_lab_ms(&host.lab));
    }
    int64_t heal_ms = host_heal(&host);
    int64_t view_ms = net_wait_view(&host.lab, heal_ms + 3000 + 2 * timeout_ms);
    host_measure(&host, out, heal_ms, view_ms);
    host_end(&host);
}

static void run_short_host(struct figures *recorded, struct figures *out, uint64_t seed, int cut_ms)
{
    struct host host;
    struct figures all = { .count = 0 };
    host_begin(&host, seed, 1000, DROP, "lan");
    net_clients_run(&host.lab, &host.client, 1, cut_ms);
    int64_t heal_ms = host_heal(&host);
    net_clients_run(&host.lab, &host.client, 1, 500);
    int64_t view_ms = net_wait_view(&host.lab, heal_ms + 5000);
    host_measure(&host, &all, heal_ms, view_ms);
    for (unsigned i = 0; i < recorded->count; i++) {
        const char *name = recorded->list[i].name;
        if (strcmp(name, "any_lost") == 0) {
            figures_add(out, name, figure_named(&all, "own_lost")->values[0] > 0);
        } else if (figure_named(&all, name)->count > 0) {
            figures_add(out, name, figure_named(&all, name)->values[0]);
        }
    }
    figures_close(&all);
    host_end(&host);
}

/* What a link's largest segment makes of the news of a win. */
static void run_mtu(struct figures *recorded, struct figures *out, uint64_t seed, const char *link)
{
    struct host host;
    struct rcs_diag diag;
    (void)recorded;
    host = (struct host){ .victim = (int)(seed % 3) };
    net_lab_begin(&host.lab, &net_ab33, seed, 1000, "lan");
    for (unsigned i = 0; i < 3; i++) {
        static const char *const pairs[][2] = { { "A", "A" }, { "B", "B" }, { "A", "B" } };
        assert_int_equal(rcs_sim_link(host.lab.sim, pairs[i][0], pairs[i][1], link, &diag), RCS_OK);
    }
    net_lab_meet(&host.lab);
    net_lab_wait(&host.lab, 8000);
    net_lab_replicate(&host.lab);
    net_lab_rest(&host.lab, NET_PAST_HOSTS);
    net_lab_mark(&host.lab);
    net_lab_fault(&host.lab, RCS_FAULT_KILL, host.victim);
    assert_true(net_wait_for(&host.lab, "election-won", NET_ALL, 0, 60000));
    net_lab_wait(&host.lab, 500);
    int owner = owner_of(&host);
    int64_t won = net_first(&host.lab, "election-won", NET_ALL, 0, 0);
    unsigned rest = NET_ALL & ~NET_BIT(owner) & ~NET_BIT(host.victim);
    figures_add(out, "win_late", net_last(&host.lab, "state-ok", rest, 0, 0) - won >= 20);
    net_lab_close(&host.lab);
}

/* --- two sites -------------------------------------------------------------------------------- */

static void run_sites(struct figures *recorded, struct figures *out, uint64_t seed, int timeout_ms,
                      int cut_ms, enum fault fault)
{
    struct net_lab lab;
    int a[NET_LAB_NODES], b[NET_LAB_NODES];
    net_lab_init(&lab, &net_ab33, seed, timeout_ms, "lan", NET_PAST_SITES);
    struct net_client *client = net_client_new(&lab, 2, NULL, 2, 20, 250);
    net_clients_run(&lab, &client, 1, 500);
    net_lab_mark(&lab);
    unsigned a_count = net_lab_site(&lab, "A", a), b_count = net_lab_site(&lab, "B", b);
    unsigned at_a = 0, at_b = 0;
    for (unsigned i = 0; i < 3; i++) {
        at_a |= NET_BIT(a[i]);
        at_b |= NET_BIT(b[i]);
    }
    begin_cut(&lab, fault, a, a_count, b, b_count);
    net_clients_run(&lab, &client, 1, cut_ms);
    int64_t heal_ms = net_lab_ms(&lab);
    rcs_sim_heal(lab.sim, NULL, 0, NULL, 0);
    int64_t view_ms = net_wait_view(&lab, heal_ms + 3000 + 2 * timeout_ms);
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
    if (figure_named(recorded, "own_lost")->count > 0) {
        figures_add(out, "own_lost", net_client_lost(client, 5));
    }
    net_client_free(client);
    net_lab_close(&lab);
}

static void run_short_sites(struct figures *recorded, struct figures *out, uint64_t seed,
                            int cut_ms)
{
    struct net_lab lab;
    int a[NET_LAB_NODES], b[NET_LAB_NODES];
    net_lab_init(&lab, &net_ab33, seed, 1000, "lan", NET_PAST_SITES);
    net_lab_mark(&lab);
    unsigned a_count = net_lab_site(&lab, "A", a), b_count = net_lab_site(&lab, "B", b);
    begin_cut(&lab, DROP, a, a_count, b, b_count);
    net_lab_wait(&lab, cut_ms);
    rcs_sim_heal(lab.sim, NULL, 0, NULL, 0);
    int64_t view_ms = net_wait_view(&lab, cut_ms + 5000);
    int64_t won = net_first(&lab, "election-won", NET_ALL, 0, 0);
    figures_add(out, "failover", won != NET_NEVER);
    figures_add(out, "pfail", net_first(&lab, "pfail", NET_ALL, 0, 0) != NET_NEVER);
    if (figure_named(recorded, "won")->count > 0) {
        net_add(out, "won", won, 0);
        net_add(out, "heal_to_view", view_ms, cut_ms);
    }
    net_lab_close(&lab);
}

/* --- against what was recorded ---------------------------------------------------------------- */

enum kind { HOST, SHORT_HOST, MTU, SITES, SHORT_SITES };

static const struct experiment {
    const char *name; /* tests/vectors/network/NAME.txt */
    enum kind kind;
    enum fault fault;
    int timeout_ms, cut_ms;
    bool brief; /* in the short form as well */
} experiments[] = {
    { "host_drop_nt1000", HOST, DROP, 1000, 0, true },
    { "host_kill_nt1000", HOST, KILL, 1000, 0, false },
    { "host_arp_nt1000", HOST, DROP, 1000, 0, false },
    { "host_linkdown_nt1000", HOST, DROP, 1000, 0, false },
    { "host_rst_nt1000", HOST, RST, 1000, 0, true },
    { "host_icmp_nt1000", HOST, ICMP, 1000, 0, true },
    { "host_drop_nt5000", HOST, DROP, 5000, 0, false },
    { "host_kill_nt5000", HOST, KILL, 5000, 0, false },
    { "host_kill_mtu65000", MTU, KILL, 1000, 65000, true },
    { "host_kill_mtu1500", MTU, KILL, 1000, 1500, false },
    { "shortcut_host_500", SHORT_HOST, DROP, 1000, 500, false },
    { "shortcut_host_1000", SHORT_HOST, DROP, 1000, 1000, true },
    { "shortcut_host_1500", SHORT_HOST, DROP, 1000, 1500, true },
    { "shortcut_site_500", SHORT_SITES, DROP, 1000, 500, false },
    { "shortcut_site_1000", SHORT_SITES, DROP, 1000, 1000, true },
    { "shortcut_site_1500", SHORT_SITES, DROP, 1000, 1500, false },
    { "partition_drop_nt1000", SITES, DROP, 1000, 3000, true },
    { "partition_drop_nt5000", SITES, DROP, 5000, 15000, false },
    { "partition_drop_nt15000", SITES, DROP, 15000, 30000, false },
    { "partition_rst_nt1000", SITES, RST, 1000, 3000, false },
    { "partition_icmp_nt1000", SITES, ICMP, 1000, 3000, false },
    { "partition_atob_nt1000", SITES, ONEWAY, 1000, 5000, true },
};

static void run_once(const struct experiment *e, struct figures *recorded, struct figures *out,
                     uint64_t seed)
{
    switch (e->kind) {
    case HOST:
        run_host(recorded, out, seed, e->timeout_ms, e->fault);
        break;
    case SHORT_HOST:
        run_short_host(recorded, out, seed, e->cut_ms);
        break;
    case MTU:
        run_mtu(recorded, out, seed, e->cut_ms == 65000 ? "loopback" : "lan");
        break;
    case SITES:
        run_sites(recorded, out, seed, e->timeout_ms, e->cut_ms, e->fault);
        break;
    case SHORT_SITES:
        run_short_sites(recorded, out, seed, e->cut_ms);
        break;
    }
}

static void experiment(void **state)
{
    const struct experiment *e = *state;
    struct figures recorded, ours = { .count = 0 };
    figures_load(&recorded, e->name);
    for (uint64_t seed = 1; seed <= (is_long ? 500u : 40u); seed++) {
        run_once(e, &recorded, &ours, seed);
    }
    verdicts_add(&verdicts, e->name, &recorded, &ours);
    figures_close(&recorded);
    figures_close(&ours);
}

static void all_agree(void **state)
{
    (void)state;
    assert_int_equal(verdicts_judge(&verdicts, 0.01), 0);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[sizeof(experiments) / sizeof(experiments[0]) + 1];
    size_t count = 0;
    const char *only = getenv("RCS_ONLY");
    is_long = (argc > 1 && strcmp(argv[1], "long") == 0) || getenv("RCS_LONG") != NULL;
    for (size_t i = 0; i < sizeof(experiments) / sizeof(experiments[0]); i++) {
        if (only == NULL ? is_long || experiments[i].brief
                         : strstr(experiments[i].name, only) != NULL) {
            tests[count++] = (struct CMUnitTest){ experiments[i].name, experiment, NULL, NULL,
                                                  (void *)(uintptr_t)&experiments[i] };
        }
    }
    tests[count++] = (struct CMUnitTest){ "all agree", all_agree, NULL, NULL, NULL };
    return _cmocka_run_group_tests("net_cuts", tests, count, NULL, NULL);
}
