#include "sim/explore/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/explore/shrink_line.h"
#include "sim/scenario/chaos.h"

#include "sim/pure.h"

struct shrinking {
    char **lines;
    unsigned count;
    rcs_still_fn *still;
    void *arg;
    unsigned runs, runs_max;
    bool within; /* no fault may come after the wait before healing */
};

static void *grown(void *list, size_t bytes)
{
    void *out = realloc(list, bytes > 0 ? bytes : 1);
    RCS_ASSERT(out != NULL);
    return out;
}

static char *copy_of(const char *text, size_t size_bytes)
{
    char *out = grown(NULL, size_bytes + 1);
    memcpy(out, text, size_bytes);
    out[size_bytes] = '\0';
    return out;
}

/* --- texts and lines -------------------------------------------------------------------------- */

static void split(struct shrinking *s, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        s->lines = grown(s->lines, (s->count + 1) * sizeof(s->lines[0]));
        s->lines[s->count++] = copy_of(text, len);
        text += len + (text[len] == '\n');
    }
}

/* The lines but those marked in `without` (NULL: all). */
static char *join(const struct shrinking *s, const bool *without)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (unsigned i = 0; i < s->count; i++) {
        if (without == NULL || !without[i]) {
            rcs_buf_text(&text, s->lines[i]);
            rcs_buf_text(&text, "\n");
        }
    }
    char *out = copy_of(text.size_bytes > 0 ? text.data : "", text.size_bytes);
    rcs_buf_close(&text);
    return out;
}

static bool holds(struct shrinking *s, const bool *without)
{
    if (s->runs == s->runs_max) {
        return false;
    }
    char *text = join(s, without);
    s->runs++;
    bool yes = s->still(s->arg, text);
    free(text);
    return yes;
}

static void leave_out(struct shrinking *s, const bool *without)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < s->count; i++) {
        if (without[i]) {
            free(s->lines[i]);
        } else {
            s->lines[kept++] = s->lines[i];
        }
    }
    s->count = kept;
}

/* Tries the text without these lines, and keeps it so if it still holds. */
static bool try_without(struct shrinking *s, const bool *without)
{
    bool any = false;
    for (unsigned i = 0; i < s->count; i++) {
        any |= without[i];
    }
    if (!any || !holds(s, without)) {
        return false;
    }
    leave_out(s, without);
    return true;
}

/* Where healing begins; the number of lines if it never does. */
static unsigned healed_from(const struct shrinking *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (strcmp(s->lines[i], "step \"" RCS_PLAN_HEALED "\"") == 0) {
            return i;
        }
    }
    return s->count;
}

/* The faults are over when the wait before healing is. */
static bool ends_in_time(const struct shrinking *s)
{
    unsigned healed = healed_from(s);
    rcs_us wait_us = 0;
    for (unsigned i = 0; i < healed; i++) { /* from the last fault on */
        wait_us = rcs_line_begins(s->lines[i], "at")     ? 0
                  : rcs_line_begins(s->lines[i], "wait") ? wait_us + rcs_line_time(s->lines[i])
                                                         : wait_us;
    }
    for (unsigned i = 0; i < healed && healed < s->count; i++) {
        if (rcs_line_begins(s->lines[i], "at") &&
            rcs_line_time(s->lines[i]) + rcs_line_length(s->lines[i]) > wait_us) {
            return false;
        }
    }
    return true;
}

/* Another line in the place of one; takes `line`, which may be NULL. */
static bool try_instead(struct shrinking *s, unsigned index, char *line)
{
    if (line == NULL || strcmp(line, s->lines[index]) == 0) {
        free(line);
        return false;
    }
    char *before = s->lines[index];
    s->lines[index] = line;
    bool yes = (!s->within || ends_in_time(s)) && holds(s, NULL);
    if (!yes) {
        s->lines[index] = before;
        before = line;
    }
    free(before);
    return yes;
}

static bool is_fault(const struct shrinking *s, unsigned index)
{
    return index < healed_from(s) && rcs_line_begins(s->lines[index], "at");
}

static unsigned fault_count(const struct shrinking *s)
{
    unsigned count = 0, end = healed_from(s);
    for (unsigned i = 0; i < end; i++) {
        count += rcs_line_begins(s->lines[i], "at");
    }
    return count;
}

/* --- fewer lines ------------------------------------------------------------------------------ */

/* Comments, markers of includes and blank lines: they do nothing. */
static void drop_comments(struct shrinking *s)
{
    bool *without = grown(NULL, s->count * sizeof(bool));
    for (unsigned i = 0; i < s->count; i++) {
        size_t blanks = strspn(s->lines[i], " \t");
        char first = s->lines[i][blanks];
        without[i] = first == '\0' || first == '#';
    }
    (void)try_without(s, without);
    free(without);
}

/* Faults number `first` to `first + size - 1`, as they are counted now. */
static bool try_without_faults(struct shrinking *s, unsigned first, unsigned size)
{
    bool *without = grown(NULL, s->count * sizeof(bool));
    unsigned number = 0;
    for (unsigned i = 0; i < s->count; i++) {
        bool fault = is_fault(s, i);
        without[i] = fault && number >= first && number < first + size;
        number += fault;
    }
    bool yes = try_without(s, without);
    free(without);
    return yes;
}

/* Delta debugging (Zeller, Hildebrandt 2002), by complements only: a fault alone seldom does it.
 * Returns true if something could be left out. */
static bool drop_faults(struct shrinking *s)
{
    bool any = false;
    for (unsigned size = fault_count(s); size > 0;) {
        bool helped = false;
        /* From the end: what came after what was found goes first. */
        for (unsigned end = fault_count(s); end > 0;) {
            unsigned first = end > size ? end - size : 0;
            helped |= try_without_faults(s, first, end - first);
            end = first;
        }
        any |= helped;
        unsigned left = fault_count(s);
        size = size > 1 ? (size + 1) / 2 : helped && left > 0 ? 1 : 0; /* singles until none goes */
        size = size > left ? left : size;
    }
    return any;
}

/* The last round tried each fault that is there, in vain. */
static bool no_fault_goes(struct shrinking *s)
{
    unsigned count = fault_count(s);
    for (unsigned i = 0; i < count; i++) {
        if (s->runs == s->runs_max || try_without_faults(s, i, 1)) {
            return false;
        }
    }
    return true;
}

/* What healing does, and by which words of a fault it is needed. */
static const struct {
    const char *line, *needed[4];
} heals[] = {
    { "heal", { "partition" } },   { "drop none", { "drop" } },
    { "try resume", { "pause" } }, { "try start", { "kill", "stop", "poweroff" } },
    { "clock", { "clock" } },      { "disk", { "disk" } },
};

/* `at ... MEET $b1.ip ...` while b1 is forgotten, reset or loses its nodes.conf; `at ... SETSLOT
 * 7 STABLE` while that slot is moved. */
static bool fault_about(const struct shrinking *s, const char *line)
{
    char name[40] = "";
    const char *word = strstr(line, " $"), *slot = strstr(line, "SETSLOT ");
    word = word != NULL ? word + 2 : slot != NULL ? slot + 8 : "";
    size_t len = strcspn(word, ". ");
    if (len == 0 || len >= sizeof(name)) {
        return true;
    }
    memcpy(name, word, len);
    name[len] = '\0';
    for (unsigned i = 0; i < s->count; i++) {
        const char *fault = s->lines[i];
        if (is_fault(s, i) && rcs_line_has(fault, name) &&
            (slot != NULL ? rcs_line_has(fault, "SETSLOT")
                          : rcs_line_has(fault, "FORGET") || rcs_line_has(fault, "RESET") ||
                                rcs_line_has(fault, "conf"))) {
            return true;
        }
    }
    return false;
}

static bool needed(const struct shrinking *s, const char *line)
{
    unsigned end = healed_from(s);
    if (rcs_line_begins(line, "at")) {
        return fault_about(s, line);
    }
    for (size_t row = 0; row < sizeof(heals) / sizeof(heals[0]); row++) {
        if (!rcs_line_begins(line, heals[row].line)) {
            continue;
        }
        for (unsigned i = 0; i < end; i++) {
            for (unsigned w = 0; w < 4 && heals[row].needed[w] != NULL; w++) {
                if (is_fault(s, i) && rcs_line_has(s->lines[i], heals[row].needed[w])) {
                    return true;
                }
            }
        }
        return false;
    }
    return true;
}

static void drop_healing(struct shrinking *s)
{
    bool *without = grown(NULL, s->count * sizeof(bool));
    unsigned from = healed_from(s);
    bool wait_seen = false;
    for (unsigned i = 0; i < s->count; i++) {
        wait_seen |= i > from && rcs_line_begins(s->lines[i], "wait");
        without[i] = i > from && !wait_seen && !needed(s, s->lines[i]);
    }
    (void)try_without(s, without);
    free(without);
}

/* --- simpler lines ---------------------------------------------------------------------------- */

typedef char *simpler_fn(const char *line, unsigned way);

/* Each way of making a line simpler, until none helps. */
static bool simplify(struct shrinking *s, unsigned index, simpler_fn *simpler)
{
    bool any = false;
    for (unsigned way = 0;; way++) {
        char *line = simpler(s->lines[index], way);
        if (line == NULL) {
            return any;
        }
        any |= try_instead(s, index, line);
    }
}

static bool simplify_all(struct shrinking *s, bool keep_recover)
{
    bool any = false;
    for (unsigned i = 0; i < s->count; i++) {
        bool fault = is_fault(s, i);
        any |= fault && simplify(s, i, rcs_line_fewer_nodes);
        any |= fault && simplify(s, i, rcs_line_without_try);
        any |= fault && simplify(s, i, rcs_line_other_time);
        any |= fault && simplify(s, i, rcs_line_other_length);
        bool wait = rcs_line_begins(s->lines[i], "wait") && (!keep_recover || i < healed_from(s));
        any |= wait && simplify(s, i, rcs_line_other_wait);
        any |= rcs_line_begins(s->lines[i], "workload") && simplify(s, i, rcs_line_fewer_keys);
    }
    return any;
}

/* Fault number `index` and what follows it move to an earlier time together: what lies between them
 * may count. */
static bool try_earlier(struct shrinking *s, unsigned index, rcs_us to_us)
{
    const rcs_us from_us = rcs_line_time(s->lines[index]);
    if (to_us >= from_us) {
        return false;
    }
    char **before = s->lines;
    s->lines = grown(NULL, s->count * sizeof(s->lines[0]));
    memcpy(s->lines, before, s->count * sizeof(s->lines[0]));
    for (unsigned i = index; i < s->count; i++) {
        rcs_us at_us = rcs_line_time(before[i]);
        if (rcs_line_begins(before[i], "at") && i < healed_from(s) && at_us >= from_us) {
            s->lines[i] = rcs_line_at(before[i], at_us - (from_us - to_us));
        }
    }
    bool yes = (!s->within || ends_in_time(s)) && holds(s, NULL);
    char **out = yes ? before : s->lines, **kept = yes ? s->lines : before;
    for (unsigned i = 0; i < s->count; i++) {
        if (out[i] != kept[i]) {
            free(out[i]);
        }
    }
    free(out);
    s->lines = kept;
    return yes;
}

static bool close_gaps(struct shrinking *s)
{
    bool any = false;
    rcs_us last_us = 0;
    for (unsigned i = 0; i < healed_from(s); i++) {
        if (is_fault(s, i) && rcs_line_time(s->lines[i]) > 0) {
            /* Right behind the one before it; halfway; on a whole second. */
            rcs_us at_us = rcs_line_time(s->lines[i]), after_us = last_us + RCS_S(1) - 1;
            after_us -= after_us % RCS_S(1);
            any |= try_earlier(s, i, after_us) ||
                   (at_us / 2 > after_us && try_earlier(s, i, at_us / 2 - at_us / 2 % RCS_S(1))) ||
                   try_earlier(s, i, at_us - at_us % RCS_S(1));
        }
        last_us = is_fault(s, i) ? rcs_line_time(s->lines[i]) : last_us;
    }
    return any;
}

/* A site's last node, wherever a range ends with it; and with it the lines of healing that name it
 * alone are no scenario any more: the predicate says. */
static bool shorten_sites(struct shrinking *s)
{
    bool any = false;
    for (unsigned i = 0; i < s->count; i++) {
        char last[40], before[40];
        while (rcs_line_last_node(s->lines[i], last, before)) {
            char **lines = s->lines;
            s->lines = grown(NULL, s->count * sizeof(s->lines[0]));
            for (unsigned j = 0; j < s->count; j++) {
                s->lines[j] = rcs_line_without_node(lines[j], last, before);
            }
            bool yes = holds(s, NULL);
            char **out = yes ? lines : s->lines;
            s->lines = yes ? s->lines : lines;
            for (unsigned j = 0; j < s->count; j++) {
                free(out[j]);
            }
            free(out);
            any |= yes;
            if (!yes) {
                break;
            }
        }
    }
    return any;
}

/* Faults in the order of their times, as far as they stand beside each other. */
static void sort_faults(struct shrinking *s)
{
    for (unsigned i = 1; i < s->count; i++) {
        for (unsigned j = i; j > 0 && is_fault(s, j) && is_fault(s, j - 1) &&
                             rcs_line_time(s->lines[j]) < rcs_line_time(s->lines[j - 1]);
             j--) {
            char *line = s->lines[j];
            s->lines[j] = s->lines[j - 1];
            s->lines[j - 1] = line;
        }
    }
}

char *rcs_shrink(const char *text, rcs_still_fn *still, void *arg,
                 const struct rcs_shrink_limits *limits, struct rcs_shrink_counts *counts)
{
    struct shrinking s = { .still = still, .arg = arg, .runs_max = limits->runs_max };
    RCS_ASSERT(limits->runs_max > 0);
    split(&s, text);
    s.within = ends_in_time(&s);
    *counts = (struct rcs_shrink_counts){ .faults_before = fault_count(&s) };
    char *out = NULL;
    if (holds(&s, NULL)) {
        drop_comments(&s);
        drop_faults(&s);
        bool again = true;
        while (again && s.runs < s.runs_max) {
            drop_healing(&s);
            again = close_gaps(&s);
            again |= simplify_all(&s, limits->keep_recover);
            again |= shorten_sites(&s);
            again |= drop_faults(&s); /* other times may need fewer */
        }
        counts->minimal = no_fault_goes(&s);
        counts->faults_after = fault_count(&s);
        char *before = join(&s, NULL);
        sort_faults(&s);
        out = join(&s, NULL);
        if (strcmp(out, before) != 0 && (s.runs == s.runs_max || !holds(&s, NULL))) {
            free(out); /* of one instant, the order of the lines counted */
            out = before;
        } else {
            free(before);
        }
    }
    counts->runs = s.runs;
    for (unsigned i = 0; i < s.count; i++) {
        free(s.lines[i]);
    }
    free(s.lines);
    return out;
}
