/* The lines of a log as strands, less what chance adds to them. */
#include "tests/support/agree_strands.h"
#include "tests/support/support.h"

/* --- strands of a node ------------------------------------------------------------------------ */

static void add_fail(struct token *token)
{
    /* "Marking node $a1.id as failing..." and "FAIL message received from $b1.id about $a1.id" */
    const char *about = strstr(token->text, " about ");
    char subject[8] = "";
    sscanf(about != NULL ? about + 7 : token->text + 13, "%7s", subject);
    snprintf(token->text, sizeof(token->text), "FAIL of %s", subject);
}

static void classify(const struct place *place, const struct recorded_line *line,
                     struct token *token)
{
    int64_t takeover = agree_took_over_ms(place->run, "");
    *token = (struct token){ .role = line->role, .at_ms = line->at_ms };
    token->taken = takeover >= 0 && line->at_ms >= takeover - 2;
    assert_true(strlen(line->text) < sizeof(token->text));
    strcpy(token->text, line->text);
    if (agree_strand_of(token->text, &token->strand)) {
        if (agree_begins(token->text, "Discarding previously cached") && line->role == 'M') {
            token->strand = STRAND_TAKEOVER;
        }
    } else if (agree_begins(token->text, "Cluster state changed: ")) {
        token->strand = STRAND_STATE;
    } else if (agree_begins(token->text, "Marking node ") ||
               agree_begins(token->text, "FAIL message received ")) {
        token->strand = STRAND_FAIL;
    }
}

struct strand_list agree_tokens_of(const struct place *place)
{
    const struct recorded_log *log = &place->run->logs[place->node];
    struct strand_list out = { calloc(log->count + 1, sizeof(out.tokens[0])), 0 };
    assert_non_null(out.tokens);
    for (unsigned i = 0; i < log->count; i++) {
        if (!agree_begins(log->lines[i].text, "WARNING Memory overcommit")) {
            classify(place, &log->lines[i], &out.tokens[out.count++]);
        }
    }
    agree_check_times(place, out.tokens, out.count);
    return out;
}

static void drop(struct strand_list *list, unsigned at, unsigned count)
{
    memmove(list->tokens + at, list->tokens + at + count,
            (list->count - at - count) * sizeof(list->tokens[0]));
    list->count -= count;
}

static struct strand_list of_strand(const struct strand_list *all, enum strand strand)
{
    struct strand_list out = { calloc(all->count + 1, sizeof(out.tokens[0])), 0 };
    assert_non_null(out.tokens);
    for (unsigned i = 0; i < all->count; i++) {
        if (all->tokens[i].strand == strand) {
            out.tokens[out.count++] = all->tokens[i];
        }
    }
    return out;
}

/* --- what chance adds ------------------------------------------------------------------------- */

static bool is_attempt(const struct strand_list *list, unsigned at)
{
    return at + 1 < list->count && (agree_begins(list->tokens[at].text, "Connecting to MASTER") ||
                                    agree_begins(list->tokens[at].text, "Reconnecting to MASTER"));
}

/* Lines of the outcome at `at` if the attempt failed: 0 if it did not. */
static unsigned failure_at(const struct strand_list *list, unsigned at)
{
    unsigned n = 0;
    if (at < list->count &&
        agree_begins(list->tokens[at].text, "Error condition on socket for SYNC")) {
        return 1;
    }
    if (at < list->count && agree_begins(list->tokens[at].text, "Non blocking connect")) {
        n = 1;
        if (at + n < list->count &&
            agree_begins(list->tokens[at + n].text, "Failed to read response")) {
            n++;
        }
        if (at + n < list->count &&
            agree_begins(list->tokens[at + n].text, "Master did not respond")) {
            return n + 1;
        }
    }
    return 0;
}

/* Takes out how attempts failed, and repeated ones. */
static void fold_attempts(const struct place *place, struct strand_list *list)
{
    int64_t last_ms = 0;
    char last[512] = "";
    for (unsigned i = 0; i < list->count;) {
        if (!is_attempt(list, i)) {
            last[0] = '\0';
            i++;
            continue;
        }
        struct token *token = &list->tokens[i];
        unsigned failed = failure_at(list, i + 2);
        bool more = is_attempt(list, i + 2 + failed);
        if (failed == 0 && more && list->tokens[i + 2].at_ms - token->at_ms > 500) {
            agree_out_of_window(place, 0, "an attempt without an end", token->text);
        }
        drop(list, i + 2, failed);
        bool again = strcmp(last, token->text) == 0;
        if (again &&
            (token->at_ms - last_ms < RETRY_MS_MIN || token->at_ms - last_ms > RETRY_MS_MAX)) {
            agree_out_of_window(place, token->at_ms - last_ms, "the attempt before", token->text);
        }
        last_ms = token->at_ms;
        snprintf(last, sizeof(last), "%s", failed > 0 || more ? token->text : "");
        if (again && failed > 0) {
            drop(list, i, 2);
        } else {
            i += 2;
        }
    }
}

int agree_find_token(const struct strand_list *list, const char *begin, bool taken)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->tokens[i].taken == taken && agree_begins(list->tokens[i].text, begin)) {
            return (int)i;
        }
    }
    return -1;
}

static void swap_tokens(struct token *a, struct token *b)
{
    struct token other = *a;
    *a = *b;
    *b = other;
}

/* A sub-replica that moves: the loss of its link first, then the decision; no attempt in between.
 */
static void order_move(struct strand_list *list)
{
    int moved = agree_find_token(list, "I'm a sub-replica!", true);
    if (moved < 0) {
        return;
    }
    unsigned at = (unsigned)moved;
    if (at >= 2 && list->tokens[at - 2].taken && is_attempt(list, at - 2)) {
        drop(list, at - 2, 2);
        at -= 2;
    }
    if (at + 2 < list->count &&
        agree_begins(list->tokens[at + 1].text, "Connection with master lost")) {
        swap_tokens(&list->tokens[at], &list->tokens[at + 1]);
        swap_tokens(&list->tokens[at + 1], &list->tokens[at + 2]);
    }
}

/* ok, then fail while the takeovers spread, is nothing. */
static void fold_flaps(const struct recording *run, struct strand_list *list)
{
    for (unsigned i = 0; i + 1 < list->count;) {
        if (list->tokens[i].taken && strstr(list->tokens[i].text, "ok") != NULL &&
            list->tokens[i + 1].at_ms - agree_took_over_ms(run, "") <= FLAP_MS) {
            drop(list, i, 2);
        } else {
            i++;
        }
    }
}

static int by_subject(const void *a, const void *b)
{
    return strcmp(((const struct token *)a)->text, ((const struct token *)b)->text);
}

static void order_child(struct strand_list *list)
{
    for (unsigned i = 0; i + 1 < list->count; i++) {
        if (list->tokens[i].role == 'C' &&
            agree_begins(list->tokens[i + 1].text, "Background RDB transfer started")) {
            swap_tokens(&list->tokens[i], &list->tokens[i + 1]);
        }
        if (list->tokens[i + 1].role == 'C' &&
            agree_begins(list->tokens[i].text, "Diskless rdb transfer, done")) {
            swap_tokens(&list->tokens[i], &list->tokens[i + 1]);
        }
    }
}

/* Only if it is there: a keeper has none. */
static void drop_kept_epoch(struct strand_list *list)
{
    int at = agree_find_token(list, "New configEpoch set to", true);
    if (at >= 0) {
        drop(list, (unsigned)at, 1);
    }
}

/* By two TAKEOVERs a third master can fail before the third TAKEOVER is told or heard of: whoever
 * is its replica at that moment (a sub-replica that moved, or the third itself) plans an election.
 * Recorded in 4 of 41 runs. */
static bool may_plan_election(const struct place *place, const struct strand_list *all,
                              const struct token *token)
{
    int move = agree_find_token(all, "I'm a sub-replica!", true);
    int64_t own = agree_took_over_ms(place->run, recording_name(place->node));
    return (move >= 0 && all->tokens[move].at_ms <= token->at_ms) ||
           (own >= 0 && token->at_ms <= own + 1);
}

struct strand_list agree_canonical(const struct place *place, const struct strand_list *all,
                                   enum strand strand)
{
    struct strand_list list = of_strand(all, strand);
    switch (strand) {
    case STRAND_LINK:
        fold_attempts(place, &list);
        order_move(&list);
        break;
    case STRAND_STATE:
        fold_flaps(place->run, &list);
        break;
    case STRAND_FAIL:
        for (unsigned i = 0; i < list.count; i++) {
            add_fail(&list.tokens[i]);
        }
        qsort(list.tokens, list.count, sizeof(list.tokens[0]), by_subject);
        break;
    case STRAND_CHILD:
        order_child(&list);
        break;
    case STRAND_ELECTION:
        if (list.count == 1 && may_plan_election(place, all, &list.tokens[0])) {
            drop(&list, 0, 1);
        }
        break;
    case STRAND_TAKEOVER:
        if (place->node == agree_keeper(place->agreement->recorded) ||
            place->node == agree_keeper(place->agreement->ours)) {
            drop_kept_epoch(&list);
        }
        break;
    case STRAND_OTHER:
    case STRAND_BOOT:
    case STRAND_IP:
    case STRAND_EPOCH:
    case STRAND_SERVE:
        break;
    }
    return list;
}
