/* Any text as --vary: it is refused with a sentence, or its values are what a scenario can have:
 * each can be read again, in order, up to the end that was written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/explore.h>

#define POINTS_MAX 4 /* of those that begin a run each */

static const char scenario_text[] =
    "site A a1\nsite B b1\nlatency A B 8ms..12ms\nlatency A 1ms\nparam settle 3s\nparam keys 10\n"
    "param share 5%\nworkload w pinned a1 keys $keys\nloss A B $share\nwait $settle\n";

/* Its value alone, as --vary would be given it. */
static void read_again(const struct rcs_scenario *scenario, const struct rcs_axis *axis,
                       unsigned index)
{
    char value[RCS_AXIS_VALUE_BYTES], text[RCS_AXIS_NAME_BYTES + 3 * RCS_AXIS_VALUE_BYTES];
    static const char *const ones[] = { "us", "%", "" };
    struct rcs_diag diag = { .line = 0 };
    struct rcs_axis again;
    rcs_axis_value(axis, index, value);
    RCS_ASSERT(value[0] >= '0' && value[0] <= '9' && strlen(value) < RCS_AXIS_VALUE_BYTES - 1);
    if (strspn(value, "0123456789.") > 13) {
        return; /* more digits than --vary takes: a great value in a small unit */
    }
    const char *unit = value + strspn(value, "0123456789.");
    const char *one = unit[0] == '\0' ? ones[2] : unit[0] == '%' ? ones[1] : ones[0];
    snprintf(text, sizeof(text), "%s=%s..%s/1%s", axis->name, value, value, one);
    RCS_ASSERT(rcs_axis_read(&again, scenario, text, &diag) == RCS_OK);
    RCS_ASSERT(again.kind == axis->kind && again.count == 1);
    RCS_ASSERT(again.from == axis->from + axis->step * (int64_t)index);
}

static void begin_sweep(const struct rcs_scenario *scenario, const struct rcs_axis *axis)
{
    static const struct rcs_run_options run = { .quiet = true };
    const struct rcs_sweep_options options = {
        .scenario = scenario, .axes = { *axis }, .axis_count = 1, .seeds = 1, .run = &run
    };
    struct rcs_diag diag = { .line = 0 };
    struct rcs_sweep *sweep;
    if (rcs_sweep_new(&sweep, &options, &diag) != RCS_OK) {
        RCS_ASSERT(sweep == NULL && diag.text[0] != '\0');
        return;
    }
    RCS_ASSERT(rcs_sweep_points(sweep) == axis->count);
    rcs_sweep_free(sweep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rcs_scenario *scenario; /* read once */
    struct rcs_axis axis;
    struct rcs_diag diag = { .line = 0 };
    RCS_ASSERT(scenario != NULL ||
               rcs_scenario_parse(&scenario, "fuzz", scenario_text, sizeof(scenario_text) - 1, NULL,
                                  NULL, &diag) == RCS_OK);
    char *text = malloc(size + 1); /* not a byte longer: ASan sees one read too far */
    RCS_ASSERT(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    if (rcs_axis_read(&axis, scenario, text, &diag) != RCS_OK) {
        RCS_ASSERT(diag.text[0] != '\0');
    } else {
        RCS_ASSERT(axis.count >= 1 && axis.count <= RCS_AXIS_VALUES_MAX);
        RCS_ASSERT(axis.from >= 0 && axis.step > 0);
        read_again(scenario, &axis, 0);
        if (axis.kind != RCS_AXIS_DIRECTIVE) { /* which may take both ends, but not all between */
            read_again(scenario, &axis, axis.count / 2);
        }
        read_again(scenario, &axis, axis.count - 1);
        if (axis.count <= POINTS_MAX) {
            begin_sweep(scenario, &axis);
        }
    }
    free(text);
    return 0;
}
