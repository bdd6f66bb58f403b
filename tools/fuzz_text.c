/* What a campaign found, for a terminal. */
#include <string.h>

#include <rcsim/check.h>

#include "tools/tools.h"

static const char *why_of(const struct rcs_tally_row *row)
{
    enum rcs_invariant of;
    const char *why, *name;
    for (unsigned i = 0; row->permit != NULL && (name = rcs_check_permit(i, &of, &why)) != NULL;
         i++) {
        if (strcmp(rcs_invariant_name(of), row->finding) == 0 && strcmp(name, row->permit) == 0) {
            return why;
        }
    }
    return "";
}

static void put_row(const struct rcs_tally_row *row, struct rcs_buf *out)
{
    rcs_buf_format(out, "  %s%s%s  in %llu %s, first of seed %llu\n", row->finding,
                   row->permit != NULL ? "/" : "", row->permit != NULL ? row->permit : "",
                   (unsigned long long)row->seeds, row->seeds == 1 ? "run" : "runs",
                   (unsigned long long)row->first_seed);
    rcs_buf_format(out, "      %s\n      %s\n", row->fingerprint, row->text);
}

static void put_breaches(struct rcs_tally *tally, struct rcs_buf *out)
{
    struct rcs_tally_row row;
    rcs_buf_text(out, "\nBreaches:\n");
    for (unsigned i = 0; rcs_tally_row(tally, i, &row) && row.permit == NULL; i++) {
        put_row(&row, out);
    }
}

/* One line for all ways to one permitted breach: how many differ, and the one that most runs show.
 */
static void put_permitted(struct rcs_tally *tally, struct rcs_buf *out)
{
    struct rcs_tally_row row, other;
    bool first = true;
    for (unsigned i = 0; rcs_tally_row(tally, i, &row); i++) {
        bool told = row.permit == NULL;
        for (unsigned j = 0; j < i && !told; j++) {
            (void)rcs_tally_row(tally, j, &other);
            told = other.permit != NULL && strcmp(other.finding, row.finding) == 0 &&
                   strcmp(other.permit, row.permit) == 0;
        }
        if (told) {
            continue;
        }
        unsigned ways = 0;
        uint64_t count = 0;
        for (unsigned j = i; rcs_tally_row(tally, j, &other); j++) {
            bool same = other.permit != NULL && strcmp(other.finding, row.finding) == 0 &&
                        strcmp(other.permit, row.permit) == 0;
            ways += same;
            count += same ? other.count : 0;
        }
        if (first) {
            rcs_buf_text(out, "\nWhat real servers permit themselves, and did:\n");
            first = false;
        }
        rcs_buf_format(out,
                       "  %s/%s  %llu times, in %u %s; the commonest in %llu %s, first of seed "
                       "%llu\n      %s\n      %s\n",
                       row.finding, row.permit, (unsigned long long)count, ways,
                       ways == 1 ? "way" : "ways", (unsigned long long)row.seeds,
                       row.seeds == 1 ? "run" : "runs", (unsigned long long)row.first_seed,
                       why_of(&row), row.fingerprint);
    }
}

void fuzz_print_text(struct rcs_tally *tally, struct rcs_buf *out)
{
    const uint64_t runs = rcs_tally_runs(tally), breaches = rcs_tally_breaches(tally);
    rcs_buf_format(out, "%s with %s: ", rcs_tally_file(tally), rcs_tally_release(tally));
    if (runs == 0) {
        rcs_buf_text(out, "nothing was played\n");
        return;
    }
    rcs_buf_text(out, runs == 1 ? "seed " : "seeds ");
    rcs_tally_played(tally, out);
    rcs_buf_format(out, ", %llu %s with %llu faults\n", (unsigned long long)runs,
                   runs == 1 ? "run" : "runs", (unsigned long long)rcs_tally_faults(tally));
    if (breaches > 0) {
        put_breaches(tally, out);
    }
    put_permitted(tally, out);
    if (breaches == 0) {
        rcs_buf_format(out, "\nNo invariant was broken in %llu %s.\n", (unsigned long long)runs,
                       runs == 1 ? "run" : "runs");
    } else {
        rcs_buf_format(out, "\n%llu distinct %s.\n", (unsigned long long)breaches,
                       breaches == 1 ? "breach" : "breaches");
    }
}
