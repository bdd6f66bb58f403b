#include <stdio.h>
#include <string.h>

#include <rcsim/check.h>

#include "sim/facts.h"
#include "sim/scenario/chaos.h"
#include "sim/scenario/control.h"
#include "sim/scenario/expect.h"
#include "sim/scenario/verbs.h"
#include "tools/tools.h"

static int help_all(void)
{
    puts("rcsim: a Redis Cluster in one process, in virtual time\n");
    for (unsigned i = 0; command_row(i) != NULL; i++) {
        printf("  %-8s %s\n", command_row(i)->name, command_row(i)->what);
    }
    puts("\nrcsim help COMMAND tells more; rcsim help scenario lists the words of the scenario "
         "language,\n"
         "rcsim help events what a node can do that an expectation can name, rcsim help findings "
         "what "
         "is watched\nin every run, rcsim help control the orders of a run that is served.");
    puts("Try: rcsim run two-dc-chained");
    return EXIT_HELD;
}

static void print_row(const char *usage, const char *what)
{
    printf("  %s\n      %s\n", usage, what);
}

/* The rows of the tables that `workload` goes by. */
static void help_workloads(void)
{
    const char *name, *what;
    puts("\nKinds of workload:");
    for (unsigned i = 0; (name = rcs_workload_kind(i, &what)) != NULL; i++) {
        print_row(name, what);
    }
    fputs("Errors it counts:", stdout);
    for (int error = 0; error < RCS_WORKLOAD_ERROR_COUNT; error++) {
        printf("%s %s", error > 0 ? "," : "",
               rcs_workload_error_name((enum rcs_workload_error)error));
    }
    puts("");
}

static int help_scenario(void)
{
    static const char *const sections[] = { "Layout (above the first statement that acts):",
                                            "Settings:", "Statements:" };
    puts("A scenario is a text file, one statement a line, in the manner of redis.conf. # begins a "
         "comment.\n"
         "NODES: a1, a1..a6, a1,b2, a site's name, all. DURATION: 10us, 250ms, 1.5s, 2m.\n"
         "$name is a parameter's value; $a1.id, $a1.ip, $a1.port belong to a node.");
    for (unsigned section = 0; section < 3; section++) {
        printf("\n%s\n", sections[section]);
        if (section == 1) {
            print_row(rcs_verb_directive.usage, rcs_verb_directive.what);
        } else if (section == 2) {
            print_row(rcs_verb_prompt.usage, rcs_verb_prompt.what);
            print_row("= REPLY",
                      "below a command, cli or show: what it must print; * any text, A | B either, "
                      "... any lines; redirections are asked for by a first line that begins with "
                      "->; a # "
                      "between blanks begins a comment here, too");
        }
        for (unsigned i = 0; rcs_verb_row(i) != NULL; i++) {
            const struct rcs_verb *verb = rcs_verb_row(i);
            if ((unsigned)verb->where == section && verb->usage != NULL &&
                !(verb->flags & RCS_VERB_ORDER)) {
                print_row(verb->usage, verb->what);
            }
        }
    }
    puts("\nConditions of expect and await:");
    const char *what, *usage;
    for (unsigned i = 0; (usage = rcs_cond_usage(i, &what)) != NULL; i++) {
        print_row(usage, what);
    }
    help_workloads();
    puts("\nKinds of fault in chaos (every: the mean from one to the next; all rates may be left "
         "out):");
    for (unsigned i = 0; (usage = rcs_chaos_usage(i, &what)) != NULL; i++) {
        print_row(usage, what);
    }
    return EXIT_HELD;
}

/* What can be said to the control port of `rcsim serve`. */
static int help_control(void)
{
    const char *what, *usage;
    puts(
        "The control port of rcsim serve speaks RESP: redis-cli -p CONTROL kill a1, or any client "
        "library.\n"
        "A request is an order by its words; a single word with blanks is a line as it stands "
        "(\"a1> PING\").\n"
        "$name is a parameter's value, $a1.id, $a1.ip, $a1.port belong to a node, $$ is a dollar.\n"
        "Orders take the virtual time they take; errors name the place in the line.\n");
    for (unsigned i = 0; (usage = rcs_control_usage(i, &what)) != NULL; i++) {
        if (what == NULL) {
            printf("%s%s\n", i == 0 ? "" : "\n", usage);
        } else {
            print_row(usage, what);
        }
    }
    return EXIT_HELD;
}

/* The events that expect can name, from the table of facts. */
static int help_events(void)
{
    puts("Events, for `expect event`, `time` and `order`, with the log line a real server "
         "prints:\n");
    const char *last = "";
    for (int code = 0; code < RCS_FACT_COUNT; code++) {
        const struct rcs_fact_row *row = rcs_fact_row((enum rcs_fact_code)code);
        if (row->milestone) {
            printf("  %-20s %s\n", strcmp(last, row->trace) == 0 ? "" : row->trace,
                   row->text == NULL ? "-" : row->text);
            last = row->trace;
        }
    }
    return EXIT_HELD;
}

/* What is watched in every run, and what real servers permit themselves. */
static int help_findings(void)
{
    enum rcs_invariant of;
    const char *name, *why;
    puts("Invariants, for `expect finding NAME[/PERMIT]`. They are watched in every run: up to "
         "fail-quorum at every step,\nthe others by `expect healthy`. What breaks one is a breach, "
         "unless real servers do the same:");
    for (int i = 0; i < RCS_INVARIANT_COUNT; i++) {
        printf("\n  %s\n      %s\n", rcs_invariant_name((enum rcs_invariant)i),
               rcs_invariant_text((enum rcs_invariant)i));
        for (unsigned j = 0; (name = rcs_check_permit(j, &of, &why)) != NULL; j++) {
            if ((int)of == i) {
                printf("      /%-18s %s\n", name, why);
            }
        }
    }
    return EXIT_HELD;
}

int cmd_help(int argc, char **argv)
{
    if (argc == 0) {
        return help_all();
    }
    if (argc > 1) {
        return complain("help takes one command at most");
    }
    if (strcmp(argv[0], "scenario") == 0) {
        return help_scenario();
    }
    if (strcmp(argv[0], "control") == 0) {
        return help_control();
    }
    if (strcmp(argv[0], "events") == 0) {
        return help_events();
    }
    if (strcmp(argv[0], "findings") == 0) {
        return help_findings();
    }
    const struct command *command = command_find(argv[0]);
    if (command == NULL) {
        const char *near = command_nearest(argv[0]);
        return near != NULL ? complain("no command \"%s\" (did you mean %s?)", argv[0], near)
                            : complain("no command \"%s\" (rcsim help lists them)", argv[0]);
    }
    printf("%s\n\n%s\n", command->usage, command->what);
    if (command->more != NULL) {
        printf("\n%s", command->more);
    }
    const char *what, *option;
    for (unsigned i = 0; (option = run_option(command->name, i, &what)) != NULL; i++) {
        printf("%s  %-22s %s\n", i == 0 ? "\n" : "", option, what);
    }
    return EXIT_HELD;
}
