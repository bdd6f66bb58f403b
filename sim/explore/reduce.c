/* What a seed shows, made small and written as a scenario of its own. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>

#include "sim/explore/fuzz_parts.h"
#include "sim/explore/shrink.h"

#include "sim/pure.h"

struct wanted {
    const struct rcs_fuzz *fuzz;
    const struct rcs_tally_row *row;
    uint64_t seed;
    bool whole;         /* the text says its seed and its release itself, */
    bool whole_options; /* and its parameters and directives */
    bool counted;       /* the first run was played, with so many */
    unsigned failures;  /* which may not become more: a scenario that is broken shows nothing */
};

/* --- does it still show it? ------------------------------------------------------------------- */

static bool found(const struct rcs_check *check, const struct rcs_tally_row *row)
{
    struct rcs_check_finding finding;
    for (unsigned i = 0; rcs_check_found(check, i, &finding); i++) {
        if (strcmp(rcs_invariant_name(finding.invariant), row->finding) == 0 &&
            (finding.permit == NULL) == (row->permit == NULL) &&
            (row->permit == NULL || strcmp(finding.permit, row->permit) == 0) &&
            strcmp(finding.fingerprint, row->fingerprint) == 0) {
            return true;
        }
    }
    return false;
}

static bool run_shows(struct rcs_run *run, struct wanted *wanted)
{
    const struct rcs_tally_row *row = wanted->row;
    struct rcs_failure failure;
    while (rcs_run_turn(run, UINT_MAX) == RCS_RUN_MORE) {
    }
    const unsigned failures = rcs_run_failures(run) + (rcs_run_error(run, NULL) != RCS_OK);
    wanted->failures = wanted->counted ? wanted->failures : failures;
    wanted->counted = true;
    if (failures > wanted->failures) {
        return false;
    }
    if (strcmp(row->finding, RCS_FUZZ_EXPECTATION) == 0) {
        return rcs_fuzz_failure(run, &failure) && strcmp(failure.what, row->fingerprint) == 0;
    }
    return found(rcs_check_of(rcs_run_sim(run)), row);
}

static bool shows(void *arg, const char *text)
{
    struct wanted *wanted = arg;
    const struct rcs_run_options *given = wanted->fuzz->run;
    struct rcs_scenario *scenario;
    struct rcs_diag diag;
    if (rcs_scenario_parse(&scenario, "reduced", text, strlen(text), NULL, NULL, &diag) != RCS_OK) {
        return false;
    }
    const struct rcs_run_options options = {
        .seed = wanted->whole ? 0 : wanted->seed,
        .has_seed = !wanted->whole,
        .redis = wanted->whole ? NULL : given->redis,
        .overrides = wanted->whole_options ? NULL : given->overrides,
        .params = wanted->whole_options ? NULL : given->params,
        .quiet = true,
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    bool does = run != NULL && run_shows(run, wanted);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    return does;
}

/* --- as a scenario ---------------------------------------------------------------------------- */

static bool begins(const char *line, size_t size_bytes, const char *word)
{
    size_t len = strlen(word);
    return size_bytes >= len && memcmp(line, word, len) == 0 &&
           (size_bytes == len || line[len] == ' ' || line[len] == '\t');
}

/* Whether one of the options' lines ("name value") is of this name. */
static bool is_option(const char *options, const char *name, size_t size_bytes)
{
    while (options != NULL && *options != '\0') {
        size_t len = strcspn(options, " "), size = strcspn(options, "\n");
        if (size_bytes >= len && memcmp(name, options, len) == 0 &&
            (size_bytes == len || name[len] == ' ' || name[len] == '\t')) {
            return true;
        }
        options += size + (options[size] == '\n');
    }
    return false;
}

/* Marks of includes have done their work, and a text of its own says at its top what else was
 * given. */
static bool is_kept(const struct wanted *wanted, const char *line, size_t size_bytes)
{
    const struct rcs_run_options *given = wanted->fuzz->run;
    const size_t param = strlen("param ");
    return !(size_bytes >= 2 && line[0] == '#' && (line[1] == '<' || line[1] == '>')) &&
           !begins(line, size_bytes, "seed") &&
           !(given->redis != NULL && begins(line, size_bytes, "redis")) &&
           !(wanted->whole_options &&
             (is_option(given->overrides, line, size_bytes) ||
              (begins(line, size_bytes, "param") && size_bytes > param &&
               is_option(given->params, line + param, size_bytes - param))));
}

/* A sentence as comment lines. */
static void put_comment(struct rcs_buf *out, const char *text)
{
    rcs_buf_text(out, "# ");
    for (const char *c = text; *c != '\0'; c++) {
        rcs_buf_add(out, c, 1);
        if (*c == '\n') {
            rcs_buf_text(out, "# ");
        }
    }
    rcs_buf_text(out, "\n");
}

static const char *why_permitted(const struct rcs_tally_row *row)
{
    enum rcs_invariant of;
    const char *why, *name;
    for (unsigned i = 0; (name = rcs_check_permit(i, &of, &why)) != NULL; i++) {
        if (strcmp(rcs_invariant_name(of), row->finding) == 0 && strcmp(name, row->permit) == 0) {
            return why;
        }
    }
    return "";
}

static const char *invariant_text(const char *name)
{
    for (int i = 0; i < RCS_INVARIANT_COUNT; i++) {
        if (strcmp(rcs_invariant_name((enum rcs_invariant)i), name) == 0) {
            return rcs_invariant_text((enum rcs_invariant)i);
        }
    }
    return "";
}

static void put_options(struct rcs_buf *out, const char *lines, const char *before,
                        const char *between, const char *behind)
{
    while (lines != NULL && *lines != '\0') {
        size_t name = strcspn(lines, " "), size = strcspn(lines, "\n");
        rcs_buf_format(out, "%s%.*s%s%.*s%s", before, (int)name, lines, between,
                       (int)(size > name ? size - name - 1 : 0), lines + name + 1, behind);
        lines += size + (lines[size] == '\n');
    }
}

static void put_head(const struct wanted *wanted, struct rcs_buf *out)
{
    const struct rcs_tally_row *row = wanted->row;
    const struct rcs_run_options *given = wanted->fuzz->run;
    struct rcs_buf line;
    rcs_buf_init(&line);
    if (strcmp(row->finding, RCS_FUZZ_EXPECTATION) == 0) {
        rcs_buf_format(&line, "This does not hold: %s", row->fingerprint);
    } else {
        rcs_buf_format(&line, "%s: %s.", row->finding, invariant_text(row->finding));
        rcs_buf_format(&line, row->permit == NULL ? " Here it is broken." : " Real servers: %s.",
                       row->permit == NULL ? "" : why_permitted(row));
    }
    rcs_buf_add(&line, "", 1);
    put_comment(out, line.data);
    rcs_buf_clear(&line);
    rcs_buf_format(&line, "As found, %s", row->text);
    rcs_buf_add(&line, "", 1);
    put_comment(out, line.data);
    rcs_buf_clear(&line);
    rcs_buf_format(&line, "Reduced from seed %llu of %s", (unsigned long long)wanted->seed,
                   wanted->fuzz->file);
    if (!wanted->whole_options) {
        rcs_buf_text(&line, "; play it with");
        put_options(&line, given->params, " --param ", "=", "");
        put_options(&line, given->overrides, " --", " ", "");
    }
    rcs_buf_text(&line, ".");
    rcs_buf_add(&line, "", 1);
    put_comment(out, line.data);
    rcs_buf_close(&line);
    rcs_buf_format(out, "seed %llu\n", (unsigned long long)wanted->seed);
    if (given->redis != NULL) {
        rcs_buf_format(out, "redis %s\n", given->redis);
    }
    if (wanted->whole_options) {
        put_options(out, given->params, "param ", " ", "\n");
        put_options(out, given->overrides, "", " ", "\n");
    }
}

static void put_expectation(const struct rcs_tally_row *row, struct rcs_buf *out)
{
    if (strcmp(row->finding, RCS_FUZZ_EXPECTATION) == 0) {
        return; /* it stands in the text, and fails */
    }
    rcs_buf_format(out, "expect finding %s", row->finding);
    if (row->permit != NULL) {
        rcs_buf_format(out, "/%s", row->permit);
    }
    rcs_buf_format(out, " \"%s\"\n", row->fingerprint);
}

static char *as_scenario(const struct wanted *wanted, const char *text)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    put_head(wanted, &out);
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (is_kept(wanted, text, size)) {
            rcs_buf_add(&out, text, size);
            rcs_buf_text(&out, "\n");
        }
        text += size + (text[size] == '\n');
    }
    put_expectation(wanted->row, &out);
    rcs_buf_add(&out, "", 1);
    char *copy = malloc(out.size_bytes);
    RCS_ASSERT(copy != NULL);
    memcpy(copy, out.data, out.size_bytes);
    rcs_buf_close(&out);
    return copy;
}

/* Of what is judged once everything is healed, less time to recover would say something else. */
static bool is_after_healing(const char *finding)
{
    for (int i = RCS_INVARIANT_SLOT_OWNERS; i <= RCS_INVARIANT_STRAY_REPLICA; i++) {
        if (strcmp(rcs_invariant_name((enum rcs_invariant)i), finding) == 0) {
            return true;
        }
    }
    return strcmp(finding, RCS_FUZZ_EXPECTATION) == 0;
}

void rcs_fuzz_reduce(const struct rcs_fuzz *fuzz, uint64_t seed, const struct rcs_tally_row *row,
                     unsigned runs_max, struct rcs_reduced *out)
{
    struct wanted wanted = { .fuzz = fuzz, .row = row, .seed = seed };
    const struct rcs_run_options options = {
        .seed = seed,
        .has_seed = true,
        .redis = fuzz->run->redis,
        .overrides = fuzz->run->overrides,
        .params = fuzz->run->params,
    };
    const struct rcs_shrink_limits limits = { .runs_max = runs_max,
                                              .keep_recover = is_after_healing(row->finding) };
    struct rcs_shrink_counts counts = { .runs = 0 };
    struct rcs_diag diag;
    char *planned, *small = NULL;
    *out = (struct rcs_reduced){ .text = NULL };
    if (rcs_scenario_plan(fuzz->scenario, &options, &planned, &diag) == RCS_OK) {
        small = rcs_shrink(planned, shows, &wanted, &limits, &counts);
        free(planned);
    }
    if (small == NULL) {
        return;
    }
    wanted.whole = wanted.whole_options = true;
    out->text = as_scenario(&wanted, small);
    if (!shows(&wanted, out->text)) { /* nodes of their own kind read these otherwise */
        free(out->text);
        wanted.whole_options = false;
        out->text = as_scenario(&wanted, small);
    }
    out->runs = counts.runs;
    out->faults_before = counts.faults_before;
    out->faults_after = counts.faults_after;
    out->minimal = counts.minimal;
    RCS_ASSERT(shows(&wanted, out->text)); /* a scenario that shows nothing would mislead */
    free(small);
}
