#include "sim/scenario/kept_trace.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

struct rcs_kept_trace {
    struct rcs_buf text;
    size_t header_bytes; /* its first line */
};

struct rcs_kept_trace *rcs_kept_trace_new(void)
{
    struct rcs_kept_trace *kept = calloc(1, sizeof(*kept));
    RCS_ASSERT(kept != NULL);
    rcs_buf_init(&kept->text);
    return kept;
}

void rcs_kept_trace_free(struct rcs_kept_trace *kept)
{
    if (kept != NULL) {
        rcs_buf_close(&kept->text);
        free(kept);
    }
}

/* The second key tells the kind of a line: {"t":123,"packet":... */
static bool is_kept(const char *line, size_t size_bytes)
{
    static const char *const left_out[] = { "\"outside\"", "\"packet\"", "\"link\"", "\"data\"" };
    const char *comma = memchr(line, ',', size_bytes);
    size_t left = comma == NULL ? 0 : (size_t)(line + size_bytes - comma) - 1;
    for (unsigned i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
        size_t size = strlen(left_out[i]);
        if (left >= size && memcmp(comma + 1, left_out[i], size) == 0) {
            return false;
        }
    }
    return true;
}

static void forget_old_lines(struct rcs_kept_trace *kept)
{
    struct rcs_buf *text = &kept->text;
    size_t from = kept->header_bytes + (text->size_bytes - kept->header_bytes) / 2;
    while (from < text->size_bytes && text->data[from - 1] != '\n') {
        from++;
    }
    memmove(text->data + kept->header_bytes, text->data + from, text->size_bytes - from);
    text->size_bytes -= from - kept->header_bytes;
}

void rcs_kept_trace_write(void *arg, const char *bytes, size_t size_bytes)
{
    struct rcs_kept_trace *kept = arg;
    while (size_bytes > 0) {
        const char *end = memchr(bytes, '\n', size_bytes);
        RCS_ASSERT(end != NULL); /* whole lines are written */
        size_t line_bytes = (size_t)(end - bytes) + 1;
        if (kept->header_bytes == 0 || is_kept(bytes, line_bytes)) {
            rcs_buf_add(&kept->text, bytes, line_bytes);
        }
        if (kept->header_bytes == 0) {
            kept->header_bytes = line_bytes;
        }
        bytes += line_bytes;
        size_bytes -= line_bytes;
    }
    if (kept->text.size_bytes > RCS_KEPT_TRACE_BYTES_MAX) {
        forget_old_lines(kept);
    }
}

const struct rcs_buf *rcs_kept_trace_text(const struct rcs_kept_trace *kept)
{
    return &kept->text;
}
