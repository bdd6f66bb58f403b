/* What releases before 7.0 do not have of commands, and in which words others than 7.0 refuse.
 * Handlers and gates are 7.0's; here stands where another release parts from it. */
#ifndef RCSIM_SIM_NODE_COMMAND_RELEASE_H
#define RCSIM_SIM_NODE_COMMAND_RELEASE_H

#include "sim/node/command.h"

/* True if the release has this command and subcommand. */
bool rcs_release_has(const struct rcs_profile *profile, const struct rcs_command_found *found);
/* True if the command takes so many words there. */
bool rcs_release_takes(const struct rcs_profile *profile, const struct rcs_command_found *found,
                       unsigned argc);
/* True if it knows all options among the arguments; else it answers "syntax error". */
bool rcs_release_knows_options(const struct rcs_profile *profile, unsigned argc,
                               const struct rcs_arg *args);
/* An error text of 7.0 in the words of the release. Static or `text`. */
const char *rcs_release_words(const struct rcs_profile *profile, const char *text);
/* Appends "unknown command ..." and what is said of a subcommand that is unknown or, before 7.0,
 * has the wrong number of words; `container` in lower case. */
void rcs_release_unknown(const struct rcs_profile *profile, unsigned argc,
                         const struct rcs_arg *args, struct rcs_buf *out);
void rcs_release_unknown_subcommand(const struct rcs_profile *profile, const char *container,
                                    const struct rcs_arg *name, struct rcs_buf *out);

/* What a handler answers to words that its container does not know in this number. */
void rcs_refuse_subcommand(struct rcs_call *call, const char *container,
                           const struct rcs_arg *name);

#endif
