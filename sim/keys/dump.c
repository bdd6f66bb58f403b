/* Values as payloads of DUMP, and back. */
#include <rcsim/rdb.h>

#include "sim/keys/value.h"

#include "sim/pure.h"

void rcs_value_dump(const struct rcs_value *value, unsigned rdb_version, struct rcs_buf *out)
{
    const struct rcs_string *string = rcs_string_of(value);
    struct rcs_arg text = { string->bytes, string->size_bytes };
    struct rcs_rdb_value parts = { .kind = RCS_RDB_STRING, .count = 1, .items = &text };
    rcs_dump_write(out, rdb_version, &parts);
}

enum rcs_err rcs_value_restore(const void *payload, size_t size_bytes, const char **type,
                               struct rcs_value **out)
{
    struct rcs_rdb_value value;
    unsigned number;
    enum rcs_err err = rcs_dump_read(payload, size_bytes, &number, &value);
    *type = rcs_rdb_type_name(number);
    if (err == RCS_OK && value.kind != RCS_RDB_STRING) {
        err = RCS_ERR_UNKNOWN;
    } else if (err == RCS_OK) {
        *out = rcs_string_new(value.items[0].bytes, value.items[0].size_bytes);
    }
    rcs_rdb_value_close(&value);
    return err;
}
