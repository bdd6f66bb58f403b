/* Any text is shrunk, with a predicate that has no sense: it ends, and holds of what comes out. */
#include <stdlib.h>
#include <string.h>

#include "sim/explore/shrink.h"

/* The first byte tells which lines are dear to it; `arg` counts. */
static bool still(void *arg, const char *text)
{
    unsigned *calls = arg, sum = 0;
    for (const char *c = text; *c != '\0'; c++) {
        sum += *c == 'k' || *c == '3' || *c == '>';
    }
    return ++*calls == 1 || sum % 3 != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    RCS_ASSERT(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    unsigned calls = 0;
    struct rcs_shrink_counts counts;
    struct rcs_shrink_limits limits = { .runs_max = 300, .keep_recover = size % 2 == 1 };
    char *out = rcs_shrink(text, still, &calls, &limits, &counts);
    RCS_ASSERT(out != NULL && calls == counts.runs && calls <= 300);
    RCS_ASSERT(counts.faults_after <= counts.faults_before);
    free(out);
    free(text);
    return 0;
}
