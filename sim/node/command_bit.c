/* Strings as bits: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP. Bit 0 is the highest of byte 0. */
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
        rcs_keyspace_replace(call->node->keys, entry, value);
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
        if (start < 0 && end < 0 && start > end) { /* whatever the unit is called */
            rcs_resp_integer(call->out, 0);
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

/* --- BITPOS ----------------------------------------------------------------------------------- */

struct bit_range {
    int64_t start, end; /* bits, the last one included */
    bool end_given;
};

/* False: an error was replied. Without arguments all of the string. */
static bool read_bit_range(struct rcs_call *call, int64_t size_bytes, struct bit_range *out)
{
    int64_t start = 0, end = -1;
    bool bits = call->argc == 6 && rcs_arg_is(&call->args[5], "bit");
    if (call->argc > 6) {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    if (call->argc >= 4 && !rcs_arg_i64_or_refuse(call->client, &call->args[3], &start)) {
        return false;
    }
    if (call->argc == 6 && !bits && !rcs_arg_is(&call->args[5], "byte")) {
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    out->end_given = call->argc >= 5;
    if (out->end_given && !rcs_arg_i64_or_refuse(call->client, &call->args[4], &end)) {
        return false;
    }
    int64_t size = bits ? size_bytes * 8 : size_bytes, unit = bits ? 1 : 8;
    start = start < 0 ? size + start : start;
    end = end < 0 ? size + end : end;
    start = start < 0 ? 0 : start;
    end = end < 0 ? 0 : end;
    end = end >= size ? size - 1 : end;
    out->start = start <= end ? start * unit : 1;
    out->end = start <= end ? end * unit + unit - 1 : 0;
    return true;
}

/* The first bit that is `bit`; -1 none. Behind a string without end in the request are zeros. */
static int64_t find_bit(const struct rcs_entry *entry, const struct bit_range *range, unsigned bit)
{
    const unsigned char *bytes = (const unsigned char *)rcs_string_of(entry->value)->bytes;
    unsigned char skipped = bit == 1 ? 0 : 0xff;
    if (range->start > range->end) {
        return -1;
    }
    for (int64_t at = range->start; at <= range->end;) {
        if (at % 8 == 0 && at + 7 <= range->end && bytes[at / 8] == skipped) {
            at += 8;
        } else if (bit_at(entry, at) == bit) {
            return at;
        } else {
            at++;
        }
    }
    return bit == 0 && !range->end_given ? range->end + 1 : -1;
}

/* Redis 7.0 bitposCommand: a key that is not there is an endless row of zeros, whatever the range.
 */
static void run_bitpos(struct rcs_call *call)
{
    int64_t bit;
    struct rcs_entry *entry;
    struct bit_range range;
    if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &bit)) {
        return;
    }
    if (bit != 0 && bit != 1) {
        rcs_refuse(call->client, "The bit argument must be 1 or 0.");
        return;
    }
    if (!rcs_key_read_of(call, &call->args[1], RCS_VALUE_STRING, &entry)) {
        return;
    }
    if (entry == NULL) {
        rcs_resp_integer(call->out, bit == 1 ? -1 : 0);
    } else if (read_bit_range(call, rcs_string_of(entry->value)->size_bytes, &range)) {
        rcs_resp_integer(call->out, find_bit(entry, &range, (unsigned)bit));
    }
}

/* --- BITOP ------------------------------------------------------------------------------------ */

enum bit_operation { BIT_AND, BIT_OR, BIT_XOR, BIT_NOT, BIT_OPERATIONS };

static enum bit_operation read_operation(const struct rcs_arg *word)
{
    static const char *const words[] = { "and", "or", "xor", "not" };
    unsigned i = 0;
    while (i < BIT_OPERATIONS && !rcs_arg_is(word, words[i])) {
        i++;
    }
    return (enum bit_operation)i;
}

static char combine(enum bit_operation operation, char a, char b)
{
    return (char)(operation == BIT_AND ? a & b : operation == BIT_OR ? a | b : a ^ b);
}

/* Makes `result` as long as the longer of the two; what one has not counts as zeros. The first
 * string is taken as it is. */
static void combine_into(struct rcs_buf *result, enum bit_operation operation, bool first,
                         const struct rcs_entry *entry)
{
    const struct rcs_string *string = entry == NULL ? NULL : rcs_string_of(entry->value);
    size_t size = string == NULL ? 0 : string->size_bytes, common = result->size_bytes;
    if (first) {
        rcs_buf_add(result, string == NULL ? "" : string->bytes, size);
        for (size_t i = 0; operation == BIT_NOT && i < size; i++) {
            result->data[i] = (char)~result->data[i];
        }
        return;
    }
    for (size_t i = 0; i < common; i++) {
        result->data[i] = combine(operation, result->data[i], i < size ? string->bytes[i] : 0);
    }
    for (size_t i = common; i < size; i++) {
        char byte = combine(operation, 0, string->bytes[i]);
        rcs_buf_add(result, &byte, 1);
    }
}

/* Nothing as result: the key goes, even one that has expired. */
static void store_bits(struct rcs_call *call, const struct rcs_buf *result)
{
    const struct rcs_arg *to = &call->args[2];
    if (result->size_bytes > 0) {
        struct rcs_value *value = rcs_string_new_text("", 0); /* becomes raw, however short */
        rcs_key_set(call, to, rcs_string_write(value, 0, result->data, result->size_bytes), false);
        rcs_call_changed(call, 1);
        rcs_notify(call, RCS_NOTIFY_STRING, "set", to);
        return;
    }
    struct rcs_entry *old = rcs_keyspace_find(call->node->keys, to->bytes, to->size_bytes);
    if (old != NULL) {
        rcs_key_delete(call, old);
        rcs_call_changed(call, 1);
        rcs_notify(call, RCS_NOTIFY_GENERIC, "del", to);
    }
}

static void run_bitop(struct rcs_call *call)
{
    enum bit_operation operation = read_operation(&call->args[1]);
    if (operation == BIT_OPERATIONS) {
        rcs_refuse(call->client, "syntax error");
        return;
    }
    if (operation == BIT_NOT && call->argc != 4) {
        rcs_refuse(call->client, "BITOP NOT must be called with a single source key.");
        return;
    }
    struct rcs_buf result;
    rcs_buf_init(&result);
    for (unsigned i = 3; i < call->argc; i++) {
        struct rcs_entry *entry;
        if (!rcs_key_read_of(call, &call->args[i], RCS_VALUE_STRING, &entry)) {
            rcs_buf_close(&result);
            return;
        }
        combine_into(&result, operation, i == 3, entry);
    }
    store_bits(call, &result);
    rcs_resp_integer(call->out, (int64_t)result.size_bytes);
    rcs_buf_close(&result);
}

/* clang-format off */
const struct rcs_command rcs_bit_commands[] = {
    { "bitcount", run_bitcount, -2, READONLY, CATEGORY(BITMAP), ONE_KEY(1, RO | ACCESS), NULL,
      NULL },
    { "bitop", run_bitop, -4, WRITE | DENYOOM, CATEGORY(BITMAP),
      { { 2, 0, 1, OW | UPDATE, NULL, 0, NULL }, { 3, -1, 1, RO | ACCESS, NULL, 0, NULL } }, NULL,
      NULL },
    { "bitpos", run_bitpos, -3, READONLY, CATEGORY(BITMAP), ONE_KEY(1, RO | ACCESS), NULL, NULL },
    { "getbit", run_getbit, 3, READONLY | FAST, CATEGORY(BITMAP), ONE_KEY(1, RO | ACCESS), NULL,
      NULL },
    { "setbit", run_setbit, 4, WRITE | DENYOOM, CATEGORY(BITMAP),
      ONE_KEY(1, RW | ACCESS | UPDATE), NULL, NULL },
    END_OF_COMMANDS
};
/* clang-format on */
