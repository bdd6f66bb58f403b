/* What follows the header of a bus packet: gossip with its extensions, FAIL, UPDATE, PUBLISH,
 * MODULE (Redis 7.0 clusterMsgData), and whether it has the length it must have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bus_wire.h"

/* --- offsets ---------------------------------------------------------------------------------- */

enum gossip_offset {
    GOSSIP_AT_ID = 0,
    GOSSIP_AT_PING_SENT = GOSSIP_AT_ID + RCS_ID_LEN,
    GOSSIP_AT_PONG_RECEIVED = GOSSIP_AT_PING_SENT + 4,
    GOSSIP_AT_IP = GOSSIP_AT_PONG_RECEIVED + 4,
    GOSSIP_AT_PORT = GOSSIP_AT_IP + 46,
    GOSSIP_AT_CPORT = GOSSIP_AT_PORT + 2,
    GOSSIP_AT_FLAGS = GOSSIP_AT_CPORT + 2,
    GOSSIP_AT_PPORT = GOSSIP_AT_FLAGS + 2,
    GOSSIP_AT_UNUSED = GOSSIP_AT_PPORT + 2,
    GOSSIP_END = GOSSIP_AT_UNUSED + 2
};
_Static_assert(GOSSIP_END == RCS_BUS_GOSSIP_BYTES, "gossip entry");

enum extension_offset {
    EXTENSION_AT_LENGTH = 0, /* its own 8 bytes count */
    EXTENSION_AT_TYPE = 4,
    EXTENSION_AT_UNUSED = 6,
    EXTENSION_AT_DATA = 8
};
/* Redis 7.2 and Valkey 8.0 CLUSTERMSG_EXT_TYPE_...; 4 and 5 are Valkey's. */
enum extension_type {
    EXTENSION_HOSTNAME,
    EXTENSION_NODENAME,
    EXTENSION_FORGOTTEN, /* id, and seconds as 8 bytes */
    EXTENSION_SHARD,
    EXTENSION_CLIENT_IPV4,
    EXTENSION_CLIENT_IPV6
};
#define FORGOTTEN_BYTES (EXTENSION_AT_DATA + RCS_ID_LEN + 8)
#define SHARD_BYTES     (EXTENSION_AT_DATA + RCS_ID_LEN)

enum update_offset {
    UPDATE_AT_CONFIG_EPOCH = 0,
    UPDATE_AT_ID = UPDATE_AT_CONFIG_EPOCH + 8,
    UPDATE_AT_SLOTS = UPDATE_AT_ID + RCS_ID_LEN,
    UPDATE_END = UPDATE_AT_SLOTS + RCS_SLOTS / 8
};
_Static_assert(UPDATE_END == RCS_BUS_UPDATE_BYTES, "update");

enum publish_offset {
    PUBLISH_AT_CHANNEL_BYTES = 0,
    PUBLISH_AT_MESSAGE_BYTES = 4,
    PUBLISH_AT_DATA = 8
};

enum module_offset {
    MODULE_AT_ID = 0,
    MODULE_AT_DATA_BYTES = MODULE_AT_ID + 8,
    MODULE_AT_TYPE = MODULE_AT_DATA_BYTES + 4,
    MODULE_AT_DATA = MODULE_AT_TYPE + 1
};

/* --- the length a packet must have ------------------------------------------------------------ */

/* The number at `at`, or 0 where the packet ends before it. (The server reads on into its buffer.)
 */
static uint32_t length_at(const uint8_t *body, size_t body_bytes, size_t at)
{
    return body_bytes >= at + 4 ? get32(body + at) : 0;
}

/* A real server adds in 32 bits, and so accepts and then misreads lengths that wrap to the right
 * sum. Those are refused here, with the sum as it is; others are told the sum the server tells. */
static uint64_t expected_bytes(const uint8_t *body, const struct bus_frame *frame,
                               const struct rcs_bus_dialect *dialect)
{
    uint64_t expected = rcs_bus_header_bytes(frame->version, frame->light);
    size_t body_bytes = frame->totlen - (size_t)expected;
    switch (frame->type < dialect->types ? rcs_bus_body_of(frame->type) : BUS_BODY_EMPTY) {
    case BUS_BODY_GOSSIP:
        return expected + (uint64_t)frame->count * RCS_BUS_GOSSIP_BYTES;
    case BUS_BODY_ABOUT:
        return expected + RCS_ID_LEN;
    case BUS_BODY_UPDATE:
        return expected + RCS_BUS_UPDATE_BYTES;
    case BUS_BODY_PUBLISH:
        return expected + PUBLISH_AT_DATA +
               (uint64_t)length_at(body, body_bytes, PUBLISH_AT_CHANNEL_BYTES) +
               length_at(body, body_bytes, PUBLISH_AT_MESSAGE_BYTES);
    case BUS_BODY_MODULE:
        return expected + MODULE_AT_DATA + length_at(body, body_bytes, MODULE_AT_DATA_BYTES);
    case BUS_BODY_EMPTY:
        break;
    }
    /* A type that is not known is taken to be well formed. */
    return frame->type < dialect->types ? expected : frame->totlen;
}

/* Texts end with a NUL; the rest has its own length. (The server reads on without looking; the
 * words are those of Debian's check of host names.) */
static bool extension_fits(const uint8_t *extension, unsigned kind, size_t length)
{
    switch (kind) {
    case EXTENSION_HOSTNAME:
    case EXTENSION_NODENAME:
    case EXTENSION_CLIENT_IPV4:
    case EXTENSION_CLIENT_IPV6:
        return length > EXTENSION_AT_DATA && extension[length - 1] == 0;
    case EXTENSION_FORGOTTEN:
        return length >= FORGOTTEN_BYTES;
    case EXTENSION_SHARD:
        return length >= SHARD_BYTES;
    default:
        return true;
    }
}

/* Adds the lengths of the extensions to `expected`; false if one is refused. As the Debian 12
 * server does it: a length is cut to 16 bits, must hold its own header, and a host name must end
 * with a NUL. */
static bool extensions_ok(const uint8_t *bytes, const struct bus_frame *frame,
                          const struct rcs_bus_dialect *dialect, uint64_t *expected,
                          struct rcs_bus_refusal *refusal)
{
    const char *type = rcs_bus_type_name(frame->type);
    for (unsigned i = 0; i < frame->extensions; i++) {
        const uint8_t *extension = bytes + *expected;
        uint64_t left = frame->totlen - *expected;
        uint16_t length = left < EXTENSION_AT_DATA ? 0 : (uint16_t)get32(extension);
        if (left >= EXTENSION_AT_DATA && (length % 8 != 0 || length < EXTENSION_AT_DATA)) {
            snprintf(refusal->log, sizeof(refusal->log),
                     "Received a %s packet without proper padding (%d bytes)", type, length);
            return false;
        }
        if (left < EXTENSION_AT_DATA || left < length) {
            snprintf(
                refusal->log, sizeof(refusal->log),
                "Received invalid %s packet with extension data that exceeds total packet length "
                "(%lld)",
                type, (long long)frame->totlen);
            return false;
        }
        uint16_t kind = get16(extension + EXTENSION_AT_TYPE);
        if (kind < dialect->extensions && !extension_fits(extension, kind, length)) {
            snprintf(refusal->log, sizeof(refusal->log),
                     "Received %s packet with missing null terminator in extension type %d", type,
                     kind);
            return false;
        }
        *expected += length;
    }
    return true;
}

/* Redis 7.0 clusterProcessPacket, from "expected length" on; the refusal of a gossip count that
 * does not fit is Debian's (7.0.15-1~deb12u10). */
static bool length_ok(const uint8_t *bytes, const struct bus_frame *frame,
                      const struct rcs_bus_dialect *dialect, struct rcs_bus_refusal *refusal)
{
    const char *type = rcs_bus_type_name(frame->type);
    const uint8_t *body = bytes + rcs_bus_header_bytes(frame->version, frame->light);
    uint64_t expected = expected_bytes(body, frame, dialect);
    if (rcs_bus_body_of(frame->type) == BUS_BODY_GOSSIP) {
        if (expected > frame->totlen) {
            snprintf(
                refusal->log, sizeof(refusal->log),
                "Received invalid %s packet with gossip count %d that exceeds total packet length "
                "(%lld)",
                type, frame->count, (long long)frame->totlen);
            return false;
        }
        if ((frame->mflags & RCS_MFLAG_EXT_DATA) != 0 && dialect->extensions > 0 &&
            !extensions_ok(bytes, frame, dialect, &expected, refusal)) {
            return false;
        }
    }
    if (expected != frame->totlen) {
        uint32_t wrapped = (uint32_t)expected;
        snprintf(refusal->log, sizeof(refusal->log),
                 "Received invalid %s packet of length %lld but expected length %lld", type,
                 (long long)frame->totlen,
                 (long long)(wrapped == frame->totlen ? expected : wrapped));
        return false;
    }
    return true;
}

bool rcs_bus_length_ok(const uint8_t *bytes, const struct bus_frame *frame,
                       const struct rcs_bus_dialect *dialect, struct rcs_bus_refusal *refusal)
{
    bool publishes = rcs_bus_body_of(frame->type) == BUS_BODY_PUBLISH;
    bool ok = (!frame->light || publishes) && length_ok(bytes, frame, dialect, refusal);
    if (!dialect->says_lengths) {
        refusal->log[0] = '\0';
    }
    return ok;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* In 3.x the flags stand where later the bus port does, and the rest is unused. */
static enum rcs_err gossip_read(struct rcs_store *store, const uint8_t *bytes, unsigned version,
                                struct rcs_gossip *entry)
{
    struct rcs_address address = { .port = get16(bytes + GOSSIP_AT_PORT) };
    address.cport =
        version == 0 ? (uint16_t)(address.port + 10000) : get16(bytes + GOSSIP_AT_CPORT);
    address.pport = version == 0 ? 0 : get16(bytes + GOSSIP_AT_PPORT);
    rcs_bus_get_ip(bytes + GOSSIP_AT_IP, &address);
    if (!rcs_bus_get_id(store, bytes + GOSSIP_AT_ID, &entry->id) ||
        !rcs_bus_get_addr(store, &address, &entry->addr)) {
        return RCS_ERR_LIMIT;
    }
    entry->zero = 0;
    entry->flags = get16(bytes + (version == 0 ? GOSSIP_AT_CPORT : GOSSIP_AT_FLAGS));
    entry->ping_sent_s = get32(bytes + GOSSIP_AT_PING_SENT);
    entry->pong_received_s = get32(bytes + GOSSIP_AT_PONG_RECEIVED);
    return RCS_OK;
}

/* Where a text extension goes in the message, NULL: another kind. */
static rcs_text *text_of_kind(struct rcs_bus_msg *msg, unsigned kind)
{
    switch (kind) {
    case EXTENSION_HOSTNAME:
        return &msg->hostname;
    case EXTENSION_NODENAME:
        return &msg->body.extended.nodename;
    case EXTENSION_SHARD:
        return &msg->body.extended.shard;
    case EXTENSION_CLIENT_IPV4:
        return &msg->body.extended.client_ipv4;
    case EXTENSION_CLIENT_IPV6:
        return &msg->body.extended.client_ipv6;
    default:
        return NULL;
    }
}

/* One more of the nodes to forget. */
static enum rcs_err forgotten_read(struct rcs_store *store, const uint8_t *data,
                                   struct rcs_forgotten *out)
{
    out->ttl_s = get64(data + RCS_ID_LEN);
    return rcs_bus_get_id(store, data, &out->id) ? RCS_OK : RCS_ERR_LIMIT;
}

/* Of each text the last one counts, as in Redis 7.0 clusterProcessPingExtensions. */
static enum rcs_err extensions_read(struct rcs_store *store, const uint8_t *extension,
                                    const struct bus_frame *frame,
                                    const struct rcs_bus_dialect *dialect, struct rcs_bus_msg *msg,
                                    struct rcs_bus_refusal *refusal)
{
    struct rcs_forgotten *forgotten = NULL;
    unsigned count = 0;
    enum rcs_err err = RCS_OK;
    for (unsigned i = 0; i < frame->extensions && err == RCS_OK; i++) {
        uint16_t length = (uint16_t)get32(extension + EXTENSION_AT_LENGTH);
        uint16_t kind = get16(extension + EXTENSION_AT_TYPE);
        const uint8_t *data = extension + EXTENSION_AT_DATA;
        rcs_text *text = text_of_kind(msg, kind);
        if (kind >= dialect->extensions) {
            if (refusal->log[0] == '\0') {
                snprintf(refusal->log, sizeof(refusal->log), "Received unknown extension type %d",
                         kind);
            }
        } else if (text != NULL) {
            size_t size = 0, most = kind == EXTENSION_SHARD ? RCS_ID_LEN : length;
            while (size < most && data[size] != 0) { /* a text ends in a NUL, a shard id need not */
                size++;
            }
            err = rcs_store_text_room(store) ? RCS_OK : RCS_ERR_LIMIT;
            *text = err == RCS_OK ? rcs_store_text(store, (const char *)data, size) : 0;
        } else {
            forgotten = realloc(forgotten, (count + 1) * sizeof(forgotten[0]));
            RCS_ASSERT(forgotten != NULL);
            err = forgotten_read(store, data, &forgotten[count++]);
        }
        extension += length;
    }
    if (count > 0 && err == RCS_OK) {
        rcs_bus_forget(store, msg, forgotten, count);
    }
    free(forgotten);
    return err;
}

static enum rcs_err gossips_read(struct rcs_store *store, const uint8_t *body,
                                 const struct bus_frame *frame,
                                 const struct rcs_bus_dialect *dialect, struct rcs_bus_msg *msg,
                                 struct rcs_bus_refusal *refusal)
{
    msg->count = frame->count;
    for (unsigned i = 0; i < frame->count; i++, body += RCS_BUS_GOSSIP_BYTES) {
        enum rcs_err err = gossip_read(store, body, frame->version, &msg->gossip[i]);
        if (err != RCS_OK) {
            return err;
        }
    }
    if ((frame->mflags & RCS_MFLAG_EXT_DATA) == 0) {
        return RCS_OK;
    }
    msg->form |= dialect->asks ? RCS_BUS_ASKS : 0;
    return dialect->extensions == 0 ? RCS_OK
                                    : extensions_read(store, body, frame, dialect, msg, refusal);
}

static enum rcs_err update_read(struct rcs_store *store, const uint8_t *body,
                                struct rcs_bus_msg *msg)
{
    struct rcs_slot_words slots;
    if (!rcs_bus_get_id(store, body + UPDATE_AT_ID, &msg->body.update.id)) {
        return RCS_ERR_LIMIT;
    }
    msg->body.update.config_epoch = get64(body + UPDATE_AT_CONFIG_EPOCH);
    rcs_slot_words_read(&slots, body + UPDATE_AT_SLOTS);
    msg->body.update.slots = rcs_store_slots(store, &slots);
    return RCS_OK;
}

static void publish_read(struct rcs_store *store, const uint8_t *body, struct rcs_bus_msg *msg)
{
    uint32_t channel_bytes = get32(body + PUBLISH_AT_CHANNEL_BYTES);
    uint32_t message_bytes = get32(body + PUBLISH_AT_MESSAGE_BYTES);
    msg->body.publish.channel_bytes = channel_bytes;
    msg->body.publish.message_bytes = message_bytes;
    msg->payload =
        rcs_blob_new(store, body + PUBLISH_AT_DATA, (size_t)channel_bytes + message_bytes);
}

static void module_read(struct rcs_store *store, const uint8_t *body, struct rcs_bus_msg *msg)
{
    memcpy(msg->body.module.module_id, body + MODULE_AT_ID, sizeof(msg->body.module.module_id));
    msg->body.module.module_type = body[MODULE_AT_TYPE];
    msg->body.module.data_bytes = get32(body + MODULE_AT_DATA_BYTES);
    msg->payload = rcs_blob_new(store, body + MODULE_AT_DATA, msg->body.module.data_bytes);
}

enum rcs_err rcs_bus_body_read(struct rcs_store *store, const uint8_t *bytes,
                               const struct bus_frame *frame, const struct rcs_bus_dialect *dialect,
                               struct rcs_bus_msg *msg, struct rcs_bus_refusal *refusal)
{
    const uint8_t *body = bytes + rcs_bus_header_bytes(frame->version, frame->light);
    switch (frame->type < dialect->types ? rcs_bus_body_of(frame->type) : BUS_BODY_EMPTY) {
    case BUS_BODY_GOSSIP:
        return gossips_read(store, body, frame, dialect, msg, refusal);
    case BUS_BODY_ABOUT:
        return rcs_bus_get_id(store, body, &msg->body.about) ? RCS_OK : RCS_ERR_LIMIT;
    case BUS_BODY_UPDATE:
        return update_read(store, body, msg);
    case BUS_BODY_PUBLISH:
        publish_read(store, body, msg);
        return RCS_OK;
    case BUS_BODY_MODULE:
        module_read(store, body, msg);
        return RCS_OK;
    case BUS_BODY_EMPTY:
        break;
    }
    return RCS_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* With its NUL, filled up to a multiple of 8 (Redis 7.0 getHostnamePingExtSize). */
static size_t text_bytes(const struct rcs_store *store, rcs_text text)
{
    if (text == 0) {
        return 0;
    }
    size_t with_nul = strlen(rcs_store_text_of(store, text)) + 1;
    return EXTENSION_AT_DATA + (with_nul + 7) / 8 * 8;
}

static size_t extensions_bytes(const struct rcs_store *store, const struct rcs_bus_msg *msg)
{
    size_t bytes = text_bytes(store, msg->hostname);
    if (!rcs_bus_is_extended(msg)) {
        return bytes;
    }
    return bytes + text_bytes(store, msg->body.extended.nodename) +
           text_bytes(store, msg->body.extended.client_ipv4) +
           text_bytes(store, msg->body.extended.client_ipv6) +
           (size_t)msg->body.extended.forgotten_count * FORGOTTEN_BYTES +
           (msg->body.extended.shard != 0 ? SHARD_BYTES : 0);
}

unsigned rcs_bus_extension_count(const struct rcs_bus_msg *msg)
{
    unsigned count = msg->hostname != 0;
    if (!rcs_bus_is_extended(msg)) {
        return count;
    }
    return count + (msg->body.extended.nodename != 0) + (msg->body.extended.client_ipv4 != 0) +
           (msg->body.extended.client_ipv6 != 0) + msg->body.extended.forgotten_count +
           (msg->body.extended.shard != 0);
}

size_t rcs_bus_body_bytes(const struct rcs_store *store, const struct rcs_bus_msg *msg)
{
    switch (rcs_bus_msg_body(msg)) {
    case BUS_BODY_GOSSIP:
        return (size_t)msg->count * RCS_BUS_GOSSIP_BYTES + extensions_bytes(store, msg);
    case BUS_BODY_ABOUT:
        return RCS_ID_LEN;
    case BUS_BODY_UPDATE:
        return RCS_BUS_UPDATE_BYTES;
    case BUS_BODY_PUBLISH:
        return PUBLISH_AT_DATA + (size_t)msg->payload->size_bytes;
    case BUS_BODY_MODULE:
        return MODULE_AT_DATA + (size_t)msg->payload->size_bytes;
    case BUS_BODY_EMPTY:
        break;
    }
    return 0;
}

static void gossip_write(const struct rcs_store *store, const struct rcs_gossip *entry,
                         unsigned version, uint8_t *out)
{
    const struct rcs_address *address = rcs_store_address(store, entry->addr);
    rcs_bus_put_id(store, entry->id, out + GOSSIP_AT_ID);
    put32(out + GOSSIP_AT_PING_SENT, entry->ping_sent_s);
    put32(out + GOSSIP_AT_PONG_RECEIVED, entry->pong_received_s);
    memcpy(out + GOSSIP_AT_IP, address->ip, sizeof(address->ip));
    put16(out + GOSSIP_AT_PORT, address->port);
    put16(out + GOSSIP_AT_CPORT, version == 0 ? entry->flags : address->cport);
    put16(out + GOSSIP_AT_FLAGS, version == 0 ? 0 : entry->flags);
    put16(out + GOSSIP_AT_PPORT, version == 0 ? 0 : address->pport);
    put16(out + GOSSIP_AT_UNUSED, 0);
}

static uint8_t *extension_begin(uint8_t *out, size_t length, enum extension_type type)
{
    memset(out, 0, length);
    put32(out + EXTENSION_AT_LENGTH, (uint32_t)length);
    put16(out + EXTENSION_AT_TYPE, (uint16_t)type);
    return out + EXTENSION_AT_DATA;
}

/* Returns what follows. */
static uint8_t *text_write(const struct rcs_store *store, rcs_text text, enum extension_type type,
                           uint8_t *out)
{
    size_t length = text_bytes(store, text);
    if (length > 0) {
        const char *name = rcs_store_text_of(store, text);
        memcpy(extension_begin(out, length, type), name, strlen(name));
    }
    return out + length;
}

/* In the order in which Redis 7.2 writePingExt and Valkey 8.0 writePingExtensions do. */
static void extensions_write(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                             uint8_t *out)
{
    out = text_write(store, msg->hostname, EXTENSION_HOSTNAME, out);
    if (!rcs_bus_is_extended(msg)) {
        return;
    }
    out = text_write(store, msg->body.extended.nodename, EXTENSION_NODENAME, out);
    out = text_write(store, msg->body.extended.client_ipv4, EXTENSION_CLIENT_IPV4, out);
    out = text_write(store, msg->body.extended.client_ipv6, EXTENSION_CLIENT_IPV6, out);
    for (unsigned i = 0; i < msg->body.extended.forgotten_count; i++, out += FORGOTTEN_BYTES) {
        const struct rcs_forgotten *one = rcs_bus_forgotten(msg, i);
        uint8_t *data = extension_begin(out, FORGOTTEN_BYTES, EXTENSION_FORGOTTEN);
        rcs_bus_put_id(store, one->id, data);
        put64(data + RCS_ID_LEN, one->ttl_s);
    }
    if (msg->body.extended.shard != 0) {
        const char *shard = rcs_store_text_of(store, msg->body.extended.shard);
        memcpy(extension_begin(out, SHARD_BYTES, EXTENSION_SHARD), shard, strlen(shard));
    }
}

static void gossips_write(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                          uint8_t *out)
{
    for (unsigned i = 0; i < msg->count; i++, out += RCS_BUS_GOSSIP_BYTES) {
        gossip_write(store, &msg->gossip[i], msg->version, out);
    }
    extensions_write(store, msg, out);
}

void rcs_bus_body_write(const struct rcs_store *store, const struct rcs_bus_msg *msg, uint8_t *out)
{
    switch (rcs_bus_msg_body(msg)) {
    case BUS_BODY_GOSSIP:
        gossips_write(store, msg, out);
        break;
    case BUS_BODY_ABOUT:
        rcs_bus_put_id(store, msg->body.about, out);
        break;
    case BUS_BODY_UPDATE:
        put64(out + UPDATE_AT_CONFIG_EPOCH, msg->body.update.config_epoch);
        rcs_bus_put_id(store, msg->body.update.id, out + UPDATE_AT_ID);
        rcs_slot_words_write(&msg->body.update.slots->words, out + UPDATE_AT_SLOTS);
        break;
    case BUS_BODY_PUBLISH:
        put32(out + PUBLISH_AT_CHANNEL_BYTES, msg->body.publish.channel_bytes);
        put32(out + PUBLISH_AT_MESSAGE_BYTES, msg->body.publish.message_bytes);
        memcpy(out + PUBLISH_AT_DATA, msg->payload->bytes, msg->payload->size_bytes);
        break;
    case BUS_BODY_MODULE:
        memcpy(out + MODULE_AT_ID, msg->body.module.module_id, sizeof(msg->body.module.module_id));
        put32(out + MODULE_AT_DATA_BYTES, msg->body.module.data_bytes);
        out[MODULE_AT_TYPE] = msg->body.module.module_type;
        memcpy(out + MODULE_AT_DATA, msg->payload->bytes, msg->payload->size_bytes);
        break;
    case BUS_BODY_EMPTY:
        break;
    }
}
