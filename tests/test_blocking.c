/* Clients that wait for keys: recorded replies byte for byte (resp/commands_blocking.txt), what is
 * replicated, and all the ways in which waiting ends. */
#include "sim/cluster/parts.h"
#include "tests/support/resp_cases.h"

#define CASES_MAX 100

/* --- the stream, and the changes counted ------------------------------------------------------ */

/* Recorded from a real server (INFO's rdb_changes_since_last_save): what BLPOP, BRPOP and BLMOVE
 * take when they have waited is not counted. PXAT 1: the key has expired, but nobody has looked
 * yet. */
static const struct row {
    const char *before, *waiting; /* requests, separated by ; the latter each of another client */
    const char *request;
    unsigned changes;
    const char *stream;
} rows[] = {
    /* clang-format off */
    { "", "BLPOP k 0", "RPUSH k 1 2", 2, "RPUSH k 1 2\nLPOP k\n" },
    { "", "BRPOP k 0", "LPUSH k 1", 1, "LPUSH k 1\nRPOP k\n" },
    { "", "BLPOP k 0;BRPOP k 0", "RPUSH k 1 2 3", 3, "RPUSH k 1 2 3\nLPOP k\nRPOP k\n" },
    { "", "BLMPOP 0 1 k LEFT COUNT 2", "RPUSH k 1 2 3", 5, "RPUSH k 1 2 3\nLPOP k 2\n" },
    { "", "BLMPOP 0 1 k RIGHT COUNT 9", "RPUSH k 1 2 3", 6, "RPUSH k 1 2 3\nRPOP k 3\n" },
    { "", "BLMOVE {k}1 {k}2 RIGHT left 0", "RPUSH {k}1 1", 1, "RPUSH {k}1 1\nLMOVE {k}1 {k}2 right left\n" },
    { "", "BLMOVE {k}1 {k}1 LEFT RIGHT 0", "RPUSH {k}1 1 2", 2, "RPUSH {k}1 1 2\nLMOVE {k}1 {k}1 left right\n" },
    { "", "BRPOPLPUSH {k}1 {k}2 0", "RPUSH {k}1 1", 1, "RPUSH {k}1 1\nRPOPLPUSH {k}1 {k}2\n" },
    { "", "BLMOVE {k}1 {k}2 LEFT LEFT 0;BLPOP {k}2 0", "RPUSH {k}1 1", 1, "RPUSH {k}1 1\nLMOVE {k}1 {k}2 left left\nLPOP {k}2\n" },
    { "SET {k}2 x", "BLMOVE {k}1 {k}2 LEFT LEFT 0", "RPUSH {k}1 1", 1, "RPUSH {k}1 1\n" },
    { "SET {k}2 x PXAT 1", "BLMOVE {k}1 {k}2 LEFT LEFT 0", "RPUSH {k}1 1", 1, "RPUSH {k}1 1\nMULTI\nDEL {k}2\nLMOVE {k}1 {k}2 left left\nEXEC\n" },
    { "MULTI;RPUSH {k}1 1;RPUSH {k}2 2", "BLPOP {k}2 {k}1 0;BLPOP {k}2 0", "EXEC", 2, "MULTI\nRPUSH {k}1 1\nRPUSH {k}2 2\nEXEC\nLPOP {k}1\nLPOP {k}2\n" },
    { "RPUSH {k}1 1 2", "BLPOP {k}2 0", "RENAME {k}1 {k}2", 1, "RENAME {k}1 {k}2\nLPOP {k}2\n" },
    { "RPUSH {k}1 1 2", "BLPOP {k}2 0", "COPY {k}1 {k}2", 1, "COPY {k}1 {k}2\nLPOP {k}2\n" },
    { "MULTI;RPUSH k 1;PEXPIREAT k 1", "BLPOP k 0", "EXEC", 2, "MULTI\nRPUSH k 1\nDEL k\nEXEC\n" },
    { "MULTI;RPUSH k 1;DEL k", "BLPOP k 0", "EXEC", 2, "MULTI\nRPUSH k 1\nDEL k\nEXEC\n" },
    { "", "BLPOP k 0", "SET k 1", 1, "SET k 1\n" },
    /* clang-format on */
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void stream_row(void **state)
{
    const struct row *row = *state;
    struct desk *desk = desk_new(NULL);
    struct rcs_buf got;
    char text[160];
    unsigned client = 10;
    desk_attach_replica(desk, 5);
    snprintf(text, sizeof(text), "SET first 1;%s", row->before); /* takes SELECT with it */
    for (char *request = strtok(text, ";"); request != NULL; request = strtok(NULL, ";")) {
        desk_ask(desk, 0, request);
    }
    snprintf(text, sizeof(text), "%s", row->waiting);
    for (char *request = strtok(text, ";"); request != NULL; request = strtok(NULL, ";")) {
        desk_ask(desk, client++, request);
    }
    desk_receive(desk, 5, NULL);
    uint64_t changes = desk->node->dirty;
    desk_ask(desk, 0, row->request);
    rcs_buf_init(&got);
    desk_stream(desk, 5, &got);
    assert_string_equal(got.data, row->stream);
    assert_int_equal(desk->node->dirty - changes, row->changes);
    rcs_buf_close(&got);
    desk_free(desk);
}

/* --- time ------------------------------------------------------------------------------------- */

static const char time_is_over[] = "*-1\r\n";

/* No timer belongs to it: the first turn whose millisecond is behind the time answers, a tick or
 * whatever else comes (7.0.15, idle: BLPOP k 0.03 was answered after 100 ms). */
static void time_is_looked_at_once_a_turn(void **state)
{
    struct desk *desk = *state;
    desk_run(desk, 1000);
    rcs_us tick_us = rcs_node_deadline(desk->node);
    desk_run(desk, (tick_us - desk->now_us) / 1000 + 1); /* just behind a tick */
    desk_expect(desk, 0, "BLPOP k 0.03", "");
    tick_us = rcs_node_deadline(desk->node);
    assert_true(tick_us > desk->now_us + RCS_MS(90));
    desk_run(desk, 90);
    assert_string_equal(desk_receive(desk, 0, NULL), "");
    desk_run(desk, 15);
    assert_string_equal(desk_receive(desk, 0, NULL), time_is_over);
}

static void the_millisecond_of_the_time_still_waits(void **state)
{
    struct desk *desk = *state;
    desk->now_us += 1000 - desk->now_us % 1000;
    desk_expect(desk, 0, "BLPOP k 0.02", "");
    desk->now_us += RCS_MS(20);
    desk_expect(desk, 1, "PING", "+PONG\n");
    assert_string_equal(desk_receive(desk, 0, NULL), "");
    desk->now_us += RCS_MS(1);
    desk_expect(desk, 1, "PING", "+PONG\n");
    assert_string_equal(desk_receive(desk, 0, NULL), time_is_over);
    assert_int_equal(desk->node->clients.blocked, 0);
    assert_int_equal(desk->node->clients.awaited.count, 0);
}

static void times_end_in_any_order(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "BLPOP k 0.9", "");
    desk_expect(desk, 1, "BLPOP k 0.3", "");
    desk_expect(desk, 2, "BLPOP k 0", "");
    desk_expect(desk, 3, "BLPOP k 0.6", "");
    static const char *const want[][4] = { { "", time_is_over, "", "" },
                                           { "", "", "", time_is_over },
                                           { time_is_over, "", "", "" } };
    for (unsigned i = 0; i < 3; i++) {
        desk_run(desk, i == 0 ? 410 : 300);
        for (unsigned client = 0; client < 4; client++) {
            assert_string_equal(desk_receive(desk, client, NULL), want[i][client]);
        }
    }
    assert_int_equal(desk->node->clients.next_timeout_ms, 0);
    desk_expect(desk, 0, "RPUSH k 1", ":1\n");
    assert_string_equal(desk_receive(desk, 2, NULL), "*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
}

/* Halves and parts of a millisecond; before 6.0 whole seconds. */
static void seconds_are_rounded_up_to_milliseconds(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* the last one is a product of long doubles */
    } times[] = { { "0.0001", 1 }, { "0.253", 253 },  { "0.501", 501 },         { "1", 1000 },
                  { "1.5", 1500 }, { "0x1p-1", 500 }, { "2.0000001", 2001 },    { "1e3", 1000000 },
                  { "0", 0 },      { "-0.0009", 0 },  { "9223372036854775", 0 } };
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]) - !has_long_double(); i++) {
        char words[64];
        snprintf(words, sizeof(words), "BLPOP k %s", times[i].text);
        desk_expect(desk, 0, words, "");
        int64_t wall_ms = rcs_node_wall_ms(desk->node);
        int64_t want_ms = times[i].ms == 0 ? 0 : wall_ms + times[i].ms;
        assert_int_equal(desk->node->clients.next_timeout_ms, want_ms);
        desk_leave(desk, 0);
        desk->node->clients.next_timeout_ms = 0;
    }
}

/* --- other releases --------------------------------------------------------------------------- */

static struct desk *desk_of(const char *release)
{
    struct desk *desk = desk_new(NULL); /* its slots were given in the words of 7.0 */
    desk->node->config.profile = rcs_profile_find(release);
    return desk;
}

static void before_7_0_parts_of_a_millisecond_are_cut_off(void **state)
{
    (void)state;
    struct desk *desk = desk_of("6.2");
    desk_expect(desk, 0, "BLPOP k 2.0019", "");
    assert_int_equal(desk->node->clients.next_timeout_ms, rcs_node_wall_ms(desk->node) + 2001);
    desk_expect(desk, 1, "BLPOP k 0.0009", "");
    desk_run(desk, 1000);
    assert_string_equal(desk_receive(desk, 1, NULL), ""); /* for ever */
    desk_free(desk);
}

/* Redis 5.0 serveClientBlockedOnList. */
static void until_5_0_brpoplpush_is_replicated_in_two(void **state)
{
    static const char *const releases[] = { "5.0", "6.0" };
    static const char *const want[] = { "RPUSH {k}1 1\nRPOP {k}1\nLPUSH {k}2 1\n",
                                        "RPUSH {k}1 1\nRPOPLPUSH {k}1 {k}2\n" };
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct desk *desk = desk_of(releases[i]);
        struct rcs_buf got;
        desk_attach_replica(desk, 5);
        desk_ask(desk, 0, "SET first 1");
        desk_receive(desk, 5, NULL);
        desk_expect(desk, 1, "BRPOPLPUSH {k}1 {k}2 0", "");
        desk_expect(desk, 0, "RPUSH {k}1 1", ":1\n");
        rcs_buf_init(&got);
        desk_stream(desk, 5, &got);
        assert_string_equal(got.data, want[i]);
        rcs_buf_close(&got);
        desk_free(desk);
    }
}

/* --- other ends of waiting -------------------------------------------------------------------- */

static void own(struct desk *desk, rcs_id owner, unsigned slot)
{
    struct rcs_slot_words words = { { 0 } };
    rcs_slot_words_add(&words, slot);
    rcs_slots_assign(&desk->node->cluster, &words, owner);
}

static void a_slot_that_left_sends_its_clients_after_it(void **state)
{
    struct desk *desk = *state;
    rcs_id other = desk_add_master(desk, 'b', 40620);
    desk_expect(desk, 0, "BLPOP bar 0", "");
    desk_expect(desk, 0, "PING", "");
    desk_expect(desk, 1, "BLPOP foo 0", "");
    desk_ask(desk, 2, "CLUSTER SETSLOT 5061 MIGRATING bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    desk_run(desk, 210);
    assert_string_equal(desk_receive(desk, 0, NULL), "");
    own(desk, other, 5061);
    desk_expect(desk, 2, "PING", "+PONG\n");
    assert_string_equal(desk_receive(desk, 0, NULL), ""); /* the cron sees it */
    desk_run(desk, 110);
    assert_string_equal(desk_receive(desk, 0, NULL), "-MOVED 5061 127.0.0.1:40620\r\n+PONG\r\n");
    assert_string_equal(desk_receive(desk, 1, NULL), "");
}

static void a_slot_that_is_imported_or_nobodys(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 2, "CONFIG SET cluster-require-full-coverage no");
    rcs_id other = desk_add_master(desk, 'b', 40620);
    own(desk, other, 5061);
    desk_ask(desk, 2, "CLUSTER SETSLOT 5061 IMPORTING bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    desk_ask(desk, 0, "ASKING");
    desk_expect(desk, 0, "BLPOP bar 0", "");
    desk_expect(desk, 1, "BLPOP foo 0", "");
    desk_ask(desk, 2, "CLUSTER DELSLOTS 12182");
    desk_run(desk, 110);
    assert_string_equal(desk_receive(desk, 0, NULL), "");
    assert_string_equal(desk_receive(desk, 1, NULL), "-CLUSTERDOWN Hash slot not served\r\n");
}

static void a_cluster_that_is_down(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "BLPOP bar 0", "");
    desk_expect(desk, 1, "WAIT 1 0", "");
    desk_ask(desk, 2, "CLUSTER DELSLOTS 1");
    desk_run(desk, 210);
    assert_string_equal(desk_receive(desk, 0, NULL), "-CLUSTERDOWN The cluster is down\r\n");
    assert_string_equal(desk_receive(desk, 1, NULL), "");
}

/* Some at each tick: with sixty clients six, with few of them five (Redis 7.0 clientsCron). */
static void the_cron_looks_at_everybody_within_a_second(void **state)
{
    struct desk *desk = *state;
    for (unsigned i = 0; i < 60; i++) {
        desk_expect(desk, i, "BLPOP bar 0", "");
    }
    own(desk, desk_add_master(desk, 'b', 40620), 5061);
    unsigned sent = 0, ticks = 0;
    while (sent < 60) {
        unsigned before = sent;
        desk->now_us = rcs_node_deadline(desk->node);
        desk_run(desk, 0);
        for (unsigned i = 0; i < 60; i++) {
            sent += desk_receive(desk, i, NULL)[0] == '-';
        }
        assert_int_equal(sent - before, 6);
        ticks++;
    }
    assert_int_equal(ticks, 10);
}

static void a_new_replica_cuts_them(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "BLPOP k 0", "");
    rcs_clients_role_changed(desk->node);
    desk_expect(desk, 1, "PING", "+PONG\n");
    assert_string_equal(desk_receive(desk, 0, NULL),
                        "-UNBLOCKED force unblock from blocking operation, instance state changed "
                        "(master -> replica?)\r\n");
    assert_true(desk->clients[0].closed);
    assert_int_equal(desk->node->clients.awaited.count, 0);
}

static void unblock_answers_for_them(void **state)
{
    struct desk *desk = *state;
    char words[64];
    desk_expect(desk, 0, "BLMOVE k k LEFT LEFT 0", "");
    snprintf(words, sizeof(words), "CLIENT UNBLOCK %u", (unsigned)desk->node->clients.list[0]->id);
    desk_expect(desk, 1, words, ":1\n");
    assert_string_equal(desk_receive(desk, 0, NULL), time_is_over);
    desk_expect(desk, 0, "BLPOP k 0", "");
    strcat(words, " ERROR");
    desk_expect(desk, 1, words, ":1\n");
    assert_string_equal(desk_receive(desk, 0, NULL),
                        "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    desk_expect(desk, 0, "RPUSH k 1", ":1\n");
    desk_expect(desk, 0, "LLEN k", ":1\n");
}

static void they_are_told_and_counted(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "BLPOP k 0", "");
    desk_expect(desk, 1, "WAIT 1 0", "");
    const char *list = desk_ask(desk, 2, "CLIENT LIST");
    assert_non_null(strstr(list, " flags=b "));
    assert_non_null(strstr(list, " cmd=blpop "));
    assert_non_null(strstr(desk_ask(desk, 2, "INFO clients"), "\r\nblocked_clients:2\r\n"));
    desk_ask(desk, 2, "RPUSH k 1");
    assert_non_null(strstr(desk_ask(desk, 2, "INFO clients"), "\r\nblocked_clients:1\r\n"));
}

/* In the middle of those who wait for a key, one of several; the last, with the key ready. */
static void gone_while_waiting(void **state)
{
    struct desk *desk = *state;
    for (unsigned i = 0; i < 4; i++) {
        desk_expect(desk, i, "BLPOP {k}1 {k}2 {k}1 0", "");
    }
    desk_leave(desk, 1);
    desk_expect(desk, 8, "RPUSH {k}1 a", ":1\n");
    assert_string_equal(desk_receive(desk, 0, NULL), "*2\r\n$4\r\n{k}1\r\n$1\r\na\r\n");
    desk_expect(desk, 8, "RPUSH {k}2 b", ":1\n");
    assert_string_equal(desk_receive(desk, 2, NULL), "*2\r\n$4\r\n{k}2\r\n$1\r\nb\r\n");
    desk_expect(desk, 8, "MULTI", "+OK\n");
    desk_expect(desk, 8, "RPUSH {k}2 c", "+QUEUED\n");
    desk_expect(desk, 8, "CLIENT KILL 127.0.0.1:50003", "+QUEUED\n");
    desk_expect(desk, 8, "EXEC", "*2\n:1\n+OK\n");
    assert_true(desk->clients[3].closed);
    assert_int_equal(desk->node->clients.awaited.count, 0);
    desk_expect(desk, 8, "LLEN {k}2", ":1\n");
}

/* The stream never holds one, but whoever writes one into it gets no waiting applier. */
static void the_masters_stream_does_not_wait(void **state)
{
    struct desk *desk = *state;
    struct rcs_arg words[] = { { "BLPOP", 5 }, { "k", 1 }, { "0", 1 } };
    struct rcs_request *request = rcs_request_new(desk->store, 3, words);
    desk->node->out = &desk->effects;
    rcs_command_apply(desk->node, request);
    desk->node->out = NULL;
    rcs_request_release(desk->store, request);
    assert_int_equal(desk->node->clients.blocked, 0);
}

int main(void)
{
#define AT_DESK(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static struct CMUnitTest tests[CASES_MAX] = {
        AT_DESK(time_is_looked_at_once_a_turn),
        AT_DESK(the_millisecond_of_the_time_still_waits),
        AT_DESK(times_end_in_any_order),
        AT_DESK(seconds_are_rounded_up_to_milliseconds),
        cmocka_unit_test(before_7_0_parts_of_a_millisecond_are_cut_off),
        cmocka_unit_test(until_5_0_brpoplpush_is_replicated_in_two),
        AT_DESK(a_slot_that_left_sends_its_clients_after_it),
        AT_DESK(a_slot_that_is_imported_or_nobodys),
        AT_DESK(a_cluster_that_is_down),
        AT_DESK(the_cron_looks_at_everybody_within_a_second),
        AT_DESK(a_new_replica_cuts_them),
        AT_DESK(unblock_answers_for_them),
        AT_DESK(they_are_told_and_counted),
        AT_DESK(gone_while_waiting),
        AT_DESK(the_masters_stream_does_not_wait),
    };
    static char names[ROWS][160];
    size_t count = 15;
    char *text;
    struct resp_case *cases;
    for (size_t i = 0; i < ROWS; i++) {
        snprintf(names[i], sizeof(names[i]), "%s%s%s, then %s", rows[i].before,
                 rows[i].before[0] != '\0' ? "; " : "", rows[i].waiting, rows[i].request);
        tests[count++] = (struct CMUnitTest){ .name = names[i],
                                              .test_func = stream_row,
                                              .initial_state = (void *)&rows[i] };
    }
    count += resp_cases_load("resp/commands_blocking.txt", NULL, &text, &cases, tests + count,
                             CASES_MAX - count);
    int failed = _cmocka_run_group_tests("blocking", tests, count, NULL, NULL);
    free(text);
    free(cases);
    return failed;
}
