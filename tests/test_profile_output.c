/* What CLUSTER SLOTS tells and whom SETSLOT takes, in neighbouring releases: small clusters of
 * each, asked over their connections. */
#include "tests/support/support.h"

#include "tests/support/trial.h"

/* The reply as text: a node is [its name, and how many more elements follow its port]. */
static void add(struct trial *trial, const struct rcs_reply *reply, struct rcs_buf *out)
{
    for (uint32_t range = 0, ranges = reply++->elements; range < ranges; range++) {
        uint32_t nodes = reply++->elements - 2;
        rcs_buf_format(out, "%s%.*s-%.*s", range > 0 ? " " : "", (int)reply[0].size_bytes,
                       reply[0].bytes, (int)reply[1].size_bytes, reply[1].bytes);
        reply += 2;
        for (uint32_t i = 0; i < nodes; i++) {
            const struct rcs_reply *ip = reply + 1;
            for (unsigned n = 0; n < rcs_sim_node_count(trial->sim); n++) {
                const char *of = rcs_sim_node_ip(trial->sim, (int)n);
                if (strlen(of) == ip->size_bytes && memcmp(of, ip->bytes, ip->size_bytes) == 0) {
                    rcs_buf_format(out, " %s+%u", rcs_sim_node_name(trial->sim, (int)n),
                                   reply->elements - 2);
                }
            }
            reply += reply->size;
        }
    }
    rcs_buf_add(out, "", 1);
}

static void expect_slots(struct trial *trial, const char *name, const char *want)
{
    struct rcs_buf got;
    rcs_buf_init(&got);
    struct rcs_session *session = trial_send(trial, name, "CLUSTER SLOTS");
    trial_await(trial, session);
    add(trial, rcs_session_reply(session), &got);
    rcs_session_free(session);
    assert_string_equal(got.data, want);
    rcs_buf_close(&got);
}

static void expect_reply(struct trial *trial, const char *name, const char *order,
                         const char *about, const char *want)
{
    char text[128], got[128];
    snprintf(text, sizeof(text), "%s %s", order,
             rcs_sim_node_id(trial->sim, trial_node(trial, about)));
    struct rcs_session *session = trial_send(trial, name, text);
    trial_await(trial, session);
    const struct rcs_reply *reply = rcs_session_reply(session);
    snprintf(got, sizeof(got), "%.*s", (int)reply->size_bytes, reply->bytes);
    assert_string_equal(got, want);
    rcs_session_free(session);
}

/* Of m1 and m2 the first has 0-5 and 100-200, the other 6-99; r1 became a replica of m1 `ms` ago.
 */
static void small_cluster(struct trial *trial, const char *release, int64_t ms)
{
    static const char *const names[] = { "m1", "m2", "r1" };
    struct rcs_diag diag;
    trial_open(trial, rcs_profile_find(release), 1);
    assert_int_equal(rcs_sim_configure(trial->sim, -1, "repl-diskless-sync", "yes", &diag), 0);
    assert_int_equal(
        rcs_sim_configure(trial->sim, -1, "cluster-require-full-coverage", "no", &diag), 0);
    trial_add_nodes(trial, names, 3, true);
    trial_add_slots(trial, "m1", 0, 5);
    trial_add_slots(trial, "m2", 6, 99);
    trial_add_slots(trial, "m1", 100, 200);
    trial_meet(trial, "m1", names, 3);
    rcs_sim_advance(trial->sim, RCS_S(6));
    trial_ask_about(trial, "r1", "CLUSTER REPLICATE", "m1");
    rcs_sim_advance(trial->sim, RCS_MS(ms));
}

static const struct row {
    const char *name, *release;
    int64_t ms;
    const char *want;
} rows[] = {
    { "slots_tell_ids: 3.0 tells address and port", "3.0", 9000,
      "0-5 m1+0 r1+0 100-200 m1+0 r1+0 6-99 m2+0" },
    { "slots_tell_ids: 4.0 the id as well", "4.0", 9000,
      "0-5 m1+1 r1+1 100-200 m1+1 r1+1 6-99 m2+1" },
    { "slots_in_order: 6.0 goes node by node", "6.0", 9000,
      "0-5 m1+1 r1+1 100-200 m1+1 r1+1 6-99 m2+1" },
    { "slots_in_order: 6.2 goes slot by slot", "6.2", 9000,
      "0-5 m1+1 r1+1 6-99 m2+1 100-200 m1+1 r1+1" },
    { "slots_tell_metadata: 7.0 adds a map", "7.0", 9000,
      "0-5 m1+2 r1+2 6-99 m2+2 100-200 m1+2 r1+2" },
    { "slots_leave_out_empty: 6.2 tells of a replica without data", "6.2", 2000,
      "0-5 m1+1 r1+1 6-99 m2+1 100-200 m1+1 r1+1" },
    { "slots_leave_out_empty: 7.0 when it has data", "7.0", 2000,
      "0-5 m1+2 6-99 m2+2 100-200 m1+2" },
};

static void slots(void **state)
{
    const struct row *row = *state;
    struct trial trial;
    small_cluster(&trial, row->release, row->ms);
    expect_slots(&trial, "m1", row->want);
    trial_close(&trial);
}

/* A text that the reply holds, or does not. */
static const struct text_row {
    const char *name, *release, *request, *text;
    bool there;
} texts[] = {
    { "nodes_form: 3.0 tells no bus port", "3.0", "CLUSTER NODES", "@", false },
    { "nodes_form: 4.0 tells it", "4.0", "CLUSTER NODES", ":6379@16379 ", true },
    { "nodes_form: 6.2 knows no host name", "6.2", "CLUSTER NODES", "@16379,", false },
    { "nodes_form: 7.0 tells it", "7.0", "CLUSTER NODES", "@16379,m1.example ", true },
    { "info_form: 3.0 counts messages in one", "3.0", "CLUSTER INFO",
      "messages_ping_sent:", false },
    { "info_form: 4.0 by their types", "4.0", "CLUSTER INFO", "messages_ping_sent:", true },
    { "info_form: 6.2 cuts no links", "6.2", "CLUSTER INFO", "total_cluster_links_", false },
    { "info_form: 7.0 counts those cut", "7.0", "CLUSTER INFO",
      "total_cluster_links_buffer_limit_exceeded:0", true },
};

static void text(void **state)
{
    const struct text_row *row = *state;
    struct trial trial;
    small_cluster(&trial, row->release, 9000);
    if (trial.profile->release >= RCS_REDIS_7_0) {
        trial_ask(&trial, "m1", "CONFIG SET cluster-announce-hostname m1.example");
    }
    struct rcs_session *session = trial_send(&trial, "m1", row->request);
    trial_await(&trial, session);
    const struct rcs_reply *reply = rcs_session_reply(session);
    char *got = calloc(1, reply->size_bytes + 1);
    assert_non_null(got);
    memcpy(got, reply->bytes, reply->size_bytes);
    if ((strstr(got, row->text) != NULL) != row->there) {
        fail_msg("%s \"%s\" in: %s", row->there ? "no" : "there is", row->text, got);
    }
    free(got);
    rcs_session_free(session);
    trial_close(&trial);
}

/* How many bytes of the stream RESTORE with a time to live becomes. */
static void expect_restore(const char *release, int64_t bytes)
{
    struct trial trial;
    struct rcs_view before, after;
    small_cluster(&trial, release, 9000);
    trial_ask(&trial, "m1", "SET {06S} 1"); /* slot 0 */
    struct rcs_session *dump = trial_send(&trial, "m1", "DUMP {06S}");
    trial_await(&trial, dump);
    const struct rcs_reply *reply = rcs_session_reply(dump);
    assert_int_equal(reply->size_bytes, 13);
    struct rcs_arg args[4] = { { "RESTORE", 7 }, { "{06S}r", 6 }, { "100000", 6 } };
    args[3] = (struct rcs_arg){ reply->bytes, (uint32_t)reply->size_bytes };
    struct rcs_session *restore = rcs_session_new(trial.sim, NULL, false);
    rcs_sim_view(trial.sim, trial_node(&trial, "m1"), &before);
    rcs_session_request(restore, trial_node(&trial, "m1"), 4, args);
    trial_finish(&trial, restore, "RESTORE");
    rcs_sim_view(trial.sim, trial_node(&trial, "m1"), &after);
    assert_int_equal(after.offset - before.offset, bytes);
    rcs_session_free(dump);
    trial_close(&trial);
}

static void restores_until_4_0_says_restore_as_it_came(void **state)
{
    (void)state;
    expect_restore("4.0", 61); /* *4 RESTORE {06S}r 100000 13 bytes */
}

static void restores_until_5_0_says_when_it_ends(void **state)
{
    (void)state;
    expect_restore("5.0", 81); /* *5 RESTORE {06S}r 1795210945372 13 bytes ABSTTL */
}

static void setslot_asks_for_masters_6_2_takes_any_node(void **state)
{
    (void)state;
    struct trial trial;
    small_cluster(&trial, "6.2", 9000);
    expect_reply(&trial, "m1", "CLUSTER SETSLOT 0 MIGRATING", "r1", "OK");
    trial_close(&trial);
}

static void setslot_asks_for_masters_7_0_refuses_replicas(void **state)
{
    (void)state;
    struct trial trial;
    small_cluster(&trial, "7.0", 9000);
    expect_reply(&trial, "m1", "CLUSTER SETSLOT 0 MIGRATING", "r1",
                 "ERR Target node is not a master");
    trial_close(&trial);
}

int main(void)
{
    enum {
        ROWS = sizeof(rows) / sizeof(rows[0]),
        TEXTS = sizeof(texts) / sizeof(texts[0]),
        COUNT = ROWS + TEXTS
    };
    struct CMUnitTest tests[COUNT + 4] = {
        [COUNT] = cmocka_unit_test(setslot_asks_for_masters_6_2_takes_any_node),
        [COUNT + 1] = cmocka_unit_test(setslot_asks_for_masters_7_0_refuses_replicas),
        [COUNT + 2] = cmocka_unit_test(restores_until_4_0_says_restore_as_it_came),
        [COUNT + 3] = cmocka_unit_test(restores_until_5_0_says_when_it_ends),
    };
    for (unsigned i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = slots,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    for (unsigned i = 0; i < TEXTS; i++) {
        tests[ROWS + i] = (struct CMUnitTest){ .name = texts[i].name,
                                               .test_func = text,
                                               .initial_state = (void *)(uintptr_t)&texts[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
