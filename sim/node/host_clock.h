/* How a host's clock differs from true time.
 *
 * What Redis calls mstime and unixtime is the host's wall clock (gettimeofday): timeouts of the bus
 * and of replication, expiry and log lines go by it, and see it jump. Its event loop, and so the
 * cron, goes by the monotonic clock (Redis 7.0 getMonotonicUs), which does not. */
#ifndef RCSIM_SIM_NODE_HOST_CLOCK_H
#define RCSIM_SIM_NODE_HOST_CLOCK_H

#include <rcsim/base.h>

struct rcs_clock {
    rcs_us ahead_us; /* at `since_us`; behind: negative */
    rcs_us since_us;
    int32_t drift_ppm; /* and gains so many millionths from then on; loses: negative */
};

/* Never more than this, however it drifts: a node's milliseconds have 32 bits. */
#define RCS_CLOCK_AHEAD_US_MAX RCS_S(86400)

static inline rcs_us rcs_clock_ahead(const struct rcs_clock *host_clock, rcs_us at_us)
{
    rcs_us ahead_us = host_clock->ahead_us +
                      (at_us - host_clock->since_us) * (rcs_us)host_clock->drift_ppm / 1000000;
    return ahead_us > RCS_CLOCK_AHEAD_US_MAX    ? RCS_CLOCK_AHEAD_US_MAX
           : ahead_us < -RCS_CLOCK_AHEAD_US_MAX ? -RCS_CLOCK_AHEAD_US_MAX
                                                : ahead_us;
}

#endif
