/* Recorded requests and replies, played to a node: the files commands*.txt of tests/vectors/resp.
 */
#ifndef RCSIM_TEST_RESP_CASES_H
#define RCSIM_TEST_RESP_CASES_H

#include "tests/support/node_harness.h"

/* Puts a fresh node into the state in which a case was recorded. */
typedef void resp_case_setup(struct desk *desk, const char *how);

/* One case of a file, as a cmocka test. */
struct resp_case {
    char name[64], how[32];
    const char *lines; /* in the file's text, up to the next case */
    unsigned line;     /* number of the first of them */
    const char *path;
    resp_case_setup *setup;
};

/* Appends the cases of a file to `tests`. `text` and `cases` must live until the tests have run. */
size_t resp_cases_load(const char *path, resp_case_setup *setup, char **text,
                       struct resp_case **cases, struct CMUnitTest *tests, size_t most);

#endif
