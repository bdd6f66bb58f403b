#include "tests/support/world_lab.h"

#include "sim/world/parts.h"

static const char *reply_text(const struct rcs_session *session)
{
    static char text[16384];
    struct rcs_buf buf;
    rcs_buf_init(&buf);
    if (rcs_session_state(session) == RCS_SESSION_REPLIED) {
        rcs_reply_print(&buf, rcs_session_reply(session));
    } else {
        rcs_buf_text(&buf, rcs_session_error(session));
    }
    snprintf(text, sizeof(text), "%.*s", (int)buf.size_bytes, buf.size_bytes == 0 ? "" : buf.data);
    rcs_buf_close(&buf);
    return text;
}

const char *world_ask(struct world *world, struct rcs_session *session, int node,
                      const char *command)
{
    struct rcs_arg args[16];
    char words[512];
    unsigned argc = 0;
    snprintf(words, sizeof(words), "%s", command);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        args[argc++] = (struct rcs_arg){ word, (uint32_t)strlen(word) };
    }
    rcs_session_request(session, node, argc, args);
    while (rcs_session_state(session) == RCS_SESSION_WAITING) {
        assert_true(rcs_sim_step(world->sim, rcs_sim_now(world->sim) + RCS_S(300)));
    }
    return reply_text(session);
}

void world_order(struct world *world, int node, const char *format, ...)
{
    char command[256];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    assert_string_equal(world_ask(world, world->session, node, command), "OK");
}

struct world world_started(const struct wish *wish)
{
    struct world world = { .count = wish->nodes == 0 ? 6 : wish->nodes };
    struct rcs_sim_options options = { .seed = wish->seed == 0 ? 1 : wish->seed,
                                       .wire_check = wish->wire_check,
                                       .keep_milestones = true };
    struct rcs_diag diag;
    int nodes[16];
    world.sim = rcs_sim_new(&options, &diag);
    assert_non_null(world.sim);
    (void)rcs_check_watch(world.sim);
    world.sim->net.nudge = wish->nudge;
    rcs_sim_on_log(world.sim, wish->log_fn, wish->log_arg);
    assert_int_equal(rcs_sim_configure(world.sim, -1, "cluster-node-timeout", "2000", &diag), 0);
    assert_int_equal(rcs_sim_configure(world.sim, -1, "enable-debug-command", "yes", &diag), 0);
    if (wish->loglevel != NULL) {
        assert_int_equal(rcs_sim_configure(world.sim, -1, "loglevel", wish->loglevel, &diag), 0);
    }
    for (unsigned i = 0; i < world.count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "a%u", i + 1);
        nodes[i] = rcs_sim_add_node(world.sim, name, "A", NULL, &diag);
        assert_int_equal(nodes[i], i);
    }
    assert_int_equal(rcs_sim_fault(world.sim, RCS_FAULT_START, nodes, world.count, &diag), RCS_OK);
    world.session = rcs_session_new(world.sim, NULL, false);
    return world;
}

struct world world_clustered(const struct wish *wish)
{
    struct world world = world_started(wish);
    rcs_sim_advance(world.sim, RCS_S(1));
    for (unsigned i = 0; i < world.count; i++) {
        world_order(&world, (int)i, "CLUSTER SET-CONFIG-EPOCH %u", i + 1);
    }
    world_order(&world, 0, "CLUSTER ADDSLOTSRANGE 0 5460");
    world_order(&world, 1, "CLUSTER ADDSLOTSRANGE 5461 10922");
    world_order(&world, 2, "CLUSTER ADDSLOTSRANGE 10923 16383");
    for (unsigned i = 1; i < world.count; i++) {
        world_order(&world, 0, "CLUSTER MEET %s 6379", rcs_sim_node_ip(world.sim, (int)i));
    }
    rcs_sim_advance(world.sim, RCS_S(5));
    for (unsigned i = 3; i < world.count; i++) {
        world_order(&world, (int)i, "CLUSTER REPLICATE %s", rcs_sim_node_id(world.sim, (int)i % 3));
    }
    rcs_sim_advance(world.sim, RCS_S(15));
    return world;
}

void world_end(struct world *world)
{
    assert_string_equal(rcs_check_broken(rcs_check_of(world->sim)), "");
    rcs_session_free(world->session);
    rcs_sim_free(world->sim);
}

void world_fault(struct world *world, enum rcs_fault what, int node)
{
    struct rcs_diag diag;
    assert_int_equal(rcs_sim_fault(world->sim, what, &node, 1, &diag), RCS_OK);
}

struct rcs_view world_view(const struct world *world, int node)
{
    struct rcs_view view;
    rcs_sim_view(world->sim, node, &view);
    return view;
}

unsigned world_flags(const struct world *world, int viewer, int node)
{
    struct rcs_opinion opinion;
    assert_true(rcs_sim_opinion(world->sim, viewer, node, &opinion));
    return opinion.flags;
}

bool world_milestone(const struct world *world, const char *what, int node, size_t from,
                     struct rcs_milestone *out)
{
    for (size_t i = from; rcs_sim_milestone(world->sim, i, out); i++) {
        if (strcmp(out->what, what) == 0 && (node < 0 || out->node == node)) {
            return true;
        }
    }
    return false;
}
