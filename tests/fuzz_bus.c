/* Any bytes as the front of a bus stream, read as 7.0 does and as any release does: nothing is read
 * past the end, and what is taken is the same after it was written and read again. Packets with
 * nothing in them that servers ignore come back byte for byte. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/bus.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rcs_bus_msg *read_back(struct rcs_store *store, const struct rcs_bus_dialect *dialect,
                                     const uint8_t *bytes, size_t size_bytes)
{
    struct rcs_bus_msg *msg;
    struct rcs_bus_refusal refusal;
    size_t used;
    enum rcs_err err = rcs_bus_read_as(store, dialect, bytes, size_bytes, &msg, &used, &refusal);
    RCS_ASSERT(err == RCS_OK && used == size_bytes && refusal.log[0] == '\0');
    return msg;
}

static bool plain(const struct rcs_bus_msg *msg)
{
    return msg->hostname == 0 && !rcs_bus_is_extended(msg);
}

static void check_message(struct rcs_store *store, const struct rcs_bus_dialect *dialect,
                          const struct rcs_bus_msg *msg, const uint8_t *input, size_t used)
{
    size_t size_bytes = rcs_bus_size(store, msg);
    uint8_t *bytes = malloc(size_bytes), *again = malloc(size_bytes);
    RCS_ASSERT(bytes != NULL && again != NULL);
    RCS_ASSERT(rcs_bus_write(store, msg, bytes, size_bytes) == size_bytes);
    RCS_ASSERT(size_bytes <= used);
    struct rcs_bus_msg *back = read_back(store, dialect, bytes, size_bytes);
    RCS_ASSERT(rcs_bus_msg_equal(msg, back));
    RCS_ASSERT(rcs_bus_write(store, back, again, size_bytes) == size_bytes);
    RCS_ASSERT(memcmp(bytes, again, size_bytes) == 0);
    /* Of one length, with no extensions, they differ at most where the input is not zero. */
    for (size_t i = 0; size_bytes == used && plain(msg) && i < used; i++) {
        RCS_ASSERT(bytes[i] == input[i] || input[i] != 0);
    }
    rcs_bus_msg_release(store, back);
    free(again);
    free(bytes);
}

static void read_all(const struct rcs_bus_dialect *dialect, const uint8_t *data, size_t size)
{
    struct rcs_store *store = rcs_store_new();
    size_t at = 0;
    enum rcs_err err;
    do {
        struct rcs_bus_msg *msg;
        struct rcs_bus_refusal refusal;
        size_t used;
        err = rcs_bus_read_as(store, dialect, data + at, size - at, &msg, &used, &refusal);
        RCS_ASSERT(used <= size - at);
        RCS_ASSERT((msg != NULL) == (err == RCS_OK));
        RCS_IMPLIES(err == RCS_MORE, used == 0);
        if (msg != NULL) {
            check_message(store, dialect, msg, data + at, used);
            rcs_bus_msg_release(store, msg);
        }
        at += used;
        if (refusal.close) {
            break;
        }
    } while (err != RCS_MORE);
    rcs_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_all(&rcs_bus_7_0, data, size);
    read_all(&rcs_bus_any[0], data, size);
    read_all(&rcs_bus_any[1], data, size);
    return 0;
}
