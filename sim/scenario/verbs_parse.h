/* How the words behind each verb are read; see struct rcs_verb. */
#ifndef RCSIM_SIM_SCENARIO_VERBS_PARSE_H
#define RCSIM_SIM_SCENARIO_VERBS_PARSE_H

#include "sim/scenario/verbs.h"

/* A statement that only laid something out: nothing is left to do. */
extern const struct rcs_verb rcs_verb_laid_out;

/* verbs_layout.c */
bool rcs_parse_title(struct rcs_parser *parser);
bool rcs_parse_redis(struct rcs_parser *parser);
bool rcs_parse_seed(struct rcs_parser *parser);
bool rcs_parse_network(struct rcs_parser *parser);
bool rcs_parse_param(struct rcs_parser *parser);
bool rcs_parse_site(struct rcs_parser *parser);
bool rcs_parse_directive(struct rcs_parser *parser);
bool rcs_parse_node(struct rcs_parser *parser);
bool rcs_parse_absent(struct rcs_parser *parser);
bool rcs_parse_client(struct rcs_parser *parser);
bool rcs_parse_latency(struct rcs_parser *parser);
bool rcs_parse_jitter(struct rcs_parser *parser);

/* verbs_act.c */
bool rcs_parse_fault(struct rcs_parser *parser);
bool rcs_parse_lose(struct rcs_parser *parser);
bool rcs_parse_partition(struct rcs_parser *parser);
bool rcs_parse_heal(struct rcs_parser *parser);
bool rcs_parse_drop(struct rcs_parser *parser);
bool rcs_parse_step(struct rcs_parser *parser);
bool rcs_parse_print(struct rcs_parser *parser);
bool rcs_parse_show(struct rcs_parser *parser);
bool rcs_parse_wait(struct rcs_parser *parser);
bool rcs_parse_expect(struct rcs_parser *parser);
bool rcs_parse_await(struct rcs_parser *parser);
bool rcs_parse_at(struct rcs_parser *parser);
bool rcs_parse_during(struct rcs_parser *parser);
bool rcs_parse_only(struct rcs_parser *parser);
bool rcs_parse_try(struct rcs_parser *parser);
bool rcs_parse_chaos(struct rcs_parser *parser);    /* verbs_chaos.c */
bool rcs_parse_workload(struct rcs_parser *parser); /* verbs_workload.c */
bool rcs_parse_include(struct rcs_parser *parser);

/* verbs_path.c */
bool rcs_parse_loss(struct rcs_parser *parser);
bool rcs_parse_bandwidth(struct rcs_parser *parser);
bool rcs_parse_link(struct rcs_parser *parser);
enum rcs_disk_order { RCS_DISK_FSYNC, RCS_DISK_FULL, RCS_DISK_OK };
bool rcs_parse_disk(struct rcs_parser *parser);
bool rcs_parse_clock(struct rcs_parser *parser);
bool rcs_parse_keep(struct rcs_parser *parser);
bool rcs_parse_restore(struct rcs_parser *parser);

/* verbs_order.c */
bool rcs_parse_new_node(struct rcs_parser *parser, const char *name);
bool rcs_parse_put(struct rcs_parser *parser);
bool rcs_parse_config_file(struct rcs_parser *parser);
bool rcs_parse_remove(struct rcs_parser *parser);
bool rcs_parse_play(struct rcs_parser *parser);

/* verbs_layout.c, for those who take the same */
bool rcs_parser_new_name(struct rcs_parser *parser, const char *name);
bool rcs_parser_address(struct rcs_parser *parser, const char **out);
bool rcs_parser_directive(struct rcs_parser *parser, unsigned index, const char *name,
                          const char *value);

/* verbs_cli.c */
bool rcs_parse_cli(struct rcs_parser *parser);

#endif
