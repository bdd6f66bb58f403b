/* The values of directives, read and shown in the words of CONFIG SET and CONFIG GET. */
#include "sim/node/config_value.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "sim/node/notify.h"

#include "sim/pure.h"

static const char *const fsyncs[] = { "everysec", "always", "no" };
static const char *const endpoints[] = { "ip", "hostname", "unknown-endpoint" };
static const char *const levels[] = { "debug", "verbose", "notice", "warning" };

static enum rcs_err refuse(char *reason, enum rcs_err err, const char *text)
{
    snprintf(reason, RCS_CONFIG_REASON_BYTES, "%s", text);
    return err;
}

/* A count of bytes with an optional unit; the k of a thousand, the kb of 1024 (Redis 7.0 memtoull).
 */
static bool read_bytes(const char *value, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {
        { "", 1 },           { "b", 1 },
        { "k", 1000 },       { "kb", 1024 },
        { "m", 1000000 },    { "mb", 1024 * 1024 },
        { "g", 1000000000 }, { "gb", 1024 * 1024 * 1024 },
    };
    size_t digits = strspn(value, "0123456789");
    int64_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (number > (INT64_MAX - (value[i] - '0')) / 10) {
            return false;
        }
        number = number * 10 + (value[i] - '0');
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (rcs_name_compare(value + digits, units[i].unit) == 0) {
            if (number > INT64_MAX / units[i].factor) {
                return false;
            }
            *out = number * units[i].factor;
            return true;
        }
    }
    return false;
}

static enum rcs_err set_number(const struct rcs_directive *directive, int64_t *at,
                               const char *value, char *reason)
{
    int64_t number;
    if (directive->kind == RCS_VALUE_BYTES && !read_bytes(value, &number)) {
        return refuse(reason, RCS_ERR_SYNTAX, "argument must be a memory value");
    }
    if (directive->kind != RCS_VALUE_BYTES && !rcs_decimal_read(value, strlen(value), &number)) {
        return refuse(reason, RCS_ERR_SYNTAX, "argument couldn't be parsed into an integer");
    }
    int64_t most = directive->kind == RCS_VALUE_CAPPED ? INT64_MAX : directive->most;
    if (number < directive->least || number > most) {
        snprintf(reason, RCS_CONFIG_REASON_BYTES,
                 "argument must be between %lld and %lld inclusive", (long long)directive->least,
                 (long long)most);
        return RCS_ERR_RANGE;
    }
    if (number > directive->most) {
        snprintf(reason, RCS_CONFIG_REASON_BYTES, "rcsim models no value above %lld",
                 (long long)directive->most);
        return RCS_ERR_RANGE;
    }
    *at = number;
    return RCS_OK;
}

static enum rcs_err set_yes_no(bool *at, const char *value, char *reason)
{
    if (rcs_name_compare(value, "yes") != 0 && rcs_name_compare(value, "no") != 0) {
        return refuse(reason, RCS_ERR_SYNTAX, "argument must be 'yes' or 'no'");
    }
    *at = rcs_name_compare(value, "yes") == 0;
    return RCS_OK;
}

static enum rcs_err set_text(const struct rcs_directive *directive, char *at, const char *value,
                             char *reason)
{
    if (strlen(value) >= (size_t)directive->most) {
        snprintf(reason, RCS_CONFIG_REASON_BYTES, "argument must be shorter than %lld bytes",
                 (long long)directive->most);
        return RCS_ERR_RANGE;
    }
    snprintf(at, (size_t)directive->most, "%s", value);
    return RCS_OK;
}

static enum rcs_err set_hostname(const struct rcs_directive *directive, char *at, const char *value,
                                 char *reason)
{
    if (strlen(value) >= (size_t)directive->most) {
        return refuse(reason, RCS_ERR_RANGE, "Hostnames must be less than 256 characters");
    }
    for (const char *c = value; *c != '\0'; c++) {
        char letter = rcs_name_lower(*c);
        if (!((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
              letter == '-' || letter == '.')) {
            return refuse(reason, RCS_ERR_SYNTAX,
                          "Hostnames may only contain alphanumeric characters, hyphens or dots");
        }
    }
    return set_text(directive, at, value, reason);
}

/* Pairs of seconds (from 1) and changes (from 0) with one blank between the words, or nothing at
 * all. */
static enum rcs_err set_save(const struct rcs_directive *directive, char *at, const char *value,
                             char *reason)
{
    unsigned numbers = 0;
    const char *word = value;
    while (*value != '\0') {
        size_t size = strcspn(word, " ");
        int64_t number;
        if (!rcs_decimal_read(word, size, &number) || number < (numbers % 2 == 0 ? 1 : 0) ||
            number > INT_MAX) {
            return refuse(reason, RCS_ERR_SYNTAX, "Invalid save parameters");
        }
        numbers++;
        if (word[size] == '\0') {
            break;
        }
        word += size + 1;
    }
    if (numbers % 2 != 0) {
        return refuse(reason, RCS_ERR_SYNTAX, "Invalid save parameters");
    }
    return set_text(directive, at, value, reason);
}

static enum rcs_err set_word(int *at, const char *value, const char *const *words, int count,
                             char *reason)
{
    for (int i = 0; i < count; i++) {
        if (rcs_name_compare(value, words[i]) == 0) {
            *at = i;
            return RCS_OK;
        }
    }
    size_t size = (size_t)snprintf(reason, RCS_CONFIG_REASON_BYTES,
                                   "argument(s) must be one of the following: ");
    for (int i = 0; i < count; i++) {
        size += (size_t)snprintf(reason + size, RCS_CONFIG_REASON_BYTES - size, "%s%s",
                                 i == 0 ? "" : ", ", words[i]);
    }
    return RCS_ERR_SYNTAX;
}

static const struct {
    char letter;
    unsigned bit;
} classes[] = {
#define X(letter, name, bit) { letter, RCS_NOTIFY_##name },
    RCS_NOTIFY_CLASSES(X)
#undef X
};

static unsigned class_of(char letter)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (classes[i].letter == letter) {
            return classes[i].bit;
        }
    }
    return letter == 'A' ? RCS_NOTIFY_ALL : 0;
}

static enum rcs_err set_notify(unsigned *at, const char *value, char *reason)
{
    unsigned bits = 0;
    for (; *value != '\0'; value++) {
        if (class_of(*value) == 0) {
            return refuse(reason, RCS_ERR_SYNTAX,
                          "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        }
        bits |= class_of(*value);
    }
    *at = bits;
    return RCS_OK;
}

/* A hides the classes it stands for, and `n` with them (Redis 7.0 keyspaceEventsFlagsToString). */
static void show_notify(unsigned bits, struct rcs_buf *out)
{
    bool all = (bits & RCS_NOTIFY_ALL) == RCS_NOTIFY_ALL;
    unsigned hidden = all ? RCS_NOTIFY_ALL | RCS_NOTIFY_NEW : 0;
    rcs_buf_text(out, all ? "A" : "");
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if ((bits & ~hidden & classes[i].bit) != 0) {
            rcs_buf_add(out, &classes[i].letter, 1);
        }
    }
}

enum rcs_err rcs_directive_set(struct rcs_config *config, const struct rcs_directive *directive,
                               const char *value, char *reason)
{
    void *at = (char *)config + directive->offset;
    int word = 0;
    enum rcs_err err;
    switch (directive->kind) {
    case RCS_VALUE_YES_NO:
        return set_yes_no(at, value, reason);
    case RCS_VALUE_INTEGER:
    case RCS_VALUE_CAPPED:
    case RCS_VALUE_BYTES:
        return set_number(directive, at, value, reason);
    case RCS_VALUE_TEXT:
        return set_text(directive, at, value, reason);
    case RCS_VALUE_HOSTNAME:
        return set_hostname(directive, at, value, reason);
    case RCS_VALUE_SAVE:
        return set_save(directive, at, value, reason);
    case RCS_VALUE_ENDPOINT:
        err = set_word(&word, value, endpoints, 3, reason);
        config->preferred_endpoint =
            err == RCS_OK ? (enum rcs_endpoint)word : config->preferred_endpoint;
        return err;
    case RCS_VALUE_LEVEL:
        return set_word(at, value, levels, 4, reason);
    case RCS_VALUE_FSYNC:
        err = set_word(&word, value, fsyncs, 3, reason);
        config->appendfsync = err == RCS_OK ? (enum rcs_fsync)word : config->appendfsync;
        return err;
    case RCS_VALUE_NOTIFY:
        return set_notify(at, value, reason);
    case RCS_VALUE_FIXED:
        if (rcs_name_compare(value, directive->preset) == 0) {
            return RCS_OK;
        }
        snprintf(reason, RCS_CONFIG_REASON_BYTES, "rcsim models no other value than '%s'",
                 directive->preset);
        return RCS_ERR_RANGE;
    }
    return RCS_ERR_UNKNOWN;
}

void rcs_directive_show(const struct rcs_config *config, const struct rcs_directive *directive,
                        struct rcs_buf *out)
{
    const void *at = (const char *)config + directive->offset;
    switch (directive->kind) {
    case RCS_VALUE_YES_NO:
        rcs_buf_text(out, *(const bool *)at ? "yes" : "no");
        break;
    case RCS_VALUE_INTEGER:
    case RCS_VALUE_CAPPED:
    case RCS_VALUE_BYTES:
        rcs_buf_i64(out, *(const int64_t *)at);
        break;
    case RCS_VALUE_TEXT:
    case RCS_VALUE_HOSTNAME:
    case RCS_VALUE_SAVE:
        rcs_buf_text(out, at);
        break;
    case RCS_VALUE_ENDPOINT:
        rcs_buf_text(out, endpoints[config->preferred_endpoint]);
        break;
    case RCS_VALUE_FSYNC:
        rcs_buf_text(out, fsyncs[config->appendfsync]);
        break;
    case RCS_VALUE_LEVEL:
        rcs_buf_text(out, levels[config->loglevel]);
        break;
    case RCS_VALUE_NOTIFY:
        show_notify(*(const unsigned *)at, out);
        break;
    case RCS_VALUE_FIXED:
        rcs_buf_text(out, directive->preset);
        break;
    }
}
