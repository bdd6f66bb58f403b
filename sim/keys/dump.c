/* Values as payloads of DUMP, and back. */
#include <rcsim/rdb.h>

#include "sim/keys/value.h"

#include "sim/pure.h"

void rcs_value_dump(const struct rcs_value *value, unsigned rdb_version, struct rcs_buf *out)
{
    const struct rcs_string *string = rcs_string_of(value);
    rcs_dump_write(out, rdb_version, string->bytes, string->size_bytes);
}

enum rcs_err rcs_value_restore(const void *payload, size_t size_bytes, const char **type,
                               struct rcs_value **out)
{
    struct rcs_buf text;
    unsigned number;
    rcs_buf_init(&text);
    enum rcs_err err = rcs_dump_read(payload, size_bytes, &number, &text);
    *type = rcs_rdb_type_name(number);
    if (err == RCS_OK) {
        *out = rcs_string_new(text.data, text.size_bytes);
    }
    rcs_buf_close(&text);
    return err;
}
