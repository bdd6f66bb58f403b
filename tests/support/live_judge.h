/* Whether two servers gave the same answer to a step: answers_agree, and the questions beside it
 * that some rules need asked: a whole iteration, an encoding, the members that were drawn from. */
#ifndef RCSIM_TEST_LIVE_JUDGE_H
#define RCSIM_TEST_LIVE_JUDGE_H

#include "tests/support/answers_agree.h"
#include "tests/support/live_pair.h"

struct live_judge {
    struct live_pair *pair;
    struct answer_question question; /* about the step that is judged: its row, members, queue */
    unsigned rule_uses[RULE_COUNT];  /* by what answers agreed */
};

/* `unmodelled` is borrowed as long as the judge is used. */
void live_judge_init(struct live_judge *judge, struct live_pair *pair,
                     const struct command_names *unmodelled);

/* `answers` are those of LIVE_REAL and LIVE_TESTED to `step`. Asks by the connections beside. */
enum answer_verdict live_judge(struct live_judge *judge, const struct plan_step *step,
                               const struct live_answer answers[LIVE_BOTH]);

/* All that a RULE_RANDOM step could draw from, as the real server has it before the step. Appends
 * to `members`, which the caller owns. */
void live_judge_members(struct live_judge *judge, const struct plan_step *step,
                        struct live_answer *members);

#endif
