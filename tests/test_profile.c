#include "tests/support/support.h"

#include "sim/cluster/profile.h"
#include "sim/node/config.h"

static void a_release_is_found_by_its_names(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        { "3.0", "3.0.7" },  { "4.0", "4.0.14" }, { "5.0", "5.0.14" },
        { "6.0", "6.0.20" }, { "6.2", "6.2.16" }, { "7.0", "7.0.15" },
        { "7.2", "7.2.6" },  { "7.4", "7.4.1" },  { "valkey-8.0", "valkey-8.0.1" },
    };
    for (unsigned i = 0; i < RCS_RELEASE_COUNT; i++) {
        const struct rcs_profile *profile = rcs_profile_at(i);
        assert_int_equal(profile->release, i);
        assert_string_equal(profile->name, names[i][0]);
        assert_ptr_equal(rcs_profile_find(names[i][0]), profile);
        assert_ptr_equal(rcs_profile_find(names[i][1]), profile);
    }
    assert_null(rcs_profile_at(RCS_RELEASE_COUNT));
    assert_string_equal(rcs_profile_default()->name, "7.0");
}

struct refused_row {
    const char *name, *near; /* NULL: none is near */
};

static void another_name_is_refused_with_the_nearest(void **state)
{
    (void)state;
    static const struct refused_row rows[] = {
        { "6.2.7", "did you mean 6.2, as 6.2.16?" },
        { "redis-7.2", "did you mean 7.2, as 7.2.6?" },
        { "7", "did you mean 7.0, as 7.0.15?" },
        { "v7", "did you mean 7.0, as 7.0.15?" },
        { "V7.2", "did you mean 7.2, as 7.2.6?" },
        { "redis7", "did you mean 7.0, as 7.0.15?" },
        { "Redis v6.2", "did you mean 6.2, as 6.2.16?" },
        { "v", "did you mean valkey-8.0, as valkey-8.0.1?" },
        { "valkey", "did you mean valkey-8.0, as valkey-8.0.1?" },
        { "2.8", NULL },
        { "", NULL },
        { "redis", NULL },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_diag diag = { .line = 0 };
        assert_null(rcs_profile_find(rows[i].name));
        assert_int_equal(rcs_profile_refuse(rows[i].name, &diag), RCS_ERR_UNKNOWN);
        assert_non_null(
            strstr(diag.text, "3.0, 4.0, 5.0, 6.0, 6.2, 7.0, 7.2, 7.4, valkey-8.0 are"));
        const char *near = strstr(diag.text, "did you mean");
        if (rows[i].near == NULL ? near != NULL
                                 : near == NULL || strstr(near, rows[i].near) == NULL) {
            fail_msg("%s: %s", rows[i].name, diag.text);
        }
    }
}

/* --- directives by release -------------------------------------------------------------------- */

static const struct directive_row {
    const char *release, *name, *value, *want; /* NULL: taken */
} directive_rows[] = {
    { "6.2", "cluster-port", "7", "cluster-port: since 7.0; this is 6.2" },
    { "7.0", "cluster-port", "7", NULL },
    { "5.0", "cluster-allow-reads-when-down", "yes",
      "cluster-allow-reads-when-down: since 6.0; this is 5.0" },
    { "6.0", "cluster-allow-reads-when-down", "yes", NULL },
    { "6.0", "cluster-allow-replica-migration", "no",
      "cluster-allow-replica-migration: since 6.2; this is 6.0" },
    { "4.0", "cluster-replica-validity-factor", "0",
      "cluster-replica-validity-factor: since 5.0, before as cluster-slave-validity-factor; this "
      "is "
      "4.0" },
    { "4.0", "cluster-slave-validity-factor", "0", NULL },
    { "5.0", "cluster-replica-validity-factor", "0", NULL },
    { "3.0", "cluster-slave-no-failover", "yes",
      "cluster-slave-no-failover: since 4.0; this is 3.0" },
    { "3.0", "cluster-replica-no-failover", "yes",
      "cluster-replica-no-failover: since 5.0; this is 3.0" },
    { "3.0", "cluster-announce-ip", "1.2.3.4", "cluster-announce-ip: since 4.0; this is 3.0" },
    { "valkey-8.0", "cluster-announce-hostname", "x", NULL },
    { "7.0", "cluster-announce-human-nodename", "x",
      "cluster-announce-human-nodename: there is no such directive (did you mean "
      "cluster-announce-hostname?)" },
};

static void a_release_has_its_own_directives(void **state)
{
    const struct directive_row *row = *state;
    struct rcs_config config;
    struct rcs_diag diag = { .line = 0 };
    rcs_config_init(&config);
    assert_int_equal(rcs_config_choose(&config, rcs_profile_find(row->release), &diag), RCS_OK);
    enum rcs_err err = rcs_config_set(&config, row->name, row->value, &diag);
    assert_int_equal(err, row->want == NULL ? RCS_OK : RCS_ERR_UNKNOWN);
    assert_int_equal(rcs_config_exists(&config, row->name), row->want == NULL);
    if (row->want != NULL) {
        assert_string_equal(diag.text, row->want);
    }
}

static void what_was_not_set_takes_the_release_s_default(void **state)
{
    (void)state;
    struct rcs_config config;
    rcs_config_init(&config);
    assert_true(config.repl_diskless_sync);
    assert_int_equal(rcs_config_choose(&config, rcs_profile_find("6.2"), NULL), RCS_OK);
    assert_false(config.repl_diskless_sync);  /* ae8995897 */
    assert_true(config.enable_debug_command); /* could not be forbidden */
    assert_int_equal(rcs_config_choose(&config, rcs_profile_find("7.0"), NULL), RCS_OK);
    assert_true(config.repl_diskless_sync);
    assert_int_equal(rcs_config_set(&config, "repl-diskless-sync", "yes", NULL), RCS_OK);
    assert_int_equal(rcs_config_choose(&config, rcs_profile_find("6.2"), NULL), RCS_OK);
    assert_true(config.repl_diskless_sync);
}

static void a_release_without_what_was_set_is_refused(void **state)
{
    (void)state;
    struct rcs_config config;
    struct rcs_diag diag = { .line = 0 };
    rcs_config_init(&config);
    assert_int_equal(rcs_config_set(&config, "cluster-port", "7", NULL), RCS_OK);
    assert_int_equal(rcs_config_choose(&config, rcs_profile_find("6.2"), &diag), RCS_ERR_UNKNOWN);
    assert_string_equal(diag.text, "cluster-port: since 7.0; this is 6.2");
    assert_ptr_equal(config.profile, rcs_profile_default());
}

int main(void)
{
    struct CMUnitTest tests[4 + sizeof(directive_rows) / sizeof(directive_rows[0])] = {
        cmocka_unit_test(a_release_is_found_by_its_names),
        cmocka_unit_test(another_name_is_refused_with_the_nearest),
        cmocka_unit_test(what_was_not_set_takes_the_release_s_default),
        cmocka_unit_test(a_release_without_what_was_set_is_refused),
    };
    static char names[sizeof(directive_rows) / sizeof(directive_rows[0])][128];
    for (size_t i = 0; i < sizeof(directive_rows) / sizeof(directive_rows[0]); i++) {
        snprintf(names[i], sizeof(names[i]), "%s in %s", directive_rows[i].name,
                 directive_rows[i].release);
        tests[4 + i] =
            (struct CMUnitTest){ .name = names[i],
                                 .test_func = a_release_has_its_own_directives,
                                 .initial_state = (void *)(uintptr_t)&directive_rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
