#include "tests/support/support.h"

#include <rcsim/aof.h>

/* --- manifests -------------------------------------------------------------------------------- */

struct manifest_row {
    const char *name;
    const char *text;
    const char *want; /* written again, or part of the error */
    int line;         /* of the error, -1 none */
};

/* clang-format off */
#define BASE "file appendonly.aof.2.base.rdb seq 2 type b\n"
#define INCR "file appendonly.aof.2.incr.aof seq 2 type i\n"

/* redis-server 7.0.15 takes and refuses the same (redis-check-aof asked; a manifest that does not
 * begin with "file" it takes for an old append-only file). */
static const struct manifest_row manifest_rows[] = {
    { "manifest: base and incr", BASE INCR, BASE INCR, -1 },
    { "manifest: the base comes first, then history", INCR "file x seq 1 type h\n" BASE,
      BASE "file x seq 1 type h\n" INCR, -1 },
    { "manifest: remarks are passed over", "# remark\n" BASE "#\n", BASE, -1 },
    { "manifest: a name in quotes", "file \"a b\\x01\\n\" seq 1 type b\n",
      "file \"a b\\x01\\n\" seq 1 type b\n", -1 },
    { "manifest: words of later releases", "file a seq 1 type b startoffset 7\n",
      "file a seq 1 type b\n", -1 },
    { "manifest: any order, any case", "TYPE i Seq 3 FILE a\n", "file a seq 3 type i\n", -1 },
    { "manifest: blanks around", " \tfile a seq 3 type i \r\n", "file a seq 3 type i\n", -1 },
    { "manifest: nothing", "", "an empty manifest", 0 },
    { "manifest: an empty line", BASE "\n", "a line is: file NAME", 2 },
    { "manifest: no end of line", BASE "file a seq 1 type i", "an end of line", 2 },
    { "manifest: a word missing", "file a seq 1 type\n", "a line is: file NAME", 1 },
    { "manifest: no name", "seq 1 type b other c\n", "a line is: file NAME", 1 },
    { "manifest: number 0", "file a seq 0 type b\n", "a line is: file NAME", 1 },
    { "manifest: no number", "file a seq one type b\n", "seq is no number", 1 },
    { "manifest: a path", "file ../a seq 1 type b\n", "named without a path", 1 },
    { "manifest: another type", "file a seq 1 type c\n", "type is none of", 1 },
    { "manifest: two bases", BASE BASE, "a second base", 2 },
    { "manifest: numbers that do not ascend", INCR INCR, "do not ascend", 2 },
    { "manifest: quotes out of balance", "file \"a seq 1 type b\n", "quotes out of balance", 1 },
};
/* clang-format on */

static void manifest_row(void **state)
{
    const struct manifest_row *row = *state;
    struct rcs_aof_manifest manifest;
    struct rcs_diag diag;
    struct rcs_buf out;
    rcs_aof_manifest_init(&manifest);
    rcs_buf_init(&out);
    enum rcs_err err = rcs_aof_manifest_read(&manifest, row->text, strlen(row->text), &diag);
    if (row->line < 0) {
        assert_int_equal(err, RCS_OK);
        rcs_aof_manifest_write(&manifest, &out);
        rcs_buf_add(&out, "", 1);
        assert_string_equal(out.data, row->want);
    } else {
        assert_int_equal(err, RCS_ERR_SYNTAX);
        assert_int_equal(diag.line, row->line);
        assert_non_null(strstr(diag.text, row->want));
    }
    rcs_buf_close(&out);
    rcs_aof_manifest_close(&manifest);
}

static void files_are_named_as_a_real_server_does(void **state)
{
    (void)state;
    struct rcs_aof_manifest manifest;
    struct rcs_buf out;
    size_t size_bytes;
    char *text = test_vector("rdb/appendonlydir/appendonly.aof.manifest", &size_bytes);
    struct rcs_aof_part base = { .sequence = 2, .type = RCS_AOF_BASE };
    struct rcs_aof_part incr = { .sequence = 2, .type = RCS_AOF_INCR };
    rcs_aof_manifest_init(&manifest);
    rcs_buf_init(&out);
    assert_true(rcs_aof_part_name(&base, RCS_AOF_FILENAME, true));
    assert_true(rcs_aof_part_name(&incr, RCS_AOF_FILENAME, false));
    rcs_aof_manifest_add(&manifest, &incr);
    rcs_aof_manifest_add(&manifest, &base);
    rcs_aof_manifest_write(&manifest, &out);
    rcs_buf_add(&out, "", 1);
    assert_string_equal(out.data, text);
    assert_true(rcs_aof_part_name(&base, RCS_AOF_FILENAME, false));
    assert_string_equal(base.name, "appendonly.aof.2.base.aof");
    char long_name[260];
    memset(long_name, 'a', sizeof(long_name));
    long_name[244] = '\0'; /* ".2.base.aof" */
    assert_true(rcs_aof_part_name(&base, long_name, false));
    long_name[244] = 'a';
    long_name[245] = '\0';
    assert_false(rcs_aof_part_name(&base, long_name, false));
    rcs_buf_close(&out);
    rcs_aof_manifest_close(&manifest);
    free(text);
}

/* --- commands --------------------------------------------------------------------------------- */

/* All commands, words joined by blanks, commands by "; ". */
static enum rcs_err join(const char *bytes, size_t size_bytes, struct rcs_buf *out,
                         size_t *whole_bytes, struct rcs_diag *diag)
{
    struct rcs_aof_reader reader;
    const struct rcs_arg *args;
    unsigned argc;
    enum rcs_err err;
    rcs_aof_reader_init(&reader, bytes, size_bytes);
    while ((err = rcs_aof_reader_next(&reader, &args, &argc, diag)) == RCS_OK && argc > 0) {
        rcs_buf_text(out, out->size_bytes > 0 ? "; " : "");
        for (unsigned i = 0; i < argc; i++) {
            rcs_buf_text(out, i > 0 ? " " : "");
            rcs_buf_add(out, args[i].bytes, args[i].size_bytes);
        }
    }
    *whole_bytes = reader.whole_bytes;
    rcs_aof_reader_close(&reader);
    rcs_buf_add(out, "", 1);
    return err;
}

static void commands_of_a_real_server_are_read(void **state)
{
    (void)state;
    static const char want[] =
        "SELECT 0; SET after rewrite; MULTI; INCR n; INCR n; EXEC; DEL k; SET bin \r\n\0\xff; "
        "SET gone x PXAT 1795307900560; DEL gone";
    struct rcs_buf out;
    size_t size_bytes, whole_bytes;
    char *bytes = test_vector("rdb/appendonlydir/appendonly.aof.2.incr.aof", &size_bytes);
    rcs_buf_init(&out);
    assert_int_equal(join(bytes, size_bytes, &out, &whole_bytes, NULL), RCS_OK);
    assert_int_equal(out.size_bytes, sizeof(want));
    assert_memory_equal(out.data, want, sizeof(want));
    assert_int_equal(whole_bytes, size_bytes);
    rcs_buf_close(&out);
    free(bytes);
}

/* Where the file can be cut for good: behind a command, or an annotation, outside transactions. */
static void a_cut_file_says_up_to_where_it_is_whole(void **state)
{
    (void)state;
    size_t size_bytes, whole_bytes, before = 0;
    char *bytes = test_vector("rdb/appendonlydir/appendonly.aof.2.incr.aof", &size_bytes);
    const char *multi = strstr(bytes, "*1\r\n$5\r\nMULTI"), *exec = strstr(bytes, "EXEC\r\n");
    assert_true(multi != NULL && exec != NULL);
    for (size_t size = 0; size < size_bytes; size++) {
        struct rcs_buf out;
        struct rcs_diag diag;
        rcs_buf_init(&out);
        char *cut = malloc(size > 0 ? size : 1);
        assert_non_null(cut);
        memcpy(cut, bytes, size);
        enum rcs_err err = join(cut, size, &out, &whole_bytes, &diag);
        assert_true(err == RCS_OK || err == RCS_MORE);
        assert_true(whole_bytes >= before && whole_bytes <= size);
        if (size > (size_t)(multi - bytes) && size < (size_t)(exec - bytes) + 6) {
            assert_int_equal(err, RCS_MORE);
            assert_int_equal(whole_bytes, multi - bytes);
        }
        if (err == RCS_MORE) {
            assert_non_null(strstr(diag.text, "cut short"));
        }
        before = whole_bytes;
        free(cut);
        rcs_buf_close(&out);
    }
    free(bytes);
}

struct command_row {
    const char *name;
    const char *text;
    enum rcs_err want;
    const char *joined; /* or part of the error */
};

static const struct command_row command_rows[] = {
    { "aof: nothing", "", RCS_OK, "" },
    { "aof: only an annotation", "#TS:1\r\n", RCS_OK, "" },
    { "aof: an empty argument", "*2\r\n$4\r\nPING\r\n$0\r\n\r\n", RCS_OK, "PING " },
    { "aof: half an annotation", "#TS:1", RCS_MORE, "up to byte 0" },
    { "aof: half a command", "*1\r\n$4\r\nPING\r\n*2\r\n$4", RCS_MORE, "up to byte 14" },
    { "aof: a transaction without end", "*1\r\n$5\r\nmulti\r\n", RCS_MORE, "up to byte 0" },
    { "aof: no command", "PING\r\n", RCS_ERR_PROTOCOL,
      "byte 0 of the append-only file: no command" },
    { "aof: no arguments", "*0\r\n", RCS_ERR_PROTOCOL, "byte 0" },
    { "aof: no argument", "*1\r\n+OK\r\n", RCS_ERR_PROTOCOL,
      "byte 4 of the append-only file: no arg" },
    { "aof: a negative length", "*1\r\n$-1\r\n", RCS_ERR_PROTOCOL, "byte 4" },
    { "aof: a length that is none", "*1\r\n$x\r\n", RCS_ERR_PROTOCOL, "byte 4" },
    { "aof: a length without end", "*111111111111111111111111111111111", RCS_ERR_PROTOCOL,
      "byte 0" },
    { "aof: more arguments than bytes", "*2147483647\r\n$1\r\n", RCS_MORE, "up to byte 0" },
    { "aof: an argument longer than said", "*1\r\n$4\r\nPINGS\r\n", RCS_ERR_PROTOCOL, "byte 12" },
};

static void command_row(void **state)
{
    const struct command_row *row = *state;
    struct rcs_buf out;
    struct rcs_diag diag = { .text = "" };
    size_t whole_bytes;
    rcs_buf_init(&out);
    assert_int_equal(join(row->text, strlen(row->text), &out, &whole_bytes, &diag), row->want);
    if (row->want == RCS_OK) {
        assert_string_equal(out.data, row->joined);
    } else if (strstr(diag.text, row->joined) == NULL) {
        fail_msg("%s", diag.text);
    }
    rcs_buf_close(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_named_as_a_real_server_does),
        cmocka_unit_test(commands_of_a_real_server_are_read),
        cmocka_unit_test(a_cut_file_says_up_to_where_it_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + test_rows(manifest_row, manifest_rows) +
           test_rows(command_row, command_rows);
}
