/* What a finding is known again by: what those who are concerned decided last. */
#include <string.h>

#include "sim/explore/check_parts.h"

/* clang-format off */
static const struct {
    const char *name;
    bool decides;
} words[] = {
    [RCS_WORD_NEW] = { "", false },
    [RCS_WORD_NONE] = { "", false },
#define X(constant, name, decides) [RCS_WORD_##constant] = { name, decides },
    RCS_CHECK_WORDS(X)
#undef X
};
/* clang-format on */

enum rcs_check_word rcs_check_word(struct rcs_check *check, unsigned code, const char *what)
{
    RCS_ASSERT(code < RCS_CHECK_CODES);
    if (check->words[code] == RCS_WORD_NEW) {
        check->words[code] = RCS_WORD_NONE;
        for (unsigned i = RCS_WORD_NONE + 1; i < RCS_WORD_COUNT; i++) {
            if (strcmp(words[i].name, what) == 0) {
                check->words[code] = (uint8_t)i;
            }
        }
    }
    return (enum rcs_check_word)check->words[code];
}

void rcs_check_decide(struct rcs_check *check, unsigned node, enum rcs_check_word word)
{
    uint8_t *decisions = rcs_check_node(check, node)->decisions;
    if (words[word].decides && decisions[0] != word) {
        memmove(decisions + 1, decisions, RCS_CHECK_DECISIONS - 1);
        decisions[0] = (uint8_t)word;
    }
}

void rcs_check_begin(struct rcs_check *check)
{
    for (unsigned i = 0; i < check->node_count; i++) {
        memset(check->nodes[i].decisions, 0, sizeof(check->nodes[i].decisions));
    }
}

/* --- fingerprints ----------------------------------------------------------------------------- */

/* A permit says what was done: of those who are concerned only the role is left to be told; but
 * where two stand against each other what each of them did last. */
static unsigned decisions_told(enum rcs_invariant invariant, bool permitted)
{
    return !permitted ? RCS_CHECK_DECISIONS
           : invariant == RCS_INVARIANT_EPOCH_COLLISION || invariant == RCS_INVARIANT_TWO_PROMOTED
               ? 1
               : 0;
}

static void tell_decisions(const struct rcs_check *check, int node, unsigned count,
                           struct rcs_buf *out)
{
    if (node < 0 || (unsigned)node >= check->node_count) {
        return;
    }
    const struct rcs_check_node *n = &check->nodes[node];
    rcs_buf_text(out, n->replica ? " replica" : " master");
    for (unsigned i = count; i-- > 0;) {
        if (n->decisions[i] != RCS_WORD_NEW) {
            rcs_buf_format(out, ",%s", words[n->decisions[i]].name);
        }
    }
}

static bool was_done_to(const struct rcs_check *check, int node)
{
    const struct rcs_check_node *n = node < 0 ? NULL : &check->nodes[node];
    return n != NULL && (n->was_reset || n->lost_conf || n->replaced || n->forgot_us > 0);
}

/* Who has a part in it. Where one looks at another, the one who looks is anybody; where two do not
 * know each other, it is about the one to whom something was done. */
static void tell_concerned(const struct rcs_check *check, enum rcs_invariant invariant,
                           bool permitted, int node, int other, struct rcs_buf *out)
{
    unsigned count = decisions_told(invariant, permitted);
    bool first = true, second = true;
    switch (invariant) {
    case RCS_INVARIANT_SLOT_UNOWNED:
    case RCS_INVARIANT_LOST_WRITE:
    case RCS_INVARIANT_LOST_CONFIRMED:
    case RCS_INVARIANT_LOST_READ:
        return;
    case RCS_INVARIANT_WRONG_VALUE: /* who gave it: a way that is known says what happened */
        if (permitted) {
            return;
        }
        second = false;
        break;
    case RCS_INVARIANT_FORGOTTEN_RETURNS:
    case RCS_INVARIANT_FAIL_FLAG:
        first = false;
        break;
    case RCS_INVARIANT_DOUBLE_VOTE:
    case RCS_INVARIANT_SLOT_OWNERS:
        second = false;
        break;
    case RCS_INVARIANT_SPLIT:
        first = was_done_to(check, node) || !was_done_to(check, other);
        second = !first;
        break;
    default:
        break;
    }
    /* Which of two with one epoch spoke last says nothing. */
    size_t begin = out->size_bytes;
    struct rcs_buf two;
    rcs_buf_init(&two);
    if (first) {
        tell_decisions(check, node, count, out);
    }
    if (second) {
        tell_decisions(check, other, count, &two);
    }
    rcs_buf_add(out, "", 1);
    rcs_buf_add(&two, "", 1);
    out->size_bytes--;
    two.size_bytes--;
    if (invariant == RCS_INVARIANT_EPOCH_COLLISION && strcmp(out->data + begin, two.data) > 0) {
        rcs_buf_add(&two, out->data + begin, out->size_bytes - begin);
        out->size_bytes = begin;
    }
    rcs_buf_add(out, two.data, two.size_bytes);
    rcs_buf_close(&two);
}

void rcs_check_fingerprint(const struct rcs_check *check, enum rcs_invariant invariant,
                           const struct rcs_check_permit *permit, int node, int other,
                           struct rcs_buf *out)
{
    rcs_buf_text(out, rcs_invariant_name(invariant));
    if (permit != NULL) {
        rcs_buf_format(out, "/%s", permit->name);
    }
    tell_concerned(check, invariant, permit != NULL, node, other, out);
}
