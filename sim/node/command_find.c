/* Looking commands up: all tables, their names, the places of their keys. */
#include <string.h>

#include "sim/node/command.h"

#include "sim/pure.h"

static const struct rcs_command *const tables[] = {
    rcs_string_commands, rcs_number_commands,      rcs_bit_commands,        rcs_key_commands,
    rcs_expire_commands, rcs_transaction_commands, rcs_connection_commands, rcs_client_commands,
    rcs_pubsub_commands, rcs_cluster_commands,     rcs_admin_commands,      rcs_info_commands,
    rcs_config_commands, rcs_command_commands,
};

const struct rcs_command *rcs_command_at(unsigned index)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct rcs_command *row = tables[i]; row->name != NULL; row++) {
            if (index-- == 0) {
                return row;
            }
        }
    }
    return NULL;
}

static const struct rcs_command *find_row(const struct rcs_command *row, const struct rcs_arg *name)
{
    /* Names are lower case; the first letter tells nearly all rows apart. */
    char first = name->size_bytes > 0 ? (char)(name->bytes[0] | 0x20) : '\0';
    for (; row->name != NULL; row++) {
        if (row->name[0] == first && rcs_word_is(name->bytes, name->size_bytes, row->name)) {
            return row;
        }
    }
    return NULL;
}

struct rcs_command_found rcs_command_find(unsigned argc, const struct rcs_arg *args,
                                          const struct rcs_command *guess)
{
    struct rcs_command_found found = { NULL, NULL };
    if (guess != NULL && rcs_word_is(args[0].bytes, args[0].size_bytes, guess->name)) {
        found.command = guess;
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && found.command == NULL; i++) {
        found.command = find_row(tables[i], &args[0]);
    }
    if (found.command != NULL && found.command->subcommands != NULL && argc > 1) {
        found.container = found.command;
        found.command = find_row(found.container->subcommands, &args[1]);
    }
    return found;
}

void rcs_command_full_name(const struct rcs_command_found *found, struct rcs_buf *out)
{
    if (found->container != NULL) {
        rcs_buf_text(out, found->container->name);
        rcs_buf_text(out, "|");
    }
    rcs_buf_text(out, found->command->name);
}

unsigned rcs_command_keys(const struct rcs_command *command, unsigned argc, unsigned *positions,
                          unsigned most)
{
    unsigned count = 0;
    const struct rcs_key_range *range = command->keys;
    for (; range < command->keys + 2 && range->first > 0; range++) {
        int last = range->last >= 0 ? range->first + range->last : (int)argc + range->last;
        for (int at = range->first; at <= last && at < (int)argc; at += range->step) {
            if (count < most) {
                positions[count] = (unsigned)at;
            }
            count++;
        }
    }
    return count;
}
