/* CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO. */
#include <stdlib.h>
#include <string.h>

#include "sim/node/command_rows.h"
#include "sim/node/tracking_parts.h"

#include "sim/pure.h"

struct options {
    unsigned flags;
    int64_t redirect;
    const struct rcs_arg **prefixes; /* room for one a word */
    unsigned prefix_count;
};

/* False: an error was replied. */
static bool read_options(struct rcs_call *call, struct options *options)
{
    for (unsigned i = 3; i < call->argc; i++) {
        const struct rcs_arg *word = &call->args[i];
        bool more = i + 1 < call->argc;
        if (rcs_arg_is(word, "redirect") && more) {
            if (options->redirect != 0) {
                rcs_refuse(call->client, "A client can only redirect to a single other client");
                return false;
            }
            if (!rcs_arg_i64_or_refuse(call->client, &call->args[++i], &options->redirect)) {
                return false;
            }
            if (rcs_client_by_id(call->node, (uint64_t)options->redirect) == NULL) {
                rcs_refuse(call->client, "The client ID you want redirect to does not exist");
                return false;
            }
        } else if (rcs_arg_is(word, "bcast")) {
            options->flags |= RCS_TRACK_BCAST;
        } else if (rcs_arg_is(word, "optin")) {
            options->flags |= RCS_TRACK_OPTIN;
        } else if (rcs_arg_is(word, "optout")) {
            options->flags |= RCS_TRACK_OPTOUT;
        } else if (rcs_arg_is(word, "noloop")) {
            options->flags |= RCS_TRACK_NOLOOP;
        } else if (rcs_arg_is(word, "prefix") && more) {
            options->prefixes[options->prefix_count++] = &call->args[++i];
        } else {
            rcs_refuse(call->client, "syntax error");
            return false;
        }
    }
    return true;
}

/* NULL: they go together, and with the mode the client is in. */
static const char *contradiction(const struct rcs_client *client, const struct options *options)
{
    unsigned now = options->flags, before = client->track == NULL ? 0 : client->track->flags;
    if ((now & RCS_TRACK_BCAST) == 0 && options->prefix_count > 0) {
        return "PREFIX option requires BCAST mode to be enabled";
    }
    if (client->track != NULL && ((now ^ before) & RCS_TRACK_BCAST) != 0) {
        return "You can't switch BCAST mode on/off before disabling tracking for this client, and "
               "then re-enabling it with a different mode.";
    }
    if ((now & RCS_TRACK_BCAST) != 0 && (now & (RCS_TRACK_OPTIN | RCS_TRACK_OPTOUT)) != 0) {
        return "OPTIN and OPTOUT are not compatible with BCAST";
    }
    if ((now & RCS_TRACK_OPTIN) != 0 && (now & RCS_TRACK_OPTOUT) != 0) {
        return "You can't specify both OPTIN mode and OPTOUT mode";
    }
    if (((now & RCS_TRACK_OPTIN) != 0 && (before & RCS_TRACK_OPTOUT) != 0) ||
        ((now & RCS_TRACK_OPTOUT) != 0 && (before & RCS_TRACK_OPTIN) != 0)) {
        return "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
               "then re-enabling it with a different mode.";
    }
    return NULL;
}

static bool overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    size_t least = a_bytes < b_bytes ? a_bytes : b_bytes;
    return least == 0 || memcmp(a, b, least) == 0;
}

static void refuse_overlap(struct rcs_call *call, const struct rcs_arg *prefix, const char *with,
                           const char *other, size_t other_bytes)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, "' overlaps with ");
    rcs_buf_text(&text, with);
    rcs_buf_text(&text, " prefix '");
    rcs_buf_add(&text, other, other_bytes);
    rcs_buf_text(&text, "'. Prefixes for a single client must not overlap.");
    rcs_buf_add(&text, "", 1);
    rcs_refuse_about(call->client, "Prefix '", prefix, text.data);
    rcs_buf_close(&text);
}

/* False: an error was replied, and nothing is done. Of new prefixes that overlap each other a real
 * server says so, but goes on all the same unless the first of all is one of them (Redis 7.0
 * checkPrefixCollisionsOrReply returns the index); so does this. */
static bool prefixes_fit(struct rcs_call *call, const struct options *options)
{
    const struct rcs_names *old =
        call->client->track == NULL ? NULL : &call->client->track->prefixes;
    for (unsigned i = 0; i < options->prefix_count; i++) {
        const struct rcs_arg *prefix = options->prefixes[i];
        for (unsigned j = 0; old != NULL && j < old->count; j++) {
            const struct rcs_buf *name = &old->list[j];
            if (overlap(name->data, name->size_bytes, prefix->bytes, prefix->size_bytes)) {
                refuse_overlap(call, prefix, "an existing", name->data, name->size_bytes);
                return false;
            }
        }
        for (unsigned j = i + 1; j < options->prefix_count; j++) {
            const struct rcs_arg *other = options->prefixes[j];
            if (overlap(prefix->bytes, prefix->size_bytes, other->bytes, other->size_bytes)) {
                refuse_overlap(call, prefix, "another provided", other->bytes, other->size_bytes);
                return i > 0;
            }
        }
    }
    return true;
}

static void begin(struct rcs_call *call, const struct options *options)
{
    rcs_tracking_begin(call->node, call->client, options->flags, (uint64_t)options->redirect);
    if ((options->flags & RCS_TRACK_BCAST) == 0) {
        return;
    }
    struct rcs_arg all = rcs_arg_of("");
    if (options->prefix_count == 0) {
        rcs_tracking_add_prefix(call->node, call->client, &all);
    }
    for (unsigned i = 0; i < options->prefix_count; i++) {
        rcs_tracking_add_prefix(call->node, call->client, options->prefixes[i]);
    }
}

static void turn_on(struct rcs_call *call, const struct options *options)
{
    const char *wrong = contradiction(call->client, options);
    if (wrong != NULL) {
        rcs_refuse(call->client, wrong);
    } else if ((options->flags & RCS_TRACK_BCAST) == 0 || prefixes_fit(call, options)) {
        begin(call, options);
        rcs_reply_ok(call->client);
    }
}

void rcs_run_tracking(struct rcs_call *call)
{
    struct options options = { .flags = 0 };
    options.prefixes = malloc(call->argc * sizeof(options.prefixes[0]));
    RCS_ASSERT(options.prefixes != NULL);
    if (read_options(call, &options)) {
        if (rcs_arg_is(&call->args[2], "on")) {
            turn_on(call, &options);
        } else if (rcs_arg_is(&call->args[2], "off")) {
            rcs_tracking_end(call->node, call->client);
            rcs_reply_ok(call->client);
        } else {
            rcs_refuse(call->client, "syntax error");
        }
    }
    free(options.prefixes);
}

void rcs_run_caching(struct rcs_call *call)
{
    struct rcs_client *client = call->client;
    if (client->track == NULL) {
        rcs_refuse(client, "CLIENT CACHING can be called only when the client is in tracking mode "
                           "with OPTIN or OPTOUT mode enabled");
        return;
    }
    bool yes = rcs_arg_is(&call->args[2], "yes");
    if (!yes && !rcs_arg_is(&call->args[2], "no")) {
        rcs_refuse(client, "syntax error");
    } else if (yes && (client->track->flags & RCS_TRACK_OPTIN) == 0) {
        rcs_refuse(client, "CLIENT CACHING YES is only valid when tracking is enabled in OPTIN "
                           "mode.");
    } else if (!yes && (client->track->flags & RCS_TRACK_OPTOUT) == 0) {
        rcs_refuse(client, "CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT "
                           "mode.");
    } else {
        client->track->flags |= RCS_TRACK_CACHING;
        rcs_reply_ok(client);
    }
}

void rcs_run_getredir(struct rcs_call *call)
{
    rcs_resp_integer(call->out, rcs_tracking_redirect(call->client));
}

void rcs_run_trackinginfo(struct rcs_call *call)
{
    const struct rcs_track *track = call->client->track;
    unsigned flags = track == NULL ? 0 : track->flags;
    bool caching = (flags & RCS_TRACK_CACHING) != 0;
    const struct {
        bool holds;
        const char *name;
    } words[] = {
        { track == NULL, "off" },
        { track != NULL, "on" },
        { (flags & RCS_TRACK_BCAST) != 0, "bcast" },
        { (flags & RCS_TRACK_OPTIN) != 0, "optin" },
        { (flags & RCS_TRACK_OPTIN) != 0 && caching, "caching-yes" },
        { (flags & RCS_TRACK_OPTOUT) != 0, "optout" },
        { (flags & RCS_TRACK_OPTOUT) != 0 && caching, "caching-no" },
        { (flags & RCS_TRACK_NOLOOP) != 0, "noloop" },
        { (flags & RCS_TRACK_BROKEN) != 0, "broken_redirect" },
    };
    size_t count = 0, word_count = sizeof(words) / sizeof(words[0]);
    for (size_t i = 0; i < word_count; i++) {
        count += words[i].holds;
    }
    rcs_resp_map(call->out, 3, call->resp3);
    rcs_resp_bulk_text(call->out, "flags");
    rcs_resp_set(call->out, count, call->resp3);
    for (size_t i = 0; i < word_count; i++) {
        if (words[i].holds) {
            rcs_resp_bulk_text(call->out, words[i].name);
        }
    }
    rcs_resp_bulk_text(call->out, "redirect");
    rcs_resp_integer(call->out, rcs_tracking_redirect(call->client));
    rcs_resp_bulk_text(call->out, "prefixes");
    rcs_resp_array(call->out, track == NULL ? 0 : track->prefixes.count);
    for (unsigned i = 0; track != NULL && i < track->prefixes.count; i++) {
        const struct rcs_buf *prefix = &track->prefixes.list[i];
        rcs_resp_bulk(call->out, prefix->size_bytes == 0 ? "" : prefix->data, prefix->size_bytes);
    }
}
