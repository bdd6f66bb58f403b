#include "tests/support/node_harness.h"

#include "sim/cluster/parts.h"

#define FIRST_LINK 101

static void close_client(struct desk *desk, uint32_t link)
{
    struct desk_client *client = &desk->clients[link - FIRST_LINK];
    assert_true(client->link == link && !client->closed);
    client->closed = true;
}

static void add_words(struct rcs_buf *out, const struct rcs_request *request)
{
    for (unsigned i = 0; i < request->argc; i++) {
        rcs_buf_text(out, " ");
        for (unsigned j = 0; j < request->args[i].size_bytes; j++) {
            char c = request->args[i].bytes[j];
            rcs_buf_add(out, c > ' ' && c < 127 ? &c : ".", 1);
        }
    }
}

static void carry_out_target(struct desk *desk, const struct rcs_effect *effect)
{
    struct rcs_buf *out = &desk->targets;
    if (effect->kind == RCS_EFFECT_TARGET_CONNECT) {
        const struct rcs_address *address = rcs_store_address(desk->store, effect->addr);
        rcs_buf_format(out, "connect %u %s:%u", effect->link, address->ip, (unsigned)address->port);
    } else if (effect->kind == RCS_EFFECT_TARGET_REQUEST) {
        rcs_buf_format(out, "send %u", effect->link);
        add_words(out, effect->request);
    } else if (effect->kind == RCS_EFFECT_TARGET_CLOSE) {
        rcs_buf_format(out, "close %u", effect->link);
    } else if (effect->kind == RCS_EFFECT_BLOCK) {
        rcs_buf_format(out, "wait %lld", (long long)effect->duration_us / 1000);
    } else {
        rcs_buf_text(out, "go on");
    }
    rcs_buf_text(out, "\n");
}

static void carry_out(struct desk *desk, const struct rcs_effect *effect)
{
    switch ((enum rcs_effect_kind)effect->kind) {
    case RCS_EFFECT_CLIENT_REPLY:
        assert_false(desk->clients[effect->link - FIRST_LINK].closed);
        rcs_buf_add(&desk->clients[effect->link - FIRST_LINK].received, effect->blob->bytes,
                    effect->blob->size_bytes);
        break;
    case RCS_EFFECT_CLIENT_CLOSE:
        close_client(desk, effect->link);
        break;
    case RCS_EFFECT_CLIENT_SNAPSHOT:
        desk->snapshots++;
        break;
    case RCS_EFFECT_SLEEP:
        desk->slept_us += effect->duration_us;
        break;
    case RCS_EFFECT_EXIT:
        desk->exited = true;
        break;
    case RCS_EFFECT_TARGET_CONNECT:
    case RCS_EFFECT_TARGET_REQUEST:
    case RCS_EFFECT_TARGET_CLOSE:
    case RCS_EFFECT_BLOCK:
    case RCS_EFFECT_UNBLOCK:
        carry_out_target(desk, effect);
        break;
    default:
        break; /* the bus, the disk and masters are nobody's here */
    }
}

static void step(struct desk *desk, struct rcs_event *event)
{
    if (desk->exited) {
        return;
    }
    event->at_us = desk->now_us;
    rcs_node_step(desk->node, event, &desk->effects);
    for (size_t i = 0; i < desk->effects.count; i++) {
        carry_out(desk, &desk->effects.list[i]);
    }
    rcs_effects_clear(&desk->effects, desk->store);
}

struct desk *desk_new(const struct rcs_config *config)
{
    struct rcs_config defaults;
    rcs_config_init(&defaults);
    defaults.save[0] = '\0';
    defaults.enable_debug_command = true;
    defaults.port = 7000;
    strcpy(defaults.announce_ip, "127.0.0.1");
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    desk->store = rcs_store_new();
    rcs_effects_init(&desk->effects);
    struct rcs_node_params params = { .store = desk->store,
                                      .config = config == NULL ? &defaults : config,
                                      .seed = 1,
                                      .pid = 4711,
                                      .wall_base_ms = 1767225600000 - RCS_NODE_MS_START };
    desk->node = rcs_node_new(&params);
    struct rcs_start start = { .conf = NULL };
    struct rcs_event event = { .kind = RCS_EVENT_START, .start = &start };
    step(desk, &event);
    desk_ask(desk, DESK_CLIENTS - 1, "CLUSTER ADDSLOTSRANGE 0 16383");
    desk_run(desk, 6000);
    desk_leave(desk, DESK_CLIENTS - 1);
    assert_true(desk->node->cluster.state_ok);
    return desk;
}

void desk_free(struct desk *desk)
{
    for (unsigned i = 0; i < DESK_CLIENTS; i++) {
        if (desk->clients[i].link != 0) {
            rcs_resp_requests_free(desk->clients[i].reader);
            rcs_buf_close(&desk->clients[i].received);
        }
    }
    rcs_node_free(desk->node);
    rcs_effects_close(&desk->effects, desk->store);
    rcs_buf_close(&desk->targets);
    rcs_store_free(desk->store);
    free(desk);
}

const char *desk_targets(struct desk *desk)
{
    static const char end = '\0';
    rcs_buf_add(&desk->targets, &end, 1);
    desk->targets.size_bytes = 0; /* the text stays until something is added */
    return desk->targets.data;
}

void desk_target(struct desk *desk, enum rcs_event_kind kind, uint32_t link, const char *text)
{
    struct rcs_event event = { .kind = kind, .link = link };
    struct rcs_blob *blob = NULL;
    if (kind == RCS_EVENT_TARGET_DATA) {
        blob = event.blob = rcs_blob_new(desk->store, text, strlen(text));
    } else if (kind == RCS_EVENT_TARGET_FAILED) {
        event.reason = text;
    }
    step(desk, &event);
    if (blob != NULL) {
        rcs_blob_release(desk->store, blob);
    }
}

int desk_setup(void **state)
{
    *state = desk_new(NULL);
    return 0;
}

int desk_teardown(void **state)
{
    desk_free(*state);
    return 0;
}

void desk_run(struct desk *desk, int64_t ms)
{
    rcs_us until_us = desk->now_us + RCS_MS(ms);
    while (!desk->exited && rcs_node_deadline(desk->node) <= until_us) {
        rcs_us deadline_us = rcs_node_deadline(desk->node);
        desk->now_us = deadline_us > desk->now_us ? deadline_us : desk->now_us;
        struct rcs_event event = { .kind = RCS_EVENT_WAKE };
        step(desk, &event);
    }
    desk->now_us = until_us;
}

void desk_open(struct desk *desk, unsigned client)
{
    assert_true(client < DESK_CLIENTS);
    struct desk_client *c = &desk->clients[client];
    if (c->link != 0 && !c->closed) {
        return;
    }
    if (c->link != 0) {
        rcs_resp_requests_free(c->reader);
        rcs_buf_close(&c->received);
    }
    *c = (struct desk_client){ .link = FIRST_LINK + client, .reader = rcs_resp_requests_new() };
    rcs_buf_init(&c->received);
    struct rcs_address remote = { .ip = "127.0.0.1", .port = (uint16_t)(50000 + client) };
    struct rcs_address local = { .ip = "127.0.0.1", .port = 7000 };
    struct rcs_event event = { .kind = RCS_EVENT_CLIENT_OPEN,
                               .link = c->link,
                               .remote = rcs_store_addr(desk->store, &remote),
                               .local = rcs_store_addr(desk->store, &local) };
    step(desk, &event);
}

void desk_leave(struct desk *desk, unsigned client)
{
    struct rcs_event event = { .kind = RCS_EVENT_CLIENT_GONE, .link = desk->clients[client].link };
    step(desk, &event);
    desk->clients[client].closed = true;
}

static void request(struct desk *desk, unsigned client, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_event event = { .kind = RCS_EVENT_CLIENT_REQUEST,
                               .link = desk->clients[client].link };
    event.request = rcs_request_new(desk->store, argc, args);
    step(desk, &event);
    rcs_request_release(desk->store, event.request);
}

const char *desk_receive(struct desk *desk, unsigned client, size_t *size_bytes)
{
    static struct rcs_buf last; /* borrowed by the caller until the next call */
    struct rcs_buf *received = &desk->clients[client].received;
    rcs_buf_clear(&last);
    rcs_buf_add(&last, received->data, received->size_bytes);
    rcs_buf_add(&last, "", 1);
    if (size_bytes != NULL) {
        *size_bytes = received->size_bytes;
    }
    rcs_buf_clear(received);
    return last.data;
}

void desk_feed(struct desk *desk, unsigned client, const void *bytes, size_t size_bytes)
{
    desk_open(desk, client);
    struct rcs_resp_requests *reader = desk->clients[client].reader;
    rcs_resp_requests_feed(reader, bytes, size_bytes);
    const struct rcs_arg *args;
    unsigned argc;
    const char *error = NULL;
    enum rcs_err err = RCS_OK;
    while (!desk->clients[client].closed &&
           (err = rcs_resp_requests_next(reader, &args, &argc, &error)) == RCS_OK) {
        request(desk, client, argc, args);
    }
    if (err == RCS_ERR_PROTOCOL) { /* what a listener does */
        rcs_buf_text(&desk->clients[client].received, error);
        desk_leave(desk, client);
    }
}

const char *desk_send(struct desk *desk, unsigned client, const void *bytes, size_t size_bytes)
{
    desk_feed(desk, client, bytes, size_bytes);
    return desk_receive(desk, client, NULL);
}

const char *desk_ask(struct desk *desk, unsigned client, const char *words)
{
    desk_open(desk, client);
    struct rcs_request *made = rcs_request_words(desk->store, words, strlen(words));
    request(desk, client, made->argc, made->args);
    rcs_request_release(desk->store, made);
    return desk_receive(desk, client, NULL);
}

void desk_expect(struct desk *desk, unsigned client, const char *words, const char *reply)
{
    struct rcs_buf wanted;
    rcs_buf_init(&wanted);
    for (const char *c = reply; *c != '\0'; c++) {
        rcs_buf_add(&wanted, *c == '\n' ? "\r\n" : c, *c == '\n' ? 2 : 1);
    }
    rcs_buf_add(&wanted, "", 1);
    const char *got = desk_ask(desk, client, words);
    if (strcmp(got, wanted.data) != 0) {
        fail_msg("%s\ngot:  %s\nwant: %s", words, got, wanted.data);
    }
    rcs_buf_close(&wanted);
}

void desk_attach_replica(struct desk *desk, unsigned client)
{
    unsigned before = desk->snapshots;
    char offset[64];
    desk_expect(desk, client, "REPLCONF capa eof capa psync2", "+OK\n");
    desk_ask(desk, client, "PSYNC ? -1");
    for (int i = 0; i < 100 && desk->snapshots == before; i++) {
        desk_run(desk, 100);
    }
    assert_int_equal(desk->snapshots, before + 1);
    snprintf(offset, sizeof(offset), "REPLCONF ACK %lld", (long long)rcs_node_offset(desk->node));
    for (int i = 0; i < 20; i++) {
        desk_ask(desk, client, offset);
        desk_run(desk, 100);
    }
    assert_int_equal(rcs_repl_online(desk->node), 1);
    desk_receive(desk, client, NULL);
}

rcs_id desk_add_master(struct desk *desk, char letter, uint16_t port)
{
    char name[RCS_ID_LEN];
    memset(name, letter, sizeof(name));
    struct rcs_cluster *cluster = &desk->node->cluster;
    struct rcs_address address = { .ip = "127.0.0.1",
                                   .port = port,
                                   .cport = (uint16_t)(port + 10000) };
    rcs_id id = rcs_store_id(desk->store, name);
    struct rcs_peer *peer =
        rcs_peer_add(cluster, id, RCS_NODE_MASTER, rcs_store_addr(desk->store, &address));
    peer->link = RCS_LINK_OPEN;
    rcs_peer_set_pong(cluster, id, cluster->now_ms);
    rcs_peer_changed(cluster, id);
    return id;
}

void desk_follow(struct desk *desk, rcs_id master)
{
    struct rcs_cluster *cluster = &desk->node->cluster;
    struct rcs_slot_words own = rcs_slots_of(cluster, cluster->myself)->words;
    desk->node->out = cluster->out = &desk->effects;
    rcs_slots_assign(cluster, &own, master); /* a node that has slots follows nobody */
    rcs_cluster_follow(cluster, master);
    assert_true(desk->node->repl.has_master);
    desk->node->out = cluster->out = NULL;
    rcs_effects_clear(&desk->effects, desk->store);
}

void desk_stream(struct desk *desk, unsigned client, struct rcs_buf *out)
{
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    size_t size_bytes;
    const char *bytes = desk_receive(desk, client, &size_bytes);
    const struct rcs_arg *args;
    const char *error;
    unsigned argc;
    rcs_resp_requests_feed(reader, bytes, size_bytes);
    while (rcs_resp_requests_next(reader, &args, &argc, &error) == RCS_OK) {
        if (args[0].size_bytes == 4 && memcmp(args[0].bytes, "PING", 4) == 0) {
            continue;
        }
        for (unsigned i = 0; i < argc; i++) {
            rcs_buf_text(out, i == 0 ? "" : " ");
            rcs_buf_add(out, args[i].bytes, args[i].size_bytes);
        }
        rcs_buf_text(out, "\n");
    }
    rcs_buf_add(out, "", 1);
    rcs_resp_requests_free(reader);
}
