/* Log lines, a node against a recorded one. The rules are told in agree.h. */
#include "tests/support/agree_strands.h"
#include "tests/support/support.h"

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
    if (agree_begins(theirs, "RDB memory usage") && agree_begins(ours, "RDB memory usage")) {
        return strstr(theirs, " Mb") != NULL && strstr(ours, " Mb") != NULL;
    }
    if (agree_begins(theirs, "RDB age ") && agree_begins(ours, "RDB age ")) {
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
        if ((agree_begins(theirs, "offset ") && agree_begins(ours, "offset ")) ||
            (agree_begins(theirs, "offset: ") && agree_begins(ours, "offset: "))) {
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

static const char *const strands[] = { "no known kind", "boot",     "ip",   "epoch",
                                       "state",         "takeover", "link", "replicas",
                                       "child",         "election", "fail" };

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
    return agree_find_token(all, "I'm a sub-replica!", true) >= 0;
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
    struct strand_list a = agree_canonical(recorded, &all->recorded[node], STRAND_LINK);
    struct strand_list b = agree_canonical(ours, &all->ours[node], STRAND_LINK);
    struct strand_list c = agree_canonical(&elsewhere, &all->recorded[other], STRAND_LINK);
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
        struct strand_list a = agree_canonical(&recorded, &all->recorded[node], strand);
        struct strand_list b = agree_canonical(&ours, &all->ours[node], strand);
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
            moves += agree_begins(run->logs[node].lines[i].text, "I'm a sub-replica!");
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
    agreement->ranges =
        test_vector(fast ? "timing/ranges_nt1000.txt" : "timing/ranges_nt5000.txt", NULL);
    for (int node = 0; node < RECORDING_NODES; node++) {
        struct place recorded = { agreement, agreement->recorded, "recorded", node };
        struct place ours = { agreement, agreement->ours, "here", node };
        all->recorded[node] = agree_tokens_of(&recorded);
        all->ours[node] = agree_tokens_of(&ours);
    }
    for (int node = 0; node < RECORDING_NODES; node++) {
        compare_node(all, node);
    }
    for (int node = 0; node < RECORDING_NODES; node++) {
        free(all->recorded[node].tokens);
        free(all->ours[node].tokens);
    }
    free(agreement->ranges);
    free(all);
}
