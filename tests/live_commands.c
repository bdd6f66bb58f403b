/* Commands drawn evenly from the COMMAND list of a server, in sequences on shared keys, RESP2 and
 * RESP3, asked of it and of a real redis-server (7.0.15 is what rcsim follows): all answers must
 * be the same bytes but for what the command's row lets differ, and so must be all keys at a
 * sequence's end. Commands only the real server has are counted and printed. For each command
 * that differs the first sequence is shrunk to the shortest that still differs, and printed.
 *
 * Usage: live_commands [--sequences N] [--seed N] [--from N] [--only COMMAND]...
 *                      [--without COMMAND]... [--show N] [--port PORT]
 *                      (--with HOST:PORT | --rcsim PROGRAM | --self)
 *   --with     an empty cluster node that runs at this address; it gets all slots
 *   --rcsim    `PROGRAM serve` is started
 *   --self     two real servers; then two with a planted difference, which must be found
 * Servers listen at PORT and above (default 20300, or as far above as it takes for them to be
 * free), on 127.0.0.1, and are stopped by their ids. Exit status 0: agrees, 1: differs, 2: could
 * not be tried. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/answers_agree.h"
#include "tests/support/command_plan.h"
#include "tests/support/live_target.h"

#define NAMES_MAX  512
#define BLOCKED_MS 400
#define SILENT_MS  150 /* behind CLIENT PAUSE: servers look ten times a second */
#define SHRINK_MAX 400 /* runs */
#define ENDED_MAX  25  /* of those that end the server, which takes seconds to start again */
#define PLANT_MAX  30  /* sequences */

enum { REAL, TESTED, BOTH };

static struct live_target targets[BOTH] = { LIVE_TARGET("redis-server"), LIVE_TARGET("tested") };
#define WIRE(which) (&targets[which].wire)
static char directory[200];
/* How much later it is at the real one: a simulated date can be set. */
static int64_t date_offset_s;
static unsigned ended; /* how often the tested server ended by itself */

static void clean_up(void)
{
    live_target_end(&targets[REAL]);
    live_target_end(&targets[TESTED]);
    rmdir(directory);
}

/* --- what to draw from ------------------------------------------------------------------------ */

struct name_list {
    char *names[NAMES_MAX];
    unsigned count;
};

static struct name_list supported, drawn, unsupported, left_out; /* sorted */
static unsigned draws[NAMES_MAX], differing[NAMES_MAX];          /* by `drawn` */
static unsigned class_draws[PLAN_CLASS_COUNT], rule_uses[RULE_COUNT];

static void add_name(struct name_list *list, const char *bytes, size_t size_bytes)
{
    RCS_ASSERT(list->count < NAMES_MAX);
    list->names[list->count] = strndup(bytes, size_bytes);
    list->count++;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_name(const struct name_list *list, const char *name)
{
    return bsearch(&name, list->names, list->count, sizeof(char *), by_name) != NULL;
}

/* An entry's name and those of its subcommands. */
static void add_entry(struct name_list *list, const struct rcs_reply *entry)
{
    const struct rcs_reply *part = entry + 1;
    if (entry->elements < 10) {
        return;
    }
    add_name(list, part->bytes, part->size_bytes);
    for (int i = 0; i < 9; i++) {
        part += part->size;
    }
    const struct rcs_reply *subcommand = part + 1;
    for (uint32_t i = 0; i < part->elements; i++, subcommand += subcommand->size) {
        add_entry(list, subcommand);
    }
}

/* By COMMAND, sorted: the real one's order is that of a hash table. */
static void read_names(struct live_wire *wire, struct name_list *list)
{
    const struct rcs_buf *bytes = live_wire_say(wire, "COMMAND");
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *all;
    rcs_resp_replies_feed(reader, bytes->data, bytes->size_bytes);
    if (rcs_resp_replies_next(reader, &all) != RCS_OK || all->kind != RCS_REPLY_ARRAY) {
        live_give_up("does not answer COMMAND", wire->name);
    }
    const struct rcs_reply *entry = all + 1;
    for (uint32_t i = 0; i < all->elements; i++, entry += entry->size) {
        add_entry(list, entry);
    }
    rcs_resp_replies_free(reader);
    qsort(list->names, list->count, sizeof(char *), by_name);
}

static bool is_unmodelled(const char *name)
{
    return has_name(&unsupported, name);
}

static bool is_in(char *const *only, unsigned count, const char *name)
{
    bool found = false;
    for (unsigned i = 0; i < count; i++) {
        found = found || strcmp(only[i], name) == 0;
    }
    return found;
}

static void sort_names(char *const *only, unsigned only_count, char *const *without,
                       unsigned without_count)
{
    static struct name_list of_real;
    read_names(WIRE(REAL), &of_real);
    read_names(WIRE(TESTED), &supported);
    for (unsigned i = 0; i < of_real.count; i++) {
        const char *name = of_real.names[i];
        if (!has_name(&supported, name)) {
            add_name(&unsupported, name, strlen(name));
        } else if (command_row_excluded(name, strlen(name)) != NULL) {
            add_name(&left_out, name, strlen(name));
        } else if ((only_count == 0 || is_in(only, only_count, name)) &&
                   !is_in(without, without_count, name)) {
            add_name(&drawn, name, strlen(name));
        }
    }
    for (unsigned i = 0; i < supported.count; i++) {
        if (!has_name(&of_real, supported.names[i])) {
            printf("NOT: %s lists %s, which the real server does not have\n", WIRE(TESTED)->name,
                   supported.names[i]);
        }
    }
    if (drawn.count == 0) {
        live_give_up("nothing to draw from", "COMMAND LIST");
    }
}

/* --- differences ------------------------------------------------------------------------------ */

struct difference {
    int step;             /* -1: none; plan->count: a key at the end */
    struct plan_step end; /* the command that read it */
    struct live_answer answers[BOTH];
};

static void difference_init(struct difference *difference)
{
    *difference = (struct difference){ .step = -1 };
    live_answer_init(&difference->answers[REAL]);
    live_answer_init(&difference->answers[TESTED]);
}

static void difference_close(struct difference *difference)
{
    plan_step_free(&difference->end);
    live_answer_close(&difference->answers[REAL]);
    live_answer_close(&difference->answers[TESTED]);
}

static void note(struct difference *difference, int step, const struct live_answer answers[BOTH])
{
    difference->step = step;
    for (int i = 0; i < BOTH; i++) {
        struct live_answer *to = &difference->answers[i];
        rcs_buf_clear(&to->bytes);
        rcs_buf_add(&to->bytes, answers[i].bytes.data, answers[i].bytes.size_bytes);
        to->closed = answers[i].closed;
        to->silent = answers[i].silent;
    }
}

/* --- asking both ------------------------------------------------------------------------------ */

struct conversation {
    const struct plan *plan;
    struct answer_question question;
    bool in_transaction;
};

static void say_both(const char *words)
{
    live_wire_say(WIRE(REAL), words);
    live_wire_say(WIRE(TESTED), words);
}

static void begin_conversation(struct conversation *talk)
{
    struct plan_step hello;
    for (int i = 0; i < BOTH; i++) {
        bool open = live_wire_open(WIRE(i));
        if (!open && WIRE(i)->revive != NULL && WIRE(i)->revive(WIRE(i))) {
            WIRE(i)->died = false;
            open = live_wire_open(WIRE(i));
        }
        if (!open) {
            live_give_up("cannot be reached", WIRE(i)->name);
        }
    }
    talk->in_transaction = false;
    talk->question.queued_count = 0;
    if (talk->plan->resp3) {
        plan_step_words(&hello, "HELLO 3", NULL);
        for (int i = 0; i < BOTH; i++) {
            struct live_answer answer;
            live_answer_init(&answer);
            live_wire_ask(WIRE(i), hello.argc, hello.args, &answer);
            live_answer_close(&answer);
        }
        plan_step_free(&hello);
    }
}

static bool is_word(const struct plan_step *step, const char *word)
{
    return step->argc > 0 && step->args[0].size_bytes == strlen(word) &&
           strncasecmp(step->args[0].bytes, word, strlen(word)) == 0;
}

static bool is_reply(const struct live_answer *answer, const char *reply)
{
    return answer->bytes.size_bytes == strlen(reply) &&
           memcmp(answer->bytes.data, reply, strlen(reply)) == 0;
}

static void clear(struct live_answer *answer)
{
    rcs_buf_clear(&answer->bytes);
    answer->closed = answer->silent = false;
}

/* All that members could be drawn from, as the real server has them. On the caller's side. */
static void read_members(const struct plan_step *step, struct live_answer *members)
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
            live_wire_beside(WIRE(REAL), ask.argc, ask.args, members);
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
    qsort(found, count, sizeof(char *), by_name);
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

static bool agree_scan(const struct plan_step *step, const struct live_answer answers[BOTH])
{
    unsigned at = strcmp(step->row->name, "scan") == 0 ? 1 : 2;
    struct rcs_buf all[BOTH];
    if (step->argc <= at || answers[REAL].bytes.size_bytes == 0 ||
        answers[TESTED].bytes.size_bytes == 0 || answers[REAL].bytes.data[0] != '*' ||
        answers[TESTED].bytes.data[0] != '*') {
        return false;
    }
    for (int i = 0; i < BOTH; i++) {
        rcs_buf_init(&all[i]);
        iterate(WIRE(i), step, at, (step->row->flags & ROW_PAIRS) != 0 ? 2 : 1, &all[i]);
    }
    bool agree = bytes_are_same(&all[REAL], &all[TESTED]);
    rcs_buf_close(&all[REAL]);
    rcs_buf_close(&all[TESTED]);
    return agree;
}

/* A compact form has one order: only a hash table's may differ. */
static bool is_hash_table(const struct plan_step *step)
{
    static const char *const one_key[] = { "hgetall", "hkeys", "hvals", "smembers",
                                           "dump",    "hscan", "sscan" };
    for (size_t i = 0; i < sizeof(one_key) / sizeof(one_key[0]); i++) {
        if (strcmp(one_key[i], step->row->name) == 0 && step->argc > 1) {
            struct plan_step ask;
            struct live_answer encoding;
            live_answer_init(&encoding);
            plan_step_words(&ask, "OBJECT ENCODING FIRST", step);
            live_wire_beside(WIRE(REAL), ask.argc, ask.args, &encoding);
            bool compact = !is_reply(&encoding, "$9\r\nhashtable\r\n");
            plan_step_free(&ask);
            live_answer_close(&encoding);
            return !compact;
        }
    }
    return true;
}

static enum answer_verdict judge(struct conversation *talk, const struct plan_step *step,
                                 const struct live_answer answers[BOTH])
{
    enum answer_verdict verdict = answers_agree(&talk->question, &answers[REAL], &answers[TESTED]);
    if (step->row != NULL && step->row->rule == RULE_SCAN && verdict == ANSWER_DIFFERS &&
        agree_scan(step, answers)) {
        verdict = ANSWER_BY_RULE;
    }
    if (verdict == ANSWER_BY_RULE && step->row->rule == RULE_ORDER && !is_hash_table(step)) {
        verdict = ANSWER_DIFFERS;
    }
    rule_uses[RULE_SAME] += verdict == ANSWER_SAME;
    if (verdict == ANSWER_BY_RULE) {
        rule_uses[step->row->rule]++;
    }
    return verdict;
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
static void push_beside(const struct plan_step *step)
{
    struct plan_step push;
    plan_step_words(&push, step->row->push, step);
    for (int i = 0; i < BOTH; i++) {
        struct live_answer pushed;
        live_answer_init(&pushed);
        live_wire_beside(WIRE(i), push.argc, push.args, &pushed);
        live_answer_close(&pushed);
    }
    plan_step_free(&push);
}

static void await_both(int limit_ms, struct live_answer answers[BOTH])
{
    for (int i = 0; i < BOTH; i++) {
        live_wire_await(WIRE(i), limit_ms, &answers[i]);
        answers[i].silent = answers[i].bytes.size_bytes == 0 && !answers[i].closed;
    }
}

/* Follows what a command did to its connection. */
static void follow(struct conversation *talk, const struct plan_step *step,
                   const struct live_answer *real)
{
    struct answer_question *question = &talk->question;
    if (is_word(step, "exec") || is_word(step, "discard") || is_word(step, "reset")) {
        talk->in_transaction = false;
        question->queued_count = 0;
    } else if (is_word(step, "multi") && is_reply(real, "+OK\r\n")) {
        talk->in_transaction = true;
        question->queued_count = 0;
    } else if (talk->in_transaction && is_reply(real, "+QUEUED\r\n") &&
               question->queued_count < ANSWER_QUEUED_MAX) {
        question->queued[question->queued_count++] = step->row;
    }
}

/* One step on both. False: they differ. */
static bool ask_both(struct conversation *talk, const struct plan_step *step,
                     struct live_answer answers[BOTH])
{
    struct live_answer members;
    bool blocks = step->row != NULL && (step->row->flags & ROW_BLOCKS) != 0;
    live_answer_init(&members);
    talk->question.row = is_word(step, "exec") ? command_row_find("exec", 4) : step->row;
    talk->question.members = NULL;
    if (step->row != NULL && step->row->rule == RULE_RANDOM) {
        read_members(step, &members);
        talk->question.members = &members.bytes;
    }
    for (int i = 0; i < BOTH; i++) {
        clear(&answers[i]);
        live_wire_ask(WIRE(i), step->argc, step->args, &answers[i]);
    }
    if (answers[REAL].silent || answers[TESTED].silent) {
        if (blocks && waits_long(step)) {
            push_beside(step);
        }
        await_both(blocks ? BLOCKED_MS : SILENT_MS, answers);
    }
    enum answer_verdict verdict = judge(talk, step, answers);
    if (verdict == ANSWER_BY_RULE && (step->row->flags & ROW_REMOVES) != 0) {
        struct plan_step del;
        plan_step_words(&del, "DEL FIRST", step);
        for (int i = 0; i < BOTH; i++) {
            clear(&members);
            live_wire_beside(WIRE(i), del.argc, del.args, &members);
        }
        plan_step_free(&del);
    }
    live_answer_close(&members);
    follow(talk, step, &answers[REAL]);
    if (answers[REAL].closed || answers[TESTED].closed || (blocks && answers[REAL].silent)) {
        begin_conversation(talk);
    }
    return verdict != ANSWER_DIFFERS;
}

/* --- sequences -------------------------------------------------------------------------------- */

static struct plan_step restores[32]; /* CONFIG SET of what was there at the beginning */
static unsigned restore_count;
static bool changed_directives; /* by the sequence before */
static const char *planted;     /* said to the tested server before each sequence; NULL: nothing */

static void remember_directives(void)
{
    restore_count = 0;
    for (unsigned i = 0; command_row_directives[i] != NULL; i++) {
        char words[100];
        snprintf(words, sizeof(words), "CONFIG GET %s", command_row_directives[i]);
        const struct rcs_buf *bytes = live_wire_say(WIRE(REAL), words);
        struct rcs_resp_replies *reader = rcs_resp_replies_new();
        const struct rcs_reply *reply;
        rcs_resp_replies_feed(reader, bytes->data, bytes->size_bytes);
        if (rcs_resp_replies_next(reader, &reply) == RCS_OK && reply->elements == 2) {
            struct plan_step *step = &restores[restore_count++];
            snprintf(words, sizeof(words), "CONFIG SET %s", command_row_directives[i]);
            plan_step_words(step, words, NULL);
            step->args[step->argc++] =
                (struct rcs_arg){ strndup(reply[2].bytes, reply[2].size_bytes),
                                  (uint32_t)reply[2].size_bytes };
        }
        rcs_resp_replies_free(reader);
    }
}

static void restore_directives(void)
{
    for (unsigned i = 0; i < restore_count; i++) {
        for (int j = 0; j < BOTH; j++) {
            struct live_answer answer;
            live_answer_init(&answer);
            live_wire_beside(WIRE(j), restores[i].argc, restores[i].args, &answer);
            live_answer_close(&answer);
        }
    }
}

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
        if (is_reply(type, readers[i][0])) {
            return i == 0 ? "GET FIRST" : readers[i][1];
        }
    }
    return NULL;
}

static bool read_key(struct conversation *talk, const char *words, const char *row,
                     const struct plan_step *of, struct difference *difference,
                     struct live_answer answers[BOTH])
{
    struct plan_step *step = &difference->end;
    plan_step_free(step);
    plan_step_words(step, words, of);
    step->row = command_row_find(row, strlen(row));
    talk->question.row = step->row;
    for (int i = 0; i < BOTH; i++) {
        clear(&answers[i]);
        live_wire_beside(WIRE(i), step->argc, step->args, &answers[i]);
    }
    return judge(talk, step, answers) != ANSWER_DIFFERS;
}

static bool same_keys(struct conversation *talk, struct difference *difference,
                      struct live_answer answers[BOTH])
{
    bool same = true;
    const char *key;
    for (unsigned i = 0; same && (key = plan_key(i)) != NULL; i++) {
        struct plan_step of;
        char words[32];
        snprintf(words, sizeof(words), "KEY %s", key);
        plan_step_words(&of, words, NULL);
        same = read_key(talk, "TYPE FIRST", "type", &of, difference, answers);
        const char *reader = reader_of(&answers[REAL]);
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

/* Runs what is not dropped. True: a difference was found, and noted. */
static bool run_plan(const struct plan *plan, const bool *dropped, struct difference *difference)
{
    struct conversation talk = { .plan = plan };
    struct live_answer answers[BOTH];
    bool same = true;
    talk.question.port_a = WIRE(REAL)->port;
    talk.question.port_b = WIRE(TESTED)->port;
    talk.question.date_offset_s = date_offset_s;
    talk.question.unmodelled = is_unmodelled;
    begin_conversation(&talk);
    say_both("FLUSHALL");
    say_both("SCRIPT FLUSH");
    say_both("CONFIG RESETSTAT");
    say_both("SLOWLOG RESET");
    if (changed_directives) {
        restore_directives();
    }
    changed_directives = changes_directives(plan);
    if (planted != NULL) {
        live_wire_say(WIRE(TESTED), planted);
    }
    live_answer_init(&answers[REAL]);
    live_answer_init(&answers[TESTED]);
    difference->step = -1;
    for (unsigned i = 0; i < plan->count && same; i++) {
        if (!dropped[i]) {
            same = ask_both(&talk, &plan->steps[i], answers);
            if (!same) {
                note(difference, (int)i, answers);
            }
        }
    }
    if (same && !same_keys(&talk, difference, answers)) {
        same = false;
        note(difference, (int)plan->count, answers);
    }
    live_answer_close(&answers[REAL]);
    live_answer_close(&answers[TESTED]);
    return !same;
}

/* The command that answered differently. */
static const struct plan_step *culprit(const struct plan *plan, const struct difference *found)
{
    return found->step < (int)plan->count ? &plan->steps[found->step] : &found->end;
}

static bool same_culprit(const struct plan_step *a, const struct plan_step *b)
{
    return a->argc > 0 && b->argc > 0 && a->row == b->row &&
           a->args[0].size_bytes == b->args[0].size_bytes &&
           strncasecmp(a->args[0].bytes, b->args[0].bytes, a->args[0].size_bytes) == 0;
}

/* Drops steps, many at first, as long as the same command still differs. */
static void shrink(const struct plan *plan, bool *dropped, struct difference *difference)
{
    unsigned runs = 0, ended_before = ended;
    struct difference found;
    difference_init(&found);
    for (unsigned i = (unsigned)difference->step + 1; i < plan->count; i++) {
        dropped[i] = true;
    }
    for (unsigned piece = 16; piece > 0; piece /= 2) {
        for (unsigned from = 0;
             from < plan->count && runs < SHRINK_MAX && ended - ended_before < ENDED_MAX;
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
            if (run_plan(plan, trial, &found) &&
                same_culprit(culprit(plan, &found), culprit(plan, difference))) {
                memcpy(dropped, trial, sizeof(trial));
                struct difference old = *difference;
                *difference = found;
                found = old;
            }
        }
    }
    difference_close(&found);
}

/* --- printing --------------------------------------------------------------------------------- */

#define SHOWN_BYTES 700

static void print_bytes(const char *bytes, size_t size_bytes, bool quoted)
{
    size_t shown = size_bytes < SHOWN_BYTES ? size_bytes : SHOWN_BYTES;
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte == '\r') {
            fputs("\\r", stdout);
        } else if (byte == '\n') {
            fputs("\\n", stdout);
        } else if (byte < 32 || byte > 126) {
            printf("\\x%02x", byte);
        } else if (quoted && (byte == '"' || byte == '\\')) {
            printf("\\%c", byte);
        } else {
            putchar(byte);
        }
    }
    if (shown < size_bytes) {
        printf("... (%zu bytes)", size_bytes);
    }
}

static void print_step(const struct plan_step *step)
{
    printf("    >");
    for (unsigned i = 0; i < step->argc; i++) {
        const struct rcs_arg *arg = &step->args[i];
        bool plain = arg->size_bytes > 0;
        for (uint32_t j = 0; j < arg->size_bytes; j++) {
            unsigned char byte = (unsigned char)arg->bytes[j];
            plain = plain && byte > 32 && byte < 127 && strchr("\"'\\", byte) == NULL;
        }
        fputs(plain ? " " : " \"", stdout);
        print_bytes(arg->bytes, arg->size_bytes, !plain);
        fputs(plain ? "" : "\"", stdout);
    }
    putchar('\n');
}

static void print_difference(const struct plan *plan, const bool *dropped,
                             const struct difference *difference, unsigned long seed,
                             unsigned sequence)
{
    printf("DIFFERS: seed %lu, sequence %u, RESP%d\n", seed, sequence, plan->resp3 ? 3 : 2);
    for (unsigned i = 0; i < plan->count && (int)i <= difference->step; i++) {
        if (!dropped[i]) {
            print_step(&plan->steps[i]);
        }
    }
    if (difference->step == (int)plan->count) {
        print_step(&difference->end);
    }
    for (int i = 0; i < BOTH; i++) {
        const struct live_answer *answer = &difference->answers[i];
        printf("    %s: ", WIRE(i)->name);
        print_bytes(answer->bytes.data, answer->bytes.size_bytes, false);
        printf("%s%s\n", answer->silent ? "(nothing)" : "", answer->closed ? " (closed)" : "");
    }
    fflush(stdout);
}

static void print_names(const char *what, const struct name_list *list)
{
    printf("%s: %u", what, list->count);
    for (unsigned i = 0; i < list->count; i++) {
        printf("%s %s", i == 0 ? ":" : "", list->names[i]);
    }
    putchar('\n');
}

static void print_summary(unsigned sequences, unsigned found)
{
    static const char *const classes[] = {
#define X(constant, name) name,
        PLAN_CLASSES(X)
#undef X
    };
    static const char *const rules[][2] = {
#define X(constant, name, reason) { name, reason },
        ANSWER_RULES(X)
#undef X
    };
    unsigned total = 0, least = 0;
    for (unsigned i = 0; i < drawn.count; i++) {
        total += draws[i];
        least = draws[i] < draws[least] ? i : least;
    }
    printf("%u commands in %u sequences, drawn from %u; the least often: %s, %u times\n", total,
           sequences, drawn.count, drawn.names[least], draws[least]);
    for (int i = 0; i < PLAN_CLASS_COUNT; i++) {
        printf("%s%s %u", i == 0 ? "arguments: " : ", ", classes[i], class_draws[i]);
    }
    printf("\nanswers: the same bytes %u\n", rule_uses[RULE_SAME]);
    for (int i = 1; i < RULE_COUNT; i++) {
        printf("  by rule %-58s %7u  (%s)\n", rules[i][0], rule_uses[i], rules[i][1]);
    }
    print_names("never sent, see command_rows.c", &left_out);
    print_names("unsupported: of the real server's commands not in the list", &unsupported);
    if (found > 0) {
        printf("commands that differ:");
        for (unsigned i = 0; i < drawn.count; i++) {
            if (differing[i] > 0) {
                printf(" %s %u", drawn.names[i], differing[i]);
            }
        }
        putchar('\n');
    }
    if (ended > 0) {
        printf("the tested server ended by itself %u times\n", ended);
    }
    printf("%u of %u sequences differ\n", found, sequences);
}

/* --- the experiment --------------------------------------------------------------------------- */

struct options {
    unsigned long seed;
    unsigned from, sequences, show;
    int port;
    const char *with, *rcsim;
    bool self, quiet;
    char *only[64], *without[64];
    unsigned only_count, without_count;
};

static void count_draws(const struct plan *plan)
{
    for (unsigned i = 0; i < plan->count; i++) {
        class_draws[plan->steps[i].class]++;
        if (plan->steps[i].name != NULL) {
            char *const *at =
                bsearch(&plan->steps[i].name, drawn.names, drawn.count, sizeof(char *), by_name);
            draws[at - drawn.names]++;
        }
    }
}

/* Counts it with its command; true if that differs for the first time. */
static bool is_new(const struct plan_step *step)
{
    const char *name = step->name != NULL  ? step->name
                       : step->row != NULL ? step->row->name
                                           : drawn.names[0];
    char *const *at = bsearch(&name, drawn.names, drawn.count, sizeof(char *), by_name);
    return differing[at == NULL ? 0 : at - drawn.names]++ == 0;
}

/* The tested server may not have all types: then keys of those are not filled. */
static void drop_unsupported(const struct plan *plan, bool *dropped)
{
    for (unsigned i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        char name[16] = "";
        for (uint32_t j = 0; j < step->args[0].size_bytes && j < sizeof(name) - 1; j++) {
            name[j] = (char)tolower((unsigned char)step->args[0].bytes[j]);
        }
        dropped[i] = step->class == PLAN_GIVEN && !has_name(&supported, name);
    }
}

/* The number of sequences that differ. `shortest`: steps of the shortest shown. */
static unsigned experiment(const struct options *options, unsigned *shortest)
{
    static struct plan plan;
    unsigned found = 0, shown = 0;
    *shortest = PLAN_STEPS_MAX;
    memset(draws, 0, sizeof(draws));
    memset(differing, 0, sizeof(differing));
    memset(class_draws, 0, sizeof(class_draws));
    memset(rule_uses, 0, sizeof(rule_uses));
    for (unsigned i = options->from; i < options->from + options->sequences; i++) {
        bool dropped[PLAN_STEPS_MAX] = { false };
        struct difference difference;
        difference_init(&difference);
        plan_make(&plan, options->seed, i, (const char *const *)drawn.names, drawn.count);
        drop_unsupported(&plan, dropped);
        count_draws(&plan);
        if (run_plan(&plan, dropped, &difference)) {
            unsigned kept = 0;
            found++;
            if (is_new(culprit(&plan, &difference)) && shown < options->show) {
                shown++;
                shrink(&plan, dropped, &difference);
                for (unsigned j = 0; j < plan.count; j++) {
                    kept += !dropped[j];
                }
                *shortest = kept < *shortest ? kept : *shortest;
                if (!options->quiet) {
                    print_difference(&plan, dropped, &difference, options->seed, i);
                }
            }
        }
        difference_close(&difference);
        plan_free(&plan);
    }
    return found;
}

static int64_t seconds_of(struct live_wire *wire)
{
    const struct rcs_buf *bytes = live_wire_say(wire, "TIME");
    const char *digits = memchr(bytes->data + 4, '\n', bytes->size_bytes - 4); /* *2 $10 SECONDS */
    return digits == NULL ? 0 : strtoll(digits + 1, NULL, 10);
}

static const char *program; /* rcsim */

static bool start_again(struct live_wire *wire)
{
    const char *how;
    int port = wire->port;
    if (!live_target_ended(&targets[TESTED], &how)) {
        return false;
    }
    if (ended++ == 0) {
        printf("NOT: %s ended by itself (%s), for the first time; it is started again\n",
               wire->name, how);
    }
    wire->revive = NULL;
    live_target_rcsim(&targets[TESTED], program, port, 1);
    live_target_make_cluster(&targets[TESTED]);
    wire->revive = start_again;
    wire->died = true;
    changed_directives = true;
    return true;
}

static void make_clusters(void)
{
    live_target_make_cluster(&targets[REAL]);
    live_target_make_cluster(&targets[TESTED]);
    date_offset_s = seconds_of(WIRE(REAL)) - seconds_of(WIRE(TESTED));
    if (llabs(date_offset_s) > 5) {
        printf("%s says it is %lld s earlier: taken into account\n", WIRE(TESTED)->name,
               (long long)date_offset_s);
    }
    remember_directives();
}

/* Two real servers agree; with something planted on one of them it is found, in few steps. */
static int test_itself(const struct options *options)
{
    static const struct {
        const char *what, *words;
        unsigned most_steps;
    } plants[] = {
        { "a key set behind its back", "SET {t}s3 planted", 2 },
        { "another threshold of a compact form", "CONFIG SET hash-max-listpack-value 3", 2 },
    };
    unsigned shortest, found = experiment(options, &shortest);
    bool good = found == 0;
    print_summary(options->sequences, found);
    printf("%s: two real servers agree\n", good ? "ok" : "NOT");
    for (size_t i = 0; i < sizeof(plants) / sizeof(plants[0]); i++) {
        struct options quiet = *options;
        quiet.quiet = true;
        quiet.show = 3;
        quiet.sequences = options->sequences < PLANT_MAX ? options->sequences : PLANT_MAX;
        planted = plants[i].words;
        found = experiment(&quiet, &shortest);
        planted = NULL;
        say_both("CONFIG SET hash-max-listpack-value 64");
        bool seen = found > 0 && shortest <= plants[i].most_steps;
        printf("%s: %s is found in %u of %u sequences, at best in %u commands\n",
               seen ? "ok" : "NOT", plants[i].what, found, quiet.sequences, shortest);
        good = good && seen;
    }
    return good ? 0 : 1;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){ .seed = 1, .sequences = 200, .show = 20, .port = 20300 };
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(name, "--self") == 0) {
            options->self = true;
            continue;
        }
        if (value == NULL) {
            return false;
        }
        i++;
        if (strcmp(name, "--seed") == 0) {
            options->seed = strtoul(value, NULL, 10);
        } else if (strcmp(name, "--sequences") == 0) {
            options->sequences = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--from") == 0) {
            options->from = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--show") == 0) {
            options->show = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--port") == 0) {
            options->port = (int)strtol(value, NULL, 10);
        } else if (strcmp(name, "--with") == 0) {
            options->with = value;
        } else if (strcmp(name, "--rcsim") == 0) {
            options->rcsim = value;
        } else if (strcmp(name, "--only") == 0 && options->only_count < 64) {
            options->only[options->only_count++] = argv[i];
        } else if (strcmp(name, "--without") == 0 && options->without_count < 64) {
            options->without[options->without_count++] = argv[i];
        } else {
            return false;
        }
    }
    return options->self + (options->with != NULL) + (options->rcsim != NULL) == 1;
}

int main(int argc, char **argv)
{
    struct options options;
    unsigned shortest;
    if (!read_options(&options, argc, argv)) {
        fprintf(stderr,
                "usage: live_commands [--sequences N] [--seed N] [--from N] [--only COMMAND]... "
                "[--without COMMAND]... [--show N] [--port PORT] (--with HOST:PORT | --rcsim "
                "PROGRAM | --self)\n");
        return 2;
    }
    live_directory("live_commands", "/tmp", directory, clean_up);
    int port = live_free_ports(options.port, 8);
    live_target_real(&targets[REAL], directory, port);
    if (options.self) {
        targets[TESTED].wire.name = "other";
        live_target_real(&targets[TESTED], directory, port + 2);
    } else if (options.rcsim != NULL) {
        targets[TESTED].wire.name = "rcsim";
        program = options.rcsim;
        live_target_rcsim(&targets[TESTED], program, port + 4, 1);
        targets[TESTED].wire.revive = start_again;
    } else {
        live_target_at(&targets[TESTED], options.with);
    }
    make_clusters();
    sort_names(options.only, options.only_count, options.without, options.without_count);
    if (options.self) {
        return test_itself(&options);
    }
    unsigned found = experiment(&options, &shortest);
    print_summary(options.sequences, found);
    bool well = live_target_end(&targets[TESTED]);
    return found == 0 && well ? 0 : 1;
}
