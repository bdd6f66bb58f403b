/* Bytes in pieces, as a connection may bring them. */
#ifndef RCSIM_TEST_PIECES_H
#define RCSIM_TEST_PIECES_H

#include <stddef.h>
#include <stdint.h>

/* Lengths of random pieces, 1..`max`; the same in every run. */
size_t test_piece(uint32_t *state, size_t max);

/* All in one; cut once, at `argument`; one by one; random, with the seed `argument`. */
enum pieces { WHOLE, CUT_AT, BYTES, RANDOM };

/* The next piece's length, `left` at most, after `at` bytes. `random` begins as the seed. */
size_t pieces_next(enum pieces pieces, size_t argument, uint32_t *random, size_t at, size_t left);

#endif
