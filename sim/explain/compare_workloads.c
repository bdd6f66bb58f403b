/* Two runs side by side: what their client programs counted. */
#include <string.h>

#include "sim/explain/compare_parts.h"
#include "sim/world/json_line.h"

#include "sim/pure.h"

/* "workload NAME: figures", as a run says it of each of its client programs; the last one counts.
 */
struct workload {
    const char *name, *figures;
    size_t name_bytes;
};

static bool read_workload(const struct rcs_trace_event *event, struct workload *out)
{
    static const char word[] = "workload ";
    if (event->kind != RCS_TRACE_NOTE || strcmp(event->what, "workload") != 0 ||
        event->text == NULL || strncmp(event->text, word, sizeof(word) - 1) != 0) {
        return false;
    }
    out->name = event->text + sizeof(word) - 1;
    out->name_bytes = strcspn(out->name, ": ");
    out->figures = out->name + out->name_bytes + 2;
    return strncmp(out->name + out->name_bytes, ": ", 2) == 0;
}

static bool same_workload(const struct workload *a, const struct workload *b)
{
    return a->name_bytes == b->name_bytes && memcmp(a->name, b->name, a->name_bytes) == 0;
}

/* What the side says last of a workload of that name. */
static bool last_figures(const struct side *side, const struct workload *of, struct workload *out)
{
    bool there = false;
    for (int at = 0; at < event_count(side); at++) {
        struct workload its;
        if (read_workload(event_at(side, at), &its) && same_workload(&its, of)) {
            *out = its;
            there = true;
        }
    }
    return there;
}

/* True if it is told of at an earlier place of this side, or of the one before. */
static bool told_before(const struct side *sides, unsigned index, int place,
                        const struct workload *of)
{
    struct workload its;
    for (int at = 0; at < place; at++) {
        if (read_workload(event_at(&sides[index], at), &its) && same_workload(&its, of)) {
            return true;
        }
    }
    return index > 0 && last_figures(&sides[0], of, &its);
}

static void print_workload(struct rcs_buf *out, bool json, const struct side *sides,
                           const struct workload *of)
{
    static const char *const keys[] = { "a", "b" };
    if (json) {
        rcs_json_begin(out, "workload");
        rcs_json_bytes(out, of->name, of->name_bytes);
    } else {
        rcs_buf_text(out, "\nworkload ");
        rcs_buf_add(out, of->name, of->name_bytes);
        rcs_buf_text(out, "\n");
    }
    for (unsigned i = 0; i < 2; i++) {
        struct workload its = { .figures = "-" };
        bool there = last_figures(&sides[i], of, &its);
        if (json && there) {
            rcs_json_key(out, keys[i]);
            rcs_json_text(out, its.figures);
        } else if (!json) {
            rcs_buf_format(out, "  %s: %s\n", sides[i].source, its.figures);
        }
    }
    if (json) {
        rcs_json_end(out);
    }
}

void rcs_compare_workloads(struct rcs_buf *out, bool json, const struct side *sides)
{
    for (unsigned i = 0; i < 2; i++) {
        for (int at = 0; at < event_count(&sides[i]); at++) {
            struct workload its;
            if (read_workload(event_at(&sides[i], at), &its) && !told_before(sides, i, at, &its)) {
                print_workload(out, json, sides, &its);
            }
        }
    }
}
