#include "sim/scenario/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rcsim/sim.h>

#include "sim/pure.h"

/* --- errors ----------------------------------------------------------------------------------- */

bool rcs_parser_wrong(struct rcs_parser *parser, enum rcs_err err, unsigned index,
                      const char *format, ...)
{
    int column = index < parser->count ? parser->words[index].column
                                       : rcs_lex_column(parser->line, parser->line_bytes);
    char text[sizeof(parser->diag->text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    parser->err = rcs_diag_set(parser->diag, err, parser->place.line, column, "%s", text);
    return false;
}

/* --- words ------------------------------------------------------------------------------------ */

bool rcs_parser_more(const struct rcs_parser *parser)
{
    return parser->at < parser->count;
}

static bool next_is(const struct rcs_parser *parser, const char *text)
{
    return rcs_parser_more(parser) && !parser->words[parser->at].quoted &&
           strcmp(parser->words[parser->at].text, text) == 0;
}

bool rcs_parser_is(struct rcs_parser *parser, const char *text)
{
    bool yes = next_is(parser, text);
    parser->at += yes;
    return yes;
}

bool rcs_parser_word(struct rcs_parser *parser, const char *what, const struct rcs_word **out)
{
    if (!rcs_parser_more(parser)) {
        rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, "%s is missing here", what);
        return false;
    }
    *out = &parser->words[parser->at];
    if ((*out)->ref_count > 0) {
        rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                         "$%s.%s is known only while the scenario runs: it can stand in commands, "
                         "replies and print",
                         (*out)->refs[0].node, rcs_ref_field_name((*out)->refs[0].field));
        return false;
    }
    parser->at++;
    return true;
}

bool rcs_parser_expect(struct rcs_parser *parser, const char *text)
{
    if (rcs_parser_is(parser, text)) {
        return true;
    }
    if (!rcs_parser_more(parser)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, "\"%s\" is missing here", text);
    }
    return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at, "\"%s\" stands where \"%s\" should",
                            parser->words[parser->at].text, text);
}

bool rcs_parser_end(struct rcs_parser *parser)
{
    if (!rcs_parser_more(parser)) {
        return true;
    }
    return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at,
                            "\"%s\" is one word too many (a comment begins with #)",
                            parser->words[parser->at].text);
}

bool rcs_parser_choice(struct rcs_parser *parser, const char *const *words, int *out)
{
    char list[160];
    size_t used = 0;
    list[0] = '\0';
    for (unsigned i = 0; words[i] != NULL; i++) {
        const char *between = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        int wrote = snprintf(list + used, sizeof(list) - used, "%s%s", between, words[i]);
        used += wrote > 0 && used + (size_t)wrote < sizeof(list) ? (size_t)wrote : 0;
    }
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, list, &word)) {
        return false;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word->text) == 0) {
            *out = i;
            return true;
        }
    }
    return rcs_parser_wrong(parser, RCS_ERR_UNKNOWN, parser->at - 1,
                            "\"%s\" stands where %s should", word->text, list);
}

/* --- numbers and durations -------------------------------------------------------------------- */

static bool read_number(const char *text, int64_t *out)
{
    int64_t value = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 18) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        value = value * 10 + (*text - '0');
    }
    *out = value;
    return true;
}

bool rcs_parser_number(struct rcs_parser *parser, const char *what, int64_t low, int64_t high,
                       int64_t *out)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, what, &word)) {
        return false;
    }
    if (!read_number(word->text, out)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" is no number (%s, %lld to %lld)", word->text, what,
                                (long long)low, (long long)high);
    }
    if (*out < low || *out > high) {
        return rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1,
                                "%s is out of range (%s, %lld to %lld)", word->text, what,
                                (long long)low, (long long)high);
    }
    return true;
}

static const struct {
    const char *name;
    rcs_us us;
} units[] = { { "m", RCS_S(60) }, { "s", RCS_S(1) }, { "ms", RCS_MS(1) }, { "us", 1 } };
#define UNIT_COUNT   (sizeof(units) / sizeof(units[0]))
#define DURATION_MAX RCS_SIM_TIME_MAX

bool rcs_duration_read(const char *text, rcs_us *out)
{
    int64_t whole = 0, part = 0, scale = 1;
    unsigned digits = 0;
    for (; *text >= '0' && *text <= '9' && digits < 12; text++, digits++) {
        whole = whole * 10 + (*text - '0');
    }
    if (digits == 0) {
        return false;
    }
    if (*text == '.') {
        text++;
        for (digits = 0; *text >= '0' && *text <= '9' && digits < 6; text++, digits++) {
            part = part * 10 + (*text - '0');
            scale *= 10;
        }
        if (digits == 0) {
            return false;
        }
    }
    for (unsigned i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(units[i].name, text) == 0) {
            if (whole > DURATION_MAX / units[i].us) {
                return false;
            }
            *out = whole * units[i].us + part * units[i].us / scale;
            return *out <= DURATION_MAX;
        }
    }
    return false;
}

void rcs_duration_print(struct rcs_buf *out, rcs_us duration)
{
    static const char *const names[] = { "us", "ms", "s" };
    unsigned unit = duration < RCS_MS(1) ? 0 : duration < RCS_S(1) ? 1 : 2;
    rcs_us scale = unit == 0 ? 1 : unit == 1 ? RCS_MS(1) : RCS_S(1);
    rcs_us whole = duration / scale, part = unit == 0 ? 0 : duration % scale * 1000 / scale;
    rcs_buf_i64(out, whole);
    if (part != 0) {
        char text[16];
        snprintf(text, sizeof(text), ".%03d", (int)part);
        size_t len = strlen(text);
        while (text[len - 1] == '0') {
            len--;
        }
        rcs_buf_add(out, text, len);
    }
    rcs_buf_format(out, " %s", names[unit]);
}

static bool wrong_duration(struct rcs_parser *parser, const char *text)
{
    int64_t number;
    if (read_number(text, &number)) {
        return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                                "\"%s\" has no unit (us, ms, s or m: %ss)", text, text);
    }
    return rcs_parser_wrong(parser, RCS_ERR_SYNTAX, parser->at - 1,
                            "\"%s\" is no duration (a number with us, ms, s or m, such as 15s or "
                            "250ms, up to 1600000s)",
                            text);
}

bool rcs_parser_duration(struct rcs_parser *parser, rcs_us *out)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a duration, such as 15s,", &word)) {
        return false;
    }
    return rcs_duration_read(word->text, out) || wrong_duration(parser, word->text);
}

bool rcs_parser_durations(struct rcs_parser *parser, rcs_us *low, rcs_us *high)
{
    const struct rcs_word *word;
    if (!rcs_parser_word(parser, "a duration or a range, such as 8ms..12ms,", &word)) {
        return false;
    }
    const char *dots = strstr(word->text, "..");
    if (dots == NULL) {
        *high = 0;
        bool good = rcs_duration_read(word->text, low);
        *high = *low;
        return good || wrong_duration(parser, word->text);
    }
    const char *first =
        rcs_arena_text(&parser->script->arena, word->text, (size_t)(dots - word->text));
    if (!rcs_duration_read(first, low)) {
        return wrong_duration(parser, first);
    }
    if (!rcs_duration_read(dots + 2, high)) {
        return wrong_duration(parser, dots + 2);
    }
    if (*low > *high) {
        return rcs_parser_wrong(parser, RCS_ERR_RANGE, parser->at - 1,
                                "the range %s runs backwards (%s..%s?)", word->text, dots + 2,
                                first);
    }
    return true;
}

/* --- marks ------------------------------------------------------------------------------------ */

void rcs_parser_mark(struct rcs_parser *parser, const struct rcs_word *word)
{
    struct rcs_script *script = parser->script;
    script->marks =
        rcs_arena_grow(&script->arena, script->marks, script->mark_count, sizeof(script->marks[0]));
    script->marks[script->mark_count++] = (struct rcs_named_mark){
        .text = word->text,
        .place = { parser->place.source, parser->place.line, word->column },
    };
}
