#include "sim/node/command_args.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/node/command_release.h"

#include "sim/pure.h"

void rcs_refuse(struct rcs_client *client, const char *text)
{
    text = rcs_release_words(client->profile, text);
    rcs_stats_error(client->stats, text);
    rcs_resp_error(&client->reply, text);
}

void rcs_reply_ok(struct rcs_client *client)
{
    rcs_resp_status(&client->reply, "OK");
}

size_t rcs_arg_text_bytes(const struct rcs_arg *argument)
{
    const char *nul =
        argument->size_bytes == 0 ? NULL : memchr(argument->bytes, '\0', argument->size_bytes);
    return nul == NULL ? argument->size_bytes : (size_t)(nul - argument->bytes);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool rcs_word_is(const char *bytes, size_t size_bytes, const char *word)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (word[i] == '\0' || lower(bytes[i]) != word[i]) {
            return false;
        }
    }
    return word[size_bytes] == '\0';
}

bool rcs_arg_is(const struct rcs_arg *argument, const char *word)
{
    return rcs_word_is(argument->bytes, rcs_arg_text_bytes(argument), word);
}

void rcs_refuse_about(struct rcs_client *client, const char *before, const struct rcs_arg *argument,
                      const char *after)
{
    struct rcs_buf text;
    rcs_buf_init(&text);
    rcs_buf_text(&text, before);
    rcs_buf_add(&text, argument->bytes, rcs_arg_text_bytes(argument));
    rcs_buf_text(&text, after);
    while (text.size_bytes > 0 && strchr("\r\n", text.data[text.size_bytes - 1]) != NULL) {
        text.size_bytes--; /* Redis 7.0 addReplyErrorFormatInternal: those within become blanks */
    }
    rcs_buf_add(&text, "", 1);
    rcs_refuse(client, text.data);
    rcs_buf_close(&text);
}

void rcs_refuse_format(struct rcs_client *client, const char *format, ...)
{
    char text[160];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    RCS_ASSERT(length >= 0 && (size_t)length < sizeof(text));
    rcs_refuse(client, text);
}

size_t rcs_args_bytes(unsigned argc, const struct rcs_arg *args)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < argc; i++) {
        bytes += args[i].size_bytes;
    }
    return bytes;
}

bool rcs_arg_i64(const struct rcs_arg *argument, int64_t *out)
{
    return rcs_decimal_read(argument->bytes, argument->size_bytes, out);
}

bool rcs_arg_i64_or_refuse(struct rcs_client *client, const struct rcs_arg *argument, int64_t *out)
{
    if (!rcs_arg_i64(argument, out)) {
        rcs_refuse(client, "value is not an integer or out of range");
        return false;
    }
    return true;
}

bool rcs_arg_range_or_refuse(struct rcs_client *client, const struct rcs_arg *argument,
                             int64_t least, int64_t most, const char *text, int64_t *out)
{
    bool number = rcs_arg_i64(argument, out);
    if (number && *out >= least && *out <= most) {
        return true;
    }
    if (text != NULL) {
        rcs_refuse(client, text);
    } else if (!number) {
        rcs_refuse(client, "value is not an integer or out of range");
    } else {
        rcs_refuse_format(client, "value is out of range, value must between %lld and %lld",
                          (long long)least, (long long)most);
    }
    return false;
}

bool rcs_arg_positive_or_refuse(struct rcs_client *client, const struct rcs_arg *argument,
                                int64_t *out)
{
    return rcs_arg_range_or_refuse(client, argument, 0, INT64_MAX,
                                   "value is out of range, must be positive", out);
}
