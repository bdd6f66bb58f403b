/* What the verbs do when their turn comes; see struct rcs_verb for the contract. */
#ifndef RCSIM_SIM_SCENARIO_ACT_H
#define RCSIM_SIM_SCENARIO_ACT_H

#include "sim/scenario/verbs.h"

/* Holds what a statement that is no command printed against its `=` lines; act_command.c. */
void rcs_act_check_output(struct rcs_run *run, const struct rcs_stmt *stmt, const char *text);

enum rcs_progress rcs_act_step(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_print(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_show(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_wait(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_wait_poll(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_await(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_await_poll(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_expect(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_directive(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_only(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_try(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_latency(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_path(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_disk(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_clock(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_keep(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_fault(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_partition(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_heal(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_drop(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_at(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_during(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_prompt(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_prompt_poll(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_workload(struct rcs_run *run, struct rcs_task *task);
/* A line each on what the workloads have counted so far. */
void rcs_act_tell_workloads(struct rcs_run *run);
enum rcs_progress rcs_act_cli(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_cli_poll(struct rcs_run *run, struct rcs_task *task);

/* act_order.c */
enum rcs_progress rcs_act_new_node(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_put(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_config_file(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_remove(struct rcs_run *run, struct rcs_task *task);
enum rcs_progress rcs_act_play(struct rcs_run *run, struct rcs_task *task);

#endif
