/* Commands of lists: recorded replies byte for byte (resp/commands_list.txt). */
#include "tests/support/resp_cases.h"

#define CASES_MAX 40

int main(void)
{
    static struct CMUnitTest tests[CASES_MAX];
    char *text;
    struct resp_case *cases;
    size_t count = resp_cases_load("resp/commands_list.txt", NULL, &text, &cases, tests, CASES_MAX);
    int failed = _cmocka_run_group_tests("command_list", tests, count, NULL, NULL);
    free(text);
    free(cases);
    return failed;
}
