#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/conf_text.h"
#include "sim/node/config.h"
#include "sim/uv/standin_parts.h"
#include "sim/world/world.h"

#define PORT_MAX 55535 /* the bus port is 10000 above it */

/* What is being read. */
struct reading {
    struct standin_conf *out;
    struct rcs_config config; /* a copy to try values on */
    struct rcs_buf value;     /* of the directive at hand, NUL behind it */
    struct rcs_buf save;      /* of all `save` lines */
    bool has_save;
    unsigned line;
    struct rcs_diag *diag;
};

static enum rcs_err refuse(const struct reading *r, enum rcs_err err, const char *text)
{
    return rcs_diag_set(r->diag, err, (int)r->line, 1, "%s", text);
}

/* A value longer than a path or a name can be. */
static enum rcs_err keep(const struct reading *r, char *to, size_t room)
{
    if (r->value.size_bytes > room) {
        return refuse(r, RCS_ERR_LIMIT, "the value is too long");
    }
    memcpy(to, r->value.data, r->value.size_bytes);
    return RCS_OK;
}

static enum rcs_err take_file(struct reading *r, char *to, size_t room)
{
    if (strchr(r->value.data, '/') != NULL) { /* as CONFIG says it of dbfilename */
        return refuse(r, RCS_ERR_RANGE, "it can't be a path, just a filename");
    }
    return keep(r, to, room);
}

static enum rcs_err take_port(struct reading *r)
{
    int64_t port;
    if (!rcs_decimal_read(r->value.data, r->value.size_bytes - 1, &port) || port < 0 ||
        port > 65535) {
        return refuse(r, RCS_ERR_RANGE, "argument must be between 0 and 65535 inclusive");
    }
    if (port == 0 || port > PORT_MAX) {
        return refuse(r, RCS_ERR_RANGE, "a virtual node needs a port from 1 to 55535");
    }
    r->out->port = (unsigned)port;
    return RCS_OK;
}

/* Each `dir` is entered as it is read. */
static enum rcs_err take_dir(struct reading *r)
{
    char *dir = r->out->dir;
    size_t len = strlen(dir), size = r->value.size_bytes;
    if (r->value.data[0] == '/') {
        return keep(r, dir, sizeof(r->out->dir));
    }
    if (len + 1 + size > sizeof(r->out->dir)) {
        return refuse(r, RCS_ERR_LIMIT, "the path is too long");
    }
    dir[len] = '/';
    memcpy(dir + len + 1, r->value.data, size);
    return RCS_OK;
}

static enum rcs_err take_cluster(struct reading *r)
{
    r->out->cluster = strcmp(r->value.data, "yes") == 0;
    return r->out->cluster || strcmp(r->value.data, "no") == 0
               ? RCS_OK
               : refuse(r, RCS_ERR_RANGE, "argument must be 'yes' or 'no'");
}

/* Lines add up; an empty one forgets those before. */
static enum rcs_err take_save(struct reading *r)
{
    r->has_save = true;
    if (r->value.size_bytes == 1) {
        rcs_buf_clear(&r->save);
        return RCS_OK;
    }
    rcs_buf_text(&r->save, r->save.size_bytes > 0 ? " " : "");
    rcs_buf_add(&r->save, r->value.data, r->value.size_bytes - 1);
    return RCS_OK;
}

static enum rcs_err take_conf_file(struct reading *r)
{
    return keep(r, r->out->conf_file, sizeof(r->out->conf_file));
}

static enum rcs_err take_dump_file(struct reading *r)
{
    return take_file(r, r->out->dump_file, sizeof(r->out->dump_file));
}

static enum rcs_err take_aof_dir(struct reading *r)
{
    return take_file(r, r->out->aof_dir, sizeof(r->out->aof_dir));
}

static enum rcs_err take_aof_file(struct reading *r)
{
    return take_file(r, r->out->aof_file, sizeof(r->out->aof_file));
}

static enum rcs_err refuse_master(struct reading *r)
{
    return refuse(r, RCS_ERR_UNKNOWN,
                  "replicaof directive not allowed in cluster mode; rcsim models replicas in no "
                  "other");
}

static enum rcs_err refuse_include(struct reading *r)
{
    return refuse(r, RCS_ERR_UNKNOWN, "included files are read by who adds the node");
}

/* Directives that say something about the process and its files. */
static const struct {
    const char *name;
    bool shown; /* CONFIG GET shows it: the node gets it, too */
    enum rcs_err (*take)(struct reading *r);
} own[] = {
    { "port", false, take_port },
    { "dir", false, take_dir },
    { "save", false, take_save },
    { "cluster-enabled", false, take_cluster },
    { "cluster-config-file", true, take_conf_file },
    { "dbfilename", true, take_dump_file },
    { "appenddirname", true, take_aof_dir },
    { "appendfilename", true, take_aof_file },
    { "replicaof", false, refuse_master },
    { "slaveof", false, refuse_master },
    { "include", false, refuse_include },
};

static void add_directive(struct rcs_buf *out, const char *name, const char *value, size_t size)
{
    rcs_buf_format(out, " %s ", name);
    rcs_conf_quote(out, value, size);
}

static void note(struct reading *r, const char *name, const char *why)
{
    rcs_buf_format(&r->out->notes, "line %u: %s: %s; passed over\n", r->line, name, why);
}

/* One of the node's: known and good, known and bad, or not modelled. */
static enum rcs_err take_directive(struct reading *r, const char *name)
{
    char reason[RCS_CONFIG_REASON_BYTES];
    if (!rcs_config_known(name)) {
        note(r, name,
             rcs_config_exists(&r->config, name) ? "not modelled" : "no directive known here");
        return RCS_OK;
    }
    enum rcs_err err = rcs_config_try(&r->config, name, r->value.data, reason);
    if (err == RCS_OK) {
        add_directive(&r->out->directives, name, r->value.data, r->value.size_bytes - 1);
    } else if (err == RCS_ERR_UNKNOWN || strncmp(reason, "rcsim ", 6) == 0) {
        note(r, name, reason); /* a server would take it */
    } else {
        return refuse(r, err, reason);
    }
    return RCS_OK;
}

static enum rcs_err take_line(struct reading *r, const struct resp_args *words)
{
    char name[64];
    size_t size = words->list[0].size_bytes;
    snprintf(name, sizeof(name), "%.*s", (int)(size < 63 ? size : 63), words->list[0].bytes);
    rcs_buf_clear(&r->value);
    for (uint32_t i = 1; i < words->count; i++) {
        rcs_buf_text(&r->value, i > 1 ? " " : "");
        rcs_buf_add(&r->value, words->list[i].bytes, words->list[i].size_bytes);
    }
    rcs_buf_add(&r->value, "", 1);
    if (words->count < 2) {
        return refuse(r, RCS_ERR_SYNTAX, "wrong number of arguments");
    }
    if (strlen(r->value.data) + 1 != r->value.size_bytes) {
        return refuse(r, RCS_ERR_SYNTAX, "a value with a NUL in it");
    }
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (strcmp(own[i].name, name) == 0) {
            enum rcs_err err = own[i].take(r);
            return err == RCS_OK && own[i].shown ? take_directive(r, name) : err;
        }
    }
    return take_directive(r, name);
}

static enum rcs_err take_lines(struct reading *r, const struct rcs_arg *text)
{
    struct conf_reader reader;
    enum rcs_err err = RCS_OK;
    rcs_conf_reader_init(&reader, text->bytes, text->size_bytes);
    do {
        bool good = rcs_conf_reader_next(&reader);
        r->line = reader.line;
        err = !good ? refuse(r, RCS_ERR_SYNTAX, "Unbalanced quotes in configuration line")
              : reader.args.count > 0 ? take_line(r, &reader.args)
                                      : RCS_OK;
    } while (err == RCS_OK && reader.args.count > 0);
    rcs_conf_reader_close(&reader);
    return err;
}

static enum rcs_err finish(struct reading *r)
{
    /* Virtual nodes are of a cluster unless told otherwise, servers are not. */
    rcs_buf_format(&r->out->directives, " cluster-enabled %s", r->out->cluster ? "yes" : "no");
    if (r->has_save) {
        rcs_buf_clear(&r->value);
        rcs_buf_add(&r->value, r->save.data, r->save.size_bytes);
        rcs_buf_add(&r->value, "", 1);
        enum rcs_err err = take_directive(r, "save");
        if (err != RCS_OK) {
            return err;
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_standin_conf_read(struct standin_conf *out, const struct rcs_sim *sim,
                                   const struct rcs_arg *cwd, const struct rcs_arg *text,
                                   struct rcs_diag *diag)
{
    struct reading r = { .out = out, .config = *rcs_sim_config(sim, -1), .diag = diag };
    *out = (struct standin_conf){ .port = 6379,
                                  .conf_file = "nodes.conf",
                                  .dump_file = "dump.rdb",
                                  .aof_dir = RCS_AOF_DIRNAME,
                                  .aof_file = RCS_AOF_FILENAME };
    if (cwd->size_bytes == 0 || cwd->bytes[0] != '/' || cwd->size_bytes >= sizeof(out->dir)) {
        return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0,
                            "the directory a node is started in is a path from / on");
    }
    memcpy(out->dir, cwd->bytes, cwd->size_bytes);
    rcs_buf_init(&out->directives);
    rcs_buf_init(&out->notes);
    rcs_buf_init(&r.value);
    rcs_buf_init(&r.save);
    enum rcs_err err = take_lines(&r, text);
    err = err == RCS_OK ? finish(&r) : err;
    rcs_buf_close(&r.value);
    rcs_buf_close(&r.save);
    if (err != RCS_OK) {
        rcs_standin_conf_close(out);
    }
    return err;
}

void rcs_standin_conf_close(struct standin_conf *conf)
{
    rcs_buf_close(&conf->directives);
    rcs_buf_close(&conf->notes);
}
