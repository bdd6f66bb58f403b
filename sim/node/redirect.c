/* Where a command is to be served: here, elsewhere, or nowhere (Redis 7.0 getNodeByQuery,
 * clusterRedirectClient). */
#include <stdio.h>
#include <string.h>

#include "sim/node/command.h"

#include "sim/pure.h"

enum verdict { SERVE, MOVED, ASK, CROSSSLOT, TRYAGAIN, DOWN_UNBOUND, DOWN_STATE, DOWN_READS_ONLY };

/* What has been seen of the keys so far. */
struct survey {
    struct rcs_node *node;
    const struct rcs_arg *first; /* NULL: no key yet */
    unsigned slot;
    rcs_id owner;
    bool multiple, migrating, importing, shard_pubsub;
    unsigned existing, missing;
    enum verdict verdict;
};

static bool same_key(const struct rcs_arg *a, const struct rcs_arg *b)
{
    return a->size_bytes == b->size_bytes &&
           (a->size_bytes == 0 || memcmp(a->bytes, b->bytes, a->size_bytes) == 0);
}

static void survey_first(struct survey *survey, const struct rcs_arg *key)
{
    const struct rcs_cluster *cluster = &survey->node->cluster;
    survey->first = key;
    survey->slot = rcs_slot_of_key(key->bytes, key->size_bytes);
    survey->owner = rcs_slot_owner(cluster, survey->slot);
    if (survey->owner == RCS_ID_NONE) {
        survey->verdict = DOWN_UNBOUND;
    } else if (survey->owner == cluster->myself &&
               rcs_slot_migrating_to(cluster, survey->slot) != RCS_ID_NONE) {
        survey->migrating = true;
    } else if (rcs_slot_importing_from(cluster, survey->slot) != RCS_ID_NONE) {
        survey->importing = true;
    }
}

static void survey_key(struct survey *survey, const struct rcs_arg *key)
{
    if (survey->first == NULL) {
        survey_first(survey, key);
    } else if (!same_key(survey->first, key)) {
        survey->multiple = true;
        if (rcs_slot_of_key(key->bytes, key->size_bytes) != survey->slot) {
            survey->verdict = CROSSSLOT;
        }
    }
    if (survey->verdict == SERVE && (survey->migrating || survey->importing) &&
        !survey->shard_pubsub) {
        if (rcs_key_present(survey->node, key)) {
            survey->existing++;
        } else {
            survey->missing++;
        }
    }
}

/* All keys of one command; stops at the first that decides. */
static void survey_command(struct survey *survey, const struct rcs_command *command,
                           const struct rcs_request *request)
{
    struct rcs_key_range moved[2];
    const struct rcs_key_range *ranges =
        rcs_command_ranges(command, request->argc, request->args, moved);
    const struct rcs_key_range *range = ranges;
    for (; range < ranges + 2 && range->first > 0; range++) {
        int last = range->last >= 0 ? range->first + range->last : (int)request->argc + range->last;
        for (int at = range->first; at <= last && survey->verdict == SERVE; at += range->step) {
            survey_key(survey, &request->args[at]);
        }
    }
}

static void survey_transaction(struct survey *survey, const struct rcs_client *client)
{
    for (unsigned i = 0; i < client->queued_count && survey->verdict == SERVE; i++) {
        const struct rcs_request *request = client->queued[i];
        const struct rcs_command *command =
            rcs_command_find(request->argc, request->args, &survey->node->commands_seen).command;
        survey_command(survey, command, request);
    }
}

static enum verdict decide_down(const struct rcs_node *node, const struct survey *survey,
                                bool writes)
{
    if (survey->shard_pubsub) {
        return node->config.allow_pubsubshard_when_down ? SERVE : DOWN_STATE;
    }
    if (!node->config.allow_reads_when_down) {
        return DOWN_STATE;
    }
    return writes ? DOWN_READS_ONLY : SERVE;
}

/* `flags` are the command's own; `writes` counts what an EXEC has queued, too. */
static enum verdict decide(const struct rcs_node *node, const struct rcs_client *client,
                           const struct survey *survey, unsigned flags, bool writes)
{
    const struct rcs_cluster *cluster = &node->cluster;
    if (survey->verdict != SERVE || survey->first == NULL) {
        return survey->verdict;
    }
    if (!cluster->state_ok) {
        enum verdict verdict = decide_down(node, survey, (flags & RCS_COMMAND_WRITE) != 0);
        if (verdict != SERVE) {
            return verdict;
        }
    }
    if ((survey->migrating || survey->importing) && (flags & RCS_COMMAND_MOVES_KEYS) != 0) {
        return SERVE; /* MIGRATE moves keys of an open slot, whoever owns it */
    }
    if (survey->migrating && survey->missing > 0 && rcs_rule_on(&node->config, RCS_RULE_ASK)) {
        return survey->existing > 0 ? TRYAGAIN : ASK;
    }
    bool asking = (client->flags & RCS_CLIENT_ASKING) != 0 || (flags & RCS_COMMAND_ASKING) != 0;
    if (survey->importing && asking) {
        return survey->multiple && survey->missing > 0 ? TRYAGAIN : SERVE;
    }
    const struct rcs_peer *myself = rcs_myself(cluster);
    bool may_read_here = (client->flags & RCS_CLIENT_READONLY) != 0 || survey->shard_pubsub;
    if (rcs_is_replica(myself) && myself->master == survey->owner && !writes && may_read_here) {
        return SERVE;
    }
    return survey->owner == cluster->myself ? SERVE : MOVED;
}

/* The endpoint a client is told: the owner's, in the way this node is configured (Redis 7.0
 * getPreferredEndpoint). */
static const char *endpoint_of(const struct rcs_node *node, rcs_id id)
{
    switch (node->config.preferred_endpoint) {
    case RCS_ENDPOINT_IP:
        return rcs_peer_address(&node->cluster, id)->ip;
    case RCS_ENDPOINT_HOSTNAME: {
        const char *hostname =
            rcs_store_text_of(node->store, rcs_peer_find(&node->cluster, id)->hostname);
        return hostname[0] == '\0' ? "?" : hostname;
    }
    case RCS_ENDPOINT_UNKNOWN:
        return "";
    }
    return "";
}

static void redirect(struct rcs_node *node, struct rcs_client *client, const char *word,
                     unsigned slot, rcs_id to)
{
    char text[320];
    snprintf(text, sizeof(text), "-%s %u %s:%u", word, slot, endpoint_of(node, to),
             (unsigned)rcs_peer_address(&node->cluster, to)->port);
    rcs_stats_error(client->stats, text);
    rcs_resp_error(&client->reply, text);
}

static void answer(struct rcs_node *node, struct rcs_client *client, const struct survey *survey,
                   enum verdict verdict)
{
    switch (verdict) {
    case SERVE:
        break;
    case MOVED:
        redirect(node, client, "MOVED", survey->slot, survey->owner);
        break;
    case ASK:
        redirect(node, client, "ASK", survey->slot,
                 rcs_slot_migrating_to(&node->cluster, survey->slot));
        break;
    case CROSSSLOT:
        rcs_refuse(client, "-CROSSSLOT Keys in request don't hash to the same slot");
        break;
    case TRYAGAIN:
        rcs_refuse(client, "-TRYAGAIN Multiple keys request during rehashing of slot");
        break;
    case DOWN_UNBOUND:
        rcs_refuse(client, "-CLUSTERDOWN Hash slot not served");
        break;
    case DOWN_STATE:
        rcs_refuse(client, "-CLUSTERDOWN The cluster is down");
        break;
    case DOWN_READS_ONLY:
        rcs_refuse(client, "-CLUSTERDOWN The cluster is down and only accepts read commands");
        break;
    }
}

enum rcs_here rcs_redirect_look(struct rcs_node *node, const struct rcs_client *client,
                                const struct rcs_command *command,
                                const struct rcs_request *request, int *slot)
{
    struct survey survey = { .node = node, .owner = RCS_ID_NONE, .verdict = SERVE };
    if (!node->config.cluster_enabled) {
        return RCS_HERE_SERVED;
    }
    survey.shard_pubsub = (command->flags & RCS_COMMAND_SHARD_PUBSUB) != 0;
    survey_command(&survey, command, request);
    enum verdict verdict =
        decide(node, client, &survey, command->flags, (command->flags & RCS_COMMAND_WRITE) != 0);
    if (survey.first != NULL) {
        *slot = (int)survey.slot;
    }
    switch (verdict) {
    case SERVE:
        return RCS_HERE_SERVED;
    case DOWN_STATE:
        return RCS_HERE_DOWN;
    case DOWN_READS_ONLY:
        return RCS_HERE_DOWN_FOR_WRITES;
    case MOVED:
    case ASK:
    case CROSSSLOT:
    case TRYAGAIN:
    case DOWN_UNBOUND:
        break;
    }
    return RCS_HERE_NOT;
}

bool rcs_redirect_check(struct rcs_node *node, struct rcs_client *client,
                        const struct rcs_command *command, const struct rcs_request *request,
                        unsigned flags)
{
    struct survey survey = { .node = node, .owner = RCS_ID_NONE, .verdict = SERVE };
    bool writes = (flags & RCS_COMMAND_WRITE) != 0;
    if ((command->flags & RCS_COMMAND_EXEC) != 0) {
        flags = command->flags;
        survey_transaction(&survey, client);
    } else {
        survey.shard_pubsub = (command->flags & RCS_COMMAND_SHARD_PUBSUB) != 0;
        survey_command(&survey, command, request);
    }
    enum verdict verdict = decide(node, client, &survey, flags, writes);
    answer(node, client, &survey, verdict);
    return verdict == SERVE;
}

bool rcs_redirect_blocked(struct rcs_node *node, struct rcs_client *client,
                          const struct rcs_arg *key)
{
    const struct rcs_cluster *cluster = &node->cluster;
    struct survey survey = { .node = node, .owner = RCS_ID_NONE, .verdict = SERVE };
    if (!node->config.cluster_enabled) {
        return false;
    }
    survey_first(&survey, key);
    enum verdict verdict = SERVE;
    if (!cluster->state_ok) {
        verdict = DOWN_STATE;
    } else if (survey.owner != cluster->myself &&
               rcs_slot_importing_from(cluster, survey.slot) == RCS_ID_NONE) {
        verdict = survey.owner == RCS_ID_NONE ? DOWN_UNBOUND : MOVED;
    }
    answer(node, client, &survey, verdict);
    return verdict != SERVE;
}
