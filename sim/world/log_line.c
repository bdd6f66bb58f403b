/* A node's log as the real server writes it: "<pid>:<role> <DD Mon YYYY HH:MM:SS.mmm> <level>
 * <text>" (Redis 7.0 serverLogRaw; without the year before 5.0); out of a signal handler
 * "<pid>:signal-handler (<seconds>) <text>". Lines are made only while somebody reads them. */
#include "sim/words.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

static void add_padded(struct rcs_buf *out, int64_t value, unsigned digits)
{
    char text[8];
    for (unsigned i = digits; i-- > 0; value /= 10) {
        text[i] = (char)('0' + value % 10);
    }
    rcs_buf_add(out, text, digits);
}

/* Day, month, year of a day counted from 1970-01-01; the Gregorian calendar in eras of 400 years
 * that begin on the first of March. */
static void add_date(struct rcs_buf *out, int64_t day, bool with_year)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t z = day + 719468, era = z / 146097, of_era = z % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 2 : march_month - 10; /* from 0 */
    add_padded(out, of_year - (153 * march_month + 2) / 5 + 1, 2);
    rcs_buf_add(out, " ", 1);
    rcs_buf_add(out, months + 3 * month, 3);
    if (with_year) {
        rcs_buf_add(out, " ", 1);
        add_padded(out, era * 400 + year_of_era + (month < 2), 4);
    }
}

static void add_wall_clock(struct rcs_buf *out, int64_t wall_ms, bool with_year)
{
    int64_t ms_of_day = wall_ms % 86400000;
    add_date(out, wall_ms / 86400000, with_year);
    rcs_buf_add(out, " ", 1);
    add_padded(out, ms_of_day / 3600000, 2);
    rcs_buf_add(out, ":", 1);
    add_padded(out, ms_of_day / 60000 % 60, 2);
    rcs_buf_add(out, ":", 1);
    add_padded(out, ms_of_day / 1000 % 60, 2);
    rcs_buf_add(out, ".", 1);
    add_padded(out, ms_of_day % 1000, 3);
}

void rcs_log_fact(struct rcs_sim *sim, unsigned node, const struct rcs_fact *fact)
{
    static const char levels[] = ".-*#"; /* debug, verbose, notice, warning */
    enum rcs_release release = (enum rcs_release)fact->release;
    enum rcs_level said_at = rcs_words(release, (enum rcs_fact_code)fact->code).level;
    struct rcs_buf *line = &sim->log_line;
    rcs_us at_us = sim->on->at_us;
    rcs_buf_clear(line);
    int64_t wall_ms =
        sim->start_wall_ms + (at_us + rcs_clock_ahead(&sim->nodes[node].host_clock, at_us)) / 1000;
    rcs_buf_i64(line, fact->role == 'C' ? fact->v[2] : rcs_node_pid(sim->nodes[node].machine));
    if (fact->code == RCS_FACT_SIGTERM || fact->code == RCS_FACT_CHILD_SIGNALLED) {
        /* Redis 7.0 serverLogFromHandler */
        rcs_buf_format(line, ":signal-handler (%lld) ", (long long)(wall_ms / 1000));
    } else {
        const char role[3] = { ':', fact->role, ' ' };
        rcs_buf_add(line, role, sizeof(role));
        add_wall_clock(line, wall_ms, rcs_profile_at(release)->logs_year);
        const char level[3] = { ' ', levels[said_at], ' ' };
        rcs_buf_add(line, level, sizeof(level));
    }
    rcs_fact_text(line, sim->store, fact);
    rcs_buf_add(line, "", 1);
    sim->log_fn(sim->log_arg, (int)node, at_us, line->data);
}

void rcs_sim_on_log(struct rcs_sim *sim, rcs_log_fn *fn, void *arg)
{
    sim->log_fn = fn;
    sim->log_arg = arg;
    sim->effects.facts.unread = fn == NULL;
}
