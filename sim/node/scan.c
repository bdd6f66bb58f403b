#include "sim/node/scan.h"

#include <string.h>

#include "sim/keys/glob.h"

#include "sim/pure.h"

/* As strtoul reads it, but complete; nothing at all is 0, and so is what begins with a NUL. */
static bool read_cursor(const struct rcs_arg *arg, uint64_t *out)
{
    size_t size = rcs_arg_text_bytes(arg), at = 0;
    bool negative = size > 0 && arg->bytes[0] == '-';
    uint64_t value = 0;
    if (negative || (size > 0 && arg->bytes[0] == '+')) {
        at = 1;
        if (size == 1) {
            return false;
        }
    }
    for (; at < size; at++) {
        char c = arg->bytes[at];
        if (c < '0' || c > '9' || value > (UINT64_MAX - (uint64_t)(c - '0')) / 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(c - '0');
    }
    *out = negative ? 0 - value : value;
    return true;
}

bool rcs_scan_cursor_or_refuse(struct rcs_call *call, const struct rcs_arg *arg, uint64_t *out)
{
    if (!read_cursor(arg, out)) {
        rcs_refuse(call->client, "invalid cursor");
        return false;
    }
    return true;
}

bool rcs_scan_options_or_refuse(struct rcs_call *call, unsigned first, bool of_keys,
                                struct rcs_scan *scan)
{
    scan->count = 10;
    scan->pattern = NULL;
    scan->type = NULL;
    for (unsigned i = first; i < call->argc; i += 2) {
        const struct rcs_arg *value = &call->args[i + 1];
        bool has_value = i + 1 < call->argc;
        if (has_value && rcs_arg_is(&call->args[i], "count")) {
            if (!rcs_arg_i64_or_refuse(call->client, value, &scan->count)) {
                return false;
            }
            if (scan->count >= 1) {
                continue;
            }
        } else if (has_value && rcs_arg_is(&call->args[i], "match")) {
            scan->pattern = value;
            continue;
        } else if (has_value && of_keys && rcs_arg_is(&call->args[i], "type")) {
            scan->type = value;
            continue;
        }
        rcs_refuse(call->client, "syntax error");
        return false;
    }
    return true;
}

bool rcs_scan_matches(const struct rcs_scan *scan, const void *bytes, size_t size_bytes)
{
    return scan->pattern == NULL ||
           rcs_glob_matches(scan->pattern->bytes, scan->pattern->size_bytes, bytes, size_bytes,
                            false);
}

uint64_t rcs_scan_cursor_left(const struct rcs_dict *dict, uint64_t cursor)
{
    uint64_t peek = cursor;
    return rcs_dict_next(dict, &peek) != NULL ? cursor : 0;
}

void rcs_scan_reply(struct rcs_call *call, uint64_t cursor, const struct rcs_buf *elements,
                    size_t count)
{
    char digits[RCS_DECIMAL_MAX];
    size_t size = rcs_decimal_write_u64(digits, cursor);
    rcs_resp_array(call->out, 2);
    rcs_resp_bulk(call->out, digits, size);
    rcs_resp_array(call->out, count);
    rcs_buf_add(call->out, elements->data, elements->size_bytes);
}
