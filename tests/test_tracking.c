/* Client tracking where ids matter, or the table's limit: what recordings cannot say. */
#include "sim/node/tracking.h"
#include "tests/support/node_harness.h"

/* Opens a client; its id as text, borrowed until the next call. */
static const char *id_of(struct desk *desk, unsigned client)
{
    static char id[32];
    snprintf(id, sizeof(id), "%s", desk_ask(desk, client, "CLIENT ID") + 1);
    id[strcspn(id, "\r")] = '\0';
    return id;
}

static void expect_received(struct desk *desk, unsigned client, const char *want)
{
    assert_string_equal(desk_receive(desk, client, NULL), want);
}

static void track_to(struct desk *desk, unsigned client, unsigned to)
{
    char words[64];
    snprintf(words, sizeof(words), "CLIENT TRACKING on REDIRECT %s", id_of(desk, to));
    desk_expect(desk, client, words, "+OK\n");
}

static void a_redirection_reaches_a_subscriber_of_resp2(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "SUBSCRIBE __redis__:invalidate");
    desk_ask(desk, 1, "UNSUBSCRIBE");
    track_to(desk, 0, 1);
    desk_ask(desk, 1, "SUBSCRIBE __redis__:invalidate");
    desk_ask(desk, 0, "GET k");
    desk_expect(desk, 0, "SET k 1", "+OK\n");
    expect_received(desk, 1,
                    "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n");
    desk_ask(desk, 0, "FLUSHALL");
    expect_received(desk, 1, "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n");
}

static void a_redirection_that_does_not_listen_hears_nothing(void **state)
{
    struct desk *desk = *state;
    track_to(desk, 0, 1);
    desk_ask(desk, 0, "GET k");
    desk_ask(desk, 2, "SET k 1");
    expect_received(desk, 1, "");
    desk_ask(desk, 1, "HELLO 3");
    desk_ask(desk, 0, "GET k");
    desk_ask(desk, 2, "SET k 1");
    expect_received(desk, 1, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
}

static void a_redirection_may_break(void **state)
{
    struct desk *desk = *state;
    char id[32], want[96];
    snprintf(id, sizeof(id), "%s", id_of(desk, 1));
    desk_ask(desk, 0, "HELLO 3");
    track_to(desk, 0, 1);
    desk_ask(desk, 0, "GET k");
    desk_leave(desk, 1);
    desk_ask(desk, 2, "SET k 1");
    snprintf(want, sizeof(want), ">2\r\n$21\r\ntracking-redir-broken\r\n:%s\r\n", id);
    expect_received(desk, 0, want);
    assert_non_null(strstr(desk_ask(desk, 0, "CLIENT TRACKINGINFO"), "broken_redirect"));
    assert_non_null(strstr(desk_ask(desk, 0, "CLIENT INFO"), " flags=tR "));
    snprintf(want, sizeof(want), "redir=%s ", id);
    assert_non_null(strstr(desk_ask(desk, 0, "CLIENT INFO"), want));
}

static void no_more_keys_than_the_limit(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "HELLO 3");
    desk_ask(desk, 0, "CLIENT TRACKING on");
    desk_ask(desk, 0, "CONFIG SET tracking-table-max-keys 2");
    desk_ask(desk, 0, "GET {t}1");
    desk_ask(desk, 0, "GET {t}2");
    assert_string_equal(desk_ask(desk, 0, "GET {t}3"),
                        "_\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$4\r\n{t}1\r\n");
    assert_int_equal(rcs_tracking_keys(desk->node), 2);
}

/* Redis 7.0 CLIENT_PUSHING: 7.0.15 sends it whatever CLIENT REPLY says, after what was answered. */
static void invalidations_come_though_replies_are_off(void **state)
{
    static const char told[] = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
    struct desk *desk = *state;
    desk_ask(desk, 0, "HELLO 3");
    desk_ask(desk, 0, "CLIENT TRACKING on");
    assert_string_equal(desk_ask(desk, 0, "CLIENT REPLY OFF"), "");
    assert_string_equal(desk_ask(desk, 0, "GET k"), "");
    desk_ask(desk, 1, "SET k 1");
    expect_received(desk, 0, told);
    assert_string_equal(desk_ask(desk, 0, "GET k"), "");
    assert_string_equal(desk_ask(desk, 0, "SET k 2"), told);
}

/* What was tracked for a client that has gone costs nothing more than the key's next change. */
static void the_gone_are_forgotten(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CLIENT TRACKING on");
    desk_ask(desk, 0, "GET k");
    desk_ask(desk, 1, "CLIENT TRACKING on BCAST PREFIX k");
    assert_int_equal(rcs_tracking_clients(desk->node), 2);
    assert_int_equal(rcs_tracking_prefixes(desk->node), 1);
    desk_leave(desk, 0);
    desk_leave(desk, 1);
    assert_int_equal(rcs_tracking_clients(desk->node), 0);
    assert_int_equal(rcs_tracking_prefixes(desk->node), 0);
    desk_ask(desk, 2, "SET k 1");
    assert_int_equal(rcs_tracking_keys(desk->node), 0);
    assert_int_equal(rcs_tracking_items(desk->node), 0);
}

static void many_keys_are_found_again(void **state)
{
    struct desk *desk = *state;
    char words[64], want[64];
    desk_ask(desk, 0, "HELLO 3");
    desk_ask(desk, 0, "CLIENT TRACKING on");
    for (int i = 0; i < 500; i++) {
        snprintf(words, sizeof(words), "GET key:%d", i);
        desk_ask(desk, 0, words);
    }
    assert_int_equal(rcs_tracking_keys(desk->node), 500);
    for (int i = 0; i < 500; i++) {
        snprintf(words, sizeof(words), "SET key:%03d 1", i);
        desk_ask(desk, 1, words);
        snprintf(words, sizeof(words), "SET key:%d 1", i);
        desk_ask(desk, 1, words);
        snprintf(want, sizeof(want), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$%d\r\nkey:%d\r\n",
                 i < 10    ? 5
                 : i < 100 ? 6
                           : 7,
                 i);
        expect_received(desk, 0, want);
    }
    assert_int_equal(rcs_tracking_keys(desk->node), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static const struct CMUnitTest tests[] = {
        TEST(a_redirection_reaches_a_subscriber_of_resp2),
        TEST(a_redirection_that_does_not_listen_hears_nothing),
        TEST(a_redirection_may_break),
        TEST(no_more_keys_than_the_limit),
        TEST(invalidations_come_though_replies_are_off),
        TEST(the_gone_are_forgotten),
        TEST(many_keys_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
