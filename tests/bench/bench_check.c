/* What watching the invariants costs: runs of a takeover of twelve nodes, 60 s of virtual time,
 * with the checks and without. usage: bench_check [with|without]: one run, for callgrind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>
#include <rcsim/scenario.h>

#include "measure.h"

#define TITLE "takeover" /* for what goes wrong */

enum { RUNS = 100 };

static const char text[] =
    "cluster-node-timeout 3000\nsave \"\"\nsite A a1..a6\nsite B b1..b6\nlatency A B "
    "1ms..3ms\nwait 1s\n"
    "cli --cluster create a1..a6 b1..b6 --cluster-replicas 1 --cluster-yes\n= ...\n"
    "await state ok on all within 20s\nawait link up on b1..b6 within 20s\nwait 10s\n"
    "poweroff A\nwait 5s\nb1..b6> CLUSTER FAILOVER TAKEOVER\n= OK\n"
    "await state ok on B within 20s\nwait 20s\n";

static void ignore(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg, (void)bytes, (void)size_bytes;
}

static uint64_t run(uint64_t seed, bool checked, double *virtual_s)
{
    struct rcs_diag diag;
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, "check", text, strlen(text), NULL, NULL, &diag) != RCS_OK)
        die(TITLE, diag.text);
    const struct rcs_run_options options = {
        .seed = seed, .has_seed = true, .quiet = true, .unchecked = !checked, .print = ignore
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    if (run == NULL)
        die(TITLE, diag.text);
    while (rcs_run_turn(run, 4096) == RCS_RUN_MORE)
        ;
    struct rcs_sim *sim = rcs_run_sim(run);
    if (rcs_run_error(run, &diag) != RCS_OK || rcs_run_failures(run) > 0)
        die(TITLE, "the run fails");
    if (checked) {
        rcs_check_data(rcs_check_of(sim), sim);
        if (rcs_check_broken(rcs_check_of(sim))[0] != '\0')
            die("invariant", rcs_check_broken(rcs_check_of(sim)));
    }
    *virtual_s = (double)rcs_sim_now(sim) / 1e6;
    uint64_t digest = rcs_sim_digest(sim);
    rcs_run_free(run);
    rcs_scenario_free(scenario);
    return digest;
}

int main(int argc, char **argv)
{
    double virtual_s;
    if (argc == 2) {
        (void)run(1, strcmp(argv[1], "with") == 0, &virtual_s);
        return 0;
    }
    int64_t took_ns[2] = { 0, 0 };
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        uint64_t digests[2];
        for (unsigned checked = 0; checked < 2; checked++) {
            int64_t start_ns = cpu_ns();
            digests[checked] = run(seed, checked == 1, &virtual_s);
            took_ns[checked] += cpu_ns() - start_ns;
        }
        if (digests[0] != digests[1])
            die(TITLE, "a run that is watched goes otherwise");
    }
    printf("a takeover of 12 nodes, %.0f s: %.0f runs a second and core with all invariants, %.0f "
           "without\n",
           virtual_s, RUNS / ((double)took_ns[1] / 1e9), RUNS / ((double)took_ns[0] / 1e9));
    return 0;
}
