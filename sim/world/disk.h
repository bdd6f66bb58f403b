/* The files on the disk of a node's host as bytes, as real servers have them: for who keeps them in
 * a real directory.
 *
 * A node that runs changes its own disk; who looks asks for the count of changes of a file, and
 * takes the file when that is another. The append-only file changes with every write: who keeps it
 * follows it (rcs_disk_follow_aof); it is counted, and can be had whole, when the process has
 * ended. */
#ifndef RCSIM_SIM_WORLD_DISK_H
#define RCSIM_SIM_WORLD_DISK_H

#include <rcsim/sim.h>

#include "sim/keys/saved_aof.h"
#include "sim/node/config.h"

enum rcs_disk_file { RCS_DISK_CONF, RCS_DISK_DUMP, RCS_DISK_AOF, RCS_DISK_FILES };

/* "nodes.conf", "dump.rdb", "aof": what an order calls them. */
const char *rcs_disk_file_name(enum rcs_disk_file file);

/* How often the file was written or removed since the node was added. */
uint32_t rcs_disk_changes(const struct rcs_sim *sim, int node, enum rcs_disk_file file);
/* The RDB file as its release writes it, appended to `out`; false: there is none. */
bool rcs_disk_dump(const struct rcs_sim *sim, int node, struct rcs_buf *out);
/* The append-only file of a node that does not run, to be closed; false: there is none. */
bool rcs_disk_aof(const struct rcs_sim *sim, int node, const char *filename,
                  struct rcs_aof_files *out);

/* From its next start on what comes into the node's append-only file is kept until it is taken:
 * whoever asks for this must take it from time to time. */
void rcs_disk_follow_aof(struct rcs_sim *sim, int node);
/* What came into it since: *files, to be closed, if a new one was begun (`begun`), and behind that,
 * or behind what the caller has, *commands, lent until the run goes on. False: nothing. */
struct rcs_disk_aof_news {
    bool begun;
    struct rcs_aof_files files;
    const struct rcs_buf *commands;
};
bool rcs_disk_aof_news(const struct rcs_sim *sim, int node, const char *filename,
                       struct rcs_disk_aof_news *out);
void rcs_disk_aof_taken(struct rcs_sim *sim, int node); /* it is on the disk */

/* Gives the host of a node that does not run a file. `conf`: the text of nodes.conf; `dump`: an RDB
 * file; `aof`: an RDB file of the whole data set, `base` and `incr` the numbers in the files'
 * names. RCS_ERR_STATE: the node runs; else as rcs_saved_config_read and rcs_snapshot_read_rdb. */
enum rcs_err rcs_disk_put(struct rcs_sim *sim, int node, enum rcs_disk_file file,
                          const struct rcs_arg *bytes, uint32_t base, uint32_t incr,
                          struct rcs_diag *diag);
/* What rcs_disk_put takes as `aof`, from files as rcs_saved_aof_read reads them (errors as there);
 * *out is empty if there are none; *cut (may be
 * NULL): the end of the last one was passed over. */
enum rcs_err rcs_disk_read_aof(const struct rcs_sim *sim, int node, const char *filename,
                               rcs_aof_read_fn *read, void *read_arg, struct rcs_buf *out,
                               uint32_t *base, uint32_t *incr, bool *cut, struct rcs_diag *diag);

/* redis.conf: what CONFIG REWRITE finds from now on, whether the node runs or not. */
void rcs_disk_set_conf_file(struct rcs_sim *sim, int node, enum rcs_conf_file state);
/* How often CONFIG REWRITE wrote it since the node was added, and what it holds by then: what its
 * process starts with next. */
uint32_t rcs_disk_conf_rewrites(const struct rcs_sim *sim, int node);
const struct rcs_config *rcs_disk_conf_file(const struct rcs_sim *sim, int node);

/* With what status the node's process ended last, as a shell shows it: 137 killed, 139 crashed. */
int rcs_sim_exit_status(const struct rcs_sim *sim, int node);

#endif
