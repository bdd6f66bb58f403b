/* Values as payloads of DUMP, and back. */
#include "sim/keys/dump.h"

#include "sim/pure.h"

void rcs_value_dump(const struct rcs_value *value, unsigned rdb_version, struct rcs_buf *out)
{
    struct rcs_value_parts parts;
    rcs_value_parts_init(&parts, value);
    rcs_dump_write(out, rdb_version, &parts.rdb);
    rcs_value_parts_close(&parts);
}

enum rcs_err rcs_value_restore(const void *payload, size_t size_bytes,
                               const struct rcs_value_limits *limits, const char **type,
                               struct rcs_value **out)
{
    struct rcs_rdb_value parts;
    unsigned number;
    enum rcs_err err = rcs_dump_read(payload, size_bytes, &number, &parts);
    *type = rcs_rdb_type_name(number);
    if (err == RCS_OK) {
        *out = rcs_value_of_parts(&parts, limits);
    }
    rcs_rdb_value_close(&parts);
    return err;
}
