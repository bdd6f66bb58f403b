/* Verbs that act: faults, commands of the script, the cli. */
#include <stdio.h>
#include <string.h>

#include <rcsim/bus_types.h>

#include "sim/cluster/profile.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

/* --- faults ----------------------------------------------------------------------------------- */

bool rcs_parse_fault(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    for (int fault = 0; fault < RCS_FAULT_COUNT; fault++) {
        if (strcmp(rcs_fault_name((enum rcs_fault)fault), stmt->verb->word) == 0) {
            stmt->number = fault;
        }
    }
    return rcs_parser_groups(parser, NULL, &stmt->a);
}

bool rcs_parse_lose(struct rcs_parser *parser)
{
    static const char *const what[] = { "conf", "data", NULL };
    int which;
    if (!rcs_parser_choice(parser, what, &which)) {
        return false;
    }
    parser->stmt->number = which == 0 ? RCS_FAULT_LOSE_CONF : RCS_FAULT_LOSE_DATA;
    return rcs_parser_groups(parser, NULL, &parser->stmt->a);
}

static bool check_apart(struct rcs_parser *parser, unsigned index)
{
    const struct rcs_group *a = &parser->stmt->a, *b = &parser->stmt->b;
    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned j = 0; j < b->count; j++) {
            if (a->nodes[i] == b->nodes[j]) {
                return rcs_parser_wrong(parser, RCS_ERR_STATE, index, "%s stands on both sides",
                                        parser->script->nodes[a->nodes[i]].name);
            }
        }
    }
    return true;
}

static bool take_two_groups(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    return rcs_parser_group(parser, &stmt->a) && rcs_parser_group(parser, &stmt->b) &&
           check_apart(parser, parser->at - 1);
}

/* `number`: 0 they vanish, else 1 + enum rcs_reject. */
bool rcs_parse_partition(struct rcs_parser *parser)
{
    static const char *const how[] = { "rst", "icmp", NULL };
    struct rcs_stmt *stmt = parser->stmt;
    stmt->oneway = rcs_parser_is(parser, "oneway");
    if (!take_two_groups(parser)) {
        return false;
    }
    if (rcs_parser_is(parser, "reject")) {
        if (!rcs_parser_choice(parser, how, &stmt->number)) {
            return false;
        }
        stmt->number++;
    }
    return rcs_parser_end(parser);
}

bool rcs_parse_heal(struct rcs_parser *parser)
{
    return !rcs_parser_more(parser) || (take_two_groups(parser) && rcs_parser_end(parser));
}

/* drop TYPE [from NODES] [to NODES] [nth N] [times N], drop none */
bool rcs_parse_drop(struct rcs_parser *parser)
{
#define X(name, wire, text, body) text,
    static const char *const types[] = { RCS_BUS_TYPES(X) "any", NULL };
#undef X
#define X(name, wire, text, body) wire,
    static const int wires[] = { RCS_BUS_TYPES(X) - 1 };
#undef X
    struct rcs_stmt *stmt = parser->stmt;
    int type;
    if (rcs_parser_is(parser, "none")) {
        return rcs_parser_end(parser); /* times: 0 */
    }
    if (!rcs_parser_choice(parser, types, &type)) {
        return false;
    }
    stmt->number = wires[type];
    stmt->times = 1;
    int64_t number;
    while (rcs_parser_more(parser)) {
        bool good = true;
        if (rcs_parser_is(parser, "from")) {
            good = rcs_parser_group(parser, &stmt->a);
        } else if (rcs_parser_is(parser, "to")) {
            good = rcs_parser_group(parser, &stmt->b);
        } else if (rcs_parser_is(parser, "nth")) {
            good = rcs_parser_number(parser, "which message", 1, 1000000, &number);
            stmt->skip = (unsigned)number - 1;
        } else if (rcs_parser_is(parser, "times")) {
            good = rcs_parser_number(parser, "how many messages", 1, 1000000000, &number);
            stmt->times = (unsigned)number;
        } else {
            return rcs_parser_wrong(
                parser, RCS_ERR_SYNTAX, parser->at,
                "\"%s\" stands where from NODES, to NODES, nth N or times N should",
                parser->words[parser->at].text);
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

/* --- the script ------------------------------------------------------------------------------- */

bool rcs_parse_step(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the step's title in quotes", &word)) {
        return false;
    }
    parser->stmt->name = word->text;
    return rcs_parser_end(parser);
}

bool rcs_parse_print(struct rcs_parser *parser)
{
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a text in quotes is missing here");
    }
    return rcs_parser_rest(parser);
}

/* from "TEXT" [to "TEXT"]: words[0] and words[1] of the statement. */
static bool take_log_range(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    if (stmt->number != 2) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "\"from\" goes with `show log` only");
    }
    struct rcs_word *range = rcs_arena_alloc(&parser->script->arena, 2 * sizeof(range[0]));
    stmt->words = range;
    for (const char *edge = "from"; rcs_parser_more(parser); edge = "to") {
        if (stmt->word_count == 2) {
            return rcs_parser_end(parser);
        }
        if (!rcs_parser_expect(parser, edge)) {
            return false;
        }
        if (!rcs_parser_more(parser)) {
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                    "a line's text in quotes (* stands for any) is missing here");
        }
        if (!rcs_parser_refs(parser, &parser->words[parser->at])) {
            return false;
        }
        range[stmt->word_count++] = parser->words[parser->at++];
    }
    return true;
}

bool rcs_parse_show(struct rcs_parser *parser)
{
    static const char *const what[] = { "nodes", "info", "log", "workloads", NULL };
    struct rcs_stmt *stmt = parser->stmt;
    if (!rcs_parser_choice(parser, what, &stmt->number)) {
        return false;
    }
    parser->script->wants_log |= stmt->number == 2;
    if (stmt->number == 3) {
        return rcs_parser_end(parser);
    }
    if (!rcs_parser_expect(parser, "on") || !rcs_parser_groups(parser, "from", &stmt->a)) {
        return false;
    }
    return !rcs_parser_more(parser) || take_log_range(parser);
}

bool rcs_parse_wait(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    if (!rcs_parser_durations(parser, &stmt->low_us, &stmt->high_us)) {
        return false;
    }
    if (stmt->high_us - stmt->low_us > RCS_S(3600)) {
        return rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1,
                                "the ends of this range are more than an hour apart");
    }
    return rcs_parser_end(parser);
}

bool rcs_parse_expect(struct rcs_parser *parser)
{
    return rcs_parser_cond(parser, &parser->stmt->cond) && rcs_parser_end(parser);
}

bool rcs_parse_await(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    return rcs_parser_cond(parser, &stmt->cond) && rcs_parser_expect(parser, "within") &&
           rcs_parser_duration(parser, &stmt->high_us) && rcs_parser_end(parser);
}

/* How the statement inside another stands there. */
enum inner { INNER_AT, INNER_DURING, INNER_ONLY, INNER_TRY };

/* The statement that stands in the words from parser->at to `until`. */
static bool parse_inner(struct rcs_parser *parser, unsigned until, enum inner kind)
{
    struct rcs_stmt *outer = parser->stmt;
    struct rcs_parser inner = *parser;
    inner.nested = kind == INNER_AT ? 0 : parser->nested + 1; /* `at` begins a task of its own */
    if (inner.nested > RCS_NESTED_MAX) {
        return rcs_parser_wrong(parser, RCS_ERR_LIMIT, parser->at,
                                "statements stand in each other more than %d deep", RCS_NESTED_MAX);
    }
    struct rcs_stmt *body = rcs_arena_alloc(&parser->script->arena, sizeof(*body));
    inner.stmt = body;
    inner.count = until;
    inner.in_at |= kind == INNER_AT;
    inner.in_during |= kind == INNER_DURING;
    inner.in_only |= kind == INNER_ONLY;
    inner.in_try |= kind == INNER_TRY;
    bool good = rcs_parser_statement(&inner);
    parser->err = inner.err;
    parser->at = parser->count;
    outer->body = body;
    outer->body_count = good && body->verb->begin != NULL; /* not what only laid something out */
    return good;
}

bool rcs_parse_at(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "when (+3s from here, 40s from the beginning)", &word)) {
        return false;
    }
    stmt->absolute = word->text[0] != '+';
    if (!rcs_duration_read(word->text + !stmt->absolute, &stmt->high_us)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" says no time (+3s from here, 40s from the beginning)",
                                word->text);
    }
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "what happens then is missing (at +3s kill a1)");
    }
    return parse_inner(parser, parser->count, INNER_AT);
}

bool rcs_parse_during(struct rcs_parser *parser)
{
    if (!rcs_parser_duration(parser, &parser->stmt->high_us)) {
        return false;
    }
    if (!rcs_parser_is(parser, "{")) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a { is missing here (during 10s { partition A B })");
    }
    if (!rcs_parser_more(parser) && (parser->in_at || parser->in_only)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "behind `%s` the whole block is one line (during 5s { kill a1 })",
                                parser->in_at ? "at" : "only");
    }
    if (!rcs_parser_more(parser)) {
        return true; /* the body follows on the next lines */
    }
    const struct rcs_word *last = &parser->words[parser->count - 1];
    if (last->quoted || strcmp(last->text, "}") != 0) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->count,
            "a } is missing at the end of the line (or nothing may follow the {)");
    }
    if (parser->at + 1 == parser->count) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, "the block is empty");
    }
    return parse_inner(parser, parser->count - 1, INNER_DURING);
}

/* One end of a range of releases; "" stands for the first or last of all. */
static bool read_release(struct rcs_parser *parser, const char *text, size_t size, int otherwise,
                         int *out)
{
    char name[48];
    snprintf(name, sizeof(name), "%.*s", (int)(size < 47 ? size : 47), text);
    const struct rcs_profile *profile = rcs_profile_find(name);
    struct rcs_diag diag = { .line = 0 };
    *out = profile != NULL ? (int)profile->release : otherwise;
    if (profile != NULL || (size == 0 && otherwise >= 0)) {
        return true;
    }
    rcs_profile_refuse(name, &diag);
    return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1, "%s", diag.text);
}

/* "6.2..7.4": in the order of the table, in which Valkey 8.0 follows 7.4. */
static bool read_releases(struct rcs_parser *parser, const char *text, size_t size, int *bits)
{
    int first, last;
    size_t dots = 0;
    while (dots + 1 < size && (text[dots] != '.' || text[dots + 1] != '.')) {
        dots++;
    }
    bool range = dots + 1 < size;
    if (!read_release(parser, text, range ? dots : size, range ? 0 : -1, &first)) {
        return false;
    }
    last = first;
    if (range &&
        !read_release(parser, text + dots + 2, size - dots - 2, RCS_RELEASE_COUNT - 1, &last)) {
        return false;
    }
    if (first > last) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1, "\"%.*s\" runs backwards",
                                (int)size, text);
    }
    for (int release = first; release <= last; release++) {
        *bits |= 1 << release;
    }
    return true;
}

bool rcs_parse_only(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (parser->in_only) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "only cannot stand in `only`: name the releases once");
    }
    if (!rcs_parser_word(parser, "releases (7.0, 6.2..7.4, ..6.2)", &word)) {
        return false;
    }
    for (const char *at = word->text;; at++) {
        size_t size = strcspn(at, ",");
        if (!read_releases(parser, at, size, &parser->stmt->number)) {
            return false;
        }
        at += size;
        if (*at == '\0') {
            break;
        }
    }
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "what these releases do is missing (only ..6.2 expect ...)");
    }
    return parse_inner(parser, parser->count, INNER_ONLY);
}

bool rcs_parse_try(struct rcs_parser *parser)
{
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "what is tried is missing (try start a1)");
    }
    return parse_inner(parser, parser->count, INNER_TRY);
}

bool rcs_parse_include(struct rcs_parser *parser)
{
    return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "include must stand at the beginning of a line of its own");
}
