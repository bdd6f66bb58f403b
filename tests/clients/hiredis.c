/* hiredis through a failover: a program that follows redirections itself, as one does with a
 * library that knows single connections only. Usage: client_hiredis PORT...; CUE in the environment
 * kills the node at a port. */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX 16
#define KEYS      60
#define LIMIT_S   30

static int ports[NODES_MAX], port_count;
static redisContext *connections[NODES_MAX];
static int at; /* who is asked first: whoever answered last */

static void check(const char *sentence, bool holds)
{
    printf("%s: %s\n", holds ? "ok" : "NOT", sentence);
    fflush(stdout);
    if (!holds) {
        exit(1);
    }
}

static redisContext *connection(int i)
{
    struct timeval limit = { .tv_sec = 2 };
    if (connections[i] != NULL && connections[i]->err != 0) {
        redisFree(connections[i]);
        connections[i] = NULL;
    }
    if (connections[i] == NULL) {
        connections[i] = redisConnectWithTimeout("127.0.0.1", ports[i], limit);
        if (connections[i] != NULL && connections[i]->err == 0) {
            redisSetTimeout(connections[i], limit);
        }
    }
    return connections[i];
}

static int node_at(const char *address)
{
    const char *colon = strrchr(address, ':');
    int port = colon == NULL ? 0 : atoi(colon + 1);
    for (int i = 0; i < port_count; i++) {
        if (ports[i] == port) {
            return i;
        }
    }
    return -1;
}

/* Follows MOVED and ASK. NULL: the node cannot be reached; then another is asked the next time. */
static redisReply *ask(const char *format, ...)
{
    bool asking = false;
    for (int redirections = 0; redirections < 16; redirections++) {
        redisContext *c = connection(at);
        redisReply *reply = NULL;
        if (c != NULL && c->err == 0) {
            va_list arguments;
            if (asking) {
                freeReplyObject(redisCommand(c, "ASKING"));
            }
            va_start(arguments, format);
            reply = redisvCommand(c, format, arguments);
            va_end(arguments);
        }
        if (reply == NULL) {
            at = (at + 1) % port_count;
            return NULL;
        }
        bool moved = reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "MOVED ", 6) == 0;
        asking = reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "ASK ", 4) == 0;
        if (!moved && !asking) {
            return reply;
        }
        int next = node_at(reply->str);
        freeReplyObject(reply);
        if (next < 0) {
            return NULL;
        }
        at = next;
    }
    return NULL;
}

static bool is(redisReply *reply, const char *text)
{
    bool same = reply != NULL && reply->type != REDIS_REPLY_ERROR && reply->str != NULL &&
                strcmp(reply->str, text) == 0;
    freeReplyObject(reply);
    return same;
}

static bool all_there(void)
{
    bool there = true;
    for (int i = 0; i < KEYS; i++) {
        redisReply *reply = ask("GET key:%d", i);
        there = there && reply != NULL && reply->type == REDIS_REPLY_STRING;
        freeReplyObject(reply);
    }
    return there;
}

static bool pipeline(void)
{
    freeReplyObject(ask("SET {t}counter 0")); /* asks its owner the next time */
    redisContext *c = connection(at);
    bool right = true;
    for (int i = 0; i < 100; i++) {
        redisAppendCommand(c, "INCR {t}counter");
    }
    for (int i = 0; i < 100; i++) {
        redisReply *reply = NULL;
        right = redisGetReply(c, (void **)&reply) == REDIS_OK && right && reply->integer == i + 1;
        freeReplyObject(reply);
    }
    return right;
}

static bool transaction(void)
{
    freeReplyObject(ask("SET {t}a 1"));
    bool queued =
        is(ask("MULTI"), "OK") && is(ask("INCR {t}a"), "QUEUED") && is(ask("GET {t}a"), "QUEUED");
    redisReply *reply = ask("EXEC");
    bool right = queued && reply != NULL && reply->elements == 2 && reply->element[0]->integer == 2;
    freeReplyObject(reply);
    return right;
}

static bool heard(redisContext *c, const char *kind, const char *text)
{
    redisReply *reply = NULL;
    bool right = redisGetReply(c, (void **)&reply) == REDIS_OK && reply->elements == 3 &&
                 strcmp(reply->element[0]->str, kind) == 0 &&
                 (text == NULL || strcmp(reply->element[2]->str, text) == 0);
    freeReplyObject(reply);
    return right;
}

static bool publication(const char *subscribe, const char *publish, const char *message)
{
    struct timeval limit = { .tv_sec = 3 };
    freeReplyObject(ask("SET {t}a 1")); /* a shard's channel belongs to a slot */
    redisContext *c = redisConnect("127.0.0.1", ports[at]);
    redisSetTimeout(c, limit);
    redisAppendCommand(c, "%s {t}news", subscribe);
    bool right = heard(c, subscribe, NULL);
    if (publish[0] == 'P') {
        at = (at + 1) % port_count; /* at another node */
    }
    freeReplyObject(ask("%s {t}news hello", publish));
    right = right && heard(c, message, "hello");
    redisFree(c);
    return right;
}

static int scan(void)
{
    int found = 0;
    for (int i = 0; i < port_count; i++) {
        char cursor[32] = "0";
        redisReply *role = redisCommand(connection(i), "ROLE");
        bool master = role != NULL && strcmp(role->element[0]->str, "master") == 0;
        freeReplyObject(role);
        do {
            redisReply *reply =
                master ? redisCommand(connection(i), "SCAN %s MATCH key:* COUNT 1000", cursor)
                       : NULL;
            snprintf(cursor, sizeof(cursor), "%s", reply == NULL ? "0" : reply->element[0]->str);
            found += reply == NULL ? 0 : (int)reply->element[1]->elements;
            freeReplyObject(reply);
        } while (strcmp(cursor, "0") != 0);
    }
    return found;
}

int main(int argc, char **argv)
{
    char words[300];
    for (port_count = 0; port_count < argc - 1 && port_count < NODES_MAX; port_count++) {
        ports[port_count] = atoi(argv[port_count + 1]);
    }
    if (port_count == 0 || getenv("CUE") == NULL) {
        fprintf(stderr, "usage: CUE=PROGRAM client_hiredis PORT...\n");
        return 2;
    }
    bool right = true;
    for (int i = 0; i < KEYS; i++) {
        right = is(ask("SET key:%d %b", i, "\0value", (size_t)6), "OK") && right;
    }
    check("writes keys of all nodes, following MOVED", right && all_there());
    check("pipelines", pipeline());
    check("transacts", transaction());
    check("subscribes on one node to what is published on another",
          publication("subscribe", "PUBLISH", "message"));
    check("subscribes to a shard", publication("ssubscribe", "SPUBLISH", "smessage"));
    check("scans all nodes", scan() == KEYS);
    check("runs a script", is(ask("EVAL %s 1 key:1 x", "return KEYS[1] .. ARGV[1]"), "key:1x"));
    freeReplyObject(ask("GET key:1"));
    int victim = at;
    freeReplyObject(ask("WAIT 1 1000"));
    snprintf(words, sizeof(words), "'%s' %d >/dev/null", getenv("CUE"), ports[victim]);
    time_t start = time(NULL);
    check("the cue is given", system(words) == 0);
    /* The new master serves before the others have heard of it. */
    while ((!is(ask("SET key:1 after"), "OK") || !all_there()) && time(NULL) - start < LIMIT_S) {
        usleep(100000);
    }
    check("writes again after a failover", is(ask("GET key:1"), "after") && at != victim);
    check("no key was lost", all_there());
    for (int i = 0; i < port_count; i++) {
        redisFree(connections[i]);
    }
    return 0;
}
