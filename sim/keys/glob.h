/* Patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET take them: `*`, `?`, `[a-c]`, `[^x]`, `\`
 * before a byte that stands for itself (Redis 7.0 stringmatchlen). */
#ifndef RCSIM_SIM_KEYS_GLOB_H
#define RCSIM_SIM_KEYS_GLOB_H

#include <rcsim/base.h>

bool rcs_glob_matches(const char *pattern, size_t pattern_bytes, const char *text,
                      size_t text_bytes, bool any_case);

#endif
