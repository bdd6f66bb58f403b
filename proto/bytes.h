/* Bytes: memory that grows, and decimal numbers as Redis reads and writes them. */
#ifndef RCSIM_PROTO_BYTES_H
#define RCSIM_PROTO_BYTES_H

#include <rcsim/base.h>

struct rcs_buf;

#define RCS_DECIMAL_MAX 20 /* "-9223372036854775808" */

/* As realloc, but aborts on lack of memory: half a message would make a run that is no replay. */
void *rcs_bytes_resize(void *block, size_t size_bytes);

/* At least `wanted_bytes` of room behind what the buffer holds; the caller adds to `size_bytes`
 * what it wrote there. Lent until the buffer changes. */
char *rcs_buf_room(struct rcs_buf *buf, size_t wanted_bytes);

/* Writes `value` in decimal, without NUL, and returns the length. */
size_t rcs_decimal_write(char out[RCS_DECIMAL_MAX], int64_t value);

/* Reads a whole text as a number, strictly: no blanks, no plus, no leading zero, no "-0" (Redis 7.0
 * string2ll). False if it is none or does not fit. */
bool rcs_decimal_read(const char *text, size_t size_bytes, int64_t *value);

#endif
