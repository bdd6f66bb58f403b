#include "sim/world/client_program.h"

#include <stdlib.h>
#include <string.h>

#include "sim/world/client_map.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

/* What the request under way is for. */
enum errand { ERRAND_COMMAND, ERRAND_ASKING, ERRAND_INFO, ERRAND_SLOTS };

/* What follows when the map was read. */
enum after { AFTER_OPENING, AFTER_FAILURE, AFTER_MOVED };

enum pausing { PAUSE_NONE, PAUSE_RESEND, PAUSE_REFRESH };

struct rcs_program {
    struct rcs_sim *sim;
    struct rcs_program_params params;
    const struct rcs_client_kind *kind;
    int *told; /* params.seeds */
    struct rcs_session *session;

    struct rcs_client_map map;
    int stand;
    unsigned moved;

    /* the command */
    bool busy, greeting; /* COMMAND of a new object goes first */
    char **words;
    struct rcs_arg *args;
    unsigned argc, arg_room;
    uint16_t slot;
    unsigned attempt, again, followed, nexts;
    int target;
    bool asking;
    bool staying; /* to the node that answered before, or to none */
    enum errand errand;
    enum pausing pausing;
    bool waits;     /* for a reply, */
    rcs_us sent_us; /* since */
    enum rcs_workload_error error;
    const struct rcs_reply *reply;

    /* reading the map */
    enum after after;
    unsigned seed_at, tries;
    int asked; /* for the map */
    bool reached;
};

static void refresh(struct rcs_program *program, enum after after);
static void failed(struct rcs_program *program, enum rcs_workload_error error);

/* --- life ------------------------------------------------------------------------------------- */

static void on_answer(void *arg);

struct rcs_program *rcs_program_new(struct rcs_sim *sim, const struct rcs_program_params *params)
{
    struct rcs_program *program = calloc(1, sizeof(*program));
    RCS_ASSERT(program != NULL && params->seed_count > 0);
    program->sim = sim;
    program->params = *params;
    program->kind = params->kind;
    program->told = calloc(params->seed_count, sizeof(int));
    RCS_ASSERT(program->told != NULL);
    memcpy(program->told, params->seeds, params->seed_count * sizeof(int));
    program->params.seeds = program->told;
    program->stand = params->seeds[0];
    rcs_client_map_init(&program->map, sim, params->seed_count, params->seeds);
    program->greeting = program->kind->asks_commands;
    program->session = rcs_session_new(sim, params->site, false);
    rcs_session_on_done(program->session, on_answer, program);
    return program;
}

static void drop_words(struct rcs_program *program)
{
    for (unsigned i = 0; i < program->argc; i++) {
        free(program->words[i]);
    }
    program->argc = 0;
}

void rcs_program_free(struct rcs_program *program)
{
    if (program == NULL) {
        return;
    }
    rcs_session_free(program->session);
    drop_words(program);
    free(program->words);
    free(program->args);
    free(program->told);
    rcs_client_map_close(&program->map);
    free(program);
}

/* --- the end of a command --------------------------------------------------------------------- */

static void end(struct rcs_program *program, enum rcs_workload_error error,
                const struct rcs_reply *reply)
{
    program->busy = false;
    program->waits = false;
    program->pausing = PAUSE_NONE;
    program->error = error;
    program->reply = reply;
    program->params.wake(program->params.arg, RCS_NEVER);
    program->params.done(program->params.arg);
}

enum rcs_workload_error rcs_program_error(const struct rcs_program *program)
{
    return program->error;
}

const struct rcs_reply *rcs_program_reply(const struct rcs_program *program)
{
    return program->reply;
}

/* --- sending ---------------------------------------------------------------------------------- */

static rcs_us timeout_of(const struct rcs_program *program)
{
    return program->params.timeout_us > 0 ? program->params.timeout_us : program->kind->timeout_us;
}

/* A connection that is not there yet has a limit of its own. */
static void await(struct rcs_program *program)
{
    rcs_us limit_us = timeout_of(program), connect_us = program->kind->connect_us;
    if (connect_us < limit_us && !rcs_session_connected(program->session)) {
        limit_us = connect_us;
    }
    program->waits = true;
    program->sent_us = program->sim->now_us;
    program->params.wake(program->params.arg,
                         limit_us == RCS_NEVER ? RCS_NEVER : program->sent_us + limit_us);
}

/* No answer came for as long as it was to be waited for. */
static void over_time(struct rcs_program *program)
{
    rcs_us limit_us = timeout_of(program);
    if (rcs_session_connected(program->session) &&
        (limit_us == RCS_NEVER || program->sim->now_us < program->sent_us + limit_us)) {
        program->params.wake(program->params.arg,
                             limit_us == RCS_NEVER ? RCS_NEVER : program->sent_us + limit_us);
        return;
    }
    program->waits = false;
    rcs_session_abandon(program->session);
    failed(program, RCS_WORKLOAD_TIMEOUT);
}

static void pause_before(struct rcs_program *program, enum pausing what, rcs_us pause_us)
{
    program->pausing = what;
    program->params.wake(program->params.arg, program->sim->now_us + pause_us);
}

static void send(struct rcs_program *program)
{
    static const char greeting[] = "COMMAND";
    rcs_client_map_note(&program->map, program->target);
    program->errand = program->asking ? ERRAND_ASKING : ERRAND_COMMAND;
    if (program->asking) {
        rcs_session_words(program->session, program->target, "ASKING", strlen("ASKING"));
    } else if (program->greeting) {
        rcs_session_words(program->session, program->target, greeting, strlen(greeting));
    } else {
        rcs_session_request(program->session, program->target, program->argc, program->args);
    }
    await(program);
}

/* Predis guessNode: the share of the slots each known node would have. */
static int guess(const struct rcs_program *program)
{
    unsigned count = program->params.seed_count;
    unsigned share = (unsigned)program->slot / (RCS_SLOTS / count);
    return program->told[share < count ? share : count - 1];
}

static int aim(const struct rcs_program *program)
{
    switch (program->kind->aim) {
    case RCS_AIM_MAP:
    case RCS_AIM_GUESS:
        if (program->greeting) {
            return program->map.seeds[0]; /* the first master of the map */
        }
        if (program->map.owner[program->slot] != RCS_NOBODY) {
            return program->map.owner[program->slot];
        }
        return program->kind->aim == RCS_AIM_GUESS ? guess(program) : RCS_NOBODY;
    case RCS_AIM_STAND:
        return program->stand;
    case RCS_AIM_PINNED:
        return program->told[0];
    }
    return RCS_NOBODY;
}

static void begin_attempt(struct rcs_program *program)
{
    program->again = program->followed = program->nexts = 0;
    program->asking = false;
    program->target = aim(program);
    if (program->target == RCS_NOBODY) {
        end(program, RCS_WORKLOAD_TOPOLOGY, NULL); /* a slot that nobody owns */
        return;
    }
    send(program);
}

static void take_words(struct rcs_program *program, unsigned argc, const struct rcs_arg *args)
{
    drop_words(program);
    if (argc > program->arg_room) {
        program->words = realloc(program->words, argc * sizeof(program->words[0]));
        program->args = realloc(program->args, argc * sizeof(program->args[0]));
        RCS_ASSERT(program->words != NULL && program->args != NULL);
        program->arg_room = argc;
    }
    for (; program->argc < argc; program->argc++) {
        const struct rcs_arg *arg = &args[program->argc];
        char *word = malloc(arg->size_bytes + 1u);
        RCS_ASSERT(word != NULL);
        memcpy(word, arg->bytes, arg->size_bytes);
        program->words[program->argc] = word;
        program->args[program->argc] = (struct rcs_arg){ word, arg->size_bytes };
    }
    program->busy = true;
    program->attempt = 1;
    program->error = RCS_WORKLOAD_ERROR_COUNT;
    program->reply = NULL;
}

void rcs_program_ask(struct rcs_program *program, unsigned argc, const struct rcs_arg *args)
{
    RCS_ASSERT(!program->busy && argc >= 2);
    take_words(program, argc, args);
    program->staying = false;
    program->slot = rcs_slot_of_key(args[1].bytes, args[1].size_bytes);
    if (program->kind->aim == RCS_AIM_MAP && !program->map.read) {
        refresh(program, AFTER_OPENING);
    } else {
        begin_attempt(program);
    }
}

void rcs_program_stay(struct rcs_program *program, unsigned argc, const struct rcs_arg *args)
{
    RCS_ASSERT(!program->busy && program->error == RCS_WORKLOAD_ERROR_COUNT && argc >= 1);
    take_words(program, argc, args);
    program->staying = true;
    if (rcs_session_connected(program->session)) {
        send(program);
    } else {
        end(program, RCS_WORKLOAD_CLOSED, NULL);
    }
}

int rcs_program_node(const struct rcs_program *program)
{
    return program->target;
}

/* --- failures --------------------------------------------------------------------------------- */

/* The map was read again, or there was no need to. */
static void next_attempt(struct rcs_program *program)
{
    if (program->attempt == program->kind->attempts) {
        end(program, program->error, NULL);
        return;
    }
    program->attempt++;
    begin_attempt(program);
}

static void go_to_next(struct rcs_program *program)
{
    unsigned at = 0, count = program->params.seed_count;
    while (at < count && program->told[at] != program->target) {
        at++;
    }
    if (++program->nexts >= count) {
        end(program, program->error, NULL);
        return;
    }
    program->target = program->stand = program->told[(at + 1) % count];
    program->asking = false;
    send(program);
}

static void unreachable(struct rcs_program *program, enum rcs_workload_error error)
{
    const struct rcs_client_kind *kind = program->kind;
    program->error = error;
    program->asking = false;
    if (program->staying) {
        end(program, error, NULL);
        return;
    }
    if (program->again < kind->same_node) {
        program->again++;
        pause_before(program, PAUSE_RESEND, kind->pause_us);
        return;
    }
    program->map.lost[program->target] = true;
    program->map.known[program->target] = false;
    switch (kind->lost) {
    case RCS_LOST_ERROR:
        end(program, error, NULL);
        break;
    case RCS_LOST_NEXT:
        go_to_next(program);
        break;
    case RCS_LOST_SEEDS:
    case RCS_LOST_ANY:
        if (program->attempt < kind->attempts || kind->reads_before_fail) {
            refresh(program, AFTER_FAILURE);
        } else {
            end(program, error, NULL);
        }
        break;
    }
}

/* --- reading the map -------------------------------------------------------------------------- */

static void ask_for_map(struct rcs_program *program, int node)
{
    static const char info[] = "INFO", slots[] = "CLUSTER SLOTS";
    program->asked = node;
    rcs_client_map_note(&program->map, node);
    program->errand = program->kind->asks_info ? ERRAND_INFO : ERRAND_SLOTS;
    if (program->kind->asks_info) {
        rcs_session_words(program->session, node, info, strlen(info));
    } else {
        rcs_session_words(program->session, node, slots, strlen(slots));
    }
    await(program);
}

static void cannot_refresh(struct rcs_program *program)
{
    end(program, program->kind->lost == RCS_LOST_ANY ? program->error : RCS_WORKLOAD_TOPOLOGY,
        NULL);
}

static void refreshed(struct rcs_program *program)
{
    switch (program->after) {
    case AFTER_OPENING:
        begin_attempt(program);
        break;
    case AFTER_FAILURE:
        next_attempt(program);
        break;
    case AFTER_MOVED:
        if (program->kind->moved == RCS_MOVED_PATCH) {
            program->target = aim(program); /* whatever the new map says */
        } else {
            program->map.owner[program->slot] = (int16_t)program->target;
        }
        if (program->target == RCS_NOBODY) {
            end(program, RCS_WORKLOAD_TOPOLOGY, NULL);
        } else {
            send(program);
        }
        break;
    }
}

/* Any of the nodes that are left; each draw counts. */
static void ask_any(struct rcs_program *program)
{
    unsigned left = 0;
    for (unsigned i = 0; i < program->map.room; i++) {
        left += program->map.known[i];
    }
    if (left == 0 || program->tries++ == 5) {
        cannot_refresh(program);
        return;
    }
    unsigned draw = rcs_rand_below(program->params.chance, left);
    for (unsigned i = 0; i < program->map.room; i++) {
        if (program->map.known[i] && draw-- == 0) {
            ask_for_map(program, (int)i);
            return;
        }
    }
}

static void ask_next_seed(struct rcs_program *program)
{
    if (program->seed_at >= program->map.seed_count) { /* a map just read may list fewer */
        if (program->reached) {
            refreshed(program);
        } else {
            cannot_refresh(program);
        }
        return;
    }
    int seed = program->map.seeds[program->seed_at++];
    if (program->kind->brittle && program->map.read && program->map.lost[seed]) {
        cannot_refresh(program);
        return;
    }
    ask_for_map(program, seed);
}

static void ask_another(struct rcs_program *program)
{
    if (program->kind->lost == RCS_LOST_ANY) {
        program->map.known[program->asked] = false;
        ask_any(program);
    } else {
        ask_next_seed(program);
    }
}

static void refresh(struct rcs_program *program, enum after after)
{
    program->after = after;
    program->seed_at = program->tries = 0;
    program->reached = false;
    if (program->kind->lost != RCS_LOST_ANY) {
        ask_next_seed(program);
    } else if (after == AFTER_MOVED) {
        ask_for_map(program, program->target);
    } else {
        ask_any(program);
    }
}

static void take_map(struct rcs_program *program, const struct rcs_reply *reply)
{
    const struct rcs_client_kind *kind = program->kind;
    unsigned covered =
        rcs_client_map_take(&program->map, program->asked, reply, kind->lost == RCS_LOST_SEEDS);
    program->reached = true;
    if (covered >= RCS_SLOTS || kind->lost == RCS_LOST_ANY) {
        refreshed(program);
    } else { /* perhaps another one knows more */
        ask_next_seed(program);
    }
}

/* --- replies ---------------------------------------------------------------------------------- */

static bool begins(const struct rcs_reply *reply, const char *word)
{
    size_t size = strlen(word);
    return reply->kind == RCS_REPLY_ERROR && reply->size_bytes >= size &&
           memcmp(reply->bytes, word, size) == 0;
}

static enum rcs_workload_error kind_of(const struct rcs_reply *reply)
{
    static const struct {
        const char *word;
        enum rcs_workload_error error;
    } rows[] = {
        { "MOVED ", RCS_WORKLOAD_MOVED },
        { "ASK ", RCS_WORKLOAD_MOVED },
        { "CLUSTERDOWN", RCS_WORKLOAD_CLUSTERDOWN },
        { "READONLY", RCS_WORKLOAD_READONLY },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (begins(reply, rows[i].word)) {
            return rows[i].error;
        }
    }
    return RCS_WORKLOAD_OTHER;
}

static void redirected(struct rcs_program *program, const struct rcs_reply *reply)
{
    const struct rcs_client_kind *kind = program->kind;
    struct rcs_redirection to;
    if (kind->moved == RCS_MOVED_ERROR || program->followed++ == kind->redirections ||
        !rcs_redirection_read(reply, &to)) {
        end(program, RCS_WORKLOAD_MOVED, NULL);
        return;
    }
    const char *ip = to.ip[0] != '\0' ? to.ip : program->sim->nodes[program->target].ip;
    int node = rcs_links_node_at(program->sim, ip, to.port);
    if (node < 0) {
        end(program, RCS_WORKLOAD_REFUSED, NULL);
        return;
    }
    program->target = node;
    program->asking = to.ask;
    if (to.ask) {
        send(program);
        return;
    }
    program->moved++;
    switch (kind->moved) {
    case RCS_MOVED_ERROR:
        break;
    case RCS_MOVED_GO:
        program->stand = node;
        send(program);
        break;
    case RCS_MOVED_PATCH:
        program->map.owner[program->slot] = (int16_t)node;
        if (kind->moved_reads > 0 && program->moved % kind->moved_reads == 0) {
            refresh(program, AFTER_MOVED);
        } else {
            send(program);
        }
        break;
    case RCS_MOVED_REFRESH:
        refresh(program, AFTER_MOVED);
        break;
    }
}

static void answered(struct rcs_program *program, const struct rcs_reply *reply)
{
    enum rcs_workload_error error = kind_of(reply);
    if (reply->kind != RCS_REPLY_ERROR && program->greeting) {
        program->greeting = false;
        program->attempt = 1;
        begin_attempt(program);
    } else if (reply->kind != RCS_REPLY_ERROR) {
        program->stand = program->target;
        end(program, RCS_WORKLOAD_ERROR_COUNT, reply);
    } else if (program->staying) {
        end(program, error, NULL);
    } else if (error == RCS_WORKLOAD_MOVED) {
        redirected(program, reply);
    } else if (error == RCS_WORKLOAD_CLUSTERDOWN && program->kind->down_pause_us > 0) {
        program->error = error;
        pause_before(program, PAUSE_REFRESH, program->kind->down_pause_us);
    } else {
        end(program, error, NULL);
    }
}

static void map_answered(struct rcs_program *program, const struct rcs_reply *reply)
{
    static const char slots[] = "CLUSTER SLOTS";
    if (program->errand == ERRAND_INFO && reply->kind != RCS_REPLY_ERROR) {
        program->errand = ERRAND_SLOTS;
        rcs_session_words(program->session, program->asked, slots, strlen(slots));
        await(program);
    } else if (program->errand == ERRAND_SLOTS && reply->kind == RCS_REPLY_ARRAY) {
        take_map(program, reply);
    } else {
        ask_another(program);
    }
}

static void failed(struct rcs_program *program, enum rcs_workload_error error)
{
    if (program->errand == ERRAND_INFO || program->errand == ERRAND_SLOTS) {
        ask_another(program);
    } else {
        unreachable(program, error);
    }
}

static enum rcs_workload_error failure_of(const struct rcs_session *session)
{
    const char *text = rcs_session_error(session);
    return strstr(text, "timed out") != NULL ? RCS_WORKLOAD_TIMEOUT
           : strstr(text, "closed") != NULL  ? RCS_WORKLOAD_CLOSED
                                             : RCS_WORKLOAD_REFUSED;
}

static void on_answer(void *arg)
{
    struct rcs_program *program = arg;
    program->waits = false;
    program->params.wake(program->params.arg, RCS_NEVER);
    if (rcs_session_state(program->session) == RCS_SESSION_FAILED) {
        failed(program, failure_of(program->session));
        return;
    }
    const struct rcs_reply *reply = rcs_session_reply(program->session);
    switch (program->errand) {
    case ERRAND_COMMAND:
        answered(program, reply);
        break;
    case ERRAND_ASKING:
        program->asking = false;
        send(program);
        break;
    case ERRAND_INFO:
    case ERRAND_SLOTS:
        map_answered(program, reply);
        break;
    }
}

void rcs_program_wake(struct rcs_program *program)
{
    enum pausing pausing = program->pausing;
    program->pausing = PAUSE_NONE;
    if (pausing == PAUSE_RESEND) {
        send(program);
    } else if (pausing == PAUSE_REFRESH) {
        refresh(program, AFTER_FAILURE);
    } else if (program->waits) {
        over_time(program);
    }
}
