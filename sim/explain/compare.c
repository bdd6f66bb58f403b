/* Two runs side by side, step by step from the fault on. A step is a row of the table below: how it
 * is found in a trace, and what is said when the runs differ in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/explain.h>

#include "sim/explain/compare_parts.h"
#include "sim/world/json_line.h"

#include "sim/pure.h"

/* What a run shows of a step. */
struct finding {
    bool there;
    bool timed;
    rcs_us after_us; /* since the start; or a duration */
    struct rcs_buf text;
};

#define ORDERS "takeover|failover-forced|failover-asked"
#define ENDS   "kill|stop|pause|poweroff"

/* An order as the operator typed it. */
static const char *order_words(const char *what)
{
    return strcmp(what, "takeover") == 0          ? "FAILOVER TAKEOVER"
           : strcmp(what, "failover-forced") == 0 ? "FAILOVER FORCE"
                                                  : "FAILOVER";
}

static int64_t number_of(const struct rcs_trace_event *event, const char *name)
{
    int64_t value;
    return rcs_trace_number(event, name, &value) ? value : -1;
}

static void add_number(struct rcs_buf *out, const struct rcs_trace_event *event, const char *name)
{
    int64_t value;
    if (rcs_trace_number(event, name, &value)) {
        rcs_buf_i64(out, value);
    } else {
        rcs_buf_text(out, "(missing)");
    }
}

static void add_node(struct rcs_buf *out, const struct side *side, int node)
{
    rcs_buf_text(out, node < 0 ? "(missing)" : side->events.names[node]);
}

/* The first milestone or cause of the list behind `place`; -1 none. */
static int next_of(const struct side *side, int place, const char *list)
{
    for (int at = place + 1; at < event_count(side); at++) {
        const struct rcs_trace_event *event = event_at(side, at);
        if (event->kind <= RCS_TRACE_CAUSE && rcs_past_word(list, event->what)) {
            return at;
        }
    }
    return -1;
}

static unsigned count_of(const struct side *side, const char *list)
{
    unsigned count = 0;
    for (int at = next_of(side, side->start, list); at >= 0; at = next_of(side, at, list)) {
        count++;
    }
    return count;
}

/* At how many nodes it happened. */
static unsigned nodes_of(const struct side *side, const char *list)
{
    unsigned count = 0;
    for (int at = next_of(side, side->start, list); at >= 0; at = next_of(side, at, list)) {
        int node = event_at(side, at)->node;
        count += rcs_past_before(&side->past, at, node, list, RCS_ANYBODY) <= side->start;
    }
    return count;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Sets the instant of a finding; the event, NULL if there is none. */
static const struct rcs_trace_event *found(const struct side *side, int place,
                                           struct finding *finding)
{
    if (place < 0) {
        return NULL;
    }
    finding->there = finding->timed = true;
    finding->after_us = event_at(side, place)->at_us - event_at(side, side->start)->at_us;
    return event_at(side, place);
}

static void find_suspicion(const struct side *side, struct finding *finding)
{
    const struct rcs_trace_event *event = found(side, next_of(side, side->start, "pfail"), finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->node);
        rcs_buf_text(&finding->text, " of ");
        add_node(&finding->text, side, event->about);
    }
}

static void find_agreement(const struct side *side, struct finding *finding)
{
    const struct rcs_trace_event *event = found(side, next_of(side, side->start, "fail"), finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->node);
        rcs_buf_text(&finding->text, ": ");
        add_number(&finding->text, event, "reports");
        rcs_buf_text(&finding->text, ", needed ");
        add_number(&finding->text, event, "needed");
    }
}

static void find_fail_state(const struct side *side, struct finding *finding)
{
    if (found(side, next_of(side, side->start, "state-fail"), finding) != NULL) {
        unsigned nodes = nodes_of(side, "state-fail");
        rcs_buf_format(&finding->text, "%u %s", nodes, nodes == 1 ? "node" : "nodes");
    }
}

static void find_order(const struct side *side, struct finding *finding)
{
    int place = rcs_past_word(ORDERS, event_at(side, side->start)->what)
                    ? side->start
                    : next_of(side, side->start, ORDERS);
    const struct rcs_trace_event *event = found(side, place, finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->node);
        rcs_buf_format(&finding->text, "> %s", order_words(event->what));
    }
}

static void find_schedule(const struct side *side, struct finding *finding)
{
    const struct rcs_trace_event *event =
        found(side, next_of(side, side->start, "election-delayed"), finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->node);
        rcs_buf_text(&finding->text, ": in ");
        add_number(&finding->text, event, "delay_ms");
        rcs_buf_text(&finding->text, " ms, rank #");
        add_number(&finding->text, event, "rank");
    }
}

static void find_election(const struct side *side, struct finding *finding)
{
    const struct rcs_trace_event *event =
        found(side, next_of(side, side->start, "election-started"), finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->node);
        rcs_buf_text(&finding->text, ", epoch ");
        add_number(&finding->text, event, "epoch");
    }
}

static void find_votes(const struct side *side, struct finding *finding)
{
    unsigned elections = count_of(side, "election-started"), asked = count_of(side, "vote-asked");
    finding->there = elections > 0;
    if (elections > 0 && asked == 0) {
        rcs_buf_text(&finding->text, "(missing)");
    } else if (elections > 0) {
        rcs_buf_format(&finding->text, "%u asked, %u granted, %u refused", asked,
                       count_of(side, "vote-granted"), count_of(side, "vote-denied"));
    }
}

static void find_master(const struct side *side, struct finding *finding)
{
    const struct rcs_trace_event *event =
        found(side, next_of(side, side->start, "promoted"), finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->node);
        rcs_buf_text(&finding->text, " for ");
        add_node(&finding->text, side, event->about);
        unsigned more = count_of(side, "promoted") - 1;
        if (more > 0) {
            rcs_buf_format(&finding->text, ", %u more later", more);
        }
    }
}

static void find_epoch(const struct side *side, struct finding *finding)
{
    int64_t epoch = -1;
    for (int at = next_of(side, side->start, "promoted"); at >= 0;
         at = next_of(side, at, "promoted")) {
        int64_t its = number_of(event_at(side, at), "epoch");
        epoch = its > epoch ? its : epoch;
    }
    finding->there = epoch >= 0;
    if (epoch >= 0) {
        rcs_buf_i64(&finding->text, epoch);
    }
}

/* The longest time for which a node's own cluster_state was fail. */
static void find_fail_time(const struct side *side, struct finding *finding)
{
    int worst = -1;
    for (int at = next_of(side, side->start, "state-fail"); at >= 0;
         at = next_of(side, at, "state-fail")) {
        rcs_us until_us = event_at(side, event_count(side) - 1)->at_us;
        for (int ok = next_of(side, at, "state-ok"); ok >= 0; ok = next_of(side, ok, "state-ok")) {
            if (event_at(side, ok)->node == event_at(side, at)->node) {
                until_us = event_at(side, ok)->at_us;
                break;
            }
        }
        rcs_us took_us = until_us - event_at(side, at)->at_us;
        if (worst < 0 || took_us > finding->after_us) {
            worst = at;
            finding->after_us = took_us;
        }
    }
    if (worst >= 0) {
        finding->there = finding->timed = true;
        add_node(&finding->text, side, event_at(side, worst)->node);
    }
}

static void find_recovery(const struct side *side, struct finding *finding)
{
    int last = -1;
    for (int at = next_of(side, side->start, "state-ok"); at >= 0;
         at = next_of(side, at, "state-ok")) {
        last = at;
    }
    const struct rcs_trace_event *event = found(side, last, finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->node);
    }
}

/* Replicas that had more of the stream than their new master: what it does not have is dropped. */
static void find_loss(const struct side *side, struct finding *finding)
{
    int place = next_of(side, side->start, "sync-second-offset");
    const struct rcs_trace_event *event = found(side, place, finding);
    if (event != NULL) {
        add_node(&finding->text, side, event->from);
        rcs_buf_text(&finding->text, " asks from ");
        add_number(&finding->text, event, "asked");
        rcs_buf_text(&finding->text, ", ");
        add_node(&finding->text, side, event->node);
        rcs_buf_text(&finding->text, " has it up to ");
        add_number(&finding->text, event, "limit");
        unsigned more = count_of(side, "sync-second-offset") - 1;
        if (more > 0) {
            rcs_buf_format(&finding->text, ", %u more", more);
        }
    }
}

static void find_errors(const struct side *side, struct finding *finding)
{
    unsigned count = 0;
    for (int at = side->start; at < event_count(side); at++) {
        const struct rcs_trace_event *event = event_at(side, at);
        count += event->kind == RCS_TRACE_NOTE && strcmp(event->what, "reply") == 0 &&
                 event->text != NULL && strncmp(event->text, "(error)", 7) == 0;
    }
    finding->there = count > 0;
    if (count > 0) {
        rcs_buf_format(&finding->text, "%u", count);
    }
}

/* --- the table -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct step {
    const char *name, *label;
    void (*find)(const struct side *side, struct finding *finding);
    const char *only;   /* %s the run that has it */
    const char *sooner; /* %s the run, and by how much; or "is shorter" */
} steps[] = {
    { "suspicion",  "first suspicion",       find_suspicion,  "Only in %s was a node suspected.", "In %s the first suspicion came %s s sooner." },
    { "agreement",  "FAIL agreed",           find_agreement,  "Only in %s did a quorum of masters agree on FAIL.", "In %s the masters agreed on FAIL %s s sooner." },
    { "state-fail", "cluster state fail",    find_fail_state, "Only in %s did nodes see the cluster state fail.", "In %s nodes saw the cluster state fail %s s sooner." },
    { "order",      "order to fail over",    find_order,      "Only in %s did an operator give the order.", "In %s the order came %s s sooner." },
    { "scheduled",  "election scheduled",    find_schedule,   "Only in %s did a replica stand for election.", "In %s a replica stood for election %s s sooner." },
    { "election",   "votes asked for",       find_election,   "Only in %s was anybody asked for a vote.", "In %s votes were asked for %s s sooner." },
    { "votes",      "votes",                 find_votes,      NULL, NULL },
    { "promoted",   "new master",            find_master,     "Only in %s was there a new master.", "In %s the new master was there %s s sooner." },
    { "epoch",      "greatest epoch taken",  find_epoch,      NULL, NULL },
    { "fail-time",  "longest state fail",    find_fail_time,  NULL, "In %s the longest time for which a node's cluster state was fail is %s s shorter." },
    { "recovered",  "last state ok",         find_recovery,   NULL, NULL },
    { "lost",       "dropped by a replica",  find_loss,       "Only in %s did a replica have more than its new master, and drop it: writes that were acknowledged may be gone.", NULL },
    { "errors",     "errors replied",        find_errors,     "Only in %s were commands of the scenario answered with errors.", NULL },
};
/* clang-format on */
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

/* --- sides ------------------------------------------------------------------------------------ */

/* A process or host that goes, else a partition, else an order. */
static int start_of(const struct side *side)
{
    static const char *const faults[] = { ENDS, RCS_PARTITIONS };
    for (unsigned i = 0; i < 2; i++) {
        for (int at = 0; at < event_count(side); at++) {
            if (event_at(side, at)->kind == RCS_TRACE_FAULT &&
                rcs_past_word(faults[i], event_at(side, at)->what)) {
                return at;
            }
        }
    }
    return next_of(side, -1, ORDERS);
}

static enum rcs_err open_side(struct side *side, const char *source, const char *text,
                              size_t size_bytes, struct rcs_diag *diag)
{
    *side = (struct side){ .source = source, .start = -1 };
    enum rcs_err err = rcs_trace_events_read(&side->events, source, text, size_bytes, diag);
    rcs_past_init(&side->past, &side->events);
    if (err != RCS_OK) {
        return err;
    }
    side->start = start_of(side);
    if (side->start >= 0) {
        return RCS_OK;
    }
    err = rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                       "neither a fault nor an order to fail over: there is nothing to compare "
                       "from");
    if (diag != NULL) {
        snprintf(diag->source, sizeof(diag->source), "%s", source);
    }
    return err;
}

static void close_side(struct side *side)
{
    rcs_past_close(&side->past);
    rcs_trace_events_close(&side->events);
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_seconds(struct rcs_buf *out, rcs_us us)
{
    rcs_buf_format(out, "%lld.%03d", (long long)(us / 1000000), (int)(us / 1000 % 1000));
}

static void print_start(struct rcs_buf *out, const struct side *side)
{
    const struct rcs_trace_event *event = event_at(side, side->start);
    bool order = event->kind != RCS_TRACE_FAULT;
    if (order) {
        add_node(out, side, event->node);
    }
    rcs_buf_text(out, order ? "> " : event->what);
    rcs_buf_text(out, order ? order_words(event->what) : "");
    for (unsigned i = 0; i < event->node_count; i++) {
        bool second_side = i > 0 && i == event->side_count;
        rcs_buf_text(out, i == 0 ? " " : second_side ? " from " : ", ");
        add_node(out, side, event->nodes[i]);
    }
    rcs_buf_text(out, " at ");
    print_seconds(out, event->at_us);
    rcs_buf_text(out, " s");
}

/* A cell: when, and who or what. */
static void print_cell(struct rcs_buf *out, const struct finding *finding, bool duration)
{
    if (!finding->there) {
        rcs_buf_text(out, "-");
        return;
    }
    if (finding->timed) {
        rcs_buf_text(out, duration ? "" : "+");
        print_seconds(out, finding->after_us);
        rcs_buf_text(out, "  ");
    }
    rcs_buf_add(out, finding->text.data, finding->text.size_bytes);
}

static bool is_duration(const struct step *step)
{
    return step->find == find_fail_time;
}

/* True if the run begins with the end of the master that was replaced first: who else would serve
 * its slots until then? */
static bool slots_unserved(const struct side *side)
{
    const struct rcs_trace_event *start = event_at(side, side->start);
    int promoted = next_of(side, side->start, "promoted");
    bool its = false;
    for (unsigned i = 0; promoted >= 0 && i < start->node_count; i++) {
        its = its || start->nodes[i] == event_at(side, promoted)->about;
    }
    return its && start->kind == RCS_TRACE_FAULT && rcs_past_word(ENDS, start->what);
}

/* What the two differ in, as a sentence; nothing if there is none for it. */
static void print_sentence(struct rcs_buf *out, const struct step *step,
                           const struct finding *findings, const struct side *sides)
{
    if (findings[0].there != findings[1].there) {
        if (step->only != NULL) {
            rcs_buf_format(out, step->only, sides[findings[0].there ? 0 : 1].source);
        }
        return;
    }
    rcs_us by_us = findings[0].after_us - findings[1].after_us;
    if (!findings[0].timed || step->sooner == NULL || (by_us < 1000 && by_us > -1000)) {
        return;
    }
    struct rcs_buf seconds;
    rcs_buf_init(&seconds);
    print_seconds(&seconds, by_us < 0 ? -by_us : by_us);
    rcs_buf_add(&seconds, "", 1);
    rcs_buf_format(out, step->sooner, sides[by_us < 0 ? 0 : 1].source, seconds.data);
    if (step->find == find_master && slots_unserved(&sides[0]) && slots_unserved(&sides[1])) {
        rcs_buf_text(out, " Until then nobody served the slots.");
    }
    rcs_buf_close(&seconds);
}

struct row {
    struct finding findings[2];
    struct rcs_buf cells[2], sentence;
};

static void pad(struct rcs_buf *out, size_t from_bytes, size_t width)
{
    for (size_t used = out->size_bytes - from_bytes; used < width; used++) {
        rcs_buf_text(out, " ");
    }
}

static void print_row(struct rcs_buf *out, const char *label, const struct rcs_buf *a, size_t width,
                      const struct rcs_buf *b)
{
    size_t from = out->size_bytes;
    rcs_buf_text(out, label);
    pad(out, from, 22);
    from = out->size_bytes;
    rcs_buf_add(out, a->data, a->size_bytes);
    pad(out, from, width + 2);
    rcs_buf_add(out, b->data, b->size_bytes);
    rcs_buf_text(out, "\n");
}

static void print_text(struct rcs_buf *out, const struct side *sides, const struct row *table)
{
    struct rcs_buf names[2], starts[2];
    size_t width = 0;
    for (unsigned i = 0; i < 2; i++) {
        rcs_buf_init(&names[i]);
        rcs_buf_init(&starts[i]);
        rcs_buf_text(&names[i], sides[i].source);
        print_start(&starts[i], &sides[i]);
        if (!sides[i].events.intact) {
            rcs_buf_format(out, "%s is not as it was written: lines are missing or were changed.\n",
                           sides[i].source);
        }
    }
    width = names[0].size_bytes > starts[0].size_bytes ? names[0].size_bytes : starts[0].size_bytes;
    for (size_t i = 0; i < STEP_COUNT; i++) {
        size_t its = table[i].cells[0].size_bytes;
        width = its > width ? its : width;
    }
    print_row(out, "", &names[0], width, &names[1]);
    print_row(out, "begins with", &starts[0], width, &starts[1]);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        print_row(out, steps[i].label, &table[i].cells[0], width, &table[i].cells[1]);
    }
    rcs_buf_text(out, "\n");
    for (size_t i = 0; i < STEP_COUNT; i++) {
        if (table[i].sentence.size_bytes > 0) {
            rcs_buf_add(out, table[i].sentence.data, table[i].sentence.size_bytes);
            rcs_buf_text(out, "\n");
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        rcs_buf_close(&names[i]);
        rcs_buf_close(&starts[i]);
    }
}

static void print_json_side(struct rcs_buf *out, const char *key, const struct finding *finding)
{
    if (!finding->there) {
        return;
    }
    char name[16];
    if (finding->timed) {
        snprintf(name, sizeof(name), "%s_us", key);
        rcs_json_key(out, name);
        rcs_json_number(out, finding->after_us);
    }
    rcs_json_key(out, key);
    rcs_json_bytes(out, finding->text.data, finding->text.size_bytes);
}

static void print_json(struct rcs_buf *out, const struct side *sides, const struct row *table)
{
    for (unsigned i = 0; i < 2; i++) {
        rcs_json_begin(out, "run");
        rcs_json_text(out, i == 0 ? "a" : "b");
        rcs_json_key(out, "source");
        rcs_json_text(out, sides[i].source);
        rcs_json_key(out, "start_us");
        rcs_json_number(out, event_at(&sides[i], sides[i].start)->at_us);
        rcs_json_key(out, "intact");
        rcs_buf_text(out, sides[i].events.intact ? "true" : "false");
        rcs_json_end(out);
    }
    for (size_t i = 0; i < STEP_COUNT; i++) {
        rcs_json_begin(out, "step");
        rcs_json_text(out, steps[i].name);
        print_json_side(out, "a", &table[i].findings[0]);
        print_json_side(out, "b", &table[i].findings[1]);
        if (table[i].sentence.size_bytes > 0) {
            rcs_json_key(out, "sentence");
            rcs_json_bytes(out, table[i].sentence.data, table[i].sentence.size_bytes);
        }
        rcs_json_end(out);
    }
}

static void print_all(struct rcs_buf *out, bool json, const struct side *sides)
{
    struct row table[STEP_COUNT];
    for (size_t i = 0; i < STEP_COUNT; i++) {
        struct row *row = &table[i];
        *row = (struct row){ .findings = { { .there = false }, { .there = false } } };
        rcs_buf_init(&row->sentence);
        for (unsigned side = 0; side < 2; side++) {
            rcs_buf_init(&row->findings[side].text);
            rcs_buf_init(&row->cells[side]);
            steps[i].find(&sides[side], &row->findings[side]);
            print_cell(&row->cells[side], &row->findings[side], is_duration(&steps[i]));
        }
        print_sentence(&row->sentence, &steps[i], row->findings, sides);
    }
    if (json) {
        print_json(out, sides, table);
    } else {
        print_text(out, sides, table);
    }
    rcs_compare_workloads(out, json, sides);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        for (unsigned side = 0; side < 2; side++) {
            rcs_buf_close(&table[i].findings[side].text);
            rcs_buf_close(&table[i].cells[side]);
        }
        rcs_buf_close(&table[i].sentence);
    }
}

enum rcs_err rcs_compare(struct rcs_buf *out, bool json, const char *source_a, const char *a,
                         size_t a_bytes, const char *source_b, const char *b, size_t b_bytes,
                         struct rcs_diag *diag)
{
    struct side sides[2];
    enum rcs_err err = open_side(&sides[0], source_a, a, a_bytes, diag);
    enum rcs_err err_b = RCS_OK;
    if (err == RCS_OK) {
        err = err_b = open_side(&sides[1], source_b, b, b_bytes, diag);
        if (err_b == RCS_OK) {
            print_all(out, json, sides);
        }
        close_side(&sides[1]);
    }
    close_side(&sides[0]);
    return err;
}
