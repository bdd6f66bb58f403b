/* Causal chains: which lines of a trace a decision rests on. The table says what each kind of
 * decision must have and where its causes stand; what must be there and is not is said to be
 * missing. */
#include <string.h>
#include <strings.h>

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
    FAULT, /* the fault for which the node hears nothing of the one it is about */
    ORDER, /* the operator's command that was being carried out; it holds a word of the list */
    VOTES, /* what became of the votes asked for in its epoch */
    LOST,  /* the request (MFSTART) to the one it is about, where a fault took it; the list is what
            * sent it */
};

/* Whom the cause must be about. */
enum whom { ANY, IT_ABOUT, IT_NODE, IT_OR_NOBODY };

/* When the rule holds. */
enum when { ALWAYS, ORDERED, NOT_ORDERED, AUTOMATIC, FAILED, SUSPECTED };

/* How a node comes to hold another for failing. */
#define LEARNED       "fail-loaded|fail-adopted"
#define SUSPECT_LINES "pfail|" LEARNED
#define FAILED_LINES  "fail|fail-received|" LEARNED
#define FAILING       "pfail|" FAILED_LINES

static const struct link {
    const char *of;
    enum where where;
    const char *list;
    enum whom whom;
    enum when when;
    const char *missing; /* what is missing without it; NULL: it need not be there */
    const char *number;  /* of the decision, how many there must be; NULL: one */
    const char *same;    /* a number that both have, or "mine=its"; NULL: none */
} links[] = {
    /* clang-format off */
    { "promoted", STEP, "promoted-offset", ANY, ALWAYS, .missing = "how much of the data of {about} {node} had" },
    { "promoted", SAME, "election-won|takeover", IT_ABOUT, ALWAYS, .missing = "by what right (an election won, or a takeover)" },
    { "promoted", SAME, "epoch-won|epoch-bumped|epoch-stale|epoch-kept", ANY, ALWAYS, .missing = "where its epoch comes from" },
    { "takeover", ORDER, "failover", ANY, ALWAYS, .missing = "the order" },
    { "election-won", VOTES, "vote-received", ANY, ALWAYS, .missing = "who voted for it", .number = "votes" },
    { "election-won", MINE, "election-started", ANY, ALWAYS, .missing = "how its election began", .same = "epoch" },
    { "vote-received", ABOUT, "vote-granted", IT_NODE, ALWAYS, .missing = "why {about} voted for it", .same = "epoch" },
    { "vote-granted", STEP, "vote-weighed", ANY, ALWAYS, .missing = "which epochs {node} compared" },
    { "vote-granted", STEP, "vote-unsent", ANY, ALWAYS, .missing = NULL },
    { "vote-denied", STEP, "vote-old-epoch|vote-spent|vote-of-master|vote-masterless|vote-master-up|vote-spacing|vote-owner", ANY, ALWAYS, .missing = "by which rule {node} refuses" },
    { "vote-spent", MINE, "vote-granted", ANY, ALWAYS, .missing = "for whom {node} voted before", .same = "last_vote_epoch=epoch" },
    { "election-started", STEP, "voters", ANY, ALWAYS, .missing = "who has a vote" },
    { "voters", STEP, "vote-asked|vote-not-asked", ANY, ALWAYS, .missing = "whom it asked", .number = "masters" },
    { "election-started", MINE, "election-delayed", ANY, ALWAYS, .missing = "when it was scheduled" },
    { "election-delayed", STEP, "delay-parts|delay-none", ANY, ALWAYS, .missing = "the parts of the delay" },
    { "election-delayed", STEP, "data-age|data-any-age", ANY, AUTOMATIC, .missing = "how old its data was" },
    { "election-delayed", STEP, "rank-ahead|rank-by-name", ANY, ALWAYS, .missing = "who is ahead of it", .number = "rank" },
    { "election-delayed", STEP, "rank-behind|rank-skipped", ANY, ALWAYS, .missing = NULL },
    { "election-delayed", MINE, FAILED_LINES, IT_ABOUT, AUTOMATIC, .missing = "how {about} came to be FAIL" },
    { "delay-none", MINE, "failover-asked|failover-forced", ANY, ALWAYS, .missing = "the manual failover" },
    { "delay-none", MINE, "failover-ready|failover-forced|" FAILED_LINES, IT_OR_NOBODY, ALWAYS, .missing = "what let it stand" },
    { "election-rank", STEP, "rank-ahead|rank-by-name", ANY, ALWAYS, .missing = "who is ahead of it", .number = "rank" },
    { "fail", STEP, "report|own-report", ANY, ALWAYS, .missing = "who reported it", .number = "reports" },
    { "report", BY, FAILING, IT_ABOUT, ALWAYS, .missing = "how {by} came to suspect {about}" },
    { "own-report", MINE, SUSPECT_LINES, IT_ABOUT, ALWAYS, .missing = "how {node} came to suspect {about}" },
    { "fail-received", BY, "fail", IT_ABOUT, ALWAYS, .missing = "how {by} came to mark {about}" },
    { "pfail", FAULT, "", ANY, ALWAYS, .missing = NULL },
    { "fail-cleared", STEP, "fail-of-replica|fail-of-empty|fail-undo", ANY, ALWAYS, .missing = "by which rule" },
    { "state-fail", STEP, "state-minority|state-uncovered", ANY, ALWAYS, .missing = "by which rule: a minority, or slots that nobody serves" },
    { "state-uncovered", STEP, "state-unreached", ANY, ALWAYS, .missing = "which masters it does not reach", .number = "unreached" },
    { "state-uncovered", SAME, "slots-deleted", ANY, ALWAYS, .missing = NULL },
    { "slots-deleted", ORDER, "delslots|flushslots|cli", ANY, ORDERED, .missing = "the order" },
    { "state-minority", STEP, "state-unreached", ANY, ALWAYS, .missing = "which masters it does not reach", .number = "unreached" },
    { "state-unreached", MINE, FAILED_LINES, IT_ABOUT, FAILED, .missing = "how {node} came to mark {about}" },
    { "state-unreached", MINE, SUSPECT_LINES, IT_ABOUT, SUSPECTED, .missing = "how {node} came to suspect {about}" },
    { "state-ok", STEP, "state-majority", ANY, ALWAYS, .missing = "how many masters it reaches" },
    { "state-ok", STEP, "state-rejoined|state-replica|state-steady", ANY, ALWAYS, .missing = "whether it had to wait" },
    { "follows", STEP, "slots-lost", ANY, NOT_ORDERED, .missing = "which slots its master lost" },
    { "follows", SAME, "slots", IT_ABOUT, NOT_ORDERED, .missing = "the claim of {about}" },
    { "follows", ORDER, "setslot|cli", ANY, ORDERED, .missing = "the order" },
    { "slots", STEP, "slots-from|slots-unowned", ANY, ALWAYS, .missing = "whose they were before" },
    { "slots", ABOUT, "promoted", ANY, ALWAYS, .missing = NULL, .same = "epoch" },
    { "slots", ABOUT, "epoch-collision|epoch-set", ANY, ALWAYS, .missing = NULL, .same = "epoch" },
    { "follows-grandmaster", BY, RCS_ROLES, IT_ABOUT, ALWAYS, .missing = "how {by} became a replica of {about}" },
    { "follows-orphan", STEP, "migrate-spare", ANY, ALWAYS, .missing = "whether {by} could spare it" },
    { "follows-orphan", STEP, "migrate-due", ANY, ALWAYS, .missing = "since when {about} had no replica" },
    { "replicates", ORDER, "replicate|cli", ANY, ORDERED, .missing = "the order" },
    { "reset-to-master", ORDER, "reset|cli", ANY, ORDERED, .missing = "the order" },
    { "epoch-bumped", STEP, "epoch-max", ANY, ALWAYS, .missing = "which epochs it compared" },
    { "epoch-collision", STEP, "epoch-same", ANY, ALWAYS, .missing = "which epochs and ids it compared" },
    { "failover-asked", ORDER, "failover", ANY, ORDERED, .missing = "the order" },
    { "failover-forced", ORDER, "failover", ANY, ORDERED, .missing = "the order" },
    { "failover-requested", ABOUT, "failover-asked", ANY, ALWAYS, .missing = "why {about} asked" },
    { "failover-offset", ABOUT, "failover-requested", IT_NODE, ALWAYS, .missing = "why {about} holds its writes" },
    { "failover-ready", MINE, "failover-offset", ANY, ALWAYS, .missing = "which offset it had to reach" },
    { "failover-timeout", STEP, "failover-no-offset|failover-behind|failover-no-votes|failover-no-claim", ANY, ALWAYS, .missing = "what it still waited for" },
    { "failover-timeout", MINE, "failover-asked|failover-forced|failover-requested", ANY, ALWAYS, .missing = "how it began" },
    { "failover-no-offset", ABOUT, "failover-not-replica", IT_NODE, ALWAYS, .missing = NULL },
    { "failover-no-offset", LOST, "failover-asked", ANY, ALWAYS, .missing = NULL },
    { "failover-no-votes", VOTES, "vote-received", ANY, ALWAYS, .missing = "who voted for it", .number = "votes" },
    { "failover-is-master", ORDER, "failover", ANY, ORDERED, .missing = "the order" },
    { "failover-no-master", ORDER, "failover", ANY, ORDERED, .missing = "the order" },
    { "failover-master-down", ORDER, "failover", ANY, ORDERED, .missing = "the order" },
    { "stand-suspected", MINE, SUSPECT_LINES, IT_ABOUT, ALWAYS, .missing = "how {node} came to suspect {about}" },
    { "stand-forbidden", MINE, FAILED_LINES, IT_ABOUT, ALWAYS, .missing = "how {about} came to be FAIL" },
    { "stand-empty", MINE, FAILED_LINES, IT_ABOUT, ALWAYS, .missing = "how {about} came to be FAIL" },
    { "stand-old", STEP, "stand-limit", ANY, ALWAYS, .missing = "what the limit is made of" },
    { "stand-old", MINE, FAILED_LINES, IT_ABOUT, ALWAYS, .missing = "how {about} came to be FAIL" },
    { "stand-delay", MINE, "election-delayed", ANY, ALWAYS, .missing = "how its election was scheduled" },
    { "stand-votes", VOTES, "vote-received", ANY, ALWAYS, .missing = "who voted for it", .number = "votes" },
    { "fail-short", BY, FAILING, IT_ABOUT, ALWAYS, .missing = "how {by} came to suspect {about}" },
    /* clang-format on */
};
#define LINK_COUNT (sizeof(links) / sizeof(links[0]))

/* What ends what a line said: with such a line of the same node behind it, it is no cause any more.
 * `about`: it must be about the same node, or about nobody or its own. */
static const struct end {
    const char *of, *by;
    bool about;
} ends[] = {
    { SUSPECT_LINES, "pfail-cleared|fail-cleared|boot", true },
    { "fail|fail-received", "fail-cleared|boot", true },
    { "election-delayed", "election-started", false },
    { "failover-asked|failover-forced", "failover-timeout|promoted", false },
    { "failover-ready", "failover-timeout|promoted|failover-asked|failover-forced", false },
    { "failover-offset", "failover-timeout|promoted|failover-asked", false },
    { "failover-requested", "failover-timeout|follows", false },
    { RCS_ROLES, RCS_ROLES, false },
};

/* What else than votes an election may bring. */
#define VOTE_NEWS "vote-denied|vote-no-slots|vote-unsent"

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

static bool about_fits(const struct rcs_trace_event *of, const struct rcs_trace_event *cause,
                       enum whom whom)
{
    switch (whom) {
    case ANY:
        return true;
    case IT_ABOUT:
        return cause->about == of->about;
    case IT_NODE:
        return cause->about == of->node;
    case IT_OR_NOBODY:
        return cause->about == of->about || cause->about < 0;
    }
    return false;
}

/* True if both have the number; `same` is its name, or the two names with = in between. */
static bool number_fits(const struct rcs_trace_event *of, const struct rcs_trace_event *cause,
                        const char *same)
{
    if (same == NULL) {
        return true;
    }
    char mine[32];
    size_t length = strcspn(same, "=");
    RCS_ASSERT(length < sizeof(mine));
    memcpy(mine, same, length);
    mine[length] = '\0';
    int64_t a, b;
    return rcs_trace_number(of, mine, &a) &&
           rcs_trace_number(cause, same[length] == '=' ? same + length + 1 : mine, &b) && a == b;
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

/* The fault "dropped" that took what was sent at `sent`, and the order behind it; false if there is
 * none. */
static bool tell_dropped(struct rcs_explanation *explanation, int sent, int type, int from, int to,
                         unsigned depth)
{
    int at = rcs_past_dropped(&explanation->past, sent, type, from, to);
    int order = at < 0 ? -1 : rcs_past_drop(&explanation->past, at);
    if (at >= 0) {
        rcs_state_event(explanation, depth, at, "");
    }
    if (order >= 0) {
        rcs_state_event(explanation, depth + 1, order, "");
    }
    return at >= 0;
}

/* Why `to` has at `place` heard nothing of what `from` sent it at `sent`. */
static void tell_unheard(struct rcs_explanation *explanation, int sent, int place, int type,
                         int from, int to, unsigned depth)
{
    if (tell_dropped(explanation, sent, type, from, to, depth)) {
        return;
    }
    int fault = rcs_past_down(&explanation->past, place, to);
    fault = fault >= 0 ? fault : rcs_past_fault(&explanation->past, place, to, from);
    if (fault >= 0) {
        rcs_state_event(explanation, depth, fault, "");
    }
}

/* Votes of the election that began at `start` which the candidate has not got at `place`. */
static void tell_unarrived(struct rcs_explanation *explanation, int start, int place,
                           unsigned depth)
{
    int node = event_at(explanation, start)->node;
    for (int at = start + 1; at < place; at++) {
        const struct rcs_trace_event *event = event_at(explanation, at);
        if (strcmp(event->what, "vote-granted") != 0 || event->about != node ||
            !number_fits(event_at(explanation, start), event, "epoch") ||
            rcs_past_before(&explanation->past, place, node, "vote-received|vote-uncounted",
                            event->node) > at ||
            rcs_past_step(&explanation->past, at, at, "vote-unsent") >= 0) {
            continue;
        }
        rcs_state_event(explanation, depth, at, ", but its vote has not arrived");
        tell_unheard(explanation, at, place, RCS_BUS_AUTH_ACK, event->node, node, depth + 1);
    }
}

/* Those who were asked in the election that began at `start` and neither voted nor refused. */
static void tell_silent(struct rcs_explanation *explanation, int start, int place, unsigned depth)
{
    int node = event_at(explanation, start)->node, first = start;
    for (int at = start; at >= 0;) {
        first = at;
        at = rcs_past_step(&explanation->past, start, at, "vote-asked");
    }
    for (int at = first; at < start; at++) {
        int voter = event_at(explanation, at)->about;
        if (event_at(explanation, at)->node != node || voter < 0 ||
            !rcs_past_word("vote-asked", event_at(explanation, at)->what) ||
            rcs_past_before(&explanation->past, place, voter,
                            "vote-granted|vote-denied|vote-no-slots", node) > start) {
            continue;
        }
        rcs_state_event(explanation, depth, at, ", and has not answered");
        tell_unheard(explanation, start, place, RCS_BUS_AUTH_REQUEST, node, voter, depth + 1);
    }
}

/* What came of the votes that the node asked for in the decision's epoch: those it counted, their
 * number, and who refused. */
static int64_t tell_votes(struct rcs_explanation *explanation, int place, const struct link *link,
                          unsigned depth)
{
    const struct rcs_trace_event *of = event_at(explanation, place);
    int start = place;
    do {
        start =
            rcs_past_before(&explanation->past, start, of->node, "election-started", RCS_ANYBODY);
    } while (start >= 0 && !number_fits(of, event_at(explanation, start), "epoch"));
    int64_t count = 0, votes = -1;
    for (int at = start + 1; at < place; at++) {
        const struct rcs_trace_event *event = event_at(explanation, at);
        bool mine = event->node == of->node;
        bool counted =
            mine && rcs_past_word(link->list, event->what) && number_fits(of, event, "epoch");
        bool refused = (event->about == of->node || event->by == of->node) &&
                       event->kind <= RCS_TRACE_CAUSE && rcs_past_word(VOTE_NEWS, event->what);
        bool uncounted = mine && rcs_past_word("vote-uncounted", event->what);
        if (counted || (start >= 0 && (refused || uncounted))) {
            rcs_chain_tell(explanation, at, depth);
        }
        count += counted;
    }
    /* Where all that were counted are there, a vote that was given and not counted is on its way.
     */
    if (start >= 0 && rcs_trace_number(of, "votes", &votes) && votes == count) {
        tell_unarrived(explanation, start, place, depth);
        if (explanation->events.intact && strcmp(of->what, "election-won") != 0) {
            tell_silent(explanation, start, place, depth);
        }
    }
    return count;
}

/* --- causes that are one ---------------------------------------------------------------------- */

static bool holds_word(const char *text, const char *list)
{
    for (const char *at = list; *at != '\0';) {
        size_t length = strcspn(at, "|");
        for (const char *c = text; *c != '\0'; c++) {
            if (strncasecmp(c, at, length) == 0) {
                return true;
            }
        }
        at += length + (at[length] == '|');
    }
    return false;
}

static int order_of(const struct rcs_explanation *explanation, int place, const char *list)
{
    int at = place;
    while (true) {
        at = rcs_past_before(&explanation->past, at, -1, "command", RCS_ANYBODY);
        if (at < 0) {
            return -1;
        }
        const struct rcs_trace_event *event = event_at(explanation, at);
        if (event->kind == RCS_TRACE_NOTE && event->text != NULL && holds_word(event->text, list)) {
            return at;
        }
    }
}

/* The line before `place` that ended what `at` said; -1 none. */
static int end_of(const struct rcs_explanation *explanation, int at, int place)
{
    const struct rcs_trace_event *of = event_at(explanation, at);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (!rcs_past_word(ends[i].of, of->what)) {
            continue;
        }
        for (int end = place; end > at;) {
            end = rcs_past_before(&explanation->past, end, of->node, ends[i].by, RCS_ANYBODY);
            int about = end < 0 ? -1 : event_at(explanation, end)->about;
            if (end > at &&
                (!ends[i].about || about < 0 || about == of->about || about == of->node)) {
                return end;
            }
        }
    }
    return -1;
}

/* Where the time ends at which the cause was said: a report is as old as its age, and what its
 * author saw since then does not matter. */
static int said_before(const struct rcs_explanation *explanation, int place)
{
    const struct rcs_trace_event *of = event_at(explanation, place);
    int64_t age_ms;
    if (strcmp(of->what, "report") != 0 || !rcs_trace_number(of, "age_ms", &age_ms) ||
        age_ms <= 1) {
        return place;
    }
    int at = place;
    while (at > 0 && /* whole milliseconds: one less to be sure */
           (of->at_us - event_at(explanation, at - 1)->at_us) / 1000 < age_ms - 1) {
        at--;
    }
    return at;
}

/* The last line of the node that fits. If something ended it since, *end says so: it may be that
 * the news of that had not arrived; but where lines are missing, it may be that the right one is,
 * and the old one is not taken for it. */
static int find_of(const struct rcs_explanation *explanation, int place, int node,
                   const struct link *link, int *end)
{
    const struct rcs_trace_event *of = event_at(explanation, place);
    place = said_before(explanation, place);
    int at = place;
    do {
        at = node < 0 ? -1 : rcs_past_before(&explanation->past, at, node, link->list, RCS_ANYBODY);
    } while (at >= 0 && !(about_fits(of, event_at(explanation, at), link->whom) &&
                          number_fits(of, event_at(explanation, at), link->same)));
    *end = at < 0 || link->where == SAME ? -1 : end_of(explanation, at, place);
    return *end >= 0 && !explanation->events.intact ? -1 : at;
}

static int find(const struct rcs_explanation *explanation, int place, const struct link *link,
                int *end)
{
    const struct rcs_trace_event *event = event_at(explanation, place);
    int at;
    switch (link->where) {
    case SAME:
        at = find_of(explanation, place, event->node, link, end);
        return at >= 0 && event_at(explanation, at)->at_us == event->at_us ? at : -1;
    case MINE:
        return find_of(explanation, place, event->node, link, end);
    case ABOUT:
        return find_of(explanation, place, event->about, link, end);
    case BY:
        return find_of(explanation, place, event->by, link, end);
    case FAULT:
        return event->about < 0
                   ? -1
                   : rcs_past_fault(&explanation->past, place, event->node, event->about);
    case ORDER:
        return order_of(explanation, place, link->list);
    case STEP:
    case VOTES:
    case LOST:
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
    } else if (link->where == LOST) {
        const struct rcs_trace_event *of = event_at(explanation, place);
        int asked = rcs_past_before(&explanation->past, place, of->node, link->list, RCS_ANYBODY);
        found = asked >= 0 &&
                tell_dropped(explanation, asked, RCS_BUS_MFSTART, of->node, of->about, depth);
    } else {
        int end = -1, at = find(explanation, place, link, &end);
        found = at >= 0;
        if (at >= 0) {
            rcs_chain_tell(explanation, at, depth);
        }
        if (at >= 0 && end >= 0) {
            rcs_state_event(explanation, depth, end, ", which came too late");
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
