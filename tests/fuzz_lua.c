/* Any bytes as a script, and given to the libraries that read bytes: whatever they do, the reply is
 * one reply of RESP, and what was unpacked packs and unpacks to the same again.
 *
 * The first byte chooses: a script, or one of the programs below with the rest as ARGV[1] and, up
 * to its first LF, ARGV[2]. */
#include <stdlib.h>
#include <string.h>

#include "sim/lua/interpreter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const programs[] = {
    NULL, /* the bytes themselves */
    "local packed = cmsgpack.pack(cmsgpack.unpack(ARGV[1]))\n"
    "assert(cmsgpack.pack(cmsgpack.unpack(packed)) == packed) return #packed",
    "return {cmsgpack.unpack_limit(ARGV[1], 3, 1)}",
    "return {struct.unpack(ARGV[2], ARGV[1])}",
    "return struct.pack(ARGV[2], 1, -1, 0.5, 1e300, ARGV[1], 2^63, '', 0/0)",
    "return struct.size(ARGV[1])",
    "return cjson.encode(cjson.decode(ARGV[1]))",
    "return {bit.tohex(#ARGV[1], ARGV[1]:byte(1, 1)), redis.sha1hex(ARGV[1])}",
    "return redis.call('reply', ARGV[1])",
    "return {redis.error_reply(ARGV[1]), redis.status_reply(ARGV[1]), {err = ARGV[1]},\n"
    "    {big_number = '' .. #ARGV[1]}, {verbatim_string = {format = ARGV[1], string = ARGV[1]}}}",
    "error(ARGV[1])",
    "return loadstring(ARGV[1])",
};

/* The command `reply` answers with its argument, if that is a reply. */
static const char *call(void *context, unsigned argc, const struct rcs_arg *args, bool resp3,
                        struct rcs_buf *reply)
{
    const struct rcs_reply *parsed;
    size_t left = 0;
    (void)context;
    if (argc == 2) {
        struct rcs_resp_replies *reader = rcs_resp_replies_new();
        rcs_resp_replies_feed(reader, args[1].bytes, args[1].size_bytes);
        bool good = rcs_resp_replies_next(reader, &parsed) == RCS_OK;
        rcs_resp_replies_rest(reader, &left);
        if (good) {
            rcs_buf_add(reply, args[1].bytes, args[1].size_bytes - left);
        }
        rcs_resp_replies_free(reader);
        if (good) {
            return NULL;
        }
    }
    rcs_resp_nil(reply, resp3);
    return argc == 1 ? "-CODE refused" : NULL;
}

static bool knows(void *context, unsigned argc, const struct rcs_arg *args)
{
    (void)context;
    (void)args;
    return argc % 2 == 0;
}

static void say(void *context, int level, const char *text)
{
    (void)context;
    RCS_ASSERT(level >= 0 && level <= 3 && text != NULL);
}

static void count_error(void *context, const char *text, bool counted)
{
    (void)context;
    (void)counted;
    RCS_ASSERT(text[0] == '-');
}

static void replicate(void *context, unsigned where)
{
    (void)context;
    RCS_ASSERT(where <= (RCS_LUA_TO_AOF | RCS_LUA_TO_REPLICAS));
}

/* The reader refuses more than 128 levels, a script only what Lua's stack cannot hold. */
static void expect_one_reply(const struct rcs_buf *out)
{
    const struct rcs_reply *reply;
    size_t left;
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    rcs_resp_replies_feed(reader, out->data, out->size_bytes);
    enum rcs_err err = rcs_resp_replies_next(reader, &reply);
    RCS_ASSERT(err == RCS_OK || err == RCS_ERR_TOO_BIG);
    rcs_resp_replies_rest(reader, &left);
    RCS_ASSERT(err != RCS_OK || left == 0);
    rcs_resp_replies_free(reader);
}

static void run(struct rcs_lua *lua, const struct rcs_arg *body, const struct rcs_arg *args,
                bool resp3)
{
    const struct rcs_lua_host host = { NULL, call, knows, count_error, say, replicate };
    struct rcs_buf out;
    char sha[RCS_SHA1_HEX + 1];
    unsigned flags;
    rcs_buf_init(&out);
    rcs_sha1_hex(sha, body->bytes, body->size_bytes);
    if (rcs_lua_define(lua, body, sha, &flags, &out)) {
        const struct rcs_lua_run once = { .sha = sha,
                                          .keys = args,
                                          .args = args,
                                          .key_count = 1,
                                          .arg_count = 2,
                                          .resp3 = resp3,
                                          .host = &host };
        rcs_lua_run(lua, &once, &out);
        expect_one_reply(&out);
    }
    rcs_buf_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Few: Lua 5.1 hashes long strings by some of their bytes, so that a step may cost what all the
     * strings before it cost (t["long text k"..i]). */
    enum { COUNT = sizeof(programs) / sizeof(programs[0]), INSTRUCTIONS = 100000 };
    if (size == 0) {
        return 0;
    }
    const char *program = programs[(data[0] & 0x7f) % COUNT], *text = (const char *)data + 1;
    const char *line = size == 1 ? NULL : memchr(text, '\n', size - 1);
    struct rcs_arg args[] = {
        { text, (uint32_t)(size - 1) },
        { text, (uint32_t)(line == NULL ? size - 1 : (size_t)(line - text)) },
    };
    struct rcs_arg body = args[0];
    if (program != NULL) {
        body = (struct rcs_arg){ program, (uint32_t)strlen(program) };
    }
    struct rcs_lua *lua = rcs_lua_new();
    rcs_lua_limit(lua, INSTRUCTIONS);
    run(lua, &body, args, (data[0] & 0x80) != 0);
    run(lua, &body, args, false); /* what it left behind hurts nobody */
    rcs_lua_free(lua);
    return 0;
}
