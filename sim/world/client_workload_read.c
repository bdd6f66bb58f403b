/* What a workload reads: held against what it wrote and what was acknowledged. */
#include <stdlib.h>

#include "sim/world/client_workload.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

/* The last write of its key that was acknowledged; there is one. */
static size_t last_of(const struct rcs_workload *workload, unsigned key)
{
    size_t i = workload->acknowledged_count;
    do {
        RCS_ASSERT(i > 0);
        i--;
    } while (workload->acknowledged[i].key != key);
    return i;
}

/* Looked at now: who owns the slot may have changed by the time somebody asks. */
RCS_RARE static void note_stale(struct rcs_workload *workload, size_t of)
{
    if (workload->stale_count == workload->stale_room) {
        workload->stale_room = workload->stale_room == 0 ? 64 : workload->stale_room * 2;
        workload->stale =
            realloc(workload->stale, workload->stale_room * sizeof(workload->stale[0]));
        RCS_ASSERT(workload->stale != NULL);
    }
    const struct rcs_acknowledged *write = &workload->acknowledged[of];
    int node = rcs_program_node(workload->program);
    struct rcs_stale *stale = &workload->stale[workload->stale_count++];
    stale->write = of;
    stale->read.node = node;
    stale->read.at_us = workload->sim->now_us;
    stale->read.of = (struct rcs_lost_write){
        .node = write->node,
        .at_us = write->at_us,
        .way = write->way,
        .confirmed = write->confirmed,
        .reread = write->reread,
        .two_owners = write->node != node && rcs_workload_held(workload, write),
    };
}

enum rcs_workload_error rcs_workload_take_value(struct rcs_workload *workload,
                                                const struct rcs_reply *reply)
{
    bool value = reply->kind == RCS_REPLY_BULK;
    int64_t number = value ? rcs_workload_number(reply->bytes, reply->size_bytes) : 0;
    bool nobodys = (value && number == 0) || number > (int64_t)workload->written[workload->key];
    if (nobodys && workload->wrong.count++ == 0) {
        workload->wrong.node = rcs_program_node(workload->program);
        workload->wrong.at_us = workload->sim->now_us;
    }
    if (number >= (int64_t)workload->last[workload->key]) {
        return RCS_WORKLOAD_ERROR_COUNT;
    }
    if (!nobodys) {
        note_stale(workload, last_of(workload, workload->key));
    }
    return RCS_WORKLOAD_STALE;
}

bool rcs_workload_rereads(struct rcs_workload *workload)
{
    rcs_us until_us = workload->sim->now_us - workload->options.reread_us;
    while (workload->options.reread_us > 0 && workload->reread < workload->acknowledged_count) {
        const struct rcs_acknowledged *write = &workload->acknowledged[workload->reread];
        if (write->at_us > until_us) {
            return false;
        }
        if (workload->written[write->key] == write->number) {
            workload->key = write->key;
            return true;
        }
        workload->reread++; /* written anew, or tried to be */
    }
    return false;
}

enum rcs_workload_error rcs_workload_take_reread(struct rcs_workload *workload,
                                                 const struct rcs_reply *reply)
{
    struct rcs_acknowledged *write = &workload->acknowledged[workload->reread++];
    enum rcs_workload_error error = rcs_workload_take_value(workload, reply);
    if (error == RCS_WORKLOAD_ERROR_COUNT) { /* nobody wrote more */
        write->reread = true;
        write->at_us = workload->sim->now_us;
        write->node = (int16_t)rcs_program_node(workload->program);
        write->way = 0; /* if it was gone, it came back */
        workload->counts.reread++;
    }
    return error;
}

/* --- what is told of it ----------------------------------------------------------------------- */

uint64_t rcs_workload_wrong(const struct rcs_workload *workload)
{
    return workload->wrong.count;
}

const struct rcs_wrong_reads *rcs_workload_wrong_reads(const struct rcs_workload *workload)
{
    return &workload->wrong;
}

void rcs_workload_stale_each(const struct rcs_workload *workload,
                             void (*each)(void *arg, const struct rcs_stale_read *read), void *arg)
{
    for (size_t i = 0; i < workload->stale_count; i++) {
        each(arg, &workload->stale[i].read);
    }
}
