/* Any bytes as a redis.conf: lines of words, which quoted are the same words again, and a file that
 * CONFIG REWRITE leaves as it is once it has written it. */
#include <stdlib.h>
#include <string.h>

#include "proto/conf_text.h"
#include "sim/node/config_rewrite.h"

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

/* The second time adds an empty line to a file that ended without. */
static void check_rewriting(const char *text, size_t size_bytes)
{
    struct rcs_config config;
    struct rcs_buf files[3];
    rcs_config_init(&config);
    for (unsigned i = 0; i < 3; i++) {
        rcs_buf_init(&files[i]);
        rcs_config_rewrite(&config, text, size_bytes, &files[i]);
        text = files[i].data;
        size_bytes = files[i].size_bytes;
    }
    RCS_ASSERT(files[2].size_bytes == files[1].size_bytes &&
               (size_bytes == 0 || memcmp(files[2].data, files[1].data, size_bytes) == 0));
    for (unsigned i = 0; i < 3; i++) {
        rcs_buf_close(&files[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_reader reader;
    check_rewriting((const char *)data, size);
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
