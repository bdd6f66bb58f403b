/* Connections to a server that is asked and compared: one that is tested, one beside it. */
#ifndef RCSIM_TEST_LIVE_WIRE_H
#define RCSIM_TEST_LIVE_WIRE_H

#include <stdbool.h>

#include <rcsim/resp.h>

struct live_wire {
    const char *name; /* in what is printed */
    char host[64];
    int port;
    int fd, beside_fd; /* -1: not connected */
    /* The server is gone: starts it again. NULL, or false: that ends the program. */
    bool (*revive)(struct live_wire *wire);
    bool died; /* and was started again, since the last question */
};

/* What came back: the bytes of all replies, and whether the server closed the connection. */
struct live_answer {
    struct rcs_buf bytes;
    bool closed;
    bool silent; /* nothing, though the server had handled the request */
};

/* (Re)connects both. False: nobody is there. */
bool live_wire_open(struct live_wire *wire);
void live_wire_close(struct live_wire *wire);

/* Sends a request on the tested connection and collects all that the server has to say to it. The
 * server is taken to have handled the request, and to have written its reply, when it has answered
 * two PINGs that the connection beside sent after it: it does one thing at a time. */
void live_wire_ask(struct live_wire *wire, unsigned argc, const struct rcs_arg *args,
                   struct live_answer *answer);
/* Collects what came since, in the same way. */
void live_wire_collect(struct live_wire *wire, struct live_answer *answer);
/* live_wire_ask for any bytes. */
void live_wire_send(struct live_wire *wire, const void *bytes, size_t size_bytes,
                    struct live_answer *answer);
/* What comes within `limit_ms` more, up to a whole reply. */
void live_wire_await(struct live_wire *wire, int limit_ms, struct live_answer *answer);
/* What comes up to the end of the connection. */
void live_wire_await_close(struct live_wire *wire, int limit_ms, struct live_answer *answer);
/* By the connection beside. Waits for one whole reply. */
void live_wire_beside(struct live_wire *wire, unsigned argc, const struct rcs_arg *args,
                      struct live_answer *answer);
/* The same for words separated by blanks. The reply is `bytes`, borrowed until the next. */
const struct rcs_buf *live_wire_say(struct live_wire *wire, const char *words);

void live_answer_init(struct live_answer *answer);
void live_answer_close(struct live_answer *answer);
void live_answer_clear(struct live_answer *answer);
/* True if exactly these bytes came. */
bool live_answer_is(const struct live_answer *answer, const char *reply);

#endif
