/* Lines of a campaign, drawn together. */
#include <rcsim/fuzz.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "sim/world/json_line.h"

#include "sim/pure.h"

struct row {
    struct rcs_tally_row shown;
    char *finding, *permit, *fingerprint, *text; /* permit NULL: none */
    uint64_t last_seed;
};

struct range {
    uint64_t from, to;
};

struct rcs_tally {
    char *begin; /* the line that says what is fuzzed; NULL: not yet */
    char *file, *release;
    struct row **rows;  /* by key */
    struct row **order; /* as they are shown; made when asked for */
    unsigned row_count, row_room;
    bool ordered;
    struct range *played;
    unsigned range_count, range_room;
    uint64_t runs, faults;
};

struct rcs_tally *rcs_tally_new(void)
{
    struct rcs_tally *tally = calloc(1, sizeof(*tally));
    RCS_ASSERT(tally != NULL);
    return tally;
}

void rcs_tally_free(struct rcs_tally *tally)
{
    if (tally == NULL) {
        return;
    }
    for (unsigned i = 0; i < tally->row_count; i++) {
        free(tally->rows[i]->finding);
        free(tally->rows[i]->permit);
        free(tally->rows[i]->fingerprint);
        free(tally->rows[i]->text);
        free(tally->rows[i]);
    }
    free(tally->rows);
    free(tally->order);
    free(tally->played);
    free(tally->begin);
    free(tally->file);
    free(tally->release);
    free(tally);
}

static char *copy(const char *text, size_t size_bytes)
{
    char *out = malloc(size_bytes + 1);
    RCS_ASSERT(out != NULL);
    memcpy(out, text, size_bytes);
    out[size_bytes] = '\0';
    return out;
}

static void *room_for(void *list, unsigned count, unsigned *room, size_t bytes)
{
    if (count == *room) {
        *room = *room == 0 ? 16 : *room * 2;
        list = realloc(list, *room * bytes);
        RCS_ASSERT(list != NULL);
    }
    return list;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int compare_optional(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int compare_keys(const struct row *a, const char *finding, const char *permit,
                        const char *fingerprint)
{
    int sign = strcmp(a->finding, finding);
    sign = sign != 0 ? sign : compare_optional(a->permit, permit);
    return sign != 0 ? sign : strcmp(a->fingerprint, fingerprint);
}

static struct row *row_of(struct rcs_tally *tally, const char *finding, const char *permit,
                          const char *fingerprint)
{
    unsigned low = 0, high = tally->row_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        int sign = compare_keys(tally->rows[middle], finding, permit, fingerprint);
        if (sign == 0) {
            return tally->rows[middle];
        }
        low = sign < 0 ? middle + 1 : low;
        high = sign < 0 ? high : middle;
    }
    tally->rows = room_for(tally->rows, tally->row_count, &tally->row_room, sizeof(tally->rows[0]));
    memmove(tally->rows + low + 1, tally->rows + low,
            (tally->row_count - low) * sizeof(tally->rows[0]));
    struct row *row = calloc(1, sizeof(*row));
    RCS_ASSERT(row != NULL);
    row->finding = copy(finding, strlen(finding));
    row->permit = permit == NULL ? NULL : copy(permit, strlen(permit));
    row->fingerprint = copy(fingerprint, strlen(fingerprint));
    tally->rows[low] = row;
    tally->row_count++;
    return row;
}

static int by_weight(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    bool breach_x = x->permit == NULL, breach_y = y->permit == NULL;
    if (breach_x != breach_y) {
        return breach_x ? -1 : 1;
    }
    if (x->shown.seeds != y->shown.seeds) {
        return x->shown.seeds > y->shown.seeds ? -1 : 1;
    }
    return compare_keys(x, y->finding, y->permit, y->fingerprint);
}

bool rcs_tally_row(struct rcs_tally *tally, unsigned index, struct rcs_tally_row *out)
{
    if (index >= tally->row_count) {
        return false;
    }
    if (!tally->ordered) {
        size_t bytes = tally->row_count * sizeof(tally->order[0]);
        tally->order = realloc(tally->order, bytes);
        RCS_ASSERT(tally->order != NULL);
        memcpy(tally->order, tally->rows, bytes);
        qsort(tally->order, tally->row_count, sizeof(tally->order[0]), by_weight);
        tally->ordered = true;
    }
    struct row *row = tally->order[index];
    *out = row->shown;
    out->finding = row->finding;
    out->permit = row->permit;
    out->fingerprint = row->fingerprint;
    out->text = row->text;
    return true;
}

uint64_t rcs_tally_breaches(const struct rcs_tally *tally)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < tally->row_count; i++) {
        count += tally->rows[i]->permit == NULL;
    }
    return count;
}

/* --- lines ------------------------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool seed_of(const json_t *object, uint64_t *out)
{
    const char *text = text_of(object, "seed");
    *out = 0;
    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (*c < '0' || *c > '9' || *out > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *out = *out * 10 + digit;
    }
    return text != NULL && text[0] != '\0';
}

static enum rcs_err refuse(struct rcs_diag *diag, const char *why)
{
    return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, 0, "%s", why);
}

static enum rcs_err take_begin(struct rcs_tally *tally, const json_t *object, const char *line,
                               size_t size_bytes, struct rcs_diag *diag)
{
    if (json_integer_value(json_object_get(object, "rcsim-fuzz")) != RCS_FUZZ_FORMAT ||
        text_of(object, "file") == NULL || text_of(object, "redis") == NULL) {
        return refuse(diag, "it was written by another version of rcsim");
    }
    if (tally->begin == NULL) {
        tally->begin = copy(line, size_bytes);
        tally->file = rcs_json_restored(text_of(object, "file"));
        tally->release = rcs_json_restored(text_of(object, "redis"));
        return RCS_OK;
    }
    return strlen(tally->begin) == size_bytes && memcmp(tally->begin, line, size_bytes) == 0
               ? RCS_OK
               : refuse(diag, "it is of another scenario, release, params or directives than the "
                              "first file");
}

static enum rcs_err take_run(struct rcs_tally *tally, uint64_t seed, int64_t faults)
{
    struct range *last = tally->range_count == 0 ? NULL : &tally->played[tally->range_count - 1];
    tally->runs++;
    tally->faults += (uint64_t)faults;
    if (last != NULL && last->to + 1 == seed) {
        last->to = seed;
        return RCS_OK;
    }
    tally->played =
        room_for(tally->played, tally->range_count, &tally->range_room, sizeof(tally->played[0]));
    tally->played[tally->range_count++] = (struct range){ seed, seed };
    return RCS_OK;
}

static enum rcs_err take_finding(struct rcs_tally *tally, uint64_t seed, const json_t *object,
                                 struct rcs_diag *diag)
{
    const char *fingerprint = text_of(object, "fingerprint"), *text = text_of(object, "text");
    const json_int_t count = json_integer_value(json_object_get(object, "count"));
    if (fingerprint == NULL || text == NULL || count < 1) {
        return refuse(diag, "a finding has a fingerprint, a text and a count");
    }
    struct row *row =
        row_of(tally, text_of(object, "finding"), text_of(object, "permit"), fingerprint);
    bool first = row->text == NULL || seed < row->shown.first_seed;
    if (first) {
        free(row->text);
        row->text = copy(text, strlen(text));
        row->shown.first_seed = seed;
    }
    row->shown.seeds += row->shown.count == 0 || row->last_seed != seed;
    row->shown.count += (uint64_t)count;
    row->last_seed = seed;
    tally->ordered = false;
    return RCS_OK;
}

static enum rcs_err take_object(struct rcs_tally *tally, const json_t *object, const char *line,
                                size_t size_bytes, struct rcs_diag *diag)
{
    uint64_t seed;
    if (json_object_get(object, "rcsim-fuzz") != NULL) {
        return take_begin(tally, object, line, size_bytes, diag);
    }
    if (tally->begin == NULL) {
        return refuse(diag, "it does not begin as a file of `rcsim fuzz` does");
    }
    if (json_object_get(object, "rcsim-fuzz-end") != NULL) {
        return RCS_OK;
    }
    if (!seed_of(object, &seed)) {
        return refuse(diag, "it has no seed");
    }
    if (text_of(object, "finding") != NULL) {
        return take_finding(tally, seed, object, diag);
    }
    const json_t *faults = json_object_get(object, "faults");
    return json_is_integer(faults) && json_integer_value(faults) >= 0
               ? take_run(tally, seed, json_integer_value(faults))
               : refuse(diag, "it is neither a run nor a finding");
}

enum rcs_err rcs_tally_line(struct rcs_tally *tally, const char *line, size_t size_bytes,
                            struct rcs_diag *diag)
{
    json_error_t error;
    json_t *object = json_loadb(line, size_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        json_decref(object);
        return refuse(diag, "it is no line of JSON");
    }
    enum rcs_err err = take_object(tally, object, line, size_bytes, diag);
    json_decref(object);
    return err;
}

/* --- what it says ----------------------------------------------------------------------------- */

uint64_t rcs_tally_runs(const struct rcs_tally *tally)
{
    return tally->runs;
}

uint64_t rcs_tally_faults(const struct rcs_tally *tally)
{
    return tally->faults;
}

const char *rcs_tally_file(const struct rcs_tally *tally)
{
    return tally->file == NULL ? "" : tally->file;
}

const char *rcs_tally_release(const struct rcs_tally *tally)
{
    return tally->release == NULL ? "" : tally->release;
}

void rcs_tally_played(const struct rcs_tally *tally, struct rcs_buf *out)
{
    for (unsigned i = 0; i < tally->range_count; i++) {
        const struct range *range = &tally->played[i];
        rcs_buf_format(out, "%s%llu", i > 0 ? ", " : "", (unsigned long long)range->from);
        if (range->to > range->from) {
            rcs_buf_format(out, " to %llu", (unsigned long long)range->to);
        }
    }
}

void rcs_tally_end(const struct rcs_tally *tally, struct rcs_buf *out)
{
    struct rcs_buf played;
    rcs_buf_init(&played);
    rcs_tally_played(tally, &played);
    rcs_buf_add(&played, "", 1);
    rcs_json_begin(out, "rcsim-fuzz-end");
    rcs_json_text(out, played.data);
    rcs_json_key(out, "runs");
    rcs_json_number(out, (int64_t)tally->runs);
    rcs_json_key(out, "faults");
    rcs_json_number(out, (int64_t)tally->faults);
    rcs_json_key(out, "distinct");
    rcs_json_number(out, tally->row_count);
    rcs_json_key(out, "breaches");
    rcs_json_number(out, (int64_t)rcs_tally_breaches(tally));
    rcs_json_end(out);
    rcs_buf_close(&played);
}
