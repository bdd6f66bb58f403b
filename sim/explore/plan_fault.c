/* What each kind of fault is in a plan: whom it strikes, and the statements that do and undo it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/explore/plan_parts.h"
#include "sim/scenario/act.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

/* --- lines -------------------------------------------------------------------------------------
 */

static uint32_t below(struct rcs_plan *plan, uint32_t bound)
{
    return rcs_rand_below(&plan->chance, bound);
}

static void put_chosen(const struct rcs_plan *plan, struct rcs_buf *out)
{
    rcs_plan_nodes(out, plan->script, plan->chosen, plan->chosen_count);
}

static void mark(struct rcs_plan *plan, enum rcs_plan_mark what)
{
    for (unsigned i = 0; i < plan->chosen_count; i++) {
        plan->marks[plan->chosen[i]] |= (unsigned char)what;
    }
}

/* Takes what `text` holds as a line; past the end of the block there is none. */
static void add_line(struct rcs_plan *plan, rcs_us at_us, struct rcs_buf *text)
{
    if (at_us < plan->chaos->lasts_us) {
        if (plan->line_count == plan->line_room) {
            plan->line_room = plan->line_room == 0 ? 64 : plan->line_room * 2;
            plan->lines = rcs_plan_grown(plan->lines, plan->line_room * sizeof(plan->lines[0]));
        }
        rcs_buf_add(text, "", 1);
        char *copy = rcs_plan_grown(NULL, text->size_bytes);
        memcpy(copy, text->data, text->size_bytes);
        plan->lines[plan->line_count] = (struct rcs_planned){ at_us, plan->line_count, copy };
        plan->line_count++;
    }
    rcs_buf_clear(text);
}

static void add(struct rcs_plan *plan, rcs_us at_us, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
static void add(struct rcs_plan *plan, rcs_us at_us, const char *format, ...)
{
    char line[256];
    struct rcs_buf text;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    RCS_ASSERT(len > 0 && (size_t)len < sizeof(line)); /* names have 31 characters at most */
    rcs_buf_init(&text);
    rcs_buf_text(&text, line);
    add_line(plan, at_us, &text);
    rcs_buf_close(&text);
}

/* A line about the chosen nodes: what stands before them, and behind. */
static void add_about(struct rcs_plan *plan, rcs_us at_us, const char *before, const char *behind)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, before);
    put_chosen(plan, &text);
    rcs_buf_text(&text, behind);
    add_line(plan, at_us, &text);
    rcs_buf_close(&text);
}

/* --- choosing nodes --------------------------------------------------------------------------- */

static void choose_one(struct rcs_plan *plan)
{
    plan->chosen[0] = plan->targets[below(plan, plan->target_count)];
    plan->chosen_count = 1;
}

/* Mostly one, now and then several that have something in common or nothing. */
static void choose_some(struct rcs_plan *plan)
{
    uint32_t how = below(plan, 8);
    choose_one(plan);
    if (how < 6) {
        return;
    }
    const int first = plan->chosen[0];
    const char *site = plan->script->nodes[first].site;
    const bool whole_site = how == 6 && site[0] != '\0';
    plan->chosen_count = 0;
    for (unsigned i = 0; i < plan->target_count; i++) {
        int node = plan->targets[i];
        bool in =
            whole_site ? strcmp(plan->script->nodes[node].site, site) == 0 : below(plan, 2) == 0;
        if (node == first || in) {
            plan->chosen[plan->chosen_count++] = node;
        }
    }
}

/* Another node than this one, of all that are there; -1: there is none. */
static int another(struct rcs_plan *plan, int node)
{
    unsigned count = 0;
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        count += (int)i != node && !(plan->marks[i] & RCS_MARK_ABSENT);
    }
    if (count == 0) {
        return -1;
    }
    unsigned left = below(plan, count);
    for (unsigned i = 0;; i++) {
        if ((int)i != node && !(plan->marks[i] & RCS_MARK_ABSENT) && left-- == 0) {
            return (int)i;
        }
    }
}

static void stall(struct rcs_plan *plan, rcs_us from_us, rcs_us to_us)
{
    for (unsigned i = 0; i < plan->chosen_count; i++) {
        plan->stalls =
            rcs_plan_grown(plan->stalls, (plan->stall_count + 1) * sizeof(plan->stalls[0]));
        plan->stalls[plan->stall_count++] = (struct rcs_stall){ plan->chosen[i], from_us, to_us };
    }
}

static bool stalled(const struct rcs_plan *plan, int node, rcs_us at_us)
{
    for (unsigned i = 0; i < plan->stall_count; i++) {
        const struct rcs_stall *s = &plan->stalls[i];
        if (s->node == node && s->from_us <= at_us && at_us <= s->to_us) {
            return true;
        }
    }
    return false;
}

/* --- kinds ------------------------------------------------------------------------------------ */

/* How long the fault lasts; whole milliseconds, unless that is nothing. */
static rcs_us lasting(struct rcs_plan *plan, const struct rcs_chaos_line *line)
{
    rcs_us time_us = rcs_draw_octave(&plan->chance, line->for_us_low, line->for_us_high);
    return time_us < RCS_MS(1) ? time_us : time_us - time_us % RCS_MS(1);
}

static void process_ends(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_some(plan);
    rcs_us back_us = at_us + lasting(plan, line);
    add_about(plan, at_us,
              line->kind == RCS_CHAOS_KILL   ? "try kill "
              : line->kind == RCS_CHAOS_STOP ? "try stop "
                                             : "try poweroff ",
              "");
    add_about(plan, back_us, "try start ", "");
    mark(plan,
         line->kind == RCS_CHAOS_STOP ? RCS_MARK_PUT_DOWN | RCS_MARK_STOPPED : RCS_MARK_PUT_DOWN);
    if (line->kind == RCS_CHAOS_POWEROFF) {
        stall(plan, at_us, back_us);
    }
}

static void process_pauses(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_some(plan);
    rcs_us back_us = at_us + lasting(plan, line);
    add_about(plan, at_us, "try pause ", "");
    add_about(plan, back_us, "try resume ", "");
    mark(plan, RCS_MARK_PAUSED);
    stall(plan, at_us, back_us);
}

/* Begins `at ... during ... { `, cut off at the end of the block. */
static void begin_during(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us,
                         struct rcs_buf *text)
{
    rcs_us time_us = lasting(plan, line), left_us = plan->chaos->lasts_us - at_us;
    rcs_buf_text(text, "during ");
    rcs_plan_time(text, time_us < left_us ? time_us : left_us);
    rcs_buf_text(text, " { ");
}

static void end_during(struct rcs_plan *plan, rcs_us at_us, struct rcs_buf *text)
{
    rcs_buf_text(text, " }");
    add_line(plan, at_us, text);
    rcs_buf_close(text);
}

/* A part of the targets, or one site's, against all other nodes that are there. */
static void partition(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    const unsigned node_count = plan->script->node_count;
    unsigned rest_count = 0;
    int *rest = rcs_plan_grown(NULL, node_count * sizeof(rest[0]));
    if (below(plan, 3) == 0) {
        choose_one(plan);
    } else {
        do {
            choose_some(plan);
        } while (plan->target_count > 2 && plan->chosen_count == 1 && below(plan, 4) > 0);
    }
    for (unsigned i = 0; i < node_count; i++) {
        bool in = (plan->marks[i] & RCS_MARK_ABSENT) != 0;
        for (unsigned j = 0; j < plan->chosen_count; j++) {
            in |= plan->chosen[j] == (int)i;
        }
        if (!in) {
            rest[rest_count++] = (int)i;
        }
    }
    if (rest_count > 0) {
        const int *sides[2] = { plan->chosen, rest };
        const unsigned counts[2] = { plan->chosen_count, rest_count };
        const bool oneway = line->kind == RCS_CHAOS_ONEWAY;
        const unsigned first = oneway ? below(plan, 2) : 0;
        struct rcs_buf text;
        rcs_buf_init(&text);
        begin_during(plan, line, at_us, &text);
        rcs_buf_text(&text, oneway ? "partition oneway " : "partition ");
        rcs_plan_nodes(&text, plan->script, sides[first], counts[first]);
        rcs_buf_text(&text, " ");
        rcs_plan_nodes(&text, plan->script, sides[!first], counts[!first]);
        end_during(plan, at_us, &text);
        plan->cut = true;
    }
    free(rest);
}

/* True if `latency` was said of these sites above the block: jitter can add to it. */
static bool has_latency(const struct rcs_plan *plan, const char *a, const char *b)
{
    bool found = false;
    for (unsigned i = 0; i < plan->chaos->stmts_before; i++) {
        const struct rcs_stmt *stmt = &plan->script->stmts[i];
        if (stmt->verb->begin == rcs_act_latency && stmt->low_us >= 0) {
            bool one = stmt->name != NULL && stmt->value != NULL && b != NULL;
            found |= one && ((strcmp(stmt->name, a) == 0 && strcmp(stmt->value, b) == 0) ||
                             (strcmp(stmt->name, b) == 0 && strcmp(stmt->value, a) == 0));
        }
    }
    return found;
}

static void between_sites(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    const struct rcs_script *script = plan->script;
    const char *a = line->site_a, *b = line->site_b;
    if (line->any_sites) {
        a = script->sites[below(plan, script->site_count)];
        b = script->sites[below(plan, script->site_count)];
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    begin_during(plan, line, at_us, &text);
    int64_t value = rcs_draw_octave(&plan->chance, line->low, line->high);
    const bool adds = line->kind == RCS_CHAOS_JITTER && has_latency(plan, a, b);
    rcs_buf_format(&text, "%s %s%s%s ",
                   line->kind == RCS_CHAOS_LOSS ? "loss"
                   : adds                       ? "jitter"
                                                : "latency",
                   a, b == NULL ? "" : " ", b == NULL ? "" : b);
    if (line->kind == RCS_CHAOS_LOSS) {
        rcs_buf_format(&text, "%lld%%", (long long)(value / 100));
    } else {
        if (line->kind == RCS_CHAOS_JITTER && !adds) {
            rcs_buf_text(&text, "0us..");
        }
        rcs_plan_time(&text, value < RCS_MS(1) ? value : value - value % RCS_MS(1));
    }
    end_during(plan, at_us, &text);
}

static void drop(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    const char *way = below(plan, 2) == 0 ? "from" : "to";
    add(plan, at_us, "drop %s %s %s times %lld", line->type, way,
        rcs_plan_name(plan, plan->chosen[0]),
        (long long)rcs_draw_octave(&plan->chance, line->low, line->high));
    plan->dropped = true;
}

static void clock_jumps(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    int64_t low_ms = line->low / RCS_MS(1), high_ms = line->high / RCS_MS(1);
    int64_t jump_ms = rcs_rand_between(&plan->chance, low_ms, high_ms);
    rcs_us back_us = at_us + lasting(plan, line);
    if (jump_ms == 0) {
        return;
    }
    char behind[64];
    snprintf(behind, sizeof(behind), " %c%lldms", jump_ms < 0 ? '-' : '+',
             (long long)(jump_ms < 0 ? -jump_ms : jump_ms));
    add_about(plan, at_us, "clock ", behind);
    add_about(plan, back_us, "clock ", " back");
    mark(plan, RCS_MARK_CLOCK);
}

/* What the layout says of a node's fsyncs. */
void rcs_plan_fsync(const struct rcs_plan *plan, int node, struct rcs_buf *out)
{
    rcs_us fsync_us = 0;
    for (unsigned i = 0; i < plan->chaos->stmts_before; i++) {
        const struct rcs_stmt *stmt = &plan->script->stmts[i];
        for (unsigned j = 0; stmt->verb->begin == rcs_act_disk && j < stmt->a.count; j++) {
            if (stmt->a.nodes[j] == node && stmt->number == RCS_DISK_FSYNC) {
                fsync_us = stmt->high_us;
            }
        }
    }
    rcs_plan_time(out, fsync_us);
}

static void disk_fills(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    add_about(plan, at_us, "disk ", " full");
    add_about(plan, at_us + lasting(plan, line), "disk ", " ok");
    mark(plan, RCS_MARK_FULL | RCS_MARK_PUT_DOWN); /* a process may end of it */
}

static void disk_slows(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    choose_one(plan);
    rcs_buf_format(&text, "disk %s fsync ", rcs_plan_name(plan, plan->chosen[0]));
    rcs_plan_time(&text, rcs_draw_octave(&plan->chance, line->low, line->high) / 1000 * 1000);
    add_line(plan, at_us, &text);
    rcs_buf_format(&text, "disk %s fsync ", rcs_plan_name(plan, plan->chosen[0]));
    rcs_plan_fsync(plan, plan->chosen[0], &text);
    add_line(plan, at_us + lasting(plan, line), &text);
    rcs_buf_close(&text);
    mark(plan, RCS_MARK_SLOW);
}

/* Killed, and started again with less on its disk. */
static void loses(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    rcs_us time_us = lasting(plan, line);
    if (line->kind == RCS_CHAOS_STALE) {
        add_about(plan, at_us, "try keep conf ", "");
        at_us += time_us;
        time_us = RCS_MS(100);
    }
    add_about(plan, at_us, "try kill ", "");
    add_about(plan, at_us,
              line->kind == RCS_CHAOS_EMPTY       ? "try lose data "
              : line->kind == RCS_CHAOS_FORGETFUL ? "try lose conf "
                                                  : "try restore conf ",
              "");
    add_about(plan, at_us + time_us, "try start ", "");
    mark(plan, line->kind == RCS_CHAOS_FORGETFUL ? RCS_MARK_PUT_DOWN | RCS_MARK_APART
                                                 : RCS_MARK_PUT_DOWN);
}

/* --- what operators do ------------------------------------------------------------------------ */

#define BURST_MAX 3

/* The same to up to three nodes, which may be a millisecond or seconds apart: people and scripts
 * do it to one after the other. */
static void commands(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    const char *command = line->kind == RCS_CHAOS_TAKEOVER   ? "CLUSTER FAILOVER TAKEOVER"
                          : line->kind == RCS_CHAOS_FORCE    ? "CLUSTER FAILOVER FORCE"
                          : line->kind == RCS_CHAOS_FAILOVER ? "CLUSTER FAILOVER"
                                                             : "CLUSTER BUMPEPOCH";
    uint32_t how = below(plan, 8);
    unsigned count = how < 4 ? 1 : how < 6 ? 2 : BURST_MAX;
    count = count < plan->target_count ? count : plan->target_count;
    count = line->kind == RCS_CHAOS_BUMPEPOCH ? 1 : count;
    const rcs_us gap_us = RCS_MS(rcs_draw_octave(&plan->chance, 1, 4000));
    int done[BURST_MAX];
    for (unsigned i = 0; i < count;) {
        int node = plan->targets[below(plan, plan->target_count)];
        bool again = false;
        for (unsigned j = 0; j < i; j++) {
            again |= done[j] == node;
        }
        if (!again) {
            add(plan, at_us + (rcs_us)i * gap_us, "%s> %s", rcs_plan_name(plan, node), command);
            done[i++] = node;
        }
    }
}

static void forget(struct rcs_plan *plan, rcs_us at_us)
{
    choose_one(plan);
    mark(plan, RCS_MARK_APART);
    const int node = plan->chosen[0];
    const uint32_t how = below(plan, 4); /* 0, 1: all at once; 2: some; 3: one after the other */
    const rcs_us gap_us = RCS_MS(rcs_draw_octave(&plan->chance, 10, 10000));
    plan->chosen_count = 0;
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        if ((int)i == node || (plan->marks[i] & RCS_MARK_ABSENT) ||
            (how == 2 && below(plan, 2) == 0)) {
            continue;
        }
        if (how == 3) {
            add(plan, at_us, "%s> CLUSTER FORGET $%s.id", plan->script->nodes[i].name,
                rcs_plan_name(plan, node));
            at_us += gap_us;
        } else if (!stalled(plan, (int)i, at_us)) {
            plan->chosen[plan->chosen_count++] = (int)i;
        }
    }
    if (plan->chosen_count > 0) {
        char behind[64];
        snprintf(behind, sizeof(behind), "> CLUSTER FORGET $%s.id", rcs_plan_name(plan, node));
        add_about(plan, at_us, "", behind);
    }
}

static void meet(struct rcs_plan *plan, rcs_us at_us, int node)
{
    int other = another(plan, node);
    if (other >= 0) {
        add(plan, at_us, "%s> CLUSTER MEET $%s.ip $%s.port", rcs_plan_name(plan, other),
            rcs_plan_name(plan, node), rcs_plan_name(plan, node));
    }
}

static void reset(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    mark(plan, RCS_MARK_APART);
    add(plan, at_us, "%s> CLUSTER RESET %s", rcs_plan_name(plan, plan->chosen[0]),
        line->kind == RCS_CHAOS_RESET_SOFT ? "SOFT" : "HARD");
    meet(plan, at_us + lasting(plan, line), plan->chosen[0]);
}

static void move(struct rcs_plan *plan, rcs_us at_us)
{
    if (plan->target_count < 2) {
        return;
    }
    unsigned from_index = below(plan, plan->target_count),
             to_index = below(plan, plan->target_count - 1);
    to_index += to_index >= from_index;
    const char *from = rcs_plan_name(plan, plan->targets[from_index]),
               *to = rcs_plan_name(plan, plan->targets[to_index]);
    const unsigned slot = below(plan, 16384);
    const rcs_us gap_us = RCS_MS(rcs_draw_octave(&plan->chance, 1, 1000));
    const unsigned steps = below(plan, 4) == 0 ? 1 + below(plan, 3) : 4;
    add(plan, at_us, "%s> CLUSTER SETSLOT %u IMPORTING $%s.id", to, slot, from);
    if (steps > 1) {
        add(plan, at_us + gap_us, "%s> CLUSTER SETSLOT %u MIGRATING $%s.id", from, slot, to);
    }
    if (steps > 2) {
        add(plan, at_us + 2 * gap_us, "%s> CLUSTER SETSLOT %u NODE $%s.id", to, slot, to);
    }
    if (steps > 3) {
        add(plan, at_us + 3 * gap_us, "%s> CLUSTER SETSLOT %u NODE $%s.id", from, slot, to);
    }
    rcs_buf_format(&plan->stable, "at +1s %s> CLUSTER SETSLOT %u STABLE\n", from, slot);
    rcs_buf_format(&plan->stable, "at +1s %s> CLUSTER SETSLOT %u STABLE\n", to, slot);
}

void rcs_plan_fault(struct rcs_plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    switch (line->kind) {
    case RCS_CHAOS_KILL:
    case RCS_CHAOS_STOP:
    case RCS_CHAOS_POWEROFF:
        process_ends(plan, line, at_us);
        break;
    case RCS_CHAOS_PAUSE:
        process_pauses(plan, line, at_us);
        break;
    case RCS_CHAOS_PARTITION:
    case RCS_CHAOS_ONEWAY:
        partition(plan, line, at_us);
        break;
    case RCS_CHAOS_LATENCY:
    case RCS_CHAOS_JITTER:
    case RCS_CHAOS_LOSS:
        between_sites(plan, line, at_us);
        break;
    case RCS_CHAOS_DROP:
        drop(plan, line, at_us);
        break;
    case RCS_CHAOS_CLOCK:
        clock_jumps(plan, line, at_us);
        break;
    case RCS_CHAOS_DISK_FULL:
        disk_fills(plan, line, at_us);
        break;
    case RCS_CHAOS_DISK_FSYNC:
        disk_slows(plan, line, at_us);
        break;
    case RCS_CHAOS_EMPTY:
    case RCS_CHAOS_FORGETFUL:
    case RCS_CHAOS_STALE:
        loses(plan, line, at_us);
        break;
    case RCS_CHAOS_TAKEOVER:
    case RCS_CHAOS_FORCE:
    case RCS_CHAOS_FAILOVER:
    case RCS_CHAOS_BUMPEPOCH:
        commands(plan, line, at_us);
        break;
    case RCS_CHAOS_FORGET:
        forget(plan, at_us);
        break;
    case RCS_CHAOS_RESET_SOFT:
    case RCS_CHAOS_RESET_HARD:
        reset(plan, line, at_us);
        break;
    case RCS_CHAOS_MEET:
        choose_one(plan);
        meet(plan, at_us, plan->chosen[0]);
        break;
    case RCS_CHAOS_MOVE:
        move(plan, at_us);
        break;
    case RCS_CHAOS_KIND_COUNT:
        RCS_ASSERT(false);
    }
}
