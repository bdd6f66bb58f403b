/* A scenario of tests/vectors/scenarios, played here and written down as a recording, with the
 * names that `like`, a recording of real servers, has for the same things. */
#ifndef RCSIM_TEST_REPLAY_H
#define RCSIM_TEST_REPLAY_H

#include "tests/support/recording.h"

/* `overrides`: directives, NULL none. The caller frees the recording. */
struct recording *replay(const char *scenario, const struct recording *like, const char *overrides,
                         uint64_t seed);

#endif
