/* Moving one slot from a node to another, key by key (redis-cli 7.0 clusterManagerMoveSlot,
 * clusterManagerMigrateKeysInSlot). */
#include "sim/scenario/cli_move.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

void rcs_cli_move_begin(struct rcs_cli *cli, unsigned source, unsigned target, unsigned slot,
                        unsigned options)
{
    struct rcs_cli_move *move = &cli->move;
    move->source = source;
    move->target = target;
    move->slot = slot;
    move->options = options;
    rcs_buf_clear(&move->error);
}

void rcs_cli_move_init(struct rcs_cli_move *move)
{
    rcs_buf_init(&move->error);
    rcs_buf_init(&move->keys);
    rcs_buf_init(&move->digests);
    rcs_buf_init(&move->refusal);
}

void rcs_cli_move_close(struct rcs_cli_move *move)
{
    rcs_buf_close(&move->error);
    rcs_buf_close(&move->keys);
    rcs_buf_close(&move->digests);
    rcs_buf_close(&move->refusal);
}

static bool has(const struct rcs_cli *cli, enum rcs_cli_move_option option)
{
    return (cli->move.options & option) != 0;
}

static bool wants_source(const struct rcs_cli *cli, unsigned i)
{
    return i == cli->move.source;
}

static bool wants_target(const struct rcs_cli *cli, unsigned i)
{
    return i == cli->move.target;
}

static void print_address(struct rcs_cli *cli, unsigned i)
{
    rcs_buf_format(&cli->out, "%s:%d", cli->peers[i].info.ip, cli->peers[i].info.port);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void ask_keys(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER GETKEYSINSLOT %u %lld", cli->move.slot,
                   (long long)cli->order.pipeline);
}

/* Keeps them, each behind its length. */
static bool take_keys(struct rcs_cli *cli, unsigned i, unsigned question,
                      const struct rcs_reply *reply)
{
    (void)question;
    struct rcs_cli_move *move = &cli->move;
    move->key_count = 0;
    rcs_buf_clear(&move->keys);
    if (reply == NULL || reply->kind != RCS_REPLY_ARRAY) {
        if (reply != NULL && has(cli, RCS_CLI_MOVE_TELLS)) {
            rcs_cli_print_error(cli, i, reply);
            rcs_buf_add(&move->error, reply->bytes, reply->size_bytes);
        }
        return false;
    }
    const struct rcs_reply *key = reply + 1;
    for (uint32_t at = 0; at < reply->elements; at++, key += key->size) {
        uint32_t size = (uint32_t)key->size_bytes;
        rcs_buf_add(&move->keys, &size, sizeof(size));
        rcs_buf_add(&move->keys, key->bytes, size);
        move->key_count++;
    }
    return true;
}

static enum rcs_cli_end leave_keys(struct rcs_cli *cli)
{
    return cli->move.key_count == 0 ? RCS_CLI_DONE : RCS_CLI_NEXT;
}

/* The next key behind *at, its length in *size. */
static const char *next_key(const struct rcs_cli_move *move, size_t *at, uint32_t *size)
{
    memcpy(size, move->keys.data + *at, sizeof(*size));
    const char *key = move->keys.data + *at + sizeof(*size);
    *at += sizeof(*size) + *size;
    return key;
}

static void add_keys(struct rcs_cli *cli)
{
    size_t at = 0;
    for (unsigned i = 0; i < cli->move.key_count; i++) {
        uint32_t size;
        const char *key = next_key(&cli->move, &at, &size);
        rcs_cli_arg(cli, key, size);
    }
}

/* --- MIGRATE --------------------------------------------------------------------------------- */

static void add_migrate(struct rcs_cli *cli, bool replace)
{
    const struct rcs_cli_node *target = &cli->peers[cli->move.target].info;
    char number[RCS_DECIMAL_MAX + 1];
    rcs_cli_arg_text(cli, "MIGRATE");
    rcs_cli_arg_text(cli, target->ip);
    snprintf(number, sizeof(number), "%d", target->port);
    rcs_cli_arg_text(cli, number);
    rcs_cli_arg_text(cli, "");
    rcs_cli_arg_text(cli, "0");
    snprintf(number, sizeof(number), "%lld", (long long)cli->order.timeout_ms);
    rcs_cli_arg_text(cli, number);
    if (replace) {
        rcs_cli_arg_text(cli, "REPLACE");
    }
    rcs_cli_arg_text(cli, "KEYS");
    add_keys(cli);
}

static void ask_migrate(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    add_migrate(cli, false);
}

static bool take_migrate(struct rcs_cli *cli, unsigned i, unsigned question,
                         const struct rcs_reply *reply)
{
    (void)i, (void)question;
    struct rcs_cli_move *move = &cli->move;
    rcs_buf_clear(&move->refusal);
    move->busy = move->unserved = false;
    if (reply == NULL) {
        return false; /* and the next question on that connection would have no answer */
    }
    if (reply->kind == RCS_REPLY_ERROR) {
        rcs_buf_add(&move->refusal, reply->bytes, reply->size_bytes);
        rcs_buf_add(&move->refusal, "", 1);
        move->busy = strstr(move->refusal.data, "BUSYKEY") != NULL;
    }
    return true;
}

/* A dot a key. */
static void print_dots(struct rcs_cli *cli)
{
    for (unsigned i = 0; i < cli->move.key_count && has(cli, RCS_CLI_MOVE_DOTS); i++) {
        rcs_buf_text(&cli->out, ".");
    }
}

static enum rcs_cli_end leave_migrate(struct rcs_cli *cli)
{
    if (cli->move.refusal.size_bytes > 0) {
        return RCS_CLI_NEXT;
    }
    print_dots(cli);
    return RCS_CLI_REPEAT; /* the next keys */
}

/* What MIGRATE was refused with is what there is to say. */
static enum rcs_cli_end give_up(struct rcs_cli *cli)
{
    struct rcs_cli_move *move = &cli->move;
    if (has(cli, RCS_CLI_MOVE_TELLS)) {
        rcs_buf_clear(&move->error);
        rcs_buf_text(&move->error, move->refusal.data);
    }
    rcs_buf_text(&cli->out, "\nNode ");
    print_address(cli, move->source);
    rcs_buf_format(&cli->out, " replied with error:\n%s\n", move->refusal.data);
    return RCS_CLI_OVER;
}

/* --- a slot that nobody serves --------------------------------------------------------------- */

void rcs_cli_ask_slots(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_text(&cli->request, "CLUSTER SLOTS");
}

int rcs_cli_slot_owner(const struct rcs_cli *cli, const struct rcs_reply *reply, unsigned slot)
{
    const struct rcs_reply *range = reply + 1;
    for (uint32_t at = 0; at < reply->elements; at++, range += range->size) {
        const struct rcs_reply *first = range + 1, *last = first + 1, *node = last + 1;
        bool whole = range->kind == RCS_REPLY_ARRAY && range->elements >= 3 &&
                     node->kind == RCS_REPLY_ARRAY && node->elements >= 3;
        if (!whole || slot < (unsigned)first->integer || slot > (unsigned)last->integer) {
            continue;
        }
        const struct rcs_reply *id = node + 1; /* ip, port, id */
        id += id->size;
        id += id->size;
        char text[RCS_ID_LEN + 1];
        snprintf(text, sizeof(text), "%.*s", (int)id->size_bytes, id->bytes);
        int owner = rcs_cli_find_id(cli, text);
        if (owner >= 0) {
            return owner;
        }
    }
    return -1;
}

static bool wants_slots(const struct rcs_cli *cli, unsigned i)
{
    return !cli->move.busy && wants_source(cli, i);
}

static bool take_slots(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    (void)question;
    if (reply == NULL || reply->kind != RCS_REPLY_ARRAY) {
        rcs_cli_print_error(cli, i, reply);
    } else {
        cli->move.unserved = rcs_cli_slot_owner(cli, reply, cli->move.slot) < 0;
    }
    return true;
}

static bool wants_owner(const struct rcs_cli *cli, unsigned i)
{
    return cli->order.command == RCS_CLI_FIX && cli->move.unserved && wants_source(cli, i);
}

static enum rcs_cli_end leave_slots(struct rcs_cli *cli)
{
    if (!cli->move.busy && !cli->move.unserved) {
        return give_up(cli);
    }
    if (wants_owner(cli, cli->move.source)) {
        rcs_buf_text(&cli->out, "*** Slot was not served, setting owner to node ");
        print_address(cli, cli->move.target);
        rcs_buf_text(&cli->out, ".\n");
    }
    return RCS_CLI_NEXT;
}

static void ask_node(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u node %s", cli->move.slot,
                   cli->peers[cli->move.target].info.id);
}

static bool take_owner(struct rcs_cli *cli, unsigned i, unsigned question,
                       const struct rcs_reply *reply)
{
    rcs_cli_take_ok(cli, i, question, reply);
    return true;
}

static enum rcs_cli_end leave_owner(struct rcs_cli *cli)
{
    if (cli->move.busy) {
        rcs_buf_text(&cli->out, "\n*** Target key exists\n");
        if (!(cli->order.flags & RCS_CLI_REPLACE)) {
            rcs_buf_text(&cli->out, "*** Checking key values on both nodes...\n");
        }
    }
    return RCS_CLI_NEXT;
}

/* --- a key that is there, too: is it the same? ------------------------------------------------ */

static bool compares(const struct rcs_cli *cli)
{
    return cli->move.busy && !(cli->order.flags & RCS_CLI_REPLACE);
}

static bool wants_source_digest(const struct rcs_cli *cli, unsigned i)
{
    return compares(cli) && wants_source(cli, i);
}

static bool wants_target_digest(const struct rcs_cli *cli, unsigned i)
{
    return compares(cli) && wants_target(cli, i);
}

static void enter_digests(struct rcs_cli *cli)
{
    cli->move.undigested = false;
    rcs_buf_clear(&cli->move.digests);
}

static void ask_digest(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_cli_arg_text(cli, "DEBUG");
    rcs_cli_arg_text(cli, "DIGEST-VALUE");
    add_keys(cli);
}

#define DIGEST_BYTES 40 /* a SHA-1 in hex */

/* Those of the source, then those of the target, each of the same length. */
static bool take_digest(struct rcs_cli *cli, unsigned i, unsigned question,
                        const struct rcs_reply *reply)
{
    (void)question;
    struct rcs_cli_move *move = &cli->move;
    if (reply == NULL || reply->kind != RCS_REPLY_ARRAY || reply->elements != move->key_count) {
        rcs_cli_print_error(cli, i, reply);
        move->undigested = true;
        return true;
    }
    const struct rcs_reply *digest = reply + 1;
    for (unsigned at = 0; at < move->key_count; at++, digest += digest->size) {
        char text[DIGEST_BYTES + 1];
        snprintf(text, sizeof(text), "%-*.*s", DIGEST_BYTES, (int)digest->size_bytes,
                 digest->bytes);
        rcs_buf_add(&move->digests, text, DIGEST_BYTES);
    }
    return true;
}

/* Forty zeros: the key is not there. */
static bool is_nothing(const char *digest)
{
    return strspn(digest, "0") >= DIGEST_BYTES;
}

static bool differs(const struct rcs_cli_move *move, unsigned key)
{
    const char *source = move->digests.data + (size_t)key * DIGEST_BYTES;
    const char *target = source + (size_t)move->key_count * DIGEST_BYTES;
    return !is_nothing(source) && !is_nothing(target) && memcmp(source, target, DIGEST_BYTES) != 0;
}

static unsigned count_different(const struct rcs_cli_move *move)
{
    unsigned count = 0;
    for (unsigned i = 0; i < move->key_count; i++) {
        count += differs(move, i);
    }
    return count;
}

static void print_different(struct rcs_cli *cli, unsigned count)
{
    struct rcs_cli_move *move = &cli->move;
    rcs_buf_format(&cli->out,
                   "*** Found %u key(s) in both source node and target node having different "
                   "values.\n    Source node: ",
                   count);
    print_address(cli, move->source);
    rcs_buf_text(&cli->out, "\n    Target node: ");
    print_address(cli, move->target);
    rcs_buf_text(&cli->out, "\n    Keys(s):\n");
    size_t at = 0;
    for (unsigned i = 0; i < move->key_count; i++) {
        uint32_t size;
        const char *key = next_key(move, &at, &size);
        if (differs(move, i)) {
            rcs_buf_format(&cli->out, "    - %.*s\n", (int)size, key);
        }
    }
    rcs_buf_text(&cli->out, "Please fix the above key(s) manually and try again or relaunch the "
                            "command \nwith --cluster-replace option to force key overriding.\n");
}

static enum rcs_cli_end leave_digests(struct rcs_cli *cli)
{
    if (compares(cli)) {
        if (cli->move.undigested) {
            rcs_buf_text(&cli->out, "*** Value check failed!\n");
            return RCS_CLI_OVER;
        }
        rcs_buf_add(&cli->move.digests, "", 1);
        unsigned count = count_different(&cli->move);
        if (count > 0) {
            print_different(cli, count);
            return RCS_CLI_OVER;
        }
    }
    rcs_buf_text(&cli->out, cli->move.busy ? "*** Replacing target keys...\n" : "");
    return RCS_CLI_NEXT;
}

static void ask_again(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    add_migrate(cli, cli->move.busy);
}

static enum rcs_cli_end leave_again(struct rcs_cli *cli)
{
    if (cli->move.refusal.size_bytes > 0) {
        return give_up(cli);
    }
    print_dots(cli);
    return RCS_CLI_REPEAT;
}

static const struct rcs_cli_phase keys_phases[] = {
    { .wants = wants_source,
      .questions = 1,
      .ask = ask_keys,
      .take = take_keys,
      .leave = leave_keys },
    { .wants = wants_source,
      .questions = 1,
      .ask = ask_migrate,
      .take = take_migrate,
      .leave = leave_migrate },
    { .wants = wants_slots,
      .questions = 1,
      .ask = rcs_cli_ask_slots,
      .take = take_slots,
      .leave = leave_slots },
    { .wants = wants_owner,
      .questions = 1,
      .ask = ask_node,
      .take = take_owner,
      .leave = leave_owner },
    { .enter = enter_digests,
      .wants = wants_source_digest,
      .questions = 1,
      .ask = ask_digest,
      .take = take_digest },
    { .wants = wants_target_digest,
      .questions = 1,
      .ask = ask_digest,
      .take = take_digest,
      .leave = leave_digests },
    { .wants = wants_source,
      .questions = 1,
      .ask = ask_again,
      .take = take_migrate,
      .leave = leave_again },
    { .enter = NULL },
};

/* --- the slot --------------------------------------------------------------------------------- */

static void enter_move(struct rcs_cli *cli)
{
    const struct rcs_cli_move *move = &cli->move;
    if (!has(cli, RCS_CLI_MOVE_QUIET)) {
        rcs_buf_format(&cli->out, "Moving slot %u from ", move->slot);
        print_address(cli, move->source);
        rcs_buf_text(&cli->out, " to ");
        print_address(cli, move->target);
        rcs_buf_text(&cli->out, ": ");
    }
}

static bool wants_importing(const struct rcs_cli *cli, unsigned i)
{
    return !has(cli, RCS_CLI_MOVE_COLD) && wants_target(cli, i);
}

static bool wants_migrating(const struct rcs_cli *cli, unsigned i)
{
    return !has(cli, RCS_CLI_MOVE_COLD) && wants_source(cli, i);
}

static void ask_importing(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u importing %s", cli->move.slot,
                   cli->peers[cli->move.source].info.id);
}

static void ask_migrating(struct rcs_cli *cli, unsigned i, unsigned question)
{
    (void)i, (void)question;
    rcs_buf_format(&cli->request, "CLUSTER SETSLOT %u migrating %s", cli->move.slot,
                   cli->peers[cli->move.target].info.id);
}

/* An error is kept for who wants to tell it, else printed. */
static bool take_setslot(struct rcs_cli *cli, unsigned i, unsigned question,
                         const struct rcs_reply *reply)
{
    if (!has(cli, RCS_CLI_MOVE_TELLS)) {
        return rcs_cli_take_ok(cli, i, question, reply);
    }
    if (rcs_cli_is_ok(reply)) {
        return true;
    }
    rcs_buf_clear(&cli->move.error);
    if (reply == NULL) {
        rcs_buf_text(&cli->move.error, "CLUSTER SETSLOT failed to run");
    } else {
        rcs_buf_add(&cli->move.error, reply->bytes, reply->size_bytes);
    }
    return false;
}

/* A source that has lost its last slot may have heard so and be a replica by now: no error. Nor is
 * one that was only printed. */
static bool take_source_node(struct rcs_cli *cli, unsigned i, unsigned question,
                             const struct rcs_reply *reply)
{
    static const char replica[] = "ERR Please use SETSLOT only with masters.";
    bool good = take_setslot(cli, i, question, reply);
    bool lost = reply != NULL && reply->size_bytes >= strlen(replica) &&
                memcmp(reply->bytes, replica, strlen(replica)) == 0;
    return good || lost || !has(cli, RCS_CLI_MOVE_TELLS);
}

static enum rcs_cli_end end_move(struct rcs_cli *cli)
{
    const struct rcs_cli_move *move = &cli->move;
    if (has(cli, RCS_CLI_MOVE_UPDATES)) {
        rcs_slot_words_remove(&cli->peers[move->source].info.slots, move->slot);
        rcs_slot_words_add(&cli->peers[move->target].info.slots, move->slot);
    }
    return RCS_CLI_DONE;
}

static enum rcs_cli_end leave_moved(struct rcs_cli *cli)
{
    rcs_buf_text(&cli->out, has(cli, RCS_CLI_MOVE_QUIET) ? "" : "\n");
    return cli->called_failed            ? RCS_CLI_OVER
           : has(cli, RCS_CLI_MOVE_COLD) ? end_move(cli)
                                         : RCS_CLI_NEXT;
}

/* Before 7.0 the masters are told one after the other, as they stand in the list. */
static bool wants_target_first(const struct rcs_cli *cli, unsigned i)
{
    return wants_target(cli, i) && rcs_cli_since(cli, RCS_REDIS_7_0);
}

static bool wants_source_next(const struct rcs_cli *cli, unsigned i)
{
    return wants_source(cli, i) && rcs_cli_since(cli, RCS_REDIS_7_0);
}

static bool wants_others(const struct rcs_cli *cli, unsigned i)
{
    return rcs_cli_is_master(cli, i) && !wants_source_next(cli, i) && !wants_target_first(cli, i);
}

/* Before 7.0 an error was printed if it was to be told, and else was not. */
static bool take_others(struct rcs_cli *cli, unsigned i, unsigned question,
                        const struct rcs_reply *reply)
{
    if (rcs_cli_since(cli, RCS_REDIS_7_0)) {
        return take_setslot(cli, i, question, reply);
    }
    if (has(cli, RCS_CLI_MOVE_TELLS)) {
        rcs_cli_take_ok(cli, i, question, reply);
    }
    return rcs_cli_is_ok(reply);
}

const struct rcs_cli_phase rcs_cli_move_phases[] = {
    { .enter = enter_move,
      .wants = wants_importing,
      .questions = 1,
      .ask = ask_importing,
      .take = take_setslot },
    { .wants = wants_migrating, .questions = 1, .ask = ask_migrating, .take = take_setslot },
    { .call = keys_phases, .bears = true, .leave = leave_moved },
    /* The target first: should it die before it is told, the slot still has an owner. */
    { .wants = wants_target_first, .questions = 1, .ask = ask_node, .take = take_setslot },
    { .wants = wants_source_next, .questions = 1, .ask = ask_node, .take = take_source_node },
    { .wants = wants_others,
      .questions = 1,
      .ask = ask_node,
      .take = take_others,
      .leave = end_move },
    { .enter = NULL },
};
