/* Reasons by their numbers, from a run to the sentence: why a node was not promoted, what held it
 * up, and what would have helped; a row a rule. */
#include "tests/support/explained.h"
#include "tests/support/support.h"

/* --- reasons, from a run to the sentence ------------------------------------------------------ */

struct row {
    const char *name;
    const char *play; /* behind EXPLAIN_BASE, unless it has a site of its own */
    const char *overrides;
    struct rcs_explain_options options;
    const char *want; /* several: with "|" between them; one that must not be there: "!" in front */
};

/* clang-format off */
#define WHY_NOT(of)  { .why_not = of }
#define NODE(of)     { .node = of }
#define AT(of, when) { .node = of, .has_at = true, .at_us = when }
#define FACTOR(n)    "cluster-replica-validity-factor " n "\n"
#define LONG_GONE    "partition a1 a5\nwait 6s\npoweroff a1\nheal\nwait 10s\n"

/* Like EXPLAIN_BASE, but of more nodes. */
#define FORMED(head, nodes, create)                                                                \
    "cluster-node-timeout 1000\nrepl-diskless-sync-delay 0\nappendonly no\nsave \"\"\n"            \
    "repl-ping-replica-period 1\nsite A " nodes "\n" head                                          \
    "cli --cluster create a1..a3 " create "\n= ...\nwait 7s\n"

static const struct row rows[] = {
    /* why not promoted: only suspected */
    { "all masters lost: nobody reports", "kill a1..a3\nwait 5s\n", NULL, WHY_NOT("a5"),
      "a5 does not stand for election: it only suspects a1; 0 of 3 masters report it, FAIL takes 2|"
      "what would help: FAIL of a1, by 2 of 3 masters." },
    { "two of three lost: one reports", "kill a1, a2\nwait 5s\n", NULL, WHY_NOT("a5"),
      "it only suspects a1; 1 of 3 masters reports it, FAIL takes 2|`CLUSTER FAILOVER TAKEOVER` at a5" },
    { "one lost: elected", "kill a1\nwait 10s\n", NULL, WHY_NOT("a5"),
      "a5 was promoted:|a5 has won the election of epoch 7: 2 votes, 2 needed" },
    /* not allowed to */
    { "cluster-replica-no-failover", "a5> CONFIG SET cluster-replica-no-failover yes\n= OK\nkill a1\nwait 10s\n",
      NULL, WHY_NOT("a5"),
      "a5 does not stand for election: cluster-replica-no-failover is on|what would help: `cluster-replica-no-failover no` at a5" },
    /* data too old */
    { "validity factor 1", LONG_GONE, FACTOR("1"), WHY_NOT("a5"),
      "less 1000 ms for noticing, at most 2000 ms are allowed|1 (cluster-replica-validity-factor) times 1000 ms" },
    { "validity factor 2", LONG_GONE, FACTOR("2"), WHY_NOT("a5"),
      "less 1000 ms for noticing, at most 3000 ms are allowed|2 (cluster-replica-validity-factor) times 1000 ms" },
    { "validity factor 0: elected", LONG_GONE, FACTOR("0"), WHY_NOT("a5"),
      "a5 was promoted:|cluster-replica-validity-factor 0 allows any age" },
    /* votes */
    { "no vote arrives", "drop auth-ack to a5 times 9\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 has 0 votes in epoch 7, 2 are needed|2 votes of masters with slots in epoch 7" },
    { "one vote arrives", "drop auth-ack to a5 times 1\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 has 1 vote in epoch 7, 2 are needed|a5 counts the vote of a" },
    { "the attempt expires", "drop auth-ack to a5 times 9\nkill a1\nwait 6s\n", NULL, WHY_NOT("a5"),
      "votes count for 2000 ms, the next may be scheduled after 4000 ms|more than 4000 ms after this one was due" },
    { "the attempt expires, node timeout 1500", "drop auth-ack to a5 times 9\nkill a1\nwait 8s\n",
      "cluster-node-timeout 1500\n", WHY_NOT("a5"),
      "votes count for 3000 ms, the next may be scheduled after 6000 ms" },
    /* nobody to stand for, nothing to win */
    { "its master owns no slots", "a5> CLUSTER RESET\n= OK\na1> CLUSTER MEET $a5.ip $a5.port\n= OK\nwait 3s\n"
      "a4> CLUSTER REPLICATE $a5.id\n= OK\nwait 3s\nkill a5\nwait 4s\n", NULL, WHY_NOT("a4"),
      "a4 does not stand for election: a5 owns no slots, there is nothing to take over|"
      "a4 marks a5 as FAIL: |what would help: nothing: a master without slots is not replaced" },
    { "another replica was faster", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a1\nwait 6s\n",
      NULL, WHY_NOT("a5"),
      "a5 will stand for election in 746 ms: rank #0|a5 waits: its election begins in 645 ms, rank #0|"
      "a4 is master now, in place of a1|"
      "what would have helped: time: 645 ms, unless another replica wins first|what would help now: `CLUSTER FAILOVER` at a5" },
    { "another replica was faster, and has gone since", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a1\nwait 6s\n"
      "kill a4\nwait 100ms\n", NULL, WHY_NOT("a5"), "what would have helped: time: 645 ms|!what would help now" },
    { "not allowed to, and another one won", "a4> CLUSTER REPLICATE $a1.id\n= OK\n"
      "a5> CONFIG SET cluster-replica-no-failover yes\n= OK\nwait 3s\nkill a1\nwait 6s\n",
      NULL, WHY_NOT("a5"), "a5 does not stand for election: cluster-replica-no-failover is on|"
      "a5 does not count: it may not stand (nofailover)|"
      "what would have helped: `cluster-replica-no-failover no` at a5|what would help now: `CLUSTER FAILOVER` at a5" },
    /* refused */
    { "a voter that rests, votes that do not arrive", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\n"
      "drop auth-ack times 99\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      " refuses a5 its vote|voted for a replica of a1 |ms ago, and does so once in 2000 ms|"
      "what would help: time: 2000 ms between two votes for replicas of a1" },
    { "votes that do not arrive", "drop auth-ack times 99\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 has 0 votes in epoch 7, 2 are needed\n  a2 votes for a5 in epoch 7, but its vote has not arrived\n"
      "    fault: auth-ack from a2 to a5 was dropped\n      fault: drop auth-ack times 99\n"
      "  a3 votes for a5 in epoch 7, but its vote has not arrived\n    fault: auth-ack from a3 to a5 was dropped\n"
      "      fault: drop auth-ack times 99\n  a1 is asked for its vote in epoch 7, and has not answered\n    fault: kill a1\n" },
    { "a vote that is cut off", "kill a1\nawait event a5 election-delayed within 8s\nwait 600ms\npartition oneway a3 a5\nwait 2s\n", NULL, WHY_NOT("a5"),
      "a3 votes for a5 in epoch 7, but its vote has not arrived\n    fault: partition oneway a3 to a5\n" },
    { "the one vote that a drop does not take", "drop auth-ack to a5 nth 2\nkill a1\nwait 4s\n", NULL,
      WHY_NOT("a5"), "a5 has 1 vote in epoch 7, 2 are needed\n  a5 counts the vote of a2|"
      "    fault: auth-ack from a3 to a5 was dropped\n      fault: drop auth-ack to a5 nth 2\n|!from a2 to a5 was dropped" },
    { "a request that does not arrive", "drop auth-req to a3\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 has 1 vote in epoch 7, 2 are needed|a3 is asked for its vote in epoch 7, and has not answered\n"
      "    fault: auth-req from a5 to a3 was dropped\n      fault: drop auth-req to a3\n|!a2 is asked for its vote in epoch 7, and" },
    { "a request that is cut off", "kill a1\nawait event a5 election-delayed within 8s\npartition oneway a5 a3\nwait 2s\n",
      NULL, WHY_NOT("a5"), "a3 is asked for its vote in epoch 7, and has not answered\n    fault: partition oneway a5 to a3\n" },
    { "voters that only suspect the master", "partition a2 a3\ndrop fail times 99\nkill a1\nwait 4s\n", NULL,
      WHY_NOT("a5"), "a2 refuses a5 its vote|a2 sees a1, the master of a5, as fail?, and the request is not forced|"
      "what would help: FAIL of a1 at a2, or a manual failover of a5, which is forced" },
    { "a voter without slots", "a4> CLUSTER RESET\n= OK\na1> CLUSTER MEET $a4.ip $a4.port\n= OK\nwait 3s\n"
      "drop auth-ack times 99\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a4 is a master without slots and has no vote in epoch |what would help: slots for a4" },
    { "the request is of an old epoch", "kill a1\nawait event a5 election-delayed within 8s\nwait 500ms\n"
      "partition oneway a2,a3,a4,a6 a5\na4> CLUSTER FAILOVER TAKEOVER\n= OK\nwait 60ms\n"
      "a6> CLUSTER FAILOVER TAKEOVER\n= OK\nwait 1s\n", NULL, WHY_NOT("a5"),
      "a5 asks for votes in epoch 7|a6 refuses a5 its vote\n    the request's epoch 7 is below 8, the current one of a6\n|"
      "what would help: a later attempt: by then a5 has heard of epoch 8" },
    { "the vote of that epoch is spent", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\npartition a4 a5\n"
      "drop auth-ack times 99\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a3 refuses a5 its vote\n    a3 has voted in epoch 7 already, and the epoch is still 7\n      a3 votes for a4 in epoch 7\n|"
      "what would help: an election in a later epoch: one vote an epoch" },
    { "the voter takes it for a master", "a4> CLUSTER RESET\n= OK\na1> CLUSTER MEET $a4.ip $a4.port\n= OK\nwait 3s\n"
      "drop auth-ack to a4 times 9\na4> CLUSTER REPLICATE $a1.id\n= OK\na4> CLUSTER FAILOVER FORCE\n= OK\nwait 1s\n",
      NULL, WHY_NOT("a4"), "a2 refuses a4 its vote\n    a2 takes a4 for a master, and masters need no election\n|"
      "what would help: a2 hearing that a4 is a replica (a ping or pong of it)" },
    { "the voter does not know its master", "a2,a3> CLUSTER FORGET $a1.id\n= OK\na5> CLUSTER FAILOVER FORCE\n= OK\nwait 1s\n",
      NULL, WHY_NOT("a5"), "a5 has 1 vote in epoch 7, 2 are needed|"
      "a2 refuses a5 its vote\n    a2 does not know the master of a5\n|what would help: a2 hearing whose replica a5 is" },
    { "a slot of its claim belongs to another one", "partition oneway a2 a5\ndrop update to a5 times 99\n"
      "a2> CLUSTER SETSLOT 0 IMPORTING $a1.id\n= OK\na2> CLUSTER SETSLOT 0 NODE $a2.id\n= OK\n"
      "a5> CLUSTER FAILOVER FORCE\n= OK\nwait 1s\n", NULL, WHY_NOT("a5"),
      "a3 refuses a5 its vote\n    slot 0 belongs to a2 with epoch 7, the claim of a5 has 1\n|"
      "what would help: a5 hearing of epoch 7 (an UPDATE), or being right about the slots" },
    { "voters that have no link to it", "kill a5\nwait 200ms\nstart a5\na5> CLUSTER FAILOVER FORCE\n= OK\nwait 500ms\n",
      NULL, WHY_NOT("a5"), "a5 has 1 vote in epoch 7, 2 are needed|"
      "a2 has no link to a5: the vote of epoch 7 is spent and never sent\n|!its vote has not arrived" },
    /* a process that does not run, or once did more */
    { "absent at the beginning", FORMED("absent a7\n", "a1..a7", "a4..a6 --cluster-replicas 1") "wait 1s\nstart a7\nwait 1s\n",
      NULL, { .why_not = "a7", .has_at = true, .at_us = RCS_S(8) }, "a7 has not been started\nwhat would help: a start of a7\n" },
    { "killed itself", "kill a5\nwait 1s\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 becomes a replica of a1\na5 has not run since then\n  fault: kill a5\n  what would help: a start of a5\n" },
    { "paused itself", "pause a5\nwait 1s\nkill a1\nwait 4s\n", NULL, WHY_NOT("a5"),
      "a5 has not run since then\n  fault: pause a5\n  what would help: a resume of a5\n" },
    { "stopped, but it does not end while it writes its first AOF", "a5> CONFIG SET appendonly yes\n= OK\nstop a5\nwait 1s\n",
      NULL, WHY_NOT("a5"), "nothing called for it: a5 never suspected|!has not run" },
    { "stopped before", "stop a5\nwait 1s\nkill a1\nwait 4s\n", NULL, AT("a5", RCS_S(20)),
      "a5 has not run since then\n  fault: stop a5\n  what would help: a start of a5\n" },
    { "killed and started again: the last start counts", "kill a5\nwait 1s\nstart a5\nwait 5s\n", NULL, WHY_NOT("a5"),
      "a5 starts as a replica of a1, as its nodes.conf says\nnothing called for it: a5 never suspected" },
    { "an old master", "kill a1\nwait 10s\nstart a1\nwait 5s\n", NULL, WHY_NOT("a1"),
      "a1 was a master, and lost its slots:\na1 becomes a replica of a5, which claims the slots with epoch 7\n"
      "  5461 slots of a1 went to a5: 0 are left to a1\n" },
    { "promoted, and not for long", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\n"
      "partition a1,a5 a2,a3,a4,a6\nwait 8s\na5> CLUSTER FAILOVER TAKEOVER\n= OK\nwait 1s\nheal\nwait 6s\n",
      NULL, WHY_NOT("a4"), "a4 was promoted, and lost its slots again:\na4 becomes a replica of a5|"
      "owned by a4 with epoch 7, less than 8|a5 takes epoch 8: a4 has the same as it had|both had 7" },
    { "a master that was reset", "a5> CLUSTER RESET\n= OK\nwait 1s\n", NULL, WHY_NOT("a5"),
      "a5 is a master again: it was reset and no longer follows a1\n  command: a5> CLUSTER RESET\n|"
      "a5 has been a master since then|without any, `CLUSTER REPLICATE` at a5 makes it a replica" },
    /* which fault is the cause */
    { "cut off before its master was killed", "partition a5 a1,a2,a3,a4,a6\nwait 500ms\nkill a1\nwait 4s\n", NULL,
      WHY_NOT("a5"), "a5 suspects a1 (fail?)|fault: partition a5 from a1, a2, a3, a4, a6" },
    { "a partition elsewhere is no cause", "kill a1\nwait 500ms\npartition a1 a4\nwait 6s\n", NULL, NODE("a5"),
      "a2 suspects a1 (fail?)|fault: kill a1" },
    { "a partition that was healed is no cause", "partition a1 a5\nwait 100ms\nheal a1 a5\nwait 1s\npause a1\nwait 6s\n",
      NULL, NODE("a5"), "suspects a1 (fail?)|fault: pause a1" },
    { "only suspected, and answers again", "partition a1 a5\nwait 3s\nheal\nwait 2s\n", NULL, WHY_NOT("a5"),
      "a5 does not stand for election: it only suspects a1|\na5 no longer suspects a1: it answers\n|"
      "what would have helped: FAIL of a1" },
    /* nothing was the matter */
    { "nothing called for it", "wait 1s\n", NULL, WHY_NOT("a5"),
      "nothing called for it: a5 never suspected its master, and nobody ordered it to fail over" },
    { "a master", "wait 1s\n", NULL, WHY_NOT("a2"),
      "a2 starts as a master, with 0 slots|a2 has been a master since then, and a master does not stand for election" },
    /* manual failover */
    { "the command at a master", "a2> CLUSTER FAILOVER TAKEOVER\n= *\n", NULL, WHY_NOT("a2"),
      "a2 refuses to fail over: it is a master|what would help: sending the command to a replica" },
    { "plain, the master is dead", "kill a1\nwait 3ms\na5> CONFIG SET cluster-replica-no-failover yes\n= OK\n"
      "wait 4s\na5> CLUSTER FAILOVER\n= *\n", NULL, WHY_NOT("a5"),
      "a5 refuses to fail over: it sees a1 as fail and has |what would help: `CLUSTER FAILOVER FORCE`, which does without a1" },
    { "plain, the request is lost", "drop mfstart times 1\na5> CLUSTER FAILOVER\n= OK\nwait 6s\n", NULL,
      WHY_NOT("a5"), "ms for a1 to say at which offset it holds its writes\n    fault: mfstart from a5 to a1 was dropped\n"
      "      fault: drop mfstart\n|a5 gives up its manual failover: its time is up" },
    { "plain, no votes", "drop auth-ack to a5 times 9\na5> CLUSTER FAILOVER\n= OK\nwait 6s\n", NULL,
      WHY_NOT("a5"), "a5 has 0 votes in epoch 7, 2 are needed|`CLUSTER FAILOVER TAKEOVER`" },
    { "plain, not known as its replica yet", "a4> CLUSTER REPLICATE $a1.id\n= OK\na4> CLUSTER FAILOVER\n= OK\nwait 6s\n",
      NULL, WHY_NOT("a4"), "a4 waited 50|ms for a1 to say at which offset it holds its writes|"
      "a1 ignores the wish of a4 to take over: as far as it knows that is no replica of its own|"
      "what would help: a1 hearing that a4 is its replica" },
    { "plain, the master's word is late", "a5> CLUSTER FAILOVER\n= OK\npause a5\nwait 6s\nresume a5\nwait 1s\n", NULL, NODE("a1"),
      "a1 gives up its manual failover: its time is up|a1 held its writes for 50|ms, and a5 did not take over" },
    { "plain, under way", "drop mfstart times 1\na5> CLUSTER FAILOVER\n= OK\nwait 3s\n", NULL, WHY_NOT("a5"),
      "a5 becomes a replica of a1\na5 accepts a manual failover and asks a1 to hold its writes\n  command: a5> CLUSTER FAILOVER\n" },
    { "plain, under way, at that time", "drop mfstart times 1\na5> CLUSTER FAILOVER\n= OK\nwait 3s\n", NULL, AT("a5", RCS_S(20)),
      "a5 accepts a manual failover and asks a1 to hold its writes\n  command: a5> CLUSTER FAILOVER\n" },
    { "plain, under way, the master", "drop auth-ack to a5 times 9\na5> CLUSTER FAILOVER\n= OK\nwait 3s\n", NULL, AT("a1", RCS_S(20)),
      "a1 holds its writes: its replica a5 wants to take over\n  a5 accepts a manual failover and asks a1" },
    { "plain, without the data", "kill a5\nlose data a5\nwait 500ms\nstart a5\nwait 1s\na5> CLUSTER FAILOVER\n= OK\nwait 3s\n",
      "repl-diskless-sync-delay 10\n", WHY_NOT("a5"), "a5 has processed up to 0, a1 holds its writes at 1|"
      "what would help: the replication stream reaching 1" },
    { "plain, as it should go", "a5> CLUSTER FAILOVER\n= OK\nwait 1s\n", NULL, NODE("a5"),
      "a manual failover waits for no delay and has no rank|a5 has processed all that its master wrote|"
      "a1 holds its writes: its replica a5 wants to take over|command: a5> CLUSTER FAILOVER" },
    { "the old master knows why it follows", "a5> CLUSTER FAILOVER\n= OK\nwait 1s\n", NULL, NODE("a1"),
      "a1 becomes a replica of a5, which claims the slots with epoch 7|"
      "5461 slots of a1 went to a5: 0 are left to a1|5461 of them were owned by a1 with epoch 1, less than 7" },
    /* states */
    { "a minority", "kill a1, a2\nwait 5s\n", NULL, AT("a3", RCS_S(20)),
      "a3 reaches 1 master with slots and does not reach 2; 2 are needed|a3 sees a2 as fail?; it owns 5462 slots|"
      "what would help: contact with 2 masters with slots" },
    { "slots nobody serves", "kill a1, a5\nwait 5s\n", NULL, AT("a3", RCS_S(20)),
      "a3 sees 5461 slots served by nobody (0 without owner; 1 owner not reached)|a3 sees a1 as fail; it owns 5461 slots" },
    { "slots of nobody", "a1> CLUSTER DELSLOTS 0 1 2\n= OK\nwait 1s\n", NULL, AT("a1", RCS_S(20)),
      "a1 sees 3 slots served by nobody (3 without owner; 0 owners not reached)|"
      "what would help: an owner without FAIL for each of these slots" },
    { "after a minority", "kill a4\npartition a3 a1,a2,a5,a6\nwait 4s\nheal\nwait 4s\n", NULL, NODE("a3"),
      "at least 1000 ms were needed" },
    { "after a minority, node timeout 700", "kill a4\npartition a3 a1,a2,a5,a6\nwait 4s\nheal\nwait 4s\n",
      "cluster-node-timeout 700\n", NODE("a3"), "at least 700 ms were needed" },
    { "a new start", "kill a1\nwait 300ms\nstart a1\nwait 300ms\n", NULL, AT("a1", RCS_S(20)),
      "a1 is a master that looked at its cluster for the first time |it says ok after 2000 ms|"
      "what would help: time: 2000 ms after the start" },
    { "a new start, node timeout 3000", "kill a1\nwait 300ms\nstart a1\nwait 300ms\n", "cluster-node-timeout 3000\n",
      AT("a1", RCS_S(20)), "it says ok after 2000 ms" },
    { "back in a majority", "kill a4\npartition a3 a1,a2,a5,a6\nwait 4s\nheal\nwait 600ms\n",
      "cluster-node-timeout 1500\n", AT("a3", RCS_S(20)),
      "a3 is a master that last was in a minority |it says ok after 1500 ms|"
      "what would help: time: 1500 ms without being in the minority" },
    { "slots given up", "a1> CLUSTER DELSLOTS 0 1 2\n= OK\nwait 1s\n", NULL, NODE("a1"),
      "    a1 gives up 3 slots\n      command: a1> CLUSTER DELSLOTS 0 1 2\n" },
    { "FAIL that stays", "kill a5\npause a1\nwait 2500ms\nresume a1\nwait 1500ms\n", NULL, NODE("a2"),
      "a1 answers, but stays FAIL at a2: it owns slots and has been FAIL for |ms only, more than 2000 ms are needed" },
    /* roles by order */
    { "reset", "a5> CLUSTER RESET\n= OK\nwait 1s\n", NULL, NODE("a5"),
      "a5 is a master again: it was reset and no longer follows a1|command: a5> CLUSTER RESET" },
    { "the last slot given away", "a1> CLUSTER DELSLOTSRANGE 1 5460\n= OK\na1> CLUSTER SETSLOT 0 NODE $a2.id\n= OK\nwait 1s\n",
      NULL, NODE("a1"), "a1 becomes a replica of a2, which was given its last slot|command: a1> CLUSTER SETSLOT 0 NODE" },
    /* a voter and a claim */
    { "how a voter voted", "kill a1\nwait 10s\n", NULL, NODE("a2"), "a2 votes for a5 in epoch 7|its last vote was in epoch 0" },
    { "a bump of the epoch", "a1> CLUSTER BUMPEPOCH\n= *\nwait 2s\n", NULL, NODE("a1"), "a1 takes epoch 7 without asking|"
      "its config epoch was 1, the greatest it knows of is 6, the current one 6" },
    /* migration */
    { "one without replica, none to spare", "kill a6\nwait 9s\n", NULL, AT("a5", RCS_S(20)),
      "a5 stays: no master has 2 working replicas, the most is 1|what would help: a master with 2 working replicas" },
    { "a spare one, not long enough", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a6\nwait 4s\n", NULL, AT("a5", RCS_S(20)),
      "a5 waits: a2 has had no working replica for |more than 5000 ms are needed|"
      "what would help: time: more than 5000 ms without a working replica of a2" },
    { "a spare one, but not this", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a6\nwait 4s\n", NULL, AT("a4", RCS_S(20)),
      "a4 stays: a5 has the smaller id and is the one to go to a2|what would help: the loss of a5" },
    { "a spare one, but another master has more", FORMED("", "a1..a9", "a4..a9 --cluster-replicas 2")
      "a9> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a7, a8\nwait 4s\n", NULL, AT("a4", RCS_S(20)),
      "a4 stays: a3 has 1 working replica, another master has 3|"
      "what would help: a3 having as many working replicas as any other master" },
    { "a spare one, but the cluster is down", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a6, a3\nwait 4s\n", NULL,
      AT("a5", RCS_S(20)), "a5 stays: its cluster state is fail|what would help: cluster state ok at a5" },
    { "a spare one, switched off", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a6\nwait 4s\n",
      "cluster-allow-replica-migration no\n", AT("a5", RCS_S(20)),
      "a5 stays: cluster-allow-replica-migration is off|what would help: `cluster-allow-replica-migration yes` at a5" },
    { "a spare one, under the barrier", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a6\nwait 4s\n",
      "cluster-migration-barrier 2\n", AT("a5", RCS_S(20)),
      "a5 stays: a1 has 2 working replicas, and 2 (cluster-migration-barrier) must be left to it" },
    { "a spare one goes", "a4> CLUSTER REPLICATE $a1.id\n= OK\nwait 3s\nkill a6\nwait 9s\n", NULL, NODE("a5"),
      "a5 leaves a1 and becomes a replica of a2, which has no working one|"
      "a1 can spare one: 2 working replicas, cluster-migration-barrier is 1|a2 has had no working replica for 50" },
    /* what another node said */
    { "who reported whom", "kill a1\nwait 10s\n", NULL, NODE("a5"),
      "marks a1 as FAIL: 2 say so, 2 are needed|reports a1, |"
      "a ping is unanswered for|fault: kill a1" },
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The words of `want`, each of which must be there, or with "!" must not. */
static void has_words(const struct rcs_buf *text, const char *want_list)
{
    for (const char *at = want_list; *at != '\0';) {
        char want[512];
        size_t length = strcspn(at, "|");
        snprintf(want, sizeof(want), "%.*s", (int)length, at);
        bool unwanted = want[0] == '!';
        if ((strstr(text->data, want + unwanted) == NULL) != unwanted) {
            fail_msg("no word of \"%s\" in\n%s", want, text->data);
        }
        at += length + (at[length] == '|');
    }
}

static void reason(void **state)
{
    const struct row *row = *state;
    char play[2048];
    bool whole = strstr(row->play, "site A") != NULL;
    snprintf(play, sizeof(play), "%s%s", whole ? "" : EXPLAIN_BASE, row->play);
    struct rcs_buf trace = explain_traced(play, row->overrides);
    struct rcs_buf text = explain_asked(&trace, &row->options);
    has_words(&text, row->want);
    if (strstr(text.data, "missing") != NULL) {
        fail_msg("nothing was taken out, but:\n%s", text.data);
    }
    rcs_buf_close(&text);
    rcs_buf_close(&trace);
}

/* A node loses its master's name only where its nodes.conf had none, and no statement writes such a
 * file: of these two reasons a run gives neither (the node that takes them is in test_causes and
 * test_command_cluster), so their sentences are asked of a trace in which another one had its word.
 */
static const struct renamed {
    const char *name, *play, *from, *to, *want;
} renamed[] = {
    { "a replica that knows no master: refuses an order", "a2> CLUSTER FAILOVER\n= *\n",
      "\"failover-is-master\"", "\"failover-no-master\"",
      "a2 refuses to fail over: its master is not known to it\n  command: a2> CLUSTER FAILOVER\n|"
      "what would help: CLUSTER REPLICATE, or contact with a node that knows the master" },
    { "a replica that knows no master: does not stand",
      "a5> CONFIG SET cluster-replica-no-failover yes\n= OK\nkill a1\nwait 10s\n",
      "\"stand-forbidden\"", "\"stand-unknown\"",
      "a5 does not stand for election: its master is not known to it\n|"
      "what would help: CLUSTER REPLICATE, or contact with a node that knows the master" },
};
#define RENAMED (sizeof(renamed) / sizeof(renamed[0]))

static void renamed_reason(void **state)
{
    const struct renamed *row = *state;
    char play[1024];
    snprintf(play, sizeof(play), "%s%s", EXPLAIN_BASE, row->play);
    struct rcs_buf trace = explain_traced(play, NULL), changed;
    rcs_buf_init(&changed);
    rcs_buf_add(&trace, "", 1);
    unsigned count = 0;
    const char *at = trace.data;
    for (const char *next; (next = strstr(at, row->from)) != NULL; count++) {
        rcs_buf_add(&changed, at, (size_t)(next - at));
        rcs_buf_text(&changed, row->to);
        at = next + strlen(row->from);
    }
    rcs_buf_text(&changed, at);
    assert_true(count > 0);
    struct rcs_explain_options options = { .why_not = row->want[1] == '2' ? "a2" : "a5" };
    struct rcs_buf text = explain_asked(&changed, &options);
    has_words(&text, row->want);
    rcs_buf_close(&text);
    rcs_buf_close(&changed);
    rcs_buf_close(&trace);
}
int main(void)
{
    struct CMUnitTest tests[ROWS + RENAMED];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){ .name = rows[i].name,
                                        .test_func = reason,
                                        .initial_state = (void *)(uintptr_t)&rows[i] };
    }
    for (size_t i = 0; i < RENAMED; i++) {
        tests[ROWS + i] = (struct CMUnitTest){ .name = renamed[i].name,
                                               .test_func = renamed_reason,
                                               .initial_state = (void *)(uintptr_t)&renamed[i] };
    }
    return _cmocka_run_group_tests("why-not", tests, ROWS + RENAMED, NULL, NULL);
}
