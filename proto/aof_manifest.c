/* The manifest of an append-only file: a line for each of its files (Redis 7.0 aof.c).
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b
 *     file appendonly.aof.4.incr.aof seq 4 type i */
#include <rcsim/aof.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/bytes.h"
#include "proto/resp_words.h"

#define LINE_MAX_BYTES 1024 /* Redis 7.0 MANIFEST_MAX_LINE */

void rcs_aof_manifest_init(struct rcs_aof_manifest *manifest)
{
    *manifest = (struct rcs_aof_manifest){ .parts = NULL };
}

void rcs_aof_manifest_close(struct rcs_aof_manifest *manifest)
{
    free(manifest->parts);
    rcs_aof_manifest_init(manifest);
}

void rcs_aof_manifest_add(struct rcs_aof_manifest *manifest, const struct rcs_aof_part *part)
{
    if (manifest->count == manifest->room) {
        manifest->room = manifest->room == 0 ? 4 : 2 * manifest->room;
        manifest->parts =
            rcs_bytes_resize(manifest->parts, manifest->room * sizeof(manifest->parts[0]));
    }
    manifest->parts[manifest->count++] = *part;
}

const struct rcs_aof_part *rcs_aof_manifest_base(const struct rcs_aof_manifest *manifest)
{
    for (unsigned i = 0; i < manifest->count; i++) {
        if (manifest->parts[i].type == RCS_AOF_BASE) {
            return &manifest->parts[i];
        }
    }
    return NULL;
}

bool rcs_aof_part_name(struct rcs_aof_part *part, const char *filename, bool rdb)
{
    RCS_IMPLIES(rdb, part->type == RCS_AOF_BASE);
    int length = snprintf(part->name, sizeof(part->name), "%s.%lld.%s.%s", filename,
                          (long long)part->sequence, part->type == RCS_AOF_BASE ? "base" : "incr",
                          rdb ? "rdb" : "aof");
    return length > 0 && (size_t)length < sizeof(part->name);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Redis 7.0 sdsneedsrepr, sdscatrepr: a name with blanks, quotes or what cannot be printed. */
static bool needs_quotes(const char *name)
{
    for (; *name != '\0'; name++) {
        if (*name <= ' ' || *name > '~' || *name == '"' || *name == '\'' || *name == '\\') {
            return true;
        }
    }
    return false;
}

static void add_quoted(struct rcs_buf *out, const char *name)
{
    static const char plain[] = "\n\r\t\a\b", letters[] = "nrtab";
    rcs_buf_text(out, "\"");
    for (; *name != '\0'; name++) {
        const char *escape = strchr(plain, *name);
        if (*name == '"' || *name == '\\') {
            rcs_buf_format(out, "\\%c", *name);
        } else if (escape != NULL) {
            rcs_buf_format(out, "\\%c", letters[escape - plain]);
        } else if (*name < ' ' || *name > '~') {
            rcs_buf_format(out, "\\x%02x", (unsigned)(unsigned char)*name);
        } else {
            rcs_buf_add(out, name, 1);
        }
    }
    rcs_buf_text(out, "\"");
}

static void add_type(const struct rcs_aof_manifest *manifest, enum rcs_aof_part_type type,
                     struct rcs_buf *out)
{
    for (unsigned i = 0; i < manifest->count; i++) {
        const struct rcs_aof_part *part = &manifest->parts[i];
        if (part->type != type) {
            continue;
        }
        rcs_buf_text(out, "file ");
        if (needs_quotes(part->name)) {
            add_quoted(out, part->name);
        } else {
            rcs_buf_text(out, part->name);
        }
        rcs_buf_format(out, " seq %lld type %c\n", (long long)part->sequence, (int)type);
    }
}

void rcs_aof_manifest_write(const struct rcs_aof_manifest *manifest, struct rcs_buf *out)
{
    add_type(manifest, RCS_AOF_BASE, out);
    add_type(manifest, RCS_AOF_HISTORY, out);
    add_type(manifest, RCS_AOF_INCR, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum rcs_err refuse(struct rcs_diag *diag, int line, const char *what)
{
    return rcs_diag_set(diag, RCS_ERR_SYNTAX, line, 0, "%s", what);
}

static bool is_word(const struct rcs_arg *arg, const char *word)
{
    return arg->size_bytes == strlen(word) && strncasecmp(arg->bytes, word, arg->size_bytes) == 0;
}

static enum rcs_err read_name(struct rcs_aof_part *part, const struct rcs_arg *name, int line,
                              struct rcs_diag *diag)
{
    if (name->size_bytes == 0 || name->size_bytes > RCS_AOF_NAME_MAX_BYTES) {
        return refuse(diag, line, "a file's name has 1 to 255 bytes");
    }
    if (memchr(name->bytes, '/', name->size_bytes) != NULL ||
        memchr(name->bytes, '\\', name->size_bytes) != NULL ||
        memchr(name->bytes, '\0', name->size_bytes) != NULL) {
        return refuse(diag, line, "a file is named without a path");
    }
    memcpy(part->name, name->bytes, name->size_bytes);
    part->name[name->size_bytes] = '\0';
    return RCS_OK;
}

/* Words come in pairs; those nobody knows are for later releases. */
static enum rcs_err read_part(struct rcs_aof_part *part, const struct rcs_arg *words,
                              unsigned count, int line, struct rcs_diag *diag)
{
    *part = (struct rcs_aof_part){ .sequence = 0 };
    bool typed = false;
    for (unsigned i = 0; i + 1 < count; i += 2) {
        const struct rcs_arg *value = &words[i + 1];
        if (is_word(&words[i], "file")) {
            enum rcs_err err = read_name(part, value, line, diag);
            if (err != RCS_OK) {
                return err;
            }
        } else if (is_word(&words[i], "seq")) {
            if (!rcs_decimal_read(value->bytes, value->size_bytes, &part->sequence)) {
                return refuse(diag, line, "seq is no number");
            }
        } else if (is_word(&words[i], "type")) {
            char type = value->size_bytes > 0 ? value->bytes[0] : '\0';
            typed = type == RCS_AOF_BASE || type == RCS_AOF_HISTORY || type == RCS_AOF_INCR;
            part->type = (enum rcs_aof_part_type)type;
            if (!typed) {
                return refuse(diag, line, "type is none of b (base), h (history), i (incr)");
            }
        }
    }
    if (count < 6 || count % 2 != 0 || part->name[0] == '\0' || part->sequence < 1 || !typed) {
        return refuse(diag, line, "a line is: file NAME seq NUMBER type b|h|i");
    }
    return RCS_OK;
}

static enum rcs_err check_part(const struct rcs_aof_manifest *manifest,
                               const struct rcs_aof_part *part, int line, struct rcs_diag *diag)
{
    if (part->type == RCS_AOF_BASE && rcs_aof_manifest_base(manifest) != NULL) {
        return refuse(diag, line, "a second base");
    }
    for (unsigned i = 0; i < manifest->count && part->type == RCS_AOF_INCR; i++) {
        const struct rcs_aof_part *other = &manifest->parts[i];
        if (other->type == RCS_AOF_INCR && other->sequence >= part->sequence) {
            return refuse(diag, line, "the numbers of incr files do not ascend");
        }
    }
    return RCS_OK;
}

static enum rcs_err read_line(struct rcs_aof_manifest *manifest, const char *text,
                              size_t size_bytes, int line, struct rcs_diag *diag)
{
    char copy[LINE_MAX_BYTES];
    struct resp_args words = { .list = NULL };
    struct rcs_aof_part part = { .sequence = 0 };
    memcpy(copy, text, size_bytes);
    enum rcs_err err = rcs_resp_split_words(copy, copy + size_bytes, &words)
                           ? read_part(&part, words.list, words.count, line, diag)
                           : refuse(diag, line, "quotes out of balance");
    free(words.list);
    if (err == RCS_OK) {
        err = check_part(manifest, &part, line, diag);
    }
    if (err == RCS_OK) {
        rcs_aof_manifest_add(manifest, &part);
    }
    return err;
}

enum rcs_err rcs_aof_manifest_read(struct rcs_aof_manifest *manifest, const char *text,
                                   size_t size_bytes, struct rcs_diag *diag)
{
    RCS_ASSERT(manifest->count == 0);
    if (size_bytes == 0) {
        return refuse(diag, 0, "an empty manifest");
    }
    const char *at = text, *end = text + size_bytes;
    for (int line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL || stop - at >= LINE_MAX_BYTES) {
            return refuse(diag, line, "a line has at most 1023 bytes and an end of line");
        }
        if (*at != '#') {
            enum rcs_err err = read_line(manifest, at, (size_t)(stop - at), line, diag);
            if (err != RCS_OK) {
                return err;
            }
        }
        at = stop + 1;
    }
    return RCS_OK;
}
