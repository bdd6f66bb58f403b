/* Verbs that only an order can say: what makes a run's layout another one, and lets it play on. */
#include <string.h>

#include "sim/scenario/verbs_parse.h"
#include "sim/world/disk.h"

#include "sim/pure.h"

/* node NAME [IP:PORT] [site SITE] [absent] [pid PID] [DIRECTIVE VALUE]...: name, value: the
 * address, words: the directives, b.text: the site, oneway: absent, number: the pid or 0. */
bool rcs_parse_new_node(struct rcs_parser *parser, const char *name)
{
    struct rcs_stmt *stmt = parser->stmt;
    stmt->verb = &rcs_verb_new_node;
    stmt->name = name;
    if (!rcs_parser_new_name(parser, name)) {
        return false;
    }
    const char *next = rcs_parser_more(parser) ? parser->words[parser->at].text : "";
    int64_t pid = 0;
    bool address = strcmp(next, "site") != 0 && strcmp(next, "absent") != 0 &&
                   strcmp(next, "pid") != 0 && next[0] != '\0';
    if ((address && !rcs_parser_address(parser, &stmt->value)) ||
        (rcs_parser_is(parser, "site") && !rcs_parser_site(parser, &stmt->b.text))) {
        return false;
    }
    stmt->oneway = rcs_parser_is(parser, "absent");
    if (rcs_parser_is(parser, "pid") &&
        !rcs_parser_number(parser, "a process id", 1, INT32_MAX, &pid)) {
        return false;
    }
    stmt->number = (int)pid;
    stmt->words = parser->words + parser->at;
    while (rcs_parser_more(parser)) {
        const struct rcs_word *directive, *value;
        if (!rcs_parser_word(parser, "a directive", &directive) ||
            !rcs_parser_word(parser, "its value", &value) ||
            !rcs_parser_directive(parser, parser->at - 2, directive->text, value->text)) {
            return false;
        }
        stmt->word_count += 2;
    }
    return true;
}

/* put NODE FILE BYTES [BASE INCR]: a, number: the file, words: the bytes, skip and times: the
 * numbers. */
bool rcs_parse_put(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const char *files[RCS_DISK_FILES + 1] = { NULL };
    int64_t base = 1, incr = 1;
    for (unsigned i = 0; i < RCS_DISK_FILES; i++) {
        files[i] = rcs_disk_file_name((enum rcs_disk_file)i);
    }
    if (!rcs_parser_group(parser, &stmt->a) || !rcs_parser_choice(parser, files, &stmt->number) ||
        !rcs_parser_word(parser, "the file's bytes", &stmt->words)) {
        return false;
    }
    if (stmt->number == RCS_DISK_AOF && rcs_parser_more(parser) &&
        (!rcs_parser_number(parser, "the number of the base", 0, UINT32_MAX, &base) ||
         !rcs_parser_number(parser, "the number of the file behind it", 0, UINT32_MAX, &incr))) {
        return false;
    }
    stmt->word_count = 1;
    stmt->skip = (unsigned)base;
    stmt->times = (unsigned)incr;
    return rcs_parser_end(parser);
}

/* config-file NODE STATE: a, number. */
bool rcs_parse_config_file(struct rcs_parser *parser)
{
    struct rcs_stmt *stmt = parser->stmt;
    const char *states[RCS_CONF_FILE_STATES + 1] = { NULL };
    for (unsigned i = 0; i < RCS_CONF_FILE_STATES; i++) {
        states[i] = rcs_conf_file_name((enum rcs_conf_file)i);
    }
    return rcs_parser_group(parser, &stmt->a) && rcs_parser_choice(parser, states, &stmt->number) &&
           rcs_parser_end(parser);
}

bool rcs_parse_remove(struct rcs_parser *parser)
{
    return rcs_parser_groups(parser, NULL, &parser->stmt->a);
}

/* play [STEPS]: `times`, RCS_RUN_ALL_STEPS without a number. */
bool rcs_parse_play(struct rcs_parser *parser)
{
    int64_t steps;
    parser->stmt->times = RCS_RUN_ALL_STEPS;
    if (!rcs_parser_more(parser)) {
        return true;
    }
    if (!rcs_parser_number(parser, "how many steps", 1, 1000000, &steps)) {
        return false;
    }
    parser->stmt->times = (unsigned)steps;
    return rcs_parser_end(parser);
}
