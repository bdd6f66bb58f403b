#include "tests/support/support.h"

#include <rcsim/bus_types.h>
#include <rcsim/nodes_text.h>

#include "tests/support/packets.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* --- helpers ---------------------------------------------------------------------------------- */

/* A heap copy of exactly that size, so that the address sanitizer sees a byte too far. */
static enum rcs_err read_exact(const char *text, size_t size_bytes, struct rcs_conf_line *out,
                               struct rcs_diag *diag)
{
    char *copy = malloc(size_bytes > 0 ? size_bytes : 1);
    assert_non_null(copy);
    memcpy(copy, text, size_bytes);
    enum rcs_err err = rcs_conf_line_read(copy, size_bytes, out, diag);
    free(copy);
    return err;
}

static void read_ok(const char *text, struct rcs_conf_line *out)
{
    struct rcs_diag diag = { .text = "" };
    if (read_exact(text, strlen(text), out, &diag) != RCS_OK) {
        fail_msg("%s: column %d: %s", text, diag.column, diag.text);
    }
}

/* The line as written again; on the heap. */
static char *written(const struct rcs_conf_line *line)
{
    bool vars = line->kind == RCS_CONF_VARS;
    size_t length = vars ? rcs_conf_vars_write(line->current_epoch, line->last_vote_epoch, NULL, 0)
                         : rcs_node_line_write(&line->node, NULL, 0);
    char *text = malloc(length + 1);
    assert_non_null(text);
    if (vars) {
        rcs_conf_vars_write(line->current_epoch, line->last_vote_epoch, text, length + 1);
        text[length - 1] = '\0'; /* its LF */
    } else {
        assert_int_equal(rcs_node_line_write(&line->node, text, length + 1), length);
    }
    return text;
}

static void expect_written(const struct rcs_conf_line *line, const char *want)
{
    char *text = written(line);
    assert_string_equal(text, want);
    free(text);
}

/* --- files and replies of real servers -------------------------------------------------------- */

struct release {
    const char *file;
    bool same;         /* what is written equals what was read */
    unsigned at_least; /* lines of nodes */
};

/* What is written is read as the same, and written as the same again. */
static void expect_stable(const struct rcs_conf_line *line)
{
    struct rcs_conf_line *again = malloc(sizeof(*again));
    assert_non_null(again);
    char *text = written(line);
    read_ok(text, again);
    expect_written(again, text);
    assert_int_equal(again->node.flags, line->node.flags);
    assert_int_equal(again->node.open_count, line->node.open_count);
    assert_memory_equal(&again->node.address, &line->node.address, sizeof(line->node.address));
    assert_memory_equal(&again->node.slots, &line->node.slots, sizeof(line->node.slots));
    free(text);
    free(again);
}

static void files_both_ways(void **state)
{
    const struct release *release = *state;
    char path[128];
    snprintf(path, sizeof(path), "nodes_text/%s.txt", release->file);
    char *text = test_vector(path, NULL), *at = text;
    unsigned nodes = 0, vars = 0, files = 0;
    struct rcs_conf_line *line = malloc(sizeof(*line));
    assert_non_null(line);
    for (char *row = test_next_line(&at); row != NULL; row = test_next_line(&at)) {
        if (strncmp(row, "== ", 3) == 0) {
            files += strncmp(row, "== reply ", 9) != 0; /* replies have no vars */
            continue;
        }
        read_ok(row, line);
        nodes += line->kind == RCS_CONF_NODE;
        vars += line->kind == RCS_CONF_VARS;
        assert_string_equal(line->unknown_var, "");
        if (release->same) {
            expect_written(line, row);
        }
        expect_stable(line);
    }
    assert_true(nodes >= release->at_least);
    assert_int_equal(vars, files);
    free(line);
    free(text);
}

/* Each line cut at every byte: read or refused, never read past its end. */
static void lines_cut(void **state)
{
    const struct release *release = *state;
    char path[128];
    snprintf(path, sizeof(path), "nodes_text/%s.txt", release->file);
    char *text = test_vector(path, NULL), *at = text;
    struct rcs_conf_line *line = malloc(sizeof(*line));
    assert_non_null(line);
    for (char *row = test_next_line(&at); row != NULL; row = test_next_line(&at)) {
        if (strncmp(row, "== ", 3) == 0 || strchr(row, '[') == NULL) {
            continue;
        }
        for (size_t size = 0; size < strlen(row); size++) {
            struct rcs_diag diag = { .column = 0 };
            enum rcs_err err = read_exact(row, size, line, &diag);
            assert_true(err == RCS_OK || (err == RCS_ERR_SYNTAX && diag.column > 0));
        }
    }
    free(line);
    free(text);
}

/* --- fields ----------------------------------------------------------------------------------- */

static void every_field(void **state)
{
    (void)state;
    static struct rcs_conf_line line;
    read_ok(ID_A " 10.0.0.7:7001@17001,host-a.example myself,slave,fail?,nofailover " ID_B
                 " 1795210246084 1795210246000 18446744073709551615 disconnected 0-2 4 16383"
                 " [3->-" ID_B "] [9-<-" ID_B "]\n",
            &line);
    const struct rcs_node_line *node = &line.node;
    assert_int_equal(line.kind, RCS_CONF_NODE);
    assert_string_equal(node->name, ID_A);
    assert_string_equal(node->address.ip, "10.0.0.7");
    assert_int_equal(node->address.port, 7001);
    assert_int_equal(node->address.cport, 17001);
    assert_int_equal(node->address.pport, 0);
    assert_string_equal(node->hostname, "host-a.example");
    assert_int_equal(node->flags,
                     RCS_NODE_MYSELF | RCS_NODE_REPLICA | RCS_NODE_PFAIL | RCS_NODE_NOFAILOVER);
    assert_string_equal(node->master, ID_B);
    assert_int_equal(node->ping_sent_ms, INT64_C(1795210246084));
    assert_int_equal(node->pong_received_ms, INT64_C(1795210246000));
    assert_true(node->config_epoch == UINT64_MAX);
    assert_false(node->connected);
    assert_int_equal(rcs_slot_words_count(&node->slots), 5);
    assert_true(rcs_slot_words_has(&node->slots, 16383));
    assert_int_equal(node->open_count, 2);
    assert_int_equal(node->open[0].slot, 3);
    assert_false(node->open[0].importing);
    assert_true(node->open[1].importing);
    assert_string_equal(node->open[1].name, ID_B);
}

static void addresses(void **state)
{
    static const struct {
        const char *text, *ip;
        unsigned port, cport;
        const char *hostname;
    } rows[] = {
        { "10.0.0.1:6379@16379", "10.0.0.1", 6379, 16379, "" },
        { ":6379@16379", "", 6379, 16379, "" },
        { ":0@0", "", 0, 0, "" },
        { ":0", "", 0, 10000, "" },
        { "10.0.0.1:6379", "10.0.0.1", 6379, 16379, "" },
        { "10.0.0.1:55535", "10.0.0.1", 55535, 65535, "" },
        { "10.0.0.1:65535@65535", "10.0.0.1", 65535, 65535, "" },
        { "::1:6379@16379", "::1", 6379, 16379, "" },
        { "10.0.0.1:1@2,h", "10.0.0.1", 1, 2, "h" },
        { "10.0.0.1:1@2,", "10.0.0.1", 1, 2, "" },
        { "10.0.0.1:1@2,,tls-port=0,shard-id=" ID_A, "10.0.0.1", 1, 2, "" },
        { "10.0.0.1:1@2,h:1,nodename=n:2", "10.0.0.1", 1, 2, "h:1" },
        { "10.0.0.1:6379,h", "10.0.0.1", 6379, 16379, "h" },
    };
    (void)state;
    static struct rcs_conf_line line;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), ID_A " %s master - 0 0 0 connected", rows[i].text);
        read_ok(text, &line);
        assert_string_equal(line.node.address.ip, rows[i].ip);
        assert_int_equal(line.node.address.port, rows[i].port);
        assert_int_equal(line.node.address.cport, rows[i].cport);
        assert_string_equal(line.node.hostname, rows[i].hostname);
    }
}

static void forms_a_server_takes(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "  " ID_A "\t:1@2  Master,NOFLAGS -whatever 00 0 007 Connected 5-5 4 \r\n",
          ID_A " :1@2 master - 0 0 7 connected 4-5" },
        { ID_A " :1@2 noflags - 0 0 0 connected", ID_A " :1@2 noflags - 0 0 0 connected" },
        { ID_A " :1@2 fail,master,myself - 0 0 0 connected",
          ID_A " :1@2 myself,master,fail - 0 0 0 connected" },
        { "VARS lastvoteepoch 3 CURRENTEPOCH 9", "vars currentEpoch 9 lastVoteEpoch 3" },
    };
    (void)state;
    static struct rcs_conf_line line;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        read_ok(rows[i].text, &line);
        expect_written(&line, rows[i].want);
    }
}

static void blank_lines(void **state)
{
    static const char *const rows[] = { "", "\n", "  \t\r\n" };
    (void)state;
    static struct rcs_conf_line line;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        read_ok(rows[i], &line);
        assert_int_equal(line.kind, RCS_CONF_BLANK);
    }
}

static void vars(void **state)
{
    (void)state;
    static struct rcs_conf_line line;
    read_ok("vars currentEpoch 18446744073709551615 colour red size 4", &line);
    assert_int_equal(line.kind, RCS_CONF_VARS);
    assert_true(line.has_current_epoch && line.current_epoch == UINT64_MAX);
    assert_false(line.has_last_vote_epoch);
    assert_string_equal(line.unknown_var, "colour");
    read_ok("vars", &line);
    assert_false(line.has_current_epoch);
    char text[64];
    assert_int_equal(rcs_conf_vars_write(6, 0, text, sizeof(text)), 36);
    assert_string_equal(text, "vars currentEpoch 6 lastVoteEpoch 0\n");
}

/* --- what is wrong, where, and what would do -------------------------------------------------- */

struct bad_row {
    const char *text;
    int column;
    const char *found, *remedy; /* both stand in the sentence */
};

#define BEFORE_ADDRESS ID_A " "
#define BEFORE_FLAGS   ID_A " :1@2 "
#define BEFORE_MASTER  ID_A " :1@2 master "
#define BEFORE_SLOTS   ID_A " :1@2 master - 0 0 0 connected "

/* clang-format off */
static const struct bad_row bad_rows[] = {
    { "short :1@2 master - 0 0 0 connected", 1, "node id \"short\"", "40 characters" },
    { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA :1@2 master - 0 0 0 connected", 1, "AAAA", "a-z and 0-9" },
    { ID_A "a :1@2 master - 0 0 0 connected", 1, ID_A "a", "40 characters" },
    { ID_A, 41, "ends before the address", "write id, address" },
    { BEFORE_ADDRESS "localhost master - 0 0 0 connected", 42, "address \"localhost\"", "ip:port@busport" },
    { BEFORE_ADDRESS "h,:1@2 master - 0 0 0 connected", 42, "address \"h\"", "ip:port@busport" },
    { BEFORE_ADDRESS ":65536@2 master - 0 0 0 connected", 43, "client port \"65536\"", "0 to 65535" },
    { BEFORE_ADDRESS ":@2 master - 0 0 0 connected", 43, "client port \"\"", "0 to 65535" },
    { BEFORE_ADDRESS ":x1@2 master - 0 0 0 connected", 43, "client port \"x1\"", "0 to 65535" },
    { BEFORE_ADDRESS ":-1@2 master - 0 0 0 connected", 43, "client port \"-1\"", "0 to 65535" },
    { BEFORE_ADDRESS ":55536 master - 0 0 0 connected", 43, "client port \"55536\"", "port@busport" },
    { BEFORE_ADDRESS ":1@65536 master - 0 0 0 connected", 45, "bus port \"65536\"", "0 to 65535" },
    { BEFORE_ADDRESS ":1@ master - 0 0 0 connected", 45, "bus port \"\"", "0 to 65535" },
    { BEFORE_ADDRESS "1111:2222:3333:4444:5555:6666:7777:8888%eth000:1@2 master - 0 0 0 connected", 42,
      "ip \"1111:2222", "45 characters" },
    { BEFORE_FLAGS "leader - 0 0 0 connected", 47, "flag \"leader\"", "myself, master, slave" },
    { BEFORE_FLAGS "master, - 0 0 0 connected", 54, "flag \"\"", "commas between" },
    { BEFORE_FLAGS "myself,mster - 0 0 0 connected", 54, "flag \"mster\"", "master" },
    { BEFORE_MASTER "none 0 0 0 connected", 54, "node id \"none\"", "40 characters" },
    { BEFORE_MASTER "- x 0 0 connected", 56, "time \"x\"", "Unix milliseconds" },
    { BEFORE_MASTER "- 0 9223372036854775808 0 connected", 58, "time \"9223372036854775808\"", "Unix milliseconds" },
    { BEFORE_MASTER "- 0 0 18446744073709551616 connected", 60, "epoch \"18446744073709551616\"", "number from 0" },
    { BEFORE_MASTER "- 0 0 1.5 connected", 60, "config epoch \"1.5\"", "number from 0" },
    { BEFORE_MASTER "- 0 0 0 up", 62, "link state \"up\"", "connected or disconnected" },
    { BEFORE_MASTER "- 0 0 0", 61, "ends before the link state", "write id, address" },
    { BEFORE_SLOTS "16384", 72, "slots \"16384\"", "0 to 16383" },
    { BEFORE_SLOTS "0-1 5-16384", 76, "slots \"5-16384\"", "0 to 16383" },
    { BEFORE_SLOTS "9-8", 72, "slots \"9-8\"", "a not over b" },
    { BEFORE_SLOTS "1-2-3", 72, "slots \"1-2-3\"", "n or a-b" },
    { BEFORE_SLOTS "a-b", 72, "slots \"a-b\"", "n or a-b" },
    { BEFORE_SLOTS "[", 72, "open slot \"[\"", "[slot->-id]" },
    { BEFORE_SLOTS "[5]", 72, "open slot \"[5]\"", "[slot->-id]" },
    { BEFORE_SLOTS "[5->-" ID_B, 72, "open slot \"[5->-", "[slot->-id]" },
    { BEFORE_SLOTS "[5-x-" ID_B "]", 72, "open slot \"[5-x-", "[slot-<-id]" },
    { BEFORE_SLOTS "[16384->-" ID_B "]", 73, "slot \"16384\"", "0 to 16383" },
    { BEFORE_SLOTS "[->-" ID_B "]", 73, "slot \"\"", "0 to 16383" },
    { BEFORE_SLOTS "[5->-" ID_B "b]", 77, "node id \"" ID_B "b\"", "40 characters" },
    { BEFORE_SLOTS "[5->-]", 77, "node id \"\"", "40 characters" },
    { "vars currentEpoch", 6, "variable \"currentEpoch\"", "value must follow" },
    { "vars currentEpoch six lastVoteEpoch 0", 19, "epoch \"six\"", "number from 0" },
    { "vars currentEpoch 6 lastVoteEpoch -1", 35, "epoch \"-1\"", "number from 0" },
    { BEFORE_ADDRESS "\":1@2\" master - 0 0 0 connected", 42, "0x22", "plain words" },
    { BEFORE_ADDRESS "\x01 master - 0 0 0 connected", 42, "0x01", "plain words" },
};
/* clang-format on */

static void bad_line(void **state)
{
    const struct bad_row *row = *state;
    static struct rcs_conf_line line;
    struct rcs_diag diag = { .text = "" };
    assert_int_equal(read_exact(row->text, strlen(row->text), &line, &diag), RCS_ERR_SYNTAX);
    assert_int_equal(rcs_conf_line_read(row->text, strlen(row->text), &line, NULL), RCS_ERR_SYNTAX);
    if (diag.column != row->column || strstr(diag.text, row->found) == NULL ||
        strstr(diag.text, row->remedy) == NULL) {
        fail_msg("column %d (want %d): %s", diag.column, row->column, diag.text);
    }
}

static void host_name_too_long(void **state)
{
    (void)state;
    static struct rcs_conf_line line;
    struct rcs_diag diag;
    for (unsigned length = 255; length <= 256; length++) {
        char text[512];
        int before = snprintf(text, sizeof(text), ID_A " :1@2,");
        memset(text + before, 'h', length);
        snprintf(text + before + length, sizeof(text) - (size_t)before - length,
                 " master - 0 0 0 connected");
        enum rcs_err err = rcs_conf_line_read(text, strlen(text), &line, &diag);
        assert_int_equal(err, length == 255 ? RCS_OK : RCS_ERR_SYNTAX);
    }
    assert_int_equal(diag.column, 47);
    assert_non_null(strstr(diag.text, "255 characters"));
}

static void more_than_64_open_slots(void **state)
{
    (void)state;
    static struct rcs_conf_line line;
    struct rcs_diag diag;
    char text[8192];
    size_t length =
        (size_t)snprintf(text, sizeof(text), ID_A " :1@2 myself,master - 0 0 0 connected");
    for (unsigned slot = 0; slot < 65; slot++) {
        enum rcs_err err = rcs_conf_line_read(text, length, &line, &diag);
        assert_int_equal(err, RCS_OK);
        assert_int_equal(line.node.open_count, slot);
        length += (size_t)snprintf(text + length, sizeof(text) - length, " [%u-<-" ID_B "]", slot);
    }
    assert_int_equal(rcs_conf_line_read(text, length, &line, &diag), RCS_ERR_LIMIT);
    assert_non_null(strstr(diag.text, "64 open slots"));
    struct rcs_open_slot open[65];
    assert_int_equal(rcs_conf_line_read_into(text, length, &line, open, 64, &diag), RCS_ERR_LIMIT);
    assert_int_equal(rcs_conf_line_read_into(text, length, &line, open, 65, &diag), RCS_OK);
    assert_ptr_equal(line.node.open, open);
    assert_int_equal(line.node.open_count, 65);
    assert_int_equal(open[64].slot, 64);
}

/* --- writing ---------------------------------------------------------------------------------- */

static struct rcs_node_line plain_line(void)
{
    struct rcs_node_line line = { .name = ID_A,
                                  .address = { .ip = "10.0.0.1", .port = 6379, .cport = 16379 },
                                  .flags = RCS_NODE_MYSELF | RCS_NODE_MASTER,
                                  .config_epoch = 1,
                                  .connected = true };
    return line;
}

static void expect_node_line(const struct rcs_node_line *line, const char *want)
{
    char text[1024];
    assert_int_equal(rcs_node_line_write(line, text, sizeof(text)), strlen(want));
    assert_string_equal(text, want);
}

/* A server keeps one node a slot and direction: the last line read counts. */
static void open_slots_said_twice(void **state)
{
    (void)state;
    static struct rcs_conf_line line;
    struct rcs_diag diag;
    static const char text[] = ID_A " :1@2 myself,master - 0 0 0 connected [60-<-" ID_A "]"
                                    " [60->-" ID_B "] [7->-" ID_B "] [60-<-" ID_B "]";
    assert_int_equal(rcs_conf_line_read(text, strlen(text), &line, &diag), RCS_OK);
    assert_int_equal(line.node.open_count, 3);
    assert_int_equal(line.node.open[0].slot, 7);
    assert_false(line.node.open[1].importing);
    assert_true(line.node.open[2].importing);
    assert_string_equal(line.node.open[2].name, ID_B);
}

static void open_slots_are_written(void **state)
{
    static const struct rcs_open_slot open[] = {
        { 1, true, ID_B }, { 2, false, ID_B }, { 2, true, ID_B },
        { 3, true, ID_B }, { 3, false, ID_B },
    };
    (void)state;
    struct rcs_node_line line = plain_line();
    line.open = open;
    line.open_count = 5;
    rcs_slot_words_add(&line.slots, 2);
    rcs_slot_words_add(&line.slots, 3);
    /* a slot on both tables shows the migrating form alone, in whatever order they come */
    expect_node_line(&line, ID_A " 10.0.0.1:6379@16379 myself,master - 0 0 1 connected 2-3"
                                 " [1-<-" ID_B "] [2->-" ID_B "] [3->-" ID_B "]");
    line.flags = RCS_NODE_MASTER;
    expect_node_line(&line, ID_A " 10.0.0.1:6379@16379 master - 0 0 1 connected 2-3");
}

static void a_node_without_address(void **state)
{
    (void)state;
    struct rcs_node_line line = plain_line();
    line.address = (struct rcs_address){ .port = 0 };
    line.flags = RCS_NODE_REPLICA | RCS_NODE_NOADDR | RCS_NODE_MEET;
    line.connected = false;
    memcpy(line.master, ID_B, sizeof(ID_B));
    expect_node_line(&line, ID_A " :0@0 slave,noaddr " ID_B " 0 0 1 disconnected");
}

/* As snprintf: the whole length whatever the room, what fits, a NUL. */
static void written_into_less_room(void **state)
{
    (void)state;
    static const struct rcs_open_slot open[] = { { 7, false, ID_B } };
    struct rcs_node_line line = plain_line();
    char whole[1024];
    snprintf(line.hostname, sizeof(line.hostname), "host");
    line.open = open;
    line.open_count = 1;
    for (unsigned slot = 0; slot < 60; slot += 3) {
        rcs_slot_words_add(&line.slots, slot);
    }
    size_t length = rcs_node_line_write(&line, whole, sizeof(whole));
    assert_int_equal(length, strlen(whole));
    assert_int_equal(rcs_node_line_write(&line, NULL, 0), length);
    for (size_t capacity = 1; capacity <= length + 1; capacity++) {
        char *text = malloc(capacity);
        assert_non_null(text);
        assert_int_equal(rcs_node_line_write(&line, text, capacity), length);
        assert_int_equal(strlen(text), capacity - 1);
        assert_memory_equal(text, whole, capacity - 1);
        free(text);
    }
}

static void names(void **state)
{
    (void)state;
    assert_true(rcs_node_name_valid(ID_A, 40));
    assert_true(rcs_node_name_valid("0123456789abcdefghijklmnopqrstuvwxyz0000", 40));
    assert_false(rcs_node_name_valid(ID_A, 39));
    assert_false(rcs_node_name_valid(ID_A "a", 41));
    assert_false(rcs_node_name_valid("0123456789Abcdefghijklmnopqrstuvwxyz0000", 40));
    assert_false(rcs_node_name_valid("0123456789 bcdefghijklmnopqrstuvwxyz0000", 40));
}

/* --- all together ----------------------------------------------------------------------------- */

static const struct release releases[] = {
    { "redis-3.0", true, 90 },
    { "redis-3.2", true, 90 },
    { "redis-4.0", true, 90 },
    { "redis-5.0", true, 90 },
    { "redis-6.0", true, 90 },
    { "redis-6.2", true, 90 },
    { "redis-7.0", true, 200 },
    { "redis-7.2", true, 90 },
    { "redis-7.4", true, 90 },
    { "redis-8.0-m01", true, 90 },
    { "valkey-7.2", true, 90 },
    { "valkey-8.0", true, 90 },
    { "valkey-unstable-2024-10", true, 90 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
    static struct CMUnitTest tests[COUNT(releases) * 2 + COUNT(bad_rows) + 16];
    static char rows[COUNT(bad_rows)][160];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(releases); i++) {
        tests[count++] = (struct CMUnitTest){ .name = releases[i].file,
                                              .test_func = files_both_ways,
                                              .initial_state = (void *)(uintptr_t)&releases[i] };
    }
    for (size_t i = 0; i < COUNT(bad_rows); i++) {
        snprintf(rows[i], sizeof(rows[i]), "bad: %s, %s", bad_rows[i].found, bad_rows[i].remedy);
        tests[count++] = (struct CMUnitTest){ .name = rows[i],
                                              .test_func = bad_line,
                                              .initial_state = (void *)(uintptr_t)&bad_rows[i] };
    }
    /* clang-format off */
    const struct CMUnitTest plain[] = {
        { "lines with open slots, cut at every byte", lines_cut, NULL, NULL, (void *)(uintptr_t)&releases[6] },
        { "a line: every field", every_field, NULL, NULL, NULL },
        { "a line: forms of the address", addresses, NULL, NULL, NULL },
        { "a line: blanks, case, order of flags", forms_a_server_takes, NULL, NULL, NULL },
        { "blank lines", blank_lines, NULL, NULL, NULL },
        { "vars", vars, NULL, NULL, NULL },
        { "bad: a host name of 256 characters", host_name_too_long, NULL, NULL, NULL },
        { "bad: the 65th open slot", more_than_64_open_slots, NULL, NULL, NULL },
        { "open slots said twice: the last one counts", open_slots_said_twice, NULL, NULL, NULL },
        { "write: open slots of myself", open_slots_are_written, NULL, NULL, NULL },
        { "write: a node without address", a_node_without_address, NULL, NULL, NULL },
        { "write: into less room", written_into_less_room, NULL, NULL, NULL },
        { "names", names, NULL, NULL, NULL },
    };
    /* clang-format on */
    memcpy(&tests[count], plain, sizeof(plain));
    return _cmocka_run_group_tests("nodes_text", tests, count + COUNT(plain), NULL, NULL);
}
