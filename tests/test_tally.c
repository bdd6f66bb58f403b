/* Lines of a campaign, drawn together. */
#include <string.h>

#include <rcsim/fuzz.h>

#include "tests/support/support.h"

#define BEGIN                                                                                      \
    "{\"rcsim-fuzz\":1,\"file\":\"a b\",\"sha256\":\"0\",\"redis\":\"Redis 7.0.15\",\"params\":"   \
    "\"\",\"overrides\":\"\"}"
#define RUN(seed) "{\"seed\":\"" seed "\",\"faults\":3,\"digest\":\"0\"}"
#define FOUND(seed, name, permit, count)                                                           \
    "{\"seed\":\"" seed "\",\"finding\":\"" name "\"," permit                                      \
    "\"fingerprint\":\"f\",\"count\":" count ",\"text\":\"of " seed "\"}"
#define PERMIT "\"permit\":\"p\","

static void add(struct rcs_tally *tally, const char *line)
{
    struct rcs_diag diag = { .line = 0 };
    if (rcs_tally_line(tally, line, strlen(line), &diag) != RCS_OK) {
        fail_msg("%s: %s", line, diag.text);
    }
}

static void rows_are_told_by_weight(void **state)
{
    (void)state;
    struct rcs_tally *tally = rcs_tally_new();
    struct rcs_tally_row row;
    add(tally, BEGIN);
    add(tally, RUN("5"));
    add(tally, FOUND("5", "b", PERMIT, "2"));
    add(tally, FOUND("5", "b", PERMIT, "1")); /* once more in the same run */
    add(tally, RUN("6"));
    add(tally, FOUND("6", "b", PERMIT, "4"));
    add(tally, FOUND("6", "a", PERMIT, "9"));
    add(tally, FOUND("6", "c", "", "1"));
    add(tally, RUN("9"));
    add(tally, FOUND("9", "c", PERMIT, "1"));   /* permitted: another row */
    assert_true(rcs_tally_row(tally, 0, &row)); /* breaches first */
    assert_string_equal(row.finding, "c");
    assert_null(row.permit);
    assert_true(rcs_tally_row(tally, 1, &row)); /* then what most runs show */
    assert_string_equal(row.finding, "b");
    assert_int_equal(row.seeds, 2);
    assert_int_equal(row.count, 7);
    assert_int_equal(row.first_seed, 5);
    assert_string_equal(row.text, "of 5");
    assert_true(rcs_tally_row(tally, 2, &row)); /* then by name */
    assert_string_equal(row.finding, "a");
    assert_true(rcs_tally_row(tally, 3, &row));
    assert_string_equal(row.finding, "c");
    assert_string_equal(row.permit, "p");
    assert_false(rcs_tally_row(tally, 4, &row));
    assert_int_equal(rcs_tally_breaches(tally), 1);
    assert_int_equal(rcs_tally_runs(tally), 3);
    assert_int_equal(rcs_tally_faults(tally), 9);
    assert_string_equal(rcs_tally_file(tally), "a b");
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_tally_played(tally, &out);
    rcs_buf_add(&out, "", 1);
    assert_string_equal(out.data, "5 to 6, 9");
    rcs_buf_close(&out);
    rcs_tally_free(tally);
}

static void the_smallest_seed_tells(void **state)
{
    (void)state;
    struct rcs_tally *tally = rcs_tally_new();
    struct rcs_tally_row row;
    add(tally, BEGIN);
    add(tally, FOUND("8", "b", "", "1"));
    add(tally, FOUND("3", "b", "", "1"));
    add(tally, FOUND("18446744073709551615", "b", "", "1"));
    assert_true(rcs_tally_row(tally, 0, &row));
    assert_int_equal(row.first_seed, 3);
    assert_string_equal(row.text, "of 3");
    assert_int_equal(row.seeds, 3);
    rcs_tally_free(tally);
}

static void what_is_no_line_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *why;
    } rows[] = {
        { "", "it is no line of JSON" },
        { "[]", "it is no line of JSON" },
        { "{\"rcsim-fuzz\":2,\"file\":\"\",\"redis\":\"\"}",
          "it was written by another version of rcsim" },
        { "{\"rcsim-fuzz\":1,\"file\":\"x\",\"redis\":\"\"}",
          "it is of another scenario, release, params or directives than the first file" },
        { "{}", "it has no seed" },
        { "{\"seed\":7,\"faults\":1}", "it has no seed" },
        { "{\"seed\":\"-7\",\"faults\":1}", "it has no seed" },
        { "{\"seed\":\"18446744073709551616\",\"faults\":1}", "it has no seed" },
        { "{\"seed\":\"7\"}", "it is neither a run nor a finding" },
        { "{\"seed\":\"7\",\"faults\":-1}", "it is neither a run nor a finding" },
        { "{\"seed\":\"7\",\"finding\":\"x\"}", "a finding has a fingerprint, a text and a count" },
        { FOUND("7", "x", "", "0"), "a finding has a fingerprint, a text and a count" },
    };
    struct rcs_tally *tally = rcs_tally_new();
    struct rcs_diag diag = { .line = 0 };
    assert_int_not_equal(rcs_tally_line(tally, RUN("1"), strlen(RUN("1")), &diag), RCS_OK);
    assert_string_equal(diag.text, "it does not begin as a file of `rcsim fuzz` does");
    add(tally, BEGIN);
    add(tally, BEGIN); /* of another file */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum rcs_err err = rcs_tally_line(tally, rows[i].line, strlen(rows[i].line), &diag);
        assert_int_not_equal(err, RCS_OK);
        assert_string_equal(diag.text, rows[i].why);
    }
    struct rcs_tally_row row;
    assert_false(rcs_tally_row(tally, 0, &row));
    assert_int_equal(rcs_tally_runs(tally), 0);
    rcs_tally_free(tally);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_told_by_weight),
        cmocka_unit_test(the_smallest_seed_tells),
        cmocka_unit_test(what_is_no_line_is_refused),
    };
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
