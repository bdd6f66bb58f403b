/* Orders to a run that is under way: what they do, what they answer, what of them is recorded. */
#include "tests/support/served.h"
#include "tests/support/support.h"

#include "proto/conf_text.h"
#include "sim/scenario/expect.h"
#include "sim/world/disk.h"

/* Five nodes that know each other by nothing yet; a site more, a client and a parameter. */
#define SMALL                                                                                      \
    "cluster-node-timeout 1000\nsite A a1..a3\nsite B b1 b2\nclient app at a2\nparam soon 2s\n"    \
    "latency A B 1ms\nwait 1s\n"

static bool recorded(const struct served *served, const char *order)
{
    struct rcs_buf line;
    rcs_buf_init(&line);
    rcs_buf_text(&line, "\"order\":\"");
    for (const char *c = order; *c != '\0'; c++) {
        rcs_buf_format(&line, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    rcs_buf_text(&line, "\"}");
    rcs_buf_add(&line, "", 1);
    rcs_buf_add((struct rcs_buf *)(uintptr_t)&served->trace, "", 1);
    ((struct rcs_buf *)(uintptr_t)&served->trace)->size_bytes--;
    bool found = strstr(served->trace.data, line.data) != NULL;
    rcs_buf_close(&line);
    return found;
}

struct row {
    const char *order;
    const char *text; /* pattern: what it prints */
    bool recorded;
};

static const struct row rows[] = {
    { "kill a1", "", true },
    { "kill a1..a2,b1", "", true },
    { "stop A", "", true },
    { "pause all", "", true },
    { "poweroff b1 b2", "", true },
    { "keep conf a1", "", true },
    { "partition A B", "", true },
    { "partition oneway a1 B", "", true },
    { "partition a1 b1 reject rst", "", true },
    { "heal", "", true },
    { "heal A B", "", true },
    { "latency A B 8ms..12ms", "", true },
    { "jitter A B 2ms", "", true },
    { "loss A B 5%", "", true },
    { "bandwidth A 10mbit", "", true },
    { "link A B loopback", "", true },
    { "drop ping from a1 to b1 times 3", "", true },
    { "disk a1 fsync 30ms", "", true },
    { "cluster-node-timeout 2000", "", true },
    { "node a1 cluster-node-timeout 3000", "", true },
    { "a1> PING", "PONG\n", true },
    { "a1..a2> PING", "PONG  (2 times)\n", true },
    { "a1..a2> CLUSTER MYID", "a1: \"*\"\na2: \"*\"\n", true },
    { "a1> CONFIG GET port", "1) \"port\"\n2) \"7001\"\n", true },
    { "client> CLUSTER KEYSLOT x", "(integer) 16287\n", true },
    { "app> GET x", "(error) CLUSTERDOWN *\n", true },
    { "a1> ECHO $a2.ip:$a2.port", "\"127.0.0.1:7002\"\n", true },
    { "a1> ECHO $soon", "\"2s\"\n", true },
    { "cli --cluster info a1",
      "127.0.0.1:7001 (*...) -> 0 keys | 0 slots | 0 slaves.\n[OK] 0 keys *", true },
    { "cli --cluster create a1..a3 --cluster-yes", "*[OK] All 16384 slots covered.\n", true },
    { "workload w redis-cli a1 every 100ms", "", true },
    { "param x 3", "", true },
    { "print \"now $a1.port\"", "now 7001\n", true },
    { "step \"two\"", "", true },
    { "at +3s kill a1", "", true },
    { "at +3s expect life up on a1", "", false },
    { "during $soon { kill a1 }", "", true },
    { "only 7.0 kill a1", "", true },
    { "only 6.2 kill a1", "", true },
    { "node c1", "", true },
    { "node c1 127.0.0.1:7100", "", true },
    { "node c1 127.0.0.1:7100 site B absent save \"\" cluster-node-timeout 9000", "", true },
    { "node c1 absent", "", true },
    { "play", "", true },
    { "show info on a1..a2", "a1     state fail master *\na2     state fail *\n", false },
    { "show nodes on a1", "a1 *myself,master*", false },
    { "show workloads", "", false },
    { "show log on a1", "a1 | *", false },
    { "wait 3s", "", false },
    { "expect state fail on all", "", false },
    { "expect life up on all", "", false },
    { "await current-epoch 0 on a1 within 1s", "", false },
    { "until state fail on all within 10ms", "", false },
};

static void order_row(void **state)
{
    const struct row *row = *state;
    struct served served;
    served_open(&served, SMALL, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(2), 0);
    served_order(&served, row->order);
    if (!rcs_pattern_matches(row->text, served.text)) {
        fail_msg("%s printed %s and not %s", row->order, served.text, row->text);
    }
    served_pass(&served, RCS_S(5), 0);
    assert_int_equal(rcs_run_failures(served.run), 0);
    served_end(&served);
    if (row->recorded != recorded(&served, row->order)) {
        fail_msg("%s is %s", row->order, row->recorded ? "not recorded" : "recorded");
    }
    served_replays(&served);
    served_close(&served);
}

/* What only asks leaves the run as it would have been. */
static void asking_changes_nothing(void **state)
{
    (void)state;
    struct served served, other;
    served_open(&other, SMALL, (struct rcs_run_options){ .has_seed = false });
    served_pass(&other, RCS_S(30), 0);
    uint64_t digest = rcs_sim_digest(other.sim);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].recorded) {
            continue;
        }
        served_open(&served, SMALL, (struct rcs_run_options){ .has_seed = false });
        served_pass(&served, RCS_S(2), 0);
        served_order(&served, rows[i].order);
        served_pass(&served, RCS_S(30) - rcs_sim_now(served.sim), 0);
        assert_true(rcs_sim_digest(served.sim) == digest);
        served_close(&served);
    }
    served_close(&other);
}

struct wrong_row {
    const char *order;
    const char *text; /* pattern */
};

static const struct wrong_row wrongs[] = {
    { "", "order:1:1: the order is missing" },
    { "   # nothing", "order:1:*: the order is missing" },
    { "kill b9", "order:1:6: no node \"b9\" (declared: a1..a3, b1, b2)" },
    { "kil a1", "order:1:1: no verb or directive \"kil\" (did you mean kill?)" },
    { "kill", "order:1:5: a node is missing here *" },
    { "kill a1\nkill a2", "order:1:1: an order is one line of text *" },
    { "= OK", "order:1:1: no command stands above this reply *" },
    { "}", "order:1:1: no block is open that this } could close" },
    { "during 5s {", "order:1:*: a block is one line here: *" },
    { "kill \"a1", "order:1:6: the quote is not closed" },
    { "title \"x\"", "order:1:1: title belongs to a scenario's layout and is no order" },
    { "site C c1", "order:1:1: site belongs to a scenario's layout and is no order" },
    { "absent a1", "order:1:1: absent belongs to a scenario's layout and is no order" },
    { "a1> GET $nobody", "order:1:9: no parameter \"nobody\"*" },
    { "b9> PING", "order:1:1: no node \"b9\" *" },
    { "cluster-node-timeuot 5", "*(did you mean cluster-node-timeout?)" },
    { "cluster-node-timeout soon", "order:1:22: *" },
    { "node a1", "order:1:6: \"a1\" is already a node" },
    { "node 1", "order:1:6: \"1\" is no name *" },
    { "node c1 127.0.0.1:7001", "order:1:1: 127.0.0.1:7001 is the address of node \"a1\" already" },
    { "node c1 127.0.0.1:99999", "order:1:9: *is no address*" },
    { "node c1 site C", "order:1:14: no site \"C\" *" },
    { "node c1 absent save", "order:1:20: its value is missing here" },
    { "node c1 absent sav 1", "order:1:16: *save*" },
    { "remove a1", "order:1:1: a1 has a process: stop or kill it first" },
    { "play 0", "order:1:6: *" },
    { "start a1", "order:1:1: *a1*" },
    { "resume a1", "order:1:1: *a1*" },
    { "at 1s kill a1", "order:1:1: this time is over: it is already 2.000 s" },
    { "workload w stop", "order:1:10: no workload \"w\" *" },
    { "jitter A A 2ms", "order:1:1: jitter adds to a latency: *" },
    { "expect state ok on a1..a2",
      "order:1:1: expected state ok on a1..a2; instead: a1, a2: fail" },
    { "until state ok on a1 within 1.5s",
      "order:1:1: expected state ok on a1 within 1.5 s; instead: a1: fail" },
    { "await state ok on a1 within 0s", "order:1:1: expected *; instead: a1: fail" },
    { "expect event a1 state-ok since \"kill a1\"",
      "order:1:1: expected *; instead: \"kill a1\" has not happened" },
    { "cli --cluster check a1",
      "order:1:1: expected redis-cli to end without an error; instead: [ERR] Not all 16384 slots "
      "are covered by nodes." },
};

static void wrong_order_row(void **state)
{
    const struct wrong_row *row = *state;
    struct served served;
    served_open(&served, SMALL, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(2), 0);
    const char *text = served_refused(&served, row->order);
    if (!rcs_pattern_matches(row->text, text)) {
        fail_msg("%s: %s", row->order, text);
    }
    served_order(&served, "a1> PING"); /* the run goes on, and is none the worse */
    assert_string_equal(served.text, "PONG\n");
    assert_int_equal(rcs_run_failures(served.run), 0);
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

static enum rcs_node_life life(const struct served *served, int node)
{
    return rcs_sim_node_life(served->sim, node);
}

static void what_is_put_off_comes_later(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SMALL, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(2), 0);
    served_order(&served, "at +3s kill a1");
    served_order(&served, "at +4s kill a1"); /* it will be down: said in the transcript */
    assert_int_equal(rcs_sim_now(served.sim), RCS_S(2));
    served_pass(&served, RCS_S(3) - 1, 0);
    assert_int_equal(life(&served, 0), RCS_LIFE_UP);
    served_pass(&served, 1, 0);
    assert_int_equal(life(&served, 0), RCS_LIFE_DOWN);
    served_pass(&served, RCS_S(2), 0);
    rcs_buf_add(&served.out, "", 1);
    assert_non_null(strstr(served.out.data, "order:1:8: "));
    served_order(&served, "during 2s { pause a2 }");
    assert_int_equal(rcs_sim_now(served.sim), RCS_S(9)); /* told when the block is over */
    assert_int_equal(life(&served, 1), RCS_LIFE_UP);
    assert_int_equal(rcs_run_failures(served.run), 0);
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

static void nodes_come_and_go(void **state)
{
    (void)state;
    struct served served;
    struct rcs_diag diag = { .line = 0 };
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(20), 0);
    int node = rcs_run_add_node(served.run, "b1", NULL,
                                "cluster-node-timeout 1000\nsave 3600 1 300 100\n"
                                "requirepass a$\"b c\"\n",
                                true, &diag);
    assert_int_equal(node, 6);
    assert_int_equal(rcs_sim_node_port(served.sim, 6), 7007);
    assert_int_equal(life(&served, 6), RCS_LIFE_UP);
    assert_int_equal(rcs_run_add_node(served.run, "b1", NULL, NULL, true, &diag), -1);
    assert_non_null(strstr(diag.text, "\"b1\" is already a node"));
    assert_int_equal(rcs_run_add_node(served.run, "b2", "127.0.0.1:7001", NULL, true, &diag), -1);
    assert_non_null(strstr(diag.text, "127.0.0.1:7001 is the address of node \"a1\" already"));
    served_order(&served, "b1> AUTH a$$\"b c\"");
    served_order(&served, "node b1 requirepass \"\"");
    served_order(&served, "cli --cluster add-node b1 a1");
    served_order(&served, "until known b1 on all within 5s");
    served_order(&served, "cli --cluster reshard a1 --cluster-from all --cluster-to $b1.id "
                          "--cluster-slots 100 --cluster-yes");
    served_order(&served, "expect slots 0-32,5461-5494,10923-10955 of b1 on b1");
    served_order(&served, "kill b1");
    served_order(&served, "remove b1");
    assert_int_equal(rcs_sim_find_node(served.sim, "b1"), -1);
    assert_non_null(
        strstr(served_refused(&served, "start b1"), "no node \"b1\" (declared: a1..a6)"));
    served_order(&served, "show info on all");
    assert_null(strstr(served.text, "b1"));
    served_order(&served, "node b1"); /* name and address are free; another host, another node */
    assert_int_equal(rcs_sim_find_node(served.sim, "b1"), 7);
    assert_int_equal(rcs_sim_node_port(served.sim, 7), 7008);
    served_order(&served, "node b2 127.0.0.1:7007");
    uint32_t number = served_connect(&served, 8);
    served_send(&served, number, "PING");
    assert_string_equal(served.got[number].data, "+PONG\r\n");
    served_pass(&served, RCS_S(5), 0);
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

static bool no_file(void *arg, const char *name, struct rcs_buf *out)
{
    (void)arg;
    (void)name;
    (void)out;
    return false;
}

static void put(struct served *served, const char *what, const char *bytes, size_t size_bytes,
                const char *numbers)
{
    struct rcs_buf order;
    rcs_buf_init(&order);
    rcs_buf_format(&order, "put b1 %s ", what);
    rcs_conf_quote(&order, bytes, size_bytes);
    rcs_buf_format(&order, "%s", numbers);
    served_order(served, order.data);
    rcs_buf_close(&order);
}

/* What a node left on its disk is given to another one: that is who it is, then. */
/* What CONFIG REWRITE finds is an input like any other; rewritten is what holds at that moment. */
static void a_redis_conf_is_written_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *order, *reply;
    } finds[] = {
        { "config-file a1 denied", "(error) ERR Rewriting config file: Permission denied\n" },
        { "config-file a1 read-only",
          "(error) ERR Rewriting config file: Read-only file system\n" },
        { "config-file a1 none", "(error) ERR The server is running without a config file\n" },
        { "config-file a1 good", "OK\n" },
    };
    struct served served;
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(20), 0);
    for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
        assert_int_equal(rcs_disk_conf_rewrites(served.sim, 0), 0);
        served_order(&served, finds[i].order);
        served_order(&served, "a1> CONFIG REWRITE");
        assert_string_equal(served.text, finds[i].reply);
    }
    assert_int_equal(rcs_disk_conf_rewrites(served.sim, 0), 1);
    assert_non_null(strstr(served_refused(&served, "config-file a1 gone"), "no-directory"));
    uint32_t client = served_connect(&served, 0);
    served_send(&served, client, "CONFIG SET timeout 7");
    served_send(&served, client, "CONFIG REWRITE");
    served_send(&served, client, "CONFIG SET timeout 8");
    assert_int_equal(rcs_disk_conf_file(served.sim, 0)->timeout_s, 7);
    served_order(&served, "kill a1");
    served_order(&served, "start a1");
    served_order(&served, "a1> CONFIG GET timeout");
    assert_non_null(strstr(served.text, "\"7\""));
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

static void files_are_given(void **state)
{
    (void)state;
    struct served served;
    struct rcs_buf dump, conf;
    uint32_t base, incr;
    rcs_buf_init(&dump);
    rcs_buf_init(&conf);
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(20), 0);
    served_order(&served, "client> SET foo \"bar $$ \\x00\"");
    served_order(&served, "a3> SAVE");
    served_order(&served, "kill a3");
    assert_true(rcs_disk_dump(served.sim, 2, &dump));
    const char *text = rcs_sim_nodes_conf(served.sim, 2);
    rcs_buf_text(&conf, text);
    assert_int_equal(rcs_disk_read_aof(served.sim, 2, "appendonly.aof", no_file, NULL, &conf, &base,
                                       &incr, NULL, NULL),
                     RCS_OK); /* there is none: nothing is added */
    served_order(&served, "node b1 127.0.0.1:7100 absent pid 4242");
    uint32_t before = rcs_disk_changes(served.sim, 6, RCS_DISK_DUMP);
    put(&served, "nodes.conf", conf.data, conf.size_bytes, "");
    put(&served, "dump.rdb", dump.data, dump.size_bytes, "");
    assert_int_not_equal(rcs_disk_changes(served.sim, 6, RCS_DISK_DUMP), before);
    assert_string_equal(rcs_sim_node_id(served.sim, 6), rcs_sim_node_id(served.sim, 2));
    assert_non_null(strstr(served_refused(&served, "put b1 dump.rdb REDIS"), "RDB"));
    assert_non_null(strstr(served_refused(&served, "put b1 dump.txt x"), "dump.rdb"));
    assert_non_null(strstr(served_refused(&served, "put a1 nodes.conf x"), "stop it first"));
    served_order(&served, "start b1");
    assert_non_null(strstr(served_refused(&served, "put b1 dump.rdb x"), "stop it first"));
    served_order(&served, "until state ok on b1 within 10s");
    served_order(&served, "b1> GET foo");
    assert_non_null(strstr(served.text, "\"bar $ \\x00\""));
    served_order(&served, "b1> INFO server");
    assert_non_null(strstr(served.text, "process_id:4242"));
    served_order(&served, "stop b1");
    served_pass(&served, RCS_S(12), 0); /* it waits for a replica that lags */
    assert_int_equal(rcs_sim_exit_status(served.sim, 6), 0);
    served_order(&served, "start b1");
    served_order(&served, "kill b1");
    assert_int_equal(rcs_sim_exit_status(served.sim, 6), 137);
    put(&served, "aof", dump.data, dump.size_bytes, " 3 7");
    struct rcs_aof_files files;
    assert_true(rcs_disk_aof(served.sim, 6, "my.aof", &files));
    assert_string_equal(files.base_name, "my.aof.3.base.rdb");
    assert_string_equal(files.incr_name, "my.aof.7.incr.aof");
    rcs_aof_files_close(&files);
    served_end(&served);
    served_replays(&served);
    served_close(&served);
    rcs_buf_close(&dump);
    rcs_buf_close(&conf);
}

/* Redis 7.0 with cluster-enabled no; where it has more than rcsim models, that is said. */
static void a_server_of_its_own(void **state)
{
    static const char *const wanted[][2] = {
        { "MSET a 1 b 2 c 3", "OK" },
        { "MGET a b c", "1) \"1\"\n2) \"2\"\n3) \"3\"" },
        { "EVAL \"return redis.call('GET', 'a') .. redis.call('GET', 'b')\" 2 a b", "\"12\"" },
        { "CLUSTER INFO", "(error) ERR This instance has cluster support disabled" },
        { "CLUSTER HELP", "(error) ERR This instance has cluster support disabled" },
        { "READONLY", "(error) ERR This instance has cluster support disabled" },
        { "READWRITE", "(error) ERR This instance has cluster support disabled" },
        { "ASKING", "(error) ERR This instance has cluster support disabled" },
        { "SELECT 0", "OK" },
        { "SELECT 1", "(error) ERR rcsim models database 0 only" },
        { "MOVE a 1", "(error) ERR rcsim models database 0 only" },
        { "SWAPDB 0 1", "(error) ERR rcsim models database 0 only" },
        { "REPLICAOF 127.0.0.1 7001", "(error) ERR rcsim models replicas in cluster mode only" },
        { "FAILOVER", "(error) ERR rcsim models failovers in cluster mode only" },
        { "CONFIG GET cluster-enabled", "1) \"cluster-enabled\"\n2) \"no\"" },
    };
    (void)state;
    struct served served;
    struct rcs_view view;
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(20), 0);
    served_order(&served, "node b1 127.0.0.1:7100 cluster-enabled no");
    served_order(&served, "expect log b1 \"*Running mode=standalone, port=7100.\"");
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct rcs_buf order;
        rcs_buf_init(&order);
        rcs_buf_format(&order, "b1> %s", wanted[i][0]);
        served_order(&served, order.data);
        assert_non_null(strstr(served.text, wanted[i][1]));
        rcs_buf_close(&order);
    }
    served_order(&served, "b1> INFO server");
    assert_non_null(strstr(served.text, "redis_mode:standalone"));
    served_order(&served, "b1> INFO cluster");
    assert_non_null(strstr(served.text, "cluster_enabled:0"));
    assert_null(rcs_sim_nodes_conf(served.sim, 6));           /* it keeps no such file */
    served_order(&served, "a1> CLUSTER MEET 127.0.0.1 7100"); /* nobody is at its bus port */
    served_pass(&served, RCS_S(40), 0);
    rcs_sim_view(served.sim, 0, &view);
    assert_int_equal(view.known, 6);
    served_order(&served, "stop b1");
    served_pass(&served, RCS_S(1), 0);
    served_order(&served, "start b1");
    served_order(&served, "b1> GET b");
    assert_string_equal(served.text, "\"2\"\n");
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

static void workloads_begin_and_end(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SERVED_SIX "workload first redis-py all every 50ms\n",
                (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(20), 0);
    served_order(&served, "workload second predis a1..a3 every 20ms keys 10 tag x");
    served_order(&served, "workload third redis-cli all");
    served_order(&served, "wait 2s");
    served_order(&served, "expect workload second operations >=50");
    served_order(&served, "workload second stop");
    served_order(&served, "show workloads");
    assert_non_null(strstr(served.text, "workload first: "));
    assert_non_null(strstr(served.text, "\nworkload second: "));
    assert_non_null(strstr(served.text, "\nworkload third: "));
    assert_non_null(strstr(served_refused(&served, "workload second pinned a1"), "there already"));
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

/* --- who waits, and what it is told ----------------------------------------------------------- */

struct waiting {
    struct rcs_run *run;
    struct rcs_sim *sim;
    unsigned told, failed;
    rcs_us at_us[8];
    char text[8][128];
    const char *next; /* to be given from within */
};

static void on_told(void *arg, bool success, const char *text, size_t size_bytes)
{
    struct waiting *waiting = arg;
    unsigned i = waiting->told++;
    assert_true(i < 8);
    waiting->failed += !success;
    waiting->at_us[i] = rcs_sim_now(waiting->sim);
    snprintf(waiting->text[i], sizeof(waiting->text[i]), "%.*s", (int)size_bytes, text);
    const char *next = waiting->next;
    waiting->next = NULL;
    if (next != NULL) {
        struct rcs_diag diag;
        assert_int_equal(rcs_run_order(waiting->run, next, strlen(next), on_told, waiting, &diag),
                         RCS_OK);
    }
}

static void many_wait_at_once(void **state)
{
    (void)state;
    struct served served;
    struct rcs_diag diag = { .line = 0 };
    served_open(&served, SMALL, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(2), 0);
    struct waiting waiting = { .run = served.run, .sim = served.sim, .next = "a1> ECHO next" };
    static const char *const orders[] = { "wait 3s", "wait 1s", "a1> PING", "expect life up on a1",
                                          "wait 90s" };
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(
            rcs_run_order(served.run, orders[i], strlen(orders[i]), on_told, &waiting, &diag),
            RCS_OK);
    }
    assert_int_equal(waiting.told, 1); /* the expectation, at once; it gave the next order */
    assert_int_equal(rcs_run_orders(served.run), 5);
    served_pass(&served, RCS_S(10), 0);
    assert_int_equal(waiting.told, 5);
    assert_string_equal(waiting.text[1], "PONG\n");
    assert_string_equal(waiting.text[2], "\"next\"\n");
    assert_true(waiting.at_us[3] == RCS_S(3) && waiting.at_us[4] == RCS_S(5));
    assert_int_equal(rcs_run_orders(served.run), 1);
    served_end(&served);
    assert_int_equal(waiting.told, 6);
    assert_int_equal(waiting.failed, 1);
    assert_non_null(strstr(waiting.text[5], "the run ended before this was done"));
    served_replays(&served);
    served_close(&served);
}

/* Given from within, at the instant another one ends. */
static void the_next_one_given_when_one_ends(void **state)
{
    (void)state;
    struct served served;
    struct rcs_diag diag = { .line = 0 };
    served_open(&served, SERVED_SIX, (struct rcs_run_options){ .has_seed = false });
    served_pass(&served, RCS_S(20), 0);
    struct waiting waiting = { .run = served.run, .sim = served.sim, .next = "kill a2" };
    assert_int_equal(rcs_run_order(served.run, "wait 3s", 7, on_told, &waiting, &diag), RCS_OK);
    served_pass(&served, RCS_S(30), 0);
    assert_int_equal(waiting.told, 2);
    assert_true(waiting.at_us[1] == RCS_S(23));
    served_end(&served);
    assert_true(recorded(&served, "kill a2"));
    served_replays(&served);
    served_close(&served);
}

static void a_run_that_has_ended_takes_none(void **state)
{
    (void)state;
    struct served served;
    struct rcs_diag diag = { .line = 0 };
    served_open(&served, SMALL, (struct rcs_run_options){ .has_seed = false });
    rcs_run_interrupt(served.run);
    assert_int_equal(rcs_run_order(served.run, "kill a1", 7, on_told, NULL, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "the run has ended");
    served_close(&served);
}

static void a_script_does_not_know_them(void **state)
{
    (void)state;
    static const char *const texts[] = { "node a1\nwait 1s\nuntil state ok on a1 within 1s\n",
                                         "node a1\nplay 1\n", "node a1\nremove a1\n" };
    for (unsigned i = 0; i < 3; i++) {
        struct rcs_scenario *scenario;
        struct rcs_diag diag = { .line = 0 };
        assert_int_equal(
            rcs_scenario_parse(&scenario, "t", texts[i], strlen(texts[i]), NULL, NULL, &diag),
            RCS_ERR_SYNTAX);
        assert_non_null(strstr(diag.text, "is an order to a run that is served"));
    }
}

/* Of a thousand orders nothing stays but what they did. */
static void orders_are_forgotten(void **state)
{
    (void)state;
    struct served served;
    served_open(&served, SMALL, (struct rcs_run_options){ .quiet = true });
    for (unsigned i = 0; i < 1000; i++) {
        served_order(&served, "cluster-node-timeout 1000");
        served_order(&served, "show info on a1");
    }
    served_end(&served);
    served_replays(&served);
    served_close(&served);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(asking_changes_nothing),
        cmocka_unit_test(what_is_put_off_comes_later),
        cmocka_unit_test(nodes_come_and_go),
        cmocka_unit_test(a_redis_conf_is_written_or_not),
        cmocka_unit_test(files_are_given),
        cmocka_unit_test(a_server_of_its_own),
        cmocka_unit_test(workloads_begin_and_end),
        cmocka_unit_test(many_wait_at_once),
        cmocka_unit_test(the_next_one_given_when_one_ends),
        cmocka_unit_test(a_run_that_has_ended_takes_none),
        cmocka_unit_test(a_script_does_not_know_them),
        cmocka_unit_test(orders_are_forgotten),
    };
    enum {
        ROWS = sizeof(rows) / sizeof(rows[0]),
        WRONGS = sizeof(wrongs) / sizeof(wrongs[0]),
        OTHERS = sizeof(others) / sizeof(others[0])
    };
    struct CMUnitTest tests[ROWS + WRONGS + OTHERS];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].order,
                                        .test_func = order_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    for (size_t i = 0; i < WRONGS; i++) {
        tests[ROWS + i] = (struct CMUnitTest){ .name = wrongs[i].order,
                                               .test_func = wrong_order_row,
                                               .initial_state = (void *)(uintptr_t)&wrongs[i] };
    }
    memcpy(tests + ROWS + WRONGS, others, sizeof(others));
    return _cmocka_run_group_tests("order", tests, ROWS + WRONGS + OTHERS, NULL, NULL);
}
