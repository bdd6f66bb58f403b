/* Directives: defaults, values taken and refused, names near and far. */
#include "sim/node/config_rewrite.h"
#include "sim/node/config_value.h"
#include "tests/support/support.h"

static char *get(const struct rcs_config *config, const char *name)
{
    static char text[512];
    struct rcs_buf out;
    rcs_buf_init(&out);
    if (!rcs_config_get(config, name, &out)) {
        fail_msg("no directive %s", name);
    }
    assert_true(out.size_bytes < sizeof(text));
    memcpy(text, out.size_bytes == 0 ? "" : out.data, out.size_bytes);
    text[out.size_bytes] = '\0';
    rcs_buf_close(&out);
    return text;
}

/* As CONFIG GET of a redis-server 7.0.15 without a file shows them. */
static void defaults_are_those_of_redis(void **state)
{
    static const struct {
        const char *name, *value;
    } rows[] = {
        { "appendfsync", "everysec" },
        { "appendonly", "no" },
        { "cluster-allow-pubsubshard-when-down", "yes" },
        { "cluster-allow-reads-when-down", "no" },
        { "cluster-allow-replica-migration", "yes" },
        { "cluster-migration-barrier", "1" },
        { "cluster-node-timeout", "15000" },
        { "cluster-preferred-endpoint-type", "ip" },
        { "cluster-replica-validity-factor", "10" },
        { "cluster-require-full-coverage", "yes" },
        { "enable-debug-command", "no" },
        { "hz", "10" },
        { "loglevel", "notice" },
        { "maxclients", "10000" },
        { "min-replicas-max-lag", "10" },
        { "proto-max-bulk-len", "536870912" },
        { "repl-backlog-size", "1048576" },
        { "repl-backlog-ttl", "3600" },
        { "repl-diskless-load", "disabled" },
        { "repl-diskless-sync-delay", "5" },
        { "repl-ping-replica-period", "10" },
        { "repl-timeout", "60" },
        { "replica-priority", "100" },
        { "save", "3600 1 300 100 60 10000" },
    };
    (void)state;
    struct rcs_config config;
    rcs_config_init(&config);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(get(&config, rows[i].name), rows[i].value);
    }
}

static void values_are_taken_or_refused(void **state)
{
    static const struct {
        const char *name, *value, *then; /* `then` NULL: refused with `text` */
        const char *text;
    } rows[] = {
        { "cluster-node-timeout", "5000", "5000", NULL },
        { "CLUSTER-NODE-TIMEOUT", "0", "0", NULL },
        { "cluster-node-timeout", "-1", NULL,
          "cluster-node-timeout \"-1\": argument must be between 0 and 9223372036854775807 "
          "inclusive" },
        { "cluster-node-timeout", "86400000", "86400000", NULL }, /* a day */
        { "cluster-node-timeout", "86400001", NULL,
          "cluster-node-timeout \"86400001\": rcsim models no value above 86400000" },
        { "cluster-node-timeout", "9223372036854775807", NULL,
          "cluster-node-timeout \"9223372036854775807\": rcsim models no value above 86400000" },
        { "cluster-node-timeout", "5s", NULL,
          "cluster-node-timeout \"5s\": argument couldn't be parsed into an integer" },
        { "cluster-slave-no-failover", "YES", "yes", NULL },
        { "repl-backlog-size", "1mb", "1048576", NULL },
        { "repl-backlog-size", "100m", "100000000", NULL },
        { "repl-backlog-size", "1", "16384", NULL },
        { "repl-backlog-size", "0", NULL,
          "repl-backlog-size \"0\": argument must be between 1 and 9223372036854775807 "
          "inclusive" },
        { "repl-backlog-size", "9223372036854775807gb", NULL,
          "repl-backlog-size \"9223372036854775807gb\": argument must be a memory value" },
        { "hz", "0", "1", NULL },
        { "hz", "1000", "500", NULL },
        { "appendonly", "maybe", NULL, "appendonly \"maybe\": argument must be 'yes' or 'no'" },
        { "save", "", "", NULL },
        { "save", "900 1 60 1000", "900 1 60 1000", NULL },
        { "save", "900", NULL, "save \"900\": Invalid save parameters" },
        { "save", "900 1 ", NULL, "save \"900 1 \": Invalid save parameters" },
        { "cluster-announce-hostname", "node-1.example", "node-1.example", NULL },
        { "cluster-announce-hostname", "a_b", NULL,
          "cluster-announce-hostname \"a_b\": Hostnames may only contain alphanumeric characters, "
          "hyphens or dots" },
        { "loglevel", "verbose", "verbose", NULL },
        { "loglevel", "loud", NULL,
          "loglevel \"loud\": argument(s) must be one of the following: debug, verbose, notice, "
          "warning" },
        { "cluster-link-sendbuf-limit", "0", "0", NULL },
        { "cluster-link-sendbuf-limit", "1mb", NULL,
          "cluster-link-sendbuf-limit \"1mb\": rcsim models no other value than '0'" },
        { "maxmemory", "0", "0", NULL },
        { "maxmemory", "1gb", "1073741824", NULL },
        { "tls-port", "1", NULL, "tls-port \"1\": rcsim models no other value than '0'" },
        { "cluster-node-timout", "1", NULL,
          "cluster-node-timout: there is no such directive (did you mean cluster-node-timeout?)" },
        { "appendfsync", "always", "always", NULL },
        { "appendfsync", "sometimes", NULL,
          "appendfsync \"sometimes\": argument(s) must be one of the following: everysec, always, "
          "no" },
        { "appenddirname", "x", "x", NULL },
        { "loadmodule", "x", NULL, "loadmodule: rcsim does not model this directive" },
        { "qqq", "1", NULL, "qqq: there is no such directive" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_config config;
        struct rcs_diag diag;
        rcs_config_init(&config);
        enum rcs_err err = rcs_config_set(&config, rows[i].name, rows[i].value, &diag);
        if (rows[i].then == NULL) {
            assert_int_not_equal(err, RCS_OK);
            assert_string_equal(diag.text, rows[i].text);
        } else {
            assert_int_equal(err, RCS_OK);
            assert_string_equal(get(&config, rows[i].name), rows[i].then);
        }
    }
}

static void refusal_changes_nothing(void **state)
{
    (void)state;
    struct rcs_config config, before;
    rcs_config_init(&config);
    before = config;
    assert_int_equal(rcs_config_set(&config, "port", "x", NULL), RCS_ERR_SYNTAX);
    assert_int_equal(rcs_config_set(&config, "port", "65536", NULL), RCS_ERR_RANGE);
    assert_int_equal(rcs_config_set(&config, "nosuch", "1", NULL), RCS_ERR_UNKNOWN);
    assert_memory_equal(&config, &before, sizeof(config));
}

/* Whatever is shown can be set, and is then shown again. */
static void names_ascend_and_values_go_round(void **state)
{
    (void)state;
    struct rcs_config config;
    struct rcs_directive_name names[RCS_DIRECTIVE_NAMES_MAX];
    size_t count = rcs_directive_names(names);
    rcs_config_init(&config);
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i].name;
        char value[512];
        assert_true(i == 0 || strcmp(names[i - 1].name, name) < 0);
        assert_ptr_equal(rcs_directive_find(name), names[i].directive);
        assert_true(rcs_config_exists(&config, name));
        assert_string_equal(rcs_config_nearest(name), name);
        strcpy(value, get(&config, name));
        assert_int_equal(rcs_config_set(&config, name, value, NULL), RCS_OK);
        assert_string_equal(get(&config, name), value);
    }
    assert_int_equal(count, 192);
}

static void what_cannot_change_in_a_running_node(void **state)
{
    (void)state;
    struct rcs_config config;
    rcs_config_init(&config);
    assert_true(rcs_config_mutable("cluster-node-timeout"));
    assert_true(rcs_config_mutable("slave-priority"));
    assert_false(rcs_config_mutable("port"));
    assert_false(rcs_config_mutable("cluster-enabled"));
    assert_false(rcs_config_mutable("nosuch"));
    assert_false(rcs_config_exists(&config, "nosuch"));
    assert_true(rcs_config_exists(&config, "appendfsync"));
}

/* Recorded from a redis-server 7.0.15, but for what config_rewrite.h names; the end ascending by
 * name. */
static void a_file_is_written_anew(void **state)
{
    (void)state;
    static const char old[] =
        "# my config\nport 27953\n\n\n cluster-enabled\tyes \r\nsave 900 1\nsave 300 10\n"
        "maxmemory 100mb\nappendfsync no\n"
        "client-output-buffer-limit pubsub 1mb 1mb 60\n"
        "rename-command ECHO BAR\nhash-max-ziplist-entries 10\n"
        "requirepass \"a b\"\nnotify-keyspace-events \"\"\n";
    static const struct {
        const char *name, *value;
    } rows[] = {
        { "port", "27953" },
        { "appendfsync", "no" },
        { "requirepass", "a b" },
        { "client-output-buffer-limit", "pubsub 1mb 1mb 60" },
        { "masterauth", "foo" },
        { "cluster-node-timeout", "5000" },
        { "maxmemory", "0" },
        { "notify-keyspace-events", "KEA" },
        { "save", "100 1" },
        { "hash-max-listpack-entries", "512" },
        { "timeout", "7" },
        { "tcp-keepalive", "300" },
        { "maxmemory-policy", "allkeys-lru" },
        { "client-output-buffer-limit", "normal 1 1 1" },
        { "slowlog-max-len", "5" },
        { "proc-title-template", "x y" },
    };
    static const char *const want =
        "# my config\nport 27953\n\ncluster-enabled yes\nsave 100 1\n\nmaxmemory 0\n"
        "appendfsync no\nclient-output-buffer-limit normal 1 1 1\nrename-command ECHO BAR\n"
        "hash-max-listpack-entries 512\nrequirepass \"a b\"\nnotify-keyspace-events \"AKE\"\n\n"
        "# Generated by CONFIG REWRITE\n"
        "client-output-buffer-limit pubsub 1mb 1mb 60\ncluster-node-timeout 5000\n"
        "masterauth \"foo\"\nmaxmemory-policy allkeys-lru\nproc-title-template \"x y\"\n"
        "slowlog-max-len 5\ntimeout 7\n";
    struct rcs_config config;
    struct rcs_buf first, second;
    rcs_config_init(&config);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rcs_config_set(&config, rows[i].name, rows[i].value, NULL), RCS_OK);
    }
    rcs_buf_init(&first);
    rcs_buf_init(&second);
    rcs_config_rewrite(&config, old, strlen(old), &first);
    rcs_buf_add(&first, "", 1);
    assert_string_equal(first.data, want);
    assert_int_equal(rcs_config_set(&config, "maxmemory", "3gb", NULL), RCS_OK);
    assert_int_equal(rcs_config_set(&config, "timeout", "0", NULL), RCS_OK);
    rcs_config_rewrite(&config, first.data, first.size_bytes - 1, &second);
    rcs_buf_add(&second, "", 1);
    assert_non_null(strstr(second.data, "\nmaxmemory 3gb\n"));
    assert_non_null(strstr(second.data, "\ntimeout 0\n"));
    assert_non_null(strstr(second.data, "\nclient-output-buffer-limit replica 256mb 64mb 60\n"));
    assert_ptr_equal(strstr(strstr(second.data, "# Gen") + 1, "# Gen"), NULL);
    rcs_buf_close(&first);
    rcs_buf_close(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_redis),
        cmocka_unit_test(values_are_taken_or_refused),
        cmocka_unit_test(refusal_changes_nothing),
        cmocka_unit_test(names_ascend_and_values_go_round),
        cmocka_unit_test(a_file_is_written_anew),
        cmocka_unit_test(what_cannot_change_in_a_running_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
