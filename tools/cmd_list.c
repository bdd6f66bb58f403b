#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "tools/tools.h"

static void print_title(const char *dir, const char *file)
{
    char path[4096];
    size_t size_bytes, stem = strlen(file) - strlen(".scenario");
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    char *text = file_read(path, &size_bytes);
    struct rcs_scenario *scenario = NULL;
    struct rcs_diag diag;
    bool good = text != NULL && rcs_scenario_parse(&scenario, file, text, size_bytes, include_read,
                                                   path, &diag) == RCS_OK;
    printf("%-24.*s %s\n", (int)stem, file,
           good ? rcs_scenario_title(scenario) : "(cannot be read)");
    rcs_scenario_free(scenario);
    free(text);
}

/* The scenarios of one directory, by name; their number. */
static unsigned list_dir(const char *dir)
{
    uv_fs_t request;
    uv_dirent_t entry;
    unsigned count = 0;
    int found = uv_fs_scandir(NULL, &request, dir, 0, NULL); /* sorted by name */
    while (found > 0 && uv_fs_scandir_next(&request, &entry) != UV_EOF) {
        size_t len = strlen(entry.name), end = strlen(".scenario");
        if (len > end && strcmp(entry.name + len - end, ".scenario") == 0) {
            print_title(dir, entry.name);
            count++;
        }
    }
    uv_fs_req_cleanup(&request);
    return count;
}

int cmd_list(int argc, char **argv)
{
    (void)argv;
    if (argc != 0) {
        return complain("list takes no argument");
    }
    for (unsigned i = 0;; i++) { /* the first directory that holds any: the others are its copies */
        char *dir = scenario_dir(i);
        if (dir == NULL) {
            break;
        }
        unsigned count = list_dir(dir);
        free(dir);
        if (count > 0) {
            return EXIT_HELD;
        }
    }
    return complain("no shipped scenarios are found");
}
