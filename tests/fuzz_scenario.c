/* Any text as a scenario: it is refused with a place, or it can be played for a while. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/scenario.h>

#define EVENTS_MAX 3000
#define NODES_MAX  12

/* An include that includes nothing more. */
static char *load(void *arg, const char *name, size_t *size_bytes)
{
    (void)arg;
    static const char text[] = "wait 1ms\n";
    if (name[0] != 'x') {
        return NULL;
    }
    *size_bytes = sizeof(text) - 1;
    char *out = malloc(*size_bytes);
    if (out != NULL) {
        memcpy(out, text, *size_bytes);
    }
    return out;
}

static void count_bytes(void *arg, const char *bytes, size_t size_bytes)
{
    RCS_ASSERT(size_bytes > 0 && bytes[size_bytes - 1] == '\n');
    *(size_t *)arg += size_bytes;
}

static void play(const struct rcs_scenario *scenario, uint8_t choice)
{
    size_t printed = 0;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_run_options options = {
        .json = choice & 1,
        .quiet = choice & 2,
        .trace = choice & 4,
        .wire_check = choice & 8,
        .log = choice & 16 ? "all" : NULL,
        .print = count_bytes,
        .write_trace = count_bytes,
        .arg = &printed,
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    if (run == NULL) {
        RCS_ASSERT(diag.text[0] != '\0');
        return;
    }
    if (rcs_sim_node_count(rcs_run_sim(run)) <= NODES_MAX &&
        rcs_run_turn(run, EVENTS_MAX) == RCS_RUN_MORE) {
        rcs_run_interrupt(run);
    }
    if (rcs_run_error(run, &diag) != RCS_OK) {
        RCS_ASSERT(diag.text[0] != '\0' && diag.line > 0);
    }
    rcs_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rcs_scenario *scenario;
    struct rcs_diag diag = { .line = 0 };
    char *text =
        malloc(size + (size == 0)); /* exactly as long as it is: ASan sees a byte read too far */
    RCS_ASSERT(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    enum rcs_err err = rcs_scenario_parse(&scenario, "fuzz", text, size, load, NULL, &diag);
    free(text);
    if (err != RCS_OK) {
        RCS_ASSERT(scenario == NULL && diag.text[0] != '\0' && diag.source[0] != '\0');
        return 0;
    }
    play(scenario, (uint8_t)size);
    rcs_scenario_free(scenario);
    return 0;
}
