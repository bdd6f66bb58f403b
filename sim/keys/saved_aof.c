#include "sim/keys/saved_aof.h"

#include <stdio.h>
#include <string.h>

#include "sim/pure.h"

#define VERSION_FOLDER 10 /* files of Redis 7.0 */
#define MS_PER_S       1000
#define RDB_MAGIC      "REDIS"

static const char select_0[] = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";

/* --- to files --------------------------------------------------------------------------------- */

static void name_part(char *out, const struct rcs_aof_part *part, const char *filename, bool rdb,
                      struct rcs_aof_manifest *manifest)
{
    struct rcs_aof_part named = *part;
    bool fits = rcs_aof_part_name(&named, filename, rdb);
    RCS_ASSERT(fits);
    memcpy(out, named.name, sizeof(named.name));
    rcs_aof_manifest_add(manifest, &named);
}

static void make_folder(struct rcs_aof_files *files, const struct rcs_saved_aof *saved,
                        const char *filename)
{
    struct rcs_aof_manifest manifest;
    struct rcs_aof_part base = { .sequence = saved->base, .type = RCS_AOF_BASE };
    struct rcs_aof_part incr = { .sequence = saved->incr, .type = RCS_AOF_INCR };
    rcs_aof_manifest_init(&manifest);
    name_part(files->base_name, &base, filename, true, &manifest);
    name_part(files->incr_name, &incr, filename, false, &manifest);
    rcs_aof_manifest_write(&manifest, &files->manifest);
    rcs_aof_manifest_close(&manifest);
    int length = snprintf(files->manifest_name, sizeof(files->manifest_name), "%s%s", filename,
                          RCS_AOF_MANIFEST_ENDS);
    RCS_ASSERT(length > 0 && (size_t)length < sizeof(files->manifest_name));
}

void rcs_aof_files_init(struct rcs_aof_files *files, const struct rcs_saved_aof *saved,
                        const char *filename, const struct rcs_rdb_info *info)
{
    RCS_ASSERT(saved->data != NULL && strlen(filename) <= 200);
    *files = (struct rcs_aof_files){ .in_folder = info->version >= VERSION_FOLDER };
    struct rcs_rdb_info base = *info;
    base.aof_base = true;
    base.created_s = saved->base_wall_ms / MS_PER_S; /* though the data are those of now */
    base.replid[0] = '\0';
    rcs_snapshot_write_rdb(saved->data, &base, &files->base);
    if (files->in_folder) {
        make_folder(files, saved, filename);
    } else {
        memcpy(files->base_name, filename, strlen(filename) + 1);
    }
    if (saved->written) {
        rcs_buf_text(files->in_folder ? &files->incr : &files->base, select_0);
    }
}

void rcs_aof_files_close(struct rcs_aof_files *files)
{
    rcs_buf_close(&files->base);
    rcs_buf_close(&files->incr);
    rcs_buf_close(&files->manifest);
}

/* --- from files: commands --------------------------------------------------------------------- */

struct loading {
    const struct rcs_aof_source *source;
    struct rcs_saved_aof *out;
    struct rcs_buf bytes; /* of the file that is read */
    const char *name;
    bool last, cut;
    struct rcs_diag *diag;
};

static enum rcs_err refuse(const struct loading *l, enum rcs_err err, const char *what)
{
    return rcs_diag_set(l->diag, err, 0, 0, "%s", what);
}

/* The file an error is about. */
static void name_source(const struct loading *l, enum rcs_err err)
{
    if (err != RCS_OK && l->diag != NULL) {
        snprintf(l->diag->source, sizeof(l->diag->source), "%.*s", (int)sizeof(l->diag->source) - 1,
                 l->name);
    }
}

static bool selects_0(unsigned argc, const struct rcs_arg *args)
{
    return argc == 2 && args[0].size_bytes == 6 && memcmp(args[0].bytes, "SELECT", 6) == 0 &&
           args[1].size_bytes == 1 && args[1].bytes[0] == '0';
}

static enum rcs_err carry_out(const struct loading *l, unsigned argc, const struct rcs_arg *args)
{
    if (l->source->replay != NULL) {
        return l->source->replay->command(l->source->replay->arg, argc, args, l->diag);
    }
    return selects_0(argc, args)
               ? RCS_OK
               : refuse(l, RCS_ERR_UNKNOWN,
                        "it holds commands; without a node to carry them out only files that "
                        "rcsim wrote can be loaded");
}

/* How much of the commands can be loaded: all, or up to where the last file is cut. */
static enum rcs_err measure(struct loading *l, const char *bytes, size_t size_bytes,
                            size_t *whole_bytes)
{
    struct rcs_aof_reader reader;
    const struct rcs_arg *args;
    unsigned argc;
    enum rcs_err err;
    rcs_aof_reader_init(&reader, bytes, size_bytes);
    do {
        err = rcs_aof_reader_next(&reader, &args, &argc, l->diag);
    } while (err == RCS_OK && argc > 0);
    *whole_bytes = err == RCS_OK ? size_bytes : reader.whole_bytes;
    rcs_aof_reader_close(&reader);
    if (err == RCS_MORE && l->last && l->source->load_truncated) {
        l->cut = true;
        return RCS_OK;
    }
    return err;
}

static enum rcs_err replay(struct loading *l, const char *bytes, size_t size_bytes)
{
    struct rcs_aof_reader reader;
    const struct rcs_arg *args;
    unsigned argc;
    enum rcs_err err;
    rcs_aof_reader_init(&reader, bytes, size_bytes);
    do {
        err = rcs_aof_reader_next(&reader, &args, &argc, l->diag);
        if (err == RCS_OK && argc > 0) {
            err = carry_out(l, argc, args);
        }
    } while (err == RCS_OK && argc > 0);
    rcs_aof_reader_close(&reader);
    return err;
}

static enum rcs_err load_commands(struct loading *l, const char *bytes, size_t size_bytes)
{
    const struct rcs_aof_replay *hook = l->source->replay;
    size_t whole_bytes;
    enum rcs_err err = measure(l, bytes, size_bytes, &whole_bytes);
    if (err != RCS_OK || whole_bytes == 0) {
        return err;
    }
    if (hook != NULL) {
        hook->begin(hook->arg, l->out->data);
    }
    err = replay(l, bytes, whole_bytes);
    if (hook != NULL) {
        rcs_snapshot_release(l->out->data);
        l->out->data = hook->end(hook->arg);
    }
    return err;
}

/* --- from files: one file, all files ---------------------------------------------------------- */

static struct rcs_snapshot *no_keys(void)
{
    struct rcs_keyspace *keys = rcs_keyspace_new();
    struct rcs_snapshot *snapshot = rcs_keyspace_snapshot(keys, 0);
    rcs_keyspace_free(keys);
    return snapshot;
}

/* The RDB file a base begins with. */
static enum rcs_err load_rdb(struct loading *l, size_t *used)
{
    struct rcs_snapshot *data;
    struct rcs_rdb_info info;
    enum rcs_err err = rcs_snapshot_read_rdb(l->bytes.data, l->bytes.size_bytes, l->source->version,
                                             l->source->limits, &data, &info, used, l->diag);
    if (err == RCS_OK) {
        rcs_snapshot_release(l->out->data);
        l->out->data = data;
        l->out->base_keys = data->keys;
        l->out->base_wall_ms = data->created_wall_ms;
    }
    return err;
}

static bool is_rdb(const struct rcs_buf *bytes)
{
    return bytes->size_bytes >= strlen(RDB_MAGIC) &&
           memcmp(bytes->data, RDB_MAGIC, strlen(RDB_MAGIC)) == 0;
}

static enum rcs_err load_file(struct loading *l, bool *has_commands)
{
    size_t used = 0;
    *has_commands = false;
    if (is_rdb(&l->bytes)) {
        enum rcs_err err = load_rdb(l, &used);
        if (err != RCS_OK) {
            return err;
        }
    }
    if (used == l->bytes.size_bytes) {
        return RCS_OK;
    }
    *has_commands = true;
    return load_commands(l, l->bytes.data + used, l->bytes.size_bytes - used);
}

static enum rcs_err load_part(struct loading *l, const struct rcs_aof_part *part)
{
    bool has_commands;
    l->name = part->name;
    rcs_buf_clear(&l->bytes);
    if (!l->source->read(l->source->read_arg, part->name, &l->bytes)) {
        return refuse(l, RCS_ERR_IO, "the manifest names it, but it is not there");
    }
    enum rcs_err err = load_file(l, &has_commands);
    if (part->type == RCS_AOF_BASE) {
        l->out->base = (uint32_t)part->sequence;
    } else {
        l->out->incr = (uint32_t)part->sequence;
        l->out->written |= has_commands;
    }
    return err;
}

/* Of the parts those that are loaded; history waits to be deleted. */
static unsigned count_loaded(const struct rcs_aof_manifest *manifest)
{
    unsigned count = 0;
    for (unsigned i = 0; i < manifest->count; i++) {
        count += manifest->parts[i].type != RCS_AOF_HISTORY;
    }
    return count;
}

/* The base first, wherever it stands (Redis 7.0 loadAppendOnlyFiles). */
static enum rcs_err load_parts(struct loading *l, const struct rcs_aof_manifest *manifest)
{
    const struct rcs_aof_part *base = rcs_aof_manifest_base(manifest);
    unsigned left = count_loaded(manifest);
    enum rcs_err err = RCS_OK;
    if (base != NULL) {
        l->last = --left == 0;
        err = load_part(l, base);
    }
    for (unsigned i = 0; i < manifest->count && err == RCS_OK; i++) {
        if (manifest->parts[i].type == RCS_AOF_INCR) {
            l->last = --left == 0;
            err = load_part(l, &manifest->parts[i]);
        }
    }
    return err;
}

static enum rcs_err check_numbers(const struct loading *l, const struct rcs_aof_manifest *manifest)
{
    for (unsigned i = 0; i < manifest->count; i++) {
        if (manifest->parts[i].sequence > UINT32_MAX) {
            return refuse(l, RCS_ERR_LIMIT, "a file's number is above 4294967295");
        }
    }
    return RCS_OK;
}

/* Without a manifest there is no append-only file. */
static enum rcs_err load_folder(struct loading *l, bool *found)
{
    char name[RCS_AOF_NAME_MAX_BYTES + 1];
    struct rcs_aof_manifest manifest;
    snprintf(name, sizeof(name), "%s%s", l->source->filename, RCS_AOF_MANIFEST_ENDS);
    l->name = name;
    *found = l->source->read(l->source->read_arg, name, &l->bytes);
    if (!*found) {
        return RCS_OK;
    }
    rcs_aof_manifest_init(&manifest);
    enum rcs_err err =
        rcs_aof_manifest_read(&manifest, l->bytes.data, l->bytes.size_bytes, l->diag);
    if (err == RCS_OK) {
        err = check_numbers(l, &manifest);
    }
    if (err == RCS_OK) {
        err = load_parts(l, &manifest);
    }
    name_source(l, err);
    rcs_aof_manifest_close(&manifest);
    return err;
}

/* Before 7.0. */
static enum rcs_err load_one_file(struct loading *l, bool *found)
{
    bool has_commands;
    l->name = l->source->filename;
    l->last = true;
    *found = l->source->read(l->source->read_arg, l->name, &l->bytes);
    if (!*found) {
        return RCS_OK;
    }
    l->out->base = is_rdb(&l->bytes) ? 1 : 0;
    l->out->incr = 1;
    enum rcs_err err = load_file(l, &has_commands);
    l->out->written = has_commands;
    name_source(l, err);
    return err;
}

enum rcs_err rcs_saved_aof_read(const struct rcs_aof_source *source, struct rcs_saved_aof *out,
                                bool *cut, struct rcs_diag *diag)
{
    struct loading l = { .source = source, .out = out, .diag = diag };
    bool found;
    rcs_buf_init(&l.bytes);
    *out = (struct rcs_saved_aof){ .data = no_keys() };
    enum rcs_err err =
        (source->version >= VERSION_FOLDER ? load_folder : load_one_file)(&l, &found);
    if (err != RCS_OK || !found) {
        rcs_snapshot_release(out->data);
        *out = (struct rcs_saved_aof){ .data = NULL };
    }
    if (cut != NULL) {
        *cut = l.cut;
    }
    rcs_buf_close(&l.bytes);
    return err;
}
