/* Whether two shares may be one: Fisher's exact test. */
#ifndef RCSIM_TEST_EXACT_TEST_H
#define RCSIM_TEST_EXACT_TEST_H

/* The chance that two samples of one population, of these sizes and with so many hits together, are
 * as unlikely as these or more so (two-sided). 1 if one of them is empty. */
double exact_test(unsigned hits, unsigned count, unsigned other_hits, unsigned other_count);

#endif
