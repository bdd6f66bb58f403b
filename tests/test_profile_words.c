/* What releases say in their logs, held against lines of real servers: each is the words of some
 * fact, at that level. A row of sim/words.c that is taken out leaves a line that nobody says. */
#include "tests/support/support.h"
#include "tests/support/tsv.h"

#include <stdio.h>
#include <string.h>

#include "sim/words.h"

/* Lines that no fact stands for; `last` as in sim/words.c. */
static const struct {
    const char *release; /* NULL: any */
    const char *text;    /* as a fact's: %s is anything */
} unsaid[] = {
    { NULL, "WARNING overcommit_memory is set to 0!%s" }, /* of the machine, not of the node */
    { NULL, "WARNING Memory overcommit must be enabled!%s" },
    { NULL, "WARNING: Changing databases number from 16 to 1 since we are in cluster mode" },
    { "7.0", "Warning: no config file%s" },
    { "6.2", "Sending command to master in replication handshake: %s" },
};

/* True if `line` is `text` with anything for each placeholder. */
static bool fits(const char *text, const char *line)
{
    if (*text == '\0') {
        return *line == '\0';
    }
    if (*text != '%') {
        return *text == *line && fits(text + 1, line + 1);
    }
    for (const char *rest = line;; rest++) {
        if (fits(text + 2, rest)) {
            return true;
        }
        if (*rest == '\0') {
            return false;
        }
    }
}

/* How many facts a release may have said this line for; BUS_WARNING and what scripts log may be
 * anything. */
static unsigned speakers(enum rcs_release release, char level, const char *line)
{
    static const char levels[] = ".-*#";
    unsigned count = 0;
    for (unsigned code = 0; code < RCS_FACT_COUNT; code++) {
        struct rcs_words words = rcs_words(release, (enum rcs_fact_code)code);
        if (words.text == NULL || strcmp(words.text, "%s") == 0) {
            continue;
        }
        if (code != RCS_FACT_BUS_WARNING && words.level != RCS_LEVEL_NONE &&
            levels[words.level] == level && fits(words.text, line)) {
            count++;
        }
    }
    return count;
}

static bool is_unsaid(const char *release, const char *line)
{
    for (size_t i = 0; i < sizeof(unsaid) / sizeof(unsaid[0]); i++) {
        if ((unsaid[i].release == NULL || strcmp(unsaid[i].release, release) == 0) &&
            fits(unsaid[i].text, line)) {
            return true;
        }
    }
    return false;
}

/* "<pid>:<role> <date> <level> <text>": the date has four words with the year, three without. */
static const char *text_of(const char *line, bool with_year, char *level)
{
    const char *at = line;
    for (unsigned words = with_year ? 5 : 4; words > 0; words--) {
        at = strchr(at, ' ');
        assert_non_null(at);
        at++;
    }
    *level = at[0];
    assert_int_equal(at[1], ' ');
    return at + 2;
}

static void log_words_each_recorded_line_is_said_by_its_release(void **state)
{
    (void)state;
    struct tsv file;
    char *fields[2];
    unsigned lines = 0, wrong = 0;
    tsv_open(&file, "log_lines_by_release.tsv");
    while (tsv_row(&file, fields, 2)) {
        const struct rcs_profile *profile = rcs_profile_find(fields[0]);
        assert_non_null(profile);
        char level;
        const char *text = text_of(fields[1], profile->logs_year, &level);
        unsigned count = speakers(profile->release, level, text);
        if ((count > 0) == is_unsaid(fields[0], text)) {
            print_error("%s: %s: %c %s\n", fields[0], count > 0 ? "said after all" : "said by none",
                        level, text);
            wrong++;
        }
        lines++;
    }
    tsv_close(&file);
    assert_true(lines > 400);
    assert_int_equal(wrong, 0);
}

struct row {
    const char *name;
    enum rcs_release release;
    enum rcs_fact_code code;
    enum rcs_level level;
    const char *text; /* NULL: silent */
};

/* Neighbours part: the last release that says it one way, the first that says it another. */
/* clang-format off */
#define AT(release, fact, level, text) RCS_##release, RCS_FACT_##fact, RCS_LEVEL_##level, text
static const struct row rows[] = {
    { "log words: 4.0 says slave", AT(REDIS_4_0, REPLICA_LOST, WARNING, "Connection with slave %s lost.") },
    { "log words: 5.0 says replica", AT(REDIS_5_0, REPLICA_LOST, WARNING, "Connection with replica %s lost.") },
    { "log words: 7.2 loses a replica without alarm", AT(REDIS_7_2, REPLICA_LOST, NOTICE, "Connection with replica %s lost.") },
    { "log words: 7.4 has a master", AT(REDIS_7_4, REPL_LOST, NOTICE, "Connection with master lost.") },
    { "log words: valkey has a primary", AT(VALKEY_8_0, REPL_LOST, NOTICE, "Connection with primary lost.") },
    { "log words: 7.0 warns of ok", AT(REDIS_7_0, STATE_OK, WARNING, "Cluster state changed: ok") },
    { "log words: 7.2 does not", AT(REDIS_7_2, STATE_OK, NOTICE, "Cluster state changed: ok") },
    { "log words: 7.2 still warns of fail", AT(REDIS_7_2, STATE_FAIL, WARNING, "Cluster state changed: fail") },
    { "log words: 3.0 starts without a banner", AT(REDIS_3_0, BOOT_STARTING, NONE, NULL) },
    { "log words: 4.0 starts with one", AT(REDIS_4_0, BOOT_STARTING, WARNING, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo") },
    { "log words: 6.0 does not name its clock", AT(REDIS_6_0, BOOT_CLOCK, NONE, NULL) },
    { "log words: 6.2 names it", AT(REDIS_6_2, BOOT_CLOCK, NOTICE, "monotonic clock: POSIX clock_gettime") },
    { "log words: 5.0 says nothing of a new backlog", AT(REDIS_5_0, BACKLOG_CREATED, NONE, NULL) },
    { "log words: 6.0 names its ids", AT(REDIS_6_0, BACKLOG_CREATED, NOTICE, "Replication backlog created, my new replication IDs are '%s' and '%t'") },
    { "log words: 5.0 loads in silence", AT(REDIS_5_0, LOAD_VERSION, NONE, NULL) },
    { "log words: 6.0 says who made the RDB", AT(REDIS_6_0, LOAD_VERSION, NOTICE, "Loading RDB produced by version %s") },
    { "log words: 6.0 does not count the keys", AT(REDIS_6_0, LOAD_DONE, NONE, NULL) },
    { "log words: 6.2 counts them as a warning", AT(REDIS_6_2, LOAD_DONE, WARNING, "Done loading RDB, keys loaded: %0, keys expired: %1.") },
    { "log words: 3.0 compares run ids", AT(REDIS_3_0, SYNC_ID_MISMATCH, NOTICE, "Partial resynchronization not accepted: Runid mismatch (Client asked for runid '%s', my runid is '%t')") },
    { "log words: 6.2 counts pages once", AT(REDIS_6_2, CHILD_COW, NOTICE, "RDB: %0 MB of memory used by copy-on-write") },
    { "log words: 5.0 does not read its child's pipe", AT(REDIS_5_0, CHILD_DRAINED, NONE, NULL) },
    { "log words: valkey suspects aloud", AT(VALKEY_8_0, PFAIL_SET, NOTICE, "NODE %n () possibly failing.") },
};
/* clang-format on */

static void log_words_of_a_release(void **state)
{
    const struct row *row = *state;
    struct rcs_words words = rcs_words(row->release, row->code);
    assert_int_equal(words.level, row->level);
    assert_int_equal(words.text == NULL, row->text == NULL);
    if (row->text != NULL) {
        assert_string_equal(words.text, row->text);
    }
}

static void log_words_of_an_argument(void **state)
{
    (void)state;
    assert_string_equal(rcs_words_argument(RCS_REDIS_4_0, "replicas sockets"), "slaves sockets");
    assert_string_equal(rcs_words_argument(RCS_REDIS_5_0, "replicas sockets"), "replicas sockets");
    assert_string_equal(rcs_words_argument(RCS_REDIS_4_0, "disk"), "disk");
}

/* 7.0 is what facts*.h say: no row of the table is about it. */
static void log_words_of_7_0_stand_with_the_facts(void **state)
{
    (void)state;
    for (unsigned code = 0; code < RCS_FACT_COUNT; code++) {
        struct rcs_words words = rcs_words(RCS_REDIS_7_0, (enum rcs_fact_code)code);
        assert_ptr_equal(words.text, rcs_fact_row((enum rcs_fact_code)code)->text);
        assert_int_equal(words.level, rcs_fact_row((enum rcs_fact_code)code)->level);
    }
}

/* --- what holds of all words of a release ----------------------------------------------------- */

/* A text without any of these words, or one that is excepted. */
static bool says(const char *text, const char *const words[])
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strstr(text, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static unsigned offenders(enum rcs_release release, const char *const words[],
                          const char *const excepted[])
{
    unsigned count = 0;
    for (unsigned code = 0; code < RCS_FACT_COUNT; code++) {
        const char *text = rcs_words(release, (enum rcs_fact_code)code).text;
        if (text != NULL && says(text, words) && !says(text, excepted)) {
            print_error("%s: %s\n", rcs_profile_at(release)->name, text);
            count++;
        }
    }
    return count;
}

static void log_words_until_4_0_say_slave(void **state)
{
    (void)state;
    static const char *const words[] = { "replica ", "Replica ", "REPLICA", "replicas", NULL };
    static const char *const excepted[] = { "myself as a replica of", "I'm a sub-replica!",
                                            "myself as a replica of grandmaster",
                                            /* facts that are no lines of those releases */
                                            "replicas are in sync", "Waiting for replicas before",
                                            "wrong offset", "is about to load the RDB file", NULL };
    assert_int_equal(offenders(RCS_REDIS_3_0, words, excepted), 0);
    assert_int_equal(offenders(RCS_REDIS_4_0, words, excepted), 0);
}

static void log_words_of_valkey_say_primary(void **state)
{
    (void)state;
    static const char *const words[] = { "master", "Master", "MASTER", "Redis", "redis", NULL };
    static const char *const excepted[] = { NULL };
    assert_int_equal(offenders(RCS_VALKEY_8_0, words, excepted), 0);
}

/* From 7.2 on the human name follows each id, but in these lines. */
static void log_words_since_7_2_name_nodes(void **state)
{
    (void)state;
    static const char *const unnamed[] = {
        "possibly failing", "configuration found",     "configuration loaded", "Ignoring FAIL",
        "orphaned master",  "old slots configuration", "hard reset",           "sub-replica!",
        "can't vote about", "Connection with Node",    "Connecting with Node", NULL
    };
    for (enum rcs_release release = RCS_REDIS_7_2; release <= RCS_VALKEY_8_0; release++) {
        for (unsigned code = 0; code < RCS_FACT_COUNT; code++) {
            const char *text = rcs_words(release, (enum rcs_fact_code)code).text;
            for (const char *at = text; at != NULL && (at = strchr(at, '%')) != NULL; at += 2) {
                if ((at[1] == 'n' || at[1] == 'm') && strncmp(at + 2, " ()", 3) != 0 &&
                    !says(text, unnamed)) {
                    fail_msg("%s: %s", rcs_profile_at(release)->name, text);
                }
            }
        }
    }
}

/* With 7.2 most warnings became notices: these stayed. */
static void log_words_since_7_2_warn_less(void **state)
{
    (void)state;
    static const char *const warnings[] = { "changed: fail",
                                            "auth denied",
                                            "Manual failover timed out",
                                            "bye bye",
                                            "SIGTERM",
                                            "Unable to connect",
                                            "Error condition",
                                            "Error reply",
                                            "Unable to AUTH",
                                            "Failed to read",
                                            "did not",
                                            "wrong +FULLRESYNC",
                                            "Unexpected reply",
                                            "imeout",
                                            "timedout",
                                            "I/O error",
                                            "aborted replication",
                                            "Bad protocol",
                                            "wrong offset",
                                            "tried to PSYNC",
                                            "not available",
                                            "BGSAVE for replication failed",
                                            "SYNC failed",
                                            "last replica dropped",
                                            "by signal",
                                            "There is a child",
                                            "Writing initial AOF",
                                            "Errors trying to shut down",
                                            "SIGUSR1",
                                            "cluster config file",
                                            "tmp config file",
                                            "CONFIG REWRITE failed",
                                            "Write error",
                                            "Background saving error",
                                            "Error trying to save",
                                            "Error writing to the AOF",
                                            "Can't recover",
                                            "just ignore the last error",
                                            "AOF manifest",
                                            "terminated with error",
                                            "repeatedly failed",
                                            "unable to write to disk",
                                            "-----",
                                            "Software Failure",
                                            "Guru Meditation",
                                            NULL };
    for (enum rcs_release release = RCS_REDIS_7_2; release <= RCS_VALKEY_8_0; release++) {
        for (unsigned code = 0; code < RCS_FACT_COUNT; code++) {
            struct rcs_words said = rcs_words(release, (enum rcs_fact_code)code);
            if (said.text != NULL && said.level == RCS_LEVEL_WARNING &&
                strcmp(said.text, "%s") != 0 && !says(said.text, warnings)) {
                fail_msg("%s: %s", rcs_profile_at(release)->name, said.text);
            }
        }
    }
}

int main(void)
{
    struct CMUnitTest tests[7 + sizeof(rows) / sizeof(rows[0])] = {
        cmocka_unit_test(log_words_until_4_0_say_slave),
        cmocka_unit_test(log_words_of_valkey_say_primary),
        cmocka_unit_test(log_words_since_7_2_name_nodes),
        cmocka_unit_test(log_words_since_7_2_warn_less),
        cmocka_unit_test(log_words_each_recorded_line_is_said_by_its_release),
        cmocka_unit_test(log_words_of_an_argument),
        cmocka_unit_test(log_words_of_7_0_stand_with_the_facts),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tests[7 + i] = (struct CMUnitTest){ .name = rows[i].name,
                                            .test_func = log_words_of_a_release,
                                            .initial_state = (void *)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
