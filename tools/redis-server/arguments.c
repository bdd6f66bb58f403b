#include "tools/redis-server/arguments.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/conf_text.h"

#define INCLUDE_DEPTH 16
#define PIECE_BYTES   65536

static bool add_text(struct rcs_buf *out, const char *text, size_t size_bytes, unsigned depth);

/* --- files ------------------------------------------------------------------------------------ */

static bool read_stream(FILE *file, struct rcs_buf *out)
{
    char *piece = malloc(PIECE_BYTES);
    RCS_ASSERT(piece != NULL);
    for (size_t got; (got = fread(piece, 1, PIECE_BYTES, file)) > 0;) {
        rcs_buf_add(out, piece, got);
    }
    free(piece);
    return ferror(file) == 0;
}

static bool add_file(struct rcs_buf *out, const char *path, unsigned depth)
{
    struct rcs_buf text;
    FILE *file = fopen(path, "r");
    rcs_buf_init(&text);
    bool good = file != NULL && read_stream(file, &text);
    if (!good) {
        fprintf(stderr, "Fatal error, can't open config file '%s': %s\n", path, strerror(errno));
    }
    if (file != NULL) {
        fclose(file);
    }
    good = good && add_text(out, text.data, text.size_bytes, depth);
    rcs_buf_close(&text);
    return good;
}

/* A pattern without a match is no error, a plain name without a file is. */
static bool add_files(struct rcs_buf *out, const char *pattern, unsigned depth)
{
    glob_t found;
    if (strpbrk(pattern, "*?[") == NULL) {
        return add_file(out, pattern, depth);
    }
    bool good = true;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc && good; i++) {
            good = add_file(out, found.gl_pathv[i], depth);
        }
        globfree(&found);
    }
    return good;
}

/* The path of an `include` line, malloc'd; NULL: it is another line. */
static char *included(const char *line, size_t size_bytes)
{
    struct conf_reader reader;
    char *path = NULL;
    rcs_conf_reader_init(&reader, line, size_bytes);
    if (rcs_conf_reader_next(&reader) && reader.args.count == 2 &&
        reader.args.list[0].size_bytes == 7 &&
        memcmp(reader.args.list[0].bytes, "include", 7) == 0) {
        path = strndup(reader.args.list[1].bytes, reader.args.list[1].size_bytes);
        RCS_ASSERT(path != NULL);
    }
    rcs_conf_reader_close(&reader);
    return path;
}

/* Lines, with the files they include in their places. */
static bool add_text(struct rcs_buf *out, const char *text, size_t size_bytes, unsigned depth)
{
    bool good = true;
    if (depth > INCLUDE_DEPTH) {
        fprintf(stderr, "config files include each other more than %d deep\n", INCLUDE_DEPTH);
        return false;
    }
    while (size_bytes > 0 && good) {
        const char *lf = memchr(text, '\n', size_bytes);
        size_t line_bytes = lf == NULL ? size_bytes : (size_t)(lf - text);
        char *path = included(text, line_bytes);
        if (path != NULL) {
            good = add_files(out, path, depth + 1);
        } else {
            rcs_buf_add(out, text, line_bytes);
            rcs_buf_text(out, "\n");
        }
        free(path);
        line_bytes += lf != NULL;
        text += line_bytes;
        size_bytes -= line_bytes;
    }
    return good;
}

/* --- arguments -------------------------------------------------------------------------------- */

/* --directive value value --directive...: each a line (Redis 7.0 main). */
static bool add_options(struct rcs_buf *out, int argc, char **argv, int at)
{
    struct rcs_buf lines;
    rcs_buf_init(&lines);
    for (; at < argc; at++) {
        if (strncmp(argv[at], "--", 2) == 0) {
            rcs_buf_format(&lines, "\n%s ", argv[at] + 2);
        } else {
            rcs_conf_quote(&lines, argv[at], strlen(argv[at]));
            rcs_buf_text(&lines, " ");
        }
    }
    rcs_buf_text(&lines, "\n");
    bool good = add_text(out, lines.data, lines.size_bytes, 0);
    rcs_buf_close(&lines);
    return good;
}

static bool read_sources(struct server_arguments *out, int argc, char **argv)
{
    int at = 1;
    if (argc > 1 && strcmp(argv[1], "-") == 0) {
        struct rcs_buf text;
        rcs_buf_init(&text);
        bool good =
            read_stream(stdin, &text) && add_text(&out->text, text.data, text.size_bytes, 0);
        rcs_buf_close(&text);
        at++;
        if (!good) {
            return false;
        }
    } else if (argc > 1 && strncmp(argv[1], "--", 2) != 0) {
        if (realpath(argv[1], out->conf_path) == NULL) {
            fprintf(stderr, "Fatal error, can't open config file '%s': %s\n", argv[1],
                    strerror(errno));
            return false;
        }
        at++;
        if (!add_file(&out->text, out->conf_path, 0)) {
            return false;
        }
    }
    return at == argc || add_options(&out->text, argc, argv, at);
}

/* --- what the process itself needs ------------------------------------------------------------ */

static bool copy(char to[PATH_MAX], const struct rcs_arg *value)
{
    snprintf(to, PATH_MAX, "%.*s", (int)(value->size_bytes < PATH_MAX ? value->size_bytes : 0),
             value->bytes);
    return value->size_bytes < PATH_MAX;
}

static bool take(struct server_arguments *out, const char *name, const struct rcs_arg *value)
{
    int64_t port;
    if (strcmp(name, "dir") == 0) { /* entered as it is read */
        if (!copy(out->dir, value) || chdir(out->dir) != 0) {
            fprintf(stderr,
                    "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nCan't chdir to '%s': %s\n",
                    out->dir, strerror(errno));
            return false;
        }
    } else if (strcmp(name, "logfile") == 0) {
        return copy(out->logfile, value);
    } else if (strcmp(name, "pidfile") == 0) {
        return copy(out->pidfile, value);
    } else if (strcmp(name, "daemonize") == 0) {
        out->daemonize = value->size_bytes == 3 && memcmp(value->bytes, "yes", 3) == 0;
    } else if (strcmp(name, "port") == 0 &&
               rcs_decimal_read(value->bytes, value->size_bytes, &port) && port > 0 &&
               port < 65536) {
        out->port = (unsigned)port;
    }
    return true;
}

static bool take_own(struct server_arguments *out)
{
    struct conf_reader reader;
    char name[32];
    bool good = true;
    rcs_conf_reader_init(&reader, out->text.data, out->text.size_bytes);
    do {
        good = rcs_conf_reader_next(&reader);
        if (!good) {
            fprintf(stderr,
                    "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration "
                    "file, at line %u\nUnbalanced quotes in configuration line\n",
                    reader.line);
        } else if (reader.args.count == 2) {
            const struct rcs_arg *word = &reader.args.list[0];
            snprintf(name, sizeof(name), "%.*s",
                     (int)(word->size_bytes < 31 ? word->size_bytes : 31), word->bytes);
            good = take(out, name, &reader.args.list[1]);
        }
    } while (good && reader.args.count > 0);
    rcs_conf_reader_close(&reader);
    return good;
}

bool server_arguments_read(struct server_arguments *out, int argc, char **argv)
{
    *out = (struct server_arguments){ .port = 6379 };
    rcs_buf_init(&out->text);
    if (getcwd(out->cwd, sizeof(out->cwd)) == NULL) {
        fprintf(stderr, "the working directory cannot be found out: %s\n", strerror(errno));
        return false;
    }
    return read_sources(out, argc, argv) && take_own(out);
}

void server_arguments_close(struct server_arguments *arguments)
{
    rcs_buf_close(&arguments->text);
}
