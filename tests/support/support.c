#include "tests/support/support.h"

#include <float.h>

/* An assertion that does not hold fails the test that asked for it (expect_assert_failure), or the
 * test that runs. */
void rcs_assert_failed(const char *condition, const char *file, int line)
{
    mock_assert(0, condition, file, line);
    abort();
}

char *test_vector(const char *path, size_t *size_bytes)
{
    char whole[1024];
    snprintf(whole, sizeof(whole), "%s/%s", RCS_TEST_VECTORS, path);
    FILE *file = fopen(whole, "rb");
    if (file == NULL) {
        fail_msg("no test vector %s", whole);
    }
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    char *text = malloc((size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    fclose(file);
    text[length] = '\0';
    if (size_bytes != NULL) {
        *size_bytes = (size_t)length;
    }
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

uint8_t *test_hex(const char *text, size_t *size_bytes)
{
    size_t room = 64, size = 0;
    uint8_t *bytes = malloc(room);
    assert_non_null(bytes);
    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        assert_true(high >= 0 && low >= 0);
        text += 2;
        size_t times = 1;
        if (*text == '*') {
            char *end;
            times = strtoul(text + 1, &end, 10);
            text = end;
        }
        if (size + times > room) {
            room = (size + times) * 2;
            bytes = realloc(bytes, room);
            assert_non_null(bytes);
        }
        memset(bytes + size, high * 16 + low, times);
        size += times;
    }
    *size_bytes = size;
    return bytes;
}

int test_by_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int test_run_rows(CMUnitTestFunction each, const void *rows, size_t row_bytes, size_t count)
{
    struct CMUnitTest *tests = calloc(count, sizeof(tests[0]));
    assert_non_null(tests);
    for (size_t i = 0; i < count; i++) {
        const char *row = (const char *)rows + i * row_bytes;
        tests[i].test_func = each;
        tests[i].initial_state = (void *)(uintptr_t)row;
        memcpy(&tests[i].name, row, sizeof(tests[i].name));
    }
    int failed = _cmocka_run_group_tests("rows", tests, count, NULL, NULL);
    free(tests);
    return failed;
}

bool has_long_double(void)
{
    volatile long double one = 1, more = one + LDBL_EPSILON;
    return more != one;
}
