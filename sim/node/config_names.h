/* Directives that Redis 7.0 has and rcsim does not model: so that an error can say which it is.
 * Included by config.c only. */
#ifndef RCSIM_SIM_NODE_CONFIG_NAMES_H
#define RCSIM_SIM_NODE_CONFIG_NAMES_H

/* clang-format off */
static const char *const unmodelled[] = { "include", "loadmodule", "rename-command", "user" };

/* And directives of later releases about the cluster. */
static const struct later {
    const char *name;
    enum rcs_release since;
} later[] = {
    { "cluster-announce-client-ipv4", RCS_VALKEY_8_0 },
    { "cluster-announce-client-ipv6", RCS_VALKEY_8_0 },
    { "cluster-announce-human-nodename", RCS_REDIS_7_2 },
    { "cluster-blacklist-ttl", RCS_VALKEY_8_0 },
    { "cluster-slot-stats-enabled", RCS_VALKEY_8_0 },
};
/* clang-format on */

#endif
