/* Verbs that lay out the world and set its directives and latencies. */
#include <stdio.h>
#include <string.h>

#include "sim/node/config.h"
#include "sim/scenario/verbs_parse.h"
#include "sim/world/world.h"

#include "sim/pure.h"

#define NODES_MAX 4096

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

bool rcs_parse_title(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the title in quotes", &word)) {
        return false;
    }
    parser->script->title = word->text;
    return rcs_parser_end(parser);
}

/* NULL: there is no such release, which was said. */
static const struct rcs_profile *check_release(struct rcs_parser *parser, unsigned index,
                                               const char *name)
{
    const struct rcs_profile *profile = rcs_profile_find(name);
    if (profile == NULL) {
        struct rcs_diag diag = { .line = 0 };
        rcs_profile_refuse(name, &diag);
        rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, index, "%s", diag.text);
    }
    return profile;
}

bool rcs_parse_redis(struct rcs_parser *parser)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a release, such as 7.0,", &word)) {
        return false;
    }
    const struct rcs_profile *profile = check_release(parser, parser->at - 1, word->text);
    if (profile == NULL) {
        return false;
    }
    parser->script->redis = profile->name;
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

bool rcs_parse_seed(struct rcs_parser *parser)
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

bool rcs_parse_network(struct rcs_parser *parser)
{
    static const char *const rows[] = { "lan", "loopback", NULL };
    int row;
    if (!rcs_parser_choice(parser, rows, &row)) {
        return false;
    }
    parser->script->network = rows[row];
    return rcs_parser_end(parser);
}

bool rcs_parse_param(struct rcs_parser *parser)
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
bool rcs_parser_new_name(struct rcs_parser *parser, const char *name)
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
    if (!rcs_parser_new_name(parser, name)) {
        return NULL;
    }
    if (script->node_count == NODES_MAX) {
        rcs_parser_wrong(parser, RCS_ERR_LIMIT, parser->at - 1, "more than %d nodes", NODES_MAX);
        return NULL;
    }
    script->nodes =
        rcs_arena_grow(&script->arena, script->nodes, script->node_count, sizeof(script->nodes[0]));
    struct rcs_node_decl *node = &script->nodes[script->node_count++];
    *node = (struct rcs_node_decl){
        .name = name,
        .site = site,
        .place = { parser->place.source, parser->place.line, parser->words[parser->at - 1].column },
    };
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

bool rcs_parse_site(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the site's name", &word) ||
        !rcs_parser_new_name(parser, word->text)) {
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
    char ip[46];
    unsigned port;
    return rcs_address_read(text, ip, &port) && port <= 55535;
}

bool rcs_parser_directive(struct rcs_parser *parser, unsigned index, const char *name,
                          const char *value)
{
    struct rcs_config config;
    struct rcs_diag diag = { .line = 0 };
    rcs_config_init(&config);
    config.profile = NULL; /* of which release it will be is not known yet */
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
    return strcmp(stmt->name, RCS_DIRECTIVE_RELEASE) == 0
               ? check_release(parser, index + 1, stmt->value) != NULL
               : rcs_parser_directive(parser, index, stmt->name, stmt->value);
}

bool rcs_parse_directive(struct rcs_parser *parser)
{
    return take_directive(parser);
}

bool rcs_parser_address(struct rcs_parser *parser, const char **out)
{
    const struct rcs_script *script = parser->script;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "an address", &word)) {
        return false;
    }
    if (!is_address(word->text)) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->at - 1,
            "\"%s\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)", word->text);
    }
    for (unsigned i = 0; i < script->node_count; i++) {
        if (script->nodes[i].address != NULL && !script->nodes[i].removed &&
            strcmp(script->nodes[i].address, word->text) == 0) {
            return rcs_parser_wrong(parser, RCS_ERR_STATE, parser->at - 1,
                                    "%s is already the address of %s", word->text,
                                    script->nodes[i].name);
        }
    }
    *out = word->text;
    return true;
}

static bool looks_like_address(const struct rcs_parser *parser)
{
    const char *text = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    return strchr(text, ':') != NULL || (text[0] >= '0' && text[0] <= '9');
}

/* node NAME | node NAME IP:PORT | node NODES DIRECTIVE VALUE | node NODES redis RELEASE */
bool rcs_parse_node(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a node", &word)) {
        return false;
    }
    const char *name = word->text;
    bool address = looks_like_address(parser);
    if (parser->in_order && !parser->in_at && !parser->in_during) {
        const char *next = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
        if (address || next[0] == '\0' || strcmp(next, "site") == 0 ||
            strcmp(next, "absent") == 0) {
            return rcs_parse_new_node(parser, name);
        }
    }
    if (rcs_parser_more(parser) && !address) {
        parser->at--;
        return rcs_parser_group(parser, &parser->stmt->a) && take_directive(parser);
    }
    parser->stmt->verb = &rcs_verb_laid_out;
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
    return rcs_parser_address(parser, &script->nodes[index].address) && rcs_parser_end(parser);
}

bool rcs_parse_absent(struct rcs_parser *parser)
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

bool rcs_parse_client(struct rcs_parser *parser)
{
    struct rcs_script *script = parser->script;
    struct rcs_client_decl client = { .site = NULL, .at = -1 };
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "the client's name", &word)) {
        return false;
    }
    client.name = word->text;
    bool known =
        strcmp(client.name, script->clients[0].name) == 0 && script->clients[0].site == NULL;
    if (!known && !rcs_parser_new_name(parser, client.name)) {
        return false;
    }
    if ((rcs_parser_is(parser, "site") && !rcs_parser_site(parser, &client.site)) ||
        (rcs_parser_is(parser, "at") && !rcs_parser_node(parser, &client.at))) {
        return false;
    }
    if (known) {
        script->clients[0].site = client.site;
        script->clients[0].at = client.at;
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

/* The value that the caller puts in place of a line of the layout ("latency:A:B VALUE"); NULL none.
 */
static const char *forced_latency(struct rcs_parser *parser)
{
    const struct rcs_stmt *stmt = parser->stmt;
    struct rcs_buf name;
    const char *value = NULL;
    if (parser->acting || parser->in_order || parser->forced_params == NULL) {
        return NULL;
    }
    rcs_buf_init(&name);
    rcs_buf_format(&name, "latency:%s%s%s ", stmt->name, stmt->value == NULL ? "" : ":",
                   stmt->value == NULL ? "" : stmt->value);
    for (const char *line = parser->forced_params; *line != '\0';) {
        size_t line_bytes = strcspn(line, "\n");
        if (line_bytes > name.size_bytes && memcmp(line, name.data, name.size_bytes) == 0) {
            value = rcs_arena_text(&parser->script->arena, line + name.size_bytes,
                                   line_bytes - name.size_bytes);
        }
        line += line_bytes + (line[line_bytes] == '\n');
    }
    rcs_buf_close(&name);
    return value;
}

bool rcs_parse_latency(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    if (!take_sites(parser) || !rcs_parser_durations(parser, &stmt->low_us, &stmt->high_us) ||
        !rcs_parser_end(parser)) {
        return false;
    }
    const char *forced = forced_latency(parser);
    if (forced == NULL) {
        return true;
    }
    struct rcs_word word = { .text = forced,
                             .size_bytes = strlen(forced),
                             .column = parser->words[parser->count - 1].column };
    struct rcs_parser other = *parser;
    other.words = &word;
    other.count = 1;
    other.at = 0;
    bool good = rcs_parser_durations(&other, &stmt->low_us, &stmt->high_us);
    parser->err = other.err;
    return good;
}

bool rcs_parse_jitter(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    stmt->low_us = -1; /* keeps what `latency` said */
    return take_sites(parser) && rcs_parser_duration(parser, &stmt->high_us) &&
           rcs_parser_end(parser);
}
