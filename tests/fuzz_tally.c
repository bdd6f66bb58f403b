/* Any bytes as lines of a campaign's file: refused with a sentence, or counted; what is counted can
 * be told. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/fuzz.h>

#include "sim/pure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rcs_tally *tally = rcs_tally_new();
    struct rcs_tally_row row, before = { .seeds = UINT64_MAX };
    struct rcs_buf out;
    uint64_t runs = 0;
    rcs_buf_init(&out);
    for (size_t at = 0; at < size;) {
        struct rcs_diag diag = { .line = 0 };
        const char *line = (const char *)data + at;
        const char *lf = memchr(line, '\n', size - at);
        size_t length = lf == NULL ? size - at : (size_t)(lf - line);
        enum rcs_err err = rcs_tally_line(tally, line, length, &diag);
        RCS_ASSERT(err == RCS_OK || diag.text[0] != '\0');
        RCS_ASSERT(rcs_tally_runs(tally) - runs <= (err == RCS_OK));
        runs = rcs_tally_runs(tally);
        at += length + 1;
    }
    for (unsigned i = 0; rcs_tally_row(tally, i, &row); i++) {
        RCS_ASSERT(row.finding != NULL && row.fingerprint != NULL && row.text != NULL);
        RCS_ASSERT(row.seeds >= 1 && row.count >= row.seeds);
        RCS_ASSERT((i == 0 || before.permit != NULL || row.permit != NULL) ||
                   row.seeds <= before.seeds);
        before = row;
    }
    rcs_tally_played(tally, &out);
    rcs_tally_end(tally, &out);
    rcs_buf_close(&out);
    rcs_tally_free(tally);
    return 0;
}
