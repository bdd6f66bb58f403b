/* What nodes.conf holds, as a value. The text is made only when somebody asks for it. */
#ifndef RCSIM_SIM_CLUSTER_SAVED_CONFIG_H
#define RCSIM_SIM_CLUSTER_SAVED_CONFIG_H

#include <rcsim/resp.h>
#include <rcsim/store.h>

struct rcs_profile;
struct rcs_slot_map;

/* One known node, 24 bytes; `pinged`, `ponged`: the times were not zero (loading reads no more). */
struct rcs_saved_peer {
    uint64_t config_epoch;
    rcs_id id, master;
    rcs_addr addr;
    rcs_text hostname;
    rcs_text shard; /* 0 none */
    uint16_t flags;
    bool pinged, ponged;
};

struct rcs_saved_config {
    const struct rcs_profile *profile; /* which release wrote it */
    uint32_t refs;
    rcs_id myself;
    uint32_t count;
    uint64_t current_epoch, last_vote_epoch;
    int64_t saved_wall_ms; /* when it was written; stands for the ping and pong times in the text */
    struct rcs_slot_map *slots;    /* one reference held */
    rcs_id *migrating, *importing; /* NULL, or RCS_SLOTS of them */
    struct rcs_saved_peer peers[];
};

static inline struct rcs_saved_config *rcs_saved_config_retain(struct rcs_saved_config *saved)
{
    saved->refs++;
    return saved;
}
void rcs_saved_config_release(struct rcs_store *store, struct rcs_saved_config *saved);

/* The file's text, byte for byte in the form of Redis 7.0 (nodes in id order, then vars). */
void rcs_saved_config_write(const struct rcs_store *store, const struct rcs_saved_config *saved,
                            struct rcs_buf *out);
/* From a file's text. `diag` has the line and the remedy. */
enum rcs_err rcs_saved_config_read(struct rcs_store *store, const char *text, size_t size_bytes,
                                   struct rcs_saved_config **out, struct rcs_diag *diag);

#endif
