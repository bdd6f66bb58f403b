/* Scripts of a node: its interpreter, and what their commands go through before they are executed
 * (Redis 7.0 script.c). */
#ifndef RCSIM_SIM_NODE_SCRIPT_HOST_H
#define RCSIM_SIM_NODE_SCRIPT_HOST_H

#include "sim/lua/interpreter.h"
#include "sim/node/command.h"

struct rcs_scripts;

/* The interpreter of this node, made when it is first asked for. */
struct rcs_lua *rcs_scripts_interpreter(struct rcs_node *node);
void rcs_scripts_close(struct rcs_node *node); /* with the node */
/* For INFO; 0 until a script has come. */
size_t rcs_scripts_count(const struct rcs_node *node);
size_t rcs_scripts_memory_bytes(const struct rcs_node *node);

/* The name of a script in lower case, as scripts are looked up; false: it has not 40 characters
 * before its first NUL. */
bool rcs_scripts_read_sha(const struct rcs_arg *arg, char sha[RCS_SHA1_HEX + 1]);

/* Runs a script that is defined, its conditions met: the reply is the call's. `read_only`: by
 * EVAL_RO or EVALSHA_RO. */
void rcs_scripts_run(struct rcs_call *call, const char *sha, unsigned flags, bool read_only,
                     unsigned key_count);

/* The flags of EVAL or EVALSHA as the script they would run declares them, else those of the
 * command (Redis 7.0 evalGetCommandFlags). */
unsigned rcs_scripts_command_flags(struct rcs_node *node, const struct rcs_command *command,
                                   const struct rcs_request *request);

#endif
