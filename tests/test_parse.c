#include "tests/support/support.h"

#include "sim/scenario/script.h"

/* Every kind of wrong line, with the place and what is said. The line stands third, below
 * `site A a1..a6` and `site B b1..b6`. */
struct row {
    const char *line, *want;
};

/* clang-format off */
static const struct row wrong_lines[] = {
    { "tilte \"x\"", "3:1: no verb or directive \"tilte\" (did you mean title?)" },
    { "title", "3:6: the title in quotes is missing here" },
    { "title x y", "3:9: \"y\" is one word too many (a comment begins with #)" },
    { "redis", "3:6: a release, such as 7.0, is missing here" },
    { "redis 6.2.7", "3:7: no release \"6.2.7\" is modelled (3.0, 4.0, 5.0, 6.0, 6.2, 7.0, 7.2, 7.4, valkey-8.0 are; did you mean 6.2, as 6.2.16?)" },
    { "node a1 redis 2.8", "3:15: no release \"2.8\" is modelled (3.0, 4.0, 5.0, 6.0, 6.2, 7.0, 7.2, 7.4, valkey-8.0 are)" },
    { "redis 7.0 7.2", "3:11: \"7.2\" is one word too many (a comment begins with #)" },
    { "seed x", "3:6: \"x\" is no seed (0 to 18446744073709551615)" },
    { "seed -1", "3:6: \"-1\" is no seed (0 to 18446744073709551615)" },
    { "seed 99999999999999999999", "3:6: \"99999999999999999999\" is no seed (0 to 18446744073709551615)" },
    { "network wan", "3:9: \"wan\" stands where lan or loopback should" },
    { "network", "3:8: lan or loopback is missing here" },
    { "param settle", "3:13: a value is missing here" },
    { "param 1x 5s", "3:7: \"1x\" is no name (a letter, then letters, digits, - and _, 31 at most)" },
    { "param a b c", "3:11: \"c\" is one word too many (a comment begins with #)" },
    { "site", "3:5: the site's name is missing here" },
    { "site A c1", "3:6: \"A\" is already a site" },
    { "site C", "3:7: a node or a range, such as a1..a6, is missing here" },
    { "site C c1..d3", "3:8: \"c1..d3\" is no range of names (a1..a6: one stem, numbers that rise)" },
    { "site C c3..c1", "3:8: \"c3..c1\" is no range of names (a1..a6: one stem, numbers that rise)" },
    { "site C a1", "3:8: \"a1\" is already a node" },
    { "site C c1 c1", "3:11: \"c1\" is already a node" },
    { "site C all1 all", "3:13: \"all\" is already a word of the language" },
    { "site C 1c", "3:8: \"1c\" is no name (a letter, then letters, digits, - and _, 31 at most)" },
    { "node", "3:5: a node is missing here" },
    { "node client", "3:6: \"client\" is already a client" },
    { "node c1 10.0.0.1", "3:9: \"10.0.0.1\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)" },
    { "node c1 10.0.0.1:0", "3:9: \"10.0.0.1:0\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)" },
    { "node c1 10.0.0.1:60000",
      "3:9: \"10.0.0.1:60000\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)" },
    { "node c1 10.0.0.256:1",
      "3:9: \"10.0.0.256:1\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)" },
    { "node c1 10.0.0.1:7000 x", "3:23: \"x\" is one word too many (a comment begins with #)" },
    { "node b9 cluster-node-timeout 1000", "3:6: no node \"b9\" (declared: a1..a6, b1..b6)" },
    { "node b1 cluster-node-timeuot 1000",
      "3:9: cluster-node-timeuot: there is no such directive (did you mean cluster-node-timeout?)" },
    { "node b1 cluster-node-timeout x",
      "3:30: cluster-node-timeout \"x\": argument couldn't be parsed into an integer" },
    { "node b1 cluster-node-timeout", "3:29: its value is missing here" },
    { "absent", "3:7: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "absent c1", "3:8: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "client", "3:7: the client's name is missing here" },
    { "client a1", "3:8: \"a1\" is already a node" },
    { "client A", "3:8: \"A\" is already a site" },
    { "client x site", "3:14: a site is missing here" },
    { "client x site Z", "3:15: no site \"Z\" (declared: A, B)" },
    { "client x y", "3:10: \"y\" is one word too many (a comment begins with #)" },
    { "cluster-node-timeout", "3:21: its value is missing here" },
    { "cluster-node-timeout x", "3:22: cluster-node-timeout \"x\": argument couldn't be parsed into an integer" },
    { "cluster-node-timeout -5",
      "3:22: cluster-node-timeout \"-5\": argument must be between 0 and 9223372036854775807 inclusive" },
    { "cluster-nod-timeout 5",
      "3:1: no verb or directive \"cluster-nod-timeout\" (did you mean cluster-node-timeout?)" },
    { "rename-command a b",
      "3:1: no verb or directive \"rename-command\" (`rcsim help scenario` lists the verbs, directives are those of redis.conf)" },
    { "appendonly maybe", "3:12: appendonly \"maybe\": argument must be 'yes' or 'no'" },
    { "include", "3:1: include takes one word, the file's name" },
    { "include \"a.conf\" b", "3:1: include takes one word, the file's name" },
    { "include nothere.conf", "3:9: \"nothere.conf\" cannot be read" },
    { "latency", "3:8: a site is missing here" },
    { "latency Z 5ms", "3:9: no site \"Z\" (declared: A, B)" },
    { "latency A B", "3:12: a duration or a range, such as 8ms..12ms, is missing here" },
    { "latency A B 5", "3:13: \"5\" has no unit (us, ms, s or m: 5s)" },
    { "latency A B 5x", "3:13: \"5x\" is no duration (a number with us, ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "latency A B 12ms..8ms", "3:13: the range 12ms..8ms runs backwards (8ms..12ms?)" },
    { "latency A B 8ms..", "3:13: \"\" is no duration (a number with us, ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "latency A B 5ms x", "3:17: \"x\" is one word too many (a comment begins with #)" },
    { "jitter A B", "3:11: a duration, such as 15s, is missing here" },
    { "jitter A B 3", "3:12: \"3\" has no unit (us, ms, s or m: 3s)" },
    { "kil a1", "3:1: no verb or directive \"kil\" (did you mean kill?)" },
    { "kill", "3:5: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "kill c1", "3:6: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "kill a9", "3:6: no node \"a9\" (declared: a1..a6, b1..b6)" },
    { "kill a1..b9", "3:6: no node \"b9\" (declared: a1..a6, b1..b6)" },
    { "kill b1..a1", "3:6: the range b1..a1 runs backwards (a1..b1?)" },
    { "kill a1,", "3:6: a node's name is missing beside the comma (a1,b2..b3)" },
    { "kill a1,,a2", "3:6: a node's name is missing beside the comma (a1,b2..b3)" },
    { "kill a1..", "3:6: \"a1..\" is no range of nodes (a1..a6)" },
    { "kill \"a1", "3:6: the quote is not closed" },
    { "kill $a1.id",
      "3:6: $a1.id is known only while the scenario runs: it can stand in commands, replies and print" },
    { "stop", "3:5: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "start", "3:6: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "pause", "3:6: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "resume", "3:7: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "poweroff", "3:9: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "lose", "3:5: conf or data is missing here" },
    { "lose dump a1", "3:6: \"dump\" stands where conf or data should" },
    { "lose conf", "3:10: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "partition A", "3:12: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "partition A B C", "3:15: \"C\" is one word too many (a comment begins with #)" },
    { "partition A a1", "3:13: a1 stands on both sides" },
    { "partition oneway A", "3:19: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "partition onway A B", "3:11: no node \"onway\" (declared: a1..a6, b1..b6)" },
    { "heal A", "3:7: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "heal A B x", "3:10: \"x\" is one word too many (a comment begins with #)" },
    { "drop",
      "3:5: ping, pong, meet, fail, publish, auth-req, auth-ack, update, mfstart, module, publishshard or any is missing here" },
    { "drop pingg",
      "3:6: \"pingg\" stands where ping, pong, meet, fail, publish, auth-req, auth-ack, update, mfstart, module, publishshard or any should" },
    { "drop ping from", "3:15: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "drop ping from a1 to b1 nth 0", "3:29: 0 is out of range (which message, 1 to 1000000)" },
    { "drop ping from a1 to b1 x 3", "3:25: \"x\" stands where from NODES, to NODES, nth N or times N should" },
    { "drop ping nth many", "3:15: \"many\" is no number (which message, 1 to 1000000)" },
    { "at", "3:3: when (+3s from here, 40s from the beginning) is missing here" },
    { "at 3x kill a1", "3:4: \"3x\" says no time (+3s from here, 40s from the beginning)" },
    { "at +3s", "3:7: what happens then is missing (at +3s kill a1)" },
    { "at +3s wait 5s", "3:8: wait cannot be put off with `at` (faults, commands, settings and print can)" },
    { "at +3s step \"x\"", "3:8: step cannot be put off with `at` (faults, commands, settings and print can)" },
    { "at +3s kil a1", "3:8: no verb or directive \"kil\" (did you mean kill?)" },
    { "at +3s kill c1", "3:13: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "at +3s site C c1", "3:8: site cannot be put off with `at` (faults, commands, settings and print can)" },
    { "at +3s at +3s kill a1", "3:8: at cannot be put off with `at` (faults, commands, settings and print can)" },
    { "during", "3:7: a duration, such as 15s, is missing here" },
    { "only", "3:5: releases (7.0, 6.2..7.4, ..6.2) is missing here" },
    { "only 7.1 print x", "3:6: no release \"7.1\" is modelled (3.0, 4.0, 5.0, 6.0, 6.2, 7.0, 7.2, 7.4, valkey-8.0 are; did you mean 7.0, as 7.0.15?)" },
    { "only 6.2,, print x", "3:6: no release \"\" is modelled (3.0, 4.0, 5.0, 6.0, 6.2, 7.0, 7.2, 7.4, valkey-8.0 are)" },
    { "only 7.2..7.0 print x", "3:6: \"7.2..7.0\" runs backwards" },
    { "only ..6.2", "3:11: what these releases do is missing (only ..6.2 expect ...)" },
    { "only 7.0 only 7.0 print x", "3:10: only cannot stand in `only`: name the releases once" },
    { "only 7.0 site C c1", "3:10: site belongs to the layout: it must stand above the first statement that acts" },
    { "at +3s only 7.0 wait 5s", "3:17: wait cannot be put off with `at` (faults, commands, settings and print can)" },
    { "try", "3:4: what is tried is missing (try start a1)" },
    { "try wait 5s", "3:5: wait is never refused and needs no `try` (start, kill, stop, pause, resume, poweroff, lose, keep and restore may)" },
    { "try a1> PING", "3:5: a command is never refused and needs no `try` (start, kill, stop, pause, resume, poweroff, lose, keep and restore may)" },
    { "try try kill a1", "3:5: try is never refused and needs no `try` (start, kill, stop, pause, resume, poweroff, lose, keep and restore may)" },
    { "try kill c1", "3:10: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "at +1s during 5s {", "3:19: behind `at` the whole block is one line (during 5s { kill a1 })" },
    { "only 7.0 during 5s {", "3:21: behind `only` the whole block is one line (during 5s { kill a1 })" },
    { "at +1s during 5s { step \"x\" }", "3:20: step cannot be put off with `at` (faults, commands, settings and print can)" },
    { "during 1s { during 1s { during 1s { during 1s { during 1s { during 1s { during 1s { during 1s { during 1s { during 1s { kill a1 } } } } } } } } } }",
      "3:121: statements stand in each other more than 9 deep" },
    { "drop none a1", "3:11: \"a1\" is one word too many (a comment begins with #)" },
    { "during 5s", "3:10: a { is missing here (during 10s { partition A B })" },
    { "during 5s kill a1", "3:11: a { is missing here (during 10s { partition A B })" },
    { "during 5s { kill a1", "3:20: a } is missing at the end of the line (or nothing may follow the {)" },
    { "during 5s { }", "3:13: the block is empty" },
    { "during 5s { step \"x\" }", "3:13: step cannot stand in `during`: it could not be undone" },
    { "during 5s { kill c1 }", "3:18: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "during 5s {", "3:1: this block is not closed by a }" },
    { "}", "3:1: no block is open that this } could close" },
    { "{", "3:1: a { stands at the end of a during line only" },
    { "step", "3:5: the step's title in quotes is missing here" },
    { "step a b", "3:8: \"b\" is one word too many (a comment begins with #)" },
    { "print", "3:6: a text in quotes is missing here" },
    { "show", "3:5: nodes, info, log or workloads is missing here" },
    { "show slots on a1", "3:6: \"slots\" stands where nodes, info, log or workloads should" },
    { "show workloads on a1", "3:16: \"on\" is one word too many (a comment begins with #)" },
    { "show info on a1 from \"x\"", "3:17: \"from\" goes with `show log` only" },
    { "show log on a1 from", "3:20: a line's text in quotes (* stands for any) is missing here" },
    { "show log on a1 from x until y", "3:23: \"until\" stands where \"to\" should" },
    { "show log on a1 from x to y z", "3:28: \"z\" is one word too many (a comment begins with #)" },
    { "show log on a1 from $c1.id", "3:21: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "show nodes a1", "3:12: \"a1\" stands where \"on\" should" },
    { "show nodes on", "3:14: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "wait", "3:5: a duration or a range, such as 8ms..12ms, is missing here" },
    { "wait 2s..1s", "3:6: the range 2s..1s runs backwards (1s..2s?)" },
    { "wait 0s..3601s", "3:6: the ends of this range are more than an hour apart" },
    { "wait 15", "3:6: \"15\" has no unit (us, ms, s or m: 15s)" },
    { "wait soon", "3:6: \"soon\" is no duration (a number with us, ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "wait 15s x", "3:10: \"x\" is one word too many (a comment begins with #)" },
    { "wait -5s", "3:6: \"-5s\" is no duration (a number with us, ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "wait 1.s", "3:6: \"1.s\" is no duration (a number with us, ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "wait 99999999999s",
      "3:6: \"99999999999s\" is no duration (a number with us, ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "await", "3:6: a condition is missing here (state ok on b1..b6)" },
    { "await state ok on b1", "3:21: \"within\" is missing here" },
    { "await state ok on b1 within", "3:28: a duration, such as 15s, is missing here" },
    { "await state ok on b1 within 5", "3:29: \"5\" has no unit (us, ms, s or m: 5s)" },
    { "await state ok on b1 for 5s", "3:22: no node \"for\" (declared: a1..a6, b1..b6)" },
    { "expect", "3:7: a condition is missing here (state ok on b1..b6)" },
    { "expect sate ok on b1", "3:8: no condition \"sate\" (did you mean state?)" },
    { "expect foo", "3:8: no condition \"foo\" (`rcsim help scenario` lists them)" },
    { "expect state", "3:13: ok or fail is missing here" },
    { "expect state up on b1", "3:14: \"up\" stands where ok or fail should" },
    { "expect state ok", "3:16: \"on\" is missing here" },
    { "expect state ok b1", "3:17: \"b1\" stands where \"on\" should" },
    { "expect state ok on", "3:19: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "expect state ok on c1", "3:20: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "expect role slave on a1", "3:13: \"slave\" stands where master or replica should" },
    { "expect master a1", "3:17: \"of\" is missing here" },
    { "expect master a1..a2 of b1..b3", "3:15: 2 masters for 3 replicas (one for all, or as many, in pairs)" },
    { "expect b1..b2 replicate a1..a3", "3:8: 2 replicas for 3 masters (one for all, or as many, in pairs)" },
    { "expect b1 replicates", "3:21: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "expect slots 0-99999 of a1", "3:14: \"0-99999\" are no slots (0-5460, 7, 0-5460,5462; none)" },
    { "expect slots 0-10", "3:18: \"of\" is missing here" },
    { "expect slots of a1", "3:14: \"of\" are no slots (0-5460, 7, 0-5460,5462; none)" },
    { "expect epoch x of a1", "3:14: \"x\" is no number to compare with (6, >=6, <3, !=0 or 5..7)" },
    { "expect epoch above of a1", "3:20: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "expect flags of a1", "3:17: \"a1\" stands where \"of\" should" },
    { "expect known x on b1", "3:14: no node \"x\" (declared: a1..a6, b1..b6)" },
    { "expect known 6", "3:15: \"on\" is missing here" },
    { "expect unknown on b1", "3:16: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "expect link sideways on a1", "3:13: \"sideways\" stands where up or down should" },
    { "expect keys on a1", "3:13: \"on\" is no number to compare with (6, >=6, <3, !=0 or 5..7)" },
    { "expect keys 5..3 on a1", "3:13: \"5..3\" is no number to compare with (6, >=6, <3, !=0 or 5..7)" },
    { "expect life dead on a1", "3:13: \"dead\" stands where never-started, up, paused, down or off should" },
    { "expect agreement", "3:17: \"on\" is missing here" },
    { "expect agreement a1", "3:18: \"a1\" stands where \"on\" should" },
    { "expect log b1", "3:14: the text in quotes (* stands for any) is missing here" },
    { "expect no state ok on b1", "3:8: \"no\" goes with log, event and finding only" },
    { "await healthy within 5s", "3:7: healthy is looked at once, with `expect`, when the cluster had the time to come back" },
    { "expect healthy on b1", "3:16: \"on\" is one word too many (a comment begins with #)" },
    { "expect finding", "3:15: the invariant (lost-write, or epoch-collision/takeover) is missing here" },
    { "expect finding lost-writes", "3:16: no invariant \"lost-writes\" (did you mean lost-write?)" },
    { "expect finding xyzzy/b", "3:16: no invariant \"xyzzy\" (`rcsim help findings` lists them)" },
    { "expect finding lost-write/x", "3:16: lost-write has no permitted breach \"x\" (`rcsim help findings` lists them)" },
    { "expect log c1 \"x\"", "3:12: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "expect event", "3:13: an event is missing (\"kill a1\", or b1 state-fail)" },
    { "expect event b1", "3:16: what happened to it, such as promoted, is missing here" },
    { "expect event b1 promoted about c1", "3:32: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "expect event b1 promoted since", "3:31: an event is missing (\"kill a1\", or b1 state-fail)" },
    { "expect time \"kill a1\" to b1 promoted 5s", "3:13: \"kill a1\" stands where \"from\" should" },
    { "expect time from \"kill a1\"", "3:27: \"to\" is missing here" },
    { "expect time from \"kill a1\" to b1 promoted",
      "3:42: a duration or a range, such as 8ms..12ms, is missing here" },
    { "expect time from \"kill a1\" to b1 promoted 5", "3:43: \"5\" has no unit (us, ms, s or m: 5s)" },
    { "expect order \"a\"", "3:17: \"then\" is missing here" },
    { "expect order \"a\" then", "3:22: an event is missing (\"kill a1\", or b1 state-fail)" },
    { "expect digest", "3:14: a digest, 16 hex digits, is missing here" },
    { "expect digest 123", "3:15: \"123\" is no digest (16 hex digits)" },
    { "b1>", "3:4: a command is missing behind b1>" },
    { "c1> PING", "3:1: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "b1>PING", "3:1: a blank must follow the prompt b1>" },
    { "b1..b9> PING", "3:1: no node \"b9\" (declared: a1..a6, b1..b6)" },
    { "b1> GET $x", "3:9: no parameter \"x\" (declare it above: param x VALUE; $$ is a dollar sign)" },
    { "b1> GET $c1.id", "3:9: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "b1> GET $a1.name", "3:9: a node has no \".name\" (id, ip, port and bus-port are known)" },
    { "b1> GET \"x", "3:9: the quote is not closed" },
    { "= OK", "3:1: no command stands above this reply (b1> PING, then  = PONG)" },
    { "=OK", "3:1: no command stands above this reply (b1> PING, then  = PONG)" },
    { "cli", "3:4: \"--cluster\" is missing here" },
    { "cli create a1", "3:5: \"create\" stands where \"--cluster\" should" },
    { "cli --cluster",
      "3:14: create, check, info, fix, reshard, rebalance, add-node, del-node, call or set-timeout is missing here" },
    { "cli --cluster import a1",
      "3:15: cli --cluster import is not modelled (create, check, info, fix, reshard, rebalance, add-node, del-node, call or set-timeout)" },
    { "cli --cluster create", "3:21: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "cli --cluster create a1..a3 a3", "3:29: a3 is named twice" },
    { "cli --cluster create a1 c1", "3:25: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "cli --cluster create a1..a6 --cluster-replicas", "3:47: replicas for each master is missing here" },
    { "cli --cluster create a1..a6 --cluster-replicas x",
      "3:48: \"x\" is no number (replicas for each master, 0 to 1000)" },
    { "cli --cluster create a1..a6 --cluster-foo",
      "3:29: option \"--cluster-foo\" is not modelled (create has --cluster-replicas N, --cluster-yes)" },
    { "cli --cluster create a1..a6 --cluster-yes --cluster-yes", "3:43: --cluster-yes stands here twice" },
    { "cli --cluster check", "3:20: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "cli --cluster check a1 a2", "3:24: check takes one node" },
    { "cli --cluster info a1 --cluster-yes",
      "3:23: option \"--cluster-yes\" is not modelled (info has none)" },
    { "cli --cluster add-node a1 --cluster-slave",
      "3:27: add-node takes the new node and one of the cluster" },
    { "cli --cluster add-node a1 a2 --cluster-slave --cluster-master-id",
      "3:65: a node's id, such as $a1.id, is missing here" },
    { "cli --cluster add-node a1 a2 --cluster-slave --cluster-master-id $a9.id",
      "3:66: no node \"a9\" (declared: a1..a6, b1..b6)" },
    { "cli --cluster add-node a1 a2 --cluster-yes",
      "3:30: option \"--cluster-yes\" is not modelled (add-node has --cluster-slave, --cluster-master-id ID)" },
    { "cli --cluster del-node a1", "3:26: a node's id, such as $a1.id, is missing here" },
    { "cli --cluster del-node $a1.id",
      "3:24: $a1.id is known only while the scenario runs: it can stand in commands, replies and print" },
    { "cli --cluster del-node a1 $a1.id a2",
      "3:34: del-node takes a node of the cluster and the id of the one that goes" },
    { "cli --cluster call a1", "3:22: a command, such as PING, is missing here" },
    { "cli --cluster call a1 --cluster-only-masters",
      "3:45: a command, such as PING, is missing here" },
    { "cli --cluster call a1..a2 PING", "3:27: no node \"PING\" (declared: a1..a6, b1..b6)" },
    { "cli --cluster set-timeout a1", "3:29: the node timeout in milliseconds is missing here" },
    { "cli --cluster set-timeout a1 15s",
      "3:30: \"15s\" is no number (the node timeout in milliseconds, 0 to 2147483647)" },
    { "cli --cluster reshard a1 --cluster-from all --cluster-to $a2.id",
      "3:15: reshard needs --cluster-slots N here (redis-cli would ask for it)" },
    { "cli --cluster reshard a1 --cluster-slots 5 --cluster-to $a2.id",
      "3:15: reshard needs --cluster-from IDS|all here (redis-cli would ask for it)" },
    { "cli --cluster reshard a1 --cluster-slots 0",
      "3:42: 0 is out of range (slots to move, 1 to 2147483647)" },
    { "cli --cluster reshard a1 --cluster-from",
      "3:40: ids of nodes ($a1.id,$a2.id) or all is missing here" },
    { "cli --cluster rebalance a1 --cluster-weight",
      "3:44: a weight, such as $a1.id=2, is missing here" },
    { "cli --cluster rebalance a1 --cluster-weight $a1.id=x",
      "3:45: \"x\" is no weight (a number, at most six decimals)" },
    { "cli --cluster rebalance a1 --cluster-threshold 2%",
      "3:48: \"2%\" is no number (per cent, such as 2 or 1.5, at most six decimals)" },
    { "chaos", "3:6: a duration, such as 15s, is missing here" },
    { "chaos 60s", "3:10: \"recover\" is missing here" },
    { "chaos 60s recover", "3:18: a duration, such as 15s, is missing here" },
    { "chaos 0s recover 5s {", "3:7: chaos lasts more than nothing and a day at most" },
    { "chaos 60s recover 90000s {", "3:19: chaos lasts more than nothing and a day at most" },
    { "chaos 60s recover 30s", "3:22: a { is missing here (chaos 60s recover 30s {)" },
    { "chaos 60s recover 30s { anything }", "3:25: each kind of fault stands on a line of its own, and the } too" },
    { "chaos 60s recover 30s {", "3:1: this block is not closed by a }" },
    { "at +3s chaos 60s recover 30s {", "3:8: chaos cannot be put off with `at` (faults, commands, settings and print can)" },
    { "during 3s { chaos 60s recover 30s { }", "3:13: chaos cannot stand in `during`: it could not be undone" },
    { "only 7.0 chaos 60s recover 30s {", "3:10: chaos cannot stand in `only`: its plan is drawn before the run" },
    { "workload", "3:9: the workload's name is missing here" },
    { "workload 1x", "3:10: \"1x\" is no name (a letter, then letters, digits, - and _, 31 at most)" },
    { "workload w", "3:11: a kind of client program, such as redis-py, is missing here" },
    { "workload w jedis a1",
      "3:12: no kind of client program \"jedis\" (redis-py, redis-py-4.3.4, predis, redis-cli, pinned, or stop)" },
    { "workload w predis", "3:18: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "workload w predis c1", "3:19: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "workload w predis a1 every", "3:27: a duration, such as 15s, is missing here" },
    { "workload w predis a1 every 0s", "3:28: a duration above 0 is wanted here" },
    { "workload w predis a1 keys 0", "3:27: 0 is out of range (how many keys, 1 to 1000000)" },
    { "workload w predis a1 tag }", "3:26: \"}\" is no tag (1 to 63 characters, none of them a })" },
    { "workload w predis a1 only both", "3:27: \"both\" stands where writes or reads should" },
    { "workload w predis a1 site Z", "3:27: no site \"Z\" (declared: A, B)" },
    { "workload w predis a1 renew fast",
      "3:28: \"fast\" stands where every DURATION, keys N, tag WORD, only writes, only reads, timeout DURATION, site SITE, renew, wait N DURATION or reread DURATION should" },
    { "workload w predis a1 wait 0 1s", "3:27: 0 is out of range (how many replicas, 1 to 1000)" },
    { "workload w predis a1 wait 1 1500us", "3:29: WAIT takes whole milliseconds" },
    { "workload w predis a1 wait 1 1s only reads", "3:37: who only reads has nothing to wait for" },
    { "workload w predis a1 reread 0s", "3:29: a duration above 0 is wanted here" },
    { "workload w predis a1 reread 1s only reads", "3:37: who only reads has written nothing to be read back" },
    { "workload w stop", "3:10: no workload \"w\" stands above (workload w KIND NODES begins one)" },
    { "at +1s workload w jedis a1",
      "3:19: no kind of client program \"jedis\" (redis-py, redis-py-4.3.4, predis, redis-cli, pinned, or stop)" },
    { "during 1s { workload w predis a1 }", "3:13: workload cannot stand in `during`: it could not be undone" },
    { "expect workload w lost 0", "3:17: no workload \"w\" stands above (workload w KIND NODES begins one)" },
    { "expect no workload w lost 0", "3:8: \"no\" goes with log, event and finding only" },
    { "client x at a1..a3", "3:13: \"a1..a3\" is more than one node" },
    { "client x at c1", "3:13: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "loss", "3:5: a site is missing here" },
    { "loss A Z 1%", "3:8: no site \"Z\" (declared: A, B)" },
    { "loss A B", "3:8: \"B\" is no loss (0% to 100%, such as 5% or 0.25%)" },
    { "loss A B 1", "3:10: \"1\" is no loss (0% to 100%, such as 5% or 0.25%)" },
    { "loss A B 100.01%", "3:10: \"100.01%\" is no loss (0% to 100%, such as 5% or 0.25%)" },
    { "loss A B 0.001%", "3:10: \"0.001%\" is no loss (0% to 100%, such as 5% or 0.25%)" },
    { "loss A B .5%", "3:10: \".5%\" is no loss (0% to 100%, such as 5% or 0.25%)" },
    { "loss A B 5.%", "3:10: \"5.%\" is no loss (0% to 100%, such as 5% or 0.25%)" },
    { "loss A B 5% x", "3:13: \"x\" is one word too many (a comment begins with #)" },
    { "bandwidth A B 10", "3:15: \"10\" is no rate (a number with kbit, mbit or gbit, such as 10mbit, 1kbit to 1000gbit)" },
    { "bandwidth A 10mbyte", "3:13: \"10mbyte\" is no rate (a number with kbit, mbit or gbit, such as 10mbit, 1kbit to 1000gbit)" },
    { "bandwidth A 0.5kbit", "3:13: \"0.5kbit\" is no rate (a number with kbit, mbit or gbit, such as 10mbit, 1kbit to 1000gbit)" },
    { "bandwidth A 1001gbit", "3:13: \"1001gbit\" is no rate (a number with kbit, mbit or gbit, such as 10mbit, 1kbit to 1000gbit)" },
    { "bandwidth A", "3:12: a rate, such as 10mbit, is missing here" },
    { "link A B token-ring", "3:10: \"token-ring\" stands where lan or loopback should" },
    { "link A", "3:7: lan or loopback is missing here" },
    { "partition A B drop", "3:15: \"drop\" is one word too many (a comment begins with #)" },
    { "partition A B reject", "3:21: rst or icmp is missing here" },
    { "partition A B reject nak", "3:22: \"nak\" stands where rst or icmp should" },
    { "disk a1", "3:8: fsync, full or ok is missing here" },
    { "disk a1 slow", "3:9: \"slow\" stands where fsync, full or ok should" },
    { "disk a1 full 3s", "3:14: \"3s\" is one word too many (a comment begins with #)" },
    { "disk a1 fsync", "3:14: a duration, such as 15s, is missing here" },
    { "disk a1 fsync 61m", "3:15: an fsync takes an hour at most" },
    { "keep a1", "3:6: \"a1\" stands where \"conf\" should" },
    { "restore conf", "3:13: a node is missing here (a1, a1..a6, a site's name, all)" },
    { "clock a1 5s", "3:10: \"5s\" stands where +500ms, -2s, drift 50ppm or back should (a day at most)" },
    { "clock a1", "3:9: how the clock goes (+500ms, -2s, drift 50ppm or back) is missing here" },
    { "clock a1 +2000m", "3:10: \"+2000m\" stands where +500ms, -2s, drift 50ppm or back should (a day at most)" },
    { "clock a1 drift 50", "3:16: \"50\" is no drift (50ppm, -50ppm; 10000ppm at most)" },
    { "clock a1 drift 10001ppm", "3:16: \"10001ppm\" is no drift (50ppm, -50ppm; 10000ppm at most)" },
    { "clock a1 back now", "3:15: \"now\" is one word too many (a comment begins with #)" },
    { "during 1s { at +1s kill a1 }",
      "3:13: at cannot stand in `during`: it could not be undone" },
    { "expect no event \"kil a1\"",
      "3:17: no statement or step begins with \"kil a1\" (the words as they stand in the script, one blank between them)" },
    { "wait 1600001s",
      "3:6: \"1600001s\" is no duration (a number with us, ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "node a1 010.0.0.1:7000",
      "3:9: \"010.0.0.1:7000\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)" },
    { "expect event b1 promotd", "3:17: no event \"promotd\" (did you mean promoted?)" },
    { "expect event b1 sneezed", "3:17: no event \"sneezed\" (`rcsim help events` lists them)" },
    { "seed 18446744073709551616", "3:6: \"18446744073709551616\" is no seed (0 to 18446744073709551615)" },
    { "kill ..a2", "3:6: \"..a2\" is no range of nodes (a1..a6)" },
    { "wait $setle", "3:6: no parameter \"setle\" (declare it above: param setle VALUE; $$ is a dollar sign)" },
    { "step \"a\\x", "3:6: the quote is not closed" },
    { "at 40s", "3:7: what happens then is missing (at +3s kill a1)" },
    { "node a1 10.0.0.1", "3:9: \"10.0.0.1\" is no address (IP:PORT, such as 10.9.0.1:7000, port 1 to 55535)" },
    { "expect slots none on a1", "3:19: \"on\" stands where \"of\" should" },
    { "print \"of $c1.id\"", "3:11: no node \"c1\" (declared: a1..a6, b1..b6)" },
    { "print \"$a1.nam\"", "3:8: a node has no \".nam\" (id, ip, port and bus-port are known)" },
};
/* clang-format on */

/* Whole texts, where it takes more than one line to be wrong. */
static const struct row wrong_texts[] = {
    { "", "t.scenario: no node is declared (site A a1..a6, or node a1)" },
    { "# nothing\n", "t.scenario: no node is declared (site A a1..a6, or node a1)" },
    { "kill a1\n",
      "t.scenario:1:6: no node \"a1\" (none is declared; write  site A a1..a6  above)" },
    { "latency A 5ms\n",
      "t.scenario:1:9: no site \"A\" (none is declared; write  site A a1..a6  above)" },
    { "node a1\nwait 1s\nsite B b1\n", "t.scenario:3:1: site belongs to the layout: it must stand "
                                       "above the first statement that acts" },
    { "node a1\nwait 1s\nnode b1\n", "t.scenario:3:6: a node must be declared above the first "
                                     "statement that acts (`absent` leaves it out at the "
                                     "beginning)" },
    { "node a1\nwait 1s\nabsent a1\n", "t.scenario:3:1: absent belongs to the layout: it must "
                                       "stand above the first statement that acts" },
    { "node a1 10.0.0.1:7000\nnode a2 10.0.0.1:7000\n",
      "t.scenario:2:9: 10.0.0.1:7000 is already the address of a1" },
    { "node a1\nwait 1s\n= OK\n",
      "t.scenario:3:1: no command stands above this reply (b1> PING, then  = PONG)" },
    { "node a1\na1> PING\n=PONG\n", "t.scenario:3:1: a blank must follow the =" },
    { "node a1\na1> PING\n=\n",
      "t.scenario:3:2: a reply is missing behind = (an empty one prints as \"\")" },
    { "node a1\na1> PING\n=   # nothing\n",
      "t.scenario:3:5: a reply is missing behind = (an empty one prints as \"\")" },
    { "node a1\na1> PING\n= $b1.id\n", "t.scenario:3:3: no node \"b1\" (declared: a1)" },
    { "node a1\nduring 5s {\npause a1\n", "t.scenario:2:1: this block is not closed by a }" },
    { "node a1\nduring 5s {\npause a1\n} x\n",
      "t.scenario:4:3: \"x\" is one word too many (a comment begins with #)" },
    { "node a1\nduring 5s {\nstep \"x\"\n}\n",
      "t.scenario:3:1: step cannot stand in `during`: it could not be undone" },
    { "node a1\nduring 1s {\nduring 1s {\nduring 1s {\nduring 1s {\nduring 1s {\nduring 1s "
      "{\nduring 1s {\n"
      "during 1s {\n",
      "t.scenario:9:1: blocks are nested more than 7 deep" },
    { "node a1\nparam p x\nwait $p\n", "t.scenario:3:6: \"x\" is no duration (a number with us, "
                                       "ms, s or m, such as 15s or 250ms, up to 1600000s)" },
    { "node a1\nwait \x02\n",
      "t.scenario:2:6: control character 0x02 (inside \"quotes\" it is written \\x02)" },
    { "node a1\ninclude b\n", "t.scenario:2:9: \"b\" cannot be read" },
    { "node a1\ninclude deep\n",
      "deep:1:9: \"deep\" would be included 9 deep (does a file include itself?)" },
    { "node a1\ninclude wrong\n", "wrong:2:1: no verb or directive \"kil\" (did you mean kill?)" },
    { "node a1\ninclude quote\n", "quote:1:9: the quote is not closed" },
    { "node a1\ninclude good\nkil a1\n",
      "t.scenario:3:1: no verb or directive \"kil\" (did you mean kill?)" },
    { "node a1\nat +1s include good\n",
      "t.scenario:2:8: include must stand at the beginning of a line of its own" },
};

static const struct {
    const char *name, *text;
} files[] = {
    { "deep", "include deep\n" },
    { "wrong", "wait 1s\nkil a1\n" },
    { "quote", "include \"x\n" },
    { "good", "wait 1s\n# and nothing else\n" },
};

static char *load(void *arg, const char *name, size_t *size_bytes)
{
    (void)arg;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strcmp(files[i].name, name) == 0) {
            *size_bytes = strlen(files[i].text);
            char *text = malloc(*size_bytes);
            assert_non_null(text);
            memcpy(text, files[i].text, *size_bytes);
            return text;
        }
    }
    return NULL;
}

static enum rcs_err parse(const char *text, const char *params, struct rcs_script **script,
                          struct rcs_diag *diag)
{
    char *expanded;
    *script = NULL;
    enum rcs_err err =
        rcs_script_expand(&expanded, "t.scenario", text, strlen(text), load, NULL, diag);
    if (err == RCS_OK) {
        err = rcs_script_parse(script, "t.scenario", expanded, params, diag);
        free(expanded);
    }
    return err;
}

static void expect_wrong(const char *text, const char *want)
{
    struct rcs_diag diag = { .line = 0 };
    struct rcs_script *script;
    char got[640];
    assert_int_not_equal(parse(text, NULL, &script, &diag), RCS_OK);
    assert_null(script);
    if (diag.line > 0) {
        snprintf(got, sizeof(got), "%s:%d:%d: %s", diag.source, diag.line, diag.column, diag.text);
    } else {
        snprintf(got, sizeof(got), "%s: %s", diag.source, diag.text);
    }
    assert_string_equal(got, want);
}

static void wrong_line(void **state)
{
    const struct row *row = *state;
    char text[512], want[640];
    snprintf(text, sizeof(text), "site A a1..a6\nsite B b1..b6\n%s\n", row->line);
    snprintf(want, sizeof(want), "t.scenario:%s", row->want);
    expect_wrong(text, want);
}

static void wrong_text(void **state)
{
    const struct row *row = *state;
    expect_wrong(row->line, row->want);
}

/* A wrong parameter from outside is no line's fault; a wrong value is that of the line that uses
 * it. */
static void parameters_from_outside(void **state)
{
    (void)state;
    static const char text[] = "node a1\nparam settle 15s\nwait $settle\n";
    struct rcs_diag diag = { .line = 0 };
    struct rcs_script *script;
    assert_int_equal(parse(text, "settle 2s\n", &script, &diag), RCS_OK);
    assert_string_equal(script->stmts[0].text, "wait 2s");
    rcs_script_free(script);
    assert_int_equal(parse(text, "setle 2s\n", &script, &diag), RCS_ERR_UNKNOWN);
    assert_string_equal(diag.text, "no parameter \"setle\" (declared: settle)");
    assert_int_equal(parse(text, "settle soon\n", &script, &diag), RCS_ERR_SYNTAX);
    assert_int_equal(diag.line, 3);
}

static void layout_is_taken(void **state)
{
    (void)state;
    static const char text[] =
        "\xef\xbb\xbftitle 'A layout'\r\nredis 7.0.15\nseed 7\nnetwork loopback\n"
        "site A a1..a3\nnode x\nnode a2 10.9.0.1:7000\nabsent x\nclient far site A\n"
        "include good\nnode a1..a2 cluster-node-timeout 1000\nsave 3600 1 300 100\n"
        "at +1s kill a1\nduring 2s {\n  partition a1 a2..a3\n  wait 1s\n}\n";
    struct rcs_diag diag = { .line = 0 };
    struct rcs_script *script;
    assert_int_equal(parse(text, NULL, &script, &diag), RCS_OK);
    assert_string_equal(script->title, "A layout");
    assert_string_equal(script->network, "loopback");
    assert_true(script->has_seed && script->seed == 7);
    assert_int_equal(script->node_count, 4);
    assert_string_equal(script->nodes[1].address, "10.9.0.1:7000");
    assert_string_equal(script->nodes[3].site, "");
    assert_true(script->nodes[3].absent && !script->nodes[0].absent);
    assert_int_equal(script->client_count, 2);
    assert_string_equal(script->clients[1].site, "A");
    static const char *const texts[] = { "wait 1s", "node a1..a2 cluster-node-timeout 1000",
                                         "save 3600 1 300 100", "at +1s kill a1", "during 2s {" };
    assert_int_equal(script->stmt_count, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_string_equal(script->stmts[i].text, texts[i]);
    }
    assert_string_equal(script->stmts[0].place.source, "good");
    assert_int_equal(script->stmts[0].place.line, 1);
    assert_string_equal(script->stmts[1].place.source, "t.scenario");
    assert_int_equal(script->stmts[1].place.line, 11);
    assert_string_equal(script->stmts[2].value, "3600 1 300 100");
    assert_int_equal(script->stmts[4].body_count, 2);
    assert_int_equal(script->stmts[4].body[0].b.count, 2);
    rcs_script_free(script);
}

static void groups_print_as_they_are_written(void **state)
{
    (void)state;
    struct rcs_diag diag = { .line = 0 };
    struct rcs_script *script;
    assert_int_equal(parse("site A a1..a4 b1 b2 c c01 c02 d9..d11\n", NULL, &script, &diag),
                     RCS_OK);
    static const struct {
        int nodes[12];
        unsigned count;
        const char *want;
    } rows[] = {
        { { 0 }, 1, "a1" },
        { { 0, 1 }, 2, "a1, a2" },
        { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }, 12, "a1..a4, b1, b2, c, c01, c02, d9..d11" },
        { { 0, 2, 3 }, 3, "a1, a3, a4" },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rcs_buf out;
        rcs_buf_init(&out);
        rcs_group_print(&out, script, rows[i].nodes, rows[i].count);
        rcs_buf_add(&out, "", 1);
        assert_string_equal(out.data, rows[i].want);
        rcs_buf_close(&out);
    }
    rcs_script_free(script);
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(parameters_from_outside),
        cmocka_unit_test(layout_is_taken),
        cmocka_unit_test(groups_print_as_they_are_written),
    };
    static struct CMUnitTest tests[COUNT(wrong_lines) + COUNT(wrong_texts) + COUNT(others)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(wrong_lines); i++) {
        tests[count++] = (struct CMUnitTest){ .name = wrong_lines[i].line,
                                              .test_func = wrong_line,
                                              .initial_state = (void *)(uintptr_t)&wrong_lines[i] };
    }
    for (size_t i = 0; i < COUNT(wrong_texts); i++) {
        tests[count++] = (struct CMUnitTest){ .name = wrong_texts[i].want,
                                              .test_func = wrong_text,
                                              .initial_state = (void *)(uintptr_t)&wrong_texts[i] };
    }
    memcpy(tests + count, others, sizeof(others));
    return _cmocka_run_group_tests("parse", tests, count + COUNT(others), NULL, NULL);
}
