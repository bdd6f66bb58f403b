/* nodes.conf as a value and as a text. */
#include "tests/support/cluster_harness.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

static void a_node_comes_back_as_it_was_saved(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 100, 199, 4);
    rcs_id r = harness_replica(h, 'r', h->cluster.myself);
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_myself(&h->cluster)->config_epoch = 3;
    h->cluster.last_vote_epoch = 2;
    h->cluster.peers[b].flags |= RCS_NODE_FAIL;
    struct rcs_saved_config *saved = rcs_cluster_saved(&h->cluster);

    struct harness *again = harness_new();
    rcs_cluster_close(&again->cluster);
    rcs_cluster_init(&again->cluster, h->store, &again->config, &again->host, 1, 0);
    again->cluster.out = &again->out;
    again->cluster.now_ms = RCS_NODE_MS_START + 500000;
    rcs_cluster_start(&again->cluster, saved);
    assert_int_equal(again->cluster.myself, h->cluster.myself);
    assert_int_equal(again->cluster.known, 3);
    assert_int_equal(again->cluster.current_epoch, 4);
    assert_int_equal(again->cluster.last_vote_epoch, 2);
    assert_ptr_equal(again->cluster.slots, h->cluster.slots);
    assert_int_equal(again->cluster.peers[r].master, again->cluster.myself);
    assert_int_equal(again->cluster.peers[r].config_epoch, 0); /* its line shows its master's */
    assert_true(again->cluster.peers[b].flags & RCS_NODE_FAIL);
    assert_int_equal(again->cluster.peers[b].fail_ms, again->cluster.now_ms);
    assert_int_equal(rcs_peer_pong(&again->cluster, b), again->cluster.now_ms);
    assert_false(again->cluster.state_ok);
    assert_int_equal(again->cluster.peers[b].link, RCS_LINK_CLOSED);
    assert_int_equal(again->cluster.linkless, 2);
    rcs_effects_clear(&again->out, h->store);
    rcs_cluster_close(&again->cluster);
    rcs_cluster_init(&again->cluster, again->store, &again->config, &again->host, 1, 0);
    harness_free(again);
    rcs_saved_config_release(h->store, saved);
}

static void text_and_value_agree(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 100, 199, 4);
    (void)harness_replica(h, 'r', b);
    harness_slots(h, h->cluster.myself, 0, 99);
    rcs_cluster_set_migrating(&h->cluster, 7, b);
    rcs_cluster_meet(&h->cluster, "10.9.9.9", 7000, 17000); /* handshakes are never saved */
    struct rcs_saved_config *saved = rcs_cluster_saved(&h->cluster), *read = NULL;
    struct rcs_buf text, text2;
    rcs_buf_init(&text);
    rcs_buf_init(&text2);
    rcs_saved_config_write(h->store, saved, &text);
    struct rcs_diag diag;
    assert_int_equal(rcs_saved_config_read(h->store, text.data, text.size_bytes, &read, &diag),
                     RCS_OK);
    assert_int_equal(read->count, saved->count);
    assert_ptr_equal(read->slots, saved->slots);
    assert_int_equal(read->myself, saved->myself);
    assert_int_equal(read->migrating[7], b);
    read->saved_wall_ms = saved->saved_wall_ms;
    rcs_saved_config_write(h->store, read, &text2);
    assert_int_equal(text.size_bytes, text2.size_bytes);
    assert_memory_equal(text.data, text2.data, text.size_bytes);
    rcs_buf_close(&text);
    rcs_buf_close(&text2);
    rcs_saved_config_release(h->store, saved);
    rcs_saved_config_release(h->store, read);
}

static void a_file_without_myself_is_refused_with_its_line(void **state)
{
    struct harness *h = *state;
    struct rcs_saved_config *read = NULL;
    struct rcs_diag diag;
    static const char text[] = "vars currentEpoch 1 lastVoteEpoch 0\n";
    assert_int_equal(rcs_saved_config_read(h->store, text, sizeof(text) - 1, &read, &diag),
                     RCS_ERR_SYNTAX);
    assert_string_equal(diag.text, "no line is flagged myself; a nodes.conf names its own node so");
    static const char bad[] = "vars currentEpoch 1 lastVoteEpoch 0\nnonsense\n";
    assert_int_equal(rcs_saved_config_read(h->store, bad, sizeof(bad) - 1, &read, &diag),
                     RCS_ERR_SYNTAX);
    assert_int_equal(diag.line, 2);
}

#define A      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C      "cccccccccccccccccccccccccccccccccccccccc"
#define MYSELF A " 10.0.0.1:7000@17000 myself,master - 0 0 1 connected"
#define OTHER  B " 10.0.0.2:7000@17000 master - 0 0 2 connected 100-199\n"

static void refused(struct harness *h, const char *text, int line, const char *why)
{
    struct rcs_saved_config *read = NULL;
    struct rcs_diag diag = { .line = 0 };
    assert_int_equal(rcs_saved_config_read(h->store, text, strlen(text), &read, &diag),
                     RCS_ERR_SYNTAX);
    assert_null(read);
    assert_int_equal(diag.line, line);
    assert_string_equal(diag.text, why);
}

static void two_lines_about_one_node_are_refused(void **state)
{
    refused(*state, OTHER MYSELF "\n" C " 10.0.0.3:7000@17000 master - 0 0 3 connected\n" OTHER, 4,
            "line 1 is about the same node; a nodes.conf has one for each");
    refused(*state, MYSELF "\n" A " 10.0.0.1:7000@17000 slave " B " 0 0 1 connected\n", 2,
            "line 1 is about the same node; a nodes.conf has one for each");
}

static void a_node_that_replicates_itself_is_refused(void **state)
{
    refused(*state, MYSELF "\n" B " 10.0.0.2:7000@17000 slave " B " 0 0 1 connected\n", 2,
            "the node is named as its own master; name another one, or write -");
}

/* A node that starts from `text`, its effects cleared. */
static struct harness *started_from(const char *text, bool no_failover)
{
    struct harness *h = harness_new();
    struct rcs_saved_config *conf;
    struct rcs_diag diag;
    rcs_cluster_close(&h->cluster);
    rcs_cluster_init(&h->cluster, h->store, &h->config, &h->host, 1, 0);
    h->cluster.out = &h->out;
    h->cluster.now_ms = RCS_NODE_MS_START + 100000;
    h->config.replica_no_failover = no_failover;
    assert_int_equal(rcs_saved_config_read(h->store, text, strlen(text), &conf, &diag), RCS_OK);
    rcs_cluster_start(&h->cluster, conf);
    rcs_saved_config_release(h->store, conf);
    harness_clear(h);
    return h;
}

/* Nothing is to be done after a start, unless the file has the flag otherwise. */
static void a_nofailover_flag_that_changed_since_is_saved(void **state)
{
    (void)state;
    static const char without[] = MYSELF "\n";
    static const char with[] = A " :7000@17000 myself,master,nofailover - 0 0 1 connected\n";
    for (int changed = 0; changed < 2; changed++) {
        for (int wanted = 0; wanted < 2; wanted++) {
            struct harness *h = started_from((wanted ^ changed) != 0 ? with : without, wanted != 0);
            assert_int_equal((rcs_myself(&h->cluster)->flags & RCS_NODE_NOFAILOVER) != 0, wanted);
            assert_int_equal(h->cluster.todo,
                             changed ? RCS_TODO_SAVE_CONFIG | RCS_TODO_UPDATE_STATE : 0);
            harness_free(h);
        }
    }
}

/* Keys of a slot that somebody else owns: written at once, and the state is not looked at before
 * the first tick. */
static void slots_repaired_at_the_start_schedule_nothing(void **state)
{
    (void)state;
    struct harness *h = started_from(MYSELF "\n" OTHER, false);
    h->keys_in[5] = 1;   /* nobody's */
    h->keys_in[100] = 1; /* of B */
    rcs_cluster_verify_slots(&h->cluster);
    assert_int_equal(rcs_slot_owner(&h->cluster, 5), h->cluster.myself);
    assert_int_equal(rcs_slot_importing_from(&h->cluster, 100), rcs_slot_owner(&h->cluster, 100));
    assert_int_equal(h->out.list[0].kind, RCS_EFFECT_SAVE_CONFIG);
    assert_true(h->out.list[0].fsync);
    assert_int_equal(h->cluster.todo, 0);
    harness_sleep(h);
    assert_int_equal(h->cluster.first_update_ms, 0);
    harness_cron(h);
    assert_int_equal(h->cluster.first_update_ms, h->cluster.now_ms);
    harness_free(h);
}

static void a_node_that_only_an_open_slot_names_is_known(void **state)
{
    (void)state;
    struct harness *h = started_from(MYSELF " 0-9 [3->-" B "] [11-<-" C "]\n", false);
    rcs_id b = rcs_slot_migrating_to(&h->cluster, 3), c = rcs_slot_importing_from(&h->cluster, 11);
    assert_int_equal(h->cluster.known, 3);
    assert_string_equal(rcs_store_name(h->store, b), B);
    assert_string_equal(rcs_store_name(h->store, c), C);
    assert_int_equal(rcs_peer_find(&h->cluster, b)->flags, 0);
    assert_string_equal(rcs_peer_address(&h->cluster, c)->ip, "");
    harness_free(h);
}

/* All that can be open: 16384 of them. */
static void no_open_slot_gets_lost(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, RCS_SLOTS - 1, 4);
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        rcs_slot_import(&h->cluster, slot, b);
    }
    struct rcs_saved_config *saved = rcs_cluster_saved(&h->cluster), *read = NULL;
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_saved_config_write(h->store, saved, &text);
    struct rcs_diag diag;
    assert_int_equal(rcs_saved_config_read(h->store, text.data, text.size_bytes, &read, &diag),
                     RCS_OK);
    for (unsigned slot = 0; slot < RCS_SLOTS; slot++) {
        assert_int_equal(read->importing[slot], b);
    }
    rcs_buf_close(&text);
    rcs_saved_config_release(h->store, saved);
    rcs_saved_config_release(h->store, read);
}

static void the_first_file_of_a_new_node_has_no_ports_yet(void **state)
{
    (void)state;
    struct harness *h = harness_new();
    rcs_cluster_close(&h->cluster);
    rcs_cluster_init(&h->cluster, h->store, &h->config, &h->host, 2, 0);
    h->cluster.out = &h->out;
    rcs_cluster_start(&h->cluster, NULL);
    struct rcs_buf text;
    rcs_buf_init(&text);
    assert_int_equal(h->out.list[0].kind, RCS_EFFECT_SAVE_CONFIG);
    assert_true(h->out.list[0].fsync);
    rcs_saved_config_write(h->store, h->out.list[0].saved, &text);
    rcs_buf_add(&text, "", 1);
    assert_non_null(strstr(text.data, " :0@0 myself,master - 0 0 0 connected\n"));
    rcs_buf_close(&text);
    harness_free(h);
}

static void a_replica_asks_its_master_at_the_first_tick(void **state)
{
    (void)state;
    struct harness *h =
        started_from(A " 10.0.0.1:7000@17000 myself,slave " B " 0 0 1 connected\n" OTHER, false);
    assert_false(h->has_master); /* until then it logs as a master */
    harness_cron(h);
    assert_true(h->has_master);
    assert_string_equal(rcs_addr_ip(&h->cluster, h->master_addr), "10.0.0.2");
    harness_free(h);
}

/* What the file says of times is as good as now; a master's replicas make it a target. */
static void pings_of_the_file_count_from_now(void **state)
{
    (void)state;
    struct harness *h = started_from(
        MYSELF "\n" B " 10.0.0.2:7000@17000 master - 1767225600001 1767225600000 2 connected\n" C
               " 10.0.0.3:7000@17000 slave " B " 0 1767225600000 2 connected\n",
        false);
    rcs_id b = h->cluster.order[1];
    assert_string_equal(rcs_store_name(h->store, b), B);
    assert_int_equal(h->cluster.peers[b].ping_sent_ms, h->cluster.now_ms);
    assert_int_equal(rcs_peer_pong(&h->cluster, b), h->cluster.now_ms);
    assert_true(h->cluster.peers[b].flags & RCS_NODE_MIGRATE_TO);
    harness_free(h);
}

static void a_node_adopted_from_gossip_is_not_saved_at_once(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    harness_sleep(h);
    harness_clear(h);
    char name[RCS_ID_LEN];
    memset(name, 'z', sizeof(name));
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, b, 1);
    harness_gossip(msg, rcs_store_id(h->store, name), RCS_NODE_MASTER, 0);
    msg->gossip[0].addr = h->cluster.peers[b].addr;
    harness_receive(h, msg);
    assert_int_equal(harness_facts(h, RCS_FACT_NODE_ADOPTED), 1);
    assert_int_equal(h->cluster.todo & RCS_TODO_SAVE_CONFIG, 0);
}

/* The current epoch waits for the next save; a config epoch does not. */
static void an_epoch_heard_is_not_saved_at_once(void **state)
{
    struct harness *h = *state;
    rcs_id b = harness_master(h, 'b', 0, 99, 1);
    harness_sleep(h);
    harness_clear(h);
    struct rcs_bus_msg *msg = harness_msg(h, RCS_BUS_PING, b, 0);
    msg->current_epoch = 50;
    harness_receive(h, msg);
    assert_int_equal(h->cluster.current_epoch, 50);
    assert_int_equal(h->cluster.todo & RCS_TODO_SAVE_CONFIG, 0);
    msg = harness_msg(h, RCS_BUS_PING, b, 0);
    msg->config_epoch = 50;
    harness_receive(h, msg);
    assert_int_equal(h->cluster.todo & (RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG),
                     RCS_TODO_SAVE_CONFIG | RCS_TODO_FSYNC_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_node_comes_back_as_it_was_saved),
        WITH(text_and_value_agree),
        WITH(a_file_without_myself_is_refused_with_its_line),
        WITH(two_lines_about_one_node_are_refused),
        WITH(a_node_that_replicates_itself_is_refused),
        cmocka_unit_test(a_nofailover_flag_that_changed_since_is_saved),
        cmocka_unit_test(slots_repaired_at_the_start_schedule_nothing),
        cmocka_unit_test(a_node_that_only_an_open_slot_names_is_known),
        WITH(no_open_slot_gets_lost),
        cmocka_unit_test(the_first_file_of_a_new_node_has_no_ports_yet),
        WITH(a_replica_asks_its_master_at_the_first_tick),
        WITH(pings_of_the_file_count_from_now),
        WITH(a_node_adopted_from_gossip_is_not_saved_at_once),
        WITH(an_epoch_heard_is_not_saved_at_once),
    };
    return cmocka_run_group_tests_name("saved config", tests, NULL, NULL);
}
