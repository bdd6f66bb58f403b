#include "sim/scenario/expect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/bus_types.h>
#include <rcsim/slot.h>

#include "sim/facts.h"
#include "sim/scenario/run_parts.h"

#include "sim/pure.h"

/* A number a condition asks for: 6, >=6, <3, 2..4, !=0. */
struct wanted {
    int64_t low, high;
    bool outside;
    const char *text;
};

/* An event in the run's history. */
struct happening {
    const char *mark;       /* the text of a statement or step; NULL: */
    struct rcs_group nodes; /* `what` on each of these */
    const char *what;
    int about;  /* -1 anybody */
    bool first; /* the first of them is enough */
    const char *text;
};

struct cond_row;
#define HAPPENINGS 8

struct rcs_cond {
    const struct cond_row *row;
    const char *text;
    bool no;
    int choice;
    struct rcs_group a, b, viewers;
    struct wanted number;
    const char *pattern; /* flags, log, slots (canonical), digest */
    struct happening happened[HAPPENINGS];
    unsigned happened_count;
    rcs_us low_us, high_us;
};

typedef void evaluate_fn(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings);

struct cond_row {
    const char *word;
    const char *usage;
    const char *what;
    bool (*parse)(struct rcs_parser *parser, struct rcs_cond *cond);
    evaluate_fn *evaluate;
};

const char *rcs_cond_text(const struct rcs_cond *cond)
{
    return cond->text;
}

/* --- findings --------------------------------------------------------------------------------- */

static void find(struct rcs_findings *findings, int node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void find(struct rcs_findings *findings, int node, const char *format, ...)
{
    if (findings->count == findings->room) {
        findings->room = findings->room == 0 ? 16 : findings->room * 2;
        findings->list = realloc(findings->list, findings->room * sizeof(findings->list[0]));
        RCS_ASSERT(findings->list != NULL);
    }
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    findings->list[findings->count++] =
        (struct rcs_finding){ node, rcs_run_copy(text, strlen(text)) };
}

void rcs_findings_close(struct rcs_findings *findings)
{
    for (unsigned i = 0; i < findings->count; i++) {
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

static bool fits(const struct wanted *wanted, int64_t value)
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

static bool read_wanted(const char *text, struct wanted *out)
{
    static const char *const signs[] = { ">=", "<=", "!=", ">", "<", "=", "" };
    *out = (struct wanted){ .low = INT64_MIN, .high = INT64_MAX, .text = text };
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

static bool take_wanted(struct rcs_parser *parser, struct wanted *out)
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

static bool take_on(struct rcs_parser *parser, struct rcs_group *out)
{
    return rcs_parser_expect(parser, "on") && rcs_parser_groups(parser, "within", out);
}

/* `on VIEWERS`, or nothing: every node is asked about itself. */
static bool take_viewers(struct rcs_parser *parser, struct rcs_cond *cond)
{
    if (!rcs_parser_is(parser, "on")) {
        return true;
    }
    return rcs_parser_groups(parser, "within", &cond->viewers);
}

static bool runs(struct rcs_run *run, int node, struct rcs_view *view,
                 struct rcs_findings *findings)
{
    rcs_sim_view(run->sim, node, view);
    if (!view->running) {
        find(findings, node, "not running");
    }
    return view->running;
}

static const char *name_of(const struct rcs_run *run, int node)
{
    return node < 0 ? "nobody known" : run->script->nodes[node].name;
}

/* Calls `one` for each subject and each of its viewers that runs. */
typedef void pair_fn(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                     struct rcs_findings *findings);

static void each_pair(struct rcs_run *run, const struct rcs_cond *cond,
                      const struct rcs_group *subjects, pair_fn *one, struct rcs_findings *findings)
{
    bool own = cond->viewers.count == 0;
    for (unsigned v = 0; v < (own ? subjects->count : cond->viewers.count); v++) {
        int viewer = own ? subjects->nodes[v] : cond->viewers.nodes[v];
        struct rcs_view view;
        if (!runs(run, viewer, &view, findings)) {
            continue;
        }
        for (unsigned i = own ? v : 0; i < (own ? v + 1 : subjects->count); i++) {
            one(run, cond, i, viewer, findings);
        }
    }
}

/* --- one node's own picture ------------------------------------------------------------------- */

static const char *const states[] = { "ok", "fail", NULL };
static const char *const roles[] = { "master", "replica", NULL };
static const char *const links[] = { "up", "down", NULL };
static const char *const lives[] = { "never-started", "up", "paused", "down", "off", NULL };

static bool parse_state(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, states, &cond->choice) && take_on(parser, &cond->a);
}

static bool parse_role(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, roles, &cond->choice) && take_on(parser, &cond->a);
}

static bool parse_link(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, links, &cond->choice) && take_on(parser, &cond->a);
}

static bool parse_life(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, lives, &cond->choice) && take_on(parser, &cond->a);
}

static bool parse_number(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return take_wanted(parser, &cond->number) && take_on(parser, &cond->a);
}

static void state_holds(struct rcs_run *run, const struct rcs_cond *cond,
                        struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count; i++) {
        struct rcs_view view;
        if (runs(run, cond->a.nodes[i], &view, findings) && view.state_ok != (cond->choice == 0)) {
            find(findings, cond->a.nodes[i], "%s", states[view.state_ok ? 0 : 1]);
        }
    }
}

static void role_holds(struct rcs_run *run, const struct rcs_cond *cond,
                       struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count; i++) {
        struct rcs_view view;
        if (!runs(run, cond->a.nodes[i], &view, findings) || view.replica == (cond->choice == 1)) {
            continue;
        }
        if (view.replica) {
            find(findings, cond->a.nodes[i], "replica of %s", name_of(run, view.master));
        } else {
            find(findings, cond->a.nodes[i], "master");
        }
    }
}

static void link_holds(struct rcs_run *run, const struct rcs_cond *cond,
                       struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count; i++) {
        struct rcs_view view;
        if (!runs(run, cond->a.nodes[i], &view, findings)) {
            continue;
        }
        if (!view.replica) {
            find(findings, cond->a.nodes[i], "a master, without such a link");
        } else if (view.link_up != (cond->choice == 0)) {
            find(findings, cond->a.nodes[i], "%s", links[view.link_up ? 0 : 1]);
        }
    }
}

static void life_holds(struct rcs_run *run, const struct rcs_cond *cond,
                       struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count; i++) {
        int life = (int)rcs_sim_node_life(run->sim, cond->a.nodes[i]);
        if (life != cond->choice) {
            find(findings, cond->a.nodes[i], "%s", lives[life]);
        }
    }
}

static int64_t number_of(const struct rcs_view *view, const char *word)
{
    return strcmp(word, "known") == 0      ? (int64_t)view->known
           : strcmp(word, "assigned") == 0 ? (int64_t)view->assigned
           : strcmp(word, "size") == 0     ? (int64_t)view->size
           : strcmp(word, "keys") == 0     ? (int64_t)view->keys
                                           : (int64_t)view->current_epoch;
}

static void number_holds(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count; i++) {
        struct rcs_view view;
        if (!runs(run, cond->a.nodes[i], &view, findings)) {
            continue;
        }
        int64_t value = number_of(&view, cond->row->word);
        if (!fits(&cond->number, value)) {
            find(findings, cond->a.nodes[i], "%lld", (long long)value);
        }
    }
}

/* --- how one node sees another ---------------------------------------------------------------- */

/* `known 6 on VIEWERS` counts; `known NODES on VIEWERS` names them. */
static bool parse_known(struct rcs_parser *parser, struct rcs_cond *cond)
{
    const char *text = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    if (text[0] == '\0' || strchr("0123456789<>=!", text[0]) != NULL) {
        return parse_number(parser, cond);
    }
    return rcs_parser_groups(parser, "on", &cond->b) && take_on(parser, &cond->viewers);
}

static bool parse_unknown(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_groups(parser, "on", &cond->b) && take_on(parser, &cond->viewers);
}

static void knows(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                  struct rcs_findings *findings)
{
    struct rcs_opinion opinion;
    bool wanted = strcmp(cond->row->word, "known") == 0;
    int node = cond->b.nodes[index];
    if (rcs_sim_opinion(run->sim, viewer, node, &opinion) != wanted) {
        find(findings, viewer, "%s %s", wanted ? "does not know" : "knows", name_of(run, node));
    }
}

static void known_holds(struct rcs_run *run, const struct rcs_cond *cond,
                        struct rcs_findings *findings)
{
    if (cond->b.count == 0) {
        number_holds(run, cond, findings);
    } else {
        each_pair(run, cond, &cond->b, knows, findings);
    }
}

static bool parse_master(struct rcs_parser *parser, struct rcs_cond *cond)
{
    unsigned index = parser->at;
    if (!rcs_parser_groups(parser, "of", &cond->a) || !rcs_parser_expect(parser, "of")) {
        return false;
    }
    unsigned until = parser->at;
    while (until < parser->count && strcmp(parser->words[until].text, "on") != 0 &&
           strcmp(parser->words[until].text, "within") != 0) {
        until++;
    }
    if (!rcs_parser_groups(parser, until < parser->count ? parser->words[until].text : NULL,
                           &cond->b) ||
        !take_viewers(parser, cond)) {
        return false;
    }
    return cond->a.count == 1 || cond->a.count == cond->b.count ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, index,
                            "%u masters for %u replicas (one for all, or as many, in pairs)",
                            cond->a.count, cond->b.count);
}

/* REPLICAS replicate MASTERS [on VIEWERS]: the same the other way round. */
static bool parse_replicate(struct rcs_parser *parser, struct rcs_cond *cond)
{
    unsigned index = parser->at;
    const char *verb = "replicate";
    for (unsigned i = parser->at; i < parser->count; i++) {
        if (strcmp(parser->words[i].text, "replicates") == 0) {
            verb = "replicates";
        }
    }
    if (!rcs_parser_groups(parser, verb, &cond->b) || !rcs_parser_expect(parser, verb)) {
        return false;
    }
    unsigned until = parser->at;
    while (until < parser->count && strcmp(parser->words[until].text, "on") != 0 &&
           strcmp(parser->words[until].text, "within") != 0) {
        until++;
    }
    if (!rcs_parser_groups(parser, until < parser->count ? parser->words[until].text : NULL,
                           &cond->a) ||
        !take_viewers(parser, cond)) {
        return false;
    }
    return cond->a.count == 1 || cond->a.count == cond->b.count ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, index,
                            "%u replicas for %u masters (one for all, or as many, in pairs)",
                            cond->b.count, cond->a.count);
}

static void has_master(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                       struct rcs_findings *findings)
{
    int node = cond->b.nodes[index], wanted = cond->a.nodes[cond->a.count == 1 ? 0 : index];
    struct rcs_opinion opinion;
    if (!rcs_sim_opinion(run->sim, viewer, node, &opinion)) {
        find(findings, viewer, "does not know %s", name_of(run, node));
    } else if (!(opinion.flags & RCS_NODE_REPLICA)) {
        find(findings, viewer, "%s is a master", name_of(run, node));
    } else if (opinion.master != wanted) {
        find(findings, viewer, "%s replicates %s", name_of(run, node),
             name_of(run, opinion.master));
    }
}

static void master_holds(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    each_pair(run, cond, &cond->b, has_master, findings);
}

static bool take_subjects(struct rcs_parser *parser, struct rcs_cond *cond)
{
    unsigned until = parser->at;
    while (until < parser->count && strcmp(parser->words[until].text, "on") != 0 &&
           strcmp(parser->words[until].text, "within") != 0) {
        until++;
    }
    return rcs_parser_groups(parser, until < parser->count ? parser->words[until].text : NULL,
                             &cond->b) &&
           take_viewers(parser, cond);
}

static bool parse_slots(struct rcs_parser *parser, struct rcs_cond *cond)
{
    struct rcs_slot_words words = { { 0 } };
    if (!rcs_parser_is(parser, "none")) {
        do {
            const struct rcs_word *word;
            if (!rcs_parser_word(parser, "slots, such as 0-5460,", &word)) {
                return false;
            }
            for (const char *at = word->text; *at != '\0';) {
                size_t len = strcspn(at, " ,");
                unsigned first, last;
                if (rcs_slot_range_read(at, len, &first, &last) != RCS_OK) {
                    return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                            "\"%s\" are no slots (0-5460, 7, 0-5460,5462; none)",
                                            word->text);
                }
                rcs_slot_words_add_range(&words, first, last);
                at += len + (at[len] != '\0');
            }
        } while (rcs_parser_more(parser) && strcmp(parser->words[parser->at].text, "of") != 0);
    }
    size_t size = rcs_slot_ranges_write(&words, " ", NULL, 0) + 1;
    char *canonical = rcs_arena_alloc(&parser->script->arena, size);
    rcs_slot_ranges_write(&words, " ", canonical, size);
    cond->pattern = canonical;
    return rcs_parser_expect(parser, "of") && take_subjects(parser, cond);
}

static void has_slots(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                      struct rcs_findings *findings)
{
    int node = cond->b.nodes[index];
    const char *ranges = rcs_sim_slot_ranges(run->sim, viewer, node);
    if (strcmp(ranges, cond->pattern) != 0) {
        find(findings, viewer, "%s has %s", name_of(run, node),
             ranges[0] == '\0' ? "none" : ranges);
    }
}

static void slots_hold(struct rcs_run *run, const struct rcs_cond *cond,
                       struct rcs_findings *findings)
{
    each_pair(run, cond, &cond->b, has_slots, findings);
}

static bool parse_flags(struct rcs_parser *parser, struct rcs_cond *cond)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "flags as CLUSTER NODES prints them, such as master,fail,",
                         &word)) {
        return false;
    }
    cond->pattern = word->text;
    return rcs_parser_expect(parser, "of") && take_subjects(parser, cond);
}

static void print_flags(unsigned flags, char *out, size_t capacity)
{
#define X(name, value, text) { value, text },
    static const struct {
        unsigned value;
        const char *text;
    } rows[] = { RCS_NODE_FLAGS(X) };
#undef X
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((flags & rows[i].value) && rows[i].text != NULL) {
            int wrote =
                snprintf(out + used, capacity - used, "%s%s", used > 0 ? "," : "", rows[i].text);
            used += wrote > 0 ? (size_t)wrote : 0;
        }
    }
    if (used == 0) {
        snprintf(out, capacity, "noflags");
    }
}

static void has_flags(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                      struct rcs_findings *findings)
{
    int node = cond->b.nodes[index];
    struct rcs_opinion opinion;
    if (!rcs_sim_opinion(run->sim, viewer, node, &opinion)) {
        find(findings, viewer, "does not know %s", name_of(run, node));
        return;
    }
    char flags[128];
    print_flags(opinion.flags, flags, sizeof(flags));
    if (!rcs_pattern_matches(cond->pattern, flags)) {
        find(findings, viewer, "%s is %s", name_of(run, node), flags);
    }
}

static void flags_hold(struct rcs_run *run, const struct rcs_cond *cond,
                       struct rcs_findings *findings)
{
    each_pair(run, cond, &cond->b, has_flags, findings);
}

/* epoch N of NODES [on VIEWERS] | epoch above NODES of NODES [on VIEWERS] */
static bool parse_epoch(struct rcs_parser *parser, struct rcs_cond *cond)
{
    if (rcs_parser_is(parser, "above")) {
        if (!rcs_parser_groups(parser, "of", &cond->a)) {
            return false;
        }
    } else if (!take_wanted(parser, &cond->number)) {
        return false;
    }
    return rcs_parser_expect(parser, "of") && take_subjects(parser, cond);
}

static void has_epoch(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                      struct rcs_findings *findings)
{
    int node = cond->b.nodes[index];
    struct rcs_opinion opinion, other;
    if (!rcs_sim_opinion(run->sim, viewer, node, &opinion)) {
        find(findings, viewer, "does not know %s", name_of(run, node));
        return;
    }
    if (cond->a.count == 0 && !fits(&cond->number, (int64_t)opinion.config_epoch)) {
        find(findings, viewer, "%s has %llu", name_of(run, node),
             (unsigned long long)opinion.config_epoch);
    }
    for (unsigned i = 0; i < cond->a.count; i++) {
        if (rcs_sim_opinion(run->sim, viewer, cond->a.nodes[i], &other) &&
            other.config_epoch >= opinion.config_epoch) {
            find(findings, viewer, "%s has %llu, %s has %llu", name_of(run, node),
                 (unsigned long long)opinion.config_epoch, name_of(run, cond->a.nodes[i]),
                 (unsigned long long)other.config_epoch);
        }
    }
}

static void epoch_holds(struct rcs_run *run, const struct rcs_cond *cond,
                        struct rcs_findings *findings)
{
    each_pair(run, cond, &cond->b, has_epoch, findings);
}

/* --- agreement
 * ------------------------------------------------------------------------------------------------------
 */

static bool parse_agreement(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return take_on(parser, &cond->a);
}

/* Who has which slots at which epoch, as one node sees it. */
static char *picture(struct rcs_run *run, int viewer)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    for (unsigned node = 0; node < run->script->node_count; node++) {
        struct rcs_opinion opinion;
        if (rcs_sim_opinion(run->sim, viewer, (int)node, &opinion) && opinion.slots > 0) {
            rcs_buf_format(&out, "%s%s has %s at epoch %llu", out.size_bytes > 0 ? ", " : "",
                           name_of(run, (int)node),
                           rcs_sim_slot_ranges(run->sim, viewer, (int)node),
                           (unsigned long long)opinion.config_epoch);
        }
    }
    if (out.size_bytes == 0) {
        rcs_buf_text(&out, "no slots");
    }
    char *text = rcs_run_copy(out.data, out.size_bytes);
    rcs_buf_close(&out);
    return text;
}

static void agreement_holds(struct rcs_run *run, const struct rcs_cond *cond,
                            struct rcs_findings *findings)
{
    struct rcs_findings pictures = { 0 };
    bool same = true;
    for (unsigned i = 0; i < cond->a.count; i++) {
        struct rcs_view view;
        if (runs(run, cond->a.nodes[i], &view, findings)) {
            char *text = picture(run, cond->a.nodes[i]);
            find(&pictures, cond->a.nodes[i], "%s", text);
            same &= strcmp(pictures.list[0].text, pictures.list[pictures.count - 1].text) == 0;
            free(text);
        }
    }
    for (unsigned i = 0; !same && i < pictures.count; i++) {
        find(findings, pictures.list[i].node, "%s", pictures.list[i].text);
    }
    rcs_findings_close(&pictures);
}

/* --- the log
 * ----------------------------------------------------------------------------------------------------------
 */

static bool parse_log(struct rcs_parser *parser, struct rcs_cond *cond)
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

/* The pattern is held against the whole line and against what follows the level's mark. */
static bool line_matches(const char *pattern, const char *line)
{
    const char *text = line;
    for (int blanks = 0; blanks < 6 && text != NULL; blanks++) {
        text = strchr(text + (blanks > 0), ' '); /* "1001:M 01 Jan 2026 00:00:00.000 * text" */
    }
    return rcs_pattern_matches(pattern, line) ||
           (text != NULL && rcs_pattern_matches(pattern, text + 1));
}

static void log_holds(struct rcs_run *run, const struct rcs_cond *cond,
                      struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count; i++) {
        const struct rcs_log_line *hit = NULL;
        for (unsigned j = 0; j < run->log_count && hit == NULL; j++) {
            if (run->log[j].node == cond->a.nodes[i] &&
                line_matches(cond->pattern, run->log[j].text)) {
                hit = &run->log[j];
            }
        }
        if (hit == NULL && !cond->no) {
            find(findings, cond->a.nodes[i], "no such line");
        } else if (hit != NULL && cond->no) {
            find(findings, cond->a.nodes[i], "%s", hit->text);
        }
    }
}

/* --- what happened
 * -------------------------------------------------------------------------------------------------------
 */

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
    RCS_ASSERT(cond->happened_count < HAPPENINGS);
    struct happening *out = &cond->happened[cond->happened_count++];
    *out = (struct happening){ .about = -1 };
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

static bool parse_event(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return take_happening(parser, cond) &&
           (!rcs_parser_is(parser, "since") || take_happening(parser, cond));
}

static bool parse_span(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_expect(parser, "from") && take_happening(parser, cond) &&
           rcs_parser_expect(parser, "to") && take_happening(parser, cond) &&
           rcs_parser_durations(parser, &cond->low_us, &cond->high_us);
}

static bool parse_order(struct rcs_parser *parser, struct rcs_cond *cond)
{
    if (!take_happening(parser, cond)) {
        return false;
    }
    do {
        if (cond->happened_count == HAPPENINGS) {
            return rcs_parser_wrong(parser, RCS_ERR_LIMIT, parser->at,
                                    "more than %d events in one order", HAPPENINGS);
        }
        if (!rcs_parser_expect(parser, "then") || !take_happening(parser, cond)) {
            return false;
        }
    } while (rcs_parser_more(parser));
    return true;
}

static bool mark_is(const struct rcs_mark *mark, const char *text)
{
    size_t len = strlen(text);
    return strncmp(mark->text, text, len) == 0 &&
           (mark->text[len] == '\0' || mark->text[len] == ' ');
}

/* When `what` first came to `node` at or after `since`; RCS_NEVER. With `last`: the last time. */
static rcs_us when_on(struct rcs_run *run, const struct happening *happening, int node,
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

static rcs_us when(struct rcs_run *run, const struct happening *happening, rcs_us since, bool last)
{
    rcs_us at = RCS_NEVER;
    if (happening->mark != NULL) {
        for (unsigned i = 0; i < run->mark_count; i++) {
            const struct rcs_mark *mark = &run->marks[i];
            if (mark->at_us >= since && mark_is(mark, happening->mark) &&
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
static bool need(struct rcs_run *run, const struct happening *happening, rcs_us since, bool last,
                 rcs_us *at, struct rcs_findings *findings)
{
    *at = when(run, happening, since, last);
    if (*at != RCS_NEVER) {
        return true;
    }
    if (since <= 0) {
        find(findings, -1, "%s has not happened", happening->text);
    } else {
        char text[64];
        print_at(text, since);
        find(findings, -1, "%s has not happened since %s", happening->text, text);
    }
    return false;
}

static void event_holds(struct rcs_run *run, const struct rcs_cond *cond,
                        struct rcs_findings *findings)
{
    rcs_us since = 0, at;
    if (cond->happened_count == 2 && !need(run, &cond->happened[1], 0, true, &since, findings)) {
        return;
    }
    const struct happening *happening = &cond->happened[0];
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
            find(findings, node, "at %s", text);
        }
    }
}

static void span_holds(struct rcs_run *run, const struct rcs_cond *cond,
                       struct rcs_findings *findings)
{
    rcs_us from, to;
    if (need(run, &cond->happened[0], 0, true, &from, findings) &&
        need(run, &cond->happened[1], from, false, &to, findings) &&
        (to - from < cond->low_us || to - from > cond->high_us)) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_duration_print(&text, to - from);
        find(findings, -1, "%.*s", (int)text.size_bytes, text.data);
        rcs_buf_close(&text);
    }
}

static void order_holds(struct rcs_run *run, const struct rcs_cond *cond,
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

static bool parse_digest(struct rcs_parser *parser, struct rcs_cond *cond)
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

static void digest_holds(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    char text[17];
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)rcs_sim_digest(run->sim));
    if (strcmp(text, cond->pattern) != 0) {
        find(findings, -1, "%s", text);
    }
}

/* --- the table
 * -------------------------------------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct cond_row rows[] = {
    { "state", "state ok|fail on NODES", "cluster_state of each", parse_state, state_holds },
    { "role", "role master|replica on NODES", "what each takes itself for", parse_role, role_holds },
    { "master", "master NODES of NODES [on VIEWERS]", "one master for all, or as many, in pairs", parse_master, master_holds },
    { "replicate", "NODES replicate NODES [on VIEWERS]", "the same the other way round", parse_replicate, master_holds },
    { "slots", "slots 0-5460|none of NODES [on VIEWERS]", "exactly these, in the eyes of the viewers", parse_slots, slots_hold },
    { "epoch", "epoch N|above NODES of NODES [on VIEWERS]", "config epoch", parse_epoch, epoch_holds },
    { "flags", "flags master,fail of NODES [on VIEWERS]", "as CLUSTER NODES prints them; * stands for any", parse_flags, flags_hold },
    { "known", "known N on NODES | known NODES on VIEWERS", "how many nodes or which ones stand in the table", parse_known, known_holds },
    { "unknown", "unknown NODES on VIEWERS", "none of them stands in the viewers' tables", parse_unknown, known_holds },
    { "link", "link up|down on NODES", "the replicas' links to their masters", parse_link, link_holds },
    { "assigned", "assigned N on NODES", "slots with an owner", parse_number, number_holds },
    { "size", "size N on NODES", "masters with slots", parse_number, number_holds },
    { "keys", "keys N on NODES", "keys it holds", parse_number, number_holds },
    { "current-epoch", "current-epoch N on NODES", "the highest epoch it heard of", parse_number, number_holds },
    { "life", "life up|paused|down|off|never-started on NODES", "the process", parse_life, life_holds },
    { "agreement", "agreement on NODES", "they see the same owners of slots at the same epochs", parse_agreement, agreement_holds },
    { "log", "[no] log NODES \"TEXT\"", "each has (or none has) such a log line; * stands for any text", parse_log, log_holds },
    { "event", "[no] event NODES WHAT [about NODE] [since EVENT]", "it happened to each (or to none) of them", parse_event, event_holds },
    { "time", "time from EVENT to EVENT 5s..7s", "EVENT: \"a statement or step\", or [first] NODES WHAT [about NODE]", parse_span, span_holds },
    { "order", "order EVENT then EVENT ...", "they happened in this order", parse_order, order_holds },
    { "digest", "digest 0123456789abcdef", "of the run so far", parse_digest, digest_holds },
};
/* clang-format on */
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const char *rcs_cond_usage(unsigned index, const char **what)
{
    *what = index < ROW_COUNT ? rows[index].what : NULL;
    return index < ROW_COUNT ? rows[index].usage : NULL;
}

static const struct cond_row *find_row(struct rcs_parser *parser)
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
                if (rows[r].parse == parse_replicate) {
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
    if (cond->no && cond->row->parse != parse_log && cond->row->parse != parse_event) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, from,
                                "\"no\" goes with log and event only");
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
    struct rcs_findings own = { 0 };
    cond->row->evaluate(run, cond, &own);
    bool holds = own.count == 0;
    if (findings != NULL) {
        *findings = own;
    } else {
        rcs_findings_close(&own);
    }
    return holds;
}
