#include "tests/support/judging.h"

#include "tests/support/support.h"

#define JUDGED_MAX 64

static struct {
    const struct judging *of;
    bool is_long;
    struct verdicts verdicts;
} now; /* cmocka hands a test one pointer: the experiment's */

static void experiment(void **state)
{
    const struct judged *e = *state;
    struct figures recorded, ours = { .count = 0 };
    figures_load(&recorded, e->name);
    for (uint64_t seed = 1; seed <= (now.is_long ? now.of->seeds_long : now.of->seeds); seed++) {
        now.of->run(e->experiment, &recorded, &ours, seed);
    }
    verdicts_add(&now.verdicts, e->name, &recorded, &ours);
    if (now.of->played != NULL) {
        now.of->played(e->name, &recorded, &ours);
    }
    figures_close(&recorded);
    figures_close(&ours);
}

static void all_agree(void **state)
{
    (void)state;
    if (now.of->last != NULL) {
        now.of->last(&now.verdicts);
    }
    assert_int_equal(verdicts_judge(&now.verdicts, 0.01), 0);
}

int judge(const struct judging *judging, const struct judged *list, unsigned count, int argc,
          char **argv)
{
    static struct CMUnitTest tests[JUDGED_MAX + 1];
    unsigned chosen = 0;
    const char *only = getenv("RCS_ONLY");
    RCS_ASSERT(count <= JUDGED_MAX);
    now.of = judging;
    now.is_long = (argc > 1 && strcmp(argv[1], "long") == 0) || getenv("RCS_LONG") != NULL;
    for (unsigned i = 0; i < count; i++) {
        if (only == NULL ? now.is_long || list[i].brief : strstr(list[i].name, only) != NULL) {
            tests[chosen++] = (struct CMUnitTest){ .name = list[i].name,
                                                   .test_func = experiment,
                                                   .initial_state = (void *)(uintptr_t)&list[i] };
        }
    }
    tests[chosen++] = (struct CMUnitTest){ .name = "all agree", .test_func = all_agree };
    return _cmocka_run_group_tests(judging->name, tests, chosen, NULL, NULL);
}
