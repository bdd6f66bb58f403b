#include "sim/scenario/verbs.h"

#include <stdio.h>
#include <string.h>

#include <rcsim/bus_types.h>

#include "sim/node/config.h"
#include "sim/scenario/act.h"

#include "sim/pure.h"

#define NODES_MAX 4096

/* A statement that only laid something out: nothing is left to do. */
static const struct rcs_verb laid_out;

/* --- layout ----------------------------------------------------------------------------------- */

static bool name_is_good(const char *name)
{
    bool good = (unsigned)((name[0] | 0x20) - 'a') < 26u;
    for (const char *c = name; *c != '\0'; c++) {
        good &= *c == '_' || *c == '-' || (*c >= '0' && *c <= '9') ||
                (unsigned)((*c | 0x20) - 'a') < 26u;
    }
    return good && strlen(name) < 32;
}

static bool parse_title(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the title in quotes", &word)) {
        return false;
    }
    parser->script->title = word->text;
    return rcs_parser_end(parser);
}

static bool parse_redis(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a release, such as 7.0,", &word)) {
        return false;
    }
    if (strcmp(word->text, "7.0") != 0 && strcmp(word->text, "7.0.15") != 0) {
        return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                                "Redis %s is not modelled yet (7.0 is, as 7.0.15)", word->text);
    }
    parser->script->redis = "7.0";
    return rcs_parser_end(parser);
}

static bool read_u64(const char *text, uint64_t *out)
{
    *out = 0;
    for (const char *c = text; *c != '\0'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || *out > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *out = *out * 10 + digit;
    }
    return text[0] != '\0';
}

static bool parse_seed(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a seed", &word)) {
        return false;
    }
    if (!read_u64(word->text, &parser->script->seed)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" is no seed (0 to 18446744073709551615)", word->text);
    }
    parser->script->has_seed = true;
    return rcs_parser_end(parser);
}

static bool parse_network(struct rcs_parser *parser)
{
    static const char *const rows[] = { "lan", "loopback", NULL };
    int row;
    if (!rcs_parser_choice(parser, rows, &row)) {
        return false;
    }
    parser->script->network = rows[row];
    return rcs_parser_end(parser);
}

static bool parse_param(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    const struct rcs_word *name, *value;
    if (!rcs_parser_word(parser, "a name", &name) || !rcs_parser_word(parser, "a value", &value) ||
        !rcs_parser_end(parser)) {
        return false;
    }
    if (!name_is_good(name->text)) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->at - 2,
            "\"%s\" is no name (a letter, then letters, digits, - and _, 31 at most)", name->text);
    }
    struct rcs_param param = { .name = name->text,
                               .value = value->text,
                               .line = parser->place.line };
    size_t len = strlen(param.name);
    for (const char *line = parser->forced_params; line != NULL && *line != '\0';) {
        size_t line_bytes = strcspn(line, "\n");
        if (line_bytes > len && memcmp(line, param.name, len) == 0 && line[len] == ' ') {
            param.value = rcs_arena_text(&script->arena, line + len + 1, line_bytes - len - 1);
        }
        line += line_bytes + (line[line_bytes] == '\n');
    }
    script->params = rcs_arena_grow(&script->arena, script->params, script->param_count,
                                    sizeof(script->params[0]));
    script->params[script->param_count++] = param;
    return true;
}

static const char *taken_by(const struct rcs_script *script, const char *name)
{
    static const char *const words[] = { "all", "any", "nobody", "none" };
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], name) == 0) {
            return "a word of the language";
        }
    }
    for (unsigned i = 0; i < script->client_count; i++) {
        if (strcmp(script->clients[i].name, name) == 0) {
            return "a client";
        }
    }
    for (unsigned i = 0; i < script->site_count; i++) {
        if (strcmp(script->sites[i], name) == 0) {
            return "a site";
        }
    }
    return rcs_script_node(script, name) >= 0 ? "a node" : NULL;
}

/* A new name, given by the word before parser->at. */
static bool check_new_name(struct rcs_parser *parser, const char *name)
{
    if (!name_is_good(name)) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->at - 1,
            "\"%s\" is no name (a letter, then letters, digits, - and _, 31 at most)", name);
    }
    const char *what = taken_by(parser->script, name);
    if (what != NULL) {
        return rcs_parser_wrong(parser, RCS_ERR_STATE, parser->at - 1, "\"%s\" is already %s", name,
                                what);
    }
    return true;
}

static struct rcs_node_decl *add_node(struct rcs_parser *parser, const char *name, const char *site)
{
    struct rcs_script *script = parser->script;
    if (!check_new_name(parser, name)) {
        return NULL;
    }
    if (script->node_count == NODES_MAX) {
        rcs_parser_wrong(parser, RCS_ERR_LIMIT, parser->at - 1, "more than %d nodes", NODES_MAX);
        return NULL;
    }
    script->nodes =
        rcs_arena_grow(&script->arena, script->nodes, script->node_count, sizeof(script->nodes[0]));
    struct rcs_node_decl *node = &script->nodes[script->node_count++];
    *node = (struct rcs_node_decl){ .name = name, .site = site, .line = parser->place.line };
    return node;
}

/* Splits "b12" for a range: the stem's length and the number. */
static bool split(const char *name, size_t len, size_t *stem, int *number)
{
    size_t at = len;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') {
        at--;
    }
    if (at == 0 || at == len || len - at > 5) {
        return false;
    }
    *stem = at;
    *number = 0;
    for (size_t i = at; i < len; i++) {
        *number = *number * 10 + (name[i] - '0');
    }
    return true;
}

/* Declares `a1` or `a1..a6` of a site. */
static bool add_nodes(struct rcs_parser *parser, const char *word, const char *site)
{
    const char *dots = strstr(word, "..");
    if (dots == NULL) {
        return add_node(parser, word, site) != NULL;
    }
    size_t stem_first, stem_last;
    int first, last;
    if (!split(word, (size_t)(dots - word), &stem_first, &first) ||
        !split(dots + 2, strlen(dots + 2), &stem_last, &last) || stem_first != stem_last ||
        memcmp(word, dots + 2, stem_first) != 0 || first > last) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" is no range of names (a1..a6: one stem, numbers that rise)",
                                word);
    }
    for (int i = first; i <= last; i++) {
        char name[48];
        snprintf(name, sizeof(name), "%.*s%d", (int)(stem_first > 32 ? 32 : stem_first), word, i);
        if (add_node(parser, rcs_arena_text(&parser->script->arena, name, strlen(name)), site) ==
            NULL) {
            return false;
        }
    }
    return true;
}

static bool parse_site(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the site's name", &word) || !check_new_name(parser, word->text)) {
        return false;
    }
    const char *site = word->text;
    script->sites =
        rcs_arena_grow(&script->arena, script->sites, script->site_count, sizeof(script->sites[0]));
    script->sites[script->site_count++] = site;
    do {
        if (!rcs_parser_word(parser, "a node or a range, such as a1..a6,", &word) ||
            !add_nodes(parser, word->text, site)) {
            return false;
        }
    } while (rcs_parser_more(parser));
    return true;
}

/* 10.9.0.1:7000. The bus port, 10000 higher, must be a port as well. */
static bool is_address(const char *text)
{
    int part = 0, parts = 0, digits = 0;
    for (; *text != '\0' && *text != ':'; text++) {
        if (*text == '.') {
            parts++;
            part = 0;
            if (digits == 0) {
                return false;
            }
            digits = 0;
        } else if (*text >= '0' && *text <= '9' && digits < 3) {
            part = part * 10 + (*text - '0');
            digits++;
            if (part > 255) {
                return false;
            }
        } else {
            return false;
        }
    }
    if (parts != 3 || digits == 0 || *text != ':') {
        return false;
    }
    int port = 0;
    for (text++, digits = 0; *text >= '0' && *text <= '9' && digits < 5; text++, digits++) {
        port = port * 10 + (*text - '0');
    }
    return *text == '\0' && digits > 0 && port >= 1 && port <= 55535;
}

static bool check_directive(struct rcs_parser *parser, unsigned index, const char *name,
                            const char *value)
{
    struct rcs_config config;
    struct rcs_diag diag = { .line = 0 };
    rcs_config_init(&config);
    enum rcs_err err = rcs_config_set(&config, name, value, &diag);
    if (err == RCS_OK) {
        return true;
    }
    return rcs_parser_wrong(parser, err, err == RCS_ERR_UNKNOWN ? index : index + 1, "%s",
                            diag.text);
}

/* NAME VALUE... at parser->at; more values than one are drawn together, as in `save 3600 1`. */
static bool take_directive(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const struct rcs_word *name, *value;
    unsigned index = parser->at;
    if (!rcs_parser_word(parser, "a directive", &name) ||
        !rcs_parser_word(parser, "its value", &value)) {
        return false;
    }
    stmt->name = name->text;
    stmt->value = value->text;
    while (rcs_parser_more(parser)) {
        if (!rcs_parser_word(parser, "its value", &value)) {
            return false;
        }
        size_t size = strlen(stmt->value) + strlen(value->text) + 2;
        char *joined = rcs_arena_alloc(&parser->script->arena, size);
        snprintf(joined, size, "%s %s", stmt->value, value->text);
        stmt->value = joined;
    }
    return check_directive(parser, index, stmt->name, stmt->value);
}

static bool parse_directive(struct rcs_parser *parser)
{
    return take_directive(parser);
}

static bool looks_like_address(const struct rcs_parser *parser)
{
    const char *text = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    return strchr(text, ':') != NULL || (text[0] >= '0' && text[0] <= '9');
}

/* node NAME | node NAME IP:PORT | node NODES DIRECTIVE VALUE */
static bool parse_node(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a node", &word)) {
        return false;
    }
    const char *name = word->text;
    bool address = looks_like_address(parser);
    if (rcs_parser_more(parser) && !address) {
        parser->at--;
        return rcs_parser_group(parser, &parser->stmt->a) && take_directive(parser);
    }
    parser->stmt->verb = &laid_out;
    if (parser->acting) {
        return rcs_parser_wrong(
            parser, RCS_ERR_STATE, parser->at - 1,
            "a node must be declared above the first statement that acts (`absent` "
            "leaves it out at the beginning)");
    }
    int index = rcs_script_node(script, name);
    if (index < 0 || !address) {
        if (add_node(parser, name, "") == NULL) {
            return false;
        }
        index = (int)script->node_count - 1;
    }
    if (!address) {
        return true;
    }
    if (!rcs_parser_word(parser, "an address", &word)) {
        return false;
    }
    if (!is_address(word->text)) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->at - 1,
            "\"%s\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)", word->text);
    }
    for (unsigned i = 0; i < script->node_count; i++) {
        if (script->nodes[i].address != NULL && strcmp(script->nodes[i].address, word->text) == 0) {
            return rcs_parser_wrong(parser, RCS_ERR_STATE, parser->at - 1,
                                    "%s is already the address of %s", word->text,
                                    script->nodes[i].name);
        }
    }
    script->nodes[index].address = word->text;
    return rcs_parser_end(parser);
}

static bool parse_absent(struct rcs_parser *parser)
{
    struct rcs_group group;
    if (!rcs_parser_groups(parser, NULL, &group)) {
        return false;
    }
    for (unsigned i = 0; i < group.count; i++) {
        parser->script->nodes[group.nodes[i]].absent = true;
    }
    return true;
}

static bool parse_client(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    struct rcs_client_decl client = { .site = NULL };
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the client's name", &word)) {
        return false;
    }
    client.name = word->text;
    bool known =
        strcmp(client.name, script->clients[0].name) == 0 && script->clients[0].site == NULL;
    if (!known && !check_new_name(parser, client.name)) {
        return false;
    }
    if (rcs_parser_is(parser, "site") && !rcs_parser_site(parser, &client.site)) {
        return false;
    }
    if (known) {
        script->clients[0].site = client.site;
        return rcs_parser_end(parser);
    }
    script->clients = rcs_arena_grow(&script->arena, script->clients, script->client_count,
                                     sizeof(script->clients[0]));
    script->clients[script->client_count++] = client;
    return rcs_parser_end(parser);
}

/* latency A [B] RANGE, jitter A [B] DURATION: `name` and `value` are the sites, NULL for all
 * others. */
static bool take_sites(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    if (!rcs_parser_site(parser, &stmt->name)) {
        return false;
    }
    bool second = rcs_parser_more(parser) && (parser->words[parser->at].text[0] < '0' ||
                                              parser->words[parser->at].text[0] > '9');
    return !second || rcs_parser_site(parser, &stmt->value);
}

static bool parse_latency(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    return take_sites(parser) && rcs_parser_durations(parser, &stmt->low_us, &stmt->high_us) &&
           rcs_parser_end(parser);
}

static bool parse_jitter(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    stmt->low_us = -1; /* keeps what `latency` said */
    return take_sites(parser) && rcs_parser_duration(parser, &stmt->high_us) &&
           rcs_parser_end(parser);
}

/* --- faults ----------------------------------------------------------------------------------- */

static bool parse_fault(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    for (int fault = 0; fault < RCS_FAULT_COUNT; fault++) {
        if (strcmp(rcs_fault_name((enum rcs_fault)fault), stmt->verb->word) == 0) {
            stmt->number = fault;
        }
    }
    return rcs_parser_groups(parser, NULL, &stmt->a);
}

static bool parse_lose(struct rcs_parser *parser)
{
    static const char *const what[] = { "conf", "data", NULL };
    int which;
    if (!rcs_parser_choice(parser, what, &which)) {
        return false;
    }
    parser->stmt->number = which == 0 ? RCS_FAULT_LOSE_CONF : RCS_FAULT_LOSE_DATA;
    return rcs_parser_groups(parser, NULL, &parser->stmt->a);
}

static bool check_apart(struct rcs_parser *parser, unsigned index)
{
    const struct rcs_group *a = &parser->stmt->a, *b = &parser->stmt->b;
    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned j = 0; j < b->count; j++) {
            if (a->nodes[i] == b->nodes[j]) {
                return rcs_parser_wrong(parser, RCS_ERR_STATE, index, "%s stands on both sides",
                                        parser->script->nodes[a->nodes[i]].name);
            }
        }
    }
    return true;
}

static bool take_two_groups(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    return rcs_parser_group(parser, &stmt->a) && rcs_parser_group(parser, &stmt->b) &&
           rcs_parser_end(parser) && check_apart(parser, parser->at - 1);
}

static bool parse_partition(struct rcs_parser *parser)
{
    parser->stmt->oneway = rcs_parser_is(parser, "oneway");
    return take_two_groups(parser);
}

static bool parse_heal(struct rcs_parser *parser)
{
    return !rcs_parser_more(parser) || take_two_groups(parser);
}

/* drop TYPE [from NODES] [to NODES] [nth N] [times N] */
static bool parse_drop(struct rcs_parser *parser)
{
#define X(name, wire, text, body) text,
    static const char *const types[] = { RCS_BUS_TYPES(X) "any", NULL };
#undef X
#define X(name, wire, text, body) wire,
    static const int wires[] = { RCS_BUS_TYPES(X) - 1 };
#undef X
    struct rcs_stmt *stmt = parser->stmt;
    int type;
    if (!rcs_parser_choice(parser, types, &type)) {
        return false;
    }
    stmt->number = wires[type];
    stmt->times = 1;
    int64_t number;
    while (rcs_parser_more(parser)) {
        bool good = true;
        if (rcs_parser_is(parser, "from")) {
            good = rcs_parser_group(parser, &stmt->a);
        } else if (rcs_parser_is(parser, "to")) {
            good = rcs_parser_group(parser, &stmt->b);
        } else if (rcs_parser_is(parser, "nth")) {
            good = rcs_parser_number(parser, "which message", 1, 1000000, &number);
            stmt->skip = (unsigned)number - 1;
        } else if (rcs_parser_is(parser, "times")) {
            good = rcs_parser_number(parser, "how many messages", 1, 1000000000, &number);
            stmt->times = (unsigned)number;
        } else {
            return rcs_parser_wrong(
                parser, RCS_ERR_SYNTAX, parser->at,
                "\"%s\" stands where from NODES, to NODES, nth N or times N should",
                parser->words[parser->at].text);
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

/* --- the script ------------------------------------------------------------------------------- */

static bool parse_step(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the step's title in quotes", &word)) {
        return false;
    }
    parser->stmt->name = word->text;
    return rcs_parser_end(parser);
}

static bool parse_print(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a text in quotes is missing here");
    }
    stmt->words = parser->words + parser->at;
    stmt->word_count = parser->count - parser->at;
    for (; rcs_parser_more(parser); parser->at++) {
        if (!rcs_parser_refs(parser, &parser->words[parser->at])) {
            return false;
        }
    }
    return true;
}

static bool parse_show(struct rcs_parser *parser)
{
    static const char *const what[] = { "nodes", "info", "log", NULL };
    struct rcs_stmt *stmt = parser->stmt;
    if (!rcs_parser_choice(parser, what, &stmt->number)) {
        return false;
    }
    parser->script->wants_log |= stmt->number == 2;
    return rcs_parser_expect(parser, "on") && rcs_parser_groups(parser, NULL, &stmt->a);
}

static bool parse_wait(struct rcs_parser *parser)
{
    return rcs_parser_duration(parser, &parser->stmt->high_us) && rcs_parser_end(parser);
}

static bool parse_expect(struct rcs_parser *parser)
{
    return rcs_parser_cond(parser, &parser->stmt->cond) && rcs_parser_end(parser);
}

static bool parse_await(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    return rcs_parser_cond(parser, &stmt->cond) && rcs_parser_expect(parser, "within") &&
           rcs_parser_duration(parser, &stmt->high_us) && rcs_parser_end(parser);
}

/* The statement that stands in the words from parser->at to `until`. */
static bool parse_inner(struct rcs_parser *parser, unsigned until, bool in_at)
{
    struct rcs_stmt *outer = parser->stmt;
    struct rcs_parser inner = *parser;
    struct rcs_stmt *body = rcs_arena_alloc(&parser->script->arena, sizeof(*body));
    inner.stmt = body;
    inner.count = until;
    inner.in_at |= in_at;
    inner.in_during |= !in_at;
    bool good = rcs_parser_statement(&inner);
    parser->err = inner.err;
    parser->at = parser->count;
    outer->body = body;
    outer->body_count = 1;
    return good;
}

static bool parse_at(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "when (+3s from here, 40s from the beginning)", &word)) {
        return false;
    }
    stmt->absolute = word->text[0] != '+';
    if (!rcs_duration_read(word->text + !stmt->absolute, &stmt->high_us)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" says no time (+3s from here, 40s from the beginning)",
                                word->text);
    }
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "what happens then is missing (at +3s kill a1)");
    }
    return parse_inner(parser, parser->count, true);
}

static bool parse_during(struct rcs_parser *parser)
{
    if (!rcs_parser_duration(parser, &parser->stmt->high_us)) {
        return false;
    }
    if (!rcs_parser_is(parser, "{")) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a { is missing here (during 10s { partition A B })");
    }
    if (!rcs_parser_more(parser)) {
        return true; /* the body follows on the next lines */
    }
    const struct rcs_word *last = &parser->words[parser->count - 1];
    if (last->quoted || strcmp(last->text, "}") != 0) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->count,
            "a } is missing at the end of the line (or nothing may follow the {)");
    }
    if (parser->at + 1 == parser->count) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, "the block is empty");
    }
    return parse_inner(parser, parser->count - 1, false);
}

/* cli --cluster create NODES... [--cluster-replicas N] [--cluster-yes]; check NODE; info NODE. The
 * group keeps the order of the words: redis-cli's plan depends on it. */
static bool parse_cli(struct rcs_parser *parser)
{
    static const char *const subcommands[] = { "create", "check", "info", NULL };
    struct rcs_stmt *stmt = parser->stmt;
    unsigned total = parser->script->node_count, count = 0;
    int *nodes = rcs_arena_alloc(&parser->script->arena, sizeof(nodes[0]) * (total + 1));
    int64_t replicas = 0;
    if (!rcs_parser_expect(parser, "--cluster")) {
        return false;
    }
    const struct rcs_word *word;
    unsigned index = parser->at;
    if (!rcs_parser_word(parser, "create, check or info", &word)) {
        return false;
    }
    for (stmt->number = 0; subcommands[stmt->number] != NULL; stmt->number++) {
        if (strcmp(subcommands[stmt->number], word->text) == 0) {
            break;
        }
    }
    if (subcommands[stmt->number] == NULL) {
        return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, index,
                                "cli --cluster %s is not modelled (create, check and info are)",
                                word->text);
    }
    while (rcs_parser_more(parser)) {
        unsigned at = parser->at;
        struct rcs_group group;
        if (stmt->number == 0 && rcs_parser_is(parser, "--cluster-replicas")) {
            if (!rcs_parser_number(parser, "replicas for each master", 0, 1000, &replicas)) {
                return false;
            }
            continue;
        }
        if (stmt->number == 0 && rcs_parser_is(parser, "--cluster-yes")) {
            stmt->oneway = true;
            continue;
        }
        if (strncmp(parser->words[at].text, "--", 2) == 0) {
            return rcs_parser_wrong(
                parser, RCS_ERR_UNKNOWN, at,
                "option \"%s\" is not modelled (create has --cluster-replicas N and "
                "--cluster-yes)",
                parser->words[at].text);
        }
        if (!rcs_parser_group(parser, &group)) {
            return false;
        }
        for (unsigned i = 0; i < group.count; i++) {
            for (unsigned j = 0; j < count; j++) {
                if (nodes[j] == group.nodes[i]) {
                    return rcs_parser_wrong(parser, RCS_ERR_STATE, at, "%s is named twice",
                                            parser->script->nodes[nodes[j]].name);
                }
            }
            nodes[count++] = group.nodes[i];
        }
    }
    stmt->a = (struct rcs_group){ nodes, count, "" };
    stmt->times = (unsigned)replicas;
    if (count == 0 || (stmt->number != 0 && count != 1)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, index + (count == 0 ? 1 : 2),
                                count == 0
                                    ? "a node is missing here (a1, a1..a6, a site's name, all)"
                                    : "check and info take one node");
    }
    return true;
}

static bool parse_later(struct rcs_parser *parser)
{
    return rcs_parser_wrong(
        parser, RCS_ERR_UNKNOWN, parser->at - 1,
        "%s is a word of a later version and not modelled yet (faults that are: kill, stop, "
        "pause, poweroff, partition, latency, drop, lose)",
        parser->stmt->verb->word);
}

static bool parse_include(struct rcs_parser *parser)
{
    return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "include must stand at the beginning of a line of its own");
}

/* --- the table
 * --------------------------------------------------------------------------------------------------
 */

#define AT      RCS_VERB_AT
#define UNDO    RCS_VERB_UNDO
#define DURING  RCS_VERB_DURING
#define REPLIES RCS_VERB_REPLIES
#define LAYOUT  RCS_VERB_LAYOUT
#define SETTING RCS_VERB_SETTING
#define ACTS    RCS_VERB_ACTS

static const struct rcs_verb laid_out = { .word = "node", .where = RCS_VERB_LAYOUT };

/* clang-format off */
static const struct rcs_verb verbs[] = {
    { "title", "title \"TEXT\"", "what the scenario shows, in a sentence", LAYOUT, 0, parse_title, NULL, NULL },
    { "redis", "redis 7.0", "the release whose behaviour is simulated", LAYOUT, 0, parse_redis, NULL, NULL },
    { "seed", "seed N", "the seed of all chance; 1 if nothing is said", LAYOUT, 0, parse_seed, NULL, NULL },
    { "network", "network lan|loopback", "the kind of links; lan if nothing is said", LAYOUT, 0, parse_network, NULL, NULL },
    { "include", "include FILE", "the lines of another file, put here", SETTING, AT | DURING, parse_include, NULL, NULL },
    { "param", "param NAME VALUE", "a value to be used as $NAME below; --param NAME=VALUE replaces it", SETTING, DURING, parse_param, NULL, NULL },
    { "site", "site NAME NODES", "declares nodes a1..a6 that stand at one site", LAYOUT, 0, parse_site, NULL, NULL },
    { "node", "node NAME [IP:PORT] | node NODES DIRECTIVE VALUE", "declares a node or gives one an address; sets a directive for some nodes", SETTING, AT | UNDO, parse_node, rcs_act_directive, NULL },
    { "absent", "absent NODES", "these are not started at the beginning (start NODES does it later)", LAYOUT, 0, parse_absent, NULL, NULL },
    { "client", "client NAME [site SITE]", "declares one more client; `client` itself is there", LAYOUT, 0, parse_client, NULL, NULL },
    { "latency", "latency SITE [SITE] 8ms..12ms", "one-way delay between two sites, within one (A A), or of one to all", SETTING, AT | UNDO, parse_latency, rcs_act_latency, NULL },
    { "jitter", "jitter SITE [SITE] 2ms", "adds up to so much to that latency", SETTING, AT | UNDO, parse_jitter, rcs_act_latency, NULL },

    { "step", "step \"TITLE\"", "begins a part of the story", ACTS, 0, parse_step, rcs_act_step, NULL },
    { "print", "print \"TEXT\"", "a line of the transcript", ACTS, AT | DURING, parse_print, rcs_act_print, NULL },
    { "show", "show nodes|info|log on NODES", "prints what nodes believe, without asking them over the network", ACTS, AT | DURING, parse_show, rcs_act_show, NULL },
    { "wait", "wait DURATION", "lets time pass", ACTS, DURING, parse_wait, rcs_act_wait, rcs_act_wait_poll },
    { "await", "await CONDITION within DURATION", "lets time pass until it is so; looks every millisecond", ACTS, DURING, parse_await, rcs_act_await, rcs_act_await_poll },
    { "expect", "expect CONDITION", "it must be so now", ACTS, AT | DURING, parse_expect, rcs_act_expect, NULL },
    { "cli", "cli --cluster create NODES... [--cluster-replicas N] [--cluster-yes] | check NODE | info NODE", "what redis-cli does, over the network, with its output", ACTS, DURING | REPLIES, parse_cli, rcs_act_cli, rcs_act_cli_poll },

    { "start", "start NODES", "powers on and starts, with the files the host holds", ACTS, AT | DURING, parse_fault, rcs_act_fault, NULL },
    { "kill", "kill NODES", "SIGKILL: peers see the connections close, what was not saved is gone", ACTS, AT | UNDO, parse_fault, rcs_act_fault, NULL },
    { "stop", "stop NODES", "SIGTERM: the same after saving what the configuration saves", ACTS, AT | UNDO, parse_fault, rcs_act_fault, NULL },
    { "pause", "pause NODES", "SIGSTOP: connections stay, nothing is answered", ACTS, AT | UNDO, parse_fault, rcs_act_fault, NULL },
    { "resume", "resume NODES", "SIGCONT: what queued up is handled", ACTS, AT | DURING, parse_fault, rcs_act_fault, NULL },
    { "poweroff", "poweroff NODES", "the host is off: silence, nothing is refused", ACTS, AT | UNDO, parse_fault, rcs_act_fault, NULL },
    { "lose", "lose conf|data NODES", "nodes.conf or dump.rdb of nodes that are down is gone", ACTS, AT | DURING, parse_lose, rcs_act_fault, NULL },
    { "partition", "partition [oneway] NODES NODES", "packets between the two groups vanish (oneway: from the first to the second)", ACTS, AT | UNDO, parse_partition, rcs_act_partition, NULL },
    { "heal", "heal [NODES NODES]", "ends partitions between two groups, or all", ACTS, AT | DURING, parse_heal, rcs_act_heal, NULL },
    { "drop", "drop TYPE|any [from NODES] [to NODES] [nth N] [times N]", "the next such bus messages vanish", ACTS, AT | DURING, parse_drop, rcs_act_drop, NULL },

    { "at", "at +3s STATEMENT | at 40s STATEMENT", "puts a statement off; the script goes on", ACTS, DURING, parse_at, rcs_act_at, NULL },
    { "during", "during 10s { STATEMENTS }", "faults and settings in the block hold for so long and are then undone; the script goes on after it", ACTS, DURING, parse_during, rcs_act_during, NULL },

    { "chaos", NULL, NULL, SETTING, AT | DURING, parse_later, NULL, NULL },
    { "workload", NULL, NULL, SETTING, AT | DURING, parse_later, NULL, NULL },
    { "loss", NULL, NULL, SETTING, AT | DURING, parse_later, NULL, NULL },
    { "bandwidth", NULL, NULL, SETTING, AT | DURING, parse_later, NULL, NULL },
    { "clock", NULL, NULL, SETTING, AT | DURING, parse_later, NULL, NULL },
    { "disk", NULL, NULL, SETTING, AT | DURING, parse_later, NULL, NULL },
};
/* clang-format on */
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

const struct rcs_verb rcs_verb_prompt = {
    .word = "a command",
    .usage = "NODES> COMMAND | CLIENT> COMMAND",
    .what =
        "sends it as redis-cli does and waits for the reply; to several nodes one after the other",
    .where = RCS_VERB_ACTS,
    .flags = RCS_VERB_AT | RCS_VERB_DURING | RCS_VERB_REPLIES,
    .begin = rcs_act_prompt,
    .poll = rcs_act_prompt_poll,
};

const struct rcs_verb rcs_verb_directive = {
    .word = "a directive",
    .usage = "DIRECTIVE VALUE",
    .what = "a line of redis.conf, for all nodes",
    .where = RCS_VERB_SETTING,
    .flags = RCS_VERB_AT | RCS_VERB_UNDO,
    .parse = parse_directive,
    .begin = rcs_act_directive,
};

const struct rcs_verb *rcs_verb_find(const char *word)
{
    for (unsigned i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].word, word) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

const struct rcs_verb *rcs_verb_row(unsigned index)
{
    return index < VERB_COUNT ? &verbs[index] : NULL;
}

const char *rcs_verb_nearest(const char *word)
{
    const char *words[VERB_COUNT + 1];
    for (unsigned i = 0; i < VERB_COUNT; i++) {
        words[i] = verbs[i].word;
    }
    words[VERB_COUNT] = NULL;
    return rcs_lex_nearest(word, words);
}

/* --- words as written ------------------------------------------------------------------------- */

static void print_bytes(struct rcs_buf *out, const char *bytes, size_t size_bytes, bool quoted)
{
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (quoted && (c == '"' || c == '\\')) {
            rcs_buf_format(out, "\\%c", c);
        } else if (c == '\n') {
            rcs_buf_text(out, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
            rcs_buf_format(out, "\\x%02x", c);
        } else {
            rcs_buf_add(out, &bytes[i], 1);
        }
    }
}

void rcs_words_print(struct rcs_buf *out, const struct rcs_word *words, unsigned from,
                     unsigned count)
{
    for (unsigned i = from; i < count; i++) {
        const struct rcs_word *word = &words[i];
        bool quoted = word->quoted || (word->size_bytes == 0 && word->ref_count == 0);
        for (size_t at = 0; at < word->size_bytes; at++) {
            unsigned char c = (unsigned char)word->text[at];
            quoted |= c <= 0x20 || c == '"' || c == '\'' || c == '\\' || c == 0x7f;
        }
        rcs_buf_text(out, i > from ? " " : "");
        rcs_buf_text(out, quoted ? "\"" : "");
        size_t at = 0;
        for (unsigned r = 0; r < word->ref_count; r++) {
            const struct rcs_ref *ref = &word->refs[r];
            print_bytes(out, word->text + at, ref->offset - at, quoted);
            rcs_buf_format(out, "$%s.%s", ref->node, rcs_ref_field_name(ref->field));
            at = ref->offset;
        }
        print_bytes(out, word->text + at, word->size_bytes - at, quoted);
        rcs_buf_text(out, quoted ? "\"" : "");
    }
}
