/* What every test program includes: cmocka with its companions, and access to tests/vectors. */
#ifndef RCSIM_TEST_SUPPORT_H
#define RCSIM_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rcsim/base.h>

/* A whole file below tests/vectors, NUL-terminated, on the heap; fails the test if it is not there.
 */
char *test_vector(const char *path, size_t *size_bytes);

/* False under valgrind, which computes long doubles with 64 bits: what depends on more is skipped.
 */
bool has_long_double(void);

/* Bytes from the recordings' form: tokens of hex or HH*N separated by blanks. On the heap. */
uint8_t *test_hex(const char *text, size_t *size_bytes);

/* Runs `each` once for every row of a table, as its state; a row begins with its name, which is the
 * test's. Returns how many failed, as cmocka_run_group_tests does. */
int test_run_rows(CMUnitTestFunction each, const void *rows, size_t row_bytes, size_t count);
#define test_rows(each, rows)                                                                      \
    test_run_rows(each, rows, sizeof((rows)[0]), sizeof(rows) / sizeof((rows)[0]))

/* For qsort: int64_t, the least first. */
int test_by_i64(const void *a, const void *b);

#endif
