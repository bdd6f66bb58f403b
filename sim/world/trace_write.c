/* Writes a trace while its world runs. */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/world/json_line.h"
#include "sim/world/parts.h"

#include "sim/pure.h"

#define FLUSH_BYTES ((size_t)32 << 10)

struct rcs_trace_writer {
    struct rcs_sim *sim;
    enum rcs_trace_level level;
    bool without_clients;
    rcs_trace_write_fn *write;
    void *arg;
    struct rcs_buf lines; /* whole ones, not yet given away */
    XXH3_state_t *sum;    /* over all bytes before itself */
};

enum rcs_trace_level rcs_trace_level_of(const struct rcs_trace_writer *writer)
{
    return writer->level;
}

static void give_away(struct rcs_trace_writer *writer)
{
    XXH3_64bits_update(writer->sum, writer->lines.data, writer->lines.size_bytes);
    writer->write(writer->arg, writer->lines.data, writer->lines.size_bytes);
    rcs_buf_clear(&writer->lines);
}

static struct rcs_buf *begin_line(struct rcs_trace_writer *writer)
{
    rcs_json_begin(&writer->lines, "t");
    rcs_json_number(&writer->lines, writer->sim->now_us);
    return &writer->lines;
}

static void end_line(struct rcs_trace_writer *writer)
{
    rcs_json_end(&writer->lines);
    if (writer->lines.size_bytes >= FLUSH_BYTES) {
        give_away(writer);
    }
}

static void key_text(struct rcs_buf *out, const char *key, const char *text)
{
    rcs_json_key(out, key);
    rcs_json_text(out, text);
}

static void key_hex(struct rcs_buf *out, const char *key, uint64_t value)
{
    rcs_json_key(out, key);
    rcs_json_hex(out, value);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void write_header(struct rcs_trace_writer *writer, const struct rcs_trace_header *header)
{
    struct rcs_buf *out = &writer->lines;
    rcs_json_begin(out, "rcsim-trace");
    rcs_json_number(out, RCS_TRACE_FORMAT);
    /* Milestones are kept beside their scenarios for years: no version, so that none rewrites them.
     */
    if (header->level == RCS_TRACE_PACKETS) {
        key_text(out, "rcsim", RCS_VERSION);
    }
    key_text(out, "level", header->level == RCS_TRACE_PACKETS ? "packets" : "milestones");
    key_text(out, "redis", header->redis == NULL ? "" : header->redis);
    struct rcs_buf seed; /* as text: half of all seeds are too big for a JSON integer */
    rcs_buf_init(&seed);
    rcs_buf_format(&seed, "%llu", (unsigned long long)header->seed);
    key_text(out, "seed", seed.data);
    rcs_buf_close(&seed);
    key_text(out, "source", header->source == NULL ? "" : header->source);
    key_text(out, "params", header->params == NULL ? "" : header->params);
    key_text(out, "overrides", header->overrides == NULL ? "" : header->overrides);
    if (header->serve != NULL) {
        key_text(out, "serve", header->serve);
        if (header->steps >= 0) {
            rcs_json_key(out, "steps");
            rcs_json_number(out, header->steps);
        }
        if (header->clock_s > 0) {
            rcs_json_key(out, "clock");
            rcs_json_number(out, header->clock_s);
        }
        if (header->without_clients) {
            key_text(out, "clients", "left out");
        }
    }
    key_text(out, "scenario", header->scenario == NULL ? "" : header->scenario);
    end_line(writer);
}

struct rcs_trace_writer *rcs_trace_writer_new(struct rcs_sim *sim,
                                              const struct rcs_trace_header *header,
                                              rcs_trace_write_fn *write, void *arg)
{
    RCS_ASSERT(sim->trace == NULL);
    struct rcs_trace_writer *writer = calloc(1, sizeof(*writer));
    RCS_ASSERT(writer != NULL);
    *writer = (struct rcs_trace_writer){ .sim = sim,
                                         .level = header->level,
                                         .without_clients = header->without_clients,
                                         .write = write,
                                         .arg = arg,
                                         .sum = XXH3_createState() };
    RCS_ASSERT(writer->sum != NULL);
    XXH3_64bits_reset(writer->sum);
    rcs_buf_init(&writer->lines);
    write_header(writer, header);
    sim->trace = writer;
    sim->effects.facts.causes = true;
    return writer;
}

/* The last line if the trace ended now: in `writer->lines`, which is empty before. */
static void end_line_of(struct rcs_trace_writer *writer, bool interrupted)
{
    XXH3_state_t *sum = XXH3_createState();
    RCS_ASSERT(sum != NULL);
    XXH3_copyState(sum, writer->sum);
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "end", interrupted ? "interrupted" : "complete");
    key_hex(out, "milestones", rcs_sim_milestone_digest(writer->sim));
    key_hex(out, "digest", rcs_sim_digest(writer->sim));
    XXH3_64bits_update(sum, out->data, out->size_bytes);
    key_hex(out, "lines", XXH3_64bits_digest(sum));
    rcs_json_end(out);
    XXH3_freeState(sum);
}

void rcs_trace_writer_flush(struct rcs_trace_writer *writer, struct rcs_buf *out)
{
    if (writer->lines.size_bytes > 0) {
        give_away(writer);
    }
    if (out != NULL) {
        end_line_of(writer, false);
        rcs_buf_add(out, writer->lines.data, writer->lines.size_bytes);
        rcs_buf_clear(&writer->lines);
    }
}

void rcs_trace_writer_end(struct rcs_trace_writer *writer, bool interrupted)
{
    rcs_trace_writer_flush(writer, NULL);
    end_line_of(writer, interrupted);
    writer->write(writer->arg, writer->lines.data, writer->lines.size_bytes);
    writer->sim->trace = NULL;
    writer->sim->effects.facts.causes = false;
    XXH3_freeState(writer->sum);
    rcs_buf_close(&writer->lines);
    free(writer);
}

/* --- lines ------------------------------------------------------------------------------------ */

void rcs_trace_note(struct rcs_trace_writer *writer, const char *kind, const char *text)
{
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "note", kind);
    key_text(out, "text", text);
    end_line(writer);
}

void rcs_trace_order(struct rcs_trace_writer *writer, const char *text, size_t size_bytes)
{
    struct rcs_buf *out = begin_line(writer);
    rcs_json_key(out, "order");
    rcs_json_bytes(out, text, size_bytes);
    end_line(writer);
}

static const char *node_name(const struct rcs_trace_writer *writer, unsigned node)
{
    return writer->sim->nodes[node].name;
}

/* The name of the node that bears the id; a stranger's id itself. */
static void key_id(struct rcs_trace_writer *writer, const char *key, rcs_id id)
{
    if (id == RCS_ID_NONE) {
        return;
    }
    int node = rcs_sim_node_of(writer->sim, id);
    key_text(&writer->lines, key,
             node >= 0 ? node_name(writer, (unsigned)node)
                       : rcs_store_name(writer->sim->store, id));
}

static void key_party(struct rcs_trace_writer *writer, const char *key, uint32_t conn, unsigned end)
{
    const struct rcs_conn *c = rcs_network_conn(&writer->sim->net, conn);
    if (end == 0 && c->kind == RCS_CONN_SESSION) {
        rcs_json_key(&writer->lines, key);
        rcs_buf_add(&writer->lines, "\"client ", 8);
        rcs_buf_i64(&writer->lines, c->party[0]);
        rcs_buf_add(&writer->lines, "\"", 1);
    } else {
        key_text(&writer->lines, key, node_name(writer, c->party[end]));
    }
}

void rcs_trace_bus(struct rcs_trace_writer *writer, unsigned from, unsigned to,
                   const struct rcs_bus_msg *msg)
{
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "packet", rcs_bus_type_name(msg->type));
    key_text(out, "from", node_name(writer, from));
    key_text(out, "to", node_name(writer, to));
    key_hex(out, "hash", msg->hash);
    end_line(writer);
}

void rcs_trace_link(struct rcs_trace_writer *writer, enum rcs_link_news news, uint32_t conn,
                    unsigned end)
{
    static const char *const names[] = {
        [RCS_LINK_NEWS_UP] = "up",
        [RCS_LINK_NEWS_ACCEPTED] = "accepted",
        [RCS_LINK_NEWS_FAILED] = "failed",
        [RCS_LINK_NEWS_LOST] = "lost",
    };
    static const char *const kinds[] = {
        [RCS_CONN_BUS] = "bus",
        [RCS_CONN_REPLICATION] = "replication",
        [RCS_CONN_SESSION] = "client",
        [RCS_CONN_TARGET] = "target",
    };
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "link", names[news]);
    key_text(out, "of", kinds[rcs_network_conn(&writer->sim->net, conn)->kind]);
    key_party(writer, "at", conn, end);
    key_party(writer, "peer", conn, 1 - end);
    end_line(writer);
}

void rcs_trace_data(struct rcs_trace_writer *writer, uint32_t conn, unsigned way,
                    enum rcs_item item, uint64_t hash)
{
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "data",
             item == RCS_ITEM_REQUEST    ? "request"
             : item == RCS_ITEM_SNAPSHOT ? "snapshot"
                                         : "reply");
    key_party(writer, "from", conn, way);
    key_party(writer, "to", conn, 1 - way);
    key_hex(out, "hash", hash);
    end_line(writer);
}

/* Bytes as JSON text, a character each (ISO 8859-1). */
static void key_bytes(struct rcs_buf *out, const char *key, const unsigned char *bytes,
                      size_t size_bytes)
{
    static const char digits[] = "0123456789abcdef";
    rcs_json_key(out, key);
    rcs_buf_add(out, "\"", 1);
    size_t plain = 0;
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = bytes[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            continue;
        }
        const char code[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
        rcs_buf_add(out, bytes + plain, i - plain);
        rcs_buf_add(out, code, sizeof(code));
        plain = i + 1;
    }
    rcs_buf_add(out, bytes + plain, size_bytes - plain);
    rcs_buf_add(out, "\"", 1);
}

void rcs_trace_outside(struct rcs_trace_writer *writer, enum rcs_outside_news news, uint32_t number,
                       unsigned node, const struct rcs_address *peer, const void *bytes,
                       size_t size_bytes)
{
    static const char *const names[] = {
        [RCS_OUTSIDE_OPEN] = "open",           [RCS_OUTSIDE_DATA] = "data",
        [RCS_OUTSIDE_GONE] = "gone",           [RCS_OUTSIDE_REPLY] = "reply",
        [RCS_OUTSIDE_UNWRITTEN] = "unwritten",
    };
    if (writer->without_clients) {
        return;
    }
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "outside", names[news]);
    rcs_json_key(out, "conn");
    rcs_json_number(out, number);
    switch (news) {
    case RCS_OUTSIDE_OPEN:
        key_text(out, "node", node_name(writer, node));
        key_text(out, "ip", peer->ip);
        rcs_json_key(out, "port");
        rcs_json_number(out, peer->port);
        break;
    case RCS_OUTSIDE_DATA:
        key_bytes(out, "bytes", bytes, size_bytes);
        break;
    case RCS_OUTSIDE_REPLY:
        key_hex(out, "hash", rcs_record_hash(bytes, size_bytes));
        break;
    case RCS_OUTSIDE_UNWRITTEN:
        rcs_json_key(out, "size");
        rcs_json_number(out, (int64_t)size_bytes);
        break;
    case RCS_OUTSIDE_GONE:
        break;
    }
    end_line(writer);
}

static void key_nodes(struct rcs_trace_writer *writer, const char *key, const int *nodes,
                      unsigned count)
{
    struct rcs_buf *out = &writer->lines;
    if (count == 0) {
        return;
    }
    rcs_json_key(out, key);
    for (unsigned i = 0; i < count; i++) {
        rcs_buf_add(out, i == 0 ? "[" : ",", 1);
        rcs_json_text(out, node_name(writer, (unsigned)nodes[i]));
    }
    rcs_buf_add(out, "]", 1);
}

void rcs_trace_fault(struct rcs_trace_writer *writer, const char *name, const int *nodes,
                     unsigned count, const int *others, unsigned other_count, int64_t number)
{
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "fault", name);
    key_nodes(writer, "nodes", nodes, count);
    key_nodes(writer, "others", others, other_count);
    if (number != 0) {
        key_hex(out, "how", (uint64_t)number);
    }
    end_line(writer);
}

void rcs_trace_milestone(struct rcs_trace_writer *writer, unsigned node,
                         const struct rcs_fact *fact)
{
    const struct rcs_fact_row *row = rcs_fact_row((enum rcs_fact_code)fact->code);
    struct rcs_buf *out = begin_line(writer);
    key_text(out, "node", node_name(writer, node));
    key_text(out, row->cause ? "why" : "what", row->trace);
    key_id(writer, "about", fact->about);
    key_id(writer, "by", fact->by);
    for (unsigned i = 0; i < 3; i++) {
        if (row->fields[i][0] != '\0') {
            rcs_json_key(out, row->fields[i]);
            rcs_json_number(out, fact->v[i]);
        }
    }
    if (fact->text[0] != NULL) {
        key_text(out, "text", fact->text[0]);
    }
    if (fact->text[1] != NULL) {
        key_text(out, "text2", fact->text[1]);
    }
    key_text(out, "on", rcs_observe_on(writer->sim->on));
    if (writer->sim->on_from >= 0) {
        key_text(out, "from", node_name(writer, (unsigned)writer->sim->on_from));
    }
    end_line(writer);
}
