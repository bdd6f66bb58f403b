#include "tests/support/packets.h"

#include "tests/support/support.h"

char *test_next_line(char **text)
{
    char *line = *text;
    if (*line == '\0') {
        return NULL;
    }
    char *end = line + strcspn(line, "\n");
    *text = *end == '\0' ? end : end + 1;
    *end = '\0';
    return line;
}

struct test_words test_cut(char *line, unsigned max)
{
    struct test_words words = { .count = 0 };
    while (*line != '\0' && words.count < max) {
        words.word[words.count++] = line;
        char *end = words.count < max ? strchr(line, ' ') : NULL;
        if (end == NULL) {
            break;
        }
        *end = '\0';
        line = end + 1;
    }
    return words;
}

uint64_t test_number(const char *word)
{
    return strtoull(word, NULL, 10);
}

const char *test_or_empty(const char *word)
{
    return strcmp(word, "-") == 0 ? "" : word;
}

void test_packets_load(struct test_packets *packets, const char *path)
{
    char *text = test_vector(path, NULL), *at = text;
    for (char *line = test_next_line(&at); line != NULL; line = test_next_line(&at)) {
        if (strncmp(line, "packet ", 7) != 0) {
            continue;
        }
        assert_true(packets->count < TEST_PACKETS_MAX);
        struct test_packet *packet = &packets->packet[packets->count++];
        snprintf(packet->name, sizeof(packet->name), "%s", line + 7);
        line = test_next_line(&at);
        assert_non_null(line);
        assert_memory_equal(line, "bytes ", 6);
        packet->bytes = test_hex(line + 6, &packet->size_bytes);
        char *end = strstr(at, "\n\n");
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at);
        packet->facts = calloc(1, length + 1);
        assert_non_null(packet->facts);
        memcpy(packet->facts, at, length);
        at += length;
    }
    free(text);
}

void test_packets_free(struct test_packets *packets)
{
    for (unsigned i = 0; i < packets->count; i++) {
        free(packets->packet[i].bytes);
        free(packets->packet[i].facts);
    }
}

uint8_t *test_exact(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t *copy = malloc(size_bytes > 0 ? size_bytes : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size_bytes);
    return copy;
}

struct test_outcome test_read_as(struct rcs_store *store, const struct rcs_bus_dialect *dialect,
                                 const uint8_t *bytes, size_t size_bytes)
{
    struct test_outcome got;
    uint8_t *copy = test_exact(bytes, size_bytes);
    got.err = rcs_bus_read_as(store, dialect, copy, size_bytes, &got.msg, &got.used, &got.refusal);
    free(copy);
    return got;
}

struct test_outcome test_read(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes)
{
    struct test_outcome got;
    uint8_t *copy = test_exact(bytes, size_bytes);
    got.err = rcs_bus_read(store, copy, size_bytes, &got.msg, &got.used, &got.refusal);
    free(copy);
    return got;
}

struct rcs_bus_msg *test_read_ok(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes)
{
    struct test_outcome got = test_read(store, bytes, size_bytes);
    assert_string_equal(got.refusal.log, "");
    assert_int_equal(got.err, RCS_OK);
    assert_int_equal(got.used, size_bytes);
    return got.msg;
}

const struct test_packet *test_packet_of_type(const struct test_packets *packets, const char *type)
{
    for (unsigned i = 0; i < packets->count; i++) {
        if (strcmp(strrchr(packets->packet[i].name, ' ') + 1, type) == 0) {
            return &packets->packet[i];
        }
    }
    fail_msg("no packet of type %s", type);
    return NULL;
}
