/* TCP between three nodes at one site, and what of it is delivered. One way takes exactly 100 us
 * unless a test says otherwise, so every instant can be computed by hand. */
#ifndef RCSIM_TEST_TCP_LAB_H
#define RCSIM_TEST_TCP_LAB_H

#include "tests/support/support.h"

#include "sim/world/network.h"
#include "sim/world/world.h"

struct tcp_lab {
    struct rcs_store *store;
    struct rcs_queue queue;
    struct rcs_network net;
    rcs_us now_us;
    struct rcs_buf heard; /* "at node what", a line a delivery */
    struct rcs_link_kind kind;
};

/* All three listen; accepted bus links are probed as at node timeout 1000. */
void tcp_begin(struct tcp_lab *lab, const char *link_kind);
void tcp_end(struct tcp_lab *lab);
/* Acknowledgements come at once, so that retransmission begins after exactly 200.2 ms. */
void tcp_prompt(struct tcp_lab *lab);

/* Carries out everything up to `at_us`. */
void tcp_run(struct tcp_lab *lab, rcs_us at_us);
/* What was heard since the last time, as a whole. */
void tcp_expect(struct tcp_lab *lab, const char *text);

uint32_t tcp_connect(struct tcp_lab *lab, unsigned opener, unsigned server);
void tcp_send(struct tcp_lab *lab, uint32_t conn, unsigned from_end, enum rcs_bus_type type);
/* An established link from 0 to 1, past its first exchange. The clock then stands at 10 000 us. */
uint32_t tcp_established(struct tcp_lab *lab);
/* Packets are lost from now on. */
void tcp_cut(struct tcp_lab *lab, unsigned from, unsigned to, bool both);

#endif
