/* Commands drawn evenly from the COMMAND list of a server, in sequences on shared keys, RESP2 and
 * RESP3, asked of it and of a real redis-server (7.0.15 is what rcsim follows): all answers must
 * be the same bytes but for what the command's row lets differ, and so must be all keys at a
 * sequence's end. Commands only the real server has are counted and printed. For each command
 * that differs the first sequence is shrunk to the shortest that still differs, and printed.
 *
 * Usage: live_commands [--sequences N] [--seed N] [--from N] [--only COMMAND]...
 *                      [--without COMMAND]... [--show N] [--port PORT] [--counts]
 *                      (--with HOST:PORT | --rcsim PROGRAM | --self)
 *   --with     an empty cluster node that runs at this address; it gets all slots
 *   --rcsim    `PROGRAM serve` is started
 *   --counts   says at the end how often each command was drawn, and how often it was an error
 *   --self     two real servers; then two with a planted difference, which must be found
 * Servers listen at PORT and above (default 20300, or as far above as it takes for them to be
 * free), on 127.0.0.1, and are stopped by their ids. Exit status 0: agrees, 1: differs, 2: could
 * not be tried. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/command_names.h"
#include "tests/support/live_sequence.h"

#define PLANT_MAX 30 /* sequences */

static struct live_pair pair = { .targets = { LIVE_TARGET("redis-server"),
                                              LIVE_TARGET("tested") } };
static struct live_judge judge;
static struct command_sets commands;
static unsigned draws[COMMAND_NAMES_MAX], differing[COMMAND_NAMES_MAX]; /* by commands.drawn */
static unsigned errors[COMMAND_NAMES_MAX];                              /* of draws */
static unsigned class_draws[PLAN_CLASS_COUNT];
static char directory[200];

static void count_error(const struct plan_step *step, const struct live_answer *real)
{
    int at = step->name == NULL ? -1 : command_names_find(&commands.drawn, step->name);
    if (at >= 0 && real->bytes.size_bytes > 0 && real->bytes.data[0] == '-') {
        errors[at]++;
    }
}

static struct live_sequence sequences = { .judge = &judge, .answered = count_error };

static void clean_up(void)
{
    live_target_end(&pair.targets[LIVE_REAL]);
    live_target_end(&pair.targets[LIVE_TESTED]);
    rmdir(directory);
}
/* --- printing --------------------------------------------------------------------------------- */

static void print_names(const char *what, const struct command_names *list)
{
    printf("%s: %u", what, list->count);
    for (unsigned i = 0; i < list->count; i++) {
        printf("%s %s", i == 0 ? ":" : "", list->names[i]);
    }
    putchar('\n');
}

static void print_summary(unsigned run, unsigned found)
{
    const struct command_names *drawn = &commands.drawn;
    static const char *const classes[] = {
#define X(constant, name) name,
        PLAN_CLASSES(X)
#undef X
    };
    static const char *const rules[][2] = {
#define X(constant, name, reason) { name, reason },
        ANSWER_RULES(X)
#undef X
    };
    unsigned total = 0, least = 0;
    for (unsigned i = 0; i < drawn->count; i++) {
        total += draws[i];
        least = draws[i] < draws[least] ? i : least;
    }
    printf("%u commands in %u sequences, drawn from %u; the least often: %s, %u times\n", total,
           run, drawn->count, drawn->names[least], draws[least]);
    for (int i = 0; i < PLAN_CLASS_COUNT; i++) {
        printf("%s%s %u", i == 0 ? "arguments: " : ", ", classes[i], class_draws[i]);
    }
    printf("\nanswers: the same bytes %u\n", judge.rule_uses[RULE_SAME]);
    for (int i = 1; i < RULE_COUNT; i++) {
        printf("  by rule %-58s %7u  (%s)\n", rules[i][0], judge.rule_uses[i], rules[i][1]);
    }
    print_names("never sent, see command_rows.c", &commands.left_out);
    print_names("unsupported: of the real server's commands not in the list",
                &commands.unsupported);
    if (found > 0) {
        printf("commands that differ:");
        for (unsigned i = 0; i < drawn->count; i++) {
            if (differing[i] > 0) {
                printf(" %s %u", drawn->names[i], differing[i]);
            }
        }
        putchar('\n');
    }
    if (pair.ended > 0) {
        printf("the tested server ended by itself %u times\n", pair.ended);
    }
    printf("%u of %u sequences differ\n", found, run);
}

static void print_counts(void)
{
    for (unsigned i = 0; i < commands.drawn.count; i++) {
        printf("  %-28s %6u drawn, %6u answered by errors\n", commands.drawn.names[i], draws[i],
               errors[i]);
    }
}

/* --- the experiment --------------------------------------------------------------------------- */

struct options {
    unsigned long seed;
    unsigned from, sequences, show;
    int port;
    const char *with, *rcsim;
    bool self, quiet, counts;
    char *only[64], *without[64];
    unsigned only_count, without_count;
};

static void count_draws(const struct plan *plan)
{
    for (unsigned i = 0; i < plan->count; i++) {
        class_draws[plan->steps[i].class]++;
        if (plan->steps[i].name != NULL) {
            draws[command_names_find(&commands.drawn, plan->steps[i].name)]++;
        }
    }
}

/* Counts it with its command; true if that differs for the first time. */
static bool is_new(const struct plan_step *step)
{
    const char *name = step->name != NULL  ? step->name
                       : step->row != NULL ? step->row->name
                                           : commands.drawn.names[0];
    int at = command_names_find(&commands.drawn, name);
    return differing[at < 0 ? 0 : at]++ == 0;
}

/* The tested server may not have all types: then keys of those are not filled. */
static void drop_unsupported(const struct plan *plan, bool *dropped)
{
    for (unsigned i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        char name[16] = "";
        for (uint32_t j = 0; j < step->args[0].size_bytes && j < sizeof(name) - 1; j++) {
            name[j] = (char)tolower((unsigned char)step->args[0].bytes[j]);
        }
        dropped[i] = step->class == PLAN_GIVEN && command_names_find(&commands.supported, name) < 0;
    }
}

/* The number of sequences that differ. `shortest`: steps of the shortest shown. */
static unsigned experiment(const struct options *options, unsigned *shortest)
{
    static struct plan plan;
    unsigned found = 0, shown = 0;
    *shortest = PLAN_STEPS_MAX;
    memset(draws, 0, sizeof(draws));
    memset(differing, 0, sizeof(differing));
    memset(class_draws, 0, sizeof(class_draws));
    memset(judge.rule_uses, 0, sizeof(judge.rule_uses));
    for (unsigned i = options->from; i < options->from + options->sequences; i++) {
        bool dropped[PLAN_STEPS_MAX] = { false };
        struct live_difference difference;
        live_difference_init(&difference);
        plan_make(&plan, options->seed, i, (const char *const *)commands.drawn.names,
                  commands.drawn.count);
        drop_unsupported(&plan, dropped);
        count_draws(&plan);
        if (live_sequence_run(&sequences, &plan, dropped, &difference)) {
            unsigned kept = 0;
            found++;
            if (is_new(live_difference_culprit(&plan, &difference)) && shown < options->show) {
                shown++;
                live_sequence_shrink(&sequences, &plan, dropped, &difference);
                for (unsigned j = 0; j < plan.count; j++) {
                    kept += !dropped[j];
                }
                *shortest = kept < *shortest ? kept : *shortest;
                if (!options->quiet) {
                    printf("DIFFERS: seed %lu, sequence %u, RESP%d\n", options->seed, i,
                           plan.resp3 ? 3 : 2);
                    live_difference_print(&difference, &pair, &plan, dropped);
                }
            }
        }
        live_difference_close(&difference);
        plan_free(&plan);
    }
    return found;
}
/* Two real servers agree; with something planted on one of them it is found, in few steps. */
static int test_itself(const struct options *options)
{
    static const struct {
        const char *what, *words;
        unsigned most_steps;
    } plants[] = {
        { "a key set behind its back", "SET {t}s3 planted", 2 },
        { "another threshold of a compact form", "CONFIG SET hash-max-listpack-value 3", 2 },
    };
    unsigned shortest, found = experiment(options, &shortest);
    bool good = found == 0;
    print_summary(options->sequences, found);
    printf("%s: two real servers agree\n", good ? "ok" : "NOT");
    for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
        struct options quiet = *options;
        quiet.quiet = true;
        quiet.show = 3;
        quiet.sequences = options->sequences < PLANT_MAX ? options->sequences : PLANT_MAX;
        sequences.planted = plants[i].words;
        found = experiment(&quiet, &shortest);
        sequences.planted = NULL;
        live_pair_say(&pair, "CONFIG SET hash-max-listpack-value 64");
        bool seen = found > 0 && shortest <= plants[i].most_steps;
        printf("%s: %s is found in %u of %u sequences, at best in %u commands\n",
               seen ? "ok" : "NOT", plants[i].what, found, quiet.sequences, shortest);
        good = good && seen;
    }
    return good ? 0 : 1;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){ .seed = 1, .sequences = 200, .show = 20, .port = 20300 };
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(name, "--self") == 0) {
            options->self = true;
            continue;
        }
        if (strcmp(name, "--counts") == 0) {
            options->counts = true;
            continue;
        }
        if (value == NULL) {
            return false;
        }
        i++;
        if (strcmp(name, "--seed") == 0) {
            options->seed = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--sequences") == 0) {
            options->sequences = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--from") == 0) {
            options->from = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--show") == 0) {
            options->show = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--port") == 0) {
            options->port = (int)strtol(value, NULL, 10);
        } else if (strcmp(name, "--with") == 0) {
            options->with = value;
        } else if (strcmp(name, "--rcsim") == 0) {
            options->rcsim = value;
        } else if (strcmp(name, "--only") == 0 && options->only_count < 64) {
            options->only[options->only_count++] = argv[i];
        } else if (strcmp(name, "--without") == 0 && options->without_count < 64) {
            options->without[options->without_count++] = argv[i];
        } else {
            return false;
        }
    }
    return options->self + (options->with != NULL) + (options->rcsim != NULL) == 1;
}

int main(int argc, char **argv)
{
    struct options options;
    unsigned shortest;
    if (!read_options(&options, argc, argv)) {
        fprintf(stderr,
                "usage: live_commands [--sequences N] [--seed N] [--from N] [--only COMMAND]... "
                "[--without COMMAND]... [--show N] [--port PORT] [--counts] (--with HOST:PORT | "
                "--rcsim PROGRAM | --self)\n");
        return 2;
    }
    live_directory("live_commands", "/tmp", directory, clean_up);
    int port = live_free_ports(options.port, 8);
    live_target_real(&pair.targets[LIVE_REAL], directory, port);
    if (options.self) {
        pair.targets[LIVE_TESTED].wire.name = "other";
        live_target_real(&pair.targets[LIVE_TESTED], directory, port + 2);
    } else if (options.rcsim != NULL) {
        live_pair_rcsim(&pair, options.rcsim, port + 4);
    } else {
        live_target_at(&pair.targets[LIVE_TESTED], options.with);
    }
    live_pair_make_clusters(&pair);
    command_sets_read(&commands, &pair, options.only, options.only_count, options.without,
                      options.without_count);
    live_judge_init(&judge, &pair, &commands.unsupported);
    if (options.self) {
        return test_itself(&options);
    }
    unsigned found = experiment(&options, &shortest);
    if (options.counts) {
        print_counts();
    }
    print_summary(options.sequences, found);
    bool well = live_target_end(&pair.targets[LIVE_TESTED]);
    return found == 0 && well ? 0 : 1;
}
