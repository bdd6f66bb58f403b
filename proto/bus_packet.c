/* Whole packets: a message's size and bytes, and the first message of a stream, checked as a real
 * server checks it (Redis 7.0 clusterReadHandler, then clusterProcessPacket). */
#include <rcsim/bus.h>

#include <string.h>

#include "proto/bus_wire.h"

/* What must be there before a server looks at it: signature and totlen. */
#define PREAMBLE_BYTES 8

const struct rcs_bus_dialect rcs_bus_7_0 = {
    .version = 1, .types = 11, .extensions = 1, .says_lengths = true
};
const struct rcs_bus_dialect rcs_bus_any[2] = {
    { .version = 0, .types = 9 },
    { .version = 1, .types = 11, .extensions = 6, .asks = true, .light = true },
};

static size_t header_bytes(const struct rcs_bus_msg *msg)
{
    return rcs_bus_header_bytes(msg->version, (msg->form & RCS_BUS_IS_LIGHT) != 0);
}

size_t rcs_bus_size(const struct rcs_store *store, const struct rcs_bus_msg *msg)
{
    return header_bytes(msg) + rcs_bus_body_bytes(store, msg);
}

size_t rcs_bus_write(const struct rcs_store *store, const struct rcs_bus_msg *msg, uint8_t *out,
                     size_t capacity)
{
    size_t totlen = rcs_bus_size(store, msg);
    RCS_ASSERT(totlen <= capacity && totlen <= UINT32_MAX);
    rcs_bus_header_write(store, msg, totlen, out);
    rcs_bus_body_write(store, msg, out + header_bytes(msg));
    return totlen;
}

/* A packet that passed the checks, as a value. */
static enum rcs_err message_read(struct rcs_store *store, const uint8_t *bytes,
                                 const struct bus_frame *frame,
                                 const struct rcs_bus_dialect *dialect, struct rcs_bus_msg **out,
                                 struct rcs_bus_refusal *refusal)
{
    bool gossips = rcs_bus_body_of(frame->type) == BUS_BODY_GOSSIP;
    struct rcs_bus_msg *msg =
        rcs_bus_msg_new(store, (enum rcs_bus_type)frame->type, gossips ? frame->count : 0);
    enum rcs_err err = rcs_bus_header_read(store, bytes, frame, msg);
    if (err == RCS_OK) {
        err = rcs_bus_body_read(store, bytes, frame, dialect, msg, refusal);
    }
    if (err != RCS_OK) {
        rcs_bus_msg_release(store, msg);
        return err;
    }
    rcs_bus_msg_seal(msg);
    *out = msg;
    return RCS_OK;
}

enum rcs_err rcs_bus_read_as(struct rcs_store *store, const struct rcs_bus_dialect *dialect,
                             const uint8_t *bytes, size_t size_bytes, struct rcs_bus_msg **out,
                             size_t *used, struct rcs_bus_refusal *refusal)
{
    static const char bad_stream[] = "Bad message length or signature received from Cluster bus.";
    *out = NULL;
    *used = 0;
    *refusal = (struct rcs_bus_refusal){ .close = false };
    if (size_bytes < PREAMBLE_BYTES) {
        return RCS_MORE;
    }
    if (!rcs_bus_signature_ok(bytes) || rcs_bus_totlen(bytes) < rcs_bus_totlen_min(dialect)) {
        refusal->close = true;
        memcpy(refusal->log, bad_stream, sizeof(bad_stream));
        return RCS_ERR_PROTOCOL;
    }
    if (size_bytes < rcs_bus_totlen(bytes)) {
        return RCS_MORE;
    }

    struct bus_frame frame;
    rcs_bus_frame_read(bytes, dialect, &frame);
    *used = frame.totlen;
    refusal->type = frame.type;
    refusal->counted = frame.type < dialect->types; /* before any check */
    if (frame.version != dialect->version ||
        frame.totlen < rcs_bus_header_bytes(frame.version, frame.light) ||
        !rcs_bus_length_ok(bytes, &frame, dialect, refusal)) {
        return RCS_ERR_PROTOCOL;
    }
    return message_read(store, bytes, &frame, dialect, out, refusal);
}

enum rcs_err rcs_bus_read(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes,
                          struct rcs_bus_msg **out, size_t *used, struct rcs_bus_refusal *refusal)
{
    return rcs_bus_read_as(store, &rcs_bus_7_0, bytes, size_bytes, out, used, refusal);
}
