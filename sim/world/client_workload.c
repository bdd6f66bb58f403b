/* Client programs that write and read all the time, and what became of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/slot_map.h"
#include "sim/keys/value.h"
#include "sim/world/client_program.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

#define KEYS_DEFAULT 1000
#define KEYS_MAX     1000000
#define EVERY_US     RCS_MS(50)
#define KEY_ROOM     128 /* a name of 31, a tag of 63, a number */
#define CALM         20  /* good operations in a row that end an outage */

/* A write that was answered OK: the number-th of its key. */
struct acknowledged {
    uint32_t key, number;
};

struct rcs_workload {
    struct rcs_sim *sim;
    unsigned number;
    struct rcs_workload_options options; /* texts and nodes are copies */
    char *name, *site, *tag;
    int *nodes;
    const struct rcs_client_kind *kind;
    struct rcs_rand chance;
    struct rcs_program *program;
    bool stopping, renew_now;

    /* the operation under way */
    bool busy, reading;
    rcs_us began_us;
    unsigned key; /* from 0 */

    /* per key: how often it was written, the last write that was acknowledged */
    uint32_t *written, *last;
    struct acknowledged *acknowledged;
    size_t acknowledged_count, acknowledged_room;

    struct rcs_workload_counts counts;
    uint64_t wrong;  /* reads of what was never written */
    rcs_us down_us;  /* when the outage under way began */
    rcs_us calm_us;  /* when the first good operation since ended */
    unsigned calm;   /* good ones since */
    rcs_us timer_us; /* RCS_NEVER: none */
    rcs_us event_us; /* of the earliest pending event for it */
};

/* --- time ------------------------------------------------------------------------------------- */

/* One timer is wanted at a time; an event that comes too early asks again. */
static void set_timer(struct rcs_workload *workload, rcs_us at_us)
{
    workload->timer_us = at_us;
    if (at_us < workload->event_us) {
        workload->event_us = at_us;
        rcs_queue_push(
            &workload->sim->queue, at_us,
            (struct rcs_pending){ .kind = RCS_PENDING_WORKLOAD, .who = workload->number });
    }
}

static void wake_program(void *arg, rcs_us at_us)
{
    set_timer(arg, at_us);
}

/* --- operations ------------------------------------------------------------------------------- */

static void on_done(void *arg);

static struct rcs_program *new_program(struct rcs_workload *workload)
{
    struct rcs_program_params params = {
        .kind = workload->kind,
        .site = workload->site,
        .seeds = workload->nodes,
        .seed_count = workload->options.node_count,
        .timeout_us = workload->options.timeout_us,
        .chance = &workload->chance,
        .done = on_done,
        .wake = wake_program,
        .arg = workload,
    };
    return rcs_program_new(workload->sim, &params);
}

static size_t key_name(const struct rcs_workload *workload, unsigned key, char out[KEY_ROOM])
{
    int size = workload->tag != NULL
                   ? snprintf(out, KEY_ROOM, "%s:{%s}:%u", workload->name, workload->tag, key + 1)
                   : snprintf(out, KEY_ROOM, "%s:%u", workload->name, key + 1);
    RCS_ASSERT(size > 0 && size < KEY_ROOM);
    return (size_t)size;
}

static void ask(struct rcs_workload *workload)
{
    char key[KEY_ROOM], value[RCS_DECIMAL_MAX];
    size_t key_bytes = key_name(workload, workload->key, key);
    struct rcs_arg args[3] = { { workload->reading ? "GET" : "SET", 3 },
                               { key, (uint32_t)key_bytes } };
    if (!workload->reading) {
        uint32_t number = ++workload->written[workload->key];
        args[2] = (struct rcs_arg){ value, (uint32_t)rcs_decimal_write(value, number) };
    }
    rcs_program_ask(workload->program, workload->reading ? 2 : 3, args);
}

static void begin(struct rcs_workload *workload)
{
    if (workload->renew_now) {
        workload->renew_now = false;
        rcs_program_free(workload->program);
        workload->program = new_program(workload);
    }
    workload->busy = true;
    workload->reading = workload->options.does == RCS_WORKLOAD_READS;
    workload->began_us = workload->sim->now_us;
    workload->key = (unsigned)(workload->counts.operations % workload->options.keys);
    ask(workload);
}

static void count_failure(struct rcs_workload *workload, enum rcs_workload_error error)
{
    struct rcs_workload_counts *counts = &workload->counts;
    counts->errors[error]++;
    counts->error_count++;
    if (!counts->down) {
        counts->down = true;
        counts->outages++;
        workload->down_us = workload->began_us;
    }
    workload->calm = 0;
    workload->renew_now = workload->options.renew;
}

static void count_success(struct rcs_workload *workload)
{
    struct rcs_workload_counts *counts = &workload->counts;
    counts->ok++;
    if (!counts->down) {
        return;
    }
    if (workload->calm++ == 0) {
        workload->calm_us = workload->sim->now_us;
    }
    if (workload->calm == CALM) {
        counts->down = false;
        counts->unavailable_us += workload->calm_us - workload->down_us;
    }
}

static void finish(struct rcs_workload *workload, enum rcs_workload_error error)
{
    struct rcs_workload_counts *counts = &workload->counts;
    rcs_us now = workload->sim->now_us, took_us = now - workload->began_us;
    workload->busy = false;
    counts->operations++;
    counts->slowest_us = took_us > counts->slowest_us ? took_us : counts->slowest_us;
    if (error == RCS_WORKLOAD_ERROR_COUNT) {
        count_success(workload);
    } else {
        count_failure(workload, error);
    }
    if (!workload->stopping) {
        set_timer(workload, now + workload->options.every_us);
    }
}

static void acknowledge(struct rcs_workload *workload)
{
    if (workload->acknowledged_count == workload->acknowledged_room) {
        workload->acknowledged_room =
            workload->acknowledged_room == 0 ? 256 : workload->acknowledged_room * 2;
        workload->acknowledged =
            realloc(workload->acknowledged,
                    workload->acknowledged_room * sizeof(workload->acknowledged[0]));
        RCS_ASSERT(workload->acknowledged != NULL);
    }
    uint32_t number = workload->written[workload->key];
    workload->last[workload->key] = number;
    workload->acknowledged[workload->acknowledged_count++] =
        (struct acknowledged){ workload->key, number };
}

/* The number a value stands for; 0: it is none. */
static int64_t number_in(const char *bytes, size_t size_bytes)
{
    int64_t number;
    return rcs_decimal_read(bytes, size_bytes, &number) && number > 0 ? number : 0;
}

static void on_done(void *arg)
{
    struct rcs_workload *workload = arg;
    enum rcs_workload_error error = rcs_program_error(workload->program);
    const struct rcs_reply *reply = rcs_program_reply(workload->program);
    if (error != RCS_WORKLOAD_ERROR_COUNT) {
        finish(workload, error);
        return;
    }
    if (!workload->reading) {
        acknowledge(workload);
        if (workload->options.does == RCS_WORKLOAD_BOTH) {
            workload->reading = true;
            ask(workload);
            return;
        }
    } else {
        int64_t number =
            reply->kind == RCS_REPLY_BULK ? number_in(reply->bytes, reply->size_bytes) : 0;
        if (number < (int64_t)workload->last[workload->key]) {
            error = RCS_WORKLOAD_STALE;
        }
        workload->wrong += (reply->kind == RCS_REPLY_BULK && number == 0) ||
                           number > (int64_t)workload->written[workload->key];
    }
    finish(workload, error);
}

void rcs_workload_wake(struct rcs_sim *sim, unsigned number)
{
    struct rcs_workload *workload = sim->workloads[number];
    if (workload == NULL || workload->event_us != sim->now_us) {
        return;
    }
    workload->event_us = RCS_NEVER;
    rcs_us at_us = workload->timer_us;
    if (at_us > sim->now_us) {
        if (at_us != RCS_NEVER) {
            set_timer(workload, at_us);
        }
        return;
    }
    workload->timer_us = RCS_NEVER;
    if (workload->busy) {
        rcs_program_wake(workload->program);
    } else if (!workload->stopping) {
        begin(workload);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static char *copy_text(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *out = malloc(size);
    RCS_ASSERT(out != NULL);
    memcpy(out, text, size);
    return out;
}

static enum rcs_err check(const struct rcs_sim *sim, const struct rcs_workload_options *options,
                          struct rcs_diag *diag)
{
    if (rcs_client_kind_find(options->kind) == NULL) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no kind of client program \"%s\"",
                            options->kind);
    }
    if (options->site != NULL && rcs_layout_site(sim, options->site) < 0) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no site \"%s\"", options->site);
    }
    if (options->node_count == 0 || options->keys > KEYS_MAX || options->every_us < 0 ||
        options->timeout_us < 0 || strlen(options->name) > 31 ||
        (options->tag != NULL && strlen(options->tag) > 63)) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0,
                            "a workload has at least one node, at most %d keys, no negative "
                            "times, a name of at most 31 characters and a tag of at most 63",
                            KEYS_MAX);
    }
    for (unsigned i = 0; i < options->node_count; i++) {
        RCS_ASSERT(options->nodes[i] >= 0 && (unsigned)options->nodes[i] < sim->node_count);
    }
    return RCS_OK;
}

struct rcs_workload *rcs_workload_new(struct rcs_sim *sim,
                                      const struct rcs_workload_options *options,
                                      struct rcs_diag *diag)
{
    if (check(sim, options, diag) != RCS_OK) {
        return NULL;
    }
    struct rcs_workload *workload = calloc(1, sizeof(*workload));
    RCS_ASSERT(workload != NULL);
    workload->sim = sim;
    workload->number = sim->workload_count;
    workload->options = *options;
    workload->options.keys = options->keys > 0 ? options->keys : KEYS_DEFAULT;
    workload->options.every_us = options->every_us > 0 ? options->every_us : EVERY_US;
    workload->name = copy_text(options->name);
    workload->site = copy_text(options->site);
    workload->tag = copy_text(options->tag);
    workload->kind = rcs_client_kind_find(options->kind);
    workload->nodes = malloc(options->node_count * sizeof(int));
    workload->written = calloc(workload->options.keys, sizeof(uint32_t));
    workload->last = calloc(workload->options.keys, sizeof(uint32_t));
    sim->workloads = realloc(sim->workloads, (sim->workload_count + 1) * sizeof(sim->workloads[0]));
    RCS_ASSERT(workload->nodes != NULL && workload->written != NULL && workload->last != NULL &&
               sim->workloads != NULL);
    memcpy(workload->nodes, options->nodes, options->node_count * sizeof(int));
    rcs_rand_init(&workload->chance, sim->seed, RCS_RAND_CLIENT, workload->number);
    workload->timer_us = workload->event_us = RCS_NEVER;
    sim->workloads[sim->workload_count++] = workload;
    workload->program = new_program(workload);
    begin(workload);
    return workload;
}

void rcs_workload_free(struct rcs_workload *workload)
{
    if (workload == NULL) {
        return;
    }
    workload->sim->workloads[workload->number] = NULL;
    rcs_program_free(workload->program);
    free(workload->name);
    free(workload->site);
    free(workload->tag);
    free(workload->nodes);
    free(workload->written);
    free(workload->last);
    free(workload->acknowledged);
    free(workload);
}

unsigned rcs_sim_workloads(const struct rcs_sim *sim)
{
    return sim->workload_count;
}

const struct rcs_workload *rcs_sim_workload(const struct rcs_sim *sim, unsigned workload)
{
    return sim->workloads[workload];
}

void rcs_workload_stop(struct rcs_workload *workload)
{
    workload->stopping = true;
    if (!workload->busy) {
        set_timer(workload, RCS_NEVER);
    }
}

/* --- what is left of it ----------------------------------------------------------------------- */

#define UNSERVED UINT32_MAX

/* Up to which write of the key a node's value goes. */
static uint32_t held(const struct rcs_node *node, const char *name, size_t size)
{
    const struct rcs_entry *entry = rcs_keyspace_find(rcs_node_keyspace(node), name, size);
    return entry == NULL || entry->value->type != RCS_VALUE_STRING
               ? 0
               : (uint32_t)number_in(rcs_string_of(entry->value)->bytes,
                                     rcs_string_of(entry->value)->size_bytes);
}

static bool owns(const struct rcs_cluster *cluster, uint16_t slot)
{
    const struct rcs_slot_set *slots = rcs_slots_of(cluster, cluster->myself);
    return slots != NULL && rcs_slot_words_has(&slots->words, slot);
}

/* The same of whoever serves the key: the owner of the slot, or who imports it; UNSERVED: nobody
 * owns it. */
static uint32_t served(const struct rcs_workload *workload, unsigned key)
{
    char name[KEY_ROOM];
    size_t size = key_name(workload, key, name);
    uint16_t slot = rcs_slot_of_key(name, size);
    uint32_t by_owner = UNSERVED, imported = 0;
    uint64_t best_epoch = 0;
    for (unsigned i = 0; i < workload->sim->node_count; i++) {
        const struct rcs_node *node = workload->sim->nodes[i].machine;
        if (node == NULL || rcs_is_replica(rcs_myself(rcs_node_cluster(node)))) {
            continue;
        }
        const struct rcs_cluster *cluster = rcs_node_cluster(node);
        uint64_t epoch = rcs_myself(cluster)->config_epoch;
        if (owns(cluster, slot) && (by_owner == UNSERVED || epoch > best_epoch)) {
            by_owner = held(node, name, size);
            best_epoch = epoch;
        } else if (rcs_slot_importing_from(cluster, slot) != RCS_ID_NONE) {
            uint32_t here = held(node, name, size);
            imported = here > imported ? here : imported;
        }
    }
    return imported > by_owner ? imported : by_owner;
}

uint64_t rcs_workload_lost(const struct rcs_workload *workload, uint64_t *unserved)
{
    /* Keys are taken in their order: no others were written yet. */
    uint64_t begun = workload->counts.operations + 1, lost = 0, unknown = 0;
    unsigned count = begun < workload->options.keys ? (unsigned)begun : workload->options.keys;
    uint32_t *there = malloc(count * sizeof(there[0]));
    RCS_ASSERT(there != NULL);
    for (unsigned key = 0; key < count; key++) {
        there[key] = workload->last[key] == 0 ? 0 : served(workload, key);
    }
    for (size_t i = 0; i < workload->acknowledged_count; i++) {
        const struct acknowledged *write = &workload->acknowledged[i];
        unknown += there[write->key] == UNSERVED;
        lost += there[write->key] < write->number;
    }
    free(there);
    if (unserved != NULL) {
        *unserved = unknown;
    }
    return lost;
}

uint64_t rcs_workload_wrong(const struct rcs_workload *workload)
{
    return workload->wrong;
}

void rcs_workload_counts(const struct rcs_workload *workload, struct rcs_workload_counts *out)
{
    *out = workload->counts;
    out->acknowledged = workload->acknowledged_count;
    if (out->down) {
        out->unavailable_us +=
            (workload->calm > 0 ? workload->calm_us : workload->sim->now_us) - workload->down_us;
    }
}
