/* Commands to nodes and clients, replies and what is expected of them; the cli. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rcsim/check.h>

#include "sim/node/command.h"
#include "sim/scenario/act.h"
#include "sim/scenario/cli.h"
#include "sim/scenario/run_parts.h"
#include "sim/scenario/transcript.h"

#include "sim/pure.h"

/* A command unanswered for so long is given up: virtual time must not run on for ever. */
#define REPLY_LIMIT_US RCS_S(120)
/* Between a reply and the next command of the same script: nobody types faster. */
#define TYPING_US RCS_MS(1)
/* What happens while a reply is awaited is told below it, unless that takes longer than this. */
#define LONG_US RCS_MS(200)

/* --- what a reply must look like -------------------------------------------------------------- */

/* The `=` line with its references in place. Their values are plain, nothing in them needs a
 * backslash. */
static void pattern_of(struct rcs_run *run, const struct rcs_expected *expected,
                       struct rcs_buf *out)
{
    rcs_buf_clear(out);
    rcs_run_word(run, &expected->word, out);
    rcs_buf_add(out, "", 1);
}

/* One of the alternatives between ` | `, or, as the reply may hold such a bar, the whole. */
static bool line_fits(const char *pattern, const char *line)
{
    if (rcs_pattern_matches(pattern, line)) {
        return true;
    }
    while (true) {
        const char *bar = strstr(pattern, " | ");
        if (bar == NULL) {
            return rcs_pattern_matches(pattern, line);
        }
        char *one = rcs_run_copy(pattern, (size_t)(bar - pattern));
        bool fits = rcs_pattern_matches(one, line);
        free(one);
        if (fits) {
            return true;
        }
        pattern = bar + 3;
    }
}

/* Holds printed lines against the `=` lines from `first` on; `...` stands for any number of lines,
 * and blanks at a line's beginning do not count. */
static bool lines_fit(struct rcs_run *run, const struct rcs_stmt *stmt, unsigned first,
                      const char *text)
{
    struct rcs_buf pattern;
    rcs_buf_init(&pattern);
    bool fits = true, over = false;
    unsigned at = first;
    while (fits && at < stmt->expected_count) {
        pattern_of(run, &stmt->expected[at], &pattern);
        if (strcmp(pattern.data, "...") == 0) {
            fits = at + 1 == stmt->expected_count;
            for (const char *rest = text; !fits && rest != NULL;) {
                fits = lines_fit(run, stmt, at + 1, rest);
                rest = strchr(rest, '\n');
                rest = rest == NULL ? NULL : rest + 1;
            }
            rcs_buf_close(&pattern);
            return fits;
        }
        if (over) {
            fits = false;
            break;
        }
        size_t len = strcspn(text, "\n"), blanks = strspn(text, " ");
        char *line = rcs_run_copy(text + blanks, len - (blanks < len ? blanks : len));
        fits = line_fits(pattern.data, line);
        free(line);
        over = text[len] == '\0';
        text += len + !over;
        at++;
    }
    rcs_buf_close(&pattern);
    return fits && over;
}

static void check_reply(struct rcs_run *run, const struct rcs_stmt *stmt, const char *who,
                        const char *text)
{
    if (stmt->expected_count == 0) {
        return;
    }
    char *trimmed = rcs_run_copy(text, strlen(text));
    size_t len = strlen(trimmed);
    if (len > 0 && trimmed[len - 1] == '\n') {
        trimmed[len - 1] = '\0';
    }
    if (!lines_fit(run, stmt, 0, trimmed)) {
        struct rcs_buf what, pattern;
        rcs_buf_init(&what);
        rcs_buf_init(&pattern);
        rcs_buf_format(&what, "the reply to  %s> %s  to be  ", who,
                       stmt->text + strcspn(stmt->text, ">") + 2);
        if (stmt->name == NULL) { /* the cli */
            rcs_buf_clear(&what);
            rcs_buf_format(&what, "the output of  %s  to be  ", stmt->text);
        }
        for (unsigned i = 0; i < stmt->expected_count; i++) {
            pattern_of(run, &stmt->expected[i], &pattern);
            rcs_buf_format(&what, "%s%s", i > 0 ? " / " : "", pattern.data);
        }
        rcs_buf_add(&what, "", 1);
        for (char *c = trimmed; *c != '\0'; c++) {
            if (*c == '\n') {
                *c = '/';
            }
        }
        rcs_run_fail(run, &stmt->expected[0].place, what.data,
                     trimmed[0] == '\0' ? "nothing" : trimmed);
        rcs_buf_close(&pattern);
        rcs_buf_close(&what);
    }
    free(trimmed);
}

void rcs_act_check_output(struct rcs_run *run, const struct rcs_stmt *stmt, const char *text)
{
    check_reply(run, stmt, "", text);
}

/* --- sending ---------------------------------------------------------------------------------- */

static struct rcs_session **own_session(struct rcs_run *run, const struct rcs_stmt *stmt, int node)
{
    return stmt->client >= 0 ? &run->clients[stmt->client] : &run->prompts[node];
}

static struct rcs_session *open_session(struct rcs_run *run, const struct rcs_stmt *stmt)
{
    if (stmt->client < 0) {
        return rcs_session_new(run->sim, NULL, false);
    }
    const struct rcs_client_decl *client = &run->script->clients[stmt->client];
    struct rcs_session *session = rcs_session_new(run->sim, client->site, true);
    if (client->at >= 0) {
        rcs_session_stand(session, client->at);
    }
    return session;
}

/* {0..5500}, unquoted: each of these numbers a word, as a shell does it. False: no such word. */
static bool is_range(const struct rcs_word *word, int64_t *low, int64_t *high)
{
    const char *text = word->text, *dots = strstr(text, "..");
    size_t size_bytes = strlen(text);
    if (word->quoted || word->ref_count > 0 || size_bytes > 14 || dots == NULL || text[0] != '{' ||
        text[size_bytes - 1] != '}') {
        return false;
    }
    const char *end = text + size_bytes - 1, *second = dots + 2;
    return rcs_decimal_read(text + 1, (size_t)(dots - text) - 1, low) && second <= end &&
           rcs_decimal_read(second, (size_t)(end - second), high) && 0 <= *low && *low <= *high &&
           *high <= 99999;
}

struct sent_words {
    struct rcs_arg *args;
    unsigned count, room;
};

static void add_word(struct sent_words *words, const char *bytes, size_t size_bytes)
{
    if (words->count == words->room) {
        words->room = words->room == 0 ? 8 : words->room * 2;
        words->args = realloc(words->args, words->room * sizeof(words->args[0]));
        RCS_ASSERT(words->args != NULL);
    }
    words->args[words->count++] =
        (struct rcs_arg){ rcs_run_copy(bytes, size_bytes), (uint32_t)size_bytes };
}

static void add_words(struct rcs_run *run, struct sent_words *words, const struct rcs_word *word)
{
    int64_t low, high;
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (is_range(word, &low, &high)) {
        for (int64_t number = low; number <= high; number++) {
            rcs_buf_clear(&text);
            rcs_buf_i64(&text, number);
            add_word(words, text.data, text.size_bytes);
        }
    } else {
        rcs_run_word(run, word, &text);
        add_word(words, text.data, text.size_bytes);
    }
    rcs_buf_close(&text);
}

static void send_command(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    int node = stmt->client >= 0 ? -1 : stmt->a.nodes[task->index];
    if (task->frames[0].count == 1 && task != run->tasks[0]) {
        task->session = open_session(run, stmt); /* beside the script: a connection of its own */
        task->own_session = true;
    } else {
        struct rcs_session **session = own_session(run, stmt, node);
        if (*session == NULL) {
            *session = open_session(run, stmt);
        }
        task->session = *session;
    }
    struct sent_words words = { 0 };
    for (unsigned i = 0; i < stmt->word_count; i++) {
        add_words(run, &words, &stmt->words[i]);
    }
    rcs_session_request(task->session, node, words.count, words.args);
    for (unsigned i = 0; i < words.count; i++) {
        free((char *)(uintptr_t)words.args[i].bytes);
    }
    free(words.args);
    task->deadline_us = rcs_sim_now(run->sim) + REPLY_LIMIT_US;
    task->wake_us = task->deadline_us;
    task->quiet = false;
}

/* For `(5.0 s after FAILOVER TAKEOVER)`: commands that change the cluster, without their arguments.
 */
static void told_cause(struct rcs_run *run, const struct rcs_stmt *stmt)
{
    static const char *const causes[] = { "CLUSTER", "SHUTDOWN", "DEBUG", "REPLICAOF" };
    char after[64];
    size_t used = 0;
    bool cause = false;
    for (unsigned i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        cause |= strcmp(stmt->words[0].text, causes[i]) == 0;
    }
    if (!cause) {
        return;
    }
    bool cluster = strcmp(stmt->words[0].text, "CLUSTER") == 0 && stmt->word_count > 1;
    after[0] = '\0';
    for (unsigned i = cluster; i < stmt->word_count && used < 40; i++) {
        const char *text = stmt->words[i].text;
        if (i > cluster &&
            (text[0] == '\0' || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != strlen(text))) {
            break;
        }
        used += (size_t)snprintf(after + used, sizeof(after) - used, "%s%.20s", used > 0 ? " " : "",
                                 text);
    }
    rcs_story_after(run->story, rcs_sim_now(run->sim), after);
}

enum rcs_progress rcs_act_prompt(struct rcs_run *run, struct rcs_task *task)
{
    task->index = 0;
    task->session = NULL;
    return rcs_act_prompt_poll(run, task);
}

/* The command line as it is typed: values put in, but ids by the name of their node. */
static void tell_command(struct rcs_run *run, const struct rcs_stmt *stmt)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (unsigned i = 0; i < stmt->word_count; i++) {
        const struct rcs_word *word = &stmt->words[i];
        bool id = false;
        for (unsigned r = 0; r < word->ref_count; r++) {
            id |= word->refs[r].field == RCS_REF_ID;
        }
        rcs_buf_text(&text, i > 0 ? " " : "");
        if (id || word->ref_count == 0) {
            rcs_words_print(&text, word, 0, 1);
        } else {
            rcs_run_word(run, word, &text);
        }
    }
    rcs_buf_add(&text, "", 1);
    rcs_transcript_command(run->transcript, rcs_sim_now(run->sim), stmt->name, text.data);
    rcs_run_note(run, "command", stmt->text);
    rcs_run_mark(run, stmt->text);
    told_cause(run, stmt);
    rcs_buf_close(&text);
}

static bool word_is(const struct rcs_stmt *stmt, unsigned index, const char *name)
{
    return index < stmt->word_count && strcasecmp(stmt->words[index].text, name) == 0;
}

/* redis-cli prints the texts of these as they are, not as one quoted string. */
static bool prints_raw(const struct rcs_stmt *stmt)
{
    return word_is(stmt, 0, "info") ||
           (word_is(stmt, 0, "cluster") &&
            (word_is(stmt, 1, "nodes") || word_is(stmt, 1, "info"))) ||
           (word_is(stmt, 0, "client") && (word_is(stmt, 1, "list") || word_is(stmt, 1, "info")));
}

static void print_raw(struct rcs_buf *out, const struct rcs_reply *reply)
{
    for (size_t i = 0; i < reply->size_bytes; i++) {
        bool last = i + 1 == reply->size_bytes;
        if (reply->bytes[i] != '\r' && !(last && reply->bytes[i] == '\n')) {
            rcs_buf_add(out, &reply->bytes[i], 1);
        }
    }
}

/* DEL, FLUSHALL and so on; not EXEC or a script, which may. */
static bool writes(const struct rcs_stmt *stmt)
{
    struct rcs_arg words[2];
    unsigned count = 0;
    for (; count < stmt->word_count && count < 2; count++) {
        words[count] =
            (struct rcs_arg){ stmt->words[count].text, (uint32_t)stmt->words[count].size_bytes };
    }
    const struct rcs_command *command =
        count == 0 ? NULL : rcs_command_find(count, words, NULL).command;
    return command != NULL && (command->flags & RCS_COMMAND_WRITE) != 0;
}

static void keep_answer(struct rcs_run *run, struct rcs_task *task, int node)
{
    enum rcs_session_state state = rcs_session_state(task->session);
    if (rcs_check_of(run->sim) != NULL && state == RCS_SESSION_REPLIED &&
        rcs_session_reply(task->session)->kind != RCS_REPLY_ERROR && writes(rcs_task_stmt(task))) {
        rcs_check_touched(run->sim, rcs_session_node(task->session),
                          rcs_session_sent(task->session));
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (state == RCS_SESSION_REPLIED) {
        const struct rcs_reply *reply = rcs_session_reply(task->session);
        if (reply->kind == RCS_REPLY_BULK && prints_raw(rcs_task_stmt(task))) {
            print_raw(&text, reply);
        } else {
            rcs_reply_print(&text, reply);
        }
    } else if (state == RCS_SESSION_FAILED) {
        rcs_buf_text(&text, rcs_session_error(task->session));
    } else {
        rcs_buf_format(&text, "(no reply within %d s)", (int)(REPLY_LIMIT_US / RCS_S(1)));
    }
    const char *redirections =
        state == RCS_SESSION_REPLIED ? rcs_session_redirections(task->session) : "";
    if (redirections[0] != '\0') {
        rcs_transcript_output(run->transcript, rcs_sim_now(run->sim), "", redirections,
                              strlen(redirections));
    }
    task->answers = realloc(task->answers, (task->answer_count + 1) * sizeof(task->answers[0]));
    RCS_ASSERT(task->answers != NULL);
    task->answers[task->answer_count++] =
        (struct rcs_answer){ node, rcs_run_copy(text.data, text.size_bytes),
                             rcs_run_copy(redirections, strlen(redirections)) };
    rcs_buf_close(&text);
    if (state == RCS_SESSION_WAITING ||
        task->own_session) { /* its late reply must not meet a later command */
        if (!task->own_session) {
            *own_session(run, rcs_task_stmt(task), node) = NULL;
        }
        rcs_session_free(task->session);
        task->own_session = false;
    }
    task->session = NULL;
}

/* Redirections are asked for by the first `=` line, or passed over. */
static void check_answer(struct rcs_run *run, const struct rcs_stmt *stmt, const char *who,
                         const struct rcs_answer *answer)
{
    if (stmt->expected_count == 0 || strncmp(stmt->expected[0].word.text, "-> ", 3) != 0) {
        check_reply(run, stmt, who, answer->text);
        return;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "%s%s%s", answer->redirections,
                   answer->redirections[0] != '\0' ? "\n" : "", answer->text);
    rcs_buf_add(&text, "", 1);
    check_reply(run, stmt, who, text.data);
    rcs_buf_close(&text);
}

/* Same answers of a group are told once, with the nodes that gave them if there are others. */
static void tell_answers(struct rcs_run *run, struct rcs_task *task)
{
    rcs_us now = rcs_sim_now(run->sim);
    bool *told = rcs_run_alloc(task->answer_count + 1);
    int *nodes = rcs_run_alloc((task->answer_count + 1) * sizeof(nodes[0]));
    memset(told, 0, task->answer_count + 1);
    for (unsigned i = 0; i < task->answer_count; i++) {
        if (told[i]) {
            continue;
        }
        const char *text = task->answers[i].text;
        unsigned count = 0;
        for (unsigned j = i; j < task->answer_count; j++) {
            if (strcmp(task->answers[j].text, text) == 0) {
                told[j] = true;
                nodes[count++] = task->answers[j].node;
            }
        }
        struct rcs_buf who;
        rcs_buf_init(&who);
        if (count < task->answer_count) {
            rcs_group_print(&who, run->script, nodes, count);
        }
        rcs_buf_add(&who, "", 1);
        rcs_transcript_answer(run->transcript, now, who.data, count, text, strlen(text));
        rcs_buf_close(&who);
    }
    free(nodes);
    free(told);
    for (unsigned i = 0; i < task->answer_count; i++) {
        int node = task->answers[i].node;
        rcs_run_note(run, "reply", task->answers[i].text);
        check_answer(run, rcs_task_stmt(task),
                     node < 0 ? rcs_task_stmt(task)->name : run->script->nodes[node].name,
                     &task->answers[i]);
        free(task->answers[i].text);
        free(task->answers[i].redirections);
    }
    free(task->answers);
    task->answers = NULL;
    task->answer_count = 0;
}

enum rcs_progress rcs_act_prompt_poll(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    unsigned count = stmt->client >= 0 ? 1 : stmt->a.count;
    while (true) {
        rcs_us now = rcs_sim_now(run->sim);
        if (task->session == NULL) {
            if (!rcs_run_reached(run, task->next_send_us)) {
                task->wake_us = task->next_send_us;
                task->quiet = true;
                return RCS_PROGRESS_WAITS;
            }
            if (task->index == 0) {
                tell_command(run, stmt);
            }
            send_command(run, task);
        }
        if (rcs_session_state(task->session) == RCS_SESSION_WAITING &&
            !rcs_run_reached(run, task->deadline_us)) {
            return RCS_PROGRESS_WAITS;
        }
        keep_answer(run, task, stmt->client >= 0 ? -1 : stmt->a.nodes[task->index]);
        task->next_send_us = now + TYPING_US;
        if (++task->index == count) {
            if (now - task->began_us > LONG_US) {
                rcs_story_tell(run->story, run->sim, run->transcript);
            }
            tell_answers(run, task);
            return RCS_PROGRESS_DONE;
        }
    }
}

/* --- the cli ---------------------------------------------------------------------------------- */

/* The words with their references resolved, one behind the other, each ended by a NUL. */
static struct rcs_cli *new_cli(struct rcs_run *run, const struct rcs_cli_stmt *stmt)
{
    struct rcs_cli_order order = stmt->order;
    const struct rcs_word *const single[] = { stmt->id, stmt->from, stmt->percent };
    const char **const texts[] = { &order.id, &order.from, &order.percent };
    const unsigned singles = sizeof(single) / sizeof(single[0]);
    const char **words = calloc(order.word_count + 1, sizeof(words[0]));
    size_t *starts = calloc(singles + order.word_count, sizeof(starts[0]));
    struct rcs_buf text;
    RCS_ASSERT(words != NULL && starts != NULL);
    rcs_buf_init(&text);
    for (unsigned i = 0; i < singles + order.word_count; i++) {
        const struct rcs_word *word = i < singles ? single[i] : &stmt->words[i - singles];
        starts[i] = text.size_bytes;
        if (word != NULL) {
            rcs_run_word(run, word, &text);
        }
        rcs_buf_add(&text, "", 1);
    }
    for (unsigned i = 0; i < singles; i++) {
        *texts[i] = single[i] == NULL ? NULL : text.data + starts[i];
    }
    for (unsigned i = 0; i < order.word_count; i++) {
        words[i] = text.data + starts[singles + i];
    }
    order.words = words;
    struct rcs_cli *cli = rcs_cli_new(run->sim, &order);
    rcs_buf_close(&text);
    free(starts);
    free(words);
    return cli;
}

enum rcs_progress rcs_act_cli(struct rcs_run *run, struct rcs_task *task)
{
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    if (!rcs_run_reached(run, task->next_send_us)) {
        task->wake_us = task->next_send_us;
        task->quiet = true;
        return RCS_PROGRESS_WAITS;
    }
    rcs_transcript_act(run->transcript, rcs_sim_now(run->sim), "cli", stmt->text);
    rcs_run_note(run, "command", stmt->text);
    rcs_run_mark(run, stmt->text);
    rcs_story_after(run->story, 0, NULL);
    task->cli = new_cli(run, stmt->cli);
    task->quiet = false;
    return rcs_act_cli_poll(run, task);
}

enum rcs_progress rcs_act_cli_poll(struct rcs_run *run, struct rcs_task *task)
{
    if (task->cli == NULL) {
        return rcs_act_cli(run, task);
    }
    rcs_us wake_us = rcs_cli_wake(task->cli);
    if (wake_us != RCS_NEVER && !rcs_run_reached(run, wake_us)) {
        return RCS_PROGRESS_WAITS;
    }
    bool over = rcs_cli_poll(task->cli);
    task->quiet = rcs_cli_wake(task->cli) != RCS_NEVER;
    task->wake_us = task->quiet ? rcs_cli_wake(task->cli) : rcs_cli_deadline(task->cli);
    if (!over) {
        return RCS_PROGRESS_WAITS;
    }
    const struct rcs_buf *output = rcs_cli_output(task->cli);
    char *text = rcs_run_copy(output->data, output->size_bytes);
    rcs_transcript_output(run->transcript, rcs_sim_now(run->sim), "", text, strlen(text));
    rcs_run_note(run, "reply", text);
    const struct rcs_stmt *stmt = rcs_task_stmt(task);
    check_reply(run, stmt, "", text);
    if (rcs_cli_failed(task->cli) && stmt->expected_count == 0) {
        size_t len = strlen(text); /* its last line says why */
        while (len > 0 && text[len - 1] == '\n') {
            text[--len] = '\0';
        }
        const char *last = strrchr(text, '\n');
        rcs_run_fail(run, &stmt->place, "redis-cli to end without an error",
                     last == NULL ? text : last + 1);
    }
    free(text);
    rcs_cli_free(task->cli);
    task->cli = NULL;
    rcs_story_after(run->story, rcs_sim_now(run->sim), "the cli ended");
    task->next_send_us = rcs_sim_now(run->sim) + TYPING_US;
    return RCS_PROGRESS_DONE;
}
