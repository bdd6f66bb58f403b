/* Runs scenarios under many seeds and prints what the checks find: usage: check_seeds FROM TO
 * FILE... A finding that no row of the table permits makes it fail. Expectations of the scenarios
 * are not asked: they are about their own seed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/check.h>
#include <rcsim/scenario.h>

static void ignore(void *arg, const char *bytes, size_t size_bytes)
{
    (void)arg, (void)bytes, (void)size_bytes;
}

static char *read_file(const char *path, size_t *size_bytes)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        *size_bytes = (size_t)ftell(file);
        rewind(file);
        text = malloc(*size_bytes + 1);
        if (text == NULL || fread(text, 1, *size_bytes, file) != *size_bytes) {
            free(text);
            text = NULL;
        } else {
            text[*size_bytes] = '\0';
        }
        fclose(file);
    }
    return text;
}

/* Beside the file that includes it, or among the shipped ones above it. */
static char *load(void *arg, const char *name, size_t *size_bytes)
{
    const char *slash = strrchr(arg, '/');
    char path[1024];
    int folder = slash == NULL ? 0 : (int)(slash - (const char *)arg) + 1;
    snprintf(path, sizeof(path), "%.*s%s", folder, (const char *)arg, name);
    char *text = read_file(path, size_bytes);
    if (text == NULL) {
        snprintf(path, sizeof(path), "%.*s../%s", folder, (const char *)arg, name);
        text = read_file(path, size_bytes);
    }
    return text;
}

static unsigned permitted, breaches, runs, ends;

static void tell(const struct rcs_check *check, const char *path, uint64_t seed)
{
    struct rcs_check_finding found;
    for (unsigned i = 0; rcs_check_found(check, i, &found); i++) {
        permitted += found.permit != NULL;
        breaches += found.permit == NULL;
        printf("%s seed %llu: %s x%llu: %s [%s]\n", path, (unsigned long long)seed,
               found.permit == NULL ? "BREACH" : found.permit, (unsigned long long)found.count,
               found.text, found.fingerprint);
    }
}

static bool run(const char *path, const char *text, size_t size_bytes, uint64_t seed)
{
    struct rcs_diag diag;
    struct rcs_scenario *scenario;
    if (rcs_scenario_parse(&scenario, path, text, size_bytes, load, (void *)(uintptr_t)path,
                           &diag) != RCS_OK) {
        fprintf(stderr, "%s: %s\n", path, diag.text);
        return false;
    }
    const struct rcs_run_options options = {
        .quiet = true, .print = ignore, .seed = seed, .has_seed = true
    };
    struct rcs_run *run = rcs_run_new(scenario, &options, &diag);
    if (run != NULL) {
        while (rcs_run_turn(run, 4096) == RCS_RUN_MORE) {
        }
        struct rcs_sim *sim = rcs_run_sim(run);
        if (getenv("CHECK_HEALED") != NULL) {
            rcs_check_healed(rcs_check_of(sim), sim);
        }
        rcs_check_data(rcs_check_of(sim), sim);
        tell(rcs_check_of(sim), path, seed);
        runs++;
        ends += rcs_run_error(run, &diag) == RCS_OK;
        rcs_run_free(run);
    }
    rcs_scenario_free(scenario);
    return run != NULL;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: check_seeds FROM TO FILE...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        size_t size_bytes = 0;
        char *text = read_file(argv[i], &size_bytes);
        if (text == NULL) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 2;
        }
        if (argc > 4 && strstr(text, "\nrule-off ") != NULL) {
            free(text); /* in it something is to be found: it is asked for alone */
            continue;
        }
        for (uint64_t seed = strtoull(argv[1], NULL, 10); seed <= strtoull(argv[2], NULL, 10);
             seed++) {
            if (!run(argv[i], text, size_bytes, seed)) {
                return 2;
            }
        }
        free(text);
    }
    printf("%u runs, %u of them to their end: %u permitted findings, %u breaches\n", runs, ends,
           permitted, breaches);
    return breaches > 0;
}
