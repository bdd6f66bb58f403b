/* The keepalive of accepted bus links (Redis 7.0 clusterAcceptHandler): probes into a way that was
 * cut, until it is open again or the connection is given up. */
#include "sim/world/network.h"

#include "sim/pure.h"

#define PROBES 3 /* Redis sets TCP_KEEPCNT to it */

static rcs_us idle_us(const struct rcs_network *net, const struct rcs_conn *c)
{
    return RCS_S(net->nodes[c->party[1]].keepalive_s);
}

static rcs_us heard_us(const struct rcs_conn *c)
{
    return c->arrives_us[0] > c->arrives_us[1] ? c->arrives_us[0] : c->arrives_us[1];
}

static void push_probe(struct rcs_network *net, uint32_t conn, unsigned tries, rcs_us now_us,
                       rcs_us after_us)
{
    rcs_conn_push(
        net, rcs_tcp_timer(net, rcs_network_conn(net, conn), 1, now_us, after_us),
        (struct rcs_pending){ .kind = RCS_PENDING_PROBE, .who = conn, .tries = (uint8_t)tries });
}

/* Probes matter only where a way is cut, so they are not simulated before one is. Until then the
 * peer answered them, every `idle` after the last data. */
void rcs_network_trouble_began(struct rcs_network *net, rcs_us now_us)
{
    for (uint32_t conn = 1; conn < net->conn_used; conn++) {
        struct rcs_conn *c = rcs_network_conn(net, conn);
        if (c->kind != RCS_CONN_BUS || !(c->open & 2) || c->probing || idle_us(net, c) == 0 ||
            rcs_network_ways_open(net, c)) {
            continue;
        }
        rcs_us due_us = heard_us(c) + idle_us(net, c);
        if (due_us < now_us) {
            due_us += (now_us - due_us + idle_us(net, c) - 1) / idle_us(net, c) * idle_us(net, c);
        }
        c->probing = 1;
        push_probe(net, conn, 0, due_us - idle_us(net, c), idle_us(net, c));
    }
}

bool rcs_keepalive_probe(struct rcs_network *net, uint32_t conn, unsigned tries, rcs_us now_us,
                         struct rcs_delivery *out)
{
    struct rcs_conn *c = rcs_network_conn(net, conn);
    rcs_us pause_us = idle_us(net, c) / 3 / RCS_S(1) * RCS_S(1); /* anetKeepAlive: interval / 3 */
    pause_us = pause_us < RCS_S(1) ? RCS_S(1) : pause_us;
    c->probing = 0;
    if (!(c->open & 2) || !net->nodes[c->party[1]].powered) {
        return false;
    }
    bool unacknowledged = rcs_tcp_unacknowledged(net, conn, 1);
    if (tries == PROBES && !unacknowledged && heard_us(c) + idle_us(net, c) <= now_us) {
        /* the last one was not answered, whatever became of the way */
        *out = rcs_tcp_timed_out(conn, 1);
        return true;
    }
    if (rcs_network_ways_open(net, c)) {
        if (c->absent & 1) {
            rcs_transmit(net, conn, 0, RCS_ITEM_RESET, NULL, now_us + rcs_network_draw(net, c, 1),
                         -1);
        }
        return false;
    }
    if (rcs_network_cut_on(net, c, 1) == RCS_CUT_RST) {
        (void)rcs_tcp_breaks(net, conn, 1, now_us);
        return false;
    }
    if (unacknowledged || (tries == 0 && heard_us(c) + idle_us(net, c) > now_us)) {
        c->probing = 1; /* retransmission takes the place of probes; or something came since */
        rcs_us rest_us = heard_us(c) + idle_us(net, c) - now_us;
        push_probe(net, conn, 0, now_us, rest_us > 0 ? rest_us : idle_us(net, c));
        return false;
    }
    (void)rcs_tcp_breaks(net, conn, 1, now_us);
    c->probing = 1;
    push_probe(net, conn, tries + 1, now_us, pause_us);
    return false;
}
