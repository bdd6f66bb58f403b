/* Strings as bits: SETBIT, GETBIT, BITCOUNT. Bit 0 is the highest of byte 0. */
#include "sim/node/command_rows.h"
#include "sim/node/notify.h"

#include "sim/pure.h"

/* False: an error was replied. */
static bool read_offset(struct rcs_call *call, int64_t *out)
{
    if (!rcs_arg_i64(&call->args[2], out) || *out < 0 ||
        *out / 8 >= call->node->config.proto_max_bulk_len_bytes || *out / 8 >= INT32_MAX) {
        rcs_refuse(call->client, "bit offset is not an integer or out of range");
        return false;
    }
    return true;
}

static unsigned bit_at(const struct rcs_entry *entry, int64_t offset)
{
    if (entry == NULL || offset / 8 >= rcs_string_of(entry->value)->size_bytes) {
        return 0;
    }
    return (unsigned char)rcs_string_of(entry->value)->bytes[offset / 8] >> (7 - offset % 8) & 1;
}

static void run_getbit(struct rcs_call *call)
{
    int64_t offset;
    struct rcs_entry *entry;
    if (read_offset(call, &offset) &&
        rcs_key_read_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        rcs_resp_integer(call->out, bit_at(entry, offset));
    }
}

/* Nothing is replicated if neither the bit nor the length changed; the value becomes raw all the
 * same. */
static void run_setbit(struct rcs_call *call)
{
    int64_t offset, bit;
    if (!read_offset(call, &offset)) {
        return;
    }
    if (!rcs_arg_i64(&call->args[3], &bit) || bit < 0 || bit > 1) {
        rcs_refuse(call->client, "bit is not an integer or out of range");
        return;
    }
    struct rcs_entry *entry;
    if (!rcs_key_write_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    unsigned old = bit_at(entry, offset);
    bool grows = entry == NULL || offset / 8 >= rcs_string_of(entry->value)->size_bytes;
    unsigned char byte = grows ? 0 : (unsigned char)rcs_string_of(entry->value)->bytes[offset / 8];
    unsigned char mask = (unsigned char)(1u << (7 - offset % 8));
    byte = (unsigned char)(bit != 0 ? byte | mask : byte & ~mask);
    struct rcs_value *value = entry == NULL ? rcs_string_new_text("", 0) : rcs_keyspace_lend(entry);
    value = rcs_string_write(value, (size_t)(offset / 8), &byte, 1);
    if (grows || old != (unsigned)bit) {
        rcs_key_set(call, &call->args[1], value, true);
        rcs_notify(call, RCS_NOTIFY_STRING, "setbit", &call->args[1]);
        rcs_call_changed(call, 1);
    } else {
        rcs_keyspace_replace(entry, value);
    }
    rcs_resp_integer(call->out, old);
}

static int64_t count_bits(const struct rcs_entry *entry, int64_t start, int64_t end)
{
    int64_t count = 0;
    for (int64_t at = start; at <= end;) {
        if (at % 8 == 0 && at + 7 <= end) {
            unsigned byte = (unsigned char)rcs_string_of(entry->value)->bytes[at / 8];
            for (; byte != 0; byte &= byte - 1) {
                count++;
            }
            at += 8;
        } else {
            count += bit_at(entry, at++);
        }
    }
    return count;
}

static void run_bitcount(struct rcs_call *call)
{
    struct rcs_entry *entry;
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    if (entry == NULL) { /* whatever the other arguments are */
        rcs_resp_integer(call->out, 0);
        return;
    }
    int64_t start = 0, end = -1;
    bool bits = call->argc == 5 && rcs_arg_is(&call->args[4], "bit");
    bool open_end = call->argc == 3 && call->client->profile->release >= RCS_VALKEY_8_0;
    if (call->argc == 4 || call->argc == 5 || open_end) {
        if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &start) ||
            (!open_end && !rcs_arg_i64_or_refuse(call->client, &call->args[3], &end))) {
            return;
        }
    }
    if ((call->argc == 3 && !open_end) || call->argc > 5 ||
        (call->argc == 5 && !bits && !rcs_arg_is(&call->args[4], "byte"))) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    int64_t unit = bits ? 1 : 8;
    if (!rcs_clamp_range((int64_t)rcs_string_of(entry->value)->size_bytes * (8 / unit), &start,
                         &end)) {
        rcs_resp_integer(call->out, 0);
        return;
    }
    rcs_resp_integer(call->out, count_bits(entry, start * unit, end * unit + unit - 1));
}

/* clang-format off */
const struct rcs_command rcs_bit_commands[] = {
    { "bitcount", run_bitcount, -2, READONLY, CATEGORY(BITMAP), ONE_KEY(1, RO | ACCESS), NULL,
      NULL },
    { "getbit", run_getbit, 3, READONLY | FAST, CATEGORY(BITMAP), ONE_KEY(1, RO | ACCESS), NULL,
      NULL },
    { "setbit", run_setbit, 4, WRITE | DENYOOM, CATEGORY(BITMAP),
      ONE_KEY(1, RW | ACCESS | UPDATE), NULL, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
