#include "sim/node/command_release.h"

#include <string.h>

#include "sim/node/disk.h"

#include "sim/pure.h"

#define NAME_BYTES_SHOWN 128

#define V30 RCS_REDIS_3_0
#define V40 RCS_REDIS_4_0
#define V50 RCS_REDIS_5_0
#define V60 RCS_REDIS_6_0
#define V62 RCS_REDIS_6_2
#define V70 RCS_REDIS_7_0
#define V72 RCS_REDIS_7_2
#define V74 RCS_REDIS_7_4
#define V80 RCS_VALKEY_8_0

/* --- what there is ---------------------------------------------------------------------------- */

/* Commands that 3.0 has not; a subcommand with its container. What came with 3.2 counts as 4.0. */
static const struct {
    const char *container, *name; /* container NULL: a command */
    enum rcs_release since;
} sinces[] = {
    { NULL, "blmove", V62 },
    { NULL, "blmpop", V70 },
    { NULL, "bzmpop", V70 },
    { NULL, "bzpopmax", V50 },
    { NULL, "bzpopmin", V50 },
    { NULL, "acl", V60 },
    { NULL, "copy", V62 },
    { NULL, "eval_ro", V70 },
    { NULL, "evalsha_ro", V70 },
    { NULL, "expiretime", V70 },
    { NULL, "failover", V62 },
    { NULL, "function", V70 },
    { NULL, "getdel", V62 },
    { NULL, "getex", V62 },
    { NULL, "hello", V60 },
    { NULL, "hrandfield", V62 },
    { NULL, "hstrlen", V40 },
    { NULL, "lmove", V62 },
    { NULL, "lmpop", V70 },
    { NULL, "lpos", V60 }, /* 6.0.6 */
    { NULL, "memory", V40 },
    { NULL, "pexpiretime", V70 },
    { NULL, "replicaof", V50 },
    { NULL, "reset", V62 },
    { NULL, "sintercard", V70 },
    { NULL, "smismember", V62 },
    { NULL, "spublish", V70 },
    { NULL, "ssubscribe", V70 },
    { NULL, "sunsubscribe", V70 },
    { NULL, "swapdb", V40 },
    { NULL, "touch", V40 },
    { NULL, "unlink", V40 },
    { NULL, "zdiff", V62 },
    { NULL, "zdiffstore", V62 },
    { NULL, "zinter", V62 },
    { NULL, "zintercard", V70 },
    { NULL, "zmpop", V70 },
    { NULL, "zmscore", V62 },
    { NULL, "zpopmax", V50 },
    { NULL, "zpopmin", V50 },
    { NULL, "zrandmember", V62 },
    { NULL, "zrangestore", V62 },
    { NULL, "zunion", V62 },
    { "client", "caching", V60 },
    { "client", "getredir", V60 },
    { "client", "help", V50 },
    { "client", "id", V50 },
    { "client", "info", V62 },
    { "client", "no-evict", V70 },
    { "client", "no-touch", V72 },
    { "client", "reply", V40 },
    { "client", "setinfo", V72 },
    { "client", "tracking", V60 },
    { "client", "trackinginfo", V62 },
    { "client", "unblock", V50 },
    { "client", "unpause", V62 },
    { "cluster", "addslotsrange", V70 },
    { "cluster", "bumpepoch", V30 }, /* 3.0.7 */
    { "cluster", "delslotsrange", V70 },
    { "cluster", "help", V50 },
    { "cluster", "links", V70 },
    { "cluster", "myshardid", V72 },
    { "cluster", "replicas", V50 },
    { "cluster", "shards", V70 },
    { "command", "docs", V70 },
    { "command", "getkeysandflags", V70 },
    { "command", "help", V50 },
    { "command", "list", V70 },
    { "config", "help", V50 },
    { "latency", "help", V50 },
    { "object", "freq", V40 },
    { "object", "help", V40 },
    { "pubsub", "help", V50 },
    { "pubsub", "shardchannels", V70 },
    { "pubsub", "shardnumsub", V70 },
    { "script", "debug", V40 },
    { "script", "help", V50 },
    { "slowlog", "help", V50 },
};

/* Words of a command, its name included, before it took more. */
static const struct {
    const char *container, *name;
    unsigned most;
    enum rcs_release since; /* takes more from here on */
} mosts[] = {
    { NULL, "auth", 2, V60 },      { NULL, "bgsave", 1, V40 },    { NULL, "expire", 3, V70 },
    { NULL, "expireat", 3, V70 },  { NULL, "flushall", 1, V40 },  { NULL, "flushdb", 1, V40 },
    { NULL, "hset", 4, V40 },      { NULL, "spop", 2, V40 },      { NULL, "pexpire", 3, V70 },
    { NULL, "pexpireat", 3, V70 }, { "client", "list", 2, V50 },  { NULL, "lpop", 2, V62 },
    { NULL, "rpop", 2, V62 },      { "cluster", "meet", 4, V40 }, { "client", "pause", 3, V62 },
    { "config", "get", 3, V70 },   { "config", "set", 4, V70 },   { "script", "flush", 2, V62 },
};

/* Options: before that release they are no words of the command. */
static const struct {
    const char *command;
    unsigned from; /* where options may stand */
    const char *word;
    enum rcs_release since;
} options[] = {
    { "set", 3, "keepttl", V60 },    { "set", 3, "get", V62 },
    { "set", 3, "exat", V62 },       { "set", 3, "pxat", V62 },
    { "scan", 2, "type", V60 },      { "flushall", 1, "sync", V62 },
    { "flushdb", 1, "sync", V62 },   { "migrate", 6, "auth", V40 },
    { "migrate", 6, "auth2", V60 },  { "restore", 4, "absttl", V50 },
    { "restore", 4, "freq", V50 },   { "restore", 4, "idletime", V50 },
    { "shutdown", 1, "now", V70 },   { "shutdown", 1, "force", V70 },
    { "shutdown", 1, "abort", V70 }, { "bitcount", 4, "bit", V70 },
    { "bitcount", 4, "byte", V70 },  { "bitpos", 5, "bit", V70 },
    { "bitpos", 5, "byte", V70 },    { "zrange", 4, "bylex", V62 },
    { "zrange", 4, "byscore", V62 }, { "zrange", 4, "limit", V62 },
    { "zrange", 4, "rev", V62 },
};

static bool same(const char *container, const char *name, const struct rcs_command_found *found)
{
    const char *of = found->container == NULL ? NULL : found->container->name;
    return (container == NULL) == (of == NULL) &&
           (container == NULL || strcmp(container, of) == 0) &&
           strcmp(name, found->command->name) == 0;
}

bool rcs_release_has(const struct rcs_profile *profile, const struct rcs_command_found *found)
{
    if (profile->release >= V72 || (profile->release == V70 && found->container == NULL)) {
        return true; /* only subcommands came later; most commands have none */
    }
    for (size_t i = 0; i < sizeof(sinces) / sizeof(sinces[0]); i++) {
        if (profile->release < sinces[i].since &&
            same(sinces[i].container, sinces[i].name, found)) {
            return false;
        }
    }
    return true;
}

bool rcs_release_takes(const struct rcs_profile *profile, const struct rcs_command_found *found,
                       unsigned argc)
{
    for (size_t i = 0; profile->release < V70 && i < sizeof(mosts) / sizeof(mosts[0]); i++) {
        if (profile->release < mosts[i].since && argc > mosts[i].most &&
            same(mosts[i].container, mosts[i].name, found)) {
            return false;
        }
    }
    return true;
}

static bool is_among(const struct rcs_arg *args, unsigned from, unsigned argc, const char *word)
{
    for (unsigned i = from; i < argc; i++) {
        if (rcs_arg_is(&args[i], word)) {
            return true;
        }
    }
    return false;
}

bool rcs_release_knows_options(const struct rcs_profile *profile, unsigned argc,
                               const struct rcs_arg *args)
{
    if (profile->release >= V70) {
        return true;
    }
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (profile->release < options[i].since && rcs_arg_is(&args[0], options[i].command) &&
            is_among(args, options[i].from, argc, options[i].word)) {
            return false;
        }
    }
    /* one section only; NX with GET not together */
    return !(argc > 2 && rcs_arg_is(&args[0], "info")) &&
           !(rcs_arg_is(&args[0], "set") && is_among(args, 3, argc, "nx") &&
             is_among(args, 3, argc, "get"));
}

/* --- words ------------------------------------------------------------------------------------ */

/* clang-format off */
/* Error texts: what is said in place of what 7.0 says, from one release to another. */
static const struct {
    const char *text;
    enum rcs_release first, last;
    const char *instead;
} words[] = {
    { RCS_MISCONF_SAVE, V30, V30,
      "-MISCONF Redis is configured to save RDB snapshots, but is currently not able to persist on disk. Commands that may modify the data set are "
      "disabled. Please check Redis logs for details about the error." },
    { RCS_MISCONF_SAVE, V40, V62,
      "-MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk. Commands that may modify the data set are "
      "disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). "
      "Please check the Redis logs for details about the RDB error." },
    { RCS_MISCONF_SAVE, V80, V80,
      "-MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are "
      "disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). "
      "Please check the Valkey logs for details about the RDB error." },
    { "-NOREPLICAS Not enough good replicas to write.", V30, V40, "-NOREPLICAS Not enough good slaves to write." },
    { "-READONLY You can't write against a read only replica.", V30, V40, "-READONLY You can't write against a read only slave." },
    { "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", V30, V40,
      "-MASTERDOWN Link with MASTER is down and slave-serve-stale-data is set to 'no'." },
    { "-LOADING Redis is loading the dataset in memory", V80, V80, "-LOADING Valkey is loading the dataset in memory" },
    { "-WRONGPASS invalid username-password pair or user is disabled.", V30, V50, "invalid password" },
    { "-WRONGPASS invalid username-password pair or user is disabled.", V60, V60, "-WRONGPASS invalid username-password pair" },
    { "AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
      V30, V50, "Client sent AUTH, but no password is set" },
    { "Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.", V30, V30,
      "Can't BGSAVE while AOF log rewriting is in progress" },
    { "Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.", V40, V50,
      "An AOF log rewriting in progress: can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible." },
    { "Protocol version is not an integer or out of range", V60, V60, "-NOPROTO unsupported protocol version" },
    { "Copying to another database is not allowed in cluster mode", V72, V80, "DB index is out of range" },
    { "string exceeds maximum allowed size (proto-max-bulk-len)", V30, V50, "string exceeds maximum allowed size (512MB)" },
    { "listpack", V30, V62, "ziplist" }, /* of OBJECT ENCODING */
    { "hash value is not a float", V30, V30, "hash value is not a valid float" },
    { "value is out of range, value must between -9223372036854775807 and 9223372036854775807", V60, V60, "value is out of range" },
    { "REPLICAOF not allowed in cluster mode.", V30, V40, "SLAVEOF not allowed in cluster mode." },
    { "I can only replicate a master, not a replica.", V30, V40, "I can only replicate a master, not a slave." },
    { "You should send CLUSTER FAILOVER to a replica", V30, V40, "You should send CLUSTER FAILOVER to a slave" },
    { "I'm a replica but my master is unknown to me", V30, V40, "I'm a slave but my master is unknown to me" },
    { "Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP", V30, V40, "Invalid CLUSTER SETSLOT action or number of arguments" },
    { "WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.",
      V40, V40,
      "WAIT cannot be used with slave instances. Please also note that since Redis 4.0 if a slave is configured to be writable (which is not the default) writes to slaves are just local and are not propagated." },
    { "WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.",
      V80, V80,
      "WAIT cannot be used with replica instances. Please also note that if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated." },
};

/* What 3.0 and 4.0 say of a subcommand they do not know, or with the wrong number of words; %s is
 * what was asked for. The others of that time answer as `command` does. */
static const struct {
    const char *container;
    enum rcs_release first, last;
    const char *text;
} subcommand_words[] = {
    { "client",  V30, V30, "Syntax error, try CLIENT (LIST | KILL ip:port | GETNAME | SETNAME connection-name)" },
    { "client",  V40, V40, "Syntax error, try CLIENT (LIST | KILL | GETNAME | SETNAME | PAUSE | REPLY)" },
    { "cluster", V30, V40, "Wrong CLUSTER subcommand or number of arguments" },
    { "config",  V30, V40, "CONFIG subcommand must be one of GET, SET, RESETSTAT, REWRITE" },
    { "command", V30, V40, "Unknown subcommand or wrong number of arguments." },
    { "object",  V30, V30, "Syntax error. Try OBJECT (refcount|encoding|idletime)" },
    { "object",  V40, V40, "Unknown subcommand or wrong number of arguments for '%s'. Try OBJECT help" },
    { "pubsub",  V30, V40, "Unknown PUBSUB subcommand or wrong number of arguments for '%s'" },
    { "debug",   V30, V40, "Unknown DEBUG subcommand or wrong number of arguments for '%s'" },
    { "client",  V50, V60, "Unknown subcommand or wrong number of arguments for '%s'. Try CLIENT HELP" },
    { "memory",  V50, V60, "Unknown subcommand or wrong number of arguments for '%s'. Try MEMORY HELP" },
};
/* clang-format on */

const char *rcs_release_words(const struct rcs_profile *profile, const char *text)
{
    if (profile->release != V70) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (profile->release >= words[i].first && profile->release <= words[i].last &&
                strcmp(text, words[i].text) == 0) {
                return words[i].instead;
            }
        }
    }
    return text;
}

/* An argument as an error shows it: up to its first NUL, at most `most` bytes. */
static void add_shown(struct rcs_buf *out, const struct rcs_arg *argument, size_t most)
{
    size_t size = rcs_arg_text_bytes(argument);
    rcs_buf_add(out, argument->bytes, size < most ? size : most);
}

void rcs_release_unknown(const struct rcs_profile *profile, unsigned argc,
                         const struct rcs_arg *args, struct rcs_buf *out)
{
    bool quoted = profile->release >= V70 || profile->release == V30; /* 4.0 to 6.2: `name` */
    rcs_buf_text(out, quoted ? "unknown command '" : "unknown command `");
    add_shown(out, &args[0], NAME_BYTES_SHOWN);
    if (profile->release == V30) {
        rcs_buf_text(out, "'");
        return;
    }
    rcs_buf_text(out, quoted ? "', with args beginning with: " : "`, with args beginning with: ");
    size_t before = out->size_bytes;
    for (unsigned i = 1; i < argc && out->size_bytes - before < NAME_BYTES_SHOWN; i++) {
        size_t left = NAME_BYTES_SHOWN - (out->size_bytes - before);
        rcs_buf_text(out, quoted ? "'" : "`");
        add_shown(out, &args[i], left);
        rcs_buf_text(out, quoted ? "' " : "`, ");
    }
}

/* `name`, which the container may know: then it has the wrong number of words. */
static const char *subcommand_text(const struct rcs_profile *profile, const char *container,
                                   const struct rcs_arg *name)
{
    if (profile->release <= V40 && strcmp(container, "config") == 0 &&
        (rcs_arg_is(name, "get") || rcs_arg_is(name, "set") || rcs_arg_is(name, "resetstat") ||
         rcs_arg_is(name, "rewrite"))) {
        return "Wrong number of arguments for CONFIG %s";
    }
    for (size_t i = 0; i < sizeof(subcommand_words) / sizeof(subcommand_words[0]); i++) {
        if (profile->release >= subcommand_words[i].first &&
            profile->release <= subcommand_words[i].last &&
            strcmp(subcommand_words[i].container, container) == 0) {
            return subcommand_words[i].text;
        }
    }
    return NULL;
}

/* "'. Try CLIENT HELP." */
static void add_try(struct rcs_buf *out, const char *container)
{
    rcs_buf_text(out, "'. Try ");
    for (const char *c = container; *c != '\0'; c++) {
        char upper = *c >= 'a' && *c <= 'z' ? (char)(*c - ('a' - 'A')) : *c;
        rcs_buf_add(out, &upper, 1);
    }
    rcs_buf_text(out, " HELP.");
}

void rcs_release_unknown_subcommand(const struct rcs_profile *profile, const char *container,
                                    const struct rcs_arg *name, struct rcs_buf *out)
{
    const char *text = subcommand_text(profile, container, name);
    if (text != NULL) {
        const char *place = strstr(text, "%s");
        rcs_buf_add(out, text, place == NULL ? strlen(text) : (size_t)(place - text));
        if (place != NULL) {
            add_shown(out, name, NAME_BYTES_SHOWN);
            rcs_buf_text(out, place + 2);
        }
        return;
    }
    rcs_buf_text(out, profile->release >= V70
                          ? "unknown subcommand '"
                          : "Unknown subcommand or wrong number of arguments for '");
    add_shown(out, name, NAME_BYTES_SHOWN);
    add_try(out, container);
}

void rcs_refuse_subcommand(struct rcs_call *call, const char *container, const struct rcs_arg *name)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    if (call->client->profile->release < V70) {
        rcs_release_unknown_subcommand(call->client->profile, container, name, &text);
    } else {
        rcs_buf_text(&text, "unknown subcommand or wrong number of arguments for '");
        add_shown(&text, name, NAME_BYTES_SHOWN);
        add_try(&text, container);
    }
    rcs_buf_add(&text, "", 1);
    rcs_refuse(call->client, text.data);
    rcs_buf_close(&text);
}
