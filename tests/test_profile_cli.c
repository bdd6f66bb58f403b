/* The words of each release's redis-cli, and the log of its nodes as a transcript shows it. */
#include "tests/support/support.h"

#include "tests/support/play.h"

/* All that is said, when all holds. */
static struct played logged(const char *text)
{
    struct played played = play_with(text, (struct rcs_run_options){ .log = "all" });
    played_through(&played);
    assert_int_equal(played.failures, 0);
    return played;
}

struct row {
    const char *name, *release;
    const char *said[6], *unsaid[4];
};

static const struct row rows[] = {
    { "cli: valkey-8.0 has primaries and replicas",
      "valkey-8.0",
      { "Primary[0] -> Slots 0 - 5460", "optimize replicas allocation",
        "[WARNING] Some replicas are in the same host as their primary", "| 1 replicas.",
        "[OK] 0 keys in 3 primaries." },
      { "Master[0]", "slaves.", "masters." } },
    { "cli: 7.2 has masters and slaves",
      "7.2",
      { "Master[0] -> Slots 0 - 5460", "optimize slaves allocation", "| 1 slaves.",
        "[OK] 0 keys in 3 masters." },
      { "Primary", "primaries" } },
    { "cli: 4.0 is looked after with 5.0's",
      "4.0",
      { "Master[0] -> Slots 0 - 5460", "Adding replica", "[OK] All 16384 slots covered." },
      { "Primary" } },
    /* the log */
    { "log: 4.0 has no year",
      "4.0",
      { "1001:C 01 Jan 00:00:00.000 # oO0OoO0OoO0Oo Redis is starting",
        "1001:M 01 Jan 00:00:00.000 * Ready to accept connections\n" },
      { "01 Jan 2026" } },
    { "log: 5.0 has one",
      "5.0",
      { "1001:C 01 Jan 2026 00:00:00.000 # Redis version=5.0.14," },
      { "01 Jan 00:" } },
    { "log: 3.0 is ready in its own words",
      "3.0",
      { "1001:M 01 Jan 00:00:00.000 # Server started, Redis version 3.0.7\n",
        "1001:M 01 Jan 00:00:00.000 * The server is now ready to accept connections on port "
        "6379\n" },
      { "oO0OoO0OoO0Oo" } },
    { "log: 7.0 reads nodes.conf before it says its port",
      "7.0",
      { "* No cluster configuration found, I'm ", "* Running mode=cluster, port=6379." },
      { NULL } },
    { "log: valkey-8.0 is called so",
      "valkey-8.0",
      { "1001:C 01 Jan 2026 00:00:00.000 * Valkey version=8.0.1,",
        "* Ready to accept connections tcp\n", "* Cluster state changed: ok" },
      { "Redis is starting", "# Cluster state changed: ok" } },
};

static void check_words(const struct row *row, const char *text)
{
    for (unsigned i = 0; i < 6 && row->said[i] != NULL; i++) {
        if (strstr(text, row->said[i]) == NULL) {
            fail_msg("nobody said: %s", row->said[i]);
        }
    }
    for (unsigned i = 0; i < 4 && row->unsaid[i] != NULL; i++) {
        if (strstr(text, row->unsaid[i]) != NULL) {
            fail_msg("somebody said: %s", row->unsaid[i]);
        }
    }
}

static void words_of_a_release(void **state)
{
    const struct row *row = *state;
    char text[512];
    snprintf(text, sizeof(text),
             "redis %s\nsave \"\"\ncluster-node-timeout 2000\n"
             "node a1 10.0.0.1:6379\nnode a2 10.0.0.1:6380\nnode a3 10.0.0.1:6381\n"
             "node a4 10.0.0.1:6382\nnode a5 10.0.0.1:6383\nnode a6 10.0.0.1:6384\n"
             "cli --cluster create a1..a3 a4..a6 --cluster-replicas 1\n= ...\n"
             "wait 10s\ncli --cluster info a1\n= ...\n",
             row->release);
    struct played played = logged(text);
    check_words(row, played.out.data);
    played_close(&played);
}

/* What the verbs of --cluster say and do where releases differ (src/redis-cli.c of each; Valkey's
 * src/valkey-cli.c). */
static const struct row verbs[] = {
    { "cli: valkey-8.0 knows no primary of that id",
      "valkey-8.0",
      { "is not known or not a primary, please retry.", "ERR setting node-timeout for ",
        ">>> Getting functions from cluster", ">>> Sending CLUSTER RESET SOFT" },
      { "not a master", "SHUTDOWN" } },
    { "cli: 7.0 brings functions",
      "7.0",
      { "is not known or not a master, please retry.", "ERR setting node-timeout for ",
        ">>> Getting functions from cluster", ">>> Sending CLUSTER RESET SOFT" },
      { "not a primary", "SHUTDOWN" } },
    { "cli: 6.2 brings none, and does not spell well",
      "6.2",
      { "ERR setting node-timeot for ", ">>> Sending CLUSTER RESET SOFT" },
      { "functions", "SHUTDOWN" } },
    { "cli: 5.0 shuts the node down",
      "5.0",
      { "ERR setting node-timeot for ", ">>> SHUTDOWN the node." },
      { "functions", "CLUSTER RESET" } },
};

static void verbs_of_a_release(void **state)
{
    const struct row *row = *state;
    char text[768];
    snprintf(
        text, sizeof(text),
        "redis %s\nsave \"\"\ncluster-node-timeout 2000\nsite A a1..a4\n"
        "cli --cluster create a1..a3 --cluster-yes\n= ...\nwait 3s\n"
        "cli --cluster add-node a4 a1\n= ...\nwait 3s\n"
        "cli --cluster set-timeout a1 3000\n= ...\n"
        "cli --cluster reshard a1 --cluster-from all --cluster-to 12 --cluster-slots 1\n= ...\n"
        "cli --cluster reshard a1 --cluster-from all --cluster-to $a3.id --cluster-slots 2\n"
        "expect slots 5461-5462 10923-16383 of a3 on a3\n"
        "cli --cluster del-node a1 $a4.id\n= ...\n",
        row->release);
    struct played played = logged(text);
    check_words(row, played.out.data);
    played_close(&played);
}

/* From 7.2 on the file is read after the line about the port. */
static void nodes_conf_is_read_late_since_7_2(void **state)
{
    (void)state;
    static const struct {
        const char *release;
        bool late;
    } releases[] = { { "6.2", false }, { "7.0", false }, { "7.2", true }, { "valkey-8.0", true } };
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "redis %s\nnode a1\nwait 1s\n", releases[i].release);
        struct played played = logged(text);
        const char *conf = strstr(played.out.data, "No cluster configuration found");
        const char *mode = strstr(played.out.data, "Running mode=cluster");
        assert_true(conf != NULL && mode != NULL);
        assert_int_equal(conf > mode, releases[i].late);
        played_close(&played);
    }
}

int main(void)
{
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), VERBS = sizeof(verbs) / sizeof(verbs[0]) };
    struct CMUnitTest tests[1 + ROWS + VERBS] = {
        cmocka_unit_test(nodes_conf_is_read_late_since_7_2),
    };
    for (size_t i = 0; i < VERBS; i++) {
        tests[1 + ROWS + i] = (struct CMUnitTest){ .name = verbs[i].name,
                                                   .test_func = verbs_of_a_release,
                                                   .initial_state = (void *)&verbs[i] };
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tests[1 + i] = (struct CMUnitTest){ .name = rows[i].name,
                                            .test_func = words_of_a_release,
                                            .initial_state = (void *)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
