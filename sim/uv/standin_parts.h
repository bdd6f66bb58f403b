/* The inside of stand-in nodes. */
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
    bool aof_found;                /* the append-only file there is goes on when the node starts */
    int aof;                       /* the end of it, to be appended to; -1 none */
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
/* Writes what the node has changed. The append-only file grows by the commands that changed the
 * data set; it is written anew when the node begins another, or when its host lost power. */
void rcs_standin_disk_save(struct standin_disk *disk, struct rcs_sim *sim, int node);

/* --- standin.c: the list ---------------------------------------------------------------------- */

struct rcs_standin {
    struct rcs_standin *next;
    struct rcs_serve *serve;
    struct rcs_control_client *client; /* NULL: it left */
    int node;                          /* -1: none (any more) */
    char name[32];
    unsigned port;
    struct standin_disk disk;
    int64_t pid;             /* of the process that stands in; 0: not known */
    enum rcs_conf_file file; /* what the node was told of its redis.conf */
    int status;              /* its /proc/PID/status, open; -1 none */
    bool wants_log;          /* lines of the node's log are sent */
    bool stopped;            /* paused because the process is stopped */
    bool crashed;            /* by order */
    struct rcs_buf to;       /* scratch: an order */
};

/* That of a control connection, made if there is none. */
struct rcs_standin *rcs_standin_of(struct rcs_serve *serve, struct rcs_control_client *client);
/* Whoever stands in is gone: its node is killed, it is freed. */
void rcs_standin_drop(struct rcs_standin *s);
/* A line to the program that is no answer. */
void rcs_standin_push(struct rcs_standin *s, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* --- standin_node.c: orders ------------------------------------------------------------------- */

/* Carries out the order in s->to, one that takes no time; false: `diag` says why not. */
bool rcs_standin_give(struct rcs_standin *s, struct rcs_diag *diag);
/* "VERB NAME"; `diag` may be NULL. */
bool rcs_standin_order(struct rcs_standin *s, const char *verb, struct rcs_diag *diag);
enum rcs_node_life rcs_standin_life(const struct rcs_standin *s); /* without a node: down */
bool rcs_standin_lives(const struct rcs_standin *s);              /* it has a process */
/* The node has no process: its disk is written, it is taken off the lists, and its name and port
 * are free. */
void rcs_standin_remove(struct rcs_standin *s);
void rcs_standin_kill(struct rcs_standin *s); /* and removes it */

/* --- standin_add.c: NODE ADD ------------------------------------------------------------------ */

/* `file`: the path of the redis.conf, may be empty. False: there is no node, `diag` says why. */
bool rcs_standin_start(struct rcs_standin *s, const struct rcs_arg *file,
                       const struct standin_conf *conf, struct rcs_diag *diag);

/* --- standin_watch.c: what changes under it --------------------------------------------------- */

void rcs_standin_look_at_file(struct rcs_standin *s);
void rcs_standins_watch(struct rcs_serve *serve); /* from now on, while there are any */

#endif
