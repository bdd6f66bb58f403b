#include "sim/scenario/cli_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

/* The next word of a line, "" at its end; *at is set behind it. */
static size_t next_word(const char **at, const char **word)
{
    const char *c = *at;
    while (*c == ' ') {
        c++;
    }
    *word = c;
    size_t len = strcspn(c, " \r\n");
    *at = c + len;
    return len;
}

static void copy(char *out, size_t capacity, const char *bytes, size_t size_bytes)
{
    size_t len = size_bytes < capacity - 1 ? size_bytes : capacity - 1;
    memcpy(out, bytes, len);
    out[len] = '\0';
}

static int read_port(const char *text)
{
    int port = 0;
    for (; *text >= '0' && *text <= '9' && port < 100000; text++) {
        port = port * 10 + (*text - '0');
    }
    return port;
}

/* ip:port@cport[,hostname] */
static void read_address(struct rcs_cli_node *node, const char *word, size_t len)
{
    char text[128];
    copy(text, sizeof(text), word, len);
    text[strcspn(text, ",")] = '\0';
    char *at = strchr(text, '@'), *colon;
    if (at != NULL) {
        node->bus_port = read_port(at + 1);
        *at = '\0';
    }
    colon = strrchr(text, ':');
    if (colon != NULL) {
        node->port = read_port(colon + 1);
        *colon = '\0';
    }
    copy(node->ip, sizeof(node->ip), text, strlen(text));
    if (node->bus_port == 0) {
        node->bus_port = node->port + 10000;
    }
}

static void read_flags(struct rcs_cli_node *node, const char *word, size_t len)
{
    static const char *const leave_out[] = { "noaddr", "disconnected", "fail" };
    size_t used = 0;
    for (size_t at = 0; at < len;) {
        size_t one = strcspn(word + at, ", \r\n");
        char flag[32];
        copy(flag, sizeof(flag), word + at, one);
        node->myself |= strcmp(flag, "myself") == 0;
        node->replica |= strcmp(flag, "slave") == 0;
        for (unsigned i = 0; i < sizeof(leave_out) / sizeof(leave_out[0]); i++) {
            node->left_out |= strcmp(flag, leave_out[i]) == 0;
        }
        if (strcmp(flag, "myself") != 0) {
            int wrote = snprintf(node->flags + used, sizeof(node->flags) - used, "%s%s",
                                 used > 0 ? "," : "", flag);
            used += wrote > 0 && used + (size_t)wrote < sizeof(node->flags) ? (size_t)wrote : 0;
        }
        at += one + 1;
    }
}

/* [93->-ID] is migrating, [93-<-ID] importing. */
void rcs_cli_open_read(const char *nodes_text, struct rcs_slot_words *migrating,
                       struct rcs_slot_words *importing)
{
    for (const char *at = nodes_text; (at = strchr(at, '[')) != NULL; at++) {
        size_t digits = strspn(at + 1, "0123456789");
        unsigned slot = (unsigned)read_port(at + 1);
        if (digits > 0 && slot < RCS_SLOTS) {
            bool gives = strncmp(at + 1 + digits, "->-", 3) == 0;
            rcs_slot_words_add(gives ? migrating : importing, slot);
        }
    }
}

bool rcs_cli_migrates_to(const char *nodes_text, unsigned slot, char id[RCS_ID_LEN + 1])
{
    char open[32];
    snprintf(open, sizeof(open), "[%u->-", slot);
    const char *at = strstr(nodes_text, open); /* only `myself` has brackets */
    if (at != NULL) {
        at += strlen(open);
        copy(id, RCS_ID_LEN + 1, at, strcspn(at, "]"));
    }
    return at != NULL;
}

bool rcs_cli_node_read(const char *line, const char **end, struct rcs_cli_node *out)
{
    *out = (struct rcs_cli_node){ .port = 0 };
    const char *at = line, *word;
    size_t words = 0;
    while (true) {
        size_t len = next_word(&at, &word);
        if (len == 0) {
            break;
        }
        unsigned first, last;
        switch (words++) {
        case 0:
            copy(out->id, sizeof(out->id), word, len);
            break;
        case 1:
            read_address(out, word, len);
            break;
        case 2:
            read_flags(out, word, len);
            break;
        case 3:
            copy(out->master, sizeof(out->master), word, word[0] == '-' ? 0 : len);
            break;
        case 4:
        case 5:
        case 6:
        case 7:
            break;
        default:
            if (word[0] != '[' && rcs_slot_range_read(word, len, &first, &last) == RCS_OK) {
                rcs_slot_words_add_range(&out->slots, first, last);
            }
        }
    }
    at += strcspn(at, "\n");
    *end = at + (*at == '\n');
    return words >= 8;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b); /* ids differ: no ties */
}

/* Appends "id:range,range" of the line at *at, which is set behind it; nothing if it has no slots.
 */
static bool sign_line(const char **at, struct rcs_buf *out)
{
    const char *word;
    size_t len, words = 0, ranges = 0, from = out->size_bytes;
    while ((len = next_word(at, &word)) > 0) {
        bool range = words >= 8 && word[0] != '[';
        if (words == 0 || range) {
            rcs_buf_text(out, words == 0 ? "" : ranges++ == 0 ? ":" : ",");
            rcs_buf_add(out, word, len);
        }
        words++;
    }
    *at += strcspn(*at, "\n");
    *at += **at == '\n';
    if (ranges == 0) {
        out->size_bytes = from;
    }
    return ranges > 0;
}

void rcs_cli_signature(const char *nodes_text, struct rcs_buf *out)
{
    struct rcs_buf parts; /* NUL-terminated, one behind the other */
    size_t count = 0;
    rcs_buf_init(&parts);
    while (*nodes_text != '\0') {
        if (sign_line(&nodes_text, &parts)) {
            rcs_buf_add(&parts, "", 1);
            count++;
        }
    }
    const char **sorted = calloc(count + 1, sizeof(sorted[0]));
    RCS_ASSERT(sorted != NULL);
    const char *part = parts.data;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = part;
        part += strlen(part) + 1;
    }
    qsort(sorted, count, sizeof(sorted[0]), by_text);
    for (size_t i = 0; i < count; i++) {
        rcs_buf_format(out, "%s%s", i > 0 ? "|" : "", sorted[i]);
    }
    free(sorted);
    rcs_buf_close(&parts);
}

void rcs_cli_slots_print(struct rcs_buf *out, const struct rcs_slot_words *slots)
{
    size_t size = rcs_slot_ranges_write(slots, "],[", NULL, 0) + 1;
    char *text = malloc(size);
    RCS_ASSERT(text != NULL);
    rcs_slot_ranges_write(slots, "],[", text, size);
    if (text[0] != '\0') {
        rcs_buf_format(out, "[%s]", text);
    }
    free(text);
}

void rcs_cli_node_print(struct rcs_buf *out, const struct rcs_cli_node *node, bool planned,
                        unsigned replicas)
{
    rcs_buf_format(out, "%c: %s %s:%d\n",
                   node->replica || (planned && node->master[0] != '\0') ? 'S' : 'M', node->id,
                   node->ip, node->port);
    if (!planned || node->master[0] == '\0') {
        rcs_buf_text(out, "   slots:");
        rcs_cli_slots_print(out, &node->slots);
        rcs_buf_format(out, "%s(%u slots) %s\n", " ", rcs_slot_words_count(&node->slots),
                       node->flags);
    }
    if (node->master[0] != '\0') {
        rcs_buf_format(out, "   replicates %s\n", node->master);
    } else if (replicas > 0) {
        rcs_buf_format(out, "   %u additional replica(s)\n", replicas);
    }
}
