/* C `float` as redis-cli reckons with it, in integers: the simulation decides by no floating point
 * unit. Numbers that are not negative, rounded to nearest, ties to even; no overflow, no
 * subnormals, none of which shares and weights come near. */
#ifndef RCSIM_SIM_SCENARIO_CLI_FLOAT_H
#define RCSIM_SIM_SCENARIO_CLI_FLOAT_H

#include <stdbool.h>
#include <stdint.h>

/* mantissa * 2^exponent; the mantissa has 24 bits, or is 0. */
struct rcs_float {
    uint32_t mantissa;
    int exponent;
};

struct rcs_float rcs_float_of(uint64_t value); /* below 2^62 */
/* "1.5": seven digits before the point and six behind it at most; reads as far as they go. */
struct rcs_float rcs_float_read(const char *text);
struct rcs_float rcs_float_add(struct rcs_float a, struct rcs_float b);
struct rcs_float rcs_float_multiply(struct rcs_float a, struct rcs_float b);
struct rcs_float rcs_float_divide(struct rcs_float a, struct rcs_float b); /* b is not 0 */
bool rcs_float_more(struct rcs_float a, struct rcs_float b);               /* a > b */
int64_t rcs_float_floor(struct rcs_float value); /* below 2^62, as the two below */
int64_t rcs_float_ceil(struct rcs_float value);
/* In hundredths, as "%.2f" rounds: exactly halfway goes to even. */
int64_t rcs_float_hundredths(struct rcs_float value);

#endif
