/* A client of the network experiments. */
#include "tests/support/net_lab.h"

#include <rcsim/slot.h>

#include "tests/support/support.h"

struct net_client {
    struct net_lab *lab;
    struct rcs_session *session;
    const char *site;
    char key[24];
    int pinned, at;
    int period_ms, patience_ms;
    bool waiting;
    rcs_us sent_us, next_us, acked_us, gap_us;
    int64_t acked;
};

static void open_session(struct net_client *client)
{
    if (client->session != NULL) {
        rcs_session_free(client->session);
    }
    client->session = rcs_session_new(client->lab->sim, client->site, client->pinned < 0);
    client->waiting = false;
}

/* A key of a third of the slots: found by trying. */
static void choose_key(struct net_client *client, int shard)
{
    static const int cuts[] = { 0, 5461, 10922, 16384 };
    for (int i = 0;; i++) {
        int size = snprintf(client->key, sizeof(client->key), "key%s%d",
                            client->site != NULL ? client->site : "", i);
        int slot = (int)rcs_slot_of_key(client->key, (size_t)size);
        if (slot >= cuts[shard] && slot < cuts[shard + 1]) {
            return;
        }
    }
}

struct net_client *net_client_new(struct net_lab *lab, int node, const char *site, int shard,
                                  int period_ms, int patience_ms)
{
    struct net_client *client = calloc(1, sizeof(*client));
    assert_non_null(client);
    *client = (struct net_client){ .lab = lab,
                                   .site = site,
                                   .pinned = node,
                                   .at = shard,
                                   .period_ms = period_ms,
                                   .patience_ms = patience_ms,
                                   .next_us = rcs_sim_now(lab->sim) +
                                              RCS_MS(net_lab_chance(lab, 60, period_ms)) };
    choose_key(client, shard);
    open_session(client);
    return client;
}

void net_client_free(struct net_client *client)
{
    rcs_session_free(client->session);
    free(client);
}

/* Own site's nodes first. */
static int next_node(const struct net_client *client)
{
    const struct net_layout *layout = client->lab->layout;
    for (int i = 1; i <= layout->count; i++) {
        int node = (client->at + i) % layout->count;
        if (client->site == NULL || strcmp(layout->sites[node], client->site) == 0) {
            return node;
        }
    }
    return client->at;
}

/* The next write comes a period after this one was answered. */
static void hear(struct net_client *client, rcs_us now_us)
{
    enum rcs_session_state state = rcs_session_state(client->session);
    bool late =
        state == RCS_SESSION_WAITING && now_us - client->sent_us >= RCS_MS(client->patience_ms);
    if (state == RCS_SESSION_WAITING && !late) {
        return;
    }
    bool answered = state == RCS_SESSION_REPLIED;
    client->waiting = false;
    client->next_us =
        (answered ? rcs_session_answered(client->session) : now_us) + RCS_MS(client->period_ms);
    if (answered && rcs_session_reply(client->session)->kind == RCS_REPLY_INTEGER) {
        rcs_us answered_us = rcs_session_answered(client->session);
        if (client->acked > 0 && answered_us - client->acked_us > client->gap_us) {
            client->gap_us = answered_us - client->acked_us;
        }
        client->acked++;
        client->acked_us = answered_us;
        client->at = rcs_session_node(client->session);
        return;
    }
    client->at = client->pinned >= 0 ? client->pinned : next_node(client);
    if (late || state == RCS_SESSION_FAILED) {
        open_session(client);
    }
}

static void turn(struct net_client *client)
{
    rcs_us now_us = rcs_sim_now(client->lab->sim);
    if (client->waiting) {
        hear(client, now_us);
    }
    if (!client->waiting && now_us >= client->next_us) {
        struct rcs_arg args[] = { { .bytes = "INCR", .size_bytes = 4 },
                                  { .bytes = client->key,
                                    .size_bytes = (uint32_t)strlen(client->key) } };
        client->sent_us = now_us;
        client->waiting = true;
        rcs_session_request(client->session, client->pinned >= 0 ? client->pinned : client->at, 2,
                            args);
    }
}

void net_clients_run(struct net_lab *lab, struct net_client **clients, unsigned count, int64_t ms)
{
    int64_t end_ms = net_lab_ms(lab) + ms;
    while (net_lab_ms(lab) < end_ms) {
        if (count == 0) {
            net_lab_wait(lab, 1);
        }
        for (unsigned i = 0; i < 5 && count > 0; i++) {
            for (unsigned k = 0; k < count; k++) {
                turn(clients[k]);
            }
            rcs_sim_advance(lab->sim, 200);
        }
    }
}

int64_t net_client_gap(const struct net_client *client)
{
    return client->gap_us / 1000;
}

int64_t net_client_lost(struct net_client *client, int owner)
{
    char text[64];
    snprintf(text, sizeof(text), "GET %s", client->key);
    struct rcs_session *session = net_lab_send(client->lab, owner, text);
    rcs_us limit = rcs_sim_now(client->lab->sim) + RCS_S(10);
    while (rcs_session_state(session) == RCS_SESSION_WAITING &&
           rcs_sim_step(client->lab->sim, limit)) {
    }
    assert_int_equal(rcs_session_state(session), RCS_SESSION_REPLIED);
    const struct rcs_reply *reply = rcs_session_reply(session);
    char number[24] = "0";
    if (reply->kind == RCS_REPLY_BULK) {
        snprintf(number, sizeof(number), "%.*s", (int)reply->size_bytes, reply->bytes);
    }
    int64_t kept = strtoll(number, NULL, 10);
    rcs_session_free(session);
    return client->acked > kept ? client->acked - kept : 0;
}
