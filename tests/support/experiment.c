#include "tests/support/experiment.h"

#include "tests/support/support.h"

#define TESTS_MAX 64

const char *experiment_release(const char *experiment, const struct rcs_profile *profile)
{
    bool of_7_0 = strcmp(experiment, "failover") == 0 || strcmp(experiment, "epoch") == 0 ||
                  strcmp(experiment, "seed000") == 0 || strcmp(experiment, "chain") == 0;
    return profile->release == RCS_REDIS_7_0 && !of_7_0 ? "7.2" : profile->name;
}

unsigned experiment_recorded(const char *experiment, const struct rcs_profile *profile,
                             struct spread *const *columns, unsigned count)
{
    char *times = test_vector("versions/times.txt", NULL);
    unsigned lines =
        spread_recorded(times, experiment, experiment_release(experiment, profile), columns, count);
    free(times);
    return lines;
}

char *experiment_view(const char *experiment, const struct rcs_profile *profile, int step)
{
    char key[64];
    char *views = test_vector("versions/views.txt", NULL);
    snprintf(key, sizeof(key), "\n%s %s %d * ", experiment, experiment_release(experiment, profile),
             step);
    const char *found = strstr(views, key);
    if (found == NULL) {
        fail_msg("nothing recorded of%s", key);
    }
    found += strlen(key);
    size_t size = strcspn(found, "\n");
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    memcpy(text, found, size);
    free(views);
    return text;
}

void experiment_expect_views(struct trial *trial, const char *experiment, int step)
{
    char *want = experiment_view(experiment, trial->profile, step);
    for (unsigned i = 0; i < rcs_sim_node_count(trial->sim); i++) {
        struct rcs_view view;
        struct rcs_buf got;
        rcs_sim_view(trial->sim, (int)i, &view);
        if (!view.running) {
            continue;
        }
        rcs_buf_init(&got);
        trial_write_view(trial, (int)i, &got);
        if (strcmp(got.data, want) != 0) {
            fail_msg("%s, step %d, %s sees\n  %s\nrecorded\n  %s", experiment, step,
                     rcs_sim_node_name(trial->sim, (int)i), got.data, want);
        }
        rcs_buf_close(&got);
    }
    free(want);
}

int experiments_run(const struct experiment *experiments)
{
    static struct CMUnitTest tests[TESTS_MAX];
    static char names[TESTS_MAX][48];
    unsigned count = 0;
    for (; experiments->name != NULL; experiments++) {
        for (unsigned i = 0; i < RCS_RELEASE_COUNT; i++) {
            const struct rcs_profile *profile = rcs_profile_at(i);
            if (strstr(experiments->releases, profile->name) == NULL) {
                continue;
            }
            RCS_ASSERT(count < TESTS_MAX);
            snprintf(names[count], sizeof(names[0]), "%s, %s", experiments->name, profile->name);
            tests[count] = (struct CMUnitTest){ .name = names[count],
                                                .test_func = experiments->run,
                                                .initial_state = (void *)(uintptr_t)profile };
            count++;
        }
    }
    return _cmocka_run_group_tests("experiments", tests, count, NULL, NULL);
}
