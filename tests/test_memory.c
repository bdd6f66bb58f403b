/* Memory with a limit: the sum that is kept is the sum over all keys, whatever happened to them. */
#include "sim/node/command.h"
#include "sim/node/memory.h"
#include "tests/support/command_plan.h"
#include "tests/support/node_harness.h"

#define SEQUENCES 60
/* Room for few keys: of some sequences, the others have enough. */
#define NARROW "CONFIG SET maxmemory-policy allkeys-random maxmemory 1668500"

/* What they take, every key looked at. */
static int64_t of_every_key(struct rcs_node *node)
{
    int64_t limit = node->config.maxmemory_bytes;
    node->config.maxmemory_bytes = 0;
    int64_t bytes = rcs_memory_of_keys(node);
    node->config.maxmemory_bytes = limit;
    return bytes;
}

static void expect_same(struct desk *desk, const char *after)
{
    int64_t want = of_every_key(desk->node), got = rcs_memory_of_keys(desk->node);
    if (got != want) {
        fail_msg("after %s: kept %lld, every key looked at %lld", after, (long long)got,
                 (long long)want);
    }
}

/* --- commands of every family, drawn ---------------------------------------------------------- */

struct names {
    char text[16384];
    const char *at[256];
    unsigned count;
};

static bool writes(const char *name)
{
    struct rcs_arg word = { name, (uint32_t)strlen(name) };
    struct rcs_command_found found = rcs_command_find(1, &word, NULL);
    return found.command != NULL && (found.command->flags & RCS_COMMAND_WRITE) != 0 &&
           command_row_excluded(name, word.size_bytes) == NULL && strcmp(name, "migrate") != 0;
}

/* Those of COMMAND LIST that write (MIGRATE would stop the node for its target's answer), and what
 * makes them part of something. */
static void list_names(struct desk *desk, struct names *names)
{
    static const char *const more[] = { "multi", "eval", "object|encoding" };
    snprintf(names->text, sizeof(names->text), "%s", desk_ask(desk, 0, "COMMAND LIST"));
    names->count = 0;
    for (char *line = strtok(names->text, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
        if (*line != '*' && *line != '$' && writes(line)) {
            names->at[names->count++] = line;
        }
    }
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        names->at[names->count++] = more[i];
    }
    assert_true(names->count > 80);
}

static void send_step(struct desk *desk, unsigned client, const struct plan_step *step)
{
    struct rcs_buf bytes;
    rcs_buf_init(&bytes);
    rcs_resp_request(&bytes, step->argc, step->args);
    desk_send(desk, client, bytes.data, bytes.size_bytes);
    rcs_buf_close(&bytes);
}

/* Snapshots share values, reloading replaces all keys, a slot that is lost takes its keys with it,
 * time ends some of them. */
static void between_steps(struct desk *desk, unsigned at)
{
    static const char *const orders[] = { "BGSAVE", "DEBUG RELOAD", "CONFIG SET maxmemory 0" };
    if (at % 7 == 0) {
        desk_ask(desk, 2, orders[at / 7 % 3]);
    }
    if (at == 40) {
        rcs_keyspace_flush_slot(desk->node->keys, rcs_slot_of_key("t", 1));
    }
    desk_run(desk, at % 3 == 0 ? 40 : 0);
}

static void the_sum_that_is_kept_is_true(void **state)
{
    struct desk *desk = *state;
    static struct plan plan;
    static struct names names;
    uint64_t largest = 0;
    list_names(desk, &names);
    for (unsigned i = 0; i < SEQUENCES; i++) {
        plan_make(&plan, 3, i, names.at, names.count);
        for (unsigned j = 0; j < plan.count; j++) {
            const struct plan_step *step = &plan.steps[j];
            char after[96];
            desk_ask(desk, 2, i % 3 == 0 ? NARROW : "CONFIG SET maxmemory 1gb");
            send_step(desk, 0, step);
            snprintf(after, sizeof(after), "sequence %u, step %u, %s", i, j,
                     step->name == NULL ? "given" : step->name);
            if (desk->node->clients.blocked > 0 && step->row != NULL && step->row->push != NULL) {
                struct plan_step push;
                plan_step_words(&push, step->row->push, step);
                send_step(desk, 1, &push);
                plan_step_free(&push);
            }
            expect_same(desk, after);
            between_steps(desk, j);
            expect_same(desk, after);
            uint64_t size = rcs_keyspace_size(desk->node->keys);
            largest = size > largest ? size : largest;
        }
        plan_free(&plan);
        desk_leave(desk, 0);
        desk_run(desk, 6000); /* who still waits */
        desk_ask(desk, 0, "UNWATCH");
    }
    assert_true(largest > 8);
    assert_true(desk->node->stats.evicted_keys > 100);
}

/* --- a single change, and what is looked at --------------------------------------------------- */

static unsigned weighed;

static int64_t weigh(const struct rcs_entry *entry)
{
    weighed++;
    return (int64_t)rcs_string_of(entry->value)->size_bytes;
}

static void put(struct rcs_keyspace *keys, const char *key, const char *value)
{
    struct rcs_entry *entry = rcs_keyspace_find(keys, key, strlen(key));
    struct rcs_value *string = rcs_string_new(value, strlen(value));
    if (entry == NULL) {
        rcs_keyspace_add(keys, key, strlen(key), string);
    } else {
        rcs_keyspace_replace(keys, entry, string);
    }
}

static void expect_weight(struct rcs_keyspace *keys, int64_t want, unsigned looked_at)
{
    weighed = 0;
    assert_int_equal(rcs_keyspace_weight(keys, weigh), want);
    assert_int_equal(weighed, looked_at);
}

static void only_what_changed_is_weighed(void **state)
{
    (void)state;
    struct rcs_keyspace *keys = rcs_keyspace_new();
    put(keys, "a", "1");
    put(keys, "b", "22");
    put(keys, "c", "333");
    expect_weight(keys, 6, 3);
    expect_weight(keys, 6, 0);
    put(keys, "b", "4444");
    put(keys, "b", "55555");
    expect_weight(keys, 9, 1);
    rcs_keyspace_writable(keys, rcs_keyspace_find(keys, "c", 1));
    put(keys, "d", "666666");
    rcs_keyspace_remove(keys, rcs_keyspace_find(keys, "c", 1)); /* not to be weighed any more */
    rcs_keyspace_remove(keys, rcs_keyspace_find(keys, "a", 1));
    expect_weight(keys, 11, 1);
    rcs_keyspace_forget_weight(keys);
    put(keys, "b", "1");
    expect_weight(keys, 7, 2);
    put(keys, "a", "1");
    rcs_keyspace_flush(keys);
    expect_weight(keys, 0, 0);
    put(keys, "a", "1");
    put(keys, "b", "22");
    put(keys, "c", "333");
    rcs_keyspace_remove(keys, rcs_keyspace_find(keys, "a", 1)); /* c takes its place, no other */
    expect_weight(keys, 5, 2);
    put(keys, "c", "4444");
    expect_weight(keys, 6, 1);
    rcs_keyspace_remove(keys, rcs_keyspace_find(keys, "c", 1));
    expect_weight(keys, 2, 0);
    rcs_keyspace_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_sum_that_is_kept_is_true, desk_setup, desk_teardown),
        cmocka_unit_test(only_what_changed_is_weighed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
