/* Commands of hashes: recorded replies, and what a recording cannot show: hash tables, whose order
 * is a real server's own, and chance. */
#include "sim/keys/hash.h"
#include "tests/support/resp_cases.h"

#define CASES_MAX 64

/* HSET of f<first> to f<last>, value = number. */
static void fill(struct desk *desk, const char *key, unsigned first, unsigned last)
{
    char words[64];
    for (unsigned i = first; i <= last; i++) {
        snprintf(words, sizeof(words), "HSET %s f%u %u", key, i, i);
        desk_ask(desk, 0, words);
    }
}

/* --- scanning a hash table -------------------------------------------------------------------- */

/* One step of a scan: marks the fields that came, by the number in their name. Returns the next
 * cursor. */
static uint64_t scan(struct desk *desk, uint64_t cursor, const char *options, unsigned *seen)
{
    char words[96];
    const struct rcs_reply *reply;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    snprintf(words, sizeof(words), "HSCAN h %llu%s", (unsigned long long)cursor, options);
    const char *text = desk_ask(desk, 0, words);
    rcs_resp_replies_feed(reader, text, strlen(text));
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    char next[24] = "";
    memcpy(next, reply[1].bytes, reply[1].size_bytes);
    for (uint32_t i = 0; i < reply[2].elements; i += 2) {
        char name[16] = "";
        assert_true(reply[3 + i].size_bytes < sizeof(name));
        memcpy(name, reply[3 + i].bytes, reply[3 + i].size_bytes);
        seen[strtoul(name + 1, NULL, 10)]++;
    }
    rcs_resp_replies_free(reader);
    return strtoull(next, NULL, 10);
}

static void hscan_returns_what_stays_exactly_once(void **state)
{
    struct desk *desk = *state;
    unsigned seen[2000] = { 0 }, steps = 0;
    char words[64];
    desk_ask(desk, 0, "CONFIG SET hash-max-listpack-entries 5");
    fill(desk, "h", 0, 999);
    uint64_t cursor = 0;
    do {
        cursor = scan(desk, cursor, "", seen);
        snprintf(words, sizeof(words), "HDEL h f%u f%u", steps * 2 + 1, 999 - steps * 2);
        desk_ask(desk, 0, words); /* odd numbers from both ends */
        fill(desk, "h", 1000 + steps, 1000 + steps);
        if (steps == 40) { /* what the scan goes on with is a copy */
            struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(desk->node->keys, 0);
            desk_ask(desk, 0, "HSET h f0 changed");
            rcs_snapshot_release(snapshot);
        }
        steps++;
    } while (cursor != 0);
    assert_in_range(steps, 80, 120);
    for (unsigned i = 0; i < 1000; i += 2) {
        assert_int_equal(seen[i], 1);
    }
    for (unsigned i = 0; i < 2000; i++) {
        assert_true(seen[i] <= 1);
    }
}

static void hscan_count_and_match(void **state)
{
    struct desk *desk = *state;
    unsigned seen[100] = { 0 };
    desk_ask(desk, 0, "CONFIG SET hash-max-listpack-entries 5");
    fill(desk, "h", 0, 5);
    uint64_t cursor = scan(desk, 0, " COUNT 4", seen);
    assert_int_not_equal(cursor, 0);
    assert_int_equal(seen[3], 1);
    assert_int_equal(seen[4], 0);
    assert_int_equal(scan(desk, cursor, " COUNT 4 MATCH f5", seen), 0);
    assert_int_equal(seen[4], 0);
    assert_int_equal(seen[5], 1);
    assert_int_equal(scan(desk, 0, " COUNT 6", seen), 0); /* nothing stands behind the last */
    assert_int_equal(scan(desk, 1000000, "", seen), 0);
    assert_int_equal(scan(desk, UINT64_MAX, "", seen), 0);
    assert_int_equal(seen[5], 2);
}

/* --- chance ----------------------------------------------------------------------------------- */

static void hrandfield_picks_different_ones_unless_asked_otherwise(void **state)
{
    struct desk *desk = *state;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    desk_ask(desk, 0, "CONFIG SET hash-max-listpack-entries 20");
    fill(desk, "h", 0, 19);
    for (unsigned table = 0; table < 2; table++) {
        unsigned picked[40] = { 0 };
        for (unsigned times = 0; times < 400; times++) {
            unsigned in_this[40] = { 0 };
            const char *text = desk_ask(desk, 0,
                                        times % 2 == 0 ? "HRANDFIELD h 5 WITHVALUES"
                                                       : "HRANDFIELD h 15 WITHVALUES");
            rcs_resp_replies_feed(reader, text, strlen(text));
            assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
            assert_int_equal(reply->elements, times % 2 == 0 ? 10 : 30);
            for (uint32_t i = 1; i <= reply->elements; i += 2) {
                assert_int_equal(reply[i].size_bytes, reply[i + 1].size_bytes + 1);
                assert_memory_equal(reply[i].bytes + 1, reply[i + 1].bytes,
                                    reply[i + 1].size_bytes);
                unsigned number = (unsigned)strtoul(reply[i].bytes + 1, NULL, 10);
                assert_int_equal(in_this[number]++, 0);
                picked[number]++;
            }
        }
        for (unsigned i = 0; i < 20 + table; i++) {
            assert_in_range(picked[i], 150, 250);
        }
        fill(desk, "h", 20, 20); /* one more than a listpack holds */
    }
    const char *text = desk_ask(desk, 0, "HRANDFIELD h -100");
    rcs_resp_replies_feed(reader, text, strlen(text));
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    assert_int_equal(reply->elements, 100);
    rcs_resp_replies_free(reader);
}

static void so_many_picks_are_refused(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "HSET h f v");
    desk_expect(desk, 0, "HRANDFIELD h -1048577",
                "-ERR rcsim makes no more than 1048576 picks at once\n");
    assert_int_equal(strncmp(desk_ask(desk, 0, "HRANDFIELD h -1048576"), "*1048576\r\n", 10), 0);
    desk_expect(desk, 0, "HRANDFIELD none -1048577", "*0\n");
}

/* --- what snapshots hold ---------------------------------------------------------------------- */

static void a_snapshot_keeps_what_it_holds(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "HSET h a 1 b 2");
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(desk->node->keys, 0);
    desk_ask(desk, 0, "HSET h a 9 c 3");
    desk_ask(desk, 0, "HDEL h b");
    desk_expect(desk, 0, "HGETALL h", "*4\n$1\na\n$1\n9\n$1\nc\n$1\n3\n");
    rcs_keyspace_load(desk->node->keys, snapshot);
    desk_expect(desk, 0, "HGETALL h", "*4\n$1\na\n$1\n1\n$1\nb\n$1\n2\n");
    rcs_snapshot_release(snapshot);
}

int main(void)
{
#define WITH_DESK(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static struct CMUnitTest tests[CASES_MAX] = {
        WITH_DESK(hscan_returns_what_stays_exactly_once),
        WITH_DESK(hscan_count_and_match),
        WITH_DESK(hrandfield_picks_different_ones_unless_asked_otherwise),
        WITH_DESK(so_many_picks_are_refused),
        WITH_DESK(a_snapshot_keeps_what_it_holds),
    };
    size_t count = 5;
    char *text;
    struct resp_case *cases;
    count += resp_cases_load("resp/commands_hash.txt", NULL, &text, &cases, tests + count,
                             CASES_MAX - count);
    int failed = _cmocka_run_group_tests("hash commands", tests, count, NULL, NULL);
    free(text);
    free(cases);
    return failed;
}
