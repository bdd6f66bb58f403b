/* Any bytes as a manifest and as an append-only file: refused, or the same once more. */
#include <stdlib.h>
#include <string.h>

#include <rcsim/aof.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Appends what the manifest says; false: refused. */
static bool rewrite(const char *text, size_t size, struct rcs_buf *out)
{
    struct rcs_aof_manifest manifest;
    struct rcs_diag diag = { .text = "" };
    rcs_aof_manifest_init(&manifest);
    bool sound = rcs_aof_manifest_read(&manifest, text, size, &diag) == RCS_OK;
    RCS_ASSERT(sound == (diag.text[0] == '\0'));
    if (sound) {
        rcs_aof_manifest_write(&manifest, out);
    }
    rcs_aof_manifest_close(&manifest);
    return sound;
}

static void check_manifest(const char *text, size_t size)
{
    struct rcs_buf first, second;
    rcs_buf_init(&first);
    rcs_buf_init(&second);
    /* Quotes may make a line longer than one may be. */
    if (rewrite(text, size, &first) && first.size_bytes > 0 && first.size_bytes < 1000) {
        RCS_ASSERT(rewrite(first.data, first.size_bytes, &second));
        RCS_ASSERT(first.size_bytes == second.size_bytes &&
                   memcmp(first.data, second.data, first.size_bytes) == 0);
    }
    rcs_buf_close(&second);
    rcs_buf_close(&first);
}

/* Counts the commands, which are put together again in `out` if they can be read. */
static enum rcs_err copy(const char *bytes, size_t size, struct rcs_buf *out, size_t *whole_bytes)
{
    struct rcs_aof_reader reader;
    const struct rcs_arg *args;
    unsigned argc;
    enum rcs_err err;
    rcs_aof_reader_init(&reader, bytes, size);
    while ((err = rcs_aof_reader_next(&reader, &args, &argc, NULL)) == RCS_OK && argc > 0) {
        rcs_resp_request(out, argc, args);
    }
    *whole_bytes = reader.whole_bytes;
    rcs_aof_reader_close(&reader);
    return err;
}

static void check_commands(const char *bytes, size_t size)
{
    struct rcs_buf first, second;
    size_t whole_bytes, again_bytes;
    rcs_buf_init(&first);
    rcs_buf_init(&second);
    enum rcs_err err = copy(bytes, size, &first, &whole_bytes);
    RCS_ASSERT(whole_bytes <= size);
    if (err == RCS_OK) {
        RCS_ASSERT(copy(first.data, first.size_bytes, &second, &again_bytes) == RCS_OK);
        RCS_ASSERT(again_bytes == first.size_bytes && second.size_bytes == first.size_bytes);
        RCS_ASSERT(first.size_bytes == 0 || memcmp(first.data, second.data, first.size_bytes) == 0);
    } else if (err == RCS_MORE) { /* what is whole can be read */
        rcs_buf_clear(&first);
        RCS_ASSERT(copy(bytes, whole_bytes, &first, &again_bytes) == RCS_OK);
        RCS_ASSERT(again_bytes == whole_bytes);
    }
    rcs_buf_close(&second);
    rcs_buf_close(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_manifest((const char *)data, size);
    check_commands((const char *)data, size);
    return 0;
}
