#include "sim/facts.h"

#include <stdlib.h>
#include <string.h>

#include "sim/words.h"

#include "sim/pure.h"

/* clang-format off */
static const struct rcs_fact_row rows[] = {
#define X(name, level, milestone, trace, text, a, b, c) \
    [RCS_FACT_##name] = { RCS_LEVEL_##level, milestone, false, trace, text, { a, b, c } },
    RCS_NODE_FACTS(X) RCS_CLUSTER_FACTS(X) RCS_REPL_FACTS(X)
#undef X
#define X(name, trace, a, b, c) \
    [RCS_FACT_##name] = { RCS_LEVEL_NONE, false, true, trace, NULL, { a, b, c } },
    RCS_CAUSE_FACTS(X)
#undef X
#define X(name, level, milestone, trace, text, a, b, c) \
    [RCS_FACT_##name] = { RCS_LEVEL_##level, milestone, false, trace, text, { a, b, c } },
    RCS_NODE_LATER_FACTS(X)
#undef X
};
/* clang-format on */

const struct rcs_fact_row *rcs_fact_row(enum rcs_fact_code code)
{
    RCS_ASSERT((unsigned)code < RCS_FACT_COUNT);
    return &rows[code];
}

void rcs_facts_init(struct rcs_facts *facts)
{
    *facts = (struct rcs_facts){ .level = RCS_LEVEL_NOTICE, .release = RCS_REDIS_7_0 };
}

void rcs_facts_close(struct rcs_facts *facts)
{
    rcs_facts_clear(facts);
    free(facts->copies);
    free(facts->list);
    *facts = (struct rcs_facts){ 0 };
}

void rcs_facts_clear(struct rcs_facts *facts)
{
    for (size_t i = 0; i < facts->copied; i++) {
        free(facts->copies[i]);
    }
    facts->copied = 0;
    facts->count = 0;
}

bool rcs_facts_wanted(const struct rcs_facts *facts, enum rcs_fact_code code)
{
    const struct rcs_fact_row *row = rcs_fact_row(code);
    if (row->milestone || (row->cause && facts->causes)) {
        return true;
    }
    if (facts->unread) {
        return false;
    }
    enum rcs_level level = rcs_words((enum rcs_release)facts->release, code).level;
    return level != RCS_LEVEL_NONE && level >= facts->level;
}

static const char *copy_text(struct rcs_facts *facts, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    if (facts->copied == facts->copies_room) {
        facts->copies_room = facts->copies_room == 0 ? 16 : facts->copies_room * 2;
        facts->copies = realloc(facts->copies, facts->copies_room * sizeof(facts->copies[0]));
        RCS_ASSERT(facts->copies != NULL);
    }
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    RCS_ASSERT(copy != NULL);
    memcpy(copy, text, size);
    facts->copies[facts->copied++] = copy;
    return copy;
}

void rcs_fact_add(struct rcs_facts *facts, enum rcs_fact_code code, char role, rcs_id about,
                  rcs_id by, int64_t v0, int64_t v1, int64_t v2, const char *text0,
                  const char *text1)
{
    if (!rcs_facts_wanted(facts, code)) {
        return;
    }
    if (facts->count == facts->room) {
        facts->room = facts->room == 0 ? 32 : facts->room * 2;
        facts->list = realloc(facts->list, facts->room * sizeof(facts->list[0]));
        RCS_ASSERT(facts->list != NULL);
    }
    facts->list[facts->count++] = (struct rcs_fact){
        .code = (uint16_t)code,
        .about = about,
        .by = by,
        .role = role,
        .release = facts->release,
        .v = { v0, v1, v2 },
        .text = { copy_text(facts, text0), copy_text(facts, text1) },
    };
}

void rcs_fact_text(struct rcs_buf *out, const struct rcs_store *store, const struct rcs_fact *fact)
{
    enum rcs_release release = (enum rcs_release)fact->release;
    const char *text = rcs_words(release, fact->code).text;
    RCS_ASSERT(text != NULL);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            rcs_buf_add(out, at, 1);
            continue;
        }
        at++;
        switch (*at) {
        case 'n':
            rcs_buf_text(out, rcs_store_name(store, fact->about));
            break;
        case 'm':
            rcs_buf_text(out, rcs_store_name(store, fact->by));
            break;
        case 's':
        case 't':
            rcs_buf_text(out, fact->text[*at - 's'] == NULL
                                  ? ""
                                  : rcs_words_argument(release, fact->text[*at - 's']));
            break;
        case '0':
        case '1':
        case '2':
            rcs_buf_i64(out, fact->v[*at - '0']);
            break;
        default:
            RCS_UNREACHABLE("a fact's text has an unknown placeholder");
        }
    }
}
