/* The inside of a run, for the files that carry it out. */
#ifndef RCSIM_SIM_SCENARIO_RUN_PARTS_H
#define RCSIM_SIM_SCENARIO_RUN_PARTS_H

#include "sim/rand.h"
#include "sim/scenario/expect.h"
#include "sim/scenario/outcome.h"
#include "sim/scenario/verbs.h"

struct rcs_transcript;
struct rcs_story;
struct rcs_cli;
struct rcs_order;

/* A statement or step as it began: what `expect time from "kill a1" ...` goes by. */
struct rcs_mark {
    const char *text;
    rcs_us at_us;
};

struct rcs_log_line {
    int node;
    rcs_us at_us;
    char *text; /* the whole line */
};

/* What was answered to one node of a group, or to a client. */
struct rcs_answer {
    int node; /* -1: a client's */
    char *text;
    char *redirections; /* as the client printed them, "" none */
};

#define RCS_FRAMES (RCS_NESTED_MAX + 1)

/* A run of statements one after the other. Task 0 is the script; each `at` that came due is one
 * more. */
struct rcs_task {
    struct rcs_frame {
        const struct rcs_stmt *stmts;
        unsigned count, at;
        rcs_us until_us; /* of `during`: when its faults end */
        bool plain;      /* of `only` and `try`: nothing in it ends with it */
        bool tries;      /* of `try`: what cannot be done is passed over */
    } frames[RCS_FRAMES];
    unsigned depth;
    bool begun;          /* the statement at hand waits */
    bool quiet;          /* only wake_us ends the wait; else an answer of a session may, too */
    rcs_us wake_us;      /* RCS_NEVER: not before an event */
    rcs_us began_us;     /* the statement at hand */
    rcs_us deadline_us;  /* of it */
    rcs_us next_send_us; /* a command is sent not before this */
    unsigned index;      /* node of the group at hand */
    struct rcs_session *session;
    bool own_session; /* not one of the run's */
    struct rcs_answer *answers;
    unsigned answer_count;
    struct rcs_cli *cli;
    struct rcs_order *order; /* that it carries out; NULL: the script */
    bool done;
};

struct rcs_pair_latency {
    const char *a, *b;
    rcs_us low_us, high_us, jitter_us;
    unsigned rule; /* of the world */
};

/* Something put off: a statement of `at`, or the end of a statement of `during`. */
struct rcs_put_off {
    rcs_us at_us;
    const struct rcs_stmt *stmt;
    bool undo;
    /* What is put back: of a directive the values before, a line a node; of a fault the nodes that
     * had a process; of a partition the ways cut, from and to; of a latency what was set. */
    char *saved;
    int *nodes;
    unsigned node_count; /* of a partition: ways */
    struct rcs_pair_latency pair;
    struct rcs_order *order; /* whose statement it is; NULL: the script's */
};

struct rcs_run {
    const struct rcs_script *script;
    struct rcs_script *own_script; /* the same, if parameters make it differ from the scenario's or
                                      orders may, or for its plan */
    char *planned;                 /* the text with the plan of this seed; NULL: it has no chaos */
    struct rcs_sim *sim;
    struct rcs_run_options options;
    char *overrides; /* "" none */
    struct rcs_transcript *transcript;
    struct rcs_story *story;
    struct rcs_trace_writer *trace;

    struct rcs_task **tasks;
    unsigned task_count;
    struct rcs_put_off *put_off; /* by time, then as they were put off */
    unsigned put_off_count;
    struct rcs_order *order; /* that is carried out now; NULL: the script is, or nothing */
    struct rcs_order **over; /* orders that came to their end and are to be told of */
    unsigned over_count;
    unsigned orders_waiting;  /* that have not come to their end */
    struct rcs_arena *arenas; /* of orders that declared something */
    unsigned arena_count;
    unsigned steps_left; /* of the script, until it waits; RCS_RUN_ALL_STEPS */
    bool held;           /* it waits */
    bool set_up;         /* it waited once, or is at its end: the run is served by now */
    bool broken_off;     /* served, and the script cannot go on */
    bool started;        /* the nodes were; before that the layout is played */
    bool complete;       /* all events of this instant are done */

    struct rcs_session **prompts; /* per node, NULL until used */
    struct rcs_session **clients;
    struct rcs_workload **workloads; /* NULL: not begun; freed with the world */

    struct rcs_pair_latency *latencies;
    unsigned latency_count;

    struct rcs_mark *marks;
    unsigned mark_count;
    rcs_log_fn *log_fn; /* NULL none */
    void *log_arg;
    struct rcs_log_line *log;
    unsigned log_count, log_room;

    struct rcs_rand waits; /* of `wait 1s..2s` */
    unsigned failures, faults; /* faults: of its plans */
    struct rcs_outcome outcome;
    bool broken_told;
    enum rcs_err err;
    struct rcs_diag diag;
    bool ended;
};

/* The script cannot go on: an error that only running shows, at the place of `stmt`. */
void rcs_run_stop(struct rcs_run *run, const struct rcs_stmt *stmt, enum rcs_err err,
                  const char *text);
/* An expectation did not hold. `place` is where it is stated. */
void rcs_run_fail(struct rcs_run *run, const struct rcs_place *place, const char *what,
                  const char *instead);
/* A line of the trace, of the script's or of an order that stands there itself. */
void rcs_run_note(struct rcs_run *run, const char *kind, const char *text);
/* True if `at_us` has come and all events of that instant are done: a script that waits for a time
 * sees the same world whatever the length of the turns a run is lent. */
bool rcs_run_reached(const struct rcs_run *run, rcs_us at_us);
void rcs_run_mark(struct rcs_run *run, const char *text);
/* A statement that changes the world: in the transcript and the history; the trace has it from the
 * world. */
void rcs_run_tell(struct rcs_run *run, const char *kind, const char *text);
/* In `during`: what is to be put back when the block's time is over. */
bool rcs_act_in_during(const struct rcs_task *task);
struct rcs_put_off rcs_act_undo_of(const struct rcs_task *task);
/* Undoes what rcs_act_... did within `during`. */
void rcs_act_undo(struct rcs_run *run, const struct rcs_put_off *what);
void rcs_act_undo_path(struct rcs_run *run, const struct rcs_put_off *what);
void rcs_act_undo_disk(struct rcs_run *run, const struct rcs_put_off *what);
void rcs_act_undo_clock(struct rcs_run *run, const struct rcs_put_off *what);
/* A word with its references in place. */
void rcs_run_word(struct rcs_run *run, const struct rcs_word *word, struct rcs_buf *out);
/* malloc that aborts. */
void *rcs_run_alloc(size_t size_bytes);
char *rcs_run_copy(const char *text, size_t size_bytes);

/* --- run_turn.c ------------------------------------------------------------------------------- */

/* One task more: statements one after the other. It belongs to the order at hand. */
struct rcs_task *rcs_run_task(struct rcs_run *run, const struct rcs_stmt *stmts, unsigned count);
/* Carries a task as far as it goes without time passing. */
void rcs_run_go_on(struct rcs_run *run, struct rcs_task *task);
void rcs_run_add_steps(struct rcs_run *run, unsigned steps);
void rcs_task_free(struct rcs_task *task);
const struct rcs_stmt *rcs_task_stmt(const struct rcs_task *task); /* the one at hand */
/* Puts something off; keeps the order. */
void rcs_run_put_off(struct rcs_run *run, const struct rcs_put_off *what);

#endif
