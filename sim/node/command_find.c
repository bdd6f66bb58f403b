/* Looking commands up: all tables, their names, the places of their keys. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/command.h"

#include "sim/pure.h"

static const struct rcs_command *const tables[] = {
    rcs_string_commands,     rcs_number_commands,   rcs_bit_commands,
    rcs_key_commands,        rcs_expire_commands,   rcs_transaction_commands,
    rcs_connection_commands, rcs_client_commands,   rcs_pubsub_commands,
    rcs_cluster_commands,    rcs_admin_commands,    rcs_info_commands,
    rcs_config_commands,     rcs_command_commands,  rcs_dump_commands,
    rcs_migrate_commands,    rcs_function_commands, rcs_list_commands,
    rcs_list_take_commands,  rcs_hash_commands,     rcs_set_commands,
    rcs_set_op_commands,     rcs_zset_commands,     rcs_zset_range_commands,
    rcs_zset_merge_commands, rcs_zset_pop_commands, rcs_monitor_commands,
    rcs_slowlog_commands,    rcs_latency_commands,  rcs_memory_commands,
    rcs_acl_commands,        rcs_debug_commands,    rcs_script_commands,
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

bool rcs_command_arity_fits(const struct rcs_command *command, unsigned argc)
{
    return command->run != NULL && (command->arity > 0 ? argc == (unsigned)command->arity
                                                       : argc >= (unsigned)-command->arity);
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

static const struct rcs_command *find_in_tables(const struct rcs_arg *name)
{
    const struct rcs_command *row = NULL;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && row == NULL; i++) {
        row = find_row(tables[i], name);
    }
    return row;
}

/* Where a name of two bytes or more is kept, in upper case as in lower case. The factors are those
 * that give the commands clients use most places of their own (HGET beside HSET). */
static unsigned place_of(const struct rcs_arg *name)
{
    const char *bytes = name->bytes;
    unsigned first = (uint8_t)bytes[0] | 0x20u, second = (uint8_t)bytes[1] | 0x20u,
             last = (uint8_t)bytes[name->size_bytes - 1] | 0x20u;
    return (first + 3 * second + 27 * last + 19 * name->size_bytes) % RCS_COMMAND_PLACES;
}

static const struct rcs_command *find_command(const struct rcs_arg *name,
                                              struct rcs_commands_seen *seen)
{
    if (seen == NULL || name->size_bytes < 2) {
        return find_in_tables(name);
    }
    const struct rcs_command **place = &seen->at[place_of(name)];
    if (*place == NULL || !rcs_word_is(name->bytes, name->size_bytes, (*place)->name)) {
        const struct rcs_command *row = find_in_tables(name);
        if (row == NULL) {
            return NULL;
        }
        *place = row;
    }
    return *place;
}

struct rcs_command_found rcs_command_find(unsigned argc, const struct rcs_arg *args,
                                          struct rcs_commands_seen *seen)
{
    struct rcs_command_found found = { .command = find_command(&args[0], seen) };
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

/* Options of MIGRATE that have arguments, which are passed over in the search for KEYS. */
static unsigned arguments_of(const struct rcs_arg *option)
{
    return rcs_arg_is(option, "auth") ? 1 : rcs_arg_is(option, "auth2") ? 2 : 0;
}

/* Redis 7.0 migrateGetKeys. A keyword beside a key that is not empty is an error of syntax, which
 * is left to the command: no keys. */
static struct rcs_key_range behind_keyword(const struct rcs_command *command, unsigned argc,
                                           const struct rcs_arg *args)
{
    struct rcs_key_range range = command->keys[0];
    for (unsigned i = (unsigned)-command->arity; i < argc; i++) {
        if (rcs_arg_is(&args[i], command->keys[1].keyword)) {
            bool empty = args[range.first].size_bytes == 0;
            range.first = empty ? (int)i + 1 : 0;
            range.last = -1;
            return range;
        }
        i += arguments_of(&args[i]);
    }
    return range;
}

/* Redis 7.0 genericGetKeys: the count as C's atoi reads it, and no keys at all if there are not so
 * many words: the command itself will refuse. */
static struct rcs_key_range counted(const struct rcs_key_range *range, unsigned argc,
                                    const struct rcs_arg *args)
{
    const struct rcs_arg *word = &args[range->numkeys];
    char text[32] = "";
    size_t size = rcs_arg_text_bytes(word);
    size = size < sizeof(text) ? size : sizeof(text) - 1;
    if (size > 0) {
        memcpy(text, word->bytes, size);
    }
    int count = (int)(uint32_t)(uint64_t)strtoll(text, NULL, 10);
    struct rcs_key_range found = *range;
    found.numkeys = 0;
    bool fits = count >= 1 && count <= (int)argc - range->first;
    found.first = fits ? range->first : 0;
    found.last = fits ? count - 1 : 0;
    return found;
}

bool rcs_command_keys_specified(const struct rcs_command *command, const struct rcs_arg *args)
{
    int numkeys = command->keys[0].numkeys + command->keys[1].numkeys;
    int64_t count;
    return numkeys == 0 || (rcs_arg_i64(&args[numkeys], &count) && count >= 0);
}

/* The specifications stand in the order of the words; without them the counted keys come first. */
static void count_keys(const struct rcs_command *command, unsigned argc, const struct rcs_arg *args,
                       struct rcs_key_range moved[2])
{
    const struct rcs_key_range *keys = command->keys;
    if (keys[0].numkeys > 0) {
        moved[0] = counted(&keys[0], argc, args);
        moved[1] = keys[1];
        return;
    }
    moved[0] = keys[0];
    moved[1] = counted(&keys[1], argc, args);
    if (moved[1].first == 0) {
        moved[0].first = 0;
    } else if (!rcs_command_keys_specified(command, args)) {
        moved[0] = moved[1];
        moved[1] = keys[0];
    }
}

const struct rcs_key_range *rcs_command_ranges(const struct rcs_command *command, unsigned argc,
                                               const struct rcs_arg *args,
                                               struct rcs_key_range moved[2])
{
    if ((command->flags & RCS_COMMAND_MOVABLE_KEYS) == 0) {
        return command->keys;
    }
    if (command->keys[1].keyword == NULL) {
        count_keys(command, argc, args, moved);
        return moved;
    }
    moved[0] = behind_keyword(command, argc, args);
    moved[1] = (struct rcs_key_range){ 0 };
    return moved;
}

unsigned rcs_command_keys(const struct rcs_command *command, unsigned argc,
                          const struct rcs_arg *args, unsigned *positions, unsigned most)
{
    unsigned count = 0;
    struct rcs_key_range moved[2];
    const struct rcs_key_range *ranges = rcs_command_ranges(command, argc, args, moved);
    const struct rcs_key_range *range = ranges;
    for (; range < ranges + 2 && range->first > 0; range++) {
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
