/* The words every floor shares: virtual time, node ids, error codes, diagnostics, assertions.
 *
 * Time is virtual microseconds since the run began. A node id is the identity a Redis node carries
 * (40 hex characters); inside rcsim it is a small number handed out by a value store (store.h). */
#ifndef RCSIM_BASE_H
#define RCSIM_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RCS_VERSION "0.1.0"

typedef int64_t rcs_us; /* virtual microseconds since the run began; signed */
#define RCS_MS(ms) ((rcs_us)(ms)*1000)
#define RCS_S(s)   ((rcs_us)(s)*1000000)
#define RCS_NEVER  INT64_MAX

typedef uint16_t rcs_id; /* an interned node id, see store.h */
#define RCS_ID_NONE ((rcs_id)0xffff)
#define RCS_ID_LEN  40
#define RCS_SLOTS   16384

/* clang-format off */
#define RCS_ERRORS(X)                                                       \
    X(OK,       "no error")                                                 \
    X(MORE,     "more bytes are needed")                                    \
    X(PROTOCOL, "the bytes break the protocol")                             \
    X(TOO_BIG,  "a length is over its limit")                               \
    X(SYNTAX,   "the text cannot be read")                                  \
    X(UNKNOWN,  "the name is not known")                                    \
    X(RANGE,    "the value is out of range")                                \
    X(STATE,    "not possible in this state")                               \
    X(IO,       "a file could not be read or written")                      \
    X(LIMIT,    "a limit of the simulator is reached")
/* clang-format on */

enum rcs_err {
#define X(name, text) RCS_ERR_##name,
    RCS_ERRORS(X)
#undef X
};
#define RCS_OK   RCS_ERR_OK
#define RCS_MORE RCS_ERR_MORE

/* The sentence that belongs to `err`; static, never NULL. */
const char *rcs_err_text(enum rcs_err err);

/* Where input was wrong and what would do. Line and column count from 1; 0: no such place. */
struct rcs_diag {
    char source[128];
    int line;
    int column;
    char text[384];
};

/* Fills `diag` (NULL is allowed) from a printf format. Returns `err`, so that callers can
 * `return rcs_diag_set(...)`. */
enum rcs_err rcs_diag_set(struct rcs_diag *diag, enum rcs_err err, int line, int column,
                          const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 5, 6)))
#endif
    ;

/* Called when an assertion does not hold. The library's own prints and aborts; a program may define
 * its own (tests link one that calls cmocka's mock_assert). Must not return. */
#if defined(__GNUC__)
__attribute__((noreturn, cold))
#endif
void rcs_assert_failed(const char *condition, const char *file, int line);

/* On in every build: a simulator that goes on after a broken invariant reports fiction. */
#define RCS_ASSERT(condition)                                                                      \
    ((condition) ? (void)0 : rcs_assert_failed(#condition, __FILE__, __LINE__))
#define RCS_IMPLIES(a, b) RCS_ASSERT(!(a) || (b))
/* For places that must not be reached; the text says why. */
#define RCS_UNREACHABLE(text) rcs_assert_failed(text, __FILE__, __LINE__)

/* A function that not every event needs: kept apart from the code that all run through, which then
 * fits into the processor's nearest cache. RARE: hardly any run needs it often. HOT: nearly every
 * event runs it; these stand together, so that they share few pages. */
#if defined(__GNUC__)
#define RCS_HOT   __attribute__((hot))
#define RCS_APART __attribute__((noinline))
#define RCS_RARE  __attribute__((noinline, cold))
#else
#define RCS_HOT
#define RCS_APART
#define RCS_RARE
#endif

#ifdef __cplusplus
}
#endif
#endif
