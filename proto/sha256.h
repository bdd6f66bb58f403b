/* SHA-256 (FIPS 180-4): how ACL shows passwords. */
#ifndef RCSIM_PROTO_SHA256_H
#define RCSIM_PROTO_SHA256_H

#include <rcsim/base.h>

/* Writes 64 hexadecimal digits and a NUL. */
void rcs_sha256_hex(const void *bytes, size_t size_bytes, char out[65]);

#endif
