#include "tests/support/support.h"

#include "sim/keys/dict.h"
#include "sim/keys/zset.h"
#include "sim/node/aof_replay.h"

static bool read_vector(void *arg, const char *name, struct rcs_buf *out)
{
    char path[96];
    size_t size_bytes;
    (void)arg;
    snprintf(path, sizeof(path), "rdb/appendonlydir/%s", name);
    char *bytes = test_vector(path, &size_bytes);
    rcs_buf_add(out, bytes, size_bytes);
    free(bytes);
    return true;
}

/* One incr file with these bytes. */
static bool read_text(void *arg, const char *name, struct rcs_buf *out)
{
    rcs_buf_text(out, strcmp(name, "appendonly.aof.manifest") == 0 ? "file a seq 1 type i\n"
                                                                   : (const char *)arg);
    return true;
}

static enum rcs_err load(rcs_aof_read_fn *read, void *arg, struct rcs_saved_aof *aof,
                         struct rcs_diag *diag)
{
    struct rcs_config config;
    rcs_config_init(&config);
    struct rcs_aof_player *player = rcs_aof_player_new(&config);
    const struct rcs_aof_source source = {
        .filename = RCS_AOF_FILENAME,
        .version = 10,
        .load_truncated = true,
        .limits = &rcs_value_limits_default,
        .read = read,
        .read_arg = arg,
        .replay = rcs_aof_player_hook(player),
    };
    enum rcs_err err = rcs_saved_aof_read(&source, aof, NULL, diag);
    rcs_aof_player_free(player);
    return err;
}

static const struct rcs_entry *find(const struct rcs_keyspace *keys, const char *name)
{
    return rcs_keyspace_find(keys, name, strlen(name));
}

static void check_string(const struct rcs_keyspace *keys, const char *name, const char *want,
                         size_t want_bytes)
{
    const struct rcs_entry *entry = find(keys, name);
    assert_non_null(entry);
    const struct rcs_string *string = rcs_string_of(entry->value);
    assert_int_equal(string->size_bytes, want_bytes);
    assert_memory_equal(string->bytes, want, want_bytes);
}

/* The recorded folder: a base with a key of every type, then SET, a transaction, DEL, binary bytes,
 * a key that had expired and was deleted. What the server held when it was killed. */
static void a_real_servers_folder_is_loaded(void **state)
{
    (void)state;
    struct rcs_saved_aof aof;
    struct rcs_diag diag;
    if (load(read_vector, NULL, &aof, &diag) != RCS_OK) {
        fail_msg("%s: %s", diag.source, diag.text);
    }
    assert_int_equal(aof.base, 2);
    assert_int_equal(aof.incr, 2);
    assert_true(aof.written);
    struct rcs_keyspace *keys = rcs_keyspace_new();
    rcs_keyspace_load(keys, aof.data);
    assert_int_equal(rcs_keyspace_size(keys), 8);
    check_string(keys, "after", "rewrite", 7);
    check_string(keys, "n", "2", 1);
    check_string(keys, "bin", "\r\n\0\xff", 4);
    check_string(keys, "exp", "1", 1);
    assert_true(find(keys, "exp")->expire_ms == 4102444800123);
    assert_null(find(keys, "k"));
    assert_null(find(keys, "gone"));
    assert_int_equal(rcs_zset_size(rcs_zset_of(find(keys, "z")->value)), 2);
    rcs_keyspace_free(keys);
    rcs_snapshot_release(aof.data);
}

/* Redis 7.0 keyIsExpired: nothing expires while data are loaded. */
static void a_key_that_is_long_over_stays_until_it_is_loaded(void **state)
{
    (void)state;
    static char text[] =
        "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$4\r\nPXAT\r\n$10\r\n1000000000\r\n"
        "*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$1\r\nw\r\n";
    struct rcs_saved_aof aof;
    struct rcs_diag diag;
    assert_int_equal(load(read_text, text, &aof, &diag), RCS_OK);
    struct rcs_keyspace *keys = rcs_keyspace_new();
    rcs_keyspace_load(keys, aof.data);
    check_string(keys, "k", "vw", 2);
    assert_true(find(keys, "k")->expire_ms == 1000000000);
    rcs_keyspace_free(keys);
    rcs_snapshot_release(aof.data);
}

struct refused_row {
    const char *name;
    const char *text;
    enum rcs_err want;
    const char *said;
};
static const struct refused_row refused_rows[] = {
    { "replay: a command nobody knows", "*1\r\n$5\r\nXYZZY\r\n", RCS_ERR_UNKNOWN,
      "command \"XYZZY\" is one that rcsim does not have" },
    { "replay: a command of streams",
      "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$1\r\nf\r\n$1\r\nv\r\n", RCS_ERR_UNKNOWN,
      "command \"XADD\" is one that rcsim does not have" },
    { "replay: a command that only reads", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", RCS_ERR_UNKNOWN,
      "command \"GET\" changes no data" },
    { "replay: another database", "*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n", RCS_ERR_RANGE,
      "it changes another database than 0" },
};

static void refused_row(void **state)
{
    const struct refused_row *row = *state;
    struct rcs_saved_aof aof;
    struct rcs_diag diag;
    assert_int_equal(load(read_text, (void *)(uintptr_t)row->text, &aof, &diag), row->want);
    assert_null(aof.data);
    assert_non_null(strstr(diag.text, row->said));
    assert_string_equal(diag.source, "a");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_servers_folder_is_loaded),
        cmocka_unit_test(a_key_that_is_long_over_stays_until_it_is_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + test_rows(refused_row, refused_rows);
}
