#include "sim/scenario/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world/json_line.h"

#include "sim/pure.h"

#define INDENT "            " /* as wide as a time and two blanks */

enum colour { PLAIN, TITLE, DIM, GOOD, BAD, PROMPT };

static const char *const colours[] = {
    [PLAIN] = "",        [TITLE] = "\x1b[1m",  [DIM] = "\x1b[2m",
    [GOOD] = "\x1b[32m", [BAD] = "\x1b[1;31m", [PROMPT] = "\x1b[36m",
};

struct rcs_transcript {
    const struct rcs_script *script;
    void (*print)(void *arg, const char *bytes, size_t size_bytes);
    void *arg;
    bool json, quiet, colour;
    int64_t stamped_ms; /* on the last line that shows a time; -1 none */
    struct rcs_buf line;
    struct rcs_buf *captured; /* NULL: nobody wants it */
};

struct rcs_transcript *rcs_transcript_new(const struct rcs_script *script,
                                          const struct rcs_run_options *options)
{
    struct rcs_transcript *transcript = calloc(1, sizeof(*transcript));
    RCS_ASSERT(transcript != NULL);
    transcript->script = script;
    transcript->print = options->print;
    transcript->arg = options->arg;
    transcript->json = options->json;
    transcript->quiet = options->quiet;
    transcript->colour = options->colour && !options->json;
    transcript->stamped_ms = -1;
    rcs_buf_init(&transcript->line);
    return transcript;
}

void rcs_transcript_free(struct rcs_transcript *transcript)
{
    if (transcript != NULL) {
        rcs_buf_close(&transcript->line);
        free(transcript);
    }
}

void rcs_transcript_capture(struct rcs_transcript *transcript, struct rcs_buf *out)
{
    transcript->captured = out;
}

static void capture(struct rcs_transcript *transcript, const char *who, unsigned times,
                    const char *bytes, size_t size_bytes)
{
    struct rcs_buf *out = transcript->captured;
    if (out == NULL) {
        return;
    }
    bool many_lines = size_bytes > 0 && memchr(bytes, '\n', size_bytes) != NULL;
    if (who[0] != '\0') {
        rcs_buf_format(out, "%s:%s", who, many_lines ? "\n" : " ");
    }
    rcs_buf_add(out, bytes, size_bytes);
    if (times > 1 && who[0] == '\0' && !many_lines) {
        rcs_buf_format(out, "  (%u times)", times);
    }
    if (size_bytes == 0 || bytes[size_bytes - 1] != '\n') {
        rcs_buf_add(out, "\n", 1);
    }
}

bool rcs_transcript_is_json(const struct rcs_transcript *transcript)
{
    return transcript->json;
}

bool rcs_transcript_is_quiet(const struct rcs_transcript *transcript)
{
    return transcript->quiet;
}

/* --- pieces of a line ------------------------------------------------------------------------- */

static void text(struct rcs_transcript *transcript, enum colour colour, const char *bytes,
                 size_t size_bytes)
{
    bool paint = transcript->colour && colour != PLAIN && size_bytes > 0;
    if (paint) {
        rcs_buf_text(&transcript->line, colours[colour]);
    }
    rcs_buf_add(&transcript->line, bytes, size_bytes);
    if (paint) {
        rcs_buf_text(&transcript->line, "\x1b[0m");
    }
}

static void words(struct rcs_transcript *transcript, enum colour colour, const char *bytes)
{
    text(transcript, colour, bytes, strlen(bytes));
}

static void flush(struct rcs_transcript *transcript)
{
    rcs_buf_text(&transcript->line, "\n");
    if (transcript->print != NULL) {
        transcript->print(transcript->arg, transcript->line.data, transcript->line.size_bytes);
    }
    rcs_buf_clear(&transcript->line);
}

static void print_seconds(char out[32], rcs_us at_us)
{
    snprintf(out, 32, "%lld.%03d", (long long)(at_us / RCS_S(1)), (int)(at_us % RCS_S(1) / 1000));
}

/* A time is shown where it differs from the one above. */
static void stamp(struct rcs_transcript *transcript, rcs_us at_us)
{
    char seconds[32], padded[48];
    if (transcript->stamped_ms == at_us / RCS_MS(1)) {
        rcs_buf_text(&transcript->line, INDENT);
        return;
    }
    transcript->stamped_ms = at_us / RCS_MS(1);
    print_seconds(seconds, at_us);
    snprintf(padded, sizeof(padded), "%10s  ", seconds);
    words(transcript, DIM, padded);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_open(struct rcs_transcript *transcript, rcs_us at_us, const char *kind)
{
    rcs_buf_format(&transcript->line, "{\"at_us\":%lld,\"kind\":\"%s\"", (long long)at_us, kind);
}

static void json_text(struct rcs_transcript *transcript, const char *name, const char *value)
{
    rcs_buf_format(&transcript->line, ",\"%s\":", name);
    rcs_json_text(&transcript->line, value);
}

static void json_close(struct rcs_transcript *transcript)
{
    rcs_buf_text(&transcript->line, "}");
    flush(transcript);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void print_layout(const struct rcs_script *script, struct rcs_buf *out)
{
    int *nodes = malloc((script->node_count + 1) * sizeof(nodes[0]));
    RCS_ASSERT(nodes != NULL);
    bool first = true;
    for (unsigned s = 0; s <= script->site_count; s++) {
        const char *site = s < script->site_count ? script->sites[s] : "";
        unsigned count = 0;
        for (unsigned i = 0; i < script->node_count; i++) {
            if (strcmp(script->nodes[i].site, site) == 0) {
                nodes[count++] = (int)i;
            }
        }
        if (count > 0) {
            rcs_buf_format(out, "%s%s%s", first ? "" : "; ", site, site[0] != '\0' ? ": " : "");
            rcs_group_print(out, script, nodes, count);
            first = false;
        }
    }
    free(nodes);
}

void rcs_transcript_begin(struct rcs_transcript *transcript, const char *release, uint64_t seed)
{
    if (transcript->quiet) {
        return;
    }
    const struct rcs_script *script = transcript->script;
    struct rcs_buf layout;
    rcs_buf_init(&layout);
    print_layout(script, &layout);
    rcs_buf_add(&layout, "", 1);
    if (transcript->json) {
        json_open(transcript, 0, "begin");
        rcs_buf_format(&transcript->line, ",\"format\":%d", RCS_SCENARIO_FORMAT);
        json_text(transcript, "title", script->title);
        json_text(transcript, "nodes", layout.data);
        rcs_buf_format(&transcript->line, ",\"seed\":%llu", (unsigned long long)seed);
        json_close(transcript);
    } else {
        if (script->title[0] != '\0') {
            words(transcript, TITLE, script->title);
            flush(transcript);
        }
        rcs_buf_format(&transcript->line, "%s; %s, seed %llu", layout.data, release,
                       (unsigned long long)seed);
        flush(transcript);
    }
    rcs_buf_close(&layout);
}

void rcs_transcript_step(struct rcs_transcript *transcript, rcs_us at_us, const char *title)
{
    if (transcript->quiet) {
        return;
    }
    if (transcript->json) {
        json_open(transcript, at_us, "step");
        json_text(transcript, "title", title);
        json_close(transcript);
    } else {
        flush(transcript);
        words(transcript, TITLE, title);
        flush(transcript);
        transcript->stamped_ms = -1;
    }
}

void rcs_transcript_act(struct rcs_transcript *transcript, rcs_us at_us, const char *kind,
                        const char *what)
{
    if (strcmp(kind, "print") == 0 || strcmp(kind, "workload") == 0) {
        capture(transcript, "", 1, what, strlen(what));
    }
    if (transcript->quiet) {
        return;
    }
    if (transcript->json) {
        json_open(transcript, at_us, kind);
        json_text(transcript, "text", what);
        json_close(transcript);
    } else {
        bool cause =
            strcmp(kind, "fault") == 0 || strcmp(kind, "setting") == 0 || strcmp(kind, "cli") == 0;
        transcript->stamped_ms = cause ? -1 : transcript->stamped_ms;
        stamp(transcript, at_us);
        words(transcript,
              strcmp(kind, "wait") == 0                                     ? DIM
              : strcmp(kind, "print") == 0 || strcmp(kind, "workload") == 0 ? PLAIN
                                                                            : PROMPT,
              what);
        flush(transcript);
    }
}

void rcs_transcript_command(struct rcs_transcript *transcript, rcs_us at_us, const char *prompt,
                            const char *command)
{
    if (transcript->quiet) {
        return;
    }
    if (transcript->json) {
        json_open(transcript, at_us, "command");
        json_text(transcript, "to", prompt);
        json_text(transcript, "text", command);
        json_close(transcript);
    } else {
        transcript->stamped_ms = -1;
        stamp(transcript, at_us);
        words(transcript, PROMPT, prompt);
        words(transcript, PROMPT, "> ");
        words(transcript, PLAIN, command);
        flush(transcript);
    }
}

static enum colour colour_of_output(const char *line)
{
    return strncmp(line, "(error)", 7) == 0 || strncmp(line, "[ERR]", 5) == 0 ||
                   strncmp(line, "***", 3) == 0
               ? BAD
           : strncmp(line, "[OK]", 4) == 0 ? GOOD
           : strncmp(line, ">>>", 3) == 0  ? TITLE
                                           : PLAIN;
}

void rcs_transcript_answer(struct rcs_transcript *transcript, rcs_us at_us, const char *who,
                           unsigned times, const char *bytes, size_t size_bytes)
{
    capture(transcript, who, times, bytes, size_bytes);
    if (transcript->quiet) {
        return;
    }
    if (transcript->json) {
        json_open(transcript, at_us, "output");
        json_text(transcript, "from", who);
        if (times > 1) {
            rcs_buf_format(&transcript->line, ",\"times\":%u", times);
        }
        rcs_buf_text(&transcript->line, ",\"text\":");
        rcs_json_bytes(&transcript->line, bytes, size_bytes);
        json_close(transcript);
        return;
    }
    size_t at = 0;
    while (at < size_bytes || size_bytes == 0) {
        const char *end = size_bytes == 0 ? NULL : memchr(bytes + at, '\n', size_bytes - at);
        size_t len = end == NULL ? size_bytes - at : (size_t)(end - bytes) - at;
        if (len > 0 || who[0] != '\0') {
            rcs_buf_text(&transcript->line, INDENT);
        }
        if (who[0] != '\0') {
            rcs_buf_format(&transcript->line, "%s: ", who);
        }
        text(transcript, colour_of_output(bytes + at), bytes + at, len);
        if (times > 1 && who[0] == '\0' && len == size_bytes) {
            rcs_buf_format(&transcript->line, "  (%u times)", times);
        }
        flush(transcript);
        at += len + 1;
        if (size_bytes == 0) {
            break;
        }
    }
}

void rcs_transcript_output(struct rcs_transcript *transcript, rcs_us at_us, const char *who,
                           const char *bytes, size_t size_bytes)
{
    rcs_transcript_answer(transcript, at_us, who, 1, bytes, size_bytes);
}

void rcs_transcript_expect(struct rcs_transcript *transcript, rcs_us at_us, bool holds,
                           const char *what, rcs_us waited_us)
{
    if (transcript->quiet) {
        return;
    }
    if (transcript->json) {
        json_open(transcript, at_us, "expect");
        rcs_buf_format(&transcript->line, ",\"holds\":%s", holds ? "true" : "false");
        json_text(transcript, "text", what);
        json_close(transcript);
    } else {
        stamp(transcript, at_us);
        words(transcript, holds ? GOOD : BAD, holds ? "ok  " : "FAILED  ");
        words(transcript, PLAIN, what);
        if (waited_us > 0) {
            char seconds[32], after[64];
            print_seconds(seconds, waited_us);
            snprintf(after, sizeof(after), "  (after %s s)", seconds);
            words(transcript, DIM, after);
        }
        flush(transcript);
    }
}

void rcs_transcript_fail(struct rcs_transcript *transcript, rcs_us at_us,
                         const struct rcs_place *place, const char *what, const char *instead)
{
    char seconds[32];
    print_seconds(seconds, at_us);
    if (transcript->json) {
        json_open(transcript, at_us, "failure");
        json_text(transcript, "source", place->source);
        rcs_buf_format(&transcript->line, ",\"line\":%d,\"column\":%d", place->line, place->column);
        json_text(transcript, "expected", what);
        json_text(transcript, "instead", instead);
        json_close(transcript);
        return;
    }
    if (!transcript->quiet) {
        rcs_buf_text(&transcript->line, INDENT);
    }
    rcs_buf_format(&transcript->line, "%s:%d:%d: at %s s: expected %s", place->source, place->line,
                   place->column, seconds, what);
    flush(transcript);
    rcs_buf_format(&transcript->line, "%s  instead: %s", transcript->quiet ? "" : INDENT, instead);
    flush(transcript);
}

void rcs_transcript_log(struct rcs_transcript *transcript, rcs_us at_us, int node, const char *line)
{
    if (transcript->quiet) {
        return;
    }
    const char *name = transcript->script->nodes[node].name;
    if (transcript->json) {
        json_open(transcript, at_us, "log");
        json_text(transcript, "node", name);
        json_text(transcript, "text", line);
        json_close(transcript);
    } else {
        rcs_buf_format(&transcript->line, "%s%s | ", INDENT, name);
        words(transcript, DIM, line);
        flush(transcript);
    }
}

void rcs_transcript_story(struct rcs_transcript *transcript, rcs_us at_us, const char *who,
                          const char *what, const char *after)
{
    if (transcript->json || transcript->quiet) {
        return;
    }
    stamp(transcript, at_us);
    rcs_buf_format(&transcript->line, "  %-10s  %s", who, what);
    if (after[0] != '\0') {
        words(transcript, DIM, "  ");
        words(transcript, DIM, after);
    }
    flush(transcript);
}

static const char *name_or_none(const struct rcs_script *script, int node)
{
    return node < 0 ? "" : script->nodes[node].name;
}

void rcs_transcript_milestone(struct rcs_transcript *transcript,
                              const struct rcs_milestone *milestone)
{
    if (!transcript->json || transcript->quiet) {
        return;
    }
    json_open(transcript, milestone->at_us, "milestone");
    json_text(transcript, "node", name_or_none(transcript->script, milestone->node));
    json_text(transcript, "what", milestone->what);
    if (milestone->about >= 0) {
        json_text(transcript, "about", name_or_none(transcript->script, milestone->about));
    }
    if (milestone->by >= 0) {
        json_text(transcript, "by", name_or_none(transcript->script, milestone->by));
    }
    for (unsigned i = 0; i < 3; i++) {
        if (milestone->fields[i] != NULL && milestone->fields[i][0] != '\0') {
            rcs_buf_format(&transcript->line, ",\"%s\":%lld", milestone->fields[i],
                           (long long)milestone->values[i]);
        }
    }
    if (milestone->text != NULL) {
        json_text(transcript, "log", milestone->text);
    }
    json_text(transcript, "on", milestone->on == NULL ? "" : milestone->on);
    json_close(transcript);
}

void rcs_transcript_end(struct rcs_transcript *transcript, rcs_us at_us, uint64_t digest,
                        unsigned failures, bool interrupted)
{
    char seconds[32];
    print_seconds(seconds, at_us);
    if (transcript->json) {
        json_open(transcript, at_us, interrupted ? "interrupted" : "end");
        rcs_buf_format(&transcript->line, ",\"failures\":%u,\"digest\":\"%016llx\"", failures,
                       (unsigned long long)digest);
        json_close(transcript);
        return;
    }
    if (!transcript->quiet) {
        flush(transcript);
    }
    if (interrupted) {
        rcs_buf_text(&transcript->line, "interrupted");
        flush(transcript);
    }
    if (failures > 0) {
        char count[64];
        snprintf(count, sizeof(count), "%u expectation%s did not hold", failures,
                 failures == 1 ? "" : "s");
        words(transcript, BAD, count);
        flush(transcript);
    }
    rcs_buf_format(&transcript->line, "digest %016llx", (unsigned long long)digest);
    flush(transcript);
    rcs_buf_format(&transcript->line, "virtual time %s s", seconds);
    flush(transcript);
}
