/* DUMP and RESTORE: a key as bytes that another server understands. */
#include <stdlib.h>
#include <string.h>

#include "sim/keys/dump.h"
#include "sim/node/command_rows.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

static void run_dump(struct rcs_call *call)
{
    const struct rcs_entry *entry = rcs_key_read(call, &call->args[1]);
    if (entry == NULL) {
        rcs_resp_nil(call->out, call->resp3);
        return;
    }
    struct rcs_buf payload;
    rcs_buf_init(&payload);
    rcs_value_dump(entry->value, (unsigned)rcs_node_profile(call->node)->rdb_version, &payload);
    rcs_resp_bulk(call->out, payload.data, payload.size_bytes);
    rcs_buf_close(&payload);
}

struct options {
    bool replace, absolute;
    bool idle, frequency; /* how recently it was used: taken, and of no use without eviction */
};

static bool refuse_syntax(struct rcs_call *call)
{
    rcs_refuse(call->client, "syntax error");
    return false;
}

/* The number behind an option; false: an error was replied. */
static bool read_number(struct rcs_call *call, unsigned at, int64_t most, const char *refusal)
{
    int64_t number;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[at], &number)) {
        return false;
    }
    if (number < 0 || number > most) {
        rcs_refuse(call->client, refusal);
        return false;
    }
    return true;
}

static bool read_options(struct rcs_call *call, struct options *options)
{
    for (unsigned i = 4; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        bool more = i + 1 < call->argc;
        if (rcs_arg_is(word, "replace")) {
            options->replace = true;
        } else if (rcs_arg_is(word, "absttl")) {
            options->absolute = true;
        } else if (rcs_arg_is(word, "idletime") && more && !options->frequency) {
            options->idle = true;
            if (!read_number(call, ++i, INT64_MAX, "Invalid IDLETIME value, must be >= 0")) {
                return false;
            }
        } else if (rcs_arg_is(word, "freq") && more && !options->idle) {
            options->frequency = true;
            if (!read_number(call, ++i, 255, "Invalid FREQ value, must be >= 0 and <= 255")) {
                return false;
            }
        } else {
            return refuse_syntax(call);
        }
    }
    return true;
}

/* The value of the payload; NULL: an error was replied. */
static struct rcs_value *read_payload(struct rcs_call *call)
{
    const struct rcs_arg *payload = &call->args[3];
    struct rcs_value *value;
    const char *type;
    unsigned version = (unsigned)rcs_node_profile(call->node)->rdb_version;
    struct rcs_value_limits limits;
    rcs_config_value_limits(&call->node->config, &limits);
    if (!rcs_dump_check(payload->bytes, payload->size_bytes, version)) {
        rcs_refuse(call->client, "DUMP payload version or checksum are wrong");
        return NULL;
    }
    switch (rcs_value_restore(payload->bytes, payload->size_bytes, &limits, &type, &value)) {
    case RCS_OK:
        return value;
    case RCS_ERR_UNKNOWN:
        rcs_refuse_format(call->client, "the payload holds a %s, which rcsim does not have", type);
        return NULL;
    default:
        rcs_refuse(call->client, "Bad data format");
        return NULL;
    }
}

/* A time from now goes to the replicas as the instant it means. */
static void replicate_absolute(struct rcs_call *call, int64_t expire_ms)
{
    struct rcs_buf number;
    rcs_buf_init(&number);
    rcs_buf_i64(&number, expire_ms);
    struct rcs_arg *words = malloc((call->argc + 1) * sizeof(words[0]));
    RCS_ASSERT(words != NULL);
    memcpy(words, call->args, call->argc * sizeof(words[0]));
    words[2] = (struct rcs_arg){ number.data, (uint32_t)number.size_bytes };
    words[call->argc] = rcs_arg_of("ABSTTL");
    rcs_call_replicate(call, call->argc + 1, words);
    free(words);
    rcs_buf_close(&number);
}

static void put(struct rcs_call *call, const struct options *options, int64_t ttl_ms,
                struct rcs_value *value)
{
    const struct rcs_arg *key = &call->args[1];
    struct rcs_entry *old = NULL;
    if (options->replace) { /* whether it has expired or not */
        old = rcs_keyspace_find(call->node->keys, key->bytes, key->size_bytes);
    }
    int64_t expire_ms = ttl_ms;
    if (ttl_ms != 0 && !options->absolute) {
        expire_ms = (int64_t)((uint64_t)ttl_ms + (uint64_t)call->wall_ms); /* it may wrap around */
    }
    if (ttl_ms != 0 && rcs_call_expires_now(call, expire_ms)) {
        if (old != NULL) {
            rcs_call_delete_as_del(call, old);
        }
        rcs_value_release(value);
        rcs_reply_ok(call->client);
        return;
    }
    if (old != NULL) {
        rcs_key_delete(call, old);
    }
    struct rcs_entry *entry = rcs_key_set(call, key, value, false);
    if (ttl_ms != 0) {
        rcs_keyspace_expire(call->node->keys, entry, expire_ms);
        if (!options->absolute && rcs_node_profile(call->node)->restores_until) {
            replicate_absolute(call, expire_ms);
        }
    }
    rcs_notify(call, RCS_NOTIFY_GENERIC, "restore", key);
    rcs_call_changed(call, 1);
    rcs_reply_ok(call->client);
}

static void run_restore(struct rcs_call *call)
{
    struct options options = { .replace = false };
    int64_t ttl_ms;
    if (!read_options(call, &options)) {
        return;
    }
    if (!options.replace && rcs_key_write(call, &call->args[1]) != NULL) {
        rcs_refuse(call->client, "-BUSYKEY Target key name already exists.");
        return;
    }
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &ttl_ms)) {
        return;
    }
    if (ttl_ms < 0) {
        rcs_refuse(call->client, "Invalid TTL value, must be >= 0");
        return;
    }
    struct rcs_value *value = read_payload(call);
    if (value != NULL) {
        put(call, &options, ttl_ms, value);
    }
}

/* clang-format off */
#define RESTORED CATEGORY(KEYSPACE) | CATEGORY(DANGEROUS), ONE_KEY(1, OW | UPDATE), NULL, NULL
const struct rcs_command rcs_dump_commands[] = {
    { "dump", run_dump, 2, READONLY, CATEGORY(KEYSPACE), ONE_KEY(1, RO | ACCESS),
      "nondeterministic_output", NULL },
    { "restore", run_restore, -4, WRITE | DENYOOM, RESTORED },
    { "restore-asking", run_restore, -4, WRITE | DENYOOM | ASKING, RESTORED },
    END_OF_COMMANDS
};
/* clang-format on */
