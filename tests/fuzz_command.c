/* Any requests of a few clients to one node, time passing between them: nothing breaks and nothing
 * is lost, and no node says more than its connections can carry.
 *
 * A byte is a word of the table below, the beginning of a literal word, or one of the orders. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/command.h"
#include "sim/node/node.h"

#define CLIENTS     4
#define WORDS_MAX   12
#define LITERAL_MAX 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum order {
    ORDER_LITERAL = 0xf0, /* length, bytes */
    ORDER_SEND,
    ORDER_CLIENT, /* which */
    ORDER_TIME,   /* ticks */
    ORDER_LEAVE,
    ORDER_PAUSE,
    ORDER_UNPAUSE,
    ORDER_SLOT_LOST,
    ORDER_APPLY,  /* the words as a command of a master's stream */
    ORDER_COMMAND /* which: its name as a word */
};

static const char *const words[] = {
    "a",
    "{a}1",
    "{a}2",
    "b",
    "",
    "0",
    "1",
    "-1",
    "100",
    "x",
    "1.5",
    "9223372036854775807",
    "2000000000000",
    "*",
    "[a-",
    "nx",
    "xx",
    "gt",
    "lt",
    "get",
    "ex",
    "px",
    "exat",
    "pxat",
    "keepttl",
    "persist",
    "replace",
    "db",
    "match",
    "count",
    "type",
    "string",
    "id",
    "addr",
    "yes",
    "no",
    "on",
    "off",
    "skip",
    "write",
    "all",
    "hz",
    "save",
    "maxclients",
    "requirepass",
    "cluster-node-timeout",
    "default",
    "3",
    "2",
    "auth",
    "setname",
    "filterby",
    "pattern",
    "aclcat",
    "capa",
    "psync2",
    "eof",
    "?",
    "ack",
    "listening-port",
    "sleep",
    "bit",
    "migrating",
    "importing",
    "stable",
    "node",
    "15495",
    "16383",
    "force",
    "takeover",
    "nosave",
    "abort",
    "error",
    "timeout",
    "skipme",
    "withvalues",
    "limit",
    "hash-max-listpack-entries",
    "set-max-intset-entries",
    "not",
    "weights",
    "aggregate",
    "sum",
    "min",
    "max",
    "withscores",
    "byscore",
    "bylex",
    "rev",
    "incr",
    "inf",
    "-inf",
    "(1",
    "[a",
    "-",
    "+",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

struct run {
    struct rcs_store *store;
    struct rcs_node *node;
    struct rcs_effects effects;
    rcs_us now_us;
    bool open[CLIENTS], over;
    unsigned client;
    struct rcs_arg args[WORDS_MAX];
    char literals[WORDS_MAX][64];
    unsigned argc;
};

static void carry_out(struct run *run)
{
    for (size_t i = 0; i < run->effects.count; i++) {
        const struct rcs_effect *effect = &run->effects.list[i];
        switch ((enum rcs_effect_kind)effect->kind) {
        case RCS_EFFECT_CLIENT_REPLY:
        case RCS_EFFECT_CLIENT_SNAPSHOT:
            RCS_ASSERT(effect->link >= 1 && effect->link <= CLIENTS && run->open[effect->link - 1]);
            break;
        case RCS_EFFECT_CLIENT_CLOSE:
            RCS_ASSERT(effect->link >= 1 && effect->link <= CLIENTS && run->open[effect->link - 1]);
            run->open[effect->link - 1] = false;
            break;
        case RCS_EFFECT_EXIT:
            run->over = true;
            break;
        default:
            break;
        }
    }
    rcs_effects_clear(&run->effects, run->store);
}

static void step(struct run *run, struct rcs_event *event)
{
    if (!run->over) {
        event->at_us = run->now_us;
        rcs_node_step(run->node, event, &run->effects);
        carry_out(run);
    }
}

static void pass_time(struct run *run, unsigned ticks)
{
    for (unsigned i = 0; i < ticks && !run->over; i++) {
        rcs_us due_us = rcs_node_deadline(run->node);
        run->now_us = due_us > run->now_us ? due_us : run->now_us;
        struct rcs_event event = { .kind = RCS_EVENT_WAKE };
        step(run, &event);
    }
}

static void send_request(struct run *run)
{
    uint32_t link = run->client + 1;
    if (!run->open[run->client]) {
        run->open[run->client] = true;
        struct rcs_event open = { .kind = RCS_EVENT_CLIENT_OPEN, .link = link };
        step(run, &open);
    }
    if (!run->open[run->client] || run->argc == 0) {
        return; /* refused at once */
    }
    struct rcs_event event = { .kind = RCS_EVENT_CLIENT_REQUEST, .link = link };
    event.request = rcs_request_new(run->store, run->argc, run->args);
    step(run, &event);
    rcs_request_release(run->store, event.request);
}

static void leave(struct run *run)
{
    if (run->open[run->client]) {
        struct rcs_event event = { .kind = RCS_EVENT_CLIENT_GONE, .link = run->client + 1 };
        run->open[run->client] = false;
        step(run, &event);
    }
}

static void apply(struct run *run)
{
    if (run->argc > 0) {
        struct rcs_request *request = rcs_request_new(run->store, run->argc, run->args);
        run->node->out = run->node->cluster.out = &run->effects;
        rcs_command_apply(run->node, request);
        run->node->out = run->node->cluster.out = NULL;
        carry_out(run);
        rcs_request_release(run->store, request);
    }
}

static void add_word(struct run *run, const char *bytes, size_t size_bytes)
{
    if (run->argc < WORDS_MAX) {
        char *room = run->literals[run->argc];
        size_bytes = size_bytes < 64 ? size_bytes : 63;
        memcpy(room, bytes, size_bytes);
        run->args[run->argc++] = (struct rcs_arg){ room, (uint32_t)size_bytes };
    }
}

/* The table of words, behind it the commands, behind them the subcommands of each. */
static void add_numbered_word(struct run *run, unsigned number)
{
    if (number < WORDS) {
        add_word(run, words[number], strlen(words[number]));
        return;
    }
    number -= WORDS;
    const struct rcs_command *command;
    for (unsigned i = 0; (command = rcs_command_at(i)) != NULL; i++) {
        const struct rcs_command *sub = command->subcommands;
        for (; number > 0 && sub != NULL && sub->name != NULL; sub++) {
            if (--number == 0) {
                add_word(run, command->name, strlen(command->name));
                add_word(run, sub->name, strlen(sub->name));
                return;
            }
        }
        if (number-- == 0) {
            add_word(run, command->name, strlen(command->name));
            return;
        }
    }
}

/* Returns how many bytes of what follows the order took. */
static size_t carry_order(struct run *run, unsigned order, const uint8_t *rest, size_t left)
{
    unsigned value = left > 0 ? rest[0] : 0;
    switch (order) {
    case ORDER_LITERAL: {
        size_t length = value % LITERAL_MAX;
        length = left == 0 ? 0 : length < left - 1 ? length : left - 1;
        add_word(run, (const char *)rest + (left > 0), length);
        return left == 0 ? 0 : 1 + length;
    }
    case ORDER_CLIENT:
        run->client = value % CLIENTS;
        return left > 0;
    case ORDER_TIME:
        pass_time(run, value % 40);
        return left > 0;
    case ORDER_LEAVE:
        leave(run);
        return 0;
    case ORDER_PAUSE:
        rcs_clients_pause_writes(run->node, run->node->now_ms + 1000);
        return 0;
    case ORDER_UNPAUSE:
        rcs_clients_unpause(run->node);
        return 0;
    case ORDER_SLOT_LOST:
        rcs_clients_slot_lost(run->node, 15495);
        return 0;
    case ORDER_APPLY:
        apply(run);
        run->argc = 0;
        return 0;
    case ORDER_COMMAND:
        if (rcs_command_at(value) != NULL) {
            add_word(run, rcs_command_at(value)->name, strlen(rcs_command_at(value)->name));
        }
        return left > 0;
    case ORDER_SEND:
    default:
        send_request(run);
        run->argc = 0;
        return 0;
    }
}

static void begin(struct run *run)
{
    struct rcs_config config;
    rcs_config_init(&config);
    config.enable_debug_command = true;
    run->store = rcs_store_new();
    rcs_effects_init(&run->effects);
    struct rcs_node_params params = { .store = run->store, .config = &config, .seed = 1, .pid = 1 };
    run->node = rcs_node_new(&params);
    struct rcs_start start = { .conf = NULL };
    struct rcs_event event = { .kind = RCS_EVENT_START, .start = &start };
    step(run, &event);
    add_word(run, "cluster", 7);
    add_word(run, "addslotsrange", 13);
    add_word(run, "0", 1);
    add_word(run, "16383", 5);
    send_request(run);
    run->argc = 0;
    pass_time(run, 60);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run *run = calloc(1, sizeof(*run));
    RCS_ASSERT(run != NULL);
    begin(run);
    for (size_t i = 0; i < size && !run->over;) {
        unsigned byte = data[i++];
        if (byte < ORDER_LITERAL) {
            add_numbered_word(run, byte);
        } else {
            i += carry_order(run, byte, data + i, size - i);
        }
    }
    rcs_node_free(run->node);
    rcs_effects_close(&run->effects, run->store);
    rcs_store_free(run->store);
    free(run);
    return 0;
}
