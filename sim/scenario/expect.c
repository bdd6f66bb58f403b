#include "sim/scenario/expect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/expect_parts.h"
#include "sim/scenario/run_parts.h"

#include "sim/pure.h"

const char *rcs_cond_text(const struct rcs_cond *cond)
{
    return cond->text;
}

/* --- findings --------------------------------------------------------------------------------- */

void rcs_finding_add(struct rcs_findings *findings, int node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void rcs_finding_add(struct rcs_findings *findings, int node, const char *format, ...)
{
    if (findings->untold) {
        findings->count++;
        return;
    }
    if (findings->count == findings->room) {
        findings->room = findings->room == 0 ? 16 : findings->room * 2;
        findings->list = realloc(findings->list, findings->room * sizeof(findings->list[0]));
        RCS_ASSERT(findings->list != NULL);
    }
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    RCS_ASSERT(length >= 0);
    char *text = rcs_run_alloc((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    findings->list[findings->count++] = (struct rcs_finding){ node, text };
}

void rcs_findings_close(struct rcs_findings *findings)
{
    for (unsigned i = 0; i < findings->count && !findings->untold; i++) {
        free(findings->list[i].text);
    }
    free(findings->list);
    *findings = (struct rcs_findings){ 0 };
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

#define FINDINGS_SHOWN 12

void rcs_findings_print(const struct rcs_findings *findings, const struct rcs_script *script,
                        struct rcs_buf *out)
{
    bool *told = rcs_run_alloc(findings->count + 1);
    int *nodes = rcs_run_alloc(sizeof(nodes[0]) * (findings->count + 1));
    memset(told, 0, findings->count + 1);
    unsigned shown = 0;
    for (unsigned i = 0; i < findings->count; i++) {
        if (told[i]) {
            continue;
        }
        if (shown++ == FINDINGS_SHOWN) {
            rcs_buf_text(out, "; ...");
            break;
        }
        unsigned count = 0;
        for (unsigned j = i; j < findings->count; j++) {
            if (strcmp(findings->list[j].text, findings->list[i].text) == 0) {
                told[j] = true;
                if (findings->list[j].node >= 0 &&
                    (count == 0 || nodes[count - 1] != findings->list[j].node)) {
                    nodes[count++] = findings->list[j].node;
                }
            }
        }
        qsort(nodes, count, sizeof(nodes[0]), by_number);
        rcs_buf_text(out, shown > 1 ? "; " : "");
        rcs_group_print(out, script, nodes, count);
        rcs_buf_format(out, "%s%s", count > 0 ? ": " : "", findings->list[i].text);
    }
    free(nodes);
    free(told);
}

/* --- patterns and numbers --------------------------------------------------------------------- */

bool rcs_pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
            continue;
        }
        const char *literal = pattern[0] == '\\' && pattern[1] == '*' ? pattern + 1 : pattern;
        if (*literal != '\0' && *literal == *text) {
            pattern = literal + 1;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

bool rcs_wanted_fits(const struct rcs_wanted *wanted, int64_t value)
{
    return (value >= wanted->low && value <= wanted->high) != wanted->outside;
}

static bool read_i64(const char *text, size_t size_bytes, int64_t *out)
{
    *out = 0;
    if (size_bytes == 0 || size_bytes > 18) {
        return false;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

static bool read_wanted(const char *text, struct rcs_wanted *out)
{
    static const char *const signs[] = { ">=", "<=", "!=", ">", "<", "=", "" };
    *out = (struct rcs_wanted){ .low = INT64_MIN, .high = INT64_MAX, .text = text };
    const char *dots = strstr(text, "..");
    if (dots != NULL) {
        return read_i64(text, (size_t)(dots - text), &out->low) &&
               read_i64(dots + 2, strlen(dots + 2), &out->high) && out->low <= out->high;
    }
    unsigned sign = 0;
    while (strncmp(text, signs[sign], strlen(signs[sign])) != 0) {
        sign++;
    }
    int64_t value;
    const char *digits = text + strlen(signs[sign]);
    if (!read_i64(digits, strlen(digits), &value)) {
        return false;
    }
    if (sign == 0 || sign == 3) {
        out->low = value + (sign == 3);
    } else if (sign == 1 || sign == 4) {
        out->high = value - (sign == 4);
    } else {
        out->low = out->high = value;
        out->outside = sign == 2;
    }
    return true;
}

bool rcs_wanted_take(struct rcs_parser *parser, struct rcs_wanted *out)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a number, such as 6, >=6 or 5..7,", &word)) {
        return false;
    }
    return read_wanted(word->text, out) ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "\"%s\" is no number to compare with (6, >=6, <3, !=0 or 5..7)",
                            word->text);
}

/* --- what stands behind `on` ------------------------------------------------------------------ */

bool rcs_cond_take_on(struct rcs_parser *parser, struct rcs_group *out)
{
    return rcs_parser_expect(parser, "on") && rcs_parser_groups(parser, "within", out);
}

/* `on VIEWERS`, or nothing: every node is asked about itself. */
bool rcs_cond_take_viewers(struct rcs_parser *parser, struct rcs_cond *cond)
{
    if (!rcs_parser_is(parser, "on")) {
        return true;
    }
    return rcs_parser_groups(parser, "within", &cond->viewers);
}

bool rcs_cond_runs(struct rcs_run *run, int node, struct rcs_view *view,
                   struct rcs_findings *findings)
{
    rcs_sim_view(run->sim, node, view);
    if (!view->running) {
        rcs_finding_add(findings, node, "not running");
    }
    return view->running;
}

const char *rcs_cond_name(const struct rcs_run *run, int node)
{
    return node < 0 ? "nobody known" : run->script->nodes[node].name;
}

/* --- the table -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct rcs_cond_row rows[] = {
    { "state", "state ok|fail on NODES", "cluster_state of each", rcs_cond_parse_state, rcs_cond_state_holds },
    { "role", "role master|replica on NODES", "what each takes itself for", rcs_cond_parse_role, rcs_cond_role_holds },
    { "master", "master NODES of NODES [on VIEWERS]", "one master for all, or as many, in pairs", rcs_cond_parse_master, rcs_cond_master_holds },
    { "replicate", "NODES replicate NODES [on VIEWERS]", "the same the other way round", rcs_cond_parse_replicate, rcs_cond_master_holds },
    { "slots", "slots 0-5460|none of NODES [on VIEWERS]", "exactly these, in the eyes of the viewers", rcs_cond_parse_slots, rcs_cond_slots_hold },
    { "epoch", "epoch N|above NODES of NODES [on VIEWERS]", "config epoch", rcs_cond_parse_epoch, rcs_cond_epoch_holds },
    { "flags", "flags master,fail of NODES [on VIEWERS]", "as CLUSTER NODES prints them; * stands for any", rcs_cond_parse_flags, rcs_cond_flags_hold },
    { "known", "known N on NODES | known NODES on VIEWERS", "how many nodes or which ones stand in the table", rcs_cond_parse_known, rcs_cond_known_holds },
    { "unknown", "unknown NODES on VIEWERS", "none of them stands in the viewers' tables", rcs_cond_parse_unknown, rcs_cond_known_holds },
    { "link", "link up|down on NODES", "the replicas' links to their masters", rcs_cond_parse_link, rcs_cond_link_holds },
    { "assigned", "assigned N on NODES", "slots with an owner", rcs_cond_parse_number, rcs_cond_number_holds },
    { "size", "size N on NODES", "masters with slots", rcs_cond_parse_number, rcs_cond_number_holds },
    { "keys", "keys N on NODES", "keys it holds", rcs_cond_parse_number, rcs_cond_number_holds },
    { "current-epoch", "current-epoch N on NODES", "the highest epoch it heard of", rcs_cond_parse_number, rcs_cond_number_holds },
    { "life", "life up|paused|down|off|never-started on NODES", "the process", rcs_cond_parse_life, rcs_cond_life_holds },
    { "agreement", "agreement on NODES", "they see the same owners of slots at the same epochs", rcs_cond_parse_agreement, rcs_cond_agreement_holds },
    { "log", "[no] log NODES \"TEXT\"", "each has (or none has) such a log line; * stands for any text", rcs_cond_parse_log, rcs_cond_log_holds },
    { "event", "[no] event NODES WHAT [about NODE] [since EVENT]", "it happened to each (or to none) of them", rcs_cond_parse_event, rcs_cond_event_holds },
    { "time", "time from EVENT to EVENT 5s..7s", "EVENT: \"a statement or step\", or [first] NODES WHAT [about NODE]", rcs_cond_parse_span, rcs_cond_span_holds },
    { "order", "order EVENT then EVENT ...", "they happened in this order", rcs_cond_parse_order, rcs_cond_order_holds },
    { "workload", "workload NAME lost|errors [KIND]|operations|ok|acknowledged|confirmed|reread|outages N | workload NAME unavailable 5s..7s | workload NAME up|down", "what it has counted; lost: acknowledged writes", rcs_cond_parse_workload, rcs_cond_workload_holds },
    { "healthy", "healthy", "all invariants hold, now that nothing disturbs the cluster any more; no write is lost but as real servers lose them", rcs_cond_parse_healthy, rcs_cond_healthy_holds },
    { "finding", "finding NAME[/PERMIT] [\"FINGERPRINT\"] | no finding [NAME[/PERMIT]]", "a breach of an invariant, or one that real servers permit themselves, was found (rcsim help findings)", rcs_cond_parse_finding, rcs_cond_finding_holds },
    { "digest", "digest 0123456789abcdef", "of the run so far", rcs_cond_parse_digest, rcs_cond_digest_holds },
};
/* clang-format on */
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const char *rcs_cond_usage(unsigned index, const char **what)
{
    *what = index < ROW_COUNT ? rows[index].what : NULL;
    return index < ROW_COUNT ? rows[index].usage : NULL;
}

static const struct rcs_cond_row *find_row(struct rcs_parser *parser)
{
    const char *first = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].word, first) == 0) {
            parser->at++;
            return &rows[i];
        }
    }
    for (unsigned i = parser->at; i < parser->count; i++) {
        const char *word = parser->words[i].text;
        if (strcmp(word, "replicate") == 0 || strcmp(word, "replicates") == 0) {
            for (unsigned r = 0; r < ROW_COUNT; r++) {
                if (rows[r].parse == rcs_cond_parse_replicate) {
                    return &rows[r];
                }
            }
        }
    }
    return NULL;
}

static bool unknown_row(struct rcs_parser *parser)
{
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a condition is missing here (state ok on b1..b6)");
    }
    const char *word = parser->words[parser->at].text;
    const char *words[ROW_COUNT + 1];
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        words[i] = rows[i].word;
    }
    words[ROW_COUNT] = NULL;
    const char *near = rcs_lex_nearest(word, words);
    if (near != NULL) {
        return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at,
                                "no condition \"%s\" (did you mean %s?)", word, near);
    }
    return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at,
                            "no condition \"%s\" (`rcsim help scenario` lists them)", word);
}

bool rcs_parser_cond(struct rcs_parser *parser, const struct rcs_cond **out)
{
    struct rcs_cond *cond = rcs_arena_alloc(&parser->script->arena, sizeof(*cond));
    unsigned from = parser->at;
    cond->no = rcs_parser_is(parser, "no");
    cond->row = find_row(parser);
    if (cond->row == NULL) {
        return unknown_row(parser);
    }
    if (cond->no && cond->row->parse != rcs_cond_parse_log &&
        cond->row->parse != rcs_cond_parse_event && cond->row->parse != rcs_cond_parse_finding) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, from,
                                "\"no\" goes with log, event and finding only");
    }
    if (!cond->row->parse(parser, cond)) {
        return false;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_words_print(&text, parser->words, from, parser->at);
    cond->text = rcs_arena_text(&parser->script->arena, text.data, text.size_bytes);
    rcs_buf_close(&text);
    *out = cond;
    return true;
}

bool rcs_cond_holds(struct rcs_run *run, const struct rcs_cond *cond, struct rcs_findings *findings)
{
    struct rcs_findings own = { .untold = findings == NULL };
    cond->row->holds(run, cond, &own);
    if (findings != NULL) {
        *findings = own;
    }
    return own.count == 0;
}
