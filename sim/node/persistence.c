/* dump.rdb: saved at save points, by order and at a stop. The append-only file is aof.c, nodes.conf
 * belongs to sim/cluster. */
#include "sim/node/aof.h"
#include "sim/node/disk.h"
#include "sim/node/replication.h"

#include <string.h>

#include "sim/pure.h"

#define RETRY_S 5 /* Redis 7.0 CONFIG_BGSAVE_RETRY_DELAY */

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
    rcs_disk_saved(node, true);
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

/* Redis 7.0 rdbSave: that it failed is said, and remembered for a child's file only. */
static bool save_now(struct rcs_node *node)
{
    struct rcs_snapshot *snapshot = rcs_persistence_snapshot(node);
    bool good = !rcs_disk_save_fails(node, snapshot->size_bytes, 0);
    if (good) {
        rcs_persistence_store(node, snapshot);
        rcs_node_fact(node, RCS_FACT_SAVE_DONE, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
        rcs_persistence_saved(node, node->dirty);
    }
    rcs_snapshot_release(snapshot);
    return good;
}

enum rcs_save_answer rcs_persistence_save(struct rcs_node *node)
{
    if (node->repl.child.phase != RCS_CHILD_NONE) {
        return RCS_SAVE_BUSY;
    }
    if (save_now(node)) {
        return RCS_SAVE_DONE;
    }
    node->stats.rdb_saves++;
    return RCS_SAVE_FAILED;
}

/* Redis 7.0 flushAllDataAndResetRDB */
void rcs_persistence_flushed(struct rcs_node *node)
{
    rcs_child_kill(node);
    if (rcs_persistence_save_points(node)) {
        (void)save_now(node);
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

static bool failed_lately(const struct rcs_node *node)
{
    return node->disk.save_failed && rcs_node_unixtime(node) - node->disk.save_tried_s <= RETRY_S;
}

void rcs_persistence_tick(struct rcs_node *node)
{
    if (node->repl.save_scheduled && !failed_lately(node) && rcs_persistence_bgsave(node)) {
        node->repl.save_scheduled = false;
        return;
    }
    uint64_t changes = node->dirty - node->repl.saved_dirty;
    if (changes == 0 || node->repl.child.phase != RCS_CHILD_NONE || rcs_aof_rewriting(node)) {
        return;
    }
    if (failed_lately(node)) {
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
