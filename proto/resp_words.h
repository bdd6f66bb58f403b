/* Arguments of a request as they are gathered, and the words of an inline request. */
#ifndef RCSIM_PROTO_RESP_WORDS_H
#define RCSIM_PROTO_RESP_WORDS_H

#include <rcsim/resp.h>

struct resp_args {
    struct rcs_arg *list;
    uint32_t count, room;
};

/* Makes room for one argument more, doubling. */
void rcs_resp_args_grow(struct resp_args *args);

static inline void resp_args_add(struct resp_args *args, const char *bytes, uint32_t size_bytes)
{
    if (args->count == args->room) {
        rcs_resp_args_grow(args);
    }
    args->list[args->count++] = (struct rcs_arg){ bytes, size_bytes };
}

/* Splits the line [line, end) into words and adds them to `args`. Quotes and escapes are resolved
 * where they stand, which shortens words and overwrites the line. False: quotes out of balance; the
 * line is then spoilt. */
bool rcs_resp_split_words(char *line, const char *end, struct resp_args *args);

#endif
