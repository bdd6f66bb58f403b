/* A run of the twelve-node scenarios, recorded from real servers or played here, in one form.
 *
 * The files are line by line. steps.txt:
 *
 *     timeout MS
 *     wall MS                             of the second in which the run began
 *     step END_MS TITLE                   ms since the run began; what follows belongs to it
 *     act MS start|kill NODE
 *     cmd MS WHO WORDS                    WHO: a node, `cli`, `client@NODE`
 *     = LINE  /  ! LINE                   its reply, a line each; `!`: an error
 *     wait MS TOOK yes|no CONDITION       the driver polled for it, and whether it came
 *     sleep MS FOR
 *     view NODE                           what that node said at the end of the step:
 *     n NAME FLAGS MASTER EPOCH LINK SLOTS      a line of CLUSTER NODES
 *     i FIELD=VALUE ...                         CLUSTER INFO
 *     r role=... master=... link=... offset=... INFO replication
 *
 * logs.txt: `node NAME`, then `MS ROLE LEVEL TEXT`. In both, node ids read $a1.id, addresses
 * $a1.addr
 * ($a1.ip, $a1.port), replication ids R1, R2... (`none`: forty zeros), process ids PID. */
#ifndef RCSIM_TEST_RECORDING_H
#define RCSIM_TEST_RECORDING_H

#include <rcsim/base.h>

#define RECORDING_NODES 12
#define RECORDING_STEPS 20

struct recorded_command {
    int step;
    int64_t at_ms;
    char who[16];
    char *text;
    char *reply; /* its lines, LF after each; an error as redis-cli shows it */
};

/* How `viewer` saw a node. */
struct recorded_entry {
    char name[8]; /* "?a1": a handshake at that address */
    char flags[48], master[8], slots[24];
    int64_t epoch;
    bool connected;
};

struct recorded_view {
    int step;
    char viewer[8];
    struct recorded_entry entries[RECORDING_NODES + 6];
    unsigned entry_count;
    bool state_ok;
    int slots_assigned, slots_ok, slots_pfail, slots_fail; /* ok, pfail, fail: -1 not asked */
    int known_nodes, size;
    int64_t current_epoch, my_epoch;
    bool replica, link_up;
    char master[8];
    int64_t offset;
};

struct recorded_line {
    int64_t at_ms;
    char role, level;
    char *text;
};

struct recorded_log {
    struct recorded_line *lines;
    unsigned count;
};

struct recording {
    int64_t timeout_ms, wall_ms;
    int64_t begin_ms; /* when the first step begins */
    char *titles[RECORDING_STEPS];
    int64_t end_ms[RECORDING_STEPS];
    unsigned step_count;
    int64_t start_ms[RECORDING_NODES]; /* of each node */
    int64_t kill_ms;                   /* -1 none */
    struct recorded_command *commands;
    unsigned command_count;
    struct recorded_view *views;
    unsigned view_count;
    struct recorded_log logs[RECORDING_NODES];
    char *workloads; /* what they counted, a line each; "" none. Of a played run only */
};

/* Reads tests/vectors/scenarios/NAME; fails the test on a line it cannot read. */
struct recording *recording_load(const char *name);
struct recording *recording_new(void);
void recording_free(struct recording *recording);

/* "a1".."a6" are 0..5, "b1".."b6" 6..11; -1: no such node. */
int recording_node(const char *name);
const char *recording_name(int node);

struct recorded_command *recording_add_command(struct recording *recording);
struct recorded_view *recording_add_view(struct recording *recording);
void recording_add_line(struct recorded_log *log, int64_t at_ms, char role, char level,
                        const char *text);
/* Appends a line and LF to a reply. */
void recording_reply(struct recorded_command *command, const char *line, size_t size_bytes);
char *recording_copy(const char *text, size_t size_bytes);

#endif
