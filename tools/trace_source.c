/* A trace for those who read one: from a file, or of a scenario that is run for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

static bool is_trace(const char *text)
{
    return strncmp(text, "{\"rcsim-trace\"", strlen("{\"rcsim-trace\"")) == 0;
}

static void collect(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

/* Plays the scenario to its end, whatever its expectations say; its trace goes to `out`. */
static int play(const struct run_arguments *arguments, const char *text, size_t size_bytes,
                const char *source, char *path, struct rcs_buf *out)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, source, text, size_bytes, include_read, path, &diag) !=
        RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    struct rcs_run_options options = arguments->options;
    options.quiet = true;
    options.print = NULL;
    options.trace = true;
    options.trace_level = RCS_TRACE_MILESTONES;
    options.write_trace = collect;
    options.arg = out;
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    int state = EXIT_HELD;
    if (run == NULL) {
        state = complain_diag(&diag, source, path);
    } else {
        while (rcs_run_turn(run, arguments->batch) == RCS_RUN_MORE) {
        }
        if (rcs_run_error(run, &diag) != RCS_OK) {
            state = complain_diag(&diag, source, path);
        }
    }
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    return state;
}

int trace_source_read(const struct run_arguments *arguments, const char *file, struct rcs_buf *out)
{
    if (arguments->trace_path != NULL || arguments->options.log != NULL) {
        return complain("--trace and --log are for rcsim run: this command reads traces");
    }
    size_t size_bytes;
    char *path;
    const char *source;
    char *text = scenario_read(file, &size_bytes, &path, &source);
    int state;
    if (text == NULL) {
        state = EXIT_USAGE;
    } else if (!is_trace(text)) {
        state = play(arguments, text, size_bytes, source, path, out);
    } else if (arguments->options.has_seed || arguments->options.redis != NULL ||
               arguments->overrides.size_bytes > 1 || arguments->params.size_bytes > 1) {
        state = complain("%s is a trace of a run already made: seed, parameters and directives are "
                         "for scenarios",
                         file);
    } else {
        rcs_buf_add(out, text, size_bytes);
        state = EXIT_HELD;
    }
    free(path);
    free(text);
    return state;
}
