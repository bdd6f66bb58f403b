#include "sim/keys/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/resp.h>

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

/* The text with a NUL behind it: in `room` if it fits, else on the heap. */
#define TEXT_ROOM_BYTES 128
static char *text_of(const char *text, size_t size_bytes, char room[TEXT_ROOM_BYTES])
{
    char *copy = size_bytes < TEXT_ROOM_BYTES ? room : malloc(size_bytes + 1);
    RCS_ASSERT(copy != NULL);
    if (size_bytes > 0) {
        memcpy(copy, text, size_bytes);
    }
    copy[size_bytes] = '\0';
    return copy;
}

bool rcs_number_read_score(const char *text, size_t size_bytes, double *out)
{
    char room[TEXT_ROOM_BYTES], *end;
    if (size_bytes == 0 || strchr(" \t\n\v\f\r", text[0]) != NULL) {
        return false; /* a NUL as first byte ends here as well */
    }
    char *copy = text_of(text, size_bytes, room);
    errno = 0;
    *out = strtod(copy, &end);
    bool out_of_range = errno == ERANGE && (isinf(*out) || fpclassify(*out) == FP_ZERO);
    bool whole = end == copy + size_bytes;
    if (copy != room) {
        free(copy);
    }
    return whole && !out_of_range && !isnan(*out);
}

bool rcs_number_read_bound(const char *text, size_t size_bytes, double *out)
{
    char room[TEXT_ROOM_BYTES], *end;
    char *copy = text_of(text, size_bytes, room);
    *out = strtod(copy, &end);
    bool whole = *end == '\0';
    if (copy != room) {
        free(copy);
    }
    return whole && !isnan(*out);
}

size_t rcs_number_write_score(double value, char *out)
{
    if (isinf(value)) {
        return (size_t)snprintf(out, RCS_SCORE_TEXT_BYTES, value > 0 ? "inf" : "-inf");
    }
    /* Redis 7.0 double2ll: up to LLONG_MAX / 2, as a double */
    if (value >= -0x1p62 && value <= 0x1p62 && (double)(int64_t)value == value) {
        return rcs_decimal_write(out, (int64_t)value);
    }
    return (size_t)snprintf(out, RCS_SCORE_TEXT_BYTES, "%.17g", value);
}
