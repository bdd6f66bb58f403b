/* One line of a scenario as text: what it is, and how it could be simpler. No line is parsed as the
 * language has it; who asks lets the scenario be read. */
#ifndef RCSIM_SIM_EXPLORE_SHRINK_LINE_H
#define RCSIM_SIM_EXPLORE_SHRINK_LINE_H

#include <rcsim/base.h>

/* The line's first words are these (blanks before them do not count). */
bool rcs_line_begins(const char *line, const char *words);
/* `word` stands in it, with no letter, digit, - or _ beside it. */
bool rcs_line_has(const char *line, const char *word);

/* `at +3s ...`, `wait 3s`: when; 0 where there is none. */
rcs_us rcs_line_time(const char *line);
/* `during 3s {`: how long; 0 without. */
rcs_us rcs_line_length(const char *line);

/* The way number `way` in which the line could be simpler, malloc'd: the line itself where that way
 * changes nothing, NULL when there are no more. Every one is smaller in some order without end. */
char *rcs_line_other_time(const char *line, unsigned way);   /* of `at`: rounder, earlier */
char *rcs_line_at(const char *line, rcs_us at_us);           /* of `at`: that time; malloc'd */
char *rcs_line_other_length(const char *line, unsigned way); /* of `during`: rounder, shorter */
char *rcs_line_other_wait(const char *line, unsigned way);
char *rcs_line_fewer_nodes(const char *line,
                           unsigned way); /* of the first group, if no partition */
char *rcs_line_without_try(const char *line, unsigned way);
char *rcs_line_fewer_keys(const char *line, unsigned way);

/* `site A a1..a6`: "a6" and "a5"; false if it declares no range. */
bool rcs_line_last_node(const char *line, char last[40], char before[40]);
/* The line with ranges that ended with `last` ending before it. Malloc'd. */
char *rcs_line_without_node(const char *line, const char *last, const char *before);

#endif
