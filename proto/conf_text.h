/* redis.conf as a text: its lines as words. */
#ifndef RCSIM_PROTO_CONF_TEXT_H
#define RCSIM_PROTO_CONF_TEXT_H

#include "proto/resp_words.h"

struct conf_reader {
    char *text, *at, *end; /* a copy, whose quotes are resolved as it is read */
    unsigned line;
    struct resp_args args;
};

void rcs_conf_reader_init(struct conf_reader *reader, const char *text, size_t size_bytes);
void rcs_conf_reader_close(struct conf_reader *reader);
/* The next line that is no comment and not blank: reader->args, lent until the next call, the first
 * in small letters (Redis 7.0 loadServerConfigFromString); no arguments at the end. False: quotes
 * of line reader->line are out of balance. */
bool rcs_conf_reader_next(struct conf_reader *reader);
/* Appends a word in quotes, as such a line can hold it: printable characters stand for themselves,
 * all else is \xHH. */
void rcs_conf_quote(struct rcs_buf *out, const char *word, size_t size_bytes);

#endif
