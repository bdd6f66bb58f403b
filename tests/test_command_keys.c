/* Where the keys of a request stand when a word counts them (COMMAND GETKEYS of a 7.0.15 server for
 * EVAL, ZUNION and ZUNIONSTORE). */
#include "sim/node/command_rows.h"
#include "tests/support/support.h"

static const struct rcs_command eval = { "eval", NULL, -3, MOVABLE_KEYS, 0, NUMKEYS(2, RW), 0, 0 };
static const struct rcs_command zunion = {
    "zunion", NULL, -3, MOVABLE_KEYS, 0, NUMKEYS(1, RO), 0, 0
};
static const struct rcs_command zunionstore = {
    "zunionstore", NULL, -4, MOVABLE_KEYS, 0, ONE_KEY_AND_NUMKEYS(OW, RO), 0, 0
};

static const struct row {
    const char *name;
    const struct rcs_command *command;
    const char *words; /* behind the command's name */
    const char *keys;
} rows[] = {
    /* clang-format off */
    { "none",                                 &eval, "x 0 a", "" },
    { "one",                                  &eval, "x 1 a b", "a" },
    { "all words",                            &eval, "x 2 a b", "a b" },
    { "more than there are: none",            &eval, "x 3 a b", "" },
    { "less than none",                       &eval, "x -1 a", "" },
    { "no number",                            &eval, "x a b", "" },
    { "a number to C's atoi",                 &eval, "x 01 a", "a" },
    { "a number with something behind it",    &eval, "x 1z a", "a" },
    { "cut to 32 bits",                       &eval, "x 4294967297 a", "a" },
    { "more than 64 bits hold",               &eval, "x 99999999999999999999 a", "" },
    { "behind a count that stands first",     &zunion, "2 a b c", "a b" },
    { "a key before the count comes first",   &zunionstore, "d 2 a b", "d a b" },
    { "no count: not that key either",        &zunionstore, "d x a", "" },
    { "too large a count: not that key either", &zunionstore, "d 2 a", "" },
    { "a count for atoi: that key comes last", &zunionstore, "d 02 a b", "a b d" },
    /* clang-format on */
};

static void key_row(void **state)
{
    const struct row *row = *state;
    char copy[64];
    struct rcs_arg args[8] = { { row->command->name, (uint32_t)strlen(row->command->name) } };
    unsigned argc = 1, positions[8];
    strcpy(copy, row->words);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        args[argc++] = (struct rcs_arg){ word, (uint32_t)strlen(word) };
    }
    unsigned count = rcs_command_keys(row->command, argc, args, positions, 8);
    char got[64] = "";
    for (unsigned i = 0; i < count; i++) {
        strcat(got, i > 0 ? " " : "");
        strcat(got, args[positions[i]].bytes);
    }
    assert_string_equal(got, row->keys);
}

int main(void)
{
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = key_row,
                                        .initial_state = (void *)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
