/* Conditions on the invariants that are watched (check.h): whether the cluster came back, and what
 * was found. */
#include <string.h>

#include <rcsim/check.h>

#include "sim/scenario/expect_parts.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

/* --- healthy ---------------------------------------------------------------------------------- */

/* What it finds is counted, so that it is asked once. */
bool rcs_cond_parse_healthy(struct rcs_parser *parser, struct rcs_cond *cond)
{
    (void)cond;
    return parser->stmt->verb->parse == rcs_parse_expect ||
           rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "healthy is looked at once, with `expect`, when the cluster had the "
                            "time to come back");
}

void rcs_cond_healthy_holds(struct rcs_run *run, const struct rcs_cond *cond,
                            struct rcs_findings *findings)
{
    struct rcs_check *check = rcs_check_of(run->sim);
    struct rcs_check_finding finding;
    (void)cond;
    if (check == NULL) {
        return; /* the run is not watched */
    }
    rcs_check_healed(check, run->sim);
    rcs_check_data(check, run->sim);
    for (unsigned i = 0; rcs_check_found(check, i, &finding); i++) {
        if (finding.permit == NULL) {
            rcs_finding_add(findings, -1, "%s (%s)", rcs_invariant_name(finding.invariant),
                            finding.text);
            run->broken_told = true;
        }
    }
}

/* --- finding ---------------------------------------------------------------------------------- */

static bool unknown_invariant(struct rcs_parser *parser, const char *name, size_t size_bytes)
{
    const char *names[RCS_INVARIANT_COUNT + 1];
    struct rcs_buf word;
    for (int i = 0; i < RCS_INVARIANT_COUNT; i++) {
        names[i] = rcs_invariant_name((enum rcs_invariant)i);
    }
    names[RCS_INVARIANT_COUNT] = NULL;
    rcs_buf_init(&word);
    rcs_buf_add(&word, name, size_bytes);
    rcs_buf_add(&word, "", 1);
    const char *near = rcs_lex_nearest(word.data, names);
    (void)(near != NULL
               ? rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                                  "no invariant \"%s\" (did you mean %s?)", word.data, near)
               : rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                                  "no invariant \"%s\" (`rcsim help findings` lists them)",
                                  word.data));
    rcs_buf_close(&word);
    return false;
}

static bool is_permit(int invariant, const char *name)
{
    enum rcs_invariant of;
    const char *why, *permit;
    for (unsigned i = 0; (permit = rcs_check_permit(i, &of, &why)) != NULL; i++) {
        if ((int)of == invariant && strcmp(permit, name) == 0) {
            return true;
        }
    }
    return false;
}

/* NAME, or NAME/PERMIT, and the fingerprint in quotes. */
bool rcs_cond_parse_finding(struct rcs_parser *parser, struct rcs_cond *cond)
{
    const struct rcs_word *word;
    cond->choice = -1;
    if (!rcs_parser_more(parser) && cond->no) {
        return true; /* none at all that is a breach */
    }
    if (!rcs_parser_word(parser, "the invariant (lost-write, or epoch-collision/takeover)",
                         &word)) {
        return false;
    }
    const size_t size_bytes = strcspn(word->text, "/");
    for (int i = 0; i < RCS_INVARIANT_COUNT; i++) {
        const char *name = rcs_invariant_name((enum rcs_invariant)i);
        if (strlen(name) == size_bytes && memcmp(name, word->text, size_bytes) == 0) {
            cond->choice = i;
        }
    }
    if (cond->choice < 0) {
        return unknown_invariant(parser, word->text, size_bytes);
    }
    if (word->text[size_bytes] == '/') {
        cond->permit = word->text + size_bytes + 1;
        if (!is_permit(cond->choice, cond->permit)) {
            return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                                    "%s has no permitted breach \"%s\" (`rcsim help findings` "
                                    "lists them)",
                                    rcs_invariant_name((enum rcs_invariant)cond->choice),
                                    cond->permit);
        }
    }
    if (rcs_parser_more(parser) && parser->words[parser->at].quoted) {
        if (!rcs_parser_word(parser, "the fingerprint", &word)) {
            return false;
        }
        cond->pattern = word->text;
    }
    return true;
}

static bool is_asked_for(const struct rcs_cond *cond, const struct rcs_check_finding *finding)
{
    if (cond->choice < 0) {
        return finding->permit == NULL;
    }
    return (int)finding->invariant == cond->choice &&
           (cond->permit == NULL ||
            (finding->permit != NULL && strcmp(finding->permit, cond->permit) == 0)) &&
           (cond->pattern == NULL || strcmp(finding->fingerprint, cond->pattern) == 0);
}

void rcs_cond_finding_holds(struct rcs_run *run, const struct rcs_cond *cond,
                            struct rcs_findings *findings)
{
    const struct rcs_check *check = rcs_check_of(run->sim);
    struct rcs_check_finding finding;
    bool there = false;
    for (unsigned i = 0; check != NULL && rcs_check_found(check, i, &finding); i++) {
        if (is_asked_for(cond, &finding)) {
            there = true;
            if (cond->no) {
                rcs_finding_add(findings, -1, "%s (%s)", rcs_invariant_name(finding.invariant),
                                finding.text);
            }
        } else if (!cond->no && (int)finding.invariant == cond->choice) {
            rcs_finding_add(findings, -1, "another one: %s", finding.fingerprint);
        }
    }
    if (cond->no) {
        return;
    }
    if (there) {
        rcs_findings_close(findings);
    } else if (findings->count == 0) {
        rcs_finding_add(findings, -1, "none was found");
    }
}
