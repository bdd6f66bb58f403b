/* Scripts: the Lua 5.1 interpreter of one node, in the sandbox of Redis 7.0 (eval.c, script_lua.c),
 * and the scripts it knows by their SHA-1.
 *
 * Knows nothing of nodes: what a script asks of Redis goes through struct rcs_lua_host. Nothing
 * that a script sees depends on an address (objects are numbered as they are printed), but for the
 * order in which `pairs` goes through a table whose keys are themselves tables or functions.
 *
 * Limits of its own: a script ends in an error after RCS_LUA_INSTRUCTIONS, since it takes no
 * virtual time and so nobody could ever kill it, and when one interpreter holds
 * RCS_LUA_MEMORY_BYTES. A reply ends in one, too, after as many elements as instructions were left,
 * or after RCS_LUA_MEMORY_BYTES. */
#ifndef RCSIM_SIM_LUA_INTERPRETER_H
#define RCSIM_SIM_LUA_INTERPRETER_H

#include <rcsim/resp.h>

#include "sim/lua/sha1.h"

#define RCS_LUA_INSTRUCTIONS 200000000 /* of Lua's machine */
#define RCS_LUA_MEMORY_BYTES (256u << 20)

/* What a shebang line declares (Redis 7.0 scripts_flags_def). */
enum rcs_lua_flag {
    RCS_LUA_NO_WRITES = 1,
    RCS_LUA_ALLOW_OOM = 2,
    RCS_LUA_ALLOW_STALE = 4,
    RCS_LUA_NO_CLUSTER = 8,
    RCS_LUA_ALLOW_CROSS_SLOT = 16,
    RCS_LUA_NO_SHEBANG = 32 /* it declares nothing: the rules of before 7.0 */
};

/* redis.set_repl: where its writes go from now on. */
enum rcs_lua_repl { RCS_LUA_TO_AOF = 1, RCS_LUA_TO_REPLICAS = 2 };

/* Who runs a script. None of these may call the interpreter. */
struct rcs_lua_host {
    void *context;
    /* redis.call: executes a command and appends its reply to `reply`, or says why it was not
     * executed: a text as error replies have it ("-CODE ..." or without code), static. */
    const char *(*call)(void *context, unsigned argc, const struct rcs_arg *args, bool resp3,
                        struct rcs_buf *reply);
    bool (*knows)(void *context, unsigned argc, const struct rcs_arg *args); /* the command */
    /* An error is replied, "-CODE text"; `counted`: it is the reply of a command, or was said why
     * that was not executed. */
    void (*count_error)(void *context, const char *text, bool counted);
    void (*log)(void *context, int level, const char *text); /* level 0..3: debug..warning */
    void (*replicate)(void *context, unsigned where);        /* enum rcs_lua_repl */
};

/* One invocation; everything is borrowed for the call. */
struct rcs_lua_run {
    const char *sha; /* of a script that is defined */
    const struct rcs_arg *keys, *args;
    unsigned key_count, arg_count;
    bool resp3; /* what the caller speaks */
    const struct rcs_lua_host *host;
};

struct rcs_lua;
struct rcs_lua *rcs_lua_new(void);
void rcs_lua_free(struct rcs_lua *script); /* NULL: nothing */
/* Scripts end after so many instructions instead of RCS_LUA_INSTRUCTIONS. */
void rcs_lua_limit(struct rcs_lua *script, int64_t instructions);
/* Forgets all scripts, in a new interpreter (SCRIPT FLUSH). The generator behind math.random goes
 * on, as it does in a real server. */
void rcs_lua_flush(struct rcs_lua *script);

/* The flags that a script would have (enum rcs_lua_flag); false: its shebang line is wrong, and
 * if `error` is not NULL it is told why. `code`, if not NULL, is where the program begins. */
bool rcs_lua_shebang(const struct rcs_arg *body, unsigned *flags, size_t *code,
                     struct rcs_buf *error);
/* True if a script of this name (in lower case) is defined. */
bool rcs_lua_find(struct rcs_lua *script, const char *sha, unsigned *flags);
/* Defines a script, if it is not yet; false: `error` is told why not. */
bool rcs_lua_define(struct rcs_lua *script, const struct rcs_arg *body, const char *sha,
                    unsigned *flags, struct rcs_buf *error);
size_t rcs_lua_count(const struct rcs_lua *script);
size_t
rcs_lua_memory_bytes(const struct rcs_lua *script); /* what Lua holds; whole KB, as it tells */
/* Runs a script and appends its one reply to `out`. */
void rcs_lua_run(struct rcs_lua *script, const struct rcs_lua_run *run, struct rcs_buf *out);

#endif
