#include "sim/node/stats.h"

#include <stdlib.h>
#include <string.h>

#include "sim/node/internal.h"

#include "sim/pure.h"

#define SAMPLE_MS 100

void rcs_stats_close(struct rcs_stats *stats)
{
    free(stats->commands);
    free(stats->errors);
    *stats = (struct rcs_stats){ 0 };
}

void rcs_stats_reset(struct rcs_node *node)
{
    rcs_stats_close(&node->stats);
    node->stat_commands = node->stat_expired = 0;
    node->stat_keyspace_hits = node->stat_keyspace_misses = 0;
    node->stat_sync_full = node->stat_sync_partial_ok = node->stat_sync_partial_err = 0;
}

struct rcs_command_stat *rcs_stats_add(struct rcs_stats *stats, const struct rcs_command *command)
{
    for (unsigned i = 0; i < stats->command_count; i++) {
        if (stats->commands[i].command == command) {
            stats->last = i;
            return &stats->commands[i];
        }
    }
    if (stats->command_count == stats->command_room) {
        stats->command_room = stats->command_room == 0 ? 16 : stats->command_room * 2;
        stats->commands =
            realloc(stats->commands, stats->command_room * sizeof(stats->commands[0]));
        RCS_ASSERT(stats->commands != NULL);
    }
    stats->last = stats->command_count++;
    stats->commands[stats->last] = (struct rcs_command_stat){ .command = command };
    return &stats->commands[stats->last];
}

static void count_code(struct rcs_stats *stats, const char *code)
{
    unsigned at = 0;
    while (at < stats->error_count && strcmp(stats->errors[at].code, code) < 0) {
        at++;
    }
    if (at == stats->error_count || strcmp(stats->errors[at].code, code) != 0) {
        if (stats->error_count == stats->error_room) {
            stats->error_room = stats->error_room == 0 ? 8 : stats->error_room * 2;
            stats->errors = realloc(stats->errors, stats->error_room * sizeof(stats->errors[0]));
            RCS_ASSERT(stats->errors != NULL);
        }
        memmove(&stats->errors[at + 1], &stats->errors[at],
                (stats->error_count - at) * sizeof(stats->errors[0]));
        stats->error_count++;
        stats->errors[at] = (struct rcs_error_stat){ .count = 0 };
        memcpy(stats->errors[at].code, code, strlen(code) + 1);
    }
    stats->errors[at].count++;
}

/* Redis 7.0 afterErrorReply: the code ends at the first blank; without one it is ERR. */
void rcs_stats_error(struct rcs_stats *stats, const char *text)
{
    char code[sizeof(stats->errors->code)] = "ERR";
    size_t size = strcspn(text, " ");
    if (text[0] == '-' && text[size] == ' ') {
        size = size - 1 < sizeof(code) ? size - 1 : sizeof(code) - 1;
        memcpy(code, text + 1, size);
        code[size] = '\0';
    }
    stats->error_replies++;
    count_code(stats, code);
}

void rcs_stats_sample(struct rcs_node *node)
{
    struct rcs_stats *stats = &node->stats;
    if (node->stat_commands == stats->ops_seen) {
        return;
    }
    /* It was reset meanwhile: what it stands at came since. */
    uint64_t from = node->stat_commands < stats->ops_seen ? 0 : stats->ops_seen;
    stats->ops[stats->next_op].at_ms = node->now_ms;
    stats->ops[stats->next_op].commands = node->stat_commands - from;
    stats->next_op = (stats->next_op + 1) % RCS_OPS_SAMPLES;
    stats->ops_seen = node->stat_commands;
}

int64_t rcs_stats_ops_per_s(const struct rcs_node *node)
{
    int64_t ops = 0, span_ms = RCS_OPS_SAMPLES * SAMPLE_MS;
    for (unsigned i = 0; i < RCS_OPS_SAMPLES; i++) {
        if (node->stats.ops[i].commands > 0 && node->now_ms - node->stats.ops[i].at_ms < span_ms) {
            ops += (int64_t)node->stats.ops[i].commands;
        }
    }
    return ops * 1000 / span_ms;
}
