/* Directives as a table: where a value lives, what it may be, and how it is shown. */
#include "sim/node/config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "sim/facts.h"
#include "sim/node/config_names.h"

#include "sim/pure.h"

#define BACKLOG_BYTES_MIN (16 * 1024)
/* Times that stand at 0 mean "never" and must lie further back than any wait: the longest is four
 * node timeouts (an election's retry), and a node's clock starts at 6.2 days, RCS_NODE_MS_START. A
 * day is also far from where two or four timeouts would overflow. */
#define NODE_TIMEOUT_MS_CAP (24 * 60 * 60 * 1000)

enum kind {
    KIND_YES_NO,
    KIND_INTEGER,
    KIND_CAPPED,
    KIND_BYTES,
    KIND_TEXT,
    KIND_HOSTNAME,
    KIND_SAVE,
    KIND_ENDPOINT,
    KIND_LEVEL,
    KIND_FSYNC,
    KIND_FIXED
};

struct directive {
    const char *name, *alias; /* the alias is the one name before 5.0, and still one later */
    enum rcs_release since;   /* which first has it, by either name */
    bool mutable;             /* by CONFIG SET */
    enum kind kind;
    size_t offset;
    int64_t least, most; /* numbers; `most` is the room of texts, the cap of capped ones */
    const char *preset;  /* Redis 7.0's default, as text */
};

#define AT(field)                   offsetof(struct rcs_config, field)
#define YES_NO(field)               KIND_YES_NO, AT(field), 0, 0
#define INTEGER(field, least, most) KIND_INTEGER, AT(field), least, most
#define CAPPED(field, least, cap)   KIND_CAPPED, AT(field), least, cap
#define BYTES(field, least)         KIND_BYTES, AT(field), least, INT64_MAX
#define TEXT(kind, field)           kind, AT(field), 0, sizeof(((struct rcs_config *)NULL)->field)
#define WORD(kind, field)           kind, AT(field), 0, 0
#define FIXED                       KIND_FIXED, 0, 0, 0

#define V3_0 RCS_REDIS_3_0
#define V4_0 RCS_REDIS_4_0
#define V5_0 RCS_REDIS_5_0
#define V6_0 RCS_REDIS_6_0
#define V6_2 RCS_REDIS_6_2
#define V7_0 RCS_REDIS_7_0

/* clang-format off */
/* Ascending by name. FIXED ones are known, and have the one value the model is about; of CAPPED ones
 * the model takes less than Redis does. */
static const struct directive directives[] = {
    { "appendfsync", NULL, V3_0, true, WORD(KIND_FSYNC, appendfsync), "everysec" },
    { "appendonly", NULL, V3_0, true, YES_NO(appendonly), "no" },
    { "cluster-allow-pubsubshard-when-down", NULL, V7_0, true,
      YES_NO(allow_pubsubshard_when_down), "yes" },
    { "cluster-allow-reads-when-down", NULL, V6_0, true, YES_NO(allow_reads_when_down), "no" },
    { "cluster-allow-replica-migration", NULL, V6_2, true, YES_NO(allow_replica_migration), "yes" },
    { "cluster-announce-bus-port", NULL, V4_0, true, INTEGER(announce_bus_port, 0, 65535), "0" },
    { "cluster-announce-hostname", NULL, V7_0, true, TEXT(KIND_HOSTNAME, announce_hostname), "" },
    { "cluster-announce-ip", NULL, V4_0, true, TEXT(KIND_TEXT, announce_ip), "" },
    { "cluster-announce-port", NULL, V4_0, true, INTEGER(announce_port, 0, 65535), "0" },
    { "cluster-enabled", NULL, V3_0, false, FIXED, "yes" },
    { "cluster-link-sendbuf-limit", NULL, V7_0, true, FIXED, "0" },
    { "cluster-migration-barrier", NULL, V3_0, true, INTEGER(migration_barrier, 0, INT_MAX), "1" },
    { "cluster-node-timeout", NULL, V3_0, true, CAPPED(node_timeout_ms, 0, NODE_TIMEOUT_MS_CAP), "15000" },
    { "cluster-port", NULL, V7_0, false, INTEGER(cluster_port, 0, 65535), "0" },
    { "cluster-preferred-endpoint-type", NULL, V7_0, true,
      WORD(KIND_ENDPOINT, preferred_endpoint), "ip" },
    { "cluster-replica-no-failover", "cluster-slave-no-failover", V4_0, true,
      YES_NO(replica_no_failover), "no" },
    { "cluster-replica-validity-factor", "cluster-slave-validity-factor", V3_0, true,
      INTEGER(replica_validity_factor, 0, INT_MAX), "10" },
    { "cluster-require-full-coverage", NULL, V3_0, true, YES_NO(require_full_coverage), "yes" },
    { "enable-debug-command", NULL, V7_0, false, YES_NO(enable_debug_command), "no" },
    { "hz", NULL, V3_0, true, INTEGER(hz, 0, INT_MAX), "10" },
    { "loglevel", NULL, V3_0, true, WORD(KIND_LEVEL, loglevel), "notice" },
    { "masterauth", NULL, V3_0, true, TEXT(KIND_TEXT, masterauth), "" },
    { "maxclients", NULL, V3_0, true, INTEGER(maxclients, 1, UINT_MAX), "10000" },
    { "maxmemory", NULL, V3_0, true, FIXED, "0" },
    { "min-replicas-max-lag", "min-slaves-max-lag", V3_0, true,
      INTEGER(min_replicas_max_lag_s, 0, INT_MAX), "10" },
    { "min-replicas-to-write", "min-slaves-to-write", V3_0, true,
      INTEGER(min_replicas_to_write, 0, INT_MAX), "0" },
    { "port", NULL, V3_0, false, INTEGER(port, 0, 65535), "6379" },
    { "proto-max-bulk-len", NULL, V4_0, true, BYTES(proto_max_bulk_len_bytes, 1024 * 1024), "536870912" },
    { "repl-backlog-size", NULL, V3_0, true, BYTES(repl_backlog_size_bytes, 1), "1048576" },
    { "repl-backlog-ttl", NULL, V3_0, true, INTEGER(repl_backlog_ttl_s, 0, INT64_MAX), "3600" },
    { "repl-diskless-load", NULL, V6_0, true, FIXED, "disabled" },
    { "repl-diskless-sync", NULL, V3_0, true, YES_NO(repl_diskless_sync), "yes" },
    { "repl-diskless-sync-delay", NULL, V3_0, true,
      INTEGER(repl_diskless_sync_delay_s, 0, INT_MAX), "5" },
    { "repl-diskless-sync-max-replicas", NULL, V7_0, true,
      INTEGER(repl_diskless_sync_max_replicas, 0, INT_MAX), "0" },
    { "repl-ping-replica-period", "repl-ping-slave-period", V3_0, true,
      INTEGER(repl_ping_period_s, 1, INT_MAX), "10" },
    { "repl-timeout", NULL, V3_0, true, INTEGER(repl_timeout_s, 1, INT_MAX), "60" },
    { "replica-announce-ip", "slave-announce-ip", V4_0, true, TEXT(KIND_TEXT, replica_announce_ip), "" },
    { "replica-announce-port", "slave-announce-port", V4_0, true,
      INTEGER(replica_announce_port, 0, 65535), "0" },
    { "replica-priority", "slave-priority", V3_0, true, INTEGER(replica_priority, 0, INT_MAX), "100" },
    { "replica-read-only", "slave-read-only", V3_0, true, YES_NO(replica_read_only), "yes" },
    { "replica-serve-stale-data", "slave-serve-stale-data", V3_0, true,
      YES_NO(replica_serve_stale_data), "yes" },
    { "requirepass", NULL, V3_0, true, TEXT(KIND_TEXT, requirepass), "" },
    { "save", NULL, V3_0, true, TEXT(KIND_SAVE, save), "3600 1 300 100 60 10000" },
};
/* clang-format on */

/* Where releases before another have another default. */
static const struct old_preset {
    const char *name, *preset;
    enum rcs_release until; /* this one excluded */
} old_presets[] = {
    { "enable-debug-command", "yes", RCS_REDIS_7_0 }, /* DEBUG could not be forbidden */
    { "repl-diskless-sync", "no", RCS_REDIS_7_0 },
};

/* Switches rules of the model off (rules.h); not a directive that CONFIG would know. */
#define RULE_OFF "rule-off"

#define DIRECTIVES (sizeof(directives) / sizeof(directives[0]))

static const char *const fsyncs[] = { "everysec", "always", "no" };
static const char *const endpoints[] = { "ip", "hostname", "unknown-endpoint" };
static const char *const levels[] = { "debug", "verbose", "notice", "warning" };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* As strcmp without regard to case. */
static int compare_names(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) - lower(*b);
}

static const struct directive *find(const char *name)
{
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const struct directive *directive = &directives[i];
        if (compare_names(name, directive->name) == 0 ||
            (directive->alias != NULL && compare_names(name, directive->alias) == 0)) {
            return directive;
        }
    }
    return NULL;
}

/* --- reading values --------------------------------------------------------------------------- */

/* The release that first knows the directive by this name; the newer names came with 5.0. */
static enum rcs_release since(const struct directive *directive, const char *name)
{
    bool newer = directive->alias != NULL && compare_names(name, directive->alias) != 0;
    return newer && directive->since < RCS_REDIS_5_0 ? RCS_REDIS_5_0 : directive->since;
}

static bool has(const struct rcs_profile *profile, const struct directive *directive,
                const char *name)
{
    return profile == NULL || profile->release >= since(directive, name);
}

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
        if (compare_names(value + digits, units[i].unit) == 0) {
            if (number > INT64_MAX / units[i].factor) {
                return false;
            }
            *out = number * units[i].factor;
            return true;
        }
    }
    return false;
}

static enum rcs_err set_number(const struct directive *directive, int64_t *at, const char *value,
                               char *reason)
{
    int64_t number;
    if (directive->kind == KIND_BYTES && !read_bytes(value, &number)) {
        return refuse(reason, RCS_ERR_SYNTAX, "argument must be a memory value");
    }
    if (directive->kind != KIND_BYTES && !rcs_decimal_read(value, strlen(value), &number)) {
        return refuse(reason, RCS_ERR_SYNTAX, "argument couldn't be parsed into an integer");
    }
    int64_t most = directive->kind == KIND_CAPPED ? INT64_MAX : directive->most;
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
    if (compare_names(value, "yes") != 0 && compare_names(value, "no") != 0) {
        return refuse(reason, RCS_ERR_SYNTAX, "argument must be 'yes' or 'no'");
    }
    *at = compare_names(value, "yes") == 0;
    return RCS_OK;
}

static enum rcs_err set_text(const struct directive *directive, char *at, const char *value,
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

static enum rcs_err set_hostname(const struct directive *directive, char *at, const char *value,
                                 char *reason)
{
    if (strlen(value) >= (size_t)directive->most) {
        return refuse(reason, RCS_ERR_RANGE, "Hostnames must be less than 256 characters");
    }
    for (const char *c = value; *c != '\0'; c++) {
        char letter = lower(*c);
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
static enum rcs_err set_save(const struct directive *directive, char *at, const char *value,
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
        if (compare_names(value, words[i]) == 0) {
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

static enum rcs_err set_directive(struct rcs_config *config, const struct directive *directive,
                                  const char *value, char *reason)
{
    void *at = (char *)config + directive->offset;
    int word = 0;
    enum rcs_err err;
    switch (directive->kind) {
    case KIND_YES_NO:
        return set_yes_no(at, value, reason);
    case KIND_INTEGER:
    case KIND_CAPPED:
    case KIND_BYTES:
        return set_number(directive, at, value, reason);
    case KIND_TEXT:
        return set_text(directive, at, value, reason);
    case KIND_HOSTNAME:
        return set_hostname(directive, at, value, reason);
    case KIND_SAVE:
        return set_save(directive, at, value, reason);
    case KIND_ENDPOINT:
        err = set_word(&word, value, endpoints, 3, reason);
        config->preferred_endpoint =
            err == RCS_OK ? (enum rcs_endpoint)word : config->preferred_endpoint;
        return err;
    case KIND_LEVEL:
        return set_word(at, value, levels, 4, reason);
    case KIND_FSYNC:
        err = set_word(&word, value, fsyncs, 3, reason);
        config->appendfsync = err == RCS_OK ? (enum rcs_fsync)word : config->appendfsync;
        return err;
    case KIND_FIXED:
        if (compare_names(value, directive->preset) == 0) {
            return RCS_OK;
        }
        snprintf(reason, RCS_CONFIG_REASON_BYTES, "rcsim models no other value than '%s'",
                 directive->preset);
        return RCS_ERR_RANGE;
    }
    return RCS_ERR_UNKNOWN;
}

void rcs_config_init(struct rcs_config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < DIRECTIVES; i++) {
        char reason[RCS_CONFIG_REASON_BYTES];
        enum rcs_err err = set_directive(config, &directives[i], directives[i].preset, reason);
        RCS_ASSERT(err == RCS_OK);
    }
    config->profile = rcs_profile_default();
}

static enum rcs_err refuse_release(const struct rcs_profile *profile,
                                   const struct directive *directive, const char *name,
                                   char *reason)
{
    bool older_name =
        directive->since < since(directive, name) && profile->release >= directive->since;
    snprintf(reason, RCS_CONFIG_REASON_BYTES, "since %s%s%s; this is %s",
             rcs_profile_at(since(directive, name))->name, older_name ? ", before as " : "",
             older_name ? directive->alias : "", profile->name);
    return RCS_ERR_UNKNOWN;
}

static uint64_t bit_of(const struct directive *directive)
{
    _Static_assert(DIRECTIVES <= 64, "a bit for each directive");
    return UINT64_C(1) << (directive - directives);
}

static const char *preset_of(const struct directive *directive, const struct rcs_profile *profile)
{
    for (size_t i = 0; i < sizeof(old_presets) / sizeof(old_presets[0]); i++) {
        if (strcmp(old_presets[i].name, directive->name) == 0 &&
            profile->release < old_presets[i].until) {
            return old_presets[i].preset;
        }
    }
    return directive->preset;
}

enum rcs_err rcs_config_choose(struct rcs_config *config, const struct rcs_profile *profile,
                               struct rcs_diag *diag)
{
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const struct directive *directive = &directives[i];
        if ((config->given & bit_of(directive)) != 0 && profile->release < directive->since) {
            return rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "%s: since %s; this is %s",
                                directive->name, rcs_profile_at(directive->since)->name,
                                profile->name);
        }
    }
    config->profile = profile;
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const struct directive *directive = &directives[i];
        char reason[RCS_CONFIG_REASON_BYTES];
        if ((config->given & bit_of(directive)) == 0) {
            enum rcs_err err =
                set_directive(config, directive, preset_of(directive, profile), reason);
            RCS_ASSERT(err == RCS_OK);
        }
    }
    return RCS_OK;
}

/* What Redis 7.0 takes and then makes fit, in updateHZ and resizeReplicationBacklog. */
static void cut_to_limits(struct rcs_config *config)
{
    config->hz = config->hz < 1 ? 1 : config->hz > 500 ? 500 : config->hz;
    if (config->repl_backlog_size_bytes < BACKLOG_BYTES_MIN) {
        config->repl_backlog_size_bytes = BACKLOG_BYTES_MIN;
    }
}

enum rcs_err rcs_config_try(struct rcs_config *config, const char *name, const char *value,
                            char reason[RCS_CONFIG_REASON_BYTES])
{
    const struct directive *directive = find(name);
    if (directive == NULL) {
        return refuse(reason, RCS_ERR_UNKNOWN,
                      rcs_config_exists(config, name) ? "rcsim does not model this directive"
                                                      : "there is no such directive");
    }
    if (!has(config->profile, directive, name)) {
        return refuse_release(config->profile, directive, name, reason);
    }
    enum rcs_err err = set_directive(config, directive, value, reason);
    if (err == RCS_OK) {
        config->given |= bit_of(directive);
        cut_to_limits(config);
    }
    return err;
}

enum rcs_err rcs_config_set(struct rcs_config *config, const char *name, const char *value,
                            struct rcs_diag *diag)
{
    char reason[RCS_CONFIG_REASON_BYTES];
    if (compare_names(name, RULE_OFF) == 0) { /* not a directive that CONFIG would know */
        return rcs_rules_read(&config->rules_off, value, diag);
    }
    enum rcs_err err = rcs_config_try(config, name, value, reason);
    if (err == RCS_ERR_UNKNOWN) {
        const char *near = find(name) != NULL ? NULL : rcs_config_nearest(name);
        return rcs_diag_set(diag, err, 0, 0, "%.80s: %s%s%s%s", name, reason,
                            near == NULL ? "" : " (did you mean ", near == NULL ? "" : near,
                            near == NULL ? "" : "?)");
    }
    return err == RCS_OK
               ? RCS_OK
               : rcs_diag_set(diag, err, 0, 0, "%.80s \"%.80s\": %s", name, value, reason);
}

bool rcs_config_known(const char *name)
{
    if (strcmp(name, RULE_OFF) == 0) {
        return true;
    }
    const struct directive *directive = find(name);
    return directive != NULL && (strcmp(name, directive->name) == 0 ||
                                 (directive->alias != NULL && strcmp(name, directive->alias) == 0));
}

bool rcs_config_mutable(const char *name)
{
    const struct directive *directive = find(name);
    return directive != NULL && directive->mutable;
}

/* --- showing ---------------------------------------------------------------------------------- */

bool rcs_config_get(const struct rcs_config *config, const char *name, struct rcs_buf *out)
{
    const struct directive *directive = find(name);
    if (directive == NULL || !has(config->profile, directive, name)) {
        return false;
    }
    const void *at = (const char *)config + directive->offset;
    switch (directive->kind) {
    case KIND_YES_NO:
        rcs_buf_text(out, *(const bool *)at ? "yes" : "no");
        break;
    case KIND_INTEGER:
    case KIND_CAPPED:
    case KIND_BYTES:
        rcs_buf_i64(out, *(const int64_t *)at);
        break;
    case KIND_TEXT:
    case KIND_HOSTNAME:
    case KIND_SAVE:
        rcs_buf_text(out, at);
        break;
    case KIND_ENDPOINT:
        rcs_buf_text(out, endpoints[config->preferred_endpoint]);
        break;
    case KIND_FSYNC:
        rcs_buf_text(out, fsyncs[config->appendfsync]);
        break;
    case KIND_LEVEL:
        rcs_buf_text(out, levels[config->loglevel]);
        break;
    case KIND_FIXED:
        rcs_buf_text(out, directive->preset);
        break;
    }
    return true;
}

/* The smallest name greater than `after` ("" for the first), aliases included. */
static const char *name_after(const char *after)
{
    const char *best = NULL;
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const char *names[] = { directives[i].name, directives[i].alias };
        for (size_t j = 0; j < 2; j++) {
            if (names[j] != NULL && strcmp(names[j], after) > 0 &&
                (best == NULL || strcmp(names[j], best) < 0)) {
                best = names[j];
            }
        }
    }
    return best;
}

const char *rcs_config_name(unsigned index)
{
    const char *name = name_after("");
    while (index-- > 0 && name != NULL) {
        name = name_after(name);
    }
    return name;
}

bool rcs_config_exists(const struct rcs_config *config, const char *name)
{
    const struct directive *directive = find(name);
    if (directive != NULL) {
        return has(config->profile, directive, name);
    }
    for (size_t i = 0; i < sizeof(unmodelled) / sizeof(unmodelled[0]); i++) {
        if (compare_names(name, unmodelled[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        if (compare_names(name, later[i].name) == 0) {
            return config->profile == NULL || config->profile->release >= later[i].since;
        }
    }
    return false;
}

/* Levenshtein's distance: letters to insert, delete or change. Names are short. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[64];
    unsigned width = (unsigned)strlen(b);
    RCS_ASSERT(width < 64);
    for (unsigned j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= width; j++) {
            unsigned best = diagonal + (lower(a[i - 1]) == b[j - 1] ? 0 : 1);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[width];
}

const char *rcs_config_nearest(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > 63) {
        return NULL;
    }
    const char *best = NULL;
    unsigned best_distance = (unsigned)size / 3 + 1; /* farther is no misspelling */
    for (const char *other = name_after(""); other != NULL; other = name_after(other)) {
        unsigned found = distance(name, other);
        if (found < best_distance) {
            best = other;
            best_distance = found;
        }
    }
    return best;
}
