/* Commands: recorded replies byte for byte, and the order of the gates of processCommand. */
#include "sim/cluster/parts.h"
#include "tests/support/resp_cases.h"

#define CASES_MAX 240

/* --- the recorded cases ----------------------------------------------------------------------- */

static void own(struct desk *desk, rcs_id owner, unsigned first, unsigned last)
{
    struct rcs_slot_words words = { { 0 } };
    for (unsigned slot = first; slot <= last; slot++) {
        rcs_slot_words_add(&words, slot);
    }
    rcs_slots_assign(&desk->node->cluster, &words, owner);
}

static void setup_whole(struct desk *desk)
{
    (void)desk;
}

static void setup_partial(struct desk *desk)
{
    desk_ask(desk, 0, "CONFIG SET cluster-require-full-coverage no");
    desk_ask(desk, 0, "CLUSTER DELSLOTSRANGE 16000 16383");
}

static void setup_moved(struct desk *desk)
{
    own(desk, desk_add_master(desk, 'b', 40620), 0, 8191);
}

static void setup_replica(struct desk *desk)
{
    desk_ask(desk, 0, "SET bar here");
    rcs_id master = desk_add_master(desk, 'b', 40620);
    own(desk, master, 0, 8191);
    own(desk, desk_add_master(desk, 'c', 40621), 8192, 16383);
    desk_follow(desk, master);
}

static void setup_ask(struct desk *desk)
{
    desk_ask(desk, 0, "SET bar here");
    own(desk, desk_add_master(desk, 'b', 40621), 8192, 16383);
    desk_ask(desk, 0, "CLUSTER SETSLOT 5061 MIGRATING bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
}

static void setup_asking(struct desk *desk)
{
    own(desk, desk_add_master(desk, 'b', 40620), 0, 8191);
    desk_ask(desk, 0, "CLUSTER SETSLOT 5061 IMPORTING bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
}

static void setup(struct desk *desk, const char *how)
{
    static const struct {
        const char *how;
        void (*run)(struct desk *desk);
    } rows[] = {
        { "", setup_whole },        { "whole", setup_whole },     { "partial", setup_partial },
        { "moved", setup_moved },   { "replica", setup_replica }, { "ask", setup_ask },
        { "asking", setup_asking },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].how, how) == 0) {
            rows[i].run(desk);
            return;
        }
    }
    fail_msg("no setup \"%s\"", how);
}

/* --- gates: a request that two of them would refuse shows which comes first ------------------- */

static void gate_unknown_before_arity_before_auth(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 1, "CONFIG SET requirepass secret");
    desk_expect(desk, 0, "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: \n");
    desk_expect(desk, 0, "GET", "-ERR wrong number of arguments for 'get' command\n");
    desk_expect(desk, 0, "GET k", "-NOAUTH Authentication required.\n");
    desk_expect(desk, 0, "AUTH wrong",
                "-WRONGPASS invalid username-password pair or user is disabled.\n");
    desk_expect(desk, 0, "AUTH default secret", "+OK\n");
    desk_expect(desk, 0, "GET k", "$-1\n");
    desk_expect(desk, 1, "GET k", "$-1\n"); /* it was there before the password */
    desk_expect(desk, 0, "RESET", "+RESET\n");
    desk_expect(desk, 0, "GET k", "-NOAUTH Authentication required.\n");
}

static void gate_auth_before_redirect(void **state)
{
    struct desk *desk = *state;
    setup_moved(desk);
    desk_ask(desk, 1, "CONFIG SET requirepass secret");
    desk_expect(desk, 0, "GET bar", "-NOAUTH Authentication required.\n");
    desk_expect(desk, 0, "HELLO 3",
                "-NOAUTH HELLO must be called with the client already authenticated, otherwise the "
                "HELLO AUTH <user> <pass> option can be used to authenticate the client and select "
                "the RESP protocol version at the same time\n");
    desk_ask(desk, 0, "HELLO 3 AUTH default secret");
    desk_expect(desk, 0, "GET bar", "-MOVED 5061 127.0.0.1:40620\n");
}

static void gate_redirect_before_node_condition(void **state)
{
    struct desk *desk = *state;
    setup_moved(desk);
    desk_ask(desk, 0, "CONFIG SET min-replicas-to-write 1");
    desk_expect(desk, 0, "SET bar 1", "-MOVED 5061 127.0.0.1:40620\n");
    desk_expect(desk, 0, "SET foo 1", "-NOREPLICAS Not enough good replicas to write.\n");
    desk_expect(desk, 0, "FLUSHALL", "-NOREPLICAS Not enough good replicas to write.\n");
    desk_expect(desk, 0, "GET foo", "$-1\n");
}

static void gate_readonly_replica(void **state)
{
    struct desk *desk = *state;
    setup_replica(desk);
    desk_expect(desk, 0, "FLUSHALL", "-READONLY You can't write against a read only replica.\n");
    desk_expect(desk, 0, "SET bar 1", "-MOVED 5061 127.0.0.1:40620\n");
    desk_expect(desk, 0, "DBSIZE", ":1\n");
    desk_expect(
        desk, 0, "WAIT 0 0",
        "-ERR WAIT cannot be used with replica instances. Please also note that since Redis "
        "4.0 if a replica is configured to be writable (which is not the default) writes to "
        "replicas are just local and are not propagated.\n");
}

static void gate_masterdown(void **state)
{
    struct desk *desk = *state;
    setup_replica(desk);
    desk_ask(desk, 0, "CONFIG SET replica-serve-stale-data no");
    const char *down =
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
        "'no'.\n";
    desk_expect(desk, 0, "PING", down);
    desk_expect(desk, 0, "DBSIZE", down);
    desk_expect(desk, 0, "GET bar", "-MOVED 5061 127.0.0.1:40620\n");
    desk_expect(desk, 0, "SELECT 0", "+OK\n");
    desk_expect(desk, 0, "MULTI", "+OK\n");
    desk_expect(desk, 0, "PING", down);
    desk_expect(desk, 0, "EXEC", "-EXECABORT Transaction discarded because of previous errors.\n");
}

static void gate_exec_is_judged_by_its_commands(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "MULTI", "+OK\n");
    desk_expect(desk, 0, "SET a 1", "+QUEUED\n");
    desk_expect(desk, 1, "CONFIG SET min-replicas-to-write 1", "+OK\n");
    desk_expect(desk, 0, "EXEC",
                "-EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas "
                "to write.\n");
    desk_expect(desk, 0, "EXEC", "-ERR EXEC without MULTI\n");
}

static void gate_exec_redirected_is_bare(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "MULTI", "+OK\n");
    desk_expect(desk, 0, "SET bar 1", "+QUEUED\n");
    setup_moved(desk);
    desk_expect(desk, 0, "EXEC", "-MOVED 5061 127.0.0.1:40620\n");
    desk_expect(desk, 0, "EXEC", "-ERR EXEC without MULTI\n");
}

static void gate_cluster_down(void **state)
{
    struct desk *desk = *state;
    desk_ask(desk, 0, "CLUSTER DELSLOTS 5061");
    desk_run(desk, 200);
    assert_false(desk->node->cluster.state_ok);
    desk_expect(desk, 0, "GET bar", "-CLUSTERDOWN Hash slot not served\n");
    desk_expect(desk, 0, "GET foo", "-CLUSTERDOWN The cluster is down\n");
    desk_expect(desk, 0, "MGET foo other",
                "-CROSSSLOT Keys in request don't hash to the same slot\n");
    desk_expect(desk, 0, "MGET bar foo", "-CLUSTERDOWN Hash slot not served\n");
    desk_expect(desk, 0, "PING", "+PONG\n");
    desk_expect(desk, 0, "PUBLISH c m", ":0\n");
    desk_expect(desk, 0, "SPUBLISH foo m", ":0\n");
    desk_ask(desk, 0, "CONFIG SET cluster-allow-reads-when-down yes");
    desk_expect(desk, 0, "GET foo", "$-1\n");
    desk_expect(desk, 0, "SET foo 1",
                "-CLUSTERDOWN The cluster is down and only accepts read commands\n");
    desk_ask(desk, 0, "CONFIG SET cluster-allow-pubsubshard-when-down no");
    desk_expect(desk, 0, "SPUBLISH foo m", "-CLUSTERDOWN The cluster is down\n");
}

static void redirect_names_the_endpoint(void **state)
{
    struct desk *desk = *state;
    setup_moved(desk);
    desk_ask(desk, 0, "CONFIG SET cluster-preferred-endpoint-type hostname");
    desk_expect(desk, 0, "GET bar", "-MOVED 5061 ?:40620\n");
    desk_ask(desk, 0, "CONFIG SET cluster-preferred-endpoint-type unknown-endpoint");
    desk_expect(desk, 0, "GET bar", "-MOVED 5061 :40620\n");
}

static void asking_lives_for_one_request(void **state)
{
    struct desk *desk = *state;
    setup_asking(desk);
    desk_expect(desk, 0, "ASKING", "+OK\n");
    desk_expect(desk, 0, "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: \n");
    desk_expect(desk, 0, "GET bar", "-MOVED 5061 127.0.0.1:40620\n");
    desk_expect(desk, 0, "ASKING", "+OK\n");
    desk_expect(desk, 0, "ASKING", "+OK\n");
    desk_expect(desk, 0, "GET bar", "$-1\n");
    desk_expect(desk, 0, "MULTI", "+OK\n");
    desk_expect(desk, 0, "ASKING", "+QUEUED\n");
    desk_expect(desk, 0, "GET bar", "-MOVED 5061 127.0.0.1:40620\n");
}

static void debug_needs_permission(void **state)
{
    (void)state;
    struct rcs_config config;
    rcs_config_init(&config);
    struct desk *desk = desk_new(&config);
    desk_expect(desk, 0, "DEBUG SLEEP 0",
                "-ERR DEBUG command not allowed. If the enable-debug-command option is set to "
                "\"local\", you can run it from a local connection, otherwise you need to set this "
                "option in the configuration file, and then restart the server.\n");
    desk_free(desk);
}

static void debug_sleep_blocks(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "DEBUG SLEEP 1.25", "+OK\n");
    assert_int_equal(desk->slept_us, 1250000);
    desk_expect(desk, 0, "DEBUG SLEEP 0.000001", "+OK\n");
    assert_int_equal(desk->slept_us, 1250001);
}

static void shutdown_ends_the_process(void **state)
{
    struct desk *desk = *state;
    desk_expect(desk, 0, "SHUTDOWN NOSAVE", "");
    assert_true(desk->exited);
}

static void refused_in_cluster_mode(void **state)
{
    static const struct {
        const char *words, *reply;
    } rows[] = {
        { "REPLICAOF NO ONE", "-ERR REPLICAOF not allowed in cluster mode.\r\n" },
        { "SLAVEOF 127.0.0.1 6379", "-ERR REPLICAOF not allowed in cluster mode.\r\n" },
        { "FAILOVER", "-ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command "
                      "instead.\r\n" },
        { "SWAPDB 0 1", "-ERR SWAPDB is not allowed in cluster mode\r\n" },
        { "MOVE key 1", "-ERR MOVE is not allowed in cluster mode\r\n" },
    };
    struct desk *desk = *state;
    desk_open(desk, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(desk_ask(desk, 0, rows[i].words), rows[i].reply);
    }
}

/* The table says no more than what works: every command answers, and none of them as unknown. */
static void every_listed_command_is_there(void **state)
{
    struct desk *desk = *state;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    char words[128];
    size_t size_bytes;
    desk_open(desk, 0);
    struct rcs_buf list;
    rcs_buf_init(&list);
    rcs_buf_text(&list, desk_ask(desk, 0, "COMMAND LIST"));
    rcs_resp_replies_feed(reader, list.data, list.size_bytes);
    assert_int_equal(rcs_resp_replies_next(reader, &reply), RCS_OK);
    for (uint32_t i = 1; i <= reply->elements; i++) {
        if (memchr(reply[i].bytes, '|', reply[i].size_bytes) != NULL) {
            continue; /* a subcommand */
        }
        snprintf(words, sizeof(words), "%.*s x y z", (int)reply[i].size_bytes, reply[i].bytes);
        desk_ask(desk, 1, words);
        desk_receive(desk, 1, &size_bytes);
        if (strncmp(words, "shutdown", 8) != 0) {
            snprintf(words, sizeof(words), "%.*s", (int)reply[i].size_bytes, reply[i].bytes);
            assert_null(strstr(desk_ask(desk, 2, words), "unknown command"));
        }
    }
    rcs_resp_replies_free(reader);
    rcs_buf_close(&list);
}

int main(void)
{
#define GATE(function) cmocka_unit_test_setup_teardown(function, desk_setup, desk_teardown)
    static struct CMUnitTest tests[CASES_MAX] = {
        GATE(gate_unknown_before_arity_before_auth),
        GATE(gate_auth_before_redirect),
        GATE(gate_redirect_before_node_condition),
        GATE(gate_readonly_replica),
        GATE(gate_masterdown),
        GATE(gate_exec_is_judged_by_its_commands),
        GATE(gate_exec_redirected_is_bare),
        GATE(gate_cluster_down),
        GATE(redirect_names_the_endpoint),
        GATE(asking_lives_for_one_request),
        GATE(debug_needs_permission),
        GATE(debug_sleep_blocks),
        GATE(shutdown_ends_the_process),
        GATE(refused_in_cluster_mode),
        GATE(every_listed_command_is_there),
    };
    static const char *const files[] = { "resp/commands.txt",        "resp/commands_more.txt",
                                         "resp/commands_notify.txt", "resp/commands_bit.txt",
                                         "resp/commands_watch.txt",  "resp/commands_clients.txt",
                                         "resp/commands_docs.txt" };
    enum { FILES = sizeof(files) / sizeof(files[0]) };
    size_t count = 15;
    char *texts[FILES];
    struct resp_case *cases[FILES];
    for (size_t i = 0; i < FILES; i++) {
        count += resp_cases_load(files[i], setup, &texts[i], &cases[i], tests + count,
                                 CASES_MAX - count);
    }
    int failed = _cmocka_run_group_tests("commands", tests, count, NULL, NULL);
    for (size_t i = 0; i < FILES; i++) {
        free(texts[i]);
        free(cases[i]);
    }
    return failed;
}
