#include "tests/support/support.h"

#include "sim/scenario/lex.h"

static const struct rcs_param params[] = {
    { "settle", "15s", 1 },
    { "two-words", "a b", 2 },
    { "settle", "20s", 3 }, /* declared again: the last one counts */
};

/* Words between | with a ' behind the quoted ones; or the error with its column. */
static char *lexed(const char *line)
{
    struct rcs_arena arena;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_lexer lexer = { &arena, params, 3, 7, &diag };
    struct rcs_word *words;
    unsigned count;
    struct rcs_buf out;
    rcs_arena_init(&arena);
    rcs_buf_init(&out);
    size_t len = strlen(line);
    char *exact = malloc(len + 1); /* ASan sees a byte read too far */
    assert_non_null(exact);
    memcpy(exact, line, len);
    enum rcs_err err = rcs_lex_line(&lexer, exact, len, &words, &count);
    for (unsigned i = 0; err == RCS_OK && i < count; i++) {
        rcs_buf_format(&out, "%s%d:", i > 0 ? "|" : "", words[i].column);
        size_t at = 0;
        for (unsigned r = 0; r < words[i].ref_count; r++) {
            const struct rcs_ref *ref = &words[i].refs[r];
            rcs_buf_add(&out, words[i].text + at, ref->offset - at);
            rcs_buf_format(&out, "<%s %s>", ref->node, rcs_ref_field_name(ref->field));
            at = ref->offset;
        }
        rcs_buf_add(&out, words[i].text + at, words[i].size_bytes - at);
        rcs_buf_text(&out, words[i].quoted ? "'" : "");
    }
    if (err != RCS_OK) {
        assert_int_equal(diag.line, 7);
        rcs_buf_format(&out, "%d: %s", diag.column, diag.text);
    }
    rcs_buf_add(&out, "", 1);
    char *text = malloc(out.size_bytes);
    assert_non_null(text);
    memcpy(text, out.data, out.size_bytes);
    rcs_buf_close(&out);
    rcs_arena_close(&arena);
    free(exact);
    return text;
}

struct row {
    const char *name, *line, *want;
};

static const struct row rows[] = {
    { "nothing", "", "" },
    { "blanks", " \t  ", "" },
    { "a comment", "# wait 15s", "" },
    { "a comment behind blanks", "   # wait", "" },
    { "words have their column", "  kill  a1..a6", "3:kill|9:a1..a6" },
    { "a tab is a blank", "kill\ta1", "1:kill|6:a1" },
    { "a comment ends a line", "wait 15s   # what the reader does", "1:wait|6:15s" },
    { "a # inside a word is no comment", "client> SET a#b 1", "1:client>|9:SET|13:a#b|17:1" },
    { "double quotes", "step \"1. Create # it\"", "1:step|6:1. Create # it'" },
    { "single quotes", "step 'a \"b\" $settle'", "1:step|6:a \"b\" $settle'" },
    { "a quote within single quotes", "print 'it\\'s'", "1:print|7:it's'" },
    { "an empty word", "save \"\"", "1:save|6:'" },
    { "escapes", "print \"a\\n\\t\\x41\\\"\\\\\"", "1:print|7:a\n\tA\"\\'" },
    { "an unknown escape is its letter", "print \"\\q\"", "1:print|7:q'" },
    { "a quote may begin within a word", "a\"b c\"", "1:ab c'" },
    { "columns count characters, not bytes", "print \xc3\xa4\xc3\xb6 x",
      "1:print|7:\xc3\xa4\xc3\xb6|10:x" },
    { "a parameter", "wait $settle", "1:wait|6:20s" },
    { "a parameter in braces", "wait ${settle}x", "1:wait|6:20sx" },
    { "a parameter within quotes", "print \"for $settle.\"", "1:print|7:for 20s.'" },
    { "a parameter's blanks do not split", "print $two-words", "1:print|7:a b" },
    { "a dollar sign", "print $$settle", "1:print|7:$settle" },
    { "a dollar sign that names nothing", "print $ $1", "1:print|7:$|9:$1" },
    { "a reference", "b1> CLUSTER FORGET $a1.id", "1:b1>|5:CLUSTER|13:FORGET|20:<a1 id>" },
    { "two references in a word", "print $a1.ip:$a1.port!", "1:print|7:<a1 ip>:<a1 port>!" },
    { "a reference in braces", "print ${a1.bus-port}0", "1:print|7:<a1 bus-port>0" },
    { "an open double quote", "step \"1. Create", "6: the quote is not closed" },
    { "an open single quote", "step 'x", "6: the quote is not closed" },
    { "a backslash at the very end", "step \"x\\", "6: the quote is not closed" },
    { "text behind a closing quote", "step \"x\"y", "9: a blank must follow the closing quote" },
    { "an unknown parameter", "wait $x",
      "6: no parameter \"x\" (declare it above: param x VALUE; $$ is a dollar sign)" },
    { "a misspelt parameter", "wait $setle", "6: no parameter \"setle\" (did you mean $settle?)" },
    { "an unknown field", "print $a1.name",
      "7: a node has no \".name\" (id, ip, port and bus-port are known)" },
    { "an open brace", "print ${settle", "7: ${ is not closed by }" },
    { "a brace without a name", "print ${}", "7: ${ needs a name (${settle})" },
    { "a control character", "wait \x01",
      "6: control character 0x01 (inside \"quotes\" it is written \\x01)" },
};

static void lex_row(void **state)
{
    const struct row *row = *state;
    char *got = lexed(row->line);
    assert_string_equal(got, row->want);
    free(got);
}

/* What stands behind `=`: quotes stay, a comment needs blanks around its #. */
static const struct row rest_rows[] = {
    { "rest: a word", "= OK", "3:OK" },
    { "rest: quotes stay", "= \"data\"", "3:\"data\"" },
    { "rest: blanks inside stay", "=   (integer)  1  ", "5:(integer)  1" },
    { "rest: a comment", "= OK   # as always", "3:OK" },
    { "rest: a # within quotes", "= \"a # b\" # c", "3:\"a # b\"" },
    { "rest: a # in a word", "= a#b", "3:a#b" },
    { "rest: a reference", "= (error) ERR Unknown node $a1.id",
      "3:(error) ERR Unknown node <a1 id>" },
    { "rest: nothing", "=", "2:" },
};

static void rest_row(void **state)
{
    const struct row *row = *state;
    struct rcs_arena arena;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_lexer lexer = { &arena, params, 3, 7, &diag };
    struct rcs_word word;
    struct rcs_buf out;
    rcs_arena_init(&arena);
    rcs_buf_init(&out);
    assert_int_equal(rcs_lex_rest(&lexer, row->line, strlen(row->line), 1, &word), RCS_OK);
    rcs_buf_format(&out, "%d:%s", word.column, word.text);
    for (unsigned r = 0; r < word.ref_count; r++) {
        rcs_buf_format(&out, "<%s %s>", word.refs[r].node, rcs_ref_field_name(word.refs[r].field));
    }
    rcs_buf_add(&out, "", 1);
    assert_string_equal(out.data, row->want);
    rcs_buf_close(&out);
    rcs_arena_close(&arena);
}

static void nearest_words(void **state)
{
    static const char *const verbs[] = { "kill", "wait", "expect", "partition", NULL };
    (void)state;
    assert_string_equal(rcs_lex_nearest("kil", verbs), "kill");
    assert_string_equal(rcs_lex_nearest("wiat", verbs), "wait");
    assert_string_equal(rcs_lex_nearest("expekt", verbs), "expect");
    assert_string_equal(rcs_lex_nearest("partiton", verbs), "partition");
    assert_null(rcs_lex_nearest("shutdown", verbs));
    assert_null(rcs_lex_nearest("", verbs));
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int main(void)
{
    struct CMUnitTest tests[COUNT(rows) + COUNT(rest_rows) + 1];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        tests[count++] = (struct CMUnitTest){ .name = rows[i].name,
                                              .test_func = lex_row,
                                              .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    for (size_t i = 0; i < COUNT(rest_rows); i++) {
        tests[count++] = (struct CMUnitTest){ .name = rest_rows[i].name,
                                              .test_func = rest_row,
                                              .initial_state = (void *)(uintptr_t)&rest_rows[i] };
    }
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(nearest_words);
    return _cmocka_run_group_tests("lex", tests, count, NULL, NULL);
}
