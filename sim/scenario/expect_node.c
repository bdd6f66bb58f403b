/* Conditions on what nodes believe: of themselves, and of others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/bus_types.h>
#include <rcsim/slot.h>

#include "sim/scenario/expect_parts.h"
#include "sim/scenario/run_parts.h"

#include "sim/pure.h"

/* Calls `one` for each subject and each of its viewers that runs. */
typedef void pair_fn(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                     struct rcs_findings *findings);

static void each_pair(struct rcs_run *run, const struct rcs_cond *cond,
                      const struct rcs_group *subjects, pair_fn *one, struct rcs_findings *findings)
{
    bool own = cond->viewers.count == 0;
    for (unsigned v = 0;
         v < (own ? subjects->count : cond->viewers.count) && !rcs_findings_enough(findings); v++) {
        int viewer = own ? subjects->nodes[v] : cond->viewers.nodes[v];
        struct rcs_view view;
        if (!rcs_cond_runs(run, viewer, &view, findings)) {
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

bool rcs_cond_parse_state(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, states, &cond->choice) && rcs_cond_take_on(parser, &cond->a);
}

bool rcs_cond_parse_role(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, roles, &cond->choice) && rcs_cond_take_on(parser, &cond->a);
}

bool rcs_cond_parse_link(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, links, &cond->choice) && rcs_cond_take_on(parser, &cond->a);
}

bool rcs_cond_parse_life(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_choice(parser, lives, &cond->choice) && rcs_cond_take_on(parser, &cond->a);
}

bool rcs_cond_parse_number(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_wanted_take(parser, &cond->number) && rcs_cond_take_on(parser, &cond->a);
}

void rcs_cond_state_holds(struct rcs_run *run, const struct rcs_cond *cond,
                          struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count && !rcs_findings_enough(findings); i++) {
        struct rcs_view view;
        if (rcs_cond_runs(run, cond->a.nodes[i], &view, findings) &&
            view.state_ok != (cond->choice == 0)) {
            rcs_finding_add(findings, cond->a.nodes[i], "%s", states[view.state_ok ? 0 : 1]);
        }
    }
}

void rcs_cond_role_holds(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count && !rcs_findings_enough(findings); i++) {
        struct rcs_view view;
        if (!rcs_cond_runs(run, cond->a.nodes[i], &view, findings) ||
            view.replica == (cond->choice == 1)) {
            continue;
        }
        if (view.replica) {
            rcs_finding_add(findings, cond->a.nodes[i], "replica of %s",
                            rcs_cond_name(run, view.master));
        } else {
            rcs_finding_add(findings, cond->a.nodes[i], "master");
        }
    }
}

void rcs_cond_link_holds(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count && !rcs_findings_enough(findings); i++) {
        struct rcs_view view;
        if (!rcs_cond_runs(run, cond->a.nodes[i], &view, findings)) {
            continue;
        }
        if (!view.replica) {
            rcs_finding_add(findings, cond->a.nodes[i], "a master, without such a link");
        } else if (view.link_up != (cond->choice == 0)) {
            rcs_finding_add(findings, cond->a.nodes[i], "%s", links[view.link_up ? 0 : 1]);
        }
    }
}

void rcs_cond_life_holds(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count && !rcs_findings_enough(findings); i++) {
        int life = (int)rcs_sim_node_life(run->sim, cond->a.nodes[i]);
        if (life != cond->choice) {
            rcs_finding_add(findings, cond->a.nodes[i], "%s", lives[life]);
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

void rcs_cond_number_holds(struct rcs_run *run, const struct rcs_cond *cond,
                           struct rcs_findings *findings)
{
    for (unsigned i = 0; i < cond->a.count && !rcs_findings_enough(findings); i++) {
        struct rcs_view view;
        if (!rcs_cond_runs(run, cond->a.nodes[i], &view, findings)) {
            continue;
        }
        int64_t value = number_of(&view, cond->row->word);
        if (!rcs_wanted_fits(&cond->number, value)) {
            rcs_finding_add(findings, cond->a.nodes[i], "%lld", (long long)value);
        }
    }
}

/* --- how one node sees another ---------------------------------------------------------------- */

/* `known 6 on VIEWERS` counts; `known NODES on VIEWERS` names them. */
bool rcs_cond_parse_known(struct rcs_parser *parser, struct rcs_cond *cond)
{
    const char *text = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    if (text[0] == '\0' || strchr("0123456789<>=!", text[0]) != NULL) {
        return rcs_cond_parse_number(parser, cond);
    }
    return rcs_parser_groups(parser, "on", &cond->b) && rcs_cond_take_on(parser, &cond->viewers);
}

bool rcs_cond_parse_unknown(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_parser_groups(parser, "on", &cond->b) && rcs_cond_take_on(parser, &cond->viewers);
}

static void knows(struct rcs_run *run, const struct rcs_cond *cond, unsigned index, int viewer,
                  struct rcs_findings *findings)
{
    struct rcs_opinion opinion;
    bool wanted = strcmp(cond->row->word, "known") == 0;
    int node = cond->b.nodes[index];
    if (rcs_sim_opinion(run->sim, viewer, node, &opinion) != wanted) {
        rcs_finding_add(findings, viewer, "%s %s", wanted ? "does not know" : "knows",
                        rcs_cond_name(run, node));
    }
}

void rcs_cond_known_holds(struct rcs_run *run, const struct rcs_cond *cond,
                          struct rcs_findings *findings)
{
    if (cond->b.count == 0) {
        rcs_cond_number_holds(run, cond, findings);
    } else {
        each_pair(run, cond, &cond->b, knows, findings);
    }
}

/* The groups that end a condition, up to "on VIEWERS" or "within TIME". */
static bool last_groups(struct rcs_parser *parser, struct rcs_cond *cond, struct rcs_group *groups)
{
    unsigned until = parser->at;
    while (until < parser->count && strcmp(parser->words[until].text, "on") != 0 &&
           strcmp(parser->words[until].text, "within") != 0) {
        until++;
    }
    const char *end = until < parser->count ? parser->words[until].text : NULL;
    return rcs_parser_groups(parser, end, groups) && rcs_cond_take_viewers(parser, cond);
}

bool rcs_cond_parse_master(struct rcs_parser *parser, struct rcs_cond *cond)
{
    unsigned index = parser->at;
    if (!rcs_parser_groups(parser, "of", &cond->a) || !rcs_parser_expect(parser, "of")) {
        return false;
    }
    if (!last_groups(parser, cond, &cond->b)) {
        return false;
    }
    return cond->a.count == 1 || cond->a.count == cond->b.count ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, index,
                            "%u masters for %u replicas (one for all, or as many, in pairs)",
                            cond->a.count, cond->b.count);
}

/* REPLICAS replicate MASTERS [on VIEWERS]: the same the other way round. */
bool rcs_cond_parse_replicate(struct rcs_parser *parser, struct rcs_cond *cond)
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
    if (!last_groups(parser, cond, &cond->a)) {
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
        rcs_finding_add(findings, viewer, "does not know %s", rcs_cond_name(run, node));
    } else if (!(opinion.flags & RCS_NODE_REPLICA)) {
        rcs_finding_add(findings, viewer, "%s is a master", rcs_cond_name(run, node));
    } else if (opinion.master != wanted) {
        rcs_finding_add(findings, viewer, "%s replicates %s", rcs_cond_name(run, node),
                        rcs_cond_name(run, opinion.master));
    }
}

void rcs_cond_master_holds(struct rcs_run *run, const struct rcs_cond *cond,
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
           rcs_cond_take_viewers(parser, cond);
}

bool rcs_cond_parse_slots(struct rcs_parser *parser, struct rcs_cond *cond)
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
    struct rcs_opinion opinion;
    if (!rcs_sim_opinion(run->sim, viewer, node, &opinion)) {
        rcs_finding_add(findings, viewer, "does not know %s", rcs_cond_name(run, node));
        return;
    }
    const char *ranges = rcs_sim_slot_ranges(run->sim, viewer, node);
    if (strcmp(ranges, cond->pattern) != 0) {
        rcs_finding_add(findings, viewer, "%s has %s", rcs_cond_name(run, node),
                        ranges[0] == '\0' ? "none" : ranges);
    }
}

void rcs_cond_slots_hold(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    each_pair(run, cond, &cond->b, has_slots, findings);
}

bool rcs_cond_parse_flags(struct rcs_parser *parser, struct rcs_cond *cond)
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
        rcs_finding_add(findings, viewer, "does not know %s", rcs_cond_name(run, node));
        return;
    }
    char flags[128];
    print_flags(opinion.flags, flags, sizeof(flags));
    if (!rcs_pattern_matches(cond->pattern, flags)) {
        rcs_finding_add(findings, viewer, "%s is %s", rcs_cond_name(run, node), flags);
    }
}

void rcs_cond_flags_hold(struct rcs_run *run, const struct rcs_cond *cond,
                         struct rcs_findings *findings)
{
    each_pair(run, cond, &cond->b, has_flags, findings);
}

/* epoch N of NODES [on VIEWERS] | epoch above NODES of NODES [on VIEWERS] */
bool rcs_cond_parse_epoch(struct rcs_parser *parser, struct rcs_cond *cond)
{
    if (rcs_parser_is(parser, "above")) {
        if (!rcs_parser_groups(parser, "of", &cond->a)) {
            return false;
        }
    } else if (!rcs_wanted_take(parser, &cond->number)) {
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
        rcs_finding_add(findings, viewer, "does not know %s", rcs_cond_name(run, node));
        return;
    }
    if (cond->a.count == 0 && !rcs_wanted_fits(&cond->number, (int64_t)opinion.config_epoch)) {
        rcs_finding_add(findings, viewer, "%s has %llu", rcs_cond_name(run, node),
                        (unsigned long long)opinion.config_epoch);
    }
    for (unsigned i = 0; i < cond->a.count && !rcs_findings_enough(findings); i++) {
        if (!rcs_sim_opinion(run->sim, viewer, cond->a.nodes[i], &other)) {
            rcs_finding_add(findings, viewer, "does not know %s",
                            rcs_cond_name(run, cond->a.nodes[i]));
        } else if (other.config_epoch >= opinion.config_epoch) {
            rcs_finding_add(findings, viewer, "%s has %llu, %s has %llu", rcs_cond_name(run, node),
                            (unsigned long long)opinion.config_epoch,
                            rcs_cond_name(run, cond->a.nodes[i]),
                            (unsigned long long)other.config_epoch);
        }
    }
}

void rcs_cond_epoch_holds(struct rcs_run *run, const struct rcs_cond *cond,
                          struct rcs_findings *findings)
{
    each_pair(run, cond, &cond->b, has_epoch, findings);
}

/* --- agreement -------------------------------------------------------------------------------- */

bool rcs_cond_parse_agreement(struct rcs_parser *parser, struct rcs_cond *cond)
{
    return rcs_cond_take_on(parser, &cond->a);
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
                           rcs_cond_name(run, (int)node),
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

void rcs_cond_agreement_holds(struct rcs_run *run, const struct rcs_cond *cond,
                              struct rcs_findings *findings)
{
    struct rcs_findings pictures = { 0 };
    bool same = true;
    for (unsigned i = 0; i < cond->a.count && !rcs_findings_enough(findings); i++) {
        struct rcs_view view;
        if (rcs_cond_runs(run, cond->a.nodes[i], &view, findings)) {
            char *text = picture(run, cond->a.nodes[i]);
            rcs_finding_add(&pictures, cond->a.nodes[i], "%s", text);
            same &= strcmp(pictures.list[0].text, pictures.list[pictures.count - 1].text) == 0;
            free(text);
        }
    }
    for (unsigned i = 0; !same && i < pictures.count; i++) {
        rcs_finding_add(findings, pictures.list[i].node, "%s", pictures.list[i].text);
    }
    rcs_findings_close(&pictures);
}
