#include "sim/world/record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/pure.h"

void rcs_record_init(struct rcs_record *record)
{
    record->used_bytes = 0;
    record->state = XXH3_createState();
    RCS_ASSERT(record->state != NULL);
    XXH3_64bits_reset(record->state);
}

void rcs_record_close(struct rcs_record *record)
{
    XXH3_freeState(record->state);
    record->state = NULL;
}

void rcs_record_flush(struct rcs_record *record)
{
    XXH3_64bits_update(record->state, record->buffer, record->used_bytes);
    record->used_bytes = 0;
}

uint64_t rcs_record_digest(const struct rcs_record *record)
{
    XXH3_state_t *copy = XXH3_createState();
    RCS_ASSERT(copy != NULL);
    XXH3_copyState(copy, record->state);
    XXH3_64bits_update(copy, record->buffer, record->used_bytes);
    uint64_t digest = XXH3_64bits_digest(copy);
    XXH3_freeState(copy);
    return digest;
}

uint64_t rcs_record_hash(const void *bytes, size_t size_bytes)
{
    return XXH3_64bits(bytes, size_bytes);
}
