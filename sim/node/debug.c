/* DEBUG, as far as test suites use it. */
#include <limits.h>
#include <string.h>

#include "sim/keys/dump.h"
#include "sim/node/aof.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/help.h"

#include "sim/pure.h"

/* What a shell sees of a process that a signal ended: 128 and its number. */
#define STATUS_ABORTED  134
#define STATUS_SEGFAULT 139

/* Seconds with at most six decimals as microseconds; anything else is 0, as strtod would have it.
 */
static rcs_us read_seconds(const struct rcs_arg *arg)
{
    rcs_us us = 0, unit = RCS_S(1);
    bool decimals = false;
    for (uint32_t i = 0; i < arg->size_bytes; i++) {
        char c = arg->bytes[i];
        if (c == '.' && !decimals) {
            decimals = true;
        } else if (c < '0' || c > '9' || us > RCS_NEVER / 100) {
            return 0;
        } else if (!decimals) {
            us = us * 10 + (c - '0') * RCS_S(1);
        } else {
            unit /= 10;
            us += (c - '0') * unit;
        }
    }
    return us;
}

static void run_sleep(struct rcs_call *call)
{
    rcs_us us = read_seconds(&call->args[2]);
    rcs_effect_add(call->node->out, RCS_EFFECT_SLEEP, 0)->duration_us = us;
    call->node->call_us += us;
    rcs_reply_ok(call->client);
}

static void run_change_repl_id(struct rcs_call *call)
{
    rcs_repl_change_id(call->node);
    rcs_reply_ok(call->client);
}

static void run_drop_filter(struct rcs_call *call)
{
    int64_t type;
    if (rcs_arg_i64_or_refuse(call->client, &call->args[2], &type)) {
        call->node->cluster.drop_filter = type < INT_MIN || type > INT_MAX ? -1 : (int)type;
        rcs_reply_ok(call->client);
    }
}

/* As atoi: what is no number is 0. */
static bool read_switch(const struct rcs_arg *arg)
{
    int64_t number;
    return rcs_arg_i64(arg, &number) && number != 0;
}

static void run_set_active_expire(struct rcs_call *call)
{
    call->node->passive_expire = !read_switch(&call->args[2]);
    rcs_reply_ok(call->client);
}

static void run_pause_cron(struct rcs_call *call)
{
    call->node->cron_paused = read_switch(&call->args[2]);
    rcs_reply_ok(call->client);
}

/* --- the end of the process ------------------------------------------------------------------- */

static void end(struct rcs_call *call, int status)
{
    rcs_effect_add(call->node->out, RCS_EFFECT_EXIT, 0)->status = status;
    call->node->dead = true;
}

static void run_segfault(struct rcs_call *call)
{
    end(call, STATUS_SEGFAULT);
}

static void run_abort(struct rcs_call *call)
{
    end(call, STATUS_ABORTED);
}

/* --- the data set ----------------------------------------------------------------------------- */

static void load(struct rcs_node *node, const struct rcs_snapshot *snapshot)
{
    rcs_keys_flushed(node);
    rcs_keyspace_load(node->keys, snapshot);
}

/* Saves, forgets everything, loads. MERGE and NOFLUSH are of use with other files than its own. */
static void run_reload(struct rcs_call *call)
{
    struct rcs_node *node = call->node;
    bool save = true;
    for (unsigned i = 2; i < call->argc; i++) {
        if (rcs_arg_is(&call->args[i], "nosave")) {
            save = false;
        } else if (rcs_arg_is(&call->args[i], "merge") || rcs_arg_is(&call->args[i], "noflush")) {
            rcs_refuse(call->client, "rcsim models DEBUG RELOAD without MERGE and NOFLUSH");
            return;
        } else {
            rcs_refuse(call->client,
                       "DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
            return;
        }
    }
    enum rcs_save_answer saved = save ? rcs_persistence_save(node) : RCS_SAVE_DONE;
    if (saved != RCS_SAVE_DONE) {
        rcs_refuse(call->client,
                   saved == RCS_SAVE_BUSY ? "Background save already in progress" : "-ERR");
        return;
    }
    if (node->dump == NULL) {
        rcs_refuse(call->client, "Error trying to load the RDB dump");
        return;
    }
    load(node, node->dump);
    rcs_reply_ok(call->client);
}

/* A real server without an append-only file ends with status 1 here. */
static void run_loadaof(struct rcs_call *call)
{
    struct rcs_node *node = call->node;
    if (!node->config.appendonly) {
        end(call, 1);
        return;
    }
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(node->keys, rcs_node_wall_ms(node));
    load(node, snapshot);
    rcs_snapshot_release(snapshot);
    rcs_reply_ok(call->client);
}

/* DEBUG POPULATE count [prefix] [size]: keys that are not there yet; nothing is replicated. */
static void run_populate(struct rcs_call *call)
{
    int64_t count, size = 0;
    struct rcs_arg prefix = call->argc > 3 ? call->args[3] : rcs_arg_of("key");
    if (!rcs_arg_i64(&call->args[2], &count) || count < 0) {
        rcs_refuse(call->client, "value is out of range, must be positive");
        return;
    }
    if (call->argc > 4 && (!rcs_arg_i64(&call->args[4], &size) || size < 0 || size > INT32_MAX)) {
        rcs_refuse(call->client, "value is out of range, must be positive");
        return;
    }
    struct rcs_buf name, text;
    rcs_buf_init(&name);
    rcs_buf_init(&text);
    for (int64_t i = 0; i < count; i++) {
        rcs_buf_clear(&name);
        rcs_buf_clear(&text);
        rcs_buf_add(&name, prefix.bytes, prefix.size_bytes);
        rcs_buf_format(&name, ":%lld", (long long)i);
        struct rcs_arg key = { name.data, (uint32_t)name.size_bytes };
        if (rcs_key_write(call, &key) != NULL) {
            continue;
        }
        rcs_buf_format(&text, "value:%lld", (long long)i);
        while (size > 0 && (int64_t)text.size_bytes < size) {
            rcs_buf_add(&text, "", 1);
        }
        size_t bytes = size > 0 ? (size_t)size : text.size_bytes;
        rcs_key_set(call, &key, rcs_string_new_text(text.data, bytes), false);
    }
    rcs_buf_close(&name);
    rcs_buf_close(&text);
    rcs_reply_ok(call->client);
}

/* Where a value lies is nobody's business: the address is 0. */
static void run_object(struct rcs_call *call)
{
    const struct rcs_arg *key = &call->args[2];
    const struct rcs_entry *entry =
        rcs_keyspace_find(call->node->keys, key->bytes, key->size_bytes);
    if (entry == NULL) {
        rcs_refuse(call->client, "no such key");
        return;
    }
    struct rcs_buf payload, text;
    rcs_buf_init(&payload);
    rcs_buf_init(&text);
    rcs_value_dump(entry->value, 10, &payload);
    /* The payload begins with the type and ends with a version and a checksum. */
    rcs_buf_format(&text,
                   "Value at:0x0 refcount:1 encoding:%s serializedlength:%zu lru:%lld "
                   "lru_seconds_idle:0",
                   rcs_value_encoding_name(entry->value), payload.size_bytes - 11,
                   (long long)(rcs_node_unixtime(call->node) & 0xffffff));
    rcs_buf_add(&text, "", 1);
    rcs_resp_status(call->out, text.data);
    rcs_buf_close(&payload);
    rcs_buf_close(&text);
}

/* --- talk ------------------------------------------------------------------------------------- */

static void run_log(struct rcs_call *call)
{
    rcs_reply_ok(call->client);
}

static void run_error(struct rcs_call *call)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "-");
    rcs_buf_add(&text, call->args[2].bytes, rcs_arg_text_bytes(&call->args[2]));
    rcs_buf_add(&text, "", 1);
    rcs_refuse(call->client, text.data);
    rcs_buf_close(&text);
}

static void add_three(struct rcs_call *call)
{
    for (int i = 0; i < 3; i++) {
        rcs_resp_integer(call->out, i);
    }
}

static void say_string(struct rcs_call *call)
{
    rcs_resp_bulk_text(call->out, "Hello World");
}

static void say_integer(struct rcs_call *call)
{
    rcs_resp_integer(call->out, 12345);
}

static void say_double(struct rcs_call *call)
{
    rcs_resp_double(call->out, 3.141, call->resp3);
}

static void say_bignum(struct rcs_call *call)
{
    static const char number[] = "1234567999999999999999999999999999999";
    if (call->resp3) {
        rcs_buf_format(call->out, "(%s\r\n", number);
    } else {
        rcs_resp_bulk_text(call->out, number);
    }
}

static void say_null(struct rcs_call *call)
{
    rcs_resp_nil(call->out, call->resp3);
}

static void say_array(struct rcs_call *call)
{
    rcs_resp_array(call->out, 3);
    add_three(call);
}

static void say_set(struct rcs_call *call)
{
    rcs_resp_set(call->out, 3, call->resp3);
    add_three(call);
}

static void say_map(struct rcs_call *call)
{
    rcs_resp_map(call->out, 3, call->resp3);
    for (int i = 0; i < 3; i++) {
        rcs_resp_integer(call->out, i);
        rcs_resp_boolean(call->out, i == 1, call->resp3);
    }
}

static void say_attrib(struct rcs_call *call)
{
    if (call->resp3) {
        rcs_buf_text(call->out, "|1\r\n");
        rcs_resp_bulk_text(call->out, "key-popularity");
        rcs_resp_array(call->out, 2);
        rcs_resp_bulk_text(call->out, "key:123");
        rcs_resp_integer(call->out, 90);
    }
    rcs_resp_bulk_text(call->out, "Some real reply following the attribute");
}

static void say_push(struct rcs_call *call)
{
    if (!call->resp3) {
        rcs_refuse(call->client, "RESP2 is not supported by this command");
        return;
    }
    rcs_resp_push(call->out, 2, true);
    rcs_resp_bulk_text(call->out, "server-cpu-usage");
    rcs_resp_integer(call->out, 42);
    rcs_resp_bulk_text(call->out, "Some real reply following the push reply");
}

static void say_true(struct rcs_call *call)
{
    rcs_resp_boolean(call->out, true, call->resp3);
}

static void say_false(struct rcs_call *call)
{
    rcs_resp_boolean(call->out, false, call->resp3);
}

static void say_verbatim(struct rcs_call *call)
{
    rcs_resp_verbatim(call->out, "This is a verbatim\nstring", 25, call->resp3);
}

static void run_protocol(struct rcs_call *call)
{
    static const struct {
        const char *name;
        rcs_command_handler *say;
    } kinds[] = {
        { "string", say_string },     { "integer", say_integer }, { "double", say_double },
        { "bignum", say_bignum },     { "null", say_null },       { "array", say_array },
        { "set", say_set },           { "map", say_map },         { "attrib", say_attrib },
        { "push", say_push },         { "true", say_true },       { "false", say_false },
        { "verbatim", say_verbatim },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (rcs_arg_is(&call->args[2], kinds[i].name)) {
            kinds[i].say(call);
            return;
        }
    }
    rcs_refuse(call->client, "Wrong protocol type name. Please use one of the following: "
                             "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|"
                             "true|false");
}

static void run_replicate(struct rcs_call *call)
{
    rcs_repl_feed(call->node, call->argc - 2, call->args + 2);
    rcs_reply_ok(call->client);
}

/* --- taken, and without effect ---------------------------------------------------------------- */

/* From which length an element gets a node of its own shows in no reply. */
static void run_packed_threshold(struct rcs_call *call)
{
    const struct rcs_arg *word = &call->args[2];
    char text[32];
    int64_t bytes;
    size_t size = word->size_bytes < sizeof(text) ? word->size_bytes : 0;
    memcpy(text, word->bytes, size);
    text[size] = '\0';
    if (!rcs_config_bytes(text, &bytes) || bytes > (int64_t)UINT32_MAX) {
        rcs_refuse(call->client,
                   "argument must be a memory value bigger than 1 and smaller than 4gb");
    } else {
        rcs_reply_ok(call->client);
    }
}

static void run_stringmatch_test(struct rcs_call *call)
{
    rcs_resp_status(call->out, "Apparently Redis did not crash: test passed");
}

static void run_client_eviction(struct rcs_call *call)
{
    rcs_refuse(call->client, "maxmemory-clients is disabled.");
}

static void run_unmodelled(struct rcs_call *call)
{
    rcs_refuse_about(call->client, "rcsim does not model DEBUG ", &call->args[1], "");
}

/* `least`, `most`: words, DEBUG and the name included; most 0: any number. */
static const struct {
    const char *name;
    unsigned least, most;
    rcs_command_handler *run;
} debugs[] = {
    { "aof-flush-sleep", 3, 3, run_unmodelled },
    { "assert", 2, 0, run_abort },
    { "change-repl-id", 2, 2, run_change_repl_id },
    { "client-eviction", 2, 2, run_client_eviction },
    { "clusterlink", 5, 5, run_unmodelled },
    { "config-rewrite-force-all", 2, 2, run_unmodelled },
    { "crash-and-recover", 2, 0, run_unmodelled },
    { "digest", 2, 2, run_unmodelled },
    { "digest-value", 2, 0, run_unmodelled },
    { "drop-cluster-packet-filter", 3, 3, run_drop_filter },
    { "error", 3, 3, run_error },
    { "help", 2, 2, rcs_run_help },
    { "htstats", 3, 3, run_unmodelled },
    { "htstats-key", 3, 3, run_unmodelled },
    { "listpack", 3, 3, run_unmodelled },
    { "loadaof", 2, 0, run_loadaof },
    { "log", 3, 3, run_log },
    { "mallctl", 3, 0, run_unmodelled },
    { "mallctl-str", 3, 0, run_unmodelled },
    { "object", 3, 3, run_object },
    { "oom", 2, 0, run_abort },
    { "panic", 2, 0, run_abort },
    { "pause-cron", 3, 3, run_pause_cron },
    { "populate", 3, 5, run_populate },
    { "protocol", 3, 3, run_protocol },
    { "quicklist", 3, 4, run_unmodelled },
    { "quicklist-packed-threshold", 3, 3, run_packed_threshold },
    { "reload", 2, 0, run_reload },
    { "replicate", 3, 0, run_replicate },
    { "replybuffer", 4, 4, run_unmodelled },
    { "restart", 2, 0, run_unmodelled },
    { "sdslen", 3, 3, run_unmodelled },
    { "segfault", 2, 0, run_segfault },
    { "set-active-expire", 3, 3, run_set_active_expire },
    { "set-disable-deny-scripts", 3, 3, run_unmodelled },
    { "set-skip-checksum-validation", 3, 3, run_unmodelled },
    { "sleep", 3, 3, run_sleep },
    { "stringmatch-test", 2, 2, run_stringmatch_test },
    { "structsize", 2, 2, run_unmodelled },
};

static void run_debug(struct rcs_call *call)
{
    const struct rcs_arg *what = &call->args[1];
    for (size_t i = 0; i < sizeof(debugs) / sizeof(debugs[0]); i++) {
        if (rcs_arg_is(what, debugs[i].name) && call->argc >= debugs[i].least &&
            (debugs[i].most == 0 || call->argc <= debugs[i].most)) {
            debugs[i].run(call);
            return;
        }
    }
    rcs_refuse_subcommand(call, "debug", what);
}

/* clang-format off */
const struct rcs_command rcs_debug_commands[] = {
    { "debug", run_debug, -2, ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED, 0, NO_KEYS, NULL,
      NULL },
    END_OF_COMMANDS
};
/* clang-format on */
