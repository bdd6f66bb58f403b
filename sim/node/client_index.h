/* Clients by the number of their connection: for looking up only, never walked. */
#ifndef RCSIM_SIM_NODE_CLIENT_INDEX_H
#define RCSIM_SIM_NODE_CLIENT_INDEX_H

#include <rcsim/base.h>

struct rcs_client;

/* Open addressing; a place is free where `client` is NULL. */
struct rcs_client_index {
    struct rcs_client_place {
        uint32_t link;
        struct rcs_client *client;
    } * places; /* NULL while empty */
    unsigned mask, count;
};

struct rcs_client *rcs_client_index_find(const struct rcs_client_index *index, uint32_t link);
void rcs_client_index_add(struct rcs_client_index *index, uint32_t link,
                          struct rcs_client *client); /* the link must not be there */
void rcs_client_index_remove(struct rcs_client_index *index, uint32_t link); /* it must be there */
void rcs_client_index_close(struct rcs_client_index *index);

#endif
