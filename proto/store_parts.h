/* What the files of the value store share; for them only (store_blocks.c, store.c, store_values.c).
 */
#ifndef RCSIM_PROTO_STORE_PARTS_H
#define RCSIM_PROTO_STORE_PARTS_H

#include <rcsim/store.h>

#define STORE_IDS_MAX    65000 /* leaves RCS_ID_NONE and some numbers unused */
#define STORE_PAGE_ITEMS 256   /* pages never move: names and texts are lent as pointers */
#define STORE_PAGES      256
#define STORE_CLASSES    96 /* 64 in steps of 16 bytes up to 1 KB, then four a doubling */

struct store_chunk;
struct store_large;
struct store_slot_node;

/* Values by number, numbers by hash. The table is looked up, never walked: no order depends on it.
 */
struct store_index {
    uint16_t *table; /* number + 1, 0 free; open addressing */
    uint32_t mask;   /* room of `table` less one; at most half of it is used */
    uint32_t count;
    void *pages[STORE_PAGES];
};

struct rcs_store {
    void *free_blocks[STORE_CLASSES];
    uint8_t *bump, *bump_end; /* the unused rest of the newest chunk */
    struct store_chunk *chunks;
    size_t next_chunk_bytes;
    struct store_large *large;
    size_t held_bytes;

    struct store_index ids, addresses, texts;
    struct store_slot_node **slot_buckets;
    uint32_t slot_mask, slot_count;
    const struct rcs_slot_set *no_slots;
    void *shared; /* the floor above's */
};

/* Sets up and takes down one part each, called by rcs_store_new in this order. */
void rcs_store_indexes_init(struct rcs_store *store);
void rcs_store_values_init(struct rcs_store *store);

#endif
