/* The growing input of the RESP readers. */
#include "proto/resp_input.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"

#define ROOM_FIRST ((size_t)4 * 1024)
#define ROOM_KEPT  ((size_t)1024 * 1024) /* one large value must not hold its memory for ever */

static void all_given_back(struct resp_input *in, size_t wanted_bytes)
{
    in->start = in->pos = in->end = in->scanned = 0;
    if (in->room > ROOM_KEPT && wanted_bytes <= ROOM_KEPT) {
        free(in->data);
        in->data = NULL;
        in->room = 0;
    }
}

static void move_bytes(struct resp_input *in, char *to, resp_moved_fn *moved, void *reader)
{
    RCS_ASSERT(in->data != NULL && to != NULL);
    const char *from = in->data + in->start;
    memmove(to, from, in->end - in->start);
    moved(reader, from, to);
    in->pos -= in->start;
    in->end -= in->start;
    in->start = 0;
}

static void move_to_new_block(struct resp_input *in, size_t room, resp_moved_fn *moved,
                              void *reader)
{
    char *old = in->data;
    char *data = rcs_bytes_resize(NULL, room);
    if (in->end > in->start) {
        move_bytes(in, data, moved, reader);
    }
    in->data = data;
    in->room = room;
    free(old);
}

char *rcs_resp_input_room(struct resp_input *in, size_t wanted_bytes, resp_moved_fn *moved,
                          void *reader)
{
    if (in->start == in->end) {
        all_given_back(in, wanted_bytes);
    }
    if (in->data == NULL || in->room - in->end < wanted_bytes) {
        const size_t kept = in->end - in->start;
        RCS_ASSERT(wanted_bytes < SIZE_MAX / 8 && kept < SIZE_MAX / 8);
        /* Whichever is chosen, the next move is at least `kept` bytes away. */
        if (kept > 0 && 2 * kept + wanted_bytes <= in->room) {
            move_bytes(in, in->data, moved, reader);
        } else {
            const size_t room = 2 * kept + wanted_bytes;
            move_to_new_block(in, room < ROOM_FIRST ? ROOM_FIRST : room, moved, reader);
        }
    }
#ifdef RESP_INPUT_POISON
    ASAN_UNPOISON_MEMORY_REGION(in->data + in->end, in->room - in->end);
#endif
    return in->data + in->end;
}

size_t rcs_resp_input_find(struct resp_input *in, char wanted)
{
    const char *p = in->data + in->pos;
    const size_t left = resp_input_left(in);
    size_t i = in->scanned;
    while (i < left && p[i] != wanted && p[i] != '\0') {
        i++;
    }
    in->scanned = i;
    return i < left && p[i] == wanted ? i : SIZE_MAX;
}
