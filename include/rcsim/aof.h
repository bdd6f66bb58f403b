/* The append-only file as Redis 7.0 keeps it: a folder with a manifest, a base and what was written
 * since, one file or several. A base is an RDB file (rdb_file.h) or holds commands; the others
 * always do. Before 7.0 it was one file: commands, or an RDB file with commands behind it. */
#ifndef RCSIM_AOF_H
#define RCSIM_AOF_H

#include <rcsim/resp.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_AOF_FILENAME       "appendonly.aof" /* appendfilename, as it is by default */
#define RCS_AOF_DIRNAME        "appendonlydir"  /* appenddirname */
#define RCS_AOF_MANIFEST_ENDS  ".manifest"      /* appendonly.aof.manifest */
#define RCS_AOF_NAME_MAX_BYTES 255              /* of a file */

/* --- the manifest ----------------------------------------------------------------------------- */

enum rcs_aof_part_type { RCS_AOF_BASE = 'b', RCS_AOF_HISTORY = 'h', RCS_AOF_INCR = 'i' };

struct rcs_aof_part {
    char name[RCS_AOF_NAME_MAX_BYTES + 1]; /* of a file in the folder, no path */
    int64_t sequence;                      /* the number in the name, from 1 */
    enum rcs_aof_part_type type;
};

/* In the order in which they are loaded; history, which is not loaded but waits to be deleted,
 * stands between base and the rest. */
struct rcs_aof_manifest {
    struct rcs_aof_part *parts;
    unsigned count, room;
};

void rcs_aof_manifest_init(struct rcs_aof_manifest *manifest);
void rcs_aof_manifest_close(struct rcs_aof_manifest *manifest);
void rcs_aof_manifest_add(struct rcs_aof_manifest *manifest, const struct rcs_aof_part *part);
/* NULL: there is none. */
const struct rcs_aof_part *rcs_aof_manifest_base(const struct rcs_aof_manifest *manifest);
void rcs_aof_manifest_write(const struct rcs_aof_manifest *manifest, struct rcs_buf *out);
/* Adds the parts of a manifest's text to an empty one (Redis 7.0 aofLoadManifestFromFile).
 * RCS_ERR_SYNTAX: `diag` has the line and what is wrong with it. */
enum rcs_err rcs_aof_manifest_read(struct rcs_aof_manifest *manifest, const char *text,
                                   size_t size_bytes, struct rcs_diag *diag);

/* "appendonly.aof.3.base.rdb", "appendonly.aof.5.incr.aof". False: too long. `rdb`: of a base. */
bool rcs_aof_part_name(struct rcs_aof_part *part, const char *filename, bool rdb);

/* --- commands --------------------------------------------------------------------------------- */

/* Over bytes it borrows. */
struct rcs_aof_reader {
    const char *begin, *at, *end;
    size_t whole_bytes; /* up to here it can be loaded: no command or transaction is cut */
    bool in_transaction;
    struct rcs_arg *args;
    unsigned args_room;
};
void rcs_aof_reader_init(struct rcs_aof_reader *reader, const void *bytes, size_t size_bytes);
void rcs_aof_reader_close(struct rcs_aof_reader *reader);
/* The next command; annotations ("#TS:...") are passed over. RCS_OK: *argc is 0 at the end, else
 * *args are lent until the next call. RCS_MORE: cut short, within a command or a transaction.
 * RCS_ERR_PROTOCOL: no append-only file; `diag` (may be NULL) has the byte. */
enum rcs_err rcs_aof_reader_next(struct rcs_aof_reader *reader, const struct rcs_arg **args,
                                 unsigned *argc, struct rcs_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
