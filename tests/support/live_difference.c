#include "tests/support/live_difference.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 700

void live_difference_init(struct live_difference *difference)
{
    *difference = (struct live_difference){ .step = -1 };
    live_answer_init(&difference->answers[LIVE_REAL]);
    live_answer_init(&difference->answers[LIVE_TESTED]);
}

void live_difference_close(struct live_difference *difference)
{
    plan_step_free(&difference->end);
    live_answer_close(&difference->answers[LIVE_REAL]);
    live_answer_close(&difference->answers[LIVE_TESTED]);
}

const struct plan_step *live_difference_culprit(const struct plan *plan,
                                                const struct live_difference *found)
{
    return found->step < (int)plan->count ? &plan->steps[found->step] : &found->end;
}

void live_difference_note(struct live_difference *difference, int step,
                          const struct live_answer answers[LIVE_BOTH])
{
    difference->step = step;
    for (int i = 0; i < LIVE_BOTH; i++) {
        struct live_answer *to = &difference->answers[i];
        rcs_buf_clear(&to->bytes);
        rcs_buf_add(&to->bytes, answers[i].bytes.data, answers[i].bytes.size_bytes);
        to->closed = answers[i].closed;
        to->silent = answers[i].silent;
    }
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_bytes(const char *bytes, size_t size_bytes, bool quoted)
{
    size_t shown = size_bytes < SHOWN_BYTES ? size_bytes : SHOWN_BYTES;
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte == '\r') {
            fputs("\\r", stdout);
        } else if (byte == '\n') {
            fputs("\\n", stdout);
        } else if (byte < 32 || byte > 126) {
            printf("\\x%02x", byte);
        } else if (quoted && (byte == '"' || byte == '\\')) {
            printf("\\%c", byte);
        } else {
            putchar(byte);
        }
    }
    if (shown < size_bytes) {
        printf("... (%zu bytes)", size_bytes);
    }
}

static void print_step(const struct plan_step *step)
{
    printf("    >");
    for (unsigned i = 0; i < step->argc; i++) {
        const struct rcs_arg *arg = &step->args[i];
        bool plain = arg->size_bytes > 0;
        for (uint32_t j = 0; j < arg->size_bytes; j++) {
            unsigned char byte = (unsigned char)arg->bytes[j];
            plain = plain && byte > 32 && byte < 127 && strchr("\"'\\", byte) == NULL;
        }
        fputs(plain ? " " : " \"", stdout);
        print_bytes(arg->bytes, arg->size_bytes, !plain);
        fputs(plain ? "" : "\"", stdout);
    }
    putchar('\n');
}

void live_difference_print(const struct live_difference *difference, const struct live_pair *pair,
                           const struct plan *plan, const bool *dropped)
{
    for (unsigned i = 0; i < plan->count && (int)i <= difference->step; i++) {
        if (!dropped[i]) {
            print_step(&plan->steps[i]);
        }
    }
    if (difference->step == (int)plan->count) {
        print_step(&difference->end);
    }
    for (int i = 0; i < LIVE_BOTH; i++) {
        const struct live_answer *answer = &difference->answers[i];
        printf("    %s: ", pair->targets[i].wire.name);
        print_bytes(answer->bytes.data, answer->bytes.size_bytes, false);
        printf("%s%s\n", answer->silent ? "(nothing)" : "", answer->closed ? " (closed)" : "");
    }
    fflush(stdout);
}
