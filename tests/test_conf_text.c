#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/conf_text.h"

struct row {
    const char *name, *text;
    const char
        *words; /* of all lines: "NUMBER:word|word;" each; "!NUMBER" where quotes are wrong */
};

/* clang-format off */
static const struct row rows[] = {
    { "no lines", "", "" },
    { "blank lines and comments are passed over", "\n  \t\r\n# port 1\n  #x\n", "" },
    { "words; the first in small letters", "PORT 7001\nSave 900 1\n", "1:port|7001;2:save|900|1;" },
    { "no LF at the end, CRLF", "port 1\r\ndir x", "1:port|1;2:dir|x;" },
    { "quotes", "save \"\"\nlogfile \"a \\\"b\\\" \\x41\"\ndir 'it\\'s'\n", "1:save|;2:logfile|a \"b\" A;3:dir|it's;" },
    { "a # behind a word is no comment", "port 7001 # first\n", "1:port|7001|#|first;" },
    { "quotes out of balance", "port 1\n\ndir \"x\nport 2\n", "1:port|1;!3" },
    { "something behind a closing quote", "dir \"x\"y\n", "!1" },
};
/* clang-format on */

static void reads(void **state)
{
    const struct row *row = *state;
    struct conf_reader reader;
    struct rcs_buf out;
    size_t size = strlen(row->text);
    char *text = malloc(size + 1); /* of that size, for ASan */
    assert_non_null(text);
    memcpy(text, row->text, size);
    rcs_buf_init(&out);
    rcs_conf_reader_init(&reader, text, size);
    free(text); /* it has a copy */
    bool good;
    while ((good = rcs_conf_reader_next(&reader)) && reader.args.count > 0) {
        rcs_buf_format(&out, "%u:", reader.line);
        for (uint32_t i = 0; i < reader.args.count; i++) {
            rcs_buf_text(&out, i > 0 ? "|" : "");
            rcs_buf_add(&out, reader.args.list[i].bytes, reader.args.list[i].size_bytes);
        }
        rcs_buf_text(&out, ";");
    }
    if (!good) {
        rcs_buf_format(&out, "!%u", reader.line);
    }
    rcs_buf_add(&out, "", 1);
    assert_string_equal(out.data, row->words);
    rcs_conf_reader_close(&reader);
    rcs_buf_close(&out);
}

static void quotes_any_byte(void **state)
{
    (void)state;
    char bytes[256];
    struct rcs_buf line;
    struct conf_reader reader;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (char)i;
    }
    rcs_buf_init(&line);
    rcs_buf_text(&line, "x ");
    rcs_conf_quote(&line, bytes, sizeof(bytes));
    assert_null(memchr(line.data, '\n', line.size_bytes));
    assert_null(memchr(line.data, '$', line.size_bytes)); /* would be a parameter in an order */
    rcs_conf_reader_init(&reader, line.data, line.size_bytes);
    assert_true(rcs_conf_reader_next(&reader));
    assert_int_equal(reader.args.count, 2);
    assert_int_equal(reader.args.list[1].size_bytes, sizeof(bytes));
    assert_memory_equal(reader.args.list[1].bytes, bytes, sizeof(bytes));
    rcs_conf_reader_close(&reader);
    rcs_buf_close(&line);
}

int main(void)
{
    struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0]) + 1];
    size_t count = sizeof(rows) / sizeof(rows[0]);
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = reads,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    tests[count] = (struct CMUnitTest)cmocka_unit_test(quotes_any_byte);
    return _cmocka_run_group_tests("conf_text", tests, count + 1, NULL, NULL);
}
