#include "sim/explore/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rand.h"
#include "sim/scenario/act.h"
#include "sim/scenario/chaos.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

/* What was done to a node that healing must know of. */
enum trace_of {
    PUT_DOWN = 1,
    PAUSED = 2,
    CLOCK = 4,
    FULL = 8,
    SLOW = 16,
    APART = 32, /* forgotten, reset, without its nodes.conf: somebody must meet it again */
    ABSENT = 64 /* down when the block begins: not for chaos to start */
};

struct planned {
    rcs_us at_us;
    unsigned number; /* of those of one instant the first drawn comes first */
    char *text;
};

/* While a node answers nothing: a command to several would wait for it for minutes. */
struct stall {
    int node;
    rcs_us from_us, to_us;
};

struct plan {
    const struct rcs_script *script;
    const struct rcs_chaos *chaos;
    struct rcs_rand chance; /* of the line at hand */
    struct planned *lines;
    unsigned line_count, line_room;
    unsigned fault_count;
    unsigned char *marks; /* of enum trace_of, a node each */
    struct stall *stalls;
    unsigned stall_count;
    int *targets; /* of the line at hand */
    unsigned target_count;
    int *chosen; /* of them, for the fault at hand; ascending */
    unsigned chosen_count;
    struct rcs_buf stable; /* what ends half-done moves */
    bool cut, dropped;
};

/* --- small things ----------------------------------------------------------------------------- */

static void *grown(void *list, size_t bytes)
{
    void *out = realloc(list, bytes);
    RCS_ASSERT(out != NULL);
    return out;
}

static uint32_t below(struct plan *plan, uint32_t bound)
{
    return rcs_rand_below(&plan->chance, bound);
}

/* "1.5s", "20ms", "300us": as a scenario writes it. */
static void put_time(struct rcs_buf *out, rcs_us time_us)
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
static void put_nodes(struct rcs_buf *out, const struct rcs_script *script, const int *nodes,
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

static const char *name_of(const struct plan *plan, int node)
{
    return plan->script->nodes[node].name;
}

static void put_chosen(const struct plan *plan, struct rcs_buf *out)
{
    put_nodes(out, plan->script, plan->chosen, plan->chosen_count);
}

static void mark(struct plan *plan, enum trace_of what)
{
    for (unsigned i = 0; i < plan->chosen_count; i++) {
        plan->marks[plan->chosen[i]] |= (unsigned char)what;
    }
}

/* Takes what `text` holds as a line; past the end of the block there is none. */
static void add_line(struct plan *plan, rcs_us at_us, struct rcs_buf *text)
{
    if (at_us < plan->chaos->lasts_us) {
        if (plan->line_count == plan->line_room) {
            plan->line_room = plan->line_room == 0 ? 64 : plan->line_room * 2;
            plan->lines = grown(plan->lines, plan->line_room * sizeof(plan->lines[0]));
        }
        rcs_buf_add(text, "", 1);
        char *copy = grown(NULL, text->size_bytes);
        memcpy(copy, text->data, text->size_bytes);
        plan->lines[plan->line_count] = (struct planned){ at_us, plan->line_count, copy };
        plan->line_count++;
    }
    rcs_buf_clear(text);
}

static void add(struct plan *plan, rcs_us at_us, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
static void add(struct plan *plan, rcs_us at_us, const char *format, ...)
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
static void add_about(struct plan *plan, rcs_us at_us, const char *before, const char *behind)
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

static void choose_one(struct plan *plan)
{
    plan->chosen[0] = plan->targets[below(plan, plan->target_count)];
    plan->chosen_count = 1;
}

/* Mostly one, now and then several that have something in common or nothing. */
static void choose_some(struct plan *plan)
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
static int another(struct plan *plan, int node)
{
    unsigned count = 0;
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        count += (int)i != node && !(plan->marks[i] & ABSENT);
    }
    if (count == 0) {
        return -1;
    }
    unsigned left = below(plan, count);
    for (unsigned i = 0;; i++) {
        if ((int)i != node && !(plan->marks[i] & ABSENT) && left-- == 0) {
            return (int)i;
        }
    }
}

static void stall(struct plan *plan, rcs_us from_us, rcs_us to_us)
{
    for (unsigned i = 0; i < plan->chosen_count; i++) {
        plan->stalls = grown(plan->stalls, (plan->stall_count + 1) * sizeof(plan->stalls[0]));
        plan->stalls[plan->stall_count++] = (struct stall){ plan->chosen[i], from_us, to_us };
    }
}

static bool stalled(const struct plan *plan, int node, rcs_us at_us)
{
    for (unsigned i = 0; i < plan->stall_count; i++) {
        const struct stall *s = &plan->stalls[i];
        if (s->node == node && s->from_us <= at_us && at_us <= s->to_us) {
            return true;
        }
    }
    return false;
}

/* --- kinds ------------------------------------------------------------------------------------ */

/* How long the fault lasts; whole milliseconds, unless that is nothing. */
static rcs_us lasting(struct plan *plan, const struct rcs_chaos_line *line)
{
    rcs_us time_us = rcs_draw_octave(&plan->chance, line->for_us_low, line->for_us_high);
    return time_us < RCS_MS(1) ? time_us : time_us - time_us % RCS_MS(1);
}

static void process_ends(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_some(plan);
    rcs_us back_us = at_us + lasting(plan, line);
    add_about(plan, at_us,
              line->kind == RCS_CHAOS_KILL   ? "try kill "
              : line->kind == RCS_CHAOS_STOP ? "try stop "
                                             : "try poweroff ",
              "");
    add_about(plan, back_us, "try start ", "");
    mark(plan, PUT_DOWN);
    if (line->kind == RCS_CHAOS_POWEROFF) {
        stall(plan, at_us, back_us);
    }
}

static void process_pauses(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_some(plan);
    rcs_us back_us = at_us + lasting(plan, line);
    add_about(plan, at_us, "try pause ", "");
    add_about(plan, back_us, "try resume ", "");
    mark(plan, PAUSED);
    stall(plan, at_us, back_us);
}

/* Begins `at ... during ... { `, cut off at the end of the block. */
static void begin_during(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us,
                         struct rcs_buf *text)
{
    rcs_us time_us = lasting(plan, line), left_us = plan->chaos->lasts_us - at_us;
    rcs_buf_text(text, "during ");
    put_time(text, time_us < left_us ? time_us : left_us);
    rcs_buf_text(text, " { ");
}

static void end_during(struct plan *plan, rcs_us at_us, struct rcs_buf *text)
{
    rcs_buf_text(text, " }");
    add_line(plan, at_us, text);
    rcs_buf_close(text);
}

/* A part of the targets, or one site's, against all other nodes that are there. */
static void partition(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    const unsigned node_count = plan->script->node_count;
    unsigned rest_count = 0;
    int *rest = grown(NULL, node_count * sizeof(rest[0]));
    if (below(plan, 3) == 0) {
        choose_one(plan);
    } else {
        do {
            choose_some(plan);
        } while (plan->target_count > 2 && plan->chosen_count == 1 && below(plan, 4) > 0);
    }
    for (unsigned i = 0; i < node_count; i++) {
        bool in = (plan->marks[i] & ABSENT) != 0;
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
        put_nodes(&text, plan->script, sides[first], counts[first]);
        rcs_buf_text(&text, " ");
        put_nodes(&text, plan->script, sides[!first], counts[!first]);
        end_during(plan, at_us, &text);
        plan->cut = true;
    }
    free(rest);
}

/* True if `latency` was said of these sites above the block: jitter can add to it. */
static bool has_latency(const struct plan *plan, const char *a, const char *b)
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

static void between_sites(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
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
        put_time(&text, value < RCS_MS(1) ? value : value - value % RCS_MS(1));
    }
    end_during(plan, at_us, &text);
}

static void drop(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    const char *way = below(plan, 2) == 0 ? "from" : "to";
    add(plan, at_us, "drop %s %s %s times %lld", line->type, way, name_of(plan, plan->chosen[0]),
        (long long)rcs_draw_octave(&plan->chance, line->low, line->high));
    plan->dropped = true;
}

static void clock_jumps(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
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
    mark(plan, CLOCK);
}

/* What the layout says of a node's fsyncs. */
static void put_fsync(const struct plan *plan, int node, struct rcs_buf *out)
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
    put_time(out, fsync_us);
}

static void disk_fills(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    add_about(plan, at_us, "disk ", " full");
    add_about(plan, at_us + lasting(plan, line), "disk ", " ok");
    mark(plan, FULL);
}

static void disk_slows(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    choose_one(plan);
    rcs_buf_format(&text, "disk %s fsync ", name_of(plan, plan->chosen[0]));
    put_time(&text, rcs_draw_octave(&plan->chance, line->low, line->high) / 1000 * 1000);
    add_line(plan, at_us, &text);
    rcs_buf_format(&text, "disk %s fsync ", name_of(plan, plan->chosen[0]));
    put_fsync(plan, plan->chosen[0], &text);
    add_line(plan, at_us + lasting(plan, line), &text);
    rcs_buf_close(&text);
    mark(plan, SLOW);
}

/* Killed, and started again with less on its disk. */
static void loses(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
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
    mark(plan, line->kind == RCS_CHAOS_FORGETFUL ? PUT_DOWN | APART : PUT_DOWN);
}

/* --- what operators do ------------------------------------------------------------------------ */

#define BURST_MAX 3

/* The same to up to three nodes, which may be a millisecond or seconds apart: people and scripts
 * do it to one after the other. */
static void commands(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
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
            add(plan, at_us + (rcs_us)i * gap_us, "%s> %s", name_of(plan, node), command);
            done[i++] = node;
        }
    }
}

static void forget(struct plan *plan, rcs_us at_us)
{
    choose_one(plan);
    mark(plan, APART);
    const int node = plan->chosen[0];
    const uint32_t how = below(plan, 4); /* 0, 1: all at once; 2: some; 3: one after the other */
    const rcs_us gap_us = RCS_MS(rcs_draw_octave(&plan->chance, 10, 10000));
    plan->chosen_count = 0;
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        if ((int)i == node || (plan->marks[i] & ABSENT) || (how == 2 && below(plan, 2) == 0)) {
            continue;
        }
        if (how == 3) {
            add(plan, at_us, "%s> CLUSTER FORGET $%s.id", plan->script->nodes[i].name,
                name_of(plan, node));
            at_us += gap_us;
        } else if (!stalled(plan, (int)i, at_us)) {
            plan->chosen[plan->chosen_count++] = (int)i;
        }
    }
    if (plan->chosen_count > 0) {
        char behind[64];
        snprintf(behind, sizeof(behind), "> CLUSTER FORGET $%s.id", name_of(plan, node));
        add_about(plan, at_us, "", behind);
    }
}

static void meet(struct plan *plan, rcs_us at_us, int node)
{
    int other = another(plan, node);
    if (other >= 0) {
        add(plan, at_us, "%s> CLUSTER MEET $%s.ip $%s.port", name_of(plan, other),
            name_of(plan, node), name_of(plan, node));
    }
}

static void reset(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
{
    choose_one(plan);
    mark(plan, APART);
    add(plan, at_us, "%s> CLUSTER RESET %s", name_of(plan, plan->chosen[0]),
        line->kind == RCS_CHAOS_RESET_SOFT ? "SOFT" : "HARD");
    meet(plan, at_us + lasting(plan, line), plan->chosen[0]);
}

static void move(struct plan *plan, rcs_us at_us)
{
    if (plan->target_count < 2) {
        return;
    }
    unsigned from_index = below(plan, plan->target_count),
             to_index = below(plan, plan->target_count - 1);
    to_index += to_index >= from_index;
    const char *from = name_of(plan, plan->targets[from_index]),
               *to = name_of(plan, plan->targets[to_index]);
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

static void fault(struct plan *plan, const struct rcs_chaos_line *line, rcs_us at_us)
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

/* --- drawing ---------------------------------------------------------------------------------- */

static void draw_line(struct plan *plan, const struct rcs_chaos_line *line)
{
    const int64_t every_ms = line->every_us / RCS_MS(1), lasts_ms = plan->chaos->lasts_us / 1000;
    const int64_t mean_ms = every_ms < 1 ? 1 : every_ms < INT32_MAX ? every_ms : INT32_MAX;
    plan->target_count = 0;
    for (unsigned i = 0; i < line->nodes.count; i++) {
        if (!(plan->marks[line->nodes.nodes[i]] & ABSENT)) {
            plan->targets[plan->target_count++] = line->nodes.nodes[i];
        }
    }
    if (line->site_a == NULL && !line->any_sites && plan->target_count == 0) {
        return;
    }
    int64_t at_ms = rcs_draw_exponential(&plan->chance, mean_ms);
    for (unsigned i = 0; at_ms < lasts_ms && i < 4 * RCS_CHAOS_MEAN_MAX; i++) {
        fault(plan, line, RCS_MS(at_ms));
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
static void mark_absent(struct plan *plan)
{
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        plan->marks[i] = plan->script->nodes[i].absent ? ABSENT : 0;
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
            *marks = ends ? ABSENT : stmt->number == RCS_FAULT_START ? 0 : *marks;
        }
    }
}

static int by_time(const void *a, const void *b)
{
    const struct planned *one = a, *other = b;
    if (one->at_us != other->at_us) {
        return one->at_us < other->at_us ? -1 : 1;
    }
    return one->number < other->number ? -1 : 1;
}

/* --- healing ---------------------------------------------------------------------------------- */

/* The nodes with that mark. */
static bool put_marked(struct plan *plan, enum trace_of what, struct rcs_buf *out,
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
static int who_meets(const struct plan *plan, int node)
{
    int best = -1;
    for (int i = (int)plan->script->node_count - 1; i >= 0; i--) {
        bool better = best < 0 || !(plan->marks[i] & APART) || (plan->marks[best] & APART);
        if (i != node && !(plan->marks[i] & ABSENT) && better) {
            best = i;
        }
    }
    return best;
}

static void put_healing(struct plan *plan, struct rcs_buf *out)
{
    rcs_buf_text(out, plan->cut ? "heal\n" : "");
    rcs_buf_text(out, plan->dropped ? "drop none\n" : "");
    put_marked(plan, FULL, out, "disk ", " ok");
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        if (plan->marks[i] & SLOW) {
            rcs_buf_format(out, "disk %s fsync ", plan->script->nodes[i].name);
            put_fsync(plan, (int)i, out);
            rcs_buf_text(out, "\n");
        }
    }
    put_marked(plan, CLOCK, out, "clock ", " back");
    put_marked(plan, PAUSED, out, "try resume ", "");
    put_marked(plan, PUT_DOWN, out, "try start ", "");
    rcs_buf_add(out, plan->stable.data, plan->stable.size_bytes);
    for (unsigned i = 0; i < plan->script->node_count; i++) {
        int other = plan->marks[i] & APART ? who_meets(plan, (int)i) : -1;
        if (other >= 0) {
            rcs_buf_format(out, "at +1s %s> CLUSTER MEET $%s.ip $%s.port\n", name_of(plan, other),
                           name_of(plan, (int)i), name_of(plan, (int)i));
        }
    }
}

/* --- the text --------------------------------------------------------------------------------- */

static void put_head(const struct plan *plan, const bool *on, uint64_t seed, struct rcs_buf *out)
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

static void put_plan(struct plan *plan, const bool *on, uint64_t seed, struct rcs_buf *out)
{
    if (plan->line_count > 0) {
        qsort(plan->lines, plan->line_count, sizeof(plan->lines[0]), by_time);
    }
    put_head(plan, on, seed, out);
    rcs_buf_text(out, "step \"" RCS_PLAN_STEP "\"\n");
    for (unsigned i = 0; i < plan->line_count; i++) {
        rcs_buf_text(out, "at +");
        put_time(out, plan->lines[i].at_us);
        rcs_buf_format(out, " %s\n", plan->lines[i].text);
    }
    rcs_buf_text(out, "wait ");
    put_time(out, plan->chaos->lasts_us);
    rcs_buf_text(out, "\nstep \"" RCS_PLAN_HEALED "\"\n");
    put_healing(plan, out);
    rcs_buf_text(out, "wait ");
    put_time(out, plan->chaos->recover_us);
    rcs_buf_text(out, "\n");
}

/* Who does not answer is drawn first: commands to several go round them. */
static bool silences(const struct rcs_chaos_line *line)
{
    return line->kind == RCS_CHAOS_PAUSE || line->kind == RCS_CHAOS_POWEROFF;
}

static void draw(const struct rcs_script *script, unsigned block, uint64_t seed,
                 struct rcs_buf *out)
{
    struct plan plan = { .script = script, .chaos = &script->chaos[block] };
    bool on[RCS_CHAOS_LINE_MAX] = { false };
    const size_t nodes = script->node_count;
    plan.marks = grown(NULL, nodes);
    plan.targets = grown(NULL, nodes * sizeof(plan.targets[0]));
    plan.chosen = grown(NULL, nodes * sizeof(plan.chosen[0]));
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
