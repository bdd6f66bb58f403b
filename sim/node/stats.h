/* What a node counts of its commands and errors: INFO's commandstats, latencystats and errorstats.
 *
 * Commands stand in the order of their first call, error codes ascending. */
#ifndef RCSIM_SIM_NODE_STATS_H
#define RCSIM_SIM_NODE_STATS_H

#include <rcsim/base.h>
#include <rcsim/resp.h>

struct rcs_command;
struct rcs_node;

struct rcs_command_stat {
    const struct rcs_command *command;
    uint64_t calls, rejected, failed;
    /* A command takes no time but for DEBUG SLEEP. */
    uint64_t usec, slow_calls;
    int64_t slowest_us;
};

struct rcs_error_stat {
    char code[32]; /* "MOVED"; cut to fit */
    uint64_t count;
};

#define RCS_OPS_SAMPLES 16 /* of 100 ms each (Redis 7.0 STATS_METRIC_SAMPLES) */

struct rcs_stats {
    uint64_t ops_seen; /* commands up to the last tick in which there were any */
    struct rcs_command_stat *commands;
    unsigned command_count, command_room, last; /* `last` was asked for last */
    struct rcs_error_stat *errors;
    unsigned error_count, error_room;
    uint64_t error_replies, errors_seen; /* `seen`: when a command was last judged by them */
    uint64_t connections, rejected_connections, evicted_keys, evicted_clients;
    uint64_t net_input_bytes, net_output_bytes, reads, writes;
    uint64_t forks, rdb_saves, aof_rewrites;
    int64_t peak_memory_bytes;
    /* commands of such ticks */
    struct {
        int64_t at_ms;
        uint64_t commands;
    } ops[RCS_OPS_SAMPLES];
    unsigned next_op;
};

void rcs_stats_close(struct rcs_stats *stats);
void rcs_stats_reset(struct rcs_node *node); /* CONFIG RESETSTAT */

struct rcs_command_stat *rcs_stats_add(struct rcs_stats *stats, const struct rcs_command *command);
/* Of a command, counted before or not; valid until the next one is asked for. */
static inline struct rcs_command_stat *rcs_stats_of(struct rcs_stats *stats,
                                                    const struct rcs_command *command)
{
    return stats->last < stats->command_count && stats->commands[stats->last].command == command
               ? &stats->commands[stats->last]
               : rcs_stats_add(stats, command);
}

/* An error is replied: "-CODE text", or a text of code ERR. */
void rcs_stats_error(struct rcs_stats *stats, const char *text);
/* True if there were errors since the last time: then the command that was judged has failed, or
 * was rejected (Redis 7.0 incrCommandStatsOnError). */
static inline bool rcs_stats_failed(struct rcs_stats *stats)
{
    bool failed = stats->error_replies != stats->errors_seen;
    stats->errors_seen = stats->error_replies;
    return failed;
}

/* At each tick. */
void rcs_stats_sample(struct rcs_node *node);
int64_t rcs_stats_ops_per_s(const struct rcs_node *node);

#endif
