#include "sim/world/client_kind.h"

#include <string.h>

#include <rcsim/sim.h>

#include "sim/pure.h"

/* Sources:
 *   - redis-py 4.3.4 RedisCluster._execute_command: a node that cannot be reached is tried four
 * times more, 0.25 s apart; then NodesManager.initialize reads the map, and the command is tried
 * again, three times in all (cluster_error_retry_attempts). CLUSTERDOWN: 0.25 s, the map, again.
 * Every tenth MOVED (reinitialize_steps) reads the map. No timeouts unless asked for. A new object
 * asks one of the masters for COMMAND (CommandsParser).
 *   - the same, `brittle`: NodesManager.initialize copies its parameters for a start-up node that
 * has no connection object any more, and these hold a lock that cannot be copied; a node loses its
 * object by being unreachable. So once the first node of the map is dead the map cannot be read
 * again. Recorded from real servers ("cannot pickle '_thread.lock' object"), mended later.
 *   - Predis 1.1 RedisCluster.retryCommandOnFailure, queryClusterNodeForSlotsMap, guessNode,
 * onMovedResponse; StreamConnection: connect in 5 s, PHP's default_socket_timeout of 60 s.
 *   - redis-cli 7.0 cliSendCommand, and what rcs_session does. */
/* clang-format off */
static const struct rcs_client_kind kinds[] = {
    { .name = "redis-py", .what = "redis-py: reads the slots from the start-up nodes, waits 0.25 s and tries again",
      .aim = RCS_AIM_MAP, .moved = RCS_MOVED_PATCH, .lost = RCS_LOST_SEEDS, .attempts = 3, .same_node = 4,
      .pause_us = RCS_MS(250), .reads_before_fail = true, .down_pause_us = RCS_MS(250), .moved_reads = 10,
      .redirections = 16, .asks_info = true, .asks_commands = true, .timeout_us = RCS_NEVER, .connect_us = RCS_NEVER },
    { .name = "redis-py-4.3.4", .what = "the same with that version's defect: blind once the first node of its map is dead",
      .aim = RCS_AIM_MAP, .moved = RCS_MOVED_PATCH, .lost = RCS_LOST_SEEDS, .attempts = 3, .same_node = 4,
      .pause_us = RCS_MS(250), .reads_before_fail = true, .down_pause_us = RCS_MS(250), .moved_reads = 10,
      .redirections = 16, .asks_info = true, .asks_commands = true, .brittle = true, .timeout_us = RCS_NEVER,
      .connect_us = RCS_NEVER },
    { .name = "predis", .what = "Predis: asks any other node for the slots, tries once more, then gives up",
      .aim = RCS_AIM_GUESS, .moved = RCS_MOVED_REFRESH, .lost = RCS_LOST_ANY, .attempts = 2,
      .redirections = 100, .timeout_us = RCS_S(60), .connect_us = RCS_S(5) },
    { .name = "redis-cli", .what = "redis-cli -c: goes where MOVED says, and to the next node if one is gone",
      .aim = RCS_AIM_STAND, .moved = RCS_MOVED_GO, .lost = RCS_LOST_NEXT, .attempts = 1,
      .redirections = 16, .timeout_us = RCS_NEVER, .connect_us = RCS_NEVER },
    { .name = "pinned", .what = "talks to one node and follows nothing",
      .aim = RCS_AIM_PINNED, .moved = RCS_MOVED_ERROR, .lost = RCS_LOST_ERROR, .attempts = 1,
      .timeout_us = RCS_NEVER, .connect_us = RCS_NEVER },
};
/* clang-format on */
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

const struct rcs_client_kind *rcs_client_kind_find(const char *name)
{
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct rcs_client_kind *rcs_client_kind_row(unsigned index)
{
    return index < KIND_COUNT ? &kinds[index] : NULL;
}

const char *rcs_workload_kind(unsigned index, const char **what)
{
    *what = index < KIND_COUNT ? kinds[index].what : NULL;
    return index < KIND_COUNT ? kinds[index].name : NULL;
}

const char *rcs_workload_error_name(enum rcs_workload_error error)
{
#define X(name, text) [RCS_WORKLOAD_##name] = text,
    static const char *const names[] = { RCS_WORKLOAD_ERRORS(X) };
#undef X
    RCS_ASSERT(error < RCS_WORKLOAD_ERROR_COUNT);
    return names[error];
}
