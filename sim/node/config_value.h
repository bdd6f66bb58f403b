/* A directive, and its value as text. For config.c, which has the table of them. */
#ifndef RCSIM_SIM_NODE_CONFIG_VALUE_H
#define RCSIM_SIM_NODE_CONFIG_VALUE_H

#include "sim/node/config.h"

enum rcs_value_kind {
    RCS_VALUE_YES_NO,
    RCS_VALUE_INTEGER,
    RCS_VALUE_CAPPED, /* the model takes less than Redis does */
    RCS_VALUE_BYTES,
    RCS_VALUE_TEXT,
    RCS_VALUE_HOSTNAME,
    RCS_VALUE_SAVE,
    RCS_VALUE_ENDPOINT,
    RCS_VALUE_LEVEL,
    RCS_VALUE_FSYNC,
    RCS_VALUE_NOTIFY,  /* letters of classes, notify.h */
    RCS_VALUE_WORD,    /* one of those config_value.c has for it, an int */
    RCS_VALUE_KEPT,    /* any text, among the kept ones (config_kept.h) */
    RCS_VALUE_LIMITS,  /* client-output-buffer-limit */
    RCS_VALUE_PERCENT, /* bytes, or a share in percent, as a negative number */
    RCS_VALUE_SIGNAL,  /* what a signal does to the process */
    RCS_VALUE_FIXED    /* the preset, and no other */
};

struct rcs_directive {
    const char *name, *alias; /* the alias is the one name before 5.0, and still one later */
    enum rcs_release since;   /* which first has it, by either name */
    bool mutable;             /* by CONFIG SET */
    enum rcs_value_kind kind;
    size_t offset;       /* of its value in struct rcs_config */
    int64_t least, most; /* numbers; `most` is the room of texts, the cap of capped ones */
    const char *preset;  /* Redis 7.0's default, as text */
};

static inline char rcs_name_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* As strcmp without regard to case. */
static inline int rcs_name_compare(const char *a, const char *b)
{
    while (*a != '\0' && rcs_name_lower(*a) == rcs_name_lower(*b)) {
        a++;
        b++;
    }
    return rcs_name_lower(*a) - rcs_name_lower(*b);
}

/* Reads `value` into `config`; an error leaves it as it was and says why in `reason`, of
 * RCS_CONFIG_REASON_BYTES: in Redis 7.0's words where that refuses the value, too. */
enum rcs_err rcs_directive_set(struct rcs_config *config, const struct rcs_directive *directive,
                               const char *value, char *reason);
/* By any of its names, NULL none (config.c). */
const struct rcs_directive *rcs_directive_find(const char *name);

#define RCS_DIRECTIVE_NAMES_MAX (2 * RCS_DIRECTIVES_MAX)
struct rcs_directive_name {
    const char *name; /* the directive's, or its alias; static */
    const struct rcs_directive *directive;
};
/* All names, aliases too, ascending by bytes; returns how many (config.c). */
size_t rcs_directive_names(struct rcs_directive_name out[RCS_DIRECTIVE_NAMES_MAX]);
/* True if the release has the directive by this name. */
bool rcs_directive_has(const struct rcs_config *config, const struct rcs_directive_name *name);
/* Appends the value as CONFIG GET shows it. */
void rcs_directive_show(const struct rcs_config *config, const struct rcs_directive *directive,
                        struct rcs_buf *out);

#endif
