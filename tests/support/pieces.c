#include "tests/support/pieces.h"

size_t test_piece(uint32_t *state, size_t max)
{
    *state = *state * 1664525u + 1013904223u;
    return 1 + (*state >> 8) % max;
}

size_t pieces_next(enum pieces pieces, size_t argument, uint32_t *random, size_t at, size_t left)
{
    size_t piece = left;
    switch (pieces) {
    case WHOLE:
        break;
    case CUT_AT:
        piece = at < argument ? argument - at : left;
        break;
    case BYTES:
        piece = 1;
        break;
    case RANDOM:
        piece = test_piece(random, 20);
        break;
    }
    return piece < left ? piece : left;
}
