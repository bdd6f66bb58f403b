/* The replication backlog: offsets, what it gives back, what it forgets. */
#include "tests/support/support.h"

#include "sim/node/backlog.h"

#define MB 1048576

/* What the stream carries at an offset, so that a shift shows. */
static char byte_at(int64_t offset)
{
    return (char)('a' + offset % 23);
}

static void add(struct rcs_backlog *backlog, size_t size_bytes, int64_t limit_bytes,
                int64_t needed_offset)
{
    char *bytes = malloc(size_bytes);
    assert_non_null(bytes);
    int64_t next = rcs_backlog_first(backlog) + rcs_backlog_length(backlog);
    for (size_t i = 0; i < size_bytes; i++) {
        bytes[i] = byte_at(next + (int64_t)i);
    }
    rcs_backlog_add(backlog, bytes, size_bytes, limit_bytes, needed_offset);
    free(bytes);
}

static void check_from(const struct rcs_backlog *backlog, int64_t offset)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_backlog_read(backlog, offset, &out);
    int64_t next = rcs_backlog_first(backlog) + rcs_backlog_length(backlog);
    assert_int_equal(out.size_bytes, next - offset);
    for (size_t i = 0; i < out.size_bytes; i++) {
        if (out.data[i] != byte_at(offset + (int64_t)i)) {
            fail_msg("byte %zu from offset %lld differs", i, (long long)offset);
        }
    }
    rcs_buf_close(&out);
}

static void new_one_is_empty_at_the_next_offset(void **state)
{
    (void)state;
    struct rcs_backlog *backlog = rcs_backlog_new(29);
    assert_int_equal(rcs_backlog_first(backlog), 29);
    assert_int_equal(rcs_backlog_length(backlog), 0);
    check_from(backlog, 29);
    add(backlog, 14, MB, INT64_MAX);
    assert_int_equal(rcs_backlog_first(backlog), 29);
    assert_int_equal(rcs_backlog_length(backlog), 14);
    rcs_backlog_free(backlog);
}

static void reads_from_every_offset(void **state)
{
    (void)state;
    struct rcs_backlog *backlog = rcs_backlog_new(1);
    for (size_t size = 1; size < 400; size++) {
        add(backlog, size, MB, INT64_MAX); /* grows through several rooms and into a fourth block */
    }
    for (int64_t offset = 1; offset <= rcs_backlog_length(backlog) + 1; offset += 97) {
        check_from(backlog, offset);
    }
    check_from(backlog, rcs_backlog_length(backlog) + 1);
    rcs_backlog_free(backlog);
}

/* The first offset it has is the last that can be asked for; one before it is refused. */
static void an_offset_outside_is_an_error_of_ours(void **state)
{
    (void)state;
    struct rcs_backlog *backlog = rcs_backlog_new(10);
    add(backlog, 5, MB, INT64_MAX);
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_backlog_read(backlog, 10, &out);
    rcs_backlog_read(backlog, 15, &out);
    assert_int_equal(out.size_bytes, 5);
    expect_assert_failure(rcs_backlog_read(backlog, 9, &out));
    expect_assert_failure(rcs_backlog_read(backlog, 16, &out));
    rcs_buf_close(&out);
    rcs_backlog_free(backlog);
}

/* The history of a real 7.0.15 with repl-backlog-size 61320 that was fed SETs of 87 bytes: its
 * first byte is number 20441 from offset 81803 on, and 40881 from 102248 on. Blocks have 20440
 * bytes (16384 and a header, as jemalloc rounds it). */
static void it_is_cut_where_a_real_server_cuts(void **state)
{
    (void)state;
    enum { LIMIT = 61320 };
    struct rcs_backlog *backlog = rcs_backlog_new(1);
    add(backlog, 110, LIMIT, INT64_MAX); /* SELECT and the first SET */
    for (unsigned i = 1; i < 939; i++) {
        add(backlog, 87, LIMIT, INT64_MAX);
    }
    assert_int_equal(rcs_backlog_first(backlog), 1);
    add(backlog, 87, LIMIT, INT64_MAX);
    assert_int_equal(rcs_backlog_first(backlog), 20441);
    assert_int_equal(rcs_backlog_length(backlog), 61363);
    for (unsigned i = 940; i < 1174; i++) {
        add(backlog, 87, LIMIT, INT64_MAX);
    }
    assert_int_equal(rcs_backlog_first(backlog), 20441);
    add(backlog, 87, LIMIT, INT64_MAX);
    assert_int_equal(rcs_backlog_first(backlog), 40881);
    assert_int_equal(rcs_backlog_length(backlog), 61368);
    rcs_backlog_free(backlog);
}

/* One block goes when the rest is still longer than the limit. */
static void it_is_cut_in_whole_blocks(void **state)
{
    (void)state;
    enum { BLOCK = 20440, LIMIT = 3 * BLOCK };
    struct rcs_backlog *backlog = rcs_backlog_new(1);
    for (unsigned i = 0; i < 4 * BLOCK / 10; i++) {
        add(backlog, 10, LIMIT, INT64_MAX);
    }
    assert_int_equal(rcs_backlog_length(backlog), 4 * BLOCK);
    add(backlog, 1, LIMIT, INT64_MAX); /* 4 blocks and a byte: without the first, over the limit */
    assert_int_equal(rcs_backlog_first(backlog), BLOCK + 1);
    assert_int_equal(rcs_backlog_length(backlog), LIMIT + 1);
    check_from(backlog, BLOCK + 1);
    rcs_backlog_free(backlog);
}

static void at_the_limit_nothing_is_cut(void **state)
{
    (void)state;
    enum { BLOCK = 20440, LIMIT = 3 * BLOCK + 1 };
    struct rcs_backlog *backlog = rcs_backlog_new(1);
    add(backlog, BLOCK, LIMIT, INT64_MAX);
    for (unsigned i = 0; i < 3 * BLOCK / 10; i++) {
        add(backlog, 10, LIMIT, INT64_MAX);
    }
    add(backlog, 1, LIMIT, INT64_MAX); /* without the first it would be as long as the limit */
    assert_int_equal(rcs_backlog_first(backlog), 1);
    rcs_backlog_free(backlog);
}

static void what_a_replica_needs_stays(void **state)
{
    (void)state;
    enum { BLOCK = 20440, LIMIT = BLOCK };
    struct rcs_backlog *backlog = rcs_backlog_new(1);
    for (unsigned i = 0; i < 6 * BLOCK / 10; i++) {
        add(backlog, 10, LIMIT, BLOCK + 5); /* the second block holds the first byte needed */
    }
    assert_int_equal(rcs_backlog_first(backlog), BLOCK + 1);
    add(backlog, 10, LIMIT, INT64_MAX); /* served: the rest goes with the next block */
    assert_true(rcs_backlog_length(backlog) <= LIMIT + BLOCK);
    rcs_backlog_free(backlog);
}

/* A value larger than a block lies in blocks of at most a sixteenth of the limit. */
static void large_additions_are_split(void **state)
{
    (void)state;
    struct rcs_backlog *backlog = rcs_backlog_new(1);
    add(backlog, 3 * MB, MB, INT64_MAX);
    assert_true(rcs_backlog_length(backlog) > MB);
    assert_true(rcs_backlog_length(backlog) <= MB + MB / 16 + 20480);
    check_from(backlog, rcs_backlog_first(backlog));
    rcs_backlog_free(backlog);
}

static void a_trim_has_its_limits_too(void **state)
{
    (void)state;
    enum { BLOCK = 20440 };
    struct rcs_backlog *backlog = rcs_backlog_new(1);
    rcs_backlog_trim(backlog, 64, 0, INT64_MAX); /* nothing to drop */
    add(backlog, 10, 20 * BLOCK, INT64_MAX);
    rcs_backlog_trim(backlog, 64, 0, INT64_MAX); /* the last block stays */
    assert_int_equal(rcs_backlog_length(backlog), 10);
    while (rcs_backlog_length(backlog) < 10 * BLOCK) {
        add(backlog, 10, 20 * BLOCK, INT64_MAX);
    }
    rcs_backlog_trim(backlog, 2, 3 * BLOCK, INT64_MAX); /* two and no more */
    assert_int_equal(rcs_backlog_first(backlog), 2 * BLOCK + 1);
    rcs_backlog_trim(backlog, 64, 3 * BLOCK, 4 * BLOCK + 1); /* not what is needed */
    assert_int_equal(rcs_backlog_first(backlog), 4 * BLOCK + 1);
    rcs_backlog_trim(backlog, 64, 3 * BLOCK, INT64_MAX); /* the rest is longer than the limit */
    assert_int_equal(rcs_backlog_first(backlog), 6 * BLOCK + 1);
    check_from(backlog, 6 * BLOCK + 1);
    rcs_backlog_free(backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_one_is_empty_at_the_next_offset),
        cmocka_unit_test(reads_from_every_offset),
        cmocka_unit_test(an_offset_outside_is_an_error_of_ours),
        cmocka_unit_test(it_is_cut_where_a_real_server_cuts),
        cmocka_unit_test(it_is_cut_in_whole_blocks),
        cmocka_unit_test(at_the_limit_nothing_is_cut),
        cmocka_unit_test(what_a_replica_needs_stays),
        cmocka_unit_test(large_additions_are_split),
        cmocka_unit_test(a_trim_has_its_limits_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
