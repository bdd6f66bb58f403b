#include "sim/world/trace_events.h"

#include <stdlib.h>
#include <string.h>

#include "sim/world/json_line.h"
#include "sim/world/record.h"
#include "sim/world/trace_lines.h"

#include "sim/pure.h"

/* An interned text. */
struct entry {
    char *text; /* NULL: free */
    uint64_t hash;
    int node; /* -1: no node's name */
};

struct own {
    struct rcs_trace_event *list;
    size_t count, room;
    struct entry *table; /* open addressing; a power of two */
    size_t used, slots;
    const char **names;
    unsigned name_count, name_room;
    int **node_lists; /* one a fault */
    size_t node_list_count, node_list_room;
};

/* Makes room for one more. */
static void *grow(void *list, size_t count, size_t *room, size_t size_bytes)
{
    if (count < *room) {
        return list;
    }
    *room = *room == 0 ? 64 : *room * 2;
    list = realloc(list, *room * size_bytes);
    RCS_ASSERT(list != NULL);
    return list;
}

/* --- texts ------------------------------------------------------------------------------------ */

static struct entry *place_of(const struct own *own, const char *text, uint64_t hash)
{
    size_t at = (size_t)hash & (own->slots - 1);
    while (own->table[at].text != NULL &&
           (own->table[at].hash != hash || strcmp(own->table[at].text, text) != 0)) {
        at = (at + 1) & (own->slots - 1);
    }
    return &own->table[at];
}

static void make_room(struct own *own)
{
    if (own->used * 2 < own->slots) {
        return;
    }
    struct own bigger = { .slots = own->slots == 0 ? 256 : own->slots * 2 };
    bigger.table = calloc(bigger.slots, sizeof(bigger.table[0]));
    RCS_ASSERT(bigger.table != NULL);
    for (size_t i = 0; i < own->slots; i++) {
        if (own->table[i].text != NULL) {
            *place_of(&bigger, own->table[i].text, own->table[i].hash) = own->table[i];
        }
    }
    free(own->table);
    own->table = bigger.table;
    own->slots = bigger.slots;
}

static struct entry *intern(struct own *own, const char *text)
{
    make_room(own);
    size_t size = strlen(text) + 1;
    uint64_t hash = rcs_record_hash(text, size - 1);
    struct entry *entry = place_of(own, text, hash);
    if (entry->text == NULL) {
        char *copy = malloc(size);
        RCS_ASSERT(copy != NULL);
        memcpy(copy, text, size);
        *entry = (struct entry){ .text = copy, .hash = hash, .node = -1 };
        own->used++;
    }
    return entry;
}

/* A text of a line, as its writer had it; NULL: none. */
static struct entry *text_of(struct own *own, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL) {
        return NULL;
    }
    char *copy = rcs_json_restored(text);
    struct entry *entry = intern(own, copy);
    free(copy);
    return entry;
}

static const char *key_text(struct own *own, const json_t *object, const char *key)
{
    const struct entry *entry = text_of(own, json_object_get(object, key));
    return entry == NULL ? NULL : entry->text;
}

static int node_of(struct own *own, const json_t *value)
{
    struct entry *entry = text_of(own, value);
    if (entry == NULL) {
        return -1;
    }
    if (entry->node < 0) {
        size_t room = own->name_room;
        own->names = grow(own->names, own->name_count, &room, sizeof(own->names[0]));
        own->name_room = (unsigned)room;
        entry->node = (int)own->name_count;
        own->names[own->name_count++] = entry->text;
    }
    return entry->node;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void take_numbers(struct own *own, const json_t *object, struct rcs_trace_event *event)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (json_is_integer(value) && strcmp(key, "t") != 0 &&
            event->number_count < RCS_TRACE_NUMBERS) {
            event->numbers[event->number_count].name = intern(own, key)->text;
            event->numbers[event->number_count++].value = json_integer_value(value);
        }
    }
}

static void take_nodes(struct own *own, const json_t *object, struct rcs_trace_event *event)
{
    const json_t *sides[] = { json_object_get(object, "nodes"), json_object_get(object, "others") };
    size_t total = json_array_size(sides[0]) + json_array_size(sides[1]);
    int *nodes = malloc((total + 1) * sizeof(nodes[0]));
    RCS_ASSERT(nodes != NULL);
    own->node_lists = grow(own->node_lists, own->node_list_count, &own->node_list_room,
                           sizeof(own->node_lists[0]));
    own->node_lists[own->node_list_count++] = nodes;
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < json_array_size(sides[side]); i++) {
            nodes[event->node_count++] = node_of(own, json_array_get(sides[side], i));
        }
        event->side_count = side == 0 ? event->node_count : event->side_count;
    }
    event->nodes = nodes;
}

static uint64_t hex_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text == NULL ? 0 : strtoull(text, NULL, 16);
}

static void take_line(void *arg, int number, const char *kind, const json_t *object)
{
    static const struct {
        const char *word;
        enum rcs_trace_kind kind;
    } kinds[] = {
        { "what", RCS_TRACE_MILESTONE }, { "why", RCS_TRACE_CAUSE }, { "note", RCS_TRACE_NOTE },
        { "fault", RCS_TRACE_FAULT },    { "end", RCS_TRACE_END },
    };
    struct own *own = arg;
    struct rcs_trace_event event = { .at_us = json_integer_value(json_object_get(object, "t")),
                                     .line = number };
    unsigned row = 0;
    while (row < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[row].word, kind) != 0) {
        row++;
    }
    if (row == sizeof(kinds) / sizeof(kinds[0])) {
        return; /* a packet */
    }
    event.kind = kinds[row].kind;
    event.what = key_text(own, object, kind);
    event.node = node_of(own, json_object_get(object, "node"));
    event.about = node_of(own, json_object_get(object, "about"));
    event.by = node_of(own, json_object_get(object, "by"));
    event.from = node_of(own, json_object_get(object, "from"));
    event.on = key_text(own, object, "on");
    event.text = key_text(own, object, "text");
    event.text2 = key_text(own, object, "text2");
    if (event.kind <= RCS_TRACE_CAUSE) {
        take_numbers(own, object, &event);
    } else if (event.kind == RCS_TRACE_FAULT) {
        take_nodes(own, object, &event);
        event.how = hex_of(json_object_get(object, "how"));
    }
    own->list = grow(own->list, own->count, &own->room, sizeof(own->list[0]));
    own->list[own->count++] = event;
}

/* --- the list --------------------------------------------------------------------------------- */

enum rcs_err rcs_trace_events_read(struct rcs_trace_events *out, const char *source,
                                   const char *text, size_t size_bytes, struct rcs_diag *diag)
{
    struct own *own = calloc(1, sizeof(*own));
    RCS_ASSERT(own != NULL);
    make_room(own);
    *out = (struct rcs_trace_events){ .own = own };
    enum rcs_err err = rcs_trace_read_header(source, text, size_bytes, &out->header, diag);
    if (err == RCS_OK) {
        err = rcs_trace_each(source, text, size_bytes, take_line, own, &out->intact, diag);
    }
    out->list = own->list;
    out->count = own->count;
    out->names = own->names;
    out->name_count = own->name_count;
    return err;
}

void rcs_trace_events_close(struct rcs_trace_events *events)
{
    struct own *own = events->own;
    rcs_trace_header_close(&events->header);
    if (own != NULL) {
        for (size_t i = 0; i < own->slots; i++) {
            free(own->table[i].text);
        }
        for (size_t i = 0; i < own->node_list_count; i++) {
            free(own->node_lists[i]);
        }
        free(own->table);
        free(own->node_lists);
        free(own->names);
        free(own->list);
        free(own);
    }
    *events = (struct rcs_trace_events){ 0 };
}

const char *rcs_trace_events_text(const struct rcs_trace_events *events, const char *text)
{
    const struct own *own = events->own;
    return place_of(own, text, rcs_record_hash(text, strlen(text)))->text;
}

int rcs_trace_events_node(const struct rcs_trace_events *events, const char *name)
{
    const struct own *own = events->own;
    const struct entry *entry = place_of(own, name, rcs_record_hash(name, strlen(name)));
    return entry->text == NULL ? -1 : entry->node;
}

struct rcs_trace_drop rcs_trace_drop(const struct rcs_trace_event *fault)
{
    return (struct rcs_trace_drop){
        .type = (int)(fault->how >> 48) - 1,
        .skip = (unsigned)(fault->how >> 24) & RCS_TRACE_DROP_MAX,
        .count = (unsigned)fault->how & RCS_TRACE_DROP_MAX,
        .from = fault->side_count > 0 ? fault->nodes[0] : -1,
        .to = fault->node_count > fault->side_count ? fault->nodes[fault->side_count] : -1,
    };
}

bool rcs_trace_number(const struct rcs_trace_event *event, const char *name, int64_t *out)
{
    for (unsigned i = 0; i < event->number_count; i++) {
        if (strcmp(event->numbers[i].name, name) == 0) {
            *out = event->numbers[i].value;
            return true;
        }
    }
    return false;
}
