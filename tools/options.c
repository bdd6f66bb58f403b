#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/node/config.h"
#include "sim/scenario/lex.h"
#include "tools/tools.h"

static bool read_number(const char *text, uint64_t *out)
{
    *out = 0;
    for (const char *c = text; *c != '\0'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || *out > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *out = *out * 10 + digit;
    }
    return text[0] != '\0';
}

static int set_seed(struct run_arguments *out, const char *value)
{
    out->options.has_seed = true;
    return read_number(value, &out->options.seed)
               ? 0
               : complain("--seed %s is no seed (0 to 18446744073709551615)", value);
}

/* One release, or several between commas. */
static int set_redis(struct run_arguments *out, const char *value)
{
    out->options.redis = NULL;
    out->release_count = 0;
    for (const char *at = value;; at++) {
        char name[48];
        size_t size = strcspn(at, ",");
        snprintf(name, sizeof(name), "%.*s", (int)(size < 47 ? size : 47), at);
        const struct rcs_profile *profile = rcs_profile_find(name);
        if (profile == NULL) {
            struct rcs_diag diag = { .line = 0 };
            rcs_profile_refuse(name, &diag);
            return complain("--redis %s: %s", value, diag.text);
        }
        if (out->release_count == RELEASES_MAX) {
            return complain("--redis %s: more than %d releases", value, RELEASES_MAX);
        }
        out->releases[out->release_count++] = profile->name;
        at += size;
        if (*at == '\0') {
            break;
        }
    }
    if (out->release_count == 1) {
        out->options.redis = out->releases[0];
        out->release_count = 0;
    }
    return 0;
}

static int add_override(struct run_arguments *out, const char *name, const char *value)
{
    struct rcs_config config;
    struct rcs_diag diag = { .line = 0 };
    rcs_config_init(&config);
    config.profile = NULL; /* whether its release has it is seen when the run begins */
    if (rcs_config_set(&config, name, value, &diag) != RCS_OK) {
        return complain("--%s %s: %s", name, value, diag.text);
    }
    rcs_buf_format(&out->overrides, "%s %s\n", name, value);
    return 0;
}

static int set_param(struct run_arguments *out, const char *value)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value) {
        return complain("--param %s: the form is --param NAME=VALUE", value);
    }
    for (const char *c = value; c < equals; c++) { /* "latency A B" is latency:A:B there */
        rcs_buf_add(&out->params, *c == ' ' ? ":" : c, 1);
    }
    rcs_buf_format(&out->params, " %s\n", equals + 1);
    return 0;
}

static int set_trace(struct run_arguments *out, const char *value)
{
    out->trace_path = value;
    out->options.trace = true;
    return 0;
}

static int set_level(struct run_arguments *out, const char *value)
{
    bool packets = strcmp(value, "packets") == 0;
    out->has_level = true;
    out->options.trace_level = packets ? RCS_TRACE_PACKETS : RCS_TRACE_MILESTONES;
    return packets || strcmp(value, "milestones") == 0
               ? 0
               : complain("--trace-level %s is not known (milestones, packets)", value);
}

static int set_log(struct run_arguments *out, const char *value)
{
    out->options.log = value;
    return 0;
}

static int set_batch(struct run_arguments *out, const char *value)
{
    uint64_t batch;
    if (!read_number(value, &batch) || batch < 1 || batch > 1000000000) {
        return complain("--batch %s is no number of events (1 to 1000000000)", value);
    }
    out->batch = (unsigned)batch;
    return 0;
}

static int set_wire_check(struct run_arguments *out, const char *value)
{
    (void)value;
    out->options.wire_check = true;
    return 0;
}

static int set_quiet(struct run_arguments *out, const char *value)
{
    (void)value;
    out->options.quiet = true;
    return 0;
}

static int set_json(struct run_arguments *out, const char *value)
{
    (void)value;
    out->options.json = true;
    return 0;
}

/* A number from `least` to `most`. */
static int set_unsigned(const char *name, const char *value, uint64_t least, uint64_t most,
                        unsigned *out)
{
    uint64_t number;
    if (!read_number(value, &number) || number < least || number > most) {
        return complain("--%s %s is not a number from %llu to %llu", name, value,
                        (unsigned long long)least, (unsigned long long)most);
    }
    *out = (unsigned)number;
    return 0;
}

static int set_nodes(struct run_arguments *out, const char *value)
{
    return set_unsigned("nodes", value, 0, 1000, &out->nodes);
}

static int set_replicas(struct run_arguments *out, const char *value)
{
    return set_unsigned("replicas", value, 0, 100, &out->replicas);
}

static int set_port(struct run_arguments *out, const char *value)
{
    return set_unsigned("port", value, 1, 55535, &out->port);
}

static int set_control(struct run_arguments *out, const char *value)
{
    return set_unsigned("control", value, 0, 65535, &out->control);
}

static int set_speed(struct run_arguments *out, const char *value)
{
    unsigned speed = 0;
    int state = strcmp(value, "manual") == 0 ? 0 : set_unsigned("speed", value, 1, 1000000, &speed);
    out->speed = speed;
    return state;
}

static int set_bind(struct run_arguments *out, const char *value)
{
    out->bind = value;
    return 0;
}

static int set_disk(struct run_arguments *out, const char *value)
{
    out->disk = value;
    return 0;
}

static int set_steps(struct run_arguments *out, const char *value)
{
    return set_unsigned("steps", value, 0, 1000000, &out->options.steps);
}

static int set_play(struct run_arguments *out, const char *value)
{
    (void)value;
    out->play = true;
    return 0;
}

static int set_unsafe_bind(struct run_arguments *out, const char *value)
{
    (void)value;
    out->unsafe_bind = true;
    return 0;
}

static int set_vary(struct run_arguments *out, const char *value)
{
    if (out->vary_count == RCS_SWEEP_AXES) {
        return complain("--vary %s: %d can be varied at once", value, RCS_SWEEP_AXES);
    }
    out->vary[out->vary_count++] = value;
    return 0;
}

/* N, or A..B. */
static int set_seeds(struct run_arguments *out, const char *value)
{
    char first[32];
    const char *dots = strstr(value, "..");
    uint64_t last;
    size_t size = dots == NULL || dots - value > 31 ? 0 : (size_t)(dots - value);
    snprintf(first, sizeof(first), "%.*s", (int)size, value);
    out->first_seed = 1;
    if (!read_number(dots == NULL ? value : dots + 2, &last) ||
        (dots != NULL && !read_number(first, &out->first_seed)) || last < out->first_seed ||
        last - out->first_seed >= RCS_SWEEP_SEEDS_MAX) {
        return complain("--seeds %s: N or A..B, %d seeds at most", value, RCS_SWEEP_SEEDS_MAX);
    }
    out->seeds = (unsigned)(last - out->first_seed + 1);
    return 0;
}

static int set_jobs(struct run_arguments *out, const char *value)
{
    return set_unsigned("jobs", value, 1, JOBS_MAX, &out->jobs);
}

/* I/N counts from 1. `auto`: what starts many of the same command says which one this is. */
static int set_shard(struct run_arguments *out, const char *value)
{
    char which[32];
    const char *slash = strchr(value, '/');
    uint64_t shard = 0, shards = 0;
    size_t size = slash == NULL ? strlen(value) : (size_t)(slash - value);
    snprintf(which, sizeof(which), "%.*s", (int)(size < 31 ? size : 31), value);
    if (slash != NULL && (!read_number(slash + 1, &shards) || shards < 1 || shards > SHARDS_MAX)) {
        return complain("--shard %s: N of I/N is a number from 1 to %d", value, SHARDS_MAX);
    }
    if (strcmp(which, "auto") == 0) {
        return shard_from_environment((unsigned)shards, &out->shard, &out->shards);
    }
    if (slash == NULL || !read_number(which, &shard) || shard < 1 || shard > shards) {
        return complain("--shard %s: I/N with I from 1 to N, auto, or auto/N", value);
    }
    out->shard = (unsigned)shard;
    out->shards = (unsigned)shards;
    return 0;
}

/* 90, 90s, 15m, 2h of real time. */
static int set_time(struct run_arguments *out, const char *value)
{
    char number[24];
    size_t size = strspn(value, "0123456789");
    uint64_t count;
    unsigned unit = strcmp(value + size, "h") == 0                          ? 3600
                    : strcmp(value + size, "m") == 0                        ? 60
                    : strcmp(value + size, "s") == 0 || value[size] == '\0' ? 1
                                                                            : 0;
    snprintf(number, sizeof(number), "%.*s", (int)(size < 23 ? size : 23), value);
    if (unit == 0 || !read_number(number, &count) || count < 1 || count > 1000000) {
        return complain("--time %s is no real time (90s, 15m, 2h)", value);
    }
    out->limit_s = (unsigned)count * unit;
    return 0;
}

static int set_out(struct run_arguments *out, const char *value)
{
    out->out = value;
    return 0;
}

static int set_jsonl(struct run_arguments *out, const char *value)
{
    out->jsonl = value;
    return 0;
}

static int set_finding(struct run_arguments *out, const char *value)
{
    out->finding = value;
    return 0;
}

static int set_runs(struct run_arguments *out, const char *value)
{
    return set_unsigned("runs", value, 1, 1000000, &out->runs);
}

static int set_csv(struct run_arguments *out, const char *value)
{
    out->csv = value;
    return 0;
}

static int set_json_file(struct run_arguments *out, const char *value)
{
    out->json = value;
    return 0;
}

static int set_html(struct run_arguments *out, const char *value)
{
    out->html = value;
    return 0;
}

/* Which commands an option is for. */
enum {
    FOR_RUN = 1,
    FOR_SERVE = 2,
    FOR_BOTH = FOR_RUN | FOR_SERVE,
    FOR_SWEEP = 4,
    FOR_FUZZ = 8,
    FOR_SHRINK = 16,
    FOR_MERGE = 32,
    FOR_ALL = FOR_BOTH | FOR_SWEEP | FOR_FUZZ | FOR_SHRINK
};

static const struct option_row {
    unsigned used;
    const char *name;
    const char *value; /* NULL: takes none */
    const char *shown, *what;
    int (*set)(struct run_arguments *out, const char *value);
} rows[] = {
    { FOR_BOTH | FOR_SHRINK, "seed", "N", "--seed N",
      "the seed of all chance (default: what the scenario says, else 1)", set_seed },
    { FOR_ALL, "redis", "VERSION", "--redis VERSION[,VERSION...]",
      "the release of nodes, such as 6.2 or valkey-8.0; of several, where they part", set_redis },
    { FOR_ALL, "param", "NAME=VALUE", "--param NAME=VALUE",
      "replaces the value of a `param` line, or of the layout's latency A B: --param \"latency A "
      "B=9ms\"",
      set_param },
    { FOR_ALL, "set", "NAME VALUE", "--set NAME VALUE",
      "a redis.conf directive whose name rcsim uses itself", NULL },
    { FOR_BOTH, "trace", "OUT", "--trace OUT", "writes a trace", set_trace },
    { FOR_BOTH, "trace-level", "LEVEL", "--trace-level LEVEL", "milestones (default) or packets",
      set_level },
    { FOR_RUN, "log", "NODE", "--log NODE|all",
      "shows log lines of a node, or of all, in the transcript", set_log },
    { FOR_RUN, "wire-check", NULL, "--wire-check", "encodes and decodes every bus message",
      set_wire_check },
    { FOR_RUN, "quiet", NULL, "--quiet", "prints failures and the digest only", set_quiet },
    { FOR_RUN, "json", NULL, "--json", "prints the transcript as JSON Lines", set_json },
    { FOR_RUN, "batch", "N", "--batch N", "events between two looks at signals (default 1024)",
      set_batch },
    { FOR_SERVE, "nodes", "N", "--nodes N",
      "without FILE: so many nodes, n1 to nN (default 6; 0: only those that NODE ADD brings)",
      set_nodes },
    { FOR_SERVE, "replicas", "N", "--replicas N",
      "without FILE: they form a cluster with so many replicas a master", set_replicas },
    { FOR_SERVE, "port", "PORT", "--port PORT",
      "client port of the first node, the others follow (default 7001)", set_port },
    { FOR_SERVE, "control", "PORT", "--control PORT",
      "where orders are taken, on 127.0.0.1 (default 7000; 0: nowhere)", set_control },
    { FOR_SERVE, "speed", "N", "--speed N|manual",
      "virtual seconds in a real one (default 1), or only as ordered", set_speed },
    { FOR_SERVE, "bind", "IP", "--bind IP", "address of the nodes (default 127.0.0.1)", set_bind },
    { FOR_SERVE, "unsafe-bind", NULL, "--unsafe-bind",
      "takes a --bind that others can reach though there is no requirepass", set_unsafe_bind },
    { FOR_SERVE, "steps", "N", "--steps N",
      "steps of FILE that are played at once before anything is served (default 1)", set_steps },
    { FOR_SERVE, "play", NULL, "--play", "the other steps of FILE are played in paced time",
      set_play },
    { FOR_SERVE, "disk", "DIR", "--disk DIR",
      "real directories of nodes may lie below DIR (default: none)", set_disk },
    { FOR_SWEEP, "vary", "NAME=FROM..TO/STEP", "--vary NAME=FROM..TO/STEP",
      "a param, a directive, or \"latency A B\" of the layout; twice: a grid", set_vary },
    { FOR_SWEEP | FOR_FUZZ, "seeds", "N", "--seeds N|A..B", "seeds 1 to N, or A to B (default 100)",
      set_seeds },
    { FOR_SWEEP | FOR_FUZZ, "jobs", "J", "--jobs J",
      "processes that play (default: one a processor)", set_jobs },
    { FOR_SWEEP, "csv", "F", "--csv F", "a line for each value and measure; - is standard output",
      set_csv },
    { FOR_SWEEP, "json", "F", "--json F", "all of it as one object", set_json_file },
    { FOR_SWEEP, "html", "F", "--html F", "all of it as one page with plots", set_html },
    { FOR_FUZZ, "shard", "I/N", "--shard I/N|auto",
      "the I-th of N parts of the seeds; auto: as SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "
      "OMPI_COMM_WORLD_RANK or PARALLEL_SEQ says (auto/N where N is not in the environment)",
      set_shard },
    { FOR_FUZZ, "time", "LIMIT", "--time LIMIT",
      "ends after so much real time (90s, 15m, 2h) with what was played until then", set_time },
    { FOR_FUZZ, "out", "DIR", "--out DIR",
      "writes each breach, and one of each kind that real servers permit themselves, as a small "
      "scenario into DIR",
      set_out },
    { FOR_SHRINK, "out", "F", "--out F", "where the scenario goes (default: standard output)",
      set_out },
    { FOR_SHRINK, "finding", "NAME", "--finding NAME[/PERMIT]",
      "which of the seed's findings (default: the first breach, else the first of all)",
      set_finding },
    { FOR_FUZZ | FOR_SHRINK, "runs", "N", "--runs N",
      "runs at most to make one finding small (default 2000)", set_runs },
    { FOR_FUZZ | FOR_MERGE, "jsonl", "F", "--jsonl F",
      "a line for each run and each of its findings, for `rcsim merge`; - is standard output",
      set_jsonl },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Commands with options of their own; those that read a scenario as `run` does have its. */
static const struct {
    const char *name;
    unsigned used;
} commands[] = {
    { "run", FOR_RUN },   { "serve", FOR_SERVE },   { "sweep", FOR_SWEEP },
    { "fuzz", FOR_FUZZ }, { "shrink", FOR_SHRINK }, { "merge", FOR_MERGE },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const char *run_option(const char *command, unsigned index, const char **what)
{
    unsigned used = 0;
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        used |= strcmp(commands[i].name, command) == 0 ? commands[i].used : 0;
    }
    if (used == 0) {
        return NULL;
    }
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if ((rows[i].used & used) != 0 && index-- == 0) {
            *what = rows[i].what;
            return rows[i].shown;
        }
    }
    *what = index == 0 && used != FOR_MERGE
                ? "any modelled redis.conf directive, for all nodes; wins over the scenario"
                : NULL;
    return *what != NULL ? "--DIRECTIVE VALUE" : NULL;
}

static const char *command_of(unsigned used)
{
    unsigned i = 0;
    while (i + 1 < COMMAND_COUNT && commands[i].used != used) {
        i++;
    }
    return commands[i].name;
}

static int unknown_option(unsigned used, const char *name)
{
    const char *names[ROW_COUNT + 1];
    unsigned count = 0;
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if ((rows[i].used & used) != 0) {
            names[count++] = rows[i].name;
        }
    }
    names[count] = NULL;
    const char *near = rcs_lex_nearest(name, names);
    near = near != NULL ? near : rcs_config_nearest(name);
    return near != NULL ? complain("no option or directive --%s (did you mean --%s?)", name, near)
                        : complain("no option or directive --%s (rcsim help %s lists the options)",
                                   name, command_of(used));
}

/* One option at argv[*at]; *at is set behind it and its values. */
static int take_option(struct run_arguments *out, unsigned used, int argc, char **argv, int *at)
{
    char name[64];
    const char *equals = strchr(argv[*at], '='), *value = NULL;
    size_t len = equals == NULL ? strlen(argv[*at]) - 2 : (size_t)(equals - argv[*at]) - 2;
    snprintf(name, sizeof(name), "%.*s", (int)(len < 63 ? len : 63), argv[*at] + 2);
    const struct option_row *row = NULL;
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        row = (rows[i].used & used) != 0 && strcmp(rows[i].name, name) == 0 ? &rows[i] : row;
    }
    const char *near = row != NULL ? NULL : rcs_config_nearest(name);
    bool directive = near != NULL && strcmp(near, name) == 0 && used != FOR_MERGE;
    if (row == NULL && !directive) {
        return unknown_option(used, name);
    }
    (*at)++;
    if (row != NULL && row->value == NULL) {
        return equals != NULL ? complain("--%s takes no value", name) : row->set(out, NULL);
    }
    if (equals != NULL) {
        value = equals + 1;
    } else if (*at < argc) {
        value = argv[(*at)++];
    } else {
        return complain("--%s needs a value (%s)", name,
                        row != NULL ? row->shown : "--DIRECTIVE VALUE");
    }
    if (row != NULL && row->set != NULL) {
        return row->set(out, value);
    }
    if (directive) {
        return add_override(out, name, value);
    }
    if (*at >= argc) {
        return complain("--set %s needs a value (--set NAME VALUE)", value);
    }
    return add_override(out, value, argv[(*at)++]);
}

static bool colours_wanted(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

/* Options, and up to so many files. */
static int read_arguments(struct run_arguments *out, unsigned used, unsigned files, int argc,
                          char **argv)
{
    rcs_buf_init(&out->overrides);
    rcs_buf_init(&out->params);
    for (int i = 0; i < argc;) {
        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0') {
            int state = take_option(out, used, argc, argv, &i);
            if (state != 0) {
                return state;
            }
        } else if (out->file == NULL) {
            out->file = argv[i++];
        } else if (used == FOR_MERGE) {
            if (out->more_count == MERGED_MAX) {
                return complain("%d files at a time", MERGED_MAX + 1);
            }
            out->more[out->more_count++] = argv[i++];
        } else if (files == 2 && out->second == NULL) {
            out->second = argv[i++];
        } else {
            return complain("%s at a time: \"%s\" is one too many",
                            files == 2 ? "two" : "one scenario", argv[i]);
        }
    }
    if (out->has_level && out->trace_path == NULL) {
        return complain("--trace-level says how much goes into a trace: --trace OUT is missing");
    }
    return 0;
}

static void finish_arguments(struct run_arguments *out)
{
    rcs_buf_add(&out->overrides, "", 1);
    rcs_buf_add(&out->params, "", 1);
    out->options.overrides = out->overrides.data;
    out->options.params = out->params.data;
    out->options.colour = colours_wanted();
}

int serve_arguments_read(struct run_arguments *out, int argc, char **argv)
{
    *out = (struct run_arguments){
        .nodes = 6, .port = 7001, .control = 7000, .speed = 1, .options.steps = 1
    };
    int state = read_arguments(out, FOR_SERVE, 1, argc, argv);
    if (state == 0 && out->release_count > 0) {
        state = complain("--redis takes one release here");
    }
    finish_arguments(out);
    return state;
}

int sweep_arguments_read(struct run_arguments *out, int argc, char **argv)
{
    *out = (struct run_arguments){ .first_seed = 1, .seeds = 100 };
    int state = read_arguments(out, FOR_SWEEP, 1, argc, argv);
    if (state == 0 && out->file == NULL) {
        state = complain("which scenario? (a path, or a name out of `rcsim list`)");
    } else if (state == 0 && out->vary_count == 0) {
        state = complain("what is to be varied? (--vary NAME=FROM..TO/STEP, such as "
                         "--vary cluster-node-timeout=1000..15000/1000)");
    } else if (state == 0 && out->release_count > 0) {
        state = complain("--redis takes one release here");
    }
    finish_arguments(out);
    return state;
}

int fuzz_arguments_read(struct run_arguments *out, int argc, char **argv)
{
    *out = (struct run_arguments){
        .first_seed = 1, .seeds = 100, .shard = 1, .shards = 1, .runs = 2000
    };
    int state = read_arguments(out, FOR_FUZZ, 1, argc, argv);
    if (state == 0 && out->file == NULL) {
        state = complain("which scenario? (a path, or a name out of `rcsim list`)");
    } else if (state == 0 && out->release_count > 0) {
        state = complain("--redis takes one release here");
    }
    finish_arguments(out);
    return state;
}

int shrink_arguments_read(struct run_arguments *out, int argc, char **argv)
{
    *out = (struct run_arguments){ .runs = 2000 };
    int state = read_arguments(out, FOR_SHRINK, 1, argc, argv);
    if (state == 0 && out->file == NULL) {
        state = complain("which scenario? (a path, or a name out of `rcsim list`)");
    } else if (state == 0 && !out->options.has_seed) {
        state = complain("which seed's finding? (--seed N, as `rcsim fuzz` says)");
    } else if (state == 0 && out->release_count > 0) {
        state = complain("--redis takes one release here");
    }
    finish_arguments(out);
    return state;
}

int merge_arguments_read(struct run_arguments *out, int argc, char **argv)
{
    *out = (struct run_arguments){ .file = NULL };
    int state = read_arguments(out, FOR_MERGE, 1, argc, argv);
    if (state == 0 && out->file == NULL) {
        state = complain("which files? (those of `rcsim fuzz --jsonl`)");
    }
    finish_arguments(out);
    return state;
}

int run_arguments_read(struct run_arguments *out, unsigned files, int argc, char **argv)
{
    *out = (struct run_arguments){ .batch = 1024 };
    int state = read_arguments(out, FOR_RUN, files, argc, argv);
    if (state != 0) {
        return state;
    }
    if (out->file == NULL) {
        return complain(
            "which scenario? (a path, a name out of `rcsim list`, or - for standard input)");
    }
    if (files == 2 && out->second == NULL) {
        return complain("it takes two, traces or scenarios: %s and what?", out->file);
    }
    const char *unfit = out->trace_path != NULL    ? "--trace"
                        : out->options.log != NULL ? "--log"
                        : out->options.json        ? "--json"
                                                   : NULL;
    if (out->release_count > 0 && unfit != NULL) {
        return complain("--redis with several releases shows where they part: leave out %s", unfit);
    }
    if (out->options.quiet && out->options.log != NULL) {
        return complain("--quiet shows no log lines: leave out --quiet or --log");
    }
    finish_arguments(out);
    return 0;
}

void run_arguments_close(struct run_arguments *arguments)
{
    rcs_buf_close(&arguments->overrides);
    rcs_buf_close(&arguments->params);
}
