#include "tests/support/support.h"

#include <math.h>

#include "sim/scenario/cli_nodes.h"
#include "sim/scenario/cli_plan.h"

enum optimiser { NOT_NEEDED, PERFECT, BESIDE_MASTER, BESIDE_REPLICA };

/* Nodes by their hosts' letters, in the order they are typed; ports are 1, 2, 3... What
 * redis-cli 7.0.15 said to the same question, put to real servers on 127.0.0.1 to 127.0.0.3. */
struct row {
    const char *name, *hosts;
    unsigned replicas;
    const char *slots;  /* last slot of each master */
    const char *adding; /* replica>master; what follows a + are extra ones */
    enum optimiser optimiser;
};

static const struct row rows[] = {
    { "6 nodes on one host", "AAAAAA", 1, "5460 10922 16383", "A5>A1 A6>A2 A4>A3", BESIDE_MASTER },
    { "6 nodes on two hosts", "AAABBB", 1, "5460 10922 16383", "B6>A1 A3>B4 B5>A2", NOT_NEEDED },
    { "6 nodes on three hosts", "AABBCC", 1, "5460 10922 16383", "B4>A1 C6>B3 A2>C5", NOT_NEEDED },
    { "6 nodes, a host each", "ABCDEF", 1, "5460 10922 16383", "E5>A1 F6>B2 D4>C3", NOT_NEEDED },
    { "7 nodes on one host: one is left over", "AAAAAAA", 1, "5460 10922 16383",
      "A5>A1 A6>A2 A7>A3 + A4>A1", BESIDE_MASTER },
    { "7 nodes on three hosts", "ABCABCA", 1, "5460 10922 16383", "B5>A1 C6>B2 A7>C3 + A4>A1",
      PERFECT },
    { "7 masters", "AAABBBC", 0, "2340 4680 7021 9361 11702 14042 16383", "", NOT_NEEDED },
    { "7 nodes, all but one on a host", "ABBBBBB", 1, "5460 10922 16383",
      "B5>A1 B6>B2 B7>B3 + B4>A1", BESIDE_MASTER },
    { "9 nodes on three hosts, two replicas each", "AAABBBCCC", 2, "5460 10922 16383",
      "B5>A1 C8>A1 A3>B4 C9>B4 B6>C7 A2>C7", NOT_NEEDED },
    { "10 nodes, two on a host of their own", "AABBBBBBBB", 2, "5460 10922 16383",
      "B5>A1 B6>A1 B7>B3 B8>B3 B9>A2 B10>A2 + B4>A1", BESIDE_MASTER },
    { "4 masters", "AAAA", 0, "4095 8191 12287 16383", "", NOT_NEEDED },
    { "12 nodes, two replicas each, on two hosts", "AAAAAABBBBBB", 2, "4095 8191 12287 16383",
      "B9>A1 B10>A1 A4>B7 A5>B7 B11>A2 B12>A2 A6>B8 A3>B8", BESIDE_REPLICA },
};

static const char *const endings[] = {
    [NOT_NEEDED] = "",
    [PERFECT] = ">>> Trying to optimize slaves allocation for anti-affinity\n"
                "[OK] Perfect anti-affinity obtained!\n",
    [BESIDE_MASTER] = ">>> Trying to optimize slaves allocation for anti-affinity\n"
                      "[WARNING] Some slaves are in the same host as their master\n",
    [BESIDE_REPLICA] = ">>> Trying to optimize slaves allocation for anti-affinity\n"
                       "[WARNING] Some slaves of the same master are in the same host\n",
};

static void expected_text(const struct row *row, struct rcs_buf *out)
{
    char text[256];
    rcs_buf_format(out, ">>> Performing hash slots allocation on %zu nodes...\n",
                   strlen(row->hosts));
    snprintf(text, sizeof(text), "%s", row->slots);
    int first = 0, master = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        rcs_buf_format(out, "Master[%d] -> Slots %d - %s\n", master++, first, word);
        first = atoi(word) + 1;
    }
    snprintf(text, sizeof(text), "%s", row->adding);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        char replica, other;
        int replica_port, other_port;
        if (strcmp(word, "+") == 0) {
            rcs_buf_text(out, "Adding extra replicas...\n");
            continue;
        }
        assert_int_equal(sscanf(word, "%c%d>%c%d", &replica, &replica_port, &other, &other_port),
                         4);
        rcs_buf_format(out, "Adding replica %c:%d to %c:%d\n", replica, replica_port, other,
                       other_port);
    }
    rcs_buf_text(out, endings[row->optimiser]);
    rcs_buf_add(out, "", 1);
}

static void plan_row(void **state)
{
    const struct row *row = *state;
    unsigned count = (unsigned)strlen(row->hosts);
    struct rcs_plan_node nodes[16] = { 0 };
    char hosts[16][2] = { { 0 } };
    struct rcs_rand chance;
    struct rcs_buf out, want;
    rcs_buf_init(&out);
    rcs_buf_init(&want);
    rcs_rand_init(&chance, 1, RCS_RAND_CLI, 0);
    for (unsigned i = 0; i < count; i++) {
        hosts[i][0] = row->hosts[i];
        nodes[i].host = hosts[i];
        nodes[i].port = (int)i + 1;
    }
    assert_int_equal(rcs_plan_make(nodes, count, row->replicas, &chance, &out), RCS_OK);
    rcs_buf_add(&out, "", 1);
    expected_text(row, &want);
    assert_string_equal(out.data, want.data);
    unsigned slots = 0, replicas = 0;
    for (unsigned i = 0; i < count; i++) {
        assert_true(nodes[i].master < 0 || nodes[nodes[i].master].master < 0);
        slots += (unsigned)(nodes[i].last + 1 - nodes[i].first);
        replicas += nodes[i].master >= 0;
    }
    assert_int_equal(slots, RCS_SLOTS);
    assert_int_equal(replicas, count - count / (row->replicas + 1));
    unsigned score = rcs_plan_score(nodes, count);
    assert_true(row->optimiser != PERFECT || score == 0);
    assert_true(row->optimiser != BESIDE_MASTER || score >= 10000);
    assert_true(row->optimiser != BESIDE_REPLICA || (score > 0 && score < 10000));
    rcs_buf_close(&want);
    rcs_buf_close(&out);
}

static void too_few_nodes(void **state)
{
    (void)state;
    struct rcs_plan_node nodes[5] = { 0 };
    struct rcs_rand chance;
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_rand_init(&chance, 1, RCS_RAND_CLI, 0);
    assert_int_equal(rcs_plan_make(nodes, 5, 1, &chance, &out), RCS_ERR_RANGE);
    rcs_buf_add(&out, "", 1);
    assert_string_equal(out.data, "*** ERROR: Invalid configuration for cluster creation.\n"
                                  "*** Redis Cluster requires at least 3 master nodes.\n"
                                  "*** This is not possible with 5 nodes and 1 replicas per node.\n"
                                  "*** At least 6 nodes are required.\n");
    rcs_buf_close(&out);
}

/* The integers are held against the `float` arithmetic they stand for. */
static void split_is_that_of_float(void **state)
{
    (void)state;
    static int last[4096];
    for (unsigned masters = 1; masters <= 4096; masters += masters < 1200 ? 1 : 79) {
        rcs_plan_split(masters, last);
        volatile float share = 16384 / (float)masters, cursor = 0.0f;
        long first = 0;
        for (unsigned i = 0; i < masters; i++) {
            volatile float end = cursor + share;
            end = end - 1;
            long want = lround(end);
            if (want > RCS_SLOTS || i == masters - 1) {
                want = RCS_SLOTS - 1;
            }
            if (want < first) {
                want = first;
            }
            if (last[i] != want) {
                fail_msg("%u masters: number %u ends at %d, not at %ld", masters, i, last[i], want);
            }
            first = want + 1;
            cursor = cursor + share;
        }
    }
}

static const char nodes_text[] =
    "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004 slave "
    "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected\n"
    "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002,host master - 0 1426238316232 "
    "2 connected "
    "5461-10922 [93->-292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f]\n"
    "292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f :0@0 master,fail,noaddr - 0 1426238318243 3 "
    "disconnected "
    "10923-16380 16382-16383\n"
    "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 127.0.0.1:30001@31001 myself,master - 0 0 1 "
    "connected 0-5460\n";

static void nodes_are_read_and_printed(void **state)
{
    (void)state;
    struct rcs_cli_node node;
    struct rcs_buf out;
    rcs_buf_init(&out);
    unsigned left_out = 0, myself = 0;
    for (const char *line = nodes_text; *line != '\0';) {
        assert_true(rcs_cli_node_read(line, &line, &node));
        left_out += node.left_out;
        myself += node.myself;
        rcs_cli_node_print(&out, &node, false, node.myself ? 1 : 0);
    }
    assert_int_equal(left_out, 1);
    assert_int_equal(myself, 1);
    rcs_buf_add(&out, "", 1);
    assert_string_equal(out.data,
                        "S: 07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004\n"
                        "   slots: (0 slots) slave\n"
                        "   replicates e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca\n"
                        "M: 67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002\n"
                        "   slots:[5461-10922] (5462 slots) master\n"
                        "M: 292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f :0\n"
                        "   slots:[10923-16380],[16382-16383] (5460 slots) master,fail,noaddr\n"
                        "M: e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 127.0.0.1:30001\n"
                        "   slots:[0-5460] (5461 slots) master\n"
                        "   1 additional replica(s)\n");
    rcs_buf_close(&out);
}

static void signature_is_sorted_and_ignores_open_slots(void **state)
{
    (void)state;
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_cli_signature(nodes_text, &out);
    rcs_buf_add(&out, "", 1);
    assert_string_equal(out.data,
                        "292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f:10923-16380,16382-16383|"
                        "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1:5461-10922|"
                        "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca:0-5460");
    rcs_buf_close(&out);
}

static void broken_node_lines_are_passed_over(void **state)
{
    (void)state;
    static const char *const lines[] = { "", "\n", "abc", "a b c\n", "a b c d 0 0 1\n" };
    struct rcs_cli_node node;
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *end;
        assert_false(rcs_cli_node_read(lines[i], &end, &node));
        assert_int_equal(*end, '\0');
    }
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(too_few_nodes),
        cmocka_unit_test(split_is_that_of_float),
        cmocka_unit_test(nodes_are_read_and_printed),
        cmocka_unit_test(signature_is_sorted_and_ignores_open_slots),
        cmocka_unit_test(broken_node_lines_are_passed_over),
    };
    struct CMUnitTest tests[ROWS + sizeof(others) / sizeof(others[0])];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = plan_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    memcpy(tests + ROWS, others, sizeof(others));
    return _cmocka_run_group_tests("cli_create", tests, ROWS + sizeof(others) / sizeof(others[0]),
                                   NULL, NULL);
}
