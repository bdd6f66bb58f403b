/* The reader of requests against hiredis' reader: pipelined SET and GET of about 40 bytes each,
 * both fed in pieces of 16 KB as a server reads them, so both copy each piece once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <hiredis/hiredis.h>

#include <rcsim/resp.h>

#include "measure.h"
#include "ratio.h"

#define PIECE_BYTES  16384
#define STREAM_BYTES (4 * 1024 * 1024)

static void keep(size_t bytes)
{
    if (bytes == 1) { /* keeps the loop */
        abort();
    }
}

static double ours_ns(const struct rcs_buf *stream, unsigned *requests)
{
    struct rcs_resp_requests *reader = rcs_resp_requests_new();
    const struct rcs_arg *args;
    const char *error;
    unsigned argc, count = 0;
    size_t bytes = 0;

    const int64_t begin_ns = cpu_ns();
    for (size_t at = 0; at < stream->size_bytes; at += PIECE_BYTES) {
        const size_t left = stream->size_bytes - at;
        rcs_resp_requests_feed(reader, stream->data + at, left < PIECE_BYTES ? left : PIECE_BYTES);
        while (rcs_resp_requests_next(reader, &args, &argc, &error) == RCS_OK) {
            count++;
            bytes += args[argc - 1].size_bytes;
        }
    }
    const int64_t end_ns = cpu_ns();
    keep(bytes);
    rcs_resp_requests_free(reader);
    *requests = count;
    return (double)(end_ns - begin_ns) / count;
}

static double hiredis_ns(const struct rcs_buf *stream, unsigned *requests)
{
    redisReader *reader = redisReaderCreate();
    unsigned count = 0;
    size_t bytes = 0;

    const int64_t begin_ns = cpu_ns();
    for (size_t at = 0; at < stream->size_bytes; at += PIECE_BYTES) {
        const size_t left = stream->size_bytes - at;
        redisReaderFeed(reader, stream->data + at, left < PIECE_BYTES ? left : PIECE_BYTES);
        for (;;) {
            void *reply = NULL;
            if (redisReaderGetReply(reader, &reply) != REDIS_OK || reply == NULL) {
                break;
            }
            const redisReply *request = reply;
            count++;
            bytes += (size_t)request->element[request->elements - 1]->len;
            freeReplyObject(reply);
        }
    }
    const int64_t end_ns = cpu_ns();
    keep(bytes);
    redisReaderFree(reader);
    *requests = count;
    return (double)(end_ns - begin_ns) / count;
}

int main(void)
{
    struct rcs_buf stream;
    unsigned sent = 0, count_ours, count_hiredis;
    double ours[RATIO_ROUNDS], ratio[RATIO_ROUNDS];

    rcs_buf_init(&stream);
    for (; stream.size_bytes < STREAM_BYTES; sent++) {
        char key[32], value[32];
        const unsigned key_bytes = (unsigned)snprintf(key, sizeof(key), "key:%08u", sent % 999983);
        const unsigned value_bytes =
            (unsigned)snprintf(value, sizeof(value), "value%06u", sent % 9973);
        const struct rcs_arg set[3] = { { "SET", 3 }, { key, key_bytes }, { value, value_bytes } };
        const struct rcs_arg get[2] = { { "GET", 3 }, { key, key_bytes } };
        rcs_resp_request(&stream, sent & 1 ? 2 : 3, sent & 1 ? get : set);
    }
    for (int round = 0; round < RATIO_ROUNDS; round++) {
        ours[round] = ours_ns(&stream, &count_ours);
        ratio[round] = hiredis_ns(&stream, &count_hiredis) / ours[round];
        if (count_ours != sent || count_hiredis != sent) {
            fprintf(stderr, "%u requests sent, %u and %u read\n", sent, count_ours, count_hiredis);
            return 1;
        }
    }
    const double median = ratio_median(ratio);
    char name[64];
    snprintf(name, sizeof(name), "pipelined requests of %.1f B", (double)stream.size_bytes / sent);
    figure(name, ratio_median(ours), "ns", median, "hiredis' reader (goal 3)", median >= 3);
    rcs_buf_close(&stream);
    return 0;
}
