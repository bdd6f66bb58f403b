#include "tests/support/live_sequence.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BLOCKED_MS 400
#define SILENT_MS  150 /* CLIENT REPLY SKIP, for one */
#define SHRINK_MAX 400 /* runs */
#define ENDED_MAX  25  /* of those that end the server, which takes seconds to start again */

struct conversation {
    struct live_pair *pair;
    struct live_judge *judge;
    bool resp3, in_transaction;
    bool paused; /* a pause may be on: CLIENT PAUSE was sent, and no CLIENT UNPAUSE since */
};

static struct live_wire *wire_of(struct live_pair *pair, int which)
{
    return &pair->targets[which].wire;
}

/* --- a step ----------------------------------------------------------------------------------- */

static bool is_word(const struct plan_step *step, const char *word)
{
    return step->argc > 0 && step->args[0].size_bytes == strlen(word) &&
           strncasecmp(step->args[0].bytes, word, strlen(word)) == 0;
}

static bool is_pause(const struct plan_step *step)
{
    return step->row != NULL && strcmp(step->row->name, "client|pause") == 0;
}

static bool waits_long(const struct plan_step *step)
{
    bool found = false;
    for (unsigned i = 1; i < step->argc; i++) {
        found = found || (step->args[i].size_bytes == strlen(PLAN_LONG_WAIT) &&
                          memcmp(step->args[i].bytes, PLAN_LONG_WAIT, strlen(PLAN_LONG_WAIT)) == 0);
    }
    return found;
}

/* A command that waits is given what it waits for. */
static void push_beside(struct live_pair *pair, const struct plan_step *step)
{
    struct plan_step push;
    plan_step_words(&push, step->row->push, step);
    live_pair_beside(pair, &push);
    plan_step_free(&push);
}

/* Waiting for a pause's end would be a race of two clocks. */
static void end_pause(struct conversation *talk)
{
    if (talk->paused) {
        live_pair_say(talk->pair, "CLIENT UNPAUSE");
    }
    talk->paused = false;
}

/* The answers of a command that a pause may hold back. False: on one server only. */
static bool collect_paused(struct conversation *talk, struct live_answer answers[LIVE_BOTH])
{
    bool same = answers[LIVE_REAL].silent == answers[LIVE_TESTED].silent;
    end_pause(talk);
    for (int i = 0; same && i < LIVE_BOTH; i++) {
        live_wire_collect(wire_of(talk->pair, i), &answers[i]);
    }
    return same;
}

static void await_both(struct live_pair *pair, int limit_ms, struct live_answer answers[LIVE_BOTH])
{
    for (int i = 0; i < LIVE_BOTH; i++) {
        live_wire_await(wire_of(pair, i), limit_ms, &answers[i]);
        answers[i].silent = answers[i].bytes.size_bytes == 0 && !answers[i].closed;
    }
}

/* Follows what a command did to its connection. */
static void follow(struct conversation *talk, const struct plan_step *step,
                   const struct live_answer *real)
{
    struct answer_question *question = &talk->judge->question;
    if (is_word(step, "exec") || is_word(step, "discard") || is_word(step, "reset")) {
        talk->in_transaction = false;
        question->queued_count = 0;
    } else if (is_word(step, "multi") && live_answer_is(real, "+OK\r\n")) {
        talk->in_transaction = true;
        question->queued_count = 0;
    } else if (talk->in_transaction && live_answer_is(real, "+QUEUED\r\n") &&
               question->queued_count < ANSWER_QUEUED_MAX) {
        question->queued[question->queued_count++] = step->row;
    }
}

static void begin(struct conversation *talk)
{
    live_pair_connect(talk->pair, talk->resp3);
    talk->in_transaction = false;
    talk->judge->question.queued_count = 0;
}

/* One step on both. False: they differ. */
static bool ask_both(struct conversation *talk, const struct plan_step *step,
                     struct live_answer answers[LIVE_BOTH])
{
    struct live_answer members;
    bool blocks = step->row != NULL && (step->row->flags & ROW_BLOCKS) != 0;
    live_answer_init(&members);
    talk->judge->question.row = is_word(step, "exec") ? command_row_find("exec", 4) : step->row;
    talk->judge->question.members = NULL;
    if (step->row != NULL && step->row->rule == RULE_RANDOM) {
        live_judge_members(talk->judge, step, &members);
        talk->judge->question.members = &members.bytes;
    }
    if (is_pause(step)) {
        end_pause(talk); /* two at once make one of the longer time and the stronger kind */
        talk->paused = true;
    }
    for (int i = 0; i < LIVE_BOTH; i++) {
        live_answer_clear(&answers[i]);
        live_wire_ask(wire_of(talk->pair, i), step->argc, step->args, &answers[i]);
    }
    bool silent = answers[LIVE_REAL].silent || answers[LIVE_TESTED].silent;
    if (silent && talk->paused) {
        if (!collect_paused(talk, answers)) {
            live_answer_close(&members);
            return false;
        }
        silent = answers[LIVE_REAL].silent || answers[LIVE_TESTED].silent;
    }
    if (silent) {
        if (blocks && waits_long(step)) {
            push_beside(talk->pair, step);
        }
        await_both(talk->pair, blocks ? BLOCKED_MS : SILENT_MS, answers);
    }
    enum answer_verdict verdict = live_judge(talk->judge, step, answers);
    if (verdict == ANSWER_BY_RULE && (step->row->flags & ROW_REMOVES) != 0) {
        struct plan_step del;
        end_pause(talk);
        plan_step_words(&del, "DEL FIRST", step);
        live_pair_beside(talk->pair, &del);
        plan_step_free(&del);
    }
    live_answer_close(&members);
    follow(talk, step, &answers[LIVE_REAL]);
    if (answers[LIVE_REAL].closed || answers[LIVE_TESTED].closed ||
        (blocks && answers[LIVE_REAL].silent)) {
        begin(talk);
    }
    return verdict != ANSWER_DIFFERS;
}

/* --- sequences -------------------------------------------------------------------------------- */

static bool changes_directives(const struct plan *plan)
{
    bool changes = false;
    for (unsigned i = 0; i < plan->count; i++) {
        changes = changes ||
                  (plan->steps[i].name != NULL && strcmp(plan->steps[i].name, "config|set") == 0);
    }
    return changes;
}

/* What a key holds. NULL: nothing to read. */
static const char *reader_of(const struct live_answer *type)
{
    static const char *const readers[][2] = {
        { "+string\r\n", "GET" },
        { "+list\r\n", "LRANGE FIRST 0 -1" },
        { "+hash\r\n", "HGETALL FIRST" },
        { "+set\r\n", "SMEMBERS FIRST" },
        { "+zset\r\n", "ZRANGE FIRST 0 -1 WITHSCORES" },
    };
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (live_answer_is(type, readers[i][0])) {
            return i == 0 ? "GET FIRST" : readers[i][1];
        }
    }
    return NULL;
}

static bool read_key(struct conversation *talk, const char *words, const char *row,
                     const struct plan_step *of, struct live_difference *difference,
                     struct live_answer answers[LIVE_BOTH])
{
    struct plan_step *step = &difference->end;
    plan_step_free(step);
    plan_step_words(step, words, of);
    step->row = command_row_find(row, strlen(row));
    talk->judge->question.row = step->row;
    for (int i = 0; i < LIVE_BOTH; i++) {
        live_answer_clear(&answers[i]);
        live_wire_beside(wire_of(talk->pair, i), step->argc, step->args, &answers[i]);
    }
    return live_judge(talk->judge, step, answers) != ANSWER_DIFFERS;
}

static bool same_keys(struct conversation *talk, struct live_difference *difference,
                      struct live_answer answers[LIVE_BOTH])
{
    bool same = true;
    const char *key;
    for (unsigned i = 0; same && (key = plan_key(i)) != NULL; i++) {
        struct plan_step of;
        char words[32];
        snprintf(words, sizeof(words), "KEY %s", key);
        plan_step_words(&of, words, NULL);
        same = read_key(talk, "TYPE FIRST", "type", &of, difference, answers);
        const char *reader = reader_of(&answers[LIVE_REAL]);
        if (same && reader != NULL) {
            same = read_key(talk, reader,
                            reader[0] == 'H'   ? "hgetall"
                            : reader[0] == 'S' ? "smembers"
                                               : "get",
                            &of, difference, answers) &&
                   read_key(talk, "OBJECT ENCODING FIRST", "object|encoding", &of, difference,
                            answers) &&
                   read_key(talk, "TTL FIRST", "ttl", &of, difference, answers);
        }
        plan_step_free(&of);
    }
    return same;
}

bool live_sequence_run(const struct live_sequence *sequence, const struct plan *plan,
                       const bool *dropped, struct live_difference *difference)
{
    struct live_pair *pair = sequence->judge->pair;
    struct conversation talk = { .pair = pair, .judge = sequence->judge, .resp3 = plan->resp3 };
    struct live_answer answers[LIVE_BOTH];
    bool same = true;
    begin(&talk);
    live_pair_say(pair, "FLUSHALL");
    live_pair_say(pair, "SCRIPT FLUSH");
    live_pair_say(pair, "CONFIG RESETSTAT");
    live_pair_say(pair, "SLOWLOG RESET");
    if (pair->changed_directives) {
        live_pair_restore_directives(pair);
    }
    pair->changed_directives = changes_directives(plan);
    if (sequence->planted != NULL) {
        live_wire_say(wire_of(pair, LIVE_TESTED), sequence->planted);
    }
    live_answer_init(&answers[LIVE_REAL]);
    live_answer_init(&answers[LIVE_TESTED]);
    difference->step = -1;
    for (unsigned i = 0; i < plan->count && same; i++) {
        if (!dropped[i]) {
            same = ask_both(&talk, &plan->steps[i], answers);
            if (sequence->answered != NULL) {
                sequence->answered(&plan->steps[i], &answers[LIVE_REAL]);
            }
            if (!same) {
                live_difference_note(difference, (int)i, answers);
            }
        }
    }
    if (same && !same_keys(&talk, difference, answers)) {
        same = false;
        live_difference_note(difference, (int)plan->count, answers);
    }
    end_pause(&talk);
    live_answer_close(&answers[LIVE_REAL]);
    live_answer_close(&answers[LIVE_TESTED]);
    return !same;
}

static bool same_culprit(const struct plan_step *a, const struct plan_step *b)
{
    return a->argc > 0 && b->argc > 0 && a->row == b->row &&
           a->args[0].size_bytes == b->args[0].size_bytes &&
           strncasecmp(a->args[0].bytes, b->args[0].bytes, a->args[0].size_bytes) == 0;
}

void live_sequence_shrink(const struct live_sequence *sequence, const struct plan *plan,
                          bool *dropped, struct live_difference *difference)
{
    const unsigned *ended = &sequence->judge->pair->ended;
    unsigned runs = 0, ended_before = *ended;
    struct live_difference found;
    live_difference_init(&found);
    for (unsigned i = (unsigned)difference->step + 1; i < plan->count; i++) {
        dropped[i] = true;
    }
    for (unsigned piece = 16; piece > 0; piece /= 2) {
        for (unsigned from = 0;
             from < plan->count && runs < SHRINK_MAX && *ended - ended_before < ENDED_MAX;
             from += piece) {
            bool trial[PLAN_STEPS_MAX], changed = false;
            memcpy(trial, dropped, sizeof(trial));
            for (unsigned i = from; i < from + piece && i < plan->count; i++) {
                changed = changed || !trial[i];
                trial[i] = true;
            }
            if (!changed) {
                continue;
            }
            runs++;
            if (live_sequence_run(sequence, plan, trial, &found) &&
                same_culprit(live_difference_culprit(plan, &found),
                             live_difference_culprit(plan, difference))) {
                memcpy(dropped, trial, sizeof(trial));
                struct live_difference old = *difference;
                *difference = found;
                found = old;
            }
        }
    }
    live_difference_close(&found);
}
