/* Conditions on what happened: log lines, events, their times and order, the digest of it all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/facts.h"
#include "sim/scenario/expect_parts.h"
#include "sim/scenario/run_parts.h"

#include "sim/pure.h"

/* --- the log ---------------------------------------------------------------------------------- */

bool rcs_cond_parse_log(struct rcs_parser *parser, struct rcs_cond *cond)
{
    const struct rcs_word *word;
    (void)rcs_parser_is(parser, "on");
    if (!rcs_parser_group(parser, &cond->a) ||
        !rcs_parser_word(parser, "the text in quotes (* stands for any)", &word)) {
        return false;
    }
    cond->pattern = word->text;
    parser->script->wants_log = true;
    return true;
}

bool rcs_log_line_fits(const char *pattern, const char *line)
{
    const char *text = line;
    for (int blanks = 0; blanks < 6; blanks++) {
        size_t len = strcspn(text, " "); /* "1001:M 01 Jan 2026 00:00:00.000 * text" */
        if (text[len] == '\0') {
            return rcs_pattern_matches(pattern, line);
        }
        text += len + 1;
    }
    return rcs_pattern_matches(pattern, line) || rcs_pattern_matches(pattern, text);
}

void rcs_cond_log_holds(struct rcs_run *run, const struct rcs_cond *cond,
                        struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count; i++) {
        const struct rcs_log_line *hit = NULL;
        for (unsigned j = 0; j < run->log_count && hit == NULL; j++) {
            if (run->log[j].node == cond->a.nodes[i] &&
                rcs_log_line_fits(cond->pattern, run->log[j].text)) {
                hit = &run->log[j];
            }
        }
        if (hit == NULL && !cond->no) {
            rcs_finding_add(findings, cond->a.nodes[i], "no such line");
        } else if (hit != NULL && cond->no) {
            rcs_finding_add(findings, cond->a.nodes[i], "%s", hit->text);
        }
    }
}

/* --- what happened ---------------------------------------------------------------------------- */

/* Names of milestones are those of the facts. */
static bool check_what(struct rcs_parser *parser, const char *what)
{
    const char *names[RCS_FACT_COUNT + 1];
    unsigned count = 0;
    for (int code = 0; code < RCS_FACT_COUNT; code++) {
        const struct rcs_fact_row *row = rcs_fact_row((enum rcs_fact_code)code);
        if (row->milestone) {
            if (strcmp(row->trace, what) == 0) {
                return true;
            }
            names[count++] = row->trace;
        }
    }
    names[count] = NULL;
    const char *near = rcs_lex_nearest(what, names);
    if (near != NULL) {
        return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                                "no event \"%s\" (did you mean %s?)", what, near);
    }
    return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                            "no event \"%s\" (`rcsim help events` lists them)", what);
}

static bool take_happening(struct rcs_parser *parser, struct rcs_cond *cond)
{
    RCS_ASSERT(cond->happened_count < RCS_HAPPENINGS);
    struct rcs_happening *out = &cond->happened[cond->happened_count++];
    *out = (struct rcs_happening){ .about = -1 };
    unsigned from = parser->at;
    const struct rcs_word *word;
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "an event is missing (\"kill a1\", or b1 state-fail)");
    }
    if (parser->words[parser->at].quoted) {
        if (!rcs_parser_word(parser, "an event", &word)) {
            return false;
        }
        out->mark = word->text;
        rcs_parser_mark(parser, word);
    } else {
        out->first = rcs_parser_is(parser, "first");
        if (!rcs_parser_group(parser, &out->nodes) ||
            !rcs_parser_word(parser, "what happened to it, such as promoted,", &word)) {
            return false;
        }
        out->what = word->text;
        if (!check_what(parser, out->what)) {
            return false;
        }
        if (rcs_parser_is(parser, "about") && !rcs_parser_node(parser, &out->about)) {
            return false;
        }
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_words_print(&text, parser->words, from, parser->at);
    out->text = rcs_arena_text(&parser->script->arena, text.data, text.size_bytes);
    rcs_buf_close(&text);
    return true;
}

bool rcs_cond_parse_event(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return take_happening(parser, cond) &&
           (!rcs_parser_is(parser, "since") || take_happening(parser, cond));
}

bool rcs_cond_parse_span(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_expect(parser, "from") && take_happening(parser, cond) &&
           rcs_parser_expect(parser, "to") && take_happening(parser, cond) &&
           rcs_parser_durations(parser, &cond->low_us, &cond->high_us);
}

bool rcs_cond_parse_order(struct rcs_parser *parser, struct rcs_cond *cond)
{
    if (!take_happening(parser, cond)) {
        return false;
    }
    do {
        if (cond->happened_count == RCS_HAPPENINGS) {
            return rcs_parser_wrong(parser, RCS_ERR_LIMIT, parser->at,
                                    "more than %d events in one order", RCS_HAPPENINGS);
        }
        if (!rcs_parser_expect(parser, "then") || !take_happening(parser, cond)) {
            return false;
        }
    } while (rcs_parser_more(parser));
    return true;
}

/* When `what` first came to `node` at or after `since`; RCS_NEVER. With `last`: the last time. */
static rcs_us when_on(struct rcs_run *run, const struct rcs_happening *happening, int node,
                      rcs_us since, bool last)
{
    struct rcs_milestone milestone;
    rcs_us at = RCS_NEVER;
    for (size_t i = 0; rcs_sim_milestone(run->sim, i, &milestone); i++) {
        if (milestone.node == node && milestone.at_us >= since &&
            strcmp(milestone.what, happening->what) == 0 &&
            (happening->about < 0 || happening->about == milestone.about)) {
            at = milestone.at_us;
            if (!last) {
                break;
            }
        }
    }
    return at;
}

static rcs_us when(struct rcs_run *run, const struct rcs_happening *happening, rcs_us since,
                   bool last)
{
    rcs_us at = RCS_NEVER;
    if (happening->mark != NULL) {
        for (unsigned i = 0; i < run->mark_count; i++) {
            const struct rcs_mark *mark = &run->marks[i];
            if (mark->at_us >= since && rcs_mark_is(mark->text, happening->mark) &&
                (last || at == RCS_NEVER)) {
                at = mark->at_us;
            }
        }
        return at;
    }
    for (unsigned i = 0; i < happening->nodes.count; i++) {
        rcs_us here = when_on(run, happening, happening->nodes.nodes[i], since, last);
        bool take = i == 0 || (happening->first ? here < at : here > at);
        at = take ? here : at;
    }
    return at;
}

static void print_at(char out[64], rcs_us at)
{
    snprintf(out, 64, "%lld.%03d s", (long long)(at / RCS_S(1)), (int)(at % RCS_S(1) / 1000));
}

/* The time of a happening; a finding if it did not come. */
static bool need(struct rcs_run *run, const struct rcs_happening *happening, rcs_us since,
                 bool last, rcs_us *at, struct rcs_findings *findings)
{
    *at = when(run, happening, since, last);
    if (*at != RCS_NEVER) {
        return true;
    }
    if (since <= 0) {
        rcs_finding_add(findings, -1, "%s has not happened", happening->text);
    } else {
        char text[64];
        print_at(text, since);
        rcs_finding_add(findings, -1, "%s has not happened since %s", happening->text, text);
    }
    return false;
}

void rcs_cond_event_holds(struct rcs_run *run, const struct rcs_cond *cond,
                          struct rcs_findings *findings)
{
    rcs_us since = 0, at;
    if (cond->happened_count == 2 && !need(run, &cond->happened[1], 0, true, &since, findings)) {
        return;
    }
    const struct rcs_happening *happening = &cond->happened[0];
    if (!cond->no) {
        (void)need(run, happening, since, false, &at, findings);
        return;
    }
    for (unsigned i = 0; i < (happening->mark != NULL ? 1 : happening->nodes.count); i++) {
        int node = happening->mark != NULL ? -1 : happening->nodes.nodes[i];
        at = node < 0 ? when(run, happening, since, false)
                      : when_on(run, happening, node, since, false);
        if (at != RCS_NEVER) {
            char text[64];
            print_at(text, at);
            rcs_finding_add(findings, node, "at %s", text);
        }
    }
}

bool rcs_cond_span(struct rcs_run *run, const struct rcs_cond *cond, rcs_us *out)
{
    rcs_us from = when(run, &cond->happened[0], 0, true);
    rcs_us to = from == RCS_NEVER ? RCS_NEVER : when(run, &cond->happened[1], from, false);
    *out = to - from;
    return to != RCS_NEVER;
}

void rcs_cond_span_holds(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    rcs_us from, to;
    if (need(run, &cond->happened[0], 0, true, &from, findings) &&
        need(run, &cond->happened[1], from, false, &to, findings) &&
        (to - from < cond->low_us || to - from > cond->high_us)) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_duration_print(&text, to - from);
        rcs_finding_add(findings, -1, "%.*s", (int)text.size_bytes, text.data);
        rcs_buf_close(&text);
    }
}

void rcs_cond_order_holds(struct rcs_run *run, const struct rcs_cond *cond,
                          struct rcs_findings *findings)
{
    rcs_us before = 0, at;
    for (unsigned i = 0; i < cond->happened_count; i++) {
        if (!need(run, &cond->happened[i], before, false, &at, findings)) {
            return;
        }
        before = at;
    }
}

bool rcs_cond_parse_digest(struct rcs_parser *parser, struct rcs_cond *cond)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a digest, 16 hex digits,", &word)) {
        return false;
    }
    cond->pattern = word->text;
    return (strlen(word->text) == 16 && strspn(word->text, "0123456789abcdef") == 16) ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "\"%s\" is no digest (16 hex digits)", word->text);
}

void rcs_cond_digest_holds(struct rcs_run *run, const struct rcs_cond *cond,
                           struct rcs_findings *findings)
{
    char text[17];
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)rcs_sim_digest(run->sim));
    if (strcmp(text, cond->pattern) != 0) {
        rcs_finding_add(findings, -1, "%s", text);
    }
}
