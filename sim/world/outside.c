/* Connections of programs outside the simulation (rcsim/outside.h). */
#include <rcsim/outside.h>

#include <stdlib.h>
#include <string.h>

#include "sim/world/parts.h"

#include "sim/pure.h"

struct rcs_outside {
    uint32_t number;
    void *owner;
    bool open;    /* the node knows of it */
    bool deaf;    /* its host lost power: what is written to it goes nowhere */
    bool gone;    /* the program left before its node came to read */
    bool cut;     /* without what was written before */
    bool leaving; /* the node closed it: to be told with its last bytes */
    bool written; /* stands in the list of those with output */
    bool waits;   /* counted in `waiting` */
    unsigned node;
    struct rcs_address peer;
    struct rcs_buf unread; /* for a process that does not read now */
    struct rcs_buf output;
};

/* --- the table: in the order of numbers, which are never used again --------------------------- */

/* Where the number stands, or would. */
static unsigned place_of(const struct rcs_sim *sim, uint32_t number)
{
    unsigned low = 0, high = sim->outside_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (sim->outside[middle]->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct rcs_outside *find(const struct rcs_sim *sim, uint32_t number)
{
    unsigned at = place_of(sim, number);
    return at < sim->outside_count && sim->outside[at]->number == number ? sim->outside[at] : NULL;
}

static struct rcs_outside *outside_at(const struct rcs_sim *sim, uint32_t number)
{
    struct rcs_outside *o = find(sim, number);
    RCS_ASSERT(o != NULL);
    return o;
}

static struct rcs_outside *new_outside(struct rcs_sim *sim)
{
    struct rcs_outside *o = calloc(1, sizeof(*o));
    RCS_ASSERT(o != NULL && sim->outside_last < RCS_LINK_OUTSIDE - 1);
    o->number = ++sim->outside_last;
    rcs_buf_init(&o->unread);
    rcs_buf_init(&o->output);
    sim->outside =
        rcs_grow(sim->outside, &sim->outside_room, sim->outside_count + 1, sizeof(sim->outside[0]));
    sim->outside[sim->outside_count++] = o;
    return o;
}

static void set_waits(struct rcs_sim *sim, struct rcs_outside *o, bool waits)
{
    sim->outside_waiting += (unsigned)waits - (unsigned)o->waits;
    o->waits = waits;
}

static void outside_free(struct rcs_outside *o)
{
    rcs_buf_close(&o->unread);
    rcs_buf_close(&o->output);
    free(o);
}

static void release(struct rcs_sim *sim, struct rcs_outside *o)
{
    set_waits(sim, o, false);
    unsigned at = place_of(sim, o->number);
    sim->outside_count--;
    memmove(&sim->outside[at], &sim->outside[at + 1],
            (sim->outside_count - at) * sizeof(sim->outside[0]));
    outside_free(o);
}

/* --- what comes in ---------------------------------------------------------------------------- */

enum rcs_port_state rcs_outside_port(const struct rcs_sim *sim, int node)
{
    RCS_ASSERT(node >= 0 && (unsigned)node < sim->node_count);
    const struct rcs_world_node *n = &sim->nodes[node];
    return n->life == RCS_LIFE_OFF ? RCS_PORT_SILENT
           : n->machine == NULL    ? RCS_PORT_CLOSED
                                   : RCS_PORT_LISTENING;
}

static bool reads_now(const struct rcs_sim *sim, const struct rcs_outside *o)
{
    const struct rcs_world_node *n = &sim->nodes[o->node];
    return n->machine != NULL && !n->frozen;
}

static void give(struct rcs_sim *sim, const struct rcs_outside *o, enum rcs_event_kind kind,
                 const void *bytes, size_t size_bytes)
{
    unsigned node = o->node;
    struct rcs_address peer = o->peer;
    struct rcs_event event = {
        .at_us = sim->now_us,
        .kind = kind,
        .link = RCS_LINK_OUTSIDE + o->number,
        .local = sim->nodes[node].ip_addr,
    };
    if (kind == RCS_EVENT_CLIENT_OPEN) {
        event.peer = &peer;
    } else {
        event.data.bytes = bytes;
        event.data.size_bytes = size_bytes;
    }
    rcs_links_refusals(sim, node);
    if (sim->nodes[node].machine != NULL) {
        rcs_sim_step_node(sim, node, &event, -1);
    }
}

/* The connection, if it is still there and its process reads from it. */
static struct rcs_outside *read_from(const struct rcs_sim *sim, uint32_t number)
{
    struct rcs_outside *o = find(sim, number);
    return o != NULL && !o->leaving && reads_now(sim, o) ? o : NULL;
}

/* What waited for its process, as far as it now reads. Each event may end the connection, the
 * process, or both. */
static void hand_over(struct rcs_sim *sim, uint32_t number)
{
    struct rcs_outside *o = outside_at(sim, number);
    if (!o->open) {
        o->open = true;
        give(sim, o, RCS_EVENT_CLIENT_OPEN, NULL, 0);
        o = read_from(sim, number);
    }
    if (o != NULL && o->unread.size_bytes > 0) {
        struct rcs_buf bytes = o->unread;
        rcs_buf_init(&o->unread);
        give(sim, o, RCS_EVENT_CLIENT_DATA, bytes.data, bytes.size_bytes);
        rcs_buf_close(&bytes);
        o = read_from(sim, number);
    }
    if (o == NULL) {
        return;
    }
    set_waits(sim, o, false);
    if (o->gone) {
        give(sim, o, RCS_EVENT_CLIENT_GONE, NULL, 0);
        release(sim, o);
    }
}

void rcs_outside_flush(struct rcs_sim *sim)
{
    for (unsigned i = 0; i < sim->outside_count && sim->outside_waiting > 0;) {
        uint32_t number = sim->outside[i]->number;
        if (sim->outside[i]->waits && reads_now(sim, sim->outside[i])) {
            hand_over(sim, number);
        }
        i = place_of(sim, number + 1); /* it, and others, may be gone */
    }
}

uint64_t rcs_outside_lives(const struct rcs_sim *sim)
{
    return sim->outside_lives;
}

uint32_t rcs_outside_open(struct rcs_sim *sim, int node, const struct rcs_address *peer,
                          void *owner)
{
    enum rcs_port_state port = rcs_outside_port(sim, node);
    RCS_ASSERT(port != RCS_PORT_CLOSED);
    struct rcs_outside *o = new_outside(sim);
    o->node = (unsigned)node;
    o->peer = *peer;
    o->owner = owner;
    o->deaf = port == RCS_PORT_SILENT;
    uint32_t number = o->number;
    rcs_observe_outside(sim, RCS_OUTSIDE_OPEN, number, (unsigned)node, peer, NULL, 0);
    if (!o->deaf) {
        set_waits(sim, o, true);
        if (reads_now(sim, o)) {
            hand_over(sim, number);
        }
    }
    return number;
}

void rcs_outside_data(struct rcs_sim *sim, uint32_t number, const void *bytes, size_t size_bytes)
{
    struct rcs_outside *o = outside_at(sim, number);
    rcs_observe_outside(sim, RCS_OUTSIDE_DATA, number, o->node, NULL, bytes, size_bytes);
    if (o->deaf || o->leaving) {
        return;
    }
    if (!o->waits && reads_now(sim, o)) {
        give(sim, o, RCS_EVENT_CLIENT_DATA, bytes, size_bytes);
        return;
    }
    rcs_buf_add(&o->unread, bytes, size_bytes);
    set_waits(sim, o, true);
}

void rcs_outside_gone(struct rcs_sim *sim, uint32_t number)
{
    struct rcs_outside *o = outside_at(sim, number);
    rcs_observe_outside(sim, RCS_OUTSIDE_GONE, number, o->node, NULL, NULL, 0);
    rcs_buf_clear(&o->output);
    if (o->deaf || o->leaving || sim->nodes[o->node].machine == NULL) {
        release(sim, o);
        return;
    }
    o->gone = true;
    set_waits(sim, o, true);
    if (reads_now(sim, o)) {
        hand_over(sim, number);
    }
}

void rcs_outside_unwritten(struct rcs_sim *sim, uint32_t number, size_t size_bytes)
{
    const struct rcs_outside *o = outside_at(sim, number);
    rcs_observe_outside(sim, RCS_OUTSIDE_UNWRITTEN, number, o->node, NULL, NULL, size_bytes);
    if (!o->deaf && !o->leaving && sim->nodes[o->node].machine != NULL) {
        rcs_node_client_unwritten(sim->nodes[o->node].machine, RCS_LINK_OUTSIDE + number,
                                  size_bytes);
    }
}

int rcs_outside_node(const struct rcs_sim *sim, uint32_t number)
{
    return (int)outside_at(sim, number)->node;
}

size_t rcs_outside_unread(const struct rcs_sim *sim, uint32_t number)
{
    return outside_at(sim, number)->unread.size_bytes;
}

/* --- what goes out ---------------------------------------------------------------------------- */

static void has_output(struct rcs_sim *sim, struct rcs_outside *o)
{
    if (!o->written) {
        o->written = true;
        sim->outside_written =
            rcs_grow(sim->outside_written, &sim->outside_written_room,
                     sim->outside_written_count + 1, sizeof(sim->outside_written[0]));
        sim->outside_written[sim->outside_written_count++] = o->number;
    }
}

void rcs_outside_write(struct rcs_sim *sim, uint32_t link, const void *bytes, size_t size_bytes)
{
    struct rcs_outside *o = outside_at(sim, link - RCS_LINK_OUTSIDE);
    if (o->deaf || o->leaving || o->gone) {
        return;
    }
    rcs_observe_outside(sim, RCS_OUTSIDE_REPLY, o->number, o->node, NULL, bytes, size_bytes);
    rcs_buf_add(&o->output, bytes, size_bytes);
    has_output(sim, o);
}

/* The node's end is closed. Where the program left first, nobody needs to be told. */
static void leave(struct rcs_sim *sim, struct rcs_outside *o)
{
    if (o->gone) {
        release(sim, o);
        return;
    }
    o->leaving = true;
    set_waits(sim, o, false);
    rcs_buf_clear(&o->unread);
    has_output(sim, o);
}

void rcs_outside_close(struct rcs_sim *sim, uint32_t link, bool cut)
{
    struct rcs_outside *o = outside_at(sim, link - RCS_LINK_OUTSIDE);
    o->cut = cut;
    leave(sim, o);
}

void rcs_outside_end_node(struct rcs_sim *sim, unsigned node, bool silently)
{
    sim->outside_lives++;
    for (unsigned i = sim->outside_count; i-- > 0;) { /* backwards: some are released */
        struct rcs_outside *o = sim->outside[i];
        if (o->node != node || o->leaving) {
            continue;
        }
        if (silently && !o->gone) {
            o->deaf = true;
            set_waits(sim, o, false);
            rcs_buf_clear(&o->unread);
        } else {
            leave(sim, o);
        }
    }
}

void rcs_outside_powered(struct rcs_sim *sim, unsigned node)
{
    sim->outside_lives++;
    for (unsigned i = 0; i < sim->outside_count; i++) {
        struct rcs_outside *o = sim->outside[i];
        if (o->node == node && o->deaf && !o->leaving) {
            leave(sim, o);
        }
    }
}

bool rcs_outside_take(struct rcs_sim *sim, struct rcs_outside_output *out)
{
    rcs_buf_clear(&sim->outside_lent);
    while (sim->outside_taking < sim->outside_written_count) {
        struct rcs_outside *o = find(sim, sim->outside_written[sim->outside_taking++]);
        if (o == NULL) {
            continue; /* it left meanwhile */
        }
        struct rcs_buf lent = o->output;
        o->output = sim->outside_lent;
        sim->outside_lent = lent;
        o->written = false;
        *out = (struct rcs_outside_output){ .number = o->number,
                                            .owner = o->owner,
                                            .bytes = lent.data,
                                            .size_bytes = lent.size_bytes,
                                            .closed = o->leaving,
                                            .cut = o->cut };
        if (o->leaving) {
            release(sim, o);
        }
        return true;
    }
    sim->outside_taking = sim->outside_written_count = 0;
    return false;
}

bool rcs_outside_known(const struct rcs_sim *sim, uint32_t number)
{
    return find(sim, number) != NULL;
}

void rcs_outside_forget(struct rcs_sim *sim)
{
    RCS_ASSERT(sim->outside_taking == 0);
    for (unsigned i = 0; i < sim->outside_written_count; i++) {
        struct rcs_outside *o = find(sim, sim->outside_written[i]);
        if (o != NULL) {
            rcs_buf_clear(&o->output);
            o->written = false;
        }
    }
    sim->outside_written_count = 0;
}

void rcs_outside_close_all(struct rcs_sim *sim)
{
    for (unsigned i = 0; i < sim->outside_count; i++) {
        outside_free(sim->outside[i]);
    }
    free(sim->outside);
    free(sim->outside_written);
    rcs_buf_close(&sim->outside_lent);
}
