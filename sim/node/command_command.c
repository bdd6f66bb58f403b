/* COMMAND: what commands there are, as a client library asks for it. */
#include <stdlib.h>
#include <string.h>

#include "sim/keys/glob.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/docs.h"
#include "sim/node/help.h"

#include "sim/pure.h"

/* clang-format off */
static const char *const flag_names[] = {
#define X(name, text) text,
    RCS_COMMAND_FLAGS(X)
#undef X
};
static const char *const category_names[] = {
#define X(name, text) text,
    RCS_COMMAND_CATEGORIES(X)
#undef X
};
static const char *const key_flag_names[] = {
#define X(name, text) text,
    RCS_KEY_FLAGS(X)
#undef X
};
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Redis 7.0 setImplicitACLCategories. */
unsigned rcs_command_categories(const struct rcs_command *command)
{
    unsigned flags = command->flags;
    unsigned categories = command->categories;
    categories |= (flags & RCS_COMMAND_WRITE) != 0 ? RCS_CATEGORY_WRITE : 0;
    if ((categories & RCS_CATEGORY_SCRIPTING) == 0) {
        categories |= (flags & RCS_COMMAND_READONLY) != 0 ? RCS_CATEGORY_READ : 0;
    }
    categories |=
        (flags & RCS_COMMAND_ADMIN) != 0 ? RCS_CATEGORY_ADMIN | RCS_CATEGORY_DANGEROUS : 0;
    categories |= (flags & RCS_COMMAND_PUBSUB) != 0 ? RCS_CATEGORY_PUBSUB : 0;
    categories |= (flags & RCS_COMMAND_BLOCKING) != 0 ? RCS_CATEGORY_BLOCKING : 0;
    categories |= (flags & RCS_COMMAND_FAST) != 0 ? RCS_CATEGORY_FAST : RCS_CATEGORY_SLOW;
    return categories;
}

/* A set of the names whose bit is set; those without a name are nobody's business. */
static void add_bits(struct rcs_call *call, unsigned bits, const char *const *names, size_t count)
{
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        shown += (bits >> i & 1) != 0 && names[i] != NULL;
    }
    rcs_resp_set(call->out, shown, call->resp3);
    for (size_t i = 0; i < count; i++) {
        if ((bits >> i & 1) != 0 && names[i] != NULL) {
            rcs_resp_status(call->out, names[i]);
        }
    }
}

static void add_tips(struct rcs_call *call, const char *tips)
{
    size_t count = tips == NULL ? 0 : 1;
    for (const char *c = tips; c != NULL && *c != '\0'; c++) {
        count += *c == ' ';
    }
    rcs_resp_set(call->out, count, call->resp3);
    while (count-- > 0) {
        size_t size = strcspn(tips, " ");
        rcs_resp_bulk(call->out, tips, size);
        tips += size + 1;
    }
}

static void add_capitals(struct rcs_buf *out, const char *word)
{
    char text[16];
    size_t size = 0;
    for (; word[size] != '\0'; size++) {
        RCS_ASSERT(size < sizeof(text));
        text[size] =
            word[size] >= 'a' && word[size] <= 'z' ? (char)(word[size] - ('a' - 'A')) : word[size];
    }
    rcs_resp_bulk(out, text, size);
}

static void add_pair(struct rcs_buf *out, const char *name, int64_t value)
{
    rcs_resp_bulk_text(out, name);
    rcs_resp_integer(out, value);
}

static void add_type(struct rcs_call *call, const char *name, const char *type)
{
    rcs_resp_bulk_text(call->out, name);
    rcs_resp_map(call->out, 2, call->resp3);
    rcs_resp_bulk_text(call->out, "type");
    rcs_resp_bulk_text(call->out, type);
    rcs_resp_bulk_text(call->out, "spec");
}

static void add_begin(struct rcs_call *call, const struct rcs_key_range *range)
{
    struct rcs_buf *out = call->out;
    if (range->keyword == NULL) {
        add_type(call, "begin_search", "index");
        rcs_resp_map(out, 1, call->resp3);
        add_pair(out, "index", range->numkeys > 0 ? range->numkeys : range->first);
        return;
    }
    add_type(call, "begin_search", "keyword");
    rcs_resp_map(out, 2, call->resp3);
    rcs_resp_bulk_text(out, "keyword");
    add_capitals(out, range->keyword);
    add_pair(out, "startfrom", range->first);
}

static void add_find(struct rcs_call *call, const struct rcs_key_range *range)
{
    struct rcs_buf *out = call->out;
    if (range->numkeys > 0) {
        add_type(call, "find_keys", "keynum");
        rcs_resp_map(out, 3, call->resp3);
        add_pair(out, "keynumidx", 0);
        add_pair(out, "firstkey", range->first - range->numkeys);
        add_pair(out, "keystep", range->step);
        return;
    }
    add_type(call, "find_keys", "range");
    rcs_resp_map(out, 3, call->resp3);
    add_pair(out, "lastkey", range->last);
    add_pair(out, "keystep", range->step);
    add_pair(out, "limit", 0);
}

static void add_key_range(struct rcs_call *call, const struct rcs_key_range *range)
{
    struct rcs_buf *out = call->out;
    rcs_resp_map(out, range->notes == NULL ? 3 : 4, call->resp3);
    if (range->notes != NULL) {
        rcs_resp_bulk_text(out, "notes");
        rcs_resp_bulk_text(out, range->notes);
    }
    rcs_resp_bulk_text(out, "flags");
    add_bits(call, range->flags, key_flag_names, COUNT_OF(key_flag_names));
    add_begin(call, range);
    add_find(call, range);
}

/* First and last key and the step between them, as releases before 7.0 knew it: those of keys that
 * are counted are left out. */
static void add_old_key_range(struct rcs_call *call, const struct rcs_key_range keys[2])
{
    static const struct rcs_key_range none[2];
    if (keys[0].numkeys > 0) {
        keys = none;
    }
    const struct rcs_key_range *end = &keys[keys[1].first > 0 && keys[1].numkeys == 0 ? 1 : 0];
    rcs_resp_integer(call->out, keys[0].first);
    rcs_resp_integer(call->out, end->last < 0 ? end->last : end->first + end->last);
    rcs_resp_integer(call->out, keys[0].step);
}

static size_t count_rows(const struct rcs_command *row)
{
    size_t count = 0;
    while (row != NULL && row[count].name != NULL) {
        count++;
    }
    return count;
}

/* Flags that came with 6.0, with 6.2 and with 7.0. */
#define FLAGS_OF_6_0 (RCS_COMMAND_SKIP_SLOWLOG | RCS_COMMAND_NO_AUTH)
#define FLAGS_OF_6_2 RCS_COMMAND_SKIP_MONITOR
#define FLAGS_OF_7_0                                                                               \
    (RCS_COMMAND_BLOCKING | RCS_COMMAND_NO_ASYNC_LOADING | RCS_COMMAND_NO_MULTI |                  \
     RCS_COMMAND_ALLOW_BUSY | RCS_COMMAND_NO_MANDATORY_KEYS)

static unsigned flags_shown(enum rcs_release release, unsigned flags)
{
    flags &= release < RCS_REDIS_7_0 ? ~(unsigned)FLAGS_OF_7_0 : ~0u;
    flags &= release < RCS_REDIS_6_2 ? ~(unsigned)FLAGS_OF_6_2 : ~0u;
    return flags & (release < RCS_REDIS_6_0 ? ~(unsigned)FLAGS_OF_6_0 : ~0u);
}

/* Six words of a command until 5.0; its categories with 6.0; tips, keys and subcommands with 7.0.
 */
static void add_command(struct rcs_call *call, const struct rcs_command_found *found)
{
    const struct rcs_command *command = found->command;
    enum rcs_release release = call->client->profile->release;
    struct rcs_buf name;
    rcs_buf_init(&name);
    rcs_command_full_name(found, &name);
    rcs_resp_array(call->out, release < RCS_REDIS_6_0 ? 6 : release < RCS_REDIS_7_0 ? 7 : 10);
    rcs_resp_bulk(call->out, name.data, name.size_bytes);
    rcs_buf_close(&name);
    rcs_resp_integer(call->out, command->arity);
    add_bits(call, flags_shown(release, command->flags), flag_names, COUNT_OF(flag_names));
    add_old_key_range(call, command->keys);
    if (release >= RCS_REDIS_6_0) {
        add_bits(call, rcs_command_categories(command), category_names, COUNT_OF(category_names));
    }
    if (release < RCS_REDIS_7_0) {
        return;
    }
    add_tips(call, command->tips);
    unsigned ranges = command->keys[0].first == 0 ? 0 : command->keys[1].first == 0 ? 1 : 2;
    rcs_resp_set(call->out, ranges, call->resp3);
    for (unsigned i = 0; i < ranges; i++) {
        add_key_range(call, &command->keys[i]);
    }
    size_t rows = count_rows(command->subcommands), subcommands = 0;
    for (size_t i = 0; i < rows; i++) {
        struct rcs_command_found sub = { &command->subcommands[i], command };
        subcommands += rcs_release_has(call->client->profile, &sub);
    }
    if (subcommands > 0) {
        rcs_resp_array(call->out, subcommands);
    } else {
        rcs_resp_set(call->out, 0, call->resp3);
    }
    for (size_t i = 0; i < rows; i++) {
        struct rcs_command_found sub = { &command->subcommands[i], command };
        if (rcs_release_has(call->client->profile, &sub)) {
            add_command(call, &sub);
        }
    }
}

static bool has(const struct rcs_call *call, const struct rcs_command *command)
{
    struct rcs_command_found found = { command, NULL };
    return rcs_release_has(call->client->profile, &found);
}

static unsigned command_count(const struct rcs_call *call)
{
    unsigned count = 0;
    for (unsigned i = 0; rcs_command_at(i) != NULL; i++) {
        count += has(call, rcs_command_at(i));
    }
    return count;
}

static void add_all(struct rcs_call *call)
{
    rcs_resp_array(call->out, command_count(call));
    for (unsigned i = 0; rcs_command_at(i) != NULL; i++) {
        struct rcs_command_found found = { rcs_command_at(i), NULL };
        if (has(call, found.command)) {
            add_command(call, &found);
        }
    }
}

static void run_command(struct rcs_call *call)
{
    add_all(call);
}

static void run_count(struct rcs_call *call)
{
    rcs_resp_integer(call->out, command_count(call));
}

/* "get" or "client|id". */
struct rcs_command_found rcs_command_by_full_name(enum rcs_release release,
                                                  const struct rcs_arg *name)
{
    const char *bar = name->size_bytes == 0 ? NULL : memchr(name->bytes, '|', name->size_bytes);
    if (bar == NULL || release < RCS_REDIS_7_0) {
        return rcs_command_find(1, name, NULL);
    }
    uint32_t before = (uint32_t)(bar - name->bytes);
    struct rcs_arg words[] = { { name->bytes, before },
                               { bar + 1, name->size_bytes - before - 1 } };
    struct rcs_command_found found = rcs_command_find(2, words, NULL);
    return found.container != NULL ? found : (struct rcs_command_found){ NULL, NULL };
}

static void run_info(struct rcs_call *call)
{
    if (call->argc == 2) {
        add_all(call);
        return;
    }
    rcs_resp_array(call->out, call->argc - 2);
    for (unsigned i = 2; i < call->argc; i++) {
        struct rcs_command_found found =
            rcs_command_by_full_name(call->client->profile->release, &call->args[i]);
        if (found.command == NULL || !rcs_release_has(call->client->profile, &found)) {
            rcs_resp_nil(call->out, call->resp3);
        } else {
            add_command(call, &found);
        }
    }
}

/* --- COMMAND LIST ----------------------------------------------------------------------------- */

struct filter {
    const struct rcs_arg *pattern; /* NULL: any */
    unsigned categories;           /* one of these; 0 with `by_category`: none has it */
    bool by_category, nothing;
};

static void list_one(const struct rcs_command_found *found, const struct filter *filter,
                     struct rcs_buf *out, size_t *count)
{
    struct rcs_buf name;
    rcs_buf_init(&name);
    rcs_command_full_name(found, &name);
    bool matches = filter->pattern == NULL ||
                   rcs_glob_matches(filter->pattern->bytes, filter->pattern->size_bytes, name.data,
                                    name.size_bytes, true);
    matches = matches && !filter->nothing &&
              (!filter->by_category ||
               (rcs_command_categories(found->command) & filter->categories) != 0);
    if (matches) {
        rcs_resp_bulk(out, name.data, name.size_bytes);
        (*count)++;
    }
    rcs_buf_close(&name);
}

/* Redis counts as it goes, and that makes an array. */
static void list(struct rcs_call *call, const struct filter *filter)
{
    struct rcs_buf names;
    size_t count = 0;
    rcs_buf_init(&names);
    for (unsigned i = 0; rcs_command_at(i) != NULL; i++) {
        struct rcs_command_found found = { rcs_command_at(i), NULL };
        if (!has(call, found.command)) {
            continue;
        }
        list_one(&found, filter, &names, &count);
        const struct rcs_command *sub = found.command->subcommands;
        for (; sub != NULL && sub->name != NULL; sub++) {
            struct rcs_command_found found_sub = { sub, found.command };
            if (rcs_release_has(call->client->profile, &found_sub)) {
                list_one(&found_sub, filter, &names, &count);
            }
        }
    }
    rcs_resp_array(call->out, count);
    rcs_buf_add(call->out, names.data, names.size_bytes);
    rcs_buf_close(&names);
}

unsigned rcs_command_category_named(const struct rcs_arg *name)
{
    for (size_t i = 0; i < COUNT_OF(category_names); i++) {
        if (rcs_arg_is(name, category_names[i] + 1)) {
            return 1u << i;
        }
    }
    return 0;
}

void rcs_command_category_names(struct rcs_call *call)
{
    rcs_resp_array(call->out, COUNT_OF(category_names));
    for (size_t i = 0; i < COUNT_OF(category_names); i++) {
        rcs_resp_bulk_text(call->out, category_names[i] + 1);
    }
}

static void run_list(struct rcs_call *call)
{
    struct filter filter = { .pattern = NULL };
    if (call->argc == 2) {
        list(call, &filter);
        return;
    }
    if (call->argc == 5 && rcs_arg_is(&call->args[2], "filterby")) {
        if (rcs_arg_is(&call->args[3], "pattern")) {
            filter.pattern = &call->args[4];
            list(call, &filter);
            return;
        }
        if (rcs_arg_is(&call->args[3], "aclcat")) {
            filter.by_category = true;
            filter.categories = rcs_command_category_named(&call->args[4]);
            list(call, &filter);
            return;
        }
        if (rcs_arg_is(&call->args[3], "module")) { /* there are none */
            filter.nothing = true;
            list(call, &filter);
            return;
        }
    }
    rcs_refuse(call->client, "syntax error");
}

/* What a command does with a key of this range, as GETKEYSANDFLAGS says it: SET is the one whose
 * flags depend on its options (Redis 7.0 setGetKeys). */
static unsigned key_flags(const struct rcs_key_range *range, unsigned count,
                          const struct rcs_arg *words)
{
    if ((range->flags & RCS_KEY_VARIABLE) == 0) {
        return range->flags;
    }
    for (unsigned i = 3; i < count; i++) {
        if (rcs_arg_is(&words[i], "get")) {
            return RCS_KEY_RW | RCS_KEY_ACCESS | RCS_KEY_UPDATE;
        }
    }
    return RCS_KEY_OW | RCS_KEY_UPDATE;
}

static void reply_keys(struct rcs_call *call, bool with_flags)
{
    const struct rcs_arg *words = call->args + 2;
    unsigned count = call->argc - 2;
    const struct rcs_command *command = rcs_command_find(count, words, NULL).command;
    if (command == NULL) {
        rcs_refuse(call->client, "Invalid command specified");
        return;
    }
    if (command->keys[0].first == 0 || (command->keys[0].flags & RCS_KEY_NOT_KEY) != 0) {
        rcs_refuse(call->client, "The command has no key arguments");
        return;
    }
    if (command->arity > 0 ? count != (unsigned)command->arity
                           : count < (unsigned)-command->arity) {
        rcs_refuse(call->client, "Invalid number of arguments specified for command");
        return;
    }
    unsigned *positions = malloc(count * sizeof(positions[0]));
    RCS_ASSERT(positions != NULL);
    unsigned keys = rcs_command_keys(command, count, words, positions, count);
    if (keys == 0 && (command->flags & RCS_COMMAND_NO_MANDATORY_KEYS) == 0) {
        rcs_refuse(call->client, "Invalid arguments specified for command");
        free(positions);
        return;
    }
    RCS_ASSERT(keys <= count);
    bool known_flags = rcs_command_keys_specified(command, words);
    rcs_resp_array(call->out, keys);
    for (unsigned i = 0; i < keys; i++) {
        const struct rcs_arg *key = &words[positions[i]];
        /* A second range begins where its first key is. */
        bool second =
            command->keys[1].first > 0 && i > 0 && (int)positions[i] >= command->keys[1].first;
        if (with_flags) {
            rcs_resp_array(call->out, 2);
        }
        rcs_resp_bulk(call->out, key->bytes, key->size_bytes);
        if (with_flags) {
            unsigned flags = known_flags ? key_flags(&command->keys[second], count, words) : 0;
            add_bits(call, flags, key_flag_names, COUNT_OF(key_flag_names));
        }
    }
    free(positions);
}

static void run_getkeys(struct rcs_call *call)
{
    reply_keys(call, false);
}

void rcs_run_getkeysandflags(struct rcs_call *call)
{
    reply_keys(call, true);
}

/* clang-format off */
#define ASKED LOADING | STALE, CATEGORY(CONNECTION), NO_KEYS
static const struct rcs_command subcommands[] = {
    { "count", run_count, 2, ASKED, NULL, NULL },
    { "docs", rcs_run_docs, -2, ASKED, "nondeterministic_output_order", NULL },
    { "getkeys", run_getkeys, -4, ASKED, NULL, NULL },
    { "getkeysandflags", rcs_run_getkeysandflags, -4, ASKED, NULL, NULL },
    { "help", rcs_run_help, 2, ASKED, NULL, NULL },
    { "info", run_info, -2, ASKED, "nondeterministic_output_order", NULL },
    { "list", run_list, -2, ASKED, "nondeterministic_output_order", NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_command_commands[] = {
    { "command", run_command, -1, ASKED, "nondeterministic_output_order", subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
