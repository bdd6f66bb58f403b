/* What real servers of each release answer to some two hundred requests, good and bad, against what
 * nodes of that release answer here: tests/vectors/answers_by_release.tsv. */
#include "tests/support/support.h"

#include "tests/support/trial.h"
#include "tests/support/tsv.h"

#define ARGS_MAX 16

/* Requests that begin so are not modelled, and say it. */
static const char *const gaps[] = {
    "CONFIG SET appenddirname", "BITPOS", "OBJECT FREQ",
    "COMMAND GETKEYS get", /* the subcommand's arity is 7.0's in every release */
};

/* Cuts at blanks; "..." is one word. */
static unsigned cut(char *line, struct rcs_arg *args)
{
    unsigned argc = 0;
    for (char *at = line; *at != '\0';) {
        char end = *at == '"' ? '"' : ' ';
        at += end == '"';
        size_t size = 0;
        while (at[size] != '\0' && at[size] != end) {
            size++;
        }
        assert_true(argc < ARGS_MAX);
        args[argc++] = (struct rcs_arg){ at, (uint32_t)size };
        at += size + (at[size] == '"');
        at += *at == ' ';
    }
    return argc;
}

static const struct rcs_reply *add(struct rcs_buf *out, const struct rcs_reply *reply)
{
    const char *text = reply->bytes;
    int size = (int)reply->size_bytes;
    uint32_t elements = reply->elements;
    switch (reply->kind) {
    case RCS_REPLY_STATUS:
        rcs_buf_format(out, "+%.*s", size, text);
        return reply + 1;
    case RCS_REPLY_ERROR:
        rcs_buf_format(out, "-%.*s", size, text);
        return reply + 1;
    case RCS_REPLY_INTEGER:
        rcs_buf_format(out, ":%.*s", size, text);
        return reply + 1;
    case RCS_REPLY_NIL:
        rcs_buf_text(out, "(nil)");
        return reply + 1;
    case RCS_REPLY_BULK:
        rcs_buf_text(out, "$b'");
        for (int i = 0; i < size; i++) {
            unsigned char c = (unsigned char)text[i];
            if (c == '\r' || c == '\n' || c == '\t') {
                rcs_buf_text(out, c == '\r' ? "\\r" : c == '\n' ? "\\n" : "\\t");
            } else if (c < 32 || c > 126) {
                rcs_buf_format(out, "\\x%02x", c);
            } else {
                rcs_buf_format(out, "%s%c", c == '\\' ? "\\" : "", c);
            }
        }
        rcs_buf_text(out, "'");
        return reply + 1;
    default:
        rcs_buf_text(out, "[");
        reply++;
        for (uint32_t i = 0; i < elements; i++) {
            rcs_buf_text(out, i > 0 ? ", " : "");
            reply = add(out, reply);
        }
        rcs_buf_text(out, "]");
        return reply;
    }
}

/* "3.0" or "3.0 6.2": that release, or from one to the other. */
static bool is_of(const char *releases, const struct rcs_profile *profile)
{
    char text[32];
    snprintf(text, sizeof(text), "%s", releases);
    char *last = strchr(text, ' ');
    if (last != NULL) {
        *last++ = '\0';
    }
    enum rcs_release from = rcs_profile_find(text)->release;
    enum rcs_release to = last != NULL ? rcs_profile_find(last)->release : from;
    return profile->release >= from && profile->release <= to;
}

static bool is_gap(const char *request)
{
    for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
        if (strncmp(request, gaps[i], strlen(gaps[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool answers(struct trial *trial, char *request, const char *want)
{
    char said[160];
    struct rcs_arg args[ARGS_MAX];
    struct rcs_buf got;
    snprintf(said, sizeof(said), "%s", request);
    struct rcs_session *session = rcs_session_new(trial->sim, NULL, false);
    rcs_session_request(session, 0, cut(request, args), args);
    rcs_buf_init(&got);
    rcs_us limit = rcs_sim_now(trial->sim) + RCS_S(3);
    while (rcs_session_state(session) == RCS_SESSION_WAITING && rcs_sim_step(trial->sim, limit)) {
    }
    if (rcs_session_state(session) == RCS_SESSION_REPLIED) {
        (void)add(&got, rcs_session_reply(session));
    }
    rcs_buf_add(&got, "", 1);
    rcs_session_free(session);
    rcs_sim_advance(trial->sim, 500); /* as it took: in 3.0 a key lives for 10 ms meanwhile */
    bool good = strcmp(got.data, want) == 0;
    if (!good) {
        print_error("%s: %s\n  recorded: %s\n  answered: %s\n", trial->profile->name, said, want,
                    got.data);
    }
    rcs_buf_close(&got);
    return good;
}

static void release(void **state)
{
    struct tsv file;
    char *field[3];
    struct trial trial;
    unsigned asked = 0, wrong = 0;
    static const char *const names[] = { "n1" };
    trial_open(&trial, *state, 1);
    trial_add_nodes(&trial, names, 1, false);
    trial_add_slots(&trial, "n1", 0, RCS_SLOTS - 1);
    rcs_sim_advance(trial.sim, RCS_S(3));
    for (tsv_open(&file, "answers_by_release.tsv"); tsv_row(&file, field, 3);) {
        if (is_of(field[0], trial.profile) && !is_gap(field[1])) {
            wrong += !answers(&trial, field[1], field[2]);
            asked++;
        }
    }
    tsv_close(&file);
    trial_close(&trial);
    assert_true(asked > 200);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    static struct CMUnitTest tests[RCS_RELEASE_COUNT];
    static char names[RCS_RELEASE_COUNT][32];
    for (unsigned i = 0; i < RCS_RELEASE_COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "answers of %s", rcs_profile_at(i)->name);
        tests[i] = (struct CMUnitTest){ .name = names[i],
                                        .test_func = release,
                                        .initial_state = (void *)(uintptr_t)rcs_profile_at(i) };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
