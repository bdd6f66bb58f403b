/* Lines of CLUSTER NODES and nodes.conf, written and read (Redis 7.0 clusterGenNodeDescription,
 * clusterLoadConfig).
 *
 * The reader is stricter than the server where that shows a slip: a server takes "12x" for 12, a
 * backward range for none and any word for a link state; here these are errors with a place. */
#include <rcsim/nodes_text.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <rcsim/bus.h>
#include <rcsim/bus_types.h>
#include <rcsim/resp.h>

/* Bus port less client port, unless configured (Redis 7.0 CLUSTER_PORT_INCR). */
#define PORT_INCREMENT 10000

/* --- writing ---------------------------------------------------------------------------------- */

/* Text as it grows; counts on when `capacity` is used up, as snprintf does. */
struct sink {
    char *out;
    size_t capacity, length;
};

static void add(struct sink *sink, const char *text, size_t size_bytes)
{
    if (sink->length + 1 < sink->capacity) {
        size_t room = sink->capacity - sink->length - 1;
        memcpy(sink->out + sink->length, text, size_bytes < room ? size_bytes : room);
    }
    sink->length += size_bytes;
}

static void add_text(struct sink *sink, const char *text)
{
    add(sink, text, strlen(text));
}

static void add_number(struct sink *sink, const char *before, uint64_t value)
{
    char digits[RCS_DECIMAL_MAX];
    add_text(sink, before);
    add(sink, digits, rcs_decimal_write_u64(digits, value));
}

static void add_time(struct sink *sink, const char *before, int64_t value_ms)
{
    char digits[RCS_DECIMAL_MAX];
    add_text(sink, before);
    add(sink, digits, rcs_decimal_write(digits, value_ms));
}

static void add_slots(struct sink *sink, const struct rcs_slot_words *slots)
{
    static const struct rcs_slot_words none;
    if (memcmp(slots, &none, sizeof(none)) == 0) {
        return;
    }
    add_text(sink, " ");
    size_t used = sink->length < sink->capacity ? sink->length : sink->capacity;
    sink->length += rcs_slot_ranges_write(
        slots, " ", used < sink->capacity ? sink->out + used : NULL, sink->capacity - used);
}

/* A slot on both tables shows the migrating form alone. */
static bool hidden(const struct rcs_node_line *line, unsigned i)
{
    const struct rcs_open_slot *open = line->open;
    if (!open[i].importing) {
        return false;
    }
    return (i > 0 && open[i - 1].slot == open[i].slot && !open[i - 1].importing) ||
           (i + 1 < line->open_count && open[i + 1].slot == open[i].slot && !open[i + 1].importing);
}

static void add_open(struct sink *sink, const struct rcs_node_line *line)
{
    if ((line->flags & RCS_NODE_MYSELF) == 0) {
        return;
    }
    for (unsigned i = 0; i < line->open_count; i++) {
        if (!hidden(line, i)) {
            add_number(sink, " [", line->open[i].slot);
            add_text(sink, line->open[i].importing ? "-<-" : "->-");
            add(sink, line->open[i].name, RCS_ID_LEN);
            add_text(sink, "]");
        }
    }
}

/* The auxiliary fields of nodes.conf from Redis 7.2 on, in the order of the server's table of them;
 * the two of client addresses are Valkey's. */
static const struct aux_field {
    const char *key;
    size_t at, room;
} aux_fields[] = {
#define AUX(key, field)                                                                            \
    {                                                                                              \
        key, offsetof(struct rcs_node_line, field), sizeof(((struct rcs_node_line *)NULL)->field)  \
    }
    AUX("client-ipv6=", client_ipv6),
    AUX("client-ipv4=", client_ipv4),
    { "tls-port=", 0, 0 }, /* no node here has one */
    AUX("nodename=", nodename),
    AUX("shard-id=", shard),
#undef AUX
};
#define AUX_FIELDS (sizeof(aux_fields) / sizeof(aux_fields[0]))

static void add_ports(struct sink *sink, const struct rcs_node_line *line)
{
    bool aux = line->form == RCS_LINE_AUX, named = line->form == RCS_LINE_NAME || aux;
    add_number(sink, ":", line->address.port);
    if (line->form != RCS_LINE_PORT) {
        add_number(sink, "@", line->address.cport);
    }
    if (named && (line->hostname[0] != '\0' || aux)) {
        add_text(sink, ",");
        add_text(sink, line->hostname);
    }
    for (size_t i = 0; i < AUX_FIELDS && aux; i++) {
        const char *value = aux_fields[i].room == 0 ? "0" : (const char *)line + aux_fields[i].at;
        if (value[0] != '\0') {
            add_text(sink, ",");
            add_text(sink, aux_fields[i].key);
            add_text(sink, value);
        }
    }
}

size_t rcs_node_line_write(const struct rcs_node_line *line, char *out, size_t capacity)
{
    struct sink sink = { .out = out, .capacity = capacity };
    char flags[96];
    add(&sink, line->name, RCS_ID_LEN);
    add_text(&sink, " ");
    add_text(&sink, line->address.ip);
    add_ports(&sink, line);
    add_text(&sink, " ");
    add(&sink, flags, rcs_node_flags_write(line->flags, flags));
    add_text(&sink, " ");
    add_text(&sink, line->master[0] != '\0' ? line->master : "-");
    add_time(&sink, " ", line->ping_sent_ms);
    add_time(&sink, " ", line->pong_received_ms);
    add_number(&sink, " ", line->config_epoch);
    add_text(&sink, line->connected ? " connected" : " disconnected");
    add_slots(&sink, &line->slots);
    add_open(&sink, line);
    if (capacity > 0) {
        out[sink.length < capacity ? sink.length : capacity - 1] = '\0';
    }
    return sink.length;
}

size_t rcs_conf_vars_write(uint64_t current_epoch, uint64_t last_vote_epoch, char *out,
                           size_t capacity)
{
    return (size_t)snprintf(out, capacity,
                            "vars currentEpoch %" PRIu64 " lastVoteEpoch %" PRIu64 "\n",
                            current_epoch, last_vote_epoch);
}

/* --- words ------------------------------------------------------------------------------------ */

struct word {
    const char *text;
    size_t size_bytes;
    int column;
};

struct words {
    const char *text;
    size_t size_bytes, at;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool next_word(struct words *words, struct word *word)
{
    while (words->at < words->size_bytes && is_blank(words->text[words->at])) {
        words->at++;
    }
    size_t start = words->at;
    while (words->at < words->size_bytes && !is_blank(words->text[words->at])) {
        words->at++;
    }
    *word = (struct word){ .text = words->text + start,
                           .size_bytes = words->at - start,
                           .column = (int)start + 1 };
    return word->size_bytes > 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whatever the case, as the server compares names. */
static bool is(const struct word *word, const char *text)
{
    size_t i = 0;
    while (i < word->size_bytes && text[i] != '\0' && lower(word->text[i]) == lower(text[i])) {
        i++;
    }
    return i == word->size_bytes && text[i] == '\0';
}

/* The part of `word` from `start` to `end`, with its own column. */
static struct word part(const struct word *word, size_t start, size_t end)
{
    return (struct word){ .text = word->text + start,
                          .size_bytes = end - start,
                          .column = word->column + (int)start };
}

/* Where `c` stands first in the word, or its length. */
static size_t find(const struct word *word, char c)
{
    const char *found = word->size_bytes > 0 ? memchr(word->text, c, word->size_bytes) : NULL;
    return found != NULL ? (size_t)(found - word->text) : word->size_bytes;
}

/* How much of a word an error text shows. */
static int shown(const struct word *word)
{
    return word->size_bytes < 60 ? (int)word->size_bytes : 60;
}

/* "<what> "<word>": <remedy>" at the word. */
static enum rcs_err bad(struct rcs_diag *diag, const struct word *word, const char *what,
                        const char *remedy)
{
    return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, word->column, "%s \"%.*s\": %s", what, shown(word),
                        word->text, remedy);
}

static bool number(const struct word *word, uint64_t max, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < word->size_bytes; i++) {
        unsigned digit = (unsigned)(unsigned char)word->text[i] - '0';
        if (digit > 9 || *value > (max - digit) / 10) {
            return false;
        }
        *value = *value * 10 + digit;
    }
    return word->size_bytes > 0;
}

/* --- fields of a node's line ------------------------------------------------------------------ */

static enum rcs_err read_name(const struct word *word, char name[RCS_ID_LEN + 1],
                              struct rcs_diag *diag)
{
    if (!rcs_node_name_valid(word->text, word->size_bytes)) {
        return bad(diag, word, "node id", "an id is 40 characters of a-z and 0-9");
    }
    memcpy(name, word->text, RCS_ID_LEN);
    name[RCS_ID_LEN] = '\0';
    return RCS_OK;
}

static enum rcs_err read_ports(const struct word *word, struct rcs_address *address,
                               struct rcs_diag *diag)
{
    size_t at = find(word, '@');
    struct word client = part(word, 0, at);
    uint64_t port, cport;
    if (!number(&client, UINT16_MAX, &port)) {
        return bad(diag, &client, "client port", "a port is a number from 0 to 65535");
    }
    if (at == word->size_bytes) { /* as 3.x writes it */
        cport = port + PORT_INCREMENT;
        if (cport > UINT16_MAX) {
            return bad(diag, &client, "client port",
                       "over 55535 the bus port must be said too: write port@busport");
        }
    } else {
        struct word bus = part(word, at + 1, word->size_bytes);
        if (!number(&bus, UINT16_MAX, &cport)) {
            return bad(diag, &bus, "bus port", "a port is a number from 0 to 65535");
        }
    }
    address->port = (uint16_t)port;
    address->cport = (uint16_t)cport;
    return RCS_OK;
}

/* [,key=value...]; keys that are not known are passed over, as a server of 7.0 does. */
static enum rcs_err read_aux(const struct word *word, struct rcs_node_line *node,
                             struct rcs_diag *diag)
{
    for (size_t start = 1; start < word->size_bytes;) {
        struct word rest = part(word, start, word->size_bytes);
        struct word field = part(&rest, 0, find(&rest, ','));
        node->form = RCS_LINE_AUX;
        for (size_t i = 0; i < AUX_FIELDS; i++) {
            const struct aux_field *aux = &aux_fields[i];
            size_t key_bytes = strlen(aux->key);
            if (aux->room == 0 || field.size_bytes < key_bytes ||
                memcmp(field.text, aux->key, key_bytes) != 0) {
                continue;
            }
            struct word value = part(&field, key_bytes, field.size_bytes);
            if (value.size_bytes >= aux->room) {
                return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, value.column,
                                    "%s takes at most %zu characters", aux->key, aux->room - 1);
            }
            char *at = (char *)node + aux->at;
            memcpy(at, value.text, value.size_bytes);
            at[value.size_bytes] = '\0';
        }
        start += field.size_bytes + 1;
    }
    return RCS_OK;
}

/* ip:port[@cport][,hostname[,key=value...]] */
static enum rcs_err read_address(const struct word *word, struct rcs_node_line *node,
                                 struct rcs_diag *diag)
{
    size_t comma = find(word, ','), colon = comma;
    while (colon > 0 && word->text[colon - 1] != ':') { /* the last one: an IPv6 ip has more */
        colon--;
    }
    struct word address = part(word, 0, comma);
    if (colon == 0) {
        return bad(diag, &address, "address", "write it as ip:port@busport");
    }
    struct word ip = part(word, 0, colon - 1), ports = part(word, colon, comma);
    if (ip.size_bytes >= sizeof(node->address.ip)) {
        return bad(diag, &ip, "ip", "an ip has at most 45 characters");
    }
    memcpy(node->address.ip, ip.text, ip.size_bytes);
    if (comma < word->size_bytes) {
        struct word rest = part(word, comma + 1, word->size_bytes);
        struct word hostname = part(&rest, 0, find(&rest, ','));
        if (hostname.size_bytes >= sizeof(node->hostname)) {
            return bad(diag, &hostname, "host name", "a host name has at most 255 characters");
        }
        memcpy(node->hostname, hostname.text, hostname.size_bytes);
        struct word fields = part(&rest, hostname.size_bytes, rest.size_bytes);
        enum rcs_err err = read_aux(&fields, node, diag);
        if (err != RCS_OK) {
            return err;
        }
    } else if (find(&ports, '@') == ports.size_bytes) {
        node->form = RCS_LINE_PORT;
    }
    return read_ports(&ports, &node->address, diag);
}

/* The flag of that name, 0 for "noflags", -1 for none. */
static int flag_of(const struct word *word)
{
    static const struct {
        const char *text;
        int flag;
    } names[] = {
#define X(name, value, text) { text, value },
        RCS_NODE_FLAGS(X)
#undef X
            { "noflags", 0 }
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].text != NULL && is(word, names[i].text)) {
            return names[i].flag;
        }
    }
    return -1;
}

static enum rcs_err read_flags(const struct word *word, struct rcs_node_line *node,
                               struct rcs_diag *diag)
{
    for (size_t start = 0; start <= word->size_bytes;) {
        struct word rest = part(word, start, word->size_bytes);
        struct word name = part(&rest, 0, find(&rest, ','));
        int flag = flag_of(&name);
        if (flag < 0) {
            return bad(
                diag, &name, "flag",
                "flags are myself, master, slave, fail?, fail, handshake, noaddr, nofailover "
                "or noflags, with commas between");
        }
        node->flags = (uint16_t)(node->flags | flag);
        start += name.size_bytes + 1;
    }
    return RCS_OK;
}

static enum rcs_err read_master(const struct word *word, struct rcs_node_line *node,
                                struct rcs_diag *diag)
{
    return word->text[0] == '-' ? RCS_OK : read_name(word, node->master, diag);
}

static enum rcs_err read_time(const struct word *word, int64_t *time_ms, struct rcs_diag *diag)
{
    uint64_t value;
    if (!number(word, INT64_MAX, &value)) {
        return bad(diag, word, "time", "write Unix milliseconds, or 0 for never");
    }
    *time_ms = (int64_t)value;
    return RCS_OK;
}

static enum rcs_err read_ping_sent(const struct word *word, struct rcs_node_line *node,
                                   struct rcs_diag *diag)
{
    return read_time(word, &node->ping_sent_ms, diag);
}

static enum rcs_err read_pong_received(const struct word *word, struct rcs_node_line *node,
                                       struct rcs_diag *diag)
{
    return read_time(word, &node->pong_received_ms, diag);
}

static enum rcs_err read_config_epoch(const struct word *word, struct rcs_node_line *node,
                                      struct rcs_diag *diag)
{
    return number(word, UINT64_MAX, &node->config_epoch)
               ? RCS_OK
               : bad(diag, word, "config epoch", "an epoch is a number from 0 on");
}

static enum rcs_err read_link(const struct word *word, struct rcs_node_line *node,
                              struct rcs_diag *diag)
{
    node->connected = is(word, "connected");
    return node->connected || is(word, "disconnected")
               ? RCS_OK
               : bad(diag, word, "link state", "a link is connected or disconnected");
}

/* --- slots ------------------------------------------------------------------------------------ */

static enum rcs_err read_range(const struct word *word, struct rcs_node_line *node,
                               struct rcs_diag *diag)
{
    unsigned first, last;
    if (rcs_slot_range_read(word->text, word->size_bytes, &first, &last) != RCS_OK) {
        return bad(diag, word, "slots", "write n or a-b, both from 0 to 16383 and a not over b");
    }
    rcs_slot_words_add_range(&node->slots, first, last);
    return RCS_OK;
}

/* Where the open slots of a line go. */
struct open_room {
    struct rcs_open_slot *open;
    unsigned count;
};

/* Where `open` belongs among the open slots read so far: ascending by slot, migrating first. */
static unsigned open_place(const struct rcs_node_line *node, const struct open_room *room,
                           const struct rcs_open_slot *open)
{
    unsigned at = node->open_count;
    while (at > 0 && (room->open[at - 1].slot > open->slot ||
                      (room->open[at - 1].slot == open->slot &&
                       room->open[at - 1].importing >= open->importing))) {
        at--;
    }
    return at;
}

/* Keeps an open slot in its place; said twice the last one counts, as in the server's two tables of
 * one node a slot. False: no room. */
static bool keep_open(struct rcs_node_line *node, const struct open_room *room,
                      const struct rcs_open_slot *open)
{
    unsigned at = open_place(node, room, open);
    struct rcs_open_slot *place = room->open + at;
    if (at == node->open_count || place->slot != open->slot ||
        place->importing != open->importing) {
        if (node->open_count == room->count) {
            return false;
        }
        memmove(place + 1, place, (node->open_count - at) * sizeof(*place));
        node->open_count++;
    }
    *place = *open;
    return true;
}

/* "[n->-id]" or "[n-<-id]" */
static enum rcs_err read_open(const struct word *word, struct rcs_node_line *node,
                              const struct open_room *room, struct rcs_diag *diag)
{
    static const char form[] = "write [slot->-id] for migrating, [slot-<-id] for importing";
    size_t dash = find(word, '-'), arrow_end = dash + 3;
    struct rcs_open_slot open = { .slot = 0 };
    uint64_t slot;
    if (arrow_end >= word->size_bytes || word->text[word->size_bytes - 1] != ']' ||
        word->text[dash + 2] != '-' ||
        (word->text[dash + 1] != '>' && word->text[dash + 1] != '<')) {
        return bad(diag, word, "open slot", form);
    }
    struct word digits = part(word, 1, dash), name = part(word, arrow_end, word->size_bytes - 1);
    if (!number(&digits, RCS_SLOTS - 1, &slot)) {
        return bad(diag, &digits, "slot", "a slot is a number from 0 to 16383");
    }
    enum rcs_err err = read_name(&name, open.name, diag);
    if (err != RCS_OK) {
        return err;
    }
    open.slot = (uint16_t)slot;
    open.importing = word->text[dash + 1] == '<';
    return keep_open(node, room, &open)
               ? RCS_OK
               : rcs_diag_set(diag, RCS_ERR_LIMIT, 0, word->column,
                              "more than %u open slots: finish some moves first", room->count);
}

/* --- lines ------------------------------------------------------------------------------------ */

static enum rcs_err read_node(struct words *words, struct word *word, struct rcs_conf_line *out,
                              const struct open_room *room, struct rcs_diag *diag)
{
    static const struct {
        const char *name;
        enum rcs_err (*read)(const struct word *word, struct rcs_node_line *node,
                             struct rcs_diag *diag);
    } fields[] = {
        { "address", read_address },
        { "flags", read_flags },
        { "master's id", read_master },
        { "time of the last ping", read_ping_sent },
        { "time of the last pong", read_pong_received },
        { "config epoch", read_config_epoch },
        { "link state", read_link },
    };
    out->kind = RCS_CONF_NODE;
    out->node.open = room->open;
    enum rcs_err err = read_name(word, out->node.name, diag);
    for (size_t i = 0; err == RCS_OK && i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!next_word(words, word)) {
            return rcs_diag_set(
                diag, RCS_ERR_SYNTAX, 0, word->column,
                "the line ends before the %s: write id, address, flags, master or -, "
                "ping, pong, epoch, link state, slots",
                fields[i].name);
        }
        err = fields[i].read(word, &out->node, diag);
    }
    while (err == RCS_OK && next_word(words, word)) {
        err = word->text[0] == '[' ? read_open(word, &out->node, room, diag)
                                   : read_range(word, &out->node, diag);
    }
    return err;
}

static enum rcs_err read_var(const struct word *name, const struct word *value,
                             struct rcs_conf_line *out, struct rcs_diag *diag)
{
    bool current = is(name, "currentEpoch"), vote = is(name, "lastVoteEpoch");
    if (!current && !vote) {
        if (out->unknown_var[0] == '\0') {
            snprintf(out->unknown_var, sizeof(out->unknown_var), "%.*s", (int)name->size_bytes,
                     name->text);
        }
        return RCS_OK;
    }
    uint64_t epoch;
    if (!number(value, UINT64_MAX, &epoch)) {
        return bad(diag, value, "epoch", "an epoch is a number from 0 on");
    }
    *(current ? &out->current_epoch : &out->last_vote_epoch) = epoch;
    *(current ? &out->has_current_epoch : &out->has_last_vote_epoch) = true;
    return RCS_OK;
}

static enum rcs_err read_vars(struct words *words, struct rcs_conf_line *out, struct rcs_diag *diag)
{
    struct word name, value;
    out->kind = RCS_CONF_VARS;
    while (next_word(words, &name)) {
        if (!next_word(words, &value)) {
            return bad(diag, &name, "variable", "a value must follow each name");
        }
        enum rcs_err err = read_var(&name, &value, out, diag);
        if (err != RCS_OK) {
            return err;
        }
    }
    return RCS_OK;
}

/* Quotes would need the rules of redis.conf; no server writes any, nor control characters. */
static enum rcs_err check_characters(const char *text, size_t size_bytes, struct rcs_diag *diag)
{
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\'' || (c < ' ' && !is_blank(text[i]))) {
            return rcs_diag_set(diag, RCS_ERR_SYNTAX, 0, (int)i + 1,
                                "character 0x%02x: only plain words with blanks between are read",
                                c);
        }
    }
    return RCS_OK;
}

enum rcs_err rcs_conf_line_read_into(const char *text, size_t size_bytes, struct rcs_conf_line *out,
                                     struct rcs_open_slot *open, unsigned open_room,
                                     struct rcs_diag *diag)
{
    const struct open_room room = { .open = open, .count = open_room };
    struct words words = { .text = text, .size_bytes = size_bytes };
    struct word word;
    memset(out, 0, sizeof(*out));
    enum rcs_err err = check_characters(text, size_bytes, diag);
    if (err != RCS_OK) {
        return err;
    }
    if (!next_word(&words, &word)) {
        out->kind = RCS_CONF_BLANK;
        return RCS_OK;
    }
    return is(&word, "vars") ? read_vars(&words, out, diag)
                             : read_node(&words, &word, out, &room, diag);
}

enum rcs_err rcs_conf_line_read(const char *text, size_t size_bytes, struct rcs_conf_line *out,
                                struct rcs_diag *diag)
{
    return rcs_conf_line_read_into(text, size_bytes, out, out->open,
                                   sizeof(out->open) / sizeof(out->open[0]), diag);
}
