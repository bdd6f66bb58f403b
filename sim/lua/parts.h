/* What the files of sim/lua share: the interpreter's own state, and Lua. */
#ifndef RCSIM_SIM_LUA_PARTS_H
#define RCSIM_SIM_LUA_PARTS_H

#include <lauxlib.h>
#include <lua-cjson.h>
#include <lua.h>
#include <lualib.h>

#include "sim/lua/interpreter.h"

struct rcs_lua {
    lua_State *lua;
    size_t used_bytes, count; /* memory, scripts */
    bool limited;             /* a script runs: it may not have more than its share of memory */
    uint64_t drawn;           /* state of the generator behind math.random: 48 bits */
    uint64_t named;           /* objects that were printed so far */
    unsigned runs;            /* since garbage was last collected */
    int64_t limit;            /* instructions that a script may run */
    int64_t instructions;     /* left for the script that runs */
    const struct rcs_lua_run *running; /* NULL: none */
    bool resp3;                        /* redis.setresp(3) */
    struct rcs_resp_replies *replies;
    struct rcs_buf reply;  /* of a command it called */
    struct rcs_buf packed; /* what cmsgpack.pack has so far */
};

/* Names in the registry of Lua. */
#define RCS_LUA_GLOBALS "rcs.globals" /* the table of globals behind its guard */
#define RCS_LUA_GUARDED "rcs.guarded" /* guard -> the table behind it */
#define RCS_LUA_META    "rcs.meta"    /* metatable -> its guard */
#define RCS_LUA_NAMES   "rcs.names"   /* object -> its number, weak */
#define RCS_LUA_SCRIPTS "rcs.scripts" /* SHA-1 -> function */
#define RCS_LUA_FLAGS   "rcs.flags"   /* SHA-1 -> enum rcs_lua_flag */
#define RCS_LUA_ON_ERROR                                                                           \
    "rcs.on_error" /* what turns an error into a table that tells its place                        \
                    */

struct rcs_lua *rcs_lua_of(lua_State *lua); /* the interpreter it belongs to */

/* sandbox.c: what there is in the new interpreter, and nothing else. */
void rcs_lua_sandbox(lua_State *lua);
/* Replaces a guard at `index` by the table behind it; true if it was one. */
bool rcs_lua_unguard(lua_State *lua, int index);
/* Raises "Attempt to modify a readonly table"; with the caller's place, or as Lua's own functions
 * do, without. */
int rcs_lua_readonly(lua_State *lua, bool with_place);

/* redis_library.c: the table `redis`, on the stack; math.random and math.randomseed into the table
 * on top of it. */
void rcs_lua_redis(lua_State *lua);
void rcs_lua_random(lua_State *lua);
/* Pushes an error table { err = "CODE text" } (Redis 7.0 luaPushErrorBuff). */
void rcs_lua_push_error(lua_State *lua, const char *text);
/* Notes in the error table on top that a command counted the error already, which scripts see. */
void rcs_lua_mark_counted(lua_State *lua);
bool rcs_lua_is_counted(lua_State *lua, int table);
/* Appends an error reply, "CODE text", and has it counted. */
void rcs_lua_error_reply(lua_State *lua, const char *text, bool counted, struct rcs_buf *out);

/* convert.c */
/* Pushes a reply. */
void rcs_lua_push_reply(lua_State *lua, const struct rcs_reply *reply);
/* Appends the value on top of the stack as a reply, and pops it. `bare`: the script speaks RESP2,
 * in which true is 1 and false is nil; `resp3`: what is written. */
void rcs_lua_reply(lua_State *lua, bool bare, bool resp3, struct rcs_buf *out);

/* Libraries: each pushes nothing and sets its global, as luaL_register does. */
int rcs_lua_open_bit(lua_State *lua);
int rcs_lua_open_struct(lua_State *lua);
int rcs_lua_open_cmsgpack(lua_State *lua);

#endif
