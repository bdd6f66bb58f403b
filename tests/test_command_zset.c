/* Commands of sorted sets: recorded replies, what they leave in the stream, who is woken by them.
 */
#include "sim/keys/keyspace.h"
#include "sim/keys/value.h"
#include "tests/support/resp_cases.h"

#define CASES_MAX 80

static void setup(struct desk *desk, const char *how)
{
    (void)desk;
    assert_string_equal(how, "");
}

/* --- the stream ------------------------------------------------------------------------------- */

static const struct stream_row {
    const char *before; /* requests, separated by ; */
    const char *request;
    const char *stream;
} stream_rows[] = {
    /* clang-format off */
    { "", "ZADD k 1 a 2 b", "ZADD k 1 a 2 b\n" },
    { "ZADD k 1 a", "ZADD k 1 a", "" },
    { "ZADD k 1 a", "ZADD k XX 2 a", "ZADD k XX 2 a\n" },
    { "", "ZADD k XX 2 a", "" },
    { "ZADD k 1 a", "ZADD k INCR 5 a", "ZADD k INCR 5 a\n" },
    { "ZADD k 1 a", "ZINCRBY k 5 a", "ZINCRBY k 5 a\n" },
    { "ZADD k 1 a", "ZINCRBY k 0 a", "" },
    { "ZADD k inf a", "ZINCRBY k -inf a", "" },
    { "ZADD k 1 a", "ZREM k b", "" },
    { "ZADD k 1 a", "ZREM k a b", "ZREM k a b\n" },
    { "ZADD k 1 a 2 b", "ZREMRANGEBYRANK k 0 0", "ZREMRANGEBYRANK k 0 0\n" },
    { "ZADD k 1 a 2 b", "ZREMRANGEBYSCORE k 5 6", "" },
    { "ZADD k 1 a 2 b", "ZREMRANGEBYSCORE k 0 9", "ZREMRANGEBYSCORE k 0 9\n" },
    { "ZADD k 1 a 2 b", "ZPOPMIN k", "ZPOPMIN k\n" },
    { "ZADD k 1 a 2 b", "ZPOPMAX k 9", "ZPOPMAX k 9\n" },
    { "ZADD k 1 a 2 b", "ZPOPMAX k 0", "" },
    { "", "ZPOPMIN k", "" },
    { "ZADD k 1 a 2 b", "BZPOPMIN {k}0 k 0", "ZPOPMIN k\n" },
    { "ZADD k 1 a 2 b", "BZPOPMAX k 0", "ZPOPMAX k\n" },
    { "ZADD k 1 a 2 b", "ZMPOP 2 {k}0 k MAX", "ZPOPMAX k 1\n" },
    { "ZADD k 1 a 2 b", "ZMPOP 1 k MIN COUNT 9", "ZPOPMIN k 2\n" },
    { "", "ZMPOP 1 k MIN", "" },
    { "ZADD k 1 a 2 b", "BZMPOP 0 1 k MIN COUNT 2", "ZPOPMIN k 2\n" },
    { "ZADD k 1 a", "ZUNIONSTORE {k}d 1 k", "ZUNIONSTORE {k}d 1 k\n" },
    { "SET {k}d x", "ZUNIONSTORE {k}d 1 k", "ZUNIONSTORE {k}d 1 k\n" },
    { "", "ZUNIONSTORE {k}d 1 k", "" },
    { "ZADD k 1 a", "ZRANGESTORE {k}d k 0 -1", "ZRANGESTORE {k}d k 0 -1\n" },
    { "SET {k}d x", "ZRANGESTORE {k}d k 0 -1", "ZRANGESTORE {k}d k 0 -1\n" },
    { "", "ZRANGESTORE {k}d k 0 -1", "" },
    { "SADD k a", "ZINTERSTORE {k}d 1 k", "ZINTERSTORE {k}d 1 k\n" },
    { "ZADD k 1 a", "ZDIFFSTORE k 2 k k", "ZDIFFSTORE k 2 k k\n" },
    { "SET {k}d 1 PXAT 1", "ZUNIONSTORE {k}d 1 {k}0", "ZUNIONSTORE {k}d 1 {k}0\n" },
    { "SET {k}d 1 PXAT 1", "ZRANGESTORE {k}d {k}0 0 -1", "ZRANGESTORE {k}d {k}0 0 -1\n" },
    { "SET {k}d 1 PXAT 1;ZADD k 1 a", "ZRANGESTORE {k}d k 0 -1",
      "MULTI\nDEL {k}d\nZRANGESTORE {k}d k 0 -1\nEXEC\n" },
    { "SET k 1 PXAT 1", "ZADD k 1 a", "MULTI\nDEL k\nZADD k 1 a\nEXEC\n" },
    { "SET k 1 PXAT 1", "ZPOPMIN k", "DEL k\n" },
    { "SET k 1 PXAT 1", "BZPOPMIN k 0.001", "DEL k\n" },
    { "ZADD k 1 a;MULTI;ZPOPMIN k;BZPOPMIN k 0", "EXEC", "ZPOPMIN k\n" },
    { "ZADD k 1 a 2 b;MULTI;BZPOPMIN k 0;ZADD k 3 c", "EXEC", "MULTI\nZPOPMIN k\nZADD k 3 c\nEXEC\n" },
    /* clang-format on */
};

static void ask_all(struct desk *desk, const char *requests)
{
    char copy[256], *rest = copy;
    snprintf(copy, sizeof(copy), "%s", requests);
    while (*rest != '\0') {
        char *end = rest + strcspn(rest, ";");
        char *next = *end == ';' ? end + 1 : end;
        *end = '\0';
        desk_ask(desk, 0, rest);
        rest = next;
    }
}

static void expect_stream(struct desk *desk, const char *want)
{
    struct rcs_buf got;
    rcs_buf_init(&got);
    desk_stream(desk, 5, &got);
    assert_string_equal(got.data, want);
    rcs_buf_close(&got);
}

/* A replica at client 5, which has seen what stands in `before`. */
static void begin_stream(struct desk *desk, const char *before)
{
    struct rcs_buf ignored;
    desk_attach_replica(desk, 5);
    desk_ask(desk, 0, "SET first write"); /* comes with a SELECT */
    ask_all(desk, before);
    rcs_buf_init(&ignored);
    desk_stream(desk, 5, &ignored);
    rcs_buf_close(&ignored);
}

/* Recorded from what a real server sends its replicas. */
static void stream_row(void **state)
{
    const struct stream_row *row = *state;
    struct desk *desk = desk_new(NULL);
    begin_stream(desk, row->before);
    desk_ask(desk, 0, row->request);
    expect_stream(desk, row->stream);
    desk_free(desk);
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Clients 1, 2, ... ask one after the other; then client 0 does `act`. */
static const struct wait_row {
    const char *name, *before;
    const char *waiters[3];
    const char *act;
    const char *replies[3]; /* "" waits on */
    const char *stream;     /* of `act`, and of those it served */
} wait_rows[] = {
    /* clang-format off */
    { "wait: served in the order of waiting, each from its end", "",
      { "BZPOPMIN {k}1 k 0", "BZPOPMAX k 0", "BZPOPMIN k 0" }, "ZADD k 1 a 2.5 b 3 c 4 d",
      { "*3\n$1\nk\n$1\na\n$1\n1\n", "*3\n$1\nk\n$1\nd\n$1\n4\n", "*3\n$1\nk\n$1\nb\n$3\n2.5\n" },
      "ZADD k 1 a 2.5 b 3 c 4 d\nZPOPMIN k\nZPOPMAX k\nZPOPMIN k\n" },
    { "wait: counts, and the last gets nothing", "",
      { "BZMPOP 0 2 {k}1 k MAX COUNT 3", "BZMPOP 0 1 k MIN", "BZMPOP 0 1 k MIN" },
      "ZADD k 1 a 2.5 b 3 c 4 d",
      { "*2\n$1\nk\n*3\n*2\n$1\nd\n$1\n4\n*2\n$1\nc\n$1\n3\n*2\n$1\nb\n$3\n2.5\n",
        "*2\n$1\nk\n*1\n*2\n$1\na\n$1\n1\n", "" },
      "ZADD k 1 a 2.5 b 3 c 4 d\nZPOPMAX k 3\nZPOPMIN k 1\n" },
    { "wait: pairs and doubles of RESP3", "",
      { "HELLO 3;BZPOPMIN k 0", "HELLO 3;BZMPOP 0 1 k MIN", NULL }, "ZADD k 1 a 2.5 b",
      { "*3\n$1\nk\n$1\na\n,1\n", "*2\n$1\nk\n*1\n*2\n$1\nb\n,2.5\n", NULL },
      "ZADD k 1 a 2.5 b\nZPOPMIN k\nZPOPMIN k 1\n" },
    { "wait: a transaction serves when it is over", "", { "BZPOPMIN k 0", NULL, NULL },
      "MULTI;ZADD k 1 a;ZADD k 0 b;EXEC", { "*3\n$1\nk\n$1\nb\n$1\n0\n", NULL, NULL },
      "MULTI\nZADD k 1 a\nZADD k 0 b\nEXEC\nZPOPMIN k\n" },
    { "wait: what went away within a transaction serves nobody", "", { "BZPOPMIN k 0", NULL, NULL },
      "MULTI;ZADD k 1 a;ZREM k a;EXEC", { "", NULL, NULL },
      "MULTI\nZADD k 1 a\nZREM k a\nEXEC\n" },
    { "wait: another type serves nobody", "", { "BZPOPMIN k 0", NULL, NULL }, "SADD k a;DEL k",
      { "", NULL, NULL }, "SADD k a\nDEL k\n" },
    { "wait: served by ZUNIONSTORE", "ZADD {k}s 1 a 2 b", { "BZPOPMIN k 0", NULL, NULL },
      "ZUNIONSTORE k 1 {k}s", { "*3\n$1\nk\n$1\na\n$1\n1\n", NULL, NULL },
      "ZUNIONSTORE k 1 {k}s\nZPOPMIN k\n" },
    { "wait: served by ZRANGESTORE", "ZADD {k}s 1 a 2 b", { "BZPOPMIN k 0", NULL, NULL },
      "ZRANGESTORE k {k}s 0 -1", { "*3\n$1\nk\n$1\na\n$1\n1\n", NULL, NULL },
      "ZRANGESTORE k {k}s 0 -1\nZPOPMIN k\n" },
    { "wait: served by RENAME", "ZADD {k}s 1 a 2 b", { "BZPOPMIN k 0", NULL, NULL }, "RENAME {k}s k",
      { "*3\n$1\nk\n$1\na\n$1\n1\n", NULL, NULL }, "RENAME {k}s k\nZPOPMIN k\n" },
    { "wait: served by ZADD INCR", "", { "BZPOPMIN k 0", NULL, NULL }, "ZADD k NX INCR 7 a",
      { "*3\n$1\nk\n$1\na\n$1\n7\n", NULL, NULL }, "ZADD k NX INCR 7 a\nZPOPMIN k\n" },
    { "wait: not for a key of another type", "SET k x",
      { "BZPOPMIN {k}1 k 0", "BZPOPMIN k {k}1 -1", "BZMPOP 0 1 k MIN" }, "",
      { "-WRONGTYPE Operation against a key holding the wrong kind of value\n",
        "-ERR timeout is negative\n",
        "-WRONGTYPE Operation against a key holding the wrong kind of value\n" }, "" },
    /* clang-format on */
};

static void wait_row(void **state)
{
    const struct wait_row *row = *state;
    struct desk *desk = desk_new(NULL);
    char replies[3][128];
    begin_stream(desk, row->before);
    for (unsigned i = 0; i < 3 && row->waiters[i] != NULL; i++) {
        const char *last = strrchr(row->waiters[i], ';');
        if (last != NULL) {
            desk_ask(desk, i + 1, "HELLO 3");
        }
        const char *reply = desk_ask(desk, i + 1, last == NULL ? row->waiters[i] : last + 1);
        snprintf(replies[i], sizeof(replies[i]), "%s", reply);
    }
    ask_all(desk, row->act);
    for (unsigned i = 0; i < 3 && row->waiters[i] != NULL; i++) {
        char got[512], plain[512] = "";
        snprintf(got, sizeof(got), "%s%s", replies[i], desk_receive(desk, i + 1, NULL));
        for (const char *c = got; *c != '\0'; c++) {
            if (*c != '\r') {
                strncat(plain, c, 1);
            }
        }
        assert_string_equal(plain, row->replies[i]);
    }
    expect_stream(desk, row->stream);
    desk_free(desk);
}

static void waiting_ends_with_a_nil_array(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 2, "HELLO 3");
    desk_expect(desk, 1, "BZPOPMIN k 2", "");
    desk_expect(desk, 2, "BZMPOP 2 1 k MIN", "");
    desk_run(desk, 1900);
    assert_string_equal(desk_receive(desk, 1, NULL), "");
    desk_run(desk, 300);
    assert_string_equal(desk_receive(desk, 1, NULL), "*-1\r\n");
    assert_string_equal(desk_receive(desk, 2, NULL), "_\r\n");
    desk_expect(desk, 0, "ZADD k 1 a", ":1\n"); /* nobody waits any more */
    desk_expect(desk, 0, "ZCARD k", ":1\n");
}

/* --- what else hangs on a change -------------------------------------------------------------- */

/* A transaction that watches k fails exactly if the request changes it. */
static const struct watch_row {
    const char *name, *request;
    bool fails;
} watch_rows[] = {
    { "watch: ZADD of what is there is no change", "ZADD k 1 a", false },
    { "watch: ZADD of another score is one", "ZADD k 2 a", true },
    { "watch: ZREM of nobody is none", "ZREM k nobody", false },
    { "watch: ZREM is one", "ZREM k a", true },
    { "watch: ZPOPMIN of none is none", "ZPOPMIN k 0", false },
    { "watch: ZPOPMIN is one", "ZPOPMIN k", true },
    { "watch: an empty range removed is none", "ZREMRANGEBYSCORE k 7 8", false },
    { "watch: a range removed is one", "ZREMRANGEBYRANK k 0 0", true },
    { "watch: an empty result over it is one", "ZUNIONSTORE k 1 {k}0", true },
    { "watch: itself stored over it is one", "ZRANGESTORE k k 0 -1", true },
    { "watch: reading is none", "ZRANGE k 0 -1", false },
};

static void watch_row(void **state)
{
    const struct watch_row *row = *state;
    struct desk *desk = desk_new(NULL);
    ask_all(desk, "ZADD k 1 a 2 b;WATCH k");
    desk_ask(desk, 1, row->request);
    desk_ask(desk, 0, "MULTI");
    desk_expect(desk, 0, "EXEC", row->fails ? "*-1\n" : "*0\n");
    desk_free(desk);
}

/* A value that a snapshot or a copied key shares is copied before it is changed. */
static void changes_leave_a_snapshot_as_it_was(void **state)
{
    struct desk *desk = *state;
    ask_all(desk, "ZADD k 1 a 2 b 3 c;COPY k {k}2");
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(desk->node->keys, 0);
    ask_all(desk, "ZADD k 9 a 4 d;ZREM k b;ZPOPMAX k;ZREMRANGEBYRANK k 0 0");
    desk_expect(desk, 0, "ZRANGE k 0 -1", "*1\n$1\nd\n");
    desk_expect(desk, 0, "ZRANGE {k}2 0 -1", "*3\n$1\na\n$1\nb\n$1\nc\n");
    ask_all(desk, "ZADD {k}2 7 x");
    rcs_keyspace_load(desk->node->keys, snapshot);
    desk_expect(desk, 0, "ZRANGE k 0 -1 WITHSCORES",
                "*6\n$1\na\n$1\n1\n$1\nb\n$1\n2\n$1\nc\n$1\n3\n");
    desk_expect(desk, 0, "ZRANGE {k}2 0 -1", "*3\n$1\na\n$1\nb\n$1\nc\n");
    rcs_snapshot_release(snapshot);
}

/* One for each member that came, went or got another score, one for a stored result (Redis 7.0
 * server.dirty). */
static void changes_are_counted(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *request;
        unsigned changes;
    } rows[] = {
        { "ZADD k 1 a 2 b 3 c", 3 },
        { "ZADD k 1 a 5 b 4 d", 2 },
        { "ZINCRBY k 1 a", 1 },
        { "ZREM k a b nobody", 2 },
        { "ZPOPMIN k 9", 2 },
        { "ZADD k 1 a 2 b 3 c", 3 },
        { "ZRANGESTORE {k}d k 0 1", 1 },
        { "ZUNIONSTORE {k}d 1 {k}0", 1 },
        { "ZUNIONSTORE {k}d 1 {k}0", 0 },
        { "ZREMRANGEBYSCORE k -inf +inf", 3 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t before = desk->node->dirty;
        desk_ask(desk, 0, rows[i].request);
        print_message("%s\n", rows[i].request);
        assert_int_equal(desk->node->dirty - before, rows[i].changes);
    }
}

/* ZSCAN over a skiplist returns each member that stays exactly once, in any number of calls. */
static void zscan_goes_on_where_it_was(void **state)
{
    struct desk *desk = *state;
    char request[64];
    unsigned seen[300] = { 0 };
    for (unsigned i = 0; i < 200; i++) {
        snprintf(request, sizeof(request), "ZADD k %u m%u", i % 7, i);
        desk_ask(desk, 0, request);
    }
    desk_expect(desk, 0, "OBJECT ENCODING k", "$8\nskiplist\n");
    unsigned long long cursor = 0;
    unsigned calls = 0;
    do {
        snprintf(request, sizeof(request), "ZSCAN k %llu COUNT 7", cursor);
        const char *reply = desk_ask(desk, 0, request);
        const char *at = strchr(reply + 5, '\n') + 1; /* behind "*2" and the cursor's length */
        cursor = strtoull(at, NULL, 10);
        while ((at = strstr(at, "\nm")) != NULL) {
            seen[strtoul(at + 2, NULL, 10)]++;
            at += 2;
        }
        if (calls++ == 3) { /* comes and goes meanwhile; and a snapshot makes the value be copied */
            struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(desk->node->keys, 0);
            desk_ask(desk, 0, "ZREM k m0 m50 m199");
            desk_ask(desk, 0, "ZADD k 1 m250 99 m100");
            rcs_snapshot_release(snapshot);
        }
    } while (cursor != 0);
    assert_int_equal(calls, 29); /* 198 by sevens: three had gone, one had come */
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(seen[i], i == 50 || i == 199 ? 0 : 1);
    }
    assert_int_equal(seen[250], 1);
}

/* --- random members --------------------------------------------------------------------------- */

static void assert_different(const char *reply, unsigned want)
{
    bool seen[200] = { false };
    unsigned count = 0;
    for (const char *at = reply; (at = strstr(at, "\nm")) != NULL; at += 2) {
        unsigned long i = strtoul(at + 2, NULL, 10);
        assert_true(i < 200);
        assert_false(seen[i]);
        seen[i] = true;
        count++;
    }
    assert_int_equal(count, want);
}

static void random_members_differ_and_come_all(void **state)
{
    struct desk *desk = *state;
    char request[64];
    for (unsigned size = 10; size <= 200; size *= 20) { /* a listpack, a skiplist */
        for (unsigned i = 0; i < size; i++) {
            snprintf(request, sizeof(request), "ZADD k %u m%u", i, i);
            desk_ask(desk, 0, request);
        }
        for (unsigned want = 2; want <= size; want += size / 5) {
            snprintf(request, sizeof(request), "ZRANDMEMBER k %u", want);
            assert_different(desk_ask(desk, 0, request), want);
        }
        bool seen[200] = { false };
        unsigned different = 0;
        for (unsigned i = 0; i < size * 20; i++) {
            const char *reply = desk_ask(desk, 0, "ZRANDMEMBER k");
            unsigned long at = strtoul(strchr(reply, 'm') + 1, NULL, 10);
            different += !seen[at];
            seen[at] = true;
        }
        assert_int_equal(different, size); /* (1 - 1/n)^(20 n) is 2e-9 for each */
    }
    desk_expect(desk, 0, "ZRANDMEMBER k -1048577",
                "-ERR rcsim makes no more than 1048576 picks at once\n");
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test_setup_teardown(changes_leave_a_snapshot_as_it_was, desk_setup,
                                        desk_teardown),
        cmocka_unit_test_setup_teardown(waiting_ends_with_a_nil_array, desk_setup, desk_teardown),
        cmocka_unit_test_setup_teardown(changes_are_counted, desk_setup, desk_teardown),
        cmocka_unit_test_setup_teardown(zscan_goes_on_where_it_was, desk_setup, desk_teardown),
        cmocka_unit_test_setup_teardown(random_members_differ_and_come_all, desk_setup,
                                        desk_teardown),
    };
    enum {
        OTHERS = sizeof(others) / sizeof(others[0]),
        STREAMS = sizeof(stream_rows) / sizeof(stream_rows[0]),
        WAITS = sizeof(wait_rows) / sizeof(wait_rows[0]),
        WATCHES = sizeof(watch_rows) / sizeof(watch_rows[0]),
    };
    static struct CMUnitTest tests[OTHERS + STREAMS + WAITS + WATCHES + CASES_MAX];
    static char names[STREAMS][128];
    size_t count = OTHERS;
    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < STREAMS; i++) {
        snprintf(names[i], sizeof(names[i]), "stream: %s, after %s", stream_rows[i].request,
                 stream_rows[i].before);
        tests[count++] = (struct CMUnitTest){ .name = names[i],
                                              .test_func = stream_row,
                                              .initial_state = (void *)&stream_rows[i] };
    }
    for (size_t i = 0; i < WAITS; i++) {
        tests[count++] = (struct CMUnitTest){ .name = wait_rows[i].name,
                                              .test_func = wait_row,
                                              .initial_state = (void *)&wait_rows[i] };
    }
    for (size_t i = 0; i < WATCHES; i++) {
        tests[count++] = (struct CMUnitTest){ .name = watch_rows[i].name,
                                              .test_func = watch_row,
                                              .initial_state = (void *)&watch_rows[i] };
    }
    char *text;
    struct resp_case *cases;
    count +=
        resp_cases_load("resp/commands_zset.txt", setup, &text, &cases, tests + count, CASES_MAX);
    int failed = _cmocka_run_group_tests("sorted sets", tests, count, NULL, NULL);
    free(text);
    free(cases);
    return failed;
}
