/* Connections: what holds requests back, what lets them go, and how connections end. */
#include "tests/support/node_harness.h"

/* --- pauses ----------------------------------------------------------------------------------- */

static void pause_of_writes_lets_reads_pass(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 1, "CLIENT PAUSE 600 WRITE", "+OK\n");
    desk_expect(desk, 0, "GET a", "$-1\n");
    desk_expect(desk, 0, "SET a 1", "");
    desk_expect(desk, 0, "GET a", ""); /* behind the SET of the same connection */
    desk_expect(desk, 1, "GET a", "$-1\n");
    desk_expect(desk, 2, "PUBLISH c m", "");
    desk_run(desk, 599);
    assert_string_equal(desk_receive(desk, 0, NULL), "");
    desk_run(desk, 110); /* a pause ends at a tick */
    assert_string_equal(desk_receive(desk, 0, NULL), "+OK\r\n$1\r\n1\r\n");
    assert_string_equal(desk_receive(desk, 2, NULL), ":0\r\n");
}

static void pause_of_all_holds_everything(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 1, "CLIENT PAUSE 300", "+OK\n");
    desk_expect(desk, 0, "PING", "");
    desk_expect(desk, 1, "CLIENT UNPAUSE", "");
    desk_run(desk, 410);
    assert_string_equal(desk_receive(desk, 0, NULL), "+PONG\r\n");
    assert_string_equal(desk_receive(desk, 1, NULL), "+OK\r\n");
}

static void pause_is_never_shortened(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 1, "CLIENT PAUSE 600 WRITE", "+OK\n");
    desk_expect(desk, 1, "CLIENT PAUSE 100 WRITE", "+OK\n");
    desk_expect(desk, 0, "SET a 1", "");
    desk_run(desk, 500);
    assert_string_equal(desk_receive(desk, 0, NULL), "");
    desk_expect(desk, 1, "CLIENT UNPAUSE", "+OK\n");
    assert_string_equal(desk_receive(desk, 0, NULL), "+OK\r\n");
}

/* Redis 7.0: the first command after the time ends a pause as well as a tick does. */
static void pause_ends_at_a_command(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 1, "CLIENT PAUSE 10 WRITE", "+OK\n");
    desk_expect(desk, 0, "SET a 1", "");
    desk->now_us += RCS_MS(11);
    desk_expect(desk, 1, "GET a", "$-1\n");
    assert_string_equal(desk_receive(desk, 0, NULL), "+OK\r\n");
}

static void nothing_expires_during_a_pause(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "SET a 1 PX 50", "+OK\n");
    desk_expect(desk, 0, "CLIENT PAUSE 500 WRITE", "+OK\n");
    desk_run(desk, 300);
    desk_expect(desk, 0, "GET a", "$-1\n");
    desk_expect(desk, 0, "DBSIZE", ":1\n");
    desk_run(desk, 400);
    desk_expect(desk, 0, "DBSIZE", ":0\n");
}

/* A write held by a manual failover runs when that is over, through all gates again. */
static void failover_pause_ends_in_a_redirection(void **state)
{
    struct desk *desk = *state;
    rcs_clients_pause_writes(desk->node, desk->node->now_ms + 10000);
    desk_expect(desk, 0, "SET a 1", "");
    desk_expect(desk, 0, "SET a 2", "");
    desk_ask(desk, 1, "CLUSTER DELSLOTS 15495");
    rcs_clients_unpause(desk->node);
    desk_expect(desk, 1, "PING", "+PONG\n");
    assert_string_equal(
        desk_receive(desk, 0, NULL),
        "-CLUSTERDOWN Hash slot not served\r\n-CLUSTERDOWN Hash slot not served\r\n");
}

static void failover_pause_does_not_cut_the_paused(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 1, "CLIENT PAUSE 200 WRITE", "+OK\n");
    desk_expect(desk, 0, "SET a 1", "");
    rcs_clients_role_changed(desk->node);
    desk_run(desk, 310);
    assert_false(desk->clients[0].closed);
    assert_string_equal(desk_receive(desk, 0, NULL), "+OK\r\n");
}

/* --- WAIT ------------------------------------------------------------------------------------- */

static void wait_without_replicas_times_out(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "WAIT 0 1000", ":0\n");
    desk_expect(desk, 0, "WAIT 1 250", "");
    desk_expect(desk, 0, "PING", "");
    desk_run(desk, 250);
    assert_string_equal(desk_receive(desk, 0, NULL), "");
    desk_run(desk, 110);
    assert_string_equal(desk_receive(desk, 0, NULL), ":0\r\n+PONG\r\n");
}

static void wait_ends_with_the_acknowledgement(void **state)
{
    struct desk *desk = *state;
    char ack[64];
    desk_attach_replica(desk, 5);
    desk_expect(desk, 0, "SET a 1", "+OK\n");
    desk_expect(desk, 0, "WAIT 1 0", "");
    assert_non_null(strstr(desk_receive(desk, 5, NULL), "GETACK"));
    snprintf(ack, sizeof(ack), "REPLCONF ACK %lld", (long long)desk->node->repl.offset);
    desk_ask(desk, 5, ack);
    assert_string_equal(desk_receive(desk, 0, NULL), ":1\r\n");
    desk_expect(desk, 0, "WAIT 1 0", ":1\n");
    desk_expect(desk, 0, "MULTI", "+OK\n");
    desk_expect(desk, 0, "WAIT 2 0", "+QUEUED\n");
    desk_expect(desk, 0, "EXEC", "*1\n:1\n"); /* never blocks in a transaction */
}

static void wait_is_cut_when_the_role_changes(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "WAIT 1 0", "");
    rcs_clients_role_changed(desk->node);
    desk_expect(desk, 1, "PING", "+PONG\n");
    assert_string_equal(desk_receive(desk, 0, NULL),
                        "-UNBLOCKED force unblock from blocking operation, instance state changed "
                        "(master -> replica?)\r\n");
    assert_true(desk->clients[0].closed);
}

static void unblock_answers_for_the_blocked(void **state)
{
    struct desk *desk = *state;
    char words[64];
    desk_expect(desk, 0, "WAIT 1 0", "");
    snprintf(words, sizeof(words), "CLIENT UNBLOCK %u", (unsigned)desk->node->clients.list[0]->id);
    desk_expect(desk, 1, words, ":1\n");
    assert_string_equal(desk_receive(desk, 0, NULL), ":0\r\n");
    desk_expect(desk, 1, words, ":0\n");
    desk_expect(desk, 0, "WAIT 1 0", "");
    strcat(words, " ERROR");
    desk_expect(desk, 1, words, ":1\n");
    assert_string_equal(desk_receive(desk, 0, NULL),
                        "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    assert_false(desk->clients[0].closed);
}

/* --- replies ---------------------------------------------------------------------------------- */

static void reply_off_and_skip(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "CLIENT REPLY SKIP", "");
    desk_expect(desk, 0, "PING", "");
    desk_expect(desk, 0, "PING", "+PONG\n");
    desk_expect(desk, 0, "CLIENT REPLY OFF", "");
    desk_expect(desk, 0, "SET a 1", "");
    desk_expect(desk, 0, "CLIENT REPLY SKIP", "");
    desk_expect(desk, 0, "CLIENT REPLY ON", "+OK\n");
    desk_expect(desk, 0, "GET a", "$1\n1\n");
}

static void reset_forgets_everything(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "HELLO 3 SETNAME app");
    desk_ask(desk, 0, "READONLY");
    desk_ask(desk, 0, "SUBSCRIBE c");
    desk_ask(desk, 0, "WATCH a");
    desk_ask(desk, 0, "MULTI");
    desk_expect(desk, 0, "RESET", "+RESET\n");
    desk_expect(desk, 0, "CLIENT GETNAME", "$-1\n");
    desk_expect(desk, 0, "EXEC", "-ERR EXEC without MULTI\n");
    desk_expect(desk, 1, "PUBSUB CHANNELS", "*0\n");
    assert_int_equal(desk->node->clients.watching, 0);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void quit_closes_after_its_reply(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "QUIT", "+OK\n");
    assert_true(desk->clients[0].closed);
    assert_int_equal(desk->node->clients.count, 0);
}

static void kill_by_id_address_and_type(void **state)
{
    struct desk *desk = *state;
    char words[64];
    for (unsigned i = 0; i < 4; i++) {
        desk_open(desk, i);
    }
    snprintf(words, sizeof(words), "CLIENT KILL ID %u", (unsigned)desk->node->clients.list[1]->id);
    desk_expect(desk, 0, words, ":1\n");
    assert_true(desk->clients[1].closed);
    desk_expect(desk, 0, "CLIENT KILL 127.0.0.1:50002", "+OK\n");
    assert_true(desk->clients[2].closed);
    desk_ask(desk, 3, "SUBSCRIBE c");
    desk_expect(desk, 0, "CLIENT KILL TYPE pubsub", ":1\n");
    assert_true(desk->clients[3].closed);
    desk_expect(desk, 0, "CLIENT KILL TYPE normal", ":0\n"); /* skips the caller */
    desk_expect(desk, 0, "CLIENT KILL TYPE normal SKIPME no", ":1\n");
    assert_true(desk->clients[0].closed);
}

static void gone_while_held_leaves_nothing(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "WAIT 1 0", "");
    desk_expect(desk, 0, "PING", "");
    desk_expect(desk, 1, "MULTI", "+OK\n");
    desk_expect(desk, 1, "SET a 1", "+QUEUED\n");
    desk_expect(desk, 2, "WATCH a", "+OK\n");
    desk_expect(desk, 3, "SSUBSCRIBE a", "*3\n$10\nssubscribe\n$1\na\n:1\n");
    for (unsigned i = 0; i < 4; i++) {
        desk_leave(desk, i);
    }
    assert_int_equal(desk->node->clients.count, 0);
    assert_int_equal(desk->node->clients.watching, 0);
    assert_int_equal(desk->node->clients.blocked, 0);
}

static void maxclients_refuses(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CONFIG SET maxclients 2");
    desk_expect(desk, 1, "PING", "+PONG\n");
    desk_open(desk, 2);
    assert_string_equal(desk_receive(desk, 2, NULL),
                        "-ERR max number of clients + cluster connections reached\r\n");
    assert_true(desk->clients[2].closed);
}

static void shard_channel_ends_with_its_slot(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "SSUBSCRIBE a", "*3\n$10\nssubscribe\n$1\na\n:1\n");
    desk_expect(desk, 0, "SSUBSCRIBE b", "*3\n$10\nssubscribe\n$1\nb\n:2\n");
    rcs_clients_slot_lost(desk->node, 15495);
    desk_expect(desk, 1, "PING", "+PONG\n");
    assert_string_equal(desk_receive(desk, 0, NULL),
                        "*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:1\r\n");
}

/* SETSLOT NODE takes the slot away before it gives it, to whomever. */
static void shard_channel_ends_when_its_slot_is_set_to_its_owner(void **state)
{
    struct desk *desk = *state;
    char words[128];
    desk_expect(desk, 0, "SSUBSCRIBE a", "*3\n$10\nssubscribe\n$1\na\n:1\n");
    snprintf(words, sizeof(words), "CLUSTER SETSLOT 15495 NODE %s",
             rcs_store_name(desk->store, desk->node->cluster.myself));
    desk_expect(desk, 1, words, "+OK\n");
    assert_string_equal(desk_receive(desk, 0, NULL),
                        "*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n");
}

static void list_shows_what_a_client_is(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CLIENT SETNAME app");
    desk_ask(desk, 0, "READONLY");
    desk_ask(desk, 0, "MULTI");
    desk_ask(desk, 0, "GET a");
    desk_run(desk, 3000);
    const char *line = desk_ask(desk, 1, "CLIENT LIST");
    assert_non_null(strstr(line, " addr=127.0.0.1:50000 laddr=127.0.0.1:7000 "));
    assert_non_null(
        strstr(line, " name=app age=3 idle=3 flags=xr db=0 sub=0 psub=0 ssub=0 multi=1 "));
    assert_non_null(strstr(line, " events=r cmd=get user=default redir=-1 resp=2\n"));
    assert_non_null(strstr(line, " cmd=client|list "));
}

/* Redis 7.2 lookupKey, CLIENT NO-TOUCH: only TOUCH counts, in scripts too; RESET ends it. */
static void keys_do_not_count_as_used(void **state)
{
    struct desk *desk = *state;
    desk->node->config.profile = rcs_profile_find("7.2"); /* that is enough for these commands */
    desk_expect(desk, 0, "CLIENT NO-TOUCH ON", "+OK\n");
    desk_expect(desk, 0, "SET a v", "+OK\n");
    desk_run(desk, 3000);
    desk_expect(desk, 0, "GET a", "$1\nv\n");
    desk_expect(desk, 0, "APPEND a w", ":2\n");
    desk_expect(desk, 0, "EVAL return(redis.call('GET',KEYS[1])) 1 a", "$2\nvw\n");
    desk_expect(desk, 0, "OBJECT IDLETIME a", ":3\n");
    assert_non_null(strstr(desk_ask(desk, 0, "CLIENT INFO"), " flags=T "));
    desk_expect(desk, 0, "TOUCH a", ":1\n");
    desk_expect(desk, 1, "OBJECT IDLETIME a", ":0\n");
    desk_run(desk, 3000);
    desk_expect(desk, 0, "RESET", "+RESET\n");
    desk_expect(desk, 0, "GET a", "$2\nvw\n");
    desk_expect(desk, 0, "OBJECT IDLETIME a", ":0\n");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(pause_of_writes_lets_reads_pass),
        TEST(pause_of_all_holds_everything),
        TEST(pause_is_never_shortened),
        TEST(pause_ends_at_a_command),
        TEST(nothing_expires_during_a_pause),
        TEST(failover_pause_ends_in_a_redirection),
        TEST(failover_pause_does_not_cut_the_paused),
        TEST(wait_without_replicas_times_out),
        TEST(wait_ends_with_the_acknowledgement),
        TEST(wait_is_cut_when_the_role_changes),
        TEST(unblock_answers_for_the_blocked),
        TEST(reply_off_and_skip),
        TEST(reset_forgets_everything),
        TEST(quit_closes_after_its_reply),
        TEST(kill_by_id_address_and_type),
        TEST(gone_while_held_leaves_nothing),
        TEST(maxclients_refuses),
        TEST(shard_channel_ends_with_its_slot),
        TEST(shard_channel_ends_when_its_slot_is_set_to_its_owner),
        TEST(list_shows_what_a_client_is),
        TEST(keys_do_not_count_as_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
