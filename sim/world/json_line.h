/* Lines of JSON, put together by hand: a line of a trace costs about as much as an event. */
#ifndef RCSIM_SIM_WORLD_JSON_LINE_H
#define RCSIM_SIM_WORLD_JSON_LINE_H

#include <rcsim/resp.h>

/* `{"key":value`, then `,"key":value`...; rcs_json_end writes `}` and the LF. */
void rcs_json_begin(struct rcs_buf *out, const char *key);
void rcs_json_key(struct rcs_buf *out, const char *key);
void rcs_json_number(struct rcs_buf *out, int64_t value);
/* Valid UTF-8 goes as it is. Any other byte b is written as the private character U+F700 + b (so
 * are the bytes of that character itself), so that every text can be read back exactly. */
void rcs_json_text(struct rcs_buf *out, const char *text);
void rcs_json_bytes(struct rcs_buf *out, const char *bytes, size_t size_bytes);
void rcs_json_hex(struct rcs_buf *out, uint64_t value); /* "0123456789abcdef" */
void rcs_json_end(struct rcs_buf *out);

/* A copy without rcs_json_text's private characters. The caller frees it. */
char *rcs_json_restored(const char *text);

#endif
