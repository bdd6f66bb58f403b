/* When lines of a log may stand: a window for each kind of line after what caused it. */
#include "tests/support/agree_strands.h"
#include "tests/support/support.h"

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

bool agree_strand_of(const char *text, enum strand *strand)
{
    const struct kind *kind = kind_of(text);
    if (kind != NULL) {
        *strand = kind->strand;
    }
    return kind != NULL;
}

bool agree_begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* --- instants of a run ------------------------------------------------------------------------ */

/* When `text` was first said to `who` ("" anybody); -1 never. */
static int64_t told_ms(const struct recording *run, const char *who, const char *text)
{
    for (unsigned i = 0; i < run->command_count; i++) {
        const struct recorded_command *command = &run->commands[i];
        if ((who[0] == '\0' || strcmp(command->who, who) == 0) &&
            agree_begins(command->text, text)) {
            return command->at_ms;
        }
    }
    return -1;
}

int64_t agree_took_over_ms(const struct recording *run, const char *who)
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
static struct window measured(const struct place *place, const char *name)
{
    size_t size = strlen(name);
    for (const char *line = place->agreement->ranges; *line != '\0';
         line += strcspn(line, "\n") + 1) {
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

static bool in_measured(const struct place *place, const char *name, int64_t value)
{
    struct window window = measured(place, name);
    return value >= window.low_ms && value <= window.high_ms;
}

void agree_out_of_window(const struct place *place, int64_t after_ms, const char *of,
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
        if (agree_begins(log->lines[i].text, "Before turning into a replica") && after >= 0 &&
            after <= 250) {
            return true;
        }
    }
    return false;
}

/* Who takes over waits, unless the others' takeovers turned its state ok while it was a replica
 * (recorded with node timeout 5000: 3 of 60). */
static bool master_ok_in_time(const struct place *place, char role, int64_t after_ms)
{
    struct window window = measured(place, "ok_master_late");
    if (role == 'S') {
        return after_ms >= -20 && after_ms <= 1;
    }
    RCS_ASSERT(window.low_ms > place->run->timeout_ms * 8 / 10);
    return after_ms >= window.low_ms && after_ms <= window.high_ms;
}

/* When the cluster state turns ok or fail. */
static void check_state_time(const struct place *place, const struct token *token)
{
    const struct recording *run = place->run;
    bool ok = strstr(token->text, "ok") != NULL;
    int64_t takeover = agree_took_over_ms(run, "");
    if (token->taken) {
        int64_t own = agree_took_over_ms(run, recording_name(place->node));
        int64_t after = token->at_ms - (own >= 0 ? own : agree_took_over_ms(run, "b3"));
        if (!ok && token->at_ms - takeover > FLAP_MS) {
            agree_out_of_window(place, token->at_ms - takeover, "the first TAKEOVER", token->text);
        } else if (ok && own < 0 && !in_measured(place, "ok_replica", after)) {
            agree_out_of_window(place, after, "the last TAKEOVER", token->text);
        } else if (ok && own >= 0 && !master_ok_in_time(place, token->role, after)) {
            agree_out_of_window(place, after, "TAKEOVER", token->text);
        }
        return;
    }
    if (!ok) {
        if (run->kill_ms < 0 || !in_measured(place, "state_fail", token->at_ms - run->kill_ms)) {
            agree_out_of_window(place, token->at_ms - run->kill_ms, "the kill", token->text);
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
        agree_out_of_window(place, after, place->node < 6 ? "the start" : "MEET", token->text);
    }
}

/* FAIL needs a majority of masters: at the first TAKEOVER for nodes suspected by then, else when
 * the last suspicion has come and spread. */
static void check_fail_time(const struct place *place, const struct token *token)
{
    int64_t after = token->at_ms - agree_took_over_ms(place->run, "");
    int64_t after_kill = token->at_ms - place->run->kill_ms;
    int64_t last = measured(place, "pfail_last").high_ms + measured(place, "pfail_to_fail").high_ms;
    if (after < 0 || (!in_measured(place, "takeover_to_fail", after) && after_kill > last)) {
        agree_out_of_window(place, after, "the first TAKEOVER", token->text);
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
        from = agree_took_over_ms(run,
                                  agree_begins(token->text, "Configuration change") ? master : "");
        of = "TAKEOVER";
        break;
    case DELAYED:
        from = delayed_ms;
        of = "the replica's request";
        break;
    }
    int64_t after = token->at_ms - from;
    if (after < kind->low_ms || after > kind->high_ms) {
        agree_out_of_window(place, after, of, token->text);
    }
}

void agree_check_times(const struct place *place, const struct token *tokens, unsigned count)
{
    int64_t prev[STRAND_FAIL + 1] = { 0 }, delayed = 0;
    bool waits = false;
    for (unsigned i = 0; i < count; i++) {
        const struct token *token = &tokens[i];
        const struct kind *kind = kind_of(token->text);
        if (agree_begins(token->text, "Delay next BGSAVE") && !waits) {
            delayed = token->at_ms;
            waits = true;
        }
        waits &= !agree_begins(token->text, "Starting BGSAVE");
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
