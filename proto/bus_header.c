/* The fixed header of a bus packet, field by field (Redis 7.0 clusterMsg, clusterBuildMessageHdr).
 */
#include <string.h>

#include "proto/bus_wire.h"

#define SIGNATURE "RCmb"
#define IP_BYTES  sizeof(((struct rcs_address *)0)->ip)

/* Where each field starts: the one before it, plus that one's size. */
enum header_offset {
    AT_SIGNATURE = 0,
    AT_TOTLEN = AT_SIGNATURE + 4,
    AT_VERSION = AT_TOTLEN + 4,
    AT_PORT = AT_VERSION + 2,
    AT_TYPE = AT_PORT + 2,
    AT_COUNT = AT_TYPE + 2,
    AT_CURRENT_EPOCH = AT_COUNT + 2,
    AT_CONFIG_EPOCH = AT_CURRENT_EPOCH + 8,
    AT_OFFSET = AT_CONFIG_EPOCH + 8,
    AT_SENDER = AT_OFFSET + 8,
    AT_SLOTS = AT_SENDER + RCS_ID_LEN,
    AT_MASTER = AT_SLOTS + RCS_SLOTS / 8,
    AT_MYIP = AT_MASTER + RCS_ID_LEN,
    AT_EXTENSIONS = AT_MYIP + 46,
    AT_UNUSED = AT_EXTENSIONS + 2,
    AT_PPORT = AT_UNUSED + 30,
    AT_CPORT = AT_PPORT + 2,
    AT_FLAGS = AT_CPORT + 2,
    AT_STATE = AT_FLAGS + 2,
    AT_MFLAGS = AT_STATE + 1, /* three bytes, the first is used */
    AT_BODY = AT_MFLAGS + 3
};

/* Version 0, of 3.x: the same up to the master; no own address, one port, and two bytes after `ver`
 * that nothing uses. */
enum header_offset_v0 {
    V0_UNUSED_PORT = AT_PORT,
    V0_UNUSED = AT_MYIP,
    V0_PORT = V0_UNUSED + 32,
    V0_FLAGS = V0_PORT + 2,
    V0_STATE = V0_FLAGS + 2,
    V0_MFLAGS = V0_STATE + 1,
    V0_BODY = V0_MFLAGS + 3
};
_Static_assert(V0_PORT == 2200 && V0_BODY == RCS_BUS_HEADER_V0, "what Redis 3.0 sends");

/* The short header of Valkey 8: as far as type, and two bytes that nothing uses. */
_Static_assert(AT_COUNT + 2 == RCS_BUS_HEADER_LIGHT, "what Valkey 8.0 sends");

/* What a real server's header measures (offsetof of each field, Redis 7.0.15 on x86-64). */
_Static_assert(AT_SENDER == 40 && AT_SLOTS == 80 && AT_MASTER == 2128, "ids and slots");
_Static_assert(AT_MYIP == 2168 && AT_EXTENSIONS == 2214, "address");
_Static_assert(AT_PPORT == 2246 && AT_FLAGS == 2250 && AT_MFLAGS == 2253, "ports and flags");
_Static_assert(AT_BODY == RCS_BUS_HEADER_BYTES, "whole header");
_Static_assert(IP_BYTES == AT_EXTENSIONS - AT_MYIP, "an address has the width of the wire");

/* --- ids and addresses ------------------------------------------------------------------------ */

void rcs_bus_put_id(const struct rcs_store *store, rcs_id id, uint8_t *out)
{
    if (id == RCS_ID_NONE) {
        memset(out, 0, RCS_ID_LEN);
    } else {
        memcpy(out, rcs_store_name(store, id), RCS_ID_LEN);
    }
}

bool rcs_bus_get_id(struct rcs_store *store, const uint8_t *bytes, rcs_id *id)
{
    *id = rcs_store_find_id(store, (const char *)bytes);
    if (*id == RCS_ID_NONE && rcs_store_id_room(store)) {
        *id = rcs_store_id(store, (const char *)bytes);
    }
    return *id != RCS_ID_NONE;
}

void rcs_bus_get_ip(const uint8_t *bytes, struct rcs_address *address)
{
    size_t length = 0;
    while (length < IP_BYTES - 1 && bytes[length] != 0) {
        length++;
    }
    memcpy(address->ip, bytes, length);
    memset(address->ip + length, 0, IP_BYTES - length);
}

bool rcs_bus_get_addr(struct rcs_store *store, const struct rcs_address *address, rcs_addr *addr)
{
    if (!rcs_store_addr_room(store)) {
        return false;
    }
    *addr = rcs_store_addr(store, address);
    return true;
}

/* --- the header ------------------------------------------------------------------------------- */

bool rcs_bus_signature_ok(const uint8_t *bytes)
{
    return memcmp(bytes + AT_SIGNATURE, SIGNATURE, 4) == 0;
}

uint32_t rcs_bus_totlen(const uint8_t *bytes)
{
    return get32(bytes + AT_TOTLEN);
}

uint32_t rcs_bus_totlen_min(const struct rcs_bus_dialect *dialect)
{
    return (uint32_t)rcs_bus_header_bytes(dialect->version, dialect->light);
}

void rcs_bus_frame_read(const uint8_t *bytes, const struct rcs_bus_dialect *dialect,
                        struct bus_frame *frame)
{
    uint16_t type = get16(bytes + AT_TYPE);
    *frame = (struct bus_frame){
        .totlen = get32(bytes + AT_TOTLEN),
        .version = get16(bytes + AT_VERSION),
        .light = dialect->light && (type & RCS_BUS_TYPE_LIGHT) != 0,
    };
    frame->type = frame->light ? (uint16_t)(type & ~RCS_BUS_TYPE_LIGHT) : type;
    if (frame->version != dialect->version || frame->light ||
        frame->totlen < rcs_bus_header_bytes(frame->version, false)) {
        return;
    }
    frame->count = get16(bytes + AT_COUNT);
    frame->extensions = frame->version == 0 ? 0 : get16(bytes + AT_EXTENSIONS);
    frame->mflags = bytes[frame->version == 0 ? (int)V0_MFLAGS : (int)AT_MFLAGS];
}

static bool is_zero(const uint8_t *bytes, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* A node of 3.x has its bus port 10000 above the other. */
static void address_read(const uint8_t *bytes, unsigned version, struct rcs_address *address)
{
    *address = (struct rcs_address){ .port = get16(bytes + V0_PORT) };
    if (version == 0) {
        address->cport = (uint16_t)(address->port + 10000);
        return;
    }
    address->port = get16(bytes + AT_PORT);
    address->cport = get16(bytes + AT_CPORT);
    address->pport = get16(bytes + AT_PPORT);
    rcs_bus_get_ip(bytes + AT_MYIP, address);
}

enum rcs_err rcs_bus_header_read(struct rcs_store *store, const uint8_t *bytes,
                                 const struct bus_frame *frame, struct rcs_bus_msg *msg)
{
    const bool v0 = frame->version == 0;
    struct rcs_address address;
    msg->version = (uint8_t)frame->version;
    if (frame->light) {
        msg->form = RCS_BUS_IS_LIGHT;
        msg->sender = RCS_ID_NONE;
        return RCS_OK;
    }
    address_read(bytes, frame->version, &address);
    bool has_master = !is_zero(bytes + AT_MASTER, RCS_ID_LEN);
    if (!rcs_bus_get_id(store, bytes + AT_SENDER, &msg->sender) ||
        (has_master && !rcs_bus_get_id(store, bytes + AT_MASTER, &msg->master)) ||
        !rcs_bus_get_addr(store, &address, &msg->addr)) {
        return RCS_ERR_LIMIT;
    }
    msg->flags = get16(bytes + (v0 ? (int)V0_FLAGS : (int)AT_FLAGS));
    msg->state = bytes[v0 ? (int)V0_STATE : (int)AT_STATE];
    msg->mflags = bytes[v0 ? (int)V0_MFLAGS : (int)AT_MFLAGS];
    msg->current_epoch = get64(bytes + AT_CURRENT_EPOCH);
    msg->config_epoch = get64(bytes + AT_CONFIG_EPOCH);
    msg->offset = (int64_t)get64(bytes + AT_OFFSET);

    struct rcs_slot_words slots;
    rcs_slot_words_read(&slots, bytes + AT_SLOTS);
    rcs_slot_set_release(store, msg->slots);
    msg->slots = rcs_store_slots(store, &slots);
    return RCS_OK;
}

void rcs_bus_header_write(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                          size_t totlen, uint8_t *out)
{
    const struct rcs_address *address = rcs_store_address(store, msg->addr);
    memcpy(out + AT_SIGNATURE, SIGNATURE, 4);
    put32(out + AT_TOTLEN, (uint32_t)totlen);
    put16(out + AT_VERSION, msg->version);
    put16(out + AT_PORT, msg->version == 0 ? 0 : address->port);
    put16(out + AT_TYPE, msg->type);
    put16(out + AT_COUNT, msg->count);
    if (msg->form & RCS_BUS_IS_LIGHT) {
        put16(out + AT_PORT, 0);
        put16(out + AT_TYPE, msg->type | RCS_BUS_TYPE_LIGHT);
        return;
    }
    put64(out + AT_CURRENT_EPOCH, msg->current_epoch);
    put64(out + AT_CONFIG_EPOCH, msg->config_epoch);
    put64(out + AT_OFFSET, (uint64_t)msg->offset);
    rcs_bus_put_id(store, msg->sender, out + AT_SENDER);
    rcs_slot_words_write(&msg->slots->words, out + AT_SLOTS);
    rcs_bus_put_id(store, msg->master, out + AT_MASTER);
    if (msg->version == 0) {
        memset(out + V0_UNUSED, 0, V0_PORT - V0_UNUSED);
        put16(out + V0_PORT, address->port);
        put16(out + V0_FLAGS, msg->flags);
        out[V0_STATE] = msg->state;
        out[V0_MFLAGS] = msg->mflags;
        memset(out + V0_MFLAGS + 1, 0, V0_BODY - V0_MFLAGS - 1);
        return;
    }
    memcpy(out + AT_MYIP, address->ip, IP_BYTES);
    put16(out + AT_EXTENSIONS, (uint16_t)rcs_bus_extension_count(msg));
    memset(out + AT_UNUSED, 0, AT_PPORT - AT_UNUSED);
    put16(out + AT_PPORT, address->pport);
    put16(out + AT_CPORT, address->cport);
    put16(out + AT_FLAGS, msg->flags);
    out[AT_STATE] = msg->state;
    out[AT_MFLAGS] = msg->mflags;
    memset(out + AT_MFLAGS + 1, 0, AT_BODY - AT_MFLAGS - 1);
}
