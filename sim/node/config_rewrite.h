/* The text of a configuration file, made anew (Redis 7.0 rewriteConfig). */
#ifndef RCSIM_SIM_NODE_CONFIG_REWRITE_H
#define RCSIM_SIM_NODE_CONFIG_REWRITE_H

#include "sim/node/config.h"

/* Appends `old`, the text of a redis.conf, with the values of `config`: comments and lines that
 * rcsim does not know stay as they are; lines of directives say what holds now, under their newer
 * names; what has no line and is not the default stands at the end, ascending by name (a real
 * server has no order there, and writes a line about the default user, `dir` and the latency
 * percentiles as well). */
void rcs_config_rewrite(const struct rcs_config *config, const char *old, struct rcs_buf *out);

#endif
