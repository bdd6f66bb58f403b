#include "tests/support/agree.h"

#include "tests/support/agree_parts.h"
#include "tests/support/support.h"

/* --- what may differ in a step's views -------------------------------------------------------- */

enum loose {
    LOOSE_NEWS = 1,     /* nodes were heard of, but not yet from */
    LOOSE_SUSPECTS = 2, /* which of the dead are fail? */
    LOOSE_WAIT = 4,     /* new masters may still wait before they say ok, their replicas for data */
    LOOSE_OTHERS = 8    /* only what b1..b3 say of themselves */
};

static const struct {
    const char *title;
    unsigned loose;
} steps[] = {
    { "MEET b1-b6", LOOSE_NEWS },
    { "b4-b6 replicate b1-b3", LOOSE_WAIT },
    { "kill a1-a6", LOOSE_SUSPECTS },
    { "TAKEOVER b1-b3, at once after", LOOSE_OTHERS },
};

static unsigned loose_step(const char *title)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (strcmp(steps[i].title, title) == 0) {
            return steps[i].loose;
        }
    }
    return 0;
}

int agree_step(const struct recording *recording, const char *title)
{
    for (unsigned i = 0; i < recording->step_count; i++) {
        if (strcmp(recording->titles[i], title) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* --- commands --------------------------------------------------------------------------------- */

/* The next line of a reply, without LF; NULL at the end. */
static char *next_line(char **rest)
{
    char *line = *rest, *end = strchr(line, '\n');
    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    *rest = end + 1;
    return line;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A reply with what is compared: no redirections, the blocks on nodes sorted where they follow each
 * other. On the heap. */
static char *canonical_reply(const char *reply)
{
    char *copy = recording_copy(reply, strlen(reply)), *rest = copy, *line;
    struct rcs_buf out;
    char *blocks[16];
    unsigned count = 0;
    rcs_buf_init(&out);
    while ((line = next_line(&rest)) != NULL) {
        bool begins = strncmp(line, "M: ", 3) == 0 || strncmp(line, "S: ", 3) == 0;
        bool belongs = count > 0 && strncmp(line, "   ", 3) == 0;
        if (begins || belongs) {
            char joined[512];
            snprintf(joined, sizeof(joined), "%s%s\n", begins ? "" : blocks[count - 1], line);
            if (belongs) {
                free(blocks[--count]);
            }
            assert_true(count < 16);
            blocks[count++] = recording_copy(joined, strlen(joined));
            continue;
        }
        qsort(blocks, count, sizeof(blocks[0]), by_text);
        for (unsigned i = 0; i < count; i++) {
            rcs_buf_text(&out, blocks[i]);
            free(blocks[i]);
        }
        count = 0;
        /* Dots, one a second: the cluster joins sooner or later. */
        if (strncmp(line, "-> Redirected", 13) != 0 && line[strspn(line, ".")] != '\0') {
            rcs_buf_format(&out, "%s\n", line);
        }
    }
    assert_int_equal(count, 0); /* redis-cli never ends with one */
    char *text = recording_copy(out.data, out.size_bytes);
    rcs_buf_close(&out);
    free(copy);
    return text;
}

static void compare_reply(struct agreement *agreement, const struct recorded_command *recorded,
                          const struct recorded_command *ours)
{
    char *want = canonical_reply(recorded->reply), *got = canonical_reply(ours->reply);
    if (strcmp(want, got) != 0) {
        size_t same = 0;
        while (want[same] == got[same]) {
            same++;
        }
        while (same > 0 && want[same - 1] != '\n') {
            same--;
        }
        differ(agreement, "%s> %s: recorded \"%.*s\", here \"%.*s\"", recorded->who, recorded->text,
               (int)strcspn(want + same, "\n"), want + same, (int)strcspn(got + same, "\n"),
               got + same);
    }
    free(want);
    free(got);
}

static void compare_commands(struct agreement *agreement)
{
    const struct recording *recorded = agreement->recorded, *ours = agreement->ours;
    if (recorded->command_count != ours->command_count) {
        differ(agreement, "%u commands recorded, here %u", recorded->command_count,
               ours->command_count);
        return;
    }
    for (unsigned i = 0; i < recorded->command_count; i++) {
        const struct recorded_command *a = &recorded->commands[i], *b = &ours->commands[i];
        if (strcmp(a->who, b->who) != 0 || strcmp(a->text, b->text) != 0 || a->step != b->step) {
            differ(agreement, "recorded %s> %s, here %s> %s", a->who, a->text, b->who, b->text);
            continue;
        }
        compare_reply(agreement, a, b);
    }
}

/* --- views ------------------------------------------------------------------------------------ */

struct view_pair {
    struct agreement *agreement;
    const struct recorded_view *recorded, *ours;
    const char *title;
    unsigned loose;
};

/* --- epochs ----------------------------------------------------------------------------------- */

/* The highest epoch anybody had heard of when the a nodes died. */
static int64_t epoch_at_kill(const struct recording *recording)
{
    int step = agree_step(recording, "kill a1-a6");
    int64_t highest = 6;
    for (unsigned i = 0; i < recording->view_count; i++) {
        if (recording->views[i].step < step && recording->views[i].current_epoch > highest) {
            highest = recording->views[i].current_epoch;
        }
    }
    return highest;
}

/* -1: of a node that joined, or higher by a takeover: -2. */
static int64_t epoch_kind(int64_t epoch, int64_t at_kill, bool joined)
{
    return epoch > at_kill ? -2 : epoch > 6 || (joined && epoch == 0) ? -1 : epoch;
}

int agree_keeper(const struct recording *recording)
{
    int step = agree_step(recording, "b4-b6 replicate b1-b3");
    for (unsigned i = 0; i < recording->view_count; i++) {
        const struct recorded_view *view = &recording->views[i];
        int node = recording_node(view->viewer);
        if (view->step == step && node >= 6 && node < 9 &&
            view->my_epoch == epoch_at_kill(recording)) {
            return node;
        }
    }
    return -1;
}

/* The same for an entry: the keeper's epoch counts as taken over, its replica's as well. */
static int64_t entry_epoch_kind(const struct view_pair *pair, const struct recording *run,
                                int64_t at_kill, const struct recorded_entry *entry, bool joined)
{
    int keeper = agree_keeper(run), node = recording_node(entry->name);
    bool kept = keeper >= 0 && (node == keeper || node == keeper + 3) &&
                pair->ours->step > agree_step(run, "kill a1-a6");
    return epoch_kind(entry->epoch, kept ? at_kill - 1 : at_kill, joined);
}

static const struct recorded_entry *entry_of(const struct recorded_view *view, const char *name)
{
    for (unsigned i = 0; i < view->entry_count; i++) {
        if (strcmp(view->entries[i].name, name) == 0) {
            return &view->entries[i];
        }
    }
    return NULL;
}

static bool is_dead(const struct view_pair *pair, const char *name)
{
    int kill = agree_step(pair->agreement->ours, "kill a1-a6");
    return name[0] == 'a' && kill >= 0 && pair->ours->step >= kill;
}

static void differ_in(const struct view_pair *pair, const char *about, const char *what,
                      const char *recorded, const char *ours)
{
    differ(pair->agreement, "after \"%s\" %s on %s: %s recorded %s, here %s", pair->title,
           pair->ours->viewer, about, what, recorded, ours);
}

static void differ_in_number(const struct view_pair *pair, const char *about, const char *what,
                             int64_t recorded, int64_t ours)
{
    char a[24], b[24];
    if (recorded != ours) {
        snprintf(a, sizeof(a), "%lld", (long long)recorded);
        snprintf(b, sizeof(b), "%lld", (long long)ours);
        differ_in(pair, about, what, a, b);
    }
}

static void plain_flags(char out[48], const char *flags)
{
    size_t size = strcspn(flags, "?");
    memcpy(out, flags, 48);
    if (flags[size] == '?') {
        out[size - 5] = '\0'; /* ",fail?" stands last */
    }
}

/* Its master is itself a replica in that picture. */
static bool is_sub_replica(const struct recorded_view *view, const struct recorded_entry *entry)
{
    const struct recorded_entry *master = entry_of(view, entry->master);
    return master != NULL && strcmp(master->master, "-") != 0;
}

static void compare_entry(const struct view_pair *pair, const struct recorded_entry *a,
                          const struct recorded_entry *b)
{
    struct agreement *agreement = pair->agreement;
    bool myself = strcmp(pair->ours->viewer, a->name) == 0;
    bool sub = is_sub_replica(pair->recorded, a) || is_sub_replica(pair->ours, b);
    bool joined = a->name[0] == 'b' && pair->ours->known_nodes > 1;
    char flags_a[48], flags_b[48];
    memcpy(flags_a, a->flags, 48);
    memcpy(flags_b, b->flags, 48);
    if (pair->loose & LOOSE_OTHERS && !(myself && recording_node(a->name) < 9)) {
        return;
    }
    if (pair->loose & LOOSE_SUSPECTS && is_dead(pair, a->name)) {
        plain_flags(flags_a, a->flags);
        plain_flags(flags_b, b->flags);
    }
    if (strcmp(flags_a, flags_b) != 0) {
        differ_in(pair, a->name, "flags", flags_a, flags_b);
    }
    if (pair->loose & LOOSE_NEWS && !myself) {
        return;
    }
    if (strcmp(a->master, b->master) != 0) {
        differ_in(pair, a->name, "master", a->master, b->master);
    }
    if (strcmp(a->slots, b->slots) != 0) {
        differ_in(pair, a->name, "slots", a->slots, b->slots);
    }
    if (!sub) {
        differ_in_number(
            pair, a->name, "epoch (-1 joined, -2 taken over)",
            entry_epoch_kind(pair, agreement->recorded, agreement->recorded_at_kill, a, joined),
            entry_epoch_kind(pair, agreement->ours, agreement->ours_at_kill, b, joined));
    }
    if (!is_dead(pair, a->name) && a->connected != b->connected) {
        differ_in_number(pair, a->name, "link", a->connected, b->connected);
    }
}

/* What CLUSTER INFO counts, from the entries: a recording must add up as well. */
static void check_counts(const struct view_pair *pair, const struct recorded_view *view)
{
    int pfail = 0, fail = 0, dead_masters = 0;
    for (unsigned i = 0; i < view->entry_count; i++) {
        const struct recorded_entry *entry = &view->entries[i];
        int low, high;
        bool suspect = strstr(entry->flags, "fail?") != NULL;
        dead_masters += suspect && strstr(entry->flags, "master") != NULL;
        if (sscanf(entry->slots, "%d-%d", &low, &high) == 2) {
            pfail += suspect ? high - low + 1 : 0;
            fail += !suspect && strstr(entry->flags, "fail") != NULL ? high - low + 1 : 0;
        }
    }
    if (view->slots_ok >= 0) {
        differ_in_number(pair, view->viewer, "slots_pfail, counted", view->slots_pfail, pfail);
        differ_in_number(pair, view->viewer, "slots_fail, counted", view->slots_fail, fail);
        differ_in_number(pair, view->viewer, "slots_ok, counted", view->slots_ok,
                         view->slots_assigned - pfail - fail);
    }
    if (pair->loose & LOOSE_SUSPECTS && view->slots_assigned > 0 && dead_masters < 2) {
        differ_in_number(pair, view->viewer, "suspected masters (two at least)", 2, dead_masters);
    }
}

/* Collisions are settled when the state is ok again (before, gossip may still be on its way). */
static void check_epochs_apart(const struct view_pair *pair)
{
    if (pair->ours->step < agree_step(pair->agreement->ours, "after waiting for ok")) {
        return;
    }
    const struct recorded_view *view = pair->ours;
    for (unsigned i = 0; i < view->entry_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            const struct recorded_entry *a = &view->entries[i], *b = &view->entries[j];
            if (strstr(a->flags, "master") != NULL && strstr(b->flags, "master") != NULL &&
                a->epoch == b->epoch && view->known_nodes > 2) {
                differ_in(pair, a->name, "an epoch of its own", "alone", b->name);
            }
        }
    }
}

static void compare_info(const struct view_pair *pair)
{
    struct agreement *agreement = pair->agreement;
    const struct recorded_view *a = pair->recorded, *b = pair->ours;
    const char *who = b->viewer;
    bool joined = b->viewer[0] == 'b' && b->known_nodes > 1;
    bool waits = pair->loose & LOOSE_WAIT && joined && !b->replica;
    if (!(pair->loose & LOOSE_OTHERS)) {
        differ_in_number(pair, who, "cluster_state ok", a->state_ok,
                         waits ? a->state_ok : b->state_ok);
        differ_in_number(pair, who, "link up", a->link_up,
                         joined && pair->loose & LOOSE_WAIT ? a->link_up : b->link_up);
    }
    if (!(pair->loose & (LOOSE_OTHERS | LOOSE_NEWS))) {
        differ_in_number(pair, who, "current epoch (-1 joined, -2 taken over)",
                         epoch_kind(a->current_epoch, agreement->recorded_at_kill, joined),
                         epoch_kind(b->current_epoch, agreement->ours_at_kill, joined));
    }
    differ_in_number(pair, who, "known_nodes", a->known_nodes, b->known_nodes);
    if (!(pair->loose & LOOSE_NEWS)) {
        differ_in_number(pair, who, "slots_assigned", a->slots_assigned, b->slots_assigned);
        differ_in_number(pair, who, "size", a->size, b->size);
    }
    if (!(pair->loose & LOOSE_OTHERS && recording_node(who) >= 9)) {
        differ_in_number(pair, who, "replica", a->replica, b->replica);
        if (strcmp(a->master, b->master) != 0) {
            differ_in(pair, who, "master of its link", a->master, b->master);
        }
    }
    int64_t apart = a->offset - b->offset;
    if (!(pair->loose & LOOSE_NEWS) && apart != 0 && apart != 14 && apart != -14) {
        differ_in_number(pair, who, "offset (but for a PING)", a->offset, b->offset);
    }
}

static void compare_view(struct agreement *agreement, const struct recorded_view *recorded,
                         const struct recorded_view *ours)
{
    const char *title = agreement->recorded->titles[recorded->step];
    struct view_pair pair = { agreement, recorded, ours, title, loose_step(title) };
    compare_info(&pair);
    check_counts(&pair, recorded);
    check_counts(&pair, ours);
    check_epochs_apart(&pair);
    for (unsigned i = 0; i < recorded->entry_count; i++) {
        const struct recorded_entry *entry = &recorded->entries[i];
        const struct recorded_entry *other = entry_of(ours, entry->name);
        if (entry->name[0] == '?') {
            continue; /* a handshake: counted in known_nodes */
        }
        if (other == NULL) {
            differ_in(&pair, entry->name, "the node", "known", "unknown");
        } else {
            compare_entry(&pair, entry, other);
        }
    }
    for (unsigned i = 0; i < ours->entry_count; i++) {
        if (entry_of(recorded, ours->entries[i].name) == NULL) {
            differ_in(&pair, ours->entries[i].name, "the node", "unknown", "known");
        }
    }
}

static void compare_views(struct agreement *agreement)
{
    const struct recording *recorded = agreement->recorded, *ours = agreement->ours;
    unsigned met = 0;
    agreement->recorded_at_kill = epoch_at_kill(recorded);
    agreement->ours_at_kill = epoch_at_kill(ours);
    for (unsigned i = 0; i < recorded->view_count; i++) {
        for (unsigned j = 0; j < ours->view_count; j++) {
            if (recorded->views[i].step == ours->views[j].step &&
                strcmp(recorded->views[i].viewer, ours->views[j].viewer) == 0) {
                compare_view(agreement, &recorded->views[i], &ours->views[j]);
                met++;
            }
        }
    }
    if (met != recorded->view_count || met != ours->view_count) {
        differ(agreement, "%u views recorded, here %u, of which %u have a partner",
               recorded->view_count, ours->view_count, met);
    }
}

/* --- all -------------------------------------------------------------------------------------- */

void differ(struct agreement *agreement, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    agreement->differences++;
    rcs_buf_format(agreement->report, "%s\n", text);
}

static void compare_titles(struct agreement *agreement)
{
    const struct recording *a = agreement->recorded, *b = agreement->ours;
    for (unsigned i = 0; i < a->step_count || i < b->step_count; i++) {
        const char *recorded = i < a->step_count ? a->titles[i] : "nothing";
        const char *ours = i < b->step_count ? b->titles[i] : "nothing";
        if (strcmp(recorded, ours) != 0) {
            differ(agreement, "step %u: recorded \"%s\", here \"%s\"", i + 1, recorded, ours);
        }
    }
}

unsigned agree(const struct recording *recorded, const struct recording *ours,
               struct rcs_buf *report)
{
    struct agreement agreement = { .recorded = recorded, .ours = ours, .report = report };
    compare_titles(&agreement);
    if (agreement.differences == 0) {
        compare_commands(&agreement);
        compare_views(&agreement);
        agree_logs(&agreement);
    }
    return agreement.differences;
}
