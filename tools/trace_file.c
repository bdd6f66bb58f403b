#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/tools.h"

bool trace_file_open(struct trace_file *trace)
{
    bool to_stdout = strcmp(trace->path, "-") == 0;
    trace->file = to_stdout ? stdout : fopen(trace->path, "wb");
    trace->error = trace->file == NULL ? errno : 0;
    return trace->file != NULL;
}

void trace_file_write(void *arg, const char *bytes, size_t size_bytes)
{
    struct trace_file *trace = arg;
    if (trace->error != 0 || (trace->file == NULL && !trace_file_open(trace))) {
        return;
    }
    if (fwrite(bytes, 1, size_bytes, trace->file) != size_bytes) {
        trace->error = errno;
    }
}

bool trace_file_close(struct trace_file *trace)
{
    if (trace->file != NULL && trace->file != stdout && fclose(trace->file) != 0 &&
        trace->error == 0) {
        trace->error = errno;
    }
    trace->file = NULL;
    return trace->error == 0;
}
