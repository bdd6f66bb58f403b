/* When keys end: EXPIRE and its kind, TTL and its kind, PERSIST. */
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

void rcs_refuse_expire(struct rcs_call *call)
{
    rcs_refuse_format(call->client,
                      call->client->profile->release < RCS_REDIS_7_0
                          ? "invalid expire time in %s"
                          : "invalid expire time in '%s' command",
                      call->command->name);
}

/* Redis 7.0 checkAlreadyExpired: a replica leaves the deciding to its master. */
bool rcs_call_expires_now(const struct rcs_call *call, int64_t expire_ms)
{
    return expire_ms <= call->wall_ms && !call->node->repl.has_master;
}

void rcs_call_delete_as_del(struct rcs_call *call, struct rcs_entry *entry)
{
    struct rcs_arg words[] = { rcs_arg_of("DEL"), call->args[1] };
    rcs_key_delete(call, entry);
    rcs_notify(call, RCS_NOTIFY_GENERIC, "del", &call->args[1]);
    rcs_call_changed(call, 1);
    rcs_call_replicate(call, 2, words);
}

void rcs_call_set_expire(struct rcs_call *call, struct rcs_entry *entry, int64_t expire_ms)
{
    rcs_keyspace_expire(call->node->keys, entry, expire_ms < 0 ? 0 : expire_ms);
    rcs_key_modified(call->node, entry->key, entry->item.key_bytes);
    rcs_notify_key(call->node, RCS_NOTIFY_GENERIC, "expire", entry->key, entry->item.key_bytes);
    rcs_call_changed(call, 1);
}

/* --- EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT ----------------------------------------------------- */

enum condition { IF_NONE = 1, IF_ANY = 2, IF_LATER = 4, IF_SOONER = 8 }; /* NX XX GT LT */

/* False: an error was replied. */
static bool read_conditions(struct rcs_call *call, unsigned *conditions)
{
    for (unsigned i = 3; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        if (rcs_arg_is(word, "nx")) {
            *conditions |= IF_NONE;
        } else if (rcs_arg_is(word, "xx")) {
            *conditions |= IF_ANY;
        } else if (rcs_arg_is(word, "gt")) {
            *conditions |= IF_LATER;
        } else if (rcs_arg_is(word, "lt")) {
            *conditions |= IF_SOONER;
        } else {
            rcs_refuse_about(call->client, "Unsupported option ", word, "");
            return false;
        }
    }
    if ((*conditions & IF_NONE) != 0 && *conditions != IF_NONE) {
        rcs_refuse(call->client, "NX and XX, GT or LT options at the same time are not compatible");
        return false;
    }
    if ((*conditions & IF_LATER) != 0 && (*conditions & IF_SOONER) != 0) {
        rcs_refuse(call->client, "GT and LT options at the same time are not compatible");
        return false;
    }
    return true;
}

/* No expiry counts as one that never comes. */
static bool conditions_hold(unsigned conditions, int64_t old_ms, int64_t new_ms)
{
    bool has_none = old_ms == RCS_NO_EXPIRE;
    return !((conditions & IF_NONE) != 0 && !has_none) &&
           !((conditions & IF_ANY) != 0 && has_none) &&
           !((conditions & IF_LATER) != 0 && (has_none || new_ms <= old_ms)) &&
           !((conditions & IF_SOONER) != 0 && !has_none && new_ms >= old_ms);
}

/* Milliseconds since the epoch; false: an error was replied. */
static bool read_time(struct rcs_call *call, bool seconds, bool from_now, int64_t *out)
{
    int64_t base_ms = from_now ? call->wall_ms : 0;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], out)) {
        return false;
    }
    if (call->client->profile->release < RCS_REDIS_6_2) { /* unchecked: it wraps */
        *out = (int64_t)((uint64_t)*out * (seconds ? 1000 : 1) + (uint64_t)base_ms);
        return true;
    }
    if (seconds && (*out > INT64_MAX / 1000 || *out < INT64_MIN / 1000)) {
        rcs_refuse_expire(call);
        return false;
    }
    *out *= seconds ? 1000 : 1;
    if (*out > INT64_MAX - base_ms) {
        rcs_refuse_expire(call);
        return false;
    }
    *out += base_ms;
    return true;
}

/* As PEXPIREAT with the date; the conditions stay as they came. */
static void replicate_date(struct rcs_call *call, int64_t expire_ms)
{
    struct rcs_arg words[8]; /* more conditions than there are would be repeated ones */
    struct rcs_buf date;
    unsigned argc = call->argc < 8 ? call->argc : 8;
    rcs_buf_init(&date);
    rcs_buf_i64(&date, expire_ms);
    for (unsigned i = 0; i < argc; i++) {
        words[i] = call->args[i];
    }
    words[0] = rcs_arg_of("PEXPIREAT");
    words[2] = (struct rcs_arg){ date.data, (uint32_t)date.size_bytes };
    rcs_call_replicate(call, argc, words);
    rcs_buf_close(&date);
}

static void expire(struct rcs_call *call, bool seconds, bool from_now)
{
    unsigned conditions = 0;
    int64_t expire_ms;
    if (!read_conditions(call, &conditions) || !read_time(call, seconds, from_now, &expire_ms)) {
        return;
    }
    struct rcs_entry *entry = rcs_key_write(call, &call->args[1]);
    if (entry == NULL || !conditions_hold(conditions, entry->expire_ms, expire_ms)) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    if (rcs_call_expires_now(call, expire_ms)) {
        rcs_call_delete_as_del(call, entry);
    } else {
        rcs_call_set_expire(call, entry, expire_ms);
        bool absolute = call->client->profile->expire_form == RCS_EXPIRE_PXAT;
        if (absolute && (seconds || from_now)) {
            replicate_date(call, expire_ms);
        }
    }
    rcs_resp_integer(call->out, 1);
}

static void run_expire(struct rcs_call *call)
{
    expire(call, true, true);
}

static void run_pexpire(struct rcs_call *call)
{
    expire(call, false, true);
}

static void run_expireat(struct rcs_call *call)
{
    expire(call, true, false);
}

static void run_pexpireat(struct rcs_call *call)
{
    expire(call, false, false);
}

static void run_persist(struct rcs_call *call)
{
    struct rcs_entry *entry = rcs_key_write(call, &call->args[1]);
    bool had_one = entry != NULL && entry->expire_ms != RCS_NO_EXPIRE;
    if (had_one) {
        rcs_keyspace_expire(call->node->keys, entry, RCS_NO_EXPIRE);
        rcs_key_modified(call->node, entry->key, entry->item.key_bytes);
        rcs_notify(call, RCS_NOTIFY_GENERIC, "persist", &call->args[1]);
        rcs_call_changed(call, 1);
    }
    rcs_resp_integer(call->out, had_one);
}

/* --- TTL, PTTL, EXPIRETIME, PEXPIRETIME ------------------------------------------------------- */

/* -2 without the key, -1 without an expiry. Seconds are rounded, not cut. */
static void reply_time(struct rcs_call *call, bool seconds, bool from_now)
{
    const struct rcs_entry *entry = rcs_key_peek(call, &call->args[1]);
    if (entry == NULL || entry->expire_ms == RCS_NO_EXPIRE) {
        rcs_resp_integer(call->out, entry == NULL ? -2 : -1);
        return;
    }
    int64_t time_ms = entry->expire_ms - (from_now ? call->wall_ms : 0);
    time_ms = time_ms < 0 ? 0 : time_ms;
    rcs_resp_integer(call->out,
                     seconds ? time_ms / 1000 + (time_ms % 1000 >= 500 ? 1 : 0) : time_ms);
}

static void run_ttl(struct rcs_call *call)
{
    reply_time(call, true, true);
}

static void run_pttl(struct rcs_call *call)
{
    reply_time(call, false, true);
}

static void run_expiretime(struct rcs_call *call)
{
    reply_time(call, true, false);
}

static void run_pexpiretime(struct rcs_call *call)
{
    reply_time(call, false, false);
}

/* clang-format off */
#define SETS_TIME WRITE | FAST, CATEGORY(KEYSPACE), ONE_KEY(1, RW | UPDATE), NULL, NULL
#define SHOWS_TIME(tips) READONLY | FAST, CATEGORY(KEYSPACE), ONE_KEY(1, RO | ACCESS), tips, NULL
const struct rcs_command rcs_expire_commands[] = {
    { "expire", run_expire, -3, SETS_TIME },
    { "expireat", run_expireat, -3, SETS_TIME },
    { "expiretime", run_expiretime, 2, SHOWS_TIME(NULL) },
    { "persist", run_persist, 2, SETS_TIME },
    { "pexpire", run_pexpire, -3, SETS_TIME },
    { "pexpireat", run_pexpireat, -3, SETS_TIME },
    { "pexpiretime", run_pexpiretime, 2, SHOWS_TIME(NULL) },
    { "pttl", run_pttl, 2, SHOWS_TIME("nondeterministic_output") },
    { "ttl", run_ttl, 2, SHOWS_TIME("nondeterministic_output") },
    END_OF_COMMANDS
};
/* clang-format on */
