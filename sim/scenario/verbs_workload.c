/* workload NAME KIND NODES ... and workload NAME stop; conditions on workloads. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario/expect_parts.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

static int find_workload(const struct rcs_script *script, const char *name)
{
    for (unsigned i = 0; i < script->workload_count; i++) {
        if (strcmp(script->workloads[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool no_workload(struct rcs_parser *parser, unsigned index, const char *name)
{
    return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, index,
                            "no workload \"%s\" stands above (workload %s KIND NODES begins one)",
                            name, name);
}

static bool take_name(struct rcs_parser *parser, const char **out)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the workload's name", &word)) {
        return false;
    }
    *out = word->text;
    size_t len = strlen(word->text);
    bool good = len > 0 && len <= 31;
    for (size_t i = 0; i < len; i++) {
        char c = word->text[i];
        good &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
                (c >= '0' && c <= '9' && i > 0);
    }
    return good ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "\"%s\" is no name (a letter, then letters, digits, - and _, 31 at "
                            "most)",
                            word->text);
}

static bool take_kind(struct rcs_parser *parser, const char **out)
{
    const struct rcs_word *word;
    const char *what;
    if (!rcs_parser_word(parser, "a kind of client program, such as redis-py,", &word)) {
        return false;
    }
    struct rcs_buf names;
    rcs_buf_init(&names);
    bool found = false;
    for (unsigned i = 0; rcs_workload_kind(i, &what) != NULL; i++) {
        rcs_buf_format(&names, "%s%s", i > 0 ? ", " : "", rcs_workload_kind(i, &what));
        found |= strcmp(rcs_workload_kind(i, &what), word->text) == 0;
    }
    *out = word->text;
    if (!found) {
        rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                         "no kind of client program \"%s\" (%.*s, or stop)", word->text,
                         (int)names.size_bytes, names.data);
    }
    rcs_buf_close(&names);
    return found;
}

static bool take_duration(struct rcs_parser *parser, rcs_us *out)
{
    return rcs_parser_duration(parser, out) &&
           (*out > 0 || rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1,
                                         "a duration above 0 is wanted here"));
}

static bool take_tag(struct rcs_parser *parser, const char **out)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "what stands between { and } in the keys", &word)) {
        return false;
    }
    *out = word->text;
    return (word->size_bytes > 0 && word->size_bytes <= 63 && strchr(word->text, '}') == NULL &&
            word->ref_count == 0) ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "\"%s\" is no tag (1 to 63 characters, none of them a })", word->text);
}

/* wait N DURATION */
static bool take_wait(struct rcs_parser *parser, struct rcs_workload_options *out)
{
    int64_t replicas = 0;
    if (!rcs_parser_number(parser, "how many replicas", 1, 1000, &replicas) ||
        !take_duration(parser, &out->wait_us)) {
        return false;
    }
    out->wait_replicas = (unsigned)replicas;
    return out->wait_us % 1000 == 0 ||
           rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1, "WAIT takes whole milliseconds");
}

/* The words that begin an option; no node may be called as one. */
static const char *const option_names[] = { "every", "keys",  "tag",  "only",  "timeout",
                                            "site",  "renew", "wait", "reread" };
#define OPTIONS (sizeof(option_names) / sizeof(option_names[0]))

static bool take_options(struct rcs_parser *parser, struct rcs_workload_options *out)
{
    static const char *const sides[] = { "writes", "reads", NULL };
    while (rcs_parser_more(parser)) {
        unsigned option = 0;
        while (option < OPTIONS && !rcs_parser_is(parser, option_names[option])) {
            option++;
        }
        bool good = true;
        int64_t number = 0;
        int side;
        switch (option) {
        case 0:
            good = take_duration(parser, &out->every_us);
            break;
        case 1:
            good = rcs_parser_number(parser, "how many keys", 1, 1000000, &number);
            out->keys = (unsigned)number;
            break;
        case 2:
            good = take_tag(parser, &out->tag);
            break;
        case 3:
            good = rcs_parser_choice(parser, sides, &side);
            out->does = good && side == 0 ? RCS_WORKLOAD_WRITES : RCS_WORKLOAD_READS;
            break;
        case 4:
            good = take_duration(parser, &out->timeout_us);
            break;
        case 5:
            good = rcs_parser_site(parser, &out->site);
            break;
        case 6:
            out->renew = true;
            break;
        case 7:
            good = take_wait(parser, out);
            break;
        case 8:
            good = take_duration(parser, &out->reread_us);
            break;
        default:
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                    "\"%s\" stands where every DURATION, keys N, tag WORD, only "
                                    "writes, only reads, timeout DURATION, site SITE, renew, "
                                    "wait N DURATION or reread DURATION should",
                                    parser->words[parser->at].text);
        }
        if (!good) {
            return false;
        }
    }
    if (out->does == RCS_WORKLOAD_READS && out->wait_replicas > 0) {
        return rcs_parser_wrong(parser, RCS_ERR_STATE, parser->at - 1,
                                "who only reads has nothing to wait for");
    }
    return out->reread_us == 0 || out->does != RCS_WORKLOAD_READS ||
           rcs_parser_wrong(parser, RCS_ERR_STATE, parser->at - 1,
                            "who only reads has written nothing to be read back");
}

/* The nodes end where an option begins. */
static bool take_nodes(struct rcs_parser *parser, struct rcs_group *out)
{
    const char *stop = NULL;
    for (unsigned i = parser->at; i < parser->count && stop == NULL; i++) {
        for (unsigned s = 0; s < OPTIONS; s++) {
            if (!parser->words[i].quoted && strcmp(parser->words[i].text, option_names[s]) == 0) {
                stop = option_names[s];
            }
        }
    }
    return rcs_parser_groups(parser, stop, out);
}

bool rcs_parse_workload(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    struct rcs_stmt *stmt = parser->stmt;
    unsigned at = parser->at;
    if (!take_name(parser, &stmt->name)) {
        return false;
    }
    stmt->number = find_workload(script, stmt->name);
    if (rcs_parser_is(parser, "stop")) {
        return (stmt->number >= 0 || no_workload(parser, at, stmt->name)) && rcs_parser_end(parser);
    }
    if (stmt->number >= 0) {
        return rcs_parser_wrong(parser, RCS_ERR_STATE, at,
                                "workload %s is there already (workload %s stop ends it)",
                                stmt->name, stmt->name);
    }
    struct rcs_workload_options *options = rcs_arena_alloc(&script->arena, sizeof(*options));
    options->name = stmt->name;
    if (!take_kind(parser, &options->kind) || !take_nodes(parser, &stmt->a) ||
        !take_options(parser, options)) {
        return false;
    }
    options->nodes = stmt->a.nodes;
    options->node_count = stmt->a.count;
    stmt->workload = options;
    stmt->number = (int)script->workload_count;
    script->workloads = rcs_arena_grow(&script->arena, script->workloads, script->workload_count,
                                       sizeof(script->workloads[0]));
    script->workloads[script->workload_count++] = stmt->name;
    return true;
}

/* --- conditions ------------------------------------------------------------------------------- */

enum measure {
    LOST,
    ERRORS,
    OPERATIONS,
    OK,
    ACKNOWLEDGED,
    CONFIRMED,
    REREAD,
    OUTAGES,
    UNAVAILABLE,
    UP,
    DOWN
};
static const char *const measures[] = { "lost",         "errors",    "operations", "ok",
                                        "acknowledged", "confirmed", "reread",     "outages",
                                        "unavailable",  "up",        "down",       NULL };

/* workload NAME lost N, errors [KIND] N, ... */
bool rcs_cond_parse_workload(struct rcs_parser *parser, struct rcs_cond *cond)
{
#define X(name, text) text,
    static const char *const errors[] = { RCS_WORKLOAD_ERRORS(X) };
#undef X
    unsigned at = parser->at;
    const char *name;
    if (!take_name(parser, &name)) {
        return false;
    }
    cond->workload = find_workload(parser->script, name);
    if (cond->workload < 0) {
        return no_workload(parser, at, name);
    }
    if (!rcs_parser_choice(parser, measures, &cond->choice)) {
        return false;
    }
    cond->error = -1;
    for (int i = 0; cond->choice == ERRORS && i < RCS_WORKLOAD_ERROR_COUNT && cond->error < 0;
         i++) {
        cond->error = rcs_parser_is(parser, errors[i]) ? i : -1;
    }
    if (cond->choice == UNAVAILABLE) {
        return rcs_parser_durations(parser, &cond->low_us, &cond->high_us);
    }
    return cond->choice == UP || cond->choice == DOWN || rcs_wanted_take(parser, &cond->number);
}

static uint64_t measured(const struct rcs_workload_counts *counts, const struct rcs_cond *cond)
{
    switch ((enum measure)cond->choice) {
    case ERRORS:
        return cond->error < 0 ? counts->error_count : counts->errors[cond->error];
    case OPERATIONS:
        return counts->operations;
    case OK:
        return counts->ok;
    case ACKNOWLEDGED:
        return counts->acknowledged;
    case CONFIRMED:
        return counts->confirmed;
    case REREAD:
        return counts->reread;
    case OUTAGES:
        return counts->outages;
    case LOST:
    case UNAVAILABLE:
    case UP:
    case DOWN:
        break;
    }
    return counts->down;
}

void rcs_cond_workload_holds(struct rcs_run *run, const struct rcs_cond *cond,
                             struct rcs_findings *findings)
{
    struct rcs_workload *workload = run->workloads[cond->workload];
    struct rcs_workload_counts counts;
    if (workload == NULL) {
        rcs_finding_add(findings, -1, "it has not begun");
        return;
    }
    rcs_workload_counts(workload, &counts);
    uint64_t unserved = 0, number = cond->choice == LOST ? rcs_workload_lost(workload, &unserved)
                                                         : measured(&counts, cond);
    if (cond->choice == UNAVAILABLE) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_duration_print(&text, counts.unavailable_us);
        if (counts.unavailable_us < cond->low_us || counts.unavailable_us > cond->high_us) {
            rcs_finding_add(findings, -1, "%.*s", (int)text.size_bytes, text.data);
        }
        rcs_buf_close(&text);
    } else if (cond->choice == UP || cond->choice == DOWN) {
        if (counts.down != (cond->choice == DOWN)) {
            rcs_finding_add(findings, -1, "%s", counts.down ? "down" : "up");
        }
    } else if (!rcs_wanted_fits(&cond->number, (int64_t)number)) {
        rcs_finding_add(findings, -1, "%llu", (unsigned long long)number);
    }
    if (unserved > 0) {
        rcs_finding_add(findings, -1, "nobody serves the keys of %llu acknowledged writes",
                        (unsigned long long)unserved);
    }
}
