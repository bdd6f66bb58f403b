/* The table of faults: what may be done to which node in which state, and how. */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/saved_config.h"
#include "sim/world/parts.h"
#include "sim/world/trace_events.h"

#include "sim/pure.h"

/* --- one node at a time ----------------------------------------------------------------------- */

static void start(struct rcs_sim *sim, unsigned node)
{
    rcs_host_start(sim, node);
}

static void stop(struct rcs_sim *sim, unsigned node)
{
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->frozen) {
        n->shutdown_waits = true; /* the signal is handled when it runs again */
        return;
    }
    rcs_links_refusals(sim, node);
    struct rcs_event event = { .at_us = sim->now_us,
                               .kind = RCS_EVENT_SHUTDOWN,
                               .link = RCS_LINK_NONE };
    rcs_sim_step_node(sim, node, &event, -1);
}

static void pause_process(struct rcs_sim *sim, unsigned node)
{
    if (!sim->nodes[node].blocked) {
        rcs_links_refusals(sim, node);
    }
    sim->nodes[node].polls = !sim->nodes[node].frozen;
    sim->nodes[node].paused = sim->nodes[node].frozen = true;
    sim->nodes[node].life = RCS_LIFE_PAUSED;
}

static void resume(struct rcs_sim *sim, unsigned node)
{
    sim->nodes[node].paused = false;
    sim->nodes[node].life = RCS_LIFE_UP;
    rcs_sim_thaw(sim, node, true);
}

static void lose_conf(struct rcs_sim *sim, unsigned node)
{
    rcs_host_save_conf(sim, node, NULL);
    rcs_watch_conf(sim, node, true, false);
}

static void lose_data(struct rcs_sim *sim, unsigned node)
{
    rcs_host_save_dump(sim, node, NULL);
    rcs_host_lose_aof(sim, node);
}

static void stale_conf(struct rcs_sim *sim, unsigned node)
{
    rcs_host_put_back_conf(sim, node);
}

/* --- the table -------------------------------------------------------------------------------- */

#define IN(life)   (1u << RCS_LIFE_##life)
#define NO_PROCESS (IN(NEVER_STARTED) | IN(DOWN) | IN(OFF))

struct fault_row {
    const char *name;
    unsigned lives;                                   /* states in which it is possible */
    void (*each)(struct rcs_sim *sim, unsigned node); /* NULL: ends processes, all at once */
    const char *otherwise;                            /* what a node must be, for the message */
    const char *words;                                /* as a scenario says it; NULL: the name */
};

/* clang-format off */
static const struct fault_row rows[] = {
    [RCS_FAULT_START]     = { "start",     NO_PROCESS,               start,         "it must not be running", NULL },
    [RCS_FAULT_KILL]      = { "kill",      IN(UP) | IN(PAUSED),      NULL,          "it must be running or paused", NULL },
    [RCS_FAULT_STOP]      = { "stop",      IN(UP),                   stop,          "it must be running", NULL },
    [RCS_FAULT_PAUSE]     = { "pause",     IN(UP),                   pause_process, "it must be running", NULL },
    [RCS_FAULT_RESUME]    = { "resume",    IN(PAUSED),               resume,        "it must be paused", NULL },
    [RCS_FAULT_POWEROFF]  = { "poweroff",  ~IN(OFF),                 NULL,          "its host must have power", NULL },
    [RCS_FAULT_LOSE_CONF] = { "lose-conf", NO_PROCESS,               lose_conf,     "it must not be running", "lose conf" },
    [RCS_FAULT_LOSE_DATA] = { "lose-data", NO_PROCESS,               lose_data,     "it must not be running", "lose data" },
    [RCS_FAULT_STALE_CONF] = { "stale-conf", NO_PROCESS,             stale_conf,    "it must not be running", "restore conf" },
};
static const char *const life_names[] = {
    [RCS_LIFE_NEVER_STARTED] = "was never started", [RCS_LIFE_UP] = "is running",
    [RCS_LIFE_PAUSED] = "is paused", [RCS_LIFE_DOWN] = "is down",
    [RCS_LIFE_OFF] = "is on a host without power",
};
/* clang-format on */

const char *rcs_fault_name(enum rcs_fault fault)
{
    RCS_ASSERT((unsigned)fault < RCS_FAULT_COUNT);
    return rows[fault].name;
}

enum rcs_node_life rcs_sim_node_life(const struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    return (enum rcs_node_life)sim->nodes[node].life;
}

/* Power goes from hosts: whoever shares one is marked too. */
static void mark_hosts(struct rcs_sim *sim)
{
    for (unsigned i = 0; i < sim->node_count; i++) {
        for (unsigned j = 0; !sim->marked[i] && j < sim->node_count; j++) {
            sim->marked[i] = sim->marked[j] && sim->nodes[j].host == sim->nodes[i].host;
        }
    }
}

static void end_all(struct rcs_sim *sim, enum rcs_fault fault)
{
    if (fault == RCS_FAULT_POWEROFF) {
        mark_hosts(sim);
    }
    rcs_host_end(sim, sim->marked, fault == RCS_FAULT_POWEROFF);
}

static enum rcs_err check_copies(const struct rcs_sim *sim, const int *nodes, unsigned count,
                                 struct rcs_diag *diag)
{
    for (unsigned i = 0; i < count; i++) {
        if (sim->nodes[nodes[i]].kept_conf == NULL) {
            return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                                "%s has no older nodes.conf: no copy was kept",
                                sim->nodes[nodes[i]].name);
        }
    }
    return RCS_OK;
}

/* A port of one host belongs to one process: a real server would not come up. `marked` are about to
 * be started. */
static enum rcs_err check_ports(const struct rcs_sim *sim, const int *nodes, unsigned count,
                                struct rcs_diag *diag)
{
    for (unsigned i = 0; i < count; i++) {
        const struct rcs_world_node *n = &sim->nodes[nodes[i]];
        for (unsigned j = 0; j < sim->node_count; j++) {
            const struct rcs_world_node *other = &sim->nodes[j];
            unsigned port;
            if (other != n && (other->machine != NULL || sim->marked[j]) &&
                rcs_host_ports_clash(n, other, &port)) {
                return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                                    "cannot start %s: port %u of %s belongs to %s", n->name, port,
                                    n->ip, other->name);
            }
        }
    }
    return RCS_OK;
}

bool rcs_sim_fault_fits(struct rcs_sim *sim, enum rcs_fault fault, int node)
{
    RCS_ASSERT((unsigned)fault < RCS_FAULT_COUNT && node >= 0 && (unsigned)node < sim->node_count);
    return (rows[fault].lives >> sim->nodes[node].life & 1) != 0 &&
           (fault != RCS_FAULT_STALE_CONF || sim->nodes[node].kept_conf != NULL) &&
           (fault != RCS_FAULT_START || check_ports(sim, &node, 1, NULL) == RCS_OK);
}

enum rcs_err rcs_sim_fault(struct rcs_sim *sim, enum rcs_fault fault, const int *nodes,
                           unsigned count, struct rcs_diag *diag)
{
    RCS_ASSERT((unsigned)fault < RCS_FAULT_COUNT);
    const struct fault_row *row = &rows[fault];
    for (unsigned i = 0; i < count; i++) {
        RCS_ASSERT(nodes[i] >= 0 && (unsigned)nodes[i] < sim->node_count);
        const struct rcs_world_node *n = &sim->nodes[nodes[i]];
        if (!(row->lives >> n->life & 1)) {
            return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "cannot %s %s: it %s, and %s",
                                row->words != NULL ? row->words : row->name, n->name,
                                life_names[n->life], row->otherwise);
        }
    }
    enum rcs_err none =
        fault == RCS_FAULT_STALE_CONF ? check_copies(sim, nodes, count, diag) : RCS_OK;
    if (none != RCS_OK) {
        return none;
    }
    for (unsigned i = 0; i < count; i++) {
        sim->marked[nodes[i]] = true; /* index order, and twice in the list is once */
    }
    enum rcs_err clash = fault == RCS_FAULT_START ? check_ports(sim, nodes, count, diag) : RCS_OK;
    if (clash != RCS_OK) {
        memset(sim->marked, 0, sim->node_count * sizeof(sim->marked[0]));
        return clash;
    }
    rcs_observe_fault(sim, row->name, nodes, count, NULL, 0, 0);
    if (row->each == NULL) {
        end_all(sim, fault);
    } else {
        bool *todo = malloc(sim->node_count * sizeof(todo[0]));
        RCS_ASSERT(todo != NULL);
        memcpy(todo, sim->marked, sim->node_count * sizeof(todo[0]));
        memset(sim->marked, 0, sim->node_count * sizeof(sim->marked[0])); /* scratch of `each` */
        for (unsigned i = 0; i < sim->node_count; i++) {
            if (todo[i] && row->lives >> sim->nodes[i].life & 1) {
                row->each(sim, i);
            }
        }
        free(todo);
    }
    memset(sim->marked, 0, sim->node_count * sizeof(sim->marked[0]));
    return RCS_OK;
}

/* --- the network ------------------------------------------------------------------------------ */

static void cut(struct rcs_sim *sim, enum rcs_cut kind, const int *from, unsigned from_count,
                const int *to, unsigned to_count, bool oneway)
{
    for (unsigned i = 0; i < from_count; i++) {
        for (unsigned j = 0; j < to_count; j++) {
            rcs_network_cut(&sim->net, (unsigned)from[i], (unsigned)to[j], kind);
            if (!oneway) {
                rcs_network_cut(&sim->net, (unsigned)to[j], (unsigned)from[i], kind);
            }
        }
    }
    rcs_network_trouble_began(&sim->net, sim->now_us);
}

void rcs_sim_partition(struct rcs_sim *sim, const int *from, unsigned from_count, const int *to,
                       unsigned to_count, bool oneway)
{
    rcs_observe_fault(sim, oneway ? "partition-oneway" : "partition", from, from_count, to,
                      to_count, 0);
    cut(sim, RCS_CUT_DROP, from, from_count, to, to_count, oneway);
}

void rcs_sim_reject(struct rcs_sim *sim, enum rcs_reject how, const int *from, unsigned from_count,
                    const int *to, unsigned to_count, bool oneway)
{
    rcs_observe_fault(sim, how == RCS_REJECT_RST ? "reject-rst" : "reject-icmp", from, from_count,
                      to, to_count, oneway);
    cut(sim, how == RCS_REJECT_RST ? RCS_CUT_RST : RCS_CUT_ICMP, from, from_count, to, to_count,
        oneway);
    if (how == RCS_REJECT_RST) {
        rcs_tcp_acks_refused(&sim->net, sim->now_us);
    }
}

void rcs_sim_heal(struct rcs_sim *sim, const int *a, unsigned a_count, const int *b,
                  unsigned b_count)
{
    rcs_observe_fault(sim, "heal", a, a_count, b, b_count, 0);
    if (a == NULL && b == NULL) {
        rcs_network_heal_all(&sim->net);
        return;
    }
    RCS_ASSERT(a != NULL && b != NULL);
    for (unsigned i = 0; i < a_count; i++) {
        for (unsigned j = 0; j < b_count; j++) {
            rcs_network_cut(&sim->net, (unsigned)a[i], (unsigned)b[j], RCS_CUT_NONE);
            rcs_network_cut(&sim->net, (unsigned)b[j], (unsigned)a[i], RCS_CUT_NONE);
        }
    }
}

bool rcs_sim_is_cut(const struct rcs_sim *sim, int from, int to)
{
    return rcs_network_cut_of(&sim->net, (unsigned)from, (unsigned)to) != RCS_CUT_NONE;
}

void rcs_sim_heal_ways(struct rcs_sim *sim, const int *ways, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const int *way = &ways[2 * i];
        rcs_observe_fault(sim, "heal-oneway", &way[0], 1, &way[1], 1, 0);
        rcs_network_cut(&sim->net, (unsigned)way[0], (unsigned)way[1], RCS_CUT_NONE);
    }
}

/* --- disks ------------------------------------------------------------------------------------ */

#define FSYNC_MAX_US RCS_S(3600)

enum rcs_err rcs_sim_fsync(struct rcs_sim *sim, const int *nodes, unsigned count, rcs_us fsync_us,
                           struct rcs_diag *diag)
{
    if (fsync_us < 0 || fsync_us > FSYNC_MAX_US) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0, "an fsync takes 0 to 3600 s, not %lld us",
                            (long long)fsync_us);
    }
    rcs_observe_fault(sim, "fsync", nodes, count, NULL, 0, fsync_us);
    for (unsigned i = 0; i < count; i++) {
        sim->nodes[nodes[i]].fsync_us = fsync_us;
    }
    return RCS_OK;
}

rcs_us rcs_sim_fsync_us(const struct rcs_sim *sim, int node)
{
    return sim->nodes[node].fsync_us;
}

void rcs_sim_disk(struct rcs_sim *sim, const int *nodes, unsigned count, bool full)
{
    rcs_observe_fault(sim, full ? "disk-full" : "disk-ok", nodes, count, NULL, 0, 0);
    for (unsigned i = 0; i < count; i++) {
        struct rcs_world_node *n = &sim->nodes[nodes[i]];
        if (full && !n->disk_full) {
            n->conf_room_bytes = rcs_host_conf_room(sim, (unsigned)nodes[i]);
        }
        n->disk_full = full;
        if (n->machine != NULL) {
            rcs_node_set_disk(n->machine, full, n->conf_room_bytes);
        }
    }
}

bool rcs_sim_disk_full(const struct rcs_sim *sim, int node)
{
    return sim->nodes[node].disk_full;
}

/* --- clocks ----------------------------------------------------------------------------------- */

#define DRIFT_PPM_MAX 10000

static void set_host_clock(struct rcs_sim *sim, unsigned host, const struct rcs_clock *host_clock)
{
    for (unsigned i = 0; i < sim->node_count; i++) {
        if (sim->nodes[i].host == host) {
            sim->nodes[i].host_clock = *host_clock;
            if (sim->nodes[i].machine != NULL) {
                rcs_node_set_clock(sim->nodes[i].machine, host_clock);
            }
        }
    }
}

rcs_us rcs_sim_clock_ahead(const struct rcs_sim *sim, int node)
{
    return rcs_clock_ahead(&sim->nodes[node].host_clock, sim->now_us);
}

static struct rcs_clock changed(const struct rcs_sim *sim, unsigned node,
                                enum rcs_clock_change change, int64_t value)
{
    const struct rcs_clock *before = &sim->nodes[node].host_clock;
    struct rcs_clock host_clock = { .ahead_us = rcs_clock_ahead(before, sim->now_us),
                                    .since_us = sim->now_us,
                                    .drift_ppm = before->drift_ppm };
    switch (change) {
    case RCS_CLOCK_JUMP:
        host_clock.ahead_us += value;
        break;
    case RCS_CLOCK_DRIFT:
        host_clock.drift_ppm = (int32_t)value;
        break;
    case RCS_CLOCK_BACK:
        host_clock = (struct rcs_clock){ .ahead_us = 0 };
        break;
    }
    return host_clock;
}

static enum rcs_err check_clock(const struct rcs_sim *sim, const int *nodes, unsigned count,
                                enum rcs_clock_change change, int64_t value, struct rcs_diag *diag)
{
    if (change == RCS_CLOCK_DRIFT && (value > DRIFT_PPM_MAX || value < -DRIFT_PPM_MAX)) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0, "a clock drifts by %dppm at most",
                            DRIFT_PPM_MAX);
    }
    for (unsigned i = 0; change == RCS_CLOCK_JUMP && i < count; i++) {
        rcs_us ahead_us = rcs_sim_clock_ahead(sim, nodes[i]);
        if (value > RCS_CLOCK_AHEAD_US_MAX - ahead_us ||
            value < -RCS_CLOCK_AHEAD_US_MAX - ahead_us) {
            return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0,
                                "the clock of %s would be more than a day off",
                                sim->nodes[nodes[i]].name);
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_sim_clock(struct rcs_sim *sim, const int *nodes, unsigned count,
                           enum rcs_clock_change change, int64_t value, struct rcs_diag *diag)
{
    static const char *const names[] = {
        [RCS_CLOCK_JUMP] = "clock-jump",
        [RCS_CLOCK_DRIFT] = "clock-drift",
        [RCS_CLOCK_BACK] = "clock-back",
    };
    enum rcs_err err = check_clock(sim, nodes, count, change, value, diag);
    if (err != RCS_OK) {
        return err;
    }
    rcs_observe_fault(sim, names[change], nodes, count, NULL, 0, value);
    for (unsigned i = 0; i < count; i++) {
        unsigned host = sim->nodes[nodes[i]].host;
        bool done = false; /* nodes of one host have one clock */
        for (unsigned j = 0; j < i; j++) {
            done |= sim->nodes[nodes[j]].host == host;
        }
        if (!done) {
            struct rcs_clock host_clock = changed(sim, (unsigned)nodes[i], change, value);
            set_host_clock(sim, host, &host_clock);
        }
    }
    return RCS_OK;
}

struct rcs_clock rcs_sim_clock_of(const struct rcs_sim *sim, int node)
{
    return sim->nodes[node].host_clock;
}

void rcs_sim_put_clock(struct rcs_sim *sim, int node, const struct rcs_clock *host_clock)
{
    rcs_observe_fault(sim, "clock-put", &node, 1, NULL, 0,
                      rcs_clock_ahead(host_clock, sim->now_us) - rcs_sim_clock_ahead(sim, node));
    set_host_clock(sim, sim->nodes[node].host, host_clock);
}

/* --- nodes.conf ------------------------------------------------------------------------------- */

enum rcs_err rcs_sim_keep_conf(struct rcs_sim *sim, const int *nodes, unsigned count,
                               struct rcs_diag *diag)
{
    for (unsigned i = 0; i < count; i++) {
        if (sim->nodes[nodes[i]].conf == NULL) {
            return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "%s has no nodes.conf to keep a copy of",
                                sim->nodes[nodes[i]].name);
        }
    }
    rcs_observe_fault(sim, "keep-conf", nodes, count, NULL, 0, 0);
    for (unsigned i = 0; i < count; i++) {
        rcs_host_keep_conf(sim, (unsigned)nodes[i]);
    }
    return RCS_OK;
}

/* --- bus messages ----------------------------------------------------------------------------- */

void rcs_sim_drop(struct rcs_sim *sim, int type, int from, int to, unsigned skip, unsigned count)
{
    int ends[2] = { from, to };
    int64_t how = (int64_t)(type + 1) << 48; /* as rcs_trace_drop reads it */
    how |= (int64_t)(skip < RCS_TRACE_DROP_MAX ? skip : RCS_TRACE_DROP_MAX) << 24;
    how |= count < RCS_TRACE_DROP_MAX ? count : RCS_TRACE_DROP_MAX;
    rcs_observe_fault(sim, "drop", &ends[0], from >= 0, &ends[1], to >= 0, how);
    unsigned kept = 0; /* rules that are used up make room */
    for (unsigned i = 0; i < sim->drop_count; i++) {
        if (sim->drops[i].count > 0) {
            sim->drops[kept++] = sim->drops[i];
        }
    }
    sim->drops = realloc(sim->drops, (kept + 1) * sizeof(sim->drops[0]));
    RCS_ASSERT(sim->drops != NULL);
    sim->drops[kept] = (struct rcs_drop_rule){
        .type = type, .from = from, .to = to, .skip = skip, .count = count
    };
    sim->drop_count = kept + 1;
}

void rcs_sim_drop_none(struct rcs_sim *sim)
{
    rcs_observe_fault(sim, "drop-none", NULL, 0, NULL, 0, 0);
    sim->drop_count = 0;
}
