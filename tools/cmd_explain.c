#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcsim/explain.h>

#include "sim/scenario/parser.h"
#include "sim/world/json_line.h"
#include "tools/tools.h"

/* Takes an option of explain's own and its value out of the arguments; the rest is `run`'s. */
static int take_own(struct rcs_explain_options *out, int *argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        bool node = strcmp(argv[i], "--node") == 0, at = strcmp(argv[i], "--at") == 0;
        if (!node && !at && strcmp(argv[i], "--why-not") != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (i + 1 == *argc) {
            return complain("%s needs a value (%s)", argv[i], at ? "--at TIME" : "a node's name");
        }
        const char *value = argv[++i];
        if (at && !rcs_duration_read(value, &out->at_us)) {
            return complain("--at %s is no time since the run began, such as 63.5s", value);
        }
        out->has_at = out->has_at || at;
        out->node = node ? value : out->node;
        out->why_not = node || at ? out->why_not : value;
    }
    *argc = kept;
    return out->node != NULL && out->why_not != NULL
               ? complain("--node and --why-not ask two things: one at a time")
               : 0;
}

static void print_json(const struct rcs_statement *statement, struct rcs_buf *out)
{
    rcs_buf_clear(out);
    rcs_json_begin(out, "depth");
    rcs_json_number(out, statement->depth);
    if (statement->at_us >= 0) {
        rcs_json_key(out, "at_us");
        rcs_json_number(out, statement->at_us);
    }
    if (statement->node != NULL) {
        rcs_json_key(out, "node");
        rcs_json_text(out, statement->node);
    }
    rcs_json_key(out, "what");
    rcs_json_text(out, statement->what);
    if (statement->line > 0) {
        rcs_json_key(out, "line");
        rcs_json_number(out, statement->line);
    }
    rcs_json_key(out, "text");
    rcs_json_text(out, statement->text);
    rcs_json_end(out);
    fwrite(out->data, 1, out->size_bytes, stdout);
}

static void print_line(const struct rcs_statement *statement, struct rcs_buf *out)
{
    rcs_buf_clear(out);
    rcs_statement_print(out, statement);
    rcs_buf_add(out, "\n", 1);
    fwrite(out->data, 1, out->size_bytes, stdout);
}

static void print_all(const struct rcs_explanation *explanation, bool json)
{
    struct rcs_buf line;
    struct rcs_statement statement;
    rcs_buf_init(&line);
    if (!rcs_explanation_intact(explanation)) {
        puts(json ? "{\"depth\":0,\"what\":\"damaged\",\"text\":\"the trace is not as it was "
                    "written\"}"
                  : "This trace is not as it was written: lines are missing or were changed.\n");
    }
    for (size_t i = 0; rcs_explanation_statement(explanation, i, &statement); i++) {
        if (json) {
            print_json(&statement, &line);
        } else {
            if (statement.depth == 0 && i > 0) {
                puts("");
            }
            print_line(&statement, &line);
        }
    }
    if (!json && !rcs_explanation_statement(explanation, 0, &statement)) {
        puts("nothing to explain: no role or state changed");
    }
    rcs_buf_close(&line);
}

static int explain(const struct run_arguments *arguments, const struct rcs_explain_options *options)
{
    struct rcs_buf trace;
    rcs_buf_init(&trace);
    int state = trace_source_read(arguments, arguments->file, &trace);
    if (state == EXIT_HELD) {
        struct rcs_explanation *explanation;
        struct rcs_diag diag = { .line = 0 };
        if (rcs_explain(&explanation, arguments->file, trace.data, trace.size_bytes, options,
                        &diag) != RCS_OK) {
            state = complain_diag(&diag, "", NULL);
        } else {
            print_all(explanation, arguments->options.json);
        }
        rcs_explanation_free(explanation);
    }
    rcs_buf_close(&trace);
    return state;
}

int cmd_explain(int argc, char **argv)
{
    struct rcs_explain_options options = { .node = NULL };
    struct run_arguments arguments;
    int state = take_own(&options, &argc, argv);
    if (state != 0) {
        return state;
    }
    state = run_arguments_read(&arguments, 1, argc, argv);
    if (state == 0) {
        state = explain(&arguments, &options);
    }
    run_arguments_close(&arguments);
    return state;
}
