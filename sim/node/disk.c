#include "sim/node/disk.h"

#include <string.h>

#include "sim/node/aof.h"
#include "sim/node/command.h"

#include "sim/pure.h"

#define STDIO_BYTES    4096 /* what a FILE holds back before it writes */
#define STATUS_ABORTED 134
#define OBEYED_LOG_MS  10000

void rcs_node_set_disk(struct rcs_node *node, bool full, size_t conf_room_bytes)
{
    node->disk.full = full;
    node->cluster.disk_full = full;
    node->cluster.conf_room_bytes = conf_room_bytes;
    if (full) {
        rcs_aof_disk_full(node);
    }
}

/* --- what failed ------------------------------------------------------------------------------ */

/* Redis 7.0 rdbSave: what fits into the stream's buffer is written by fflush alone. */
bool rcs_disk_save_fails(struct rcs_node *node, size_t size_bytes, uint32_t child_pid)
{
    if (!node->disk.full) {
        return false;
    }
    const char *doing = size_bytes > STDIO_BYTES ? "rdbSaveRio" : "fflush";
    if (child_pid != 0) {
        rcs_fact_add(&node->out->facts, RCS_FACT_SAVE_FAILED, 'C', RCS_ID_NONE, RCS_ID_NONE, 0, 0,
                     child_pid, doing, NULL);
    } else {
        rcs_node_fact(node, RCS_FACT_SAVE_FAILED, RCS_ID_NONE, 0, 0, 0, doing, NULL);
    }
    return true;
}

void rcs_disk_saved(struct rcs_node *node, bool good)
{
    node->disk.save_failed = !good;
    node->disk.failed = node->disk.save_failed || node->disk.append_failed;
}

void rcs_disk_appended(struct rcs_node *node, bool good)
{
    node->disk.append_failed = !good;
    node->disk.failed = node->disk.save_failed || node->disk.append_failed;
}

/* --- what is refused for it ------------------------------------------------------------------- */

/* Without a look at who asks. */
static const char *refusal(const struct rcs_node *node)
{
    if (node->disk.save_failed && node->config.stop_writes_on_save_error &&
        node->config.save[0] != '\0') {
        return RCS_MISCONF_SAVE;
    }
    if (node->disk.append_failed && node->aof.wanted) {
        return "-MISCONF Errors writing to the AOF file: No space left on device";
    }
    return NULL;
}

/* Until 6.2 a replica refused nothing for it. */
const char *rcs_disk_refusal(const struct rcs_node *node)
{
    bool exempt = node->repl.has_master && rcs_node_profile(node)->release < RCS_REDIS_7_0;
    return exempt ? NULL : refusal(node);
}

void rcs_disk_obey(struct rcs_node *node, unsigned argc, const struct rcs_arg *args)
{
    struct rcs_command_found found = rcs_command_find(argc, args, NULL);
    bool writes = found.command != NULL && (found.command->flags & RCS_COMMAND_WRITE) != 0;
    bool pings = found.command != NULL && strcmp(found.command->name, "ping") == 0;
    if ((!writes && !pings) || rcs_disk_refusal(node) == NULL) {
        return;
    }
    if (writes && !node->config.replica_ignore_disk_errors) { /* serverPanic */
        rcs_node_fact(node, RCS_FACT_PANIC_RULE, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
        rcs_node_fact(node, RCS_FACT_PANIC, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
        rcs_node_fact(node, RCS_FACT_PANIC_WHY, RCS_ID_NONE, 0, 0, 0,
                      "Replica was unable to write command to disk.", NULL);
        rcs_node_die(node, STATUS_ABORTED);
    } else if (rcs_node_wall_ms(node) > node->disk.obeyed_wall_ms + OBEYED_LOG_MS) {
        node->disk.obeyed_wall_ms = rcs_node_wall_ms(node);
        rcs_node_fact(node, RCS_FACT_REPLICA_UNSAVED, RCS_ID_NONE, 0, 0, 0, NULL, NULL);
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

void rcs_node_die(struct rcs_node *node, int status)
{
    if (node->dead) {
        return;
    }
    node->dead = true;
    node->death = (struct rcs_death){
        .died = true, .status = status, .effects = node->out->count, .facts = node->out->facts.count
    };
}

/* Replies and packets are written after beforeSleep has saved nodes.conf and the append-only file:
 * those of the turn that was never finished stay in the process's memory. */
void rcs_node_died(struct rcs_node *node)
{
    struct rcs_effects *out = node->out;
    if (!node->death.died) {
        return; /* in good order: the effects say so */
    }
    size_t turn = node->death.effects;
    while (turn > 0 && out->list[turn - 1].kind != RCS_EFFECT_TURN) {
        turn--;
    }
    rcs_effects_keep_saves(out, node->store, turn, node->death.effects);
    out->facts.count = node->death.facts;
    rcs_effect_add(out, RCS_EFFECT_EXIT, 0)->status = node->death.status;
}
