#include "sim/keys/glob.h"

#include "sim/pure.h"

struct pattern {
    const char *at, *end;
};

static unsigned char fold(char c, bool any_case)
{
    return (unsigned char)(any_case && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* One `[...]`, `pattern` standing behind its bracket; moves behind the closing one. A class that is
 * not closed ends with the pattern. */
static bool class_matches(struct pattern *pattern, char c, bool any_case)
{
    bool negated = pattern->at < pattern->end && *pattern->at == '^';
    bool found = false;
    if (negated) {
        pattern->at++;
    }
    for (; pattern->at < pattern->end && *pattern->at != ']'; pattern->at++) {
        size_t left = (size_t)(pattern->end - pattern->at);
        if (*pattern->at == '\\' && left >= 2) {
            pattern->at++; /* literally, whatever the case */
            found = found || *pattern->at == c;
        } else if (left >= 3 && pattern->at[1] == '-') {
            unsigned char low = fold(pattern->at[0], any_case);
            unsigned char high = fold(pattern->at[2], any_case);
            unsigned char is = fold(c, any_case);
            found = found || (low <= high ? is >= low && is <= high : is >= high && is <= low);
            pattern->at += 2;
        } else {
            found = found || fold(*pattern->at, any_case) == fold(c, any_case);
        }
    }
    if (pattern->at < pattern->end) {
        pattern->at++;
    }
    return found != negated;
}

/* One element that is not `*` against one byte; moves behind the element. */
static bool element_matches(struct pattern *pattern, char c, bool any_case)
{
    char element = *pattern->at++;
    switch (element) {
    case '?':
        return true;
    case '[':
        return class_matches(pattern, c, any_case);
    case '\\':
        if (pattern->at < pattern->end) {
            element = *pattern->at++;
        }
        break;
    default:
        break;
    }
    return fold(element, any_case) == fold(c, any_case);
}

/* Only the last star seen needs to be tried again: what came before it has matched as early as it
 * could. */
bool rcs_glob_matches(const char *pattern, size_t pattern_bytes, const char *text,
                      size_t text_bytes, bool any_case)
{
    struct pattern rest = { pattern, pattern + pattern_bytes };
    const char *after_star = NULL, *retry_from = NULL;
    const char *at = text, *end = text + text_bytes;
    while (at < end) {
        if (rest.at < rest.end && *rest.at == '*') {
            after_star = ++rest.at;
            retry_from = at;
            continue;
        }
        if (rest.at < rest.end && element_matches(&rest, *at, any_case)) {
            at++;
            continue;
        }
        if (after_star == NULL) {
            return false;
        }
        rest.at = after_star;
        at = ++retry_from;
    }
    while (rest.at < rest.end && *rest.at == '*') {
        rest.at++;
    }
    return rest.at == rest.end;
}
