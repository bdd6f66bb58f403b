#include "sim/scenario/verbs.h"

#include <string.h>

#include "sim/scenario/act.h"
#include "sim/scenario/verbs_parse.h"

#include "sim/pure.h"

/* --- the table -------------------------------------------------------------------------------- */

#define AT      RCS_VERB_AT
#define UNDO    RCS_VERB_UNDO
#define DURING  RCS_VERB_DURING
#define REPLIES RCS_VERB_REPLIES
#define LAYOUT  RCS_VERB_LAYOUT
#define SETTING RCS_VERB_SETTING
#define ACTS    RCS_VERB_ACTS
#define ORDER   RCS_VERB_ORDER
#define ASKS    RCS_VERB_ASKS
#define TRY     RCS_VERB_TRY

const struct rcs_verb rcs_verb_laid_out = { .word = "node", .where = RCS_VERB_LAYOUT };

/* clang-format off */
static const struct rcs_verb verbs[] = {
    { "title", "title \"TEXT\"", "what the scenario shows, in a sentence", LAYOUT, 0, rcs_parse_title, NULL, NULL },
    { "redis", "redis RELEASE", "the release whose behaviour is simulated, such as 6.2 or valkey-8.0; 7.0 if nothing is said", LAYOUT, 0, rcs_parse_redis, NULL, NULL },
    { "seed", "seed N", "the seed of all chance; 1 if nothing is said", LAYOUT, 0, rcs_parse_seed, NULL, NULL },
    { "network", "network lan|loopback", "the kind of links; lan if nothing is said", LAYOUT, 0, rcs_parse_network, NULL, NULL },
    { "include", "include FILE", "the lines of another file, put here", SETTING, AT | DURING, rcs_parse_include, NULL, NULL },
    { "param", "param NAME VALUE", "a value to be used as $NAME below; --param NAME=VALUE replaces it", SETTING, DURING, rcs_parse_param, NULL, NULL },
    { "site", "site NAME NODES", "declares nodes a1..a6 that stand at one site", LAYOUT, 0, rcs_parse_site, NULL, NULL },
    { "node", "node NAME [IP:PORT] | node NODES DIRECTIVE VALUE | node NODES redis RELEASE", "declares a node or gives one an address; sets a directive for some nodes; makes them another release, before they start", SETTING, AT | UNDO, rcs_parse_node, rcs_act_directive, NULL },
    { "absent", "absent NODES", "these are not started at the beginning (start NODES does it later)", LAYOUT, 0, rcs_parse_absent, NULL, NULL },
    { "client", "client NAME [site SITE] [at NODE]", "declares one more client, which asks NODE first; `client` itself is there", LAYOUT, 0, rcs_parse_client, NULL, NULL },
    { "latency", "latency SITE [SITE] 8ms..12ms", "one-way delay between two sites, within one (A A), or of one to all", SETTING, AT | UNDO, rcs_parse_latency, rcs_act_latency, NULL },
    { "jitter", "jitter SITE [SITE] 2ms", "adds up to so much to that latency", SETTING, AT | UNDO, rcs_parse_jitter, rcs_act_latency, NULL },
    { "loss", "loss SITE [SITE] 5%", "so many of the segments between them are lost, each way, and sent again", SETTING, AT | UNDO, rcs_parse_loss, rcs_act_path, NULL },
    { "bandwidth", "bandwidth SITE [SITE] 10mbit", "what fits between them each way; kbit, mbit, gbit; packets keep their order", SETTING, AT | UNDO, rcs_parse_bandwidth, rcs_act_path, NULL },
    { "link", "link SITE [SITE] lan|loopback", "another kind of link between them", SETTING, AT | UNDO, rcs_parse_link, rcs_act_path, NULL },
    { "disk", "disk NODES fsync DURATION | disk NODES full|ok", "each fsync of nodes.conf takes so long, and the node stands still; the disk has no block to give (an RDB, redis.conf and appending to an append-only file fail, nodes.conf is rewritten within its blocks of 4096 bytes), or room again", SETTING, AT | UNDO, rcs_parse_disk, rcs_act_disk, NULL },
    { "clock", "clock NODES +500ms|-2s | clock NODES drift 50ppm | clock NODES back", "the clocks of their hosts jump, gain (lose: -50ppm), or go right again: what timeouts, expiry and log lines go by, not the event loop", SETTING, AT | UNDO, rcs_parse_clock, rcs_act_clock, NULL },

    { "step", "step \"TITLE\"", "begins a part of the story", ACTS, 0, rcs_parse_step, rcs_act_step, NULL },
    { "print", "print \"TEXT\"", "a line of the transcript", ACTS, AT | DURING, rcs_parse_print, rcs_act_print, NULL },
    { "show", "show nodes|info on NODES | show workloads | show log on NODES [from \"TEXT\" [to \"TEXT\"]]", "prints what nodes believe, or lines of their logs (from the first that has the text to the next with the other; * stands for any text), without asking them over the network", ACTS, AT | DURING | REPLIES | ASKS, rcs_parse_show, rcs_act_show, NULL },
    { "wait", "wait DURATION | wait 1s..2s", "lets time pass; how much of a range, the seed decides", ACTS, DURING | ASKS, rcs_parse_wait, rcs_act_wait, rcs_act_wait_poll },
    { "await", "await CONDITION within DURATION", "lets time pass until it is so; looks every millisecond", ACTS, DURING | ASKS, rcs_parse_await, rcs_act_await, rcs_act_await_poll },
    { "expect", "expect CONDITION", "it must be so now", ACTS, AT | DURING | ASKS, rcs_parse_expect, rcs_act_expect, NULL },
    { "cli", "cli --cluster create NODES... [--cluster-replicas N] [--cluster-yes] | check NODE [--cluster-search-multiple-owners] | info NODE | fix NODE [--cluster-search-multiple-owners] [--cluster-fix-with-unreachable-masters] | add-node NEW NODE [--cluster-slave [--cluster-master-id ID]] | del-node NODE ID | call NODE COMMAND [--cluster-only-masters|--cluster-only-replicas] | set-timeout NODE MS | reshard NODE --cluster-from IDS|all --cluster-to ID --cluster-slots N [--cluster-yes] | rebalance NODE [--cluster-weight ID=N...] [--cluster-use-empty-masters] [--cluster-threshold PERCENT] [--cluster-simulate]; both [--cluster-pipeline N] [--cluster-timeout MS] [--cluster-replace]", "what redis-cli does, over the network, with its output; its questions are answered yes; without = lines an exit status of 1 fails the run", ACTS, DURING | REPLIES, rcs_parse_cli, rcs_act_cli, rcs_act_cli_poll },

    { "start", "start NODES", "powers on and starts, with the files the host holds", ACTS, AT | DURING | TRY, rcs_parse_fault, rcs_act_fault, NULL },
    { "kill", "kill NODES", "SIGKILL: peers see the connections close, what was not saved is gone", ACTS, AT | UNDO | TRY, rcs_parse_fault, rcs_act_fault, NULL },
    { "stop", "stop NODES", "SIGTERM: the same after saving what the configuration saves", ACTS, AT | UNDO | TRY, rcs_parse_fault, rcs_act_fault, NULL },
    { "pause", "pause NODES", "SIGSTOP: connections stay, nothing is answered", ACTS, AT | UNDO | TRY, rcs_parse_fault, rcs_act_fault, NULL },
    { "resume", "resume NODES", "SIGCONT: what queued up is handled", ACTS, AT | DURING | TRY, rcs_parse_fault, rcs_act_fault, NULL },
    { "poweroff", "poweroff NODES", "the host is off: silence, nothing is refused", ACTS, AT | UNDO | TRY, rcs_parse_fault, rcs_act_fault, NULL },
    { "lose", "lose conf|data NODES", "nodes.conf or dump.rdb of nodes that are down is gone", ACTS, AT | DURING | TRY, rcs_parse_lose, rcs_act_fault, NULL },
    { "keep", "keep conf NODES", "takes a copy of nodes.conf as it is now", ACTS, AT | DURING | TRY, rcs_parse_keep, rcs_act_keep, NULL },
    { "restore", "restore conf NODES", "nodes that are down get their copy of nodes.conf back", ACTS, AT | DURING | TRY, rcs_parse_restore, rcs_act_fault, NULL },
    { "partition", "partition [oneway] NODES NODES [reject rst|icmp]", "packets between the two groups vanish (oneway: from the first to the second); reject: are answered by a refusal", ACTS, AT | UNDO, rcs_parse_partition, rcs_act_partition, NULL },
    { "heal", "heal [NODES NODES]", "ends partitions between two groups, or all", ACTS, AT | DURING, rcs_parse_heal, rcs_act_heal, NULL },
    { "drop", "drop TYPE|any [from NODES] [to NODES] [nth N] [times N] | drop none", "the next such bus messages vanish; none: those that did not come yet will not", ACTS, AT | DURING, rcs_parse_drop, rcs_act_drop, NULL },

    { "workload", "workload NAME KIND NODES [every 50ms] [keys 1000] [tag WORD] [only writes|reads] [timeout DURATION] [site SITE] [renew] [wait N DURATION] [reread DURATION] | workload NAME stop", "a client program that is told of these nodes and writes and reads keys NAME:1... all the time; with wait it asks after each write for WAIT: by N replicas a write is confirmed; with reread it reads each write back, once, so long after it was acknowledged, if the key was not written anew; what it counted is told at the end", ACTS, AT, rcs_parse_workload, rcs_act_workload, NULL },

    { "at", "at +3s STATEMENT | at 40s STATEMENT", "puts a statement off; the script goes on", ACTS, 0, rcs_parse_at, rcs_act_at, NULL },
    { "only", "only RELEASES STATEMENT", "a statement for some releases only: 7.0, 6.2..7.4, ..6.2, 7.2.., several with commas between", ACTS, AT | DURING, rcs_parse_only, rcs_act_only, NULL },
    { "try", "try FAULT", "a fault for those of its nodes for which it is possible then (start of one that runs is not), and no error", ACTS, AT | DURING, rcs_parse_try, rcs_act_try, NULL },
    { "during", "during 10s { STATEMENTS }", "faults and settings in the block hold for so long and are then undone; the script goes on after it; put off with `at` it is one line", ACTS, AT | DURING, rcs_parse_during, rcs_act_during, NULL },

    { "chaos", "chaos 60s recover 30s { KINDS }", "for so long a random plan of faults, drawn from the seed: explicit statements, printed before they are played; then everything is put back, and there is time to recover; each kind on a line of its own, see below", ACTS, 0, rcs_parse_chaos, NULL, NULL },

    { "until", "until CONDITION within DURATION", "waits until it is so, and tells what is so instead when the time is over", ACTS, ORDER | DURING | ASKS, rcs_parse_await, rcs_act_await, rcs_act_await_poll },
    { "play", "play [STEPS]", "lets the scenario go on for so many steps, or to its end", ACTS, ORDER, rcs_parse_play, rcs_act_play, NULL },
    { "put", "put NODE nodes.conf|dump.rdb|aof BYTES [BASE INCR]", "the disk of a node that is down gets a file; aof: an RDB file of its data, and the numbers in the files' names", ACTS, ORDER, rcs_parse_put, rcs_act_put, NULL },
    { "config-file", "config-file NODE none|good|ERROR", "what CONFIG REWRITE finds where the redis.conf should be; errors: no-directory, not-a-directory, is-a-directory, denied, read-only, broken", ACTS, ORDER, rcs_parse_config_file, rcs_act_config_file, NULL },
    { "remove", "remove NODE", "a node that is down is taken off the lists; its name and address are free again", ACTS, ORDER, rcs_parse_remove, rcs_act_remove, NULL },

};
/* clang-format on */
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

const struct rcs_verb rcs_verb_new_node = {
    .word = "node",
    .usage = "node NAME [IP:PORT] [site SITE] [absent] [pid PID] [DIRECTIVE VALUE]...",
    .what = "one node more, started unless absent; directives behind an address, site or absent",
    .where = RCS_VERB_ACTS,
    .flags = RCS_VERB_ORDER,
    .begin = rcs_act_new_node,
};

const struct rcs_verb rcs_verb_prompt = {
    .word = "a command",
    .usage = "NODES> COMMAND | CLIENT> COMMAND",
    .what =
        "sends it as redis-cli does and waits for the reply; to several nodes one after the other; "
        "{0..5500} stands for these numbers, as in a shell",
    .where = RCS_VERB_ACTS,
    .flags = RCS_VERB_AT | RCS_VERB_DURING | RCS_VERB_REPLIES,
    .begin = rcs_act_prompt,
    .poll = rcs_act_prompt_poll,
};

const struct rcs_verb rcs_verb_directive = {
    .word = "a directive",
    .usage = "DIRECTIVE VALUE",
    .what = "a line of redis.conf, for all nodes",
    .where = RCS_VERB_SETTING,
    .flags = RCS_VERB_AT | RCS_VERB_UNDO,
    .parse = rcs_parse_directive,
    .begin = rcs_act_directive,
};

const struct rcs_verb *rcs_verb_find(const char *word)
{
    for (unsigned i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].word, word) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

const struct rcs_verb *rcs_verb_row(unsigned index)
{
    return index < VERB_COUNT ? &verbs[index] : NULL;
}

const char *rcs_verb_nearest(const char *word)
{
    const char *words[VERB_COUNT + 1];
    for (unsigned i = 0; i < VERB_COUNT; i++) {
        words[i] = verbs[i].word;
    }
    words[VERB_COUNT] = NULL;
    return rcs_lex_nearest(word, words);
}

/* --- words as written ------------------------------------------------------------------------- */

static void print_bytes(struct rcs_buf *out, const char *bytes, size_t size_bytes, bool quoted)
{
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (quoted && (c == '"' || c == '\\')) {
            rcs_buf_format(out, "\\%c", c);
        } else if (c == '\n') {
            rcs_buf_text(out, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
            rcs_buf_format(out, "\\x%02x", c);
        } else {
            rcs_buf_add(out, &bytes[i], 1);
        }
    }
}

void rcs_words_print(struct rcs_buf *out, const struct rcs_word *words, unsigned from,
                     unsigned count)
{
    for (unsigned i = from; i < count; i++) {
        const struct rcs_word *word = &words[i];
        bool quoted = word->quoted || (word->size_bytes == 0 && word->ref_count == 0);
        for (size_t at = 0; at < word->size_bytes; at++) {
            unsigned char c = (unsigned char)word->text[at];
            quoted |= c <= 0x20 || c == '"' || c == '\'' || c == '\\' || c == 0x7f;
        }
        rcs_buf_text(out, i > from ? " " : "");
        rcs_buf_text(out, quoted ? "\"" : "");
        size_t at = 0;
        for (unsigned r = 0; r < word->ref_count; r++) {
            const struct rcs_ref *ref = &word->refs[r];
            print_bytes(out, word->text + at, ref->offset - at, quoted);
            rcs_buf_format(out, "$%s.%s", ref->node, rcs_ref_field_name(ref->field));
            at = ref->offset;
        }
        print_bytes(out, word->text + at, word->size_bytes - at, quoted);
        rcs_buf_text(out, quoted ? "\"" : "");
    }
}
