#include <rcsim/fuzz.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>

#include "proto/sha256.h"
#include "sim/explore/fuzz_parts.h"
#include "sim/world/json_line.h"

#include "sim/pure.h"

/* --- a run ------------------------------------------------------------------------------------ */

static struct rcs_run *begin(const struct rcs_fuzz *fuzz, uint64_t seed, struct rcs_diag *diag)
{
    const struct rcs_run_options options = {
        .seed = seed,
        .has_seed = true,
        .redis = fuzz->run->redis,
        .overrides = fuzz->run->overrides,
        .params = fuzz->run->params,
        .quiet = true,
    };
    return rcs_run_new(fuzz->scenario, &options, diag);
}

enum rcs_err rcs_fuzz_check(const struct rcs_fuzz *fuzz, struct rcs_diag *diag)
{
    if (rcs_scenario_chaos(fuzz->scenario) == 0) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "no chaos block says what may happen (such as, below the statements "
                            "that build the cluster: include anything.chaos)");
    }
    struct rcs_run *run = begin(fuzz, 1, diag);
    if (run == NULL) {
        return RCS_ERR_STATE;
    }
    rcs_run_free(run);
    return RCS_OK;
}

void rcs_fuzz_begin(const struct rcs_fuzz *fuzz, struct rcs_buf *out)
{
    const char *text = rcs_scenario_text(fuzz->scenario);
    char hash[65];
    struct rcs_diag diag;
    struct rcs_run *run = begin(fuzz, 1, &diag);
    RCS_ASSERT(run != NULL); /* as rcs_fuzz_check said */
    rcs_sha256_hex(text, strlen(text), hash);
    rcs_json_begin(out, "rcsim-fuzz");
    rcs_json_number(out, RCS_FUZZ_FORMAT);
    rcs_json_key(out, "file");
    rcs_json_text(out, fuzz->file);
    rcs_json_key(out, "sha256");
    rcs_json_text(out, hash);
    rcs_json_key(out, "redis");
    rcs_json_text(out, rcs_sim_release(rcs_run_sim(run), -1));
    rcs_json_key(out, "params");
    rcs_json_text(out, fuzz->run->params == NULL ? "" : fuzz->run->params);
    rcs_json_key(out, "overrides");
    rcs_json_text(out, fuzz->run->overrides == NULL ? "" : fuzz->run->overrides);
    rcs_json_end(out);
    rcs_run_free(run);
}

/* A plan stands between the marks of an include. */
void rcs_fuzz_plan(const struct rcs_fuzz *fuzz, uint64_t seed, struct rcs_buf *out)
{
    static const char from[] = "#<include plan of seed ";
    const struct rcs_run_options options = {
        .seed = seed,
        .has_seed = true,
        .redis = fuzz->run->redis,
        .overrides = fuzz->run->overrides,
        .params = fuzz->run->params,
    };
    struct rcs_diag diag;
    char *text;
    bool inside = false;
    enum rcs_err err = rcs_scenario_plan(fuzz->scenario, &options, &text, &diag);
    RCS_ASSERT(err == RCS_OK); /* as with the first seed */
    for (const char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        if (strncmp(line, from, sizeof(from) - 1) == 0) {
            inside = true;
        } else if (inside && strncmp(line, "#>", 2) == 0) {
            inside = false;
        } else if (inside) {
            rcs_buf_add(out, line, size);
            rcs_buf_text(out, "\n");
        }
        line += size + (line[size] == '\n');
    }
    free(text);
}

/* --- its lines -------------------------------------------------------------------------------- */

static void put_seed(uint64_t seed, struct rcs_buf *out)
{
    char text[24];
    struct rcs_buf number;
    rcs_buf_init(&number);
    rcs_buf_format(&number, "%llu", (unsigned long long)seed);
    memcpy(text, number.data, number.size_bytes);
    text[number.size_bytes] = '\0';
    rcs_buf_close(&number);
    rcs_json_begin(out, "seed");
    rcs_json_text(out, text);
}

static void put_finding(uint64_t seed, const struct rcs_check_finding *finding, struct rcs_buf *out)
{
    put_seed(seed, out);
    rcs_json_key(out, "finding");
    rcs_json_text(out, rcs_invariant_name(finding->invariant));
    if (finding->permit != NULL) {
        rcs_json_key(out, "permit");
        rcs_json_text(out, finding->permit);
    }
    rcs_json_key(out, "fingerprint");
    rcs_json_text(out, finding->fingerprint);
    rcs_json_key(out, "count");
    rcs_json_number(out, (int64_t)finding->count);
    rcs_json_key(out, "text");
    rcs_json_text(out, finding->text);
    rcs_json_end(out);
}

bool rcs_fuzz_failure(const struct rcs_run *run, struct rcs_failure *out)
{
    return rcs_run_first_failure(run, out) && strcmp(out->what, RCS_RUN_INVARIANTS) != 0 &&
           strcmp(out->what, "healthy") != 0;
}

static void put_failure(uint64_t seed, const struct rcs_failure *failure, struct rcs_buf *out)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "%s:%d: %s", failure->source, failure->line, failure->instead);
    rcs_buf_add(&text, "", 1);
    put_seed(seed, out);
    rcs_json_key(out, "finding");
    rcs_json_text(out, RCS_FUZZ_EXPECTATION);
    rcs_json_key(out, "fingerprint");
    rcs_json_text(out, failure->what);
    rcs_json_key(out, "count");
    rcs_json_number(out, 1);
    rcs_json_key(out, "text");
    rcs_json_text(out, text.data);
    rcs_json_end(out);
    rcs_buf_close(&text);
}

void rcs_fuzz_play(const struct rcs_fuzz *fuzz, uint64_t seed, struct rcs_buf *out)
{
    struct rcs_diag diag;
    struct rcs_run *run = begin(fuzz, seed, &diag);
    struct rcs_check_finding finding;
    struct rcs_failure failure;
    RCS_ASSERT(run != NULL); /* as with the first seed */
    while (rcs_run_turn(run, UINT_MAX) == RCS_RUN_MORE) {
    }
    put_seed(seed, out);
    rcs_json_key(out, "faults");
    rcs_json_number(out, rcs_run_faults(run));
    rcs_json_key(out, "digest");
    rcs_json_hex(out, rcs_sim_digest(rcs_run_sim(run)));
    rcs_json_end(out);
    const struct rcs_check *check = rcs_check_of(rcs_run_sim(run));
    for (unsigned i = 0; rcs_check_found(check, i, &finding); i++) {
        put_finding(seed, &finding, out);
    }
    if (rcs_fuzz_failure(run, &failure)) {
        put_failure(seed, &failure, out);
    }
    rcs_run_free(run);
}
