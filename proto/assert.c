/* What a broken invariant does. In a file of its own, so that a program that defines the function
 * itself does not get this one. */
#include <rcsim/base.h>

#include <stdio.h>
#include <stdlib.h>

void rcs_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "rcsim: internal error: assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}
