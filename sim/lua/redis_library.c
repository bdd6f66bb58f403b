/* The table `redis`, and math.random (Redis 7.0 script_lua.c). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/lua/parts.h"

#include "sim/pure.h"

/* --- errors ----------------------------------------------------------------------------------- */

void rcs_lua_push_error(lua_State *lua, const char *text)
{
    const char *code = "ERR", *message = text;
    size_t code_bytes = 3;
    if (text[0] == '-') {
        const char *blank = strchr(text, ' ');
        message = blank == NULL ? text + 1 : blank + 1;
        if (blank != NULL) {
            code = text + 1;
            code_bytes = (size_t)(blank - code);
        }
    }
    message += strspn(message, "\r\n");
    size_t size_bytes = strlen(message);
    while (size_bytes > 0 && strchr("\r\n", message[size_bytes - 1]) != NULL) {
        size_bytes--;
    }
    lua_newtable(lua);
    lua_pushlstring(lua, code, code_bytes);
    lua_pushliteral(lua, " ");
    lua_pushlstring(lua, message, size_bytes);
    lua_concat(lua, 3);
    lua_setfield(lua, -2, "err");
}

void rcs_lua_mark_counted(lua_State *lua)
{
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, "ignore_error_stats_update");
}

bool rcs_lua_is_counted(lua_State *lua, int table)
{
    lua_pushliteral(lua, "ignore_error_stats_update");
    lua_rawget(lua, table);
    bool counted = lua_toboolean(lua, -1) != 0;
    lua_pop(lua, 1);
    return counted;
}

void rcs_lua_error_reply(lua_State *lua, const char *text, bool counted, struct rcs_buf *out)
{
    const struct rcs_lua_host *host = rcs_lua_of(lua)->running->host;
    struct rcs_buf coded;
    rcs_buf_init(&coded);
    rcs_buf_text(&coded, "-");
    rcs_buf_text(&coded, text);
    rcs_buf_add(&coded, "", 1);
    host->count_error(host->context, coded.data, counted);
    rcs_resp_error_raw(out, text);
    rcs_buf_close(&coded);
}

static int raise(lua_State *lua, const char *text)
{
    rcs_lua_push_error(lua, text);
    return lua_error(lua);
}

/* NULL: nothing runs, which an error was pushed for. */
static const struct rcs_lua_host *host_of(lua_State *lua)
{
    const struct rcs_lua *script = rcs_lua_of(lua);
    return script->running == NULL ? NULL : script->running->host;
}

/* --- commands --------------------------------------------------------------------------------- */

/* The values of the call as words, which stay on the stack; NULL: an error was pushed. */
static const struct rcs_arg *words_of(lua_State *lua, int count)
{
    if (count == 0) {
        rcs_lua_push_error(lua, "Please specify at least one argument for this redis lib call");
        return NULL;
    }
    struct rcs_arg *words = lua_newuserdata(lua, (size_t)count * sizeof(words[0]));
    for (int i = 0; i < count; i++) {
        if (lua_type(lua, i + 1) == LUA_TNUMBER) { /* Lua's own text would lose digits */
            char text[64];
            snprintf(text, sizeof(text), "%.17g", lua_tonumber(lua, i + 1));
            lua_pushstring(lua, text);
            lua_replace(lua, i + 1);
        }
        size_t size_bytes;
        words[i].bytes = lua_tolstring(lua, i + 1, &size_bytes);
        if (words[i].bytes == NULL) {
            rcs_lua_push_error(lua, "Lua redis lib command arguments must be strings or integers");
            return NULL;
        }
        words[i].size_bytes = (uint32_t)size_bytes;
    }
    return words;
}

static void push_reply(lua_State *lua, struct rcs_lua *script)
{
    const struct rcs_reply *reply;
    rcs_resp_replies_feed(script->replies, script->reply.data, script->reply.size_bytes);
    enum rcs_err err = rcs_resp_replies_next(script->replies, &reply);
    RCS_ASSERT(err == RCS_OK);
    rcs_lua_push_reply(lua, reply);
    size_t left;
    rcs_resp_replies_rest(script->replies, &left);
    RCS_ASSERT(left == 0);
}

static int generic_call(lua_State *lua, bool raises)
{
    struct rcs_lua *script = rcs_lua_of(lua);
    const struct rcs_lua_host *host = host_of(lua);
    if (host == NULL) {
        return raise(lua, "redis.call/pcall can only be called inside a script invocation");
    }
    int count = lua_gettop(lua);
    const struct rcs_arg *words = words_of(lua, count);
    if (words == NULL) {
        return raises ? lua_error(lua) : 1;
    }
    rcs_buf_clear(&script->reply);
    const char *refused =
        host->call(host->context, (unsigned)count, words, script->resp3, &script->reply);
    lua_settop(lua, 0);
    if (refused != NULL) {
        rcs_lua_push_error(lua, refused);
        rcs_lua_mark_counted(lua);
    } else {
        raises = raises && script->reply.data[0] == '-';
        push_reply(lua, script);
    }
    return raises ? lua_error(lua) : 1;
}

static int run_call(lua_State *lua)
{
    return generic_call(lua, true);
}

static int run_pcall(lua_State *lua)
{
    return generic_call(lua, false);
}

static int run_acl_check_cmd(lua_State *lua)
{
    const struct rcs_lua_host *host = host_of(lua);
    if (host == NULL) {
        return raise(lua, "redis.acl_check_cmd can only be called inside a script invocation");
    }
    int count = lua_gettop(lua);
    const struct rcs_arg *words = words_of(lua, count);
    if (words == NULL) {
        return lua_error(lua);
    }
    if (!host->knows(host->context, (unsigned)count, words)) {
        return raise(lua, "Invalid command passed to redis.acl_check_cmd()");
    }
    lua_pushboolean(lua, 1); /* there is no user but the one that may all */
    return 1;
}

/* --- the rest --------------------------------------------------------------------------------- */

static int run_sha1hex(lua_State *lua)
{
    if (lua_gettop(lua) != 1) {
        return raise(lua, "wrong number of arguments");
    }
    size_t size_bytes = 0;
    const char *text = lua_tolstring(lua, 1, &size_bytes); /* NULL: no text, as if it were empty */
    char digest[RCS_SHA1_HEX + 1];
    rcs_sha1_hex(digest, text, text == NULL ? 0 : size_bytes);
    lua_pushstring(lua, digest);
    return 1;
}

static bool is_one_string(lua_State *lua)
{
    if (lua_gettop(lua) == 1 && lua_type(lua, 1) == LUA_TSTRING) {
        return true;
    }
    rcs_lua_push_error(lua, "wrong number or type of arguments");
    return false;
}

static int run_error_reply(lua_State *lua)
{
    if (is_one_string(lua)) {
        if (lua_tostring(lua, 1)[0] != '-') {
            lua_pushliteral(lua, "-");
            lua_insert(lua, 1);
            lua_concat(lua, 2);
        }
        rcs_lua_push_error(lua, lua_tostring(lua, 1));
    }
    return 1;
}

static int run_status_reply(lua_State *lua)
{
    if (is_one_string(lua)) {
        lua_newtable(lua);
        lua_pushvalue(lua, 1);
        lua_setfield(lua, -2, "ok");
    }
    return 1;
}

static int truncated(lua_Number number)
{
    return number > -2147483649.0 && number < 2147483648.0 ? (int)number : INT32_MIN;
}

static int run_set_repl(lua_State *lua)
{
    const struct rcs_lua_host *host = host_of(lua);
    if (host == NULL) {
        return raise(lua, "redis.set_repl can only be called inside a script invocation");
    }
    if (lua_gettop(lua) != 1) {
        return raise(lua, "redis.set_repl() requires two arguments.");
    }
    int where = truncated(lua_tonumber(lua, 1));
    if ((where & ~(RCS_LUA_TO_AOF | RCS_LUA_TO_REPLICAS)) != 0) {
        return raise(lua, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                          "REPL_NONE.");
    }
    host->replicate(host->context, (unsigned)where);
    return 0;
}

static int run_setresp(lua_State *lua)
{
    struct rcs_lua *script = rcs_lua_of(lua);
    if (script->running == NULL) {
        return raise(lua, "redis.setresp can only be called inside a script invocation");
    }
    if (lua_gettop(lua) != 1) {
        return raise(lua, "redis.setresp() requires one argument.");
    }
    int version = truncated(lua_tonumber(lua, 1));
    if (version != 2 && version != 3) {
        return raise(lua, "RESP version must be 2 or 3.");
    }
    script->resp3 = version == 3;
    return 0;
}

enum { LOG_LEVELS = 4 };

static int run_log(lua_State *lua)
{
    int count = lua_gettop(lua);
    if (count < 2) {
        return raise(lua, "redis.log() requires two arguments or more.");
    }
    if (lua_isnumber(lua, 1) == 0) {
        return raise(lua, "First argument must be a number (log level).");
    }
    int level = truncated(lua_tonumber(lua, 1));
    if (level < 0 || level >= LOG_LEVELS) {
        return raise(lua, "Invalid debug level.");
    }
    luaL_Buffer text;
    luaL_buffinit(lua, &text);
    for (int i = 2; i <= count; i++) {
        if (lua_isstring(lua, i) != 0) { /* anything else is passed over */
            if (i > 2) {
                luaL_addchar(&text, ' ');
            }
            lua_pushvalue(lua, i);
            luaL_addvalue(&text);
        }
    }
    luaL_pushresult(&text);
    const struct rcs_lua_host *host = host_of(lua);
    if (host != NULL) {
        host->log(host->context, level, lua_tostring(lua, -1));
    }
    return 0;
}

/* Not while a script is debugged, which is not modelled. */
static int run_breakpoint(lua_State *lua)
{
    lua_pushboolean(lua, 0);
    return 1;
}

static int run_debug(lua_State *lua)
{
    (void)lua;
    return 0;
}

static int run_replicate_commands(lua_State *lua)
{
    lua_pushboolean(lua, 1);
    return 1;
}

/* --- the table -------------------------------------------------------------------------------- */

static void add_function(lua_State *lua, const char *name, lua_CFunction function)
{
    lua_pushcfunction(lua, function);
    lua_setfield(lua, -2, name);
}

static void add_number(lua_State *lua, const char *name, int number)
{
    lua_pushinteger(lua, number);
    lua_setfield(lua, -2, name);
}

/* In the order of a real server, by which `pairs(redis)` goes. */
void rcs_lua_redis(lua_State *lua)
{
    lua_newtable(lua);
    add_function(lua, "call", run_call);
    add_function(lua, "pcall", run_pcall);
    add_function(lua, "log", run_log);
    add_number(lua, "LOG_DEBUG", 0);
    add_number(lua, "LOG_VERBOSE", 1);
    add_number(lua, "LOG_NOTICE", 2);
    add_number(lua, "LOG_WARNING", 3);
    add_number(lua, "REDIS_VERSION_NUM", 0x07000f);
    lua_pushliteral(lua, "7.0.15");
    lua_setfield(lua, -2, "REDIS_VERSION");
    add_function(lua, "setresp", run_setresp);
    add_function(lua, "sha1hex", run_sha1hex);
    add_function(lua, "error_reply", run_error_reply);
    add_function(lua, "status_reply", run_status_reply);
    add_function(lua, "set_repl", run_set_repl);
    add_number(lua, "REPL_NONE", 0);
    add_number(lua, "REPL_AOF", RCS_LUA_TO_AOF);
    add_number(lua, "REPL_SLAVE", RCS_LUA_TO_REPLICAS);
    add_number(lua, "REPL_REPLICA", RCS_LUA_TO_REPLICAS);
    add_number(lua, "REPL_ALL", RCS_LUA_TO_AOF | RCS_LUA_TO_REPLICAS);
    add_function(lua, "acl_check_cmd", run_acl_check_cmd);
    add_function(lua, "breakpoint", run_breakpoint);
    add_function(lua, "debug", run_debug);
    add_function(lua, "replicate_commands", run_replicate_commands);
}

/* --- math.random ------------------------------------------------------------------------------ */

/* The recurrence of lrand48 (POSIX): 48 bits, of which the 31 uppermost are the number. Redis 7.0
 * begins where an unseeded lrand48 does and never seeds by itself. */
static int32_t draw(struct rcs_lua *script)
{
    script->drawn = (script->drawn * 0x5deece66du + 0xb) & 0xffffffffffffu;
    return (int32_t)(script->drawn >> 17);
}

static int run_random(lua_State *lua)
{
    struct rcs_lua *script = rcs_lua_of(lua);
    lua_Number share = (lua_Number)(draw(script) % INT32_MAX) / (lua_Number)INT32_MAX;
    switch (lua_gettop(lua)) {
    case 0:
        lua_pushnumber(lua, share);
        return 1;
    case 1: {
        int last = luaL_checkint(lua, 1);
        luaL_argcheck(lua, last >= 1, 1, "interval is empty");
        lua_pushnumber(lua, floor(share * last) + 1);
        return 1;
    }
    case 2: {
        int first = luaL_checkint(lua, 1), last = luaL_checkint(lua, 2);
        luaL_argcheck(lua, first <= last, 2, "interval is empty");
        int32_t count = (int32_t)((uint32_t)last - (uint32_t)first + 1u); /* as C's int wraps */
        lua_pushnumber(lua, floor(share * count) + first);
        return 1;
    }
    default:
        return luaL_error(lua, "wrong number of arguments");
    }
}

static int run_randomseed(lua_State *lua)
{
    uint32_t seed = (uint32_t)luaL_checkint(lua, 1);
    rcs_lua_of(lua)->drawn = (uint64_t)seed << 16 | 0x330e;
    return 0;
}

void rcs_lua_random(lua_State *lua)
{
    add_function(lua, "random", run_random);
    add_function(lua, "randomseed", run_randomseed);
}
