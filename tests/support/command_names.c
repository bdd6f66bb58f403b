#define _GNU_SOURCE /* strndup */
#include "tests/support/command_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command_rows.h"
#include "tests/support/live_pair.h"

static void add_name(struct command_names *list, const char *bytes, size_t size_bytes)
{
    RCS_ASSERT(list->count < COMMAND_NAMES_MAX);
    list->names[list->count] = strndup(bytes, size_bytes);
    list->count++;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int command_names_find(const struct command_names *list, const char *name)
{
    char *const *at = bsearch(&name, list->names, list->count, sizeof(char *), by_name);
    return at == NULL ? -1 : (int)(at - list->names);
}

/* An entry's name and those of its subcommands. */
static void add_entry(struct command_names *list, const struct rcs_reply *entry)
{
    const struct rcs_reply *part = entry + 1;
    if (entry->elements < 10) {
        return;
    }
    add_name(list, part->bytes, part->size_bytes);
    for (int i = 0; i < 9; i++) {
        part += part->size;
    }
    const struct rcs_reply *subcommand = part + 1;
    for (uint32_t i = 0; i < part->elements; i++, subcommand += subcommand->size) {
        add_entry(list, subcommand);
    }
}

/* By COMMAND, sorted: the real one's order is that of a hash table. */
static void read_names(struct live_wire *wire, struct command_names *list)
{
    const struct rcs_buf *bytes = live_wire_say(wire, "COMMAND");
    struct rcs_resp_replies *reader = rcs_resp_replies_new();
    const struct rcs_reply *all;
    rcs_resp_replies_feed(reader, bytes->data, bytes->size_bytes);
    if (rcs_resp_replies_next(reader, &all) != RCS_OK || all->kind != RCS_REPLY_ARRAY) {
        live_give_up("does not answer COMMAND", wire->name);
    }
    const struct rcs_reply *entry = all + 1;
    for (uint32_t i = 0; i < all->elements; i++, entry += entry->size) {
        add_entry(list, entry);
    }
    rcs_resp_replies_free(reader);
    qsort(list->names, list->count, sizeof(char *), by_name);
}

static bool is_in(char *const *only, unsigned count, const char *name)
{
    bool found = false;
    for (unsigned i = 0; i < count; i++) {
        found = found || strcmp(only[i], name) == 0;
    }
    return found;
}

void command_sets_read(struct command_sets *sets, struct live_pair *pair, char *const *only,
                       unsigned only_count, char *const *without, unsigned without_count)
{
    struct live_wire *tested = &pair->targets[LIVE_TESTED].wire;
    static struct command_names of_real;
    read_names(&pair->targets[LIVE_REAL].wire, &of_real);
    read_names(tested, &sets->supported);
    for (unsigned i = 0; i < of_real.count; i++) {
        const char *name = of_real.names[i];
        if (command_names_find(&sets->supported, name) < 0) {
            add_name(&sets->unsupported, name, strlen(name));
        } else if (command_row_excluded(name, strlen(name)) != NULL) {
            add_name(&sets->left_out, name, strlen(name));
        } else if ((only_count == 0 || is_in(only, only_count, name)) &&
                   !is_in(without, without_count, name)) {
            add_name(&sets->drawn, name, strlen(name));
        }
    }
    for (unsigned i = 0; i < sets->supported.count; i++) {
        if (command_names_find(&of_real, sets->supported.names[i]) < 0) {
            printf("NOT: %s lists %s, which the real server does not have\n", tested->name,
                   sets->supported.names[i]);
        }
    }
    if (sets->drawn.count == 0) {
        live_give_up("nothing to draw from", "COMMAND LIST");
    }
}
