#include "tests/support/measures.h"

#include "tests/support/support.h"

#define AT_ONCE_MS                                                                                 \
    20 /* half of the 40 ms by which delayed acknowledgements hold a message back                  \
        */

const struct measure_row measure_rows[MEASURE_COUNT] = {
#define X(constant, kind, text) [MEASURE_##constant] = { (text), MEASURE_##kind },
    MEASURES(X)
#undef X
};

void samples_close(struct samples *samples)
{
    for (int i = 0; i < MEASURE_COUNT; i++) {
        free(samples->of[i].values);
    }
    *samples = (struct samples){ .of = { { .count = 0 } } };
}

void samples_add(struct samples *samples, enum measure measure, int64_t value)
{
    struct sample *sample = &samples->of[measure];
    if (sample->count == sample->room) {
        sample->room = sample->room == 0 ? 64 : sample->room * 2;
        sample->values = realloc(sample->values, sample->room * sizeof(sample->values[0]));
        assert_non_null(sample->values);
    }
    sample->values[sample->count++] = value;
}

/* From one instant to the other, if both came. */
static void add_span(struct samples *out, enum measure measure, int64_t from, int64_t to)
{
    if (from != HISTORY_NEVER && to != HISTORY_NEVER) {
        samples_add(out, measure, to - from);
    }
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b; /* never is the earliest */
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == HISTORY_NEVER || (b != HISTORY_NEVER && b < a) ? b : a;
}

static int64_t fail_ms(const struct history *h, int node, int about)
{
    return earlier(history_first(h, WHAT_FAIL, node, about),
                   history_first(h, WHAT_FAIL_RECEIVED, node, about));
}

/* --- a master is killed ----------------------------------------------------------------------- */

/* When the last master of those whose word makes a majority suspected `victim`. */
static int64_t pfail_quorum_ms(const struct history *h, int victim)
{
    int64_t at[HISTORY_NODES];
    int masters = 0, suspect = 0;
    for (int node = 0; node < h->nodes; node++) {
        masters += h->master[node] < 0;
        int64_t when = history_first(h, WHAT_PFAIL, node, victim);
        if (h->master[node] >= 0 || when == HISTORY_NEVER) {
            continue;
        }
        int i = suspect++;
        for (; i > 0 && at[i - 1] > when; i--) {
            at[i] = at[i - 1];
        }
        at[i] = when;
    }
    int needed = masters / 2 + 1;
    return suspect < needed ? HISTORY_NEVER : at[needed - 1];
}

static void measure_detection(const struct history *h, int victim, struct samples *out)
{
    int64_t first = fail_ms(h, -1, victim), last = HISTORY_NEVER;
    for (int node = 0; node < h->nodes; node++) {
        last = later(last, fail_ms(h, node, victim));
    }
    add_span(out, MEASURE_KILL_TO_FAIL, 0, first);
    add_span(out, MEASURE_PFAIL_TO_FAIL, pfail_quorum_ms(h, victim), first);
    add_span(out, MEASURE_FAIL_SPREAD, first, last);
    int marker = history_next(h, -1, WHAT_FAIL, -1, victim);
    if (marker >= 0) {
        samples_add(out, MEASURE_FIRST_MARKER, h->master[h->list[marker].node] >= 0);
    }
}

static int count_of(const struct history *h, enum what what)
{
    int count = 0;
    for (int i = -1; (i = history_next(h, i, what, -1, -1)) >= 0;) {
        count++;
    }
    return count;
}

/* The first delay announced with this rank. */
static void measure_delay(const struct history *h, int64_t rank, enum measure measure,
                          struct samples *out)
{
    for (int i = -1; (i = history_next(h, i, WHAT_ELECTION_DELAYED, -1, -1)) >= 0;) {
        if (h->list[i].values[1] == rank) {
            samples_add(out, measure, h->list[i].values[0]);
            return;
        }
    }
}

static void measure_election(const struct history *h, int victim, struct samples *out)
{
    int won = history_next(h, -1, WHAT_ELECTION_WON, -1, -1);
    if (won < 0) {
        return;
    }
    int winner = h->list[won].node, starts = count_of(h, WHAT_ELECTION_STARTED), at_once = 0;
    int delayed = history_next(h, -1, WHAT_ELECTION_DELAYED, winner, -1);
    int64_t won_ms = h->list[won].at_ms, ok_ms = history_last(h, WHAT_STATE_OK, -1, -1);
    int64_t start_ms = history_last(h, WHAT_ELECTION_STARTED, winner, -1);
    measure_delay(h, 0, MEASURE_DELAY_RANK_0, out);
    measure_delay(h, 1, MEASURE_DELAY_RANK_1, out);
    if (delayed >= 0) {
        int64_t announced = h->list[delayed].at_ms;
        add_span(out, MEASURE_FAIL_TO_DELAYED, fail_ms(h, winner, victim), announced);
        if (starts == 1) {
            add_span(out, MEASURE_START_LATE, announced + h->list[delayed].values[0], start_ms);
        }
    }
    samples_add(out, MEASURE_STARTS, starts > 2 ? 2 : starts - 1);
    add_span(out, MEASURE_START_TO_WON, start_ms, won_ms);
    add_span(out, MEASURE_FAIL_TO_WON, fail_ms(h, -1, victim), won_ms);
    add_span(out, MEASURE_KILL_TO_WON, 0, won_ms);
    add_span(out, MEASURE_KILL_TO_OK, 0, ok_ms);
    add_span(out, MEASURE_WON_TO_OK, won_ms, ok_ms);
    for (int i = won; (i = history_next(h, i, WHAT_STATE_OK, -1, -1)) >= 0;) {
        at_once += h->list[i].node != winner && h->list[i].at_ms < won_ms + AT_ONCE_MS;
    }
    samples_add(out, MEASURE_OK_AT_ONCE, at_once);
    add_span(out, MEASURE_WON_TO_OWNER, won_ms, history_last(h, WHAT_POLLED_OWNER, -1, -1));
}

/* --- takeovers -------------------------------------------------------------------------------- */

/* Of the node's occurrences, from `from_ms` on only. */
static int64_t last_after(const struct history *h, enum what what, int node, int64_t from_ms)
{
    int64_t last = history_last(h, what, node, -1);
    return last < from_ms ? HISTORY_NEVER : last;
}

static void measure_takeovers(const struct history *h, struct samples *out)
{
    int64_t first = history_first(h, WHAT_TOLD, -1, -1), last = history_last(h, WHAT_TOLD, -1, -1);
    int64_t masters_ok = HISTORY_NEVER, replicas_ok = HISTORY_NEVER, follow = HISTORY_NEVER;
    int64_t fail_last = HISTORY_NEVER;
    add_span(out, MEASURE_KILL_TO_STATE_FAIL, 0, history_first(h, WHAT_STATE_FAIL, -1, -1));
    add_span(out, MEASURE_KILL_TO_STATE_FAIL_LAST, 0, history_last(h, WHAT_STATE_FAIL, -1, -1));
    for (int node = 0; node < h->nodes; node++) {
        int64_t told = history_first(h, WHAT_TOLD, node, -1);
        int64_t ok = last_after(h, WHAT_STATE_OK, node, first);
        masters_ok = told != HISTORY_NEVER ? later(masters_ok, ok) : masters_ok;
        replicas_ok = told == HISTORY_NEVER ? later(replicas_ok, ok) : replicas_ok;
        int64_t follows = last_after(h, WHAT_FOLLOWS, node, first);
        if (follows != HISTORY_NEVER) {
            int i = history_next(h, -1, WHAT_FOLLOWS, node, -1);
            follow = later(follow, follows - history_first(h, WHAT_TOLD, h->list[i].about, -1));
        }
        fail_last = later(fail_last, later(history_last(h, WHAT_FAIL, node, -1),
                                           history_last(h, WHAT_FAIL_RECEIVED, node, -1)));
    }
    add_span(out, MEASURE_TAKEOVER_TO_FAIL, first, fail_ms(h, -1, -1));
    add_span(out, MEASURE_TAKEOVER_TO_FAIL_LAST, first, fail_last);
    add_span(out, MEASURE_TAKEOVER_TO_MASTERS_OK, last, masters_ok);
    add_span(out, MEASURE_TAKEOVER_TO_REPLICAS_OK, last, replicas_ok);
    add_span(out, MEASURE_TAKEOVER_TO_FOLLOW, 0, follow);
}

/* --- failover by hand ------------------------------------------------------------------------- */

static void measure_manual(const struct history *h, struct samples *out)
{
    int won = history_next(h, -1, WHAT_ELECTION_WON, -1, -1);
    if (won < 0) {
        return;
    }
    int64_t asked = earlier(history_first(h, WHAT_FAILOVER_ASKED, -1, -1),
                            history_first(h, WHAT_FAILOVER_FORCED, -1, -1));
    int64_t start = history_first(h, WHAT_ELECTION_STARTED, -1, -1), won_ms = h->list[won].at_ms;
    int late = 0, old = h->master[h->list[won].node];
    add_span(out, MEASURE_ASKED_TO_OFFSET, asked, history_first(h, WHAT_FAILOVER_OFFSET, -1, -1));
    add_span(out, MEASURE_ASKED_TO_START, asked, start);
    add_span(out, MEASURE_START_TO_WON, start, won_ms);
    add_span(out, MEASURE_ASKED_TO_WON, asked, won_ms);
    for (int i = -1; (i = history_next(h, i, WHAT_VOTE_GRANTED, -1, -1)) >= 0;) {
        late += h->list[i].at_ms > start + AT_ONCE_MS;
    }
    samples_add(out, MEASURE_VOTES_LATE, late);
    add_span(out, MEASURE_WON_TO_OLD_MASTER, won_ms, history_first(h, WHAT_FOLLOWS, old, -1));
    add_span(out, MEASURE_WON_TO_OWNER, won_ms, history_last(h, WHAT_POLLED_OWNER, -1, -1));
}

/* --- SIGSTOP ---------------------------------------------------------------------------------- */

static void measure_pause(const struct history *h, int paused, struct samples *out)
{
    int node = h->list[paused].node;
    int64_t stop_ms = h->list[paused].values[0], pfail = history_first(h, WHAT_PFAIL, -1, node);
    int category = stop_ms < 1000 ? 0 : stop_ms < 2000 ? 4 : 8;
    if (history_first(h, WHAT_ELECTION_WON, -1, -1) != HISTORY_NEVER) {
        category += 3;
    } else if (fail_ms(h, -1, node) != HISTORY_NEVER) {
        category += 2;
    } else if (pfail != HISTORY_NEVER) {
        category += 1;
    }
    samples_add(out, MEASURE_PAUSE_OUTCOME, category);
    add_span(out, MEASURE_PAUSE_TO_PFAIL, 0, pfail);
}

/* --- restarts --------------------------------------------------------------------------------- */

static void measure_restart(const struct history *h, struct samples *out)
{
    int64_t ready = HISTORY_NEVER, replica = HISTORY_NEVER, link = HISTORY_NEVER;
    for (int i = -1; (i = history_next(h, i, WHAT_READY, -1, -1)) >= 0;) {
        int node = h->list[i].node;
        int64_t at = h->list[i].at_ms, follows = history_first(h, WHAT_FOLLOWS, node, -1);
        int64_t synced = history_first(h, WHAT_REPL_FINISHED, node, -1);
        ready = later(ready, at);
        replica = follows == HISTORY_NEVER ? replica : later(replica, follows - at);
        link = synced == HISTORY_NEVER ? link : later(link, synced - at);
    }
    add_span(out, MEASURE_READY_TO_REPLICA, 0, replica);
    add_span(out, MEASURE_READY_TO_LINK, 0, link);
    add_span(out, MEASURE_READY_TO_LINK_POLLED, ready, history_last(h, WHAT_POLLED_LINK, -1, -1));
    add_span(out, MEASURE_READY_TO_CLEAR, ready, history_first(h, WHAT_FAIL_CLEARED, -1, -1));
    add_span(out, MEASURE_READY_TO_CLEAR_LAST, ready, history_last(h, WHAT_FAIL_CLEARED, -1, -1));
    add_span(out, MEASURE_READY_TO_CLEAR_POLLED, ready, history_last(h, WHAT_POLLED_CLEAR, -1, -1));
}

void measure_run(const struct history *h, struct samples *out)
{
    int killed = history_next(h, -1, WHAT_KILLED, -1, -1);
    int paused = history_next(h, -1, WHAT_PAUSED, -1, -1);
    if (paused >= 0) {
        measure_pause(h, paused, out);
    } else if (history_next(h, -1, WHAT_STARTED, -1, -1) >= 0) {
        measure_restart(h, out);
    } else if (history_next(h, -1, WHAT_TAKEOVER, -1, -1) >= 0) {
        add_span(out, MEASURE_KILL_TO_PFAIL, 0, history_first(h, WHAT_PFAIL, -1, -1));
        measure_takeovers(h, out);
    } else if (history_next(h, -1, WHAT_TOLD, -1, -1) >= 0) {
        measure_manual(h, out);
    } else {
        assert_true(killed >= 0);
        int victim = h->list[killed].node;
        add_span(out, MEASURE_KILL_TO_PFAIL, 0, history_first(h, WHAT_PFAIL, -1, victim));
        measure_detection(h, victim, out);
        measure_election(h, victim, out);
    }
    if (h->counted) {
        samples_add(out, MEASURE_PINGS_SENT_ALL, h->rest[SENT_PING]);
        samples_add(out, MEASURE_PONGS_SENT_ALL, h->rest[SENT_PONG]);
        samples_add(out, MEASURE_FAILS_SENT, h->sent[SENT_FAIL]);
        samples_add(out, MEASURE_AUTH_REQS_SENT, h->sent[SENT_AUTH_REQ]);
        samples_add(out, MEASURE_AUTH_ACKS_SENT, h->sent[SENT_AUTH_ACK]);
        samples_add(out, MEASURE_UPDATES_SENT, h->sent[SENT_UPDATE]);
    }
}
