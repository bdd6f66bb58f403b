#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/lex.h"
#include "tools/tools.h"

static const struct command commands[] = {
    { "run", "rcsim run FILE [options] [--DIRECTIVE VALUE]...",
      "plays a scenario and prints what happens",
      "FILE is a path, the name of a shipped scenario (rcsim list), or - for standard input.\n"
      "Exit status: 0 all expectations held, 1 one did not, 2 wrong usage or scenario, 3 internal "
      "error,\n"
      "130 after Ctrl-C.\n",
      cmd_run },
    { "serve", "rcsim serve [FILE] [options] [--DIRECTIVE VALUE]...",
      "serves virtual nodes on real ports, with faults and time on cue",
      "Without FILE: N empty nodes n1, n2..., or with --replicas a formed cluster. With FILE (as "
      "of "
      "run): its nodes,\nwhen its first step is played. A line a node, then `ready`; then real "
      "clients are served until SIGINT, SIGTERM\nor the order `shutdown`. Orders: rcsim help "
      "control. Exit status: 0 ended as told, 2 wrong usage or scenario,\n3 internal error.\n",
      cmd_serve },
    { "replay", "rcsim replay TRACE", "runs a trace again from its header and compares",
      "Says `identical`, or shows the first event that differs. Exit status: 0 identical, 1 not, 2 "
      "the trace\n"
      "cannot be read.\n",
      cmd_replay },
    { "log", "rcsim log TRACE NODE|all", "runs a trace again and prints a node's log",
      "The lines are those that a real server of that configuration writes; with `all`, the node's "
      "name stands in\nfront of each. Exit status: 0 printed, 1 this rcsim plays the run "
      "differently, 2 the trace cannot be read.\n",
      cmd_log },
    { "diff", "rcsim diff A B", "compares two traces at the coarser of their levels",
      "Exit status: 0 the same, 1 not, 2 one cannot be read.\n", cmd_diff },
    { "explain", "rcsim explain TRACE|FILE [--node NODE] [--at TIME] [--why-not NODE] [options]",
      "tells why roles and states changed, or did not",
      "Reads the trace only; a scenario is run for one, with the options of run. Each change "
      "stands "
      "in front of\nwhat it rests on, with the numbers that were compared; what the trace lacks is "
      "said to be missing.\n"
      "  --node NODE        this node's changes only, and its votes and epochs\n"
      "  --at TIME          what held at that time since the run began, and what held it up\n"
      "  --why-not NODE     why this node was not promoted (by --at), and what would help\n"
      "  --json             a statement a line, as JSON\n",
      cmd_explain },
    { "compare", "rcsim compare A B [options]", "puts two runs side by side, from the fault on",
      "A and B are traces, or scenarios, which are run with the options of run. The steps of both: "
      "when the node\nwas suspected, when its masters agreed, votes, the new master, epochs, what "
      "was "
      "dropped; then in sentences\nwhat they differ in. --json: a step a line, as JSON.\n",
      cmd_compare },
    { "sweep",
      "rcsim sweep FILE --vary NAME=FROM..TO/STEP [--vary ...] [--seeds N] [options] "
      "[--DIRECTIVE VALUE]...",
      "varies a value, and tells how often each succeeds and what it measures",
      "Every value is played with every seed. A run succeeds if all expectations of FILE hold; its "
      "measures are the\ntimes of `expect time` and `await`, and what workloads count. For each "
      "value: the share of successes with its\nexact 95 % limits (Clopper and Pearson), quantiles "
      "of the measures, the commonest way to fail with the smallest\nseed that shows it. It ends "
      "with the value from which on all runs succeed, and of how many in a hundred that\nis a "
      "proof. Values are durations (10us, 250ms, 1.5s, 2m), whole numbers or percents. The same "
      "command prints\nthe same, whatever --jobs. Exit status: 0 done, 2 wrong usage or scenario, "
      "3 internal error, 130 after Ctrl-C or\nSIGTERM, with what was played until then.\n",
      cmd_sweep },
    { "fuzz",
      "rcsim fuzz FILE [--seeds A..B] [--out DIR] [--jsonl F] [options] [--DIRECTIVE VALUE]...",
      "plays plans of faults at random, and says which invariants break",
      "FILE has a `chaos` block (rcsim help scenario): each seed draws a plan of faults from it, "
      "which "
      "`rcsim run\nFILE --seed N` prints and plays. Invariants are watched at every step; when a "
      "plan "
      "is over everything is put back,\nand the cluster must come back. What real servers permit "
      "themselves is named and counted, and is no breach (rcsim help\nfindings). The same command "
      "prints the same, whatever --jobs. Exit status: 0 clean, 1 a breach or an expectation\nthat "
      "does not hold, 2 wrong usage or scenario, 3 internal error, 130 clean until Ctrl-C or "
      "SIGTERM, "
      "with what was\nplayed until then.\n",
      cmd_fuzz },
    { "shrink", "rcsim shrink FILE --seed N [--finding NAME[/PERMIT]] [--out F] [options]",
      "makes what a seed shows small: an ordinary scenario with few faults",
      "Leaves out faults, nodes and keys, makes times rounder and earlier, as long as the same is "
      "found "
      "(the invariant and\nthe last decisions of those concerned). What is written says what is "
      "wrong, "
      "and `rcsim run` plays it. Exit status:\n0 written, 1 the seed shows no such finding, 2 "
      "wrong usage "
      "or scenario, 3 internal error.\n",
      cmd_shrink },
    { "merge", "rcsim merge FILE... [--jsonl F]",
      "joins the files of several `rcsim fuzz --jsonl`, as if one had played all",
      "They must be of one scenario with one set of options, and no seed may be in two of them. "
      "Exit "
      "status: 0 clean,\n1 a breach or an expectation that does not hold, 2 a file that cannot be "
      "joined.\n",
      cmd_merge },
    { "list", "rcsim list", "names the shipped scenarios with their titles", NULL, cmd_list },
    { "help", "rcsim help [COMMAND|scenario|control|events|findings]",
      "explains a command, the scenario language, its events, the control port, what is watched",
      NULL, cmd_help },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *command_row(unsigned index)
{
    return index < COMMAND_COUNT ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const char *command_nearest(const char *name)
{
    const char *names[COMMAND_COUNT + 1];
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
    }
    names[COMMAND_COUNT] = NULL;
    return rcs_lex_nearest(name, names);
}

/* A broken invariant is our error, not the caller's: it has an exit status of its own. */
void rcs_assert_failed(const char *condition, const char *file, int line)
{
    fflush(stdout);
    fprintf(stderr, "rcsim: internal error, please report it: %s:%d: %s\n", file, line, condition);
    _Exit(EXIT_INTERNAL);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        (void)cmd_help(0, NULL);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0) {
        printf("rcsim %s (Redis 7.0.15; trace format %d, scenario format %d)\n", RCS_VERSION,
               RCS_TRACE_FORMAT, RCS_SCENARIO_FORMAT);
        return EXIT_HELD;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return cmd_help(0, NULL);
    }
    const struct command *command = command_find(argv[1]);
    if (command == NULL) {
        const char *near = command_nearest(argv[1]);
        return near != NULL ? complain("no command \"%s\" (did you mean %s?)", argv[1], near)
                            : complain("no command \"%s\" (rcsim help lists them)", argv[1]);
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return cmd_help(1, &argv[1]);
        }
    }
    return command->run(argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    int state = run(argc, argv);
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written && (state == EXIT_HELD || state == EXIT_FINDING)) {
        return complain("standard output cannot be written: %s", strerror(errno));
    }
    return state;
}
