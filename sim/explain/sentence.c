#include "sim/explain/sentence.h"

#include <string.h>

#include <rcsim/bus.h>

#include "sim/pure.h"

/* clang-format off */
static const struct row {
    const char *what, *words;
    const char *unblock; /* NULL: it holds up nothing */
} rows[] = {
    /* roles */
    { "promoted", "{node} is master now, in place of {about}: epoch {epoch}, {slots} {slots?slot|slots}", NULL },
    { "follows", "{node} becomes a replica of {about}, which claims the slots with epoch {epoch}", NULL },
    { "follows-order", "{node} becomes a replica of {about}, which was given its last slot", NULL },
    { "reset-to-master", "{node} is a master again: it was reset and no longer follows {about}", NULL },
    { "follows-grandmaster", "{node} becomes a replica of {about}, the master of {by}: its own master is a replica itself", NULL },
    { "follows-orphan", "{node} leaves {by} and becomes a replica of {about}, which has no working one", NULL },
    { "replicates", "{node} becomes a replica of {about}", NULL },
    { "starts-as-master", "{node} starts as a master, with {slots} {slots?slot|slots}", NULL },
    { "starts-as-replica", "{node} starts as a replica of {about}, as its nodes.conf says", NULL },
    { "peer-master", "{node} sees {about} as a master", NULL },
    { "peer-replica", "{node} sees {about} as a replica of {by}", NULL },
    /* failure detection */
    { "pfail", "{node} suspects {about} (fail?): a ping is unanswered for {ping_age_ms} ms, nothing came for {data_age_ms} ms, allowed are {timeout_ms} ms", NULL },
    { "pfail-cleared", "{node} no longer suspects {about}: it answers", NULL },
    { "fail", "{node} marks {about} as FAIL: {reports} {reports?says|say} so, {needed} {needed?is|are} needed", NULL },
    { "report", "{by} reports {about}, {age_ms} ms ago", NULL },
    { "own-report", "{node} is a master and suspects {about} itself", NULL },
    { "fail-loaded", "{node} starts with {about} as {flags}: its nodes.conf says so", NULL },
    { "fail-adopted", "{node} hears of {about} for the first time, from {by} and as {flags}", NULL },
    { "fail-short", "{by} reports {about} to {node}: {reports} {reports?says|say} so, but {needed} of {size} {size?master|masters} {needed?is|are} needed",
      "{needed} {needed?master that says|masters that say} {about} fails" },
    { "fail-received", "{node} marks {about} as FAIL: {by} says that a quorum agreed", NULL },
    { "fail-cleared", "{node} clears FAIL of {about}", NULL },
    { "fail-of-replica", "{about} is a replica: it answers again after {failed_for_ms} ms, and that is enough", NULL },
    { "fail-of-empty", "{about} is a master without slots: it answers again after {failed_for_ms} ms, and that is enough", NULL },
    { "fail-undo", "{about} still owns its slots: FAIL for {failed_for_ms} ms, more than {limit_ms} ms, and nobody took them", NULL },
    { "fail-kept", "{about} answers, but stays FAIL at {node}: it owns slots and has been FAIL for {failed_for_ms} ms only, more than {limit_ms} ms are needed",
      "time: more than {limit_ms} ms of FAIL without anybody taking the slots of {about}" },
    /* cluster_state */
    { "state-fail", "{node}: cluster state changed to fail", NULL },
    { "state-ok", "{node}: cluster state changed to ok", NULL },
    { "state-uncovered", "{node} sees {uncovered} {uncovered?slot|slots} served by nobody ({unowned} without owner; {unreached} {unreached?owner|owners} not reached), and cluster-require-full-coverage is on",
      "an owner without FAIL for each of these slots" },
    { "state-minority", "{node} reaches {reachable} {reachable?master|masters} with slots and does not reach {unreached}; {needed} {needed?is|are} needed",
      "contact with {needed} {needed?master|masters} with slots" },
    { "state-unreached", "{node} sees {about} as {flags}; it owns {slots} {slots?slot|slots}", NULL },
    { "state-starting", "{node} is a master that looked at its cluster for the first time {up_ms} ms ago: it says ok after {limit_ms} ms",
      "time: {limit_ms} ms after the start" },
    { "state-rejoining", "{node} is a master that last was in a minority {since_minority_ms} ms ago: it says ok after {limit_ms} ms",
      "time: {limit_ms} ms without being in the minority" },
    { "state-majority", "{node} reaches {reachable} of {size} {size?master|masters} with slots, {needed} {needed?is|are} needed, and every slot that must be served is served", NULL },
    { "state-rejoined", "{node} is a master and was not in a minority for {since_minority_ms} ms, at least {limit_ms} ms were needed", NULL },
    { "state-replica", "{node} is a replica, which says ok at once", NULL },
    { "state-steady", "{node} was never in a minority, and so says ok at once", NULL },
    /* standing for election */
    { "election-delayed", "{node} will stand for election in {delay_ms} ms: rank #{rank}, offset {offset}", NULL },
    { "delay-parts", "the delay is {fixed_ms} ms fixed, {random_ms} ms random (of 0 to 499), {rank_ms} ms for the rank", NULL },
    { "delay-none", "a manual failover waits for no delay and has no rank", NULL },
    { "data-age", "{node} last heard {about} {age_ms} ms ago; less {allowed_ms} ms for noticing, at most {limit_ms} ms are allowed", NULL },
    { "data-any-age", "{node} last heard {about} {age_ms} ms ago; cluster-replica-validity-factor 0 allows any age", NULL },
    { "rank-ahead", "{about} is ahead: offset {their_offset}, {node} has {my_offset}", NULL },
    { "rank-by-name", "{about} is ahead: offset {their_offset}, {node} has {my_offset} as well, but {about} has the smaller id", NULL },
    { "rank-behind", "{about} is not ahead: offset {their_offset}, {node} has {my_offset}", NULL },
    { "rank-skipped", "{about} does not count: it may not stand (nofailover)", NULL },
    { "election-rank", "{node} puts its election off by {added_ms} ms: rank #{rank} now", NULL },
    { "election-started", "{node} asks for votes in epoch {epoch}: {needed} {needed?is|are} needed", NULL },
    { "voters", "{masters} {masters?master with slots has|masters with slots have} a vote in epoch {epoch}", NULL },
    { "vote-asked", "{about} is asked for its vote in epoch {epoch}", NULL },
    { "vote-not-asked", "{about} is not asked for its vote in epoch {epoch}: there is no link to it", NULL },
    { "election-blocked", "{node} logs: Currently unable to failover: {text}", NULL },
    { "vote-received", "{node} counts the vote of {about}: it has {votes}, {needed} {needed?is|are} needed", NULL },
    { "vote-uncounted", "{node} does not count the answer of {about}: its epoch is {their_epoch}, the election's {election_epoch}, and it owns {slots} {slots?slot|slots}", NULL },
    { "election-won", "{node} has won the election of epoch {epoch}: {votes} {votes?vote|votes}, {needed} needed", NULL },
    { "epoch-won", "{node} takes epoch {epoch} with its election", NULL },
    { "epoch-stale", "{node} keeps its config epoch {my_epoch}: the election it won by these votes is an old one, of epoch {election_epoch}", NULL },
    { "promoted-offset", "{node} has the replication stream up to {my_offset}; {about} last announced {heard_offset}, {behind} bytes beyond that", NULL },
    /* not standing */
    { "stand-unknown", "{node} does not stand for election: its master is not known to it",
      "CLUSTER REPLICATE, or contact with a node that knows the master" },
    { "stand-suspected", "{node} does not stand for election: it only suspects {about}; {reports} of {size} {size?master|masters} {reports?reports|report} it, FAIL takes {needed}",
      "FAIL of {about}, by {needed} of {size} {size?master|masters}. Where that many are gone for good, only `CLUSTER FAILOVER TAKEOVER` at {node}" },
    { "stand-forbidden", "{node} does not stand for election: cluster-replica-no-failover is on",
      "`cluster-replica-no-failover no` at {node}, or `CLUSTER FAILOVER FORCE`" },
    { "stand-empty", "{node} does not stand for election: {about} owns no slots, there is nothing to take over",
      "nothing: a master without slots is not replaced" },
    { "stand-old", "{node} does not stand for election: it last heard {about} {age_ms} ms ago; less {allowed_ms} ms for noticing, at most {limit_ms} ms are allowed",
      "a greater cluster-replica-validity-factor (0: any age), or `CLUSTER FAILOVER FORCE`, which asks for no age" },
    { "stand-limit", "the limit is {ping_ms} ms (repl-ping-replica-period) and {factor} (cluster-replica-validity-factor) times {timeout_ms} ms (cluster-node-timeout)", NULL },
    { "stand-delay", "{node} waits: its election begins in {left_ms} ms, rank #{rank}",
      "time: {left_ms} ms, unless another replica wins first" },
    { "stand-expired", "the election of {node} is over: it was due {age_ms} ms ago, votes count for {timeout_ms} ms, the next may be scheduled after {retry_ms} ms",
      "time: the next attempt comes more than {retry_ms} ms after this one was due. `CLUSTER FAILOVER TAKEOVER` asks nobody" },
    { "stand-votes", "{node} has {votes} {votes?vote|votes} in epoch {epoch}, {needed} {needed?is|are} needed",
      "{needed} {needed?vote|votes} of masters with slots in epoch {epoch}. Where that many are gone, only `CLUSTER FAILOVER TAKEOVER` at {node}" },
    /* voting */
    { "vote-granted", "{node} votes for {about} in epoch {epoch}", NULL },
    { "vote-weighed", "{node} may: the request's epoch {request_epoch} is not below its own {current_epoch}, and its last vote was in epoch {last_vote_epoch}", NULL },
    { "vote-unsent", "{node} has no link to {about}: the vote of epoch {epoch} is spent and never sent", NULL },
    { "vote-denied", "{node} refuses {about} its vote", NULL },
    { "vote-old-epoch", "the request's epoch {request_epoch} is below {current_epoch}, the current one of {node}",
      "a later attempt: by then {about} has heard of epoch {current_epoch}" },
    { "vote-spent", "{node} has voted in epoch {last_vote_epoch} already, and the epoch is still {current_epoch}",
      "an election in a later epoch: one vote an epoch" },
    { "vote-of-master", "{node} takes {about} for a master, and masters need no election",
      "{node} hearing that {about} is a replica (a ping or pong of it)" },
    { "vote-masterless", "{node} does not know the master of {about}",
      "{node} hearing whose replica {about} is" },
    { "vote-master-up", "{node} sees {about}, the master of {by}, as {flags}, and the request is not forced",
      "FAIL of {about} at {node}, or a manual failover of {by}, which is forced" },
    { "vote-spacing", "{node} voted for a replica of {about} {since_ms} ms ago, and does so once in {limit_ms} ms",
      "time: {limit_ms} ms between two votes for replicas of {about}" },
    { "vote-owner", "slot {slot} belongs to {about} with epoch {owner_epoch}, the claim of {by} has {request_epoch}",
      "{by} hearing of epoch {owner_epoch} (an UPDATE), or being right about the slots" },
    { "vote-replica", "{node} is a replica and has no vote in epoch {epoch}", NULL },
    { "vote-no-slots", "{node} is a master without slots and has no vote in epoch {epoch}", "slots for {node}" },
    /* manual failover */
    { "failover-asked", "{node} accepts a manual failover and asks {about} to hold its writes", NULL },
    { "failover-forced", "{node} accepts a forced failover: {about} is not asked", NULL },
    { "takeover", "{node} takes over {about} by order, asking nobody", NULL },
    { "failover-requested", "{node} holds its writes: its replica {about} wants to take over", NULL },
    { "failover-offset", "{node} hears that {about} holds its writes at offset {master_offset}; its own is {my_offset}", NULL },
    { "failover-ready", "{node} has processed all that its master wrote, offset {offset}", NULL },
    { "failover-timeout", "{node} gives up its manual failover: its time is up", NULL },
    { "failover-is-master", "{node} refuses to fail over: it is a master",
      "sending the command to a replica" },
    { "failover-no-master", "{node} refuses to fail over: its master is not known to it",
      "CLUSTER REPLICATE, or contact with a node that knows the master" },
    { "failover-master-down", "{node} refuses to fail over: it sees {about} as {flags} and has {link?a|no} link to it",
      "`CLUSTER FAILOVER FORCE`, which does without {about}, or TAKEOVER, which does without votes" },
    { "failover-not-replica", "{node} ignores the wish of {about} to take over: as far as it knows that is no replica of its own",
      "{node} hearing that {about} is its replica (up to half a node timeout)" },
    { "failover-behind", "{node} has processed up to {my_offset}, {about} holds its writes at {master_offset}",
      "the replication stream reaching {master_offset} at {node} within 5 s" },
    { "failover-no-offset", "{node} waited {waited_ms} ms for {about} to say at which offset it holds its writes",
      "{about} getting the request and answering: a link both ways, and knowing {node} as its replica" },
    { "failover-no-votes", "{node} has {votes} {votes?vote|votes} in epoch {epoch}, {needed} {needed?is|are} needed",
      "{needed} {needed?vote|votes} of masters with slots, or `CLUSTER FAILOVER TAKEOVER`" },
    { "failover-no-claim", "{node} held its writes for {waited_ms} ms, and {about} did not take over", NULL },
    /* epochs and slots */
    { "epoch-bumped", "{node} takes epoch {epoch} without asking", NULL },
    { "epoch-max", "its config epoch was {my_epoch}, the greatest it knows of is {max_epoch}, the current one {current_epoch}", NULL },
    { "epoch-kept", "{node} keeps its config epoch {my_epoch}: it is the greatest it knows of ({max_epoch})", NULL },
    { "epoch-collision", "{node} takes epoch {epoch}: {about} has the same as it had", NULL },
    { "epoch-same", "both had {epoch}; the id of {about} is the greater one ({text2} against {text}), so it keeps it", NULL },
    { "epoch-set", "{node} takes epoch {epoch} by order", NULL },
    { "epoch-reset", "{node} forgets its epochs", NULL },
    { "slots", "{node} gives {slots} {slots?slot|slots} to {about}, which claims them with epoch {epoch}", NULL },
    { "slots-from", "{slots} of them {slots?was|were} owned by {by} with epoch {owner_epoch}, less than {claimed_epoch}", NULL },
    { "slots-unowned", "{slots} of them {slots?was|were} owned by nobody", NULL },
    { "slots-kept", "{node} leaves slot {slot} to {by}: epoch {owner_epoch}, the claim of {about} has {claimed_epoch}", NULL },
    { "slots-lost", "{lost} {lost?slot|slots} of {by} went to {about}: {left} {left?is|are} left to {by}", NULL },
    { "slots-added", "{node} takes {slots} {slots?slot|slots} by order", NULL },
    { "slots-deleted", "{node} gives up {slots} {slots?slot|slots}", NULL },
    { "keys-dropped", "{node} drops {keys} {keys?key|keys} of slot {slot}", NULL },
    /* replica migration */
    { "migrate-off", "{node} stays: cluster-allow-replica-migration is off", "`cluster-allow-replica-migration yes` at {node}" },
    { "migrate-few", "{node} stays: no master has {needed} working {needed?replica|replicas}, the most is {max_replicas}", "a master with {needed} working {needed?replica|replicas}" },
    { "migrate-not-most", "{node} stays: {about} has {replicas} working {replicas?replica|replicas}, another master has {max_replicas}", "{about} having as many working replicas as any other master" },
    { "migrate-state", "{node} stays: its cluster state is fail", "cluster state ok at {node}" },
    { "migrate-barrier", "{node} stays: {about} has {healthy} working {healthy?replica|replicas}, and {barrier} (cluster-migration-barrier) must be left to it", "more replicas of {about}, or a lower cluster-migration-barrier" },
    { "migrate-not-me", "{node} stays: {by} has the smaller id and is the one to go to {about}", "the loss of {by}" },
    { "migrate-wait", "{node} waits: {about} has had no working replica for {orphaned_ms} ms, more than {limit_ms} ms are needed", "time: more than {limit_ms} ms without a working replica of {about}" },
    { "migrate-spare", "{about} can spare one: {healthy} working {healthy?replica|replicas}, cluster-migration-barrier is {barrier}", NULL },
    { "migrate-due", "{about} has had no working replica for {orphaned_ms} ms, more than {limit_ms} ms", NULL },
    /* processes and replication */
    { "boot", "{node} starts", NULL },
    { "shutdown", "{node} shuts down", NULL },
    { "repl-lost", "{node} loses the link to its master", NULL },
    { "repl-finished", "{node} has copied its master's data", NULL },
    { "sync-second-offset", "{from} asks {node} for the stream from {asked} on, but their common history ends at {limit}: what {from} has beyond is dropped", NULL },
    { "repl-partial", "{node} goes on where its replication stopped", NULL },
};
/* clang-format on */
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct row *row_of(const char *what)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].what, what) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *rcs_sentence_unblock(const char *what)
{
    const struct row *row = row_of(what);
    return row == NULL ? NULL : row->unblock;
}

const char *rcs_sentence_row(unsigned index, const char **what)
{
    *what = index < ROW_COUNT ? rows[index].what : NULL;
    return index < ROW_COUNT ? rows[index].words : NULL;
}

/* --- filling in ------------------------------------------------------------------------------- */

static void add_missing(struct rcs_buf *out, const char *text)
{
    rcs_buf_text(out, text == NULL ? "(missing)" : text);
}

static void add_node(struct rcs_buf *out, const struct rcs_trace_events *events, int node)
{
    add_missing(out, node < 0 ? NULL : events->names[node]);
}

static void add_flags(struct rcs_buf *out, int64_t flags)
{
    rcs_buf_text(out, flags & RCS_NODE_FAIL    ? "fail"
                      : flags & RCS_NODE_PFAIL ? "fail?"
                                               : "working");
}

static void add_field(struct rcs_buf *out, const struct rcs_trace_events *events,
                      const struct rcs_trace_event *event, const char *name)
{
    const struct {
        const char *name;
        int node;
    } nodes[] = {
        { "node", event->node },
        { "about", event->about },
        { "by", event->by },
        { "from", event->from },
    };
    int64_t number;
    for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        if (strcmp(name, nodes[i].name) == 0) {
            add_node(out, events, nodes[i].node);
            return;
        }
    }
    if (strcmp(name, "text") == 0 || strcmp(name, "text2") == 0) {
        add_missing(out, name[4] == '2' ? event->text2 : event->text);
    } else if (!rcs_trace_number(event, name, &number)) {
        add_missing(out, NULL);
    } else if (strcmp(name, "flags") == 0) {
        add_flags(out, number);
    } else {
        rcs_buf_i64(out, number);
    }
}

/* "{name?one|other}": the first word if the number is 1, else the second. */
static void add_choice(struct rcs_buf *out, const struct rcs_trace_event *event, const char *name,
                       const char *words, size_t size_bytes)
{
    const char *other = memchr(words, '|', size_bytes);
    RCS_ASSERT(other != NULL);
    int64_t number;
    bool one = rcs_trace_number(event, name, &number) && number == 1;
    size_t one_bytes = (size_t)(other - words);
    rcs_buf_add(out, one ? words : other + 1, one ? one_bytes : size_bytes - one_bytes - 1);
}

/* Redis 5.0 renamed directives; before, a trace's servers know them by their older names. */
static bool older_name(struct rcs_buf *out, const struct rcs_trace_events *events, const char *at)
{
    static const char *const names[] = { "replica-validity-factor", "replica-no-failover",
                                         "replica-period" };
    const char *redis = events->header.redis;
    if (redis == NULL || (strncmp(redis, "3.", 2) != 0 && strncmp(redis, "4.", 2) != 0)) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(at, names[i], strlen(names[i])) == 0) {
            rcs_buf_text(out, "slave");
            return true;
        }
    }
    return false;
}

void rcs_sentence_fill(struct rcs_buf *out, const struct rcs_trace_events *events,
                       const struct rcs_trace_event *event, const char *words)
{
    for (const char *at = words; *at != '\0'; at++) {
        if (*at == 'r' && older_name(out, events, at)) {
            at += strlen("replica") - 1;
            continue;
        }
        if (*at != '{') {
            rcs_buf_add(out, at, 1);
            continue;
        }
        char name[32];
        size_t length = strcspn(at, "}") - 1, name_bytes = strcspn(at, "?}") - 1;
        RCS_ASSERT(name_bytes < sizeof(name));
        memcpy(name, at + 1, name_bytes);
        name[name_bytes] = '\0';
        if (name_bytes < length) {
            add_choice(out, event, name, at + name_bytes + 2, length - name_bytes - 1);
        } else {
            add_field(out, events, event, name);
        }
        at += length + 1;
    }
}

static void print_nodes(struct rcs_buf *out, const struct rcs_trace_events *events,
                        const int *nodes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        rcs_buf_text(out, i == 0 ? "" : ", ");
        add_node(out, events, nodes[i]);
    }
}

/* As the statement that asked for it, or what it took. */
static void print_drop(struct rcs_buf *out, const struct rcs_trace_events *events,
                       const struct rcs_trace_event *event)
{
    struct rcs_trace_drop drop = rcs_trace_drop(event);
    bool took = strcmp(event->what, "dropped") == 0;
    rcs_buf_format(out, "fault: %s%s", took ? "" : "drop ",
                   drop.type < 0 ? "any" : rcs_bus_type_name((unsigned)drop.type));
    if (drop.from >= 0) {
        rcs_buf_text(out, " from ");
        add_node(out, events, drop.from);
    }
    if (drop.to >= 0) {
        rcs_buf_text(out, " to ");
        add_node(out, events, drop.to);
    }
    if (!took && drop.skip > 0) {
        rcs_buf_format(out, " nth %u", drop.skip + 1);
    }
    if (!took && drop.count != 1 && drop.count < RCS_TRACE_DROP_MAX) {
        rcs_buf_format(out, " times %u", drop.count);
    }
    rcs_buf_text(out, took ? " was dropped" : "");
}

void rcs_sentence_print(struct rcs_buf *out, const struct rcs_trace_events *events,
                        const struct rcs_trace_event *event)
{
    /* Of two ways to follow only a claim names the master that lost its slots. */
    bool by_order = strcmp(event->what, "follows") == 0 && event->by < 0;
    const struct row *row = row_of(by_order ? "follows-order" : event->what);
    if (event->kind == RCS_TRACE_FAULT &&
        (strcmp(event->what, "drop") == 0 || strcmp(event->what, "dropped") == 0)) {
        print_drop(out, events, event);
    } else if (event->kind == RCS_TRACE_FAULT) {
        const char *way = strstr(event->what, "-oneway");
        rcs_buf_format(out, "fault: %.*s%s ",
                       (int)(way == NULL ? strlen(event->what) : (size_t)(way - event->what)),
                       event->what, way == NULL ? "" : " oneway");
        print_nodes(out, events, event->nodes, event->side_count);
        if (event->node_count > event->side_count) {
            rcs_buf_text(out, way == NULL ? " from " : " to ");
            print_nodes(out, events, event->nodes + event->side_count,
                        event->node_count - event->side_count);
        }
    } else if (event->kind == RCS_TRACE_NOTE) {
        rcs_buf_format(out, "%s: %s", event->what, event->text == NULL ? "" : event->text);
    } else if (row != NULL) {
        rcs_sentence_fill(out, events, event, row->words);
    } else if (event->about >= 0) {
        rcs_buf_format(out, "%s: %s, about %s", events->names[event->node], event->what,
                       events->names[event->about]);
    } else {
        rcs_buf_format(out, "%s: %s", event->node < 0 ? "" : events->names[event->node],
                       event->what);
    }
}
