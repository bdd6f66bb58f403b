/* What a node of each release answers: a row asks one release one thing. Texts are those of the
 * release's own source. */
#include "tests/support/repl_lab.h"

#include <stdio.h>

static const char *const from_disk[] = { "repl-diskless-sync", "no", NULL };

struct row {
    const char *name;
    const char *release;
    const char *ask;  /* lines: asked one after the other, the last reply counts */
    const char *want; /* the whole reply; after *~ what stands somewhere in it, after ! what
                         does not */
};

static void check(const char *reply, const char *want)
{
    if (want[0] == '*' && want[1] == '~') {
        if (strstr(reply, want + 2) == NULL) {
            fail_msg("no \"%s\" in: %s", want + 2, reply);
        }
    } else if (want[0] == '!') {
        if (strstr(reply, want + 1) != NULL) {
            fail_msg("\"%s\" in: %s", want + 1, reply);
        }
    } else {
        assert_string_equal(reply, want);
    }
}

static const char *ask_all(struct lab *lab, unsigned index, const char *lines)
{
    const char *reply = "";
    char line[256];
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        assert_true(length < sizeof(line));
        memcpy(line, lines, length);
        line[length] = '\0';
        reply = lab_ask(lab, index, line);
        lines += length + (lines[length] != '\0');
    }
    return reply;
}

static void answer(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, from_disk);
    check(ask_all(lab, 0, row->ask), row->want);
    lab_free(lab);
}

/* clang-format off */
static const struct row answers[] = {
    /* --- unknown commands and subcommands --- */
    { "unknown command: 3.0 names it", "3.0", "NOSUCH a b", "-ERR unknown command 'NOSUCH'\r\n" },
    { "unknown command: 4.0 quotes it backwards", "4.0", "NOSUCH a b", "-ERR unknown command `NOSUCH`, with args beginning with: `a`, `b`, \r\n" },
    { "unknown command: 6.2 quotes it backwards", "6.2", "NOSUCH a b", "-ERR unknown command `NOSUCH`, with args beginning with: `a`, `b`, \r\n" },
    { "unknown command: 7.0 quotes it", "7.0", "NOSUCH a b", "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' \r\n" },
    { "unknown command: valkey-8.0 as 7.0", "valkey-8.0", "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: \r\n" },
    { "unknown subcommand: 4.0 of CLUSTER", "4.0", "CLUSTER NOSUCH", "-ERR Wrong CLUSTER subcommand or number of arguments\r\n" },
    { "unknown subcommand: 5.0 of CLUSTER", "5.0", "CLUSTER NOSUCH", "-ERR Unknown subcommand or wrong number of arguments for 'NOSUCH'. Try CLUSTER HELP.\r\n" },
    { "unknown subcommand: 7.0 of CLUSTER", "7.0", "CLUSTER NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.\r\n" },
    { "unknown subcommand: 3.0 of CLIENT", "3.0", "CLIENT NOSUCH", "-ERR Syntax error, try CLIENT (LIST | KILL ip:port | GETNAME | SETNAME connection-name)\r\n" },
    { "unknown subcommand: 6.0 of CLIENT, no full stop", "6.0", "CLIENT NOSUCH", "-ERR Unknown subcommand or wrong number of arguments for 'NOSUCH'. Try CLIENT HELP\r\n" },
    { "unknown subcommand: 6.2 of CLIENT", "6.2", "CLIENT NOSUCH", "-ERR Unknown subcommand or wrong number of arguments for 'NOSUCH'. Try CLIENT HELP.\r\n" },
    { "unknown subcommand: 4.0 of CONFIG", "4.0", "CONFIG NOSUCH x", "-ERR CONFIG subcommand must be one of GET, SET, RESETSTAT, REWRITE\r\n" },
    { "arity of a subcommand: 6.2 does not know it then", "6.2", "CLUSTER KEYSLOT", "-ERR Unknown subcommand or wrong number of arguments for 'KEYSLOT'. Try CLUSTER HELP.\r\n" },
    { "arity of a subcommand: 7.0 counts", "7.0", "CLUSTER KEYSLOT", "-ERR wrong number of arguments for 'cluster|keyslot' command\r\n" },
    /* --- commands by release --- */
    { "since 6.0: HELLO", "5.0", "HELLO", "-ERR unknown command `HELLO`, with args beginning with: \r\n" },
    { "since 6.0: HELLO is there", "6.0", "HELLO 3", "*~proto" },
    { "since 6.2: COPY", "6.0", "COPY a b", "*~unknown command `COPY`" },
    { "since 6.2: GETEX", "6.0", "GETEX a", "*~unknown command `GETEX`" },
    { "since 6.2: RESET", "6.0", "RESET", "*~unknown command `RESET`" },
    { "since 6.2: RESET is there", "6.2", "RESET", "+RESET\r\n" },
    { "since 7.0: CLUSTER SHARDS", "6.2", "CLUSTER SHARDS", "*~Unknown subcommand" },
    { "since 7.0: CLUSTER LINKS", "6.2", "CLUSTER LINKS", "*~Unknown subcommand" },
    { "since 7.0: SPUBLISH", "6.2", "SPUBLISH c m", "*~unknown command `SPUBLISH`" },
    { "since 7.0: EXPIRETIME", "6.2", "EXPIRETIME a", "*~unknown command `EXPIRETIME`" },
    { "words: 3.0 saves no dump while a file is rewritten", "3.0", "BGREWRITEAOF\nBGSAVE", "-ERR Can't BGSAVE while AOF log rewriting is in progress\r\n" },
    { "words: 4.0 tells of SCHEDULE", "4.0", "BGREWRITEAOF\nBGSAVE", "-ERR An AOF log rewriting in progress: can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.\r\n" },
    { "words: 6.0 speaks of a child", "6.0", "BGREWRITEAOF\nBGSAVE", "-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.\r\n" },
    { "since 5.0: CLUSTER REPLICAS", "4.0", "CLUSTER REPLICAS x", "-ERR Wrong CLUSTER subcommand or number of arguments\r\n" },
    { "since 5.0: CLIENT ID", "4.0", "CLIENT ID", "-ERR Syntax error, try CLIENT (LIST | KILL | GETNAME | SETNAME | PAUSE | REPLY)\r\n" },
    { "since 5.0: REPLICAOF", "4.0", "REPLICAOF no one", "*~unknown command `REPLICAOF`" },
    { "since 7.0: CLUSTER ADDSLOTSRANGE", "6.2", "CLUSTER ADDSLOTSRANGE 1 2", "*~Unknown subcommand" },
    { "since 7.0: CLUSTER DELSLOTSRANGE", "6.2", "CLUSTER DELSLOTSRANGE 1 2", "*~Unknown subcommand" },
    { "since 7.0: PEXPIRETIME", "6.2", "PEXPIRETIME a", "*~unknown command `PEXPIRETIME`" },
    { "since 7.0: SSUBSCRIBE", "6.2", "SSUBSCRIBE c", "*~unknown command `SSUBSCRIBE`" },
    { "since 7.0: SUNSUBSCRIBE", "6.2", "SUNSUBSCRIBE c", "*~unknown command `SUNSUBSCRIBE`" },
    { "since 7.0: COMMAND LIST", "6.2", "COMMAND LIST", "*~Unknown subcommand" },
    { "since 7.0: CLIENT NO-EVICT", "6.2", "CLIENT NO-EVICT on", "*~Unknown subcommand" },
    { "since 7.0: PUBSUB SHARDCHANNELS", "6.2", "PUBSUB SHARDCHANNELS", "*~Unknown subcommand" },
    { "since 7.0: PUBSUB SHARDNUMSUB", "6.2", "PUBSUB SHARDNUMSUB", "*~Unknown subcommand" },
    { "since 7.2: RESET ends NO-EVICT, not in 7.0", "7.0", "CLIENT NO-EVICT on\nRESET\nCLIENT INFO", "*~ flags=e " },
    { "since 7.2: RESET ends NO-EVICT", "7.2", "CLIENT NO-EVICT on\nRESET\nCLIENT INFO", "*~ flags=N " },
    { "since 6.2: CLIENT UNPAUSE", "6.0", "CLIENT UNPAUSE", "*~Unknown subcommand" },
    { "since 6.2: CLIENT INFO", "6.0", "CLIENT INFO", "*~Unknown subcommand" },
    { "since 6.2: FAILOVER", "6.0", "FAILOVER", "*~unknown command `FAILOVER`" },
    { "since 6.2: GETDEL", "6.0", "GETDEL a", "*~unknown command `GETDEL`" },
    { "since 5.0: CLIENT UNBLOCK", "4.0", "CLIENT UNBLOCK 1", "-ERR Syntax error, try CLIENT (LIST | KILL | GETNAME | SETNAME | PAUSE | REPLY)\r\n" },
    { "since 5.0: CLUSTER HELP", "4.0", "CLUSTER HELP", "-ERR Wrong CLUSTER subcommand or number of arguments\r\n" },
    { "since 4.0: SWAPDB", "3.0", "SWAPDB 0 1", "-ERR unknown command 'SWAPDB'\r\n" },
    { "since 4.0: TOUCH", "3.0", "TOUCH a", "-ERR unknown command 'TOUCH'\r\n" },
    { "since 4.0: CLIENT REPLY", "3.0", "CLIENT REPLY on", "-ERR Syntax error, try CLIENT (LIST | KILL ip:port | GETNAME | SETNAME connection-name)\r\n" },
    { "unknown subcommand: 4.0 of COMMAND", "4.0", "COMMAND NOSUCH", "-ERR Unknown subcommand or wrong number of arguments.\r\n" },
    { "unknown subcommand: 3.0 of OBJECT", "3.0", "OBJECT NOSUCH a", "-ERR Syntax error. Try OBJECT (refcount|encoding|idletime)\r\n" },
    { "unknown subcommand: 4.0 of OBJECT", "4.0", "OBJECT NOSUCH a", "-ERR Unknown subcommand or wrong number of arguments for 'NOSUCH'. Try OBJECT help\r\n" },
    { "unknown subcommand: 4.0 of PUBSUB", "4.0", "PUBSUB NOSUCH", "-ERR Unknown PUBSUB subcommand or wrong number of arguments for 'NOSUCH'\r\n" },
    { "words: 5.0's password", "5.0", "CONFIG SET requirepass x\nAUTH y", "-ERR invalid password\r\n" },
    { "words: 6.0's password", "6.0", "CONFIG SET requirepass x\nAUTH y", "-WRONGPASS invalid username-password pair\r\n" },
    { "words: 6.2's password", "6.2", "CONFIG SET requirepass x\nAUTH y", "-WRONGPASS invalid username-password pair or user is disabled.\r\n" },
    { "since 4.0: UNLINK", "3.0", "UNLINK a", "-ERR unknown command 'UNLINK'\r\n" },
    { "since 7.2: CLUSTER MYSHARDID", "7.0", "CLUSTER MYSHARDID", "*~unknown subcommand 'MYSHARDID'" },
    { "since 7.2: CLUSTER MYSHARDID is there", "7.2", "CLUSTER MYSHARDID", "*~$40\r\n" },
    /* --- options by release --- */
    { "option: 5.0 has one password only", "5.0", "AUTH a b", "-ERR wrong number of arguments for 'auth' command\r\n" },
    { "option: 6.2 knows one INFO section", "6.2", "INFO server clients", "-ERR syntax error\r\n" },
    { "option: 6.0 pauses all clients only", "6.0", "CLIENT PAUSE 1 WRITE", "*~Unknown subcommand" },
    { "option: COMMAND INFO may ask for several before 7.0", "6.2", "COMMAND INFO get set", "!syntax" },
    /* --- error texts --- */
    { "words: 5.0 has no password", "5.0", "AUTH x", "-ERR Client sent AUTH, but no password is set\r\n" },
    { "words: 6.0 has no password for its default user", "6.0", "AUTH x", "*~AUTH <password> called without any password configured for the default user" },
    { "words: 4.0 sends FAILOVER to a slave", "4.0", "CLUSTER FAILOVER", "-ERR You should send CLUSTER FAILOVER to a slave\r\n" },
    { "words: 5.0 sends FAILOVER to a replica", "5.0", "CLUSTER FAILOVER", "-ERR You should send CLUSTER FAILOVER to a replica\r\n" },
    { "words: 4.0 has SLAVEOF", "4.0", "SLAVEOF no one", "-ERR SLAVEOF not allowed in cluster mode.\r\n" },
    { "words: 5.0 has REPLICAOF", "5.0", "SLAVEOF no one", "-ERR REPLICAOF not allowed in cluster mode.\r\n" },
    { "words: 4.0's CONFIG SET knows no such name", "4.0", "CONFIG SET nosuch x", "-ERR Unsupported CONFIG parameter: nosuch\r\n" },
    { "words: 5.0's CONFIG SET refuses a value", "5.0", "CONFIG SET repl-timeout x", "-ERR Invalid argument 'x' for CONFIG SET 'repl-timeout'\r\n" },
    { "words: 6.2's CONFIG SET says why", "6.2", "CONFIG SET repl-timeout x", "-ERR Invalid argument 'x' for CONFIG SET 'repl-timeout' - argument couldn't be parsed into an integer\r\n" },
    { "words: 7.0's CONFIG SET says why", "7.0", "CONFIG SET repl-timeout x", "*~CONFIG SET failed (possibly related to argument 'repl-timeout')" },
    /* --- INFO --- */
    { "info: 3.0 calls itself so", "3.0", "INFO server", "*~redis_version:3.0.7\r\n" },
    { "info: valkey-8.0 calls itself 7.2.4", "valkey-8.0", "INFO server", "*~redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n" },
    { "info: 3.0 has no replication id", "3.0", "INFO replication", "!master_replid" },
    { "info: 4.0 has two", "4.0", "INFO replication", "*~master_replid2:" },
    { "info: 6.0 knows no failover state", "6.0", "INFO replication", "!master_failover_state" },
    { "info: 6.2 does", "6.2", "INFO replication", "*~master_failover_state:no-failover" },
    { "info: 6.2 loads in the foreground", "6.2", "INFO persistence", "!async_loading" },
    { "info: 5.0 has no section of modules", "5.0", "INFO", "!# Modules" },
    { "info: 6.0 has one", "6.0", "INFO", "*~# Modules\r\n" },
    { "info: 4.0 has one hz", "4.0", "INFO server", "!configured_hz" },
    /* --- COMMAND, CLIENT LIST, HELLO --- */
    { "command: six words in 5.0", "5.0", "COMMAND INFO get", "*1\r\n*6\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n" },
    { "command: seven in 6.2", "6.2", "COMMAND INFO get", "*1\r\n*7\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n+@string\r\n+@fast\r\n" },
    { "command: ten in 7.0", "7.0", "COMMAND INFO get", "*~*10\r\n$3\r\nget\r\n" },
    { "command: 6.0 does not tell of COPY", "6.0", "COMMAND INFO copy", "*~*1\r\n" },
    { "client list: 6.0 does not say where it listens", "6.0", "CLIENT LIST", "! laddr=" },
    { "client list: 6.2 says it", "6.2", "CLIENT LIST", "*~ laddr=" },
    { "client list: 5.0 has no users", "5.0", "CLIENT LIST", "! user=" },
    { "client list: 7.0 names no library", "7.0", "CLIENT LIST", "! lib-name=" },
    { "client list: 7.2 does", "7.2", "CLIENT LIST", "*~ resp=2 lib-name= lib-ver=\n" },
    { "since 7.2: CLIENT SETINFO", "7.0", "CLIENT SETINFO lib-name x", "-ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.\r\n" },
    { "since 7.2: CLIENT SETINFO is there", "7.2", "CLIENT SETINFO lib-name x\nCLIENT LIST", "*~ lib-name=x lib-ver=\n" },
    { "since 7.2: CLIENT NO-TOUCH", "7.0", "CLIENT NO-TOUCH on", "*~unknown subcommand" },
    { "since 7.2: CLIENT NO-TOUCH is there", "7.2", "CLIENT NO-TOUCH on", "+OK\r\n" },
    { "command: 7.0 does not tell of SETINFO", "7.0", "COMMAND INFO client", "!setinfo" },
    { "client list: 7.2 does not count watched keys", "7.2", "CLIENT LIST", "! watch=" },
    { "client list: 7.4 does", "7.4", "CLIENT LIST", "*~ multi=-1 watch=0 qbuf=" },
    { "client list: valkey-8.0 counts commands", "valkey-8.0", "CLIENT LIST", "*~ tot-cmds=" },
    { "client list: 6.2 names the container only", "6.2", "CLIENT LIST", "*~ cmd=client user=" },
    { "hello: valkey-8.0 is no redis", "valkey-8.0", "HELLO", "*~$6\r\nserver\r\n$6\r\nvalkey\r\n$7\r\nversion\r\n$5\r\n8.0.1\r\n" },
    { "hello: 6.2 says which it is", "6.2", "HELLO", "*~$6\r\n6.2.16\r\n" },
};

/* --- with slots, or as a replica of one that has them ----------------------------------------- */

static const struct row with_slots[] = {
    /* --- lists --- */
    { "lpop: 6.0 takes no count", "6.0", "LPOP l 1", "-ERR wrong number of arguments for 'lpop' command\r\n" },
    { "lpop: 6.2 takes one", "6.2", "RPUSH l 1 2\nLPOP l 1", "*1\r\n$1\r\n1\r\n" },
    { "rpop: 6.0 takes no count", "6.0", "RPOP l 1", "-ERR wrong number of arguments for 'rpop' command\r\n" },
    { "lpos: 5.0 has none", "5.0", "LPOS l a", "*~unknown command" },
    { "lpos: 6.0 has it", "6.0", "LPOS l a", "$-1\r\n" },
    { "lmove: 6.0 has none", "6.0", "LMOVE l l LEFT LEFT", "*~unknown command" },
    { "lmove: 6.2 has it", "6.2", "LMOVE l l LEFT LEFT", "$-1\r\n" },
    { "blmove: 6.0 has none", "6.0", "BLMOVE l l LEFT LEFT 0", "*~unknown command" },
    { "lmpop: 6.2 has none", "6.2", "LMPOP 1 l LEFT", "*~unknown command" },
    { "lmpop: 7.0 has it", "7.0", "LMPOP 1 l LEFT", "*-1\r\n" },
    { "blmpop: 6.2 has none", "6.2", "BLMPOP 0 1 l LEFT", "*~unknown command" },
    { "blpop: 5.0 waits for whole seconds", "5.0", "BLPOP l 0.5", "-ERR timeout is not an integer or out of range\r\n" },
    { "blpop: 6.0 for parts of one", "6.0", "MULTI\nBLPOP l 0.5\nEXEC", "*1\r\n*-1\r\n" },
    { "blpop: 7.0 takes too much for less than nothing", "7.0", "BLPOP l 1e300", "-ERR timeout is negative\r\n" },
    { "blpop: 7.2 for too much", "7.2", "BLPOP l 1e300", "-ERR timeout is out of range\r\n" },
    { "blpop: 7.2 adds the clock", "7.2", "BLPOP l 9223372036854775", "-ERR timeout is out of range\r\n" },
    /* --- hashes and sets --- */
    { "hset: 3.0 takes one pair", "3.0", "HSET h a 1 b 2", "-ERR wrong number of arguments for 'hset' command\r\n" },
    { "hset: 4.0 takes more", "4.0", "HSET h a 1 b 2", ":2\r\n" },
    { "hset: 5.0 speaks of HMSET when a value is missing", "5.0", "HSET h a 1 b", "-ERR wrong number of arguments for HMSET\r\n" },
    { "hset: 6.0 of itself", "6.0", "HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command\r\n" },
    { "hstrlen: 3.0 has none", "3.0", "HSTRLEN h a", "*~unknown command" },
    { "hstrlen: 4.0 has it", "4.0", "HSTRLEN h a", ":0\r\n" },
    { "hrandfield: 6.0 has none", "6.0", "HRANDFIELD h", "*~unknown command" },
    { "hrandfield: 6.2 has it", "6.2", "HRANDFIELD h", "$-1\r\n" },
    { "smismember: 6.0 has none", "6.0", "SMISMEMBER s a", "*~unknown command" },
    { "smismember: 6.2 has it", "6.2", "SMISMEMBER s a", "*1\r\n:0\r\n" },
    { "sintercard: 6.2 has none", "6.2", "SINTERCARD 1 s", "*~unknown command" },
    { "spop: 3.0 takes no count", "3.0", "SPOP s 1", "-ERR wrong number of arguments for 'spop' command\r\n" },
    { "spop: 6.0 of less than none", "6.0", "SPOP s -1", "-ERR index out of range\r\n" },
    { "spop: 6.2 of less than none", "6.2", "SPOP s -1", "-ERR value is out of range, must be positive\r\n" },
    { "encoding: 6.2 says ziplist", "6.2", "HSET h a 1\nOBJECT ENCODING h", "$7\r\nziplist\r\n" },
    { "encoding: 7.0 says listpack", "7.0", "HSET h a 1\nOBJECT ENCODING h", "$8\r\nlistpack\r\n" },
    { "hincrbyfloat: 3.0 of no float", "3.0", "HMSET h a x\nHINCRBYFLOAT h a 1", "-ERR hash value is not a valid float\r\n" },
    { "hincrbyfloat: 4.0 takes infinity", "4.0", "HINCRBYFLOAT h a inf", "$3\r\ninf\r\n" },
    { "hincrbyfloat: 5.0 refuses it", "5.0", "HINCRBYFLOAT h a inf", "-ERR increment would produce NaN or Infinity\r\n" },
    { "hincrbyfloat: 6.0 in other words", "6.0", "HINCRBYFLOAT h a inf", "-ERR value is NaN or Infinity\r\n" },
    /* --- sorted sets --- */
    { "zpopmin: 4.0 has none", "4.0", "ZPOPMIN z", "*~unknown command" },
    { "zpopmin: 5.0 has it", "5.0", "ZPOPMIN z", "*0\r\n" },
    { "zpopmin: 6.2 takes less than one for none", "6.2", "SET z x\nZPOPMIN z -1", "*0\r\n" },
    { "zpopmin: 6.2 of no number", "6.2", "ZPOPMIN z x", "-ERR value is not an integer or out of range\r\n" },
    { "zpopmin: 7.0 refuses less than none", "7.0", "ZPOPMIN z -1", "-ERR value is out of range, must be positive\r\n" },
    { "zmscore: 6.0 has none", "6.0", "ZMSCORE z a", "*~unknown command" },
    { "zmscore: 6.2 has it", "6.2", "ZMSCORE z a", "*1\r\n$-1\r\n" },
    { "zmpop: 6.2 has none", "6.2", "ZMPOP 1 z MIN", "*~unknown command" },
    { "zmpop: 7.0 has it", "7.0", "ZMPOP 1 z MIN", "*-1\r\n" },
    { "zadd: 6.0 has no GT", "6.0", "ZADD z GT 1 a", "-ERR syntax error\r\n" },
    { "zadd: 6.0 takes GT for a score", "6.0", "ZADD z GT a", "-ERR value is not a valid float\r\n" },
    { "zadd: 6.2 has GT", "6.2", "ZADD z GT 1 a", ":1\r\n" },
    { "zrange: 6.0 has no REV", "6.0", "ZRANGE z 0 1 REV", "-ERR syntax error\r\n" },
    { "zrange: 6.2 has REV", "6.2", "ZRANGE z 0 1 REV", "*0\r\n" },
    { "zunionstore: 6.0 of no keys", "6.0", "ZUNIONSTORE z 0 a", "-ERR at least 1 input key is needed for ZUNIONSTORE/ZINTERSTORE\r\n" },
    { "zunionstore: 6.2 of no keys", "6.2", "ZUNIONSTORE z 0 a", "-ERR at least 1 input key is needed for zunionstore\r\n" },
    { "zunionstore: 7.0 of no keys", "7.0", "ZUNIONSTORE z 0 a", "-ERR at least 1 input key is needed for 'zunionstore' command\r\n" },
    { "encoding: 6.2's sorted set", "6.2", "ZADD z 1 a\nOBJECT ENCODING z", "$7\r\nziplist\r\n" },
    { "option: 6.0 has SET KEEPTTL", "6.0", "SET a 1 KEEPTTL", "!syntax" },
    { "option: 5.0 has no SET KEEPTTL", "5.0", "SET a 1 KEEPTTL", "-ERR syntax error\r\n" },
    { "option: 6.0 has no SET GET", "6.0", "SET a 1 GET", "-ERR syntax error\r\n" },
    { "option: 6.0 has no SET EXAT", "6.0", "SET a 1 EXAT 99999999999", "-ERR syntax error\r\n" },
    { "option: 6.2 has SET GET", "6.2", "SET a 1 GET", "!syntax" },
    { "option: 6.2 takes NX without GET only", "6.2", "SET a 1 NX GET", "-ERR syntax error\r\n" },
    { "option: 7.0 takes NX with GET", "7.0", "SET a 1 NX GET", "!syntax" },
    { "words: 5.0's subscriber", "5.0", "SUBSCRIBE c\nGET a", "-ERR only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT allowed in this context\r\n" },
    { "words: 6.0's subscriber", "6.0", "SUBSCRIBE c\nGET a", "-ERR Can't execute 'get': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are allowed in this context\r\n" },
    { "words: 6.2's subscriber", "6.2", "SUBSCRIBE c\nGET a", "-ERR Can't execute 'get': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n" },
    { "words: 7.0's subscriber", "7.0", "SUBSCRIBE c\nGET a", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n" },
    { "option: a value that is called like one is none", "5.0", "SET a get", "!syntax" },
    { "option: 6.2 has no EXPIRE NX", "6.2", "EXPIRE a 1 NX", "-ERR wrong number of arguments for 'expire' command\r\n" },
    { "option: 7.0 has EXPIRE NX", "7.0", "EXPIRE a 1 NX", "!wrong" },
    { "words: 6.2 does not quote SET's expiry", "6.2", "SETEX a 0 v", "-ERR invalid expire time in setex\r\n" },
    { "words: 7.0 quotes it", "7.0", "SETEX a 0 v", "-ERR invalid expire time in 'setex' command\r\n" },
    { "words: 5.0 has strings of 512MB", "5.0", "SETRANGE a 536870911 xy", "-ERR string exceeds maximum allowed size (512MB)\r\n" },
    { "words: 6.0 has strings of a limit", "6.0", "SETRANGE a 536870911 xy", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n" },
    { "words: 4.0's SETSLOT has no HELP", "4.0", "CLUSTER SETSLOT 1 NOSUCH", "-ERR Invalid CLUSTER SETSLOT action or number of arguments\r\n" },
    { "words: 4.0 misses slaves", "4.0", "CONFIG SET min-slaves-to-write 1\nSET a 1", "-NOREPLICAS Not enough good slaves to write.\r\n" },
    { "words: 5.0 misses replicas", "5.0", "CONFIG SET min-slaves-to-write 1\nSET a 1", "-NOREPLICAS Not enough good replicas to write.\r\n" },
};
/* clang-format on */

static void answer_with_slots(void **state)
{
    const struct row *row = *state;
    if (strstr(row->ask, "FLOAT h a inf") != NULL && !has_long_double()) {
        skip();
    }
    struct lab *lab = lab_of(row->release, from_disk);
    lab_own_slots(lab, 0);
    check(ask_all(lab, 0, row->ask), row->want);
    lab_free(lab);
}

/* --- the stream: what a write becomes, in bytes, as recorded of each release ------------------ */

struct stream_row {
    const char *name, *release, *ask;
    int64_t bytes; /* of the stream, SELECT not counted */
};

static void stream(void **state)
{
    const struct stream_row *row = *state;
    struct lab *lab = lab_of(row->release, from_disk);
    lab_own_slots(lab, 0);
    lab_ask(lab, 0, "CONFIG SET repl-ping-slave-period 3600");
    lab_replicate(lab, 1, 0);
    lab_run(lab, 2500);
    lab_ask(lab, 0, "SET k v");
    int64_t offset = lab_node(lab, 0)->repl.offset;
    ask_all(lab, 0, row->ask);
    assert_int_equal(lab_node(lab, 0)->repl.offset - offset, row->bytes);
    lab_run(lab, 50);
    assert_int_equal(lab_node(lab, 1)->repl.cached_offset, lab_node(lab, 0)->repl.offset);
    lab_free(lab);
}

/* clang-format off */
static const struct stream_row streams[] = {
    { "stream: 5.0 says SET EX as it came", "5.0", "SET t 1 EX 100", 44 },           /* *5 SET t 1 EX 100 */
    { "stream: 6.2 says PX", "6.2", "SET t 1 EX 100", 47 },                          /* *5 SET t 1 PX 100000 */
    { "stream: 7.0 says PXAT", "7.0", "SET t 1 EX 100", 57 },                        /* *5 SET t 1 PXAT 1795210945372 */
    { "stream: 7.0 says a PXAT itself", "7.0", "set k v pxat 2000000000000 xx", 57 }, /* *5 SET k v PXAT 2000000000000 */
    { "stream: 7.2 says it as it came", "7.2", "set k v pxat 2000000000000 xx", 65 }, /* *6 set k v pxat 2000000000000 xx */
    { "stream: 7.0 pops each by itself", "7.0", "SADD k{x}1 a b c d\nSPOP k{x}1 2", 53 + 15 + 2 * 32 + 14 }, /* *6 SADD k{x}1 a b c d; *1 MULTI; *3 SREM k{x}1 ?, twice; *1 EXEC */
    { "stream: 7.2 all together", "7.2", "SADD k{x}1 a b c d\nSPOP k{x}1 2", 53 + 39 }, /* *6 SADD k{x}1 a b c d; *4 SREM k{x}1 ? ? */
    { "stream: 5.0 says SETEX as it came", "5.0", "SETEX e 50 val", 39 },            /* *4 SETEX e 50 val */
    { "stream: 6.2 makes a SET of it", "6.2", "SETEX e 50 val", 48 },                /* *5 SET e val PX 50000 */
    { "stream: 6.2 says EXPIRE as it came", "6.2", "EXPIRE k 1000", 33 },            /* *3 EXPIRE k 1000 */
    { "stream: 7.0 says PEXPIREAT", "7.0", "EXPIRE k 1000", 46 },                    /* *3 PEXPIREAT k 1795211845385 */
    { "stream: 5.0 says GETSET", "5.0", "GETSET k w", 30 },                          /* *3 GETSET k w */
    { "stream: 6.2 makes a SET of it as well", "6.2", "GETSET k w", 27 },            /* *3 SET k w */
    { "stream: 5.0 keeps no time of an INCRBYFLOAT", "5.0", "INCRBYFLOAT f 1", 27 }, /* *3 SET f 1 */
    { "stream: 6.0 does", "6.0", "INCRBYFLOAT f 1", 40 },                            /* *4 SET f 1 KEEPTTL */
};
/* clang-format on */

/* --- a replica's refusals, a pause ------------------------------------------------------------ */

static const struct row as_replica[] = {
    { "words: 4.0 is a read only slave", "4.0", "SET a 1",
      "-READONLY You can't write against a read only slave.\r\n" },
    { "words: 5.0 is a read only replica", "5.0", "SET a 1",
      "-READONLY You can't write against a read only replica.\r\n" },
    { "words: 4.0's stale slave", "4.0", "CONFIG SET slave-serve-stale-data no\nREADONLY\nGET a",
      "-MASTERDOWN Link with MASTER is down and slave-serve-stale-data is set to 'no'.\r\n" },
    { "words: 5.0's stale replica", "5.0", "CONFIG SET slave-serve-stale-data no\nREADONLY\nGET a",
      "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n" },
    { "words: 4.0's slave cannot WAIT", "4.0", "WAIT 1 0",
      "*~WAIT cannot be used with slave instances." },
    { "words: 3.0's slave can", "3.0", "WAIT 0 1", ":0\r\n" },
    { "words: 5.0's replica cannot WAIT", "5.0", "WAIT 1 0",
      "*~WAIT cannot be used with replica instances. Please also note that since Redis 4.0" },
    { "words: valkey's replica cannot WAIT", "valkey-8.0", "WAIT 1 0",
      "*~Please also note that if a replica" },
};

/* A replica that owns the slots in its own view answers before it redirects. */
static void answer_as_replica(void **state)
{
    const struct row *row = *state;
    struct lab *lab = lab_of(row->release, from_disk);
    lab_own_slots(lab, 1);
    struct rcs_node *node = lab_node(lab, 1);
    node->repl.has_master = true;
    node->repl.state = RCS_REPL_NONE;
    check(ask_all(lab, 1, row->ask), row->want);
    node->repl.has_master = false;
    lab_free(lab);
}

/* A manual failover's pause: does a read wait? */
static void pause_of_a_failover(void **state)
{
    const struct stream_row *row = *state;
    struct lab *lab = lab_of(row->release, from_disk);
    lab_own_slots(lab, 0);
    struct rcs_node *node = lab_node(lab, 0);
    rcs_clients_pause_writes(node, node->now_ms + 10000);
    lab_send(lab, 0, row->ask);
    lab_run(lab, 500);
    assert_int_equal(strlen(lab_answer(lab, 0)) == 0, row->bytes);
    rcs_clients_unpause(node);
    lab_run(lab, 500);
    lab_free(lab);
}

static const struct stream_row pauses[] = {
    { "pause: 6.0 holds readers back too", "6.0", "GET a", 1 },
    { "pause: 6.2 lets them read", "6.2", "GET a", 0 },
    { "pause: 6.2 holds writers back", "6.2", "SET a 1", 1 },
};

int main(void)
{
    static struct CMUnitTest tests[256];
    size_t count = 0;
#define ADD(rows, test)                                                                            \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {                                  \
        assert_true(count < sizeof(tests) / sizeof(tests[0]));                                     \
        tests[count++] = (struct CMUnitTest){ .name = rows[i].name,                                \
                                              .test_func = test,                                   \
                                              .initial_state = (void *)&rows[i] };                 \
    }
    ADD(answers, answer)
    ADD(with_slots, answer_with_slots)
    ADD(streams, stream)
    ADD(as_replica, answer_as_replica)
    ADD(pauses, pause_of_a_failover)
    return _cmocka_run_group_tests("profile_commands", tests, count, NULL, NULL);
}
