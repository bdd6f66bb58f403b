/* Rows of a comparison: a measure of a set of real runs against the same measure of simulated ones,
 * and the verdict over all rows together. */
#ifndef RCSIM_TEST_TABLE_H
#define RCSIM_TEST_TABLE_H

#include "tests/support/measures.h"

#define TABLE_ALPHA 0.01 /* the chance of one false alarm among all rows (Holm) */
#define TABLE_ROOM  240
#define LEAST_RUNS  20 /* smaller sets make no row */

struct table_row {
    const char *set; /* borrowed */
    enum measure measure;
    unsigned recorded, simulated;
    double distance, p; /* of categories: the largest difference of shares */
    int64_t medians[2];
    const char *exception; /* why it is shown and not held; NULL: it is */
};

struct table {
    struct table_row rows[TABLE_ROOM];
    unsigned count;
};

/* Sorts the samples. Times are blurred on both sides by up to `resolution_ms`, below which the real
 * ones say nothing. */
void table_add(struct table *table, const char *set, enum measure measure, int resolution_ms,
               struct sample *recorded, struct sample *simulated, const char *exception);
/* Prints all rows, or those that differ and those excepted; returns how many differ. */
unsigned table_print(const struct table *table, bool all);

#endif
