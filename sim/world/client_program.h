/* A client library at work: one object, one command at a time, carried to the node that answers it
 * or to an error, by the rules of its kind. */
#ifndef RCSIM_SIM_WORLD_CLIENT_PROGRAM_H
#define RCSIM_SIM_WORLD_CLIENT_PROGRAM_H

#include <rcsim/sim.h>

#include "sim/rand.h"
#include "sim/world/client_kind.h"

struct rcs_program;

struct rcs_program_params {
    const struct rcs_client_kind *kind;
    const char *site;
    const int *seeds; /* copied */
    unsigned seed_count;
    rcs_us timeout_us;       /* 0: the kind's */
    struct rcs_rand *chance; /* borrowed */
    /* The command has ended. Called at the instant it did; the next may begin in it. */
    void (*done)(void *arg);
    /* rcs_program_wake is wanted then, not before and not earlier asked-for times. */
    void (*wake)(void *arg, rcs_us at_us);
    void *arg;
};

struct rcs_program *rcs_program_new(struct rcs_sim *sim, const struct rcs_program_params *params);
void rcs_program_free(struct rcs_program *program);

/* Begins a command; none may be under way. The words are copied; args[1] is its key. */
void rcs_program_ask(struct rcs_program *program, unsigned argc, const struct rcs_arg *args);
/* Begins a command without a key (WAIT) that is about the one before: over the same connection to
 * the node that answered, and nowhere else. */
void rcs_program_stay(struct rcs_program *program, unsigned argc, const struct rcs_arg *args);
/* Who answered last. */
int rcs_program_node(const struct rcs_program *program);
void rcs_program_wake(struct rcs_program *program);

/* Of the command that ended. RCS_WORKLOAD_ERROR_COUNT: none, and its reply, borrowed until the next
 * command (of an error reply NULL). */
enum rcs_workload_error rcs_program_error(const struct rcs_program *program);
const struct rcs_reply *rcs_program_reply(const struct rcs_program *program);

#endif
