#include "sim/keys/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

bool rcs_number_read_float(const char *text, size_t size_bytes, long double *out)
{
    char copy[RCS_FLOAT_TEXT_BYTES];
    if (size_bytes == 0 || size_bytes >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, size_bytes);
    copy[size_bytes] = '\0';
    if (strchr(" \t\n\v\f\r", copy[0]) != NULL) {
        return false; /* a NUL as first byte ends here as well */
    }
    char *end;
    errno = 0;
    *out = strtold(copy, &end);
    bool out_of_range = errno == ERANGE && (isinf(*out) || fpclassify(*out) == FP_ZERO);
    return end == copy + size_bytes && !out_of_range && !isnan(*out);
}

size_t rcs_number_write_float(long double value, char *out)
{
    if (isinf(value)) {
        return (size_t)snprintf(out, RCS_FLOAT_TEXT_BYTES, value > 0 ? "inf" : "-inf");
    }
    int length = snprintf(out, RCS_FLOAT_TEXT_BYTES, "%.17Lf", value);
    RCS_ASSERT(length > 0 && length < RCS_FLOAT_TEXT_BYTES);
    size_t size = (size_t)length;
    while (out[size - 1] == '0') {
        size--;
    }
    if (out[size - 1] == '.') {
        size--;
    }
    out[size] = '\0';
    if (strcmp(out, "-0") == 0) {
        return (size_t)snprintf(out, RCS_FLOAT_TEXT_BYTES, "0");
    }
    return size;
}
