/* The directories of stand-in nodes. Whatever a path or a link says, nothing outside the root is
 * read or written: a directory is opened, then asked where it is, and files are reached through it
 * by plain names only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/node/config_rewrite.h"
#include "sim/uv/standin_parts.h"

#define READ_BYTES 65536

/* --- directories ------------------------------------------------------------------------------ */

/* Where an open directory is; false: that cannot be found out. */
static bool path_of(int dir, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    path[size > 0 ? size : 0] = '\0';
    return size > 0 && path[0] == '/';
}

static bool lies_below(const char *path, const char *root)
{
    size_t size = strlen(root);
    return strncmp(path, root, size) == 0 &&
           (path[size] == '\0' || path[size] == '/' || root[size - 1] == '/');
}

/* -1 and `diag`: it is not there, or not below the root. */
static int open_below(const char *root, int from, const char *path, char real[PATH_MAX],
                      struct rcs_diag *diag)
{
    char top[PATH_MAX];
    int dir = openat(from, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) { /* as a server says it */
        rcs_diag_set(diag, RCS_ERR_IO, 0, 0, "Can't chdir to '%.200s': %s", path, strerror(errno));
        return -1;
    }
    if (realpath(root, top) == NULL || !path_of(dir, real) || !lies_below(real, top)) {
        close(dir);
        rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                     "'%.200s' does not lie below the directory that rcsim serve --disk names",
                     path);
        return -1;
    }
    return dir;
}

static enum rcs_err open_conf_dir(struct standin_disk *out, const char *root, const char *file,
                                  struct rcs_diag *diag)
{
    char path[PATH_MAX], real[PATH_MAX];
    struct stat at;
    const char *slash = strrchr(file, '/'), *name = slash == NULL ? file : slash + 1;
    snprintf(path, sizeof(path), "%.*s", slash == NULL ? 1 : (int)(slash - file + 1),
             slash == NULL ? "." : file);
    if (name[0] == '\0' || strlen(name) >= sizeof(out->conf_file) - 32) {
        return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0, "cluster-config-file \"%.200s\": no file",
                            file);
    }
    snprintf(out->conf_file, sizeof(out->conf_file), "%s", name);
    out->conf_dir = open_below(root, out->dir, path, real, diag);
    if (out->conf_dir < 0) {
        return RCS_ERR_IO;
    }
    if (fstat(out->conf_dir, &at) == 0) {
        out->dev = at.st_dev;
        out->ino = at.st_ino;
    }
    return RCS_OK;
}

/* Whether the directory a path lies in is one below the root; opens it. */
static int open_parent(const char *root, const char *path, struct rcs_diag *diag)
{
    char parent[PATH_MAX], real[PATH_MAX];
    snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path) + 1, path);
    return open_below(root, AT_FDCWD, parent, real, diag);
}

static void set_file(struct standin_disk *out, const char *root, const struct rcs_arg *file)
{
    struct rcs_diag diag;
    bool fits = file->size_bytes > 0 && file->bytes[0] == '/' &&
                file->size_bytes < sizeof(out->file) &&
                memchr(file->bytes, '\0', file->size_bytes) == NULL;
    snprintf(out->file, sizeof(out->file), "%.*s", fits ? (int)file->size_bytes : 0, file->bytes);
    int dir = fits ? open_parent(root, out->file, &diag) : -1;
    out->file_below = dir >= 0;
    if (dir >= 0) {
        close(dir);
    }
}

enum rcs_err rcs_standin_disk_open(struct standin_disk *out, const char *root,
                                   const struct standin_conf *conf, const struct rcs_arg *file,
                                   struct rcs_diag *diag)
{
    *out = (struct standin_disk){ .dir = -1, .conf_dir = -1, .aof = -1, .port = conf->port };
    if (root == NULL) {
        return rcs_diag_set(diag, RCS_ERR_STATE, 0, 0,
                            "no real directory may be touched: start rcsim serve with --disk DIR, "
                            "of which '%.200s' is a part",
                            conf->dir);
    }
    memcpy(out->dump_file, conf->dump_file, sizeof(out->dump_file));
    memcpy(out->aof_dir, conf->aof_dir, sizeof(out->aof_dir));
    memcpy(out->aof_file, conf->aof_file, sizeof(out->aof_file));
    out->dir = open_below(root, AT_FDCWD, conf->dir, out->path, diag);
    enum rcs_err err = out->dir < 0 ? RCS_ERR_IO : open_conf_dir(out, root, conf->conf_file, diag);
    if (err != RCS_OK) {
        rcs_standin_disk_close(out);
        return err;
    }
    out->root = root;
    set_file(out, root, file);
    return RCS_OK;
}

void rcs_standin_disk_close(struct standin_disk *disk)
{
    int *const open_ones[] = { &disk->dir, &disk->conf_dir, &disk->aof };
    for (size_t i = 0; i < sizeof(open_ones) / sizeof(open_ones[0]); i++) {
        if (*open_ones[i] >= 0) {
            close(*open_ones[i]);
        }
        *open_ones[i] = -1;
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_file(int dir, const char *name, struct rcs_buf *out, struct rcs_diag *diag)
{
    struct stat at;
    int file = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        return false;
    }
    char *piece = malloc(READ_BYTES);
    RCS_ASSERT(piece != NULL);
    bool plain = file >= 0 && fstat(file, &at) == 0 && S_ISREG(at.st_mode);
    ssize_t got = -1;
    while (plain && (got = read(file, piece, READ_BYTES)) > 0) {
        rcs_buf_add(out, piece, (size_t)got);
    }
    if (got < 0) {
        rcs_diag_set(diag, RCS_ERR_IO, 0, 0, "%.200s cannot be read: %s", name,
                     file >= 0 && !plain ? "no regular file" : strerror(errno));
    }
    if (file >= 0) {
        close(file);
    }
    free(piece);
    return got == 0;
}

bool rcs_standin_disk_conf(const struct standin_disk *disk, struct rcs_buf *out,
                           struct rcs_diag *diag)
{
    return read_file(disk->conf_dir, disk->conf_file, out, diag);
}

bool rcs_standin_disk_dump(const struct standin_disk *disk, struct rcs_buf *out,
                           struct rcs_diag *diag)
{
    return read_file(disk->dir, disk->dump_file, out, diag);
}

static int open_aof_dir(const struct standin_disk *disk)
{
    return openat(disk->dir, disk->aof_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A file that cannot be read counts as none: the manifest's absence says there is no data, that of
 * another file is an error of its own. */
bool rcs_standin_disk_aof(void *arg, const char *name, struct rcs_buf *out)
{
    const struct standin_disk *disk = arg;
    struct rcs_diag diag;
    int dir = open_aof_dir(disk);
    if (dir < 0 || strchr(name, '/') != NULL) {
        return false;
    }
    bool found = read_file(dir, name, out, &diag);
    close(dir);
    return found;
}

/* --- redis.conf ------------------------------------------------------------------------------- */

static enum rcs_conf_file state_of(int error)
{
    static const struct {
        int error;
        enum rcs_conf_file state;
    } states[] = {
        { ENOENT, RCS_CONF_FILE_NO_DIRECTORY }, { ENOTDIR, RCS_CONF_FILE_NOT_DIRECTORY },
        { EISDIR, RCS_CONF_FILE_IS_DIRECTORY }, { EACCES, RCS_CONF_FILE_DENIED },
        { EROFS, RCS_CONF_FILE_READ_ONLY },
    };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (states[i].error == error) {
            return states[i].state;
        }
    }
    return RCS_CONF_FILE_BROKEN;
}

/* As Redis 7.0 rewriteConfig would fare: it reads the file if there is one, and makes another one
 * beside it. */
enum rcs_conf_file rcs_standin_disk_file(const struct standin_disk *disk)
{
    char parent[PATH_MAX];
    struct stat at;
    if (disk->file[0] == '\0') {
        return RCS_CONF_FILE_NONE;
    }
    if (!disk->file_below) {
        return RCS_CONF_FILE_DENIED;
    }
    snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(disk->file, '/') - disk->file) + 1,
             disk->file);
    if ((access(disk->file, R_OK) != 0 && errno != ENOENT) || access(parent, W_OK | X_OK) != 0) {
        return state_of(errno);
    }
    bool there = lstat(disk->file, &at) == 0;
    return there && S_ISDIR(at.st_mode)   ? RCS_CONF_FILE_IS_DIRECTORY
           : there && S_ISLNK(at.st_mode) ? RCS_CONF_FILE_DENIED /* it may lead anywhere */
                                          : RCS_CONF_FILE_GOOD;
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool write_all(int file, const struct rcs_buf *bytes)
{
    size_t done = 0;
    while (done < bytes->size_bytes) {
        ssize_t put = write(file, bytes->data + done, bytes->size_bytes - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Whole or not at all: under another name first. */
static void write_file(const struct standin_disk *disk, int dir, const char *name,
                       const struct rcs_buf *bytes)
{
    char temporary[NAME_MAX + 1];
    int size = snprintf(temporary, sizeof(temporary), "temp-rcsim-%u.%s", disk->port, name);
    bool named = size > 0 && (size_t)size < sizeof(temporary);
    (void)unlinkat(dir, temporary, 0);
    int file =
        named ? openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)
              : -1;
    bool good = file >= 0 && write_all(file, bytes);
    good = (file < 0 || close(file) == 0) && good;
    if (!good || renameat(dir, temporary, dir, name) != 0) {
        fprintf(stderr, "rcsim: %s in %s cannot be written: %s\n", name, disk->path,
                strerror(errno));
        (void)unlinkat(dir, temporary, 0);
    }
}

static void save_conf(const struct standin_disk *disk, struct rcs_sim *sim, int node)
{
    const char *text = rcs_sim_nodes_conf(sim, node);
    if (text == NULL) {
        (void)unlinkat(disk->conf_dir, disk->conf_file, 0);
        return;
    }
    struct rcs_buf bytes = { (char *)(uintptr_t)text, strlen(text), 0 }; /* borrowed */
    write_file(disk, disk->conf_dir, disk->conf_file, &bytes);
}

static void save_dump(const struct standin_disk *disk, const struct rcs_sim *sim, int node)
{
    struct rcs_buf bytes;
    rcs_buf_init(&bytes);
    if (rcs_disk_dump(sim, node, &bytes)) {
        write_file(disk, disk->dir, disk->dump_file, &bytes);
    } else {
        (void)unlinkat(disk->dir, disk->dump_file, 0);
    }
    rcs_buf_close(&bytes);
}

/* Files of the append-only file's name that are none of `kept` any more. */
static void remove_others(const struct standin_disk *disk, int dir, const char *const kept[3])
{
    int copy = dup(dir);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    size_t size = strlen(disk->aof_file);
    for (const struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;) {
        bool keep = strncmp(entry->d_name, disk->aof_file, size) != 0 || entry->d_name[size] != '.';
        for (unsigned i = 0; i < 3; i++) {
            keep |= strcmp(entry->d_name, kept[i]) == 0;
        }
        if (!keep) {
            (void)unlinkat(dir, entry->d_name, 0);
        }
    }
    if (list != NULL) {
        closedir(list);
    } else if (copy >= 0) {
        close(copy);
    }
}

static void write_aof(const struct standin_disk *disk, const struct rcs_aof_files *files)
{
    if (!files->in_folder) {
        write_file(disk, disk->dir, files->base_name, &files->base);
        return;
    }
    (void)mkdirat(disk->dir, disk->aof_dir, 0755);
    int dir = open_aof_dir(disk);
    if (dir < 0) {
        fprintf(stderr, "rcsim: %s in %s cannot be entered: %s\n", disk->aof_dir, disk->path,
                strerror(errno));
        return;
    }
    write_file(disk, dir, files->base_name, &files->base);
    write_file(disk, dir, files->incr_name, &files->incr);
    write_file(disk, dir, files->manifest_name, &files->manifest);
    remove_others(
        disk, dir,
        (const char *const[]){ files->base_name, files->incr_name, files->manifest_name });
    close(dir);
}

static void close_aof(struct standin_disk *disk)
{
    if (disk->aof >= 0) {
        close(disk->aof);
        disk->aof = -1;
    }
}

/* Opens the file commands are appended to; false: it is not there. */
static bool open_aof(struct standin_disk *disk, const struct rcs_aof_files *files)
{
    struct stat at;
    int dir = files->in_folder ? open_aof_dir(disk) : dup(disk->dir);
    close_aof(disk);
    if (dir >= 0) {
        disk->aof = openat(dir, files->in_folder ? files->incr_name : files->base_name,
                           O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        close(dir);
    }
    if (disk->aof >= 0 && (fstat(disk->aof, &at) != 0 || !S_ISREG(at.st_mode))) {
        close_aof(disk);
    }
    return disk->aof >= 0;
}

static void append_to_aof(struct standin_disk *disk, const struct rcs_buf *commands)
{
    if (disk->aof >= 0 && !write_all(disk->aof, commands)) {
        fprintf(stderr, "rcsim: the append-only file in %s cannot be written: %s\n", disk->path,
                strerror(errno));
        close_aof(disk); /* a hole would be worse than an end */
    }
}

/* Without power what was not synced is gone; else all that was acknowledged is there already. */
static void save_ended_aof(struct standin_disk *disk, struct rcs_sim *sim, int node)
{
    struct rcs_aof_files files;
    if (rcs_sim_node_life(sim, node) != RCS_LIFE_OFF) {
        return;
    }
    rcs_disk_aof_taken(sim, node);
    close_aof(disk);
    if (rcs_disk_aof(sim, node, disk->aof_file, &files)) {
        write_aof(disk, &files);
        rcs_aof_files_close(&files);
    }
}

static void save_aof(struct standin_disk *disk, struct rcs_sim *sim, int node)
{
    struct rcs_disk_aof_news news;
    if (!rcs_disk_aof_news(sim, node, disk->aof_file, &news)) {
        return;
    }
    if (news.begun) {
        if (!disk->aof_found || !open_aof(disk, &news.files)) {
            write_aof(disk, &news.files);
            (void)open_aof(disk, &news.files);
        }
        disk->aof_found = false;
        rcs_aof_files_close(&news.files);
    }
    append_to_aof(disk, news.commands);
    rcs_disk_aof_taken(sim, node);
}

/* It is read again: programs may have changed it meanwhile, and their comments stay. */
static void save_file(const struct standin_disk *disk, const struct rcs_sim *sim, int node)
{
    const char *name = strrchr(disk->file, '/') + 1;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf old, bytes;
    rcs_buf_init(&old);
    rcs_buf_init(&bytes);
    int dir = open_parent(disk->root, disk->file, &diag);
    if (dir >= 0 && (read_file(dir, name, &old, &diag) || diag.text[0] == '\0')) {
        rcs_config_rewrite(rcs_disk_conf_file(sim, node), old.data, old.size_bytes, &bytes);
        write_file(disk, dir, name, &bytes);
    } else {
        fprintf(stderr, "rcsim: %s cannot be written: %s\n", disk->file, diag.text);
    }
    if (dir >= 0) {
        close(dir);
    }
    rcs_buf_close(&old);
    rcs_buf_close(&bytes);
}

void rcs_standin_disk_save(struct standin_disk *disk, struct rcs_sim *sim, int node)
{
    uint32_t rewrites = rcs_disk_conf_rewrites(sim, node);
    if (rewrites != disk->file_seen) {
        disk->file_seen = rewrites;
        save_file(disk, sim, node);
    }
    for (unsigned i = 0; i < RCS_DISK_FILES; i++) {
        uint32_t changes = rcs_disk_changes(sim, node, (enum rcs_disk_file)i);
        if (changes == disk->seen[i]) {
            continue;
        }
        disk->seen[i] = changes;
        switch ((enum rcs_disk_file)i) {
        case RCS_DISK_CONF:
            save_conf(disk, sim, node);
            break;
        case RCS_DISK_DUMP:
            save_dump(disk, sim, node);
            break;
        case RCS_DISK_AOF:
            save_ended_aof(disk, sim, node);
            break;
        case RCS_DISK_FILES:
            break;
        }
    }
    save_aof(disk, sim, node);
}
