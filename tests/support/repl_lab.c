#include "tests/support/repl_lab.h"

#include "sim/words.h"

#define DELAY_US   200
#define LINES_MAX  4000
#define EVENTS_MAX 4096
#define CONNS_MAX  256
#define NOBODY     (LAB_NODES + 1)
#define TEST       LAB_NODES /* the tests' own client stands here */

const char lab_turn_into_replica[] =
    "S * Before turning into a replica, using my own master parameters to synthesize a cached "
    "master: "
    "I may be able to synchronize with the new master with just a partial transfer.\n";
const char *const lab_quick[] = { "repl-diskless-sync-delay", "0", "repl-ping-replica-period",
                                  "3600", NULL };

struct message {
    rcs_us at_us;
    uint64_t sequence;
    unsigned to;
    struct rcs_event event; /* its counted value is owned */
};

struct conn {
    unsigned from, to; /* NOBODY: over */
    uint32_t from_link;
};

struct line {
    int64_t at_ms;
    char *text;
};

struct lab {
    struct rcs_store *store;
    struct rcs_config config;
    struct rcs_node *nodes[LAB_NODES];
    uint32_t lives[LAB_NODES];
    rcs_addr addrs[LAB_NODES];
    struct rcs_snapshot *dumps[LAB_NODES];
    bool paused[LAB_NODES], is_cut[LAB_NODES];
    rcs_us asleep_until_us[LAB_NODES];
    struct rcs_effects effects;
    rcs_us now_us;
    uint64_t sequence;
    struct message *messages;
    size_t message_count;
    struct conn conns[CONNS_MAX]; /* a connection's number is its place + 1 */
    unsigned conn_count;
    unsigned test_conn[LAB_NODES];
    struct rcs_buf answers[LAB_NODES];
    struct rcs_buf asked[LAB_NODES]; /* text, a line a request; what was handed out is over */
    bool asked_read[LAB_NODES];
    struct line lines[LAB_NODES][LINES_MAX];
    unsigned line_count[LAB_NODES], line_read[LAB_NODES];
};

/* --- messages --------------------------------------------------------------------------------- */

static void release_value(struct lab *lab, struct rcs_event *event)
{
    if (event->kind == RCS_EVENT_CLIENT_REQUEST) {
        rcs_request_release(lab->store, event->request);
    } else if (event->kind == RCS_EVENT_MASTER_DATA) {
        rcs_blob_release(lab->store, event->blob);
    } else if (event->kind == RCS_EVENT_MASTER_SNAPSHOT) {
        rcs_snapshot_release(event->snapshot);
    }
}

static struct rcs_event *post(struct lab *lab, unsigned to, enum rcs_event_kind kind, uint32_t link)
{
    assert_true(lab->message_count < EVENTS_MAX);
    struct message *message = &lab->messages[lab->message_count++];
    *message = (struct message){ .at_us = lab->now_us + DELAY_US,
                                 .sequence = lab->sequence++,
                                 .to = to,
                                 .event = { .kind = kind, .link = link } };
    return &message->event;
}

static bool lost_on_the_way(const struct lab *lab, unsigned from, unsigned to)
{
    return (from < LAB_NODES && lab->is_cut[from]) || (to < LAB_NODES && lab->is_cut[to]);
}

static struct conn *conn_from(struct lab *lab, unsigned from, uint32_t from_link)
{
    for (unsigned i = 0; i < lab->conn_count; i++) {
        if (lab->conns[i].from == from && lab->conns[i].from_link == from_link) {
            return &lab->conns[i];
        }
    }
    return NULL;
}

static uint32_t number_of(const struct lab *lab, const struct conn *conn)
{
    return (uint32_t)(conn - lab->conns) + 1;
}

static struct conn *open_conn(struct lab *lab, unsigned from, uint32_t from_link, unsigned to)
{
    assert_true(lab->conn_count < CONNS_MAX);
    struct conn *conn = &lab->conns[lab->conn_count++];
    *conn = (struct conn){ .from = from, .to = to, .from_link = from_link };
    struct rcs_event *event = post(lab, to, RCS_EVENT_CLIENT_OPEN, number_of(lab, conn));
    event->remote = lab->addrs[from < LAB_NODES ? from : 0];
    event->local = lab->addrs[to];
    return conn;
}

static void connect_node(struct lab *lab, unsigned from, const struct rcs_effect *effect)
{
    unsigned to = 0;
    while (to < LAB_NODES && lab->addrs[to] != effect->addr) {
        to++;
    }
    assert_true(to < LAB_NODES);
    if (lost_on_the_way(lab, from, to)) {
        return; /* a SYN into a black hole */
    }
    if (lab->nodes[to] == NULL) {
        post(lab, from, RCS_EVENT_MASTER_FAILED, effect->link)->reason = "Connection refused";
        return;
    }
    open_conn(lab, from, effect->link, to);
    post(lab, from, RCS_EVENT_MASTER_UP, effect->link);
}

/* --- effects ---------------------------------------------------------------------------------- */

/* What a node writes to one of its clients: to a replica, or to the test. */
static void to_client(struct lab *lab, unsigned from, struct rcs_effect *effect)
{
    struct conn *conn = &lab->conns[effect->link - 1];
    if (conn->from == NOBODY || lost_on_the_way(lab, from, conn->from)) {
        return;
    }
    if (conn->from == TEST) {
        if (effect->kind == RCS_EFFECT_CLIENT_REPLY) {
            rcs_buf_add(&lab->answers[from], effect->blob->bytes, effect->blob->size_bytes);
        } else if (effect->kind == RCS_EFFECT_CLIENT_CLOSE) {
            conn->from = NOBODY;
            lab->test_conn[from] = 0;
        }
        return;
    }
    if (effect->kind == RCS_EFFECT_CLIENT_REPLY) {
        post(lab, conn->from, RCS_EVENT_MASTER_DATA, conn->from_link)->blob = effect->blob;
        effect->blob = NULL;
    } else if (effect->kind == RCS_EFFECT_CLIENT_SNAPSHOT) {
        post(lab, conn->from, RCS_EVENT_MASTER_SNAPSHOT, conn->from_link)->snapshot =
            effect->snapshot;
        effect->snapshot = NULL;
    } else {
        post(lab, conn->from, RCS_EVENT_MASTER_LOST, conn->from_link);
        conn->from = NOBODY;
    }
}

static void keep_request(struct lab *lab, unsigned from, const struct rcs_request *request)
{
    struct rcs_buf *asked = &lab->asked[from];
    if (lab->asked_read[from]) {
        rcs_buf_clear(asked);
        lab->asked_read[from] = false;
    }
    for (unsigned i = 0; i < request->argc; i++) {
        const struct rcs_arg *word = &request->args[i];
        rcs_buf_text(asked, i > 0 ? " " : "");
        if (word->size_bytes == RCS_ID_LEN) {
            rcs_buf_text(asked, "ID");
        } else {
            rcs_buf_add(asked, word->bytes, word->size_bytes);
        }
    }
    rcs_buf_text(asked, "\n");
}

const char *lab_asked(struct lab *lab, unsigned index)
{
    struct rcs_buf *asked = &lab->asked[index];
    if (lab->asked_read[index]) {
        rcs_buf_clear(asked);
    }
    rcs_buf_add(asked, "", 1);
    lab->asked_read[index] = true;
    return asked->data;
}

static void to_master(struct lab *lab, unsigned from, struct rcs_effect *effect)
{
    if (effect->kind == RCS_EFFECT_MASTER_REQUEST) {
        keep_request(lab, from, effect->request);
    }
    struct conn *conn = conn_from(lab, from, effect->link);
    if (conn == NULL || lost_on_the_way(lab, from, conn->to)) {
        return;
    }
    if (effect->kind == RCS_EFFECT_MASTER_REQUEST) {
        post(lab, conn->to, RCS_EVENT_CLIENT_REQUEST, number_of(lab, conn))->request =
            effect->request;
        effect->request = NULL;
    } else {
        post(lab, conn->to, RCS_EVENT_CLIENT_GONE, number_of(lab, conn));
        conn->from = NOBODY;
    }
}

static void keep_line(struct lab *lab, unsigned index, const struct rcs_fact *fact)
{
    struct rcs_words words =
        rcs_words((enum rcs_release)fact->release, (enum rcs_fact_code)fact->code);
    if (fact->code < RCS_FACT_REPL_CONNECTING || words.text == NULL) {
        return;
    }
    struct rcs_buf out;
    rcs_buf_init(&out);
    rcs_buf_format(&out, "%c %c ", fact->role, words.level == RCS_LEVEL_WARNING ? '#' : '*');
    rcs_fact_text(&out, lab->store, fact);
    rcs_buf_add(&out, "", 1);
    assert_true(lab->line_count[index] < LINES_MAX);
    lab->lines[index][lab->line_count[index]++] =
        (struct line){ .at_ms = lab->now_us / 1000, .text = out.data };
}

static void carry_out(struct lab *lab, unsigned index)
{
    for (size_t i = 0; i < lab->effects.facts.count; i++) {
        keep_line(lab, index, &lab->effects.facts.list[i]);
    }
    for (size_t i = 0; i < lab->effects.count; i++) {
        struct rcs_effect *effect = &lab->effects.list[i];
        switch ((enum rcs_effect_kind)effect->kind) {
        case RCS_EFFECT_MASTER_CONNECT:
            connect_node(lab, index, effect);
            break;
        case RCS_EFFECT_MASTER_REQUEST:
        case RCS_EFFECT_MASTER_CLOSE:
            to_master(lab, index, effect);
            break;
        case RCS_EFFECT_CLIENT_REPLY:
        case RCS_EFFECT_CLIENT_SNAPSHOT:
        case RCS_EFFECT_CLIENT_CLOSE:
            to_client(lab, index, effect);
            break;
        case RCS_EFFECT_SAVE_REDIS_CONF:
            break;
        case RCS_EFFECT_SAVE_DUMP:
            if (lab->dumps[index] != NULL) {
                rcs_snapshot_release(lab->dumps[index]);
            }
            lab->dumps[index] = effect->snapshot;
            effect->snapshot = NULL;
            break;
        case RCS_EFFECT_SLEEP:
            lab->asleep_until_us[index] = lab->now_us + effect->duration_us;
            break;
        case RCS_EFFECT_LINK_CONNECT:
        case RCS_EFFECT_LINK_CLOSE:
        case RCS_EFFECT_LINK_RENAME:
        case RCS_EFFECT_TURN:
        case RCS_EFFECT_BUS_SEND:
        case RCS_EFFECT_TARGET_CONNECT: /* nobody migrates there */
        case RCS_EFFECT_TARGET_REQUEST:
        case RCS_EFFECT_TARGET_CLOSE:
        case RCS_EFFECT_BLOCK:
        case RCS_EFFECT_UNBLOCK:
        case RCS_EFFECT_SAVE_CONFIG:
        case RCS_EFFECT_EXIT:
            break; /* no part of this */
        }
    }
    rcs_effects_clear(&lab->effects, lab->store);
}

static void step(struct lab *lab, unsigned index, struct rcs_event *event)
{
    event->at_us = lab->now_us;
    rcs_node_step(lab->nodes[index], event, &lab->effects);
    carry_out(lab, index);
}

/* --- time ------------------------------------------------------------------------------------- */

/* The connection still stands for whom the message is. */
static bool still_wanted(const struct lab *lab, const struct message *message)
{
    const struct rcs_node *node = lab->nodes[message->to];
    enum rcs_event_kind kind = message->event.kind;
    if (node == NULL) {
        return false;
    }
    if (kind == RCS_EVENT_CLIENT_REQUEST || kind == RCS_EVENT_CLIENT_GONE) {
        for (unsigned i = 0; i < node->clients.count; i++) {
            if (node->clients.list[i]->link == message->event.link) {
                return true;
            }
        }
        return false;
    }
    return kind == RCS_EVENT_CLIENT_OPEN || node->repl.link == message->event.link;
}

/* A process that sleeps or blocks hears of it when it is back. */
static rcs_us heard_us(const struct lab *lab, const struct message *message)
{
    rcs_us asleep_us = lab->asleep_until_us[message->to];
    return message->at_us > asleep_us ? message->at_us : asleep_us;
}

static bool next_message(const struct lab *lab, size_t *out)
{
    bool found = false;
    for (size_t i = 0; i < lab->message_count; i++) {
        const struct message *message = &lab->messages[i], *best = &lab->messages[*out];
        if (lab->paused[message->to]) {
            continue;
        }
        rcs_us us = heard_us(lab, message), best_us = heard_us(lab, best);
        if (!found || us < best_us || (us == best_us && message->sequence < best->sequence)) {
            *out = i;
            found = true;
        }
    }
    return found;
}

static bool next_wake(const struct lab *lab, unsigned *out, rcs_us *at_us)
{
    *at_us = RCS_NEVER;
    for (unsigned i = 0; i < LAB_NODES; i++) {
        if (lab->nodes[i] == NULL || lab->paused[i]) {
            continue;
        }
        rcs_us deadline_us = rcs_node_deadline(lab->nodes[i]);
        if (deadline_us < lab->asleep_until_us[i]) {
            deadline_us = lab->asleep_until_us[i];
        }
        if (deadline_us < *at_us) {
            *at_us = deadline_us;
            *out = i;
        }
    }
    return *at_us != RCS_NEVER;
}

static void deliver(struct lab *lab, size_t at)
{
    struct message message = lab->messages[at];
    memmove(&lab->messages[at], &lab->messages[at + 1],
            (--lab->message_count - at) * sizeof(lab->messages[0]));
    rcs_us us = heard_us(lab, &message);
    lab->now_us = us > lab->now_us ? us : lab->now_us;
    if (still_wanted(lab, &message)) {
        step(lab, message.to, &message.event);
    }
    release_value(lab, &message.event);
}

static void run_until(struct lab *lab, rcs_us end_us)
{
    for (;;) {
        size_t message = 0;
        unsigned node = 0;
        rcs_us wake_us;
        bool has_message = next_message(lab, &message);
        bool has_wake = next_wake(lab, &node, &wake_us);
        rcs_us message_us = has_message ? heard_us(lab, &lab->messages[message]) : RCS_NEVER;
        if ((!has_message && !has_wake) || (message_us > end_us && wake_us > end_us)) {
            lab->now_us = end_us;
            return;
        }
        if (message_us < wake_us) {
            deliver(lab, message);
        } else {
            lab->now_us = wake_us > lab->now_us ? wake_us : lab->now_us;
            struct rcs_event event = { .kind = RCS_EVENT_WAKE };
            step(lab, node, &event);
        }
    }
}

void lab_run(struct lab *lab, int64_t ms)
{
    run_until(lab, lab->now_us + RCS_MS(ms));
}

void lab_run_us(struct lab *lab, rcs_us us)
{
    run_until(lab, lab->now_us + us);
}

int64_t lab_now_ms(const struct lab *lab)
{
    return lab->now_us / 1000;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* The part of CLUSTER REPLICATE and of a promotion that is not replication's: the role flag. */
static struct rcs_node *begin(struct lab *lab, unsigned index, unsigned role)
{
    struct rcs_node *node = lab->nodes[index];
    struct rcs_peer *myself = rcs_myself(&node->cluster);
    node->now_us = lab->now_us;
    node->now_ms = RCS_NODE_MS_START + (int32_t)(lab->now_us / 1000);
    node->cluster.now_ms = node->now_ms;
    myself->flags =
        (uint16_t)((myself->flags & ~(unsigned)(RCS_NODE_MASTER | RCS_NODE_REPLICA)) | role);
    node->out = node->cluster.out = &lab->effects;
    lab->effects.facts.level = RCS_LEVEL_NOTICE;
    return node;
}

static void end(struct lab *lab, unsigned index)
{
    struct rcs_node *node = lab->nodes[index];
    rcs_clients_before_sleep(node);
    node->out = node->cluster.out = NULL;
    carry_out(lab, index);
}

void lab_replicate(struct lab *lab, unsigned replica, unsigned master)
{
    rcs_repl_set_master(begin(lab, replica, RCS_NODE_REPLICA), lab->addrs[master]);
    end(lab, replica);
}

void lab_promote(struct lab *lab, unsigned index)
{
    rcs_repl_unset_master(begin(lab, index, RCS_NODE_MASTER));
    end(lab, index);
}

static void start_node(struct lab *lab, unsigned index)
{
    struct rcs_node_params params = {
        .store = lab->store,
        .config = &lab->config,
        .seed = 1,
        .index = index,
        .life = lab->lives[index]++,
        .pid = 100 * (index + 1),
        .wall_base_ms = 1700000000000,
    };
    lab->config.port = 7000 + index;
    lab->nodes[index] = rcs_node_new(&params);
}

void lab_start(struct lab *lab, unsigned index, bool replica)
{
    start_node(lab, index);
    struct rcs_start start = { .dump = NULL };
    struct rcs_event event = { .kind = RCS_EVENT_START, .start = &start };
    step(lab, index, &event);
    /* with nodes.conf it would know its role before it loads */
    struct rcs_node *node = begin(lab, index, replica ? RCS_NODE_REPLICA : RCS_NODE_MASTER);
    rcs_repl_start(node, lab->dumps[index]);
    end(lab, index);
}

static void end_conns(struct lab *lab, unsigned index)
{
    for (unsigned i = 0; i < lab->conn_count; i++) {
        struct conn *conn = &lab->conns[i];
        if (conn->from == index) {
            if (!lost_on_the_way(lab, index, conn->to)) {
                post(lab, conn->to, RCS_EVENT_CLIENT_GONE, i + 1);
            }
            conn->from = NOBODY;
        } else if (conn->to == index && conn->from < LAB_NODES) {
            if (!lost_on_the_way(lab, index, conn->from)) {
                post(lab, conn->from, RCS_EVENT_MASTER_LOST, conn->from_link);
            }
            conn->from = NOBODY;
        }
    }
}

void lab_kill(struct lab *lab, unsigned index)
{
    end_conns(lab, index);
    rcs_node_free(lab->nodes[index]);
    lab->nodes[index] = NULL;
    lab->test_conn[index] = 0;
}

void lab_pause(struct lab *lab, unsigned index, bool paused)
{
    lab->paused[index] = paused;
}

void lab_cut(struct lab *lab, unsigned index, bool cut)
{
    lab->is_cut[index] = cut;
}

struct lab *lab_new(const struct rcs_config *config)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    assert_non_null(lab);
    lab->store = rcs_store_new();
    lab->config = *config;
    lab->messages = calloc(EVENTS_MAX, sizeof(lab->messages[0]));
    assert_non_null(lab->messages);
    rcs_effects_init(&lab->effects);
    for (unsigned i = 0; i < LAB_NODES; i++) {
        struct rcs_address address = { .ip = "127.0.0.1", .port = (uint16_t)(7000 + i) };
        lab->addrs[i] = rcs_store_addr(lab->store, &address);
        rcs_buf_init(&lab->answers[i]);
        rcs_buf_init(&lab->asked[i]);
    }
    for (unsigned i = 0; i < LAB_NODES; i++) {
        lab_start(lab, i, false);
    }
    return lab;
}

struct lab *lab_of(const char *release, const char *const *settings)
{
    struct rcs_config config;
    struct rcs_diag diag;
    rcs_config_init(&config);
    assert_int_equal(rcs_config_set(&config, "save", "", &diag), RCS_OK);
    for (; settings != NULL && settings[0] != NULL; settings += 2) {
        assert_int_equal(rcs_config_set(&config, settings[0], settings[1], &diag), RCS_OK);
    }
    if (release != NULL) {
        const struct rcs_profile *profile = rcs_profile_find(release);
        assert_non_null(profile);
        assert_int_equal(rcs_config_choose(&config, profile, &diag), RCS_OK);
    }
    struct lab *lab = lab_new(&config);
    lab_run(lab, 500);
    return lab;
}

void lab_free(struct lab *lab)
{
    for (unsigned i = 0; i < LAB_NODES; i++) {
        rcs_node_free(lab->nodes[i]);
        if (lab->dumps[i] != NULL) {
            rcs_snapshot_release(lab->dumps[i]);
        }
        rcs_buf_close(&lab->answers[i]);
        rcs_buf_close(&lab->asked[i]);
        for (unsigned j = 0; j < lab->line_count[i]; j++) {
            free(lab->lines[i][j].text);
        }
    }
    for (size_t i = 0; i < lab->message_count; i++) {
        release_value(lab, &lab->messages[i].event);
    }
    free(lab->messages);
    rcs_effects_close(&lab->effects, lab->store);
    rcs_store_free(lab->store);
    free(lab);
}

struct rcs_node *lab_node(struct lab *lab, unsigned index)
{
    return lab->nodes[index];
}

const struct rcs_replication *lab_repl(struct lab *lab, unsigned index)
{
    return &lab_node(lab, index)->repl;
}

void lab_in_sync(struct lab *lab, unsigned replica, unsigned master)
{
    lab_replicate(lab, replica, master);
    lab_run(lab, 1500);
    assert_true(rcs_node_master_link_up(lab_node(lab, replica)));
}

/* --- the test's client ------------------------------------------------------------------------ */

void lab_send(struct lab *lab, unsigned index, const char *request)
{
    if (lab->test_conn[index] == 0) {
        struct conn *conn = open_conn(lab, TEST, 0, index);
        lab->test_conn[index] = number_of(lab, conn);
    }
    rcs_buf_clear(&lab->answers[index]);
    post(lab, index, RCS_EVENT_CLIENT_REQUEST, lab->test_conn[index])->request =
        rcs_request_words(lab->store, request, strlen(request));
}

const char *lab_answer(struct lab *lab, unsigned index)
{
    struct rcs_buf *answer = &lab->answers[index];
    rcs_buf_add(answer, "", 1);
    answer->size_bytes--;
    return answer->data;
}

const char *lab_ask(struct lab *lab, unsigned index, const char *request)
{
    lab_send(lab, index, request);
    lab_run(lab, 1);
    return lab_answer(lab, index);
}

void lab_own_slots(struct lab *lab, unsigned index)
{
    if (rcs_node_profile(lab->nodes[index])->release >= RCS_REDIS_7_0) {
        assert_string_equal(lab_ask(lab, index, "CLUSTER ADDSLOTSRANGE 0 16383"), "+OK\r\n");
    } else {
        for (unsigned slot = 0; slot < 16384; slot += 8) { /* one by one, eight at a time */
            char text[128];
            int size = snprintf(text, sizeof(text), "CLUSTER ADDSLOTS");
            for (unsigned i = slot; i < slot + 8; i++) {
                size += snprintf(text + size, sizeof(text) - (size_t)size, " %u", i);
            }
            assert_string_equal(lab_ask(lab, index, text), "+OK\r\n");
        }
    }
    lab_run(lab, 6000);
}

/* --- the log ---------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t hex_digits(const char *text)
{
    size_t count = 0;
    while (is_hex(text[count])) {
        count++;
    }
    return count;
}

static bool matches(const char *pattern, size_t size, const char *text)
{
    if (size == 0) {
        return *text == '\0';
    }
    if (*pattern == '~') {
        for (;; text++) {
            if (matches(pattern + 1, size - 1, text)) {
                return true;
            }
            if (*text == '\0') {
                return false;
            }
        }
    }
    if (size >= 2 && pattern[0] == 'I' && pattern[1] == 'D' && hex_digits(text) == RCS_ID_LEN) {
        return matches(pattern + 2, size - 2, text + RCS_ID_LEN);
    }
    return *text == *pattern && matches(pattern + 1, size - 1, text + 1);
}

void lab_expect_log(struct lab *lab, unsigned index, const char *expected)
{
    unsigned *read = &lab->line_read[index];
    while (*expected != '\0') {
        size_t size = strcspn(expected, "\n");
        if (*read == lab->line_count[index]) {
            fail_msg("node %u: the log ends before\n  %.*s", index, (int)size, expected);
        }
        const struct line *line = &lab->lines[index][(*read)++];
        if (!matches(expected, size, line->text)) {
            fail_msg("node %u at %lld ms: expected\n  %.*s\nfound\n  %s", index,
                     (long long)line->at_ms, (int)size, expected, line->text);
        }
        expected += size + (expected[size] == '\n');
    }
}

void lab_expect_silence(struct lab *lab, unsigned index)
{
    if (lab->line_read[index] < lab->line_count[index]) {
        fail_msg("node %u: nothing was expected, found\n  %s", index,
                 lab->lines[index][lab->line_read[index]].text);
    }
}

void lab_forget_log(struct lab *lab, unsigned index)
{
    lab->line_read[index] = lab->line_count[index];
}

int64_t lab_logged_ms(const struct lab *lab, unsigned index)
{
    assert_true(lab->line_read[index] > 0);
    return lab->lines[index][lab->line_read[index] - 1].at_ms;
}
