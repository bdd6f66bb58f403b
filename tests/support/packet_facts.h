/* What a vector file says of a recorded packet, against the message that was read. */
#ifndef RCSIM_TEST_PACKET_FACTS_H
#define RCSIM_TEST_PACKET_FACTS_H

#include "tests/support/packets.h"

/* Every field that the lines below `bytes` name. */
void test_expect_facts(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                       const struct test_packet *packet);
/* The message's bytes. */
void test_expect_written(const struct rcs_store *store, const struct rcs_bus_msg *msg,
                         const uint8_t *want, size_t want_bytes);

#endif
