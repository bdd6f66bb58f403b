/* Scores of sorted sets as text: in listpacks, ziplists and in files of version 7 and older. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rdb_parts.h"

/* Redis 7.0 double2ll: within half the range of 64 bits a whole number is written as one. */
#define WHOLE_MOST 0x1p62
/* Redis 6.2 d2string: within 52 bits; beyond, "%.17g" changes to an exponent at 1e17. */
#define WHOLE_MOST_OLD 0x1p52

/* What stands instead of a length: no number is not taken. */
enum { OLD_NAN = 253, OLD_INFINITE = 254, OLD_MINUS_INFINITE = 255 };

size_t rcs_rdb_score_text(char *out, double score, unsigned version)
{
    bool old = version < RCS_RDB_VERSION_LISTPACK;
    double most = old ? WHOLE_MOST_OLD : WHOLE_MOST;
    RCS_ASSERT(!isnan(score));
    if (isinf(score)) {
        return (size_t)snprintf(out, RCS_RDB_SCORE_TEXT_MAX, "%s", score < 0 ? "-inf" : "inf");
    }
    if (old && score == 0 && signbit(score)) {
        memcpy(out, "-0", 2);
        return 2;
    }
    if (score >= -most && score <= most && (double)(int64_t)score == score) {
        return rcs_decimal_write(out, (int64_t)score);
    }
    size_t size_bytes = (size_t)snprintf(out, RCS_RDB_SCORE_TEXT_MAX, "%.17g", score);
    for (size_t i = 0; i < size_bytes; i++) { /* the program's locale may have another point */
        if (strchr("0123456789+-e", out[i]) == NULL) {
            out[i] = '.';
        }
    }
    return size_bytes;
}

/* 1, -1: infinite; 0 it is not. */
static int infinite(const char *text, size_t size_bytes)
{
    int sign = 1;
    if (size_bytes > 0 && (*text == '-' || *text == '+')) {
        sign = *text == '-' ? -1 : 1;
        text++;
        size_bytes--;
    }
    return size_bytes == 3 && memcmp(text, "inf", 3) == 0 ? sign : 0;
}

bool rcs_rdb_score_read(const char *text, size_t size_bytes, double *out)
{
    char copy[128], *end;
    int sign = infinite(text, size_bytes);
    if (sign != 0) {
        *out = sign > 0 ? HUGE_VAL : -HUGE_VAL;
        return true;
    }
    if (size_bytes == 0 || size_bytes >= sizeof(copy)) {
        return false;
    }
    char point = *localeconv()->decimal_point;
    for (size_t i = 0; i < size_bytes; i++) {
        if (text[i] == '\0' || strchr("0123456789+-.eE", text[i]) == NULL) {
            return false; /* blanks, hexadecimal digits: nothing a server wrote */
        }
        copy[i] = text[i] == '.' ? point : text[i];
    }
    copy[size_bytes] = '\0';
    *out = strtod(copy, &end);
    return end == copy + size_bytes;
}

void rcs_rdb_old_score_write(struct rcs_buf *out, double score)
{
    if (isinf(score)) {
        rcs_rdb_add_byte(out, score > 0 ? OLD_INFINITE : OLD_MINUS_INFINITE);
        return;
    }
    char text[RCS_RDB_SCORE_TEXT_MAX];
    size_t size_bytes = rcs_rdb_score_text(text, score, 0);
    rcs_rdb_add_byte(out, (unsigned)size_bytes);
    rcs_buf_add(out, text, size_bytes);
}

bool rcs_rdb_old_score_take(struct rcs_rdb_input *in, double *out)
{
    unsigned head;
    if (!rcs_rdb_take_byte(in, &head) || head == OLD_NAN) {
        return false;
    }
    if (head >= OLD_INFINITE) {
        *out = head == OLD_INFINITE ? HUGE_VAL : -HUGE_VAL;
        return true;
    }
    if (rcs_rdb_left(in) < head || !rcs_rdb_score_read((const char *)in->at, head, out)) {
        return false;
    }
    in->at += head;
    return true;
}
