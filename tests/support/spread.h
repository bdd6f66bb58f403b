/* Times that were simulated, with many seeds, against those that were recorded a few times. A
 * recorded one must be one that could have been simulated: servers were polled every 5 to 100 ms on
 * a busy machine, nodes are not. And the middle one of the simulated must not stand apart from the
 * recorded ones. */
#ifndef RCSIM_TEST_SPREAD_H
#define RCSIM_TEST_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

#define SPREAD_MAX     320
#define SPREAD_LATE_MS 180 /* by which a recorded time may come later than any simulated */

struct spread {
    const char *what;
    unsigned count; /* of simulated */
    int64_t value[SPREAD_MAX];
    int64_t shortest, longest; /* recorded; `recordings` of them */
    unsigned recordings;
};

/* `value` in ms, none is negative (it did not happen: the test fails). */
void spread_add(struct spread *spread, int64_t value);
int64_t spread_least(const struct spread *spread);
int64_t spread_most(const struct spread *spread);
/* Fails unless `recorded` ms lies among the simulated, which may be `late` ms later. */
void spread_holds(struct spread *spread, const char *release, int64_t recorded, int64_t late);
/* Fails if the middle of the simulated lies apart from what spread_holds() was asked of. */
void spread_middle_holds(const struct spread *spread, const char *release);

/* The lines "KIND RELEASE MS MS ..." of `times`, each number against the spread in its column ("-":
 * not seen; NULL: not looked at); and, of three lines on, their middles. How many lines there are.
 */
unsigned spread_recorded(const char *times, const char *kind, const char *release,
                         struct spread *const *columns, unsigned count);

#endif
