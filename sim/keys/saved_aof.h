/* An append-only file (struct rcs_saved_aof) as the files a real server would have in its folder,
 * and back. Bytes only: the caller reads and writes the files.
 *
 * The simulated file is the data set itself, not its commands. So the base has all of it, and what
 * was written since shows only in that the file behind the base is not empty: it selects the
 * database, as the first command of every such file does. */
#ifndef RCSIM_SIM_KEYS_SAVED_AOF_H
#define RCSIM_SIM_KEYS_SAVED_AOF_H

#include <rcsim/aof.h>

#include "sim/keys/dump.h"

/* --- to files --------------------------------------------------------------------------------- */

/* From 7.0 on (RDB version 10) three files of one folder. Before, one file beside dump.rdb, here
 * `base`, named as appendfilename says: an RDB file and commands behind it. */
struct rcs_aof_files {
    bool in_folder;
    char base_name[RCS_AOF_NAME_MAX_BYTES + 1], incr_name[RCS_AOF_NAME_MAX_BYTES + 1];
    char manifest_name[RCS_AOF_NAME_MAX_BYTES + 1];
    struct rcs_buf base, incr, manifest;
};

/* `saved` has data. `filename` is appendfilename, 200 bytes at most; `info` is
 * that of saved->data (rcs_snapshot_rdb_info). Has to be closed. */
void rcs_aof_files_init(struct rcs_aof_files *files, const struct rcs_saved_aof *saved,
                        const char *filename, const struct rcs_rdb_info *info);
void rcs_aof_files_close(struct rcs_aof_files *files);

/* --- from files ------------------------------------------------------------------------------- */

/* Appends the file of that name: from 7.0 on of the folder, before beside dump.rdb. False: there is
 * none. */
typedef bool rcs_aof_read_fn(void *arg, const char *name, struct rcs_buf *out);

/* Who carries out commands. For each file that has any: `begin` gets the data so far, `command` one
 * after the other (MULTI and EXEC among them; no transaction is cut), then `end` gives the data
 * they led to, one reference. An error of `command` fills `diag` and ends it all; `end` is called
 * all the same. */
struct rcs_aof_replay {
    void *arg;
    void (*begin)(void *arg, const struct rcs_snapshot *data);
    enum rcs_err (*command)(void *arg, unsigned argc, const struct rcs_arg *args,
                            struct rcs_diag *diag);
    struct rcs_snapshot *(*end)(void *arg);
};

struct rcs_aof_source {
    const char *filename; /* appendfilename */
    unsigned version;     /* the latest version of RDB to take; tells a folder from one file */
    bool load_truncated;  /* aof-load-truncated: the last file may be cut short */
    const struct rcs_value_limits *limits;
    rcs_aof_read_fn *read;
    void *read_arg;
    /* NULL: files may hold no command but SELECT 0, as those rcsim writes. */
    const struct rcs_aof_replay *replay;
};

/* *out gets one reference to the data; without data: there is no append-only file. *cut (may be
 * NULL): the last file was cut short and its end passed over. RCS_ERR_PROTOCOL, RCS_ERR_SYNTAX:
 * broken; RCS_ERR_UNKNOWN: it holds what is not modelled, or commands nobody carries out;
 * RCS_ERR_MORE: cut short where that is not allowed; RCS_ERR_IO: the manifest names a file that is
 * not there. `diag` says what and names the file as its source. */
enum rcs_err rcs_saved_aof_read(const struct rcs_aof_source *source, struct rcs_saved_aof *out,
                                bool *cut, struct rcs_diag *diag);

#endif
