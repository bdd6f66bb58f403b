/* The commands of an append-only file, carried out by a node that is there for nothing else, has a
 * store of its own and is never heard of: what the file leads to is all that the world gets. */
#include <stdio.h>
#include <string.h>

#include "sim/node/command.h"
#include "sim/world/disk_replay.h"

#include "sim/pure.h"

#define LINK (RCS_LINK_OUTSIDE + 1) /* of the one client it has */

static void step(struct rcs_disk_replay *replay, struct rcs_event *event)
{
    event->at_us = replay->at_us;
    rcs_node_step(replay->node, event, &replay->effects);
    rcs_effects_clear(&replay->effects, replay->store);
}

static void begin(void *arg, const struct rcs_snapshot *data)
{
    struct rcs_disk_replay *replay = arg;
    static const struct rcs_address nowhere = { .ip = "127.0.0.1" };
    replay->store = rcs_store_new();
    rcs_effects_init(&replay->effects);
    replay->node = rcs_node_new(&(struct rcs_node_params){ .store = replay->store,
                                                           .config = &replay->config,
                                                           .pid = 1,
                                                           .wall_base_ms = replay->wall_base_ms });
    struct rcs_start start = { .dump = (struct rcs_snapshot *)(uintptr_t)data };
    step(replay, &(struct rcs_event){ .kind = RCS_EVENT_START, .start = &start });
    step(replay,
         &(struct rcs_event){ .kind = RCS_EVENT_CLIENT_OPEN, .link = LINK, .peer = &nowhere });
}

static enum rcs_err command(void *arg, unsigned argc, const struct rcs_arg *args,
                            struct rcs_diag *diag)
{
    struct rcs_disk_replay *replay = arg;
    struct rcs_buf bytes;
    if (rcs_command_find(argc, args, NULL).command == NULL) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "it holds the command %.*s: not modelled",
                            (int)(args[0].size_bytes < 64 ? args[0].size_bytes : 64),
                            args[0].bytes);
    }
    rcs_buf_init(&bytes);
    rcs_resp_array(&bytes, argc);
    for (unsigned i = 0; i < argc; i++) {
        rcs_resp_bulk(&bytes, args[i].bytes, args[i].size_bytes);
    }
    struct rcs_event event = { .kind = RCS_EVENT_CLIENT_DATA, .link = LINK };
    event.data.bytes = bytes.data;
    event.data.size_bytes = bytes.size_bytes;
    step(replay, &event);
    rcs_buf_close(&bytes);
    return RCS_OK;
}

static struct rcs_snapshot *end(void *arg)
{
    struct rcs_disk_replay *replay = arg;
    int64_t wall_ms = replay->wall_base_ms + RCS_NODE_MS_START + replay->at_us / 1000;
    struct rcs_snapshot *data = rcs_keyspace_snapshot(rcs_node_keyspace(replay->node), wall_ms);
    rcs_node_free(replay->node);
    rcs_effects_close(&replay->effects, replay->store);
    rcs_store_free(replay->store);
    return data;
}

void rcs_disk_replay_init(struct rcs_disk_replay *replay, const struct rcs_config *config,
                          rcs_us at_us, int64_t wall_base_ms)
{
    *replay = (struct rcs_disk_replay){
        .config = *config,
        .at_us = at_us,
        .wall_base_ms = wall_base_ms,
        .hooks = { .arg = replay, .begin = begin, .command = command, .end = end },
    };
    struct rcs_config *own = &replay->config; /* it takes whatever a server once took */
    own->cluster_enabled = false;
    own->appendonly = false;
    own->save[0] = own->requirepass[0] = '\0';
    own->maxmemory_bytes = own->min_replicas_to_write = 0;
}
