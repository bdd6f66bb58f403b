/* Measured times: tests/vectors/timing/NAME.txt, a measure a line, its name and its values in ms.
 */
#ifndef RCSIM_TEST_TIMING_H
#define RCSIM_TEST_TIMING_H

#include <stdbool.h>
#include <stdint.h>

struct sample {
    char name[32];
    int64_t *values;
    unsigned count, room;
};

struct samples {
    struct sample list[20];
    unsigned count;
};

/* Fails the test if there is no such file. */
void samples_load(struct samples *out, const char *name);
void samples_close(struct samples *samples);
struct sample *sample_named(struct samples *samples, const char *name); /* made if not there */
void sample_add(struct sample *sample, int64_t value);
void sample_sort(struct sample *sample);

/* Two-sample Kolmogorov-Smirnov in integers: true if the two could come from one distribution. Both
 * are sorted. The largest distance of the two distribution functions, apart from shifts of at most
 * `slack_ms`, is held against the value that chance exceeds once in 10000 (c = 2.225):
 * distance^2 * n*m/(n+m) > c^2. `percent`: that distance, in hundredths. */
bool samples_agree(const struct sample *a, const struct sample *b, int64_t slack_ms, int *percent);

#endif
