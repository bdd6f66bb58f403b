#include "sim/explore/plan.h"

#include <stdlib.h>
#include <string.h>

#include "sim/explore/plan_parts.h"
#include "sim/scenario/act.h"
#include "sim/scenario/parser.h"

#include "sim/pure.h"

/* --- small things ----------------------------------------------------------------------------- */

void *rcs_plan_grown(void *list, size_t bytes)
{
    void *out = realloc(list, bytes);
    RCS_ASSERT(out != NULL);
    return out;
}

/* "1.5s", "20ms", "300us": as a scenario writes it. */
void rcs_plan_time(struct rcs_buf *out, rcs_us time_us)
{
    struct rcs_buf spaced;
    rcs_buf_init(&spaced);
    rcs_duration_print(&spaced, time_us);
    for (size_t i = 0; i < spaced.size_bytes; i++) {
        rcs_buf_add(out, &spaced.data[i], spaced.data[i] != ' ');
    }
    rcs_buf_close(&spaced);
}

/* "a1..a3,b2": one word. */
void rcs_plan_nodes(struct rcs_buf *out, const struct rcs_script *script, const int *nodes,
                    unsigned count)
{
    struct rcs_buf spaced;
    rcs_buf_init(&spaced);
    rcs_group_print(&spaced, script, nodes, count);
    for (size_t i = 0; i < spaced.size_bytes; i++) {
        rcs_buf_add(out, &spaced.data[i], spaced.data[i] != ' ');
    }
    rcs_buf_close(&spaced);
}

const char *rcs_plan_name(const struct rcs_plan *plan, int node)
{
    return plan->script->nodes[node].name;
}

static void put_chosen(const struct rcs_plan *plan, struct rcs_buf *out)
{
    rcs_plan_nodes(out, plan->script, plan->chosen, plan->chosen_count);
}

/* --- drawing ---------------------------------------------------------------------------------- */

static void draw_line(struct rcs_plan *plan, const struct rcs_chaos_line *line)
{
    const int64_t every_ms = line->every_us / RCS_MS(1), lasts_ms = plan->chaos->lasts_us / 1000;
    const int64_t mean_ms = every_ms < 1 ? 1 : every_ms < INT32_MAX ? every_ms : INT32_MAX;
    plan->target_count = 0;
    for (unsigned i = 0; i < line->nodes.count; i++) {
        if (!(plan->marks[line->nodes.nodes[i]] & RCS_MARK_ABSENT)) {
            plan->targets[plan->target_count++] = line->nodes.nodes[i];
        }
    }
    if (line->site_a == NULL && !line->any_sites && plan->target_count == 0) {
        return;
    }
    int64_t at_ms = rcs_draw_exponential(&plan->chance, mean_ms);
    for (unsigned i = 0; at_ms < lasts_ms && i < 4 * RCS_CHAOS_MEAN_MAX; i++) {
        rcs_plan_fault(plan, line, RCS_MS(at_ms));
        plan->fault_count++;
        at_ms += rcs_draw_exponential(&plan->chance, mean_ms);
    }
}

/* Which lines of the block this seed has: of many few, that they are seen alone; one at least. */
static void draw_swarm(struct rcs_rand *chance, bool *on, unsigned count)
{
    const uint32_t eighths = count < 8 ? 4 : UINT32_C(1) << rcs_rand_below(chance, 3);
    bool any = false;
    for (unsigned i = 0; i < count; i++) {
        on[i] = rcs_rand_below(chance, 8) < eighths;
        any |= on[i];
    }
    on[rcs_rand_below(chance, count)] |= !any;
}

/* Down when the block begins, as far as the script says so. */
static void mark_absent(struct rcs_plan *plan)
{
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        plan->marks[i] = plan->script->nodes[i].absent ? RCS_MARK_ABSENT : 0;
    }
    for (unsigned i = 0; i < plan->chaos->stmts_before; i++) {
        const struct rcs_stmt *stmt = &plan->script->stmts[i];
        if (stmt->verb->begin != rcs_act_fault) {
            continue;
        }
        bool ends = stmt->number == RCS_FAULT_KILL || stmt->number == RCS_FAULT_STOP ||
                    stmt->number == RCS_FAULT_POWEROFF;
        for (unsigned j = 0; j < stmt->a.count; j++) {
            unsigned char *marks = &plan->marks[stmt->a.nodes[j]];
            *marks = ends ? RCS_MARK_ABSENT : stmt->number == RCS_FAULT_START ? 0 : *marks;
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct rcs_planned *one = a, *other = b;
    if (one->at_us != other->at_us) {
        return one->at_us < other->at_us ? -1 : 1;
    }
    return one->number < other->number ? -1 : 1;
}

/* --- healing ---------------------------------------------------------------------------------- */

/* The nodes with that mark. */
static bool put_marked(struct rcs_plan *plan, enum rcs_plan_mark what, struct rcs_buf *out,
                       const char *before, const char *behind)
{
    plan->chosen_count = 0;
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        if (plan->marks[i] & what) {
            plan->chosen[plan->chosen_count++] = (int)i;
        }
    }
    if (plan->chosen_count > 0) {
        rcs_buf_text(out, before);
        put_chosen(plan, out);
        rcs_buf_format(out, "%s\n", behind);
    }
    return plan->chosen_count > 0;
}

/* Who is least likely to need an introduction itself. */
static int who_meets(const struct rcs_plan *plan, int node)
{
    int best = -1;
    for (int i = (int)plan->script->node_count - 1; i >= 0; i--) {
        bool better =
            best < 0 || !(plan->marks[i] & RCS_MARK_APART) || (plan->marks[best] & RCS_MARK_APART);
        if (i != node && !(plan->marks[i] & RCS_MARK_ABSENT) && better) {
            best = i;
        }
    }
    return best;
}

static void put_healing(struct rcs_plan *plan, struct rcs_buf *out)
{
    rcs_buf_text(out, plan->cut ? "heal\n" : "");
    rcs_buf_text(out, plan->dropped ? "drop none\n" : "");
    put_marked(plan, RCS_MARK_FULL, out, "disk ", " ok");
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        if (plan->marks[i] & RCS_MARK_SLOW) {
            rcs_buf_format(out, "disk %s fsync ", plan->script->nodes[i].name);
            rcs_plan_fsync(plan, (int)i, out);
            rcs_buf_text(out, "\n");
        }
    }
    put_marked(plan, RCS_MARK_CLOCK, out, "clock ", " back");
    put_marked(plan, RCS_MARK_PAUSED, out, "try resume ", "");
    put_marked(plan, RCS_MARK_PUT_DOWN, out, "try start ", "");
    put_marked(plan, RCS_MARK_STOPPED, out, "at +15s try start ", ""); /* shutdown-timeout: 10 s */
    rcs_buf_add(out, plan->stable.data, plan->stable.size_bytes);
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        int other = plan->marks[i] & RCS_MARK_APART ? who_meets(plan, (int)i) : -1;
        if (other >= 0) {
            rcs_buf_format(out, "at +1s %s> CLUSTER MEET $%s.ip $%s.port\n",
                           rcs_plan_name(plan, other), rcs_plan_name(plan, (int)i),
                           rcs_plan_name(plan, (int)i));
        }
    }
}

/* --- the text --------------------------------------------------------------------------------- */

static void put_head(const struct rcs_plan *plan, const bool *on, uint64_t seed,
                     struct rcs_buf *out)
{
    bool first = true;
    rcs_buf_format(out, "# seed %llu, %u faults:", (unsigned long long)seed, plan->fault_count);
    for (unsigned i = 0; i < plan->chaos->line_count; i++) {
        if (on[i]) {
            rcs_buf_format(out, "%s %s", first ? "" : ",",
                           rcs_chaos_name(plan->chaos->lines[i].kind));
            first = false;
        }
    }
    rcs_buf_text(out, "\n");
}

static void put_plan(struct rcs_plan *plan, const bool *on, uint64_t seed, struct rcs_buf *out)
{
    if (plan->line_count > 0) {
        qsort(plan->lines, plan->line_count, sizeof(plan->lines[0]), by_time);
    }
    put_head(plan, on, seed, out);
    rcs_buf_text(out, "step \"" RCS_PLAN_STEP "\"\n");
    for (unsigned i = 0; i < plan->line_count; i++) {
        rcs_buf_text(out, "at +");
        rcs_plan_time(out, plan->lines[i].at_us);
        rcs_buf_format(out, " %s\n", plan->lines[i].text);
    }
    rcs_buf_text(out, "wait ");
    rcs_plan_time(out, plan->chaos->lasts_us);
    rcs_buf_text(out, "\nstep \"" RCS_PLAN_HEALED "\"\n");
    put_healing(plan, out);
    rcs_buf_text(out, "wait ");
    rcs_plan_time(out, plan->chaos->recover_us);
    rcs_buf_text(out, "\nexpect healthy\n");
}

/* Who does not answer is drawn first: commands to several go round them. */
static bool silences(const struct rcs_chaos_line *line)
{
    return line->kind == RCS_CHAOS_PAUSE || line->kind == RCS_CHAOS_POWEROFF;
}

static void draw(const struct rcs_script *script, unsigned block, uint64_t seed,
                 struct rcs_buf *out)
{
    struct rcs_plan plan = { .script = script, .chaos = &script->chaos[block] };
    bool on[RCS_CHAOS_LINE_MAX] = { false };
    const size_t nodes = script->node_count;
    plan.marks = rcs_plan_grown(NULL, nodes);
    plan.targets = rcs_plan_grown(NULL, nodes * sizeof(plan.targets[0]));
    plan.chosen = rcs_plan_grown(NULL, nodes * sizeof(plan.chosen[0]));
    rcs_buf_init(&plan.stable);
    mark_absent(&plan);
    const uint64_t stream = (uint64_t)block * (RCS_CHAOS_LINE_MAX + 1);
    rcs_rand_init(&plan.chance, seed, RCS_RAND_PLAN, stream);
    draw_swarm(&plan.chance, on, plan.chaos->line_count);
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < plan.chaos->line_count; i++) {
            const struct rcs_chaos_line *line = &plan.chaos->lines[i];
            if (on[i] && silences(line) == (pass == 0)) {
                rcs_rand_init(&plan.chance, seed, RCS_RAND_PLAN, stream + 1 + i);
                draw_line(&plan, line);
            }
        }
    }
    put_plan(&plan, on, seed, out);
    for (unsigned i = 0; i < plan.line_count; i++) {
        free(plan.lines[i].text);
    }
    free(plan.lines);
    free(plan.marks);
    free(plan.targets);
    free(plan.chosen);
    free(plan.stalls);
    rcs_buf_close(&plan.stable);
}

/* The block's lines from the first up to the last as comments: they keep their numbers. */
static void put_comments(const char *text, size_t size_bytes, struct rcs_buf *out)
{
    for (size_t at = 0; at < size_bytes;) {
        size_t len = strcspn(text + at, "\n");
        bool marker = len >= 2 && text[at] == '#' && (text[at + 1] == '<' || text[at + 1] == '>');
        rcs_buf_text(out, marker ? "" : "# ");
        rcs_buf_add(out, text + at, len);
        rcs_buf_text(out, "\n");
        at += len + 1;
    }
}

void rcs_plan_text(const struct rcs_script *script, const char *text, uint64_t seed,
                   struct rcs_buf *out, struct rcs_buf *drawn)
{
    size_t at = 0;
    for (unsigned i = 0; i < script->chaos_count; i++) {
        const struct rcs_chaos *chaos = &script->chaos[i];
        const size_t from = drawn->size_bytes;
        draw(script, i, seed, drawn);
        rcs_buf_add(out, text + at, chaos->first_byte - at);
        put_comments(text + chaos->first_byte, chaos->last_byte - chaos->first_byte, out);
        /* The marker stands for the block's last line. */
        rcs_buf_format(out, "#<include plan of seed %llu\n", (unsigned long long)seed);
        rcs_buf_add(out, drawn->data + from, drawn->size_bytes - from);
        rcs_buf_text(out, "#>\n");
        at = chaos->last_byte;
        at += strcspn(text + at, "\n");
        at += text[at] == '\n';
    }
    rcs_buf_text(out, text + at);
    rcs_buf_add(out, "", 1);
    rcs_buf_add(drawn, "", 1);
}
