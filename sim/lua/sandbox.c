/* What a script finds in its interpreter (Redis 7.0.15 scriptingInit and luaRegisterRedisAPI, with
 * the security fixes of Debian's package: no getfenv, setfenv and newproxy).
 *
 * Redis patches Lua so that tables can be made read-only. A Lua that is not patched has guards
 * instead: an empty table stands before the true one, reads through it, and refuses writes; the
 * functions that see a table as it is (next, rawget, ...) look behind it. The true tables never
 * come into a script's hands.
 *
 * Some functions of Lua are replaced because of what they would let through: addresses (tostring),
 * compiled code and a name that is collected while it is in use (load, loadstring), an overflow
 * (unpack). */
#include <stdio.h>
#include <string.h>

#include "sim/lua/parts.h"

#include "sim/pure.h"

/* The globals that are let in, besides those that are refused without a word. */
static const char *const allowed[] = {
    "string",       "cjson",
    "bit",          "cmsgpack",
    "math",         "table",
    "struct",       "redis",
    "xpcall",       "tostring",
    "setmetatable", "next",
    "assert",       "tonumber",
    "rawequal",     "collectgarbage",
    "getmetatable", "rawset",
    "pcall",        "coroutine",
    "type",         "_G",
    "select",       "unpack",
    "gcinfo",       "pairs",
    "rawget",       "loadstring",
    "ipairs",       "_VERSION",
    "load",         "error",
    "debug",        "__redis__err__handler",
};

/* --- guards ----------------------------------------------------------------------------------- */

int rcs_lua_readonly(lua_State *lua, bool with_place)
{
    if (with_place) {
        return luaL_error(lua, "Attempt to modify a readonly table");
    }
    lua_pushliteral(lua, "Attempt to modify a readonly table");
    return lua_error(lua);
}

static int refuse_new(lua_State *lua)
{
    return rcs_lua_readonly(lua, true);
}

/* Puts a guard in the place of the table on top. */
static void guard(lua_State *lua)
{
    int table = lua_gettop(lua);
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushvalue(lua, table);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_new);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_GUARDED);
    lua_pushvalue(lua, -2);
    lua_pushvalue(lua, table);
    lua_rawset(lua, -3);
    lua_pop(lua, 1);
    lua_remove(lua, table);
}

bool rcs_lua_unguard(lua_State *lua, int index)
{
    luaL_checkstack(lua, 2, "too many values");
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_GUARDED);
    lua_pushvalue(lua, index);
    lua_rawget(lua, -2);
    lua_remove(lua, -2);
    bool guarded = lua_istable(lua, -1);
    if (guarded) {
        lua_replace(lua, index);
    } else {
        lua_pop(lua, 1);
    }
    return guarded;
}

static bool is_guard(lua_State *lua, int index)
{
    lua_pushvalue(lua, index);
    bool guarded = rcs_lua_unguard(lua, lua_gettop(lua));
    lua_pop(lua, 1);
    return guarded;
}

/* --- functions of Lua that look at tables as they are ----------------------------------------- */

static int run_next(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 2);
    rcs_lua_unguard(lua, 1);
    if (lua_next(lua, 1) != 0) {
        return 2;
    }
    lua_pushnil(lua);
    return 1;
}

static int run_pairs(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_pushvalue(lua, lua_upvalueindex(1)); /* next */
    lua_pushvalue(lua, 1);
    lua_pushnil(lua);
    return 3;
}

static int run_rawget(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    rcs_lua_unguard(lua, 1);
    lua_rawget(lua, 1);
    return 1;
}

static int run_rawset(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    luaL_checkany(lua, 3);
    lua_settop(lua, 3);
    if (is_guard(lua, 1)) {
        return rcs_lua_readonly(lua, false);
    }
    lua_rawset(lua, 1);
    return 1;
}

static int run_setmetatable(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    int type = lua_type(lua, 2);
    luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
    if (is_guard(lua, 1)) {
        return rcs_lua_readonly(lua, false);
    }
    if (luaL_getmetafield(lua, 1, "__metatable") != 0) {
        luaL_error(lua, "cannot change a protected metatable");
    }
    lua_settop(lua, 2);
    lua_setmetatable(lua, 1);
    return 1;
}

/* Metatables of what is guarded are guarded themselves, those of strings as well. */
static int run_getmetatable(lua_State *lua)
{
    luaL_checkany(lua, 1);
    if (lua_istable(lua, 1)) {
        rcs_lua_unguard(lua, 1);
    }
    if (lua_getmetatable(lua, 1) == 0) {
        lua_pushnil(lua);
        return 1;
    }
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_META);
    lua_pushvalue(lua, -2);
    lua_rawget(lua, -2);
    if (!lua_isnil(lua, -1)) {
        return 1;
    }
    lua_pop(lua, 2);
    luaL_getmetafield(lua, 1, "__metatable");
    return 1; /* either that field or the metatable */
}

static int run_insert(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    int end = (int)lua_objlen(lua, 1) + 1, at = end;
    if (lua_gettop(lua) == 3) {
        at = luaL_checkint(lua, 2);
        end = at > end ? at : end;
    } else if (lua_gettop(lua) != 2) {
        return luaL_error(lua, "wrong number of arguments to 'insert'");
    }
    if (is_guard(lua, 1)) {
        return rcs_lua_readonly(lua, false);
    }
    for (int i = end; i > at; i--) {
        lua_rawgeti(lua, 1, i - 1);
        lua_rawseti(lua, 1, i);
    }
    lua_rawseti(lua, 1, at);
    return 0;
}

static int run_foreach(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checktype(lua, 2, LUA_TFUNCTION);
    rcs_lua_unguard(lua, 1);
    lua_pushnil(lua);
    while (lua_next(lua, 1) != 0) {
        lua_pushvalue(lua, 2);
        lua_pushvalue(lua, -3);
        lua_pushvalue(lua, -3);
        lua_call(lua, 2, 1);
        if (!lua_isnil(lua, -1)) {
            return 1;
        }
        lua_pop(lua, 2);
    }
    return 0;
}

/* --- functions of Lua that let something through ---------------------------------------------- */

/* Pushes "table: 0x7f0000000020": the objects of one interpreter, numbered as they are asked for.
 * Redis prints the address, which has as many digits. */
static void push_name(lua_State *lua, int index)
{
    enum { FIRST = 0x20 };
    struct rcs_lua *script = rcs_lua_of(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_NAMES);
    lua_pushvalue(lua, index);
    lua_rawget(lua, -2);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        lua_pushvalue(lua, index);
        lua_pushnumber(lua, (lua_Number)(++script->named * FIRST));
        lua_rawset(lua, -3);
        lua_pushnumber(lua, (lua_Number)(script->named * FIRST));
    }
    char text[64];
    snprintf(text, sizeof(text), "%s: 0x7f%010llx", luaL_typename(lua, index),
             (unsigned long long)lua_tonumber(lua, -1));
    lua_pop(lua, 2);
    lua_pushstring(lua, text);
}

static void push_text(lua_State *lua, int index)
{
    switch (lua_type(lua, index)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
        lua_pushvalue(lua, index);
        lua_tostring(lua, -1);
        break;
    case LUA_TBOOLEAN:
        lua_pushstring(lua, lua_toboolean(lua, index) != 0 ? "true" : "false");
        break;
    case LUA_TNIL:
        lua_pushliteral(lua, "nil");
        break;
    case LUA_TLIGHTUSERDATA: /* cjson.null */
        lua_pushliteral(lua, "userdata: (nil)");
        break;
    default:
        push_name(lua, index);
        break;
    }
}

static int run_tostring(lua_State *lua)
{
    luaL_checkany(lua, 1);
    if (luaL_callmeta(lua, 1, "__tostring") == 0) {
        push_text(lua, 1);
    }
    return 1;
}

static int run_unpack(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    int64_t first = luaL_optint(lua, 2, 1);
    int64_t last = lua_isnoneornil(lua, 3) ? luaL_getn(lua, 1) : luaL_checkint(lua, 3);
    if (first > last) {
        return 0;
    }
    if (last - first >= INT32_MAX || lua_checkstack(lua, (int)(last - first + 1)) == 0) {
        return luaL_error(lua, "too many results to unpack");
    }
    for (int64_t i = first; i <= last; i++) {
        lua_rawgeti(lua, 1, (int)i);
    }
    return (int)(last - first + 1);
}

/* What lua_load returned, as load and loadstring do. */
static int loaded(lua_State *lua, int failed)
{
    if (failed == 0) {
        return 1;
    }
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
}

/* Compiled code is not let in: what begins like it is read as a program, which fails. */
static bool looks_compiled(const char *text, size_t size_bytes)
{
    return size_bytes > 0 && text[0] == LUA_SIGNATURE[0];
}

static int run_loadstring(lua_State *lua)
{
    size_t size_bytes;
    const char *text = luaL_checklstring(lua, 1, &size_bytes);
    const char *name = luaL_optstring(lua, 2, text);
    lua_pushstring(lua, name); /* it is kept while the parser uses it */
    name = lua_tostring(lua, -1);
    if (looks_compiled(text, size_bytes)) {
        lua_pushliteral(lua, " ");
        lua_pushlstring(lua, text, size_bytes);
        lua_concat(lua, 2);
        text = lua_tolstring(lua, -1, &size_bytes);
    }
    return loaded(lua, luaL_loadbuffer(lua, text, size_bytes, name));
}

enum { READER_AT = 1, PIECE_AT = 3 }; /* places on the stack of load */

/* The next piece of a program, which stays on the stack while it is used. */
static const char *read_piece(lua_State *lua, void *context, size_t *size_bytes)
{
    int *pieces = context;
    if (*pieces == -1) { /* one that looked compiled waits behind a blank */
        *pieces = 1;
        return lua_tolstring(lua, PIECE_AT, size_bytes);
    }
    luaL_checkstack(lua, 2, "too many nested functions");
    lua_pushvalue(lua, READER_AT);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) {
        *size_bytes = 0;
        return NULL;
    }
    if (lua_isstring(lua, -1) == 0) {
        luaL_error(lua, "reader function must return a string");
    }
    lua_replace(lua, PIECE_AT);
    const char *piece = lua_tolstring(lua, PIECE_AT, size_bytes);
    if (*pieces == 0 && looks_compiled(piece, *size_bytes)) {
        *pieces = -1;
        *size_bytes = 1;
        return " ";
    }
    *pieces = 1;
    return piece;
}

static int run_load(lua_State *lua)
{
    int pieces = 0;
    const char *name = luaL_optstring(lua, 2, "=(load)");
    luaL_checktype(lua, READER_AT, LUA_TFUNCTION);
    lua_settop(lua, PIECE_AT);
    lua_pushstring(lua, name); /* it is kept while the parser uses it */
    return loaded(lua, lua_load(lua, read_piece, &pieces, lua_tostring(lua, -1)));
}

/* Scripts of before 7.0 know the error of a pcall as a text (Redis 7.0 luaRedisPcall). */
static int run_pcall(lua_State *lua)
{
    int count = lua_gettop(lua);
    lua_pushboolean(lua, 1);
    lua_insert(lua, 1);
    if (lua_pcall(lua, count - 1, LUA_MULTRET, 0) == 0) {
        return lua_gettop(lua);
    }
    lua_remove(lua, 1);
    if (lua_istable(lua, -1)) {
        lua_getfield(lua, -1, "err");
        if (lua_isstring(lua, -1) != 0) {
            lua_replace(lua, -2);
        }
    }
    lua_pushboolean(lua, 0);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

/* --- errors ----------------------------------------------------------------------------------- */

static int refuse_unknown_global(lua_State *lua)
{
    if (lua_gettop(lua) != 2) {
        return luaL_error(lua, "Wrong number of arguments to luaProtectedTableError");
    }
    if (lua_isstring(lua, -1) == 0) {
        return luaL_error(lua,
                          "Second argument to luaProtectedTableError must be a string or number");
    }
    return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                      lua_tostring(lua, -1));
}

/* What it is given when a script fails becomes a table that tells where: in the script, if it was a
 * function of ours that raised it. */
static int on_error(lua_State *lua)
{
    lua_Debug place;
    bool placed = lua_getstack(lua, 1, &place) != 0 && lua_getinfo(lua, "Sl", &place) != 0;
    if (placed && strcmp(place.what, "C") == 0) {
        placed = lua_getstack(lua, 2, &place) != 0 && lua_getinfo(lua, "Sl", &place) != 0;
    }
    lua_settop(lua, 1);
    if (!lua_istable(lua, 1)) {
        lua_newtable(lua);
        lua_pushliteral(lua, "ERR ");
        if (luaL_callmeta(lua, 1, "__tostring") == 0) {
            push_text(lua, 1);
        }
        lua_concat(lua, 2);
        lua_setfield(lua, 2, "err");
    }
    if (placed) {
        lua_pushstring(lua, place.source);
        lua_setfield(lua, -2, "source");
        lua_pushinteger(lua, place.currentline);
        lua_setfield(lua, -2, "line");
    }
    return 1;
}

/* --- making it -------------------------------------------------------------------------------- */

static int let_in(lua_State *lua)
{
    const char *name = lua_tostring(lua, 2);
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        if (name != NULL && strcmp(name, allowed[i]) == 0) {
            lua_rawset(lua, 1);
            break;
        }
    }
    return 0;
}

static void open_library(lua_State *lua, const char *name, lua_CFunction open)
{
    lua_pushcfunction(lua, open);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

static int open_cjson(lua_State *lua)
{
    luaopen_cjson(lua);
    lua_setglobal(lua, "cjson");
    return 0;
}

static void replace_functions(lua_State *lua)
{
    static const luaL_Reg base[] = {
        { "next", run_next },
        { "rawget", run_rawget },
        { "rawset", run_rawset },
        { "setmetatable", run_setmetatable },
        { "getmetatable", run_getmetatable },
        { "tostring", run_tostring },
        { "unpack", run_unpack },
        { "loadstring", run_loadstring },
        { "load", run_load },
        { "pcall", run_pcall },
        { NULL, NULL },
    };
    for (const luaL_Reg *row = base; row->name != NULL; row++) {
        lua_pushcfunction(lua, row->func);
        lua_setglobal(lua, row->name);
    }
    lua_pushcfunction(lua, run_next); /* another one than the global, as in Lua */
    lua_pushcclosure(lua, run_pairs, 1);
    lua_setglobal(lua, "pairs");
    lua_getglobal(lua, "table");
    lua_pushcfunction(lua, run_insert);
    lua_setfield(lua, -2, "insert");
    lua_pushcfunction(lua, run_foreach);
    lua_setfield(lua, -2, "foreach");
    lua_pop(lua, 1);
    lua_getglobal(lua, "math");
    rcs_lua_random(lua);
    lua_pop(lua, 1);
}

/* In the order in which a real server opens them, by which `pairs(_G)` goes. */
static void open_libraries(lua_State *lua)
{
    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    lua_newtable(lua);
    lua_pushcfunction(lua, let_in);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
    open_library(lua, "", luaopen_base);
    open_library(lua, LUA_TABLIBNAME, luaopen_table);
    open_library(lua, LUA_STRLIBNAME, luaopen_string);
    open_library(lua, LUA_MATHLIBNAME, luaopen_math);
    lua_pushboolean(lua, 1);
    lua_setglobal(lua, LUA_DBLIBNAME); /* its place; it is gone before a script runs */
    open_library(lua, "cjson", open_cjson);
    open_library(lua, "struct", rcs_lua_open_struct);
    open_library(lua, "cmsgpack", rcs_lua_open_cmsgpack);
    open_library(lua, "bit", rcs_lua_open_bit);
    rcs_lua_redis(lua);
    lua_setglobal(lua, "redis");
    replace_functions(lua);
    lua_pushnil(lua);
    lua_setglobal(lua, LUA_DBLIBNAME);
    lua_pushcfunction(lua, on_error);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, LUA_REGISTRYINDEX, RCS_LUA_ON_ERROR);
    lua_setglobal(lua, "__redis__err__handler");
}

/* A guard for the table on top, which stays: getmetatable gives the guard instead. */
static void guard_metatable(lua_State *lua)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_META);
    lua_pushvalue(lua, -2);
    lua_pushvalue(lua, -3);
    guard(lua);
    lua_rawset(lua, -3);
    lua_pop(lua, 1);
}

static void guard_all(lua_State *lua)
{
    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    int globals = lua_gettop(lua);
    lua_pushvalue(lua, globals);
    lua_setfield(lua, LUA_REGISTRYINDEX, RCS_LUA_GLOBALS);

    lua_newtable(lua); /* what the globals' metatable is from now on */
    lua_pushcfunction(lua, refuse_unknown_global);
    lua_setfield(lua, -2, "__index");
    guard_metatable(lua);
    lua_setmetatable(lua, globals);

    lua_pushnil(lua);
    while (lua_next(lua, globals) != 0) {
        if (lua_istable(lua, -1) && lua_rawequal(lua, -1, globals) == 0) {
            guard(lua);
            lua_pushvalue(lua, -2);
            lua_pushvalue(lua, -2);
            lua_rawset(lua, globals);
        }
        lua_pop(lua, 1);
    }

    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushliteral(lua, "string");
    lua_rawget(lua, globals);
    lua_setfield(lua, -2, "__index");
    guard_metatable(lua);
    lua_pop(lua, 2);

    guard(lua); /* the globals themselves */
    lua_getfield(lua, LUA_REGISTRYINDEX, RCS_LUA_GLOBALS);
    lua_pushvalue(lua, -2);
    lua_setfield(lua, -2, "_G");
    lua_pop(lua, 1);
    lua_replace(lua, LUA_GLOBALSINDEX);
}

void rcs_lua_sandbox(lua_State *lua)
{
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, RCS_LUA_GUARDED);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, RCS_LUA_META);
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushliteral(lua, "k");
    lua_setfield(lua, -2, "__mode");
    lua_setmetatable(lua, -2);
    lua_setfield(lua, LUA_REGISTRYINDEX, RCS_LUA_NAMES);
    open_libraries(lua);
    guard_all(lua);
    RCS_ASSERT(lua_gettop(lua) == 0);
}
