/* What happened between two statements of a script, in few lines: the milestones of many nodes that
 * say the same at about the same time are drawn together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/transcript.h"

#include "sim/pure.h"

/* How the milestones of a kind are drawn together. */
enum shape {
    SELF,  /* nodes that say it of themselves */
    ABOUT, /* nodes that say it of others, `%a` in the text */
    LOG    /* as SELF; what it says is its log line */
};

struct row {
    const char *what; /* name in traces */
    enum shape shape;
    const char *text;
    const char *list; /* label of the first number, listed behind the text; NULL none */
};

/* Milestones that are not here are in the trace only: no reader needs them, or the command above
 * says it. Two rows with the same text are told as one. `~` is an s when one node says it. */
/* clang-format off */
static const struct row rows[] = {
    { "known",               ABOUT, "know~ %a", NULL },
    { "adopted",             ABOUT, "know~ %a", NULL },
    { "handshake-lost",      SELF,  "give~ up a handshake", NULL },
    { "noaddr",              ABOUT, "%a: no address any more", NULL },
    { "address",             ABOUT, "%a: a new address", NULL },
    { "pfail",               ABOUT, "no answer from %a: fail?", NULL },
    { "pfail-cleared",       ABOUT, "%a: answers again", NULL },
    { "fail",                ABOUT, "%a: fail, a quorum agrees", NULL },
    { "fail-received",       ABOUT, "%a: fail, a quorum agrees", NULL },
    { "fail-cleared",        ABOUT, "%a: no longer fail", NULL },
    { "state-ok",            SELF,  "cluster state changed: ok", NULL },
    { "state-fail",          SELF,  "cluster state changed: fail", NULL },
    { "election-delayed",    SELF,  "will ask for votes", "delay ms" },
    { "election-rank",       LOG,   NULL, NULL },
    { "election-started",    SELF,  "ask~ for votes", "epoch" },
    { "election-blocked",    LOG,   NULL, NULL },
    { "election-won",        SELF,  "won the election", "votes" },
    { "vote-granted",        ABOUT, "vote~ for %a", "epoch" },
    { "vote-denied",         LOG,   NULL, NULL },
    { "takeover",            SELF,  "take~ over without asking anybody", NULL },
    { "failover-asked",      LOG,   NULL, NULL },
    { "failover-forced",     LOG,   NULL, NULL },
    { "failover-requested",  ABOUT, "pause~ clients for the failover of %a", NULL },
    { "failover-ready",      LOG,   NULL, NULL },
    { "failover-timeout",    LOG,   NULL, NULL },
    { "promoted",            SELF,  "now master", "epoch" },
    { "follows",             ABOUT, "now replicate~ %a, the new owner of the slots", NULL },
    { "follows-grandmaster", ABOUT, "own master is a replica now: replicate~ %a, the master's master", NULL },
    { "follows-orphan",      ABOUT, "migrate~ to %a, which had no replica", NULL },
    { "keys-dropped",        SELF,  "drop~ keys of slots that went elsewhere", "slot" },
    { "epoch-collision",     SELF,  "same config epoch as another: move~ on", "epoch" },
    { "reset",               SELF,  "hard reset", NULL },
    { "repl-lost",           SELF,  "lost the link to the master", NULL },
    { "repl-finished",       SELF,  "in sync with the master, by a full copy", NULL },
    { "repl-partial",        SELF,  "in sync with the master, by what was missed", NULL },
    { "boot",                SELF,  "started", NULL },
};
/* clang-format on */
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Two of a kind further apart than this are told apart. */
#define GAP_US RCS_MS(2500)

#define AFTER_BYTES 160

/* A line that waits for those that begin before it. */
struct line {
    rcs_us at_us;
    char *who, *what;
    char after[AFTER_BYTES];
};

struct rcs_story {
    const struct rcs_script *script;
    size_t next; /* milestone not told yet */
    rcs_us after_us;
    char after[64];     /* "" none */
    struct line *lines; /* of the telling at hand, by time */
    unsigned line_count;
};

struct told {
    struct rcs_milestone milestone;
    const struct row *row; /* NULL: told, or not to be told */
};

struct rcs_story *rcs_story_new(const struct rcs_script *script)
{
    struct rcs_story *story = calloc(1, sizeof(*story));
    RCS_ASSERT(story != NULL);
    story->script = script;
    return story;
}

void rcs_story_free(struct rcs_story *story)
{
    if (story != NULL) {
        free(story->lines);
    }
    free(story);
}

void rcs_story_after(struct rcs_story *story, rcs_us at_us, const char *what)
{
    story->after_us = at_us;
    snprintf(story->after, sizeof(story->after), "%s", what == NULL ? "" : what);
}

static const struct row *row_of(const char *what)
{
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].what, what) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool same_thing(const struct told *a, const struct told *b)
{
    if (b->row == NULL || a->row->shape != b->row->shape) {
        return false;
    }
    if (a->row->shape == LOG) {
        return strcmp(a->milestone.text == NULL ? "" : a->milestone.text,
                      b->milestone.text == NULL ? "" : b->milestone.text) == 0;
    }
    return strcmp(a->row->text, b->row->text) == 0;
}

/* --- drawing together ------------------------------------------------------------------------- */

/* A line has the time of the first node that says it. If the last one is so much later, the line
 * tells that, too. */
#define SPREAD_US RCS_MS(10)

/* "6.1..6.4 s after the kill", or nothing when that says nothing. True: it is such a range. */
static bool print_since(const struct rcs_story *story, rcs_us first_us, rcs_us last_us,
                        char out[96])
{
    rcs_us low = first_us - story->after_us, high = last_us - story->after_us;
    out[0] = '\0';
    if (story->after[0] == '\0' || low < 0 || high < RCS_MS(100) || high > RCS_S(120)) {
        return false;
    }
    int64_t low_tenths = (low + RCS_MS(50)) / RCS_MS(100),
            high_tenths = (high + RCS_MS(50)) / RCS_MS(100);
    int used = 0;
    if (low_tenths != high_tenths) {
        used = snprintf(out, 32, "%lld.%d..", (long long)(low_tenths / 10), (int)(low_tenths % 10));
    }
    snprintf(out + used, 96 - (size_t)used, "%lld.%d s after %.60s", (long long)(high_tenths / 10),
             (int)(high_tenths % 10), story->after);
    return used > 0;
}

/* "(6.1 s after the kill, until 16.142)", or as much of it as says something. */
static void print_after(const struct rcs_story *story, rcs_us first_us, rcs_us last_us,
                        char out[AFTER_BYTES])
{
    char since[96], until[32] = "";
    bool range = print_since(story, first_us, last_us, since);
    if (!range && last_us - first_us >= SPREAD_US) {
        snprintf(until, sizeof(until), "until %lld.%03d", (long long)(last_us / RCS_S(1)),
                 (int)(last_us / RCS_MS(1) % 1000));
    }
    bool both = since[0] != '\0' && until[0] != '\0';
    out[0] = '\0';
    if (since[0] != '\0' || until[0] != '\0') {
        snprintf(out, AFTER_BYTES, "(%s%s%s)", since, both ? ", " : "", until);
    }
}

/* One line for the nodes of a group. `about` NULL: nobody. */
struct group {
    int *nodes;
    unsigned count;
    int64_t *numbers; /* one a node, in the order of `nodes` */
    bool *about;
    rcs_us first_us, last_us;
};

#define NUMBERS_SHOWN 8

static void print_numbers(const struct group *group, const char *label, struct rcs_buf *out)
{
    bool same = true;
    for (unsigned i = 1; i < group->count; i++) {
        same &= group->numbers[i] == group->numbers[0];
    }
    rcs_buf_format(out, ", %s", label);
    for (unsigned i = 0; i < (same ? 1 : group->count); i++) {
        if (i == NUMBERS_SHOWN) {
            rcs_buf_text(out, " ...");
            break;
        }
        rcs_buf_format(out, " %lld", (long long)group->numbers[i]);
    }
}

static void print_nodes_of(const struct rcs_story *story, const bool *set, struct rcs_buf *out)
{
    unsigned total = story->script->node_count, count = 0;
    int *nodes = malloc((total + 1) * sizeof(nodes[0]));
    RCS_ASSERT(nodes != NULL);
    for (unsigned i = 0; i < total; i++) {
        if (set[i]) {
            nodes[count++] = (int)i;
        }
    }
    rcs_group_print(out, story->script, nodes, count);
    free(nodes);
}

/* True if the nodes of the group speak of each other and nobody else. */
static bool of_each_other(const struct group *group, unsigned total)
{
    unsigned about = 0, inside = 0;
    for (unsigned i = 0; i < total; i++) {
        about += group->about[i];
    }
    for (unsigned i = 0; i < group->count; i++) {
        inside += group->about[group->nodes[i]];
    }
    return group->count > 1 && inside == group->count && about == inside;
}

static void print_phrase(const struct rcs_story *story, const struct group *group, const char *text,
                         struct rcs_buf *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '~') {
            rcs_buf_text(out, group->count == 1 ? "s" : "");
        } else if (text[0] != '%' || text[1] != 'a') {
            rcs_buf_add(out, text, 1);
        } else if (of_each_other(group, story->script->node_count)) {
            rcs_buf_text(out, "each other");
            text++;
        } else {
            print_nodes_of(story, group->about, out);
            text++;
        }
    }
}

static char *take_text(struct rcs_buf *buf)
{
    char *out = malloc(buf->size_bytes + 1);
    RCS_ASSERT(out != NULL);
    memcpy(out, buf->data, buf->size_bytes);
    out[buf->size_bytes] = '\0';
    rcs_buf_close(buf);
    return out;
}

/* Adds a line behind those that begin earlier or at the same time. */
static void add_line(struct rcs_story *story, const struct line *line)
{
    story->lines = realloc(story->lines, (story->line_count + 1) * sizeof(story->lines[0]));
    RCS_ASSERT(story->lines != NULL);
    unsigned at = story->line_count++;
    for (; at > 0 && story->lines[at - 1].at_us > line->at_us; at--) {
        story->lines[at] = story->lines[at - 1];
    }
    story->lines[at] = *line;
}

static void tell_group(struct rcs_story *story, const struct told *first, const struct group *group)
{
    struct rcs_buf who, what;
    struct line line = { .at_us = group->first_us };
    rcs_buf_init(&who);
    rcs_buf_init(&what);
    rcs_group_print(&who, story->script, group->nodes, group->count);
    if (first->row->shape == LOG) {
        rcs_buf_text(&what,
                     first->milestone.text == NULL ? first->milestone.what : first->milestone.text);
    } else {
        print_phrase(story, group, first->row->text, &what);
    }
    if (first->row->list != NULL) {
        print_numbers(group, first->row->list, &what);
    }
    print_after(story, group->first_us, group->last_us, line.after);
    line.who = take_text(&who);
    line.what = take_text(&what);
    add_line(story, &line);
}

/* What the nodes of one kind of milestone said, a row a node. */
struct table {
    unsigned total;
    struct entry {
        bool open; /* said something that is not told yet */
        rcs_us first_us, last_us;
        int64_t number;
    } * entries;
    bool *about; /* [node][about] */
};

static bool *about_of(const struct table *table, unsigned node)
{
    return table->about + (size_t)node * table->total;
}

static void enter(struct table *table, const struct rcs_milestone *milestone)
{
    struct entry *entry = &table->entries[milestone->node];
    entry->first_us = entry->open ? entry->first_us : milestone->at_us;
    entry->last_us = milestone->at_us;
    entry->number = milestone->values[0];
    entry->open = true;
    if (milestone->about >= 0) {
        about_of(table, (unsigned)milestone->node)[milestone->about] = true;
    }
}

/* Fills the table with what is said like list[first] soon after one another; those are marked as
 * told. */
static void gather(struct table *table, struct told *list, size_t count, size_t first)
{
    const struct told head = list[first];
    rcs_us last_us = head.milestone.at_us;
    for (size_t i = first; i < count && list[i].milestone.at_us - last_us <= GAP_US; i++) {
        if (same_thing(&head, &list[i])) {
            enter(table, &list[i].milestone);
            last_us = list[i].milestone.at_us;
            list[i].row = NULL;
        }
    }
}

/* True if `a` and `b` speak of the same nodes, each leaving out itself: "they know each other". */
static bool speak_alike(const struct table *table, unsigned a, unsigned b)
{
    const bool *of_a = about_of(table, a), *of_b = about_of(table, b);
    bool each_other = of_a[b] && of_b[a];
    for (unsigned i = 0; i < table->total; i++) {
        if (of_a[i] != of_b[i] && !(each_other && (i == a || i == b))) {
            return false;
        }
    }
    return true;
}

/* One line for all nodes that say the same as `leader`. */
static void tell_with(struct rcs_story *story, const struct told *head, struct table *table,
                      unsigned leader, struct group *group)
{
    group->count = 0;
    group->first_us = RCS_NEVER;
    group->last_us = 0;
    memset(group->about, 0, table->total);
    for (unsigned node = 0; node < table->total; node++) {
        struct entry *entry = &table->entries[node];
        bool joins = entry->open && (node == leader || head->row->shape != ABOUT ||
                                     speak_alike(table, leader, node));
        if (!joins) {
            continue;
        }
        entry->open = node == leader; /* stays comparable until the end of the loop */
        group->nodes[group->count] = (int)node;
        group->numbers[group->count++] = entry->number;
        group->first_us = entry->first_us < group->first_us ? entry->first_us : group->first_us;
        group->last_us = entry->last_us > group->last_us ? entry->last_us : group->last_us;
        for (unsigned about = 0; about < table->total; about++) {
            group->about[about] |= about_of(table, node)[about];
        }
    }
    table->entries[leader].open = false;
    tell_group(story, head, group);
}

static void tell_kind(struct rcs_story *story, struct told *list, size_t count, size_t first)
{
    unsigned total = story->script->node_count;
    struct table table = {
        .total = total,
        .entries = calloc(total, sizeof(table.entries[0])),
        .about = calloc((size_t)total * total, sizeof(table.about[0])),
    };
    struct group group = {
        .nodes = calloc(total, sizeof(group.nodes[0])),
        .numbers = calloc(total, sizeof(group.numbers[0])),
        .about = calloc(total, sizeof(group.about[0])),
    };
    RCS_ASSERT(table.entries != NULL && table.about != NULL && group.nodes != NULL &&
               group.numbers != NULL && group.about != NULL);
    const struct told head = list[first];
    gather(&table, list, count, first);
    /* In the order in which they began to say it. */
    while (true) {
        unsigned leader = total;
        for (unsigned node = 0; node < total; node++) {
            const struct entry *entry = &table.entries[node];
            if (entry->open &&
                (leader == total || entry->first_us < table.entries[leader].first_us)) {
                leader = node;
            }
        }
        if (leader == total) {
            break;
        }
        tell_with(story, &head, &table, leader, &group);
    }
    free(group.about);
    free(group.numbers);
    free(group.nodes);
    free(table.about);
    free(table.entries);
}

/* More nodes than this are not drawn together by whom they speak of: the table would be too big. */
#define STORY_NODES_MAX 400

void rcs_story_tell(struct rcs_story *story, const struct rcs_sim *sim,
                    struct rcs_transcript *transcript)
{
    struct told *list = NULL;
    size_t count = 0, room = 0;
    struct rcs_milestone milestone;
    for (; rcs_sim_milestone(sim, story->next, &milestone); story->next++) {
        rcs_transcript_milestone(transcript, &milestone);
        if (rcs_transcript_is_quiet(transcript) || rcs_transcript_is_json(transcript) ||
            story->script->node_count > STORY_NODES_MAX || milestone.node < 0 ||
            milestone.at_us == 0 || row_of(milestone.what) == NULL) {
            continue;
        }
        if (count == room) {
            room = room == 0 ? 64 : room * 2;
            list = realloc(list, room * sizeof(list[0]));
            RCS_ASSERT(list != NULL);
        }
        list[count++] = (struct told){ milestone, row_of(milestone.what) };
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].row != NULL) {
            tell_kind(story, list, count, i);
        }
    }
    for (unsigned i = 0; i < story->line_count; i++) {
        struct line *line = &story->lines[i];
        rcs_transcript_story(transcript, line->at_us, line->who, line->what, line->after);
        free(line->who);
        free(line->what);
    }
    story->line_count = 0;
    free(list);
}
