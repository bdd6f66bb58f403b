#define _GNU_SOURCE /* memmem */
#include "tests/support/answers_agree.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CHILDREN_MAX 4096

struct children {
    const struct rcs_reply *at[CHILDREN_MAX];
    unsigned count;
};

bool bytes_are_same(const struct rcs_buf *a, const struct rcs_buf *b)
{
    return a->size_bytes == b->size_bytes &&
           (a->size_bytes == 0 || memcmp(a->data, b->data, a->size_bytes) == 0);
}

static void children_of(const struct rcs_reply *reply, struct children *children)
{
    const struct rcs_reply *child = reply + 1;
    children->count = 0;
    for (uint32_t i = 0; i < reply->elements && children->count < CHILDREN_MAX; i++) {
        children->at[children->count++] = child;
        child += child->size;
    }
}

static bool same_leaf(const struct rcs_reply *a, const struct rcs_reply *b)
{
    return a->kind == b->kind && a->elements == b->elements && a->size_bytes == b->size_bytes &&
           memcmp(a->bytes, b->bytes, a->size_bytes) == 0;
}

static bool same_tree(const struct rcs_reply *a, const struct rcs_reply *b)
{
    bool same = a->size == b->size;
    for (uint32_t i = 0; same && i < a->size; i++) {
        same = same_leaf(&a[i], &b[i]);
    }
    return same;
}

static bool same_shape(const struct rcs_reply *a, const struct rcs_reply *b)
{
    return a->kind == b->kind && a->elements == b->elements;
}

/* Values that are a process's own, though no numbers. */
static bool is_own(const char *name, size_t size_bytes)
{
    static const char *const own[] = {
        /* INFO */ "redis_git_sha1",
        "redis_build_id",
        "os",
        "arch_bits",
        "monotonic_clock",
        "multiplexing_api",
        "atomicvar_api",
        "gcc_version",
        "run_id",
        "executable",
        "config_file",
        "mem_allocator",
        "master_replid",
        "master_replid2",
        /* CONFIG GET: what they were started with */ "bind",
        "logfile",
        "port",
        "dir",
        "slowlog-log-slower-than",
        "enable-debug-command",
        /* CLIENT LIST */ "id",
        "addr",
        "laddr",
        "fd",
        "age",
        "idle",
        "qbuf",
        "qbuf-free",
        "argv-mem",
        "multi-mem",
        "rbs",
        "rbp",
        "obl",
        "oll",
        "omem",
        "tot-mem",
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strlen(own[i]) == size_bytes && memcmp(own[i], name, size_bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* --- order ------------------------------------------------------------------------------------ */

/* Each of b's groups of `stride` children is one of a's, each of a's counts once. `own`: values of
 * names that are a process's own may differ. */
static bool all_among(const struct children *a, const struct children *b, unsigned stride, bool own)
{
    static bool taken[CHILDREN_MAX];
    memset(taken, 0, sizeof(taken));
    for (unsigned i = 0; i + stride <= b->count; i += stride) {
        unsigned j = 0;
        for (; j + stride <= a->count; j += stride) {
            bool same = !taken[j];
            for (unsigned k = 0; same && k < stride; k++) {
                same = same_tree(a->at[j + k], b->at[i + k]) ||
                       (own && k == 1 && is_own(b->at[i]->bytes, b->at[i]->size_bytes));
            }
            if (same) {
                taken[j] = true;
                break;
            }
        }
        if (j + stride > a->count) {
            return false;
        }
    }
    return true;
}

static int by_byte(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* DUMP of a hash table: the same bytes in another order, and a checksum. */
static bool same_payload(const struct rcs_reply *a, const struct rcs_reply *b)
{
    if (a->size_bytes != b->size_bytes || a->size_bytes < 10) {
        return false;
    }
    size_t size = a->size_bytes - 8;
    char *sorted[2] = { malloc(size), malloc(size) };
    memcpy(sorted[0], a->bytes, size);
    memcpy(sorted[1], b->bytes, size);
    qsort(sorted[0], size, 1, by_byte);
    qsort(sorted[1], size, 1, by_byte);
    bool same = a->bytes[0] == b->bytes[0] && memcmp(sorted[0], sorted[1], size) == 0;
    free(sorted[0]);
    free(sorted[1]);
    return same;
}

static bool agree_order(const struct command_row *row, const struct rcs_reply *a,
                        const struct rcs_reply *b)
{
    static struct children of_a, of_b;
    if (a->kind == RCS_REPLY_BULK && strcmp(row->name, "dump") == 0) {
        return b->kind == RCS_REPLY_BULK && same_payload(a, b);
    }
    children_of(a, &of_a);
    children_of(b, &of_b);
    bool pairs = (row->flags & ROW_PAIRS) != 0 || a->kind == RCS_REPLY_MAP;
    return same_shape(a, b) && of_a.count > 0 && all_among(&of_a, &of_b, pairs ? 2 : 1, false);
}

/* --- random, clock ---------------------------------------------------------------------------- */

static bool is_among(const struct rcs_reply *leaf, const struct rcs_buf *members)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *all;
    bool found = false;
    rcs_resp_replies_feed(reader, members->data, members->size_bytes);
    if (rcs_resp_replies_next(reader, &all) == RCS_OK) {
        for (uint32_t i = 0; i < all->size && !found; i++) {
            found = all[i].elements == 0 && all[i].size_bytes == leaf->size_bytes &&
                    memcmp(all[i].bytes, leaf->bytes, leaf->size_bytes) == 0;
        }
    }
    rcs_resp_replies_free(reader);
    return found;
}

static bool agree_random(const struct answer_question *question, const struct rcs_reply *a,
                         const struct rcs_reply *b)
{
    bool agree = a->size == b->size && question->members != NULL;
    for (uint32_t i = 0; agree && i < a->size; i++) {
        agree = same_shape(&a[i], &b[i]);
        if (agree && (b[i].kind == RCS_REPLY_BULK || b[i].kind == RCS_REPLY_DOUBLE)) {
            agree = is_among(&b[i], question->members);
        }
    }
    return agree && a->kind != RCS_REPLY_ERROR;
}

static bool agree_clock(const struct answer_question *question, const struct rcs_reply *a,
                        const struct rcs_reply *b)
{
    bool in_ms = question->row->name[0] == 'p';
    int64_t most = in_ms ? 2000 : 2, offset = question->date_offset_s * (in_ms ? 1000 : 1);
    if (a->kind == RCS_REPLY_ARRAY && a->elements == 2) { /* TIME: microseconds are anything */
        return same_shape(a, b) && a[1].kind == RCS_REPLY_BULK && same_shape(&a[1], &b[1]) &&
               llabs(strtoll(a[1].bytes, NULL, 10) - strtoll(b[1].bytes, NULL, 10) - offset) <=
                   most;
    }
    /* What was set as a date is further away on a server with an earlier one. */
    int64_t more = b->integer - a->integer;
    return a->kind == RCS_REPLY_INTEGER && b->kind == RCS_REPLY_INTEGER && a->integer >= 0 &&
           b->integer >= 0 &&
           (llabs(more) <= most || llabs(more - offset) <= most || llabs(more + offset) <= most);
}

/* --- ids, sizes ------------------------------------------------------------------------------- */

static bool is_number(const char *text, size_t size_bytes)
{
    char number[64], *end;
    if (size_bytes == 0 || size_bytes >= sizeof(number)) {
        return false;
    }
    memcpy(number, text, size_bytes);
    number[size_bytes] = '\0';
    strtod(number, &end);
    return end != number && strspn(end, "BKMGT%") == strlen(end);
}

/* Words of a text without a server's own ids and numbers. */
static void mask(const struct rcs_reply *reply, int port, struct rcs_buf *out)
{
    const char *at = reply->bytes, *end = at + reply->size_bytes;
    while (at < end) {
        size_t size = 0, hex = 0, name = 0;
        while (at + size < end && (isalnum((unsigned char)at[size]) || at[size] == '-')) {
            hex += isxdigit((unsigned char)at[size]) != 0;
            size++;
        }
        if (size == 0) {
            rcs_buf_add(out, at++, 1);
            continue;
        }
        name = size;
        long number = strtol(at, NULL, 10);
        if (at + size < end && at[size] == '=' && is_own(at, size)) {
            while (at + size < end && at[size] != ' ' && at[size] != '\n') {
                size++;
            }
            rcs_buf_add(out, at, name);
            rcs_buf_text(out, "=*");
        } else if (hex == 40 && size == 40) {
            rcs_buf_text(out, "<id>");
        } else if (number == port || number == port + 10000) {
            rcs_buf_text(out, number == port ? "<port>" : "<bus port>");
        } else {
            rcs_buf_add(out, at, size);
        }
        at += size;
    }
}

static bool agree_ids(const struct answer_question *question, const struct rcs_reply *a,
                      const struct rcs_reply *b)
{
    bool cluster = strncmp(question->row->name, "cluster|", 8) == 0, agree = a->size == b->size;
    for (uint32_t i = 0; agree && i < a->size; i++) {
        struct rcs_buf of_a, of_b;
        agree = same_shape(&a[i], &b[i]);
        if (agree && a[i].kind == RCS_REPLY_INTEGER) {
            int64_t x = a[i].integer, y = b[i].integer;
            agree = x == y || !cluster || (x == question->port_a && y == question->port_b) ||
                    (x == question->port_a + 10000 && y == question->port_b + 10000);
            continue;
        }
        rcs_buf_init(&of_a);
        rcs_buf_init(&of_b);
        mask(&a[i], question->port_a, &of_a);
        mask(&b[i], question->port_b, &of_b);
        agree = agree && bytes_are_same(&of_a, &of_b);
        rcs_buf_close(&of_a);
        rcs_buf_close(&of_b);
    }
    return agree && a->kind != RCS_REPLY_ERROR;
}

struct line {
    const char *text;
    size_t name_bytes, size_bytes; /* without CR LF; the name ends at the colon */
};

static bool next_line(const char **at, const char *end, struct line *line)
{
    if (*at >= end) {
        return false;
    }
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    const char *next = stop == NULL ? end : stop + 1;
    line->text = *at;
    line->size_bytes = (size_t)((stop == NULL ? end : stop) - *at);
    line->size_bytes -= line->size_bytes > 0 && line->text[line->size_bytes - 1] == '\r';
    const char *colon = memchr(line->text, ':', line->size_bytes);
    line->name_bytes = colon == NULL ? line->size_bytes : (size_t)(colon - line->text);
    *at = next;
    return true;
}

static bool agree_line(const struct line *a, const struct line *b)
{
    bool both = a->name_bytes < a->size_bytes && b->name_bytes < b->size_bytes;
    if (a->name_bytes != b->name_bytes || memcmp(a->text, b->text, a->name_bytes) != 0) {
        return false;
    }
    size_t from = a->name_bytes + 1;
    const char *ttl_a = memmem(a->text, a->size_bytes, ",avg_ttl=", 9);
    const char *ttl_b = memmem(b->text, b->size_bytes, ",avg_ttl=", 9);
    if (ttl_a != NULL && ttl_b != NULL) { /* as the last cycle of expiry found it */
        return ttl_a - a->text == ttl_b - b->text &&
               memcmp(a->text, b->text, (size_t)(ttl_a - a->text)) == 0;
    }
    if (both && strncmp(a->text, "errorstat_", 10) == 0) {
        return true; /* count=: those of the connection beside are among them */
    }
    return (a->size_bytes == b->size_bytes && memcmp(a->text, b->text, a->size_bytes) == 0) ||
           is_own(a->text, a->name_bytes) ||
           (both && is_number(a->text + from, a->size_bytes - from) &&
            is_number(b->text + from, b->size_bytes - from));
}

/* INFO: each of b's lines is one of a's, in a's order. a's that b does not have are not modelled.
 */
static bool agree_lines(const struct rcs_reply *a, const struct rcs_reply *b)
{
    const char *at_a = a->bytes, *at_b = b->bytes;
    struct line of_a, of_b;
    while (next_line(&at_b, b->bytes + b->size_bytes, &of_b)) {
        bool found = of_b.size_bytes == 0;
        while (!found && next_line(&at_a, a->bytes + a->size_bytes, &of_a)) {
            found = agree_line(&of_a, &of_b);
        }
        if (!found) {
            return false;
        }
    }
    return b->size_bytes > 0 || a->size_bytes == 0;
}

static bool agree_sizes(const struct rcs_reply *a, const struct rcs_reply *b)
{
    bool agree = a->size == b->size;
    for (uint32_t i = 0; agree && i < a->size; i++) {
        bool text = a[i].kind == RCS_REPLY_BULK || a[i].kind == RCS_REPLY_VERBATIM;
        agree = same_shape(&a[i], &b[i]);
        if (agree && text && !same_leaf(&a[i], &b[i])) {
            bool numbers =
                is_number(a[i].bytes, a[i].size_bytes) && is_number(b[i].bytes, b[i].size_bytes);
            agree = numbers || (memchr(a[i].bytes, '\n', a[i].size_bytes) != NULL &&
                                agree_lines(&a[i], &b[i]));
        }
    }
    return agree && a->kind != RCS_REPLY_ERROR;
}

/* --- what both have --------------------------------------------------------------------------- */

static bool agree_entry(const struct rcs_reply *a, const struct rcs_reply *b)
{
    if (same_tree(a, b)) {
        return true;
    }
    if (a->elements != 10 || b->elements != 10) { /* an entry of COMMAND */
        return false;
    }
    const struct rcs_reply *x = a + 1, *y = b + 1;
    for (unsigned i = 0; i < 9; i++) {
        if (!same_tree(x, y)) {
            return false;
        }
        x += x->size;
        y += y->size;
    }
    const struct rcs_reply *sub = y + 1; /* subcommands, in the order of a hash table */
    for (uint32_t i = 0; i < y->elements; i++, sub += sub->size) {
        const struct rcs_reply *other = x + 1;
        uint32_t j = 0;
        for (; j < x->elements && !agree_entry(other, sub); j++) {
            other += other->size;
        }
        if (j == x->elements) {
            return false;
        }
    }
    return true;
}

/* What a server says in sentences is said in its own words. */
static bool is_sentence(const struct rcs_reply *leaf)
{
    return (leaf->kind == RCS_REPLY_BULK || leaf->kind == RCS_REPLY_STATUS) &&
           (memchr(leaf->bytes, ' ', leaf->size_bytes) != NULL ||
            (leaf->size_bytes > 2 && memcmp(leaf->bytes, "O(", 2) == 0) ||
            memchr(leaf->bytes, '`', leaf->size_bytes) != NULL ||
            (leaf->size_bytes > 0 && leaf->bytes[leaf->size_bytes - 1] == '.'));
}

/* COMMAND DOCS: whatever b says of a command a says too; subcommands are in a hash table's order.
 */
static bool holds(const struct rcs_reply *a, const struct rcs_reply *b)
{
    const struct rcs_reply *part = b + 1;
    if (a->kind != b->kind ||
        (b->elements == 0 && !same_leaf(a, b) && !(is_sentence(a) && is_sentence(b)))) {
        return false;
    }
    for (uint32_t i = 0; i < b->elements; i++, part += part->size) {
        const struct rcs_reply *other = a + 1;
        uint32_t j = 0;
        for (; j < a->elements && !holds(other, part); j++) {
            other += other->size;
        }
        if (j == a->elements) {
            return false;
        }
    }
    return true;
}

static bool is_unmodelled(const struct answer_question *question, const struct rcs_reply *name)
{
    char text[64] = ""; /* no NUL stands behind a reply's bytes */
    if (name->size_bytes < sizeof(text)) {
        memcpy(text, name->bytes, name->size_bytes);
    }
    return command_names_find(question->unmodelled, text) >= 0;
}

/* COMMAND LIST: b's names are among a's, and what a has more is not modelled. */
static bool agree_list(const struct answer_question *question, const struct children *a,
                       const struct children *b)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < a->count; i++) {
        missing += a->at[i]->kind == RCS_REPLY_BULK && is_unmodelled(question, a->at[i]);
    }
    return all_among(a, b, 1, false) && a->count == b->count + missing;
}

static bool agree_members(const struct answer_question *question, const struct rcs_reply *a,
                          const struct rcs_reply *b)
{
    static struct children of_a, of_b;
    const struct command_row *row = question->row;
    if (a->kind != b->kind || a->kind == RCS_REPLY_ERROR) {
        return false;
    }
    children_of(a, &of_a);
    children_of(b, &of_b);
    if (strcmp(row->name, "command|docs") == 0) {
        return holds(a, b) && (b->elements > 0 || a->elements == 0);
    }
    if (strcmp(row->name, "command|list") == 0) {
        return agree_list(question, &of_a, &of_b);
    }
    if ((row->flags & ROW_PAIRS) != 0) { /* CONFIG GET */
        return of_a.count == of_b.count && all_among(&of_a, &of_b, 2, true);
    }
    for (unsigned i = 0; i < of_b.count; i++) {
        unsigned j = 0;
        while (j < of_a.count && !agree_entry(of_a.at[j], of_b.at[i])) {
            j++;
        }
        if (j == of_a.count && of_b.at[i]->elements != 0) {
            return false;
        }
        if (j == of_a.count && of_b.at[i]->kind != RCS_REPLY_NIL &&
            of_b.at[i]->kind != RCS_REPLY_NIL_ARRAY) {
            return false; /* nil: COMMAND INFO of what it does not have */
        }
    }
    return true;
}

/* --- replies ---------------------------------------------------------------------------------- */

static bool agree_reply(const struct answer_question *question, const struct command_row *row,
                        const struct rcs_reply *a, const struct rcs_reply *b, bool inside)
{
    if (same_tree(a, b)) {
        return true;
    }
    struct answer_question one = *question;
    one.row = row;
    switch (row == NULL ? RULE_SAME : row->rule) {
    case RULE_ORDER:
        return agree_order(row, a, b);
    case RULE_SCAN: /* elsewhere than in a transaction the driver makes the whole iteration */
        return inside && same_shape(a, b) && a->elements == 2 && same_shape(&a[1], &b[1]);
    case RULE_RANDOM:
        return agree_random(&one, a, b);
    case RULE_CLOCK:
        return agree_clock(&one, a, b);
    case RULE_IDS:
        return agree_ids(&one, a, b);
    case RULE_SIZES:
        return agree_sizes(a, b);
    case RULE_MEMBERS:
        return agree_members(&one, a, b);
    case RULE_SAME:
    case RULE_COUNT:
        return false;
    }
    return false;
}

static bool agree_exec(const struct answer_question *question, const struct rcs_reply *a,
                       const struct rcs_reply *b)
{
    const struct rcs_reply *x = a + 1, *y = b + 1;
    if (!same_shape(a, b) || a->elements != question->queued_count) {
        return false;
    }
    for (unsigned i = 0; i < question->queued_count; i++) {
        if (!agree_reply(question, question->queued[i], x, y, true)) {
            return false;
        }
        x += x->size;
        y += y->size;
    }
    return true;
}

/* Several replies to one command in the order of a hash table: UNSUBSCRIBE from all. Each of b's
 * channels is one of a's. */
static bool agree_several(const struct live_answer *a, const struct live_answer *b)
{
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *reply;
    unsigned count = 0;
    bool agree = a->bytes.size_bytes == b->bytes.size_bytes && a->bytes.size_bytes > 0;
    rcs_resp_replies_feed(reader, b->bytes.data, b->bytes.size_bytes);
    while (agree && rcs_resp_replies_next(reader, &reply) == RCS_OK) {
        count++;
        agree = reply->elements == 3 &&
                memmem(a->bytes.data, a->bytes.size_bytes, reply[2].bytes, reply[2].size_bytes);
    }
    rcs_resp_replies_free(reader);
    return agree && count > 1;
}

enum answer_verdict answers_agree(const struct answer_question *question,
                                  const struct live_answer *a, const struct live_answer *b)
{
    if (a->closed == b->closed && bytes_are_same(&a->bytes, &b->bytes)) {
        return ANSWER_SAME;
    }
    const struct command_row *row = question->row;
    if (a->closed != b->closed || row == NULL) {
        return ANSWER_DIFFERS;
    }
    struct rcs_resp_replies *of_a = rcs_resp_replies_new(), *of_b = rcs_resp_replies_new();
    const struct rcs_reply *x, *y;
    bool agree = a->bytes.size_bytes > 0 && b->bytes.size_bytes > 0;
    rcs_resp_replies_feed(of_a, a->bytes.data, a->bytes.size_bytes);
    rcs_resp_replies_feed(of_b, b->bytes.data, b->bytes.size_bytes);
    for (bool more = agree; more && agree;) {
        enum rcs_err got_a = rcs_resp_replies_next(of_a, &x);
        enum rcs_err got_b = rcs_resp_replies_next(of_b, &y);
        more = got_a == RCS_OK && got_b == RCS_OK;
        agree = got_a == got_b;
        if (more && agree) {
            agree = strcmp(row->name, "exec") == 0 ? agree_exec(question, x, y)
                                                   : agree_reply(question, row, x, y, false);
        }
    }
    rcs_resp_replies_free(of_a);
    rcs_resp_replies_free(of_b);
    if (!agree && row->rule == RULE_ORDER) {
        agree = agree_several(a, b);
    }
    return agree ? ANSWER_BY_RULE : ANSWER_DIFFERS;
}
