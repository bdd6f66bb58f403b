/* Any bytes as a redis.conf: lines of words, which quoted are the same words again. */
#include <stdlib.h>
#include <string.h>

#include "proto/conf_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const struct rcs_arg *word)
{
    struct conf_reader again;
    struct rcs_buf line;
    rcs_buf_init(&line);
    rcs_buf_text(&line, "name ");
    rcs_conf_quote(&line, word->bytes, word->size_bytes);
    rcs_conf_reader_init(&again, line.data, line.size_bytes);
    RCS_ASSERT(rcs_conf_reader_next(&again) && again.args.count == 2);
    RCS_ASSERT(again.args.list[1].size_bytes == word->size_bytes);
    RCS_ASSERT(word->size_bytes == 0 ||
               memcmp(again.args.list[1].bytes, word->bytes, word->size_bytes) == 0);
    RCS_ASSERT(rcs_conf_reader_next(&again) && again.args.count == 0);
    rcs_conf_reader_close(&again);
    rcs_buf_close(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_reader reader;
    unsigned line = 0;
    rcs_conf_reader_init(&reader, (const char *)data, size);
    while (rcs_conf_reader_next(&reader) && reader.args.count > 0) {
        RCS_ASSERT(reader.line > line);
        line = reader.line;
        for (uint32_t i = 0; i < reader.args.count; i++) {
            check_word(&reader.args.list[i]);
        }
    }
    rcs_conf_reader_close(&reader);
    return 0;
}
