#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "tools/tools.h"

/* `folder` is "" or ends in a slash; it is part of the scenario's name. */
static void print_title(const char *dir, const char *folder, const char *file)
{
    char path[4096], name[256];
    size_t size_bytes, stem = strlen(file) - strlen(".scenario");
    snprintf(path, sizeof(path), "%s/%s%s", dir, folder, file);
    snprintf(name, sizeof(name), "%s%.*s", folder, (int)stem, file);
    char *text = file_read(path, &size_bytes);
    struct rcs_scenario *scenario = NULL;
    struct rcs_diag diag;
    bool good = text != NULL && rcs_scenario_parse(&scenario, file, text, size_bytes, include_read,
                                                   path, &diag) == RCS_OK;
    printf("%-30s %s\n", name, good ? rcs_scenario_title(scenario) : "(cannot be read)");
    rcs_scenario_free(scenario);
    free(text);
}

/* The scenarios of one directory and the folders in it, by name; their number. */
static unsigned list_dir(const char *dir, const char *folder)
{
    char path[4096];
    uv_fs_t request;
    uv_dirent_t entry;
    unsigned count = 0;
    snprintf(path, sizeof(path), "%s/%s", dir, folder);
    int found = uv_fs_scandir(NULL, &request, path, 0, NULL); /* sorted by name */
    while (found > 0 && uv_fs_scandir_next(&request, &entry) != UV_EOF) {
        size_t len = strlen(entry.name), end = strlen(".scenario");
        if (len > end && strcmp(entry.name + len - end, ".scenario") == 0) {
            print_title(dir, folder, entry.name);
            count++;
        } else if (folder[0] == '\0' && entry.type == UV_DIRENT_DIR) {
            snprintf(path, sizeof(path), "%s/", entry.name);
            count += list_dir(dir, path);
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
        unsigned count = list_dir(dir, "");
        free(dir);
        if (count > 0) {
            return EXIT_HELD;
        }
    }
    return complain("no shipped scenarios are found");
}
