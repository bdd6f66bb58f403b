/* Served sessions: recorded, explained, and played again to the same bytes. */
#include "tests/support/served.h"
#include "tests/support/support.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <rcsim/explain.h>

static void collect_bytes(void *arg, const char *bytes, size_t size_bytes)
{
    rcs_buf_add(arg, bytes, size_bytes);
}

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
    uint32_t writer = served_connect(served, 2), listener = served_connect(served, heir),
             waiter = served_connect(served, 2);
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
    served_send(served, waiter, "BLPOP {x}list 0");
    answered(served, waiter, "");
    served_send(served, writer, "RPUSH {x}list a b");
    answered(served, writer, ":2\r\n");
    answered(served, waiter, "*2\r\n$7\r\n{x}list\r\n$1\r\na\r\n");
    served_send(served, waiter, "BLPOP {x}none 0.5");
    served_pass(served, RCS_S(1), slice);
    answered(served, waiter, "*-1\r\n");
    served_send(served, waiter, "BLPOP {x}none 0"); /* until its node is killed */
    served_send(served, writer, "WAIT 1 0");
    served_pass(served, RCS_S(2), slice);
    answered(served, writer, ":1\r\n");
    served_order(served, "kill a3");
    assert_string_equal(served->text, "");
    served_pass(served, 0, 0);
    assert_true(served->closed[writer] && served->closed[waiter]);
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

/* The same trace with a text replaced by one as long, and a sum that fits again. */
static struct rcs_buf forged(const struct rcs_buf *trace, const char *was, const char *is)
{
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_buf_add(&out, trace->data, trace->size_bytes);
    size_t size = strlen(was), at = 0;
    while (at + size <= out.size_bytes && memcmp(out.data + at, was, size) != 0) {
        at++;
    }
    assert_true(at + size <= out.size_bytes);
    assert_int_equal(strlen(is), size);
    memcpy(out.data + at, is, size);
    static const char tail[] = ",\"lines\":\"0123456789abcdef\"}\n";
    char sum[32];
    out.size_bytes -= sizeof(tail) - 1;
    snprintf(sum, sizeof(sum), "%016llx",
             (unsigned long long)XXH3_64bits(out.data, out.size_bytes));
    rcs_buf_format(&out, ",\"lines\":\"%s\"}\n", sum);
    return out;
}

/* True if the trace, played again, gives itself and its digest. */
static bool plays(const struct rcs_buf *trace)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf again, report;
    rcs_buf_init(&again);
    rcs_buf_init(&report);
    struct rcs_run_options options = { .trace = true, .write_trace = collect_bytes, .arg = &again };
    struct rcs_replay *replay =
        rcs_replay_new("t.trace", trace->data, trace->size_bytes, &options, &diag);
    if (replay == NULL) {
        fail_msg("%d: %s", diag.line, diag.text);
    }
    rcs_replay_play(replay);
    bool digest = rcs_sim_digest(rcs_replay_sim(replay)) == rcs_replay_recorded(replay);
    bool same = false;
    assert_int_equal(rcs_trace_diff("a", trace->data, trace->size_bytes, "b", again.data,
                                    again.size_bytes, &same, &report, &diag),
                     RCS_OK);
    rcs_replay_free(replay);
    rcs_buf_close(&again);
    rcs_buf_close(&report);
    return same && digest;
}

static void a_changed_byte_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *was, *is;
    } changes[] = {
        { "x\\u000d\\u000a$3\\u000d\\u000aone",
          "x\\u000d\\u000a$3\\u000d\\u000aonx" }, /* a value */
        { "\"order\":\"kill a3\"", "\"order\":\"kill a2\"" },
        { "\"order\":\"kill a3\"", "\"order\":\"kill z3\"" }, /* no such node: passed over */
        { "\"outside\":\"open\",\"conn\":2", "\"outside\":\"open\",\"conn\":7" },
        { "\"outside\":\"data\",\"conn\":2", "\"outside\":\"data\",\"conn\":6" },
        { "\"outside\":\"gone\",\"conn\":2", "\"outside\":\"gone\",\"conn\":6" },
        { "\"outside\":\"open\"", "\"outside\":\"shut\"" },
        { "\"node\":\"a3\",\"ip\"", "\"node\":\"z3\",\"ip\"" },
        { "\"serve\":\"127.0.0.1:7001\"", "\"serve\":\"127.0.0.1:8001\"" },
    };
    struct served served;
    struct rcs_diag diag;
    play_a_failover(&served, RCS_TRACE_MILESTONES, 0);
    served_end(&served);
    assert_true(plays(&served.trace));
    for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct rcs_buf edited = forged(&served.trace, changes[i].was, changes[i].is);
        if (plays(&edited)) {
            fail_msg("%s instead of %s is not found", changes[i].is, changes[i].was);
        }
        edited.data[edited.size_bytes - 5] ^= 1; /* without a sum that fits */
        assert_int_equal(rcs_trace_check("t", edited.data, edited.size_bytes, &diag),
                         RCS_ERR_SYNTAX);
        rcs_buf_close(&edited);
    }
    served_close(&served);
}

/* Whatever the length of the pieces in which time passes. */
static void pieces_of_time_do_not_matter(void **state)
{
    (void)state;
    static const rcs_us slices[] = { RCS_S(1), RCS_MS(7), 12345 };
    struct served first, other;
    play_a_failover(&first, RCS_TRACE_PACKETS, 0);
    served_pass(&first, RCS_S(60), 0);
    uint64_t digest = rcs_sim_digest(first.sim);
    for (unsigned i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
        play_a_failover(&other, RCS_TRACE_PACKETS, slices[i]);
        served_pass(&other, RCS_S(60), slices[i]);
        assert_true(rcs_sim_now(other.sim) == rcs_sim_now(first.sim));
        assert_true(rcs_sim_digest(other.sim) == digest);
        served_close(&other);
    }
    served_close(&first);
}

static void the_election_is_explained(void **state)
{
    (void)state;
    struct served served;
    struct rcs_explanation *explanation;
    struct rcs_statement statement;
    struct rcs_diag diag;
    play_a_failover(&served, RCS_TRACE_MILESTONES, 0);
    char heir[8];
    for (unsigned i = 3; i < 6; i++) {
        struct rcs_view view;
        rcs_sim_view(served.sim, (int)i, &view);
        if (!view.replica) {
            snprintf(heir, sizeof(heir), "a%u", i + 1);
        }
    }
    served_end(&served);
    assert_int_equal(rcs_explain(&explanation, "t", served.trace.data, served.trace.size_bytes,
                                 &(struct rcs_explain_options){ .node = heir }, &diag),
                     RCS_OK);
    assert_true(rcs_explanation_intact(explanation));
    bool master = false, votes = false, fault = false, missing = false;
    for (size_t i = 0; rcs_explanation_statement(explanation, i, &statement); i++) {
        master |= strstr(statement.text, "is master now, in place of a3") != NULL;
        votes |= strstr(statement.text, "votes") != NULL;
        fault |= strcmp(statement.text, "fault: kill a3") == 0;
        missing |= strcmp(statement.what, "missing") == 0;
    }
    assert_true(master && votes && fault);
    assert_false(missing);
    rcs_explanation_free(explanation);
    served_close(&served);
}

static void steps_are_held_and_played_again(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SERVED_SIX "step \"two\"\nkill a1\nstep \"three\"\nstart a1\n",
                (struct rcs_run_options){ .hold = true, .steps = 1 });
    served_pass(&served, RCS_S(30), RCS_S(1));
    assert_true(rcs_run_idle(served.run));
    assert_int_equal(rcs_sim_node_life(served.sim, 0), RCS_LIFE_UP);
    served_order(&served, "play 1");
    served_pass(&served, RCS_S(2), 0);
    assert_int_equal(rcs_sim_node_life(served.sim, 0), RCS_LIFE_DOWN);
    rcs_run_play(served.run, RCS_RUN_ALL_STEPS);
    served_pass(&served, RCS_S(2), 0);
    assert_int_equal(rcs_sim_node_life(served.sim, 0), RCS_LIFE_UP);
    served_end(&served);
    assert_true(has(&served.trace, "\"serve\":\"127.0.0.1:7001\",\"steps\":1"));
    assert_true(has(&served.trace, "\"order\":\"play 1\""));
    assert_true(has(&served.trace, "\"order\":\"play\""));
    served_replays(&served);
    served_close(&served);
}

/* Between two events of one instant, too. */
static void an_end_at_any_event_is_found_again(void **state)
{
    (void)state;
    for (unsigned stop = 1; stop < 400; stop += 57) {
        struct served served;
        served_open(&served, SERVED_SIX, (struct rcs_run_options){ .has_seed = false });
        served_pass(&served, RCS_S(9), 0);
        served_order(&served, "kill a1..a3");
        (void)rcs_run_until(served.run, RCS_S(100), stop);
        served_end(&served);
        served_replays(&served);
        served_close(&served);
    }
}

static void what_clients_said_may_be_left_out(void **state)
{
    (void)state;
    struct served served;
    struct rcs_diag diag = { .line = 0 };
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .trace_without_clients = true });
    served_pass(&served, RCS_S(9), 0);
    uint32_t number = served_connect(&served, 0);
    served_send(&served, number, "PING");
    served_end(&served);
    assert_false(has(&served.trace, "outside"));
    assert_int_equal(rcs_trace_check("t", served.trace.data, served.trace.size_bytes, &diag),
                     RCS_OK);
    assert_null(rcs_replay_new("t.trace", served.trace.data, served.trace.size_bytes,
                               &(struct rcs_run_options){ .has_seed = false }, &diag));
    assert_non_null(strstr(diag.text, "kept without what clients said"));
    served_close(&served);
}

/* A stopped process does not read, a host without power says nothing, and both are heard of later.
 */
static void silence_and_what_comes_after_it(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .trace_level = RCS_TRACE_PACKETS });
    served_pass(&served, RCS_S(20), 0);
    uint32_t at_paused = served_connect(&served, 0), at_off = served_connect(&served, 1);
    served_order(&served, "pause a1");
    served_order(&served, "poweroff a2");
    served_send(&served, at_paused, "PING");
    served_send(&served, at_off, "PING");
    served_pass(&served, RCS_MS(500), 0);
    answered(&served, at_paused, "");
    assert_true(rcs_outside_unread(served.sim, at_paused) > 0);
    assert_int_equal(rcs_outside_port(served.sim, 0), RCS_PORT_LISTENING);
    assert_int_equal(rcs_outside_port(served.sim, 1), RCS_PORT_SILENT);
    served_order(&served, "resume a1");
    served_pass(&served, RCS_MS(10), 0);
    answered(&served, at_paused, "+PONG\r\n");
    assert_int_equal(rcs_outside_unread(served.sim, at_paused), 0);
    assert_false(served.closed[at_off]);
    served_order(&served, "start a2"); /* its kernel knows nothing of that connection */
    served_pass(&served, RCS_MS(10), 0);
    answered(&served, at_off, "");
    assert_true(served.closed[at_off]);
    served_order(&served, "kill a2");
    assert_int_equal(rcs_outside_port(served.sim, 1), RCS_PORT_CLOSED);
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

/* What waited for a stopped process may end it, or be refused, when nobody waits any more. */
static void those_who_left_before_they_were_heard(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .trace_level = RCS_TRACE_PACKETS });
    served_pass(&served, RCS_S(20), 0);
    uint32_t known = served_connect(&served, 0);
    served_send(&served, known, "CONFIG SET maxclients 1");
    served_order(&served, "pause a1,a2");
    uint32_t refused = served_connect(&served, 0), killer = served_connect(&served, 1),
             other = served_connect(&served, 1);
    served_send(&served, refused, "PING");
    served_send(&served, killer, "SHUTDOWN NOSAVE NOW");
    rcs_outside_gone(served.sim, refused);
    rcs_outside_gone(served.sim, killer);
    rcs_outside_gone(served.sim, known);
    served_order(&served, "resume a1,a2");
    served_pass(&served, RCS_S(1), 0);
    assert_false(rcs_outside_known(served.sim, refused) || rcs_outside_known(served.sim, known));
    assert_false(rcs_outside_known(served.sim, killer) || rcs_outside_known(served.sim, other));
    assert_int_equal(rcs_outside_port(served.sim, 1), RCS_PORT_CLOSED);
    assert_true(served.closed[other]);
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

/* proto-max-bulk-len; the text is that of a 7.0.15 server. */
static void a_bulk_may_be_too_long(void **state)
{
    (void)state;
    static const char request[] = "*2\r\n$4\r\nECHO\r\n$1048577\r\n";
    struct served served;
    served_open(&served, "proto-max-bulk-len 1mb\n" SERVED_SIX,
                (struct rcs_run_options){ .trace_level = RCS_TRACE_PACKETS });
    served_pass(&served, RCS_S(1), 0);
    uint32_t client = served_connect(&served, 0);
    rcs_outside_data(served.sim, client, request, sizeof(request) - 1);
    served_pass(&served, 0, 0);
    answered(&served, client, "-ERR Protocol error: invalid bulk length\r\n");
    assert_true(served.closed[client]);
    served_close(&served);
}

/* Redis 7.0 checkClientOutputBufferLimits: what the owner of the socket could not write counts. */
static void slow_readers_are_cut_off(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, "client-output-buffer-limit \"pubsub 1000 0 0\"\n" SERVED_SIX,
                (struct rcs_run_options){ .trace_level = RCS_TRACE_PACKETS });
    served_pass(&served, RCS_S(20), 0);
    uint32_t slow = served_connect(&served, 0), plain = served_connect(&served, 0);
    served_send(&served, slow, "SUBSCRIBE news");
    rcs_outside_unwritten(served.sim, slow, 999);
    rcs_outside_unwritten(served.sim, plain, 1000000); /* no limit for its class */
    served_pass(&served, RCS_S(1), 0);
    assert_false(served.closed[slow]);
    rcs_outside_unwritten(served.sim, slow, 1000);
    served_pass(&served, RCS_S(1), 0);
    assert_true(served.closed[slow]);
    assert_false(served.closed[plain]);
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

/* Bytes, whatever they are; then what CLIENT LIST says of the client, which `other` asks. */
static void expect_fields(struct served *served, uint32_t number, const char *bytes, uint32_t other,
                          const char *want)
{
    rcs_outside_data(served->sim, number, bytes, strlen(bytes));
    served_pass(served, 0, 0);
    served_send(served, other, "CLIENT LIST TYPE normal");
    if (strstr((const char *)served->got[other].data, want) == NULL) {
        fail_msg("no \"%s\" in:\n%s", want, (const char *)served->got[other].data);
    }
}

/* Recorded at a redis-server 7.0.15: qbuf is what stands behind the last complete argument, and
 * those that are complete count as argv-mem; of the client that asks, qbuf is its request. */
static void what_was_read_in_part_is_shown(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .seed = 1 });
    served_pass(&served, RCS_S(20), 0);
    uint32_t plain = served_connect(&served, 0), half = served_connect(&served, 0);
    uint32_t line = served_connect(&served, 0), waits = served_connect(&served, 0);
    expect_fields(&served, half, "*3\r\n", plain, " multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 ");
    expect_fields(&served, half, "$3\r\nSET\r\n$20\r\n1234567890", plain,
                  " qbuf=10 qbuf-free=0 argv-mem=3 ");
    expect_fields(&served, half, "1234567890", plain, " qbuf=20 qbuf-free=0 argv-mem=3 ");
    expect_fields(&served, line, "GET {a}", plain, " qbuf=7 qbuf-free=0 argv-mem=0 ");
    expect_fields(&served, waits, "*3\r\n$4\r\nWAIT\r\n$1\r\n9\r\n$1\r\n0\r\n*1\r\n$4\r\nPING\r\n",
                  plain,
                  " flags=b db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=14 qbuf-free=0 argv-mem=6 ");
    expect_fields(&served, plain, "", plain, " qbuf=48 qbuf-free=0 argv-mem=20 ");
    served_send(&served, plain, "CLIENT INFO");
    assert_non_null(
        strstr((const char *)served.got[plain].data, " qbuf=26 qbuf-free=0 argv-mem=10 "));
    rcs_outside_unwritten(served.sim, half, 5000);
    expect_fields(&served, half, "", plain, " obl=0 oll=1 omem=5000 tot-mem=27403 events=rw ");
    served_end(&served);
    served_close(&served);
}

/* A scenario that cannot go on while clients are served takes nobody's nodes away. */
static void a_script_that_fails_breaks_off(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SERVED_SIX "step \"again\"\nkill a1\nstep \"on\"\nkill a2\n",
                (struct rcs_run_options){ .hold = true, .steps = 1 });
    served_pass(&served, RCS_S(20), 0);
    served_order(&served, "kill a1");
    served_order(&served, "play");
    served_pass(&served, RCS_S(1), 0);
    assert_int_equal(rcs_run_failures(served.run), 1);
    assert_int_equal(rcs_run_error(served.run, NULL), RCS_OK);
    assert_true(rcs_run_idle(served.run));
    uint32_t client = served_connect(&served, 1);
    served_send(&served, client, "PING");
    answered(&served, client, "+PONG\r\n");
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_and_what_comes_after_it),
        cmocka_unit_test(those_who_left_before_they_were_heard),
        cmocka_unit_test(a_bulk_may_be_too_long),
        cmocka_unit_test(slow_readers_are_cut_off),
        cmocka_unit_test(what_was_read_in_part_is_shown),
        cmocka_unit_test(a_script_that_fails_breaks_off),
        cmocka_unit_test(a_served_failover_is_played_again),
        cmocka_unit_test(a_changed_byte_is_found),
        cmocka_unit_test(pieces_of_time_do_not_matter),
        cmocka_unit_test(the_election_is_explained),
        cmocka_unit_test(steps_are_held_and_played_again),
        cmocka_unit_test(an_end_at_any_event_is_found_again),
        cmocka_unit_test(what_clients_said_may_be_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
