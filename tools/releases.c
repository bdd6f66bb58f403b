/* `run --redis A,B,...`: one scenario under several releases, and where each parts from the one
 * before: the first milestone about a role or state that differs, and the first of all. */
#include <stdio.h>
#include <string.h>

#include <rcsim/uv.h>

#include "tools/tools.h"

struct played {
    const char *release;
    struct rcs_run *run; /* ended, not freed: its milestones are still asked for */
    struct rcs_buf trace;
};

static void keep(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

static void print_nothing(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg;
    (void)bytes;
    (void)size_bytes;
}

static void print_outcome(const struct played *played)
{
    unsigned failures = rcs_run_failures(played->run);
    printf("%s: ", played->release);
    if (failures == 0) {
        printf("all expectations held");
    } else {
        printf("%u expectation%s did not hold", failures, failures == 1 ? "" : "s");
    }
    printf(", digest %016llx\n", (unsigned long long)rcs_sim_digest(rcs_run_sim(played->run)));
}

/* Plays it as one release. */
static int play(const struct run_arguments *arguments, const struct rcs_scenario *scenario,
                const char *source, const char *path, struct played *played)
{
    struct rcs_run_options options = arguments->options;
    struct rcs_diag diag = { .line = 0 };
    bool interrupted = false;
    options.redis = played->release;
    options.trace = true;
    options.quiet = true;
    options.trace_level = RCS_TRACE_MILESTONES;
    options.print = print_nothing;
    options.write_trace = keep;
    options.arg = &played->trace;
    played->run = rcs_run_new(scenario, &options, &diag);
    if (played->run == NULL) {
        return complain_diag(&diag, source, path);
    }
    if (rcs_pump_run(played->run, arguments->batch, &interrupted) < 0) {
        return EXIT_INTERNAL;
    }
    if (rcs_run_error(played->run, &diag) != RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    if (interrupted) {
        return EXIT_SIGINT;
    }
    print_outcome(played);
    return rcs_run_failures(played->run) > 0 ? EXIT_FINDING : EXIT_HELD;
}

/* --- roles and states ------------------------------------------------------------------------- */

/* What makes the story of a node; the rest is how it came to that. */
static bool is_of_the_story(const char *what)
{
    static const char *const story[] = { "state-ok", "state-fail",     "election-won",
                                         "promoted", "follows",        "follows-grandmaster",
                                         "reset",    "follows-orphan", "replicates" };
    for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++) {
        if (strcmp(what, story[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The next such milestone of a node from *at on; false: there is none. */
static bool next_of_the_story(const struct played *played, int node, size_t *at,
                              struct rcs_milestone *out)
{
    while (rcs_sim_milestone(rcs_run_sim(played->run), *at, out)) {
        (*at)++;
        if (out->node == node && is_of_the_story(out->what)) {
            return true;
        }
    }
    *out = (struct rcs_milestone){ .at_us = RCS_NEVER, .node = node, .what = "", .about = -1 };
    return false;
}

/* What a node did in its turn, in one run and the other. */
struct turn {
    struct rcs_milestone before, after;
    rcs_us at_us; /* the earlier of them; RCS_NEVER: the node did the same in both */
};

/* What became of it and whom it followed, in order, whatever the time. */
static struct turn first_turn(const struct played *before, const struct played *after, int node)
{
    struct turn turn = { .at_us = RCS_NEVER };
    size_t at_before = 0, at_after = 0;
    bool more;
    do {
        more = next_of_the_story(before, node, &at_before, &turn.before);
        more |= next_of_the_story(after, node, &at_after, &turn.after);
        if (strcmp(turn.before.what, turn.after.what) != 0 ||
            turn.before.about != turn.after.about) {
            turn.at_us =
                turn.before.at_us < turn.after.at_us ? turn.before.at_us : turn.after.at_us;
            return turn;
        }
    } while (more);
    return turn;
}

static void print_milestone(const struct played *played, const struct rcs_milestone *milestone)
{
    const struct rcs_sim *sim = rcs_run_sim(played->run);
    if (milestone->at_us == RCS_NEVER) {
        printf("  %s: %s no more\n", played->release, rcs_sim_node_name(sim, milestone->node));
        return;
    }
    printf("  %s: %lld.%03lld  %s %s%s%s\n", played->release,
           (long long)(milestone->at_us / 1000000), (long long)(milestone->at_us / 1000 % 1000),
           rcs_sim_node_name(sim, milestone->node), milestone->what,
           milestone->about >= 0 ? " " : "",
           milestone->about >= 0 ? rcs_sim_node_name(sim, milestone->about) : "");
}

static void print_story_parting(const struct played *before, const struct played *after)
{
    struct turn first = { .at_us = RCS_NEVER };
    unsigned nodes = rcs_sim_node_count(rcs_run_sim(before->run));
    for (unsigned node = 0; node < nodes; node++) {
        struct turn turn = first_turn(before, after, (int)node);
        first = turn.at_us < first.at_us ? turn : first;
    }
    if (first.at_us == RCS_NEVER) {
        puts("Each node's role and state change alike.");
        return;
    }
    puts("The first change of a node's role or state that differs:");
    print_milestone(before, &first.before);
    print_milestone(after, &first.after);
}

static void print_parting(const struct played *before, const struct played *after)
{
    printf("\n%s and %s\n", before->release, after->release);
    print_story_parting(before, after);
    (void)trace_compare(before->release, before->trace.data, before->trace.size_bytes,
                        after->release, after->trace.data, after->trace.size_bytes,
                        "no milestone differs");
}

int run_releases(const struct run_arguments *arguments, const char *text, size_t size_bytes,
                 const char *source, char *path)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_scenario *scenario;
    struct played played[RELEASES_MAX];
    if (rcs_scenario_parse(&scenario, source, text, size_bytes, include_read, path, &diag) !=
        RCS_OK) {
        return complain_diag(&diag, source, path);
    }
    unsigned count = 0;
    int state = EXIT_HELD;
    while (count < arguments->release_count && state <= EXIT_FINDING) {
        played[count] = (struct played){ .release = arguments->releases[count] };
        rcs_buf_init(&played[count].trace);
        int one = play(arguments, scenario, source, path, &played[count]);
        state = one > state ? one : state;
        count++;
    }
    for (unsigned i = 1; i < count && state <= EXIT_FINDING; i++) {
        print_parting(&played[i - 1], &played[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        rcs_run_free(played[i].run);
        rcs_buf_close(&played[i].trace);
    }
    rcs_scenario_free(scenario);
    return state;
}
