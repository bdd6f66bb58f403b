/* LATENCY: what took longer than latency-monitor-threshold, by event. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/help.h"
#include "sim/node/slowlog.h"

#include "sim/pure.h"

/* --- samples ---------------------------------------------------------------------------------- */

void rcs_latency_close(struct rcs_latency *latency)
{
    rcs_latency_reset(latency, NULL);
    free(latency->list);
    *latency = (struct rcs_latency){ 0 };
}

static struct rcs_latency_event *find(const struct rcs_latency *latency, const char *name,
                                      size_t name_bytes)
{
    for (unsigned i = 0; i < latency->count; i++) {
        if (strlen(latency->list[i]->name) == name_bytes &&
            memcmp(latency->list[i]->name, name, name_bytes) == 0) {
            return latency->list[i];
        }
    }
    return NULL;
}

static struct rcs_latency_event *find_arg(const struct rcs_latency *latency,
                                          const struct rcs_arg *name)
{
    return find(latency, name->bytes, rcs_arg_text_bytes(name));
}

static struct rcs_latency_event *find_or_add(struct rcs_latency *latency, const char *name)
{
    struct rcs_latency_event *event = find(latency, name, strlen(name));
    if (event != NULL) {
        return event;
    }
    if (latency->count == latency->room) {
        latency->room = latency->room == 0 ? 4 : latency->room * 2;
        latency->list = realloc(latency->list, latency->room * sizeof(latency->list[0]));
        RCS_ASSERT(latency->list != NULL);
    }
    event = calloc(1, sizeof(*event));
    RCS_ASSERT(event != NULL);
    event->name = name;
    latency->list[latency->count++] = event;
    return event;
}

/* Redis 7.0 latencyAddSample: of one second only the worst is kept. */
void rcs_latency_add(struct rcs_node *node, const char *name, int64_t took_ms)
{
    struct rcs_latency_event *event = find_or_add(&node->latency, name);
    unsigned last = (event->next + RCS_LATENCY_SAMPLES - 1) % RCS_LATENCY_SAMPLES;
    int64_t now_s = rcs_node_unixtime(node);
    uint32_t ms = took_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)took_ms;
    event->max_ms = ms > event->max_ms ? ms : event->max_ms;
    if (event->samples[last].at_s == now_s) {
        event->samples[last].ms = ms > event->samples[last].ms ? ms : event->samples[last].ms;
        return;
    }
    event->samples[event->next].at_s = now_s;
    event->samples[event->next].ms = ms;
    event->next = (event->next + 1) % RCS_LATENCY_SAMPLES;
}

unsigned rcs_latency_reset(struct rcs_latency *latency, const struct rcs_arg *name)
{
    unsigned before = latency->count, kept = 0;
    const struct rcs_latency_event *only = name == NULL ? NULL : find_arg(latency, name);
    for (unsigned i = 0; i < before; i++) {
        if (name != NULL && latency->list[i] != only) {
            latency->list[kept++] = latency->list[i];
        } else {
            free(latency->list[i]);
        }
    }
    latency->count = kept;
    return before - kept;
}

/* --- the command ------------------------------------------------------------------------------ */

static void run_latest(struct rcs_call *call)
{
    const struct rcs_latency *latency = &call->node->latency;
    rcs_resp_array(call->out, latency->count);
    for (unsigned i = 0; i < latency->count; i++) {
        const struct rcs_latency_event *event = latency->list[i];
        unsigned last = (event->next + RCS_LATENCY_SAMPLES - 1) % RCS_LATENCY_SAMPLES;
        rcs_resp_array(call->out, 4);
        rcs_resp_bulk_text(call->out, event->name);
        rcs_resp_integer(call->out, event->samples[last].at_s);
        rcs_resp_integer(call->out, event->samples[last].ms);
        rcs_resp_integer(call->out, event->max_ms);
    }
}

static void run_history(struct rcs_call *call)
{
    const struct rcs_latency_event *event = find_arg(&call->node->latency, &call->args[2]);
    size_t count = 0;
    for (unsigned i = 0; event != NULL && i < RCS_LATENCY_SAMPLES; i++) {
        count += event->samples[i].at_s != 0;
    }
    rcs_resp_array(call->out, count);
    for (unsigned i = 0; count > 0 && i < RCS_LATENCY_SAMPLES; i++) {
        unsigned at = (event->next + i) % RCS_LATENCY_SAMPLES;
        if (event->samples[at].at_s != 0) {
            rcs_resp_array(call->out, 2);
            rcs_resp_integer(call->out, event->samples[at].at_s);
            rcs_resp_integer(call->out, event->samples[at].ms);
        }
    }
}

static void run_reset(struct rcs_call *call)
{
    unsigned count = 0;
    if (call->argc == 2) {
        count = rcs_latency_reset(&call->node->latency, NULL);
    }
    for (unsigned i = 2; i < call->argc; i++) {
        count += rcs_latency_reset(&call->node->latency, &call->args[i]);
    }
    rcs_resp_integer(call->out, count);
}

/* The report for a server without samples; with samples a real one gives advice about machines,
 * disks and the kernel, which a virtual node has not. */
static void run_doctor(struct rcs_call *call)
{
    static const char off[] =
        "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. "
        "You may use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable "
        "it. If we weren't in a deep space mission I'd suggest to take a look at "
        "https://redis.io/topics/latency-monitor.\n";
    static const char none[] =
        "Dave, no latency spike was observed during the lifetime of this Redis instance, not in "
        "the slightest bit. I honestly think you ought to sit down calmly, take a stress pill, "
        "and think things over.\n";
    const struct rcs_latency *latency = &call->node->latency;
    if (latency->count > 0) {
        rcs_refuse(call->client, "rcsim writes no LATENCY DOCTOR report when there are samples; "
                                 "see LATENCY LATEST and LATENCY HISTORY");
        return;
    }
    const char *text = call->node->config.latency_threshold_ms == 0 ? off : none;
    rcs_resp_verbatim(call->out, text, strlen(text), call->resp3);
}

static void run_graph(struct rcs_call *call)
{
    if (find_arg(&call->node->latency, &call->args[2]) == NULL) {
        rcs_refuse_about(call->client, "No samples available for event '", &call->args[2], "'");
    } else {
        rcs_refuse(call->client, "rcsim draws no LATENCY GRAPH; see LATENCY HISTORY");
    }
}

/* clang-format off */
#define BY_ADMIN ADMIN | NOSCRIPT | LOADING | STALE, 0, NO_KEYS
#define OF_ALL "nondeterministic_output request_policy:all_nodes response_policy:special"
static const struct rcs_command subcommands[] = {
    { "doctor", run_doctor, 2, BY_ADMIN, OF_ALL, NULL },
    { "graph", run_graph, 3, BY_ADMIN, OF_ALL, NULL },
    { "help", rcs_run_help, 2, LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "history", run_history, 3, BY_ADMIN, OF_ALL, NULL },
    { "latest", run_latest, 2, BY_ADMIN, OF_ALL, NULL },
    { "reset", run_reset, -2, BY_ADMIN, "request_policy:all_nodes response_policy:all_succeeded", NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_latency_commands[] = {
    { "latency", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
