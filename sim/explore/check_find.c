/* What was found, each once. */
#include <stdlib.h>
#include <string.h>

#include "sim/explore/check_parts.h"

#include "sim/pure.h"

#define FOUND_MAX 64

static void keep_text(struct rcs_buf *from, char *to, size_t room)
{
    size_t size = from->size_bytes < room - 1 ? from->size_bytes : room - 1;
    memcpy(to, from->data, size);
    to[size] = '\0';
    rcs_buf_clear(from);
}

static void tell_place(const struct rcs_check *check, rcs_us at_us, int node, struct rcs_buf *out)
{
    rcs_buf_format(out, "at %lld us", (long long)at_us);
    if (node >= 0 && check->name != NULL) {
        rcs_buf_format(out, ", node %s", check->name(check->name_arg, node));
    } else if (node >= 0) {
        rcs_buf_format(out, ", node %d", node);
    }
    rcs_buf_text(out, ": ");
}

static void keep(struct rcs_check *check, const struct rcs_check_kept *kept)
{
    const struct rcs_check_finding *finding = &kept->finding;
    for (unsigned i = 0; i < check->found_count; i++) {
        struct rcs_check_kept *other = &check->found[i];
        if (other->finding.invariant == finding->invariant &&
            other->finding.permit == finding->permit &&
            strcmp(other->fingerprint, kept->fingerprint) == 0) {
            bool looked = finding->invariant >= RCS_INVARIANT_LOST_WRITE; /* all, each time */
            other->finding.count = finding->count + (looked ? 0 : other->finding.count);
            return;
        }
    }
    if (check->found == NULL) {
        check->found = calloc(FOUND_MAX, sizeof(check->found[0]));
        RCS_ASSERT(check->found != NULL);
    }
    if (check->found_count == FOUND_MAX) {
        check->left_out += finding->count;
        return;
    }
    struct rcs_check_kept *place = &check->found[check->found_count++];
    *place = *kept;
    place->finding.text = place->text;
    place->finding.fingerprint = place->fingerprint;
}

/* One that stands for all of its kind: which node comes first in the list says nothing. */
static void weigh(struct rcs_check_kept *one, const struct rcs_check_kept *kept)
{
    uint64_t count = one->finding.count + kept->finding.count;
    if (one->finding.count == 0 || strcmp(kept->fingerprint, one->fingerprint) < 0) {
        *one = *kept;
    }
    one->finding.count = count;
}

void rcs_check_gather(struct rcs_check *check, struct rcs_check_kept both[2])
{
    both[0].finding.count = both[1].finding.count = 0;
    check->gathered = both;
}

void rcs_check_gathered(struct rcs_check *check)
{
    const struct rcs_check_kept *both = check->gathered;
    check->gathered = NULL;
    for (unsigned i = 0; i < 2; i++) {
        if (both[i].finding.count > 0) {
            keep(check, &both[i]);
        }
    }
}

/* Rare, and only here is memory asked for. */
RCS_RARE void rcs_check_find(struct rcs_check *check, rcs_us at_us, enum rcs_invariant invariant,
                             const char *name, int node, int other, uint64_t count,
                             const char *format, uint64_t a, uint64_t b)
{
    const struct rcs_check_permit *permit = rcs_check_permit_of(
        invariant, name, node < 0 ? 0 : rcs_check_node(check, (unsigned)node)->series);
    struct rcs_check_kept kept = { .finding = { .invariant = invariant,
                                                .permit = permit == NULL ? NULL : permit->name,
                                                .why = permit == NULL ? NULL : permit->why,
                                                .at_us = at_us,
                                                .node = node,
                                                .other = other,
                                                .count = count } };
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_check_fingerprint(check, invariant, permit, node, other, &text);
    keep_text(&text, kept.fingerprint, sizeof(kept.fingerprint));
    tell_place(check, at_us, node, &text);
    rcs_buf_format(&text, format, (unsigned long long)a, (unsigned long long)b);
    keep_text(&text, kept.text, sizeof(kept.text));
    rcs_buf_close(&text);
    if (check->gathered != NULL) {
        weigh(&check->gathered[permit == NULL], &kept);
    } else {
        keep(check, &kept);
    }
}

bool rcs_check_found(const struct rcs_check *check, unsigned index, struct rcs_check_finding *out)
{
    if (index >= check->found_count) {
        return false;
    }
    *out = check->found[index].finding;
    return true;
}

const char *rcs_check_broken(const struct rcs_check *check)
{
    for (unsigned i = 0; i < check->found_count; i++) {
        if (check->found[i].finding.permit == NULL) {
            return check->found[i].text;
        }
    }
    return "";
}

uint64_t rcs_check_left_out(const struct rcs_check *check)
{
    return check->left_out;
}
