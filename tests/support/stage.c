#include "tests/support/stage.h"

#include <rcsim/nodes_text.h>

#include "tests/support/support.h"

#include "sim/words.h"

/* WARM_S: whole seconds between the origin of virtual time and the second in which the recording
 * begins. */
#define WARM_S    6
#define SEEDS_MAX 200
#define SLACK_US  RCS_MS(150) /* a packet may wait so long for the link it came by */

enum due_kind {
    DUE_START,
    DUE_ACCEPT,
    DUE_LOST_IN,
    DUE_LOST_OUT,
    DUE_MSG_IN,
    DUE_MSG_OUT,
    DUE_UP,
    DUE_REFUSED,
    DUE_COMMAND
};

/* Something that will happen to the node. */
struct due {
    rcs_us at_us; /* virtual */
    uint64_t sequence;
    enum due_kind kind;
    int conn; /* ACCEPT, LOST_IN, MSG_IN */
    int peer; /* LOST_OUT, MSG_OUT, UP, REFUSED */
    uint32_t link;
    rcs_us give_up_us;       /* MSG_OUT: the link may be a little late */
    struct rcs_bus_msg *msg; /* one reference */
    const char *command;
};

/* --- small things ----------------------------------------------------------------------------- */

static void *append(void *list, size_t *count, size_t item_bytes)
{
    char *bigger = realloc(list, (*count + 1) * item_bytes);
    assert_non_null(bigger);
    memset(bigger + *count * item_bytes, 0, item_bytes);
    (*count)++;
    return bigger;
}

static struct rcs_bus_msg *read_msg(struct stage *stage, const struct talk_event *event)
{
    struct rcs_bus_msg *msg = NULL;
    struct rcs_bus_refusal refusal;
    size_t used = 0;
    assert_int_equal(
        rcs_bus_read(stage->store, event->bytes, event->size_bytes, &msg, &used, &refusal), RCS_OK);
    assert_int_equal(used, event->size_bytes);
    return msg;
}

static struct due *due_add(struct stage *stage, rcs_us at_us, enum due_kind kind)
{
    if (stage->due_count == stage->due_room) {
        stage->due_room = stage->due_room == 0 ? 256 : stage->due_room * 2;
        stage->due = realloc(stage->due, stage->due_room * sizeof(stage->due[0]));
        assert_non_null(stage->due);
    }
    struct due *due = &stage->due[stage->due_count++];
    *due = (struct due){ .at_us = at_us,
                         .sequence = stage->next_sequence++,
                         .kind = kind,
                         .conn = -1,
                         .peer = -1,
                         .link = RCS_LINK_NONE };
    return due;
}

/* The index of what is due first, ties in the order they were added; due_count if nothing is. */
static size_t due_first(const struct stage *stage)
{
    size_t first = stage->due_count;
    for (size_t i = 0; i < stage->due_count; i++) {
        const struct due *a = &stage->due[i];
        const struct due *b = first == stage->due_count ? NULL : &stage->due[first];
        if (b == NULL || a->at_us < b->at_us ||
            (a->at_us == b->at_us && a->sequence < b->sequence)) {
            first = i;
        }
    }
    return first;
}

/* The first recorded packet of a node that carries a whole header of its own. */
static const struct talk_event *first_packet(const struct talk *talk, int node)
{
    for (size_t i = 0; i < talk->event_count; i++) {
        if (talk->events[i].kind == TALK_MSG && talk->events[i].from == node) {
            return &talk->events[i];
        }
    }
    return NULL;
}

/* A PING or PONG of the peer as it would have been just before the recording. */
static struct rcs_bus_msg *earlier_word(struct stage *stage, int peer, enum rcs_bus_type type)
{
    const struct talk_event *packet = first_packet(stage->talk, peer);
    assert_non_null(packet);
    struct rcs_bus_msg *like = read_msg(stage, packet);
    struct rcs_bus_msg *msg = rcs_bus_msg_new(stage->store, type, 0);
    msg->flags = like->flags;
    msg->state = like->state;
    msg->sender = like->sender;
    msg->master = like->master;
    msg->addr = like->addr;
    msg->current_epoch = like->current_epoch;
    msg->config_epoch = like->config_epoch;
    msg->offset = like->offset;
    rcs_slot_set_release(stage->store, msg->slots);
    msg->slots = rcs_slot_set_retain(like->slots);
    rcs_bus_msg_seal(msg);
    rcs_bus_msg_release(stage->store, like);
    return msg;
}

const struct talk_event *talk_mark(const struct talk *talk, int node, const char *what)
{
    for (size_t i = 0; i < talk->event_count; i++) {
        const struct talk_event *event = &talk->events[i];
        if (event->kind == TALK_MARK && event->from == node &&
            strncmp(event->what, what, strlen(what)) == 0) {
            return event;
        }
    }
    return NULL;
}

/* True while connects to the peer are refused: from its death until it accepts again. */
static bool refuses(const struct stage *stage, int peer, rcs_us at_us)
{
    const struct talk *talk = stage->talk;
    const struct talk_event *killed = talk_mark(talk, peer, "kill -9");
    if (killed == NULL || at_us < killed->at_us) {
        return false;
    }
    for (size_t i = 0; i < talk->event_count; i++) {
        const struct talk_event *event = &talk->events[i];
        if (event->kind == TALK_SYNACK && event->from == peer && event->at_us > killed->at_us) {
            return at_us < event->at_us - RCS_MS(1);
        }
    }
    return true;
}

/* --- what the node does ----------------------------------------------------------------------- */

static int peer_of_link(const struct stage *stage, uint32_t link)
{
    for (int i = 0; i < stage->talk->node_count; i++) {
        if (stage->far[i].state != FAR_CLOSED && stage->far[i].link == link) {
            return i;
        }
    }
    return -1;
}

static void on_connect(struct stage *stage, const struct rcs_effect *effect)
{
    const struct rcs_address *address = rcs_store_address(stage->store, effect->addr);
    for (int i = 0; i < stage->talk->node_count; i++) {
        if (stage->talk->nodes[i].cport != address->cport) {
            continue;
        }
        assert_string_equal(address->ip, "127.0.0.1");
        assert_int_equal(stage->far[i].state, FAR_CLOSED);
        stage->far[i].link = effect->link;
        stage->far[i].state = FAR_CONNECTING;
        bool refused = refuses(stage, i, stage->now_us - stage->origin_us);
        struct due *due = due_add(stage, stage->now_us + 100, refused ? DUE_REFUSED : DUE_UP);
        due->peer = i;
        due->link = effect->link;
        return;
    }
    fail_msg("a connect to bus port %u, where no recorded node listens", address->cport);
}

static void on_close(struct stage *stage, uint32_t link)
{
    int peer = peer_of_link(stage, link);
    if (peer >= 0) {
        stage->far[peer].state = FAR_CLOSED;
        stage->closes[peer] += stage->now_us >= stage->origin_us;
        return;
    }
    for (int i = 0; i < stage->talk->conn_count; i++) {
        if (stage->inbound[i] == link) {
            stage->inbound[i] = RCS_LINK_NONE;
        }
    }
}

static void on_send(struct stage *stage, const struct rcs_effect *effect)
{
    rcs_us at_us = stage->now_us - stage->origin_us;
    int conn = -1, peer = peer_of_link(stage, effect->link);
    if (peer < 0) {
        conn = (int)(effect->link - RCS_LINK_IN);
        assert_in_range(conn, 0, stage->talk->conn_count - 1);
        assert_int_equal(stage->inbound[conn], effect->link);
        peer = stage->talk->conns[conn].connector;
        if (stage->closed_at_us[conn] <= at_us) {
            return; /* read after the peer had closed it: the answer never leaves */
        }
    } else if (refuses(stage, peer, at_us)) {
        return; /* lost with the connect that will be refused */
    }
    if (at_us < 0) {
        if (effect->bus_msg->type == RCS_BUS_PING && conn < 0) {
            struct due *due = due_add(stage, stage->now_us + 300, DUE_MSG_OUT);
            due->peer = peer;
            due->give_up_us = stage->now_us + RCS_MS(5);
            due->msg = earlier_word(stage, peer, RCS_BUS_PONG);
        }
        return;
    }
    stage->said = append(stage->said, &stage->said_count, sizeof(stage->said[0]));
    stage->said[stage->said_count - 1] = (struct said){
        .at_us = at_us, .peer = peer, .conn = conn, .msg = rcs_bus_msg_retain(effect->bus_msg)
    };
}

static void keep_lines(struct stage *stage)
{
    rcs_us at_us = stage->now_us - stage->origin_us;
    const struct rcs_facts *facts = &stage->effects.facts;
    for (size_t i = 0; i < facts->count && at_us >= 0; i++) {
        const struct rcs_fact *fact = &facts->list[i];
        if (rcs_words((enum rcs_release)fact->release, (enum rcs_fact_code)fact->code).text ==
            NULL) {
            continue;
        }
        struct rcs_buf text;
        rcs_buf_init(&text);
        rcs_fact_text(&text, stage->store, &facts->list[i]);
        stage->lines = append(stage->lines, &stage->line_count, sizeof(stage->lines[0]));
        struct line *line = &stage->lines[stage->line_count - 1];
        line->at_us = at_us;
        line->role = facts->list[i].role;
        snprintf(line->text, sizeof(line->text), "%.*s", (int)text.size_bytes, text.data);
        rcs_buf_close(&text);
    }
}

static void step(struct stage *stage, struct rcs_event *event)
{
    event->at_us = stage->now_us;
    if (event->kind != RCS_EVENT_CLIENT_REQUEST) {
        event->remote = event->local = stage->here;
    }
    rcs_node_step(stage->node, event, &stage->effects);
    for (size_t i = 0; i < stage->effects.count; i++) {
        const struct rcs_effect *effect = &stage->effects.list[i];
        switch ((enum rcs_effect_kind)effect->kind) {
        case RCS_EFFECT_LINK_CONNECT:
            on_connect(stage, effect);
            break;
        case RCS_EFFECT_LINK_CLOSE:
            on_close(stage, effect->link);
            break;
        case RCS_EFFECT_TURN:
            break;
        case RCS_EFFECT_LINK_RENAME: {
            int peer = peer_of_link(stage, effect->link);
            assert_true(peer >= 0);
            stage->far[peer].link = effect->to_link;
            break;
        }
        case RCS_EFFECT_BUS_SEND:
            on_send(stage, effect);
            break;
        case RCS_EFFECT_CLIENT_REPLY:
            assert_int_equal(effect->blob->size_bytes, 5);
            assert_memory_equal(effect->blob->bytes, "+OK\r\n", 5);
            break;
        case RCS_EFFECT_EXIT:
            fail_msg("the node ended itself with status %d", effect->status);
            break;
        case RCS_EFFECT_CLIENT_SNAPSHOT:
        case RCS_EFFECT_CLIENT_CLOSE:
        case RCS_EFFECT_MASTER_CONNECT: /* nobody answers there */
        case RCS_EFFECT_MASTER_REQUEST:
        case RCS_EFFECT_MASTER_CLOSE:
        case RCS_EFFECT_TARGET_CONNECT: /* nobody migrates there */
        case RCS_EFFECT_TARGET_REQUEST:
        case RCS_EFFECT_TARGET_CLOSE:
        case RCS_EFFECT_BLOCK:
        case RCS_EFFECT_UNBLOCK:
        case RCS_EFFECT_SAVE_CONFIG:
        case RCS_EFFECT_SAVE_REDIS_CONF:
        case RCS_EFFECT_SAVE_DUMP:
        case RCS_EFFECT_SLEEP:
            break;
        }
    }
    keep_lines(stage);
    rcs_effects_clear(&stage->effects, stage->store);
}

/* --- what happens to the node ----------------------------------------------------------------- */

/* nodes.conf as the real node would have had it: the recorded table, and the epoch of its first
 * packet. */
static void start_node(struct stage *stage)
{
    const struct talk_node *me = &stage->talk->nodes[stage->me];
    struct rcs_bus_msg *first = read_msg(stage, first_packet(stage->talk, stage->me));
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, me->before);
    rcs_buf_format(&text, "vars currentEpoch %llu lastVoteEpoch 0\n",
                   (unsigned long long)first->current_epoch);
    rcs_bus_msg_release(stage->store, first);
    struct rcs_saved_config *conf;
    struct rcs_diag diag = { .line = 0 };
    if (rcs_saved_config_read(stage->store, text.data, text.size_bytes, &conf, &diag) != RCS_OK) {
        fail_msg("nodes.conf of %s, line %d: %s", me->name, diag.line, diag.text);
    }
    rcs_buf_close(&text);
    struct rcs_start start = { .conf = conf };
    step(stage, &(struct rcs_event){ .kind = RCS_EVENT_START, .start = &start });
    rcs_saved_config_release(stage->store, conf);
}

static void accept_conn(struct stage *stage, int conn)
{
    stage->inbound[conn] = RCS_LINK_IN + (uint32_t)conn;
    step(stage,
         &(struct rcs_event){ .kind = RCS_EVENT_LINK_ACCEPTED, .link = stage->inbound[conn] });
}

static void message_out(struct stage *stage, struct due *due)
{
    if (stage->far[due->peer].state != FAR_UP) {
        if (stage->now_us < due->give_up_us) {
            struct due again = *due;
            struct due *later = due_add(stage, stage->now_us + RCS_MS(1), DUE_MSG_OUT);
            later->peer = again.peer;
            later->give_up_us = again.give_up_us;
            later->msg = again.msg;
            return;
        }
    } else {
        step(stage, &(struct rcs_event){ .kind = RCS_EVENT_BUS_MSG,
                                         .link = stage->far[due->peer].link,
                                         .bus_msg = due->msg });
    }
    rcs_bus_msg_release(stage->store, due->msg);
}

static void command(struct stage *stage, const char *words)
{
    struct rcs_request *request = rcs_request_words(stage->store, words, strlen(words));
    step(stage,
         &(struct rcs_event){ .kind = RCS_EVENT_CLIENT_REQUEST, .link = 1, .request = request });
    rcs_request_release(stage->store, request);
}

static void happen(struct stage *stage, struct due due)
{
    switch (due.kind) {
    case DUE_START:
        start_node(stage);
        step(stage, &(struct rcs_event){ .kind = RCS_EVENT_CLIENT_OPEN, .link = 1 });
        break;
    case DUE_ACCEPT:
        accept_conn(stage, due.conn);
        break;
    case DUE_LOST_IN:
        if (stage->inbound[due.conn] != RCS_LINK_NONE) {
            uint32_t link = stage->inbound[due.conn];
            stage->inbound[due.conn] = RCS_LINK_NONE;
            step(stage, &(struct rcs_event){ .kind = RCS_EVENT_LINK_LOST, .link = link });
        }
        break;
    case DUE_LOST_OUT:
        if (stage->far[due.peer].state == FAR_UP) {
            stage->far[due.peer].state = FAR_CLOSED;
            step(stage, &(struct rcs_event){ .kind = RCS_EVENT_LINK_LOST,
                                             .link = stage->far[due.peer].link });
        }
        break;
    case DUE_MSG_IN:
        if (stage->inbound[due.conn] != RCS_LINK_NONE) {
            step(stage, &(struct rcs_event){ .kind = RCS_EVENT_BUS_MSG,
                                             .link = stage->inbound[due.conn],
                                             .bus_msg = due.msg });
        }
        rcs_bus_msg_release(stage->store, due.msg);
        break;
    case DUE_MSG_OUT:
        message_out(stage, &due);
        break;
    case DUE_UP:
    case DUE_REFUSED:
        if (stage->far[due.peer].state != FAR_CONNECTING || stage->far[due.peer].link != due.link) {
            break; /* given up meanwhile */
        }
        stage->far[due.peer].state = due.kind == DUE_UP ? FAR_UP : FAR_CLOSED;
        step(stage, &(struct rcs_event){
                        .kind = due.kind == DUE_UP ? RCS_EVENT_LINK_UP : RCS_EVENT_LINK_FAILED,
                        .link = due.link,
                        .reason = due.kind == DUE_UP ? NULL : "Connection refused" });
        break;
    case DUE_COMMAND:
        command(stage, due.command);
        break;
    }
}

/* --- from the recording to what will happen --------------------------------------------------- */

/* When the node handled what came by `conn` at `at_us`: at once, unless it was stopped. Then
 * what it did on that connection after it went on shows when it got there. */
static rcs_us handled_us(const struct stage *stage, int conn, rcs_us at_us)
{
    if (at_us < stage->stop_us || at_us >= stage->go_on_us) {
        return at_us;
    }
    for (size_t i = 0; i < stage->talk->event_count; i++) {
        const struct talk_event *event = &stage->talk->events[i];
        if (event->conn == conn && event->from == stage->me && event->at_us >= stage->go_on_us &&
            event->kind != TALK_SYNACK) {
            return event->at_us - 20;
        }
    }
    return stage->go_on_us + 20;
}

/* True if the node itself closed the connection before this FIN or RST of its peer. */
static bool closed_by_me(const struct stage *stage, const struct talk_event *until)
{
    for (const struct talk_event *event = stage->talk->events; event < until; event++) {
        if (event->kind == TALK_FIN && event->conn == until->conn && event->from == stage->me) {
            return true;
        }
    }
    return false;
}

static void plan_event(struct stage *stage, const struct talk_event *event, rcs_us begin_us)
{
    const struct talk *talk = stage->talk;
    bool listens = event->conn >= 0 && talk->conns[event->conn].listener == stage->me;
    rcs_us at_us = stage->origin_us + handled_us(stage, event->conn, event->at_us);
    struct due *due;
    if (event->at_us < begin_us) {
        return;
    }
    if (event->conn >= 0 && event->to == stage->me) {
        if (at_us < stage->planned_us[event->conn]) {
            at_us = stage->planned_us[event->conn];
        }
        stage->planned_us[event->conn] = at_us;
    }
    switch (event->kind) {
    case TALK_SYNACK:
        if (listens && talk->conns[event->conn].connector >= 0) {
            due_add(stage, at_us, DUE_ACCEPT)->conn = event->conn;
        }
        break;
    case TALK_MSG:
        if (event->to != stage->me || event->from == stage->deaf_to) {
            break;
        }
        due = due_add(stage, at_us, event->out ? DUE_MSG_IN : DUE_MSG_OUT);
        due->conn = event->conn;
        due->peer = event->from;
        due->give_up_us = at_us + SLACK_US;
        due->msg = read_msg(stage, event);
        break;
    case TALK_FIN:
    case TALK_RST:
        if (event->to == stage->me && event->from >= 0 && !closed_by_me(stage, event)) {
            due = due_add(stage, at_us, listens ? DUE_LOST_IN : DUE_LOST_OUT);
            due->conn = event->conn;
            due->peer = event->from;
            if (listens && stage->closed_at_us[event->conn] > event->at_us) {
                stage->closed_at_us[event->conn] = event->at_us;
            }
        }
        break;
    case TALK_MARK:
        if (event->from == stage->me && strncmp(event->what, "CLUSTER ", 8) == 0) {
            due_add(stage, at_us, DUE_COMMAND)->command = event->what;
        }
        break;
    case TALK_SYN:
        break;
    }
}

/* Pings of peers bind the inbound links; their last pongs come when the recorded table says. */
static void plan_warm_up(struct stage *stage, rcs_us start_us)
{
    const struct talk *talk = stage->talk;
    for (int i = 0; i < talk->conn_count; i++) {
        if (talk->conns[i].open && talk->conns[i].listener == stage->me) {
            due_add(stage, start_us + RCS_MS(300), DUE_ACCEPT)->conn = i;
            struct due *due = due_add(stage, start_us + RCS_MS(301), DUE_MSG_IN);
            due->conn = i;
            due->msg = earlier_word(stage, talk->conns[i].connector, RCS_BUS_PING);
        }
    }
    struct rcs_conf_line *line = malloc(sizeof(*line));
    assert_non_null(line);
    for (const char *text = talk->nodes[stage->me].before; *text != '\0';) {
        size_t length = strcspn(text, "\n");
        assert_int_equal(rcs_conf_line_read(text, length, line, NULL), RCS_OK);
        text += length + (text[length] == '\n');
        for (int i = 0; i < talk->node_count; i++) {
            if (i != stage->me && strcmp(talk->nodes[i].id, line->node.name) == 0) {
                rcs_us at_us =
                    stage->origin_us + line->node.pong_received_ms * 1000 - talk->start_unix_us;
                struct due *due = due_add(stage, at_us, DUE_MSG_OUT);
                due->peer = i;
                due->give_up_us = at_us + RCS_MS(5);
                due->msg = earlier_word(stage, i, RCS_BUS_PONG);
            }
        }
    }
    free(line);
}

static void plan(struct stage *stage, rcs_us shift_us)
{
    const struct talk *talk = stage->talk;
    const struct talk_event *again = talk_mark(talk, stage->me, "start again");
    rcs_us begin_us = again != NULL ? again->at_us : 0;
    bool warm = again == NULL && talk->conn_count > 0 && talk->conns[0].open;
    /* A cluster that was just made: its masters were ready 2 s before they first said ok. */
    rcs_us start_us = again != NULL ? again->at_us
                      : warm        ? -RCS_S(WARM_S) + RCS_MS(100)
                                    : -RCS_MS(1200);
    due_add(stage, stage->origin_us + start_us + shift_us, DUE_START);
    if (warm) {
        plan_warm_up(stage, stage->origin_us + start_us + shift_us);
    }
    for (size_t i = 0; i < talk->event_count; i++) {
        plan_event(stage, &talk->events[i], begin_us);
        const struct talk_event *event = &talk->events[i];
        if (event->kind == TALK_MSG && event->from == stage->me && event->at_us >= begin_us) {
            stage->real = append(stage->real, &stage->real_count, sizeof(stage->real[0]));
            stage->real[stage->real_count - 1] =
                (struct said){ .at_us = event->at_us,
                               .peer = event->to,
                               .conn = event->out ? -1 : event->conn,
                               .msg = read_msg(stage, event) };
        }
    }
}

/* --- running ---------------------------------------------------------------------------------- */

static struct stage *stage_run(const struct talk *talk, int me, int deaf_to, uint64_t seed,
                               rcs_us shift_us)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    assert_non_null(stage);
    stage->talk = talk;
    stage->me = me;
    stage->deaf_to = deaf_to;
    stage->store = rcs_store_new();
    rcs_effects_init(&stage->effects);
    stage->effects.facts.level = RCS_LEVEL_VERBOSE;
    stage->origin_us = RCS_S(WARM_S + 1) + talk->start_unix_us % RCS_S(1);
    stage->here = rcs_store_addr(stage->store, &(struct rcs_address){ .ip = "127.0.0.1" });
    stage->inbound = malloc((size_t)talk->conn_count * sizeof(stage->inbound[0]));
    stage->closed_at_us = malloc((size_t)talk->conn_count * sizeof(stage->closed_at_us[0]));
    stage->planned_us = calloc((size_t)talk->conn_count, sizeof(stage->planned_us[0]));
    for (int i = 0; i < talk->conn_count; i++) {
        stage->inbound[i] = RCS_LINK_NONE;
        stage->closed_at_us[i] = RCS_NEVER;
    }
    for (int i = 0; i < talk->node_count; i++) {
        stage->ids[i] = rcs_store_id(stage->store, talk->nodes[i].id);
    }
    const struct talk_event *stop = talk_mark(talk, me, "SIGSTOP"),
                            *go_on = talk_mark(talk, me, "SIGCONT");
    stage->stop_us = stop == NULL ? RCS_NEVER : stop->at_us;
    stage->go_on_us = go_on == NULL ? RCS_NEVER : go_on->at_us;

    struct rcs_config config;
    rcs_config_init(&config);
    config.port = talk->nodes[me].port;
    config.node_timeout_ms = talk->node_timeout_ms;
    config.replica_validity_factor = 0;
    config.loglevel = RCS_LEVEL_VERBOSE;
    struct rcs_node_params params = {
        .store = stage->store,
        .config = &config,
        .seed = seed,
        .pid = 100,
        .wall_base_ms = (talk->start_unix_us / RCS_S(1) - WARM_S - 1) * 1000 - RCS_NODE_MS_START,
    };
    stage->node = rcs_node_new(&params);
    plan(stage, shift_us);

    rcs_us end_us = stage->origin_us + talk->events[talk->event_count - 1].at_us;
    for (bool started = false;;) {
        size_t first = due_first(stage);
        rcs_us due_us = first < stage->due_count ? stage->due[first].at_us : RCS_NEVER;
        rcs_us wake_us = started ? rcs_node_deadline(stage->node) : RCS_NEVER;
        if (stage->stop_us != RCS_NEVER && wake_us >= stage->origin_us + stage->stop_us &&
            wake_us < stage->origin_us + stage->go_on_us) {
            wake_us = stage->origin_us + stage->go_on_us + 50;
        }
        rcs_us next_us = due_us <= wake_us ? due_us : wake_us;
        if (next_us >= end_us) {
            break; /* what the last packet brings is not in the recording */
        }
        stage->now_us = next_us;
        if (due_us <= wake_us) {
            struct due due = stage->due[first];
            stage->due[first] = stage->due[--stage->due_count];
            started |= due.kind == DUE_START;
            happen(stage, due);
        } else {
            if (stage->wake_count < sizeof(stage->wakes) / sizeof(stage->wakes[0])) {
                stage->wakes[stage->wake_count++] = next_us - stage->origin_us;
            }
            step(stage, &(struct rcs_event){ .kind = RCS_EVENT_WAKE });
        }
    }
    return stage;
}

void stage_free(struct stage *stage)
{
    for (size_t i = 0; i < stage->said_count; i++) {
        rcs_bus_msg_release(stage->store, stage->said[i].msg);
    }
    for (size_t i = 0; i < stage->real_count; i++) {
        rcs_bus_msg_release(stage->store, stage->real[i].msg);
    }
    for (size_t i = 0; i < stage->due_count; i++) {
        if (stage->due[i].msg != NULL) {
            rcs_bus_msg_release(stage->store, stage->due[i].msg);
        }
    }
    rcs_node_free(stage->node);
    rcs_effects_close(&stage->effects, stage->store);
    rcs_store_free(stage->store);
    free(stage->said);
    free(stage->real);
    free(stage->lines);
    free(stage->due);
    free(stage->inbound);
    free(stage->closed_at_us);
    free(stage->planned_us);
    free(stage);
}

/* When the real node's first recorded tick was: it connected or pinged. */
static rcs_us real_tick_us(const struct talk *talk, int me)
{
    const struct talk_event *again = talk_mark(talk, me, "start again"),
                            *go_on = talk_mark(talk, me, "SIGCONT");
    rcs_us begin_us = again != NULL ? again->at_us : go_on != NULL ? go_on->at_us + RCS_MS(50) : 0;
    for (size_t i = 0; i < talk->event_count; i++) {
        const struct talk_event *event = &talk->events[i];
        if (event->from == me && event->at_us >= begin_us &&
            (event->kind == TALK_SYN || (event->kind == TALK_MSG && event->out))) {
            return event->at_us;
        }
    }
    return -1;
}

static rcs_us first_of(const struct said *list, size_t count, unsigned type)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].msg->type == type) {
            return list[i].at_us;
        }
    }
    return RCS_NEVER;
}

/* True if the election, if any, began within a tick before the real one. */
static bool delay_fits(const struct stage *stage)
{
    rcs_us real_us = first_of(stage->real, stage->real_count, RCS_BUS_AUTH_REQUEST);
    rcs_us said_us = first_of(stage->said, stage->said_count, RCS_BUS_AUTH_REQUEST);
    return real_us == RCS_NEVER || (said_us <= real_us && said_us > real_us - RCS_MS(105));
}

/* Runs the node with its ticks at the times of the real one's. */
struct stage *stage_play(const struct talk *talk, int me, int deaf_to)
{
    rcs_us tick_us = real_tick_us(talk, me);
    for (uint64_t seed = 1; seed <= SEEDS_MAX; seed++) {
        struct stage *probe = stage_run(talk, me, deaf_to, seed, 0);
        rcs_us shift_us = RCS_NEVER;
        for (size_t i = 0; i < probe->wake_count; i++) {
            rcs_us distance_us = tick_us - 30 - probe->wakes[i];
            if (llabs(distance_us) < llabs(shift_us)) {
                shift_us = distance_us;
            }
        }
        stage_free(probe);
        struct stage *stage = stage_run(talk, me, deaf_to, seed, shift_us);
        if (delay_fits(stage)) {
            return stage;
        }
        if (seed < SEEDS_MAX &&
            first_of(stage->said, stage->said_count, RCS_BUS_AUTH_REQUEST) == RCS_NEVER) {
            return stage; /* no election at all: the comparison says so */
        }
        stage_free(stage);
    }
    fail_msg("no seed gives the recorded election delay");
    return NULL;
}
