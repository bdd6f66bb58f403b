/* A world's beginning and end; sites, hosts, addresses, configuration. */
#include <stdlib.h>
#include <string.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

#define FIRST_WALL_MS INT64_C(1767225600000) /* 2026-01-01 00:00:00 UTC */
#define CLIENT_PORT   6379
#define SITES_MAX     255
#define PORT_MAX      55535 /* the bus port is 10000 above it */
#define SOURCE_PORT   40000 /* of a node as a client of its master: this and its number */
#define SOURCE_PORTS  20000

/* --- beginning and end ------------------------------------------------------------------------ */

static enum rcs_err check_options(const struct rcs_sim_options *options,
                                  const struct rcs_link_kind **link_kind,
                                  const struct rcs_profile **profile, struct rcs_diag *diag)
{
    *profile = options->redis == NULL ? rcs_profile_default() : rcs_profile_find(options->redis);
    if (*profile == NULL) {
        return rcs_profile_refuse(options->redis, diag);
    }
    const char *network = options->network == NULL ? "lan" : options->network;
    *link_kind = rcs_link_kind_find(network);
    if (*link_kind == NULL) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0,
                            "no kind of network \"%s\" (there are: %s)", network,
                            rcs_link_kind_names());
    }
    if (options->start_wall_ms < 0 || options->start_wall_ms % 1000 != 0) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0,
                            "the wall clock must begin at a whole second after 1970");
    }
    return RCS_OK;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    RCS_ASSERT(copy != NULL);
    memcpy(copy, text, size);
    return copy;
}

struct rcs_sim *rcs_sim_new(const struct rcs_sim_options *options, struct rcs_diag *diag)
{
    const struct rcs_link_kind *link_kind = NULL;
    const struct rcs_profile *profile = NULL;
    if (check_options(options, &link_kind, &profile, diag) != RCS_OK) {
        return NULL;
    }
    struct rcs_sim *sim = calloc(1, sizeof(*sim));
    RCS_ASSERT(sim != NULL);
    sim->seed = options->seed;
    sim->start_wall_ms = options->start_wall_ms == 0 ? FIRST_WALL_MS : options->start_wall_ms;
    sim->wire_check = options->wire_check;
    sim->own_hosts = options->own_hosts;
    sim->on_from = -1;
    sim->store = rcs_store_new();
    rcs_queue_init(&sim->queue);
    rcs_network_init(&sim->net, link_kind, &sim->queue, sim->store, options->seed);
    rcs_effects_init(&sim->effects);
    sim->effects.facts.unread = true; /* until rcs_sim_on_log */
    rcs_record_init(&sim->packets);
    rcs_record_init(&sim->milestones);
    rcs_config_init(&sim->config);
    sim->config.file = options->config_files ? RCS_CONF_FILE_GOOD : RCS_CONF_FILE_NONE;
    enum rcs_err err = rcs_config_choose(&sim->config, profile, diag);
    RCS_ASSERT(err == RCS_OK); /* nothing is set yet */
    rcs_rand_init(&sim->cli_rand, options->seed, RCS_RAND_CLI, 0);
    rcs_buf_init(&sim->log_line);
    rcs_buf_init(&sim->text);
    sim->sites = calloc(1, sizeof(sim->sites[0]));
    RCS_ASSERT(sim->sites != NULL);
    sim->site_count = 1; /* RCS_SITE_OUTSIDE */
    if (options->keep_milestones) {
        rcs_observe_keep(sim);
    }
    return sim;
}

/* What is still on its way goes back to the store. */
static void drop_pending(struct rcs_sim *sim)
{
    struct rcs_pending pending;
    while (rcs_queue_drop(&sim->queue, &pending)) {
        if (pending.kind == RCS_PENDING_ITEM) {
            rcs_item_release(sim->store, (enum rcs_item)pending.item, pending.value);
        }
    }
}

void rcs_sim_free(struct rcs_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    if (rcs_watched(sim)) {
        sim->watch.free(sim->watch.arg);
        sim->watch = (struct rcs_watch){ .sent = NULL };
    }
    for (unsigned i = 0; i < sim->workload_count; i++) {
        rcs_workload_free(sim->workloads[i]);
    }
    free(sim->workloads);
    for (unsigned i = 0; i < sim->session_count; i++) {
        rcs_session_free(sim->sessions[i]);
    }
    for (unsigned i = 0; i < sim->node_count; i++) {
        rcs_host_free(sim, i);
    }
    drop_pending(sim);
    rcs_network_close(&sim->net);
    rcs_queue_close(&sim->queue);
    rcs_effects_close(&sim->effects, sim->store);
    rcs_record_close(&sim->packets);
    rcs_record_close(&sim->milestones);
    rcs_observe_close(sim);
    rcs_outside_close_all(sim);
    for (unsigned i = 0; i < sim->site_count; i++) {
        free(sim->sites[i].name);
    }
    rcs_buf_close(&sim->log_line);
    rcs_buf_close(&sim->text);
    free(sim->sites);
    free(sim->nodes);
    free(sim->marked);
    free(sim->sessions);
    free(sim->targets[0]);
    free(sim->targets[1]);
    free(sim->node_of_id);
    free(sim->drops);
    free(sim->wire);
    rcs_store_free(sim->store);
    free(sim);
}

/* --- sites ------------------------------------------------------------------------------------ */

int rcs_layout_site(const struct rcs_sim *sim, const char *name)
{
    for (unsigned i = 1; i < sim->site_count; i++) {
        if (strcmp(sim->sites[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static unsigned find_or_add_site(struct rcs_sim *sim, const char *name)
{
    int found = rcs_layout_site(sim, name);
    if (found >= 0) {
        return (unsigned)found;
    }
    sim->sites = realloc(sim->sites, (sim->site_count + 1) * sizeof(sim->sites[0]));
    RCS_ASSERT(sim->sites != NULL);
    sim->sites[sim->site_count] = (struct rcs_site){ .name = copy_text(name) };
    unsigned site = rcs_network_add_site(&sim->net);
    RCS_ASSERT(site == sim->site_count);
    return sim->site_count++;
}

static enum rcs_err check_latency(rcs_us low, rcs_us high, struct rcs_diag *diag)
{
    if (low < 0 || low > high || high > RCS_S(60)) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0,
                            "a latency needs 0 <= low <= high <= 60s, not %lld..%lld us",
                            (long long)low, (long long)high);
    }
    return RCS_OK;
}

/* The range alone: which sites is seen in every packet. */
static void observe_latency(struct rcs_sim *sim, rcs_us low, rcs_us high)
{
    rcs_observe_fault(sim, "latency", NULL, 0, NULL, 0, low << 32 | high);
}

static enum rcs_err find_sites(const struct rcs_sim *sim, const char *a, const char *b,
                               int sites[2], struct rcs_diag *diag)
{
    sites[0] = rcs_layout_site(sim, a);
    sites[1] = b == NULL ? RCS_SITE_ANY : rcs_layout_site(sim, b);
    for (unsigned i = 0; i < 2; i++) {
        if (sites[i] < 0) {
            return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no site \"%s\"", i == 0 ? a : b);
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_sim_latency_rule(struct rcs_sim *sim, const char *a, const char *b, rcs_us low,
                                  rcs_us high, unsigned *rule, struct rcs_diag *diag)
{
    int sites[2];
    enum rcs_err err = find_sites(sim, a, b, sites, diag);
    if (err == RCS_OK) {
        err = check_latency(low, high, diag);
    }
    if (err == RCS_OK) {
        observe_latency(sim, low, high);
        *rule =
            rcs_network_set_latency(&sim->net, (unsigned)sites[0], (unsigned)sites[1], low, high);
    }
    return err;
}

enum rcs_err rcs_sim_latency(struct rcs_sim *sim, const char *a, const char *b, rcs_us low,
                             rcs_us high, struct rcs_diag *diag)
{
    unsigned rule;
    return rcs_sim_latency_rule(sim, a, b, low, high, &rule, diag);
}

enum rcs_err rcs_sim_latency_change(struct rcs_sim *sim, unsigned rule, rcs_us low, rcs_us high,
                                    struct rcs_diag *diag)
{
    enum rcs_err err = check_latency(low, high, diag);
    if (err == RCS_OK) {
        observe_latency(sim, low, high);
        rcs_network_change_latency(&sim->net, rule, low, high);
    }
    return err;
}

void rcs_sim_latency_end(struct rcs_sim *sim, unsigned rule)
{
    rcs_observe_fault(sim, "latency-end", NULL, 0, NULL, 0, rule);
    rcs_network_end_rule(&sim->net, rule);
}

/* --- what else lies between sites ------------------------------------------------------------- */

#define LOSS_MAX 10000
#define RATE_MIN UINT64_C(1000)
#define RATE_MAX UINT64_C(1000000000000)

/* clang-format off */
static const struct {
    const char *name, *end_name; /* in the trace */
    enum rcs_path_property property;
} path_faults[] = {
    [RCS_PATH_FAULT_LOSS]      = { "loss",      "loss-end",      RCS_PATH_LOSS },
    [RCS_PATH_FAULT_BANDWIDTH] = { "bandwidth", "bandwidth-end", RCS_PATH_RATE },
    [RCS_PATH_FAULT_LINK]      = { "link",      "link-end",      RCS_PATH_KIND },
};
/* clang-format on */

static enum rcs_err check_path(enum rcs_path_fault what, uint64_t value, struct rcs_diag *diag)
{
    if (what == RCS_PATH_FAULT_LOSS && value > LOSS_MAX) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0, "a loss is at most %d of 10000 segments",
                            LOSS_MAX);
    }
    if (what == RCS_PATH_FAULT_BANDWIDTH && (value < RATE_MIN || value > RATE_MAX)) {
        return rcs_diag_set(diag, RCS_ERR_RANGE, 0, 0, "a bandwidth is %llu to %llu bits a second",
                            (unsigned long long)RATE_MIN, (unsigned long long)RATE_MAX);
    }
    return RCS_OK;
}

enum rcs_err rcs_sim_path_rule(struct rcs_sim *sim, enum rcs_path_fault what, const char *a,
                               const char *b, uint64_t value, unsigned *rule, struct rcs_diag *diag)
{
    int sites[2];
    enum rcs_err err = find_sites(sim, a, b, sites, diag);
    if (err == RCS_OK) {
        err = check_path(what, value, diag);
    }
    if (err == RCS_OK) {
        rcs_observe_fault(sim, path_faults[what].name, NULL, 0, NULL, 0, (int64_t)value);
        *rule = rcs_network_add_rule(
            &sim->net, &(struct rcs_path_rule){ .a = (uint16_t)sites[0],
                                                .b = (uint16_t)sites[1],
                                                .property = (uint8_t)path_faults[what].property,
                                                .value = value });
    }
    return err;
}

void rcs_sim_path_end(struct rcs_sim *sim, enum rcs_path_fault what, unsigned rule)
{
    rcs_observe_fault(sim, path_faults[what].end_name, NULL, 0, NULL, 0, rule);
    rcs_network_end_rule(&sim->net, rule);
}

enum rcs_err rcs_sim_loss(struct rcs_sim *sim, const char *a, const char *b, unsigned of_10000,
                          struct rcs_diag *diag)
{
    unsigned rule;
    return rcs_sim_path_rule(sim, RCS_PATH_FAULT_LOSS, a, b, of_10000, &rule, diag);
}

enum rcs_err rcs_sim_bandwidth(struct rcs_sim *sim, const char *a, const char *b,
                               uint64_t bits_per_s, struct rcs_diag *diag)
{
    unsigned rule;
    return rcs_sim_path_rule(sim, RCS_PATH_FAULT_BANDWIDTH, a, b, bits_per_s, &rule, diag);
}

enum rcs_err rcs_sim_link(struct rcs_sim *sim, const char *a, const char *b, const char *kind,
                          struct rcs_diag *diag)
{
    unsigned rule;
    int row = rcs_sim_link_kind(kind);
    if (row < 0) {
        return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "no kind of link \"%s\" (there are: %s)",
                            kind, rcs_link_kind_names());
    }
    return rcs_sim_path_rule(sim, RCS_PATH_FAULT_LINK, a, b, (unsigned)row, &rule, diag);
}

/* --- addresses -------------------------------------------------------------------------------- */

/* Decimal digits up to `max`; moves *at behind them. */
static bool read_number(const char **at, unsigned max, unsigned *out)
{
    unsigned value = 0;
    const char *first = *at;
    while (**at >= '0' && **at <= '9' && *at - first < 6) {
        value = value * 10 + (unsigned)(**at - '0');
        (*at)++;
    }
    *out = value;
    return *at > first && value <= max && (*first != '0' || *at == first + 1);
}

bool rcs_address_read(const char *text, char ip[46], unsigned *port)
{
    const char *at = text;
    for (int i = 0; i < 4; i++) {
        unsigned part;
        if (!read_number(&at, 255, &part) || *at != (i < 3 ? '.' : ':')) {
            return false;
        }
        at++;
    }
    size_t size = (size_t)(at - text) - 1;
    memcpy(ip, text, size);
    ip[size] = '\0';
    return read_number(&at, PORT_MAX, port) && *at == '\0' && *port > 0;
}

static bool ip_taken(const struct rcs_sim *sim, const char *ip)
{
    for (unsigned i = 0; i < sim->node_count; i++) {
        if (strcmp(sim->nodes[i].ip, ip) == 0) {
            return true;
        }
    }
    return false;
}

static void write_ip(unsigned site, unsigned number, char ip[46])
{
    struct rcs_buf buf;
    rcs_buf_init(&buf);
    rcs_buf_format(&buf, "10.%u.%u.%u", site, number / 256, number % 256);
    memcpy(ip, buf.data, buf.size_bytes);
    ip[buf.size_bytes] = '\0';
    rcs_buf_close(&buf);
}

/* 10.SITE.0.K, K from 1; an address given by hand is left out. */
static void next_ip(struct rcs_sim *sim, unsigned site, char ip[46])
{
    do {
        write_ip(site, ++sim->sites[site].nodes, ip);
    } while (ip_taken(sim, ip));
}

static unsigned host_of_ip(struct rcs_sim *sim, const char *ip)
{
    for (unsigned i = 0; i < sim->node_count && !sim->own_hosts; i++) {
        if (strcmp(sim->nodes[i].ip, ip) == 0) {
            return sim->nodes[i].host;
        }
    }
    return sim->host_count++;
}

static rcs_addr intern_ip(struct rcs_sim *sim, const char *ip, unsigned port)
{
    struct rcs_address address = { .port = (uint16_t)port };
    memcpy(address.ip, ip, strlen(ip));
    return rcs_store_addr(sim->store, &address);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static bool name_fits(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= 64 && strpbrk(name, " \t\r\n\"\\") == NULL;
}

static void init_node(struct rcs_sim *sim, unsigned node, const char *name, unsigned site,
                      const char *ip, unsigned port)
{
    struct rcs_world_node *n = &sim->nodes[node];
    *n = (struct rcs_world_node){
        .wake_us = RCS_NEVER,
        .refusal_event_us = RCS_NEVER,
        .life = RCS_LIFE_NEVER_STARTED,
        .id = RCS_ID_NONE,
        .ip_addr = intern_ip(sim, ip, 0),
        .client_addr = intern_ip(sim, ip, SOURCE_PORT + node % SOURCE_PORTS),
        .config = sim->config,
        .port = (uint16_t)port,
        .bus_port = (uint16_t)(port + 10000),
        .site = site,
        .host = host_of_ip(sim, ip),
        .name = copy_text(name),
    };
    memcpy(n->ip, ip, strlen(ip));
    rcs_effects_init(&n->late);
}

int rcs_sim_add_node(struct rcs_sim *sim, const char *name, const char *site, const char *address,
                     struct rcs_diag *diag)
{
    char ip[46] = "";
    unsigned port = CLIENT_PORT;
    if (!name_fits(name)) {
        rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0,
                     "\"%s\" is no name for a node (1 to 64 characters, no blanks or quotes)",
                     name);
        return -1;
    }
    if (rcs_sim_find_node(sim, name) >= 0) {
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "there is a node \"%s\" already", name);
        return -1;
    }
    if (address != NULL && !rcs_address_read(address, ip, &port)) {
        rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0, "\"%s\" is no address (IPv4:PORT, port 1 to %d)",
                     address, PORT_MAX);
        return -1;
    }
    if (address != NULL && rcs_links_node_at(sim, ip, port) >= 0) {
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "%s is the address of node \"%s\" already", address,
                     sim->nodes[rcs_links_node_at(sim, ip, port)].name);
        return -1;
    }
    if (sim->site_count > SITES_MAX && rcs_layout_site(sim, site == NULL ? "" : site) < 0) {
        rcs_diag_set(diag, RCS_ERR_LIMIT, 0, 0,
                     "more than %d sites (their addresses are 10.SITE.x.x)", SITES_MAX);
        return -1;
    }
    unsigned site_number = find_or_add_site(sim, site == NULL ? "" : site);
    if (address == NULL) {
        next_ip(sim, site_number, ip);
    }
    sim->nodes = rcs_grow(sim->nodes, &sim->node_room, sim->node_count + 1, sizeof(sim->nodes[0]));
    sim->marked = realloc(sim->marked, (sim->node_count + 1) * sizeof(sim->marked[0]));
    RCS_ASSERT(sim->marked != NULL);
    sim->marked[sim->node_count] = false;
    init_node(sim, sim->node_count, name, site_number, ip, port);
    unsigned node = rcs_network_add_node(&sim->net, site_number);
    RCS_ASSERT(node == sim->node_count);
    sim->node_count++;
    rcs_links_forget_targets(sim);
    return (int)node;
}

int rcs_sim_find_node(const struct rcs_sim *sim, const char *name)
{
    for (unsigned i = 0; i < sim->node_count; i++) {
        if (!sim->nodes[i].removed && strcmp(sim->nodes[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int rcs_sim_node_at(const struct rcs_sim *sim, const char *ip, unsigned port)
{
    return rcs_links_node_at(sim, ip, port);
}

enum rcs_err rcs_sim_remove_node(struct rcs_sim *sim, int node, struct rcs_diag *diag)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    struct rcs_world_node *n = &sim->nodes[node];
    if (n->machine != NULL) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "\"%s\" has a process: end it first",
                            n->name);
    }
    rcs_observe_fault(sim, "remove", &node, 1, NULL, 0, 0);
    n->removed = true;
    rcs_links_forget_targets(sim);
    return RCS_OK;
}

unsigned rcs_sim_node_count(const struct rcs_sim *sim)
{
    return sim->node_count;
}

static const struct rcs_world_node *node_at(const struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    return &sim->nodes[node];
}

const char *rcs_sim_node_name(const struct rcs_sim *sim, int node)
{
    return node_at(sim, node)->name;
}

const char *rcs_sim_node_site(const struct rcs_sim *sim, int node)
{
    return sim->sites[node_at(sim, node)->site].name;
}

const char *rcs_sim_node_ip(const struct rcs_sim *sim, int node)
{
    return node_at(sim, node)->ip;
}

int rcs_sim_node_port(const struct rcs_sim *sim, int node)
{
    return node_at(sim, node)->port;
}

/* --- configuration ---------------------------------------------------------------------------- */

static enum rcs_err configure_node(struct rcs_sim *sim, unsigned node, const char *name,
                                   const char *value, struct rcs_diag *diag)
{
    struct rcs_world_node *n = &sim->nodes[node];
    enum rcs_err err = rcs_config_set(&n->config, name, value, diag);
    if (err == RCS_OK && n->machine != NULL && rcs_config_mutable(name)) {
        err = rcs_node_configure(n->machine, name, value, diag);
        sim->net.nodes[node].keepalive_s = rcs_host_keepalive_s(rcs_node_config(n->machine));
    }
    return err;
}

enum rcs_err rcs_sim_set_release(struct rcs_sim *sim, int node, const char *redis,
                                 struct rcs_diag *diag)
{
    struct rcs_world_node *n = &sim->nodes[node_at(sim, node) - sim->nodes];
    const struct rcs_profile *profile = rcs_profile_find(redis);
    if (profile == NULL) {
        return rcs_profile_refuse(redis, diag);
    }
    if (n->machine != NULL) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "\"%s\" runs %s: stop it before it becomes another release", n->name,
                            n->config.profile->title);
    }
    return rcs_config_choose(&n->config, profile, diag);
}

const char *rcs_sim_release(const struct rcs_sim *sim, int node)
{
    return (node < 0 ? &sim->config : &node_at(sim, node)->config)->profile->title;
}

enum rcs_err rcs_sim_configure(struct rcs_sim *sim, int node, const char *name, const char *value,
                               struct rcs_diag *diag)
{
    RCS_ASSERT(node >= -1 && node < (int)sim->node_count);
    if (strcmp(name, "port") == 0) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "a node's port is part of its address: give that instead");
    }
    struct rcs_config trial = sim->config; /* a value that is refused changes nothing anywhere */
    enum rcs_err err = rcs_config_set(&trial, name, value, diag);
    if (err != RCS_OK) {
        return err;
    }
    if (node >= 0) {
        return configure_node(sim, (unsigned)node, name, value, diag);
    }
    sim->config = trial;
    for (unsigned i = 0; i < sim->node_count && err == RCS_OK; i++) {
        err = configure_node(sim, i, name, value, diag);
    }
    return err;
}
