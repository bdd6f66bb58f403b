/* How many files the process may have open: as many as its nodes may have clients. */
#include <stdio.h>
#include <sys/resource.h>

#include "sim/uv/serve_parts.h"
#include "sim/world/world.h"

/* Of each server for itself: listeners, its log, its files (Redis 7.0 CONFIG_MIN_RESERVED_FDS). */
#define RESERVED 32

/* Of all nodes that run, and (*most) of the one that needs most. */
static rlim_t wanted_by(const struct rcs_serve *serve, rlim_t *most)
{
    rlim_t wanted = RESERVED;
    *most = 0;
    for (unsigned i = 0; i < rcs_sim_node_count(serve->sim); i++) {
        enum rcs_node_life life = rcs_sim_node_life(serve->sim, (int)i);
        if (life == RCS_LIFE_UP || life == RCS_LIFE_PAUSED) {
            rlim_t own = (rlim_t)rcs_sim_config(serve->sim, (int)i)->maxclients + RESERVED;
            wanted += own;
            *most = own > *most ? own : *most;
        }
    }
    return wanted;
}

/* Redis 7.0 adjustOpenFilesLimit, but for the hard limit, which stays, and for maxclients: the
 * nodes share one limit, and which of them will have the clients is not known. A server alone would
 * warn if there are too few for itself; so is it here. */
void rcs_serve_raise_files_limit(struct rcs_serve *serve)
{
    struct rlimit limit;
    rlim_t most, wanted = wanted_by(serve, &most);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_max < most && !serve->files_limit_told) {
        serve->files_limit_told = true;
        fprintf(stderr,
                "rcsim: maxclients needs %llu open files, but no more than %llu are allowed "
                "(ulimit -Hn): connections beyond that are closed at once\n",
                (unsigned long long)most, (unsigned long long)limit.rlim_max);
    }
}
