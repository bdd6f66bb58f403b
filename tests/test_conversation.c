/* A single node fed what one of the recorded nodes received, and nothing else, answers as the real
 * node did: types, epochs, flags, slots, votes, failures, log lines, and the table it ends with.
 * How it gets there, and what it is like before the recording begins: support/stage.h.
 *
 * Compared exactly:
 * - a PONG for each PING and MEET, on the link it came by, and no PONG but the recorded ones;
 * - votes asked and granted, FAIL and UPDATE messages, MEETs: how many, to whom, with what body;
 * - how often the node gave up a link of its own;
 * - the header of every packet sent, pings too: epochs, flags, slots, master, state, message flags
 *   and ports are those the real node sent at that moment. What a tick or the end of an election
 *   brings may come SLACK_US earlier or later;
 * - the log lines that follow from what was received (`determined`), in order, with their role;
 * - CLUSTER NODES at the end, but for the times.
 *
 * Not compared, because it is chance in reality or not in the recordings:
 * - when a ping leaves and to whom (drift of the tick, random partners): of pings only headers;
 * - gossip entries and their number (random draws);
 * - the election delay: it is made to fit, since the recorded votes come at their recorded time;
 * - replication: the node's master never answers it, offsets are not compared, and the data age,
 *   which would be infinite, is switched off (validity factor 0);
 * - refused connects: one a tick, so their number depends on the phase. */
#include <rcsim/nodes_text.h>

#include "sim/cluster/orders.h"
#include "tests/support/stage.h"
#include "tests/support/support.h"

/* ANSWER_US: what a real node may need from a packet to its answer. */
#define SLACK_US  RCS_MS(150)
#define ANSWER_US RCS_MS(5)

static const char *peer_name(const struct stage *stage, int peer)
{
    return peer < 0 ? "?" : stage->talk->nodes[peer].name;
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool same_header(const struct rcs_bus_msg *a, const struct rcs_bus_msg *b)
{
    return a->flags == b->flags && a->state == b->state && a->mflags == b->mflags &&
           a->sender == b->sender && a->master == b->master && a->addr == b->addr &&
           a->hostname == b->hostname && a->current_epoch == b->current_epoch &&
           a->config_epoch == b->config_epoch && a->slots == b->slots; /* equal sets are one */
}

static void print_said(const struct stage *stage, const char *who, const struct said *said)
{
    char flags[96];
    const struct rcs_bus_msg *msg = said->msg;
    rcs_node_flags_write(msg->flags, flags);
    print_message("  %s t=%lld us %s to %s conn %d: %s state %u mflags %u epoch %llu config %llu "
                  "slots %u master %.8s port %u\n",
                  who, (long long)said->at_us, rcs_bus_type_name(msg->type),
                  peer_name(stage, said->peer), said->conn, flags, msg->state, msg->mflags,
                  (unsigned long long)msg->current_epoch, (unsigned long long)msg->config_epoch,
                  msg->slots->count, rcs_store_name(stage->store, msg->master),
                  rcs_store_address(stage->store, msg->addr)->port);
}

/* True if the real node sent this header around that time: within the slack, or in the packets next
 * to it on either side. */
static bool header_was_said(const struct stage *stage, const struct said *said)
{
    const struct said *before = NULL, *after = NULL;
    for (size_t i = 0; i < stage->real_count; i++) {
        const struct said *real = &stage->real[i];
        if (real->at_us <= said->at_us) {
            before = real;
        } else if (after == NULL) {
            after = real;
        }
        if (llabs(real->at_us - said->at_us) <= SLACK_US && same_header(real->msg, said->msg)) {
            return true;
        }
    }
    return (before != NULL && same_header(before->msg, said->msg)) ||
           (after != NULL && same_header(after->msg, said->msg));
}

static unsigned check_headers(const struct stage *stage)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < stage->said_count; i++) {
        const struct said *said = &stage->said[i];
        if (header_was_said(stage, said)) {
            continue;
        }
        wrong++;
        print_message("a header the real node did not send then:\n");
        print_said(stage, "simulated", said);
        for (size_t j = 0; j < stage->real_count; j++) {
            if (stage->real[j].at_us >= said->at_us || j + 1 == stage->real_count) {
                print_said(stage, "real     ", &stage->real[j]);
                break;
            }
        }
    }
    return wrong;
}

static bool same_body(const struct rcs_bus_msg *a, const struct rcs_bus_msg *b)
{
    if (a->type == RCS_BUS_FAIL) {
        return a->body.about == b->body.about;
    }
    if (a->type == RCS_BUS_UPDATE) {
        return a->body.update.id == b->body.update.id &&
               a->body.update.config_epoch == b->body.update.config_epoch &&
               a->body.update.slots == b->body.update.slots;
    }
    return true; /* gossip is drawn, the others have none */
}

/* True of what is sent while a packet is being handled. */
static bool is_answer(const struct said *said)
{
    return said->conn >= 0 || said->msg->type == RCS_BUS_AUTH_ACK ||
           said->msg->type == RCS_BUS_UPDATE;
}

/* Everything but pings: on each connection, to each peer, of each type, one for one in their order.
 */
static unsigned check_messages(const struct stage *stage)
{
    unsigned wrong = 0;
    bool *taken = calloc(stage->said_count + 1, sizeof(*taken));
    assert_non_null(taken);
    for (size_t i = 0; i < stage->real_count; i++) {
        const struct said *real = &stage->real[i];
        if (real->msg->type == RCS_BUS_PING || real->peer == stage->deaf_to) {
            continue;
        }
        size_t j = 0;
        while (j < stage->said_count &&
               (taken[j] || stage->said[j].msg->type != real->msg->type ||
                stage->said[j].peer != real->peer || stage->said[j].conn != real->conn)) {
            j++;
        }
        if (j == stage->said_count) {
            wrong++;
            print_message("not sent:\n");
            print_said(stage, "real     ", real);
            continue;
        }
        taken[j] = true;
        rcs_us late_us = stage->said[j].at_us - real->at_us;
        if (!same_body(stage->said[j].msg, real->msg) ||
            llabs(late_us) > (is_answer(real) ? ANSWER_US : SLACK_US)) {
            wrong++;
            print_message("another body or time:\n");
            print_said(stage, "simulated", &stage->said[j]);
            print_said(stage, "real     ", real);
        }
    }
    for (size_t j = 0; j < stage->said_count; j++) {
        if (!taken[j] && stage->said[j].msg->type != RCS_BUS_PING &&
            stage->said[j].peer != stage->deaf_to) {
            wrong++;
            print_message("sent, but not by the real node:\n");
            print_said(stage, "simulated", &stage->said[j]);
        }
    }
    free(taken);
    return wrong;
}

/* The lines that follow from what the node received. A node that was stopped reads all that waited
 * on a connection in one turn of its loop and judges the state once; this one judges it after each
 * packet. */
static bool determined(const struct stage *stage, const char *text)
{
    if (stage->go_on_us != RCS_NEVER && strncmp(text, "Cluster state changed", 21) == 0) {
        return false;
    }
    static const char *const beginnings[] = {
        "Cluster state changed",          "Marking node",
        "FAIL message received",          "Clear FAIL state",
        "Starting a failover election",   "Failover auth",
        "Failover election won",          "configEpoch set to",
        "Configuration change detected",  "I'm a sub-replica",
        "IP address for this node",       "Address updated",
        "WARNING: configEpoch collision",
    };
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return strstr(text, " as not reachable.") != NULL || strstr(text, " is back online.") != NULL ||
           strstr(text, " has old slots configuration") != NULL;
}

static const struct talk_log *next_log(const struct stage *stage, size_t *index)
{
    const struct talk *talk = stage->talk;
    rcs_us end_us = talk->events[talk->event_count - 1].at_us;
    while (*index < talk->log_count) {
        const struct talk_log *log = &talk->logs[(*index)++];
        if (log->node == stage->me && log->at_us <= end_us && determined(stage, log->text)) {
            return log;
        }
    }
    return NULL;
}

static const struct line *next_line(const struct stage *stage, size_t *index)
{
    while (*index < stage->line_count) {
        const struct line *line = &stage->lines[(*index)++];
        if (determined(stage, line->text)) {
            return line;
        }
    }
    return NULL;
}

static unsigned check_lines(const struct stage *stage)
{
    unsigned wrong = 0;
    size_t i = 0, j = 0;
    for (;;) {
        const struct talk_log *log = next_log(stage, &i);
        const struct line *line = next_line(stage, &j);
        if (log == NULL && line == NULL) {
            return wrong;
        }
        if (log == NULL || line == NULL || strcmp(log->text, line->text) != 0 ||
            log->role != line->role || llabs(log->at_us - line->at_us) > SLACK_US) {
            wrong++;
            print_message("log lines:\n  simulated %lld us %c %s\n  real      %lld us %c %s\n",
                          line == NULL ? 0 : (long long)line->at_us,
                          line == NULL ? ' ' : line->role, line == NULL ? "(none)" : line->text,
                          log == NULL ? 0 : (long long)log->at_us, log == NULL ? ' ' : log->role,
                          log == NULL ? "(none)" : log->text);
        }
    }
}

/* A line of CLUSTER NODES without its times, as text. */
static void timeless(struct rcs_node_line *line, char *out, size_t capacity)
{
    line->ping_sent_ms = 0;
    line->pong_received_ms = 0;
    rcs_node_line_write(line, out, capacity);
}

static unsigned check_table(const struct stage *stage)
{
    const struct rcs_cluster *cluster = rcs_node_cluster(stage->node);
    unsigned wrong = cluster->handshake_count != 0, lines = 0;
    struct rcs_conf_line *real = malloc(sizeof(*real));
    struct rcs_node_line said;
    struct rcs_open_slot open[64];
    char real_text[512], said_text[512];
    assert_non_null(real);
    for (const char *text = stage->talk->nodes[stage->me].after; *text != '\0'; lines++) {
        size_t length = strcspn(text, "\n");
        assert_int_equal(rcs_conf_line_read(text, length, real, NULL), RCS_OK);
        text += length + (text[length] == '\n');
        timeless(&real->node, real_text, sizeof(real_text));
        rcs_id id = rcs_store_find_id(stage->store, real->node.name);
        if (rcs_peer_find(cluster, id) == NULL) {
            wrong++;
            print_message("not known: %s\n", real_text);
            continue;
        }
        rcs_cluster_node_line(cluster, id, &said, open, 64);
        timeless(&said, said_text, sizeof(said_text));
        if (strcmp(real_text, said_text) != 0) {
            wrong++;
            print_message("the table at the end:\n  simulated %s\n  real      %s\n", said_text,
                          real_text);
        }
    }
    free(real);
    return wrong + (lines != cluster->known);
}

/* Links that the node itself closed, because too long nothing came by them. */
static unsigned check_closes(const struct stage *stage)
{
    const struct talk *talk = stage->talk;
    unsigned real[8] = { 0 }, wrong = 0;
    for (int conn = 0; conn < talk->conn_count; conn++) {
        for (size_t i = 0; i < talk->event_count; i++) {
            const struct talk_event *event = &talk->events[i];
            bool end = event->conn == conn && (event->kind == TALK_FIN || event->kind == TALK_RST);
            if (end) {
                if (event->from == stage->me && talk->conns[conn].connector == stage->me &&
                    talk_mark(talk, stage->me, "kill -9") == NULL) {
                    real[talk->conns[conn].listener]++;
                }
                break;
            }
        }
    }
    for (int peer = 0; peer < talk->node_count; peer++) {
        if (real[peer] != stage->closes[peer]) {
            wrong++;
            print_message("the link to %s was closed %u times, by the real node %u times\n",
                          peer_name(stage, peer), stage->closes[peer], real[peer]);
        }
    }
    return wrong;
}

struct row {
    const char *name;
    const char *talk;
    const char *node;
    const char *deaf_to; /* NULL none */
};

static void conversation_row(void **state)
{
    const struct row *row = *state;
    struct talk *talk = talk_load(row->talk);
    int me = talk_node_named(talk, row->node);
    assert_true(me >= 0);
    struct stage *stage =
        stage_play(talk, me, row->deaf_to == NULL ? -1 : talk_node_named(talk, row->deaf_to));
    assert_true(stage->real_count > 0);
    /* A deaf node learns later what it is compared with: only what comes of it counts. */
    unsigned headers = stage->deaf_to >= 0 ? 0 : check_headers(stage),
             messages = check_messages(stage), lines = check_lines(stage),
             table = check_table(stage), closes = check_closes(stage);
    stage_free(stage);
    talk_free(talk);
    if (headers + messages + lines + table + closes != 0) {
        fail_msg("differences: %u headers, %u messages, %u log lines, %u in the table, %u links",
                 headers, messages, lines, table, closes);
    }
}

/* clang-format off */
static const struct row rows[] = {
    { "form: m0 meets two masters and is met by them",                 "form-3m", "m0", NULL },
    { "form: m1 is met, and learns of m2 by gossip",                   "form-3m", "m1", NULL },
    { "form: m2 is met, and m1 comes to it by gossip",                 "form-3m", "m2", NULL },
    { "failover: m0 comes back and hears that it was replaced",        "failover-3m3r", "m0", NULL },
    { "failover: m1 sees m0 die and votes",                            "failover-3m3r", "m1", NULL },
    { "failover: m2 sees m0 die and votes",                            "failover-3m3r", "m2", NULL },
    { "failover: r0 is elected",                                       "failover-3m3r", "r0", NULL },
    { "failover: r1 looks on",                                         "failover-3m3r", "r1", NULL },
    { "failover: r2 looks on",                                         "failover-3m3r", "r2", NULL },
    { "hung master: m0 goes on, claims, and is told by five UPDATEs",  "failover-3m3r-update", "m0", NULL },
    { "hung master: m0 hears nothing of r0 but what UPDATEs say",      "failover-3m3r-update", "m0", "r0" },
    { "hung master: m1 marks it, votes, and tells it",                 "failover-3m3r-update", "m1", NULL },
    { "hung master: m2 votes, and tells it",                           "failover-3m3r-update", "m2", NULL },
    { "hung master: r0 is elected, and tells it",                      "failover-3m3r-update", "r0", NULL },
    { "hung master: r1 tells it",                                      "failover-3m3r-update", "r1", NULL },
    { "hung master: r2 tells it",                                      "failover-3m3r-update", "r2", NULL },
};
/* clang-format on */

int main(void)
{
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = conversation_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
