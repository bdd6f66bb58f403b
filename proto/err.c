/* Error texts and diagnostics. */
#include <rcsim/base.h>

#include <stdarg.h>
#include <stdio.h>

const char *rcs_err_text(enum rcs_err err)
{
    static const char *const texts[] = {
#define X(name, text) [RCS_ERR_##name] = text,
        RCS_ERRORS(X)
#undef X
    };
    RCS_ASSERT((size_t)err < sizeof(texts) / sizeof(texts[0]));
    return texts[err];
}

enum rcs_err rcs_diag_set(struct rcs_diag *diag, enum rcs_err err, int line, int column,
                          const char *format, ...)
{
    if (diag != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(diag->text, sizeof(diag->text), format, args);
        va_end(args);
        diag->line = line;
        diag->column = column;
    }
    return err;
}
