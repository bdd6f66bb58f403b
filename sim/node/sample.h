/* What SRANDMEMBER, HRANDFIELD and ZRANDMEMBER share. */
#ifndef RCSIM_SIM_NODE_SAMPLE_H
#define RCSIM_SIM_NODE_SAMPLE_H

#include "sim/node/command.h"

/* A negative count asks for so many picks with repetitions, up to 2^63, and a real server makes
 * them until its memory ends. */
#define RCS_SAMPLE_MOST (1 << 20)

/* False: the count was refused as too large for rcsim. */
static inline bool rcs_sample_fits(struct rcs_call *call, int64_t count)
{
    if (count < -RCS_SAMPLE_MOST) {
        rcs_refuse_format(call->client, "rcsim makes no more than %d picks at once",
                          RCS_SAMPLE_MOST);
        return false;
    }
    return true;
}

#endif
