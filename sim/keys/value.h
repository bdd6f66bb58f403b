/* Values: the counted things keys hold. For now the one type is the string. */
#ifndef RCSIM_SIM_KEYS_VALUE_H
#define RCSIM_SIM_KEYS_VALUE_H

#include <rcsim/base.h>

enum rcs_value_type { RCS_VALUE_STRING };
enum rcs_encoding { RCS_ENCODING_INT, RCS_ENCODING_EMBSTR, RCS_ENCODING_RAW };

/* A value may be shared by a key and by snapshots; only one with a single reference is changed. */
struct rcs_value {
    uint32_t refs;
    uint8_t type;     /* enum rcs_value_type */
    uint8_t encoding; /* enum rcs_encoding: what OBJECT ENCODING says; the bytes are always text */
    uint32_t size_bytes, room_bytes;
    char bytes[];
};

static inline struct rcs_value *rcs_value_retain(struct rcs_value *value)
{
    value->refs++;
    return value;
}
void rcs_value_release(struct rcs_value *value);
const char *rcs_value_type_name(const struct rcs_value *value);     /* "string" */
const char *rcs_value_encoding_name(const struct rcs_value *value); /* "int", "embstr", "raw" */

/* A copy of the bytes, one reference, encoded as SET does: int, embstr up to 44 bytes, else raw
 * (Redis 7.0 tryObjectEncoding). */
struct rcs_value *rcs_string_new(const void *bytes, size_t size_bytes);
/* The same, but digits stay text (Redis 7.0 createStringObject). */
struct rcs_value *rcs_string_new_text(const void *bytes, size_t size_bytes);
struct rcs_value *rcs_string_new_i64(int64_t value);

/* These take the caller's reference and give one back, to the same value or a changed copy; it is
 * raw from then on. */
struct rcs_value *rcs_string_append(struct rcs_value *value, const void *bytes, size_t size_bytes);
/* Overwrites from `offset`; what lies between the old end and it becomes NUL. */
struct rcs_value *rcs_string_write(struct rcs_value *value, size_t offset, const void *bytes,
                                   size_t size_bytes);

/* --- payloads of DUMP (dump.c) ---------------------------------------------------------------- */

struct rcs_buf;
/* Appends the payload, as a release with this version of RDB writes it. */
void rcs_value_dump(const struct rcs_value *value, unsigned rdb_version, struct rcs_buf *out);
/* The value of a payload that rcs_dump_check accepted: one reference. RCS_ERR_PROTOCOL: broken;
 * RCS_ERR_UNKNOWN: of a type that is not modelled, *type (static) names it. */
enum rcs_err rcs_value_restore(const void *payload, size_t size_bytes, const char **type,
                               struct rcs_value **out);

#endif
