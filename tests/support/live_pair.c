#define _GNU_SOURCE /* strndup */
#include "tests/support/live_pair.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct live_wire *wire_of(struct live_pair *pair, int which)
{
    return &pair->targets[which].wire;
}

/* --- servers ---------------------------------------------------------------------------------- */

static bool start_again(struct live_wire *wire)
{
    struct live_pair *pair =
        (struct live_pair *)((char *)wire - offsetof(struct live_pair, targets[LIVE_TESTED].wire));
    const char *how;
    int port = wire->port;
    if (!live_target_ended(&pair->targets[LIVE_TESTED], &how)) {
        return false;
    }
    if (pair->ended++ == 0) {
        printf("NOT: %s ended by itself (%s), for the first time; it is started again\n",
               wire->name, how);
    }
    wire->revive = NULL;
    live_target_rcsim(&pair->targets[LIVE_TESTED], pair->program, port, 1);
    live_target_make_cluster(&pair->targets[LIVE_TESTED]);
    wire->revive = start_again;
    wire->died = true;
    pair->changed_directives = true;
    return true;
}

void live_pair_rcsim(struct live_pair *pair, const char *program, int port)
{
    pair->program = program;
    wire_of(pair, LIVE_TESTED)->name = "rcsim";
    live_target_rcsim(&pair->targets[LIVE_TESTED], program, port, 1);
    wire_of(pair, LIVE_TESTED)->revive = start_again;
}

static int64_t seconds_of(struct live_wire *wire)
{
    const struct rcs_buf *bytes = live_wire_say(wire, "TIME");
    const char *digits = memchr(bytes->data + 4, '\n', bytes->size_bytes - 4); /* *2 $10 SECONDS */
    return digits == NULL ? 0 : strtoll(digits + 1, NULL, 10);
}

static void remember_directives(struct live_pair *pair)
{
    pair->restore_count = 0;
    for (unsigned i = 0; command_row_directives[i] != NULL; i++) {
        char words[100];
        snprintf(words, sizeof(words), "CONFIG GET %s", command_row_directives[i]);
        const struct rcs_buf *bytes = live_wire_say(wire_of(pair, LIVE_REAL), words);
        struct rcs_resp_replies *reader = rcs_resp_replies_new();
        const struct rcs_reply *reply;
        rcs_resp_replies_feed(reader, bytes->data, bytes->size_bytes);
        if (rcs_resp_replies_next(reader, &reply) == RCS_OK && reply->elements == 2) {
            RCS_ASSERT(pair->restore_count < LIVE_RESTORES_MAX);
            struct plan_step *step = &pair->restores[pair->restore_count++];
            snprintf(words, sizeof(words), "CONFIG SET %s", command_row_directives[i]);
            plan_step_words(step, words, NULL);
            step->args[step->argc++] =
                (struct rcs_arg){ strndup(reply[2].bytes, reply[2].size_bytes),
                                  (uint32_t)reply[2].size_bytes };
        }
        rcs_resp_replies_free(reader);
    }
}

void live_pair_restore_directives(struct live_pair *pair)
{
    for (unsigned i = 0; i < pair->restore_count; i++) {
        live_pair_beside(pair, &pair->restores[i]);
    }
}

void live_pair_make_clusters(struct live_pair *pair)
{
    struct live_wire *real = wire_of(pair, LIVE_REAL), *tested = wire_of(pair, LIVE_TESTED);
    live_target_make_cluster(&pair->targets[LIVE_REAL]);
    live_target_make_cluster(&pair->targets[LIVE_TESTED]);
    pair->date_offset_s = seconds_of(real) - seconds_of(tested);
    if (llabs(pair->date_offset_s) > 5) {
        printf("%s says it is %lld s earlier: taken into account\n", tested->name,
               (long long)pair->date_offset_s);
    }
    remember_directives(pair);
}

/* --- connections ------------------------------------------------------------------------------ */

void live_pair_say(struct live_pair *pair, const char *words)
{
    live_wire_say(wire_of(pair, LIVE_REAL), words);
    live_wire_say(wire_of(pair, LIVE_TESTED), words);
}

void live_pair_beside(struct live_pair *pair, const struct plan_step *step)
{
    for (int i = 0; i < LIVE_BOTH; i++) {
        struct live_answer answer;
        live_answer_init(&answer);
        live_wire_beside(wire_of(pair, i), step->argc, step->args, &answer);
        live_answer_close(&answer);
    }
}

static void greet(struct live_wire *wire)
{
    struct live_answer answer;
    struct plan_step hello;
    live_answer_init(&answer);
    plan_step_words(&hello, "HELLO 3", NULL);
    live_wire_ask(wire, hello.argc, hello.args, &answer);
    plan_step_free(&hello);
    live_answer_close(&answer);
}

void live_pair_connect(struct live_pair *pair, bool resp3)
{
    for (int i = 0; i < LIVE_BOTH; i++) {
        struct live_wire *wire = wire_of(pair, i);
        bool open = live_wire_open(wire);
        if (!open && wire->revive != NULL && wire->revive(wire)) {
            wire->died = false;
            open = live_wire_open(wire);
        }
        if (!open) {
            live_give_up("cannot be reached", wire->name);
        }
    }
    for (int i = 0; resp3 && i < LIVE_BOTH; i++) {
        greet(wire_of(pair, i));
    }
}
