/* Commands: a table row each, and what a handler is given when its command runs.
 *
 * A handler finds the number of its arguments checked against the arity and every gate of Redis 7.0
 * processCommand passed. It writes exactly one reply to call->out (none for a blocked client),
 * changes keys through rcs_key_..., and says how it is to be replicated if that is not as it came.
 */
#ifndef RCSIM_SIM_NODE_COMMAND_H
#define RCSIM_SIM_NODE_COMMAND_H

#include "sim/keys/value.h"
#include "sim/node/command_args.h"
#include "sim/node/internal.h"

/* In the order in which COMMAND shows them. */
/* clang-format off */
#define RCS_COMMAND_FLAGS(X)                        \
    X(WRITE, "write")                               \
    X(READONLY, "readonly")                         \
    X(DENYOOM, "denyoom")                           \
    X(ADMIN, "admin")                               \
    X(PUBSUB, "pubsub")                             \
    X(NOSCRIPT, "noscript")                         \
    X(BLOCKING, "blocking")                         \
    X(LOADING, "loading")                           \
    X(STALE, "stale")                               \
    X(SKIP_MONITOR, "skip_monitor")                 \
    X(SKIP_SLOWLOG, "skip_slowlog")                 \
    X(ASKING, "asking")                             \
    X(FAST, "fast")                                 \
    X(NO_AUTH, "no_auth")                           \
    X(NO_MANDATORY_KEYS, "no_mandatory_keys")       \
    X(NO_ASYNC_LOADING, "no_async_loading")         \
    X(NO_MULTI, "no_multi")                         \
    X(MOVABLE_KEYS, "movablekeys")                  \
    X(ALLOW_BUSY, "allow_busy")                     \
    /* what COMMAND does not show */                \
    X(MAY_REPLICATE, NULL)                          \
    X(PROTECTED, NULL) /* enable-debug-command */   \
    X(ARBITRARY_KEYS, NULL) /* may find expired keys that were not asked for */ \
    X(MOVES_KEYS, NULL)    /* of open slots, whoever owns them (MIGRATE) */ \
    X(RUNS_SCRIPT, NULL)   /* which may declare other flags */ \
    X(BY_SHA, NULL)        /* the script is named by its SHA-1 */ \
    X(EXEC, NULL)          /* judged by what is queued */ \
    X(SHARD_PUBSUB, NULL)                           \
    X(IN_SUBSCRIBED, NULL) /* a RESP2 subscriber may */ \
    X(NOT_QUEUED, NULL)    /* runs inside MULTI */

/* In the order in which COMMAND shows them; those without explicit rows follow from the flags. */
#define RCS_COMMAND_CATEGORIES(X)                   \
    X(KEYSPACE, "@keyspace")                        \
    X(READ, "@read")                                \
    X(WRITE, "@write")                              \
    X(SET, "@set")                                  \
    X(SORTEDSET, "@sortedset")                      \
    X(LIST, "@list")                                \
    X(HASH, "@hash")                                \
    X(STRING, "@string")                            \
    X(BITMAP, "@bitmap")                            \
    X(HYPERLOGLOG, "@hyperloglog")                  \
    X(GEO, "@geo")                                  \
    X(STREAM, "@stream")                            \
    X(PUBSUB, "@pubsub")                            \
    X(ADMIN, "@admin")                              \
    X(FAST, "@fast")                                \
    X(SLOW, "@slow")                                \
    X(BLOCKING, "@blocking")                        \
    X(DANGEROUS, "@dangerous")                      \
    X(CONNECTION, "@connection")                    \
    X(TRANSACTION, "@transaction")                  \
    X(SCRIPTING, "@scripting")

/* What a command does with its keys, in the order in which COMMAND shows it. */
#define RCS_KEY_FLAGS(X)                            \
    X(RO, "RO")                                     \
    X(RW, "RW")                                     \
    X(OW, "OW")                                     \
    X(RM, "RM")                                     \
    X(ACCESS, "access")                             \
    X(UPDATE, "update")                             \
    X(INSERT, "insert")                             \
    X(DELETE, "delete")                             \
    X(NOT_KEY, "not_key")                           \
    X(INCOMPLETE, "incomplete")                     \
    X(VARIABLE, "variable_flags")
/* clang-format on */

enum rcs_command_flag_bit {
#define X(name, text) RCS_COMMAND_BIT_##name,
    RCS_COMMAND_FLAGS(X)
#undef X
};
enum rcs_command_flag {
#define X(name, text) RCS_COMMAND_##name = 1 << RCS_COMMAND_BIT_##name,
    RCS_COMMAND_FLAGS(X)
#undef X
};
enum rcs_category_bit {
#define X(name, text) RCS_CATEGORY_BIT_##name,
    RCS_COMMAND_CATEGORIES(X)
#undef X
};
enum rcs_category {
#define X(name, text) RCS_CATEGORY_##name = 1 << RCS_CATEGORY_BIT_##name,
    RCS_COMMAND_CATEGORIES(X)
#undef X
};
enum rcs_key_flag_bit {
#define X(name, text) RCS_KEY_BIT_##name,
    RCS_KEY_FLAGS(X)
#undef X
};
enum rcs_key_flag {
#define X(name, text) RCS_KEY_##name = 1 << RCS_KEY_BIT_##name,
    RCS_KEY_FLAGS(X)
#undef X
};

struct rcs_call;
typedef void rcs_command_handler(struct rcs_call *call);

/* Where keys stand: from `first` in steps to `last`, counted from `first` or, negative, from the
 * end. A command with a `keyword` or `numkeys` in its ranges has the flag MOVABLE_KEYS. */
struct rcs_key_range {
    int first, last, step; /* first 0: no such range */
    unsigned flags;        /* enum rcs_key_flag */
    /* NULL none; else the keys stand behind this word, if it is there, instead of where the first
     * range has them; `first` is where COMMAND says the search begins */
    const char *keyword;
    int numkeys; /* > 0: where the count of the keys stands, which begin at `first`; no `last` */
    const char *notes; /* what COMMAND adds to its flags; NULL none */
};

struct rcs_command {
    const char *name;         /* lower case; a subcommand's without its container */
    rcs_command_handler *run; /* NULL: a container that is nothing by itself */
    int arity;                /* all words counted; negative: at least so many */
    unsigned flags;           /* enum rcs_command_flag */
    unsigned categories;      /* enum rcs_category, beside what follows from the flags */
    struct rcs_key_range keys[2];
    const char *tips;                      /* separated by blanks; NULL none */
    const struct rcs_command *subcommands; /* ended by a row without name; NULL none */
};

/* The tables, each beside its handlers and ended by a row without name. */
extern const struct rcs_command rcs_connection_commands[], rcs_client_commands[];
extern const struct rcs_command rcs_command_commands[], rcs_config_commands[], rcs_info_commands[];
extern const struct rcs_command rcs_admin_commands[], rcs_transaction_commands[];
extern const struct rcs_command rcs_pubsub_commands[], rcs_cluster_commands[];
extern const struct rcs_command rcs_key_commands[], rcs_expire_commands[], rcs_string_commands[];
extern const struct rcs_command rcs_number_commands[], rcs_bit_commands[];
extern const struct rcs_command rcs_dump_commands[], rcs_migrate_commands[];
extern const struct rcs_command rcs_function_commands[];
extern const struct rcs_command rcs_list_commands[], rcs_list_take_commands[];
extern const struct rcs_command rcs_hash_commands[], rcs_set_commands[];
extern const struct rcs_command rcs_set_op_commands[], rcs_zset_commands[];
extern const struct rcs_command rcs_monitor_commands[], rcs_slowlog_commands[];
extern const struct rcs_command rcs_latency_commands[], rcs_memory_commands[];
extern const struct rcs_command rcs_acl_commands[], rcs_debug_commands[];
extern const struct rcs_command rcs_zset_range_commands[], rcs_zset_merge_commands[];
extern const struct rcs_command rcs_zset_pop_commands[], rcs_script_commands[];

/* The i-th command of all tables; NULL past the end. */
const struct rcs_command *rcs_command_at(unsigned index);

/* True if it may be given so many words; never for a container that is nothing by itself. */
bool rcs_command_arity_fits(const struct rcs_command *command, unsigned argc);

/* A command that was looked up: its row, and of a subcommand also the container's. */
struct rcs_command_found {
    const struct rcs_command *command;   /* NULL: unknown */
    const struct rcs_command *container; /* of a subcommand; alone: the subcommand is unknown */
};
/* `seen`: the node's, or NULL; the tables are long. */
struct rcs_command_found rcs_command_find(unsigned argc, const struct rcs_arg *args,
                                          struct rcs_commands_seen *seen);
/* By "get" or "client|id", which 7.0 began to take. */
struct rcs_command_found rcs_command_by_full_name(enum rcs_release release,
                                                  const struct rcs_arg *name);
/* "get", "client|info". */
void rcs_command_full_name(const struct rcs_command_found *found, struct rcs_buf *out);
/* The two ranges that hold the keys of this request: the command's own, or those put together in
 * `moved` if a keyword moves them or a word counts them. Neither has a keyword or numkeys. */
const struct rcs_key_range *rcs_command_ranges(const struct rcs_command *command, unsigned argc,
                                               const struct rcs_arg *args,
                                               struct rcs_key_range moved[2]);
/* False: a word counts the keys, and is no plain decimal from 0 on. Redis then reads it without its
 * specifications of keys, which hold their flags (Redis 7.0 getKeysFromCommandWithSpecs). Only of a
 * request of enough words. */
bool rcs_command_keys_specified(const struct rcs_command *command, const struct rcs_arg *args);
/* Categories, with those that follow from the flags: bits of enum rcs_category. */
unsigned rcs_command_categories(const struct rcs_command *command);
unsigned rcs_command_category_named(const struct rcs_arg *name); /* without the @; 0 none */
void rcs_command_category_names(struct rcs_call *call);          /* replies all of them */
/* Positions of the keys in the arguments, ascending within a range; at most `most` are filled in.
 * Returns how many there are. */
unsigned rcs_command_keys(const struct rcs_command *command, unsigned argc,
                          const struct rcs_arg *args, unsigned *positions, unsigned most);

/* --- one command being executed (call.c) ------------------------------------------------------ */

struct rcs_call {
    struct rcs_node *node;
    struct rcs_client *client;
    struct rcs_request *request;
    const struct rcs_command *command;
    unsigned argc;
    const struct rcs_arg *args;
    struct rcs_buf *out; /* the client's reply */
    bool resp3;
    int64_t wall_ms;
    bool said; /* rcs_call_replicate was called, or nothing is to be replicated */
};

/* Executes one command without any gate. Its part of the stream is kept until rcs_call_propagate.
 */
void rcs_call_run(struct rcs_node *node, struct rcs_client *client,
                  const struct rcs_command *command, struct rcs_request *request);
/* The call changed `count` things: it will be replicated, as it came if nothing else is said. */
void rcs_call_changed(struct rcs_call *call, uint64_t count);
/* Replicate this instead; may be said more than once. No words at all: nothing. */
void rcs_call_replicate(struct rcs_call *call, unsigned argc, const struct rcs_arg *args);
/* A deletion that comes before what the call itself replicates (Redis 7.0 propagateDeletion). */
void rcs_call_replicate_del(struct rcs_node *node, const struct rcs_arg *key, bool unlink);
/* Gives what was kept to the stream, between MULTI and EXEC if it is more than one command. */
void rcs_call_propagate(struct rcs_node *node, bool transaction);

/* Milliseconds to wait; false: the argument was refused in a reply (getTimeoutFromObjectOrReply).
 */
bool rcs_arg_timeout_or_refuse(struct rcs_call *call, const struct rcs_arg *argument, int64_t *out);
/* A range of GETRANGE's kind, ends included, negative from the end, cut to `size`; false: empty. */
bool rcs_clamp_range(int64_t size, int64_t *start, int64_t *end);
/* `text` as an argument. */
struct rcs_arg rcs_arg_of(const char *text);

/* --- waiting for keys (blocked.c) ------------------------------------------------------------- */

/* A key that the call's client waits for holds a value of its type: takes what the command asks
 * for, answers, and says what is to be replicated. `call` is as when the client began to wait. */
typedef void rcs_serve(struct rcs_call *call, struct rcs_entry *entry);
/* False in a transaction, a script, the master's stream: the command is to answer at once. */
bool rcs_call_may_block(const struct rcs_call *call);
/* There is nothing yet: the client waits for one of the keys (of the call's arguments) to be added
 * with a value of this type; `serve` will be called then. Otherwise the answer is a nil array, when
 * the wall clock is past `until_ms` (0: never). */
void rcs_call_block(struct rcs_call *call, enum rcs_value_type type, const struct rcs_arg *keys,
                    unsigned count, int64_t until_ms, rcs_serve *serve);
/* Seconds from now, 0 never, as rcs_call_block wants it; false: the argument was refused in a reply
 * (Redis 7.0 getTimeoutFromObjectOrReply). */
bool rcs_arg_until_or_refuse(struct rcs_call *call, const struct rcs_arg *argument,
                             int64_t *until_ms);

/* --- keys, as commands see them (key_access.c) ------------------------------------------------ */

/* The key if it is there and not expired, for reading (counts hits and misses) or for writing. An
 * expired one is deleted on a master (Redis 7.0 lookupKey, expireIfNeeded). */
struct rcs_entry *rcs_key_read(struct rcs_call *call, const struct rcs_arg *key);
/* For reading, without counting as a use of the key (TTL, TYPE, EXISTS); and without telling of its
 * absence either (OBJECT). */
struct rcs_entry *rcs_key_peek(struct rcs_call *call, const struct rcs_arg *key);
struct rcs_entry *rcs_key_look(struct rcs_call *call, const struct rcs_arg *key);
int64_t rcs_key_idle_ms(const struct rcs_node *node, const struct rcs_entry *entry);
struct rcs_entry *rcs_key_write(struct rcs_call *call, const struct rcs_arg *key);
/* The same for a key of one type, NULL: there is none. False: it holds another type, and that was
 * refused. */
bool rcs_key_read_of(struct rcs_call *call, const struct rcs_arg *key, enum rcs_value_type type,
                     struct rcs_entry **out);
bool rcs_key_write_of(struct rcs_call *call, const struct rcs_arg *key, enum rcs_value_type type,
                      struct rcs_entry **out);
/* "-WRONGTYPE ..." to the call's client. */
void rcs_refuse_type(struct rcs_call *call);
/* Sets the value, a new key or an old one; takes the reference. The expiry goes unless it is kept.
 */
struct rcs_entry *rcs_key_set(struct rcs_call *call, const struct rcs_arg *key,
                              struct rcs_value *value, bool keep_expiry);
void rcs_key_delete(struct rcs_call *call, struct rcs_entry *entry);
/* Must follow every other change of a key: transactions that watch it are off. */
void rcs_key_modified(struct rcs_node *node, const void *key, size_t key_bytes);
/* True if the key is there for a redirection: nothing is counted or deleted. */
bool rcs_key_present(const struct rcs_node *node, const struct rcs_arg *key);
/* Deletes what has expired, on a master only, and replicates it (Redis 7.0 activeExpireCycle). */
void rcs_key_expire_cycle(struct rcs_node *node);
/* All keys are about to go: who watches or tracks them is told. */
void rcs_keys_flushed(struct rcs_node *node);

/* Expiry, for commands that set it (command_expire.c). */
void rcs_refuse_expire(struct rcs_call *call); /* "invalid expire time in '...' command" */
/* True if a key set to this time is to be deleted at once. */
bool rcs_call_expires_now(const struct rcs_call *call, int64_t expire_ms);
void rcs_call_delete_as_del(struct rcs_call *call,
                            struct rcs_entry *entry); /* args[1] is its key */
void rcs_call_set_expire(struct rcs_call *call, struct rcs_entry *entry, int64_t expire_ms);

/* --- where a command is to be served (redirect.c) --------------------------------------------- */

/* True if this node serves it; else the redirection or error was replied. `flags` are the command's
 * as the gates see them: with those of what EXEC has queued, or of what a script declares. */
bool rcs_redirect_check(struct rcs_node *node, struct rcs_client *client,
                        const struct rcs_command *command, const struct rcs_request *request,
                        unsigned flags);
/* The same question about a command that a script calls, without an answer to anybody. `slot` is
 * set if it has a key. */
enum rcs_here { RCS_HERE_SERVED, RCS_HERE_NOT, RCS_HERE_DOWN, RCS_HERE_DOWN_FOR_WRITES };
enum rcs_here rcs_redirect_look(struct rcs_node *node, const struct rcs_client *client,
                                const struct rcs_command *command,
                                const struct rcs_request *request, int *slot);

/* True if a client that waits for `key` cannot go on doing so here: the redirection or error was
 * replied (Redis 7.0 clusterRedirectBlockedClientIfNeeded). */
bool rcs_redirect_blocked(struct rcs_node *node, struct rcs_client *client,
                          const struct rcs_arg *key);

/* --- transactions (transaction.c) ------------------------------------------------------------- */

void rcs_transaction_queue(struct rcs_node *node, struct rcs_client *client,
                           struct rcs_request *request);
/* Leaves MULTI, if it is in it, and forgets the watched keys. */
void rcs_transaction_discard(struct rcs_node *node, struct rcs_client *client);
unsigned rcs_transaction_watched(const struct rcs_client *client); /* keys it watches */
/* Flags that one of the queued commands has, and that all of them have. */
struct rcs_transaction_flags {
    unsigned one, all;
};
struct rcs_transaction_flags rcs_transaction_flags(struct rcs_node *node,
                                                   const struct rcs_client *client);
/* The answer to an EXEC that was refused with `text`. */
void rcs_transaction_abort(struct rcs_node *node, struct rcs_client *client, const char *text);
/* The key changed: transactions that watch it will fail. `expired`: it is deleted because its time
 * is over, which changes nothing for those who saw it like that. */
void rcs_transaction_flushed(struct rcs_node *node); /* all keys are about to go */
void rcs_transaction_touch(struct rcs_node *node, const void *key, size_t key_bytes, bool expired);
#endif
