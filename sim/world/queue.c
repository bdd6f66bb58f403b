#include "sim/world/queue.h"

#include <stdlib.h>
#include <string.h>

#include "sim/pure.h"

#define CACHE_LINE 64
/* Out of line: what seldom happens must not cost the usual way registers. */
#define SELDOM __attribute__((noinline, cold))

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
    queue->first = queue->behind = RCS_QUEUE_ROW_ROOM / 2;
    queue->heap = NULL;
    queue->slab = NULL;
    queue->end = RCS_QUEUE_ROOT;
    queue->room = 0;
    queue->free_slot = RCS_QUEUE_NO_SLOT;
    queue->slab_used = queue->slab_room = 0;
    queue->pushes = 0;
    queue->now_us = 0;
}

void rcs_queue_close(struct rcs_queue *queue)
{
    free(queue->heap);
    free(queue->slab);
    rcs_queue_init(queue);
}

/* realloc does not keep the alignment that makes four children one cache line. */
static SELDOM void grow_heap(struct rcs_queue *queue)
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

static SELDOM void grow_slab(struct rcs_queue *queue)
{
    RCS_ASSERT(queue->slab_room < RCS_QUEUE_SLOTS_MAX);
    queue->slab_room = queue->slab_room == 0 ? 64 : queue->slab_room * 2;
    queue->slab = realloc(queue->slab, queue->slab_room * sizeof(queue->slab[0]));
    RCS_ASSERT(queue->slab != NULL);
}

static unsigned take_slot(struct rcs_queue *queue)
{
    if (queue->free_slot != RCS_QUEUE_NO_SLOT) {
        unsigned slot = queue->free_slot;
        queue->free_slot = queue->slab[slot].who;
        return slot;
    }
    if (queue->slab_used == queue->slab_room) {
        grow_slab(queue);
    }
    return queue->slab_used++;
}

static void free_slot(struct rcs_queue *queue, unsigned slot, struct rcs_pending *out)
{
    *out = queue->slab[slot];
    queue->slab[slot].who = queue->free_slot;
    queue->free_slot = slot;
}

/* --- the heap --------------------------------------------------------------------------------- */

/* Puts `key` at i or at an ancestor of it, where it belongs. */
static void rise(rcs_queue_key *heap, unsigned i, rcs_queue_key key)
{
    while (i > RCS_QUEUE_ROOT && key < heap[parent(i)]) {
        heap[i] = heap[parent(i)];
        i = parent(i);
    }
    heap[i] = key;
}

static void heap_push(struct rcs_queue *queue, rcs_queue_key key)
{
    if (queue->end >= queue->room) {
        grow_heap(queue);
    }
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

static rcs_queue_key heap_pop(struct rcs_queue *queue)
{
    rcs_queue_key key = queue->heap[RCS_QUEUE_ROOT];
    queue->end--;
    if (queue->end > RCS_QUEUE_ROOT) {
        close_root(queue, queue->heap[queue->end]);
    }
    return key;
}

/* --- the row ---------------------------------------------------------------------------------- */

static unsigned in_row(const struct rcs_queue *queue)
{
    return queue->behind - queue->first;
}

static rcs_us instant(const struct rcs_queue *queue, unsigned place)
{
    return (rcs_us)(queue->row[place] >> 64);
}

/* Back to the middle. */
static SELDOM void move_row(struct rcs_queue *queue)
{
    unsigned count = in_row(queue), first = (RCS_QUEUE_ROW_ROOM - count) / 2;
    memmove(queue->row + first, queue->row + queue->first, count * sizeof(queue->row[0]));
    queue->first = first;
    queue->behind = first + count;
}

static SELDOM void refill(struct rcs_queue *queue)
{
    unsigned left = queue->end - RCS_QUEUE_ROOT;
    unsigned count = left < RCS_QUEUE_ROW / 2 ? left : RCS_QUEUE_ROW / 2;
    queue->first = queue->behind = (RCS_QUEUE_ROW_ROOM - count) / 2;
    while (count-- > 0) {
        queue->row[queue->behind++] = heap_pop(queue);
    }
}

/* What is pushed comes behind all that is due at the same instant, so that instants decide. It is
 * brought in from the nearer end: messages from the first, ticks from the last. */
static void insert(struct rcs_queue *queue, rcs_us at_us, rcs_queue_key key)
{
    rcs_queue_key *row = queue->row;
    if (queue->first == 0 || queue->behind == RCS_QUEUE_ROW_ROOM) {
        move_row(queue);
    }
    unsigned place, middle = (queue->first + queue->behind) / 2;
    if (in_row(queue) == 0 || instant(queue, middle) <= at_us) {
        place = queue->behind++;
        while (place > queue->first && instant(queue, place - 1) > at_us) {
            row[place] = row[place - 1];
            place--;
        }
    } else {
        place = --queue->first;
        while (instant(queue, place + 1) <= at_us) { /* at the latest the middle is later */
            row[place] = row[place + 1];
            place++;
        }
    }
    row[place] = key;
}

RCS_HOT void rcs_queue_push(struct rcs_queue *queue, rcs_us at_us, struct rcs_pending pending)
{
    RCS_ASSERT(at_us >= queue->now_us);
    RCS_ASSERT(queue->pushes < RCS_QUEUE_PUSHES);
    unsigned slot = take_slot(queue);
    queue->slab[slot] = pending;
    rcs_queue_key key = (rcs_queue_key)(uint64_t)at_us << 64 | queue->pushes++ << 24 | slot;
    bool full = in_row(queue) == RCS_QUEUE_ROW;
    if ((full || queue->end > RCS_QUEUE_ROOT) && instant(queue, queue->behind - 1) <= at_us) {
        heap_push(queue, key);
        return;
    }
    if (full) {
        heap_push(queue, queue->row[--queue->behind]);
    }
    insert(queue, at_us, key);
}

RCS_HOT rcs_us rcs_queue_pop(struct rcs_queue *queue, struct rcs_pending *out)
{
    RCS_ASSERT(in_row(queue) > 0);
    rcs_queue_key key = queue->row[queue->first++];
    if (in_row(queue) == 0 && queue->end > RCS_QUEUE_ROOT) {
        refill(queue);
    }
    free_slot(queue, (unsigned)key & (RCS_QUEUE_SLOTS_MAX - 1), out);
    rcs_us at_us = (rcs_us)(key >> 64);
    RCS_ASSERT(at_us >= queue->now_us);
    queue->now_us = at_us;
    return at_us;
}

bool rcs_queue_drop(struct rcs_queue *queue, struct rcs_pending *out)
{
    if (in_row(queue) == 0) {
        return false;
    }
    rcs_queue_key key =
        queue->end > RCS_QUEUE_ROOT ? queue->heap[--queue->end] : queue->row[--queue->behind];
    free_slot(queue, (unsigned)key & (RCS_QUEUE_SLOTS_MAX - 1), out);
    return true;
}

size_t rcs_queue_bytes(const struct rcs_queue *queue)
{
    return queue->room * sizeof(queue->heap[0]) + queue->slab_room * sizeof(queue->slab[0]);
}
