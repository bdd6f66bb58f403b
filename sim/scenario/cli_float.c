#include "sim/scenario/cli_float.h"

#include <string.h>

#include "sim/pure.h"

#define BITS 24

static int bits_of(uint64_t value)
{
    int bits = 0;
    while (value != 0) {
        value >>= 1;
        bits++;
    }
    return bits;
}

/* value / 2^drop, ties to even; `more`: there was a rest before that, below the last bit. */
static uint64_t round_off(uint64_t value, int drop, bool more)
{
    if (drop <= 0) {
        return value << -drop;
    }
    if (drop > 63) {
        return 0;
    }
    uint64_t half = (uint64_t)1 << (drop - 1), rest = value & ((half << 1) - 1);
    uint64_t kept = value >> drop;
    bool up = rest > half || (rest == half && (more || (kept & 1)));
    return kept + up;
}

static struct rcs_float make(uint64_t value, int exponent, bool more)
{
    if (value == 0) {
        return (struct rcs_float){ 0, 0 };
    }
    int drop = bits_of(value) - BITS;
    uint64_t kept = round_off(value, drop, more);
    if (kept >> BITS != 0) {
        kept >>= 1;
        drop++;
    }
    return (struct rcs_float){ (uint32_t)kept, exponent + drop };
}

struct rcs_float rcs_float_of(uint64_t value)
{
    return make(value, 0, false);
}

/* numerator / denominator, rounded once. */
static struct rcs_float ratio(uint64_t numerator, uint64_t denominator)
{
    if (numerator == 0) {
        return (struct rcs_float){ 0, 0 };
    }
    int shift = 62 - bits_of(numerator);
    uint64_t wide = numerator << shift;
    /* At least 62 - 34 bits of quotient, where 25 and a rest are enough. */
    return make(wide / denominator, -shift, wide % denominator != 0);
}

/* atof gives a double, which is then rounded again; of so few digits that makes no difference but
 * in a tie, and a decimal that is a tie of two floats is exact as a double. */
struct rcs_float rcs_float_read(const char *text)
{
    uint64_t value = 0, scale = 1;
    bool point = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        value = value * 10 + (uint64_t)(*text - '0');
        scale *= point ? 10 : 1;
    }
    return ratio(value, scale);
}

struct rcs_float rcs_float_add(struct rcs_float a, struct rcs_float b)
{
    if (a.mantissa == 0 || b.mantissa == 0) {
        return a.mantissa == 0 ? b : a;
    }
    struct rcs_float high = a.exponent >= b.exponent ? a : b;
    struct rcs_float low = a.exponent >= b.exponent ? b : a;
    int apart = high.exponent - low.exponent;
    if (apart > BITS + 2) { /* too small to be seen, but no tie either */
        return make(((uint64_t)high.mantissa << 2) | 1, high.exponent - 2, false);
    }
    return make(((uint64_t)high.mantissa << apart) + low.mantissa, low.exponent, false);
}

struct rcs_float rcs_float_multiply(struct rcs_float a, struct rcs_float b)
{
    return make((uint64_t)a.mantissa * b.mantissa, a.exponent + b.exponent, false);
}

struct rcs_float rcs_float_divide(struct rcs_float a, struct rcs_float b)
{
    struct rcs_float quotient = ratio(a.mantissa, b.mantissa);
    if (quotient.mantissa != 0) {
        quotient.exponent += a.exponent - b.exponent;
    }
    return quotient;
}

bool rcs_float_more(struct rcs_float a, struct rcs_float b)
{
    if (a.mantissa == 0 || b.mantissa == 0) {
        return a.mantissa > b.mantissa;
    }
    return a.exponent != b.exponent ? a.exponent > b.exponent : a.mantissa > b.mantissa;
}

int64_t rcs_float_floor(struct rcs_float value)
{
    if (value.exponent >= 0) {
        return (int64_t)((uint64_t)value.mantissa << value.exponent);
    }
    return value.exponent < -BITS ? 0 : (int64_t)(value.mantissa >> -value.exponent);
}

int64_t rcs_float_ceil(struct rcs_float value)
{
    int64_t below = rcs_float_floor(value);
    bool whole =
        value.mantissa == 0 || value.exponent >= 0 ||
        (value.exponent >= -BITS && (value.mantissa & (((uint32_t)1 << -value.exponent) - 1)) == 0);
    return below + !whole;
}

int64_t rcs_float_hundredths(struct rcs_float value)
{
    return (int64_t)round_off((uint64_t)value.mantissa * 100, -value.exponent, false);
}
