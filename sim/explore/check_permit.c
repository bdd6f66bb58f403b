/* What is watched, and the table of breaches that real servers commit, too. */
#include <string.h>

#include "sim/explore/check_parts.h"

/* clang-format off */
static const struct {
    const char *name, *text;
} invariants[] = {
#define X(name, word, text) { word, text },
    RCS_INVARIANTS(X)
#undef X
};

#define FIRST 0
#define LAST  UINT16_MAX
static const struct rcs_check_permit permits[] = {
    { RCS_INVARIANT_EPOCH_FALLS, FIRST, LAST, "unsaved-epoch",
      "a current epoch that was heard is not saved before something else is; a restart falls back to the file (clusterProcessPacket)" },
    { RCS_INVARIANT_EPOCH_FALLS, FIRST, LAST, "stale-conf", "an older nodes.conf brings an older epoch back" },
    { RCS_INVARIANT_CONFIG_FALLS, FIRST, LAST, "stale-conf", "an older nodes.conf brings an older epoch back" },
    { RCS_INVARIANT_CONFIG_FALLS, FIRST, LAST, "replica-epoch",
      "nodes.conf holds no config epoch of a replica's own (clusterLoadConfig)" },
    { RCS_INVARIANT_CONFIG_FALLS, 74, LAST, "told-by-replica",
      "from 7.4 on a master takes its config epoch from a replica that was master of the shard (clusterProcessPacket)" },
    { RCS_INVARIANT_NO_MAJORITY, 74, LAST, "told-by-replica",
      "from 7.4 on a node is made master by one of the shard that calls itself its replica (clusterProcessPacket)" },
    { RCS_INVARIANT_DOUBLE_VOTE, FIRST, LAST, "stale-conf", "an older nodes.conf has forgotten a vote" },
    { RCS_INVARIANT_DOUBLE_VOTE, 30, 30, "vote-before-disk",
      "3.0 sends a vote before it is on disk, and a restart forgets it (until 3.2.12, 4.0.9)" },
    { RCS_INVARIANT_VOTE_UNSAVED, 30, 30, "vote-before-disk",
      "3.0 sends a vote before it is on disk (until 3.2.12, 4.0.9)" },
    { RCS_INVARIANT_TWO_WINNERS, FIRST, LAST, "stale-conf", "a vote that an older nodes.conf has forgotten was given twice" },
    { RCS_INVARIANT_TWO_WINNERS, 30, 30, "vote-before-disk", "a vote that was not on disk was given twice" },
    { RCS_INVARIANT_TWO_WINNERS, FIRST, LAST, "winner-votes",
      "who won an epoch's election has not voted in it, and then may, for another (clusterSendFailoverAuthIfNeeded)" },
    { RCS_INVARIANT_TWO_WINNERS, FIRST, LAST, "undercount",
      "a majority is of those whom a candidate sees own slots: not of one it forgot, or whose new master it has yet to hear of (clusterUpdateState)" },
    { RCS_INVARIANT_NO_MAJORITY, FIRST, LAST, "stale-election",
      "an election that was won is won again: its state outlives promotion and demotion (clusterHandleSlaveFailover)" },
    { RCS_INVARIANT_NO_MAJORITY, FIRST, LAST, "repeated-votes",
      "votes are counted without asking who gave them, or for which election (clusterProcessPacket)" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "takeover",
      "TAKEOVER takes the next epoch, or keeps its own, without asking anybody (clusterBumpConfigEpochWithoutConsensus)" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "bump",
      "BUMPEPOCH and the end of an import take the next epoch without asking anybody (clusterBumpConfigEpochWithoutConsensus)" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "collision",
      "who steps aside from a collision takes the next epoch without asking anybody (clusterHandleConfigEpochCollision)" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "set", "SET-CONFIG-EPOCH gave it, whoever else has it" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "stale-conf", "an older nodes.conf brings an older epoch back" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "replica-epoch",
      "the nodes.conf of a replica has its master's epoch for its own (clusterGenNodeDescription)" },
    { RCS_INVARIANT_EPOCH_COLLISION, 74, LAST, "told-by-replica",
      "from 7.4 on a master takes its config epoch from a replica that was master of the shard (clusterProcessPacket)" },
    { RCS_INVARIANT_EPOCH_COLLISION, 30, 30, "vote-before-disk", "a vote that was not on disk was given twice" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "winner-votes", "an epoch had two winners: who won its election voted in it, for the other" },
    { RCS_INVARIANT_EPOCH_COLLISION, FIRST, LAST, "undercount", "an epoch had two winners: one counted too few masters" },
    { RCS_INVARIANT_TWO_PROMOTED, FIRST, LAST, "takeover",
      "TAKEOVER asks nobody, and may race an election, or another TAKEOVER (clusterFailoverReplaceYourMaster)" },
    { RCS_INVARIANT_TWO_PROMOTED, FIRST, LAST, "unheard-winner",
      "a voter that has not heard of the first one's claim holds its master for the owner (clusterSendFailoverAuthIfNeeded)" },
    { RCS_INVARIANT_TWO_PROMOTED, FIRST, LAST, "forgotten", "a voter that was told to forget the first one does not know its claim" },
    { RCS_INVARIANT_TWO_PROMOTED, FIRST, LAST, "stale-conf", "an older nodes.conf has forgotten a claim, or a vote" },
    { RCS_INVARIANT_TWO_PROMOTED, FIRST, LAST, "winner-votes",
      "an election had two winners: one of them voted for the other (two-winners)" },
    { RCS_INVARIANT_TWO_PROMOTED, FIRST, LAST, "undercount",
      "an election had two winners: one of them counted too few masters (two-winners)" },
    { RCS_INVARIANT_TWO_PROMOTED, 30, 30, "vote-before-disk", "a vote that was not on disk was given twice" },
    { RCS_INVARIANT_FORGOTTEN_RETURNS, FIRST, LAST, "ban-over",
      "FORGET holds for 60 s; then gossip of those who were not told brings the node back (clusterBlacklistAddNode)" },
    { RCS_INVARIANT_FORGOTTEN_RETURNS, FIRST, LAST, "ban-lost", "FORGET is kept in memory alone: a restart forgets it" },
    { RCS_INVARIANT_FORGOTTEN_RETURNS, 72, LAST, "ban-heard",
      "from 7.2 on FORGET is told to others, and holds there for what was left of it when that was said (clusterProcessPingExtensions)" },
    { RCS_INVARIANT_FORGOTTEN_RETURNS, FIRST, LAST, "meet", "MEET, from whomever, brings a node back at once" },
    { RCS_INVARIANT_FORGOTTEN_RETURNS, FIRST, LAST, "clock", "the 60 s of FORGET are of the host's clock, which was set" },
    { RCS_INVARIANT_FAIL_QUORUM, FIRST, LAST, "uncounted-masters",
      "a master counts masters only two seconds after its start: until then one is the majority (clusterUpdateState)" },
    { RCS_INVARIANT_FAIL_QUORUM, FIRST, LAST, "counted-twice",
      "a node that became somebody else hears of who it was, at its own address, and takes its own pings for another's report (clusterProcessGossipSection)" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, 62, "unclaimed-slots",
      "until 7.0.13 a slot stays with an owner that does not claim it, against a claim of a smaller epoch (clusterUpdateSlotsConfigWith)" },
    { RCS_INVARIANT_SLOT_OWNERS, RCS_SERIES_VALKEY, LAST, "stale-conf",
      "by an older nodes.conf a node becomes master without the slots, which wait for it to claim them" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, LAST, "nobody-claims",
      "a slot that nobody claims (DELSLOTS, RESET, or SETSLOT NODE at one side only) stays with the owner that was seen last (clusterUpdateSlotsConfigWith)" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, LAST, "gone-owner",
      "a slot stays with an owner that is gone, against the claim of a smaller epoch (clusterUpdateSlotsConfigWith)" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, LAST, "nobodys",
      "of slots that are nobody's since two nodes were replicas of each other, who was away keeps the owner it knew (clusterUpdateSlotsConfigWith)" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, 62, "given-to-replica",
      "until 7.0 SETSLOT NODE may name a replica, which claims nothing: who was told holds it for the owner (clusterCommand)" },
    { RCS_INVARIANT_SLOT_UNOWNED, FIRST, 62, "given-to-replica",
      "until 7.0 SETSLOT NODE may name a replica, which claims nothing: to others the slot may be nobody's (clusterCommand)" },
    { RCS_INVARIANT_SLOT_UNOWNED, FIRST, LAST, "nobody-claims",
      "a slot that nobody claims (SETSLOT NODE at one side only) is nobody's to who saw its last owner demoted (clusterProcessPacket)" },
    { RCS_INVARIANT_EPOCH_SHARED, FIRST, LAST, "unseen",
      "a node keeps the highest config epoch it heard of another: that one may have fallen since, by RESET or an older nodes.conf (clusterHandleConfigEpochCollision)" },
    { RCS_INVARIANT_SLOT_UNOWNED, FIRST, LAST, "stale-conf",
      "by an older nodes.conf two nodes are replicas of each other, and their slots are nobody's" },
    { RCS_INVARIANT_SLOT_UNOWNED, FIRST, LAST, "reset", "a node that was RESET has no slots, and others are not told" },
    { RCS_INVARIANT_SLOT_UNOWNED, FIRST, LAST, "lost-conf", "a master that lost its nodes.conf is somebody else, and has no slots" },
    { RCS_INVARIANT_SLOT_UNOWNED, FIRST, LAST, "forgotten", "with a master that it forgets a node forgets who owns its slots" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, LAST, "reset", "a node that was RESET has no slots, and others are not told" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, LAST, "lost-conf", "a master that lost its nodes.conf is somebody else, and has no slots" },
    { RCS_INVARIANT_SLOT_OWNERS, FIRST, LAST, "forgotten", "with a master that it forgets a node forgets who owns its slots" },
    { RCS_INVARIANT_STRAY_REPLICA, FIRST, LAST, "reset", "a master that was RESET leaves its replicas behind" },
    { RCS_INVARIANT_STRAY_REPLICA, FIRST, LAST, "lost-conf", "a master that lost its nodes.conf leaves its replicas behind" },
    { RCS_INVARIANT_STRAY_REPLICA, FIRST, LAST, "forgotten", "a replica of a master that is forgotten has none" },
    { RCS_INVARIANT_STRAY_REPLICA, FIRST, LAST, "stale-conf",
      "by an older nodes.conf two nodes are replicas of each other" },
    { RCS_INVARIANT_SPLIT, FIRST, LAST, "reset", "a node that was RESET knows nobody, and others are not told" },
    { RCS_INVARIANT_SPLIT, FIRST, LAST, "lost-conf", "a node that lost its nodes.conf is somebody else, whom nobody knows" },
    { RCS_INVARIANT_SPLIT, FIRST, LAST, "forgotten", "a node that was told to FORGET another does not know it until gossip brings it back" },
    { RCS_INVARIANT_STRAY_REPLICA, FIRST, 74, "chain",
      "a replica's replica stays one, from 7.0 on until slots change (clusterUpdateSlotsConfigWith)" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "failover",
      "replication is asynchronous: what the old master had not sent is lost with it" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "takeover",
      "TAKEOVER asks neither the master nor the other replicas what they have" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "demotion",
      "a master that became a replica throws away what it took meanwhile" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "restart",
      "what was not on disk when a process ended is lost" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "restarted-empty",
      "a master that comes back without its data is master of nothing, and its replicas follow" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "stale-conf",
      "an older nodes.conf makes a node master of what others wrote since" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "reset",
      "RESET throws away data, or slots" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "two-owners",
      "its slot has two owners that do not hear of each other (slot-owners), each with writes of its own" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "slots-given-up",
      "with a slot that is given up its keys go, too" },
    { RCS_INVARIANT_LOST_WRITE, FIRST, LAST, "deleted", "another client deleted it, or wrote something else" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "failover",
      "a majority that has a write is not the one that elects: a replica without it may stand first (clusterGetSlaveRank)" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "takeover",
      "the replica that was told to take over need not be one that has the write" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "demotion",
      "a master that became a replica throws it away, and so do its own replicas" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "restart",
      "its replicas follow a master that comes back with less" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "restarted-empty",
      "a master that comes back without its data is master of nothing, and its replicas follow" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "stale-conf",
      "an older nodes.conf makes a node master of what others wrote since" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "reset",
      "RESET throws away data, or slots" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "two-owners",
      "its slot has two owners that do not hear of each other (slot-owners), each with writes of its own" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "slots-given-up",
      "with a slot that is given up its keys go, too" },
    { RCS_INVARIANT_LOST_CONFIRMED, FIRST, LAST, "deleted",
      "another client deleted it, or wrote something else" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "failover",
      "replication is asynchronous: that the old master had it says nothing of the replica that is elected" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "takeover",
      "TAKEOVER asks neither the master nor the other replicas what they have" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "demotion",
      "a master that became a replica throws away what it took meanwhile, and what was read of it there" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "restart",
      "it was read from memory: what was not on disk when a process ended is lost" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "restarted-empty",
      "a master that comes back without its data is master of nothing, and its replicas follow" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "stale-conf",
      "an older nodes.conf makes a node master of what others wrote since" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "reset",
      "RESET throws away data, or slots" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "two-owners",
      "its slot has two owners that do not hear of each other (slot-owners), each with writes of its own" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "slots-given-up",
      "with a slot that is given up its keys go, too" },
    { RCS_INVARIANT_LOST_READ, FIRST, LAST, "deleted",
      "another client deleted it, or wrote something else" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "failover",
      "the promoted replica gives what it has: what the old master had not sent is lost (lost-write)" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "takeover",
      "who took over gives what it has, which may be less than the master had" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "demotion",
      "what a master took that became a replica was thrown away (lost-write)" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "restart",
      "a process that comes back gives what was on its disk" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "restarted-empty",
      "a master that comes back without its data is master of nothing" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "stale-conf",
      "an older nodes.conf makes a node master that has less than others wrote since" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "reset",
      "RESET throws away data, or slots" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "two-owners",
      "a master whose place was taken serves what it has until it hears of that, or sees no majority (clusterUpdateState)" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "slots-given-up",
      "with a slot that is given up its keys go, too" },
    { RCS_INVARIANT_WRONG_VALUE, FIRST, LAST, "deleted",
      "another client deleted it, or wrote something else" },
};
/* clang-format on */

const char *rcs_invariant_name(enum rcs_invariant invariant)
{
    return invariants[invariant].name;
}

const char *rcs_invariant_text(enum rcs_invariant invariant)
{
    return invariants[invariant].text;
}

const char *rcs_check_permit(unsigned index, enum rcs_invariant *invariant, const char **why)
{
    if (index >= sizeof(permits) / sizeof(permits[0])) {
        return NULL;
    }
    *invariant = (enum rcs_invariant)permits[index].invariant;
    *why = permits[index].why;
    return permits[index].name;
}

const struct rcs_check_permit *rcs_check_permit_of(enum rcs_invariant invariant, const char *name,
                                                   unsigned series)
{
    for (size_t i = 0; i < sizeof(permits) / sizeof(permits[0]); i++) {
        const struct rcs_check_permit *permit = &permits[i];
        if (permit->invariant == invariant && strcmp(permit->name, name) == 0 &&
            permit->from <= series && series <= permit->to) {
            return permit;
        }
    }
    return NULL;
}
