/* What happened in a run of a timing experiment, and when the recording machine would have shown
 * it. */
#include "tests/support/support.h"
#include "tests/support/timing_parts.h"

#define NEWS_MS 100 /* what a node's messages carry is at most so old: the chain of lateness */

void timing_begin(struct timing_lab *lab)
{
    struct rcs_milestone milestone;
    struct history *history = &lab->history;
    history_close(history);
    *history = (struct history){ .nodes = lab->nodes };
    for (int node = 0; node < lab->nodes; node++) {
        struct rcs_view view;
        snprintf(history->names[node], sizeof(history->names[0]), "%s",
                 rcs_sim_node_name(lab->sim, node));
        history->master[node] = timing_replica(lab, node, &view) ? view.master : -1;
    }
    while (rcs_sim_milestone(lab->sim, lab->seen, &milestone)) {
        lab->seen++;
    }
    lab->t0_us = rcs_sim_now(lab->sim);
}

/* Log instants are cut to ms by the server's clock, the injection's is not. */
static int64_t logged_ms(const struct timing_lab *lab, rcs_us at_us)
{
    rcs_us since_us = at_us / 1000 * 1000 - lab->t0_us;
    return (since_us + (since_us < 0 ? -500 : 500)) / 1000;
}

void timing_note(struct timing_lab *lab, enum what what, int node, int about, rcs_us at_us,
                 int64_t value)
{
    rcs_us since_us = at_us - lab->t0_us;
    history_add(&lab->history,
                &(struct occurrence){ .at_ms = (since_us + (since_us < 0 ? -500 : 500)) / 1000,
                                      .node = node,
                                      .about = about,
                                      .what = what,
                                      .values = { value } });
}

bool timing_happened(const struct timing_lab *lab, const char *what, int node, int about)
{
    struct rcs_milestone one;
    for (size_t i = lab->seen; rcs_sim_milestone(lab->sim, i, &one); i++) {
        if (strcmp(one.what, what) == 0 && (node < 0 || one.node == node) &&
            (about < 0 || one.about == about)) {
            return true;
        }
    }
    return false;
}

void timing_until(struct timing_lab *lab, const char *what, int node, int about)
{
    rcs_us limit = rcs_sim_now(lab->sim) + RCS_S(60);
    while (!timing_happened(lab, what, node, about)) {
        assert_true(rcs_sim_now(lab->sim) < limit);
        rcs_sim_advance(lab->sim, RCS_MS(5));
    }
}

/* What a full synchronisation waits for, one wake each: the connection; PING and its reply;
 * REPLCONF, twice in one write, and its replies; PSYNC and its reply; the child, the parent that
 * passes on what it writes, and the replica that reads it (Redis 7.0 syncWithMaster,
 * rdbSaveToSlavesSockets).
 */
static rcs_us sync_late(struct timing_lab *lab)
{
    rcs_us late_us = 0;
    for (int i = 0; i < 1 + 2 + 2 + 2 + 3; i++) {
        late_us += timing_wake(lab);
    }
    return late_us;
}

/* Redis 7.0 writes nodes.conf before the turn of its loop ends in which one of these happens. */
static bool is_saved(const char *what)
{
    static const char *const saved[] = { "fail",         "fail-received", "fail-cleared",
                                         "vote-granted", "slots",         "election-started",
                                         "election-won", "follows",       "takeover",
                                         "promoted",     "epoch-bumped",  "follows-grandmaster" };
    for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++) {
        if (strcmp(saved[i], what) == 0) {
            return true;
        }
    }
    return false;
}

/* The turn of a node's loop that begins with the i-th milestone: does it write nodes.conf? */
static bool turn_saves(const struct timing_lab *lab, size_t i)
{
    struct rcs_milestone first, one;
    bool saves = false;
    assert_true(rcs_sim_milestone(lab->sim, i, &first));
    for (; !saves && rcs_sim_milestone(lab->sim, i, &one) && one.at_us == first.at_us; i++) {
        saves = one.node == first.node && is_saved(one.what);
    }
    return saves;
}

struct turn {
    rcs_us at_us;            /* as simulated */
    rcs_us late_us, sent_us; /* how much later it began, and what it had to say left */
    rcs_us child_us;         /* how long a child made it wait, while its loop went on */
};

/* When a turn begins that is late by `late_us` already; one that saves waits for a processor and
 * holds it. */
static void take_turn(struct timing_lab *lab, struct turn *turn, rcs_us at_us, rcs_us late_us,
                      bool saves)
{
    rcs_us *core = &lab->core_free_us[0];
    rcs_us busy_us = turn->at_us + turn->sent_us - at_us; /* it deals with one after the other */
    late_us = late_us > busy_us ? late_us : busy_us;
    for (int i = 1; i < lab->plan->cores && i < MOST_CORES; i++) {
        core = lab->core_free_us[i] < *core ? &lab->core_free_us[i] : core;
    }
    *turn = (struct turn){ at_us, late_us, late_us, 0 };
    if (saves && lab->plan->work_us > 0) {
        turn->late_us = *core - at_us > late_us ? *core - at_us : late_us;
        turn->sent_us = turn->late_us + timing_exponential(lab, lab->plan->work_us);
        *core = at_us + turn->sent_us;
    }
}

/* What polls show, by which milestone they do, at the node itself or at any: a poll sees that as
 * much later, on average, as it happened. */
static const struct {
    enum what what;
    const char *by;
    bool by_any;
} shown[] = {
    { WHAT_POLLED_OWNER, "slots", false },
    { WHAT_POLLED_LINK, "repl-finished", false },
    { WHAT_POLLED_CLEAR, "fail-cleared", true },
};

#define SHOWN_COUNT (int)(sizeof(shown) / sizeof(shown[0]))

/* A process woken by a message is late by as much as its sender was, and by its own wake; one woken
 * by its timer by its own wake. Who writes nodes.conf needs a processor for it, of which there are
 * few; what it says leaves after that. What one event causes at a node is one turn of its loop. */
void timing_collect(struct timing_lab *lab)
{
    rcs_us shown_late_us[SHOWN_COUNT][HISTORY_NODES] = { { 0 } };
    struct turn turns[HISTORY_NODES];
    struct rcs_milestone one;
    for (int node = 0; node < HISTORY_NODES; node++) {
        turns[node] = (struct turn){ -RCS_S(1), 0, 0, 0 };
    }
    memset(lab->core_free_us, 0, sizeof(lab->core_free_us));
    for (size_t i = lab->seen; rcs_sim_milestone(lab->sim, i, &one); i++) {
        enum what what = what_named(one.what);
        struct turn *turn = &turns[one.node];
        if (turn->at_us != one.at_us) {
            const struct turn *from = one.on_from >= 0 ? &turns[one.on_from] : NULL;
            rcs_us late_us = timing_wake(lab);
            bool ordered = what == WHAT_TAKEOVER;
            if (ordered) {
                late_us = lab->command_late_us[one.node];
            } else if (what == WHAT_REPL_FINISHED) {
                late_us = sync_late(lab);
            } else if (from != NULL) {
                late_us +=
                    one.at_us - from->at_us < RCS_MS(NEWS_MS) ? from->sent_us : timing_wake(lab);
            }
            take_turn(lab, turn, one.at_us, late_us, !ordered && turn_saves(lab, i));
            turn->child_us = what == WHAT_REPL_FINISHED ? timing_child(lab) : 0;
        }
        for (int k = 0; k < SHOWN_COUNT; k++) {
            if (strcmp(one.what, shown[k].by) == 0) {
                shown_late_us[k][shown[k].by_any ? 0 : one.node] = turn->late_us + turn->child_us;
            }
        }
        if (what != WHAT_COUNT) {
            history_add(&lab->history,
                        &(struct occurrence){
                            .at_ms = logged_ms(lab, one.at_us + turn->late_us + turn->child_us),
                            .node = one.node,
                            .about = one.about,
                            .what = what,
                            .values = { one.values[0], one.values[1] },
                        });
        }
    }
    for (unsigned i = 0; i < lab->history.count; i++) {
        struct occurrence *seen = &lab->history.list[i];
        for (int k = 0; k < SHOWN_COUNT; k++) {
            if (seen->what == shown[k].what) {
                rcs_us late_us = shown_late_us[k][shown[k].by_any ? 0 : seen->node];
                seen->at_ms += (late_us + 500) / 1000;
            }
        }
    }
    history_sort(&lab->history);
}

/* --- the poller ------------------------------------------------------------------------------- */

/* The longest of 200 exponential times is 5.9 times their mean, on average. */
static rcs_us poll_gap(struct timing_lab *lab)
{
    const struct plan *plan = lab->plan;
    return RCS_MS(plan->poll_ms) +
           timing_exponential(lab, RCS_MS(plan->poll_most_ms - plan->poll_ms) * 10 / 59);
}

void timing_poll(struct timing_lab *lab, struct watch *watches, int count, int64_t least_ms)
{
    rcs_us ends_us = rcs_sim_now(lab->sim) + RCS_MS(least_ms), limit_us = ends_us + RCS_S(30);
    bool waits = true;
    rcs_sim_advance(lab->sim, timing_between_ms(lab, 0, lab->plan->poll_ms));
    while (waits || rcs_sim_now(lab->sim) < ends_us) {
        waits = false;
        assert_true(rcs_sim_now(lab->sim) < limit_us);
        rcs_us late_us = 0; /* one node is asked after the other */
        for (int i = 0; i < lab->nodes; i++) {
            if (rcs_sim_node_life(lab->sim, i) != RCS_LIFE_UP) {
                continue;
            }
            late_us += timing_wake(lab) + timing_wake(lab);
            for (struct watch *watch = watches; watch < watches + count; watch++) {
                if (!watch->seen[i] && (watch->node < 0 || watch->node == i) &&
                    watch->shows(lab, i, watch->about)) {
                    watch->seen[i] = true;
                    timing_note(lab, watch->what, i, watch->about, rcs_sim_now(lab->sim) + late_us,
                                0);
                }
            }
        }
        for (struct watch *watch = watches; watch < watches + count; watch++) {
            waits = waits || (watch->node >= 0 && !watch->seen[watch->node]);
        }
        rcs_sim_advance(lab->sim, poll_gap(lab));
    }
}
