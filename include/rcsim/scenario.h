/* Scenarios: text files in the manner of redis.conf that lay out a cluster and play it.
 *
 * The language has a version (RCS_SCENARIO_FORMAT). A run is resumable at every event, so that a
 * caller can lend it turns of any length: the transcript, trace and digest do not depend on them.
 */
#ifndef RCSIM_SCENARIO_H
#define RCSIM_SCENARIO_H

#include <limits.h>

#include <rcsim/sim.h>
#include <rcsim/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_SCENARIO_FORMAT 1

struct rcs_scenario;

/* Parses a scenario. `include` files are asked for through `load` (NULL: includes are refused),
 * which returns malloc'd text or NULL. Errors: file:line:column, what was found, what would do. */
typedef char *rcs_load_fn(void *arg, const char *name, size_t *size_bytes);
enum rcs_err rcs_scenario_parse(struct rcs_scenario **out, const char *source, const char *text,
                                size_t size_bytes, rcs_load_fn *load, void *load_arg,
                                struct rcs_diag *diag);
void rcs_scenario_free(struct rcs_scenario *scenario);
const char *rcs_scenario_title(const struct rcs_scenario *scenario);
/* The text with includes in place: what a trace's header holds. */
const char *rcs_scenario_text(const struct rcs_scenario *scenario);
/* The name of the i-th `param` line, NULL past the last. */
const char *rcs_scenario_param(const struct rcs_scenario *scenario, unsigned index);
/* How many `chaos` blocks it has. */
unsigned rcs_scenario_chaos(const struct rcs_scenario *scenario);
/* The sites of the i-th `latency` line of the layout (*b NULL: of *a to all); false past the last.
 */
bool rcs_scenario_latency(const struct rcs_scenario *scenario, unsigned index, const char **a,
                          const char **b);

struct rcs_run;

struct rcs_run_options {
    uint64_t seed; /* 0 with has_seed false: what the scenario says, else 1 */
    bool has_seed;
    const char *redis; /* NULL: what the scenario says */
    const char
        *overrides;     /* "NAME VALUE" lines: directives that win over the scenario's; NULL none */
    /* "NAME VALUE" lines, which win over `param` lines. NAME may be latency:A:B (latency:A): VALUE
     * is then put in place of what the layout's line `latency A B` says. */
    const char *params;
    bool wire_check;
    /* Node name or "all": its log lines go into the transcript; NULL none. Borrowed for the run's
     * life. */
    const char *log;
    rcs_log_fn *log_line; /* gets those lines as the server writes them, with `arg`; NULL nobody */
    bool json;            /* the transcript as JSON Lines */
    bool quiet;           /* failures and the end only */
    bool colour;          /* escape sequences for a terminal in the transcript */
    bool unchecked;       /* invariants (check.h) are not watched: to measure what that costs */
    bool trace;           /* write a trace, see `write_trace` */
    enum rcs_trace_level trace_level;
    bool trace_without_clients; /* of a run that is served, see struct rcs_trace_header */
    /* Where text goes; whole lines. `arg` is passed on. */
    void (*print)(void *arg, const char *bytes, size_t size_bytes);
    rcs_trace_write_fn *write_trace;
    void *arg;
    /* NULL: the run ends with its script. Else it is served to programs outside: nodes have the
     * addresses SERVE_IP:serve_port, +1, +2... each on a host of its own whatever the scenario
     * says, and after the script the run waits for what comes in. */
    const char *serve_ip;
    unsigned serve_port;
    int64_t start_wall_ms; /* as of rcs_sim_options */
    bool hold; /* `steps` steps of the script are played, then it waits for rcs_run_play */
    unsigned steps;
};
#define RCS_RUN_ALL_STEPS UINT_MAX

/* The text that a run with these options plays and its trace holds: with the plan of the seed in
 * place of each `chaos` block. Malloc'd. */
enum rcs_err rcs_scenario_plan(const struct rcs_scenario *scenario,
                               const struct rcs_run_options *options, char **out,
                               struct rcs_diag *diag);

/* NULL: options that do not fit, see `diag`. The scenario is borrowed for the run's life. */
struct rcs_run *rcs_run_new(const struct rcs_scenario *scenario,
                            const struct rcs_run_options *options, struct rcs_diag *diag);
void rcs_run_free(struct rcs_run *run);

enum rcs_run_state { RCS_RUN_MORE, RCS_RUN_DONE, RCS_RUN_REACHED };
/* Goes on for at most `events` events. */
enum rcs_run_state rcs_run_turn(struct rcs_run *run, unsigned events);
/* The same, up to `limit`, which is not before now: REACHED when the clock stands there and all
 * that happens up to it has happened. Must precede whatever is done to the world from outside at
 * that instant; then runs do not depend on how often it is called. */
enum rcs_run_state rcs_run_until(struct rcs_run *run, rcs_us limit, unsigned events);
/* When something happens next: of the world, or of the script; RCS_NEVER. */
rcs_us rcs_run_next(struct rcs_run *run);
/* True if the script is at its end, or waits for rcs_run_play. */
bool rcs_run_idle(const struct rcs_run *run);
/* Lets the script go on for so many steps more. */
void rcs_run_play(struct rcs_run *run, unsigned steps);
/* --- orders to a run that is served ----------------------------------------------------------- */

/* Called once when an order came to its end: `text` is what it printed (lines, "" if nothing), or
 * why it failed, with its place. May give the next order, and nothing else to this run. */
typedef void rcs_order_done_fn(void *arg, bool success, const char *text, size_t size_bytes);
/* One line of the scenario language, or one of the words only orders have (`until`, `node NAME`,
 * `remove`, `play`): read in the light of the scenario and carried out now, as a task of the run
 * that takes the virtual time it takes. An error never ends the run. RCS_OK: `done` (NULL: nobody
 * cares) was called or will be, at the end of the instant at which the order is over, at the
 * latest when the run is ended. Else `diag` says with its place what is wrong with the line
 * ("order:1:6: no node "b9" (declared: ...)"). What may change the run goes into the trace. */
enum rcs_err rcs_run_order(struct rcs_run *run, const char *text, size_t size_bytes,
                           rcs_order_done_fn *done, void *arg, struct rcs_diag *diag);
/* Orders that are not over. */
unsigned rcs_run_orders(const struct rcs_run *run);
/* The order `node NAME ...` for those that have its parts: `address` NULL: the next free one;
 * `directives`: "NAME VALUE" lines, NULL none. Returns its number, or -1 and `diag`. */
int rcs_run_add_node(struct rcs_run *run, const char *name, const char *address,
                     const char *directives, bool start, struct rcs_diag *diag);

/* Called for each line of any node's log, as rcs_sim_on_log says, of a run that is served. */
void rcs_run_on_log(struct rcs_run *run, rcs_log_fn *fn, void *arg);

/* Gives away what its trace holds so far; `out` (NULL: nobody wants it) gets the line that makes
 * this a whole trace. False: no trace is written. */
bool rcs_run_flush_trace(struct rcs_run *run, struct rcs_buf *out);

/* Ends the run where it is: transcript and trace get their last lines. */
void rcs_run_interrupt(struct rcs_run *run);
/* The same, as the end that was meant: of a served run. */
void rcs_run_finish(struct rcs_run *run);

/* After DONE: expectations that did not hold; 0 is success. */
unsigned rcs_run_failures(const struct rcs_run *run);
/* After DONE: RCS_OK, or why the script could not go on (an error that only running shows). */
enum rcs_err rcs_run_error(const struct rcs_run *run, struct rcs_diag *diag);
struct rcs_sim *rcs_run_sim(struct rcs_run *run); /* borrowed */
/* Faults that its seed drew from `chaos` blocks. */
unsigned rcs_run_faults(const struct rcs_run *run);

/* --- what a run measured ---------------------------------------------------------------------- */

enum rcs_measure_kind {
    RCS_MEASURE_SPAN,        /* of `expect time from A to B`: us, within its limits or not */
    RCS_MEASURE_AWAIT,       /* how long an `await` took: us */
    RCS_MEASURE_UNAVAILABLE, /* of a workload: us */
    RCS_MEASURE_LOST,        /* of a workload: acknowledged writes that are gone */
    RCS_MEASURE_ERRORS       /* of a workload */
};
#define RCS_MEASURE_IS_TIME(kind) ((kind) <= RCS_MEASURE_UNAVAILABLE)

/* Texts are borrowed for the run's life. */
struct rcs_measure {
    enum rcs_measure_kind kind;
    const char *from;   /* of a span: the event it begins with; else NULL */
    const char *to;     /* the event it ends with, the condition, or the workload's name */
    const char *source; /* where it stands; NULL: of a workload */
    int line;
    bool known;    /* false: it did not come to that in this run */
    int64_t value; /* us, or a count */
};
/* The i-th measure of the script, in its order; false past the last. Which there are does not
 * depend on what happens; their values are final after DONE. */
bool rcs_run_measure(const struct rcs_run *run, unsigned index, struct rcs_measure *out);
/* "time from "kill a1" to b1 promoted", "await state ok on all", "workload php unavailable". */
void rcs_measure_print(struct rcs_buf *out, const struct rcs_measure *measure);

struct rcs_failure {
    const char *source;
    int line;
    const char *what;    /* was expected */
    const char *instead; /* was so */
};
/* What is expected of every run: its findings tell more (check.h). */
#define RCS_RUN_INVARIANTS "what always holds in a Redis Cluster"
/* What failed first: an expectation, or the script itself, which could not go on (rcs_run_error).
 * False: nothing did. Texts are borrowed for the run's life. */
bool rcs_run_first_failure(const struct rcs_run *run, struct rcs_failure *out);

/* --- a recorded run, played again ------------------------------------------------------------- */

struct rcs_replay;

/* The run of the trace in `text`, which is borrowed as long as this lives. What the header says
 * goes before `options`, which ask for a trace, a log or a transcript of what is played. NULL and
 * `diag`: the trace cannot be read or not be played. */
struct rcs_replay *rcs_replay_new(const char *source, const char *text, size_t size_bytes,
                                  const struct rcs_run_options *options, struct rcs_diag *diag);
void rcs_replay_free(struct rcs_replay *replay);
struct rcs_sim *rcs_replay_sim(struct rcs_replay *replay); /* borrowed */
/* Plays it to where the trace ends, with what came from outside and the orders at their times; what
 * does not fit the run (no such connection) is passed over, and missing in its trace then. */
void rcs_replay_play(struct rcs_replay *replay);
/* The digest that the trace ends with. */
uint64_t rcs_replay_recorded(const struct rcs_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
