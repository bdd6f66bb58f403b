/* The cluster bus: messages as values, and their wire bytes (Redis 7.0, clusterMsg; and those of
 * Redis 3.0 to 7.4 and Valkey 8.0 where they differ).
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
    /* Wall clock seconds, 0 none. In a message of version 0 milliseconds, cut to 32 bits. */
    uint32_t ping_sent_s;
    uint32_t pong_received_s;
};

/* A node that the sender was told to forget, and for how long it is not to come back. */
struct rcs_forgotten {
    rcs_id id;
    uint64_t ttl_s;
};

/* Bits of rcs_bus_msg.form. */
enum rcs_bus_form {
    RCS_BUS_ASKS = 1,     /* ping, pong, meet: says that extensions are understood, carries none */
    RCS_BUS_IS_LIGHT = 2, /* publish, publishshard: sent with the short header */
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
    uint16_t gossip_room; /* entries the block has room for; rcs_bus_msg_new sets it, nobody else */
    uint8_t version;      /* `ver`: 1; 0 in 3.x */
    uint8_t form;         /* enum rcs_bus_form */
    uint64_t current_epoch;
    uint64_t config_epoch;
    int64_t offset;
    const struct rcs_slot_set *slots; /* one reference held */

    /* body */
    union {
        struct { /* PING, PONG, MEET: ping extensions beside the host name; 0 none */
            rcs_text nodename, client_ipv4, client_ipv6;
            rcs_text shard; /* 40 characters */
            uint32_t forgotten_count;
            struct rcs_blob *forgotten; /* as many struct rcs_forgotten; NULL: none */
        } extended;
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

/* A new message with room for `gossip_room` entries (65535 at most), version 1, one reference,
 * everything else 0, master RCS_ID_NONE, slots the empty set; the entries hold nothing until
 * whoever counts one in writes it whole. The caller fills it, then seals it; after that it is
 * immutable. */
struct rcs_bus_msg *rcs_bus_msg_new(struct rcs_store *store, enum rcs_bus_type type,
                                    unsigned gossip_room);
/* Sets `hash` over every canonical field (ids by number, slots by their hash): never over padding.
 * Extensions travel with ping, pong and meet only, and RCS_MFLAG_EXT_DATA says exactly that they
 * do, or that they are asked for: sealing drops the ones elsewhere and sets or clears the other. */
void rcs_bus_msg_seal(struct rcs_bus_msg *msg);
/* Of a ping, pong or meet: nodes to forget, `count` > 0 of them, copied; the i-th of them. */
void rcs_bus_forget(struct rcs_store *store, struct rcs_bus_msg *msg,
                    const struct rcs_forgotten *list, unsigned count);
const struct rcs_forgotten *rcs_bus_forgotten(const struct rcs_bus_msg *msg, unsigned i);
/* True if it carries ping extensions beside a host name. */
bool rcs_bus_is_extended(const struct rcs_bus_msg *msg);
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

/* How a release reads the bus: what it takes, and what it says of what it drops. */
struct rcs_bus_dialect {
    uint8_t version;    /* the `ver` it takes */
    uint8_t types;      /* message types known: 0 to this */
    uint8_t extensions; /* kinds of ping extensions known: 0 to this; none: a packet with one has a
                         * length it cannot explain */
    bool asks;          /* reads what others say of whether they understand extensions */
    bool light;         /* reads light headers */
    bool says_lengths;  /* in the log */
};
extern const struct rcs_bus_dialect rcs_bus_7_0;
/* Reads all that any release writes, of the one version. */
extern const struct rcs_bus_dialect rcs_bus_any[2];

/* What a real server says when it drops bytes: the log line, "" for a silent drop. */
struct rcs_bus_refusal {
    bool close;   /* bad signature or length: the link is closed; else only the packet is dropped */
    bool counted; /* a known type: stats_bus_messages_received counts it all the same */
    uint16_t type;
    char log[160]; /* warning text, "" none */
};

/* Reads one message from the front of a stream, as the release does that speaks `dialect`.
 * RCS_OK: *out is a sealed message (one reference), *used its length.
 * RCS_MORE: the packet is not complete; *used is 0.
 * RCS_ERR_PROTOCOL: refused as in `refusal`; *used is the length to skip (0 when `close`).
 * RCS_ERR_LIMIT: the store has no number left for an id, address or name in it; *used as above.
 * Trailing differences cannot occur: totlen must be exactly what type and counts ask for. Unknown
 * types give RCS_OK with `type` as read and an empty body. Unknown extensions are skipped, the
 * first one said in `refusal->log` ("Received unknown extension type %d") with RCS_OK; a server
 * says so only of senders it knows. What no server reads (unused fields, bytes behind the NUL of an
 * ip) is not kept. */
enum rcs_err rcs_bus_read_as(struct rcs_store *store, const struct rcs_bus_dialect *dialect,
                             const uint8_t *bytes, size_t size_bytes, struct rcs_bus_msg **out,
                             size_t *used, struct rcs_bus_refusal *refusal);
/* The same as Redis 7.0 does it. */
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
