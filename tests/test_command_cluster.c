/* The CLUSTER command as a client sees it: what it refuses, in which words and in which order, and
 * what it shows. The texts are those of a real 7.0.15. */
#include <rcsim/resp.h>

#include "sim/node/command_cluster.h"
#include "sim/node/node.h"
#include "tests/support/support.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"
#define D "dddddddddddddddddddddddddddddddddddddddd"
#define E "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

/* The tables the node under test, A, starts with. B has slots, C none, D replicates B. */
#define OTHERS                                                                                     \
    B " 127.0.0.2:6379@16379 master - 0 0 2 connected 100-199\n" C                                 \
      " 127.0.0.3:6379@16379 master - 0 0 3 connected\n" D " 127.0.0.4:6379@16379,host-d slave " B \
      " 0 0 2 connected\n"                                                                         \
      "vars currentEpoch 5 lastVoteEpoch 0\n"
#define MYSELF(role) A " 127.0.0.1:6379@16379 myself," role

static const char alone[] =
    MYSELF("master - 0 0 0 connected\n") "vars currentEpoch 0 lastVoteEpoch 0\n";
static const char full[] =
    MYSELF("master - 0 0 1 connected 0-16383\n") "vars currentEpoch 1 lastVoteEpoch 0\n";
static const char rich[] = MYSELF("master - 0 0 1 connected 0-16383\n") C
    " 127.0.0.3:6379@16379 master - 0 0 3 connected\n"
    "vars currentEpoch 5 lastVoteEpoch 0\n";
static const char empty[] = MYSELF("master - 0 0 0 connected\n") OTHERS;
static const char owner[] = MYSELF("master - 0 0 1 connected 0-98 16383\n") OTHERS;
static const char replica[] = MYSELF("slave " B " 0 0 0 connected\n") OTHERS;
static const char orphan[] = MYSELF("slave - 0 0 0 connected\n") OTHERS;
static const char bereft[] = MYSELF("slave " E " 0 0 0 connected\n") E
    " 127.0.0.5:6379@16379 master,fail - 1 1 4 disconnected 200-299\n" OTHERS;

/* --- one node and one client ------------------------------------------------------------------ */

struct fixture {
    struct rcs_store *store;
    struct rcs_node *node;
    struct rcs_effects effects;
    rcs_us now_us;
    struct rcs_buf reply;     /* of the last step */
    enum rcs_fact_code cause; /* the last one that was recorded */
};

static void step(struct fixture *fixture, struct rcs_event event)
{
    event.at_us = fixture->now_us;
    rcs_buf_clear(&fixture->reply);
    rcs_node_step(fixture->node, &event, &fixture->effects);
    for (size_t i = 0; i < fixture->effects.count; i++) {
        const struct rcs_effect *effect = &fixture->effects.list[i];
        if (effect->kind == RCS_EFFECT_CLIENT_REPLY) {
            rcs_buf_add(&fixture->reply, effect->blob->bytes, effect->blob->size_bytes);
        }
    }
    for (size_t i = 0; i < fixture->effects.facts.count; i++) {
        enum rcs_fact_code code = (enum rcs_fact_code)fixture->effects.facts.list[i].code;
        fixture->cause = rcs_fact_row(code)->cause ? code : fixture->cause;
    }
    rcs_effects_clear(&fixture->effects, fixture->store);
}

/* Lets time pass; links that are being connected stay so. */
static void pass(struct fixture *fixture, rcs_us duration_us)
{
    rcs_us end_us = fixture->now_us + duration_us;
    while (rcs_node_deadline(fixture->node) <= end_us) {
        fixture->now_us = rcs_node_deadline(fixture->node);
        step(fixture, (struct rcs_event){ .kind = RCS_EVENT_WAKE });
    }
    fixture->now_us = end_us;
}

/* The reply to a command as bytes with a NUL; borrowed until the next step. */
static const char *ask(struct fixture *fixture, const char *words)
{
    struct rcs_request *request = rcs_request_words(fixture->store, words, strlen(words));
    step(fixture,
         (struct rcs_event){ .kind = RCS_EVENT_CLIENT_REQUEST, .link = 1, .request = request });
    rcs_request_release(fixture->store, request);
    rcs_buf_add(&fixture->reply, "", 1);
    return fixture->reply.data;
}

static struct fixture *fixture_new_as(const char *release, const char *conf)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->store = rcs_store_new();
    rcs_effects_init(&fixture->effects);
    rcs_buf_init(&fixture->reply);
    struct rcs_config config;
    rcs_config_init(&config);
    assert_int_equal(rcs_config_choose(&config, rcs_profile_find(release), NULL), RCS_OK);
    config.port = 6379;
    config.node_timeout_ms = 1000;
    fixture->node = rcs_node_new(&(struct rcs_node_params){
        .store = fixture->store,
        .config = &config,
        .seed = 1,
        .pid = 1,
        .wall_base_ms = 1700000000000 - RCS_NODE_MS_START,
    });
    struct rcs_saved_config *saved;
    struct rcs_diag diag;
    assert_int_equal(rcs_saved_config_read(fixture->store, conf, strlen(conf), &saved, &diag),
                     RCS_OK);
    struct rcs_start start = { .conf = saved };
    step(fixture, (struct rcs_event){ .kind = RCS_EVENT_START, .start = &start });
    rcs_saved_config_release(fixture->store, saved);
    step(fixture, (struct rcs_event){ .kind = RCS_EVENT_CLIENT_OPEN, .link = 1 });
    return fixture;
}

static struct fixture *fixture_new(const char *conf)
{
    return fixture_new_as("7.0", conf);
}

static void fixture_free(struct fixture *fixture)
{
    rcs_node_free(fixture->node);
    rcs_effects_close(&fixture->effects, fixture->store);
    rcs_buf_close(&fixture->reply);
    rcs_store_free(fixture->store);
    free(fixture);
}

/* --- what is refused, what is done ------------------------------------------------------------ */

struct row {
    const char *name;
    const char *conf;
    int64_t pass_ms;   /* before the first command */
    const char *words; /* commands separated by "; " */
    const char *want;  /* the last one's reply, without CR LF */
};

#define OK          "+OK"
#define SYNTAX      "-ERR syntax error"
#define NO_INTEGER  "-ERR value is not an integer or out of range"
#define BAD_SLOT    "-ERR Invalid or out of range slot"
#define BAD_ACTION  "-ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP"
#define NO_MASTER   "-ERR Target node is not a master"
#define NOT_EMPTY   "-ERR To set a master the node must be empty and without assigned slots."
#define MASTER_DOWN "-ERR Master is down or failed, please use CLUSTER FAILOVER FORCE"
#define TOO_MANY(name)                                                                             \
    "-ERR unknown subcommand or wrong number of arguments for '" name "'. Try CLUSTER HELP."
#define ARITY(name) "-ERR wrong number of arguments for '" name "' command"

/* clang-format off */
static const struct row rows[] = {
    { "no subcommand",                        alone, 0, "CLUSTER", ARITY("cluster") },
    { "an unknown subcommand",                alone, 0, "CLUSTER FOO", "-ERR unknown subcommand 'FOO'. Try CLUSTER HELP." },
    { "names in any case",                    alone, 0, "cLuStEr keySLOT foo", ":12182" },
    { "too few words: the arity check",       alone, 0, "CLUSTER MEET 10.0.0.9", ARITY("cluster|meet") },
    { "too many words: the arity check",      alone, 0, "CLUSTER HELP x", ARITY("cluster|help") },
    { "too many words: MEET itself",          alone, 0, "CLUSTER meet 10.0.0.9 1 2 3", TOO_MANY("meet") },
    { "too many words: FAILOVER itself",      alone, 0, "CLUSTER FAILOVER a b", TOO_MANY("FAILOVER") },
    { "too many words: RESET itself",         alone, 0, "CLUSTER RESET a b", TOO_MANY("RESET") },

    { "meet: the port is no number",          alone, 0, "CLUSTER MEET host x", "-ERR Invalid TCP base port specified: x" },
    { "meet: the bus port is no number",      alone, 0, "CLUSTER MEET host 1 x", "-ERR Invalid TCP bus port specified: x" },
    { "meet: a host name",                    alone, 0, "CLUSTER MEET host 6379", "-ERR Invalid node address specified: host:6379" },
    { "meet: port 0",                         alone, 0, "CLUSTER MEET 10.0.0.9 0", "-ERR Invalid node address specified: 10.0.0.9:0" },
    { "meet: port 1",                         alone, 0, "CLUSTER MEET 10.0.0.9 1", OK },
    { "meet: the last port that has a bus",   alone, 0, "CLUSTER MEET 10.0.0.9 55535", OK },
    { "meet: the first that has none",        alone, 0, "CLUSTER MEET 10.0.0.9 55536", "-ERR Invalid node address specified: 10.0.0.9:55536" },
    { "meet: port 65535 with a bus port",     alone, 0, "CLUSTER MEET 10.0.0.9 65535 1", OK },
    { "meet: port 65536",                     alone, 0, "CLUSTER MEET 10.0.0.9 65536 1", "-ERR Invalid node address specified: 10.0.0.9:65536" },
    { "meet: bus port 65536",                 alone, 0, "CLUSTER MEET 10.0.0.9 1 65536", "-ERR Invalid node address specified: 10.0.0.9:1" },
    { "meet: a port's bits over 32 vanish",   alone, 0, "CLUSTER MEET 10.0.0.9 4294973675", OK },
    { "meet: IPv6",                           alone, 0, "CLUSTER MEET fe80::1 6379", OK },
    { "meet: twice is one handshake",         alone, 0, "CLUSTER MEET 10.0.0.9 1; CLUSTER MEET 10.0.0.9 1", OK },

    { "addslots: the first and the last",     alone, 0, "CLUSTER ADDSLOTS 0 16383", OK },
    { "addslots: one past the last",          alone, 0, "CLUSTER ADDSLOTS 0 16384", BAD_SLOT },
    { "addslots: negative",                   alone, 0, "CLUSTER ADDSLOTS -1", BAD_SLOT },
    { "addslots: a leading zero",             alone, 0, "CLUSTER ADDSLOTS 01", BAD_SLOT },
    { "addslots: mine already",               owner, 0, "CLUSTER ADDSLOTS 99 98", "-ERR Slot 98 is already busy" },
    { "addslots: another's",                  owner, 0, "CLUSTER ADDSLOTS 199", "-ERR Slot 199 is already busy" },
    { "addslots: the next after another's",   owner, 0, "CLUSTER ADDSLOTS 200", OK },
    { "addslots: twice in one call",          alone, 0, "CLUSTER ADDSLOTS 7 7", "-ERR Slot 7 specified multiple times" },
    { "addslots: numbers before owners",      owner, 0, "CLUSTER ADDSLOTS 98 x", BAD_SLOT },
    { "addslots: all or nothing",             owner, 0, "CLUSTER ADDSLOTS 99 98; CLUSTER ADDSLOTS 99", OK },
    { "addslots: a replica may",              replica, 0, "CLUSTER ADDSLOTS 99", OK },
    { "addslotsrange: odd bounds",            alone, 0, "CLUSTER ADDSLOTSRANGE 1 2 3", ARITY("cluster|addslotsrange") },
    { "addslotsrange: one slot",              alone, 0, "CLUSTER ADDSLOTSRANGE 3 3", OK },
    { "addslotsrange: turned round",          alone, 0, "CLUSTER ADDSLOTSRANGE 4 3", "-ERR start slot number 4 is greater than end slot number 3" },
    { "addslotsrange: ranges that touch",     alone, 0, "CLUSTER ADDSLOTSRANGE 1 3 4 5", OK },
    { "addslotsrange: ranges that overlap",   alone, 0, "CLUSTER ADDSLOTSRANGE 1 3 3 5", "-ERR Slot 3 specified multiple times" },
    { "addslotsrange: owners before the next range's numbers", owner, 0, "CLUSTER ADDSLOTSRANGE 98 99 x 1", "-ERR Slot 98 is already busy" },
    { "delslots: mine",                       owner, 0, "CLUSTER DELSLOTS 98", OK },
    { "delslots: another's",                  owner, 0, "CLUSTER DELSLOTS 100", OK },
    { "delslots: nobody's",                   owner, 0, "CLUSTER DELSLOTS 99", "-ERR Slot 99 is already unassigned" },
    { "delslots: twice in one call",          owner, 0, "CLUSTER DELSLOTS 1 1", "-ERR Slot 1 specified multiple times" },
    { "delslotsrange: into nobody's",         owner, 0, "CLUSTER DELSLOTSRANGE 97 99", "-ERR Slot 99 is already unassigned" },
    { "delslotsrange: up to there",           owner, 0, "CLUSTER DELSLOTSRANGE 97 98", OK },
    { "delslotsrange: odd bounds",            owner, 0, "CLUSTER DELSLOTSRANGE 1 2 3", ARITY("cluster|delslotsrange") },
    { "flushslots: then they are free",       owner, 0, "CLUSTER FLUSHSLOTS; CLUSTER ADDSLOTSRANGE 0 98", OK },
    { "flushslots: with a key",               full, 7000, "SET foo bar; CLUSTER FLUSHSLOTS", "-ERR DB must be empty to perform CLUSTER FLUSHSLOTS." },
    { "flushslots: without",                  full, 7000, "SET foo bar; DEL foo; CLUSTER FLUSHSLOTS", OK },

    { "setslot: on a replica, before all",    replica, 0, "CLUSTER SETSLOT x y", "-ERR Please use SETSLOT only with masters." },
    { "setslot: the slot, before the action", owner, 0, "CLUSTER SETSLOT 16384 y", BAD_SLOT },
    { "setslot: no such action",              owner, 0, "CLUSTER SETSLOT 1 y", BAD_ACTION },
    { "setslot: migrating without a node",    owner, 0, "CLUSTER SETSLOT 1 MIGRATING", BAD_ACTION },
    { "setslot: stable with one",             owner, 0, "CLUSTER SETSLOT 1 STABLE " B, BAD_ACTION },
    { "setslot: stable",                      owner, 0, "CLUSTER SETSLOT 1 stable", OK },
    { "setslot: migrating, mine",             owner, 0, "CLUSTER SETSLOT 98 migrating " B, OK },
    { "setslot: migrating, nobody's",         owner, 0, "CLUSTER SETSLOT 99 MIGRATING " E, "-ERR I'm not the owner of hash slot 99" },
    { "setslot: migrating to a stranger",     owner, 0, "CLUSTER SETSLOT 98 MIGRATING " E, "-ERR I don't know about node " E },
    { "setslot: migrating to a replica",      owner, 0, "CLUSTER SETSLOT 98 MIGRATING " D, NO_MASTER },
    { "setslot: migrating to myself",         owner, 0, "CLUSTER SETSLOT 98 MIGRATING " A, OK },
    { "setslot: importing, mine",             owner, 0, "CLUSTER SETSLOT 98 IMPORTING " E, "-ERR I'm already the owner of hash slot 98" },
    { "setslot: importing, nobody's",         owner, 0, "CLUSTER SETSLOT 99 IMPORTING " B, OK },
    { "setslot: importing from a stranger",   owner, 0, "CLUSTER SETSLOT 99 IMPORTING x", "-ERR I don't know about node x" },
    { "setslot: importing from a replica",    owner, 0, "CLUSTER SETSLOT 99 IMPORTING " D, NO_MASTER },
    { "setslot: node, a stranger",            owner, 0, "CLUSTER SETSLOT 98 NODE " E, "-ERR Unknown node " E },
    { "setslot: node, a replica",             owner, 0, "CLUSTER SETSLOT 98 NODE " D, NO_MASTER },
    { "setslot: node",                        owner, 0, "CLUSTER SETSLOT 98 NODE " B, OK },
    { "setslot: node, while it has keys",     rich, 7000, "SET foo bar; CLUSTER SETSLOT 12182 NODE " C, "-ERR Can't assign hashslot 12182 to a different node while I still hold keys for this hash slot." },
    { "setslot: node, myself, keys or not",   rich, 7000, "SET foo bar; CLUSTER SETSLOT 12182 NODE " A, OK },
    { "setslot: node, once they are gone",    rich, 7000, "SET foo bar; DEL foo; CLUSTER SETSLOT 12182 NODE " C, OK },

    { "keyslot: with a tag",                  alone, 0, "CLUSTER KEYSLOT foo{bar}x", ":5061" },
    { "countkeysinslot: none",                alone, 0, "CLUSTER COUNTKEYSINSLOT 16383", ":0" },
    { "countkeysinslot: no such slot",        alone, 0, "CLUSTER COUNTKEYSINSLOT 16384", "-ERR Invalid slot" },
    { "countkeysinslot: negative",            alone, 0, "CLUSTER COUNTKEYSINSLOT -1", "-ERR Invalid slot" },
    { "countkeysinslot: no number",           alone, 0, "CLUSTER COUNTKEYSINSLOT x", NO_INTEGER },
    { "countkeysinslot: one",                 full, 7000, "SET foo bar; CLUSTER COUNTKEYSINSLOT 12182", ":1" },
    { "getkeysinslot: no number",             alone, 0, "CLUSTER GETKEYSINSLOT x 1", NO_INTEGER },
    { "getkeysinslot: the count is none",     alone, 0, "CLUSTER GETKEYSINSLOT 16384 x", NO_INTEGER },
    { "getkeysinslot: no such slot",          alone, 0, "CLUSTER GETKEYSINSLOT 16384 1", "-ERR Invalid slot or number of keys" },
    { "getkeysinslot: less than none",        alone, 0, "CLUSTER GETKEYSINSLOT 1 -1", "-ERR Invalid slot or number of keys" },
    { "getkeysinslot: none",                  full, 7000, "SET foo bar; CLUSTER GETKEYSINSLOT 12182 0", "*0" },
    { "getkeysinslot: more than there are",   full, 7000, "SET foo bar; CLUSTER GETKEYSINSLOT 12182 9", "*1\r\n$3\r\nfoo" },
    { "getkeysinslot: the newest first",      full, 7000, "SET {foo}1 x; SET {foo}2 x; SET {foo}3 x; CLUSTER GETKEYSINSLOT 12182 2", "*2\r\n$6\r\n{foo}3\r\n$6\r\n{foo}2" },

    { "forget: a stranger",                   owner, 0, "CLUSTER FORGET " E, "-ERR Unknown node " E },
    { "forget: no id",                        owner, 0, "CLUSTER FORGET x", "-ERR Unknown node x" },
    { "forget: myself",                       owner, 0, "CLUSTER FORGET " A, "-ERR I tried hard but I can't forget myself..." },
    { "forget: my master",                    replica, 0, "CLUSTER FORGET " B, "-ERR Can't forget my master!" },
    { "forget: another master",               replica, 0, "CLUSTER FORGET " C, OK },
    { "forget: twice",                        replica, 0, "CLUSTER FORGET " C "; CLUSTER FORGET " C, "-ERR Unknown node " C },
    { "replicate: a stranger",                empty, 0, "CLUSTER REPLICATE " E, "-ERR Unknown node " E },
    { "replicate: myself",                    owner, 0, "CLUSTER REPLICATE " A, "-ERR Can't replicate myself" },
    { "replicate: a replica, before slots",   owner, 0, "CLUSTER REPLICATE " D, "-ERR I can only replicate a master, not a replica." },
    { "replicate: with slots",                owner, 0, "CLUSTER REPLICATE " B, NOT_EMPTY },
    { "replicate: with a key but no slots",   rich, 7000, "SET foo bar; CLUSTER DELSLOTSRANGE 0 16383; CLUSTER REPLICATE " C, NOT_EMPTY },
    { "replicate: without",                   empty, 0, "CLUSTER REPLICATE " B, OK },
    { "replicate: then no SETSLOT",           empty, 0, "CLUSTER REPLICATE " B "; CLUSTER SETSLOT 1 STABLE", "-ERR Please use SETSLOT only with masters." },
    { "replicate: a replica may switch",      replica, 0, "CLUSTER REPLICATE " C, OK },
    { "replicas: a stranger",                 owner, 0, "CLUSTER REPLICAS " E, "-ERR Unknown node " E },
    { "replicas: of a replica",               owner, 0, "CLUSTER SLAVES " D, "-ERR The specified node is not a master" },
    { "replicas: of a master without",        owner, 0, "CLUSTER SLAVES " C, "*0" },
    { "count-failure-reports: a stranger",    owner, 0, "CLUSTER COUNT-FAILURE-REPORTS " E, "-ERR Unknown node " E },
    { "count-failure-reports: none",          owner, 0, "CLUSTER COUNT-FAILURE-REPORTS " B, ":0" },

    { "failover: a bad word, before the role", owner, 0, "CLUSTER FAILOVER x", SYNTAX },
    { "failover: a master",                   owner, 0, "CLUSTER FAILOVER FORCE", "-ERR You should send CLUSTER FAILOVER to a replica" },
    { "failover: no master",                  orphan, 0, "CLUSTER FAILOVER TAKEOVER", "-ERR I'm a replica but my master is unknown to me" },
    { "failover: no link to the master yet",  replica, 0, "CLUSTER FAILOVER", MASTER_DOWN },
    { "failover: a link on its way will do",  replica, 300, "CLUSTER FAILOVER", OK },
    { "failover: the master failed",          bereft, 300, "CLUSTER FAILOVER", MASTER_DOWN },
    { "failover: forced",                     bereft, 0, "CLUSTER FAILOVER force", OK },
    { "failover: taken over",                 bereft, 0, "CLUSTER FAILOVER Takeover; CLUSTER FAILOVER", "-ERR You should send CLUSTER FAILOVER to a replica" },

    { "set-config-epoch: no number",          alone, 0, "CLUSTER SET-CONFIG-EPOCH x", NO_INTEGER },
    { "set-config-epoch: negative, before company", owner, 0, "CLUSTER SET-CONFIG-EPOCH -1", "-ERR Invalid config epoch specified: -1" },
    { "set-config-epoch: in company",         empty, 0, "CLUSTER SET-CONFIG-EPOCH 1", "-ERR The user can assign a config epoch only when the node does not know any other node." },
    { "set-config-epoch: a handshake is company", alone, 0, "CLUSTER MEET 10.0.0.9 1; CLUSTER SET-CONFIG-EPOCH 1", "-ERR The user can assign a config epoch only when the node does not know any other node." },
    { "set-config-epoch: 0 is as good as none", alone, 0, "CLUSTER SET-CONFIG-EPOCH 0; CLUSTER SET-CONFIG-EPOCH 3", OK },
    { "set-config-epoch: set already",        alone, 0, "CLUSTER SET-CONFIG-EPOCH 3; CLUSTER SET-CONFIG-EPOCH 3", "-ERR Node config epoch is already non-zero" },
    { "bumpepoch: the newest",                alone, 0, "CLUSTER BUMPEPOCH", "+BUMPED 1" },
    { "bumpepoch: is the newest",             alone, 0, "CLUSTER BUMPEPOCH; CLUSTER BUMPEPOCH", "+STILL 1" },
    { "bumpepoch: over the current epoch",    owner, 0, "CLUSTER BUMPEPOCH", "+BUMPED 6" },
    { "saveconfig",                           owner, 0, "CLUSTER SAVECONFIG", OK },
    { "myid",                                 owner, 0, "CLUSTER MYID", "$40\r\n" A },

    { "reset: a bad word",                    full, 0, "CLUSTER RESET x", SYNTAX },
    { "reset: a master with a key",           full, 7000, "SET foo bar; CLUSTER RESET", "-ERR CLUSTER RESET can't be called with master nodes containing keys" },
    { "reset: soft keeps the id",             owner, 0, "CLUSTER RESET soft; CLUSTER MYID", "$40\r\n" A },
    { "reset: and forgets the others",        owner, 0, "CLUSTER RESET; CLUSTER FORGET " B, "-ERR Unknown node " B },
    { "reset: hard forgets the id",           owner, 0, "CLUSTER RESET HARD; CLUSTER FORGET " A, "-ERR Unknown node " A },
    { "reset: a replica is a master then",    replica, 0, "CLUSTER RESET; CLUSTER FAILOVER", "-ERR You should send CLUSTER FAILOVER to a replica" },
};
/* clang-format on */

static void refusal_row(void **state)
{
    const struct row *row = *state;
    struct fixture *fixture = fixture_new(row->conf);
    pass(fixture, RCS_MS(row->pass_ms));
    const char *reply = "";
    for (const char *words = row->words; *words != '\0';) {
        char one[512];
        const char *end = strstr(words, "; ");
        size_t length = end == NULL ? strlen(words) : (size_t)(end - words);
        snprintf(one, sizeof(one), "%.*s", (int)length, words);
        reply = ask(fixture, one);
        words += length + (end == NULL ? 0 : 2);
    }
    char want[512];
    snprintf(want, sizeof(want), "%s\r\n", row->want);
    assert_string_equal(reply, want);
    fixture_free(fixture);
}

/* What `explain` names failover-is-master, failover-no-master and failover-master-down. */
static void a_refused_failover_records_why(void **state)
{
    (void)state;
    static const struct {
        const char *conf;
        enum rcs_fact_code cause;
    } refusals[] = {
        { owner, RCS_FACT_CAUSE_MF_IS_MASTER },
        { orphan, RCS_FACT_CAUSE_MF_NO_MASTER },
        { bereft, RCS_FACT_CAUSE_MF_MASTER_DOWN },
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct fixture *fixture = fixture_new(refusals[i].conf);
        fixture->effects.facts.causes = true;
        assert_int_equal(ask(fixture, "CLUSTER FAILOVER")[0], '-');
        assert_int_equal(fixture->cause, refusals[i].cause);
        fixture_free(fixture);
    }
}

/* --- what is shown ---------------------------------------------------------------------------- */

/* The text of a bulk or verbatim reply. */
static const char *text_of(const char *reply)
{
    const char *text = strchr(reply, '\n');
    assert_non_null(text);
    return *reply == '=' ? text + 5 : text + 1;
}

static void nodes_built_by_commands(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(alone);
    assert_string_equal(ask(fixture, "CLUSTER ADDSLOTSRANGE 0 5 8 8 16383 16383"), "+OK\r\n");
    assert_string_equal(ask(fixture, "CLUSTER SETSLOT 4 MIGRATING " A), "+OK\r\n");
    assert_string_equal(ask(fixture, "CLUSTER SETSLOT 9 IMPORTING " A), "+OK\r\n");
    assert_string_equal(ask(fixture, "CLUSTER SET-CONFIG-EPOCH 7"), "+OK\r\n");
    assert_string_equal(text_of(ask(fixture, "CLUSTER NODES")), A
                        " 127.0.0.1:6379@16379 myself,master - 0 0 7 connected 0-5 8 16383 [4->-" A
                        "] [9-<-" A "]\n\r\n");
    /* A node in handshake goes by a random name. */
    assert_string_equal(ask(fixture, "CLUSTER MEET 10.0.0.9 7000"), "+OK\r\n");
    const char *text = text_of(ask(fixture, "CLUSTER NODES"));
    const char *second = strchr(text, '\n') + 1;
    assert_string_equal(second + RCS_ID_LEN,
                        " 10.0.0.9:7000@17000 handshake - 0 0 0 disconnected\n\r\n");
    char forget[80];
    snprintf(forget, sizeof(forget), "CLUSTER FORGET %.40s", second);
    assert_string_equal(ask(fixture, forget), "+OK\r\n");
    text = text_of(ask(fixture, "CLUSTER NODES"));
    assert_string_equal(strchr(text, '\n'), "\n\r\n");
    fixture_free(fixture);
}

static void nodes_of_others(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(owner);
    assert_string_equal(text_of(ask(fixture, "CLUSTER NODES")),
                        A " 127.0.0.1:6379@16379 myself,master - 0 0 1 connected 0-98 16383\n" B
                          " 127.0.0.2:6379@16379 master - 0 0 2 disconnected 100-199\n" C
                          " 127.0.0.3:6379@16379 master - 0 0 3 disconnected\n" D
                          " 127.0.0.4:6379@16379,host-d slave " B " 0 0 2 disconnected\n\r\n");
    assert_string_equal(ask(fixture, "CLUSTER REPLICAS " B),
                        "*1\r\n$134\r\n" D " 127.0.0.4:6379@16379,host-d slave " B
                        " 0 0 2 disconnected\r\n");
    fixture_free(fixture);
}

/* Whatever becomes of a slot by ADDSLOTS or DELSLOTS, its import is over. */
static void imports_end(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(owner);
    assert_string_equal(ask(fixture, "CLUSTER SETSLOT 100 IMPORTING " B), "+OK\r\n");
    assert_string_equal(ask(fixture, "CLUSTER SETSLOT 99 IMPORTING " B), "+OK\r\n");
    assert_non_null(strstr(ask(fixture, "CLUSTER NODES"), "[99-<-" B "] [100-<-" B "]"));
    assert_string_equal(ask(fixture, "CLUSTER DELSLOTS 100"), "+OK\r\n");
    assert_non_null(strstr(ask(fixture, "CLUSTER NODES"), "0-98 16383 [99-<-" B "]\n"));
    assert_string_equal(ask(fixture, "CLUSTER ADDSLOTS 99"), "+OK\r\n");
    assert_non_null(strstr(ask(fixture, "CLUSTER NODES"), "0-99 16383\n"));
    fixture_free(fixture);
}

/* FLUSHSLOTS takes the slots only. */
static void imports_outlast_flushslots(void **state)
{
    (void)state;
    struct fixture *fixture =
        fixture_new(MYSELF("master - 0 0 1 connected 0-98 [5-<-" B "] [7->-" B "]\n") OTHERS);
    assert_string_equal(ask(fixture, "CLUSTER FLUSHSLOTS"), "+OK\r\n");
    assert_non_null(
        strstr(ask(fixture, "CLUSTER NODES"), " 1 connected [5-<-" B "] [7->-" B "]\n"));
    fixture_free(fixture);
}

/* However it is spelt, an address is met in its normal form, and once. */
static void meet_takes_any_spelling_of_an_address(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(alone);
    assert_string_equal(ask(fixture, "CLUSTER MEET FE80:0:0::A 7000"), "+OK\r\n");
    assert_string_equal(ask(fixture, "CLUSTER MEET fe80:0000::a 7000"), "+OK\r\n");
    const char *nodes = ask(fixture, "CLUSTER NODES");
    const char *met = strstr(nodes, " fe80::a:7000@17000 handshake");
    assert_non_null(met);
    assert_null(strstr(met + strlen(" fe80::a:7000@17000 handshake"), "handshake"));
    fixture_free(fixture);
}

static void info_at_the_start(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(bereft);
    assert_string_equal(text_of(ask(fixture, "CLUSTER INFO")),
                        "cluster_state:fail\r\n"
                        "cluster_slots_assigned:200\r\n"
                        "cluster_slots_ok:100\r\n"
                        "cluster_slots_pfail:0\r\n"
                        "cluster_slots_fail:100\r\n"
                        "cluster_known_nodes:5\r\n"
                        "cluster_size:1\r\n"
                        "cluster_current_epoch:5\r\n"
                        "cluster_my_epoch:4\r\n"
                        "cluster_stats_messages_sent:0\r\n"
                        "cluster_stats_messages_received:0\r\n"
                        "total_cluster_links_buffer_limit_exceeded:0\r\n\r\n");
    fixture_free(fixture);
}

static void info_alone_and_ok(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(full);
    pass(fixture, RCS_MS(7000));
    const char *text = text_of(ask(fixture, "CLUSTER INFO"));
    assert_string_equal(text, "cluster_state:ok\r\n"
                              "cluster_slots_assigned:16384\r\n"
                              "cluster_slots_ok:16384\r\n"
                              "cluster_slots_pfail:0\r\n"
                              "cluster_slots_fail:0\r\n"
                              "cluster_known_nodes:1\r\n"
                              "cluster_size:1\r\n"
                              "cluster_current_epoch:1\r\n"
                              "cluster_my_epoch:1\r\n"
                              "cluster_stats_messages_sent:0\r\n"
                              "cluster_stats_messages_received:0\r\n"
                              "total_cluster_links_buffer_limit_exceeded:0\r\n\r\n");
    fixture_free(fixture);
}

#define BULK_9(ip) "$9\r\n" ip "\r\n"
#define ID(id)     "$40\r\n" id "\r\n"

static void slots(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(alone);
    assert_string_equal(ask(fixture, "CLUSTER SLOTS"), "*0\r\n");
    fixture_free(fixture);

    /* D's offset is not known yet: it is not shown. */
    fixture = fixture_new(owner);
    assert_string_equal(ask(fixture, "CLUSTER SLOTS"),
                        "*3\r\n"
                        "*3\r\n:0\r\n:98\r\n*4\r\n" BULK_9("127.0.0.1") ":6379\r\n" ID(
                            A) "*0\r\n"
                               "*3\r\n:100\r\n:199\r\n*4\r\n" BULK_9("127.0.0.2") ":6379\r\n" ID(
                                   B) "*0\r\n"
                                      "*3\r\n:16383\r\n:16383\r\n*4\r\n" BULK_9(
                                          "127.0.0.1") ":6379\r\n" ID(A) "*0\r\n");
    fixture_free(fixture);
}

/* clang-format off */
#define OLD(n)  " *2 $9 127.0.0." n " :6379"
#define NAMED(n, id) " *3 $9 127.0.0." n " :6379 $40 " id
#define TOLD(n, id)  " *4 $9 127.0.0." n " :6379 $40 " id " *0"
static const struct { const char *release, *want; } slots_rows[] = {
    /* without ids, by nodes; D is shown though its offset is not known */
    { "3.0", "*3 *3 :0 :98" OLD("1") " *3 :16383 :16383" OLD("1") " *4 :100 :199" OLD("2") OLD("4") " " },
    { "6.0", "*3 *3 :0 :98" NAMED("1", A) " *3 :16383 :16383" NAMED("1", A) " *4 :100 :199" NAMED("2", B) NAMED("4", D) " " },
    /* by slots */
    { "6.2", "*3 *3 :0 :98" NAMED("1", A) " *4 :100 :199" NAMED("2", B) NAMED("4", D) " *3 :16383 :16383" NAMED("1", A) " " },
    /* with metadata, and D is not shown */
    { "7.0", "*3 *3 :0 :98" TOLD("1", A) " *3 :100 :199" TOLD("2", B) " *3 :16383 :16383" TOLD("1", A) " " },
};
/* clang-format on */

static void slots_of_each_release(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(slots_rows) / sizeof(slots_rows[0]); i++) {
        struct fixture *fixture = fixture_new_as(slots_rows[i].release, owner);
        char flat[1024], *out = flat;
        for (const char *at = ask(fixture, "CLUSTER SLOTS"); *at != '\0'; at++) {
            if (*at != '\r') {
                *out++ = *at == '\n' ? ' ' : *at;
            }
        }
        *out = '\0';
        assert_string_equal(flat, slots_rows[i].want);
        fixture_free(fixture);
    }
}

/* The pings of the first tick are out, though nobody listens. */
static void info_of_each_release(void **state)
{
    (void)state;
    static const struct {
        const char *release, *tail;
    } tails[] = {
        { "3.0", "cluster_stats_messages_sent:3\r\ncluster_stats_messages_received:0\r\n\r\n" },
        { "4.0", "cluster_stats_messages_ping_sent:3\r\ncluster_stats_messages_sent:3\r\n"
                 "cluster_stats_messages_received:0\r\n\r\n" },
        { "6.2", "cluster_stats_messages_ping_sent:3\r\ncluster_stats_messages_sent:3\r\ncluster_"
                 "stats_messages_received:0\r\n\r\n" },
        { "7.0", "cluster_stats_messages_ping_sent:3\r\ncluster_stats_messages_sent:3\r\ncluster_"
                 "stats_messages_received:0\r\n"
                 "total_cluster_links_buffer_limit_exceeded:0\r\n\r\n" },
    };
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        struct fixture *fixture = fixture_new_as(tails[i].release, owner);
        pass(fixture, RCS_MS(50));
        const char *tail = strstr(ask(fixture, "CLUSTER INFO"), "cluster_stats_messages_");
        assert_non_null(tail);
        assert_string_equal(tail, tails[i].tail);
        fixture_free(fixture);
    }
}

static void setslot_names_masters_only_since_7_0(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new_as("6.2", owner);
    assert_string_equal(ask(fixture, "CLUSTER SETSLOT 0 MIGRATING " D), "+OK\r\n");
    fixture_free(fixture);
    fixture = fixture_new(owner);
    assert_string_equal(ask(fixture, "CLUSTER SETSLOT 0 MIGRATING " D),
                        "-ERR Target node is not a master\r\n");
    fixture_free(fixture);
}

/* PFAIL is no reason to refuse; the link is on its way. */
static void a_suspected_master_may_be_replaced_by_order(void **state)
{
    (void)state;
    struct fixture *fixture =
        fixture_new(MYSELF("slave " E " 0 0 0 connected\n") E
                    " 127.0.0.5:6379@16379 master,fail? - 1 1 4 disconnected 200-299\n" OTHERS);
    pass(fixture, RCS_MS(300));
    assert_string_equal(ask(fixture, "CLUSTER FAILOVER"), "+OK\r\n");
    fixture_free(fixture);
}

/* What is not the endpoint moves to the metadata, a map in RESP3. */
static void slots_by_endpoint(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(full);
    ask(fixture, "HELLO 3");
    assert_string_equal(ask(fixture, "CLUSTER SLOTS"), "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n" BULK_9(
                                                           "127.0.0.1") ":6379\r\n" ID(A) "%0\r\n");
    assert_string_equal(ask(fixture, "CONFIG SET cluster-preferred-endpoint-type unknown-endpoint"),
                        "+OK\r\n");
    assert_string_equal(ask(fixture, "CLUSTER SLOTS"),
                        "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n_\r\n:6379\r\n" ID(
                            A) "%1\r\n$2\r\nip\r\n" BULK_9("127.0.0.1"));
    assert_string_equal(ask(fixture, "CONFIG SET cluster-preferred-endpoint-type hostname"),
                        "+OK\r\n");
    assert_string_equal(ask(fixture, "CLUSTER SLOTS"),
                        "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$1\r\n?\r\n:6379\r\n" ID(
                            A) "%1\r\n$2\r\nip\r\n" BULK_9("127.0.0.1"));
    fixture_free(fixture);
}

/* clang-format off */
/* id and port, then ip and endpoint. */
#define SHARD_NODE(id, ip) \
    "$2\r\nid\r\n" ID(id) "$4\r\nport\r\n:6379\r\n" \
    "$2\r\nip\r\n" BULK_9(ip) "$8\r\nendpoint\r\n" BULK_9(ip)
#define SHARD_ROLE(role, health) \
    "$4\r\nrole\r\n" role "$18\r\nreplication-offset\r\n:0\r\n$6\r\nhealth\r\n" health
#define MASTER_ONLINE   SHARD_ROLE("$6\r\nmaster\r\n", "$6\r\nonline\r\n")
#define REPLICA_LOADING SHARD_ROLE("$7\r\nreplica\r\n", "$7\r\nloading\r\n")
#define SHARD_SLOTS     "*4\r\n$5\r\nslots\r\n"
#define SHARD_NODES     "$5\r\nnodes\r\n"

static void shards(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(owner);
    assert_string_equal(
        ask(fixture, "CLUSTER SHARDS"),
        "*3\r\n"
        SHARD_SLOTS "*4\r\n:0\r\n:98\r\n:16383\r\n:16383\r\n" SHARD_NODES "*1\r\n"
            "*14\r\n" SHARD_NODE(A, "127.0.0.1") MASTER_ONLINE
        SHARD_SLOTS "*2\r\n:100\r\n:199\r\n" SHARD_NODES "*2\r\n"
            "*14\r\n" SHARD_NODE(B, "127.0.0.2") MASTER_ONLINE
            "*16\r\n" SHARD_NODE(D, "127.0.0.4") "$8\r\nhostname\r\n$6\r\nhost-d\r\n" REPLICA_LOADING
        SHARD_SLOTS "*0\r\n" SHARD_NODES "*1\r\n"
            "*14\r\n" SHARD_NODE(C, "127.0.0.3") MASTER_ONLINE);
    fixture_free(fixture);

    fixture = fixture_new(alone);
    ask(fixture, "HELLO 3");
    assert_string_equal(
        ask(fixture, "CLUSTER SHARDS"),
        "*1\r\n%2\r\n$5\r\nslots\r\n*0\r\n" SHARD_NODES "*1\r\n"
        "%7\r\n" SHARD_NODE(A, "127.0.0.1") MASTER_ONLINE);
    fixture_free(fixture);
}
/* clang-format on */

static void links(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(owner);
    assert_string_equal(ask(fixture, "CLUSTER LINKS"), "*0\r\n");
    pass(fixture, RCS_MS(300)); /* a tick: links are on their way to B, C and D */
    const char *reply = ask(fixture, "CLUSTER LINKS");
    assert_memory_equal(reply,
                        "*3\r\n*12\r\n$9\r\ndirection\r\n$2\r\nto\r\n$4\r\nnode\r\n" ID(
                            B) "$11\r\ncreate-time\r\n:17000000",
                        4 + 5 + 15 + 8 + 10 + 47 + 18 + 9);
    assert_non_null(strstr(reply, "$6\r\nevents\r\n$0\r\n\r\n$21\r\nsend-buffer-allocated\r\n:0\r\n"
                                  "$16\r\nsend-buffer-used\r\n:0\r\n"));
    ask(fixture, "HELLO 3");
    reply = ask(fixture, "CLUSTER LINKS");
    assert_memory_equal(reply, "*3\r\n%6\r\n", 8);
    fixture_free(fixture);
}

static void verbatim_in_resp3(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(alone);
    ask(fixture, "HELLO 3");
    assert_memory_equal(ask(fixture, "CLUSTER NODES"), "=98\r\ntxt:" A, 5 + 4 + 40);
    assert_int_equal(*ask(fixture, "CLUSTER INFO"), '=');
    assert_memory_equal(ask(fixture, "CLUSTER MYID"), "$40\r\n" A, 5 + 40);
    fixture_free(fixture);
}

static void help(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(alone);
    const char *reply = ask(fixture, "CLUSTER HELP");
    assert_int_equal(*reply, '*');
    /* Each subcommand has its line; SLAVES is the old name of REPLICAS. */
    for (const struct rcs_command *row = rcs_cluster_commands[0].subcommands; row->name != NULL;
         row++) {
        char line[40] = "\r\n+";
        const char *name = row->name;
        for (size_t j = 0; name[j] != '\0'; j++) {
            line[3 + j] = (char)(name[j] >= 'a' && name[j] <= 'z' ? name[j] - 32 : name[j]);
            line[4 + j] = '\0';
        }
        if (strcmp(name, "myshardid") == 0) { /* 7.2 */
            assert_null(strstr(reply, line));
        } else if (strcmp(name, "slaves") != 0) {
            assert_non_null(strstr(reply, line));
        }
    }
    fixture_free(fixture);
}

int main(void)
{
    static const struct CMUnitTest views[] = {
        cmocka_unit_test(nodes_built_by_commands),
        cmocka_unit_test(nodes_of_others),
        cmocka_unit_test(imports_end),
        cmocka_unit_test(imports_outlast_flushslots),
        cmocka_unit_test(meet_takes_any_spelling_of_an_address),
        cmocka_unit_test(info_at_the_start),
        cmocka_unit_test(a_refused_failover_records_why),
        cmocka_unit_test(info_alone_and_ok),
        cmocka_unit_test(slots),
        cmocka_unit_test(slots_by_endpoint),
        cmocka_unit_test(slots_of_each_release),
        cmocka_unit_test(info_of_each_release),
        cmocka_unit_test(setslot_names_masters_only_since_7_0),
        cmocka_unit_test(a_suspected_master_may_be_replaced_by_order),
        cmocka_unit_test(shards),
        cmocka_unit_test(links),
        cmocka_unit_test(verbatim_in_resp3),
        cmocka_unit_test(help),
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]), VIEWS = sizeof(views) / sizeof(views[0]) };
    struct CMUnitTest tests[ROWS + VIEWS];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = refusal_row,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    memcpy(tests + ROWS, views, sizeof(views));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
