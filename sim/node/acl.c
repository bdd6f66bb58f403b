/* ACL, of the one user there is: `default`, who may do everything. */
#include <string.h>

#include "proto/sha256.h"
#include "sim/node/command_release.h"
#include "sim/node/command_rows.h"
#include "sim/node/help.h"

#include "sim/pure.h"

#define GENPASS_BITS_MAX 4096

static void run_whoami(struct rcs_call *call)
{
    rcs_resp_bulk_text(call->out, "default");
}

static void run_users(struct rcs_call *call)
{
    rcs_resp_array(call->out, 1);
    rcs_resp_bulk_text(call->out, "default");
}

/* False: there is no password. */
static bool password_digest(const struct rcs_call *call, char out[65])
{
    const char *password = call->node->config.requirepass;
    rcs_sha256_hex(password, strlen(password), out);
    return password[0] != '\0';
}

static void run_list(struct rcs_call *call)
{
    char digest[65];
    struct rcs_buf line;
    rcs_buf_init(&line);
    bool has_password = password_digest(call, digest);
    rcs_buf_format(&line, "user default on %s%s ~* &* +@all", has_password ? "#" : "nopass",
                   has_password ? digest : "");
    rcs_resp_array(call->out, 1);
    rcs_resp_bulk(call->out, line.data, line.size_bytes);
    rcs_buf_close(&line);
}

static bool is_default(const struct rcs_arg *name)
{
    return name->size_bytes == strlen("default") &&
           memcmp(name->bytes, "default", name->size_bytes) == 0;
}

static void run_getuser(struct rcs_call *call)
{
    char digest[65];
    if (!is_default(&call->args[2])) {
        rcs_resp_nil(call->out, call->resp3);
        return;
    }
    bool has_password = password_digest(call, digest);
    rcs_resp_map(call->out, 6, call->resp3);
    rcs_resp_bulk_text(call->out, "flags");
    rcs_resp_set(call->out, has_password ? 1 : 2, call->resp3);
    rcs_resp_bulk_text(call->out, "on");
    if (!has_password) {
        rcs_resp_bulk_text(call->out, "nopass");
    }
    rcs_resp_bulk_text(call->out, "passwords");
    rcs_resp_array(call->out, has_password ? 1 : 0);
    if (has_password) {
        rcs_resp_bulk_text(call->out, digest);
    }
    rcs_resp_bulk_text(call->out, "commands");
    rcs_resp_bulk_text(call->out, "+@all");
    rcs_resp_bulk_text(call->out, "keys");
    rcs_resp_bulk_text(call->out, "~*");
    rcs_resp_bulk_text(call->out, "channels");
    rcs_resp_bulk_text(call->out, "&*");
    rcs_resp_bulk_text(call->out, "selectors");
    rcs_resp_array(call->out, 0);
}

/* The commands of a category, subcommands too; a subcommand's container is named for itself only
 * (Redis 7.0 aclCatWithFlags). */
static size_t list_category(struct rcs_call *call, unsigned category, struct rcs_buf *out)
{
    size_t count = 0;
    const struct rcs_command *command;
    for (unsigned i = 0; (command = rcs_command_at(i)) != NULL; i++) {
        struct rcs_command_found found = { command, NULL };
        if (!rcs_release_has(call->client->profile, &found)) {
            continue;
        }
        if ((rcs_command_categories(command) & category) != 0) {
            rcs_resp_bulk_text(out, command->name);
            count++;
        }
        const struct rcs_command *sub = command->subcommands;
        for (; sub != NULL && sub->name != NULL; sub++) {
            struct rcs_command_found found_sub = { sub, command };
            if ((rcs_command_categories(sub) & category) != 0 &&
                rcs_release_has(call->client->profile, &found_sub)) {
                struct rcs_buf name;
                rcs_buf_init(&name);
                rcs_command_full_name(&found_sub, &name);
                rcs_resp_bulk(out, name.data, name.size_bytes);
                rcs_buf_close(&name);
                count++;
            }
        }
    }
    return count;
}

static void run_cat(struct rcs_call *call)
{
    if (call->argc > 3) {
        rcs_refuse_subcommand(call, "acl", &call->args[1]);
        return;
    }
    if (call->argc == 2) {
        rcs_command_category_names(call);
        return;
    }
    unsigned category = rcs_command_category_named(&call->args[2]);
    if (category == 0) {
        rcs_refuse_about(call->client, "Unknown category '", &call->args[2], "'");
        return;
    }
    struct rcs_buf names;
    rcs_buf_init(&names);
    size_t count = list_category(call, category, &names);
    rcs_resp_array(call->out, count);
    rcs_buf_add(call->out, names.data, names.size_bytes);
    rcs_buf_close(&names);
}

/* Nobody is ever refused by a rule, and a wrong password is not logged here. */
static void run_log(struct rcs_call *call)
{
    int64_t count;
    if (call->argc > 3) {
        rcs_refuse_subcommand(call, "acl", &call->args[1]);
    } else if (call->argc == 3 && rcs_arg_is(&call->args[2], "reset")) {
        rcs_reply_ok(call->client);
    } else if (call->argc == 2 || rcs_arg_i64_or_refuse(call->client, &call->args[2], &count)) {
        rcs_resp_array(call->out, 0);
    }
}

static void run_genpass(struct rcs_call *call)
{
    int64_t bits = 256;
    if (call->argc > 3) {
        rcs_refuse_subcommand(call, "acl", &call->args[1]);
        return;
    }
    if (call->argc == 3) {
        if (!rcs_arg_i64_or_refuse(call->client, &call->args[2], &bits)) {
            return;
        }
        if (bits <= 0 || bits > GENPASS_BITS_MAX) {
            rcs_refuse(call->client, "ACL GENPASS argument must be the number of bits for the "
                                     "output password, a positive number up to 4096");
            return;
        }
    }
    struct rcs_buf text;
    rcs_buf_init(&text);
    for (int64_t i = 0; i < (bits + 3) / 4; i++) {
        rcs_buf_format(&text, "%x", (unsigned)rcs_rand_between(&call->node->key_choice, 0, 15));
    }
    rcs_resp_bulk(call->out, text.data, text.size_bytes);
    rcs_buf_close(&text);
}

static void run_file(struct rcs_call *call)
{
    rcs_refuse(call->client,
               "This Redis instance is not configured to use an ACL file. You may want to specify "
               "users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you "
               "have a Redis configuration file set) in order to store users in the Redis "
               "configuration.");
}

static void run_deluser(struct rcs_call *call)
{
    for (unsigned i = 2; i < call->argc; i++) {
        if (is_default(&call->args[i])) {
            rcs_refuse(call->client, "The 'default' user cannot be removed");
            return;
        }
    }
    rcs_resp_integer(call->out, 0);
}

static void run_unmodelled(struct rcs_call *call)
{
    rcs_refuse(call->client, "rcsim models one user, 'default', with all permissions; set its "
                             "password by CONFIG SET requirepass");
}

/* clang-format off */
#define BY_ADMIN ADMIN | NOSCRIPT | LOADING | STALE, 0, NO_KEYS
#define BY_ANYBODY NOSCRIPT | LOADING | STALE, 0, NO_KEYS
static const struct rcs_command subcommands[] = {
    { "cat", run_cat, -2, BY_ANYBODY, NULL, NULL },
    { "deluser", run_deluser, -3, BY_ADMIN, NULL, NULL },
    { "dryrun", run_unmodelled, -4, BY_ADMIN, NULL, NULL },
    { "genpass", run_genpass, -2, BY_ANYBODY, NULL, NULL },
    { "getuser", run_getuser, 3, BY_ADMIN, NULL, NULL },
    { "help", rcs_run_help, 2, LOADING | STALE, 0, NO_KEYS, NULL, NULL },
    { "list", run_list, 2, BY_ADMIN, NULL, NULL },
    { "load", run_file, 2, BY_ADMIN, NULL, NULL },
    { "log", run_log, -2, BY_ADMIN, NULL, NULL },
    { "save", run_file, 2, BY_ADMIN, NULL, NULL },
    { "setuser", run_unmodelled, -3, BY_ADMIN, NULL, NULL },
    { "users", run_users, 2, BY_ADMIN, NULL, NULL },
    { "whoami", run_whoami, 2, BY_ANYBODY, NULL, NULL },
    END_OF_COMMANDS
};

const struct rcs_command rcs_acl_commands[] = {
    { "acl", NULL, -2, 0, 0, NO_KEYS, NULL, subcommands },
    END_OF_COMMANDS
};
/* clang-format on */
