/* Arguments of commands, read or refused: what handlers of all kinds of commands share. */
#ifndef RCSIM_SIM_NODE_COMMAND_ARGS_H
#define RCSIM_SIM_NODE_COMMAND_ARGS_H

#include "sim/node/internal.h"

/* True if the bytes are `word`, which is in lower case, in any case. */
bool rcs_word_is(const char *bytes, size_t size_bytes, const char *word);

/* Redis prints options and compares them as C strings: an argument ends at its first NUL. */
size_t rcs_arg_text_bytes(const struct rcs_arg *argument);
bool rcs_arg_is(const struct rcs_arg *argument, const char *word);

/* Decimal as Redis reads it: no blanks, no plus sign, no leading zeros (Redis 7.0 string2ll). */
bool rcs_arg_i64(const struct rcs_arg *argument, int64_t *out);
/* The same; false: "value is not an integer or out of range" was replied. */
bool rcs_arg_i64_or_refuse(struct rcs_client *client, const struct rcs_arg *argument, int64_t *out);

/* A number from `least` to `most`. False: `text` was replied, or, if it is NULL, what Redis says by
 * itself (Redis 7.0 getRangeLongFromObjectOrReply). */
bool rcs_arg_range_or_refuse(struct rcs_client *client, const struct rcs_arg *argument,
                             int64_t least, int64_t most, const char *text, int64_t *out);
/* The same for 0 and up (Redis 7.0 getPositiveLongFromObjectOrReply). */
bool rcs_arg_positive_or_refuse(struct rcs_client *client, const struct rcs_arg *argument,
                                int64_t *out);

/* What they take, without what stands between them. */
size_t rcs_args_bytes(unsigned argc, const struct rcs_arg *args);

void rcs_reply_ok(struct rcs_client *client);
/* Error replies: "-ERR " and the text. */
void rcs_refuse(struct rcs_client *client, const char *text);
/* With an argument of the client's in the middle. */
void rcs_refuse_about(struct rcs_client *client, const char *before, const struct rcs_arg *argument,
                      const char *after);
/* With numbers; at most 159 characters. */
void rcs_refuse_format(struct rcs_client *client, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#endif
