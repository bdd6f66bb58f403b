/* NODE ADD: a node with the configuration, the port and the files of a redis-server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/conf_text.h"
#include "sim/uv/standin_parts.h"
#include "sim/world/world.h"

/* --- its port --------------------------------------------------------------------------------- */

/* Opens the port for a moment: whether it could be had. */
static void on_probe_closed(uv_handle_t *handle)
{
    struct rcs_serve *serve = handle->data;
    free(handle);
    rcs_serve_closed(serve);
}

static void on_probe(uv_stream_t *stream, int status)
{
    (void)stream;
    (void)status;
}

static int probe_port(struct rcs_serve *serve, unsigned port)
{
    uv_tcp_t *tcp = malloc(sizeof(*tcp));
    RCS_ASSERT(tcp != NULL);
    int err = uv_tcp_init(serve->loop, tcp);
    if (err < 0) {
        free(tcp);
        return err;
    }
    tcp->data = serve;
    serve->open++;
    err = rcs_serve_listen(tcp, serve->bind, port, on_probe);
    uv_close((uv_handle_t *)tcp, on_probe_closed);
    return err;
}

/* Those whose program has left without our having heard of it make room for their successors. */
static void drop_left(struct rcs_serve *serve)
{
    struct rcs_standin *next;
    for (struct rcs_standin *s = serve->standins; s != NULL; s = next) {
        next = s->next;
        if (s->node >= 0 && rcs_control_port_left(serve, s->client)) {
            rcs_standin_drop(s);
        }
    }
}

static bool port_is_free(struct rcs_serve *serve, unsigned port, struct rcs_diag *diag)
{
    int node = rcs_sim_node_at(serve->sim, serve->bind, port);
    if (node >= 0) {
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                     "Could not create server TCP listening socket %s:%u: it belongs to %s",
                     serve->bind, port, rcs_sim_node_name(serve->sim, node));
        return false;
    }
    int err = probe_port(serve, port);
    if (err < 0) {
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                     "Could not create server TCP listening socket %s:%u: bind: %s", serve->bind,
                     port, uv_strerror(err));
    }
    return err >= 0;
}

/* --- its files -------------------------------------------------------------------------------- */

/* Redis 7.0 clusterLockConfig */
static bool conf_is_free(const struct rcs_standin *s, struct rcs_diag *diag)
{
    for (const struct rcs_standin *o = s->serve->standins; o != NULL; o = o->next) {
        if (o != s && o->node >= 0 && o->disk.dev == s->disk.dev && o->disk.ino == s->disk.ino &&
            strcmp(o->disk.conf_file, s->disk.conf_file) == 0) {
            rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                         "Sorry, the cluster configuration file %s is already used by a different "
                         "Redis Cluster node. Please make sure that different nodes use different "
                         "cluster configuration files.",
                         s->disk.conf_file);
            return false;
        }
    }
    return true;
}

static bool give_file(struct rcs_standin *s, enum rcs_disk_file file, const struct rcs_buf *bytes,
                      const char *numbers, struct rcs_diag *diag)
{
    rcs_buf_clear(&s->to);
    rcs_buf_format(&s->to, "put %s %s ", s->name, rcs_disk_file_name(file));
    rcs_conf_quote(&s->to, bytes->data, bytes->size_bytes);
    rcs_buf_text(&s->to, numbers);
    return rcs_standin_give(s, diag);
}

static bool good(const struct rcs_diag *diag)
{
    return diag->text[0] == '\0';
}

/* What lies in the directory goes onto the node's disk. */
static bool find_files(struct rcs_standin *s, struct rcs_diag *diag)
{
    struct rcs_buf bytes;
    char numbers[32];
    uint32_t base = 1, incr = 1;
    bool cut = false;
    rcs_buf_init(&bytes);
    diag->text[0] = '\0';
    const struct rcs_config *config = rcs_sim_config(s->serve->sim, s->node);
    if (config->cluster_enabled && rcs_standin_disk_conf(&s->disk, &bytes, diag) &&
        bytes.size_bytes > 0) {
        (void)give_file(s, RCS_DISK_CONF, &bytes, "", diag);
    }
    rcs_buf_clear(&bytes);
    if (good(diag) && rcs_standin_disk_dump(&s->disk, &bytes, diag)) {
        (void)give_file(s, RCS_DISK_DUMP, &bytes, "", diag);
    }
    rcs_buf_clear(&bytes);
    if (good(diag) && config->appendonly &&
        rcs_disk_read_aof(s->serve->sim, s->node, s->disk.aof_file, rcs_standin_disk_aof, &s->disk,
                          &bytes, &base, &incr, &cut, diag) == RCS_OK &&
        bytes.size_bytes > 0) {
        snprintf(numbers, sizeof(numbers), " %u %u", base, incr);
        (void)give_file(s, RCS_DISK_AOF, &bytes, numbers, diag);
        s->disk.aof_found = !cut;
    }
    rcs_buf_close(&bytes);
    for (unsigned i = 0; i < RCS_DISK_FILES; i++) {
        s->disk.seen[i] = rcs_disk_changes(s->serve->sim, s->node, (enum rcs_disk_file)i);
    }
    return good(diag);
}

/* --- the node --------------------------------------------------------------------------------- */

static bool lay_out(struct rcs_standin *s, const struct standin_conf *conf, struct rcs_diag *diag)
{
    s->port = conf->port;
    snprintf(s->name, sizeof(s->name), "redis-%u", conf->port);
    rcs_buf_clear(&s->to);
    rcs_buf_format(&s->to, "node %s %s:%u absent", s->name, s->serve->bind, conf->port);
    if (s->pid > 0) {
        rcs_buf_format(&s->to, " pid %lld", (long long)s->pid);
    }
    rcs_buf_add(&s->to, conf->directives.data, conf->directives.size_bytes);
    rcs_buf_text(&s->to, " dir ");
    rcs_conf_quote(&s->to, s->disk.path, strlen(s->disk.path));
    if (!rcs_standin_give(s, diag)) {
        return false;
    }
    s->node = rcs_sim_find_node(s->serve->sim, s->name);
    rcs_disk_follow_aof(s->serve->sim, s->node);
    s->file = RCS_CONF_FILE_GOOD;
    rcs_standin_look_at_file(s);
    return true;
}

static void tell_notes(struct rcs_standin *s, const struct standin_conf *conf)
{
    const char *at = conf->notes.data;
    for (size_t left = conf->notes.size_bytes; left > 0;) {
        size_t size = (size_t)((const char *)memchr(at, '\n', left) - at);
        fprintf(stderr, "rcsim: redis-%u: %.*s\n", conf->port, (int)size, at);
        if (s->wants_log) {
            rcs_standin_push(s, "+LOG # %.*s", (int)size, at);
        }
        at += size + 1;
        left -= size + 1;
    }
}

bool rcs_standin_start(struct rcs_standin *s, const struct rcs_arg *file,
                       const struct standin_conf *conf, struct rcs_diag *diag)
{
    tell_notes(s, conf);
    drop_left(s->serve);
    if (!port_is_free(s->serve, conf->port, diag) ||
        rcs_standin_disk_open(&s->disk, s->serve->options.disk, conf, file, diag) != RCS_OK) {
        return false;
    }
    bool begun = (!conf->cluster || conf_is_free(s, diag)) && lay_out(s, conf, diag) &&
                 find_files(s, diag) && rcs_standin_order(s, "start", diag) &&
                 rcs_serve_look_at_ports(s->serve) == 0;
    if (begun) {
        rcs_standin_disk_save(&s->disk, s->serve->sim, s->node);
        return true;
    }
    if (rcs_standin_lives(s)) { /* somebody else was faster with the port */
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0, "port %u cannot be opened", conf->port);
        (void)rcs_standin_order(s, "kill", NULL);
    }
    if (s->node >= 0) {
        rcs_disk_aof_taken(s->serve->sim, s->node); /* nothing of this is written */
        for (unsigned i = 0; i < RCS_DISK_FILES; i++) {
            s->disk.seen[i] = rcs_disk_changes(s->serve->sim, s->node, (enum rcs_disk_file)i);
        }
        rcs_standin_remove(s);
    }
    rcs_standin_disk_close(&s->disk);
    return false;
}
