/* How virtual time goes with real time: N times as fast, or not at all by itself. */
#ifndef RCSIM_SIM_UV_PACE_H
#define RCSIM_SIM_UV_PACE_H

#include <rcsim/base.h>

#define RCS_PACE_MANUAL 0
#define RCS_PACE_MAX    1000000

struct rcs_pace {
    int64_t speed;     /* RCS_PACE_MANUAL: the clock stands */
    uint64_t since_ns; /* real: when it was so much virtual time */
    rcs_us since_us;
};

static inline void rcs_pace_set(struct rcs_pace *pace, int64_t speed, uint64_t now_ns,
                                rcs_us now_us)
{
    *pace = (struct rcs_pace){ speed, now_ns, now_us };
}

/* Virtual time at a real instant. No float: an hour is as exact as a second. */
static inline rcs_us rcs_pace_now(const struct rcs_pace *pace, uint64_t now_ns)
{
    uint64_t passed_ns = now_ns > pace->since_ns ? now_ns - pace->since_ns : 0;
    uint64_t speed = (uint64_t)pace->speed;
    return pace->since_us + (rcs_us)(passed_ns / 1000 * speed + passed_ns % 1000 * speed / 1000);
}

/* Real milliseconds until then, rounded up. */
static inline uint64_t rcs_pace_wait_ms(const struct rcs_pace *pace, uint64_t now_ns, rcs_us at_us)
{
    rcs_us left_us = at_us - rcs_pace_now(pace, now_ns);
    uint64_t per_ms = 1000 * (uint64_t)pace->speed;
    return left_us <= 0 ? 0 : ((uint64_t)left_us + per_ms - 1) / per_ms;
}

#endif
