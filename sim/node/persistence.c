/* dump.rdb: saved at save points, by order and at a stop. The append-only file is aof.c, nodes.conf
 * belongs to sim/cluster. */
#include "sim/node/aof.h"
#include "sim/node/replication.h"

#include <string.h>

#include "sim/pure.h"

struct rcs_snapshot *rcs_persistence_snapshot(struct rcs_node *node)
{
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(node->keys, rcs_node_wall_ms(node));
    if (rcs_repl_has_info(node)) {
        memcpy(snapshot->replid, node->repl.replid, sizeof(snapshot->replid));
        snapshot->repl_offset = node->repl.offset;
    }
    return snapshot;
}

void rcs_persistence_store(struct rcs_node *node, struct rcs_snapshot *snapshot)
{
    struct rcs_snapshot *before = node->dump;
    node->dump = rcs_snapshot_retain(snapshot);
    if (before != NULL) {
        rcs_snapshot_release(before);
    }
    rcs_effect_add(node->out, RCS_EFFECT_SAVE_DUMP, 0)->snapshot = rcs_snapshot_retain(snapshot);
}

void rcs_persistence_saved(struct rcs_node *node, uint64_t dirty)
{
    node->stats.rdb_saves++;
    node->repl.saved_dirty = dirty;
    node->repl.last_save_s = rcs_node_unixtime(node);
}

bool rcs_persistence_save_points(const struct rcs_node *node)
{
    return node->config.save[0] != '\0';
}

struct rcs_snapshot *rcs_persistence_at_exit(struct rcs_node *node)
{
    if (rcs_repl_loading(node)) {
        return NULL; /* Redis 7.0 prepareForShutdown: half-read data must not overwrite the file */
    }
    return rcs_persistence_save_points(node) ? rcs_persistence_snapshot(node) : NULL;
}

static void save_now(struct rcs_node *node)
{
    struct rcs_snapshot *snapshot = rcs_persistence_snapshot(node);
    rcs_persistence_store(node, snapshot);
    rcs_snapshot_release(snapshot);
    rcs_node_fact(node, RCS_FACT_SAVE_DONE, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    rcs_persistence_saved(node, node->dirty);
}

bool rcs_persistence_save(struct rcs_node *node)
{
    if (node->repl.child.phase != RCS_CHILD_NONE) {
        return false;
    }
    save_now(node);
    return true;
}

/* Redis 7.0 flushAllDataAndResetRDB */
void rcs_persistence_flushed(struct rcs_node *node)
{
    rcs_child_kill(node);
    if (rcs_persistence_save_points(node)) {
        save_now(node);
    }
}

bool rcs_persistence_bgsave(struct rcs_node *node)
{
    if (node->repl.child.phase != RCS_CHILD_NONE || rcs_aof_rewriting(node)) {
        return false;
    }
    rcs_child_start(node, false);
    return true;
}

/* Reads one number of `save`'s text and what blanks follow; false at the end. */
static bool next_number(const char **text, int64_t *out)
{
    const char *at = *text;
    while (*at == ' ') {
        at++;
    }
    if (*at < '0' || *at > '9') {
        return false;
    }
    int64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (*at - '0');
    }
    *text = at;
    *out = value;
    return true;
}

void rcs_persistence_tick(struct rcs_node *node)
{
    if (node->repl.save_scheduled && rcs_persistence_bgsave(node)) {
        node->repl.save_scheduled = false;
        return;
    }
    uint64_t changes = node->dirty - node->repl.saved_dirty;
    if (changes == 0 || node->repl.child.phase != RCS_CHILD_NONE || rcs_aof_rewriting(node)) {
        return;
    }
    int64_t age_s = rcs_node_unixtime(node) - node->repl.last_save_s;
    const char *at = node->config.save;
    int64_t seconds, enough;
    while (next_number(&at, &seconds) && next_number(&at, &enough)) {
        if (changes >= (uint64_t)enough && age_s > seconds) {
            rcs_node_fact(node, RCS_FACT_SAVE_POINT, RCS_ID_NONE, enough, seconds, 0, NULL, NULL);
            rcs_child_start(node, false);
            return;
        }
    }
}
