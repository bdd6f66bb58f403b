/* What may happen to packets on their path: it refuses them, loses them, or is too narrow. */
#include <stdlib.h>

#include "sim/keys/keyspace.h"
#include "sim/world/network.h"

#include "sim/pure.h"

/* --- refusals --------------------------------------------------------------------------------- */

/* Linux sends a host one such ICMP message a second, and six at once after six quiet ones
 * (icmp_ratelimit, XRLIM_BURST_FACTOR of inet_peer_xrlim_allow). */
#define ICMP_EVERY_US RCS_S(1)
#define ICMP_BURST    6

struct rcs_icmp {
    rcs_us saved_us, at_us;
};

static bool icmp_allowed(struct rcs_network *net, unsigned node, rcs_us now_us)
{
    if (node >= net->icmp_nodes) {
        net->icmp = realloc(net->icmp, net->node_count * sizeof(net->icmp[0]));
        RCS_ASSERT(net->icmp != NULL);
        for (; net->icmp_nodes < net->node_count; net->icmp_nodes++) {
            net->icmp[net->icmp_nodes] =
                (struct rcs_icmp){ .saved_us = ICMP_BURST * ICMP_EVERY_US };
        }
    }
    struct rcs_icmp *icmp = &net->icmp[node];
    icmp->saved_us += now_us - icmp->at_us;
    icmp->at_us = now_us;
    if (icmp->saved_us > ICMP_BURST * ICMP_EVERY_US) {
        icmp->saved_us = ICMP_BURST * ICMP_EVERY_US;
    }
    if (icmp->saved_us < ICMP_EVERY_US) {
        return false;
    }
    icmp->saved_us -= ICMP_EVERY_US;
    return true;
}

bool rcs_path_rejects(struct rcs_network *net, const struct rcs_conn *conn, unsigned way,
                      rcs_us now_us)
{
    bool client = conn->kind == RCS_CONN_SESSION && way == 0;
    switch (rcs_network_cut_on(net, conn, way)) {
    case RCS_CUT_RST:
        return true;
    case RCS_CUT_ICMP:
        return client || icmp_allowed(net, conn->party[way], now_us);
    case RCS_CUT_NONE:
    case RCS_CUT_DROP:
        break;
    }
    return false;
}

/* --- losses and rates ------------------------------------------------------------------------- */

#define SEGMENT_HEAD_BYTES 66 /* Ethernet 14, IP 20, TCP 32 with its timestamps */
#define DRAWN_SEGMENTS     64 /* of a longer item so many stand for all */

static uint64_t item_bytes(const struct rcs_network *net, enum rcs_item item, const void *value)
{
    uint64_t bytes = 0;
    switch (item) {
    case RCS_ITEM_BUS_MSG:
        return rcs_bus_size(net->store, value);
    case RCS_ITEM_BLOB:
        return ((const struct rcs_blob *)value)->size_bytes;
    case RCS_ITEM_SNAPSHOT:
        return ((const struct rcs_snapshot *)value)->size_bytes;
    case RCS_ITEM_REQUEST: {
        const struct rcs_request *request = value;
        for (unsigned i = 0; i < request->argc; i++) {
            bytes += request->args[i].size_bytes;
        }
        return bytes;
    }
    case RCS_ITEM_EOF:
    case RCS_ITEM_RESET:
        break;
    }
    return bytes;
}

static bool lost(struct rcs_network *net, const struct rcs_path *path)
{
    return rcs_rand_below(&net->luck, 10000) < path->loss;
}

bool rcs_path_loses_syn(struct rcs_network *net, const struct rcs_conn *conn)
{
    const struct rcs_path *path = rcs_network_path(net, conn);
    if (path->loss == 0) {
        return false;
    }
    if (lost(net, path)) { /* the SYN itself */
        return true;
    }
    return lost(net, path); /* the answer to it */
}

bool rcs_path_loses(struct rcs_network *net, const struct rcs_conn *conn)
{
    const struct rcs_path *path = rcs_network_path(net, conn);
    return path->loss != 0 && lost(net, path);
}

/* What came behind a hole tells of it, and the hole is filled a round trip and a quarter later
 * (RACK's reordering window); a lost tail, or a lost acknowledgement, is probed for after two round
 * trips (RFC 8985 section 7), a lone segment not before the retransmission timer. If that is lost
 * too, the timer runs (tcp.c). Not modelled: that later items tell of a hole sooner. Returns how
 * much later than without loss all of it is there. */
static rcs_us repaired(struct rcs_network *net, const struct rcs_conn *c,
                       const struct rcs_path *path, uint64_t segments, struct rcs_unrepaired *timer)
{
    unsigned drawn = segments < DRAWN_SEGMENTS ? (unsigned)segments : DRAWN_SEGMENTS, missing = 0;
    bool tail = false;
    for (unsigned i = 0; i < drawn; i++) {
        tail = lost(net, path);
        missing += tail;
    }
    bool there = missing == 0;
    if (there && !lost(net, path)) {
        return 0;
    }
    rcs_us round_us = 2 * path->low_us + path->span_us, rto_us = rcs_tcp_first_rto(net, c);
    rcs_us probe_us = 2 * round_us + RCS_TCP_PROBE_US;
    rcs_us at_us = segments == 1 || probe_us > rto_us ? rto_us
                   : tail || there                    ? probe_us
                                                      : round_us + round_us / 4;
    bool came = !lost(net, path);
    if (!came || lost(net, path)) {
        rcs_us timer_us = segments == 1 ? 2 * rto_us : rto_us;
        *timer = (struct rcs_unrepaired){ .after_us = timer_us > at_us ? timer_us : at_us,
                                          .rto_us = rto_us,
                                          .there = there || came };
    }
    return there ? 0 : missing > 1 ? at_us + round_us : at_us;
}

rcs_us rcs_path_arrives(struct rcs_network *net, const struct rcs_conn *conn, unsigned way,
                        enum rcs_item item, const void *value, rcs_us depart_us, rcs_us at_us,
                        struct rcs_unrepaired *timer)
{
    const struct rcs_path *path = rcs_network_path(net, conn);
    if (item == RCS_ITEM_RESET || (path->loss == 0 && !path->limited)) {
        return at_us;
    }
    uint64_t bytes = item_bytes(net, item, value);
    uint64_t mss_bytes = rcs_network_kind(net, conn)->mss_bytes;
    uint64_t segments = bytes == 0 ? 1 : (bytes + mss_bytes - 1) / mss_bytes;
    if (path->limited) {
        uint64_t bits = 8 * (bytes + segments * SEGMENT_HEAD_BYTES);
        unsigned drawn = segments < DRAWN_SEGMENTS ? (unsigned)segments : DRAWN_SEGMENTS;
        at_us = rcs_network_piped(net, conn, way, bits, drawn, depart_us, at_us);
    }
    if (path->loss > 0) {
        at_us += repaired(net, conn, path, segments, timer);
    }
    return at_us;
}
