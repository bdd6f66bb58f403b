/* Compares two traces: lines are canonical, so what differs differs as text. */
#include <stdlib.h>
#include <string.h>

#include "sim/world/trace_lines.h"

#include "sim/pure.h"

#define BEFORE 3 /* events shown before the first difference */

/* One side of the comparison, walking over the events of the level compared. */
struct side {
    const char *source;
    struct rcs_trace_header header;
    struct rcs_trace_lines lines;
    bool at_end;
    struct rcs_trace_lines before[BEFORE]; /* a ring */
    unsigned seen;
};

static bool line_has(const struct rcs_trace_lines *lines, const char *key)
{
    /* Second key of the line: {"t":123,"packet":... */
    const char *comma = memchr(lines->line, ',', lines->size_bytes);
    size_t size = strlen(key);
    return comma != NULL && (size_t)(lines->line + lines->size_bytes - comma) > size + 2 &&
           comma[1] == '"' && memcmp(comma + 2, key, size) == 0 && comma[2 + size] == '"';
}

static bool is_packet(const struct rcs_trace_lines *lines)
{
    static const char reply[] = "\"outside\":\"reply\"";
    const char *comma = memchr(lines->line, ',', lines->size_bytes);
    size_t left = comma == NULL ? 0 : (size_t)(lines->line + lines->size_bytes - comma) - 1;
    return line_has(lines, "packet") || line_has(lines, "link") || line_has(lines, "data") ||
           (left >= sizeof(reply) && memcmp(comma + 1, reply, sizeof(reply) - 1) == 0);
}

static void next_event(struct side *side, enum rcs_trace_level level)
{
    if (side->lines.line != NULL && side->lines.number > 1) {
        side->before[side->seen++ % BEFORE] = side->lines;
    }
    do {
        side->at_end = !rcs_trace_next_line(&side->lines);
    } while (!side->at_end && level == RCS_TRACE_MILESTONES && is_packet(&side->lines));
}

/* The part of a line that counts: of the last line, at the level of milestones, only how it ended
 * and the milestones' digest. */
static size_t compared_bytes(const struct side *side, enum rcs_trace_level level)
{
    const struct rcs_trace_lines *lines = &side->lines;
    if (!line_has(lines, "end")) {
        return lines->size_bytes;
    }
    static const char key[] = ",\"digest\":", sum_key[] = ",\"lines\":";
    const char *stop = level == RCS_TRACE_MILESTONES ? key : sum_key;
    size_t size = strlen(stop);
    for (size_t i = 0; i + size <= lines->size_bytes; i++) {
        if (memcmp(lines->line + i, stop, size) == 0) {
            return i;
        }
    }
    return lines->size_bytes;
}

static bool same_event(const struct side *a, const struct side *b, enum rcs_trace_level level)
{
    if (a->at_end || b->at_end) {
        return a->at_end && b->at_end;
    }
    size_t a_bytes = compared_bytes(a, level), b_bytes = compared_bytes(b, level);
    return a_bytes == b_bytes && memcmp(a->lines.line, b->lines.line, a_bytes) == 0;
}

/* --- the report ------------------------------------------------------------------------------- */

static void report_line(struct rcs_buf *out, char mark, const struct side *side,
                        const struct rcs_trace_lines *lines)
{
    rcs_buf_format(out, "%c %s:%d: ", mark, side->source, lines->number);
    rcs_buf_add(out, lines->line, lines->size_bytes);
    rcs_buf_text(out, "\n");
}

static void report_difference(struct rcs_buf *out, const struct side *a, const struct side *b)
{
    rcs_buf_text(out, "The first event that differs, and the ones before it:\n");
    unsigned shown = a->seen < BEFORE ? a->seen : BEFORE;
    for (unsigned i = a->seen - shown; i < a->seen; i++) {
        report_line(out, ' ', a, &a->before[i % BEFORE]);
    }
    const struct side *sides[] = { a, b };
    for (unsigned i = 0; i < 2; i++) {
        if (sides[i]->at_end) {
            rcs_buf_format(out, "%c %s: no further event\n", "-+"[i], sides[i] -> source);
        } else {
            report_line(out, "-+"[i], sides[i], &sides[i] -> lines);
        }
    }
}

static void report_headers(struct rcs_buf *out, const struct rcs_trace_header *a,
                           const struct rcs_trace_header *b)
{
    const struct {
        const char *name;
        bool same;
    } rows[] = {
        { "scenario", strcmp(a->scenario, b->scenario) == 0 },
        { "seed", a->seed == b->seed },
        { "redis release", strcmp(a->redis, b->redis) == 0 },
        { "parameters", strcmp(a->params, b->params) == 0 },
        { "addresses served",
          strcmp(a->serve == NULL ? "" : a->serve, b->serve == NULL ? "" : b->serve) == 0 },
        { "overrides", strcmp(a->overrides, b->overrides) == 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!rows[i].same) {
            rcs_buf_format(out, "The headers differ: %s.\n", rows[i].name);
        }
    }
}

/* --- comparing -------------------------------------------------------------------------------- */

static enum rcs_err open_side(struct side *side, const char *source, const char *text,
                              size_t size_bytes, struct rcs_diag *diag)
{
    *side = (struct side){ .source = source };
    enum rcs_err err = rcs_trace_check(source, text, size_bytes, diag);
    if (err == RCS_OK) {
        err = rcs_trace_read_header(source, text, size_bytes, &side->header, diag);
    }
    rcs_trace_lines_init(&side->lines, text, size_bytes);
    rcs_trace_next_line(&side->lines); /* the header */
    return err;
}

static bool compare(struct side *a, struct side *b, struct rcs_buf *report)
{
    enum rcs_trace_level level =
        a->header.level == RCS_TRACE_PACKETS ? b->header.level : RCS_TRACE_MILESTONES;
    bool same;
    do {
        next_event(a, level);
        next_event(b, level);
        same = same_event(a, b, level);
    } while (same && !a->at_end);
    if (!same) {
        report_headers(report, &a->header, &b->header);
        report_difference(report, a, b);
    }
    return same;
}

enum rcs_err rcs_trace_diff(const char *source_a, const char *a, size_t a_bytes,
                            const char *source_b, const char *b, size_t b_bytes, bool *same,
                            struct rcs_buf *report, struct rcs_diag *diag)
{
    struct side sides[2];
    enum rcs_err err = open_side(&sides[0], source_a, a, a_bytes, diag);
    enum rcs_err err_b = RCS_OK;
    if (err == RCS_OK) {
        err_b = open_side(&sides[1], source_b, b, b_bytes, diag);
        if (err_b == RCS_OK) {
            *same = compare(&sides[0], &sides[1], report);
        }
        rcs_trace_header_close(&sides[1].header);
    }
    rcs_trace_header_close(&sides[0].header);
    return err != RCS_OK ? err : err_b;
}
