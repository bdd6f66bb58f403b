/* `chaos DURATION recover DURATION {`, and the lines of its block. */
#include "sim/scenario/chaos.h"

#include <string.h>

#include <rcsim/bus_types.h>

#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

/* --- the table of kinds ----------------------------------------------------------------------- */

/* What stands behind the kind's word, in this order; `every` and `for` end the line. */
enum takes {
    TAKES_TYPE = 1, /* any, ping, ... */
    TAKES_NODES = 2,
    TAKES_SITES = 4,
    TAKES_DURATIONS = 8, /* 50ms..2s */
    TAKES_SIGNED = 16,   /* -500ms..500ms */
    TAKES_PERCENT = 32,  /* 1%..30% */
    TAKES_TIMES = 64,    /* times 1..20, not above all others */
    TAKES_FOR = 128
};

struct kind_row {
    const char *word, *mode; /* mode: a word behind the nodes that makes it this kind; NULL none */
    unsigned takes;
    int64_t low, high; /* where the line does not say */
    rcs_us every_us;   /* the same */
    rcs_us for_us_low, for_us_high;
    const char *usage, *what;
};

/* clang-format off */
static const struct kind_row kinds[] = {
    [RCS_CHAOS_KILL]       = { "kill", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(20), RCS_MS(500), RCS_S(20),
        "kill NODES [every 20s] [for 500ms..20s]", "SIGKILL of one, some or a site's, started again after that time" },
    [RCS_CHAOS_STOP]       = { "stop", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(40), RCS_MS(500), RCS_S(20),
        "stop NODES [every 40s] [for 500ms..20s]", "the same with SIGTERM" },
    [RCS_CHAOS_PAUSE]      = { "pause", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(20), RCS_MS(500), RCS_S(20),
        "pause NODES [every 20s] [for 500ms..20s]", "SIGSTOP, then SIGCONT" },
    [RCS_CHAOS_POWEROFF]   = { "poweroff", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(40), RCS_S(1), RCS_S(30),
        "poweroff NODES [every 40s] [for 1s..30s]", "hosts go dark, then are switched on" },
    [RCS_CHAOS_PARTITION]  = { "partition", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(20), RCS_S(1), RCS_S(30),
        "partition NODES [oneway] [every 20s] [for 1s..30s]", "a random part of them against all other nodes" },
    [RCS_CHAOS_ONEWAY]     = { "partition", "oneway", TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(30), RCS_S(1), RCS_S(30), NULL, NULL },
    [RCS_CHAOS_LATENCY]    = { "latency", NULL, TAKES_SITES | TAKES_DURATIONS | TAKES_FOR, RCS_MS(20), RCS_S(1), RCS_S(30), RCS_S(1), RCS_S(20),
        "latency [SITE [SITE]] [20ms..1s] [every 30s] [for 1s..20s]", "another one-way delay, from that range; without sites between any two" },
    [RCS_CHAOS_JITTER]     = { "jitter", NULL, TAKES_SITES | TAKES_DURATIONS | TAKES_FOR, RCS_MS(10), RCS_S(1), RCS_S(30), RCS_S(1), RCS_S(20),
        "jitter [SITE [SITE]] [10ms..1s] [every 30s] [for 1s..20s]", "the delay varies by so much" },
    [RCS_CHAOS_LOSS]       = { "loss", NULL, TAKES_SITES | TAKES_PERCENT | TAKES_FOR, 100, 5000, RCS_S(30), RCS_S(1), RCS_S(20),
        "loss [SITE [SITE]] [1%..50%] [every 30s] [for 1s..20s]", "so many of the segments are lost" },
    [RCS_CHAOS_DROP]       = { "drop", NULL, TAKES_TYPE | TAKES_NODES | TAKES_TIMES, 1, 20, RCS_S(20), 0, 0,
        "drop any|TYPE NODES [times 1..20] [every 20s]", "the next so many bus messages from one of them, or to it, vanish" },
    [RCS_CHAOS_CLOCK]      = { "clock", NULL, TAKES_NODES | TAKES_SIGNED | TAKES_FOR, -RCS_MS(500), RCS_MS(500), RCS_S(30), RCS_S(1), RCS_S(30),
        "clock NODES [-500ms..500ms] [every 30s] [for 1s..30s]", "the clock of one jumps, and later goes right again" },
    [RCS_CHAOS_DISK_FULL]  = { "disk", "full", TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(40), RCS_S(1), RCS_S(20),
        "disk NODES full [every 40s] [for 1s..20s]", "the disk of one has no block to give" },
    [RCS_CHAOS_DISK_FSYNC] = { "disk", "fsync", TAKES_NODES | TAKES_DURATIONS | TAKES_FOR, RCS_MS(10), RCS_S(2), RCS_S(30), RCS_S(1), RCS_S(20),
        "disk NODES fsync [10ms..2s] [every 30s] [for 1s..20s]", "each fsync of one takes so long" },
    [RCS_CHAOS_EMPTY]      = { "empty", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(40), RCS_MS(100), RCS_S(10),
        "empty NODES [every 40s] [for 100ms..10s]", "one is killed and started again without its data" },
    [RCS_CHAOS_FORGETFUL]  = { "forgetful", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(60), RCS_MS(100), RCS_S(10),
        "forgetful NODES [every 60s] [for 100ms..10s]", "one is killed and started again without its nodes.conf" },
    [RCS_CHAOS_STALE]      = { "stale", NULL, TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(60), RCS_MS(500), RCS_S(30),
        "stale NODES [every 60s] [for 500ms..30s]", "one is killed and started again with its nodes.conf of that time ago" },
    [RCS_CHAOS_TAKEOVER]   = { "takeover", NULL, TAKES_NODES, 0, 0, RCS_S(20), 0, 0,
        "takeover NODES [every 20s]", "CLUSTER FAILOVER TAKEOVER to one of them, or to two or three up to 4 s apart" },
    [RCS_CHAOS_FORCE]      = { "force", NULL, TAKES_NODES, 0, 0, RCS_S(30), 0, 0,
        "force NODES [every 30s]", "the same with CLUSTER FAILOVER FORCE" },
    [RCS_CHAOS_FAILOVER]   = { "failover", NULL, TAKES_NODES, 0, 0, RCS_S(20), 0, 0,
        "failover NODES [every 20s]", "the same with CLUSTER FAILOVER" },
    [RCS_CHAOS_FORGET]     = { "forget", NULL, TAKES_NODES, 0, 0, RCS_S(40), 0, 0,
        "forget NODES [every 40s]", "CLUSTER FORGET of one of them, said to all others or to some" },
    [RCS_CHAOS_RESET_SOFT] = { "reset", "soft", TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(60), RCS_MS(500), RCS_S(20),
        "reset NODES soft|hard [every 60s] [for 500ms..20s]", "CLUSTER RESET to one of them, which is met again later" },
    [RCS_CHAOS_RESET_HARD] = { "reset", "hard", TAKES_NODES | TAKES_FOR, 0, 0, RCS_S(60), RCS_MS(500), RCS_S(20), NULL, NULL },
    [RCS_CHAOS_MEET]       = { "meet", NULL, TAKES_NODES, 0, 0, RCS_S(40), 0, 0,
        "meet NODES [every 40s]", "CLUSTER MEET of one of them, said to any other node" },
    [RCS_CHAOS_BUMPEPOCH]  = { "bumpepoch", NULL, TAKES_NODES, 0, 0, RCS_S(40), 0, 0,
        "bumpepoch NODES [every 40s]", "CLUSTER BUMPEPOCH to one of them" },
    [RCS_CHAOS_MOVE]       = { "move", NULL, TAKES_NODES, 0, 0, RCS_S(30), 0, 0,
        "move NODES [every 30s]", "a slot from one of them to another by CLUSTER SETSLOT, without its keys, sometimes left half done" },
};
/* clang-format on */
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == RCS_CHAOS_KIND_COUNT, "a row for each kind");

#define ANYTHING "anything"

const char *rcs_chaos_usage(unsigned row, const char **what)
{
    for (unsigned i = 0; i < RCS_CHAOS_KIND_COUNT; i++) {
        if (kinds[i].usage != NULL && row-- == 0) {
            *what = kinds[i].what;
            return kinds[i].usage;
        }
    }
    *what =
        "every kind, about all nodes and sites (or these nodes), as often as its line says above";
    return row == 0 ? ANYTHING " [NODES]" : NULL;
}

const char *rcs_chaos_name(enum rcs_chaos_kind kind)
{
    switch (kind) {
    case RCS_CHAOS_ONEWAY:
        return "partition oneway";
    case RCS_CHAOS_DISK_FULL:
        return "disk full";
    case RCS_CHAOS_DISK_FSYNC:
        return "disk fsync";
    case RCS_CHAOS_RESET_SOFT:
        return "reset soft";
    case RCS_CHAOS_RESET_HARD:
        return "reset hard";
    case RCS_CHAOS_KILL:
    case RCS_CHAOS_STOP:
    case RCS_CHAOS_PAUSE:
    case RCS_CHAOS_POWEROFF:
    case RCS_CHAOS_PARTITION:
    case RCS_CHAOS_LATENCY:
    case RCS_CHAOS_JITTER:
    case RCS_CHAOS_LOSS:
    case RCS_CHAOS_DROP:
    case RCS_CHAOS_CLOCK:
    case RCS_CHAOS_EMPTY:
    case RCS_CHAOS_FORGETFUL:
    case RCS_CHAOS_STALE:
    case RCS_CHAOS_TAKEOVER:
    case RCS_CHAOS_FORCE:
    case RCS_CHAOS_FAILOVER:
    case RCS_CHAOS_FORGET:
    case RCS_CHAOS_MEET:
    case RCS_CHAOS_BUMPEPOCH:
    case RCS_CHAOS_MOVE:
    case RCS_CHAOS_KIND_COUNT:
        break;
    }
    RCS_ASSERT(kind < RCS_CHAOS_KIND_COUNT);
    return kinds[kind].word;
}

/* --- ranges ----------------------------------------------------------------------------------- */

/* The word at hand begins like a number: what precedes it was left out. */
static bool number_next(const struct rcs_parser *parser)
{
    const char *text = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    return text[0] == '-' || text[0] == '+' || (text[0] >= '0' && text[0] <= '9');
}

/* A piece of "A..B": the part before or behind the dots. */
static const char *piece(struct rcs_parser *parser, const char *text, bool second)
{
    const char *dots = strstr(text, "..");
    return dots == NULL ? text
           : second     ? dots + 2
                        : rcs_arena_text(&parser->script->arena, text, (size_t)(dots - text));
}

typedef bool read_fn(const char *text, int64_t *out);

static bool read_signed(const char *text, int64_t *out)
{
    bool minus = *text == '-';
    bool good = rcs_duration_read(text + (minus || *text == '+'), out) && *out <= RCS_S(43200);
    *out = minus ? -*out : *out;
    return good;
}

static bool read_positive(const char *text, int64_t *out)
{
    return rcs_duration_read(text, out) && *out > 0 && *out <= RCS_S(3600);
}

/* "12%", to 10000ths. */
static bool read_percent(const char *text, int64_t *out)
{
    size_t len = strlen(text);
    bool good = len > 1 && len < 5 && text[len - 1] == '%' && rcs_decimal_read(text, len - 1, out);
    *out = good ? *out * 100 : 0;
    return good && *out > 0 && *out <= 10000;
}

static bool read_count(const char *text, int64_t *out)
{
    return rcs_decimal_read(text, strlen(text), out) && *out > 0 && *out <= 1000000;
}

static bool take_range(struct rcs_parser *parser, read_fn *read, const char *what, int64_t *low,
                       int64_t *high)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, what, &word)) {
        return false;
    }
    if (!read(piece(parser, word->text, false), low) ||
        !read(piece(parser, word->text, true), high)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" stands where %s should", word->text, what);
    }
    return *low <= *high || rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1,
                                             "the range %s runs backwards", word->text);
}

/* --- a line ----------------------------------------------------------------------------------- */

static bool take_sites(struct rcs_parser *parser, struct rcs_chaos_line *line)
{
    bool none = !rcs_parser_more(parser) || number_next(parser) ||
                strcmp(parser->words[parser->at].text, "every") == 0 ||
                strcmp(parser->words[parser->at].text, "for") == 0;
    if (none && parser->script->site_count > 0) {
        line->any_sites = true;
        return true;
    }
    if (!rcs_parser_site(parser, &line->site_a)) {
        return false;
    }
    for (unsigned i = 0; rcs_parser_more(parser) && i < parser->script->site_count; i++) {
        if (strcmp(parser->script->sites[i], parser->words[parser->at].text) == 0) {
            return rcs_parser_site(parser, &line->site_b);
        }
    }
    return true;
}

static bool take_type(struct rcs_parser *parser, struct rcs_chaos_line *line)
{
#define X(name, wire, text, body) text,
    static const char *const types[] = { RCS_BUS_TYPES(X) "any", NULL };
#undef X
    int type;
    if (!rcs_parser_choice(parser, types, &type)) {
        return false;
    }
    line->type = types[type];
    return true;
}

/* The word that tells `disk full` from `disk fsync`. */
static bool take_mode(struct rcs_parser *parser, struct rcs_chaos_line *line)
{
    static const char *const disk[] = { "full", "fsync", NULL };
    static const char *const reset[] = { "soft", "hard", NULL };
    int mode;
    if (line->kind == RCS_CHAOS_PARTITION) {
        line->kind = rcs_parser_is(parser, "oneway") ? RCS_CHAOS_ONEWAY : RCS_CHAOS_PARTITION;
        return true;
    }
    if (kinds[line->kind].mode == NULL) {
        return true;
    }
    if (!rcs_parser_choice(parser, line->kind == RCS_CHAOS_DISK_FULL ? disk : reset, &mode)) {
        return false;
    }
    line->kind = (enum rcs_chaos_kind)((int)line->kind + mode);
    return true;
}

static struct rcs_chaos_line line_of(enum rcs_chaos_kind kind)
{
    const struct kind_row *row = &kinds[kind];
    return (struct rcs_chaos_line){
        .kind = kind,
        .low = row->low,
        .high = row->high,
        .every_us = row->every_us,
        .for_us_low = row->for_us_low,
        .for_us_high = row->for_us_high,
        .type = "any",
    };
}

static bool take_what(struct rcs_parser *parser, struct rcs_chaos_line *line)
{
    const unsigned takes = kinds[line->kind].takes;
    if ((takes & TAKES_TYPE) && !take_type(parser, line)) {
        return false;
    }
    if ((takes & TAKES_NODES) && !rcs_parser_group(parser, &line->nodes)) {
        return false;
    }
    if ((takes & TAKES_SITES) && !take_sites(parser, line)) {
        return false;
    }
    struct rcs_chaos_line named = *line;
    if (!take_mode(parser, &named)) {
        return false;
    }
    *line = line_of(named.kind);
    line->nodes = named.nodes;
    line->site_a = named.site_a;
    line->site_b = named.site_b;
    line->any_sites = named.any_sites;
    line->type = named.type;
    const unsigned range = kinds[line->kind].takes;
    if (!number_next(parser)) {
        return true;
    }
    if (range & TAKES_DURATIONS) {
        return take_range(parser, read_positive, "a duration or a range, such as 50ms..2s,",
                          &line->low, &line->high);
    }
    if (range & TAKES_SIGNED) {
        return take_range(parser, read_signed, "a range, such as -500ms..500ms,", &line->low,
                          &line->high);
    }
    if (range & TAKES_PERCENT) {
        return take_range(parser, read_percent, "a loss or a range, such as 1%..30%,", &line->low,
                          &line->high);
    }
    return true;
}

static bool take_rates(struct rcs_parser *parser, struct rcs_chaos_line *line)
{
    const unsigned takes = kinds[line->kind].takes;
    while (rcs_parser_more(parser)) {
        bool good;
        if (rcs_parser_is(parser, "every")) {
            good = rcs_parser_duration(parser, &line->every_us);
        } else if ((takes & TAKES_FOR) && rcs_parser_is(parser, "for")) {
            good = take_range(parser, read_positive, "a duration or a range, such as 500ms..20s,",
                              &line->for_us_low, &line->for_us_high);
        } else if ((takes & TAKES_TIMES) && rcs_parser_is(parser, "times")) {
            good = take_range(parser, read_count, "how many messages, such as 1..20,", &line->low,
                              &line->high);
        } else {
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                    "\"%s\" stands where %s should", parser->words[parser->at].text,
                                    takes & TAKES_FOR     ? "every 20s or for 1s..30s"
                                    : takes & TAKES_TIMES ? "every 20s or times 1..20"
                                                          : "every 20s");
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool append(struct rcs_parser *parser, struct rcs_chaos *chaos,
                   const struct rcs_chaos_line *line)
{
    if (line->every_us < chaos->lasts_us / RCS_CHAOS_MEAN_MAX || line->every_us == 0) {
        return rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->count,
                                "that is too often: %s would come more than %d times",
                                kinds[line->kind].word, RCS_CHAOS_MEAN_MAX);
    }
    if (chaos->line_count == RCS_CHAOS_LINE_MAX) {
        return rcs_parser_wrong(parser, RCS_ERR_LIMIT, 0,
                                "a chaos block has %d kinds of fault at most", RCS_CHAOS_LINE_MAX);
    }
    chaos->lines = rcs_arena_grow(&parser->script->arena, chaos->lines, chaos->line_count,
                                  sizeof(chaos->lines[0]));
    chaos->lines[chaos->line_count++] = *line;
    return true;
}

static bool take_anything(struct rcs_parser *parser, struct rcs_chaos *chaos)
{
    static const struct rcs_word every_node = { .text = "all", .size_bytes = 3 };
    struct rcs_group nodes;
    struct rcs_parser all = *parser;
    all.words = &every_node;
    all.count = 1;
    all.at = 0;
    if (rcs_parser_more(parser) ? !rcs_parser_groups(parser, NULL, &nodes)
                                : !rcs_parser_group(&all, &nodes)) {
        return false;
    }
    for (int kind = 0; kind < RCS_CHAOS_KIND_COUNT; kind++) {
        struct rcs_chaos_line line = line_of((enum rcs_chaos_kind)kind);
        line.nodes = nodes;
        line.any_sites = (kinds[kind].takes & TAKES_SITES) != 0;
        /* Rare as a kind may be in a long block, it is not too often. */
        rcs_us least_us = chaos->lasts_us / RCS_CHAOS_MEAN_MAX;
        line.every_us = line.every_us < least_us ? least_us : line.every_us;
        if (line.any_sites && parser->script->site_count == 0) {
            continue;
        }
        if (!append(parser, chaos, &line)) {
            return false;
        }
    }
    return true;
}

static bool unknown_kind(struct rcs_parser *parser, const char *word)
{
    const char *words[RCS_CHAOS_KIND_COUNT + 2];
    for (int i = 0; i < RCS_CHAOS_KIND_COUNT; i++) {
        words[i] = kinds[i].word;
    }
    words[RCS_CHAOS_KIND_COUNT] = ANYTHING;
    words[RCS_CHAOS_KIND_COUNT + 1] = NULL;
    const char *near = rcs_lex_nearest(word, words);
    if (near != NULL) {
        return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, 0,
                                "\"%s\" is no kind of fault for chaos (did you mean %s?)", word,
                                near);
    }
    return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, 0,
                            "\"%s\" is no kind of fault for chaos (kill, partition, takeover and "
                            "more: `rcsim help scenario` lists them; " ANYTHING " is all of them)",
                            word);
}

bool rcs_parse_chaos_line(struct rcs_parser *parser, struct rcs_chaos *chaos)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a kind of fault", &word)) {
        return false;
    }
    if (strcmp(word->text, ANYTHING) == 0) {
        return take_anything(parser, chaos);
    }
    for (int kind = 0; kind < RCS_CHAOS_KIND_COUNT; kind++) {
        if (strcmp(kinds[kind].word, word->text) == 0) {
            struct rcs_chaos_line line = line_of((enum rcs_chaos_kind)kind);
            return take_what(parser, &line) && take_rates(parser, &line) &&
                   append(parser, chaos, &line);
        }
    }
    return unknown_kind(parser, word->text);
}

/* --- the block -------------------------------------------------------------------------------- */

#define LASTS_MAX RCS_S(86400)

static bool take_time(struct rcs_parser *parser, rcs_us *out)
{
    if (!rcs_parser_duration(parser, out)) {
        return false;
    }
    return (*out > 0 && *out <= LASTS_MAX) ||
           rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1,
                            "chaos lasts more than nothing and a day at most");
}

/* Appends the block to the script; the reader of lines fills in where it stands. */
bool rcs_parse_chaos(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    struct rcs_chaos chaos = { .place = parser->stmt->place };
    if (parser->in_order) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "chaos belongs into a scenario: its plan is drawn before the run");
    }
    if (parser->in_only) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "chaos cannot stand in `only`: its plan is drawn before the run");
    }
    if (!take_time(parser, &chaos.lasts_us) || !rcs_parser_expect(parser, "recover") ||
        !take_time(parser, &chaos.recover_us)) {
        return false;
    }
    if (!rcs_parser_is(parser, "{")) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a { is missing here (chaos 60s recover 30s {)");
    }
    if (rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "each kind of fault stands on a line of its own, and the } too");
    }
    if (script->node_count == 0) {
        return rcs_parser_wrong(parser, RCS_ERR_STATE, 0,
                                "chaos needs nodes: declare them above (site A a1..a6)");
    }
    if (script->chaos_count == RCS_CHAOS_BLOCK_MAX) {
        return rcs_parser_wrong(parser, RCS_ERR_LIMIT, 0, "a scenario has %d chaos blocks at most",
                                RCS_CHAOS_BLOCK_MAX);
    }
    script->chaos =
        rcs_arena_grow(&script->arena, script->chaos, script->chaos_count, sizeof(chaos));
    script->chaos[script->chaos_count++] = chaos;
    return true;
}
