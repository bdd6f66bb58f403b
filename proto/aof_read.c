/* Commands of an append-only file (Redis 7.0 loadSingleAppendOnlyFile). Stricter than there:
 * lengths are decimal numbers, lines end with CR LF. */
#include <rcsim/aof.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/bytes.h"
#include "proto/resp_input.h"

#define HEAD_MAX_BYTES 32 /* "*<number>" */

void rcs_aof_reader_init(struct rcs_aof_reader *reader, const void *bytes, size_t size_bytes)
{
    const char *begin = size_bytes > 0 ? bytes : ""; /* nothing may be NULL */
    *reader = (struct rcs_aof_reader){ .begin = begin, .at = begin, .end = begin + size_bytes };
}

void rcs_aof_reader_close(struct rcs_aof_reader *reader)
{
    free(reader->args);
    *reader = (struct rcs_aof_reader){ .begin = NULL };
}

static enum rcs_err refuse(const struct rcs_aof_reader *reader, const char *what,
                           struct rcs_diag *diag)
{
    return rcs_diag_set(diag, RCS_ERR_PROTOCOL, 0, 0, "byte %zu of the append-only file: %s",
                        (size_t)(reader->at - reader->begin), what);
}

static enum rcs_err cut(const struct rcs_aof_reader *reader, struct rcs_diag *diag)
{
    return rcs_diag_set(diag, RCS_ERR_MORE, 0, 0,
                        "the append-only file is cut short; it can be read up to byte %zu",
                        reader->whole_bytes);
}

static size_t left(const struct rcs_aof_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* A line of `kind` and a number from `least` to `most`. */
static enum rcs_err take_number(struct rcs_aof_reader *reader, char kind, int64_t least,
                                int64_t most, int64_t *out, struct rcs_diag *diag)
{
    if (left(reader) > 0 && *reader->at != kind) {
        return refuse(reader, kind == '*' ? "no command begins here" : "no argument begins here",
                      diag);
    }
    size_t look = left(reader) < HEAD_MAX_BYTES ? left(reader) : HEAD_MAX_BYTES;
    const char *stop = look > 0 ? memchr(reader->at, '\n', look) : NULL;
    if (stop == NULL) {
        return look < HEAD_MAX_BYTES ? cut(reader, diag) : refuse(reader, "no number", diag);
    }
    if (stop - reader->at < 3 || stop[-1] != '\r' ||
        !rcs_decimal_read(reader->at + 1, (size_t)(stop - reader->at) - 2, out) || *out < least ||
        *out > most) {
        return refuse(reader, "no number, or out of range", diag);
    }
    reader->at = stop + 1;
    return RCS_OK;
}

static enum rcs_err take_argument(struct rcs_aof_reader *reader, struct rcs_arg *out,
                                  struct rcs_diag *diag)
{
    int64_t size = 0;
    enum rcs_err err = take_number(reader, '$', 0, RESP_BULK_MAX_BYTES, &size, diag);
    if (err != RCS_OK) {
        return err;
    }
    if (left(reader) < (size_t)size + 2) {
        return cut(reader, diag);
    }
    *out = (struct rcs_arg){ reader->at, (uint32_t)size };
    reader->at += size;
    if (memcmp(reader->at, "\r\n", 2) != 0) {
        return refuse(reader, "an argument does not end where it should", diag);
    }
    reader->at += 2;
    return RCS_OK;
}

static enum rcs_err take_arguments(struct rcs_aof_reader *reader, unsigned argc,
                                   struct rcs_diag *diag)
{
    if (argc > reader->args_room) {
        reader->args_room = argc;
        reader->args = rcs_bytes_resize(reader->args, argc * sizeof(reader->args[0]));
    }
    for (unsigned i = 0; i < argc; i++) {
        enum rcs_err err = take_argument(reader, &reader->args[i], diag);
        if (err != RCS_OK) {
            return err;
        }
    }
    return RCS_OK;
}

/* False: one is cut short. */
static bool pass_annotations(struct rcs_aof_reader *reader)
{
    while (left(reader) > 0 && *reader->at == '#') {
        const char *stop = memchr(reader->at, '\n', left(reader));
        if (stop == NULL) {
            return false;
        }
        reader->at = stop + 1;
    }
    return true;
}

static bool is_command(const struct rcs_arg *name, const char *wanted)
{
    return name->size_bytes == strlen(wanted) &&
           strncasecmp(name->bytes, wanted, name->size_bytes) == 0;
}

static void note_whole(struct rcs_aof_reader *reader)
{
    if (is_command(&reader->args[0], "multi")) {
        reader->in_transaction = true;
    } else if (is_command(&reader->args[0], "exec")) {
        reader->in_transaction = false;
    }
    if (!reader->in_transaction) {
        reader->whole_bytes = (size_t)(reader->at - reader->begin);
    }
}

enum rcs_err rcs_aof_reader_next(struct rcs_aof_reader *reader, const struct rcs_arg **args,
                                 unsigned *argc, struct rcs_diag *diag)
{
    int64_t count = 0;
    *args = NULL;
    *argc = 0;
    if (!pass_annotations(reader)) {
        return cut(reader, diag);
    }
    if (left(reader) == 0) {
        return reader->in_transaction ? cut(reader, diag) : RCS_OK;
    }
    /* Each argument takes "$0\r\n\r\n" at least; a short rest is found short below. */
    enum rcs_err err = take_number(reader, '*', 1, INT32_MAX, &count, diag);
    if (err == RCS_OK && (size_t)count > left(reader)) {
        return cut(reader, diag);
    }
    if (err == RCS_OK) {
        err = take_arguments(reader, (unsigned)count, diag);
    }
    if (err != RCS_OK) {
        return err;
    }
    note_whole(reader);
    *args = reader->args;
    *argc = (unsigned)count;
    return RCS_OK;
}
