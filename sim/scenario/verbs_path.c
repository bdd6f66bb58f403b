/* Verbs about what lies between sites, and about disks: how their words are read. */
#include <string.h>

#include "sim/scenario/verbs_parse.h"
#include "sim/world/world.h"

#include "sim/pure.h"

/* --- loss A B 5%, bandwidth A B 10mbit, link A B loopback ------------------------------------- */

/* One site or two, and then one word more: `name` and `value`, NULL for all others. */
static bool take_sites(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    if (!rcs_parser_site(parser, &stmt->name)) {
        return false;
    }
    return parser->count - parser->at < 2 || rcs_parser_site(parser, &stmt->value);
}

/* Digits, then up to `places` behind a point: the number times 10^places. Moves *at behind them. */
static bool read_decimal(const char **at, unsigned places, int64_t most, int64_t *out)
{
    const char *c = *at;
    bool point = false;
    unsigned left = places;
    *out = 0;
    for (; (*c >= '0' && *c <= '9') || (*c == '.' && !point && c > *at); c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        if ((point && left == 0) || *out > (most - (*c - '0')) / 10) {
            return false;
        }
        *out = *out * 10 + (*c - '0');
        left -= point;
    }
    bool some = c > *at && c[-1] != '.';
    for (; left > 0; left--) {
        if (*out > most / 10) {
            return false;
        }
        *out *= 10;
    }
    *at = c;
    return some;
}

bool rcs_parse_loss(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const struct rcs_word *word;
    stmt->number = RCS_PATH_FAULT_LOSS;
    if (!take_sites(parser) || !rcs_parser_word(parser, "a loss, such as 5%,", &word)) {
        return false;
    }
    const char *at = word->text;
    int64_t of_10000;
    if (!read_decimal(&at, 2, 10000, &of_10000) || strcmp(at, "%") != 0) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" is no loss (0%% to 100%%, such as 5%% or 0.25%%)",
                                word->text);
    }
    stmt->high_us = of_10000;
    return rcs_parser_end(parser);
}

static const struct {
    const char *name;
    int64_t bits;
} rate_units[] = { { "kbit", 1000 }, { "mbit", 1000000 }, { "gbit", 1000000000 } };

bool rcs_parse_bandwidth(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const struct rcs_word *word;
    stmt->number = RCS_PATH_FAULT_BANDWIDTH;
    if (!take_sites(parser) || !rcs_parser_word(parser, "a rate, such as 10mbit,", &word)) {
        return false;
    }
    const char *at = word->text;
    int64_t thousandths = 0;
    bool good = read_decimal(&at, 3, 1000000000, &thousandths);
    for (size_t i = 0; good && i < sizeof(rate_units) / sizeof(rate_units[0]); i++) {
        if (strcmp(at, rate_units[i].name) == 0) {
            stmt->high_us = thousandths * (rate_units[i].bits / 1000);
        }
    }
    if (stmt->high_us < 1000 || stmt->high_us > INT64_C(1000000000000)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" is no rate (a number with kbit, mbit or gbit, such as "
                                "10mbit, 1kbit to 1000gbit)",
                                word->text);
    }
    return rcs_parser_end(parser);
}

bool rcs_parse_link(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const char *kinds[8] = { NULL };
    int row;
    stmt->number = RCS_PATH_FAULT_LINK;
    for (unsigned i = 0; i < 7 && rcs_sim_link_kind_name(i) != NULL; i++) {
        kinds[i] = rcs_sim_link_kind_name(i);
    }
    if (!take_sites(parser) || !rcs_parser_choice(parser, kinds, &row)) {
        return false;
    }
    stmt->high_us = row;
    return rcs_parser_end(parser);
}

/* --- disks ------------------------------------------------------------------------------------ */

/* number: enum rcs_disk_order; high_us: how long an fsync takes. */
bool rcs_parse_disk(struct rcs_parser *parser)
{
    static const char *const words[] = {
        [RCS_DISK_FSYNC] = "fsync", [RCS_DISK_FULL] = "full", [RCS_DISK_OK] = "ok", NULL
    };
    struct rcs_stmt *stmt = parser->stmt;
    int word;
    if (!rcs_parser_group(parser, &stmt->a) || !rcs_parser_choice(parser, words, &word)) {
        return false;
    }
    stmt->number = word;
    if (word != RCS_DISK_FSYNC) {
        return rcs_parser_end(parser);
    }
    if (!rcs_parser_duration(parser, &stmt->high_us)) {
        return false;
    }
    if (stmt->high_us > RCS_S(3600)) {
        return rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1,
                                "an fsync takes an hour at most");
    }
    return rcs_parser_end(parser);
}

/* --- clocks ----------------------------------------------------------------------------------- */

/* "50ppm", "-50ppm". */
static bool take_drift(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    int64_t ppm = 0;
    if (!rcs_parser_word(parser, "millionths, such as 50ppm,", &word)) {
        return false;
    }
    size_t size = strlen(word->text);
    if (size < 4 || strcmp(word->text + size - 3, "ppm") != 0 ||
        !rcs_decimal_read(word->text, size - 3, &ppm) || ppm > 10000 || ppm < -10000) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" is no drift (50ppm, -50ppm; 10000ppm at most)", word->text);
    }
    parser->stmt->high_us = ppm;
    return true;
}

/* number: enum rcs_clock_change; high_us: what it says with it. */
bool rcs_parse_clock(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const struct rcs_word *word;
    if (!rcs_parser_group(parser, &stmt->a)) {
        return false;
    }
    if (rcs_parser_is(parser, "back")) {
        stmt->number = RCS_CLOCK_BACK;
        return rcs_parser_end(parser);
    }
    if (rcs_parser_is(parser, "drift")) {
        stmt->number = RCS_CLOCK_DRIFT;
        return take_drift(parser) && rcs_parser_end(parser);
    }
    if (!rcs_parser_word(parser, "how the clock goes (+500ms, -2s, drift 50ppm or back)", &word)) {
        return false;
    }
    stmt->number = RCS_CLOCK_JUMP;
    if ((word->text[0] != '+' && word->text[0] != '-') ||
        !rcs_duration_read(word->text + 1, &stmt->high_us) || stmt->high_us > RCS_S(86400)) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->at - 1,
            "\"%s\" stands where +500ms, -2s, drift 50ppm or back should (a day "
            "at most)",
            word->text);
    }
    stmt->high_us = word->text[0] == '-' ? -stmt->high_us : stmt->high_us;
    return rcs_parser_end(parser);
}

static bool take_conf(struct rcs_parser *parser)
{
    return rcs_parser_expect(parser, "conf") && rcs_parser_groups(parser, NULL, &parser->stmt->a);
}

bool rcs_parse_keep(struct rcs_parser *parser)
{
    return take_conf(parser);
}

bool rcs_parse_restore(struct rcs_parser *parser)
{
    parser->stmt->number = RCS_FAULT_STALE_CONF;
    return take_conf(parser);
}
