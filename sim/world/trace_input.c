#include "sim/world/trace_input.h"

#include <stdlib.h>
#include <string.h>

#include "sim/world/json_line.h"
#include "sim/world/trace_lines.h"

#include "sim/pure.h"

static struct rcs_trace_input *add(struct rcs_trace_inputs *inputs)
{
    if (inputs->count == inputs->room) {
        inputs->room = inputs->room == 0 ? 64 : inputs->room * 2;
        inputs->list = realloc(inputs->list, inputs->room * sizeof(inputs->list[0]));
        RCS_ASSERT(inputs->list != NULL);
    }
    struct rcs_trace_input *input = &inputs->list[inputs->count++];
    *input = (struct rcs_trace_input){ .kind = RCS_TRACE_INPUT_ORDER };
    rcs_buf_init(&input->bytes);
    return input;
}

static void take_order(struct rcs_trace_input *input, const json_t *object)
{
    char *text = rcs_json_restored(json_string_value(json_object_get(object, "order")));
    rcs_buf_text(&input->bytes, text);
    free(text);
}

static void take_outside(struct rcs_trace_input *input, const json_t *object)
{
    const char *node = json_string_value(json_object_get(object, "node"));
    const char *ip = json_string_value(json_object_get(object, "ip"));
    json_int_t port = json_integer_value(json_object_get(object, "port"));
    json_int_t conn = json_integer_value(json_object_get(object, "conn"));
    input->conn = conn <= UINT32_MAX ? (uint32_t)conn : 0;
    input->node = node == NULL ? NULL : rcs_json_restored(node);
    input->ip.port = (uint16_t)(port <= UINT16_MAX ? port : 0);
    if (ip != NULL && strlen(ip) < sizeof(input->ip.ip)) {
        memcpy(input->ip.ip, ip, strlen(ip));
    }
    (void)rcs_trace_bytes(json_object_get(object, "bytes"), &input->bytes);
    input->size_bytes = (size_t)json_integer_value(json_object_get(object, "size"));
}

static void take_line(void *arg, int number, const char *kind, const json_t *object)
{
    static const struct {
        const char *word;
        enum rcs_trace_input_kind kind;
    } kinds[] = {
        { "open", RCS_TRACE_INPUT_OPEN },
        { "data", RCS_TRACE_INPUT_DATA },
        { "gone", RCS_TRACE_INPUT_GONE },
        { "unwritten", RCS_TRACE_INPUT_UNWRITTEN },
    };
    struct rcs_trace_inputs *inputs = arg;
    rcs_us at_us = json_integer_value(json_object_get(object, "t"));
    (void)number;
    if (strcmp(kind, "order") == 0) {
        struct rcs_trace_input *input = add(inputs);
        input->at_us = at_us;
        take_order(input, object);
    } else if (strcmp(kind, "end") == 0) {
        const char *digest = json_string_value(json_object_get(object, "digest"));
        inputs->end_us = at_us;
        inputs->interrupted =
            strcmp(json_string_value(json_object_get(object, kind)), "interrupted") == 0;
        inputs->digest = strtoull(digest, NULL, 16);
    } else if (strcmp(kind, "outside") == 0) {
        const char *word = json_string_value(json_object_get(object, kind));
        for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            if (strcmp(kinds[i].word, word) == 0) {
                struct rcs_trace_input *input = add(inputs);
                input->at_us = at_us;
                input->kind = kinds[i].kind;
                take_outside(input, object);
            }
        }
    }
}

enum rcs_err rcs_trace_inputs_read(struct rcs_trace_inputs *out, const char *source,
                                   const char *text, size_t size_bytes, struct rcs_diag *diag)
{
    *out = (struct rcs_trace_inputs){ .list = NULL };
    return rcs_trace_each(source, text, size_bytes, take_line, out, NULL, diag);
}

void rcs_trace_inputs_close(struct rcs_trace_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        free(inputs->list[i].node);
        rcs_buf_close(&inputs->list[i].bytes);
    }
    free(inputs->list);
    *inputs = (struct rcs_trace_inputs){ .list = NULL };
}
