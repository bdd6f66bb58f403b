#include "sim/node/aof_replay.h"

#include <stdlib.h>

#include "sim/node/command.h"
#include "sim/node/command_args.h"

#include "sim/pure.h"

struct rcs_aof_player {
    struct rcs_aof_replay hook;
    struct rcs_config config;
    struct rcs_store *store; /* of its own: node ids are no business of the world */
    struct rcs_effects effects;
    struct rcs_node *node; /* NULL: between files */
};

/* At the beginning of time nothing has expired. */
static void begin(void *arg, const struct rcs_snapshot *data)
{
    struct rcs_aof_player *player = arg;
    const struct rcs_node_params params = { .store = player->store, .config = &player->config };
    const struct rcs_start start = { .conf = NULL };
    const struct rcs_event event = { .kind = RCS_EVENT_START, .start = &start };
    RCS_ASSERT(player->node == NULL);
    player->node = rcs_node_new(&params);
    rcs_node_step(player->node, &event, &player->effects);
    rcs_effects_clear(&player->effects, player->store);
    rcs_keyspace_load(player->node->keys, data);
}

static struct rcs_snapshot *end(void *arg)
{
    struct rcs_aof_player *player = arg;
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(player->node->keys, 0);
    rcs_node_free(player->node);
    player->node = NULL;
    return snapshot;
}

/* What stands around commands: a transaction is whole when it comes here, so what it holds is
 * carried out one by one. */
static bool is_frame(const struct rcs_arg *name)
{
    return rcs_arg_is(name, "multi") || rcs_arg_is(name, "exec");
}

static enum rcs_err select_database(unsigned argc, const struct rcs_arg *args,
                                    struct rcs_diag *diag)
{
    int64_t database;
    if (argc == 2 && rcs_arg_i64(&args[1], &database) && database == 0) {
        return RCS_OK;
    }
    return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0,
                        "it changes another database than 0, the only one of a cluster's node");
}

static enum rcs_err refuse(const struct rcs_arg *name, const char *what, struct rcs_diag *diag)
{
    return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "command \"%.*s\" %s",
                        (int)(name->size_bytes < 64 ? name->size_bytes : 64), name->bytes, what);
}

/* A step of the node that is no event. */
static void apply(struct rcs_aof_player *player, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_node *node = player->node;
    struct rcs_request *request = rcs_request_new(player->store, argc, args);
    node->out = &player->effects;
    node->cluster.out = &player->effects;
    rcs_command_apply(node, request);
    node->out = NULL;
    node->cluster.out = NULL;
    rcs_request_release(player->store, request);
    rcs_effects_clear(&player->effects, player->store);
}

static enum rcs_err command(void *arg, unsigned argc, const struct rcs_arg *args,
                            struct rcs_diag *diag)
{
    struct rcs_aof_player *player = arg;
    if (is_frame(&args[0])) {
        return RCS_OK;
    }
    if (rcs_arg_is(&args[0], "select")) {
        return select_database(argc, args, diag);
    }
    struct rcs_command_found found = rcs_command_find(argc, args, NULL);
    if (found.command == NULL) {
        return refuse(&args[0], "is one that rcsim does not have", diag);
    }
    if ((found.command->flags & RCS_COMMAND_WRITE) == 0) {
        return refuse(&args[0], "changes no data", diag);
    }
    apply(player, argc, args);
    return RCS_OK;
}

struct rcs_aof_player *rcs_aof_player_new(const struct rcs_config *config)
{
    struct rcs_aof_player *player = calloc(1, sizeof(*player));
    RCS_ASSERT(player != NULL);
    player->hook = (struct rcs_aof_replay){ player, begin, command, end };
    player->config = *config;
    player->config.appendonly = false;
    player->config.maxmemory_bytes = 0;
    player->store = rcs_store_new();
    rcs_effects_init(&player->effects);
    return player;
}

void rcs_aof_player_free(struct rcs_aof_player *player)
{
    RCS_ASSERT(player->node == NULL);
    rcs_effects_close(&player->effects, player->store);
    rcs_store_free(player->store);
    free(player);
}

const struct rcs_aof_replay *rcs_aof_player_hook(struct rcs_aof_player *player)
{
    return &player->hook;
}
