#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PENDING = 100, ROUNDS = 7 };

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

struct entry {
    int64_t at;
    uint64_t sequence;
    uint64_t payload;
};

static bool before(const struct entry *a, const struct entry *b)
{
    return a->at != b->at ? a->at < b->at : a->sequence < b->sequence;
}

static void push(struct entry *heap, unsigned *count, struct entry entry)
{
    unsigned i = (*count)++;
    while (i > 0 && before(&entry, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = entry;
}

static struct entry pop(struct entry *heap, unsigned *count)
{
    struct entry first = heap[0], last = heap[--*count];
    unsigned i = 0;
    for (unsigned child = 1; child < *count; child = 2 * i + 1) {
        if (child + 1 < *count && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return first;
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* How far ahead the successor of an event lies, in us: of a hundred, sixty are messages, 35 ticks
 * of 100 ms, five timers. */
static int64_t ahead_us(uint64_t *state)
{
    uint64_t kind = next(state) % 100;
    if (kind < 60)
        return 100 + (int64_t)(next(state) % 49900);
    return kind < 95 ? 100000 : 500000 + (int64_t)(next(state) % 4500000);
}

double yardstick_ns(unsigned pairs)
{
    struct entry heap[PENDING + 1];
    unsigned count = 0;
    uint64_t state = 88172645463325252u, sequence = 0;
    while (count < PENDING)
        push(heap, &count, (struct entry){ ahead_us(&state), sequence++, 0 });

    double best = 0;
    uint64_t sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = cpu_ns();
        for (unsigned i = 0; i < pairs; i++) {
            struct entry entry = pop(heap, &count);
            sum += entry.payload;
            entry.at += ahead_us(&state);
            entry.sequence = sequence++;
            entry.payload = (uint64_t)entry.at;
            push(heap, &count, entry);
        }
        double ns = (double)(cpu_ns() - start) / pairs;
        if (round == 0 || ns < best)
            best = ns;
    }
    if (sum == 1) /* keeps the loop */
        abort();
    return best;
}

void figure(const char *name, double value, const char *unit, double ratio, const char *goal,
            bool met)
{
    char ratio_text[32] = "";
    if (ratio > 0)
        snprintf(ratio_text, sizeof(ratio_text), "%.2fx", ratio);
    int digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    printf("%-44s %12.*f %-14s %10s  %s%s\n", name, digits, value, unit, ratio_text,
           goal == NULL ? "" : goal, goal == NULL || met ? "" : "  MISSED");
    fflush(stdout);
}

void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(3);
}

char *read_file(const char *path, size_t *size_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        die(path, "cannot be read");
    *size_bytes = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*size_bytes + 1);
    if (text == NULL || fread(text, 1, *size_bytes, file) != *size_bytes)
        die(path, "cannot be read");
    text[*size_bytes] = '\0';
    fclose(file);
    return text;
}
