/* libFuzzer: any bytes as a trace. Reading must refuse or accept, never read past the end; a trace
 * that is whole equals itself. */
#include <stdint.h>
#include <stdlib.h>

#include <rcsim/trace.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct rcs_diag diag;
    struct rcs_trace_header header;
    rcs_trace_read_header("fuzz", text, size, &header, &diag);
    rcs_trace_header_close(&header);
    struct rcs_buf report;
    bool same = false;
    rcs_buf_init(&report);
    enum rcs_err err = rcs_trace_diff("a", text, size, "b", text, size, &same, &report, &diag);
    if ((err == RCS_OK) != (rcs_trace_check("fuzz", text, size, &diag) == RCS_OK) ||
        (err == RCS_OK && !same)) {
        abort();
    }
    rcs_buf_close(&report);
    return 0;
}
