/* Built into every program with -DRCSIM_SAID=ON: at its end a program appends to the file named by
 * the environment variable RCSIM_SAID what its nodes said: `error TEXT` for every error reply,
 * `log TEXT` for every fact with a log line (the text of its row, whatever the log level); and `row
 * TEXT` for every such line there is, said or not. Held against each other and the lists beside
 * this file by said.sh.
 *
 * The linker leads the calls here (--wrap): the product itself knows nothing of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/resp.h>

#include "sim/facts.h"

#define ERRORS_MAX 4096 /* different ones in one program */

void __wrap_rcs_fact_add(struct rcs_facts *facts, enum rcs_fact_code code, char role, rcs_id about,
                         rcs_id by, int64_t v0, int64_t v1, int64_t v2, const char *text0,
                         const char *text1);
void __real_rcs_fact_add(struct rcs_facts *facts, enum rcs_fact_code code, char role, rcs_id about,
                         rcs_id by, int64_t v0, int64_t v1, int64_t v2, const char *text0,
                         const char *text1);
void __wrap_rcs_resp_error(struct rcs_buf *out, const char *text);
void __real_rcs_resp_error(struct rcs_buf *out, const char *text);
void __wrap_rcs_resp_error_raw(struct rcs_buf *out, const char *text);
void __real_rcs_resp_error_raw(struct rcs_buf *out, const char *text);

/* Of the whole program: a list of what was said has no other home. */
static bool facts_said[RCS_FACT_COUNT];
static char *reasons[64]; /* texts of the fact whose line is one text and its reason */
static char *errors[ERRORS_MAX];
static bool at_exit;

static void write_all(void)
{
    const char *path = getenv("RCSIM_SAID");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    if (file == NULL) {
        return;
    }
    for (int code = 0; code < RCS_FACT_COUNT; code++) {
        if (rcs_fact_row(code)->text == NULL) {
            continue;
        }
        fprintf(file, "row %s\n", rcs_fact_row(code)->text);
        if (facts_said[code]) {
            fprintf(file, "log %s\n", rcs_fact_row(code)->text);
        }
    }
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]) && reasons[i] != NULL; i++) {
        fprintf(file, "log %s\n", reasons[i]);
    }
    for (size_t i = 0; i < ERRORS_MAX && errors[i] != NULL; i++) {
        fprintf(file, "error %s\n", errors[i]);
    }
    fclose(file);
}

static void keep(char **list, size_t room, const char *text)
{
    if (!at_exit) {
        at_exit = atexit(write_all) == 0;
    }
    size_t i = 0;
    while (i < room && list[i] != NULL && strcmp(list[i], text) != 0) {
        i++;
    }
    if (i < room && list[i] == NULL && (list[i] = malloc(strlen(text) + 1)) != NULL) {
        memcpy(list[i], text, strlen(text) + 1);
    }
}

static void keep_reason(const char *before, const char *reason)
{
    char text[512];
    snprintf(text, sizeof(text), "%s%s", before, reason);
    keep(reasons, sizeof(reasons) / sizeof(reasons[0]), text);
}

void __wrap_rcs_fact_add(struct rcs_facts *facts, enum rcs_fact_code code, char role, rcs_id about,
                         rcs_id by, int64_t v0, int64_t v1, int64_t v2, const char *text0,
                         const char *text1)
{
    if (!at_exit) {
        at_exit = atexit(write_all) == 0;
    }
    facts_said[code] = true;
    if (code == RCS_FACT_ELECTION_BLOCKED && text0 != NULL) {
        keep_reason("Currently unable to failover: ", text0);
    } else if (code == RCS_FACT_BUS_WARNING && text0 != NULL) {
        keep_reason("", text0);
    }
    __real_rcs_fact_add(facts, code, role, about, by, v0, v1, v2, text0, text1);
}

void __wrap_rcs_resp_error(struct rcs_buf *out, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof(whole), "%s%.500s", text[0] == '-' ? "" : "-ERR ", text);
    keep(errors, ERRORS_MAX, whole);
    __real_rcs_resp_error(out, text);
}

void __wrap_rcs_resp_error_raw(struct rcs_buf *out, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof(whole), "-%.500s", text);
    keep(errors, ERRORS_MAX, whole);
    __real_rcs_resp_error_raw(out, text);
}
