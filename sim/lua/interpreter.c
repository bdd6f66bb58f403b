/* The interpreter: its memory, the scripts it knows, and running one of them. */
#include "sim/lua/interpreter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lua/parts.h"

#include "sim/pure.h"

/* --- the interpreter -------------------------------------------------------------------------- */

/* Lua's allocator. Only a script that runs may be refused: then Lua raises an error in it. */
static void *allocate(void *context, void *block, size_t old_bytes, size_t new_bytes)
{
    struct rcs_lua *script = context;
    if (new_bytes == 0) {
        script->used_bytes -= old_bytes;
        free(block);
        return NULL;
    }
    bool grows = new_bytes > old_bytes;
    if (grows && script->limited &&
        (script->used_bytes > RCS_LUA_MEMORY_BYTES ||
         new_bytes - old_bytes > RCS_LUA_MEMORY_BYTES - script->used_bytes)) {
        return NULL;
    }
    void *moved = realloc(block, new_bytes);
    RCS_ASSERT(moved != NULL);
    script->used_bytes += new_bytes;
    script->used_bytes -= old_bytes;
    return moved;
}

static int on_panic(lua_State *lua)
{
    (void)lua;
    RCS_ASSERT(false); /* an error of Lua outside of a script */
    return 0;
}

struct rcs_lua *rcs_lua_of(lua_State *lua)
{
    void *context;
    lua_getallocf(lua, &context);
    return context;
}

static void open_lua(struct rcs_lua *script)
{
    script->lua = lua_newstate(allocate, script);
    RCS_ASSERT(script->lua != NULL);
    lua_atpanic(script->lua, on_panic);
    lua_newtable(script->lua);
    lua_setfield(script->lua, LUA_REGISTRYINDEX, RCS_LUA_SCRIPTS);
    lua_newtable(script->lua);
    lua_setfield(script->lua, LUA_REGISTRYINDEX, RCS_LUA_FLAGS);
    rcs_lua_sandbox(script->lua);
    script->count = 0;
}

struct rcs_lua *rcs_lua_new(void)
{
    struct rcs_lua *script = calloc(1, sizeof(*script));
    RCS_ASSERT(script != NULL);
    script->drawn = 0x1234abcd330e; /* where an lrand48 begins that was not seeded */
    script->limit = RCS_LUA_INSTRUCTIONS;
    script->replies = rcs_resp_replies_new();
    rcs_buf_init(&script->reply);
    rcs_buf_init(&script->packed);
    open_lua(script);
    return script;
}

void rcs_lua_free(struct rcs_lua *script)
{
    if (script == NULL) {
        return;
    }
    lua_close(script->lua);
    rcs_resp_replies_free(script->replies);
    rcs_buf_close(&script->reply);
    rcs_buf_close(&script->packed);
    free(script);
}

void rcs_lua_limit(struct rcs_lua *script, int64_t instructions)
{
    script->limit = instructions;
}

void rcs_lua_flush(struct rcs_lua *script)
{
    lua_close(script->lua);
    open_lua(script);
}

/* --- the shebang line ------------------------------------------------------------------------- */

/* Texts of C end at a NUL. */
static size_t text_bytes(const struct rcs_arg *arg)
{
    const char *nul = arg->size_bytes == 0 ? NULL : memchr(arg->bytes, '\0', arg->size_bytes);
    return nul == NULL ? arg->size_bytes : (size_t)(nul - arg->bytes);
}

static bool wrong(struct rcs_buf *error, const char *text, const struct rcs_arg *about)
{
    if (error != NULL) {
        rcs_buf_text(error, text);
        if (about != NULL) {
            rcs_buf_add(error, about->bytes, text_bytes(about));
        }
    }
    return false;
}

static bool word_is(const char *bytes, size_t size_bytes, const char *word)
{
    return size_bytes == strlen(word) && memcmp(bytes, word, size_bytes) == 0;
}

/* "flags=a,b": what stands behind the sign, separated by commas. */
static bool read_flags(const char *at, size_t size_bytes, unsigned *flags, struct rcs_buf *error)
{
    static const struct {
        const char *name;
        unsigned flag;
    } known[] = {
        { "no-writes", RCS_LUA_NO_WRITES },
        { "allow-oom", RCS_LUA_ALLOW_OOM },
        { "allow-stale", RCS_LUA_ALLOW_STALE },
        { "no-cluster", RCS_LUA_NO_CLUSTER },
        { "allow-cross-slot-keys", RCS_LUA_ALLOW_CROSS_SLOT },
    };
    const char *end = at + size_bytes;
    while (size_bytes > 0) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        struct rcs_arg name = { at, (uint32_t)((comma == NULL ? end : comma) - at) };
        unsigned flag = 0;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            flag |= word_is(name.bytes, name.size_bytes, known[i].name) ? known[i].flag : 0;
        }
        if (flag == 0) {
            return wrong(error, "Unexpected flag in script shebang: ", &name);
        }
        *flags |= flag;
        if (comma == NULL) {
            break;
        }
        at = comma + 1;
    }
    return true;
}

static bool read_words(const struct rcs_arg *words, unsigned count, unsigned *flags,
                       struct rcs_buf *error)
{
    static const char option[] = "flags=";
    const size_t option_bytes = sizeof(option) - 1;
    if (!word_is(words[0].bytes, words[0].size_bytes, "#!lua")) {
        return wrong(error, "Unexpected engine in script shebang: ", &words[0]);
    }
    *flags = 0;
    for (unsigned i = 1; i < count; i++) {
        if (words[i].size_bytes < option_bytes ||
            memcmp(words[i].bytes, option, option_bytes) != 0) {
            return wrong(error, "Unknown lua shebang option: ", &words[i]);
        }
        if (!read_flags(words[i].bytes + option_bytes, words[i].size_bytes - option_bytes, flags,
                        error)) {
            return false;
        }
    }
    return true;
}

/* The line is split into words as an inline request is: Redis has one function for both. */
bool rcs_lua_shebang(const struct rcs_arg *body, unsigned *flags, size_t *code,
                     struct rcs_buf *error)
{
    *flags = RCS_LUA_NO_SHEBANG;
    if (code != NULL) {
        *code = 0;
    }
    if (body->size_bytes < 2 || memcmp(body->bytes, "#!", 2) != 0) {
        return true;
    }
    const char *end = memchr(body->bytes, '\n', text_bytes(body));
    if (end == NULL) {
        return wrong(error, "Invalid script shebang", NULL);
    }
    const struct rcs_arg *words;
    const char *refused;
    unsigned count;
    struct rcs_resp_requests *line = rcs_resp_requests_new();
    rcs_resp_requests_feed(line, body->bytes, (size_t)(end - body->bytes) + 1);
    bool good = rcs_resp_requests_next(line, &words, &count, &refused) == RCS_OK
                    ? read_words(words, count, flags, error)
                    : wrong(error, "Invalid engine in script shebang", NULL);
    rcs_resp_requests_free(line);
    if (!good) {
        *flags = RCS_LUA_NO_SHEBANG;
    }
    if (code != NULL) {
        *code = (size_t)(end - body->bytes);
    }
    return good;
}

/* --- the scripts ------------------------------------------------------------------------------ */

bool rcs_lua_find(struct rcs_lua *script, const char *sha, unsigned *flags)
{
    lua_State *lua = script->lua;
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_FLAGS);
    lua_getfield(lua, -1, sha);
    bool found = !lua_isnil(lua, -1);
    if (found && flags != NULL) {
        *flags = (unsigned)lua_tointeger(lua, -1);
    }
    lua_pop(lua, 2);
    return found;
}

/* Leaves the function or an error's text on the stack; false: the text. What begins like compiled
 * code is read as a program, which fails. */
static bool compile(lua_State *lua, const char *code, size_t size_bytes)
{
    bool compiled = size_bytes > 0 && code[0] == LUA_SIGNATURE[0];
    lua_pushliteral(lua, "@user_script"); /* it is kept while the parser uses it */
    if (compiled) {
        lua_pushliteral(lua, " ");
        lua_pushlstring(lua, code, size_bytes);
        lua_concat(lua, 2);
        code = lua_tolstring(lua, -1, &size_bytes);
    }
    bool good = luaL_loadbuffer(lua, code, size_bytes, "@user_script") == 0;
    lua_replace(lua, compiled ? -3 : -2);
    lua_pop(lua, compiled ? 1 : 0);
    return good;
}

bool rcs_lua_define(struct rcs_lua *script, const struct rcs_arg *body, const char *sha,
                    unsigned *flags, struct rcs_buf *error)
{
    size_t code;
    lua_State *lua = script->lua;
    if (rcs_lua_find(script, sha, flags)) {
        return true;
    }
    if (!rcs_lua_shebang(body, flags, &code, error)) {
        return false;
    }
    if (!compile(lua, body->size_bytes == 0 ? "" : body->bytes + code, body->size_bytes - code)) {
        rcs_buf_text(error, "Error compiling script (new function): ");
        rcs_buf_text(error, lua_tostring(lua, -1));
        lua_pop(lua, 1);
        return false;
    }
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_SCRIPTS);
    lua_insert(lua, -2);
    lua_setfield(lua, -2, sha);
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_FLAGS);
    lua_pushinteger(lua, (lua_Integer)*flags);
    lua_setfield(lua, -2, sha);
    lua_pop(lua, 2);
    script->count++;
    return true;
}

size_t rcs_lua_count(const struct rcs_lua *script)
{
    return script->count;
}

size_t rcs_lua_memory_bytes(const struct rcs_lua *script)
{
    return (size_t)lua_gc(script->lua, LUA_GCCOUNT, 0) * 1024;
}

/* --- running one ------------------------------------------------------------------------------ */

enum { INSTRUCTIONS_A_LOOK = 100000, RUNS_A_COLLECTION = 50 };

/* Once a script is over its limit every further instruction fails, so that no pcall of its own can
 * keep it alive. */
static void on_count(lua_State *lua, lua_Debug *debug)
{
    (void)debug;
    struct rcs_lua *script = rcs_lua_of(lua);
    script->instructions -= INSTRUCTIONS_A_LOOK;
    if (script->instructions > 0) {
        return;
    }
    lua_sethook(lua, on_count, LUA_MASKCOUNT, 1);
    char text[128];
    snprintf(text, sizeof(text),
             "rcsim ends a script after %lld instructions: it takes no virtual time, so nobody "
             "could kill it",
             (long long)script->limit);
    rcs_lua_push_error(lua, text);
    lua_error(lua);
}

static void set_global_list(lua_State *lua, const char *name, const struct rcs_arg *words,
                            unsigned count)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_GLOBALS);
    lua_pushstring(lua, name);
    lua_newtable(lua);
    for (unsigned i = 0; i < count; i++) {
        lua_pushlstring(lua, words[i].bytes == NULL ? "" : words[i].bytes, words[i].size_bytes);
        lua_rawseti(lua, -2, (int)i + 1);
    }
    lua_rawset(lua, -3);
    lua_pop(lua, 1);
}

/* A field of the error table on top as text; NULL if it is none. It is left on the stack. */
static const char *error_field(lua_State *lua, int table, const char *name)
{
    lua_pushstring(lua, name);
    lua_rawget(lua, table);
    return lua_isstring(lua, -1) != 0 ? lua_tostring(lua, -1) : NULL;
}

/* The error on top, as Redis 7.0 luaCallFunction words it. An error table without text brings a
 * real server down. */
static void reply_with_error(lua_State *lua, const char *sha, struct rcs_buf *out)
{
    struct rcs_buf text;
    int error = lua_gettop(lua);
    bool counted = false;
    rcs_buf_init(&text);
    if (lua_istable(lua, error)) {
        const char *message = error_field(lua, error, "err");
        const char *source = error_field(lua, error, "source");
        const char *line = error_field(lua, error, "line");
        counted = rcs_lua_is_counted(lua, error);
        rcs_buf_text(&text, message == NULL ? "ERR unknown error" : message);
        if (source != NULL && line != NULL) {
            rcs_buf_format(&text, " script: %s, on %s:%s.", sha, source, line);
        }
    } else {
        const char *message = lua_isstring(lua, error) != 0 ? lua_tostring(lua, error) : NULL;
        rcs_buf_format(&text, "ERR Error running script %s, %.100s", sha,
                       message == NULL ? "execution failure" : message);
    }
    rcs_buf_add(&text, "", 1);
    rcs_lua_error_reply(lua, text.data, counted, out);
    rcs_buf_close(&text);
}

static void collect(struct rcs_lua *script)
{
    if (script->used_bytes > RCS_LUA_MEMORY_BYTES / 8) {
        lua_gc(script->lua, LUA_GCCOLLECT, 0);
    } else if (++script->runs == RUNS_A_COLLECTION) {
        lua_gc(script->lua, LUA_GCSTEP, RUNS_A_COLLECTION);
        script->runs = 0;
    }
}

void rcs_lua_run(struct rcs_lua *script, const struct rcs_lua_run *run, struct rcs_buf *out)
{
    lua_State *lua = script->lua;
    RCS_ASSERT(script->running == NULL && lua_gettop(lua) == 0);
    script->running = run;
    script->resp3 = false;
    script->instructions = script->limit;
    set_global_list(lua, "KEYS", run->keys, run->key_count);
    set_global_list(lua, "ARGV", run->args, run->arg_count);
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_ON_ERROR);
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_SCRIPTS);
    lua_getfield(lua, -1, run->sha);
    lua_remove(lua, -2);
    RCS_ASSERT(lua_isfunction(lua, -1));
    lua_sethook(lua, on_count, LUA_MASKCOUNT, INSTRUCTIONS_A_LOOK);
    script->limited = true;
    int failed = lua_pcall(lua, 0, 1, 1);
    script->limited = false;
    lua_sethook(lua, NULL, 0, 0);
    if (failed != 0) {
        reply_with_error(lua, run->sha, out);
    } else {
        rcs_lua_reply(lua, !script->resp3, run->resp3, out);
    }
    lua_settop(lua, 0);
    script->running = NULL;
    collect(script);
}
