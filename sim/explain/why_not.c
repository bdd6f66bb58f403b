/* What held at an instant, and why something did not happen by then: the reasons the trace holds,
 * and what would have let each go on. */
#include <string.h>

#include "sim/explain/parts.h"
#include "sim/explain/sentence.h"

#include "sim/pure.h"

/* Reasons that end with the role they were given in. */
#define STANDING                                                                                   \
    "stand-unknown|stand-suspected|stand-forbidden|stand-empty|stand-old|stand-delay|stand-"       \
    "expired"                                                                                      \
    "|stand-votes"
#define MIGRATING                                                                                  \
    "migrate-off|migrate-few|migrate-not-most|migrate-state|migrate-barrier|migrate-not-me"        \
    "|migrate-wait"
#define FAILING "state-uncovered|state-minority|state-starting|state-rejoining"
#define STUCK                                                                                      \
    "failover-is-master|failover-no-master|failover-master-down|failover-no-offset"                \
    "|failover-behind|failover-no-votes"
/* What a replica that wants to be master goes through. */
#define ATTEMPTS                                                                                   \
    STANDING "|" RCS_REFUSALS "|election-delayed|election-rank|election-started|election-blocked"  \
             "|" ORDERED "|failover-behind"
/* Manual failovers, at the replica. */
#define ORDERED "failover-asked|failover-forced"

static const struct rcs_trace_event *event_at(const struct rcs_explanation *explanation, int place)
{
    return &explanation->events.list[place];
}

/* The place behind the last event not after `at_us`. */
static int end_of(const struct rcs_explanation *explanation, rcs_us at_us)
{
    int end = 0;
    while (end < (int)explanation->events.count && event_at(explanation, end)->at_us <= at_us) {
        end++;
    }
    return end;
}

static int last_of(const struct rcs_explanation *explanation, int end, int node, const char *list)
{
    return rcs_past_before(&explanation->past, end, node, list, RCS_ANYBODY);
}

#define HELP   "what would help: "
#define HELPED "what would have helped: "

static void tell_unblock(struct rcs_explanation *explanation, int place, unsigned depth,
                         const char *lead)
{
    const struct rcs_trace_event *event = event_at(explanation, place);
    const char *words = rcs_sentence_unblock(event->what);
    if (words == NULL) {
        return;
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, lead);
    rcs_sentence_fill(&text, &explanation->events, event, words);
    rcs_buf_add(&text, "", 1);
    rcs_state_text(explanation, depth, place, "unblock", text.data);
    rcs_buf_close(&text);
}

/* A reason with its causes, and what would help. */
static void tell_reason(struct rcs_explanation *explanation, int place, unsigned depth)
{
    rcs_chain_tell(explanation, place, depth);
    tell_unblock(explanation, place, depth + 1, HELP);
}

static void say_at(struct rcs_explanation *explanation, unsigned depth, int place, int node,
                   const char *what, const char *before, const char *after)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_format(&text, "%s%s%s", before, explanation->events.names[node], after);
    rcs_buf_add(&text, "", 1);
    rcs_state_text(explanation, depth, place, what, text.data);
    rcs_buf_close(&text);
}

static void say(struct rcs_explanation *explanation, int node, const char *what, const char *before,
                const char *after)
{
    say_at(explanation, 0, -1, node, what, before, after);
}

/* A node that does not run decides nothing: says so, and what would help. False if it runs. */
static bool tell_down(struct rcs_explanation *explanation, int node, int end)
{
    int fault = rcs_past_down(&explanation->past, end, node);
    if (fault < 0) {
        bool lacks = explanation->events.intact && last_of(explanation, end, node, "boot") < 0;
        if (lacks) {
            say(explanation, node, "down", "", " has not been started");
            say(explanation, node, "unblock", HELP "a start of ", "");
        }
        return lacks;
    }
    const char *what = event_at(explanation, fault)->what;
    int shutdown = last_of(explanation, end, node, "shutdown");
    if (strcmp(what, "stop") == 0 &&
        (shutdown < fault || last_of(explanation, end, node, "shutdown-failed") > shutdown)) {
        return false; /* it was asked to, and is not done */
    }
    bool paused = strcmp(what, "pause") == 0;
    say_at(explanation, 0, fault, node, "down", "", " has not run since then");
    rcs_chain_tell(explanation, fault, 1);
    say_at(explanation, 1, fault, node, "unblock",
           paused ? HELP "a resume of " : HELP "a start of ", "");
    return true;
}

/* --- what held -------------------------------------------------------------------------------- */

void rcs_why_at(struct rcs_explanation *explanation, int node, rcs_us at_us)
{
    int end = end_of(explanation, at_us);
    int role = last_of(explanation, end, node, RCS_ROLES);
    int first = last_of(explanation, end, node, "boot");
    int state = last_of(explanation, end, node, RCS_STATES);
    state = state < first ? -1 : state; /* a process begins with fail */
    if (role >= 0) {
        rcs_chain_tell(explanation, role, 0);
    }
    if (state >= 0) {
        rcs_chain_tell(explanation, state, 0);
    }
    if (tell_down(explanation, node, end)) {
        return;
    }
    /* A reason counts as long as what it held up did not happen. */
    int failing = last_of(explanation, end, node, FAILING);
    bool is_fail = state < 0 || strcmp(event_at(explanation, state)->what, "state-fail") == 0;
    if (is_fail && failing > state && failing > first) {
        tell_reason(explanation, failing, 0);
    } else if (is_fail && failing > first) { /* still that of the change */
        tell_unblock(explanation, failing, 0, HELP);
    }
    int standing = last_of(explanation, end, node, STANDING);
    if (standing > role && standing > first &&
        last_of(explanation, end, node, "election-delayed|pfail-cleared|fail-cleared") < standing) {
        tell_reason(explanation, standing, 0);
    }
    int failover = last_of(explanation, end, node, ORDERED "|failover-requested");
    int behind = last_of(explanation, end, node, "failover-behind");
    if (failover > role && failover > last_of(explanation, end, node, "boot|failover-timeout")) {
        rcs_chain_tell(explanation, failover, 0);
        if (behind > failover) {
            tell_reason(explanation, behind, 0);
        }
    }
    int migrating = last_of(explanation, end, node, MIGRATING);
    if (migrating > role && migrating > first) {
        tell_reason(explanation, migrating, 0);
    }
}

/* --- why not promoted ------------------------------------------------------------------------- */

/* Whom the node follows, as the last change of its role has it; -1 none. */
static int master_of(const struct rcs_explanation *explanation, int role)
{
    return role < 0 || rcs_past_word(RCS_MASTER_ROLES, event_at(explanation, role)->what)
               ? -1
               : event_at(explanation, role)->about;
}

/* Each thing the node went through as a replica. */
static void tell_attempts(struct rcs_explanation *explanation, int node, int from, int end)
{
    for (int at = from + 1; at < end; at++) {
        const struct rcs_trace_event *event = event_at(explanation, at);
        bool of_next = strcmp(event->what, "failover-behind") == 0 && at + 1 < end &&
                       strcmp(event_at(explanation, at + 1)->what, "failover-timeout") == 0;
        if (event->node == node && event->kind <= RCS_TRACE_CAUSE && !of_next &&
            rcs_past_word(ATTEMPTS, event->what)) {
            rcs_chain_tell(explanation, at, 0);
        }
    }
}

/* Refusals of votes that the node asked for. */
static void tell_refusals(struct rcs_explanation *explanation, int node, int from, int end)
{
    static const char rules[] = "vote-old-epoch|vote-spent|vote-of-master|vote-masterless"
                                "|vote-master-up|vote-spacing|vote-owner|vote-no-slots";
    for (int at = from + 1; at < end; at++) {
        const struct rcs_trace_event *event = event_at(explanation, at);
        bool of_node = event->by == node || (event->by < 0 && event->about == node);
        if (event->kind == RCS_TRACE_CAUSE && of_node && rcs_past_word(rules, event->what)) {
            tell_reason(explanation, at, 0);
        } else if (event->kind == RCS_TRACE_CAUSE && event->about == node &&
                   strcmp(event->what, "failover-not-replica") == 0) {
            tell_reason(explanation, at, 0);
        }
    }
}

/* Who became master in place of `master` meanwhile; the place of the last, -1 nobody. */
static int tell_winners(struct rcs_explanation *explanation, int master, int from, int end)
{
    int winner = -1;
    for (int at = from + 1; master >= 0 && at < end; at++) {
        const struct rcs_trace_event *event = event_at(explanation, at);
        if (event->about == master && event->kind == RCS_TRACE_MILESTONE &&
            strcmp(event->what, "promoted") == 0) {
            rcs_chain_tell(explanation, at, 0);
            winner = at;
        }
    }
    return winner;
}

static void no_reason(struct rcs_explanation *explanation, int node, int master, int role, int end)
{
    bool causes = false;
    for (size_t i = 0; i < explanation->events.count; i++) {
        causes = causes || explanation->events.list[i].kind == RCS_TRACE_CAUSE;
    }
    bool suspected =
        rcs_past_before(&explanation->past, end, node, "pfail|fail|fail-received", master) > role;
    if (!causes || !explanation->events.intact) {
        say(explanation, node, "missing", "(missing in this trace: why ",
            " did not stand for election; its lines are not there)");
    } else if (suspected) {
        say(explanation, node, "note", "nothing was decided: ",
            " suspected its master, but not for long enough to ask itself what to do");
    } else {
        say(explanation, node, "note", "nothing called for it: ",
            " never suspected its master, and nobody ordered it to fail over");
    }
}

/* A master is what it is asked to become, and may have been it before. */
static void tell_master(struct rcs_explanation *explanation, int node, int role)
{
    rcs_chain_tell(explanation, role, 0);
    say(explanation, node, "note", "",
        " has been a master since then, and a master does not stand for election");
}

/* What would let the node be promoted, or would have: `last` is the last reason it had, `winner`
 * the promotion of another one, `cleared` where its master answered again. */
static void tell_remedy(struct rcs_explanation *explanation, int node, int end, int role, int last,
                        int winner, int cleared)
{
    bool over =
        last >= 0 && cleared > last && rcs_past_word(STANDING, event_at(explanation, last)->what);
    if (over) {
        rcs_chain_tell(explanation, cleared, 0);
    }
    if (last >= 0) {
        tell_unblock(explanation, last, 0, over || winner > last ? HELPED : HELP);
    }
    if (winner > last && role >= 0 &&
        master_of(explanation, role) == event_at(explanation, winner)->node &&
        rcs_past_down(&explanation->past, end, event_at(explanation, winner)->node) < 0) {
        say_at(explanation, 0, winner, node, "unblock",
               "what would help now: `CLUSTER FAILOVER` at ", "");
    }
}

void rcs_why_not(struct rcs_explanation *explanation, int node, rcs_us at_us)
{
    int end = end_of(explanation, at_us);
    int role = last_of(explanation, end, node, RCS_ROLES);
    int role_before = role < 0 ? -1 : last_of(explanation, role, node, RCS_ROLES);
    bool follows = role >= 0 && strcmp(event_at(explanation, role)->what, "follows") == 0;
    bool lost = follows && role_before >= 0 && master_of(explanation, role_before) < 0;
    bool is_master = role >= 0 && master_of(explanation, role) < 0;
    if (role >= 0 && strcmp(event_at(explanation, role)->what, "promoted") == 0) {
        say(explanation, node, "note", "", " was promoted:");
        rcs_chain_tell(explanation, role, 0);
        return;
    }
    if (is_master) {
        tell_master(explanation, node, role);
    } else if (lost) {
        bool won = strcmp(event_at(explanation, role_before)->what, "promoted") == 0;
        say(explanation, node, "note", "",
            won ? " was promoted, and lost its slots again:"
                : " was a master, and lost its slots:");
        rcs_chain_tell(explanation, role, 0);
    } else if (role >= 0) {
        rcs_state_event(explanation, 0, role, "");
    }
    bool down = tell_down(explanation, node, end);
    if (role < 0 && !down) {
        say(explanation, node, "missing", "(missing in this trace: with which role ", " began)");
    }
    /* It may follow somebody because that one won: what it tried before is part of the answer. */
    int from = follows && !lost && role_before >= 0 ? role_before : role;
    size_t before = explanation->count;
    tell_attempts(explanation, node, from, end);
    tell_refusals(explanation, node, from, end);
    int winner = tell_winners(explanation, role < 0 ? -1 : master_of(explanation, from), from, end);
    int last = last_of(explanation, end, node, STANDING "|" STUCK);
    if (down || lost) {
        return;
    }
    int master = role < 0 || is_master ? -1 : master_of(explanation, role);
    int cleared = master < 0 ? -1
                             : rcs_past_before(&explanation->past, end, node,
                                               "pfail-cleared|fail-cleared", master);
    tell_remedy(explanation, node, end, role, last > from ? last : -1, winner, cleared);
    if (explanation->count == before && is_master) {
        say(explanation, node, "unblock",
            HELP "nothing while it owns slots; without any, `CLUSTER REPLICATE` at ",
            " makes it a replica");
    } else if (explanation->count == before && role >= 0) {
        no_reason(explanation, node, master_of(explanation, role), role, end);
    }
}
