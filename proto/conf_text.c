#include "proto/conf_text.h"

#include <stdlib.h>
#include <string.h>

void rcs_conf_reader_init(struct conf_reader *reader, const char *text, size_t size_bytes)
{
    *reader = (struct conf_reader){ .line = 0 };
    reader->text = malloc(size_bytes + 1);
    RCS_ASSERT(reader->text != NULL);
    if (size_bytes > 0) {
        memcpy(reader->text, text, size_bytes);
    }
    reader->at = reader->text;
    reader->end = reader->text + size_bytes;
}

void rcs_conf_reader_close(struct conf_reader *reader)
{
    free(reader->args.list);
    free(reader->text);
}

static void to_lower(const struct rcs_arg *word)
{
    char *at = (char *)(uintptr_t)word->bytes; /* lies in the reader's own copy */
    for (size_t i = 0; i < word->size_bytes; i++) {
        at[i] = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + ('a' - 'A')) : at[i];
    }
}

bool rcs_conf_reader_next(struct conf_reader *reader)
{
    reader->args.count = 0;
    while (reader->at < reader->end) {
        char *line = reader->at;
        char *lf = memchr(line, '\n', (size_t)(reader->end - line));
        char *end = lf == NULL ? reader->end : lf;
        reader->at = lf == NULL ? reader->end : lf + 1;
        reader->line++;
        while (line < end && strchr(" \t\r", *line) != NULL && *line != '\0') {
            line++;
        }
        if (line == end || *line == '#') {
            continue;
        }
        if (!rcs_resp_split_words(line, end, &reader->args)) {
            return false;
        }
        if (reader->args.count > 0) {
            to_lower(&reader->args.list[0]);
            return true;
        }
    }
    return true;
}

void rcs_conf_quote(struct rcs_buf *out, const char *word, size_t size_bytes)
{
    static const char digits[] = "0123456789abcdef";
    rcs_buf_text(out, "\"");
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = (unsigned char)word[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '$') {
            char escape[] = { '\\', 'x', digits[c >> 4], digits[c & 15] };
            rcs_buf_add(out, escape, sizeof(escape));
        } else {
            rcs_buf_add(out, &word[i], 1);
        }
    }
    rcs_buf_text(out, "\"");
}
