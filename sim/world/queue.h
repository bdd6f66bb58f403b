/* Pending events of a world, in the order of (instant, push).
 *
 * Keys are packed, instant:64 | push:40 | slot:24, and compared as one 128-bit number; what is
 * pending lies in a slab that the slot points into. The next few keys stand sorted in a row, the
 * others in a 4-ary heap behind it. A world of few nodes never uses the heap, and of a large one
 * the heap sees only what is due later. Measured beside a plain binary heap: tests/bench. */
#ifndef RCSIM_SIM_WORLD_QUEUE_H
#define RCSIM_SIM_WORLD_QUEUE_H

#include <rcsim/base.h>

/* What is pending: 16 bytes that the queue does not look into. */
struct rcs_pending {
    uint8_t kind;  /* enum rcs_pending_kind */
    uint8_t way;   /* of a connection: 0 from the opener, 1 to it */
    uint8_t item;  /* enum rcs_item */
    uint8_t tries; /* of whatever is tried again */
    uint32_t who;  /* connection or node */
    union {
        void *value;
        rcs_us due_us;
    };
};
_Static_assert(sizeof(struct rcs_pending) == 16, "a pending event is 16 bytes");

__extension__ typedef unsigned __int128 rcs_queue_key;

#define RCS_QUEUE_ROW       48u  /* keys the row holds at most */
#define RCS_QUEUE_ROW_ROOM  128u /* so that it need not be moved at every turn */
#define RCS_QUEUE_ROOT      3u
#define RCS_QUEUE_SLOTS_MAX (1u << 24)
#define RCS_QUEUE_NO_SLOT   RCS_QUEUE_SLOTS_MAX
#define RCS_QUEUE_PUSHES    ((uint64_t)1 << 40)

struct rcs_queue {
    /* Ascending, from `first` to before `behind`; all are earlier than all of the heap, which is
     * empty if the row is. */
    rcs_queue_key row[RCS_QUEUE_ROW_ROOM];
    unsigned first, behind;
    rcs_queue_key *heap; /* from RCS_QUEUE_ROOT on, so that four children share a cache line */
    struct rcs_pending *slab;
    unsigned end, room; /* index behind the last key; keys there is room for */
    unsigned free_slot; /* first of the free ones, RCS_QUEUE_NO_SLOT none */
    unsigned slab_used, slab_room;
    uint64_t pushes;
    rcs_us now_us; /* instant of the last event taken: nothing may be pushed before it */
};

void rcs_queue_init(struct rcs_queue *queue);
/* The values of what is still pending are the caller's: take them out first (rcs_queue_drop). */
void rcs_queue_close(struct rcs_queue *queue);

/* `at_us` must not lie before the event taken last. */
void rcs_queue_push(struct rcs_queue *queue, rcs_us at_us, struct rcs_pending pending);
/* The instant of the earliest event, RCS_NEVER if there is none. */
static inline rcs_us rcs_queue_next(const struct rcs_queue *queue)
{
    return queue->first == queue->behind ? RCS_NEVER : (rcs_us)(queue->row[queue->first] >> 64);
}
/* Takes the earliest event out and returns its instant; there must be one. */
rcs_us rcs_queue_pop(struct rcs_queue *queue, struct rcs_pending *out);
/* Takes some event out, in no order, for the end of a world; false if there is none. */
bool rcs_queue_drop(struct rcs_queue *queue, struct rcs_pending *out);
static inline unsigned rcs_queue_count(const struct rcs_queue *queue)
{
    return queue->behind - queue->first + queue->end - RCS_QUEUE_ROOT;
}
size_t rcs_queue_bytes(const struct rcs_queue *queue);

#endif
