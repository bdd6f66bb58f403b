#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/explain.h>

#include "tools/tools.h"

static int compare(const struct run_arguments *arguments)
{
    const char *files[] = { arguments->file, arguments->second };
    struct rcs_diag diag = { .line = 0 };
    struct rcs_buf traces[2], out;
    int state = EXIT_HELD;
    rcs_buf_init(&out);
    for (unsigned i = 0; i < 2; i++) {
        rcs_buf_init(&traces[i]);
        state = state == EXIT_HELD ? trace_source_read(arguments, files[i], &traces[i]) : state;
    }
    if (state == EXIT_HELD &&
        rcs_compare(&out, arguments->options.json, files[0], traces[0].data, traces[0].size_bytes,
                    files[1], traces[1].data, traces[1].size_bytes, &diag) != RCS_OK) {
        state = complain_diag(&diag, "", NULL);
    }
    if (state == EXIT_HELD) {
        fwrite(out.data, 1, out.size_bytes, stdout);
    }
    rcs_buf_close(&traces[0]);
    rcs_buf_close(&traces[1]);
    rcs_buf_close(&out);
    return state;
}

int cmd_compare(int argc, char **argv)
{
    struct run_arguments arguments;
    int state = run_arguments_read(&arguments, 2, argc, argv);
    if (state == 0) {
        state = compare(&arguments);
    }
    run_arguments_close(&arguments);
    return state;
}
