/* Served sessions: recorded, explained, and played again to the same bytes. */
#include "tests/support/served.h"
#include "tests/support/support.h"

#include <rcsim/explain.h>

static bool has(const struct rcs_buf *buf, const char *text)
{
    size_t size = strlen(text);
    for (size_t at = 0; at + size <= buf->size_bytes; at++) {
        if (memcmp(buf->data + at, text, size) == 0) {
            return true;
        }
    }
    return false;
}

static void answered(const struct served *served, uint32_t number, const char *text)
{
    const struct rcs_buf *got = &served->got[number];
    if (got->size_bytes != strlen(text) || memcmp(got->data, text, got->size_bytes) != 0) {
        fail_msg("%.*s and not %s", (int)got->size_bytes, got->data, text);
    }
}

static int replica_of(const struct served *served, int master)
{
    for (unsigned i = 0; i < rcs_sim_node_count(served->sim); i++) {
        struct rcs_view view;
        rcs_sim_view(served->sim, (int)i, &view);
        if (view.running && view.replica && view.master == master) {
            return (int)i;
        }
    }
    fail_msg("nobody replicates it");
    return -1;
}

/* A cluster with clients loses a master on order: an election, and writes after it. {x} lies at
 * a3 (slot 16287). */
static void play_a_failover(struct served *served, enum rcs_trace_level level, rcs_us slice)
{
    served_open(served, SERVED_SIX, (struct rcs_run_options){ .trace_level = level });
    served_pass(served, RCS_S(20), slice);
    assert_true(rcs_run_idle(served->run));
    int heir = replica_of(served, 2);
    uint32_t writer = served_connect(served, 2), listener = served_connect(served, heir);
    char order[64];
    snprintf(order, sizeof(order), "until role master on a%d within 20s", heir + 1);
    served_send(served, writer, "SET x one");
    answered(served, writer, "+OK\r\n");
    served_send(served, writer, "MULTI");
    served_send(served, writer, "INCR {x}n");
    served_send(served, writer, "SET {x}bytes \xff\x01\"\\");
    served_send(served, writer, "EXEC");
    answered(served, writer, "*2\r\n:1\r\n+OK\r\n");
    served_send(served, listener, "SUBSCRIBE news");
    served_send(served, writer, "WAIT 1 0");
    served_pass(served, RCS_S(2), slice);
    answered(served, writer, ":1\r\n");
    served_order(served, "kill a3");
    assert_string_equal(served->text, "");
    served_pass(served, 0, 0);
    assert_true(served->closed[writer]);
    served_order(served, order);
    served_order(served, "until state ok on a1,a2,a4..a6 within 20s");
    uint32_t late = served_connect(served, heir);
    served_send(served, late, "GET x");
    answered(served, late, "$3\r\none\r\n");
    served_send(served, late, "SET x two");
    answered(served, late, "+OK\r\n");
    served_send(served, late, "PUBLISH news hello");
    served_pass(served, RCS_S(1), slice);
    assert_true(has(&served->got[listener], "$5\r\nhello\r\n"));
    rcs_outside_gone(served->sim, listener);
    served_order(served, "start a3");
    served_pass(served, RCS_S(5), slice);
    served_order(served, "expect role replica on a3");
}

static void a_served_failover_is_played_again(void **state)
{
    (void)state;
    static const enum rcs_trace_level levels[] = { RCS_TRACE_MILESTONES, RCS_TRACE_PACKETS };
    for (unsigned i = 0; i < 2; i++) {
        struct served served;
        play_a_failover(&served, levels[i], 0);
        served_end(&served);
        assert_true(has(&served.trace, "\"serve\":\"127.0.0.1:7001\",\"scenario\""));
        assert_true(has(&served.trace, "\"order\":\"kill a3\"}"));
        assert_false(has(&served.trace, "\"order\":\"until"));
        assert_false(has(&served.trace, "\"order\":\"expect"));
        assert_true(has(&served.trace, "\"what\":\"election-won\""));
        served_replays(&served);
        served_close(&served);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_served_failover_is_played_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
