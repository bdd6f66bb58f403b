#define _GNU_SOURCE /* memmem */
/* Recorded requests, sent again over TCP to servers that run: their replies must be the recorded
 * bytes, but for what a command's row lets differ (command_rows.h). vectors/resp/served.tsv was
 * recorded from a redis-server 7.0.15 that is a cluster of one with all slots: each case is one
 * connection, and before it all keys and scripts are removed. redirect.tsv is from two masters and
 * a replica. Requests of commands that are not in the server's COMMAND list are not sent; they are
 * listed.
 *
 * Usage: live_replay [--port PORT] [--record FILE] (--with HOST:PORT | --rcsim PROGRAM | --real)
 *   --with     plays served.tsv only
 *   --record   plays the requests of FILE below vectors and prints it with the replies that came
 * Exit status 0: the same, 1: not, 2: could not be tried. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/answers_agree.h"
#include "tests/support/live_target.h"
#include "tests/support/support.h"
#include "tests/support/tsv.h"

#define RECORDED_PORT 20300
#define NOTHING_MS    300 /* a reply that does not come within this does not come */

enum { CASE, STEP, PROTO, REQUEST, REPLY, CLOSED, FIELDS };

/* The cluster of one; two masters, and the first one's replica. */
enum { ALONE, FIRST, SECOND, REPLICA, TARGETS };
static struct live_target targets[TARGETS] = { LIVE_TARGET("the cluster of one"),
                                               LIVE_TARGET("the first master"),
                                               LIVE_TARGET("the second master"),
                                               LIVE_TARGET("the replica") };
static struct live_target *asked = &targets[ALONE];
static char directory[200];
static unsigned same, by_rule, differing, left_out;
static bool left_out_of_case;

static void clean_up(void)
{
    const char *how;
    for (int i = 0; i < TARGETS; i++) {
        if (live_target_ended(&targets[i], &how)) {
            printf("NOT: %s ended by itself (%s)\n", targets[i].wire.name, how);
        }
        live_target_end(&targets[i]);
    }
    rmdir(directory);
}

static void print_bytes(const char *what, const struct rcs_buf *bytes)
{
    printf("    %s: ", what);
    for (size_t i = 0; i < bytes->size_bytes && i < 600; i++) {
        unsigned char byte = (unsigned char)bytes->data[i];
        if (byte == '\r' || byte == '\n') {
            fputs(byte == '\r' ? "\\r" : "\\n", stdout);
        } else {
            printf(byte < 32 || byte > 126 ? "\\x%02x" : "%c", byte);
        }
    }
    putchar('\n');
}

/* As test_hex reads it. */
static void print_hex(const struct rcs_buf *bytes)
{
    for (size_t i = 0; i < bytes->size_bytes;) {
        size_t run = 1;
        while (i + run < bytes->size_bytes && bytes->data[i + run] == bytes->data[i]) {
            run++;
        }
        if (run >= 6) {
            printf("%s%02x*%zu ", i == 0 ? "" : " ", (unsigned char)bytes->data[i], run);
        } else {
            run = 1;
            printf("%02x", (unsigned char)bytes->data[i]);
        }
        i += run;
    }
}

/* --- commands --------------------------------------------------------------------------------- */

static struct live_answer all; /* the server's COMMAND */

/* "name" or "name|subcommand" of a request's first command; "" if it is none. */
static void name_of(const uint8_t *bytes, size_t size_bytes, char name[100])
{
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    const struct rcs_arg *args;
    unsigned argc;
    const char *error;
    name[0] = '\0';
    rcs_resp_requests_feed(reader, bytes, size_bytes);
    if (rcs_resp_requests_next(reader, &args, &argc, &error) == RCS_OK && args[0].size_bytes < 30) {
        static const char *const containers[] = { "client",   "cluster", "command", "config",
                                                  "debug",    "object",  "pubsub",  "script",
                                                  "function", "memory",  "latency", "slowlog" };
        snprintf(name, 100, "%.*s", (int)args[0].size_bytes, args[0].bytes);
        for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
            if (strcasecmp(name, containers[i]) == 0 && argc > 1 && args[1].size_bytes < 40 &&
                i != 4) {
                snprintf(name + strlen(name), 60, "|%.*s", (int)args[1].size_bytes, args[1].bytes);
            }
        }
        for (char *at = name; *at != '\0'; at++) {
            *at = (char)tolower((unsigned char)*at);
        }
    }
    rcs_resp_requests_free(reader);
}

static bool is_listed(const char *name)
{
    char bulk[120];
    snprintf(bulk, sizeof(bulk), "\r\n%s\r\n", name);
    return memmem(all.bytes.data, all.bytes.size_bytes, bulk, strlen(bulk)) != NULL;
}

/* The recorded server knew it, this one does not. */
static bool is_unmodelled(const char *name, const char *reply, size_t reply_bytes)
{
    bool unknown = reply_bytes > 12 && memcmp(reply, "-ERR unknown", 12) == 0;
    return name[0] != '\0' && isalpha((unsigned char)name[0]) && !unknown && !is_listed(name) &&
           reply_bytes > 0 &&
           memcmp(reply, "-ERR Protocol", reply_bytes < 13 ? reply_bytes : 13) != 0;
}

static int by_byte(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* Keys in another order; when some were not made, those that were. */
static bool same_scan(struct live_answer *want, struct live_answer *got, bool some_left_out)
{
    if (got->bytes.size_bytes == 0 || want->bytes.size_bytes == 0) {
        return false;
    }
    if (some_left_out) {
        return got->bytes.data[0] == '*';
    }
    qsort(want->bytes.data, want->bytes.size_bytes, 1, by_byte);
    qsort(got->bytes.data, got->bytes.size_bytes, 1, by_byte);
    return bytes_are_same(&want->bytes, &got->bytes);
}

/* --- playing ---------------------------------------------------------------------------------- */

/* In a redirection; ports have five digits. */
static void put_port(char *reply, size_t reply_bytes, const char *recorded, int port)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%d", port);
    for (char *at = reply;
         (at = memmem(at, reply_bytes - (size_t)(at - reply), recorded, 5)) != NULL;) {
        memcpy(at, digits, 5);
    }
}

static void play(char *row[FIELDS], bool record)
{
    char name[100];
    size_t request_bytes, reply_bytes;
    uint8_t *request = test_hex(row[REQUEST], &request_bytes),
            *reply = test_hex(row[REPLY], &reply_bytes);
    struct live_answer want, got;
    struct answer_question question = { .port_a = RECORDED_PORT, .port_b = asked->wire.port };
    name_of(request, request_bytes, name);
    if (asked != &targets[ALONE]) {
        put_port((char *)reply, reply_bytes, "40620", targets[FIRST].wire.port);
        put_port((char *)reply, reply_bytes, "40621", targets[SECOND].wire.port);
    }
    if (!record && is_unmodelled(name, (const char *)reply, reply_bytes)) {
        printf("not modelled: %s %s (RESP%s): %s\n", row[CASE], row[STEP], row[PROTO], name);
        left_out++;
        left_out_of_case = true;
    } else {
        live_answer_init(&want);
        live_answer_init(&got);
        rcs_buf_add(&want.bytes, reply, reply_bytes);
        want.closed = row[CLOSED][0] == '1';
        live_wire_send(&asked->wire, request, request_bytes, &got);
        if (got.silent || (!got.closed && got.bytes.size_bytes < reply_bytes)) {
            live_wire_await(&asked->wire, NOTHING_MS, &got);
        }
        if (want.closed) {
            live_wire_await_close(&asked->wire, NOTHING_MS, &got);
        }
        question.row = command_row_find(name, strlen(name));
        enum answer_verdict verdict = answers_agree(&question, &want, &got);
        if (verdict == ANSWER_DIFFERS && !record && strcmp(name, "scan") == 0 &&
            same_scan(&want, &got, left_out_of_case)) {
            verdict = ANSWER_BY_RULE;
        }
        if (record) {
            printf("%s\t%s\t%s\t%s\t", row[CASE], row[STEP], row[PROTO], row[REQUEST]);
            print_hex(&got.bytes);
            printf("\t%d\n", got.closed);
        } else if (verdict == ANSWER_DIFFERS) {
            printf("DIFFERS: %s %s (RESP%s): %s\n", row[CASE], row[STEP], row[PROTO], name);
            print_bytes("recorded", &want.bytes);
            print_bytes("now", &got.bytes);
            if (want.closed != got.closed) {
                printf("    the connection is %s\n", got.closed ? "closed" : "not closed");
            }
        }
        same += verdict == ANSWER_SAME;
        by_rule += verdict == ANSWER_BY_RULE;
        differing += verdict == ANSWER_DIFFERS;
        live_answer_close(&want);
        live_answer_close(&got);
    }
    free(request);
    free(reply);
}

static void say(int which, const char *words)
{
    live_wire_say(&targets[which].wire, words);
}

/* A slot's state is that of the case. */
static void begin_redirect(const char *name, const char ids[TARGETS][48])
{
    char words[120];
    bool ask = strcmp(name, "ask") == 0, asking = strcmp(name, "asking") == 0;
    asked = &targets[strcmp(name, "replica") == 0 ? REPLICA : ask ? FIRST : SECOND];
    say(FIRST, "CLUSTER SETSLOT 5061 STABLE");
    say(SECOND, "CLUSTER SETSLOT 5061 STABLE");
    snprintf(words, sizeof(words), "CLUSTER SETSLOT 5061 MIGRATING %s", ids[SECOND]);
    if (ask) {
        say(FIRST, words);
    }
    snprintf(words, sizeof(words), "CLUSTER SETSLOT 5061 IMPORTING %s", ids[FIRST]);
    if (asking) {
        say(SECOND, words);
    }
}

static void begin_served(const char *name)
{
    asked = &targets[ALONE];
    say(ALONE, "FLUSHALL");
    say(ALONE, "SCRIPT FLUSH");
    if (strncmp(name, "cluster", 7) == 0) { /* they come last, and want slots that nobody has */
        say(ALONE, "CONFIG SET cluster-require-full-coverage no");
        say(ALONE, "CLUSTER DELSLOTSRANGE 16000 16383");
    }
}

static void begin_connection(const char *proto)
{
    static const char hello[] = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n";
    if (!live_wire_open(&asked->wire)) {
        live_give_up("cannot be reached", asked->wire.name);
    }
    if (proto[0] == '3') {
        struct live_answer answer;
        live_answer_init(&answer);
        live_wire_send(&asked->wire, hello, sizeof(hello) - 1, &answer);
        live_answer_close(&answer);
    }
}

static void play_file(const char *path, bool record, const char ids[TARGETS][48])
{
    struct tsv file;
    char *row[FIELDS], now[100] = "";
    for (tsv_open(&file, path); tsv_row(&file, row, FIELDS);) {
        char key[100];
        snprintf(key, sizeof(key), "%s %s", row[CASE], row[PROTO]);
        if (strcmp(key, now) != 0) {
            snprintf(now, sizeof(now), "%s", key);
            left_out_of_case = false;
            if (ids != NULL) {
                begin_redirect(row[CASE], ids);
            } else {
                begin_served(row[CASE]);
            }
            begin_connection(row[PROTO]);
        }
        play(row, record);
    }
    tsv_close(&file);
}

/* --- two masters and a replica ---------------------------------------------------------------- */

static void await(int which, const char *words, const char *text)
{
    for (int tries = 0;; tries++) {
        const struct rcs_buf *reply = live_wire_say(&targets[which].wire, words);
        if (memmem(reply->data, reply->size_bytes, text, strlen(text)) != NULL) {
            return;
        }
        if (tries == 1000) {
            live_give_up(text, targets[which].wire.name);
        }
        live_sleep_us(20000);
    }
}

static void make_redirect_cluster(char ids[TARGETS][48])
{
    char words[120];
    for (int i = FIRST; i <= REPLICA; i++) {
        if (!live_wire_open(&targets[i].wire)) {
            live_give_up("cannot be reached", targets[i].wire.name);
        }
        const struct rcs_buf *id = live_wire_say(&targets[i].wire, "CLUSTER MYID");
        snprintf(ids[i], 48, "%.40s", id->size_bytes > 45 ? id->data + 5 : "");
        snprintf(words, sizeof(words), "CLUSTER SET-CONFIG-EPOCH %d", i);
        say(i, words);
    }
    say(FIRST, "CLUSTER ADDSLOTSRANGE 0 8191");
    say(SECOND, "CLUSTER ADDSLOTSRANGE 8192 16383");
    for (int i = SECOND; i <= REPLICA; i++) {
        snprintf(words, sizeof(words), "CLUSTER MEET 127.0.0.1 %d", targets[i].wire.port);
        say(FIRST, words);
    }
    for (int i = FIRST; i <= REPLICA; i++) {
        await(i, "CLUSTER INFO", "cluster_known_nodes:3");
        await(i, "CLUSTER INFO", "cluster_state:ok");
    }
    snprintf(words, sizeof(words), "CLUSTER REPLICATE %s", ids[FIRST]);
    say(REPLICA, words);
    await(REPLICA, "INFO replication", "master_link_status:up");
    await(SECOND, "CLUSTER NODES", "slave");
    say(FIRST, "SET bar here");
    await(FIRST, "WAIT 1 1000", ":1");
}

static void start_all(const char *with, const char *rcsim, int port)
{
    if (with != NULL) {
        live_target_at(&targets[ALONE], with);
        return;
    }
    if (rcsim != NULL) {
        live_target_rcsim(&targets[ALONE], rcsim, port, 1);
        live_target_rcsim(&targets[FIRST], rcsim, port + 2, 3);
    } else {
        live_target_real(&targets[ALONE], directory, port);
        live_target_real(&targets[FIRST], directory, port + 2);
    }
    for (int i = SECOND; i <= REPLICA; i++) {
        char address[32];
        snprintf(address, sizeof(address), "127.0.0.1:%d", port + 1 + i);
        if (rcsim != NULL) {
            live_target_at(&targets[i], address);
        } else {
            live_target_real(&targets[i], directory, port + 1 + i);
        }
    }
}

int main(int argc, char **argv)
{
    const char *with = NULL, *rcsim = NULL, *record = NULL;
    int port = 20300;
    bool real = false, good = true;
    for (int i = 1; i < argc && good; i++) {
        if (strcmp(argv[i], "--real") == 0) {
            real = true;
        } else if (i + 1 == argc) {
            good = false;
        } else if (strcmp(argv[i], "--with") == 0) {
            with = argv[++i];
        } else if (strcmp(argv[i], "--rcsim") == 0) {
            rcsim = argv[++i];
        } else if (strcmp(argv[i], "--record") == 0) {
            record = argv[++i];
        } else if (strcmp(argv[i], "--port") == 0) {
            port = (int)strtol(argv[++i], NULL, 10);
        } else {
            good = false;
        }
    }
    if (!good || real + (with != NULL) + (rcsim != NULL) != 1) {
        fprintf(stderr,
                "usage: live_replay [--port PORT] [--record FILE] (--with HOST:PORT | --rcsim "
                "PROGRAM | --real)\n");
        return 2;
    }
    live_directory("live_replay", "/tmp", directory, clean_up);
    port = live_free_ports(port, 8);
    start_all(with, rcsim, port);
    live_target_make_cluster(&targets[ALONE]);
    struct rcs_arg list[] = { { "COMMAND", 7 } };
    live_answer_init(&all);
    live_wire_beside(&targets[ALONE].wire, 1, list, &all);
    play_file(record != NULL ? record : "resp/served.tsv", record != NULL, NULL);
    if (record == NULL && with == NULL) {
        static char ids[TARGETS][48];
        make_redirect_cluster(ids);
        play_file("resp/redirect.tsv", false, (const char(*)[48])ids);
    }
    live_answer_close(&all);
    if (record == NULL) {
        printf("%u replies are the recorded bytes, %u agree by a rule, %u differ; %u requests are "
               "of commands that are "
               "not modelled\n",
               same, by_rule, differing, left_out);
    }
    bool well = true;
    for (int i = 0; i < TARGETS; i++) {
        well = live_target_end(&targets[i]) && well;
    }
    return differing == 0 && well ? 0 : 1;
}
