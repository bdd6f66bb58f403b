#include "sim/world/queue.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define CACHE_LINE 64

/* Children of i are 4i-8 .. 4i-5; the root stands at 3, its children at 4..7. */
static unsigned first_child(unsigned i)
{
    return 4 * i - 8;
}
static unsigned parent(unsigned i)
{
    return i / 4 + 2;
}

void rcs_queue_init(struct rcs_queue *queue)
{
    *queue = (struct rcs_queue){ .end = RCS_QUEUE_ROOT, .free_slot = RCS_QUEUE_NO_SLOT };
}

void rcs_queue_close(struct rcs_queue *queue)
{
    free(queue->heap);
    free(queue->slab);
    rcs_queue_init(queue);
}

/* realloc does not keep the alignment that makes four children one cache line. */
static void grow_heap(struct rcs_queue *queue)
{
    unsigned room = queue->room == 0 ? 64 : queue->room * 2;
    rcs_queue_key *heap = aligned_alloc(CACHE_LINE, room * sizeof(heap[0]));
    RCS_ASSERT(heap != NULL);
    if (queue->heap != NULL) {
        memcpy(heap, queue->heap, queue->room * sizeof(heap[0]));
        free(queue->heap);
    }
    queue->heap = heap;
    queue->room = room;
}

static unsigned take_slot(struct rcs_queue *queue)
{
    if (queue->free_slot != RCS_QUEUE_NO_SLOT) {
        unsigned slot = queue->free_slot;
        queue->free_slot = queue->slab[slot].who;
        return slot;
    }
    if (queue->slab_used == queue->slab_room) {
        RCS_ASSERT(queue->slab_room < RCS_QUEUE_SLOTS_MAX);
        queue->slab_room = queue->slab_room == 0 ? 64 : queue->slab_room * 2;
        queue->slab = realloc(queue->slab, queue->slab_room * sizeof(queue->slab[0]));
        RCS_ASSERT(queue->slab != NULL);
    }
    return queue->slab_used++;
}

static void free_slot(struct rcs_queue *queue, unsigned slot, struct rcs_pending *out)
{
    *out = queue->slab[slot];
    queue->slab[slot].who = queue->free_slot;
    queue->free_slot = slot;
}

/* Puts `key` at i or at an ancestor of it, where it belongs. */
static void rise(rcs_queue_key *heap, unsigned i, rcs_queue_key key)
{
    while (i > RCS_QUEUE_ROOT && key < heap[parent(i)]) {
        heap[i] = heap[parent(i)];
        i = parent(i);
    }
    heap[i] = key;
}

void rcs_queue_push(struct rcs_queue *queue, rcs_us at_us, struct rcs_pending pending)
{
    RCS_ASSERT(at_us >= queue->now_us);
    RCS_ASSERT(queue->pushes < RCS_QUEUE_PUSHES);
    if (queue->end >= queue->room) {
        grow_heap(queue);
    }
    unsigned slot = take_slot(queue);
    queue->slab[slot] = pending;
    rcs_queue_key key = (rcs_queue_key)(uint64_t)at_us << 64 | queue->pushes++ << 24 | slot;
    rise(queue->heap, queue->end++, key);
}

/* Where the smallest of the keys `first` .. `first` + 3 stands. All four are there. */
static unsigned least_of_four(const rcs_queue_key *heap, unsigned first)
{
    unsigned a = heap[first + 1] < heap[first] ? first + 1 : first;
    unsigned b = heap[first + 3] < heap[first + 2] ? first + 3 : first + 2;
    return heap[b] < heap[a] ? b : a;
}

/* Closes the hole at the root with `key`, the last one. It nearly always belongs near the bottom,
 * so the hole goes down along the least children without looking at it, and up again where that was
 * too far. */
static void close_root(struct rcs_queue *queue, rcs_queue_key key)
{
    rcs_queue_key *heap = queue->heap;
    unsigned i = RCS_QUEUE_ROOT, end = queue->end;
    for (unsigned child = first_child(i); child + 4 <= end; child = first_child(i)) {
        unsigned least = least_of_four(heap, child);
        heap[i] = heap[least];
        i = least;
    }
    unsigned last = first_child(i);
    if (last < end) { /* one to three children */
        for (unsigned other = last + 1; other < end; other++) {
            last = heap[other] < heap[last] ? other : last;
        }
        heap[i] = heap[last];
        i = last;
    }
    rise(heap, i, key);
}

rcs_us rcs_queue_pop(struct rcs_queue *queue, struct rcs_pending *out)
{
    RCS_ASSERT(queue->end > RCS_QUEUE_ROOT);
    rcs_queue_key key = queue->heap[RCS_QUEUE_ROOT];
    queue->end--;
    if (queue->end > RCS_QUEUE_ROOT) {
        close_root(queue, queue->heap[queue->end]);
    }
    free_slot(queue, (unsigned)key & (RCS_QUEUE_SLOTS_MAX - 1), out);
    rcs_us at_us = (rcs_us)(key >> 64);
    RCS_ASSERT(at_us >= queue->now_us);
    queue->now_us = at_us;
    return at_us;
}

bool rcs_queue_drop(struct rcs_queue *queue, struct rcs_pending *out)
{
    if (queue->end == RCS_QUEUE_ROOT) {
        return false;
    }
    queue->end--;
    free_slot(queue, (unsigned)queue->heap[queue->end] & (RCS_QUEUE_SLOTS_MAX - 1), out);
    return true;
}

size_t rcs_queue_bytes(const struct rcs_queue *queue)
{
    return queue->room * sizeof(queue->heap[0]) + queue->slab_room * sizeof(queue->slab[0]);
}
