/* Commands of sets: recorded replies, and what a recording cannot show: hash tables, whose order is
 * a real server's own, and chance. */
#include "sim/keys/set.h"
#include "tests/support/resp_cases.h"

#define CASES_MAX 64

/* SADD of m<first> to m<last>. */
static void fill(struct desk *desk, unsigned first, unsigned last)
{
    char words[64];
    for (unsigned i = first; i <= last; i++) {
        snprintf(words, sizeof(words), "SADD s m%u", i);
        desk_ask(desk, 0, words);
    }
}

/* The reply to `words`: an array of m<number>, marked by their numbers. */
static void ask_members(struct desk *desk, const char *words, unsigned *seen, size_t want)
{
    const struct rcs_reply *reply;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const char *text = desk_ask(desk, 0, words);
    rcs_resp_replies_feed(reader, text, strlen(text));
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    assert_int_equal(reply->elements, want);
    for (uint32_t i = 1; i <= reply->elements; i++) {
        seen[strtoul(reply[i].bytes + 1, NULL, 10)]++;
    }
    rcs_resp_replies_free(reader);
}

/* --- scanning a hash table -------------------------------------------------------------------- */

static uint64_t scan(struct desk *desk, uint64_t cursor, unsigned *seen)
{
    char words[64];
    const struct rcs_reply *reply;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    snprintf(words, sizeof(words), "SSCAN s %llu", (unsigned long long)cursor);
    const char *text = desk_ask(desk, 0, words);
    rcs_resp_replies_feed(reader, text, strlen(text));
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    char next[24] = "";
    memcpy(next, reply[1].bytes, reply[1].size_bytes);
    for (uint32_t i = 0; i < reply[2].elements; i++) {
        seen[strtoul(reply[3 + i].bytes + 1, NULL, 10)]++;
    }
    rcs_resp_replies_free(reader);
    return strtoull(next, NULL, 10);
}

static void sscan_returns_what_stays_exactly_once(void **state)
{
    struct desk *desk = *state;
    unsigned seen[2000] = { 0 }, steps = 0;
    char words[64];
    fill(desk, 0, 999);
    uint64_t cursor = 0;
    do {
        cursor = scan(desk, cursor, seen);
        snprintf(words, sizeof(words), "SREM s m%u m%u", steps * 2 + 1, 999 - steps * 2);
        desk_ask(desk, 0, words); /* odd numbers from both ends */
        fill(desk, 1000 + steps, 1000 + steps);
        if (steps == 40) { /* what the scan goes on with is a copy */
            struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(desk->node->keys, 0);
            desk_ask(desk, 0, "SREM s m999");
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

/* A SPOP that leaves few members must not move the places of the others. */
static void sscan_outlives_spop(void **state)
{
    struct desk *desk = *state;
    unsigned seen[1000] = { 0 }, popped[1000] = { 0 };
    fill(desk, 0, 999);
    uint64_t cursor = 0;
    for (unsigned i = 0; i < 10; i++) {
        cursor = scan(desk, cursor, seen);
    }
    ask_members(desk, "SPOP s 900", popped, 900);
    while (cursor != 0) {
        cursor = scan(desk, cursor, seen);
    }
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(seen[i] == 1 || popped[i] == 1);
        assert_true(seen[i] <= 1 && popped[i] <= 1);
    }
}

/* --- the order of a hash table: that of insertion --------------------------------------------- */

static void tables_are_walked_in_the_order_of_insertion(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SADD {s}1 c 2 a 1 b");
    desk_ask(desk, 0, "SADD {s}2 1 b a 7");
    desk_expect(desk, 0, "SMEMBERS {s}1", "*5\n$1\nc\n$1\n2\n$1\na\n$1\n1\n$1\nb\n");
    desk_expect(desk, 0, "SINTER {s}1 {s}2", "*3\n$1\n1\n$1\nb\n$1\na\n"); /* of the smaller */
    desk_expect(desk, 0, "SDIFF {s}1 {s}2", "*2\n$1\nc\n$1\n2\n");
    desk_expect(desk, 0, "SUNION {s}2 {s}1", "*6\n$1\n1\n$1\nb\n$1\na\n$1\n7\n$1\nc\n$1\n2\n");
}

/* --- chance ----------------------------------------------------------------------------------- */

static void spop_is_replicated_as_what_it_took(void **state)
{
    struct desk *desk = *state;
    struct rcs_buf stream, want;
    char text[64];
    desk_attach_replica(desk, 5);
    for (unsigned count = 1; count <= 9; count++) { /* some by picks, most by what stays */
        unsigned popped[10] = { 0 }, left[10] = { 0 };
        desk_ask(desk, 0, "SADD s m0 m1 m2 m3 m4 m5 m6 m7 m8 m9");
        desk_receive(desk, 5, NULL);
        snprintf(text, sizeof(text), "SPOP s %u", count);
        struct rcs_resp_replies *reader = rcs_resp_replies_new();
        const struct rcs_reply *reply;
        const char *got = desk_ask(desk, 0, text);
        rcs_resp_replies_feed(reader, got, strlen(got));
        assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
        assert_int_equal(reply->elements, count);
        rcs_buf_init(&want);
        rcs_buf_text(&want, count > 1 ? "MULTI\n" : "");
        for (unsigned i = 1; i <= count; i++) {
            rcs_buf_format(&want, "SREM s %.2s\n", reply[i].bytes);
            popped[reply[i].bytes[1] - '0']++;
        }
        rcs_buf_text(&want, count > 1 ? "EXEC\n" : "");
        rcs_buf_add(&want, "", 1);
        rcs_buf_init(&stream);
        desk_stream(desk, 5, &stream);
        assert_string_equal(stream.data, want.data);
        ask_members(desk, "SMEMBERS s", left, 10 - count);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(popped[i] + left[i], 1);
        }
        rcs_resp_replies_free(reader);
        rcs_buf_close(&stream);
        rcs_buf_close(&want);
    }
    desk_ask(desk, 0, "DEL s");
    desk_ask(desk, 0, "SADD s m3");
    desk_receive(desk, 5, NULL);
    desk_expect(desk, 0, "SPOP s", "$2\nm3\n");
    rcs_buf_init(&stream);
    desk_stream(desk, 5, &stream);
    assert_string_equal(stream.data, "SREM s m3\n");
    rcs_buf_close(&stream);
}

/* Since 7.2 an SREM has up to 1024 members (its spopWithCountCommand). */
static void spop_since_7_2_is_replicated_1024_at_once(void **state)
{
    static const struct {
        const char *pops;
        unsigned commands;
    } rows[] = { { "SPOP s 1024", 1 }, { "SPOP s 1025", 4 } }; /* MULTI, two, EXEC */
    (void)state;
    struct rcs_config config;
    rcs_config_init(&config);
    assert_int_equal(rcs_config_choose(&config, rcs_profile_at(RCS_REDIS_7_2), NULL), RCS_OK);
    struct desk *desk = desk_new(&config);
    desk_attach_replica(desk, 5);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_buf stream;
        unsigned lines = 0;
        fill(desk, 0, 1499);
        desk_receive(desk, 5, NULL);
        desk_ask(desk, 0, rows[i].pops);
        rcs_buf_init(&stream);
        desk_stream(desk, 5, &stream);
        for (const char *c = stream.data; *c != '\0'; c++) {
            lines += *c == '\n';
        }
        assert_int_equal(lines, rows[i].commands);
        rcs_buf_close(&stream);
    }
    desk_free(desk);
}

/* Five times as many popped as stay: the set is made anew (asked of a 7.0.15 server). */
static void spop_of_most_makes_the_set_anew(void **state)
{
    static const struct {
        const char *pops, *encoding;
    } rows[] = {
        { "SPOP s 24", "$9\nhashtable\n" },
        { "SPOP s 25", "$6\nintset\n" },
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_ask(desk, 0, "DEL s");
        desk_ask(desk, 0, "SADD s x 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
        desk_ask(desk, 0, "SADD s 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30");
        desk_ask(desk, 0, "SREM s x");
        desk_ask(desk, 0, "PEXPIREAT s 33000000000000");
        desk_ask(desk, 0, rows[i].pops);
        desk_expect(desk, 0, "OBJECT ENCODING s", rows[i].encoding);
        desk_expect(desk, 0, "PEXPIRETIME s", ":33000000000000\n");
    }
}

static void srandmember_picks_different_ones_unless_asked_otherwise(void **state)
{
    struct desk *desk = *state;
    unsigned picked[20] = { 0 }, repeated[20] = { 0 };
    fill(desk, 0, 19);
    for (unsigned times = 0; times < 400; times++) {
        unsigned in_this[20] = { 0 };
        bool few = times % 2 == 0;
        ask_members(desk, few ? "SRANDMEMBER s 5" : "SRANDMEMBER s 15", in_this, few ? 5 : 15);
        for (unsigned i = 0; i < 20; i++) {
            assert_true(in_this[i] <= 1);
            picked[i] += in_this[i];
        }
    }
    ask_members(desk, "SRANDMEMBER s -4000", repeated, 4000);
    for (unsigned i = 0; i < 20; i++) {
        assert_in_range(picked[i], 150, 250);
        assert_in_range(repeated[i], 150, 250);
    }
    desk_expect(desk, 0, "SRANDMEMBER s -1048577",
                "-ERR rcsim makes no more than 1048576 picks at once\n");
    desk_expect(desk, 0, "SCARD s", ":20\n");
}

/* --- what is counted -------------------------------------------------------------------------- */

static void a_snapshot_keeps_what_it_holds(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "SADD {s}1 1 2");
    desk_ask(desk, 0, "SADD {s}2 a b");
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(desk->node->keys, 0);
    desk_ask(desk, 0, "SMOVE {s}1 {s}2 1");
    desk_ask(desk, 0, "SPOP {s}2 2");
    desk_ask(desk, 0, "SADD {s}1 x");
    rcs_keyspace_load(desk->node->keys, snapshot);
    desk_expect(desk, 0, "SMEMBERS {s}1", "*2\n$1\n1\n$1\n2\n");
    desk_expect(desk, 0, "SMEMBERS {s}2", "*2\n$1\na\n$1\nb\n");
    rcs_snapshot_release(snapshot);
}

int main(void)
{
#define WITH_DESK(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static struct CMUnitTest tests[CASES_MAX] = {
        WITH_DESK(sscan_returns_what_stays_exactly_once),
        WITH_DESK(sscan_outlives_spop),
        WITH_DESK(tables_are_walked_in_the_order_of_insertion),
        WITH_DESK(spop_is_replicated_as_what_it_took),
        cmocka_unit_test(spop_since_7_2_is_replicated_1024_at_once),
        WITH_DESK(spop_of_most_makes_the_set_anew),
        WITH_DESK(srandmember_picks_different_ones_unless_asked_otherwise),
        WITH_DESK(a_snapshot_keeps_what_it_holds),
    };
    size_t count = 8;
    char *text;
    struct resp_case *cases;
    count += resp_cases_load("resp/commands_set.txt", NULL, &text, &cases, tests + count,
                             CASES_MAX - count);
    int failed = _cmocka_run_group_tests("set commands", tests, count, NULL, NULL);
    free(text);
    free(cases);
    return failed;
}
