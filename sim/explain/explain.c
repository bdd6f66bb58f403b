#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/explain/parts.h"
#include "sim/explain/sentence.h"

#include "sim/pure.h"

/* --- statements ------------------------------------------------------------------------------- */

static char *copy_of(const char *text, size_t size_bytes)
{
    char *copy = malloc(size_bytes + 1);
    RCS_ASSERT(copy != NULL);
    memcpy(copy, text, size_bytes);
    copy[size_bytes] = '\0';
    return copy;
}

static void add(struct rcs_explanation *explanation, unsigned depth, int place, const char *what,
                const struct rcs_buf *text)
{
    if (explanation->count == explanation->room) {
        explanation->room = explanation->room == 0 ? 64 : explanation->room * 2;
        explanation->list =
            realloc(explanation->list, explanation->room * sizeof(explanation->list[0]));
        RCS_ASSERT(explanation->list != NULL);
    }
    const struct rcs_trace_event *event = place < 0 ? NULL : &explanation->events.list[place];
    explanation->list[explanation->count++] = (struct rcs_statement){
        .at_us = event == NULL ? -1 : event->at_us,
        .depth = depth,
        .node = event == NULL || event->node < 0 ? NULL : explanation->events.names[event->node],
        .what = what,
        .line = event == NULL ? 0 : event->line,
        .text = copy_of(text->data, text->size_bytes),
    };
}

void rcs_state_text(struct rcs_explanation *explanation, unsigned depth, int place,
                    const char *what, const char *text)
{
    struct rcs_buf buf;
    rcs_buf_init(&buf);
    rcs_buf_text(&buf, text);
    add(explanation, depth, place, what, &buf);
    rcs_buf_close(&buf);
}

void rcs_state_event(struct rcs_explanation *explanation, unsigned depth, int place,
                     const char *after)
{
    const struct rcs_trace_event *event = &explanation->events.list[place];
    struct rcs_buf buf;
    rcs_buf_init(&buf);
    rcs_sentence_print(&buf, &explanation->events, event);
    rcs_buf_text(&buf, after);
    add(explanation, depth, place, event->what, &buf);
    rcs_buf_close(&buf);
}

void rcs_state_missing(struct rcs_explanation *explanation, unsigned depth, int of,
                       const char *words)
{
    struct rcs_buf buf;
    rcs_buf_init(&buf);
    rcs_buf_text(&buf, "(missing in this trace: ");
    rcs_sentence_fill(&buf, &explanation->events, &explanation->events.list[of], words);
    rcs_buf_text(&buf, ")");
    add(explanation, depth, -1, "missing", &buf);
    rcs_buf_close(&buf);
}

bool rcs_explanation_statement(const struct rcs_explanation *explanation, size_t index,
                               struct rcs_statement *out)
{
    if (index >= explanation->count) {
        return false;
    }
    *out = explanation->list[index];
    return true;
}

bool rcs_explanation_intact(const struct rcs_explanation *explanation)
{
    return explanation->events.intact;
}

/* --- whole explanations ----------------------------------------------------------------------- */

/* What an explanation without a question tells: each change of a role or state, and each attempt
 * that came to nothing; of a single node its votes, epochs and second thoughts as well. */
#define HEADS RCS_ROLES "|" RCS_STATES "|" RCS_REFUSALS "|stand-expired"
#define NODE_HEADS                                                                                 \
    HEADS "|vote-granted|vote-denied|epoch-bumped|epoch-collision|fail-cleared|fail-kept"

/* An epoch taken on the way to a takeover is told with that, and that all begin as masters not at
 * all. */
static bool part_of_more(const struct rcs_explanation *explanation, int place)
{
    const struct rcs_trace_event *event = &explanation->events.list[place];
    int order = rcs_past_before(&explanation->past, place, event->node, "takeover", RCS_ANYBODY);
    bool first_start = strcmp(event->what, "starts-as-master") == 0 && event->at_us == 0;
    return first_start || (strcmp(event->what, "epoch-bumped") == 0 && order >= 0 &&
                           explanation->events.list[order].at_us == event->at_us);
}

static void tell_changes(struct rcs_explanation *explanation, int node)
{
    for (size_t i = 0; i < explanation->events.count; i++) {
        const struct rcs_trace_event *event = &explanation->events.list[i];
        if (event->kind <= RCS_TRACE_CAUSE && (node < 0 || event->node == node) &&
            rcs_past_word(node < 0 ? HEADS : NODE_HEADS, event->what) &&
            !part_of_more(explanation, (int)i)) {
            rcs_chain_tell(explanation, (int)i, 0);
        }
    }
}

static void answer(struct rcs_explanation *explanation, const struct rcs_explain_options *options,
                   int node, int why_not)
{
    rcs_us at_us = options->has_at ? options->at_us : INT64_MAX;
    if (why_not >= 0) {
        rcs_why_not(explanation, why_not, at_us);
    } else if (!options->has_at) {
        tell_changes(explanation, node);
    } else if (node >= 0) {
        rcs_why_at(explanation, node, at_us);
    } else {
        for (unsigned i = 0; i < explanation->events.name_count; i++) {
            rcs_why_at(explanation, (int)i, at_us);
        }
    }
}

/* The node's number, -1 for NULL. */
static enum rcs_err find_node(const struct rcs_trace_events *events, const char *source,
                              const char *name, int *out, struct rcs_diag *diag)
{
    *out = name == NULL ? -1 : rcs_trace_events_node(events, name);
    if (name == NULL || *out >= 0) {
        return RCS_OK;
    }
    struct rcs_buf names;
    rcs_buf_init(&names);
    for (unsigned i = 0; i < events->name_count && names.size_bytes < 120; i++) {
        rcs_buf_text(&names, i == 0 ? "" : ", ");
        rcs_buf_text(&names, events->names[i]);
    }
    rcs_buf_add(&names, "", 1);
    enum rcs_err err =
        rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0,
                     "the trace knows no node \"%s\" (it speaks of: %s)", name, names.data);
    if (diag != NULL) {
        snprintf(diag->source, sizeof(diag->source), "%s", source);
    }
    rcs_buf_close(&names);
    return err;
}

enum rcs_err rcs_explain(struct rcs_explanation **out, const char *source, const char *text,
                         size_t size_bytes, const struct rcs_explain_options *options,
                         struct rcs_diag *diag)
{
    struct rcs_explanation *explanation = calloc(1, sizeof(*explanation));
    RCS_ASSERT(explanation != NULL);
    int node = -1, why_not = -1;
    enum rcs_err err = rcs_trace_events_read(&explanation->events, source, text, size_bytes, diag);
    rcs_past_init(&explanation->past, &explanation->events);
    explanation->told = calloc(explanation->events.count + 1, sizeof(explanation->told[0]));
    RCS_ASSERT(explanation->told != NULL);
    if (err == RCS_OK) {
        err = find_node(&explanation->events, source, options->node, &node, diag);
    }
    if (err == RCS_OK) {
        err = find_node(&explanation->events, source, options->why_not, &why_not, diag);
    }
    if (err == RCS_OK) {
        answer(explanation, options, node, why_not);
    } else {
        rcs_explanation_free(explanation);
        explanation = NULL;
    }
    *out = explanation;
    return err;
}

void rcs_statement_print(struct rcs_buf *out, const struct rcs_statement *statement)
{
    if (statement->at_us >= 0) {
        rcs_buf_format(out, "%6lld.%03d", (long long)(statement->at_us / 1000000),
                       (int)(statement->at_us / 1000 % 1000));
    } else {
        rcs_buf_format(out, "%10s", "");
    }
    rcs_buf_format(out, "  %*s%s", (int)statement->depth * 2, "", statement->text);
}

void rcs_explanation_free(struct rcs_explanation *explanation)
{
    if (explanation == NULL) {
        return;
    }
    for (size_t i = 0; i < explanation->count; i++) {
        free((char *)(uintptr_t)explanation->list[i].text);
    }
    free(explanation->list);
    free(explanation->told);
    rcs_past_close(&explanation->past);
    rcs_trace_events_close(&explanation->events);
    free(explanation);
}
