/* The text of a configuration file, made anew (Redis 7.0 rewriteConfig). */
#ifndef RCSIM_SIM_NODE_CONFIG_REWRITE_H
#define RCSIM_SIM_NODE_CONFIG_REWRITE_H

#include "sim/node/config.h"

/* Appends `old`, the text of a redis.conf, with the values of `config`: comments and lines of
 * directives that rcsim does not model stay as they are; lines of the others say what holds now,
 * under their newer names; what is no directive of the release becomes a comment; what has no line
 * and is not the default stands at the end, ascending by name (a real server has no order there,
 * and writes a line about the default user and the latency percentiles as well). */
void rcs_config_rewrite(const struct rcs_config *config, const char *old, size_t size_bytes,
                        struct rcs_buf *out);

#endif
