/* The nodes that a statement names: one, a range, a site, groups of them; and the errors when there
 * are none of that name. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/parser.h"

#include "sim/pure.h"

#define NODES_MISSING "a node is missing here (a1, a1..a6, a site's name, all)"

static void print_declared(const struct rcs_script *script, struct rcs_buf *out)
{
    if (script->node_count == 0) {
        rcs_buf_text(out, "none is declared; write  site A a1..a6  above");
        return;
    }
    int *all = calloc(script->node_count, sizeof(all[0]));
    unsigned count = 0;
    RCS_ASSERT(all != NULL);
    for (unsigned i = 0; i < script->node_count; i++) {
        if (!script->nodes[i].removed) {
            all[count++] = (int)i;
        }
    }
    rcs_buf_text(out, "declared: ");
    rcs_group_print(out, script, all, count);
    free(all);
}

static bool unknown_node(struct rcs_parser *parser, unsigned index, const char *name)
{
    struct rcs_buf declared;
    rcs_buf_init(&declared);
    print_declared(parser->script, &declared);
    rcs_buf_add(&declared, "", 1);
    bool result = rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, index, "no node \"%s\" (%s)", name,
                                   declared.data);
    rcs_buf_close(&declared);
    return result;
}

/* Marks in `chosen` what one piece of a group names: a node, a range, a site, `all`. */
static bool mark_piece(struct rcs_parser *parser, unsigned index, const char *piece, bool *chosen)
{
    const struct rcs_script *script = parser->script;
    bool any = false;
    for (unsigned i = 0; i < script->node_count; i++) {
        if (script->nodes[i].removed) {
            continue;
        }
        if (strcmp(piece, "all") == 0 || strcmp(piece, script->nodes[i].site) == 0) {
            chosen[i] = any = true;
        }
    }
    if (any) {
        return true;
    }
    const char *dots = strstr(piece, "..");
    const char *last_name = dots == NULL ? piece : dots + 2;
    const char *first_name =
        dots == NULL ? piece
                     : rcs_arena_text(&parser->script->arena, piece, (size_t)(dots - piece));
    if (first_name[0] == '\0' || last_name[0] == '\0') {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, index,
                                "\"%s\" is no range of nodes (a1..a6)", piece);
    }
    int first = rcs_script_node(script, first_name), last = rcs_script_node(script, last_name);
    if (first < 0) {
        return unknown_node(parser, index, first_name);
    }
    if (last < 0) {
        return unknown_node(parser, index, last_name);
    }
    if (first > last) {
        return rcs_parser_wrong(parser, RCS_ERR_RANGE, index,
                                "the range %s runs backwards (%s..%s?)", piece, last_name,
                                first_name);
    }
    for (int i = first; i <= last; i++) {
        chosen[i] = !script->nodes[i].removed;
    }
    return true;
}

/* `last`: no further word of the group follows, so that a comma at the end leaves something out. */
static bool mark_word(struct rcs_parser *parser, unsigned index, const char *text, bool last,
                      bool *chosen)
{
    while (true) {
        const char *comma = strchr(text, ',');
        size_t len = comma == NULL ? strlen(text) : (size_t)(comma - text);
        const char *piece = rcs_arena_text(&parser->script->arena, text, len);
        if (len == 0) {
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, index,
                                    "a node's name is missing beside the comma (a1,b2..b3)");
        }
        if (!mark_piece(parser, index, piece, chosen)) {
            return false;
        }
        if (comma == NULL || (comma[1] == '\0' && !last)) {
            return true;
        }
        text = comma + 1;
    }
}

static bool take_group(struct rcs_parser *parser, unsigned until, struct rcs_group *out)
{
    unsigned total = parser->script->node_count, count = 0;
    bool *chosen = rcs_arena_alloc(&parser->script->arena, total + 1);
    struct rcs_buf text;
    rcs_buf_init(&text);
    bool good = true;
    for (unsigned from = parser->at; good && parser->at < until;) {
        const struct rcs_word *word;
        rcs_buf_text(&text, parser->at > from ? " " : "");
        good = rcs_parser_word(parser, "a node", &word) &&
               mark_word(parser, parser->at - 1, word->text, parser->at == until, chosen);
        rcs_buf_text(&text, good ? word->text : "");
    }
    int *nodes = rcs_arena_alloc(&parser->script->arena, sizeof(nodes[0]) * (total + 1));
    for (unsigned i = 0; i < total; i++) {
        if (chosen[i]) {
            nodes[count++] = (int)i;
        }
    }
    *out = (struct rcs_group){
        .nodes = nodes,
        .count = count,
        .text = rcs_arena_text(&parser->script->arena, text.data, text.size_bytes),
    };
    rcs_buf_close(&text);
    return good;
}

bool rcs_parser_group(struct rcs_parser *parser, struct rcs_group *out)
{
    if (!rcs_parser_more(parser)) {
        rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, NODES_MISSING);
        return false;
    }
    unsigned until =
        parser->at + 1; /* further words belong to it as long as there is a comma: a1, b2 */
    while (until < parser->count && parser->words[until - 1].size_bytes > 0 &&
           parser->words[until - 1].text[parser->words[until - 1].size_bytes - 1] == ',') {
        until++;
    }
    return take_group(parser, until, out);
}

bool rcs_parser_groups(struct rcs_parser *parser, const char *stop, struct rcs_group *out)
{
    unsigned until = parser->at;
    while (until < parser->count && (stop == NULL || parser->words[until].quoted ||
                                     strcmp(parser->words[until].text, stop) != 0)) {
        until++;
    }
    if (until == parser->at) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, NODES_MISSING);
    }
    return take_group(parser, until, out);
}

bool rcs_parser_node(struct rcs_parser *parser, int *out)
{
    unsigned index = parser->at;
    struct rcs_group group;
    if (!rcs_parser_group(parser, &group)) {
        return false;
    }
    if (group.count != 1) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, index, "\"%s\" is more than one node",
                                group.text);
    }
    *out = group.nodes[0];
    return true;
}

bool rcs_parser_refs(struct rcs_parser *parser, const struct rcs_word *word)
{
    for (unsigned i = 0; i < word->ref_count; i++) {
        const char *name = word->refs[i].node;
        if (rcs_script_node(parser->script, name) >= 0) {
            continue;
        }
        struct rcs_word at = { .text = name,
                               .size_bytes = strlen(name),
                               .column = word->refs[i].column };
        struct rcs_parser one = *parser;
        one.words = &at;
        one.count = 1;
        unknown_node(&one, 0, name);
        parser->err = one.err;
        return false;
    }
    return true;
}

bool rcs_parser_site(struct rcs_parser *parser, const char **out)
{
    const struct rcs_script *script = parser->script;
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a site", &word)) {
        return false;
    }
    struct rcs_buf known;
    rcs_buf_init(&known);
    for (unsigned i = 0; i < script->site_count; i++) {
        if (strcmp(script->sites[i], word->text) == 0) {
            *out = script->sites[i];
            rcs_buf_close(&known);
            return true;
        }
        rcs_buf_format(&known, "%s%s", i == 0 ? "declared: " : ", ", script->sites[i]);
    }
    rcs_buf_text(&known,
                 script->site_count == 0 ? "none is declared; write  site A a1..a6  above" : "");
    rcs_buf_add(&known, "", 1);
    rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1, "no site \"%s\" (%s)", word->text,
                     known.data);
    rcs_buf_close(&known);
    return false;
}

bool rcs_parser_rest(struct rcs_parser *parser)
{
    parser->stmt->words = parser->words + parser->at;
    parser->stmt->word_count = parser->count - parser->at;
    for (; rcs_parser_more(parser); parser->at++) {
        if (!rcs_parser_refs(parser, &parser->words[parser->at])) {
            return false;
        }
    }
    return true;
}
