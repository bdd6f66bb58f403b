/* Bus packets out of tests/vectors/bus, with what is said about them; lines and words of vector
 * files. */
#ifndef RCSIM_TEST_PACKETS_H
#define RCSIM_TEST_PACKETS_H

#include <rcsim/bus.h>

#define TEST_WORDS_MAX 16

/* A line cut at its blanks. */
struct test_words {
    char *word[TEST_WORDS_MAX];
    unsigned count;
};

/* Cuts off the next line of `*text`, NULL at the end. */
char *test_next_line(char **text);

/* At most `max` words, the last one with all that is left. */
struct test_words test_cut(char *line, unsigned max);

uint64_t test_number(const char *word);

/* "" for "-". */
const char *test_or_empty(const char *word);

struct test_packet {
    char name[128];
    uint8_t *bytes;
    size_t size_bytes;
    char *facts; /* the lines below `bytes` */
};

#define TEST_PACKETS_MAX 128

struct test_packets {
    struct test_packet packet[TEST_PACKETS_MAX];
    unsigned count;
};

/* Blocks "packet NAME", "bytes HEX", facts; "#" lines are comments. */
void test_packets_load(struct test_packets *packets, const char *path);
void test_packets_free(struct test_packets *packets);
/* The first one whose name ends with the word `type`; fails the test if there is none. */
const struct test_packet *test_packet_of_type(const struct test_packets *packets, const char *type);

/* A heap copy of exactly that size, so that the address sanitizer sees a byte too far. */
uint8_t *test_exact(const uint8_t *bytes, size_t size_bytes);

struct test_outcome {
    enum rcs_err err;
    struct rcs_bus_msg *msg;
    size_t used;
    struct rcs_bus_refusal refusal;
};

/* rcs_bus_read of such a copy. */
struct test_outcome test_read(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes);
struct test_outcome test_read_as(struct rcs_store *store, const struct rcs_bus_dialect *dialect,
                                 const uint8_t *bytes, size_t size_bytes);
/* The message that all of the bytes are, read without a word. */
struct rcs_bus_msg *test_read_ok(struct rcs_store *store, const uint8_t *bytes, size_t size_bytes);

#endif
