/* Nodes, sites and addresses of a world that is laid out, and what is wrong with a layout. */
#include "tests/support/support.h"

#include <rcsim/sim.h>

static void addresses_are_given_out(void **state)
{
    (void)state;
    struct rcs_diag diag;
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = 1 }, &diag);
    assert_int_equal(rcs_sim_add_node(sim, "a1", "A", NULL, &diag), 0);
    assert_int_equal(rcs_sim_add_node(sim, "b1", "B", NULL, &diag), 1);
    assert_int_equal(rcs_sim_add_node(sim, "x", "B", "10.1.0.2:7000", &diag), 2);
    assert_int_equal(rcs_sim_add_node(sim, "a2", "A", NULL, &diag), 3);
    assert_int_equal(rcs_sim_add_node(sim, "y", NULL, "10.1.0.2:7001", &diag), 4);
    assert_string_equal(rcs_sim_node_ip(sim, 0), "10.1.0.1");
    assert_string_equal(rcs_sim_node_ip(sim, 1), "10.2.0.1");
    assert_string_equal(rcs_sim_node_ip(sim, 3), "10.1.0.3"); /* the second one is taken */
    assert_int_equal(rcs_sim_node_port(sim, 3), 6379);
    assert_int_equal(rcs_sim_node_port(sim, 4), 7001);
    assert_string_equal(rcs_sim_node_site(sim, 4), "");
    assert_int_equal(rcs_sim_find_node(sim, "x"), 2);
    assert_int_equal(rcs_sim_find_node(sim, "z"), -1);
    assert_string_equal(rcs_sim_node_id(sim, 0), "");
    /* they share a host: its power goes for both */
    int both[] = { 2, 4 };
    assert_int_equal(rcs_sim_fault(sim, RCS_FAULT_START, both, 2, &diag), RCS_OK);
    assert_int_equal(rcs_sim_fault(sim, RCS_FAULT_POWEROFF, both, 1, &diag), RCS_OK);
    assert_int_equal(rcs_sim_node_life(sim, 4), RCS_LIFE_OFF);
    assert_int_equal(rcs_sim_fault(sim, RCS_FAULT_START, both, 1, &diag), RCS_OK);
    assert_int_equal(rcs_sim_node_life(sim, 4), RCS_LIFE_DOWN);
    rcs_sim_free(sim);
}

static void wrong_layouts_say_what_would_do(void **state)
{
    (void)state;
    struct rcs_diag diag;
    struct rcs_sim_options wrong = { .network = "carrier-pigeon" };
    assert_null(rcs_sim_new(&wrong, &diag));
    assert_string_equal(diag.text,
                        "no kind of network \"carrier-pigeon\" (there are: lan, loopback)");
    wrong = (struct rcs_sim_options){ .redis = "2.8" };
    assert_null(rcs_sim_new(&wrong, &diag));
    struct rcs_sim *sim = rcs_sim_new(&(struct rcs_sim_options){ .seed = 1 }, &diag);
    assert_int_equal(rcs_sim_add_node(sim, "a1", "A", NULL, &diag), 0);
    static const struct {
        const char *name, *address, *text;
    } rows[] = {
        { "a1", NULL, "there is a node \"a1\" already" },
        { "a 2", NULL, "\"a 2\" is no name for a node (1 to 64 characters, no blanks or quotes)" },
        { "a2", "10.1.0.1:6379", "10.1.0.1:6379 is the address of node \"a1\" already" },
        { "a2", "10.1.0:6379", "\"10.1.0:6379\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.256:1", "\"10.1.0.256:1\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.2:55536", "\"10.1.0.2:55536\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.2:0", "\"10.1.0.2:0\" is no address (IPv4:PORT, port 1 to 55535)" },
        { "a2", "10.1.0.2:", "\"10.1.0.2:\" is no address (IPv4:PORT, port 1 to 55535)" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rcs_sim_add_node(sim, rows[i].name, "A", rows[i].address, &diag), -1);
        assert_string_equal(diag.text, rows[i].text);
    }
    assert_int_equal(rcs_sim_node_count(sim), 1);
    assert_int_equal(rcs_sim_latency(sim, "A", "Q", 1, 2, &diag), RCS_ERR_UNKNOWN);
    assert_string_equal(diag.text, "no site \"Q\"");
    assert_int_equal(rcs_sim_latency(sim, "A", NULL, 3, 2, &diag), RCS_ERR_RANGE);
    assert_int_equal(rcs_sim_loss(sim, "A", "Q", 1, &diag), RCS_ERR_UNKNOWN);
    assert_int_equal(rcs_sim_loss(sim, "A", NULL, 10001, &diag), RCS_ERR_RANGE);
    assert_string_equal(diag.text, "a loss is at most 10000 of 10000 segments");
    assert_int_equal(rcs_sim_bandwidth(sim, "A", "A", 999, &diag), RCS_ERR_RANGE);
    assert_string_equal(diag.text, "a bandwidth is 1000 to 1000000000000 bits a second");
    assert_int_equal(rcs_sim_link(sim, "A", "A", "tin", &diag), RCS_ERR_UNKNOWN);
    assert_string_equal(diag.text, "no kind of link \"tin\" (there are: lan, loopback)");
    static const int first = 0;
    assert_int_equal(rcs_sim_keep_conf(sim, &first, 1, &diag), RCS_ERR_STATE);
    assert_string_equal(diag.text, "a1 has no nodes.conf to keep a copy of");
    assert_int_equal(rcs_sim_configure(sim, -1, "cluster-node-timeout", "soon", &diag) != RCS_OK,
                     1);
    assert_int_equal(rcs_sim_configure(sim, 0, "port", "7000", &diag), RCS_ERR_STATE);
    rcs_sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_given_out),
        cmocka_unit_test(wrong_layouts_say_what_would_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
