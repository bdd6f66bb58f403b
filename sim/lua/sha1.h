/* SHA-1 (FIPS 180-4), by which scripts are named and which redis.sha1hex gives to them. */
#ifndef RCSIM_SIM_LUA_SHA1_H
#define RCSIM_SIM_LUA_SHA1_H

#include <stddef.h>

#define RCS_SHA1_HEX 40

/* Writes 40 lower case digits and a NUL. */
void rcs_sha1_hex(char out[RCS_SHA1_HEX + 1], const void *bytes, size_t size_bytes);

#endif
