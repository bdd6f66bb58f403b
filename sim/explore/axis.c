#include <rcsim/explore.h>

#include <stdio.h>
#include <string.h>

#include "sim/node/config.h"
#include "sim/scenario/lex.h"

#include "sim/pure.h"

/* Values are kept in the smallest unit of their family. */
enum family { PLAIN, PERCENT, DURATION };

static const struct {
    const char *name;
    enum family family;
    int64_t scale;   /* of the smallest unit */
    unsigned places; /* decimals that a printed value may have */
} units[] = {
    { "m", DURATION, RCS_S(60), 3 },  { "s", DURATION, RCS_S(1), 3 },
    { "ms", DURATION, RCS_MS(1), 3 }, { "us", DURATION, 1, 0 },
    { "%", PERCENT, 100, 2 },         { "", PLAIN, 1, 0 },
};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))
#define FORM       "NAME=FROM..TO/STEP, such as settle=0s..20s/500ms"

/* --- values ----------------------------------------------------------------------------------- */

static int64_t power_of_10(unsigned places)
{
    int64_t out = 1;
    while (places-- > 0) {
        out *= 10;
    }
    return out;
}

/* Digits, a point and digits, a unit; what cannot be kept exactly is refused. */
static bool read_value(const char *text, size_t size_bytes, unsigned *unit, int64_t *out)
{
    int64_t digits = 0;
    unsigned places = 0;
    size_t at = 0, count = 0;
    bool point = false;
    for (; at < size_bytes &&
           ((text[at] >= '0' && text[at] <= '9') || (text[at] == '.' && !point && count > 0));
         at++) {
        if (text[at] == '.') {
            point = true;
            continue;
        }
        digits = digits * 10 + (text[at] - '0');
        places += point;
        if (++count > 13) {
            return false;
        }
    }
    if (count == 0 || (point && places == 0)) {
        return false;
    }
    for (unsigned i = 0; i < UNIT_COUNT; i++) {
        if (strlen(units[i].name) == size_bytes - at &&
            memcmp(units[i].name, text + at, size_bytes - at) == 0) {
            *unit = i;
            int64_t divisor = power_of_10(places);
            if (digits > INT64_MAX / units[i].scale || digits * units[i].scale % divisor != 0) {
                return false;
            }
            *out = digits * units[i].scale / divisor;
            return true;
        }
    }
    return false;
}

/* The finest step that a unit prints. */
static int64_t grain(unsigned unit)
{
    int64_t parts = power_of_10(units[unit].places);
    return units[unit].scale > parts ? units[unit].scale / parts : 1;
}

void rcs_axis_value(const struct rcs_axis *axis, unsigned index, char out[RCS_AXIS_VALUE_BYTES])
{
    RCS_ASSERT(index < axis->count);
    int64_t value = axis->from + axis->step * (int64_t)index, scale = units[axis->unit].scale;
    char part[8] = "";
    size_t used = 0;
    if (value % scale != 0) {
        used = (size_t)snprintf(part, sizeof(part), ".%0*d", (int)units[axis->unit].places,
                                (int)(value % scale / grain(axis->unit)));
        while (part[used - 1] == '0') {
            part[--used] = '\0';
        }
    }
    snprintf(out, RCS_AXIS_VALUE_BYTES, "%lld%s%s", (long long)(value / scale), part,
             units[axis->unit].name);
}

static enum rcs_err wrong_value(struct rcs_diag *diag, const char *value, size_t size_bytes)
{
    int shown = size_bytes < 40 ? (int)size_bytes : 40;
    return rcs_diag_set(
        diag, RCS_ERR_SYNTAX, 0, 0,
        "\"%.*s\" is no value that can be varied (10us, 250ms, 1.5s, 2m; 5000; 2.5%%)", shown,
        value);
}

static const char *family_name(enum family family)
{
    return family == PLAIN ? "a plain number" : family == PERCENT ? "a percent" : "a duration";
}

/* FROM and STEP can be printed in that unit. */
static bool fits(const int64_t values[3], unsigned unit)
{
    return values[0] % grain(unit) == 0 && values[2] % grain(unit) == 0;
}

/* FROM..TO/STEP */
static enum rcs_err read_range(struct rcs_axis *out, const char *range, struct rcs_diag *diag)
{
    const char *dots = strstr(range, ".."), *slash = strchr(range, '/');
    if (dots == NULL || slash == NULL || slash < dots) {
        return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0, "the form is " FORM);
    }
    const struct {
        const char *text;
        size_t size_bytes;
    } parts[] = { { range, (size_t)(dots - range) },
                  { dots + 2, (size_t)(slash - dots - 2) },
                  { slash + 1, strlen(slash + 1) } };
    int64_t values[3];
    unsigned used[3];
    for (unsigned i = 0; i < 3; i++) {
        if (!read_value(parts[i].text, parts[i].size_bytes, &used[i], &values[i])) {
            return wrong_value(diag, parts[i].text, parts[i].size_bytes);
        }
        if (units[used[i]].family != units[used[0]].family) {
            return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0,
                                "\"%.*s\" is %s, \"%.*s\" %s: write all with "
                                "a unit, or none",
                                (int)parts[0].size_bytes, parts[0].text,
                                family_name(units[used[0]].family), (int)parts[i].size_bytes,
                                parts[i].text, family_name(units[used[i]].family));
        }
    }
    if (values[2] == 0) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0, "the step must be above 0");
    }
    if (values[0] > values[1]) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0, "the range runs backwards (%.*s..%.*s?)",
                            (int)parts[1].size_bytes, parts[1].text, (int)parts[0].size_bytes,
                            parts[0].text);
    }
    int64_t count = (values[1] - values[0]) / values[2] + 1;
    if (count > RCS_AXIS_VALUES_MAX) {
        return rcs_diag_set(diag, RCS_ERR_LIMIT, 0, 0,
                            "these are %lld values (%d at most): a greater step", (long long)count,
                            RCS_AXIS_VALUES_MAX);
    }
    out->from = values[0];
    out->step = values[2];
    out->count = (unsigned)count;
    /* The largest of the units written in which all values can be printed; else a smaller one. */
    out->unit = UNIT_COUNT;
    unsigned smallest = used[0];
    for (unsigned i = 0; i < 3; i++) {
        smallest = used[i] > smallest ? used[i] : smallest;
        if (fits(values, used[i]) && used[i] < out->unit) {
            out->unit = used[i];
        }
    }
    while (out->unit == UNIT_COUNT) { /* more places than it prints: 0.2243s */
        smallest++;
        RCS_ASSERT(smallest < UNIT_COUNT && units[smallest].family == units[used[0]].family);
        out->unit = fits(values, smallest) ? smallest : UNIT_COUNT;
    }
    return RCS_OK;
}

/* --- names ------------------------------------------------------------------------------------ */

static void print_latency(char out[RCS_AXIS_NAME_BYTES], const char *a, const char *b)
{
    snprintf(out, RCS_AXIS_NAME_BYTES, "latency %s%s%s", a, b == NULL ? "" : " ",
             b == NULL ? "" : b);
}

static bool is_param(const struct rcs_scenario *scenario, const char *name)
{
    const char *param;
    bool found = false;
    for (unsigned i = 0; (param = rcs_scenario_param(scenario, i)) != NULL; i++) {
        found |= strcmp(param, name) == 0;
    }
    return found;
}

static bool is_latency(const struct rcs_scenario *scenario, const char *name)
{
    const char *a, *b;
    bool found = false;
    for (unsigned i = 0; rcs_scenario_latency(scenario, i, &a, &b); i++) {
        char text[RCS_AXIS_NAME_BYTES];
        print_latency(text, a, b);
        found |= strcmp(text, name) == 0;
    }
    return found;
}

#define NAMES_MAX 32

static enum rcs_err unknown_name(const struct rcs_scenario *scenario, const char *name,
                                 struct rcs_diag *diag)
{
    const char *names[2 * NAMES_MAX + 1], *a, *b;
    char latencies[NAMES_MAX][RCS_AXIS_NAME_BYTES];
    unsigned count = 0;
    for (unsigned i = 0; i < NAMES_MAX && rcs_scenario_param(scenario, i) != NULL; i++) {
        names[count++] = rcs_scenario_param(scenario, i);
    }
    for (unsigned i = 0; i < NAMES_MAX && rcs_scenario_latency(scenario, i, &a, &b); i++) {
        print_latency(latencies[i], a, b);
        names[count++] = latencies[i];
    }
    names[count] = NULL;
    const char *near = rcs_lex_nearest(name, names);
    near = near == NULL ? rcs_config_nearest(name) : near;
    if (near != NULL) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "nothing is called %s (did you mean %s?)",
                            name, near);
    }
    char list[160] = "";
    size_t used = 0;
    for (unsigned i = 0; i < count && used < sizeof(list); i++) {
        int wrote = snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", names[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    return rcs_diag_set(
        diag, RCS_ERR_UNKNOWN, 0, 0,
        "nothing is called %s (of this scenario can be varied: %s%sany directive of "
        "redis.conf)",
        name, list, count > 0 ? ", " : "");
}

/* The first and the last value must be such that the directive takes them. */
static enum rcs_err check_directive(const struct rcs_axis *axis, struct rcs_diag *diag)
{
    for (unsigned i = 0; i < 2; i++) {
        char value[RCS_AXIS_VALUE_BYTES];
        struct rcs_config config;
        struct rcs_diag why = { .line = 0 };
        rcs_axis_value(axis, i == 0 ? 0 : axis->count - 1, value);
        rcs_config_init(&config);
        config.profile = NULL; /* whether its release has it is seen when a run begins */
        enum rcs_err err = rcs_config_set(&config, axis->name, value, &why);
        if (err != RCS_OK) {
            return rcs_diag_set(diag, err, 0, 0, "%s", why.text);
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_axis_read(struct rcs_axis *out, const struct rcs_scenario *scenario,
                           const char *text, struct rcs_diag *diag)
{
    const char *equals = strchr(text, '=');
    *out = (struct rcs_axis){ .kind = RCS_AXIS_PARAM };
    if (equals == NULL || equals == text || equals - text >= RCS_AXIS_NAME_BYTES) {
        return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0, "the form is " FORM);
    }
    memcpy(out->name, text, (size_t)(equals - text));
    if (is_latency(scenario, out->name)) {
        out->kind = RCS_AXIS_LATENCY;
    } else if (!is_param(scenario, out->name)) {
        if (!rcs_config_known(out->name)) {
            return unknown_name(scenario, out->name, diag);
        }
        out->kind = RCS_AXIS_DIRECTIVE;
    }
    enum rcs_err err = read_range(out, equals + 1, diag);
    if (err == RCS_OK && out->kind == RCS_AXIS_LATENCY && units[out->unit].family != DURATION) {
        err = rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0, "a latency is a duration (0ms..50ms/5ms)");
    }
    if (err == RCS_OK && out->kind == RCS_AXIS_DIRECTIVE) {
        err = check_directive(out, diag);
    }
    return err;
}
