#include "tests/support/spread.h"

#include "tests/support/packets.h"
#include "tests/support/support.h"

#define EARLY_MS                                                                                   \
    40               /* by which a recorded time may come earlier than any simulated: a poll's run \
                      */
#define FEW      3   /* fewer recordings say nothing about a middle */
#define APART_MS 500 /* between the middle simulated one and the nearest recorded */

void spread_add(struct spread *spread, int64_t value)
{
    assert_true(value >= 0);
    assert_true(spread->count < SPREAD_MAX);
    spread->value[spread->count++] = value;
}

int64_t spread_least(const struct spread *spread)
{
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < spread->count; i++) {
        least = spread->value[i] < least ? spread->value[i] : least;
    }
    return least;
}

int64_t spread_most(const struct spread *spread)
{
    int64_t most = -1;
    for (unsigned i = 0; i < spread->count; i++) {
        most = spread->value[i] > most ? spread->value[i] : most;
    }
    return most;
}

void spread_holds(struct spread *spread, const char *release, int64_t recorded, int64_t late)
{
    int64_t least = spread_least(spread), most = spread_most(spread);
    if (recorded < least - EARLY_MS || recorded > most + late) {
        fail_msg("%s, %s: recorded %lld ms, simulated %lld..%lld", release, spread->what,
                 (long long)recorded, (long long)least, (long long)most);
    }
    bool first = spread->recordings++ == 0;
    spread->shortest = first || recorded < spread->shortest ? recorded : spread->shortest;
    spread->longest = first || recorded > spread->longest ? recorded : spread->longest;
}

/* How many of the values are less, and how many are not more. */
static bool is_middle(const struct spread *spread, int64_t value)
{
    unsigned less = 0, not_more = 0;
    for (unsigned i = 0; i < spread->count; i++) {
        less += spread->value[i] < value;
        not_more += spread->value[i] <= value;
    }
    return less <= spread->count / 2 && not_more > spread->count / 2;
}

void spread_middle_holds(const struct spread *spread, const char *release)
{
    int64_t middle = -1;
    for (unsigned i = 0; i < spread->count && middle < 0; i++) {
        middle = is_middle(spread, spread->value[i]) ? spread->value[i] : -1;
    }
    if (middle < spread->shortest - APART_MS || middle > spread->longest + APART_MS) {
        fail_msg("%s, %s: recorded %lld to %lld ms, the middle simulated one is %lld", release,
                 spread->what, (long long)spread->shortest, (long long)spread->longest,
                 (long long)middle);
    }
}

unsigned spread_recorded(const char *times, const char *kind, const char *release,
                         struct spread *const *columns, unsigned count)
{
    char *text = malloc(strlen(times) + 1), *at = text;
    unsigned lines = 0;
    assert_non_null(text);
    strcpy(text, times);
    for (char *line = test_next_line(&at); line != NULL; line = test_next_line(&at)) {
        struct test_words words = test_cut(line, TEST_WORDS_MAX);
        if (words.count < 2 || strcmp(words.word[0], kind) != 0 ||
            strcmp(words.word[1], release) != 0) {
            continue;
        }
        lines++;
        assert_int_equal(words.count, 2 + count);
        for (unsigned i = 0; i < count; i++) {
            if (columns[i] != NULL && strcmp(words.word[2 + i], "-") != 0) {
                spread_holds(columns[i], release, (int64_t)test_number(words.word[2 + i]),
                             SPREAD_LATE_MS);
            }
        }
    }
    free(text);
    for (unsigned i = 0; i < count; i++) {
        if (columns[i] != NULL && columns[i]->recordings >= FEW) {
            spread_middle_holds(columns[i], release);
        }
    }
    return lines;
}
