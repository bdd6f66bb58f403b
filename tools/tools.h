/* What the files of the rcsim command share. */
#ifndef RCSIM_TOOLS_H
#define RCSIM_TOOLS_H

#include <stdio.h>

#include <rcsim/explore.h>
#include <rcsim/fuzz.h>
#include <rcsim/resp.h>
#include <rcsim/scenario.h>

/* Exit states of every subcommand. */
enum {
    EXIT_HELD = 0,    /* all expectations held; no difference */
    EXIT_FINDING = 1, /* one did not; a difference */
    EXIT_USAGE = 2,   /* wrong arguments, or a scenario or trace that cannot be read */
    EXIT_INTERNAL = 3,
    EXIT_SIGINT = 130,
};

struct command {
    const char *name;
    const char *usage;
    const char *what;                  /* one line */
    const char *more;                  /* the rest of its help; NULL none */
    int (*run)(int argc, char **argv); /* without the command's own name */
};
const struct command *command_find(const char *name); /* NULL none */
const struct command *command_row(unsigned index);    /* NULL past the end */
const char *command_nearest(const char *name);

int cmd_run(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_fuzz(int argc, char **argv);
int cmd_shrink(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* --- options.c -------------------------------------------------------------------------------- */

#define RELEASES_MAX 16
#define SHARDS_MAX   100000
#define MERGED_MAX   9999

struct run_arguments {
    const char *file;   /* path, name of a shipped scenario, or "-" */
    const char *second; /* of two */
    struct rcs_run_options options;
    struct rcs_buf overrides, params;
    const char *trace_path; /* NULL none */
    bool has_level;
    unsigned batch;
    /* `--redis A,B,...`: each of them, and options.redis NULL; 0: one at most. */
    const char *releases[RELEASES_MAX];
    unsigned release_count;
    /* of `serve` */
    const char *bind, *disk; /* NULL: 127.0.0.1; no real files */
    unsigned nodes, replicas, port, control;
    int64_t speed; /* 0: manual */
    bool unsafe_bind, play;
    /* of `sweep` */
    const char *vary[RCS_SWEEP_AXES];
    unsigned vary_count, seeds, jobs; /* jobs 0: one a processor */
    uint64_t first_seed;
    const char *csv, *json, *html; /* NULL none */
    /* of `fuzz`, `shrink` and `merge` */
    unsigned shard, shards;            /* 1 to shards */
    unsigned limit_s;                  /* real seconds; 0: none */
    unsigned runs;                     /* to make one finding small */
    const char *out, *jsonl, *finding; /* NULL none */
    const char *more[MERGED_MAX];
    unsigned more_count;
};
/* Options and as many files, 1 or 2. 0, or an exit state after a message on stderr. */
int run_arguments_read(struct run_arguments *out, unsigned files, int argc, char **argv);
/* Those of `serve`: no file, or one. */
int serve_arguments_read(struct run_arguments *out, int argc, char **argv);
/* Those of `sweep`: one file. */
int sweep_arguments_read(struct run_arguments *out, int argc, char **argv);
/* Those of `fuzz`: one file; of `shrink`: the same; of `merge`: one file, and `more`. */
int fuzz_arguments_read(struct run_arguments *out, int argc, char **argv);
int shrink_arguments_read(struct run_arguments *out, int argc, char **argv);
int merge_arguments_read(struct run_arguments *out, int argc, char **argv);
void run_arguments_close(struct run_arguments *arguments);
/* The options of a command, for help: name with its value, and a sentence; NULL past the end, or if
 * it has none of its own. */
const char *run_option(const char *command, unsigned index, const char **what);

/* --- files.c ---------------------------------------------------------------------------------- */

/* A whole file with a NUL behind it, malloc'd; "-" is standard input. NULL and errno if it cannot
 * be read. */
char *file_read(const char *path, size_t *size_bytes);
/* A scenario by path or, if there is no such file, by the name of a shipped one; *path (malloc'd)
 * is where it was found, *source its last part. NULL after a message (EXIT_USAGE); *path is the
 * caller's then, too. */
char *scenario_read(const char *name, size_t *size_bytes, char **path, const char **source);
/* Loads an include from beside the scenario, or a shipped one; `arg` is the scenario's path. An
 * rcs_load_fn. */
char *include_read(void *arg, const char *name, size_t *size_bytes);
/* The directories in which shipped scenarios are looked for, malloc'd; NULL past the end. */
char *scenario_dir(unsigned index);

/* --- trace_file.c ----------------------------------------------------------------------------- */

/* Where a trace goes: opened only when the run can begin, so that what was there is not lost. */
struct trace_file {
    const char *path; /* "-": standard output */
    FILE *file;       /* NULL: not open */
    int error;        /* errno, 0 none */
};
bool trace_file_open(struct trace_file *trace);
/* An rcs_trace_write_fn; opens the file if need be. */
void trace_file_write(void *arg, const char *bytes, size_t size_bytes);
bool trace_file_close(struct trace_file *trace); /* whether all of it was written */

/* --- releases.c ------------------------------------------------------------------------------- */

/* The scenario under each of arguments->releases; prints where they part. The exit state: that of
 * the expectations. */
int run_releases(const struct run_arguments *arguments, const char *text, size_t size_bytes,
                 const char *source, char *path);

/* --- jobs.c ----------------------------------------------------------------------------------- */

#define JOBS_MAX 256

/* Runs 0 to `runs` - 1, each of which gives a record, spread over processes. */
struct jobs {
    uint64_t runs;
    unsigned count;   /* of processes; 0: one a processor */
    unsigned limit_s; /* real seconds, after which no run is waited for; 0: none */
    void (*play)(void *arg, uint64_t run, struct rcs_buf *record); /* in a process of its own */
    /* In this one, in the order of the runs. */
    void (*take)(void *arg, uint64_t run, const char *record, size_t size_bytes);
    void (*tick)(void *arg);                                    /* now and then, and at the end */
    void (*name)(void *arg, uint64_t run, struct rcs_buf *out); /* for messages */
    void *arg;
};
/* Carries all of them out, or the first of them until SIGINT or SIGTERM comes, or the time is over.
 * 0, EXIT_SIGINT, or EXIT_INTERNAL after a message: a process ended that should not have. */
int jobs_carry_out(const struct jobs *jobs);

/* --- sweep_text.c, sweep_data.c, sweep_html.c ------------------------------------------------- */

struct sweep_report {
    const char *file; /* as the command names it */
    const char *title;
    const struct rcs_sweep *sweep;
    struct rcs_summary *summary;
    const char *params, *overrides; /* "NAME VALUE" lines of the command */
};
void sweep_print_text(const struct sweep_report *report, struct rcs_buf *out);
void sweep_print_csv(const struct sweep_report *report, struct rcs_buf *out);
void sweep_print_json(const struct sweep_report *report, struct rcs_buf *out);
void sweep_print_html(const struct sweep_report *report, struct rcs_buf *out);
/* "12.5 %": rounded to what the number of runs can tell. */
void sweep_print_share(struct rcs_buf *out, uint64_t hits, uint64_t count);
/* A limit in percent, "97.1": rounded down, or up. */
void sweep_print_limit(struct rcs_buf *out, double share, bool up);
/* A measured value: "5.2 s" or "17". */
void sweep_print_value(struct rcs_buf *out, enum rcs_measure_kind kind, int64_t value);
/* "p0", "p50", ... */
extern const char *const sweep_quantiles[RCS_QUANTILES];

/* --- shard.c ---------------------------------------------------------------------------------- */

/* Which of how many the environment says this process is: of an array of Slurm, an indexed job of
 * Kubernetes, ranks of Open MPI, or GNU parallel. `shards` 0: the environment must say how many. 0,
 * or an exit state after a message. */
int shard_from_environment(unsigned shards, unsigned *shard, unsigned *of);
/* The part of `count` things that belongs to it: the next parts follow without a gap. */
void shard_part(uint64_t count, unsigned shard, unsigned of, uint64_t *from, uint64_t *size);

/* --- cmd_fuzz.c ------------------------------------------------------------------------------- */

/* Reads the scenario, and `carry` does the rest; the exit state. */
int fuzz_with(struct run_arguments *arguments,
              int (*carry)(const struct run_arguments *arguments, const struct rcs_fuzz *fuzz));

/* --- fuzz_text.c ------------------------------------------------------------------------------ */

/* What a campaign found, for a terminal. */
void fuzz_print_text(struct rcs_tally *tally, struct rcs_buf *out);

/* --- cmd_trace.c ------------------------------------------------------------------------------ */

/* Prints the first event in which two traces part, or `same_text`; EXIT_FINDING if they do. */
int trace_compare(const char *name_a, const char *a, size_t a_bytes, const char *name_b,
                  const char *b, size_t b_bytes, const char *same_text);

/* --- trace_source.c --------------------------------------------------------------------------- */

/* A trace's text: the file if it is one, else the trace that the scenario gives when it is run with
 * the arguments. 0, or an exit state after a message. */
int trace_source_read(const struct run_arguments *arguments, const char *file, struct rcs_buf *out);

/* "rcsim: text" on stderr; returns EXIT_USAGE. */
int complain(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;
/* A diagnosis on stderr: file:line:column: text. `path` stands for the source if it is the scenario
 * itself. */
int complain_diag(const struct rcs_diag *diag, const char *source, const char *path);

#endif
