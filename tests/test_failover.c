/* Failover, whole: what a cluster does when nodes fail, come back, take over or are taken over, as
 * scenarios whose expectations hold with several seeds. Where a rule decides, `without` switches it
 * off, or sets the directive that does, and then they must not hold. */
#include "tests/support/support.h"

#include "tests/support/play.h"

#define SEEDS         8
#define SEEDS_WITHOUT 8 /* in one of them it must not hold */

/* a1..a3 masters of 0-5460, 5461-10922, 10923-16383; a5, a6, a4 their replicas, in this order. */
#define CLUSTER_OF(directives, nodes, create)                                                      \
    "cluster-node-timeout 2000\nsave \"\"\nrepl-diskless-sync-delay 0\nnetwork "                   \
    "loopback\n" directives "site A " nodes "\nclient second\nwait 1s\n"                           \
    "cli --cluster create " create " --cluster-yes\n= ...\n"
#define SIX_WITH(directives)                                                                       \
    CLUSTER_OF(directives, "a1..a6", "a1..a3 a4..a6 --cluster-replicas 1")                         \
    "await link up on a4..a6 within 20s\nawait state ok on A within 20s\nwait 4s\n"
#define SIX SIX_WITH("")
/* a1..a3 masters; a5 and a6 replicas of a1, a7 and a8 of a2, a4 and a9 of a3. */
#define NINE_WITH(directives)                                                                      \
    CLUSTER_OF(directives, "a1..a9", "a1..a3 a4..a9 --cluster-replicas 2")                         \
    "await link up on a4..a9 within 20s\nawait state ok on A within 20s\nwait 4s\n"
#define NINE NINE_WITH("")
/* a1..a5 masters; a7 a8 a9 a10 a6 their replicas. */
#define TEN                                                                                        \
    CLUSTER_OF("", "a1..a10", "a1..a5 a6..a10 --cluster-replicas 1")                               \
    "await link up on a6..a10 within 20s\nawait state ok on A within 20s\nwait 4s\n"

/* A node with a key, which saves at its end; and what it logs from there on. */
#define LONE(directives)                                                                           \
    "save \"3600 1\"\nnetwork loopback\nappendonly no\n" directives "node a1\n"                    \
    "a1> CLUSTER ADDSLOTS {0..16383}\n= OK\nwait 3s\na1> SET foo 1\n= OK\n"
#define SHUTDOWN_LOG                                                                               \
    "show log on a1 from \"User requested shutdown...\"\n= * User requested shutdown...\n"
#define RESTARTED "start a1\nwait 100ms\nexpect keys 1 on a1\n"

struct row {
    const char *name, *text;
    const char *without; /* NULL: no single rule decides */
};

/* clang-format off */
static const struct row rows[] = {
    /* --- elections --- */
    { "rank: the replica that is behind stands a second later",
      NINE
      "partition oneway a1 a6\n"                /* a6 misses a write; its link stays */
      "client> SET {bar}x 1\n= OK\n"
      "wait 100ms\n"
      "kill a1\n"
      "await role master on a5 within 10s\n"
      "await a6 replicate a5 on a2..a9 within 10s\n", "rule-off rank\n" },
    { "validity factor: a replica restarted after its master died does not stand",
      SIX
      "kill a5\nwait 1s\nkill a1\nwait 1s\nstart a5\nwait 25s\n"
      "expect role replica on a5\nexpect no event a5 election-started\n"
      "expect log a5 \"Currently unable to failover: Disconnected from master for longer*\"\n"
      "expect state fail on a2..a3\n"
      "a5> CLUSTER FAILOVER FORCE\n= OK\nawait role master on a5 within 2s\n", "rule-off data-age\n" },
    { "validity factor 0: it does stand",
      SIX_WITH("cluster-replica-validity-factor 0\n")
      "kill a5\nwait 1s\nkill a1\nwait 1s\nstart a5\nawait role master on a5 within 10s\n",
      "cluster-replica-validity-factor 1\n" },
    { "validity factor: a second failure in the shard before the old master is in sync",
      SIX_WITH("repl-diskless-sync-delay 5\n")
      "wait 6s\nkill a1\nawait role master on a5 within 10s\n"
      "start a1\nawait a1 replicate a5 on a1 within 2s\nkill a5\nwait 20s\n"
      "expect role replica on a1\nexpect no event a1 election-won\n", "rule-off data-age\n" },
    { "replica-no-failover: it does not stand, but can be forced",
      SIX
      "a5> CONFIG SET cluster-replica-no-failover yes\n= OK\nwait 3s\n"
      "expect flags slave,nofailover of a5 on a1..a3\n"
      "kill a1\nwait 10s\nexpect role replica on a5\nexpect no event a5 election-started\n"
      "a5> CLUSTER FAILOVER FORCE\n= OK\nawait role master on a5 within 2s\n", NULL },
    { "starved election: the next one begins four node timeouts after the first",
      SIX
      "drop auth-ack to a5 times 2\nkill a1\nawait role master on a5 within 20s\n"
      "expect time from \"kill a1\" to a5 promoted 11s..14s\n", "rule-off retry\n" },
    { "a voter rests for two node timeouts between two votes about one master",
      NINE
      "drop auth-ack times 99\nkill a1\nwait 8s\n"
      "expect event first a5..a6 election-started\n"
      "expect log a2..a3 \"Failover auth denied to *: can't vote about this master before *\"\n",
      "rule-off vote-rest\n" },
    { "a vote is on disk before its ACK leaves: killed in between, the voter was not heard",
      SIX
      "disk a2 fsync 1s\nkill a1\nawait event a2 vote-granted within 10s\nkill a2\nwait 500ms\n"
      "expect event a5 election-started\nexpect no event a5 promoted\n", NULL },
    { "majority loss: with one of three masters nobody is elected",
      SIX
      "kill a1..a2\nwait 15s\n"
      "expect state fail on a3..a6\nexpect no event a3..a6 election-started\n"
      "expect flags master,fail? of a1..a2 on a3\n"
      "start a1\nawait role master on a6 within 15s\nawait state ok on a1 within 10s\n"
      "expect role master on a1\n", "rule-off fail-quorum\n" },
    { "two of five masters at once: both shards go on, at two epochs",
      TEN
      "kill a1..a2\nawait role master on a7..a8 within 20s\nawait state ok on a3..a10 within 5s\n"
      "wait 2s\nexpect agreement on a3..a10\nexpect epoch above a3..a5 of a7 on a3..a10\n"
      "expect epoch above a3..a5 of a8 on a3..a10\n", "rule-off fail-quorum\n" },
    { "a sub-replica does not stand: its master owns no slots",
      CLUSTER_OF("", "a1..a8", "a1..a3 a4..a6 --cluster-replicas 1")
      "await state ok on a1..a6 within 20s\na1> CLUSTER MEET $a7.ip $a7.port\n= OK\n"
      "a1> CLUSTER MEET $a8.ip $a8.port\n= OK\nwait 5s\na8> CLUSTER REPLICATE $a7.id\n= OK\nwait 5s\n"
      "a7> CLUSTER REPLICATE $a1.id\n= OK\nwait 10s\nexpect a8 replicate a7 on A\n"
      "kill a7\nwait 10s\nexpect flags slave,fail of a7 on a1..a3\n"
      "expect no event a8 election-started\nexpect role replica on a8\n", NULL },

    /* --- old masters --- */
    { "the old master returns: it becomes a replica before its first command",
      SIX
      "kill a1\nawait role master on a5 within 10s\nawait state ok on a2..a6 within 5s\n"
      "client> SET {bar}x 1\n= OK\n"
      "start a1\nawait a1 replicate a5 on A within 3s\nawait link up on a1 within 10s\n"
      "expect slots 0-5460 of a5 on A\nexpect agreement on A\n", "rule-off follow-claim\n" },
    { "the old master returns while the new one is down: the others tell it with UPDATE",
      SIX
      "kill a1\nawait role master on a5 within 10s\nwait 3s\nkill a5\nstart a1\n"
      "await a1 replicate a5 on a1 within 3s\nexpect slots none of a1 on a2..a3\n", "rule-off follow-claim\n" },
    { "SIGSTOP for three node timeouts: what it answers then is redirected",
      SIX
      "pause a1\nawait role master on a5 within 10s\nwait 2s\nresume a1\nwait 2s\n"
      "expect a1 replicate a5 on A\na1> SET {bar}x 1\n= (error) MOVED *\n"
      "expect keys 0 on a1\n", "rule-off follow-claim\n" },
    { "restart empty before anybody noticed: the replica is emptied, too",
      SIX
      "client> SET {bar}x 1\n= OK\nwait 100ms\nexpect keys 1 on a5\n"
      "kill a1\nwait 500ms\nstart a1\nwait 8s\n"
      "expect no event A promoted\nexpect role master on a1\nexpect link up on a5\n"
      "expect keys 0 on a1\nexpect keys 0 on a5\n"
      "client> GET {bar}x\n= (nil)\n", "appendonly yes\n" },
    { "restart with nodes.conf: the id and the slots are kept",
      SIX
      "kill a2\nwait 500ms\nstart a2\nwait 6s\nexpect known 6 on a2\n"
      "expect slots 5461-10922 of a2 on A\nexpect role master on a2\nexpect state ok on A\n", NULL },
    { "restart without nodes.conf: somebody else, and the owner of the slots has no address for ever",
      SIX
      "print $a2.id\nkill a2\nlose conf a2\nwait 500ms\nstart a2\nwait 20s\nexpect known 1 on a2\n"
      "expect slots none of a2 on a2\nexpect no event A promoted\nexpect state ok on a1,a3..a6\n"
      "a1> CLUSTER NODES\n= ...\n= * :0@0 master,noaddr - * disconnected 5461-10922\n= ...\n"
      "a6> CLUSTER FAILOVER FORCE\n= OK\nawait slots 5461-10922 of a6 on a1,a3 within 2s\n", NULL },
    { "restart without nodes.conf after it was missed: its replica has taken over",
      SIX
      "kill a2\nlose conf a2\nawait role master on a6 within 10s\nstart a2\nwait 10s\n"
      "expect known 1 on a2\nexpect slots 5461-10922 of a6 on a1\n", NULL },
    { "restart with a stale nodes.conf: what happened meanwhile is learnt",
      SIX
      "kill a6\na2> CLUSTER SETSLOT 5460 IMPORTING $a1.id\n= OK\n"
      "a1> CLUSTER SETSLOT 5460 MIGRATING $a2.id\n= OK\na2> CLUSTER SETSLOT 5460 NODE $a2.id\n= OK\n"
      "a1> CLUSTER SETSLOT 5460 NODE $a2.id\n= OK\nwait 5s\nstart a6\nwait 3s\n"
      "expect slots 5460-10922 of a2 on A\nexpect slots 0-5459 of a1 on A\nexpect agreement on A\n", NULL },

    /* --- manual failover --- */
    { "manual failover: writes wait, and nothing is lost",
      SIX
      "client> SET {bar}x 1\n= OK\na5> CLUSTER FAILOVER\n= OK\nclient> SET {bar}y 2\n= OK\n"
      "await role master on a5 within 2s\nawait a1 replicate a5 on A within 2s\nwait 2s\n"
      "expect keys 2 on a5\nexpect keys 2 on a1\nexpect event a1 failover-requested\n"
      "expect order a1 failover-requested then a5 failover-offset then a5 failover-ready then "
      "a5 election-started then a5 promoted then a1 follows\n", NULL },
    { "manual failover: the master's writes are paused",
      SIX
      "drop auth-ack to a5 times 99\na5> CLUSTER FAILOVER\n= OK\nwait 100ms\n"
      "second> SET {bar}y 2\n= OK\n"
      "expect time from \"a5> CLUSTER FAILOVER\" to a1 failover-timeout 4s..6s\n"
      "expect event first a1 failover-timeout\n", "rule-off mf-pause\n" },
    { "manual failover: it waits for the master's offset",
      SIX
      "pause a5\nclient> SET {bar}x 1\n= OK\nresume a5\n"
      "a5> CLUSTER FAILOVER\n= OK\nawait role master on a5 within 2s\nexpect keys 1 on a5\n"
      "expect order a5 failover-offset then a5 failover-ready\n", NULL },
    { "manual failover: it times out when the request is lost",
      SIX
      "drop mfstart from a5\na5> CLUSTER FAILOVER\n= OK\nwait 6s\nexpect role replica on a5\n"
      "expect event a5 failover-timeout\nexpect no event a1 failover-requested\n", NULL },
    { "manual failover: it times out on both sides when the votes are lost",
      SIX
      "drop auth-ack to a5 times 3\na5> CLUSTER FAILOVER\n= OK\nwait 6s\nexpect role replica on a5\n"
      "expect event a5 failover-timeout\nexpect event a1 failover-timeout\n", NULL },
    { "manual failover: it times out when the replica does not catch up",
      SIX_WITH("repl-diskless-sync-delay 10\n")
      "wait 7s\nclient> SET {bar}x 1\n= OK\nkill a5\nlose data a5\nwait 500ms\nstart a5\nwait 1s\nexpect link down on a5\n"
      "a5> CLUSTER FAILOVER\n= OK\nwait 6s\nexpect role replica on a5\nexpect event a5 failover-offset\n"
      "expect no event a5 failover-ready\nexpect event a5 failover-timeout\n"
      "expect event a1 failover-timeout\n", NULL },
    { "manual failover: FORCE times out without a majority of masters",
      SIX
      "kill a2..a3\nwait 100ms\na5> CLUSTER FAILOVER FORCE\n= OK\nwait 6s\nexpect role replica on a5\n"
      "expect event a5 election-started\nexpect event a5 failover-timeout\n"
      "expect log a5 \"Manual failover timed out.\"\nexpect role master on a1\n", NULL },
    { "manual failover: it times out, once more, in the rest after a lost election",
      CLUSTER_OF("cluster-node-timeout 3000\n", "a1..a6", "a1..a3 a4..a6 --cluster-replicas 1")
      "await link up on a4..a6 within 20s\nawait state ok on A within 20s\nwait 4s\n"
      "drop auth-ack to a5 times 3\na5> CLUSTER FAILOVER\n= OK\nwait 5100ms\nexpect event a5 failover-timeout\n"
      "a5> CLUSTER FAILOVER FORCE\n= OK\nwait 4800ms\n"
      "expect log a5 \"Currently unable to failover: Failover attempt expired.\"\n"
      "wait 400ms\nexpect role replica on a5\n"
      "expect time from \"a5> CLUSTER FAILOVER FORCE\" to a5 failover-timeout 4900ms..5200ms\n"
      "expect no event a5 election-started since \"a5> CLUSTER FAILOVER FORCE\"\n", "rule-off retry\n" },
    { "manual failover: the master goes on when the replica stops after it asked",
      SIX
      "a5> CLUSTER FAILOVER\n= OK\npause a5\nwait 100ms\nsecond> SET {bar}x 1\n= OK\n"
      "expect time from \"a5> CLUSTER FAILOVER\" to a1 failover-timeout 5s..5200ms\n"
      "expect role master on a1\n", NULL },
    { "manual failover: refused while the master is down, but not forced",
      SIX
      "kill a1\nwait 100ms\na5> CLUSTER FAILOVER\n"
      "= (error) ERR Master is down or failed, please use CLUSTER FAILOVER FORCE | OK\n"
      "a5> CLUSTER FAILOVER FORCE\n= OK\nawait role master on a5 within 1s\n"
      "await state ok on a2..a6 within 2s\n", NULL },
    { "TAKEOVER: asks nobody, in a minority too",
      SIX
      "kill a1..a3\nwait 5s\na5> CLUSTER FAILOVER TAKEOVER\n= OK\nexpect role master on a5\n"
      "expect no event a5 election-started\nwait 100ms\nexpect slots 0-5460 of a5 on a4..a6\n"
      "expect state fail on a5\n", "rule-off majority\n" },
    { "TAKEOVER on both sides at once: one epoch, then two, and one owner",
      NINE
      "kill a1\nwait 300ms\npartition a5 a6\na5> CLUSTER FAILOVER TAKEOVER\n= OK\n"
      "a6> CLUSTER FAILOVER TAKEOVER\n= OK\nexpect role master on a5..a6\nheal\n"
      "wait 8s\nexpect event first a5..a6 epoch-collision\nexpect agreement on a2..a9\n"
      "expect size 3 on a2..a9\nexpect state ok on a2..a9\n", "rule-off epoch-collision\n" },

    /* --- replica migration --- */
    { "replica migration: a spare replica goes to the master that lost its own",
      NINE
      "kill a7..a8\nawait event first a4..a9 follows-orphan within 20s\n"
      "expect time from \"kill a7..a8\" to first a4..a9 follows-orphan 7s..14s\n", "rule-off orphan\n" },
    { "replica migration: not if it is not allowed",
      NINE_WITH("cluster-allow-replica-migration no\n")
      "kill a7..a8\nwait 20s\nexpect no event A follows-orphan\n",
      "cluster-allow-replica-migration yes\n" },
    { "replica migration: not below the barrier",
      NINE_WITH("cluster-migration-barrier 2\n")
      "kill a7..a8\nwait 20s\nexpect no event A follows-orphan\n", "cluster-migration-barrier 1\n" },

    /* --- RESET --- */
    { "RESET SOFT: alone, the same id and epochs; the others see an empty master",
      SIX
      "a5> CLUSTER RESET SOFT\n= OK\nexpect known 1 on a5\nexpect role master on a5\n"
      "expect keys 0 on a5\nwait 3s\nexpect slots none of a5 on a1..a3\n"
      "a1> CLUSTER MEET $a5.ip $a5.port\n= OK\nwait 3s\nexpect known 6 on a5\n", NULL },
    { "RESET HARD: a new id, epochs 0",
      SIX
      "a5> CLUSTER RESET HARD\n= OK\nexpect known 1 on a5\nexpect current-epoch 0 on a5\n", NULL },
    { "RESET: not a master with keys",
      SIX
      "client> SET {bar}x 1\n= OK\n"
      "a1> CLUSTER RESET\n= (error) ERR CLUSTER RESET can't be called with master nodes containing keys\n",
      NULL },

    /* --- availability --- */
    { "require-full-coverage: with one shard gone nobody serves",
      SIX
      "kill a1,a5\nwait 8s\nexpect state fail on a2..a4\nclient> GET foo\n= (error) CLUSTERDOWN *\n",
      "cluster-require-full-coverage no\n" },
    { "require-full-coverage no: the other shards go on",
      SIX_WITH("cluster-require-full-coverage no\n")
      "kill a1,a5\nwait 8s\nexpect state ok on a2..a3\na3> SET foo 1\n= OK\n",
      "cluster-require-full-coverage yes\n" },
    { "reads when down: a read is served, a write is not",
      SIX_WITH("cluster-allow-reads-when-down yes\n")
      "a3> SET foo 1\n= OK\nkill a1,a5\nwait 8s\na3> GET foo\n= \"1\"\n"
      "a3> SET foo 2\n= (error) CLUSTERDOWN The cluster is down and only accepts read commands\n",
      "cluster-allow-reads-when-down no\n" },
    { "READONLY: a replica serves reads of its master's slots, and redirects writes",
      SIX
      "a3> SET foo 1\n= OK\nwait 100ms\na4> GET foo\n= (error) MOVED 12182 *\na4> READONLY\n= OK\n"
      "a4> GET foo\n= \"1\"\na4> SET foo 2\n= (error) MOVED 12182 *\na4> READWRITE\n= OK\n"
      "a4> GET foo\n= (error) MOVED 12182 *\n", NULL },
    { "min-replicas: without a good replica no write",
      SIX_WITH("min-replicas-to-write 1\nmin-replicas-max-lag 2\n")
      "a3> SET foo 1\n= OK\nkill a4\nwait 2s\na3> SET foo 2\n= (error) NOREPLICAS Not enough good replicas to write.\n"
      "a3> GET foo\n= \"1\"\n", "min-replicas-to-write 0\n" },
    { "min-replicas: an isolated master stops taking writes that would be lost",
      SIX_WITH("min-replicas-to-write 1\nmin-replicas-max-lag 2\n")
      "partition a3 a4\nwait 5s\na3> SET foo 2\n= (error) NOREPLICAS Not enough good replicas to write.\n",
      "min-replicas-max-lag 100\n" },
    { "WAIT: counts the replicas that have it",
      NINE
      "a3> SET foo 1\n= OK\na3> WAIT 2 1000\n= (integer) 2\nkill a4\na3> SET foo 2\n= OK\n"
      "a3> WAIT 2 300\n= (integer) 1\n", NULL },

    /* --- slot migration (see traces/reshard.scenario) --- */
    { "MIGRATE to a port where nobody listens: refused twice",
      SIX
      "a3> SET foo 1\n= OK\nkill a6\na3> MIGRATE $a6.ip $a6.port foo 0 1000\n"
      "= (error) IOERR error or timeout writing to target instance\na3> GET foo\n= \"1\"\n", NULL },
    { "MIGRATE into a black hole: twice the timeout",
      SIX
      "a3> SET foo 1\n= OK\npartition a3 a1\nat +1s print one\n"
      "a3> MIGRATE $a1.ip $a1.port foo 0 500\n= (error) IOERR error or timeout writing to target instance\n"
      "heal\na3> GET foo\n= \"1\"\n", NULL },
    { "MIGRATE: the target is killed while it is waited for",
      SIX
      "a3> SET foo 1\n= OK\npause a1\nat +100ms kill a1\na3> MIGRATE $a1.ip $a1.port foo 0 5000\n"
      "= (error) IOERR error or timeout writing to target instance\na3> GET foo\n= \"1\"\n", NULL },
    { "MIGRATE: the source is stopped meanwhile and finds the reply when it goes on",
      SIX
      "a3> SET foo 1\n= OK\na1> CLUSTER SETSLOT 12182 IMPORTING $a3.id\n= OK\n"
      "a3> CLUSTER SETSLOT 12182 MIGRATING $a1.id\n= OK\n"
      "pause a1\nat +1ms a3> MIGRATE $a1.ip $a1.port foo 0 500\nwait 50ms\npause a3\nresume a1\n"
      "wait 1s\nexpect keys 1 on a1\nresume a3\nwait 10ms\nexpect keys 0 on a3\n"
      "a3> GET foo\n= (error) ASK 12182 *\n", "rule-off ask\n" },
    { "MIGRATE: the source is killed meanwhile; the importing node holds the slot for the dead one's",
      SIX
      "a3> SET foo 1\n= OK\na1> CLUSTER SETSLOT 12182 IMPORTING $a3.id\n= OK\n"
      "a3> CLUSTER SETSLOT 12182 MIGRATING $a1.id\n= OK\n"
      "pause a1\nat +1ms a3> MIGRATE $a1.ip $a1.port foo 0 1500\nwait 50ms\nkill a3\nresume a1\n"
      "wait 100ms\nexpect keys 1 on a1\nawait role master on a4 within 10s\nexpect keys 1 on a4\n"
      "await state ok on a2,a4 within 5s\nwait 5s\na4> GET foo\n= \"1\"\n"
      "expect state fail on a1\nexpect slots 12182 of a3 on a1\n" /* only SETSLOT may change it */
      "a1> CLUSTER SETSLOT 12182 STABLE\n= OK\nawait slots 10923-16383 of a4 on a1 within 5s\n"
      "await state ok on a1 within 1s\n", NULL },
    { "MIGRATE with a timeout above the node timeout: a healthy source is replaced",
      SIX
      "a3> SET foo 1\n= OK\npause a6\nat +1ms a3> MIGRATE $a6.ip $a6.port foo 0 20000\n"
      "await role master on a4 within 10s\nresume a6\nwait 2s\nexpect a3 replicate a4 on A\n", NULL },
    { "DUMP carries the RDB version of its release: 9 in 6.2",
      "redis 6.2\ncluster-node-timeout 2000\nsave \"\"\nnetwork loopback\nsite A a1 a2\nwait 1s\n"
      "a1> SET foo bar\n= (error) CLUSTERDOWN Hash slot not served\n"
      "a1> CLUSTER ADDSLOTS 12182\n= OK\na1> CONFIG SET cluster-require-full-coverage no\n= OK\nwait 6s\n"
      "a1> SET foo bar\n= OK\na1> DUMP foo\n= \"\\x00\\x03bar\\t\\x00*\n", NULL },
    { "slot migration: keys left behind in a slot that was given away are deleted",
      SIX
      "a3> SET foo 1\n= OK\na1> CLUSTER SETSLOT 12182 IMPORTING $a3.id\n= OK\n"
      "a1> CLUSTER SETSLOT 12182 NODE $a1.id\n= OK\nwait 2s\nexpect slots 0-5460 12182 of a1 on A\n"
      "expect keys 0 on a3\nexpect keys 1 on a4\n", "rule-off epoch-bump\n" },

    /* --- the quirks of reference section 17 --- */
    { "quirk 1: a recent winner wins again without votes, and is put right by UPDATE",
      SIX
      "a5> CLUSTER FAILOVER\n= OK\nawait role master on a5 within 2s\nwait 1500ms\n"
      "a1> CLUSTER FAILOVER\n= OK\nawait role master on a1 within 2s\nwait 1500ms\n"
      "a5> CLUSTER FAILOVER\n= OK\nwait 6s\n"
      "expect log a5 \"Failover election won: I'm the new master.\"\nexpect agreement on A\n", NULL },
    { "quirk 2: after an election of its own a node rests for four node timeouts",
      SIX
      "a5> CLUSTER FAILOVER\n= OK\nawait role master on a5 within 2s\nwait 1500ms\n"
      "a1> CLUSTER FAILOVER\n= OK\nawait role master on a1 within 2s\nwait 2s\n"
      "kill a1\nwait 2500ms\nexpect no event a5 election-won since \"kill a1\"\n", NULL },
    { "quirk 3: a master that does not know its replica yet ignores its request",
      SIX
      "a6> CLUSTER REPLICATE $a1.id\n= OK\na6> CLUSTER FAILOVER\n= OK\nwait 6s\n"
      "expect role replica on a6\nexpect event a6 failover-timeout\n", NULL },
    { "quirk 4: a second manual failover of one master within two timeouts gets no votes",
      NINE
      "a5> CLUSTER FAILOVER\n= OK\nawait role master on a5 within 1s\nwait 1200ms\n"
      "a1> CLUSTER FAILOVER\n= OK\nawait role master on a1 within 1s\nwait 1200ms\n"
      "a6> CLUSTER FAILOVER\n= OK\nwait 6s\nexpect role master on a1\nexpect event a6 failover-timeout\n"
      "expect log a2..a3 \"Failover auth denied to *: can't vote about this master before *\"\n",
      "rule-off vote-rest\n" },
    { "quirk 5: a master without slots reports, though it has no vote",
      CLUSTER_OF("", "a1..a7", "a1..a3 a4..a6 --cluster-replicas 1")
      "await state ok on a1..a6 within 20s\na1> CLUSTER MEET $a7.ip $a7.port\n= OK\nwait 5s\n"
      "kill a1..a2\nwait 8s\nexpect flags master,fail of a1..a2 on a3\n"
      "expect event first a5..a6 election-started\nexpect no event a3..a7 promoted\n", NULL },
    { "quirk 6: with all masters dead nobody fails, they stay suspects",
      SIX
      "kill a1..a3\nwait 10s\nexpect flags master,fail? of a1..a3 on a4..a6\n"
      "expect no event a4..a6 election-started\n", NULL },
    { "quirk 8: who refuses connections is suspected a node timeout after the last ping, which is no older than half of one",
      SIX
      "kill a1\nwait 4s\nexpect time from \"kill a1\" to a2 pfail 1s..3200ms\n"
      "expect time from \"kill a1\" to a3 pfail 1s..3200ms\n", "cluster-node-timeout 5000\n" },
    { "quirk 11: a new master with slots is not ok for up to five seconds",
      "node b1\ncluster-node-timeout 15000\nwait 6s\nb1> CLUSTER ADDSLOTSRANGE 0 16383\n= OK\n"
      "wait 4900ms\nexpect state fail on b1\nwait 300ms\nexpect state ok on b1\n",
      "rule-off rejoin-delay\n" },
    { "quirk 12: CLUSTER SLOTS hides a replica whose offset is 0",
      CLUSTER_OF("repl-diskless-sync-delay 5\n", "a1..a7", "a1..a3 a4..a6 --cluster-replicas 1")
      "await link up on a4..a6 within 20s\nawait state ok on a1..a6 within 20s\nwait 14s\n"
      "a1> CLUSTER MEET $a7.ip $a7.port\n= OK\nwait 2s\na7> CLUSTER REPLICATE $a2.id\n= OK\nwait 3s\n"
      "a1> CLUSTER SLOTS\n= ...\n= *\"$a6.id\"\n= *(empty array)\n= 3) 1) (integer) 10923\n= ...\n"
      "await link up on a7 within 5s\nwait 3s\n"
      "a1> CLUSTER SLOTS\n= ...\n= *\"$a7.id\"\n= *(empty array)\n= 3) 1) (integer) 10923\n= ...\n",
      "repl-diskless-sync-delay 0\n" },
    { "quirk 13: a replica can win with another shard's data",
      SIX_WITH("repl-diskless-sync-delay 5\n")
      "wait 6s\nclient> SET {bar}x 1\n= OK\nwait 1s\na5> CLUSTER REPLICATE $a2.id\n= OK\n"
      "wait 1500ms\nkill a2,a6\nawait role master on a5 within 12s\nexpect slots 5461-10922 of a5 on a5\n",
      NULL },
    { "quirk 14: a stranger first writes its epochs into the entry of the node at whose address it answers",
      SIX
      "kill a3\nlose conf a3\nstart a3\na3> CLUSTER SET-CONFIG-EPOCH 50\n= OK\nwait 1s\n"
      "a1> CLUSTER NODES\n= ...\n= * :0@0 master,noaddr - * 50 disconnected 10923-16383\n= ...\n"
      "expect current-epoch 50 on a1..a2\nexpect unknown a3 on a1..a2\n", NULL },

    /* --- what a restarted node still has --- */
    { "save \"\": a killed master has nothing left",
      SIX
      "a3> SET foo 1\n= OK\nkill a3,a4\nwait 200ms\nstart a3\nwait 100ms\nexpect keys 0 on a3\n",
      "appendonly yes\n" },
    { "save points: a stopped master has it all, a killed one what was saved",
      SIX_WITH("save \"3600 1\"\n")
      "a3> SET foo 1\n= OK\na3> BGSAVE\n= Background saving started\nwait 1s\na3> SET {foo}2 1\n= OK\n"
      "kill a3,a4\nwait 200ms\nstart a3\nwait 100ms\nexpect keys 1 on a3\n"
      "wait 1s\nstop a3\nwait 500ms\nstart a3\nwait 100ms\nexpect keys 1 on a3\n", NULL },
    { "append-only: a killed process loses nothing, whatever appendfsync says",
      SIX_WITH("appendonly yes\nappendfsync no\n")
      "a3> SET foo 1\n= OK\nkill a3\nwait 200ms\nstart a3\nwait 100ms\nexpect keys 1 on a3\n"
      "expect log a3 \"DB loaded from append only file: *\"\n", "appendonly no\n" },
    { "append-only: a process that is stopped syncs it first",
      SIX_WITH("appendonly yes\nappendfsync no\n")
      "a3> SET foo 1\n= OK\nstop a3\nwait 500ms\n"
      "expect log a3 \"Calling fsync() on the AOF file.\"\n"
      "poweroff a3,a4\nwait 200ms\nstart a3\nwait 100ms\nexpect keys 1 on a3\n", "appendonly no\n" },
    { "append-only, everysec: the loss of power takes the last second",
      SIX_WITH("appendonly yes\n")
      "a3> SET foo 1\n= OK\nwait 2500ms\na3> SET {foo}2 1\n= OK\na3> SET {foo}3 1\n= OK\n"
      "poweroff a3,a4\nwait 200ms\nstart a3\nwait 100ms\nexpect keys 2 on a3\n", NULL },
    { "append-only, always: the loss of power takes nothing",
      SIX_WITH("appendonly yes\nappendfsync always\n")
      "a3> SET foo 1\n= OK\na3> SET {foo}2 1\n= OK\na3> SET {foo}3 1\n= OK\npoweroff a3,a4\nwait 200ms\n"
      "start a3\nwait 100ms\nexpect keys 3 on a3\n", "appendfsync no\n" },
    { "append-only, no: the loss of power takes what the kernel has not written, half a minute",
      SIX_WITH("appendonly yes\nappendfsync no\n")
      "a3> SET foo 1\n= OK\nwait 36s\na3> SET {foo}2 1\n= OK\nwait 20s\npoweroff a3,a4\nwait 200ms\n"
      "start a3\nwait 100ms\nexpect keys 1 on a3\n", "appendfsync everysec\n" },
    { "append-only: without the file dump.rdb is not looked at",
      SIX
      "a3> SET foo 1\n= OK\na3> SAVE\n= OK\nkill a3,a4\nappendonly yes\nwait 200ms\nstart a3\nwait 100ms\n"
      "expect keys 0 on a3\n"
      "expect log a3 \"Creating AOF base file appendonly.aof.1.base.rdb on server start\"\n", NULL },
    { "append-only: switched on, it has everything when its first rewrite is done",
      SIX
      "a3> SET foo 1\n= OK\na3> CONFIG SET appendonly yes\n= OK\nwait 1s\na3> SET {foo}2 1\n= OK\n"
      "appendonly yes\nkill a3,a4\nwait 200ms\nstart a3\nwait 100ms\nexpect keys 2 on a3\n", NULL },
    { "append-only: a rewrite keeps everything, and says so",
      SIX_WITH("appendonly yes\n")
      "a3> SET foo 1\n= OK\na3> BGREWRITEAOF\n= Background append only file rewriting started\n"
      "a3> BGREWRITEAOF\n= (error) ERR Background append only file rewriting already in progress\n"
      "a3> BGSAVE\n= (error) ERR Another child process is active (AOF?): can't BGSAVE right now. Use "
      "BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.\n"
      "a3> SET {foo}2 1\n= OK\nwait 1s\nkill a3,a4\nwait 200ms\nstart a3\nwait 100ms\nexpect keys 2 on a3\n"
      "expect log a3 \"Background AOF rewrite finished successfully\"\n"
      "expect log a3 \"DB loaded from base file appendonly.aof.2.base.rdb: *\"\n"
      "expect log a3 \"DB loaded from incr file appendonly.aof.2.incr.aof: *\"\n", "appendonly no\n" },
    { "append-only: a full sync makes a new file",
      SIX_WITH("appendonly yes\n")
      "a3> SET foo 1\n= OK\nwait 1s\nkill a4\nlose data a4\nstart a4\nawait link up on a4 within 5s\nwait 1s\n"
      "expect log a4 \"Successfully renamed the temporary AOF incr file *\"\n"
      "kill a3,a4\nwait 200ms\nstart a4\nwait 100ms\nexpect keys 1 on a4\n", "appendonly no\n" },

    /* --- a child is at work when the process ends --- */
    { "SIGTERM: a child that saves is killed, and the process saves itself",
      LONE("") "a1> BGSAVE\n= *\nstop a1\nwait 200ms\n" SHUTDOWN_LOG
      "= * There is a child saving an .rdb. Killing it!\n= ...\n= * Saving the final RDB snapshot before exiting.\n"
      "= * DB saved on disk\n= * Redis is now ready to exit, bye bye...\n" RESTARTED, NULL },
    { "SHUTDOWN: a child that saves is killed, says so, and writes nothing",
      LONE("") "a1> BGSAVE\n= *\na1> SHUTDOWN NOSAVE\n= ...\nwait 200ms\n"
      "show log on a1 from \"Background saving*\"\n= * Background saving started by pid 2001\n"
      "= * User requested shutdown...\n= * There is a child saving an .rdb. Killing it!\n"
      "= * 2001:signal-handler (*) Received SIGUSR1 in child, exiting now.\n"
      "= * Redis is now ready to exit, bye bye...\n" "start a1\nwait 100ms\nexpect keys 0 on a1\n", NULL },
    { "SIGTERM: a child that rewrites the AOF is killed before the file is synced",
      LONE("appendonly yes\n") "a1> BGREWRITEAOF\n= *\nstop a1\nwait 200ms\n" SHUTDOWN_LOG
      "= * There is a child rewriting the AOF. Killing it!\n= * Killing running AOF rewrite child: 2001\n= ...\n"
      "= * Calling fsync() on the AOF file.\n= * Saving the final RDB snapshot before exiting.\n= ...\n" RESTARTED, NULL },
    { "SHUTDOWN: a child that rewrites the AOF says that it is killed",
      LONE("appendonly yes\n") "a1> BGREWRITEAOF\n= *\na1> SHUTDOWN NOSAVE\n= ...\nwait 200ms\n" SHUTDOWN_LOG
      "= * There is a child rewriting the AOF. Killing it!\n= * Killing running AOF rewrite child: 2001\n"
      "= * 2001:signal-handler (*) Received SIGUSR1 in child, exiting now.\n= * Calling fsync() on the AOF file.\n"
      "= * Redis is now ready to exit, bye bye...\n" RESTARTED, NULL },
    { "SIGTERM: since 7.0 a rewrite is ended without an AOF as well",
      LONE("") "a1> BGREWRITEAOF\n= *\nstop a1\nwait 200ms\n" SHUTDOWN_LOG
      "= * There is a child rewriting the AOF. Killing it!\n= * Killing running AOF rewrite child: 2001\n= ...\n"
      "= * Saving the final RDB snapshot before exiting.\n= ...\n", NULL },
    { "SIGTERM: until 6.2 a rewrite without an AOF is not looked for",
      "redis 6.2\n" LONE("") "a1> BGREWRITEAOF\n= *\nstop a1\nwait 200ms\n" SHUTDOWN_LOG
      "= * Saving the final RDB snapshot before exiting.\n= ...\n", NULL },
    { "SHUTDOWN: until 5.0 neither the AOF's child is named nor does it say anything",
      "redis 5.0\n" LONE("appendonly yes\n") "a1> BGREWRITEAOF\n= *\na1> SHUTDOWN NOSAVE\n= ...\nwait 200ms\n" SHUTDOWN_LOG
      "= * There is a child rewriting the AOF. Killing it!\n= * Calling fsync() on the AOF file.\n= ...\n", NULL },
    { "SIGTERM: while the first AOF is written the process does not end",
      LONE("") "a1> CONFIG SET appendonly yes\n= OK\nstop a1\nwait 200ms\n" SHUTDOWN_LOG
      "= * Writing initial AOF, can't exit.\n"
      "= * Errors trying to shut down the server. Check the logs for more information.\n= ...\n"
      "expect life up on a1\nstop a1\nwait 200ms\nexpect life down on a1\n" RESTARTED, NULL },
    { "SIGTERM: while the first AOF is written 6.2 says it in its own words",
      "redis 6.2\n" LONE("") "a1> CONFIG SET appendonly yes\n= OK\nstop a1\nwait 200ms\n" SHUTDOWN_LOG
      "= * Writing initial AOF, can't exit.\n= * SIGTERM received but errors trying to shut down the server, "
      "check the logs for more information\n= ...\nexpect life up on a1\n", NULL },
    { "SHUTDOWN: while the first AOF is written it is refused, with FORCE the process ends all the same",
      LONE("") "a1> CONFIG SET appendonly yes\n= OK\na1> SHUTDOWN\n= (error) ERR Errors trying to SHUTDOWN. Check logs.\n"
      "a1> SHUTDOWN NOSAVE FORCE\n= ...\nwait 200ms\nexpect life down on a1\n"
      "show log on a1 from \"Writing initial AOF. Exit anyway.\"\n= ...\n"
      "= * There is a child rewriting the AOF. Killing it!\n= * Killing running AOF rewrite child: 2001\n= ...\n"
      "= * Calling fsync() on the AOF file.\n= * Redis is now ready to exit, bye bye...\n", NULL },
};
/* clang-format on */

/* True if all expectations held; else *out has what did not. */
static bool holds(const struct row *row, uint64_t seed, const char *overrides, struct rcs_buf *out)
{
    struct played played = play_with(
        row->text, (struct rcs_run_options){
                       .seed = seed, .has_seed = true, .overrides = overrides, .quiet = true });
    if (!played.began) { /* a directive that is none would be noticed, too */
        fail_msg("%s", played.diag.text);
    }
    bool good = played.failures == 0 && played.err == RCS_OK;
    rcs_buf_add(out, played.out.data, played.out.size_bytes);
    played_close(&played);
    return good;
}

static void play_row(void **state)
{
    const struct row *row = *state;
    struct rcs_buf out;
    rcs_buf_init(&out);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        rcs_buf_clear(&out);
        if (!holds(row, seed, NULL, &out)) {
            rcs_buf_add(&out, "", 1);
            fail_msg("seed %u:\n%s", (unsigned)seed, out.data);
        }
    }
    bool noticed = row->without == NULL;
    for (uint64_t seed = 1; seed <= SEEDS_WITHOUT && !noticed; seed++) {
        noticed = !holds(row, seed, row->without, &out);
    }
    if (!noticed) {
        fail_msg("it holds all the same with %s", row->without);
    }
    rcs_buf_close(&out);
}

int main(void)
{
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    static struct CMUnitTest tests[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = play_row,
                                        .initial_state = (void *)&rows[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
