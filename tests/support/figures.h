/* Samples by name, measured on real servers (tests/vectors/network) or here, and the question
 * whether the two could come from one distribution: numbers by Kolmogorov and Smirnov, categories
 * by Fisher's exact test, all rows of a program together by Holm's correction. */
#ifndef RCSIM_TEST_FIGURES_H
#define RCSIM_TEST_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct figure {
    char name[32];
    int64_t *values;
    unsigned count, room;
};

struct figures {
    struct figure list[32];
    unsigned count;
};

/* tests/vectors/network/NAME.txt: a line a figure, its name and its values. Fails the test if it is
 * not there or not well formed. */
void figures_load(struct figures *out, const char *name);
void figures_close(struct figures *figures);
struct figure *figure_named(struct figures *figures, const char *name); /* made if not there */
bool figures_have(const struct figures *figures, const char *name);     /* with values */
void figures_add(struct figures *figures, const char *name, int64_t value);
/* The value that was recorded in one of the runs, by turns. */
int64_t figure_nth(struct figures *recorded, const char *name, uint64_t run);

/* What the names of categories begin with: their values are 0 to 7, no times. */
#define FIGURE_CATEGORIES                                                                          \
    "outcome", "failover", "pfail", "any_lost", "starts", "a_state_fails", "is_won", "back",       \
        "late_nodes", "spurious", "a_delays"
/* What the names of inputs begin with: when the experimenter did what, and after how many runs. */
#define FIGURE_INPUTS                                                                              \
    "pause", "spawn", "past", "sent_1", "sent_2", "sent_3", "healed", "cut", "plain", "force"

struct verdict {
    char experiment[40], name[32];
    unsigned theirs, ours;
    double distance, p;                 /* distance 0: a category */
    int64_t low[2], middle[2], high[2]; /* 5, 50, 95 %: theirs, ours */
};

#define VERDICTS 600
struct verdicts {
    struct verdict list[VERDICTS];
    unsigned count;
};

/* Every recorded figure but inputs makes a row, unless it never happened there nor here; one that
 * was not measured here fails the test. */
void verdicts_add(struct verdicts *verdicts, const char *experiment, struct figures *recorded,
                  struct figures *ours);
/* Holm at `alpha` over all rows; prints those that differ, or all if RCS_SHOW_DISTRIBUTIONS is in
 * the environment. Returns how many differ. */
unsigned verdicts_judge(const struct verdicts *verdicts, double alpha);

#endif
