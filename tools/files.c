#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <uv.h>

#include "tools/tools.h"

#ifndef RCS_DATA_DIR
#define RCS_DATA_DIR "/usr/local/share/rcsim"
#endif
#ifndef RCS_SOURCE_TRACES
#define RCS_SOURCE_TRACES "traces"
#endif

int complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("rcsim: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_USAGE;
}

int complain_diag(const struct rcs_diag *diag, const char *source, const char *path)
{
    const char *name = strcmp(diag->source, source) == 0 && path != NULL ? path : diag->source;
    if (name[0] != '\0' && diag->line > 0) {
        fprintf(stderr, "%s:%d:%d: %s\n", name, diag->line, diag->column, diag->text);
    } else if (name[0] != '\0') {
        fprintf(stderr, "%s: %s\n", name, diag->text);
    } else {
        fprintf(stderr, "rcsim: %s\n", diag->text);
    }
    return EXIT_USAGE;
}

char *file_read(const char *path, size_t *size_bytes)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    size_t room = 65536, size = 0;
    char *text = malloc(room + 1);
    while (text != NULL) {
        size_t got = fread(text + size, 1, room - size, file);
        size += got;
        if (got == 0) {
            break;
        }
        if (size == room) {
            room *= 2;
            char *bigger = realloc(text, room + 1);
            if (bigger == NULL) {
                free(text);
            }
            text = bigger;
        }
    }
    int error = ferror(file) ? errno : 0;
    if (file != stdin) {
        fclose(file);
    }
    if (text == NULL || error != 0) { /* a directory opens, but does not read */
        free(text);
        errno = text == NULL ? ENOMEM : error;
        return NULL;
    }
    text[size] = '\0';
    *size_bytes = size;
    return text;
}

static char *join(const char *a, size_t a_bytes, const char *b, const char *c)
{
    size_t size = a_bytes + strlen(b) + strlen(c) + 1;
    char *out = malloc(size);
    if (out != NULL) {
        snprintf(out, size, "%.*s%s%s", (int)a_bytes, a, b, c);
    }
    return out;
}

char *scenario_dir(unsigned index)
{
    if (index == 0) { /* beside the program: PREFIX/bin and PREFIX/share */
        char exe[4096];
        size_t size = sizeof(exe);
        if (uv_exepath(exe, &size) != 0 || strrchr(exe, '/') == NULL) {
            return join("", 0, "", "");
        }
        return join(exe, (size_t)(strrchr(exe, '/') - exe), "/../share/rcsim", "/traces");
    }
    if (index == 1) {
        return join(RCS_DATA_DIR, strlen(RCS_DATA_DIR), "/traces", "");
    }
    return index == 2 ? join(RCS_SOURCE_TRACES, strlen(RCS_SOURCE_TRACES), "", "") : NULL;
}

static bool is_file(const char *path)
{
    struct stat info;
    return path != NULL && stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

char *scenario_read(const char *name, size_t *size_bytes, char **path, const char **source)
{
    *path = join(name, strlen(name), "", "");
    bool by_name = strcmp(name, "-") != 0 && !is_file(name) && name[0] != '/' && name[0] != '.';
    for (unsigned i = 0; by_name; i++) {
        char *dir = scenario_dir(i);
        if (dir == NULL) {
            break;
        }
        char *base = join(dir, strlen(dir), "/", name);
        char *there = join(base, strlen(base), ".scenario", "");
        free(base);
        free(dir);
        if (is_file(there)) {
            free(*path);
            *path = there;
            break;
        }
        free(there);
    }
    const char *slash = strrchr(*path, '/');
    *source = strcmp(name, "-") == 0 ? "standard input" : slash == NULL ? *path : slash + 1;
    char *text = file_read(*path, size_bytes);
    if (text == NULL) {
        complain("%s cannot be read: %s (`rcsim list` names the shipped scenarios)", name,
                 strerror(errno));
    }
    return text;
}

/* Beside the scenario, or else among the shipped ones. */
char *include_read(void *arg, const char *name, size_t *size_bytes)
{
    const char *path = arg, *slash = strrchr(path, '/');
    char *at = name[0] == '/' || slash == NULL ? join(name, strlen(name), "", "")
                                               : join(path, (size_t)(slash + 1 - path), name, "");
    for (unsigned i = 0; !is_file(at) && name[0] != '/'; i++) {
        char *dir = scenario_dir(i);
        free(at);
        if (dir == NULL) {
            return NULL;
        }
        at = join(dir, strlen(dir), "/", name);
        free(dir);
    }
    char *text = is_file(at) ? file_read(at, size_bytes) : NULL;
    free(at);
    return text;
}
