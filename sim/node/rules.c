#include "sim/node/rules.h"

#include <string.h>

#include <rcsim/resp.h>

#include "sim/pure.h"

static const struct {
    const char *word, *text;
} rules[] = {
#define X(name, word, text) { word, text },
    RCS_RULES(X)
#undef X
};

const char *rcs_rule_word(unsigned index)
{
    return index < RCS_RULE_COUNT ? rules[index].word : NULL;
}

const char *rcs_rule_text(unsigned index)
{
    return index < RCS_RULE_COUNT ? rules[index].text : NULL;
}

static int find(const char *word, size_t length)
{
    for (unsigned i = 0; i < RCS_RULE_COUNT; i++) {
        if (strlen(rules[i].word) == length && memcmp(rules[i].word, word, length) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static enum rcs_err refuse(const char *word, size_t length, struct rcs_diag *diag)
{
    struct rcs_buf names;
    rcs_buf_init(&names);
    for (unsigned i = 0; i < RCS_RULE_COUNT; i++) {
        rcs_buf_text(&names, i > 0 ? ", " : "");
        rcs_buf_text(&names, rules[i].word);
    }
    rcs_buf_add(&names, "", 1);
    enum rcs_err err =
        rcs_diag_set(diag, RCS_ERR_UNKNOWN, 0, 0, "rule-off: no rule \"%.*s\" (there are: %s)",
                     (int)(length < 40 ? length : 40), word, names.data);
    rcs_buf_close(&names);
    return err;
}

enum rcs_err rcs_rules_read(uint32_t *off, const char *words, struct rcs_diag *diag)
{
    uint32_t wanted = *off;
    for (const char *at = words; *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (length == 4 && memcmp(at, "none", 4) == 0) {
            wanted = 0;
        } else if (length > 0) {
            int rule = find(at, length);
            if (rule < 0) {
                return refuse(at, length, diag);
            }
            wanted |= UINT32_C(1) << rule;
        }
        at += length + (at[length] != '\0');
    }
    *off = wanted;
    return RCS_OK;
}
