#include "tests/support/timing.h"

#include "tests/support/support.h"

struct sample *sample_named(struct samples *samples, const char *name)
{
    for (unsigned i = 0; i < samples->count; i++) {
        if (strcmp(samples->list[i].name, name) == 0) {
            return &samples->list[i];
        }
    }
    assert_true(samples->count < sizeof(samples->list) / sizeof(samples->list[0]));
    struct sample *sample = &samples->list[samples->count++];
    *sample = (struct sample){ .count = 0 };
    snprintf(sample->name, sizeof(sample->name), "%s", name);
    return sample;
}

void sample_add(struct sample *sample, int64_t value)
{
    if (sample->count == sample->room) {
        sample->room = sample->room == 0 ? 64 : sample->room * 2;
        sample->values = realloc(sample->values, sample->room * sizeof(sample->values[0]));
        assert_non_null(sample->values);
    }
    sample->values[sample->count++] = value;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void sample_sort(struct sample *sample)
{
    if (sample->count > 0) {
        qsort(sample->values, sample->count, sizeof(sample->values[0]), by_value);
    }
}

void samples_load(struct samples *out, const char *name)
{
    char path[80];
    snprintf(path, sizeof(path), "timing/%s.txt", name);
    char *text = test_vector(path, NULL);
    *out = (struct samples){ .count = 0 };
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        char *space = line + strcspn(line, " \n");
        if (*line != '#') {
            assert_true(space < end);
            *space = '\0';
            struct sample *sample = sample_named(out, line);
            for (char *number = space + 1; number < end;) {
                sample_add(sample, strtoll(number, &number, 10));
                number += *number == ' ';
            }
        }
        line = end + (*end == '\n');
    }
    free(text);
}

void samples_close(struct samples *samples)
{
    for (unsigned i = 0; i < samples->count; i++) {
        free(samples->list[i].values);
    }
    samples->count = 0;
}

/* --- Kolmogorov and Smirnov ------------------------------------------------------------------- */

/* How many values are not above `limit`; sorted. */
static unsigned up_to(const struct sample *sample, int64_t limit)
{
    unsigned low = 0, high = sample->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (sample->values[middle] <= limit) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The most by which `a` runs ahead of `b` (comes earlier), in units of 1 / (n m), shifts forgiven.
 */
static int64_t ahead(const struct sample *a, const struct sample *b, int64_t slack_ms)
{
    int64_t most = 0;
    for (unsigned i = 0; i < a->count; i++) {
        int64_t behind = up_to(b, a->values[i] + slack_ms);
        int64_t apart = (int64_t)up_to(a, a->values[i]) * b->count - behind * a->count;
        most = apart > most ? apart : most;
    }
    return most;
}

bool samples_agree(const struct sample *a, const struct sample *b, int64_t slack_ms, int *percent)
{
    int64_t n = a->count, m = b->count;
    assert_true(n > 0 && m > 0);
    int64_t one = ahead(a, b, slack_ms), other = ahead(b, a, slack_ms);
    int64_t distance = one > other ? one : other;
    *percent = (int)(distance * 100 / (n * m));
    /* 2.225^2 = 4.95: distance^2 / (n m (n + m)) against it, without overflow for samples up to
     * 20000 */
    return distance * 100 / (n + m) * distance <= 495 * (n * m);
}
