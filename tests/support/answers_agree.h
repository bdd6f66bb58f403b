/* Whether the answers of two servers to the same command agree: the same bytes, or else but for
 * what the command's row lets differ (ANSWER_RULES in command_rows.h). */
#ifndef RCSIM_TEST_ANSWERS_AGREE_H
#define RCSIM_TEST_ANSWERS_AGREE_H

#include "tests/support/command_names.h"
#include "tests/support/command_rows.h"
#include "tests/support/live_wire.h"

#define ANSWER_QUEUED_MAX 64

struct answer_question {
    const struct command_row *row; /* NULL: the same bytes */
    /* EXEC: rows of what was queued, in order */
    const struct command_row *queued[ANSWER_QUEUED_MAX];
    unsigned queued_count;
    const struct rcs_buf *members;          /* RULE_RANDOM: a reply that holds all there are */
    const struct command_names *unmodelled; /* RULE_MEMBERS: what only a has, and may */
    int port_a, port_b;
    int64_t date_offset_s; /* a's less b's */
};

bool bytes_are_same(const struct rcs_buf *a, const struct rcs_buf *b);

enum answer_verdict { ANSWER_SAME, ANSWER_BY_RULE, ANSWER_DIFFERS };

enum answer_verdict answers_agree(const struct answer_question *question,
                                  const struct live_answer *a, const struct live_answer *b);

#endif
