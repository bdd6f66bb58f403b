/* The inside of stand-in nodes: their configuration and their disk. */
#ifndef RCSIM_SIM_UV_STANDIN_PARTS_H
#define RCSIM_SIM_UV_STANDIN_PARTS_H

#include <limits.h>

#include "sim/uv/standin.h"
#include "sim/world/disk.h"

/* --- standin_conf.c: a redis.conf as the server would take it --------------------------------- */

struct standin_conf {
    unsigned port;
    bool cluster;
    char dir[PATH_MAX]; /* as written, seen from the directory the process was started in */
    char conf_file[PATH_MAX], dump_file[256], aof_dir[256], aof_file[201];
    struct rcs_buf directives; /* " name \"value\"", for an order */
    struct rcs_buf notes;      /* lines: what is not modelled and was passed over */
};

/* Reads `text` over what nodes of `sim` begin with. RCS_OK: *out has to be closed; else `diag` says
 * what a server would say, with the line. */
enum rcs_err rcs_standin_conf_read(struct standin_conf *out, const struct rcs_sim *sim,
                                   const struct rcs_arg *cwd, const struct rcs_arg *text,
                                   struct rcs_diag *diag);
void rcs_standin_conf_close(struct standin_conf *conf);

/* --- standin_disk.c: files below --disk ------------------------------------------------------- */

struct standin_disk {
    int dir, conf_dir; /* open directories; -1 none */
    dev_t dev;         /* of conf_dir: which one it is */
    ino_t ino;
    char path[PATH_MAX]; /* of `dir`, without links */
    char conf_file[256], dump_file[256], aof_dir[256], aof_file[201];
    unsigned port;                 /* for the names of temporary files */
    uint32_t seen[RCS_DISK_FILES]; /* changes that are written */
    const char *root;              /* --disk; borrowed */
    char file[PATH_MAX];           /* redis.conf; "" none */
    bool file_below;               /* it may be touched */
    uint32_t file_seen;            /* rewrites that are written */
};

/* `file`: the path of the redis.conf it was started with, empty: none. RCS_OK: *out has to be
 * closed. */
enum rcs_err rcs_standin_disk_open(struct standin_disk *out, const char *root,
                                   const struct standin_conf *conf, const struct rcs_arg *file,
                                   struct rcs_diag *diag);
void rcs_standin_disk_close(struct standin_disk *disk);
/* Appends a file; false: there is none, or (*diag filled) it cannot be read. */
bool rcs_standin_disk_conf(const struct standin_disk *disk, struct rcs_buf *out,
                           struct rcs_diag *diag);
bool rcs_standin_disk_dump(const struct standin_disk *disk, struct rcs_buf *out,
                           struct rcs_diag *diag);
/* An rcs_aof_read_fn over a struct standin_disk. */
bool rcs_standin_disk_aof(void *arg, const char *name, struct rcs_buf *out);
/* What CONFIG REWRITE would find now. */
enum rcs_conf_file rcs_standin_disk_file(const struct standin_disk *disk);
/* Writes what the node has changed; the append-only file only if its process ended. */
void rcs_standin_disk_save(struct standin_disk *disk, struct rcs_sim *sim, int node);

#endif
