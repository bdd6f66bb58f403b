/* Long doubles, and doubles as scores of sorted sets, in texts: as strictly as Redis reads them and
 * printed as it prints them. */
#ifndef RCSIM_SIM_KEYS_NUMBER_H
#define RCSIM_SIM_KEYS_NUMBER_H

#include <rcsim/base.h>

/* Room for the longest text rcs_number_write_float makes, its NUL included. */
#define RCS_FLOAT_TEXT_BYTES (5 * 1024)

/* A finite or infinite long double; not a NaN, no leading blank, nothing after it (Redis 7.0
 * string2ld). */
bool rcs_number_read_float(const char *text, size_t size_bytes, long double *out);

/* Seventeen digits after the point, then without trailing zeros (Redis 7.0 ld2string, human form).
 * Returns the length; `out` has RCS_FLOAT_TEXT_BYTES. */
size_t rcs_number_write_float(long double value, char *out);

/* A score: finite or infinite, not a NaN, no leading blank, nothing after it (Redis 7.0 string2d).
 */
bool rcs_number_read_score(const char *text, size_t size_bytes, double *out);
/* A bound of a range of scores: what C's strtod takes up to the end or a NUL, which may have
 * leading blanks or be nothing at all (then it is 0), but not a NaN (Redis 7.0 zslParseRange). */
bool rcs_number_read_bound(const char *text, size_t size_bytes, double *out);
/* Room for the longest text of a score, its NUL included. */
#define RCS_SCORE_TEXT_BYTES 32
/* As a listpack holds it: an integer if it is one of up to 63 bits (Redis 7.0 zzlInsertAt). Returns
 * the length. */
size_t rcs_number_write_score(double value, char *out);

#endif
