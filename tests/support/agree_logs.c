/* Log lines: strands, chance, times. The rules are told in agree.h. */
#include "tests/support/agree_parts.h"
#include "tests/support/support.h"

#define FLAP_MS 60 /* recorded: 44 ms after the first TAKEOVER */
#define RETRY_MS_MIN                                                                               \
    960 /* between attempts to reach a master, but for the first; recorded: 972..1030 */
#define RETRY_MS_MAX 1040

enum strand {
    STRAND_OTHER,
    STRAND_BOOT,
    STRAND_IP,
    STRAND_EPOCH,
    STRAND_STATE,
    STRAND_TAKEOVER,
    STRAND_LINK,
    STRAND_SERVE,
    STRAND_CHILD,
    STRAND_ELECTION,
    STRAND_FAIL
};
static const char *const strands[] = { "no known kind", "boot",     "ip",   "epoch",
                                       "state",         "takeover", "link", "replicas",
                                       "child",         "election", "fail" };

struct token {
    enum strand strand;
    char role;
    bool taken; /* not before the first TAKEOVER */
    int64_t at_ms;
    char text[512];
};

struct strand_list {
    struct token *tokens;
    unsigned count;
};

/* --- kinds of lines --------------------------------------------------------------------------- */

/* What a line's window counts from. */
enum anchor { PREV, START, CREATE, MEET, OWN, KILL, KILLED_OR_TAKEN, DELAYED };

static const struct kind {
    const char *begin;
    enum strand strand;
    enum anchor anchor;
    int64_t low_ms, high_ms;
} kinds[] = {
    { "oO0OoO0OoO0Oo Redis is starting", STRAND_BOOT, START, -15, 5 },
    { "Redis version=", STRAND_BOOT, PREV, 0, 5 },
    { "Configuration loaded", STRAND_BOOT, PREV, 0, 5 },
    { "monotonic clock", STRAND_BOOT, PREV, 0, 5 },
    { "No cluster configuration found", STRAND_BOOT, PREV, 0, 5 },
    { "Running mode=cluster", STRAND_BOOT, PREV, 0, 5 },
    { "Server initialized", STRAND_BOOT, PREV, 0, 5 },
    { "Ready to accept connections", STRAND_BOOT, PREV, 0, 5 },

    { "configEpoch set to", STRAND_EPOCH, CREATE, 0, 40 },
    { "IP address for this node updated", STRAND_IP, MEET, 0, 220 },

    { "Taking over the master", STRAND_TAKEOVER, OWN, -2, 5 },
    { "New configEpoch set to", STRAND_TAKEOVER, PREV, 0, 2 },
    { "Setting secondary replication ID", STRAND_TAKEOVER, PREV, 0, 2 },

    { "Before turning into a replica", STRAND_LINK, OWN, -2, 12 },
    { "Connecting to MASTER", STRAND_LINK, PREV, 0, RETRY_MS_MAX },
    { "Reconnecting to MASTER", STRAND_LINK, PREV, 0, 2 },
    { "MASTER <-> REPLICA sync started", STRAND_LINK, PREV, 0, 5 },
    { "Non blocking connect for SYNC", STRAND_LINK, PREV, 0, 5 },
    { "Error condition on socket for SYNC: Connection refused", STRAND_LINK, PREV, 0, 5 },
    { "Failed to read response from the server", STRAND_LINK, PREV, 0, 5 },
    { "Master did not respond to command during SYNC handshake", STRAND_LINK, PREV, 0, 5 },
    { "Master replied to PING", STRAND_LINK, PREV, 0, 8 },
    { "Trying a partial resynchronization", STRAND_LINK, PREV, 0, 5 },
    { "Full resync from master", STRAND_LINK, PREV, 0, 6100 }, /* with the master's delay */
    { "Successful partial resynchronization", STRAND_LINK, PREV, 0, 5 },
    { "Master replication ID changed", STRAND_LINK, PREV, 0, 5 },
    { "MASTER <-> REPLICA sync: receiving", STRAND_LINK, PREV, 0, 12 },
    { "MASTER <-> REPLICA sync:", STRAND_LINK, PREV, 0, 5 },
    { "Loading RDB produced", STRAND_LINK, PREV, 0, 5 },
    { "RDB age", STRAND_LINK, PREV, 0, 5 },
    { "RDB memory usage", STRAND_LINK, PREV, 0, 5 },
    { "Done loading RDB", STRAND_LINK, PREV, 0, 5 },
    { "Connection with master lost.", STRAND_LINK, PREV, 0, 20000 },
    { "Caching the disconnected master state", STRAND_LINK, PREV, 0, 2 },
    { "I'm a sub-replica!", STRAND_LINK, KILLED_OR_TAKEN, -2, 12 },
    { "Configuration change detected.", STRAND_LINK, KILLED_OR_TAKEN, 0, 60 },

    { "Replica $", STRAND_SERVE, PREV, 0, 20000 },
    { "Partial resynchronization not accepted", STRAND_SERVE, PREV, 0, 2 },
    { "Partial resynchronization request from", STRAND_SERVE, PREV, 0, 5 },
    { "Replication backlog created", STRAND_SERVE, PREV, 0, 2 },
    { "Delay next BGSAVE", STRAND_SERVE, PREV, 0, 2 },
    { "Connection with replica", STRAND_SERVE, PREV, 0, 20000 },

    { "Starting BGSAVE for SYNC", STRAND_CHILD, DELAYED, 4000, 6020 },
    { "Background RDB transfer started", STRAND_CHILD, PREV, 0, 12 },
    { "Fork CoW for RDB", STRAND_CHILD, PREV, -1, 12 },
    { "Diskless rdb transfer, done reading", STRAND_CHILD, PREV, -1, 12 },
    { "Background RDB transfer terminated", STRAND_CHILD, PREV, 0, 105 },
    { "Streamed RDB transfer", STRAND_CHILD, PREV, 0, 2 },
    { "Synchronization with replica", STRAND_CHILD, PREV, 0, 2 },

    { "Discarding previously cached", STRAND_LINK, PREV, 0, 5 },

    { "Start of election delayed for", STRAND_ELECTION, KILLED_OR_TAKEN, 0, 60 },
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *kind_of(const char *text)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strncmp(text, kinds[i].begin, strlen(kinds[i].begin)) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* --- instants of a run ------------------------------------------------------------------------ */

/* When `text` was first said to `who` ("" anybody); -1 never. */
static int64_t told_ms(const struct recording *run, const char *who, const char *text)
{
    for (unsigned i = 0; i < run->command_count; i++) {
        const struct recorded_command *command = &run->commands[i];
        if ((who[0] == '\0' || strcmp(command->who, who) == 0) && begins(command->text, text)) {
            return command->at_ms;
        }
    }
    return -1;
}

static int64_t took_over_ms(const struct recording *run, const char *who)
{
    return told_ms(run, who, "CLUSTER FAILOVER");
}

/* The last command to the node up to then. */
static int64_t own_ms(const struct recording *run, int node, int64_t at_ms)
{
    int64_t last = -100000;
    for (unsigned i = 0; i < run->command_count; i++) {
        const struct recorded_command *command = &run->commands[i];
        bool own = strcmp(command->who, recording_name(node)) == 0 ||
                   (strcmp(command->who, "cli") == 0 && node < 6);
        if (own && command->at_ms <= at_ms + 2) {
            last = command->at_ms;
        }
    }
    return last;
}

/* --- windows ---------------------------------------------------------------------------------- */

struct window {
    int64_t low_ms, high_ms;
};

/* A measure of timing/ranges_nt*.txt for the node timeout at hand, somewhat widened. */
static char *ranges;

static struct window measured(const char *name)
{
    size_t size = strlen(name);
    for (const char *line = ranges; *line != '\0'; line += strcspn(line, "\n") + 1) {
        long long low, high;
        if (strncmp(line, name, size) == 0 && line[size] == ' ' &&
            sscanf(line + size, "%lld %lld", &low, &high) == 2) {
            long long more = (high - low) / 10 + 10;
            return (struct window){ low - more, high + more };
        }
    }
    fail_msg("no range of %s", name);
    return (struct window){ 0, 0 };
}

static bool in_measured(const char *name, int64_t value)
{
    struct window window = measured(name);
    return value >= window.low_ms && value <= window.high_ms;
}

struct place {
    struct agreement *agreement;
    const struct recording *run;
    const char *whose; /* "recorded" or "here" */
    int node;
};

static void out_of_window(const struct place *place, int64_t after_ms, const char *of,
                          const char *text)
{
    differ(place->agreement, "log %s (%s): %lld ms after %s: \"%s\"", recording_name(place->node),
           place->whose, (long long)after_ms, of, text);
}

static bool turned_replica(const struct recording *run, int node, int64_t at_ms)
{
    const struct recorded_log *log = &run->logs[node];
    for (unsigned i = 0; i < log->count; i++) {
        int64_t after = at_ms - log->lines[i].at_ms;
        if (begins(log->lines[i].text, "Before turning into a replica") && after >= 0 &&
            after <= 250) {
            return true;
        }
    }
    return false;
}

/* Who takes over waits, unless the others' takeovers turned its state ok while it was a replica
 * (recorded with node timeout 5000: 3 of 60). */
static bool master_ok_in_time(const struct recording *run, char role, int64_t after_ms)
{
    struct window window = measured("ok_master_late");
    if (role == 'S') {
        return after_ms >= -20 && after_ms <= 1;
    }
    RCS_ASSERT(window.low_ms > run->timeout_ms * 8 / 10);
    return after_ms >= window.low_ms && after_ms <= window.high_ms;
}

/* When the cluster state turns ok or fail. */
static void check_state_time(const struct place *place, const struct token *token)
{
    const struct recording *run = place->run;
    bool ok = strstr(token->text, "ok") != NULL;
    int64_t takeover = took_over_ms(run, "");
    if (token->taken) {
        int64_t own = took_over_ms(run, recording_name(place->node));
        int64_t after = token->at_ms - (own >= 0 ? own : took_over_ms(run, "b3"));
        if (!ok && token->at_ms - takeover > FLAP_MS) {
            out_of_window(place, token->at_ms - takeover, "the first TAKEOVER", token->text);
        } else if (ok && own < 0 && !in_measured("ok_replica", after)) {
            out_of_window(place, after, "the last TAKEOVER", token->text);
        } else if (ok && own >= 0 && !master_ok_in_time(run, token->role, after)) {
            out_of_window(place, after, "TAKEOVER", token->text);
        }
        return;
    }
    if (!ok) {
        if (run->kill_ms < 0 || !in_measured("state_fail", token->at_ms - run->kill_ms)) {
            out_of_window(place, token->at_ms - run->kill_ms, "the kill", token->text);
        }
        return;
    }
    /* A new cluster: writable 2 s after the start, or when the last owner of slots
     * has been heard of (recorded: up to 4034 ms). Joined to one: a master when it has seen a
     * majority for min(node timeout, 5 s); news of the majority takes a second or two. A new
     * replica: at once. */
    int64_t from =
        place->node < 6 ? run->start_ms[place->node] : told_ms(run, "a1", "CLUSTER MEET");
    int64_t after = token->at_ms - from;
    int64_t low = place->node < 6 ? 1995 : run->timeout_ms + 300;
    int64_t high = place->node < 6 ? 4100 : run->timeout_ms + 2100;
    if (token->role == 'S' ? !turned_replica(run, place->node, token->at_ms)
                           : after < low || after > high) {
        out_of_window(place, after, place->node < 6 ? "the start" : "MEET", token->text);
    }
}

/* FAIL needs a majority of masters: at the first TAKEOVER for nodes suspected by then, else when
 * the last suspicion has come and spread. */
static void check_fail_time(const struct place *place, const struct token *token)
{
    int64_t after = token->at_ms - took_over_ms(place->run, "");
    int64_t after_kill = token->at_ms - place->run->kill_ms;
    int64_t last = measured("pfail_last").high_ms + measured("pfail_to_fail").high_ms;
    if (after < 0 || (!in_measured("takeover_to_fail", after) && after_kill > last)) {
        out_of_window(place, after, "the first TAKEOVER", token->text);
    }
}

static void check_time(const struct place *place, const struct kind *kind,
                       const struct token *token, int64_t prev_ms, int64_t delayed_ms)
{
    const struct recording *run = place->run;
    char master[4] = { 'b', (char)('1' + place->node % 3), '\0', '\0' };
    int64_t from = prev_ms;
    const char *of = "the line before";
    switch (kind->anchor) {
    case PREV:
        break;
    case START:
        from = run->start_ms[place->node];
        of = "the start";
        break;
    case CREATE:
        from = told_ms(run, "cli", "--cluster create");
        of = "create";
        break;
    case MEET:
        from = place->node < 6 ? told_ms(run, "cli", "--cluster create")
                               : told_ms(run, "a1", "CLUSTER MEET");
        of = "the first MEET";
        break;
    case OWN:
        from = token->strand == STRAND_LINK && place->node < 6
                   ? token->at_ms /* redis-cli waits for the cluster to join first */
                   : own_ms(run, place->node, token->at_ms);
        of = "its command";
        break;
    case KILL:
        from = run->kill_ms;
        of = "the kill";
        break;
    case KILLED_OR_TAKEN:
        from = took_over_ms(run, begins(token->text, "Configuration change") ? master : "");
        of = "TAKEOVER";
        break;
    case DELAYED:
        from = delayed_ms;
        of = "the replica's request";
        break;
    }
    int64_t after = token->at_ms - from;
    if (after < kind->low_ms || after > kind->high_ms) {
        out_of_window(place, after, of, token->text);
    }
}

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
    int64_t takeover = took_over_ms(place->run, "");
    *token = (struct token){ .role = line->role, .at_ms = line->at_ms };
    token->taken = takeover >= 0 && line->at_ms >= takeover - 2;
    assert_true(strlen(line->text) < sizeof(token->text));
    strcpy(token->text, line->text);
    const struct kind *kind = kind_of(token->text);
    if (kind != NULL) {
        token->strand = kind->strand;
        if (begins(token->text, "Discarding previously cached") && line->role == 'M') {
            token->strand = STRAND_TAKEOVER;
        }
    } else if (begins(token->text, "Cluster state changed: ")) {
        token->strand = STRAND_STATE;
    } else if (begins(token->text, "Marking node ") ||
               begins(token->text, "FAIL message received ")) {
        token->strand = STRAND_FAIL;
    }
}

/* The window of each line, before anything is left out. */
static void check_times(const struct place *place, const struct token *tokens, unsigned count)
{
    int64_t prev[sizeof(strands) / sizeof(strands[0])] = { 0 }, delayed = 0;
    bool waits = false;
    for (unsigned i = 0; i < count; i++) {
        const struct token *token = &tokens[i];
        const struct kind *kind = kind_of(token->text);
        if (begins(token->text, "Delay next BGSAVE") && !waits) {
            delayed = token->at_ms;
            waits = true;
        }
        waits &= !begins(token->text, "Starting BGSAVE");
        if (token->strand == STRAND_STATE) {
            check_state_time(place, token);
        } else if (token->strand == STRAND_FAIL) {
            check_fail_time(place, token);
        } else if (kind != NULL && !(kind->anchor == PREV && prev[token->strand] == 0)) {
            check_time(place, kind, token, prev[token->strand], delayed);
        }
        prev[token->strand] = token->at_ms;
    }
}

static struct strand_list tokens_of(const struct place *place)
{
    const struct recorded_log *log = &place->run->logs[place->node];
    struct strand_list out = { calloc(log->count + 1, sizeof(out.tokens[0])), 0 };
    assert_non_null(out.tokens);
    for (unsigned i = 0; i < log->count; i++) {
        if (!begins(log->lines[i].text, "WARNING Memory overcommit")) {
            classify(place, &log->lines[i], &out.tokens[out.count++]);
        }
    }
    check_times(place, out.tokens, out.count);
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
    return at + 1 < list->count && (begins(list->tokens[at].text, "Connecting to MASTER") ||
                                    begins(list->tokens[at].text, "Reconnecting to MASTER"));
}

/* Lines of the outcome at `at` if the attempt failed: 0 if it did not. */
static unsigned failure_at(const struct strand_list *list, unsigned at)
{
    unsigned n = 0;
    if (at < list->count && begins(list->tokens[at].text, "Error condition on socket for SYNC")) {
        return 1;
    }
    if (at < list->count && begins(list->tokens[at].text, "Non blocking connect")) {
        n = 1;
        if (at + n < list->count && begins(list->tokens[at + n].text, "Failed to read response")) {
            n++;
        }
        if (at + n < list->count && begins(list->tokens[at + n].text, "Master did not respond")) {
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
            out_of_window(place, 0, "an attempt without an end", token->text);
        }
        drop(list, i + 2, failed);
        bool again = strcmp(last, token->text) == 0;
        if (again &&
            (token->at_ms - last_ms < RETRY_MS_MIN || token->at_ms - last_ms > RETRY_MS_MAX)) {
            out_of_window(place, token->at_ms - last_ms, "the attempt before", token->text);
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

static int find_token(const struct strand_list *list, const char *begin, bool taken)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (list->tokens[i].taken == taken && begins(list->tokens[i].text, begin)) {
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
    int moved = find_token(list, "I'm a sub-replica!", true);
    if (moved < 0) {
        return;
    }
    unsigned at = (unsigned)moved;
    if (at >= 2 && list->tokens[at - 2].taken && is_attempt(list, at - 2)) {
        drop(list, at - 2, 2);
        at -= 2;
    }
    if (at + 2 < list->count && begins(list->tokens[at + 1].text, "Connection with master lost")) {
        swap_tokens(&list->tokens[at], &list->tokens[at + 1]);
        swap_tokens(&list->tokens[at + 1], &list->tokens[at + 2]);
    }
}

/* ok, then fail while the takeovers spread, is nothing. */
static void fold_flaps(const struct recording *run, struct strand_list *list)
{
    for (unsigned i = 0; i + 1 < list->count;) {
        if (list->tokens[i].taken && strstr(list->tokens[i].text, "ok") != NULL &&
            list->tokens[i + 1].at_ms - took_over_ms(run, "") <= FLAP_MS) {
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
            begins(list->tokens[i + 1].text, "Background RDB transfer started")) {
            swap_tokens(&list->tokens[i], &list->tokens[i + 1]);
        }
        if (list->tokens[i + 1].role == 'C' &&
            begins(list->tokens[i].text, "Diskless rdb transfer, done")) {
            swap_tokens(&list->tokens[i], &list->tokens[i + 1]);
        }
    }
}

/* Only if it is there: a keeper has none. */
static void drop_kept_epoch(struct strand_list *list)
{
    int at = find_token(list, "New configEpoch set to", true);
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
    int move = find_token(all, "I'm a sub-replica!", true);
    int64_t own = took_over_ms(place->run, recording_name(place->node));
    return (move >= 0 && all->tokens[move].at_ms <= token->at_ms) ||
           (own >= 0 && token->at_ms <= own + 1);
}

static struct strand_list canonical(const struct place *place, const struct strand_list *all,
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

/* --- texts that are the same up to renaming --------------------------------------------------- */

#define REPLIDS 64
struct renaming {
    int theirs[REPLIDS], ours[REPLIDS]; /* 0: not yet bound */
};

static bool bind_ids(struct renaming *renaming, int theirs, int ours)
{
    if (theirs >= REPLIDS || ours >= REPLIDS) {
        return false;
    }
    if (renaming->theirs[theirs] == 0 && renaming->ours[ours] == 0) {
        renaming->theirs[theirs] = ours;
        renaming->ours[ours] = theirs;
    }
    return renaming->theirs[theirs] == ours && renaming->ours[ours] == theirs;
}

static bool offsets_agree(long long a, long long b, bool other_shard)
{
    long long apart = a - b;
    return apart % 14 == 0 && (other_shard || (apart >= -14 && apart <= 14));
}

/* `shift`: the recorded line is another shard's, by so much. */
static bool same_text(struct renaming *renaming, const char *theirs, const char *ours, int shift,
                      int64_t at_kill_theirs, int64_t at_kill_ours)
{
    long long x, y;
    if (begins(theirs, "RDB memory usage") && begins(ours, "RDB memory usage")) {
        return strstr(theirs, " Mb") != NULL && strstr(ours, " Mb") != NULL;
    }
    if (begins(theirs, "RDB age ") && begins(ours, "RDB age ")) {
        return (theirs[8] == '0' || theirs[8] == '1') && (ours[8] == '0' || ours[8] == '1') &&
               strcmp(theirs + 9, ours + 9) == 0;
    }
    if (sscanf(theirs, "New configEpoch set to %lld", &x) == 1 &&
        sscanf(ours, "New configEpoch set to %lld", &y) == 1) {
        return x > at_kill_theirs && y > at_kill_ours;
    }
    while (*theirs != '\0' && *ours != '\0') {
        if (*theirs == 'R' && *ours == 'R' && theirs[1] >= '1' && theirs[1] <= '9' &&
            ours[1] >= '1' && ours[1] <= '9') {
            if (!bind_ids(renaming, atoi(theirs + 1), atoi(ours + 1))) {
                return false;
            }
            theirs += 1 + strspn(theirs + 1, "0123456789");
            ours += 1 + strspn(ours + 1, "0123456789");
            if (*theirs == ':' && *ours == ':') {
                x = strtoll(theirs + 1, NULL, 10);
                y = strtoll(ours + 1, NULL, 10);
                if (!offsets_agree(x, y, shift != 0)) {
                    return false;
                }
                theirs += 1 + strspn(theirs + 1, "0123456789");
                ours += 1 + strspn(ours + 1, "0123456789");
            }
            continue;
        }
        if ((begins(theirs, "offset ") && begins(ours, "offset ")) ||
            (begins(theirs, "offset: ") && begins(ours, "offset: "))) {
            size_t skip = theirs[6] == ':' ? 8 : 7;
            if (!offsets_agree(atoll(theirs + skip), atoll(ours + skip), shift != 0)) {
                return false;
            }
            theirs += skip + strspn(theirs + skip, "0123456789");
            ours += skip + strspn(ours + skip, "0123456789");
            continue;
        }
        if (*theirs == '$' && *ours == '$' && theirs[1] == ours[1] &&
            theirs[2] + shift == ours[2]) {
            theirs += 3;
            ours += 3;
            continue;
        }
        if (*theirs++ != *ours++) {
            return false;
        }
    }
    return *theirs == *ours;
}

/* --- a node against a recorded one ------------------------------------------------------------ */

struct comparison {
    struct agreement *agreement;
    struct renaming renaming;
    struct strand_list recorded[RECORDING_NODES], ours[RECORDING_NODES];
};

static void compare_lists(struct comparison *all, int node, enum strand strand,
                          const struct strand_list *a, const struct strand_list *b, int shift)
{
    struct agreement *agreement = all->agreement;
    for (unsigned i = 0; i < a->count || i < b->count; i++) {
        const char *theirs = i < a->count ? a->tokens[i].text : "nothing more";
        const char *ours = i < b->count ? b->tokens[i].text : "nothing more";
        bool free_role = strand == STRAND_SERVE || strand == STRAND_FAIL ||
                         strand == STRAND_CHILD || strand == STRAND_STATE ||
                         (strand == STRAND_LINK && i < a->count && a->tokens[i].taken);
        if (!same_text(&all->renaming, theirs, ours, shift, agreement->recorded_at_kill,
                       agreement->ours_at_kill)) {
            differ(agreement, "log %s, %s, line %u: recorded \"%s\", here \"%s\"",
                   recording_name(node), strands[strand], i + 1, theirs, ours);
            return;
        }
        if (!free_role && a->tokens[i].role != b->tokens[i].role) {
            differ(agreement, "log %s: role recorded %c, here %c: \"%s\"", recording_name(node),
                   a->tokens[i].role, b->tokens[i].role, ours);
        }
    }
}

static struct strand_list part(const struct strand_list *list, bool taken)
{
    struct strand_list out = { calloc(list->count + 1, sizeof(out.tokens[0])), 0 };
    assert_non_null(out.tokens);
    for (unsigned i = 0; i < list->count; i++) {
        if (list->tokens[i].taken == taken) {
            out.tokens[out.count++] = list->tokens[i];
        }
    }
    return out;
}

static bool moved(const struct strand_list *all)
{
    return find_token(all, "I'm a sub-replica!", true) >= 0;
}

/* The recorded sub-replica that did what ours did; the node itself if it did. */
static int alike(const struct comparison *all, int node)
{
    if (node < 9 || moved(&all->recorded[node]) == moved(&all->ours[node])) {
        return node;
    }
    for (int other = 9; other < RECORDING_NODES; other++) {
        if (moved(&all->recorded[other]) == moved(&all->ours[node])) {
            return other;
        }
    }
    return node;
}

/* The link's strand before and after the takeover, the latter with a node that did the same. */
static void compare_link(struct comparison *all, int node, const struct place *recorded,
                         const struct place *ours)
{
    int other = alike(all, node);
    struct place elsewhere = *recorded;
    elsewhere.node = other;
    struct strand_list a = canonical(recorded, &all->recorded[node], STRAND_LINK);
    struct strand_list b = canonical(ours, &all->ours[node], STRAND_LINK);
    struct strand_list c = canonical(&elsewhere, &all->recorded[other], STRAND_LINK);
    struct strand_list parts[4] = { part(&a, false), part(&b, false), part(&c, true),
                                    part(&b, true) };
    compare_lists(all, node, STRAND_LINK, &parts[0], &parts[1], 0);
    struct renaming own = all->renaming;
    if (other != node) {
        all->renaming = (struct renaming){ { 0 }, { 0 } }; /* another shard's ids */
    }
    compare_lists(all, node, STRAND_LINK, &parts[2], &parts[3], node - other);
    if (other != node) {
        all->renaming = own;
    }
    for (unsigned i = 0; i < 4; i++) {
        free(parts[i].tokens);
    }
    free(a.tokens);
    free(b.tokens);
    free(c.tokens);
}

/* Who is said to have sent FAIL must have marked the node itself. */
static void check_senders(const struct place *place)
{
    const struct recorded_log *log = &place->run->logs[place->node];
    for (unsigned i = 0; i < log->count; i++) {
        char from[8], about[8], mark[64];
        bool told = false;
        if (sscanf(log->lines[i].text, "FAIL message received from $%2s.id about $%2s.id", from,
                   about) != 2) {
            continue;
        }
        snprintf(mark, sizeof(mark), "Marking node $%s.id as failing (quorum reached).", about);
        const struct recorded_log *sender = &place->run->logs[recording_node(from)];
        for (unsigned j = 0; j < sender->count; j++) {
            told |= strcmp(sender->lines[j].text, mark) == 0 &&
                    sender->lines[j].at_ms <= log->lines[i].at_ms + 2;
        }
        if (!told) {
            differ(place->agreement, "log %s (%s): %s did not mark it: \"%s\"",
                   recording_name(place->node), place->whose, from, log->lines[i].text);
        }
    }
}

static void compare_node(struct comparison *all, int node)
{
    struct place recorded = { all->agreement, all->agreement->recorded, "recorded", node };
    struct place ours = { all->agreement, all->agreement->ours, "here", node };
    for (enum strand strand = STRAND_OTHER; strand <= STRAND_FAIL; strand++) {
        if (strand == STRAND_LINK) {
            compare_link(all, node, &recorded, &ours);
            continue;
        }
        struct strand_list a = canonical(&recorded, &all->recorded[node], strand);
        struct strand_list b = canonical(&ours, &all->ours[node], strand);
        compare_lists(all, node, strand, &a, &b, 0);
        free(a.tokens);
        free(b.tokens);
    }
    check_senders(&recorded);
    check_senders(&ours);
}

unsigned agree_moves(const struct recording *run)
{
    unsigned moves = 0;
    for (int node = 9; node < RECORDING_NODES; node++) {
        for (unsigned i = 0; i < run->logs[node].count; i++) {
            moves += begins(run->logs[node].lines[i].text, "I'm a sub-replica!");
        }
    }
    return moves;
}

void agree_logs(struct agreement *agreement)
{
    struct comparison *all = calloc(1, sizeof(*all));
    assert_non_null(all);
    all->agreement = agreement;
    bool fast = agreement->recorded->timeout_ms == 1000;
    ranges = test_vector(fast ? "timing/ranges_nt1000.txt" : "timing/ranges_nt5000.txt", NULL);
    for (int node = 0; node < RECORDING_NODES; node++) {
        struct place recorded = { agreement, agreement->recorded, "recorded", node };
        struct place ours = { agreement, agreement->ours, "here", node };
        all->recorded[node] = tokens_of(&recorded);
        all->ours[node] = tokens_of(&ours);
    }
    for (int node = 0; node < RECORDING_NODES; node++) {
        compare_node(all, node);
    }
    for (int node = 0; node < RECORDING_NODES; node++) {
        free(all->recorded[node].tokens);
        free(all->ours[node].tokens);
    }
    free(ranges);
    free(all);
}
