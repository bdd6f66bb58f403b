#include "tests/support/command_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command_words.h"

/* --- chance ----------------------------------------------------------------------------------- */

/* splitmix64; a stream of its own for each step, so that a new row leaves other steps as they are
 */
uint64_t words_draw(struct words *words)
{
    uint64_t z = words->random += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

unsigned words_below(struct words *words, unsigned bound)
{
    return (unsigned)(words_draw(words) % bound);
}

static struct words stream(struct plan_step *step, uint64_t seed, unsigned sequence, unsigned at)
{
    struct words words = { .step = step, .random = seed };
    words.random = words_draw(&words) + sequence;
    words.random = words_draw(&words) + at;
    return words;
}

/* --- steps ------------------------------------------------------------------------------------ */

void plan_step_add(struct plan_step *step, const void *bytes, size_t size_bytes)
{
    if (step->argc == PLAN_ARGS_MAX) {
        return;
    }
    char *copy = malloc(size_bytes + 1);
    RCS_ASSERT(copy != NULL);
    memcpy(copy, bytes, size_bytes);
    copy[size_bytes] = '\0';
    step->args[step->argc++] = (struct rcs_arg){ copy, (uint32_t)size_bytes };
}

void plan_step_free(struct plan_step *step)
{
    while (step->argc > 0) {
        free((char *)step->args[--step->argc].bytes);
    }
}

void plan_step_words(struct plan_step *step, const char *words, const struct plan_step *of)
{
    *step = (struct plan_step){ .class = PLAN_GIVEN };
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (of != NULL && length == 5 && memcmp(words, "FIRST", 5) == 0) {
            /* BLMPOP and BZMPOP: the key stands behind timeout and numkeys */
            const struct rcs_arg *key =
                &of->args[of->argc > 3 && of->args[0].size_bytes == 6 &&
                                  strchr("mM", of->args[0].bytes[2]) != NULL &&
                                  strchr("pP", of->args[0].bytes[3]) != NULL
                              ? 3
                              : 1];
            plan_step_add(step, key->bytes, key->size_bytes);
        } else {
            plan_step_add(step, words, length);
        }
        words += length;
        words += strspn(words, " ");
    }
}

void plan_free(struct plan *plan)
{
    while (plan->count > 0) {
        plan_step_free(&plan->steps[--plan->count]);
    }
}

static struct plan_step *next_step(struct plan *plan)
{
    RCS_ASSERT(plan->count < PLAN_STEPS_MAX);
    struct plan_step *step = &plan->steps[plan->count++];
    *step = (struct plan_step){ .class = PLAN_GIVEN };
    return step;
}

/* --- a sequence ------------------------------------------------------------------------------- */

/* Most keys are there when a sequence begins; now and then one too large for the compact form. */
static void fill_keys(struct plan *plan, uint64_t seed, unsigned sequence)
{
    static const char *const fills[] = {
        "SET {t}s1 value",
        "SET {t}s2 number",
        "RPUSH {t}l1 ( value )+ ( value )+",
        "RPUSH {t}l2 ( value )+",
        "RPUSH {t}l3 ( big )+ ( big )+ ( big )+ ( big )+ ( big )+ ( big )+ ( big )+ ( value )+",
        "HSET {t}h1 ( field value )+ ( field value )+",
        "HSET {t}h2 ( field value )+ ( field long )",
        "SADD {t}t1 ( member )+ ( member )+ ( member )+",
        "SADD {t}t2 ( number )+ ( number )+",
        "SADD {t}t3 ( member )+ ( member )+ ( member )+ ( member )+ ( number )+ ( value )+ ( long "
        ")",
        "ZADD {t}z3 ( score member )+ ( score member )+ ( score member )+ ( score value )+",
        "ZADD {t}z1 ( score member )+ ( score member )+ ( score member )+",
        "ZADD {t}z2 ( score member )+ ( score long )",
        "ZADD {t}e1 ( 0 member )+ ( 0 member )+",
        "ZADD {t}e2 ( 0 member )+ ( 0 long )",
        "SCRIPT LOAD loaded", /* those that EVALSHA asks for */
    };
    for (unsigned i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        struct plan_step *step = next_step(plan);
        struct words words = stream(step, seed, sequence, 1000 + i);
        if (words_below(&words, 5) == 0) {
            plan->count--;
            continue;
        }
        words_generate(&words, fills[i]);
    }
}

static void name_words(struct words *words, const char *name)
{
    bool odd = words_below(words, 3) == 0; /* case */
    while (*name != '\0') {
        char word[64];
        size_t length = strcspn(name, "|");
        for (size_t i = 0; i < length && i < sizeof(word); i++) {
            bool up = odd ? words_below(words, 2) == 0 : true;
            word[i] = up && name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
        }
        plan_step_add(words->step, word, length);
        name += length;
        name += *name == '|';
    }
}

static void wrong_arity(struct words *words, unsigned first)
{
    struct plan_step *step = words->step;
    bool more = (step->row != NULL && (step->row->flags & ROW_NO_EDGE) != 0) || step->argc == first;
    if (more || words_below(words, 2) == 0) {
        words_generate(words, "value");
    } else {
        unsigned keep = first + words_below(words, step->argc - first);
        while (step->argc > keep) {
            free((char *)step->args[--step->argc].bytes);
        }
    }
}

static void replace(struct words *words, unsigned at)
{
    struct plan_step *step = words->step;
    unsigned last = step->argc;
    if (last == PLAN_ARGS_MAX) {
        return;
    }
    words_generate(words, words->small ? "smalledge" : "edge");
    struct rcs_arg old = step->args[at];
    step->args[at] = step->args[last];
    free((char *)old.bytes);
    step->argc--;
}

static void other_order(struct words *words, unsigned first)
{
    struct plan_step *step = words->step;
    for (unsigned i = step->argc; i > first + 1; i--) {
        unsigned j = first + words_below(words, i - first);
        struct rcs_arg held = step->args[i - 1];
        step->args[i - 1] = step->args[j];
        step->args[j] = held;
    }
}

static enum plan_class draw_class(struct words *words)
{
    unsigned at = words_below(words, 100);
    return at < 56   ? PLAN_VALID
           : at < 64 ? PLAN_ARITY
           : at < 74 ? PLAN_TYPE
           : at < 94 ? PLAN_EDGE
                     : PLAN_WORDS;
}

static void draw_command(struct words *words, const char *name)
{
    struct plan_step *step = words->step;
    const struct command_row *row = command_row_find(name, strlen(name));
    unsigned flags = row == NULL ? 0 : row->flags;
    step->name = name;
    step->row = row;
    step->class = draw_class(words);
    if ((flags & ROW_NO_EDGE) != 0 && step->class != PLAN_ARITY) {
        step->class = PLAN_VALID;
    }
    words->small = (flags & ROW_SMALL) != 0;
    words->other_types = step->class == PLAN_TYPE;
    name_words(words, name);
    unsigned first = step->argc;
    words_generate(words, row == NULL ? "[ key:a ] [ value ] [ index ]" : row->arguments);
    if (step->class == PLAN_ARITY) {
        wrong_arity(words, first);
    } else if (step->class == PLAN_EDGE && step->argc > first) {
        for (unsigned times = 1 + words_below(words, 2); times > 0; times--) {
            replace(words, first + words_below(words, step->argc - first));
        }
    } else if (step->class == PLAN_WORDS && !words->small && (flags & (ROW_BLOCKS | ROW_MS)) == 0) {
        other_order(words, first + 1);
    }
}

static void end_transaction(struct plan *plan, unsigned chance)
{
    plan_step_words(next_step(plan), chance == 0 ? "DISCARD" : "EXEC", NULL);
    plan->steps[plan->count - 1].row = command_row_find("exec", 4);
}

static void end_subscriptions(struct plan *plan)
{
    static const char *const words[] = { "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE" };
    for (unsigned i = 0; i < 3; i++) {
        struct plan_step *step = next_step(plan);
        plan_step_words(step, words[i], NULL);
        step->row = command_row_find("unsubscribe", 11);
    }
}

void plan_make(struct plan *plan, uint64_t seed, unsigned sequence, const char *const *names,
               unsigned count)
{
    unsigned transaction = 0, subscribed = 0; /* steps until it ends; 0: none */
    *plan = (struct plan){ .resp3 = sequence % 2 == 1 };
    fill_keys(plan, seed, sequence);
    for (unsigned i = 0; i < PLAN_DRAWN; i++) {
        const char *name;
        struct plan_step *step = next_step(plan);
        struct words words = stream(step, seed, sequence, i);
        const struct command_row *row;
        do { /* even among those that may stand here */
            name = names[words_below(&words, count)];
            row = command_row_find(name, strlen(name));
        } while (transaction > 0 && row != NULL && (row->flags & ROW_ALONE) != 0 && count > 1);
        draw_command(&words, name);
        unsigned flags = row == NULL ? 0 : row->flags;
        if ((flags & ROW_TRANSACTION) != 0 && transaction == 0) {
            transaction = 3 + words_below(&words, 5); /* with this step */
        }
        if (subscribed > 0 && transaction == 0 && --subscribed == 0) {
            end_subscriptions(plan);
        }
        if (transaction > 0 && --transaction == 0) {
            end_transaction(plan, words_below(&words, 6));
        }
        if ((flags & ROW_SUBSCRIBES) != 0 && subscribed == 0) {
            subscribed = 1 + words_below(&words, 2);
        }
        if (plan->count + 5 > PLAN_STEPS_MAX) {
            break;
        }
    }
    if (transaction > 0) {
        end_transaction(plan, 1);
    }
}

const char *plan_key(unsigned index)
{
    static char key[16];
    static const char types[] = "slhtze";
    if (index >= 24) {
        return NULL;
    }
    unsigned number = index % 4; /* three within the tag, one without */
    snprintf(key, sizeof(key), "%s%c%u", number == 3 ? "" : "{t}", types[index / 4],
             number == 3 ? 1 : number + 1);
    return key;
}
