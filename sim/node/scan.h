/* SCAN, HSCAN, SSCAN and ZSCAN: their arguments, and their reply.
 *
 * A cursor is the place in the order of insertion where the next call goes on: what stays from the
 * first call to the last is returned exactly once. */
#ifndef RCSIM_SIM_NODE_SCAN_H
#define RCSIM_SIM_NODE_SCAN_H

#include "sim/keys/dict.h"
#include "sim/node/command.h"

struct rcs_scan {
    uint64_t cursor;
    int64_t count;                        /* at least 1 */
    const struct rcs_arg *pattern, *type; /* NULL: any */
};

/* Reads a cursor; false: "invalid cursor" was replied (Redis 7.0 parseScanCursorOrReply). */
bool rcs_scan_cursor_or_refuse(struct rcs_call *call, const struct rcs_arg *arg, uint64_t *out);
/* Reads the options from argument `first` on, TYPE only if keys are scanned; false: an error was
 * replied. */
bool rcs_scan_options_or_refuse(struct rcs_call *call, unsigned first, bool of_keys,
                                struct rcs_scan *scan);
/* True if MATCH lets it through. */
bool rcs_scan_matches(const struct rcs_scan *scan, const void *bytes, size_t size_bytes);
/* The cursor to reply: 0 if nothing in `dict` stands there or behind. */
uint64_t rcs_scan_cursor_left(const struct rcs_dict *dict, uint64_t cursor);
/* Two elements: the cursor, and an array of `count` replies that stand in `elements`. */
void rcs_scan_reply(struct rcs_call *call, uint64_t cursor, const struct rcs_buf *elements,
                    size_t count);

#endif
