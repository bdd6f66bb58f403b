/* The cluster bus: messages as values, and their wire bytes (Redis 7.0, clusterMsg).
 *
 * Between simulated nodes travels the immutable, counted value. rcs_bus_write makes exactly the
 * bytes a real server would send, rcs_bus_read makes the value from bytes, with the checks a real
 * server does on reception, in its order (clusterReadHandler, clusterProcessPacket). */
#ifndef RCSIM_BUS_H
#define RCSIM_BUS_H

#include <rcsim/base.h>
#include <rcsim/bus_types.h>
#include <rcsim/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a message says about a third node: 104 bytes on the wire, 16 here. No padding: it is hashed.
 */
struct rcs_gossip {
    rcs_id id;
    rcs_addr addr;
    uint16_t flags; /* enum rcs_node_flag, as the sender holds them */
    uint16_t zero;
    uint32_t ping_sent_s; /* wall clock seconds, 0 none */
    uint32_t pong_received_s;
};

struct rcs_bus_msg {
    uint32_t refs;
    uint16_t type;  /* enum rcs_bus_type, or a number this release does not know */
    uint16_t count; /* gossip entries */

    /* header */
    uint16_t flags; /* enum rcs_node_flag, low 16 bits of the sender's own */
    uint8_t state;  /* 0 ok, 1 fail: the sender's opinion */
    uint8_t mflags; /* enum rcs_bus_mflag */
    rcs_id sender;
    rcs_id master;        /* RCS_ID_NONE: 40 zero bytes */
    rcs_addr addr;        /* myip (announced, else ""), port, cport, pport */
    rcs_text hostname;    /* hostname extension; 0 none */
    uint32_t gossip_room; /* entries the block has room for; rcs_bus_msg_new sets it, nobody else */
    uint64_t current_epoch;
    uint64_t config_epoch;
    int64_t offset;
    const struct rcs_slot_set *slots; /* one reference held */

    /* body */
    union {
        rcs_id about; /* FAIL */
        struct {
            rcs_id id;
            uint64_t config_epoch;
            const struct rcs_slot_set *slots; /* one reference held */
        } update;
        struct {
            uint32_t channel_bytes, message_bytes; /* lengths in `payload`, channel first */
        } publish;
        struct {
            uint8_t module_id[8]; /* opaque */
            uint8_t module_type;
            uint32_t data_bytes; /* length of `payload` */
        } module;
    } body;
    struct rcs_blob *payload; /* PUBLISH*, MODULE; unknown extensions are not kept; else NULL */
    uint64_t hash;            /* rcs_bus_msg_seal */

    struct rcs_gossip gossip[]; /* `count` of them */
};

/* A new message with room for `gossip_room` entries, one reference, everything else 0, master
 * RCS_ID_NONE, slots the empty set. The caller fills it, then seals it; after that it is immutable.
 */
struct rcs_bus_msg *rcs_bus_msg_new(struct rcs_store *store, enum rcs_bus_type type,
                                    unsigned gossip_room);
/* Sets `hash` over every canonical field (ids by number, slots by their hash): never over padding.
 * A host name travels with ping, pong and meet only, and RCS_MFLAG_EXT_DATA says exactly that it
 * does: sealing drops the one elsewhere and sets or clears the other. */
void rcs_bus_msg_seal(struct rcs_bus_msg *msg);
static inline struct rcs_bus_msg *rcs_bus_msg_retain(struct rcs_bus_msg *msg)
{
    msg->refs++;
    return msg;
}
/* Gives one reference back; the last one frees message, slot sets and payload. */
void rcs_bus_msg_release(struct rcs_store *store, struct rcs_bus_msg *msg);
bool rcs_bus_msg_equal(const struct rcs_bus_msg *a, const struct rcs_bus_msg *b);

/* Bytes of the message on the wire: totlen. */
size_t rcs_bus_size(const struct rcs_store *store, const struct rcs_bus_msg *msg);
/* Writes the message; `capacity` must be at least rcs_bus_size. Returns the length. */
size_t rcs_bus_write(const struct rcs_store *store, const struct rcs_bus_msg *msg, uint8_t *out,
                     size_t capacity);

/* What a real server says when it drops bytes: the log line, "" for a silent drop. */
struct rcs_bus_refusal {
    bool close;   /* bad signature or length: the link is closed; else only the packet is dropped */
    bool counted; /* type < 11: stats_bus_messages_received counts it all the same */
    uint16_t type;
    char log[160]; /* warning text, "" none */
};

/* Reads one message from the front of a stream.
 * RCS_OK: *out is a sealed message (one reference), *used its length.
 * RCS_MORE: the packet is not complete; *used is 0.
 * RCS_ERR_PROTOCOL: refused as in `refusal`; *used is the length to skip (0 when `close`).
 * RCS_ERR_LIMIT: the store has no number left for an id, address or name in it; *used as above.
 * Trailing differences cannot occur: totlen must be exactly what type and counts ask for. Unknown
 * types give RCS_OK with `type` as read and an empty body. Unknown extensions are skipped, the
 * first one said in `refusal->log` ("Received unknown extension type %d") with RCS_OK; a server
 * says so only of senders it knows. What no server reads (unused fields, bytes behind the NUL of an
 * ip) is not kept. */
enum rcs_err rcs_bus_read(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes,
                          struct rcs_bus_msg **out, size_t *used, struct rcs_bus_refusal *refusal);

/* "ping", "auth-req"...; "unknown" for other numbers. Static. */
const char *rcs_bus_type_name(unsigned type);

/* "myself,master", "noflags". Returns the length; `out` needs 96 bytes. */
size_t rcs_node_flags_write(unsigned flags, char *out);

#ifdef __cplusplus
}
#endif
#endif
