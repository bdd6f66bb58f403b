#include "tests/support/resp_again.h"

const struct rcs_reply *resp_again(struct rcs_buf *out, const struct rcs_reply *reply, bool resp3,
                                   resp_again_fn *write)
{
    const struct rcs_reply *next = reply + 1;
    RCS_ASSERT(reply->bytes != NULL && reply->size >= 1);
    switch (reply->kind) {
    case RCS_REPLY_STATUS:
    case RCS_REPLY_ERROR:
    case RCS_REPLY_NIL:
    case RCS_REPLY_NIL_ARRAY:
    case RCS_REPLY_DOUBLE:
    case RCS_REPLY_BIG_NUMBER:
        write(out, reply, resp3);
        break;
    case RCS_REPLY_INTEGER:
        rcs_resp_integer(out, reply->integer);
        break;
    case RCS_REPLY_BULK:
        rcs_resp_bulk(out, reply->bytes, reply->size_bytes);
        break;
    case RCS_REPLY_BOOLEAN:
        rcs_resp_boolean(out, reply->integer != 0, true);
        break;
    case RCS_REPLY_VERBATIM:
        rcs_resp_verbatim(out, reply->bytes, reply->size_bytes, true);
        break;
    case RCS_REPLY_ARRAY:
        rcs_resp_array(out, reply->elements);
        break;
    case RCS_REPLY_MAP:
        rcs_resp_map(out, reply->elements / 2, true);
        break;
    case RCS_REPLY_SET:
        rcs_resp_set(out, reply->elements, true);
        break;
    case RCS_REPLY_PUSH:
        rcs_resp_push(out, reply->elements, true);
        break;
    case RCS_REPLY_ATTRIBUTE:
        rcs_buf_format(out, "|%u\r\n", reply->elements / 2);
        break;
    }
    for (uint32_t i = 0; i < reply->elements; i++) {
        next = resp_again(out, next, resp3, write);
    }
    RCS_ASSERT((size_t)(next - reply) == reply->size);
    return next;
}

void resp_again_line(struct rcs_buf *out, char type, const struct rcs_reply *reply)
{
    rcs_buf_add(out, &type, 1);
    rcs_buf_add(out, reply->bytes, reply->size_bytes);
    rcs_buf_text(out, "\r\n");
}
