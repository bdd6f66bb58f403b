/* Causal chains: which lines of a trace a decision rests on. The table says what each kind of
 * decision must have and where its causes stand; what must be there and is not is said to be
 * missing. */
#include <string.h>

#include <rcsim/bus.h>

#include "sim/explain/parts.h"

#include "sim/pure.h"

/* Chains deeper than this are cut, with a word about how to go on. */
#define DEPTH_MAX 40

/* Where a cause stands. */
enum where {
    STEP,  /* in front of the decision, weighed in the same step: each such line */
    SAME,  /* of the same node and instant */
    MINE,  /* of the same node, before */
    ABOUT, /* of the node it is about, before */
    BY,    /* of the node `by` */
    FAULT, /* the last fault that hit the node it is about */
    ORDER, /* the operator's command that was being carried out */
    VOTES, /* what became of the votes asked for */
};

/* Whom the cause must be about. */
enum whom { ANY, IT_ABOUT, IT_NODE };

/* When the rule holds. */
enum when { ALWAYS, ORDERED, NOT_ORDERED, AUTOMATIC, FAILED, SUSPECTED };

static const struct link {
    const char *of;
    enum where where;
    const char *list;
    enum whom whom;
    enum when when;
    /* A number of the decision that says how many there must be; NULL: one, if `missing`. */
    const char *number;
    const char *missing; /* NULL: need not be there */
} links[] = {
    /* clang-format off */
    { "promoted", STEP, "promoted-offset", ANY, ALWAYS, NULL, "how much of the data of {about} {node} had" },
    { "promoted", SAME, "election-won|takeover", IT_ABOUT, ALWAYS, NULL, "by what right (an election won, or a takeover)" },
    { "promoted", SAME, "epoch-won|epoch-bumped|epoch-stale|epoch-kept", ANY, ALWAYS, NULL, "where its epoch comes from" },
    { "takeover", ORDER, "", ANY, ALWAYS, NULL, "the order" },
    { "election-won", STEP, "epoch-stale", ANY, ALWAYS, NULL, NULL },
    { "election-won", VOTES, "vote-received", ANY, ALWAYS, "votes", "who voted for it" },
    { "election-won", MINE, "election-started", ANY, ALWAYS, NULL, "how its election began" },
    { "vote-received", ABOUT, "vote-granted", IT_NODE, ALWAYS, NULL, "why {about} voted for it" },
    { "vote-granted", STEP, "vote-weighed", ANY, ALWAYS, NULL, "which epochs {node} compared" },
    { "vote-granted", STEP, "vote-unsent", ANY, ALWAYS, NULL, NULL },
    { "vote-denied", STEP, "vote-old-epoch|vote-spent|vote-of-master|vote-masterless|vote-master-up|vote-spacing|vote-owner", ANY, ALWAYS, NULL, "by which rule {node} refuses" },
    { "vote-spent", MINE, "vote-granted", ANY, ALWAYS, NULL, "for whom {node} voted before" },
    { "election-started", STEP, "voters", ANY, ALWAYS, NULL, "who has a vote" },
    { "voters", STEP, "vote-asked|vote-not-asked", ANY, ALWAYS, "masters", "whom it asked" },
    { "election-started", MINE, "election-delayed", ANY, ALWAYS, NULL, "when it was scheduled" },
    { "election-delayed", STEP, "delay-parts|delay-none", ANY, ALWAYS, NULL, "the parts of the delay" },
    { "election-delayed", STEP, "data-age|data-any-age", ANY, AUTOMATIC, NULL, "how old its data was" },
    { "election-delayed", STEP, "rank-ahead", ANY, ALWAYS, "rank", "who is ahead of it" },
    { "election-delayed", STEP, "rank-behind|rank-skipped", ANY, ALWAYS, NULL, NULL },
    { "election-delayed", MINE, "fail|fail-received", IT_ABOUT, AUTOMATIC, NULL, "how {about} came to be FAIL" },
    { "delay-none", MINE, "failover-ready|failover-forced", ANY, ALWAYS, NULL, "the manual failover" },
    { "election-rank", STEP, "rank-ahead", ANY, ALWAYS, "rank", "who is ahead of it" },
    { "fail", STEP, "report|own-report", ANY, ALWAYS, "reports", "who reported it" },
    { "report", BY, "pfail|fail|fail-received", IT_ABOUT, ALWAYS, NULL, "how {by} came to suspect {about}" },
    { "own-report", MINE, "pfail", IT_ABOUT, ALWAYS, NULL, "how {node} came to suspect {about}" },
    { "fail-received", BY, "fail", IT_ABOUT, ALWAYS, NULL, "how {by} came to mark {about}" },
    { "pfail", FAULT, "", ANY, ALWAYS, NULL, NULL },
    { "fail-cleared", STEP, "fail-of-replica|fail-of-empty|fail-undo", ANY, ALWAYS, NULL, "by which rule" },
    { "state-fail", STEP, "state-minority|state-uncovered", ANY, ALWAYS, NULL, "by which rule: a minority, or slots that nobody serves" },
    { "state-uncovered", STEP, "state-unreached", ANY, ALWAYS, "unreached", "which masters it does not reach" },
    { "state-minority", STEP, "state-unreached", ANY, ALWAYS, "unreached", "which masters it does not reach" },
    { "state-unreached", MINE, "fail|fail-received", IT_ABOUT, FAILED, NULL, "how {node} came to mark {about}" },
    { "state-unreached", MINE, "pfail", IT_ABOUT, SUSPECTED, NULL, "how {node} came to suspect {about}" },
    { "state-ok", STEP, "state-majority", ANY, ALWAYS, NULL, "how many masters it reaches" },
    { "state-ok", STEP, "state-rejoined|state-replica|state-steady", ANY, ALWAYS, NULL, "whether it had to wait" },
    { "follows", STEP, "slots-lost", ANY, NOT_ORDERED, NULL, "which slots its master lost" },
    { "follows", SAME, "slots", IT_ABOUT, NOT_ORDERED, NULL, "the claim of {about}" },
    { "follows", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "slots", STEP, "slots-from|slots-unowned", ANY, ALWAYS, NULL, "whose they were before" },
    { "slots", ABOUT, "promoted|slots-added", ANY, ALWAYS, NULL, NULL },
    { "slots-added", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "follows-grandmaster", BY, RCS_ROLES, ANY, ALWAYS, NULL, "how {by} became a replica of {about}" },
    { "follows-orphan", STEP, "migrate-spare", ANY, ALWAYS, NULL, "whether {by} could spare it" },
    { "follows-orphan", STEP, "migrate-due", ANY, ALWAYS, NULL, "since when {about} had no replica" },
    { "replicates", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "reset-to-master", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "epoch-bumped", STEP, "epoch-max", ANY, ALWAYS, NULL, "which epochs it compared" },
    { "epoch-collision", STEP, "epoch-same", ANY, ALWAYS, NULL, "which epochs and ids it compared" },
    { "failover-asked", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "failover-forced", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "failover-requested", ABOUT, "failover-asked", ANY, ALWAYS, NULL, "why {about} asked" },
    { "failover-offset", ABOUT, "failover-requested", IT_NODE, ALWAYS, NULL, "why {about} holds its writes" },
    { "failover-ready", MINE, "failover-offset", ANY, ALWAYS, NULL, "which offset it had to reach" },
    { "failover-timeout", STEP, "failover-no-offset|failover-behind|failover-no-votes|failover-no-claim", ANY, ALWAYS, NULL, "what it still waited for" },
    { "failover-timeout", MINE, "failover-asked|failover-forced|failover-requested", ANY, ALWAYS, NULL, "how it began" },
    { "failover-no-offset", ABOUT, "failover-not-replica", IT_NODE, ALWAYS, NULL, NULL },
    { "failover-no-votes", VOTES, "vote-received", ANY, ALWAYS, "votes", "who voted for it" },
    { "failover-is-master", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "failover-no-master", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "failover-master-down", ORDER, "", ANY, ORDERED, NULL, "the order" },
    { "stand-suspected", MINE, "pfail", IT_ABOUT, ALWAYS, NULL, "how {node} came to suspect {about}" },
    { "stand-forbidden", MINE, "fail|fail-received", IT_ABOUT, ALWAYS, NULL, "how {about} came to be FAIL" },
    { "stand-empty", MINE, "fail|fail-received", IT_ABOUT, ALWAYS, NULL, "how {about} came to be FAIL" },
    { "stand-old", STEP, "stand-limit", ANY, ALWAYS, NULL, "what the limit is made of" },
    { "stand-old", MINE, "fail|fail-received", IT_ABOUT, ALWAYS, NULL, "how {about} came to be FAIL" },
    { "stand-delay", MINE, "election-delayed", ANY, ALWAYS, NULL, "how its election was scheduled" },
    { "stand-votes", VOTES, "vote-received", ANY, ALWAYS, "votes", "who voted for it" },
    { "fail-short", BY, "pfail|fail|fail-received", IT_ABOUT, ALWAYS, NULL, "how {by} came to suspect {about}" },
    /* clang-format on */
};
#define LINK_COUNT (sizeof(links) / sizeof(links[0]))

/* An election as it is told: from here on lies what became of the votes. */
#define VOTE_NEWS "vote-denied|vote-no-slots"

static const struct rcs_trace_event *event_at(const struct rcs_explanation *explanation, int place)
{
    return &explanation->events.list[place];
}

static bool ordered(const struct rcs_trace_event *event)
{
    return event->on != NULL && strcmp(event->on, "client-request") == 0;
}

static bool holds(const struct rcs_explanation *explanation, int place, enum when when)
{
    int64_t flags;
    switch (when) {
    case ALWAYS:
        return true;
    case ORDERED:
        return ordered(event_at(explanation, place));
    case NOT_ORDERED:
        return !ordered(event_at(explanation, place));
    case FAILED:
    case SUSPECTED:
        return rcs_trace_number(event_at(explanation, place), "flags", &flags) &&
               ((flags & RCS_NODE_FAIL) != 0) == (when == FAILED);
    case AUTOMATIC: /* no manual failover */
        return rcs_past_step(&explanation->past, place, place, "delay-none") < 0;
    }
    return false;
}

static int about_whom(const struct rcs_trace_event *event, enum whom whom)
{
    return whom == ANY ? RCS_ANYBODY : whom == IT_NODE ? event->node : event->about;
}

/* --- causes that may be several --------------------------------------------------------------- */

/* All lines of the same step, in their order; their number. */
static int64_t tell_step(struct rcs_explanation *explanation, int place, const struct link *link,
                         unsigned depth)
{
    int first = place;
    int64_t count = 0;
    for (int at = place; at >= 0;) {
        at = rcs_past_step(&explanation->past, place, at, link->list);
        if (at >= 0) {
            first = at;
            count++;
        }
    }
    for (int at = first; at < place; at++) {
        const struct rcs_trace_event *event = event_at(explanation, at);
        if (event->node == event_at(explanation, place)->node && event->kind == RCS_TRACE_CAUSE &&
            rcs_past_word(link->list, event->what)) {
            rcs_chain_tell(explanation, at, depth);
        }
    }
    return count;
}

/* What came of the votes that the node asked for last: those it counted, and who refused. */
static int64_t tell_votes(struct rcs_explanation *explanation, int place, const struct link *link,
                          unsigned depth)
{
    const struct rcs_trace_event *of = event_at(explanation, place);
    int start =
        rcs_past_before(&explanation->past, place, of->node, "election-started", RCS_ANYBODY);
    int64_t count = 0;
    for (int at = start + 1; start >= 0 && at < place; at++) {
        const struct rcs_trace_event *event = event_at(explanation, at);
        bool counted = event->node == of->node && rcs_past_word(link->list, event->what);
        bool refused = (event->about == of->node || event->by == of->node) &&
                       event->kind <= RCS_TRACE_CAUSE && rcs_past_word(VOTE_NEWS, event->what);
        bool uncounted = event->node == of->node && rcs_past_word("vote-uncounted", event->what);
        if (counted || refused || uncounted) {
            rcs_chain_tell(explanation, at, depth);
        }
        count += counted;
    }
    return count;
}

/* --- causes that are one ---------------------------------------------------------------------- */

static int order_of(const struct rcs_explanation *explanation, int place)
{
    int at = place;
    do {
        at = rcs_past_before(&explanation->past, at, -1, "command", RCS_ANYBODY);
    } while (at >= 0 && event_at(explanation, at)->kind != RCS_TRACE_NOTE);
    return at;
}

static int find(const struct rcs_explanation *explanation, int place, const struct link *link)
{
    const struct rcs_past *past = &explanation->past;
    const struct rcs_trace_event *event = event_at(explanation, place);
    int about = about_whom(event, link->whom), at = -1;
    switch (link->where) {
    case SAME:
        at = rcs_past_before(past, place, event->node, link->list, about);
        return at >= 0 && event_at(explanation, at)->at_us == event->at_us ? at : -1;
    case MINE:
        return rcs_past_before(past, place, event->node, link->list, about);
    case ABOUT:
        return event->about < 0 ? -1
                                : rcs_past_before(past, place, event->about, link->list, about);
    case BY:
        return event->by < 0 ? -1 : rcs_past_before(past, place, event->by, link->list, about);
    case FAULT:
        return event->about < 0 ? -1 : rcs_past_fault(past, place, event->about);
    case ORDER:
        return order_of(explanation, place);
    case STEP:
    case VOTES:
        break;
    }
    RCS_UNREACHABLE("such causes may be several");
}

static void tell_link(struct rcs_explanation *explanation, int place, const struct link *link,
                      unsigned depth)
{
    int64_t found = 0, wanted = 1;
    if (link->where == STEP) {
        found = tell_step(explanation, place, link, depth);
    } else if (link->where == VOTES) {
        found = tell_votes(explanation, place, link, depth);
    } else {
        int at = find(explanation, place, link);
        found = at >= 0;
        if (at >= 0) {
            rcs_chain_tell(explanation, at, depth);
        }
    }
    if (link->number != NULL &&
        !rcs_trace_number(event_at(explanation, place), link->number, &wanted)) {
        wanted = 0; /* the number itself is missing, which its sentence says */
    }
    if (link->missing != NULL && found < wanted) {
        rcs_state_missing(explanation, depth, place, link->missing);
    }
}

/* --- chains ----------------------------------------------------------------------------------- */

static bool has_links(const struct rcs_explanation *explanation, int place)
{
    const struct rcs_trace_event *event = event_at(explanation, place);
    for (size_t i = 0; i < LINK_COUNT && event->kind <= RCS_TRACE_CAUSE; i++) {
        if (strcmp(links[i].of, event->what) == 0) {
            return true;
        }
    }
    return false;
}

void rcs_chain_tell(struct rcs_explanation *explanation, int place, unsigned depth)
{
    bool again = explanation->told[place], deep = depth >= DEPTH_MAX;
    if (!has_links(explanation, place)) {
        rcs_state_event(explanation, depth, place, "");
        return;
    }
    rcs_state_event(explanation, depth, place,
                    again  ? " (told above)"
                    : deep ? " (goes on: ask for this node at that time)"
                           : "");
    if (again || deep) {
        return;
    }
    explanation->told[place] = true;
    const char *what = event_at(explanation, place)->what;
    for (size_t i = 0; i < LINK_COUNT; i++) {
        if (strcmp(links[i].of, what) == 0 && holds(explanation, place, links[i].when)) {
            tell_link(explanation, place, &links[i], depth + 1);
        }
    }
}
