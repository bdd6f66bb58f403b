/* The lines of CLUSTER NODES and nodes.conf, read and written (Redis 7.0 clusterGenNodeDescription,
 * clusterLoadConfig). */
#ifndef RCSIM_NODES_TEXT_H
#define RCSIM_NODES_TEXT_H

#include <rcsim/base.h>
#include <rcsim/slot.h>
#include <rcsim/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True for 40 characters of a-z and 0-9 (Redis 7.0 verifyClusterNodeId). */
bool rcs_node_name_valid(const char *text, size_t size_bytes);

/* A slot in the middle of a move, printed on the `myself` line only. */
struct rcs_open_slot {
    uint16_t slot;
    bool importing; /* else migrating */
    char name[RCS_ID_LEN + 1];
};

/* How a line says the address, by release. */
enum rcs_line_form {
    RCS_LINE_NAME,  /* ip:port@busport and ,hostname if there is one: 7.0; CLUSTER NODES also later
                     */
    RCS_LINE_PORT,  /* ip:port: 3.x */
    RCS_LINE_CPORT, /* ip:port@busport: 4.0 to 6.2 */
    RCS_LINE_AUX    /* ip:port@busport,hostname,tls-port=0,shard-id=...: nodes.conf from 7.2 on */
};

struct rcs_node_line {
    enum rcs_line_form form; /* reading: what the address was like, never CPORT */
    char name[RCS_ID_LEN + 1];
    struct rcs_address address;
    char hostname[256]; /* "" none */
    /* with RCS_LINE_AUX only; "" none */
    char nodename[128], client_ipv4[46], client_ipv6[46], shard[RCS_ID_LEN + 1];
    uint16_t flags;
    char master[RCS_ID_LEN + 1]; /* "" none, printed as - */
    int64_t ping_sent_ms;        /* wall clock ms, 0 none */
    int64_t pong_received_ms;
    uint64_t config_epoch;
    bool connected;
    struct rcs_slot_words slots;
    const struct rcs_open_slot
        *open;           /* ascending by slot; borrowed for writing, where lines without */
    unsigned open_count; /* `myself` leave them out; reading points into the room it was given */
};

/* Writes one line without its LF. As snprintf: returns the whole length, writes at most `capacity`.
 */
size_t rcs_node_line_write(const struct rcs_node_line *line, char *out, size_t capacity);

/* What one line of nodes.conf says. */
enum rcs_conf_kind { RCS_CONF_BLANK, RCS_CONF_NODE, RCS_CONF_VARS };

struct rcs_conf_line {
    enum rcs_conf_kind kind;
    struct rcs_node_line node;               /* RCS_CONF_NODE */
    uint64_t current_epoch, last_vote_epoch; /* RCS_CONF_VARS */
    bool has_current_epoch, has_last_vote_epoch;
    char unknown_var[64];          /* RCS_CONF_VARS: first name not known, "" none */
    struct rcs_open_slot open[64]; /* what node.open points to, unless other room was given */
};

/* Reads one line (no LF needed). Errors: RCS_ERR_SYNTAX with `diag` naming column, what was found
 * and what would do ("Unrecoverable error: corrupted cluster config file." is what the server
 * logs). Older releases' forms are accepted: `ip:port` without cport (then port + 10000), `:0@0`,
 * `:0`, and 7.2+'s
 * `,hostname,key=value...` suffix, whose unknown keys are skipped. More than 64 open slots in a
 * line: RCS_ERR_LIMIT; one said twice counts once, as last said. Stricter than the server: words
 * that are no numbers, backward ranges, unknown link states are errors. */
enum rcs_err rcs_conf_line_read(const char *text, size_t size_bytes, struct rcs_conf_line *out,
                                struct rcs_diag *diag);
/* The same with room of the caller's for the open slots, to which node.open points: RCS_ERR_LIMIT
 * when `open_room` are not enough. A line has no more of them than it has '['. */
enum rcs_err rcs_conf_line_read_into(const char *text, size_t size_bytes, struct rcs_conf_line *out,
                                     struct rcs_open_slot *open, unsigned open_room,
                                     struct rcs_diag *diag);

/* "vars currentEpoch 6 lastVoteEpoch 0" with LF, as snprintf. */
size_t rcs_conf_vars_write(uint64_t current_epoch, uint64_t last_vote_epoch, char *out,
                           size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
