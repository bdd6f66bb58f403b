/* What benchmarks share: CPU time, the yardstick, and one line a figure.
 *
 * A machine's speed is no figure of ours: every cost is also printed as a ratio to the push-and-pop
 * of a plain binary heap with 100 pending entries of 24 bytes, measured in the same run. */
#ifndef RCSIM_TESTS_BENCH_MEASURE_H
#define RCSIM_TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CPU time of this process; wall time. */
int64_t cpu_ns(void);
int64_t wall_ns(void);

/* One push-and-pop, in ns: the best of several rounds of `pairs` each. Asked before and after what
 * is measured; the smaller one counts. */
double yardstick_ns(unsigned pairs);

/* Prints `name  figure unit  ratio  goal`, and MISSED if the goal is. `ratio` 0: none;
 * `goal` NULL: none. */
void figure(const char *name, double value, const char *unit, double ratio, const char *goal,
            bool met);

/* Says what is wrong with what, and ends with 3. */
_Noreturn void die(const char *what, const char *why);
/* A whole file, malloc'd, with a NUL behind it; dies if it cannot be read. */
char *read_file(const char *path, size_t *size_bytes);
#endif
