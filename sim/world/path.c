/* Paths: what lies between two sites, by the table of link kinds and by rules. */
#include <stdlib.h>
#include <string.h>

#include "sim/world/network.h"
#include "sim/world/world.h"

#include "sim/pure.h"

/* Latencies: what two idle machines on one switch, or two processes on one machine, show. Since
 * Linux 6.5 a SYN is repeated after 1 s four times before the pauses double, ten times in all. The
 * kernel's timers count ticks of 4 ms (CONFIG_HZ=250, what most distributions ship). */
/* clang-format off */
static const struct rcs_link_kind link_kinds[] = {
    /* name      low  high    mss  syn        linear, all  rto          max         delayed ack, tick */
    { "lan",      100, 250,  1448, RCS_S(1),  4, 10,       RCS_MS(200), RCS_S(120), RCS_MS(40), RCS_MS(4) },
    { "loopback",  20,  60, 65483, RCS_S(1),  4, 10,       RCS_MS(200), RCS_S(120), RCS_MS(40), RCS_MS(4) },
};
/* clang-format on */
#define LINK_KINDS (sizeof(link_kinds) / sizeof(link_kinds[0]))

const struct rcs_link_kind *rcs_link_kind_find(const char *name)
{
    for (size_t i = 0; i < LINK_KINDS; i++) {
        if (strcmp(link_kinds[i].name, name) == 0) {
            return &link_kinds[i];
        }
    }
    return NULL;
}

int rcs_sim_link_kind(const char *name)
{
    const struct rcs_link_kind *kind = rcs_link_kind_find(name);
    return kind == NULL ? -1 : (int)(kind - link_kinds);
}

const char *rcs_sim_link_kind_name(unsigned row)
{
    return row < LINK_KINDS ? link_kinds[row].name : NULL;
}

const char *rcs_link_kind_names(void)
{
    return "lan, loopback";
}

/* --- paths ------------------------------------------------------------------------------------ */

static bool rule_fits(const struct rcs_path_rule *rule, unsigned a, unsigned b)
{
    if (rule->b == RCS_SITE_ANY) {
        return a != b && (a == rule->a || b == rule->a);
    }
    return (a == rule->a && b == rule->b) || (a == rule->b && b == rule->a);
}

/* The one that holds, NULL: none. */
static const struct rcs_path_rule *rule_of(const struct rcs_network *net,
                                           enum rcs_path_property property, unsigned a, unsigned b)
{
    for (unsigned i = net->rule_count; i-- > 0;) {
        const struct rcs_path_rule *rule = &net->rules[i];
        if (rule->property == property && !rule->ended && rule_fits(rule, a, b)) {
            return rule;
        }
    }
    return NULL;
}

static struct rcs_pipe *pipe_of(const struct rcs_network *net, unsigned a, unsigned b)
{
    for (unsigned i = 0; i < net->pipe_count; i++) {
        if (net->pipes[i].a == a && net->pipes[i].b == b) {
            return &net->pipes[i];
        }
    }
    return NULL;
}

/* `a` <= `b`. What is in the pipe stays in it. */
static void set_rate(struct rcs_network *net, unsigned a, unsigned b, uint64_t bits_per_s)
{
    struct rcs_pipe *pipe = pipe_of(net, a, b);
    if (pipe == NULL) {
        net->pipes = realloc(net->pipes, (net->pipe_count + 1) * sizeof(net->pipes[0]));
        RCS_ASSERT(net->pipes != NULL);
        pipe = &net->pipes[net->pipe_count++];
        *pipe = (struct rcs_pipe){ .a = (uint16_t)a, .b = (uint16_t)b };
    }
    pipe->bits_per_s = bits_per_s;
}

static struct rcs_path path_by_rules(struct rcs_network *net, unsigned a, unsigned b)
{
    const struct rcs_path_rule *kind = rule_of(net, RCS_PATH_KIND, a, b);
    const struct rcs_path_rule *latency = rule_of(net, RCS_PATH_LATENCY, a, b);
    const struct rcs_path_rule *loss = rule_of(net, RCS_PATH_LOSS, a, b);
    const struct rcs_path_rule *rate = rule_of(net, RCS_PATH_RATE, a, b);
    const struct rcs_link_kind *row = kind == NULL ? net->link_kind : &link_kinds[kind->value];
    rcs_us low_us = latency == NULL ? row->low_us : latency->low_us;
    rcs_us high_us = latency == NULL ? row->high_us : latency->high_us;
    if (rate != NULL && a <= b) {
        set_rate(net, a, b, rate->value);
    }
    net->hampered |= rate != NULL || (loss != NULL && loss->value > 0);
    net->small_segments |= row->mss_bytes > RCS_BUS_HEADER_BYTES;
    return (struct rcs_path){
        .low_us = low_us,
        .span_us = (uint32_t)(high_us - low_us),
        .loss = loss == NULL ? 0 : (uint16_t)loss->value,
        .kind = (uint8_t)(row - link_kinds),
        .limited = rate != NULL,
    };
}

/* From the rules, the last one first. Sites are few and come early, so this is done anew each time.
 */
static void fill_paths(struct rcs_network *net)
{
    net->hampered = false;
    for (unsigned a = 0; a < net->site_count; a++) {
        for (unsigned b = 0; b < net->site_count; b++) {
            net->paths[a * net->site_count + b] = path_by_rules(net, a, b);
        }
    }
}

unsigned rcs_network_add_site(struct rcs_network *net)
{
    RCS_ASSERT(net->site_count < RCS_SITE_ANY);
    unsigned site = net->site_count++;
    size_t pairs = (size_t)net->site_count * net->site_count;
    net->paths = realloc(net->paths, pairs * sizeof(net->paths[0]));
    RCS_ASSERT(net->paths != NULL);
    fill_paths(net);
    return site;
}

static void check_range(rcs_us low_us, rcs_us high_us)
{
    RCS_ASSERT(0 <= low_us && low_us <= high_us && high_us - low_us <= UINT32_MAX - 1);
}

unsigned rcs_network_add_rule(struct rcs_network *net, const struct rcs_path_rule *rule)
{
    check_range(rule->low_us, rule->high_us);
    RCS_ASSERT(rule->property != RCS_PATH_LOSS || rule->value <= 10000);
    RCS_ASSERT(rule->property != RCS_PATH_KIND || rule->value < LINK_KINDS);
    RCS_ASSERT(rule->property != RCS_PATH_RATE || rule->value > 0);
    net->rules = realloc(net->rules, (net->rule_count + 1) * sizeof(net->rules[0]));
    RCS_ASSERT(net->rules != NULL);
    net->rules[net->rule_count++] = *rule;
    net->kinds_differ |= rule->property == RCS_PATH_KIND;
    fill_paths(net);
    return net->rule_count - 1;
}

unsigned rcs_network_set_latency(struct rcs_network *net, unsigned a, unsigned b, rcs_us low_us,
                                 rcs_us high_us)
{
    return rcs_network_add_rule(net, &(struct rcs_path_rule){ .a = (uint16_t)a,
                                                              .b = (uint16_t)b,
                                                              .property = RCS_PATH_LATENCY,
                                                              .low_us = low_us,
                                                              .high_us = high_us });
}

void rcs_network_change_latency(struct rcs_network *net, unsigned rule, rcs_us low_us,
                                rcs_us high_us)
{
    RCS_ASSERT(rule < net->rule_count && net->rules[rule].property == RCS_PATH_LATENCY);
    check_range(low_us, high_us);
    net->rules[rule].low_us = low_us;
    net->rules[rule].high_us = high_us;
    fill_paths(net);
}

void rcs_network_end_rule(struct rcs_network *net, unsigned rule)
{
    RCS_ASSERT(rule < net->rule_count);
    net->rules[rule].ended = true;
    fill_paths(net);
}

static unsigned site_of(const struct rcs_network *net, const struct rcs_conn *conn, unsigned end)
{
    if (end == 0 && conn->kind == RCS_CONN_SESSION) {
        return net->session_sites[conn->party[0]];
    }
    return net->nodes[conn->party[end]].site;
}

static const struct rcs_path *path_between(const struct rcs_network *net, unsigned a, unsigned b)
{
    return &net->paths[a * net->site_count + b];
}

const struct rcs_path *rcs_network_path(const struct rcs_network *net, const struct rcs_conn *conn)
{
    return path_between(net, site_of(net, conn, 0), site_of(net, conn, 1));
}

const struct rcs_link_kind *rcs_network_other_kind(const struct rcs_network *net,
                                                   const struct rcs_conn *conn)
{
    return &link_kinds[rcs_network_path(net, conn)->kind];
}

RCS_HOT rcs_us rcs_network_draw(struct rcs_network *net, const struct rcs_conn *conn, unsigned way)
{
    const struct rcs_path *path =
        path_between(net, site_of(net, conn, way), site_of(net, conn, 1 - way));
    return path->low_us + (rcs_us)rcs_rand_below(&net->chance, path->span_us + 1);
}

rcs_us rcs_network_round_trip(const struct rcs_network *net, unsigned a, unsigned b)
{
    const struct rcs_path *path = path_between(net, net->nodes[a].site, net->nodes[b].site);
    return 2 * path->low_us + path->span_us;
}

rcs_us rcs_network_least(const struct rcs_network *net, unsigned a, unsigned b)
{
    return path_between(net, net->nodes[a].site, net->nodes[b].site)->low_us;
}

rcs_us rcs_network_piped(struct rcs_network *net, const struct rcs_conn *conn, unsigned way,
                         uint64_t bits, unsigned segments, rcs_us depart_us, rcs_us at_us)
{
    unsigned from = site_of(net, conn, way), to = site_of(net, conn, 1 - way);
    const struct rcs_path *path = path_between(net, from, to);
    struct rcs_pipe *pipe = pipe_of(net, from < to ? from : to, from < to ? to : from);
    RCS_ASSERT(pipe != NULL);
    rcs_us *free_us = &pipe->way[from > to].free_us, *last_us = &pipe->way[from > to].arrives_us;
    rcs_us begin_us = *free_us > depart_us ? *free_us : depart_us;
    *free_us = begin_us + (rcs_us)((bits * 1000000 + pipe->bits_per_s - 1) / pipe->bits_per_s);
    at_us += *free_us - depart_us;
    *last_us = at_us > *last_us ? at_us : *last_us;
    for (unsigned i = 1; i < segments; i++) { /* each has a latency of its own */
        at_us = *free_us + path->low_us + (rcs_us)rcs_rand_below(&net->luck, path->span_us + 1);
        *last_us = at_us > *last_us ? at_us : *last_us;
    }
    return *last_us;
}
