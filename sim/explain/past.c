#include "sim/explain/past.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

/* Faults after which a process does nothing. */
#define ENDS "kill|stop|pause|poweroff"

void rcs_past_init(struct rcs_past *past, const struct rcs_trace_events *events)
{
    past->events = events;
    past->places = calloc(events->count + 1, sizeof(past->places[0]));
    past->first_of = calloc((size_t)events->name_count + 3, sizeof(past->first_of[0]));
    RCS_ASSERT(past->places != NULL && past->first_of != NULL);
    /* A counting sort by node: how many, where each begins, and, once all are placed, where each
     * ends, which is where the next begins. */
    for (size_t i = 0; i < events->count; i++) {
        past->first_of[events->list[i].node + 3]++;
    }
    for (unsigned node = 0; node < events->name_count + 1; node++) {
        past->first_of[node + 2] += past->first_of[node + 1];
    }
    for (size_t i = 0; i < events->count; i++) {
        past->places[past->first_of[events->list[i].node + 2]++] = (int)i;
    }
}

void rcs_past_close(struct rcs_past *past)
{
    free(past->places);
    free(past->first_of);
    *past = (struct rcs_past){ 0 };
}

bool rcs_past_word(const char *list, const char *what)
{
    size_t size = strlen(what);
    for (const char *at = list; *at != '\0';) {
        size_t length = strcspn(at, "|");
        if (length == size && memcmp(at, what, size) == 0) {
            return true;
        }
        at += length + (at[length] == '|');
    }
    return false;
}

/* Where the node's places before `place` end. */
static int end_before(const struct rcs_past *past, int place, int node)
{
    int low = past->first_of[node + 1], high = past->first_of[node + 2];
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (past->places[middle] < place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int rcs_past_before(const struct rcs_past *past, int place, int node, const char *list, int about)
{
    if (node < -1) {
        return -1;
    }
    for (int i = end_before(past, place, node); i-- > past->first_of[node + 1];) {
        const struct rcs_trace_event *event = &past->events->list[past->places[i]];
        if ((about == RCS_ANYBODY || event->about == about) && rcs_past_word(list, event->what)) {
            return past->places[i];
        }
    }
    return -1;
}

/* Is `node` one of nodes[from..to)? */
static bool names(const struct rcs_trace_event *fault, unsigned from, unsigned to, int node)
{
    for (unsigned i = from; i < to; i++) {
        if (fault->nodes[i] == node) {
            return true;
        }
    }
    return false;
}

/* The ways between two nodes that a partition or a healing speaks of. */
enum ways { NO_WAY, THERE = 1, BACK = 2, BOTH_WAYS = 3 };

static unsigned ways_of(const struct rcs_trace_event *fault, int a, int b)
{
    unsigned side = fault->side_count, all = fault->node_count;
    unsigned ways = (names(fault, 0, side, a) && names(fault, side, all, b) ? THERE : NO_WAY) |
                    (names(fault, 0, side, b) && names(fault, side, all, a) ? BACK : NO_WAY);
    bool oneway = rcs_past_word("partition-oneway|heal-oneway", fault->what);
    return ways == NO_WAY || oneway ? ways : BOTH_WAYS;
}

int rcs_past_fault(const struct rcs_past *past, int place, int node, int about)
{
    int first = -1;
    bool runs = false;        /* from there on */
    unsigned healed = NO_WAY; /* ways that are open from there on */
    for (int i = end_before(past, place, -1); i-- > past->first_of[0];) {
        const struct rcs_trace_event *event = &past->events->list[past->places[i]];
        if (event->kind != RCS_TRACE_FAULT) {
            continue;
        }
        unsigned ways = ways_of(event, node, about);
        if (rcs_past_word("heal|heal-oneway", event->what)) {
            healed |= event->node_count == 0 ? BOTH_WAYS : ways;
        } else if (rcs_past_word(RCS_PARTITIONS, event->what)) {
            first = (ways & ~healed) != NO_WAY ? past->places[i] : first;
        } else if (names(event, 0, event->node_count, about)) {
            runs = runs || rcs_past_word("start|resume", event->what);
            first = !runs && rcs_past_word(ENDS, event->what) ? past->places[i] : first;
        }
    }
    return first;
}

int rcs_past_down(const struct rcs_past *past, int place, int node)
{
    for (int i = end_before(past, place, -1); i-- > past->first_of[0];) {
        const struct rcs_trace_event *event = &past->events->list[past->places[i]];
        if (event->kind == RCS_TRACE_FAULT && names(event, 0, event->node_count, node)) {
            if (rcs_past_word("start|resume", event->what)) {
                return -1;
            }
            if (rcs_past_word(ENDS, event->what)) {
                return past->places[i];
            }
        }
    }
    return -1;
}

/* The last fault of that name before `place`; -1 none. */
static int fault_before(const struct rcs_past *past, int place, const char *what)
{
    for (int i = end_before(past, place, -1); i-- > past->first_of[0];) {
        const struct rcs_trace_event *event = &past->events->list[past->places[i]];
        if (event->kind == RCS_TRACE_FAULT && strcmp(event->what, what) == 0) {
            return past->places[i];
        }
    }
    return -1;
}

/* The next event like that one, or the end of the list. */
static int next_like(const struct rcs_past *past, int place)
{
    const struct rcs_trace_event *list = past->events->list;
    int at = place + 1;
    while (at < (int)past->events->count &&
           !(list[at].node == list[place].node && list[at].kind == list[place].kind &&
             strcmp(list[at].what, list[place].what) == 0)) {
        at++;
    }
    return at;
}

int rcs_past_dropped(const struct rcs_past *past, int place, int type, int from, int to)
{
    int at = next_like(past, place), first = -1;
    while ((at = fault_before(past, at, "dropped")) > place) {
        struct rcs_trace_drop drop = rcs_trace_drop(&past->events->list[at]);
        first = drop.type == type && drop.from == from && drop.to == to ? at : first;
    }
    return first;
}

int rcs_past_drop(const struct rcs_past *past, int dropped)
{
    struct rcs_trace_drop of = rcs_trace_drop(&past->events->list[dropped]);
    int at = dropped;
    while ((at = fault_before(past, at, "drop")) >= 0) {
        struct rcs_trace_drop rule = rcs_trace_drop(&past->events->list[at]);
        if ((rule.type < 0 || rule.type == of.type) && (rule.from < 0 || rule.from == of.from) &&
            (rule.to < 0 || rule.to == of.to)) {
            break;
        }
    }
    return at;
}

int rcs_past_step(const struct rcs_past *past, int place, int from, const char *list)
{
    const struct rcs_trace_event *of = &past->events->list[place];
    for (int i = end_before(past, from, of->node); i-- > past->first_of[of->node + 1];) {
        const struct rcs_trace_event *event = &past->events->list[past->places[i]];
        /* A decision's causes stand right in front of it: what another decision of the same kind
         * weighed stands beyond that one. */
        if (event->at_us != of->at_us ||
            (event->kind == of->kind && strcmp(event->what, of->what) == 0)) {
            return -1;
        }
        if (event->kind == RCS_TRACE_CAUSE && rcs_past_word(list, event->what)) {
            return past->places[i];
        }
    }
    return -1;
}
