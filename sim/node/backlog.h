/* The replication backlog: the last bytes of the replication stream, by offset.
 *
 * The stream's first byte has offset 1. A backlog begins at the byte after those already counted
 * when it was made, and holds at least the last `limit_bytes` of what was added since; it is cut in
 * whole blocks of the size real servers use, so it may hold a little more. Memory comes with the
 * bytes: an idle stream costs a few hundred. */
#ifndef RCSIM_SIM_NODE_BACKLOG_H
#define RCSIM_SIM_NODE_BACKLOG_H

#include <rcsim/resp.h>

#define RCS_BACKLOG_TRIM_BLOCKS 64 /* Redis 7.0 REPL_BACKLOG_TRIM_BLOCKS_PER_CALL */

struct rcs_backlog;

/* An empty backlog whose next byte will have `next_offset`. */
struct rcs_backlog *rcs_backlog_new(int64_t next_offset);
void rcs_backlog_free(struct rcs_backlog *backlog); /* NULL is allowed */

/* Adds bytes at the end, and trims by RCS_BACKLOG_TRIM_BLOCKS with each block begun. */
void rcs_backlog_add(struct rcs_backlog *backlog, const void *bytes, size_t size_bytes,
                     int64_t limit_bytes, int64_t needed_offset);

/* Drops up to `most_blocks` whole blocks at the front while the rest is still longer than the limit
 * (Redis 7.0 incrementalTrimReplicationBacklog). Bytes from `needed_offset` on are kept whatever
 * the limit: a replica has not got them yet. */
void rcs_backlog_trim(struct rcs_backlog *backlog, unsigned most_blocks, int64_t limit_bytes,
                      int64_t needed_offset);

int64_t rcs_backlog_first(const struct rcs_backlog *backlog);  /* offset of the first byte held */
int64_t rcs_backlog_length(const struct rcs_backlog *backlog); /* bytes held: histlen */

/* Appends the bytes from `offset` to the end to `out`; `offset` lies between the first byte held
 * and the one after the last. */
void rcs_backlog_read(const struct rcs_backlog *backlog, int64_t offset, struct rcs_buf *out);

#endif
