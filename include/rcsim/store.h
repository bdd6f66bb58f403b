/* The value store: everything that messages and nodes of one world share by reference.
 *
 * It interns node ids, addresses and texts (host names) as 16-bit numbers, keeps sets of slots once
 * each, and lends the memory of messages. Interned values say nothing about the world: two nodes
 * that hold the same number hold the same 40 characters, no more. One store belongs to one world
 * and one thread; it never shrinks except for slot sets and blocks that are given back. */
#ifndef RCSIM_STORE_H
#define RCSIM_STORE_H

#include <rcsim/base.h>
#include <rcsim/slot.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rcs_store;

struct rcs_store *rcs_store_new(void);
void rcs_store_free(struct rcs_store *store); /* frees all that was lent, too */

/* Memory out of the store's blocks, 16-byte aligned, not cleared. Aborts on lack of memory. The
 * size must be given back with the block. */
void *rcs_store_alloc(struct rcs_store *store, size_t size_bytes);
void rcs_store_release(struct rcs_store *store, void *block, size_t size_bytes);
size_t rcs_store_bytes(const struct rcs_store *store); /* memory held from the system */

/* A place for one pointer of the floor above: what nodes of one world share beyond these values. It
 * begins as NULL; what it points to should be lent by the store, which frees it with itself. */
void **rcs_store_shared(struct rcs_store *store);

/* --- node ids --------------------------------------------------------------------------------- */

/* The number of a 40-byte id, new or old. Any bytes are accepted (the bus carries any). Aborts with
 * RCS_ASSERT over 65000 ids: callers that take ids from outside ask rcs_store_id_room first. */
rcs_id rcs_store_id(struct rcs_store *store, const char name[RCS_ID_LEN]);
rcs_id rcs_store_find_id(const struct rcs_store *store, const char name[RCS_ID_LEN]); /* or NONE */
/* The 40 characters and a NUL. Borrowed, valid as long as the store. RCS_ID_NONE: 40 zeros '0'. */
const char *rcs_store_name(const struct rcs_store *store, rcs_id id);
unsigned rcs_store_id_count(const struct rcs_store *store);
bool rcs_store_id_room(const struct rcs_store *store); /* for one id more */

/* --- addresses -------------------------------------------------------------------------------- */

/* As gossip and headers carry it. `ip` is NUL padded to its full width; "" is unknown. */
struct rcs_address {
    char ip[46];
    uint16_t port;  /* client port */
    uint16_t cport; /* bus port */
    uint16_t pport; /* plain-text port beside a TLS port, else 0 */
};
typedef uint16_t rcs_addr; /* interned address; 0 is the empty one: ip "", ports 0 */

rcs_addr rcs_store_addr(struct rcs_store *store, const struct rcs_address *address);
const struct rcs_address *rcs_store_address(const struct rcs_store *store, rcs_addr addr);
bool rcs_store_addr_room(const struct rcs_store *store); /* as rcs_store_id_room, same limit */

/* --- texts ------------------------------------------------------------------------------------ */

typedef uint16_t rcs_text; /* interned NUL-terminated text; 0 is "" */
rcs_text rcs_store_text(struct rcs_store *store, const char *text, size_t size_bytes);
const char *rcs_store_text_of(const struct rcs_store *store, rcs_text text);
bool rcs_store_text_room(const struct rcs_store *store); /* as rcs_store_id_room, same limit */

/* --- sets of slots ---------------------------------------------------------------------------- */

/* Immutable, counted, and kept once: equal sets are the same pointer. */
struct rcs_slot_set {
    uint32_t refs;
    uint32_t count; /* slots in the set */
    uint64_t hash;  /* of the bitmap, XXH3-64 */
    struct rcs_slot_words words;
};

/* The set with these slots; the caller holds one reference more. */
const struct rcs_slot_set *rcs_store_slots(struct rcs_store *store,
                                           const struct rcs_slot_words *words);
/* The empty set, retained. It lives as long as the store: a reference that is not given back is no
 * leak. */
const struct rcs_slot_set *rcs_store_no_slots(struct rcs_store *store);
static inline const struct rcs_slot_set *rcs_slot_set_retain(const struct rcs_slot_set *set)
{
    ((struct rcs_slot_set *)(uintptr_t)set)->refs++;
    return set;
}
void rcs_slot_set_release(struct rcs_store *store, const struct rcs_slot_set *set);

/* --- blobs: immutable counted bytes ----------------------------------------------------------- */

struct rcs_blob {
    uint32_t refs;
    uint32_t size_bytes;
    uint8_t bytes[];
};
/* A copy of the bytes (NULL: not filled), one reference. */
struct rcs_blob *rcs_blob_new(struct rcs_store *store, const void *bytes, size_t size_bytes);
void rcs_blob_release(struct rcs_store *store, struct rcs_blob *blob);

/* --- requests: an immutable counted command with its arguments -------------------------------- */

struct rcs_arg {
    const char *bytes; /* inside the request */
    uint32_t size_bytes;
};
struct rcs_request {
    uint32_t refs;
    uint32_t argc;       /* may be 0 */
    uint32_t size_bytes; /* of the whole block, for giving it back */
    struct rcs_arg args[];
};
/* Copies the arguments. */
struct rcs_request *rcs_request_new(struct rcs_store *store, unsigned argc,
                                    const struct rcs_arg *args);
/* From words separated by single blanks, for what needs no quotes: "REPLCONF ACK 14". */
struct rcs_request *rcs_request_words(struct rcs_store *store, const char *text, size_t text_bytes);
void rcs_request_release(struct rcs_store *store, struct rcs_request *request);

#ifdef __cplusplus
}
#endif
#endif
