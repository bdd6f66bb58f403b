/* FUNCTION DUMP, LIST and RESTORE of a node without any function: what redis-cli --cluster add-node
 * asks of a cluster (Redis 7.0 function_lua.c, functions.c). LOAD is not modelled, so there never
 * is one, and a payload that holds some is refused. */
#include <rcsim/rdb.h>

#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"

#include "sim/pure.h"

enum { VERSION_BYTES = 2, CHECKSUM_BYTES = 8, EMPTY_BYTES = VERSION_BYTES + CHECKSUM_BYTES };

static void add_little_endian(struct rcs_buf *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        char byte = (char)(value >> 8 * i);
        rcs_buf_add(out, &byte, 1);
    }
}

/* No functions, and the footer of every DUMP. */
static void run_dump(struct rcs_call *call)
{
    struct rcs_buf payload;
    rcs_buf_init(&payload);
    add_little_endian(&payload, (uint64_t)rcs_node_profile(call->node)->rdb_version, VERSION_BYTES);
    add_little_endian(&payload, rcs_crc64(0, payload.data, payload.size_bytes), CHECKSUM_BYTES);
    rcs_resp_bulk(call->out, payload.data, payload.size_bytes);
    rcs_buf_close(&payload);
}

static void run_list(struct rcs_call *call)
{
    bool code = false, pattern = false;
    for (unsigned i = 2; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        if (!code && rcs_arg_is(word, "withcode")) {
            code = true;
        } else if (!pattern && rcs_arg_is(word, "libraryname")) {
            if (++i == call->argc) {
                rcs_refuse(call->client, "library name argument was not given");
                return;
            }
            pattern = true;
        } else {
            rcs_refuse_format(call->client, "Unknown argument %.*s", (int)rcs_arg_text_bytes(word),
                              word->bytes);
            return;
        }
    }
    rcs_resp_array(call->out, 0);
}

static void run_restore(struct rcs_call *call)
{
    if (call->argc > 4) {
        rcs_refuse_subcommand(call, "function", &call->args[1]);
        return;
    }
    if (call->argc == 4 && !rcs_arg_is(&call->args[3], "append") &&
        !rcs_arg_is(&call->args[3], "replace") && !rcs_arg_is(&call->args[3], "flush")) {
        rcs_refuse(call->client, "Wrong restore policy given, value should be either FLUSH, APPEND "
                                 "or REPLACE.");
        return;
    }
    const struct rcs_arg *payload = &call->args[2];
    unsigned version = (unsigned)rcs_node_profile(call->node)->rdb_version;
    if (!rcs_dump_check(payload->bytes, payload->size_bytes, version)) {
        rcs_refuse(call->client, "DUMP payload version or checksum are wrong");
        return;
    }
    if (payload->size_bytes > EMPTY_BYTES) {
        rcs_refuse(call->client, "rcsim has no functions, the payload holds some");
        return;
    }
    rcs_call_changed(call, 1);
    rcs_reply_ok(call->client);
}

/* clang-format off */
#define OF_SCRIPTS CATEGORY(SCRIPTING), NO_KEYS
static const struct rcs_command subcommands[] = {
    { "dump", run_dump, 2, NOSCRIPT, OF_SCRIPTS, NULL, NULL },
    { "list", run_list, -2, NOSCRIPT, OF_SCRIPTS, "nondeterministic_output_order", NULL },
    { "restore", run_restore, -3, WRITE | DENYOOM | NOSCRIPT, OF_SCRIPTS,
      "request_policy:all_shards response_policy:all_succeeded", NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_function_commands[] = {
    { "function", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
