/* Bytes: memory that grows. */
#ifndef RCSIM_PROTO_BYTES_H
#define RCSIM_PROTO_BYTES_H

#include <rcsim/base.h>

struct rcs_buf;

/* As realloc, but aborts on lack of memory: half a message would make a run that is no replay. */
void *rcs_bytes_resize(void *block, size_t size_bytes);

/* At least `wanted_bytes` of room behind what the buffer holds; the caller adds to `size_bytes`
 * what it wrote there. Lent until the buffer changes. */
char *rcs_buf_room(struct rcs_buf *buf, size_t wanted_bytes);

#endif
