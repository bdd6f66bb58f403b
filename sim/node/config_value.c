/* The values of directives, read and shown in the words of CONFIG SET and CONFIG GET. */
#include "sim/node/config_value.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "sim/node/notify_class.h"

#include "sim/pure.h"

static const char *const fsyncs[] = { "everysec", "always", "no" };
static const char *const endpoints[] = { "ip", "hostname", "unknown-endpoint" };
static const char *const levels[] = { "debug", "verbose", "notice", "warning" };

static const char *const acl_pubsub[] = { "allchannels", "resetchannels" };
static const char *const protected_words[] = { "no", "yes", "local" };
static const char *const oom_words[] = { "no", "yes", "relative", "absolute" };
static const char *const propagation_words[] = { "ignore", "panic", "panic-on-replicas" };
static const char *const sanitize_words[] = { "no", "yes", "clients" };
static const char *const supervised_words[] = { "upstart", "systemd", "auto", "no" };
static const char *const policies[] = { "volatile-lru",   "volatile-lfu", "volatile-random",
                                        "volatile-ttl",   "allkeys-lru",  "allkeys-lfu",
                                        "allkeys-random", "noeviction" };

static const struct {
    const char *directive;
    const char *const *words;
    int count;
} word_lists[] = {
#define LIST(directive, words)                                                                     \
    {                                                                                              \
        directive, words, (int)(sizeof(words) / sizeof((words)[0]))                                \
    }
    LIST("acl-pubsub-default", acl_pubsub),
    LIST("enable-debug-command", protected_words),
    LIST("enable-module-command", protected_words),
    LIST("enable-protected-configs", protected_words),
    LIST("maxmemory-policy", policies),
    LIST("oom-score-adj", oom_words),
    LIST("propagation-error-behavior", propagation_words),
    LIST("sanitize-dump-payload", sanitize_words),
    LIST("supervised", supervised_words),
#undef LIST
};

static const char *const *words_of(const struct rcs_directive *directive, int *count)
{
    for (size_t i = 0; i < sizeof(word_lists) / sizeof(word_lists[0]); i++) {
        if (strcmp(word_lists[i].directive, directive->name) == 0) {
            *count = word_lists[i].count;
            return word_lists[i].words;
        }
    }
    RCS_UNREACHABLE("a directive without its words");
}

static enum rcs_err refuse(char *reason, enum rcs_err err, const char *text)
{
    snprintf(reason, RCS_CONFIG_REASON_BYTES, "%s", text);
    return err;
}

/* A count of bytes with an optional unit; the k of a thousand, the kb of 1024 (Redis 7.0 memtoull).
 */
bool rcs_config_bytes(const char *value, int64_t *out)
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

/* Any number of digits is a count of bytes to Redis: strtoull takes what is too much for the most.
 */
static bool is_unsigned(const char *value)
{
    return value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
}

/* maxmemory-clients: bytes, or a share of maxmemory, which is kept as a negative number. */
static enum rcs_err set_bytes_or_percent(int64_t *at, const char *value, char *reason)
{
    size_t size = strlen(value);
    int64_t number;
    if (size > 1 && value[size - 1] == '%' && rcs_decimal_read(value, size - 1, &number) &&
        number >= 0) {
        if (number > 100) {
            return refuse(reason, RCS_ERR_RANGE,
                          "percentage argument must be less or equal to 100");
        }
        *at = -number;
        return RCS_OK;
    }
    if (!rcs_config_bytes(value, &number)) {
        return refuse(reason, RCS_ERR_SYNTAX, "argument must be a memory or percent value");
    }
    *at = number;
    return RCS_OK;
}

/* latency-tracking-info-percentiles: decimals from 0 to 100. */
static bool is_percentile(const char *word, size_t size, bool *in_range)
{
    size_t digits = 0, dots = 0, whole = 0;
    bool negative = size > 0 && word[0] == '-';
    for (size_t i = negative; i < size; i++) {
        if (word[i] == '.') {
            dots++;
        } else if (word[i] < '0' || word[i] > '9') {
            return false;
        } else {
            digits++;
            whole = dots == 0 && whole < 1000 ? whole * 10 + (size_t)(word[i] - '0') : whole;
        }
    }
    size_t fraction = 0;
    for (size_t i = size; dots == 1 && i > 0 && word[i - 1] != '.'; i--) {
        fraction += word[i - 1] != '0';
    }
    *in_range = !(negative && (whole > 0 || fraction > 0)) &&
                (whole < 100 || (whole == 100 && fraction == 0));
    return digits > 0 && dots <= 1;
}

static enum rcs_err check_percentiles(const char *value, char *reason)
{
    for (; *value != '\0'; value += strcspn(value, " ")) {
        value += strspn(value, " ");
        bool in_range;
        if (!is_percentile(value, strcspn(value, " "), &in_range)) {
            return refuse(reason, RCS_ERR_SYNTAX,
                          "Invalid latency-tracking-info-percentiles parameters");
        }
        if (!in_range) {
            return refuse(reason, RCS_ERR_RANGE,
                          "latency-tracking-info-percentiles parameters should sit between "
                          "[0.0,100.0]");
        }
    }
    return RCS_OK;
}

static enum rcs_err set_number(const struct rcs_directive *directive, int64_t *at,
                               const char *value, char *reason)
{
    int64_t number;
    if (directive->kind == RCS_VALUE_BYTES && !rcs_config_bytes(value, &number)) {
        if (is_unsigned(value)) {
            snprintf(reason, RCS_CONFIG_REASON_BYTES,
                     "argument must be between %lld and %lld inclusive",
                     (long long)directive->least, (long long)directive->most);
            return RCS_ERR_RANGE;
        }
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

/* Records of a directive's name, a NUL, its value, a NUL; an empty name ends them. */
static char *kept_text(char *at, const char *name)
{
    while (*at != '\0' && strcmp(at, name) != 0) {
        at += strlen(at) + 1;
        at += strlen(at) + 1;
    }
    return at;
}

static const char *string_of(const struct rcs_config *config, const struct rcs_directive *directive)
{
    const char *at = config->kept_texts;
    while (*at != '\0') {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, directive->name) == 0) {
            return value;
        }
        at = value + strlen(value) + 1;
    }
    return directive->preset;
}

static enum rcs_err set_string(struct rcs_config *config, const struct rcs_directive *directive,
                               const char *value, char *reason)
{
    char *texts = config->kept_texts, *end = texts + sizeof(config->kept_texts);
    char *last = kept_text(texts, ""); /* where they end */
    char *old = kept_text(texts, directive->name);
    size_t old_bytes = *old == '\0' ? 0 : strlen(old) + 1;
    old_bytes += old_bytes == 0 ? 0 : strlen(old + old_bytes) + 1;
    size_t name_bytes = strlen(directive->name) + 1, value_bytes = strlen(value) + 1;
    bool is_preset = strcmp(value, directive->preset) == 0;
    if (!is_preset && (size_t)(end - last) + old_bytes < name_bytes + value_bytes + 1) {
        return refuse(reason, RCS_ERR_RANGE, "rcsim keeps no texts as long as these together");
    }
    memmove(old, old + old_bytes, (size_t)(last - old) - old_bytes);
    last -= old_bytes;
    if (!is_preset) {
        memcpy(last, directive->name, name_bytes);
        memcpy(last + name_bytes, value, value_bytes);
        last += name_bytes + value_bytes;
    }
    memset(last, 0, (size_t)(end - last));
    return RCS_OK;
}

static const char *const output_classes[] = { "normal", "slave", "pubsub" };

static int output_class(const char *word, size_t size)
{
    char name[16];
    if (size >= sizeof(name)) {
        return -1;
    }
    memcpy(name, word, size);
    name[size] = '\0';
    for (int i = 0; i < RCS_OUTPUT_CLASSES; i++) {
        if (rcs_name_compare(name, output_classes[i]) == 0) {
            return i;
        }
    }
    return rcs_name_compare(name, "replica") == 0 ? RCS_OUTPUT_REPLICA : -1;
}

/* Fours of a class, a hard limit, a soft one and its seconds; classes not named stay as they are
 * (Redis 7.0 setConfigClientOutputBufferLimitOption). */
static enum rcs_err set_limits(struct rcs_output_limit *at, int64_t *least, const char *value,
                               char *reason)
{
    struct rcs_output_limit limits[RCS_OUTPUT_CLASSES];
    memcpy(limits, at, sizeof(limits));
    unsigned words = 0;
    for (const char *c = value; *c != '\0'; c += strcspn(c, " ")) {
        c += strspn(c, " ");
        words += *c != '\0';
    }
    if (words % 4 != 0) {
        return refuse(reason, RCS_ERR_SYNTAX,
                      "Wrong number of arguments in buffer limit configuration.");
    }
    int class = -1;
    for (unsigned i = 0; i < words; i++) {
        value += strspn(value, " ");
        size_t size = strcspn(value, " ");
        char word[32];
        snprintf(word, sizeof(word), "%.*s", (int)(size < sizeof(word) ? size : 0), value);
        int64_t number = 0;
        if (i % 4 == 0) {
            class = output_class(value, size);
            if (class < 0) {
                return refuse(reason, RCS_ERR_SYNTAX,
                              "Invalid client class specified in buffer limit configuration.");
            }
        } else if (i % 4 == 3 ? !rcs_decimal_read(word, strlen(word), &number) || number < 0
                              : !rcs_config_bytes(word, &number)) {
            return refuse(
                reason, RCS_ERR_SYNTAX,
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        }
        switch (i % 4) {
        case 1:
            limits[class].hard_bytes = number;
            break;
        case 2:
            limits[class].soft_bytes = number;
            break;
        case 3:
            limits[class].soft_s = number;
            break;
        default:
            break;
        }
        value += size;
    }
    memcpy(at, limits, sizeof(limits));
    *least = INT64_MAX;
    for (int i = 0; i < RCS_OUTPUT_CLASSES; i++) {
        *least = limits[i].hard_bytes != 0 && limits[i].hard_bytes < *least ? limits[i].hard_bytes
                                                                            : *least;
        *least = limits[i].soft_bytes != 0 && limits[i].soft_bytes < *least ? limits[i].soft_bytes
                                                                            : *least;
    }
    return RCS_OK;
}

static void show_limits(const struct rcs_output_limit *at, struct rcs_buf *out)
{
    for (int i = 0; i < RCS_OUTPUT_CLASSES; i++) {
        rcs_buf_format(out, "%s%s %lld %lld %lld", i == 0 ? "" : " ", output_classes[i],
                       (long long)at[i].hard_bytes, (long long)at[i].soft_bytes,
                       (long long)at[i].soft_s);
    }
}

/* "default", or of save, nosave, now and force what goes together; shown in that order. */
static enum rcs_err set_signal(const struct rcs_directive *directive, char *at, const char *value,
                               char *reason)
{
    static const char *const names[] = { "default", "save", "nosave", "now", "force" };
    unsigned bits = 0;
    const char *word_at = value;
    while (word_at == value || *value != '\0') {
        value += strspn(value, " ");
        size_t size = strcspn(value, " ");
        unsigned found = 0;
        for (unsigned i = 0; i < 5; i++) {
            char word[16];
            snprintf(word, sizeof(word), "%.*s", (int)(size < sizeof(word) ? size : 0), value);
            found |= rcs_name_compare(word, names[i]) == 0 ? 1u << i : 0;
        }
        if (found == 0) {
            return refuse(reason, RCS_ERR_SYNTAX,
                          "argument(s) must be one of the following: default, save, nosave, now, "
                          "force");
        }
        bits |= found & ~1u;
        value += size;
    }
    if ((bits & 6) == 6) {
        return refuse(reason, RCS_ERR_SYNTAX,
                      "shutdown options SAVE and NOSAVE can't be used simultaneously");
    }
    size_t size = 0;
    at[0] = '\0';
    for (unsigned i = 0; i < 5; i++) {
        if ((bits == 0 ? 1u : bits) >> i & 1) {
            size += (size_t)snprintf(at + size, (size_t)directive->most - size, "%s%s",
                                     size == 0 ? "" : " ", names[i]);
        }
    }
    return RCS_OK;
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
    const char *const *words;
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
    case RCS_VALUE_WORD:
        words = words_of(directive, &word);
        if (directive->offset == offsetof(struct rcs_config, maxmemory_policy) &&
            (rcs_name_compare(value, "allkeys-lfu") == 0 ||
             rcs_name_compare(value, "volatile-lfu") == 0)) {
            return refuse(reason, RCS_ERR_RANGE, "rcsim models no eviction by frequency of use");
        }
        return set_word(at, value, words, word, reason);
    case RCS_VALUE_PERCENT:
        return set_bytes_or_percent(at, value, reason);
    case RCS_VALUE_KEPT:
        if (strcmp(directive->name, "latency-tracking-info-percentiles") == 0 &&
            check_percentiles(value, reason) != RCS_OK) {
            return RCS_ERR_SYNTAX;
        }
        return set_string(config, directive, value, reason);
    case RCS_VALUE_LIMITS:
        return set_limits(at, &config->least_output_bytes, value, reason);
    case RCS_VALUE_SIGNAL:
        return set_signal(directive, at, value, reason);
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
    int count;
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
    case RCS_VALUE_PERCENT:
        rcs_buf_i64(out, *(const int64_t *)at < 0 ? -*(const int64_t *)at : *(const int64_t *)at);
        rcs_buf_text(out, *(const int64_t *)at < 0 ? "%" : "");
        break;
    case RCS_VALUE_SIGNAL:
        rcs_buf_text(out, at);
        break;
    case RCS_VALUE_WORD:
        rcs_buf_text(out, words_of(directive, &count)[*(const int *)at]);
        break;
    case RCS_VALUE_KEPT:
        rcs_buf_text(out, string_of(config, directive));
        break;
    case RCS_VALUE_LIMITS:
        show_limits(at, out);
        break;
    case RCS_VALUE_NOTIFY:
        show_notify(*(const unsigned *)at, out);
        break;
    case RCS_VALUE_FIXED:
        rcs_buf_text(out, directive->preset);
        break;
    }
}
