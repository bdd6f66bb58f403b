/* A few nodes joined by nothing but their replication links, each message 200 us on its way: what a
 * test of replication needs of a world. Roles are set as the cluster layer would. */
#ifndef RCSIM_TEST_REPL_LAB_H
#define RCSIM_TEST_REPL_LAB_H

#include "tests/support/support.h"

#include "sim/node/internal.h"
#include "sim/node/replication.h"

#define LAB_NODES 4

struct lab;

/* The nodes listen on 127.0.0.1:7000, 7001...; their settings are those of `config`. */
struct lab *lab_new(const struct rcs_config *config);
void lab_free(struct lab *lab);
/* The same after half a second, as `release` (NULL: 7.0) and without save points: names and values
 * of settings, NULL at the end; NULL none. */
struct lab *lab_of(const char *release, const char *const *settings);
/* Settings: full syncs at once, and no PING but the first, so that offsets stand still. */
extern const char *const lab_quick[];
struct rcs_node *lab_node(struct lab *lab, unsigned index);
const struct rcs_replication *lab_repl(struct lab *lab, unsigned index);

void lab_run(struct lab *lab, int64_t ms);
void lab_run_us(struct lab *lab, rcs_us us);
int64_t lab_now_ms(const struct lab *lab);

/* Roles, as CLUSTER REPLICATE and a promotion set them. */
void lab_replicate(struct lab *lab, unsigned replica, unsigned master);
void lab_promote(struct lab *lab, unsigned index);
/* Replicates, and its link is up 1.5 s later. */
void lab_in_sync(struct lab *lab, unsigned replica, unsigned master);
/* The process is gone, its sockets closed; what dump.rdb holds stays. Start it again as a replica
 * or a master. */
void lab_kill(struct lab *lab, unsigned index);
void lab_start(struct lab *lab, unsigned index, bool replica);
/* Stopped with SIGSTOP: what is for it waits. */
void lab_pause(struct lab *lab, unsigned index, bool paused);
/* The host is off the net: what is on its way to it or from it is lost, and nobody is told. */
void lab_cut(struct lab *lab, unsigned index, bool cut);

/* A client's request to a node and the reply's bytes, borrowed until the next call. */
const char *lab_ask(struct lab *lab, unsigned index, const char *request);
/* Sends without waiting; lab_answer has what came since. */
void lab_send(struct lab *lab, unsigned index, const char *request);
const char *lab_answer(struct lab *lab, unsigned index);
/* Gives a master all slots and waits for its cluster state. */
void lab_own_slots(struct lab *lab, unsigned index);

/* The next lines about replication in a node's log, "S * text", one a line; `ID` stands for 40 hex
 * digits, `~` for any text. Prints both at the first difference. */
void lab_expect_log(struct lab *lab, unsigned index, const char *expected);
/* The line with which a master becomes a replica. */
extern const char lab_turn_into_replica[];
/* Nothing more was logged. */
void lab_expect_silence(struct lab *lab, unsigned index);
void lab_forget_log(struct lab *lab, unsigned index);
/* What a node said to its masters as a replica since the last call, "PING\n", "REPLCONF capa
 * eof\n"...; ids as ID. Borrowed until the next call. */
const char *lab_asked(struct lab *lab, unsigned index);
/* When the last line that matched was logged. */
int64_t lab_logged_ms(const struct lab *lab, unsigned index);

#endif
