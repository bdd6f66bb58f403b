#include "tests/support/figures.h"

#include "tests/support/ks.h"
#include "tests/support/support.h"

static const struct figure *find(const struct figures *figures, const char *name)
{
    for (unsigned i = 0; i < figures->count; i++) {
        if (strcmp(figures->list[i].name, name) == 0) {
            return &figures->list[i];
        }
    }
    return NULL;
}

bool figures_have(const struct figures *figures, const char *name)
{
    const struct figure *figure = find(figures, name);
    return figure != NULL && figure->count > 0;
}

struct figure *figure_named(struct figures *figures, const char *name)
{
    for (unsigned i = 0; i < figures->count; i++) {
        if (strcmp(figures->list[i].name, name) == 0) {
            return &figures->list[i];
        }
    }
    assert_true(figures->count < sizeof(figures->list) / sizeof(figures->list[0]));
    struct figure *figure = &figures->list[figures->count++];
    *figure = (struct figure){ .count = 0 };
    snprintf(figure->name, sizeof(figure->name), "%s", name);
    return figure;
}

static void add(struct figure *figure, int64_t value)
{
    if (figure->count == figure->room) {
        figure->room = figure->room == 0 ? 32 : figure->room * 2;
        figure->values = realloc(figure->values, figure->room * sizeof(figure->values[0]));
        assert_non_null(figure->values);
    }
    figure->values[figure->count++] = value;
}

void figures_add(struct figures *figures, const char *name, int64_t value)
{
    add(figure_named(figures, name), value);
}

int64_t figure_nth(struct figures *recorded, const char *name, uint64_t run)
{
    const struct figure *figure = figure_named(recorded, name);
    assert_true(figure->count > 0);
    return figure->values[run % figure->count];
}

void figures_load(struct figures *out, const char *name)
{
    char path[80];
    snprintf(path, sizeof(path), "network/%s.txt", name);
    char *text = test_vector(path, NULL);
    *out = (struct figures){ .count = 0 };
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        bool last = *end == '\0';
        *end = '\0';
        if (*line != '#') {
            char *number = line + strcspn(line, " ");
            bool none = *number == '\0';
            *number = '\0';
            struct figure *figure = figure_named(out, line);
            while (!none && ++number < end) {
                char *after;
                add(figure, strtoll(number, &after, 10));
                assert_true(after > number && (*after == ' ' || *after == '\0'));
                number = after;
            }
        }
        line = last ? end : end + 1;
    }
    free(text);
}

void figures_close(struct figures *figures)
{
    for (unsigned i = 0; i < figures->count; i++) {
        free(figures->list[i].values);
    }
    figures->count = 0;
}

/* --- verdicts --------------------------------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_category(const char *name)
{
    static const char *const names[] = { FIGURE_CATEGORIES };
    return is_one_of(name, names, sizeof(names) / sizeof(names[0]));
}

static bool is_input(const char *name)
{
    static const char *const names[] = { FIGURE_INPUTS };
    return is_one_of(name, names, sizeof(names) / sizeof(names[0]));
}

static double category_p(const struct figure *a, const struct figure *b)
{
    unsigned counts[2][KS_CATEGORIES] = { { 0 } };
    for (unsigned side = 0; side < 2; side++) {
        const struct figure *figure = side == 0 ? a : b;
        for (unsigned i = 0; i < figure->count; i++) {
            assert_in_range(figure->values[i], 0, KS_CATEGORIES - 1);
            counts[side][figure->values[i]]++;
        }
    }
    return categories_p(counts[0], counts[1], KS_CATEGORIES);
}

static void describe(const struct figure *figure, unsigned side, struct verdict *out)
{
    int64_t *sorted = malloc((figure->count + 1) * sizeof(sorted[0]));
    assert_non_null(sorted);
    memcpy(sorted, figure->values, figure->count * sizeof(sorted[0]));
    qsort(sorted, figure->count, sizeof(sorted[0]), test_by_i64);
    out->low[side] = sorted[figure->count / 20];
    out->middle[side] = sorted[figure->count / 2];
    out->high[side] = sorted[figure->count - 1 - figure->count / 20];
    free(sorted);
}

/* Some never happen, there and here alike; if only one side has values the two differ. */
static bool compare(const struct figure *theirs, const struct figure *ours, struct verdict *out)
{
    *out = (struct verdict){ .theirs = theirs->count, .ours = ours->count };
    snprintf(out->name, sizeof(out->name), "%s", theirs->name);
    if (theirs->count == 0 && ours->count == 0) {
        return false;
    }
    if (theirs->count > 0 && ours->count > 0) {
        describe(theirs, 0, out);
        describe(ours, 1, out);
        if (is_category(theirs->name)) {
            out->p = category_p(theirs, ours);
        } else {
            struct ks ks = ks_test(theirs->values, theirs->count, ours->values, ours->count);
            out->distance = ks.distance;
            out->p = ks.p;
        }
    }
    return true;
}

void verdicts_add(struct verdicts *verdicts, const char *experiment, struct figures *recorded,
                  struct figures *ours)
{
    for (unsigned i = 0; i < recorded->count; i++) {
        struct verdict *verdict = &verdicts->list[verdicts->count];
        const struct figure *mine = find(ours, recorded->list[i].name);
        assert_true(verdicts->count < sizeof(verdicts->list) / sizeof(verdicts->list[0]));
        if (is_input(recorded->list[i].name)) {
            continue;
        }
        if (mine == NULL) {
            fail_msg("%s: %s is not measured", experiment, recorded->list[i].name);
        }
        if (!compare(&recorded->list[i], mine, verdict)) {
            continue;
        }
        snprintf(verdict->experiment, sizeof(verdict->experiment), "%s", experiment);
        verdicts->count++;
    }
}

unsigned verdicts_judge(const struct verdicts *verdicts, double alpha)
{
    double p[VERDICTS], thresholds[VERDICTS];
    bool rejected[VERDICTS];
    bool show = getenv("RCS_SHOW_DISTRIBUTIONS") != NULL;
    assert_true(verdicts->count > 0);
    for (unsigned i = 0; i < verdicts->count; i++) {
        p[i] = verdicts->list[i].p;
    }
    unsigned apart = holm(p, verdicts->count, alpha, thresholds, rejected);
    for (unsigned i = 0; i < verdicts->count; i++) {
        const struct verdict *v = &verdicts->list[i];
        if (rejected[i] || show) {
            print_message("%-24s %-20s n %3u, %4u  %6lld %6lld %6lld | %6lld %6lld %6lld  D %.3f  "
                          "p %.5f  %s\n",
                          v->experiment, v->name, v->theirs, v->ours, (long long)v->low[0],
                          (long long)v->middle[0], (long long)v->high[0], (long long)v->low[1],
                          (long long)v->middle[1], (long long)v->high[1], v->distance, v->p,
                          rejected[i] ? "DIFFERS" : "agrees");
        }
    }
    return apart;
}
