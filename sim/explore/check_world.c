/* The checks, told by a world what happens in it. */
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/slot_map.h"
#include "sim/explore/check_parts.h"
#include "sim/world/watch.h"
#include "sim/world/world.h"

#include "sim/pure.h"

struct watcher {
    struct rcs_check *check;
    struct rcs_sim *sim;
};

static struct rcs_check_disk on_disk(const struct rcs_saved_config *conf)
{
    struct rcs_check_disk disk = { .myself = conf->myself,
                                   .known = conf->count,
                                   .current_epoch = conf->current_epoch,
                                   .last_vote_epoch = conf->last_vote_epoch };
    for (unsigned i = 0; i < conf->count; i++) {
        const struct rcs_saved_peer *peer = &conf->peers[i];
        bool master = (peer->flags & RCS_NODE_MASTER) != 0;
        const struct rcs_slot_set *slots = rcs_slot_map_set(conf->slots, peer->id);
        disk.masters += master && slots != NULL && slots->count > 0;
        if (peer->id == conf->myself) {
            disk.master = master;
            disk.config_epoch = peer->config_epoch;
        }
    }
    return disk;
}

/* --- what the world tells --------------------------------------------------------------------- */

static bool sent(void *arg, unsigned node, int to, const struct rcs_bus_msg *msg)
{
    const struct watcher *watcher = arg;
    int about = msg->type == RCS_BUS_FAIL ? rcs_sim_node_of(watcher->sim, msg->body.about) : -1;
    return rcs_check_sent(watcher->check, rcs_sim_now(watcher->sim), node, to, about, msg);
}

static void stepped(void *arg, unsigned node)
{
    const struct watcher *watcher = arg;
    rcs_check_stepped(watcher->check, rcs_sim_now(watcher->sim), node);
}

static void vote_came(void *arg, unsigned node, unsigned voter, const struct rcs_bus_msg *msg)
{
    const struct watcher *watcher = arg;
    rcs_check_vote_came(watcher->check, node, voter, msg->current_epoch);
}

static void look_for_lost(struct rcs_sim *sim, int node, enum rcs_check_way way, rcs_us since_us)
{
    for (unsigned i = 0; node >= 0 && i < rcs_sim_workloads(sim); i++) {
        struct rcs_workload *workload = rcs_sim_workload(sim, i);
        if (workload != NULL) {
            rcs_workload_mark(workload, node, (uint8_t)way, since_us);
        }
    }
}

static void fact(void *arg, unsigned node, const struct rcs_fact *said)
{
    const struct watcher *watcher = arg;
    struct rcs_check_fact told = {
        .code = said->code,
        .what = rcs_fact_row((enum rcs_fact_code)said->code)->trace,
        .about = rcs_sim_node_of(watcher->sim, said->about),
        .values = { said->v[0], said->v[1], said->v[2] },
        .node_timeout_ms = rcs_sim_config(watcher->sim, (int)node)->node_timeout_ms,
        .keys = rcs_keyspace_size(rcs_node_keyspace(rcs_sim_node(watcher->sim, (int)node))),
    };
    enum rcs_check_way way = rcs_check_fact(watcher->check, rcs_sim_now(watcher->sim), node, &told);
    if (way != RCS_WAY_NONE) {
        look_for_lost(watcher->sim, way == RCS_WAY_DEMOTION ? told.about : (int)node, way,
                      rcs_sim_now(watcher->sim));
    }
}

static void conf(void *arg, unsigned node, const struct rcs_saved_config *saved, bool fsync,
                 bool process)
{
    const struct watcher *watcher = arg;
    struct rcs_check_disk disk;
    if (saved != NULL) {
        disk = on_disk(saved);
    }
    if (process && saved != NULL) {
        rcs_check_saved(watcher->check, rcs_sim_now(watcher->sim), node, &disk, fsync);
    } else if (!process) {
        rcs_check_replaced(watcher->check, node, saved == NULL ? NULL : &disk);
    }
}

static void started(void *arg, unsigned node, const struct rcs_saved_config *saved)
{
    const struct watcher *watcher = arg;
    struct rcs_check_disk disk;
    if (saved != NULL) {
        disk = on_disk(saved);
    }
    rcs_check_started(watcher->check, rcs_sim_now(watcher->sim), node,
                      rcs_check_series(rcs_sim_release(watcher->sim, (int)node)),
                      saved == NULL ? NULL : &disk);
}

static void ended(void *arg, unsigned node)
{
    const struct watcher *watcher = arg;
    rcs_check_ended(watcher->check, rcs_sim_now(watcher->sim), node);
}

/* After these messages may come later than their paths are long. Latencies that hold from the
 * beginning are paths, too. */
static void fault(void *arg, const char *name)
{
    static const char *const late[] = { "sleep",   "pause",      "partition",   "partition-oneway",
                                        "latency", "bandwidth",  "loss",        "link",
                                        "fsync",   "reject-rst", "reject-icmp", "poweroff" };
    const struct watcher *watcher = arg;
    rcs_us now = rcs_sim_now(watcher->sim);
    for (size_t i = 0; now > 0 && i < sizeof(late) / sizeof(late[0]); i++) {
        if (strcmp(name, late[i]) == 0) {
            rcs_check_disturbed(watcher->check, now);
        }
    }
    if (strncmp(name, "clock", strlen("clock")) == 0) {
        rcs_check_clock_put(watcher->check);
    }
}

static void free_watcher(void *arg)
{
    struct watcher *watcher = arg;
    rcs_check_free(watcher->check);
    free(watcher);
}

static const char *name_of(const void *arg, int node)
{
    return rcs_sim_node_name(arg, node);
}

struct rcs_check *rcs_check_watch(struct rcs_sim *sim)
{
    struct watcher *watcher = malloc(sizeof(*watcher));
    RCS_ASSERT(watcher != NULL);
    *watcher = (struct watcher){ .check = rcs_check_new(), .sim = sim };
    rcs_check_names(watcher->check, name_of, sim);
    rcs_sim_watch(sim, &(struct rcs_watch){ .arg = watcher,
                                            .sent = sent,
                                            .stepped = stepped,
                                            .vote_came = vote_came,
                                            .fact = fact,
                                            .conf = conf,
                                            .started = started,
                                            .ended = ended,
                                            .fault = fault,
                                            .free = free_watcher });
    return watcher->check;
}

struct rcs_check *rcs_check_of(const struct rcs_sim *sim)
{
    const struct rcs_watch *watch = rcs_sim_watched(sim);
    return watch->sent == sent ? ((const struct watcher *)watch->arg)->check : NULL;
}

/* --- what is asked of the world --------------------------------------------------------------- */

void rcs_check_healed(struct rcs_check *check, struct rcs_sim *sim)
{
    unsigned count = rcs_sim_node_count(sim);
    if (count > check->view_room) {
        check->views = realloc(check->views, count * sizeof(check->views[0]));
        check->opinions =
            realloc(check->opinions, (size_t)count * count * sizeof(check->opinions[0]));
        check->known = realloc(check->known, (size_t)count * count * sizeof(check->known[0]));
        RCS_ASSERT(check->views != NULL && check->opinions != NULL && check->known != NULL);
        check->view_room = count;
    }
    for (unsigned viewer = 0; viewer < count; viewer++) {
        rcs_sim_view(sim, (int)viewer, &check->views[viewer]);
        for (unsigned node = 0; node < count; node++) {
            unsigned at = viewer * count + node;
            check->known[at] = rcs_sim_opinion(sim, (int)viewer, (int)node, &check->opinions[at]);
        }
    }
    struct rcs_check_views views = {
        .count = count, .views = check->views, .opinions = check->opinions, .known = check->known
    };
    rcs_check_views(check, rcs_sim_now(sim), &views);
    check->disturbed_us = RCS_NEVER;
}

static struct rcs_check_write as_seen(const struct rcs_lost_write *write)
{
    enum rcs_check_way way = (enum rcs_check_way)write->way;
    return (struct rcs_check_write){
        .node = write->node,
        .at_us = write->at_us,
        .confirmed = write->confirmed,
        .reread = write->reread,
        .way = way == RCS_WAY_NONE && write->two_owners ? RCS_WAY_OWNERS : way,
    };
}

static void take_lost(void *arg, const struct rcs_lost_write *write)
{
    struct rcs_check_write seen = as_seen(write);
    rcs_check_lost(arg, &seen);
}

static void take_stale(void *arg, const struct rcs_stale_read *read)
{
    struct rcs_check_write seen = as_seen(&read->of);
    rcs_check_stale(arg, &seen, read->node, read->at_us);
}

void rcs_check_touched(struct rcs_sim *sim, int node, rcs_us since_us)
{
    look_for_lost(sim, node, RCS_WAY_DELETED, since_us);
}

void rcs_check_data(struct rcs_check *check, struct rcs_sim *sim)
{
    struct rcs_wrong_reads wrong = { .count = 0, .node = -1 };
    for (unsigned i = 0; i < rcs_sim_workloads(sim); i++) {
        const struct rcs_workload *workload = rcs_sim_workload(sim, i);
        if (workload != NULL) {
            const struct rcs_wrong_reads *reads = rcs_workload_wrong_reads(workload);
            rcs_workload_lost_each(workload, take_lost, check);
            rcs_workload_stale_each(workload, take_stale, check);
            wrong.node = wrong.count == 0 && reads->count > 0 ? reads->node : wrong.node;
            wrong.count += reads->count;
        }
    }
    rcs_check_writes(check, rcs_sim_now(sim), wrong.count, wrong.node);
}
