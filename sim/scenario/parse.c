/* From the lines of a scenario to its statements: places, includes, blocks, prompts, replies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/node/config.h"
#include "sim/scenario/chaos.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

#define BLOCK_DEPTH  8
#define SOURCE_DEPTH 12

/* A list of statements that grows: the scenario's own, or that of a block that is still open. */
struct building {
    struct rcs_stmt *stmts;
    unsigned count;
    struct rcs_place opened;
};

struct reader {
    struct rcs_parser parser;
    struct building blocks[BLOCK_DEPTH];
    unsigned depth; /* of the innermost open block; 0: the scenario itself */
    struct rcs_place sources[SOURCE_DEPTH];
    unsigned source;
    struct rcs_word here;    /* a place without a word, for errors */
    const char *text;        /* all of it */
    struct rcs_chaos *chaos; /* the block that is open; NULL none */
};

/* --- statements ------------------------------------------------------------------------------- */

static int find_client(const struct rcs_script *script, const char *name)
{
    for (unsigned i = 0; i < script->client_count; i++) {
        if (strcmp(script->clients[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* NODES> COMMAND or CLIENT> COMMAND. */
static bool parse_prompt(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const struct rcs_word *prompt = &parser->words[parser->at];
    struct rcs_word name = *prompt;
    name.text = rcs_arena_text(&parser->script->arena, prompt->text, prompt->size_bytes - 1);
    name.size_bytes--;
    stmt->verb = &rcs_verb_prompt;
    stmt->client = find_client(parser->script, name.text);
    if (stmt->client < 0) {
        struct rcs_parser one = *parser;
        one.words = &name;
        one.count = 1;
        one.at = 0;
        if (!rcs_parser_group(&one, &stmt->a)) {
            parser->err = one.err;
            return false;
        }
    }
    parser->at++;
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a command is missing behind %s>", name.text);
    }
    stmt->name = name.text;
    return rcs_parser_rest(parser);
}

static bool unknown_word(struct rcs_parser *parser, const char *word)
{
    const char *near = rcs_verb_nearest(word);
    if (strcmp(word, "{") == 0) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "a { stands at the end of a during line only");
    }
    if (near == NULL) {
        near = rcs_config_nearest(word);
    }
    if (near != NULL) {
        return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at,
                                "no verb or directive \"%s\" (did you mean %s?)", word, near);
    }
    return rcs_parser_wrong(
        parser, RCS_ERR_UNKNOWN, parser->at,
        "no verb or directive \"%s\" (`rcsim help scenario` lists the verbs, directives "
        "are those of redis.conf)",
        word);
}

static bool check_where(struct rcs_parser *parser, const struct rcs_verb *verb)
{
    if (parser->in_at && !(verb->flags & RCS_VERB_AT)) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->at,
            "%s cannot be put off with `at` (faults, commands, settings and print can)",
            verb->word);
    }
    if (parser->in_try && !(verb->flags & RCS_VERB_TRY)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "%s is never refused and needs no `try` (start, kill, stop, pause, "
                                "resume, poweroff, lose, keep and restore may)",
                                verb->word);
    }
    if (parser->in_during && !(verb->flags & (RCS_VERB_UNDO | RCS_VERB_DURING))) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "%s cannot stand in `during`: it could not be undone", verb->word);
    }
    if ((verb->flags & RCS_VERB_ORDER) && !parser->in_order) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "%s is an order to a run that is served (`rcsim help control`), no "
                                "statement of a scenario",
                                verb->word);
    }
    if (verb->where == RCS_VERB_LAYOUT && parser->in_order) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                "%s belongs to a scenario's layout and is no order", verb->word);
    }
    if (verb->where == RCS_VERB_LAYOUT && parser->acting) {
        return rcs_parser_wrong(
            parser, RCS_ERR_SYNTAX, parser->at,
            "%s belongs to the layout: it must stand above the first statement that acts",
            verb->word);
    }
    parser->acting |= verb->where == RCS_VERB_ACTS;
    return true;
}

bool rcs_parser_statement(struct rcs_parser *parser)
{
    const struct rcs_word *first = &parser->words[parser->at];
    struct rcs_stmt *stmt = parser->stmt;
    const char *angle = first->quoted ? NULL : strchr(first->text, '>');
    stmt->place = (struct rcs_place){ parser->place.source, parser->place.line, first->column };
    stmt->client = -1;
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_words_print(&text, parser->words, parser->at, parser->count);
    stmt->text = rcs_arena_text(&parser->script->arena, text.data, text.size_bytes);
    rcs_buf_close(&text);
    if (angle != NULL && angle != first->text) {
        if (angle[1] != '\0') {
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                                    "a blank must follow the prompt %.*s",
                                    (int)(angle + 1 - first->text), first->text);
        }
        return check_where(parser, &rcs_verb_prompt) && parse_prompt(parser);
    }
    stmt->verb = rcs_verb_find(first->text);
    if (stmt->verb == NULL && rcs_config_known(first->text)) {
        stmt->verb = &rcs_verb_directive;
    }
    if (stmt->verb == NULL) {
        return unknown_word(parser, first->text);
    }
    if (!check_where(parser, stmt->verb)) {
        return false;
    }
    parser->at += stmt->verb != &rcs_verb_directive;
    return stmt->verb->parse(parser);
}

/* --- `=` lines -------------------------------------------------------------------------------- */

static bool parse_reply(struct reader *reader, const char *line, size_t size_bytes, size_t from)
{
    struct rcs_parser *parser = &reader->parser;
    struct building *block = &reader->blocks[reader->depth];
    struct rcs_stmt *stmt = block->count == 0 ? NULL : &block->stmts[block->count - 1];
    if (stmt != NULL && stmt->body_count == 1 && (stmt->body[0].verb->flags & RCS_VERB_REPLIES)) {
        stmt = &stmt->body[0];
    }
    if (stmt == NULL || !(stmt->verb->flags & RCS_VERB_REPLIES)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0,
                                "no command stands above this reply (b1> PING, then  = PONG)");
    }
    if (from < size_bytes && line[from] != ' ' && line[from] != '\t') {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0, "a blank must follow the =");
    }
    struct rcs_lexer lexer = { &parser->script->arena, parser->script->params,
                               parser->script->param_count, parser->place.line, parser->diag };
    struct rcs_expected expected = { .place = parser->place };
    expected.place.column = rcs_lex_column(line, from - 1);
    parser->err = rcs_lex_rest(&lexer, line, size_bytes, from, &expected.word);
    if (parser->err != RCS_OK || !rcs_parser_refs(parser, &expected.word)) {
        return false;
    }
    if (expected.word.size_bytes == 0 && expected.word.ref_count == 0) {
        reader->here.column = expected.word.column;
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0,
                                "a reply is missing behind = (an empty one prints as \"\")");
    }
    struct rcs_expected *list =
        rcs_arena_grow(&parser->script->arena, (void *)(uintptr_t)stmt->expected,
                       stmt->expected_count, sizeof(list[0]));
    list[stmt->expected_count++] = expected;
    stmt->expected = list;
    return true;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void append(struct reader *reader, const struct rcs_stmt *stmt)
{
    struct building *block = &reader->blocks[reader->depth];
    block->stmts =
        rcs_arena_grow(&reader->parser.script->arena, block->stmts, block->count, sizeof(*stmt));
    block->stmts[block->count++] = *stmt;
}

static bool close_block(struct reader *reader)
{
    struct rcs_parser *parser = &reader->parser;
    if (reader->depth == 0) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0,
                                "no block is open that this } could close");
    }
    parser->at = 1;
    if (!rcs_parser_end(parser)) {
        return false;
    }
    struct building *inner = &reader->blocks[reader->depth--];
    struct building *outer = &reader->blocks[reader->depth];
    outer->stmts[outer->count - 1].body = inner->stmts;
    outer->stmts[outer->count - 1].body_count = inner->count;
    parser->in_during = reader->depth > 0;
    parser->nested = reader->depth;
    return true;
}

/* `during DURATION {` with the body on the lines that follow. */
static bool open_block(struct reader *reader)
{
    struct rcs_parser *parser = &reader->parser;
    if (reader->depth + 1 == BLOCK_DEPTH) {
        return rcs_parser_wrong(parser, RCS_ERR_LIMIT, 0, "blocks are nested more than %d deep",
                                BLOCK_DEPTH - 1);
    }
    reader->blocks[++reader->depth] = (struct building){ .opened = parser->place };
    parser->in_during = true;
    parser->nested = reader->depth;
    return true;
}

static bool read_chaos_line(struct reader *reader, const char *line)
{
    struct rcs_parser *parser = &reader->parser;
    if (strcmp(parser->words[0].text, "}") != 0) {
        return rcs_parse_chaos_line(parser, reader->chaos);
    }
    parser->at = 1;
    if (!rcs_parser_end(parser)) {
        return false;
    }
    if (reader->chaos->line_count == 0) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0,
                                "the block is empty (anything stands for every kind of fault)");
    }
    reader->chaos->last_byte = (size_t)(line - reader->text);
    reader->chaos = NULL;
    return true;
}

static void open_chaos(struct reader *reader, const char *line)
{
    struct rcs_script *script = reader->parser.script;
    reader->chaos = &script->chaos[script->chaos_count - 1];
    reader->chaos->first_byte = (size_t)(line - reader->text);
    reader->chaos->stmts_before = reader->blocks[0].count;
}

static bool read_line(struct reader *reader, const char *line, size_t size_bytes)
{
    struct rcs_parser *parser = &reader->parser;
    size_t blanks = 0;
    while (blanks < size_bytes && (line[blanks] == ' ' || line[blanks] == '\t')) {
        blanks++;
    }
    parser->line = line;
    parser->line_bytes = size_bytes;
    if (blanks < size_bytes && line[blanks] == '=') {
        reader->here = (struct rcs_word){ .text = "=", .column = rcs_lex_column(line, blanks) };
        parser->words = &reader->here;
        parser->count = 1;
        if (reader->chaos != NULL) {
            return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0, "chaos expects no replies");
        }
        return parse_reply(reader, line, size_bytes, blanks + 1);
    }
    struct rcs_lexer lexer = { &parser->script->arena, parser->script->params,
                               parser->script->param_count, parser->place.line, parser->diag };
    struct rcs_word *words;
    parser->err = rcs_lex_line(&lexer, line, size_bytes, &words, &parser->count);
    if (parser->err != RCS_OK) {
        return false;
    }
    parser->words = words;
    parser->at = 0;
    if (parser->count == 0) {
        return true;
    }
    if (reader->chaos != NULL) {
        return read_chaos_line(reader, line);
    }
    if (strcmp(words[0].text, "}") == 0) {
        return close_block(reader);
    }
    struct rcs_stmt stmt = { 0 };
    parser->stmt = &stmt;
    bool good = rcs_parser_statement(parser);
    parser->stmt = NULL;
    if (!good) {
        return false;
    }
    if (stmt.verb->begin != NULL) {
        append(reader, &stmt);
    }
    if (stmt.verb->parse == rcs_parse_chaos) {
        open_chaos(reader, line);
        return true;
    }
    bool opens = strcmp(stmt.verb->word, "during") == 0 && stmt.body == NULL;
    return !opens || open_block(reader);
}

/* The lines `#<include NAME` and `#>` that rcs_script_expand left. */
static bool read_marker(struct reader *reader, const char *line, size_t size_bytes)
{
    static const char begin[] = "#<include ";
    size_t len = sizeof(begin) - 1;
    if (size_bytes > len && memcmp(line, begin, len) == 0 && reader->source + 1 < SOURCE_DEPTH) {
        reader->sources[reader->source].line++;
        reader->sources[++reader->source] =
            (struct rcs_place){ .source = rcs_arena_text(&reader->parser.script->arena, line + len,
                                                         size_bytes - len) };
        return true;
    }
    if (size_bytes == 2 && memcmp(line, "#>", 2) == 0 && reader->source > 0) {
        reader->source--;
        return true;
    }
    return false;
}

static bool read_text(struct reader *reader, const char *text)
{
    while (*text != '\0') {
        size_t size_bytes = strcspn(text, "\n");
        if (!read_marker(reader, text, size_bytes)) {
            struct rcs_place *place = &reader->sources[reader->source];
            place->line++;
            reader->parser.place = *place;
            if (!read_line(reader, text, size_bytes)) {
                return false;
            }
        }
        text += size_bytes + (text[size_bytes] == '\n');
    }
    return true;
}

static bool check_end(struct reader *reader)
{
    struct rcs_parser *parser = &reader->parser;
    reader->here = (struct rcs_word){ .text = "", .column = 1 };
    parser->words = &reader->here;
    parser->count = 1;
    if (reader->chaos != NULL) {
        parser->place = reader->chaos->place;
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0, "this block is not closed by a }");
    }
    if (reader->depth > 0) {
        parser->place = reader->blocks[reader->depth].opened;
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0, "this block is not closed by a }");
    }
    parser->place = (struct rcs_place){ reader->sources[0].source, 0, 0 };
    /* A network where nothing happens may wait for nodes that come by order. */
    bool waits = parser->script->network[0] != '\0' && parser->script->stmt_count == 0;
    if (parser->script->node_count == 0 && !waits) {
        reader->here.column = 0;
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, 0,
                                "no node is declared (site A a1..a6, or node a1)");
    }
    return true;
}

/* --- parameters from outside ------------------------------------------------------------------ */

/* "latency:A:B": true if the layout has such a line. */
static bool is_latency(const struct rcs_script *script, const char *name, size_t name_bytes)
{
    const struct rcs_stmt *stmt;
    bool found = false;
    for (unsigned i = 0; !found && (stmt = rcs_script_latency(script, i)) != NULL; i++) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_buf_format(&text, "latency:%s%s%s", stmt->name, stmt->value == NULL ? "" : ":",
                       stmt->value == NULL ? "" : stmt->value);
        found = text.size_bytes == name_bytes && memcmp(text.data, name, name_bytes) == 0;
        rcs_buf_close(&text);
    }
    return found;
}

/* Every name in "NAME VALUE" lines must have been declared in the text. */
static enum rcs_err check_params(const struct rcs_script *script, const char *params,
                                 struct rcs_diag *diag)
{
    while (params != NULL && *params != '\0') {
        size_t line_bytes = strcspn(params, "\n"), name_bytes = strcspn(params, " \n");
        bool known = name_bytes == 0 || is_latency(script, params, name_bytes);
        const char *names[33];
        unsigned count = 0;
        for (unsigned i = 0; i < script->param_count; i++) {
            const char *name = script->params[i].name;
            known |= strlen(name) == name_bytes && memcmp(name, params, name_bytes) == 0;
            if (count < 32) {
                names[count++] = name;
            }
        }
        if (!known && name_bytes > 8 && memcmp(params, "latency:", 8) == 0) {
            return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0,
                                "no line of the layout is about \"%.*s\" (latency A B 8ms..12ms, "
                                "above the first statement that acts, the sites in this order)",
                                (int)name_bytes, params);
        }
        if (!known) {
            char list[160] = "none is declared";
            size_t used = 0;
            for (unsigned i = 0; i < count && used < sizeof(list); i++) {
                int wrote = snprintf(list + used, sizeof(list) - used, "%s%s",
                                     i == 0 ? "declared: " : ", ", names[i]);
                used += wrote > 0 ? (size_t)wrote : 0;
            }
            return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no parameter \"%.*s\" (%s)",
                                (int)name_bytes, params, list);
        }
        params += line_bytes + (params[line_bytes] == '\n');
    }
    return RCS_OK;
}

/* --- marks ------------------------------------------------------------------------------------ */

static bool any_stmt_is(const struct rcs_stmt *stmts, unsigned count, const char *mark)
{
    for (unsigned i = 0; i < count; i++) {
        const struct rcs_stmt *stmt = &stmts[i];
        if (rcs_mark_is(stmt->text, mark) ||
            (strcmp(stmt->verb->word, "step") == 0 && rcs_mark_is(stmt->name, mark)) ||
            any_stmt_is(stmt->body, stmt->body_count, mark)) {
            return true;
        }
    }
    return false;
}

static bool any_block(const struct rcs_stmt *stmts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(stmts[i].verb->word, "during") == 0 ||
            any_block(stmts[i].body, stmts[i].body_count)) {
            return true;
        }
    }
    return false;
}

/* The end of a `during` does things that no statement says. */
static bool may_be_undone(const struct rcs_script *script, const char *mark)
{
    static const char *const words[] = { "start", "resume", "heal", "end" };
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(mark, words[i], strlen(words[i])) == 0) {
            return any_block(script->stmts, script->stmt_count);
        }
    }
    return false;
}

/* A condition about a statement that is nowhere would hold, or not, for ever. */
static enum rcs_err check_marks(const struct rcs_script *script, struct rcs_diag *diag)
{
    for (unsigned i = 0; i < script->mark_count; i++) {
        const struct rcs_named_mark *mark = &script->marks[i];
        bool planned = script->chaos_count > 0 && (strcmp(mark->text, RCS_PLAN_STEP) == 0 ||
                                                   strcmp(mark->text, RCS_PLAN_HEALED) == 0);
        if (!planned && !any_stmt_is(script->stmts, script->stmt_count, mark->text) &&
            !may_be_undone(script, mark->text)) {
            enum rcs_err err = rcs_diag_set(
                diag, RCS_ERR_UNKNOWN, mark->place.line, mark->place.column,
                "no statement or step begins with \"%s\" (the words as they stand in the script, "
                "one blank between them)",
                mark->text);
            snprintf(diag->source, sizeof(diag->source), "%s", mark->place.source);
            return err;
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_script_parse(struct rcs_script **out, const char *source, const char *text,
                              const char *params, struct rcs_diag *diag)
{
    struct rcs_diag ignored;
    struct rcs_script *script = calloc(1, sizeof(*script));
    RCS_ASSERT(script != NULL);
    rcs_arena_init(&script->arena);
    script->title = script->redis = script->network = "";
    script->clients = rcs_arena_grow(&script->arena, NULL, 0, sizeof(script->clients[0]));
    script->clients[script->client_count++] =
        (struct rcs_client_decl){ .name = "client", .at = -1 };
    struct reader reader = {
        .parser = { .script = script,
                    .forced_params = params,
                    .diag = diag != NULL ? diag : &ignored },
        .text = text,
        .sources = { { .source = rcs_arena_text(&script->arena, source, strlen(source)) } },
    };
    *out = NULL;
    if (!read_text(&reader, text) || !check_end(&reader)) {
        struct rcs_diag *filled = reader.parser.diag;
        snprintf(filled->source, sizeof(filled->source), "%s", reader.parser.place.source);
        rcs_script_free(script);
        return reader.parser.err;
    }
    script->stmts = reader.blocks[0].stmts;
    script->stmt_count = reader.blocks[0].count;
    enum rcs_err err = check_params(script, params, reader.parser.diag);
    if (err != RCS_OK) {
        snprintf(reader.parser.diag->source, sizeof(reader.parser.diag->source), "%s", source);
        rcs_script_free(script);
        return err;
    }
    err = check_marks(script, reader.parser.diag);
    if (err != RCS_OK) {
        rcs_script_free(script);
        return err;
    }
    *out = script;
    return RCS_OK;
}

/* --- orders ----------------------------------------------------------------------------------- */

static bool read_order(struct reader *reader, const char *line, size_t size_bytes)
{
    reader->here = (struct rcs_word){ .text = "", .column = 1 };
    reader->parser.words = &reader->here;
    reader->parser.count = 1;
    const char *end = size_bytes == 0 ? NULL : memchr(line, '\n', size_bytes);
    const char *nul = size_bytes == 0 ? NULL : memchr(line, '\0', size_bytes);
    if (end != NULL || nul != NULL) {
        return rcs_parser_wrong(&reader->parser, RCS_ERR_SYNTAX, 0,
                                "an order is one line of text (a block: during 5s { kill a1 })");
    }
    if (!read_line(reader, line, size_bytes)) {
        return false;
    }
    if (reader->parser.count == 0) {
        return rcs_parser_wrong(&reader->parser, RCS_ERR_SYNTAX, 0, "the order is missing");
    }
    return reader->depth == 0 ||
           rcs_parser_wrong(&reader->parser, RCS_ERR_SYNTAX, reader->parser.count,
                            "a block is one line here: during 5s { kill a1 }");
}

enum rcs_err rcs_script_parse_order(struct rcs_script *script, const char *line, size_t size_bytes,
                                    const struct rcs_stmt **stmts, unsigned *count,
                                    struct rcs_diag *diag)
{
    struct rcs_script before = *script;
    struct reader reader = {
        .parser = { .script = script,
                    .acting = true,
                    .in_order = true,
                    .diag = diag,
                    .place = { .source = "order", .line = 1 } },
    };
    bool good = read_order(&reader, line, size_bytes);
    /* What a condition names need not have happened yet: it says so when it is asked. */
    script->marks = before.marks;
    script->mark_count = before.mark_count;
    if (!good) {
        before.arena = script->arena;
        *script = before;
        snprintf(diag->source, sizeof(diag->source), "order");
        return reader.parser.err;
    }
    *stmts = reader.blocks[0].stmts;
    *count = reader.blocks[0].count;
    return RCS_OK;
}
