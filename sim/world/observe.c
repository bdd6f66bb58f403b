/* What is recorded of a run: packet-level records into one digest, milestones into a second one;
 * the trace, the log and who watches hear of the same things. */
#include <stdlib.h>
#include <string.h>

#include "sim/words.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

/* First byte of a record. The numbers are part of the digest: new ones go to the end. */
enum record_kind {
    RECORD_BUS = 1,
    RECORD_LINK,
    RECORD_DATA,
    RECORD_FAULT,
    RECORD_MILESTONE,
    RECORD_OUTSIDE
};

/* Nodes by number; -1, a client outside or nobody, is 0xffff. */
static uint64_t head(enum record_kind kind, unsigned what, int a, int b)
{
    return (uint64_t)kind | (uint64_t)(what & 0xff) << 8 | (uint64_t)(uint16_t)a << 16 |
           (uint64_t)(uint16_t)b << 32;
}

static bool packets_traced(const struct rcs_sim *sim)
{
    return sim->trace != NULL && rcs_trace_level_of(sim->trace) == RCS_TRACE_PACKETS;
}

static int party(const struct rcs_conn *c, unsigned end)
{
    return end == 0 && c->kind == RCS_CONN_SESSION ? -1 : (int)c->party[end];
}

RCS_HOT void rcs_observe_bus(struct rcs_sim *sim, unsigned from, unsigned to,
                             const struct rcs_bus_msg *msg)
{
    uint64_t words[3] = { (uint64_t)sim->now_us, head(RECORD_BUS, msg->type, (int)from, (int)to),
                          msg->hash };
    rcs_record_words(&sim->packets, words, 3);
    if (packets_traced(sim)) {
        rcs_trace_bus(sim->trace, from, to, msg);
    }
}

void rcs_observe_link(struct rcs_sim *sim, enum rcs_link_news news, uint32_t conn, unsigned end)
{
    const struct rcs_conn *c = rcs_network_conn(&sim->net, conn);
    if (c->kind == RCS_CONN_BUS && news == RCS_LINK_NEWS_FAILED) {
        return; /* a refused one is not simulated everywhere, see links.c */
    }
    uint64_t words[2] = { (uint64_t)sim->now_us,
                          head(RECORD_LINK, (unsigned)news | (unsigned)c->kind << 4, party(c, end),
                               party(c, 1 - end)) };
    rcs_record_words(&sim->packets, words, 2);
    if (packets_traced(sim)) {
        rcs_trace_link(sim->trace, news, conn, end);
    }
}

static uint64_t item_hash(enum rcs_item item, const void *value)
{
    if (item == RCS_ITEM_BLOB) {
        const struct rcs_blob *blob = value;
        return rcs_record_hash(blob->bytes, blob->size_bytes);
    }
    if (item == RCS_ITEM_SNAPSHOT) {
        const struct rcs_snapshot *snapshot = value;
        return (uint64_t)snapshot->keys << 40 ^ snapshot->size_bytes ^
               (uint64_t)snapshot->repl_offset << 20;
    }
    const struct rcs_request *request = value;
    if (request->argc == 0) {
        return 0;
    }
    /* The words stand one behind the other; where each ends is hashed beside them. */
    size_t size_bytes = 0;
    uint64_t hash = request->argc;
    for (unsigned i = 0; i < request->argc; i++) {
        size_bytes += request->args[i].size_bytes;
        hash = (hash ^ size_bytes) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return hash ^ rcs_record_hash(request->args[0].bytes, size_bytes);
}

RCS_HOT void rcs_observe_data(struct rcs_sim *sim, uint32_t conn, unsigned way, enum rcs_item item,
                              const void *value)
{
    const struct rcs_conn *c = rcs_network_conn(&sim->net, conn);
    uint64_t words[3] = { (uint64_t)sim->now_us,
                          head(RECORD_DATA, (unsigned)item, party(c, way), party(c, 1 - way)),
                          item_hash(item, value) };
    rcs_record_words(&sim->packets, words, 3);
    if (packets_traced(sim)) {
        rcs_trace_data(sim->trace, conn, way, item, words[2]);
    }
}

void rcs_observe_outside(struct rcs_sim *sim, enum rcs_outside_news news, uint32_t number,
                         unsigned node, const struct rcs_address *peer, const void *bytes,
                         size_t size_bytes)
{
    /* Where a program comes from differs from session to session; what it says is what counts. */
    uint64_t words[3] = { (uint64_t)sim->now_us,
                          head(RECORD_OUTSIDE, (unsigned)news, (int)node, 0) | (uint64_t)number
                                                                                   << 48,
                          bytes == NULL ? size_bytes : rcs_record_hash(bytes, size_bytes) };
    rcs_record_words(&sim->packets, words, 3);
    /* What came in is needed to run it again, at every level. */
    if (sim->trace != NULL && (news != RCS_OUTSIDE_REPLY || packets_traced(sim))) {
        rcs_trace_outside(sim->trace, news, number, node, peer, bytes, size_bytes);
    }
}

void rcs_observe_fault(struct rcs_sim *sim, const char *name, const int *nodes, unsigned count,
                       const int *others, unsigned other_count, int64_t number)
{
    uint64_t words[4] = { (uint64_t)sim->now_us,
                          head(RECORD_FAULT, 0, (int)count, (int)other_count),
                          rcs_record_hash(name, strlen(name)), (uint64_t)number };
    if (rcs_watched(sim)) {
        sim->watch.fault(sim->watch.arg, name);
    }
    rcs_record_words(&sim->packets, words, 4);
    for (unsigned i = 0; i < count + other_count; i++) {
        uint64_t node = (uint64_t)(i < count ? nodes[i] : others[i - count]);
        rcs_record_words(&sim->packets, &node, 1);
    }
    if (sim->trace != NULL) {
        rcs_trace_fault(sim->trace, name, nodes, count, others, other_count, number);
    }
}

/* --- milestones ------------------------------------------------------------------------------- */

struct rcs_kept_milestones {
    struct rcs_milestone *list;
    unsigned count, room;
};

void rcs_observe_keep(struct rcs_sim *sim)
{
    sim->kept = calloc(1, sizeof(*sim->kept));
    RCS_ASSERT(sim->kept != NULL);
}

void rcs_observe_close(struct rcs_sim *sim)
{
    if (sim->kept != NULL) {
        free(sim->kept->list);
        free(sim->kept);
    }
}

const char *rcs_observe_on(const struct rcs_event *event)
{
    return event->kind == RCS_EVENT_BUS_MSG ? rcs_bus_type_name(event->bus_msg->type)
                                            : rcs_event_kind_name(event->kind);
}

/* The log line's text, for the life of the world. */
static const char *kept_text(struct rcs_sim *sim, const struct rcs_fact *fact)
{
    if (rcs_words((enum rcs_release)fact->release, (enum rcs_fact_code)fact->code).text == NULL) {
        return NULL;
    }
    rcs_buf_clear(&sim->log_line);
    rcs_fact_text(&sim->log_line, sim->store, fact);
    char *text = rcs_store_alloc(sim->store, sim->log_line.size_bytes + 1);
    memcpy(text, sim->log_line.data, sim->log_line.size_bytes);
    text[sim->log_line.size_bytes] = '\0';
    return text;
}

static void keep_milestone(struct rcs_sim *sim, unsigned node, const struct rcs_fact *fact)
{
    const struct rcs_fact_row *row = rcs_fact_row((enum rcs_fact_code)fact->code);
    struct rcs_kept_milestones *kept = sim->kept;
    kept->list = rcs_grow(kept->list, &kept->room, kept->count + 1, sizeof(kept->list[0]));
    kept->list[kept->count++] = (struct rcs_milestone){
        .at_us = sim->now_us,
        .node = (int)node,
        .what = row->trace,
        .about = rcs_sim_node_of(sim, fact->about),
        .by = rcs_sim_node_of(sim, fact->by),
        .fields = { row->fields[0], row->fields[1], row->fields[2] },
        .values = { fact->v[0], fact->v[1], fact->v[2] },
        .text = kept_text(sim, fact),
        .on = rcs_observe_on(sim->on),
        .on_from = sim->on_from,
    };
}

bool rcs_sim_milestone(const struct rcs_sim *sim, size_t index, struct rcs_milestone *out)
{
    if (sim->kept == NULL || index >= sim->kept->count) {
        return false;
    }
    *out = sim->kept->list[index];
    return true;
}

/* The name counts, not the number of the code: a new row elsewhere changes no digest. */
static void record_milestone(struct rcs_sim *sim, unsigned node, const struct rcs_fact *fact)
{
    const char *name = rcs_fact_row((enum rcs_fact_code)fact->code)->trace;
    uint64_t words[6] = { (uint64_t)sim->now_us,
                          head(RECORD_MILESTONE, 0, (int)node, rcs_sim_node_of(sim, fact->about)) |
                              (uint64_t)(uint16_t)rcs_sim_node_of(sim, fact->by) << 48,
                          rcs_record_hash(name, strlen(name)),
                          (uint64_t)fact->v[0],
                          (uint64_t)fact->v[1],
                          (uint64_t)fact->v[2] };
    rcs_record_words(&sim->packets, words, 6);
    rcs_record_words(&sim->milestones, words, 6);
    sim->counts.milestones++;
}

static bool is_logged(const struct rcs_facts *facts, const struct rcs_fact *fact)
{
    struct rcs_words words =
        rcs_words((enum rcs_release)fact->release, (enum rcs_fact_code)fact->code);
    return words.text != NULL && words.level >= facts->level;
}

void rcs_observe_facts(struct rcs_sim *sim, unsigned node)
{
    rcs_id myself = rcs_node_cluster(sim->nodes[node].machine)->myself;
    if (myself != sim->nodes[node].id) {
        rcs_host_identity(sim, node, myself); /* before its first fact is said */
    }
    const struct rcs_facts *facts = &sim->effects.facts;
    for (size_t i = 0; i < facts->count; i++) {
        const struct rcs_fact *fact = &facts->list[i];
        const struct rcs_fact_row *row = rcs_fact_row((enum rcs_fact_code)fact->code);
        if (row->milestone) {
            record_milestone(sim, node, fact);
            if (rcs_watched(sim)) {
                sim->watch.fact(sim->watch.arg, node, fact);
            }
            if (sim->kept != NULL) {
                keep_milestone(sim, node, fact);
            }
            if (sim->trace != NULL) {
                rcs_trace_milestone(sim->trace, node, fact);
            }
        } else if (row->cause && sim->trace != NULL) {
            rcs_trace_milestone(sim->trace, node, fact);
        }
        if (sim->log_fn != NULL && is_logged(facts, fact)) {
            rcs_log_fact(sim, node, fact);
        }
    }
}

/* --- who watches ------------------------------------------------------------------------------ */

void rcs_sim_watch(struct rcs_sim *sim, const struct rcs_watch *watch)
{
    RCS_ASSERT(!rcs_watched(sim) && sim->counts.events == 0);
    sim->watch = *watch;
}

const struct rcs_watch *rcs_sim_watched(const struct rcs_sim *sim)
{
    return &sim->watch;
}

void rcs_watch_conf(struct rcs_sim *sim, unsigned node, bool fsync, bool process)
{
    if (rcs_watched(sim)) {
        sim->watch.conf(sim->watch.arg, node, sim->nodes[node].conf, fsync, process);
    }
}

/* --- what callers ask ------------------------------------------------------------------------- */

uint64_t rcs_sim_digest(const struct rcs_sim *sim)
{
    return rcs_record_digest(&sim->packets);
}

uint64_t rcs_sim_milestone_digest(const struct rcs_sim *sim)
{
    return rcs_record_digest(&sim->milestones);
}

void rcs_sim_counts(const struct rcs_sim *sim, struct rcs_sim_counts *out)
{
    *out = sim->counts;
    out->memory_bytes =
        sizeof(*sim) + rcs_store_bytes(sim->store) + rcs_queue_bytes(&sim->queue) +
        rcs_network_bytes(&sim->net) + sim->node_room * sizeof(sim->nodes[0]) +
        sim->node_of_id_room * sizeof(sim->node_of_id[0]) +
        (sim->target_room[0] + (size_t)sim->target_room[1]) * sizeof(struct rcs_target);
    for (unsigned i = 0; i < sim->node_count; i++) {
        const struct rcs_world_node *n = &sim->nodes[i];
        out->memory_bytes += n->link_room * sizeof(n->links[0]) +
                             n->refusal_room * sizeof(n->refusals[0]) +
                             n->inbox_room * sizeof(n->inbox[0]);
    }
}
