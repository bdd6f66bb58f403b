/* What the files of the bus codec share; for them only (bus_msg.c, bus_header.c, bus_body.c). */
#ifndef RCSIM_PROTO_BUS_WIRE_H
#define RCSIM_PROTO_BUS_WIRE_H

#include <rcsim/bus.h>

/* What follows the header, by type (the last column of RCS_BUS_TYPES). */
enum bus_body {
    BUS_BODY_GOSSIP,
    BUS_BODY_ABOUT,
    BUS_BODY_PUBLISH,
    BUS_BODY_EMPTY,
    BUS_BODY_UPDATE,
    BUS_BODY_MODULE
};

/* EMPTY for types this release does not know: their bytes are skipped. */
enum bus_body rcs_bus_body_of(unsigned type);
/* EMPTY as well for a message that was read by a release that does not know its type. */
enum bus_body rcs_bus_msg_body(const struct rcs_bus_msg *msg);

/* --- numbers on the wire: big-endian (Redis 7.0 uses htons, htonl, htonu64 throughout) -------- */

static inline void put16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}
static inline void put32(uint8_t *out, uint32_t value)
{
    put16(out, (uint16_t)(value >> 16));
    put16(out + 2, (uint16_t)value);
}
static inline void put64(uint8_t *out, uint64_t value)
{
    put32(out, (uint32_t)(value >> 32));
    put32(out + 4, (uint32_t)value);
}
static inline uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}
static inline uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}
static inline uint64_t get64(const uint8_t *bytes)
{
    return (uint64_t)get32(bytes) << 32 | get32(bytes + 4);
}

/* --- ids and addresses ------------------------------------------------------------------------ */

/* 40 bytes; RCS_ID_NONE as zero bytes. */
void rcs_bus_put_id(const struct rcs_store *store, rcs_id id, uint8_t *out);
/* False if the store has no room for one id more. */
bool rcs_bus_get_id(struct rcs_store *store, const uint8_t *bytes, rcs_id *id);
/* Takes the ip up to its first NUL: what stands behind it means nothing to a server. */
void rcs_bus_get_ip(const uint8_t *bytes, struct rcs_address *address);
bool rcs_bus_get_addr(struct rcs_store *store, const struct rcs_address *address, rcs_addr *addr);

/* --- header ----------------------------------------------------------------------------------- */

/* Of what a packet of that version and form has; light ones are of version 1. */
static inline size_t rcs_bus_header_bytes(unsigned version, bool light)
{
    return light ? RCS_BUS_HEADER_LIGHT : version == 0 ? RCS_BUS_HEADER_V0 : RCS_BUS_HEADER_BYTES;
}

/* Fields of the header that the message value does not keep. */
struct bus_frame {
    uint32_t totlen;
    uint16_t version;
    uint16_t type; /* without the bit of light headers */
    bool light;
    uint16_t count;
    uint16_t extensions;
    uint8_t mflags;
};

bool rcs_bus_signature_ok(const uint8_t *bytes); /* of 4 bytes */
uint32_t rcs_bus_totlen(const uint8_t *bytes);   /* of 8 bytes */
/* The least that a link accepts as totlen. */
uint32_t rcs_bus_totlen_min(const struct rcs_bus_dialect *dialect);
/* Version and type of 16 bytes; if these are as `dialect` reads them the rest of a whole header. */
void rcs_bus_frame_read(const uint8_t *bytes, const struct rcs_bus_dialect *dialect,
                        struct bus_frame *frame);
/* Everything but the frame. RCS_ERR_LIMIT if the store is full; the message stays releasable. */
enum rcs_err rcs_bus_header_read(struct rcs_store *store, const uint8_t *bytes,
                                 const struct bus_frame *frame, struct rcs_bus_msg *msg);
void rcs_bus_header_write(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                          size_t totlen, uint8_t *out);

/* --- bodies: what stands behind the header ---------------------------------------------------- */

size_t rcs_bus_body_bytes(const struct rcs_store *store, const struct rcs_bus_msg *msg);
void rcs_bus_body_write(const struct rcs_store *store, const struct rcs_bus_msg *msg, uint8_t *out);
/* How many extensions the header counts. */
unsigned rcs_bus_extension_count(const struct rcs_bus_msg *msg);
/* Compares totlen with what type and counts ask for; `refusal->log` says why not. */
bool rcs_bus_length_ok(const uint8_t *bytes, const struct bus_frame *frame,
                       const struct rcs_bus_dialect *dialect, struct rcs_bus_refusal *refusal);
/* Of bytes whose length is ok. Unknown extensions are said in `refusal->log`. */
enum rcs_err rcs_bus_body_read(struct rcs_store *store, const uint8_t *bytes,
                               const struct bus_frame *frame, const struct rcs_bus_dialect *dialect,
                               struct rcs_bus_msg *msg, struct rcs_bus_refusal *refusal);

#endif
