/* What a full disk does to a node: which of its writes fail, and what a server then says of it,
 * refuses and ends of.
 *
 * A disk that is full has no block to give (ENOSPC): a new file can be made and stays empty, a file
 * can be written over within the blocks of 4096 bytes that it has. So nodes.conf goes on as long as
 * it does not grow beyond them (sim/cluster; until 7.0), an RDB fails, and an append-only file
 * takes nothing more: what its last block had left counts as used. */
#ifndef RCSIM_SIM_NODE_DISK_H
#define RCSIM_SIM_NODE_DISK_H

#include "sim/node/internal.h"

/* In the words of 7.0, as rcs_refuse takes them. */
#define RCS_MISCONF_SAVE                                                                           \
    "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to " \
    "disk. Commands that may modify the data set are disabled, because this instance is "          \
    "configured to report errors during writes if RDB snapshotting fails "                         \
    "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB " \
    "error."

/* Why an RDB of so many bytes is not written: says it, as the child `child_pid` or as the node (0).
 * False: the disk has room. */
RCS_RARE bool rcs_disk_save_fails(struct rcs_node *node, size_t size_bytes, uint32_t child_pid);
/* How the last RDB and the last write to the append-only file came out. */
void rcs_disk_saved(struct rcs_node *node, bool good);
void rcs_disk_appended(struct rcs_node *node, bool good);
/* The error that writes and PING get, in the form of rcs_refuse; NULL: none (Redis 7.0
 * writeCommandsDeniedByDiskError). Only if node->disk.failed. */
RCS_RARE const char *rcs_disk_refusal(const struct rcs_node *node);
/* The master's stream brings a command, and node->disk.failed: a write ends the process, unless
 * replica-ignore-disk-write-errors (Redis 7.0 processCommand). */
RCS_RARE void rcs_disk_obey(struct rcs_node *node, unsigned argc, const struct rcs_arg *args);

/* The process ends with `status`. What the node does, queues and says from here to the end of the
 * step never happened; what this turn has queued before is not written any more. */
RCS_RARE void rcs_node_die(struct rcs_node *node, int status);
/* At the end of the step in which it ended: the effects, if it died. */
RCS_RARE void rcs_node_died(struct rcs_node *node);

#endif
