#define _GNU_SOURCE /* strndup */
#include "tests/support/live_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct live_wire *wire_of(struct live_judge *judge, int which)
{
    return &judge->pair->targets[which].wire;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void live_judge_init(struct live_judge *judge, struct live_pair *pair,
                     const struct command_names *unmodelled)
{
    *judge = (struct live_judge){ .pair = pair };
    judge->question.port_a = wire_of(judge, LIVE_REAL)->port;
    judge->question.port_b = wire_of(judge, LIVE_TESTED)->port;
    judge->question.date_offset_s = pair->date_offset_s;
    judge->question.unmodelled = unmodelled;
}

/* Asks both, as CLIENT LIST shows what was asked last; keeps the real one's answer. */
static void ask_beside(struct live_judge *judge, const struct plan_step *step,
                       struct live_answer *answer)
{
    struct live_answer other;
    live_answer_init(&other);
    live_wire_beside(wire_of(judge, LIVE_REAL), step->argc, step->args, answer);
    live_wire_beside(wire_of(judge, LIVE_TESTED), step->argc, step->args, &other);
    live_answer_close(&other);
}

void live_judge_members(struct live_judge *judge, const struct plan_step *step,
                        struct live_answer *members)
{
    static const struct {
        const char *command, *words;
    } readers[] = {
        { "spop", "SMEMBERS FIRST" },      { "srandmember", "SMEMBERS FIRST" },
        { "hrandfield", "HGETALL FIRST" }, { "zrandmember", "ZRANGE FIRST 0 -1 WITHSCORES" },
        { "randomkey", "KEYS *" },
    };
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (strcmp(readers[i].command, step->row->name) == 0) {
            struct plan_step ask;
            bool no_key = step->argc < 2;
            plan_step_words(&ask, no_key ? "PING" : readers[i].words, no_key ? NULL : step);
            if (strcmp(step->row->name, "randomkey") == 0) {
                plan_step_free(&ask);
                plan_step_words(&ask, "KEYS *", NULL);
            }
            ask_beside(judge, &ask, members);
            plan_step_free(&ask);
        }
    }
}

/* Sorted elements of all batches of an iteration, each once. */
static void iterate(struct live_wire *wire, const struct plan_step *step, unsigned cursor_at,
                    unsigned stride, struct rcs_buf *out)
{
    static char *found[8192];
    unsigned count = 0;
    char cursor[32] = "0";
    struct plan_step ask = *step;
    do {
        struct live_answer answer;
        struct rcs_resp_replies *reader = rcs_resp_replies_new();
        const struct rcs_reply *reply;
        ask.args[cursor_at] = (struct rcs_arg){ cursor, (uint32_t)strlen(cursor) };
        live_answer_init(&answer);
        live_wire_beside(wire, ask.argc, ask.args, &answer);
        rcs_resp_replies_feed(reader, answer.bytes.data, answer.bytes.size_bytes);
        if (rcs_resp_replies_next(reader, &reply) != RCS_OK || reply->elements != 2) {
            snprintf(cursor, sizeof(cursor), "0");
        } else {
            snprintf(cursor, sizeof(cursor), "%.*s", (int)reply[1].size_bytes, reply[1].bytes);
            for (uint32_t i = 0; i + stride <= reply[2].elements && count < 8192; i += stride) {
                struct rcs_buf one;
                rcs_buf_init(&one);
                for (unsigned k = 0; k < stride; k++) {
                    rcs_buf_format(&one, "%u:", (unsigned)reply[3 + i + k].size_bytes);
                    rcs_buf_add(&one, reply[3 + i + k].bytes, reply[3 + i + k].size_bytes);
                }
                found[count++] = strndup(one.data, one.size_bytes);
                rcs_buf_close(&one);
            }
        }
        rcs_resp_replies_free(reader);
        live_answer_close(&answer);
    } while (strcmp(cursor, "0") != 0 && count < 8192);
    qsort(found, count, sizeof(char *), by_text);
    for (unsigned i = 0; i < count; i++) {
        if (i == 0 || strcmp(found[i], found[i - 1]) != 0) {
            rcs_buf_text(out, found[i]);
            rcs_buf_text(out, "\n");
        }
    }
    while (count > 0) {
        free(found[--count]);
    }
}

static bool agree_scan(struct live_judge *judge, const struct plan_step *step,
                       const struct live_answer answers[LIVE_BOTH])
{
    unsigned at = strcmp(step->row->name, "scan") == 0 ? 1 : 2;
    struct rcs_buf all[LIVE_BOTH];
    if (step->argc <= at || answers[LIVE_REAL].bytes.size_bytes == 0 ||
        answers[LIVE_TESTED].bytes.size_bytes == 0 || answers[LIVE_REAL].bytes.data[0] != '*' ||
        answers[LIVE_TESTED].bytes.data[0] != '*') {
        return false;
    }
    for (int i = 0; i < LIVE_BOTH; i++) {
        rcs_buf_init(&all[i]);
        iterate(wire_of(judge, i), step, at, (step->row->flags & ROW_PAIRS) != 0 ? 2 : 1, &all[i]);
    }
    bool agree = bytes_are_same(&all[LIVE_REAL], &all[LIVE_TESTED]);
    rcs_buf_close(&all[LIVE_REAL]);
    rcs_buf_close(&all[LIVE_TESTED]);
    return agree;
}

/* A compact form has one order: only a hash table's may differ. */
static bool is_hash_table(struct live_judge *judge, const struct plan_step *step)
{
    static const char *const one_key[] = { "hgetall", "hkeys", "hvals", "smembers",
                                           "dump",    "hscan", "sscan" };
    for (size_t i = 0; i < sizeof(one_key) / sizeof(one_key[0]); i++) {
        if (strcmp(one_key[i], step->row->name) == 0 && step->argc > 1) {
            struct plan_step ask;
            struct live_answer encoding;
            live_answer_init(&encoding);
            plan_step_words(&ask, "OBJECT ENCODING FIRST", step);
            ask_beside(judge, &ask, &encoding);
            bool compact = !live_answer_is(&encoding, "$9\r\nhashtable\r\n");
            plan_step_free(&ask);
            live_answer_close(&encoding);
            return !compact;
        }
    }
    return true;
}

enum answer_verdict live_judge(struct live_judge *judge, const struct plan_step *step,
                               const struct live_answer answers[LIVE_BOTH])
{
    enum answer_verdict verdict =
        answers_agree(&judge->question, &answers[LIVE_REAL], &answers[LIVE_TESTED]);
    if (step->row != NULL && step->row->rule == RULE_SCAN && verdict == ANSWER_DIFFERS &&
        agree_scan(judge, step, answers)) {
        verdict = ANSWER_BY_RULE;
    }
    if (verdict == ANSWER_BY_RULE && step->row->rule == RULE_ORDER && !is_hash_table(judge, step)) {
        verdict = ANSWER_DIFFERS;
    }
    judge->rule_uses[RULE_SAME] += verdict == ANSWER_SAME;
    if (verdict == ANSWER_BY_RULE) {
        judge->rule_uses[step->row->rule]++;
    }
    return verdict;
}
