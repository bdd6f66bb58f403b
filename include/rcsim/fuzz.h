/* Fuzzing: one scenario with a `chaos` block under many seeds, each of which draws a plan of
 * faults; what was found, drawn together; and the smallest scenario that shows it.
 *
 * A run gives lines of JSON, from which alone everything else is made: so a campaign may be spread
 * over processes and machines, and its files joined. */
#ifndef RCSIM_FUZZ_H
#define RCSIM_FUZZ_H

#include <rcsim/resp.h>
#include <rcsim/scenario.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_FUZZ_FORMAT 1

struct rcs_fuzz {
    const struct rcs_scenario *scenario; /* borrowed */
    const char *file;                    /* as the command names it; borrowed */
    /* redis, overrides and params are taken from here; borrowed. */
    const struct rcs_run_options *run;
};

/* Whether it can be fuzzed at all: `diag` says why not. */
enum rcs_err rcs_fuzz_check(const struct rcs_fuzz *fuzz, struct rcs_diag *diag);

/* The line that begins a file: what is fuzzed. Two files can be joined if it is the same. */
void rcs_fuzz_begin(const struct rcs_fuzz *fuzz, struct rcs_buf *out);

/* The plan that a seed draws, as statements. */
void rcs_fuzz_plan(const struct rcs_fuzz *fuzz, uint64_t seed, struct rcs_buf *out);

/* Plays a seed to its end and appends its lines: `{"seed":"7","faults":12,"digest":"..."}`, and one
 * for each distinct finding, in the order in which they were found. Independent of earlier runs. */
void rcs_fuzz_play(const struct rcs_fuzz *fuzz, uint64_t seed, struct rcs_buf *out);

/* --- what was found, drawn together (tally.c) ------------------------------------------------- */

struct rcs_tally;

struct rcs_tally_row {
    const char *finding;     /* an invariant's name, or RCS_FUZZ_EXPECTATION */
    const char *permit;      /* NULL: a breach */
    const char *fingerprint; /* see struct rcs_check_finding; of an expectation: its text */
    uint64_t count, seeds;   /* how often, and in how many runs */
    uint64_t first_seed;     /* the smallest, */
    const char *text;        /* and what it says of it */
};
#define RCS_FUZZ_EXPECTATION "expectation"

struct rcs_tally *rcs_tally_new(void);
void rcs_tally_free(struct rcs_tally *tally);
/* A line of a file; *seed is set for those of a run. The first must be a beginning, all others the
 * same one, or lines of runs; the closing line of a file adds nothing. Refused with a sentence in
 * `diag`: what is no such line. */
enum rcs_err rcs_tally_line(struct rcs_tally *tally, const char *line, size_t size_bytes,
                            struct rcs_diag *diag);
/* Distinct findings by invariant, permit and fingerprint: breaches first, then by how many runs
 * show them, then by their names. False past the end. Borrowed until the next line is added. */
bool rcs_tally_row(struct rcs_tally *tally, unsigned index, struct rcs_tally_row *out);
uint64_t rcs_tally_runs(const struct rcs_tally *tally);
uint64_t rcs_tally_faults(const struct rcs_tally *tally);
uint64_t rcs_tally_breaches(const struct rcs_tally *tally); /* distinct ones */
/* What was fuzzed, as the beginning says; "" before it. Borrowed. */
const char *rcs_tally_file(const struct rcs_tally *tally);
const char *rcs_tally_release(const struct rcs_tally *tally);
/* "1 to 100, 201 to 300". */
void rcs_tally_played(const struct rcs_tally *tally, struct rcs_buf *out);
/* The line that ends a file. */
void rcs_tally_end(const struct rcs_tally *tally, struct rcs_buf *out);

/* --- the smallest that shows it (reduce.c) ---------------------------------------------------- */

struct rcs_reduced {
    char *text;                           /* a scenario; NULL: the seed does not show it */
    unsigned runs;                        /* that were played for it */
    unsigned faults_before, faults_after; /* lines */
    bool minimal; /* no line of the faults can be left out: each was tried */
};
/* Reduces what `seed` shows, in at most `runs_max` runs, and writes it as an ordinary scenario,
 * which `rcsim run` plays with the same release, params and directives: with a comment that says
 * what is wrong, the faults as statements, and an `expect`. The caller frees the text.
 * Deterministic. */
void rcs_fuzz_reduce(const struct rcs_fuzz *fuzz, uint64_t seed, const struct rcs_tally_row *row,
                     unsigned runs_max, struct rcs_reduced *out);

#ifdef __cplusplus
}
#endif
#endif
