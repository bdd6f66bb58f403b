/* The append-only file: what it holds, and how much of it is on the disk for good.
 *
 * A real server writes it before it replies (Redis 7.0 beforeSleep), so that the end of the process
 * loses nothing that was acknowledged, whatever appendfsync says: the kernel has it. Only the loss
 * of power takes what was not synced: with `everysec` what came after the last sync, about a
 * second; with `no` what came since the kernel wrote by itself, some half a minute; with `always`
 * nothing.
 *
 * Here the file is the data set itself, not its commands: what Redis deletes without logging it
 * (keys of a slot that was lost, CLUSTER RESET) is gone from it, too. */
#ifndef RCSIM_SIM_NODE_AOF_H
#define RCSIM_SIM_NODE_AOF_H

#include "sim/node/aof_follow.h"
#include "sim/node/internal.h"

/* At process start with `appendonly yes`: loads the file, or makes an empty one, whatever dump.rdb
 * holds (Redis 7.0 loadDataFromDisk). */
void rcs_aof_boot(struct rcs_node *node, const struct rcs_saved_aof *saved);
void rcs_aof_before_sleep(struct rcs_node *node); /* syncs, if it is time */
/* A full sync is about to load: the file stays as it is. */
void rcs_aof_stop(struct rcs_node *node);
/* A new file is made of the data set; until it is there the old one counts. */
void rcs_aof_start(struct rcs_node *node);
void rcs_aof_configured(struct rcs_node *node); /* `appendonly` may have changed */
/* The disk is full: what was written until now is what there is. */
void rcs_aof_disk_full(struct rcs_node *node);
/* Writes what there is to write, when the process exits; without room it may die of that. */
RCS_RARE void rcs_aof_flush(struct rcs_node *node);
/* The disk is full, or was: while the first file is being made a temporary one takes the writes. */
RCS_RARE void rcs_aof_flush_temporary(struct rcs_node *node);
/* BGREWRITEAOF. */
enum rcs_aof_answer { RCS_AOF_STARTED, RCS_AOF_SCHEDULED, RCS_AOF_BUSY, RCS_AOF_FAILED };
enum rcs_aof_answer rcs_aof_rewrite(struct rcs_node *node);
bool rcs_aof_rewriting(const struct rcs_node *node);  /* its child lives */
rcs_us rcs_aof_deadline(const struct rcs_node *node); /* RCS_NEVER */
RCS_RARE void rcs_aof_wake(struct rcs_node *node);    /* it has come */
void rcs_aof_tick(struct rcs_node *node);
/* The process ended at `at_us`, with its host's power or without: *out gets a reference. */
void rcs_aof_left(struct rcs_node *node, rcs_us at_us, bool power_lost, struct rcs_saved_aof *out);
/* The process exits, and its child with it; false: it must not, since the child writes the first
 * file (`force`: it does all the same). */
RCS_RARE bool rcs_aof_at_exit(struct rcs_node *node, bool force);
void rcs_aof_child_killed(struct rcs_node *node); /* without more words, if there is one */
/* A command that changed the data set, for who follows the file. */
RCS_RARE void rcs_aof_append(struct rcs_node *node, unsigned argc, const struct rcs_arg *args);
void rcs_aof_close(struct rcs_node *node);

#endif
