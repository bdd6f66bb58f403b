#!/usr/bin/env bash
# tests/cli.sh RCSIM: the command line, as people and CI servers meet it: output, exit states, messages.
set -uo pipefail

[ $# -eq 1 ] || { echo "usage: tests/cli.sh RCSIM" >&2; exit 2; }
rcsim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 3
bad=0

# check NAME STATUS PATTERN ARGUMENT...: runs rcsim with the arguments (standard input from ./in, if there is
# one); PATTERN (a grep -E expression) must be found in what it prints on either stream.
check() {
    local name=$1 status=$2 pattern=$3 got=0
    shift 3
    if [ -f in ]; then
        "$rcsim" "$@" <in >out 2>err || got=$?
    else
        "$rcsim" "$@" </dev/null >out 2>err || got=$?
    fi
    rm -f in
    if [ "$got" -ne "$status" ]; then
        echo "NOT: $name: exit status $got, not $status"
        head -n 5 err out | sed 's/^/  /'
        bad=$((bad + 1))
    elif ! grep -qE -- "$pattern" out err; then
        echo "NOT: $name: no \"$pattern\" in"
        head -n 5 err out | sed 's/^/  /'
        bad=$((bad + 1))
    fi
}
digest() { sed -n 's/^digest //p' "$1"; }
same() { # same NAME FILE FILE
    cmp -s "$2" "$3" || { echo "NOT: $1: $2 and $3 differ"; bad=$((bad + 1)); }
}

cat >good.scenario <<'EOF'
title "One node"
site A a1
param pause 3s
a1> CLUSTER ADDSLOTSRANGE 0 16383
= OK
wait $pause
expect state ok on a1
EOF
{ cat good.scenario && echo 'show log on a1'; } >shows.scenario
printf 'site A a1\na1> PING\n= OK\n' >fails.scenario
printf 'site A a1\nkil a1\n' >wrong.scenario
printf 'site A a1\nkill a1\nkill a1\n' >stops.scenario
mkdir -p sub
printf 'include two\nwait 1s\n' >sub/one.scenario
printf 'site A a1\nclient> PING\n= PONG\n' >sub/two

# --- help ---
check "no argument" 2 'rcsim run two-dc-chained'
check "--help" 0 '^  run  ' --help
check "--version" 0 '^rcsim [0-9]+\.[0-9]+\.[0-9]+ \(Redis 7\.0\.15; ' --version
check "help" 0 '^  replay  ' help
check "help run" 0 '--trace-level LEVEL' help run
check "run --help" 0 '--wire-check' run --help
check "help diff" 0 'coarser' help diff
check "help scenario" 0 '^  partition \[oneway\] NODES NODES' help scenario
check "help events" 0 '^  state-fail  ' help events
check "help control" 0 '^  advance DURATION$' help control
check "help for nothing" 2 'no command "rum" \(did you mean run\?\)' help rum
check "help twice" 2 'one command at most' help run diff
check "an unknown command" 2 'no command "repaly" \(did you mean replay\?\)' repaly
check "a far unknown command" 2 'no command "frobnicate" \(rcsim help lists them\)' frobnicate

# --- run ---
check "a good scenario" 0 '^virtual time 3\.00. s$' run good.scenario
grep -q 'wall time' out && { echo "NOT: wall time stands on stdout"; bad=$((bad + 1)); }
grep -q $'\x1b' out && { echo "NOT: colours in a pipe"; bad=$((bad + 1)); }
first=$(digest out)
cp out first
check "again" 0 "^digest $first\$" run good.scenario
same "twice the same output" out first
check "turns of one event" 0 . run good.scenario --batch 1
same "turns of one event" out first
check "wire check" 0 "^digest $first\$" run good.scenario --wire-check
check "another seed" 0 . run good.scenario --seed 2
[ "$(digest out)" != "$first" ] || { echo "NOT: another seed, the same digest"; bad=$((bad + 1)); }
cp good.scenario in
check "standard input" 0 "^digest $first\$" run -
check "quiet" 0 '^digest ' run good.scenario --quiet
[ "$(wc -l <out)" -eq 2 ] || { echo "NOT: quiet prints more than two lines"; bad=$((bad + 1)); }
check "json" 0 '^\{"at_us":[0-9]+,"kind":"end","failures":0,"digest":"[0-9a-f]{16}"\}$' run good.scenario --json
grep -qv '^{.*}$' out && { echo "NOT: a line that is no object"; bad=$((bad + 1)); }
check "quiet json" 0 '^\{"at_us":[0-9]+,"kind":"end"' run good.scenario --quiet --json
[ "$(wc -l <out)" -eq 1 ] || { echo "NOT: quiet prints more than the end"; bad=$((bad + 1)); }
check "a trace level without a trace" 2 '--trace OUT is missing' run good.scenario --trace-level packets
check "a quiet log" 2 'leave out --quiet or --log' run good.scenario --quiet --log a1
printf 'node a1\nwait 1s\0\nwait 1s\n' >nul.scenario
check "a NUL byte" 2 'nul\.scenario:2:8: a NUL byte stands here' run nul.scenario
printf 'node a1\nprint "\\xff"\n' >bytes.scenario
check "bytes that are no text, in JSON" 0 'print' run bytes.scenario --json
if LC_ALL=C grep -q "$(printf '\377')" out; then echo "NOT: JSON that is no UTF-8"; bad=$((bad + 1)); fi
printf 'node a1\nwait 1599999s\nwait 2s\n' >long.scenario
check "the end of virtual time" 2 'long\.scenario:3:1: the virtual time of a run ends here' run long.scenario
printf 'node a1 10.0.0.1:7000\nnode a2 10.0.0.1:17000\nwait 1s\n' >ports.scenario
check "one port for two" 2 'ports\.scenario:3:1: cannot start a1: port 17000 of 10\.0\.0\.1 belongs to a2' run ports.scenario
for i in $(seq 256); do echo "site S$i n$i"; done >sites.scenario
check "too many sites" 2 'sites\.scenario:256:[0-9]+: more than 255 sites' run sites.scenario
echo kept >kept.trace
check "a run that cannot begin" 2 'no node "b1"' run good.scenario --log b1 --trace kept.trace
grep -qx kept kept.trace || { echo "NOT: a trace was lost"; bad=$((bad + 1)); }
if [ -e /dev/full ]; then
    for command in "run good.scenario" "run good.scenario --redis 6.2,7.0" list "help scenario" "explain good.scenario"; do
        # shellcheck disable=SC2086
        "$rcsim" $command >/dev/full 2>err
        [ $? -eq 2 ] && grep -q 'standard output cannot be written' err ||
            { echo "NOT: a full disk: $command"; bad=$((bad + 1)); }
    done
fi
check "a failure" 1 'fails\.scenario:3:1: at 0\.00. s: expected the reply to  a1> PING  to be  OK' run fails.scenario
check "what was there instead" 1 '^  instead: PONG$' run fails.scenario --quiet
check "a wrong line" 2 '^\./wrong\.scenario:2:1: no verb or directive "kil" \(did you mean kill\?\)$' run ./wrong.scenario
check "a script that cannot go on" 2 '^stops\.scenario:3:1: .*a1' run stops.scenario
check "no such file" 2 'no-such cannot be read: No such file' run no-such
check "a directory" 2 'sub cannot be read' run ./sub
check "an include beside the scenario" 0 '^virtual time 1\.00. s' run sub/one.scenario
check "no scenario" 2 'which scenario\?' run
check "two scenarios" 2 '"b" is one too many' run a b
check "a parameter" 0 '^virtual time 5\.00. s' run good.scenario --param pause=5s
check "an unknown parameter" 2 'no parameter "paus" \(declared: pause\)' run good.scenario --param paus=5s
check "a parameter without value" 2 'NAME=VALUE' run good.scenario --param pause
check "a parameter of the wrong kind" 2 'good\.scenario:6:6: "soon" is no duration' run good.scenario --param pause=soon
check "a directive" 0 . run good.scenario --cluster-node-timeout 700
check "a directive with =" 0 . run good.scenario --cluster-node-timeout=700
check "--set" 0 . run good.scenario --set cluster-node-timeout 700
check "a wrong directive" 2 'did you mean --cluster-node-timeout\?' run good.scenario --cluster-node-timeuot 700
check "a wrong value" 2 'cluster-node-timeout' run good.scenario --cluster-node-timeout soon
check "--set without value" 2 '--set NAME VALUE' run good.scenario --set port
check "an unknown option" 2 'did you mean --seed\?' run good.scenario --sed 2
check "an option without value" 2 '--seed needs a value' run good.scenario --seed
check "an option that takes none" 2 '--quiet takes no value' run good.scenario --quiet=yes
check "a seed that is none" 2 'is no seed' run good.scenario --seed x
check "a seed that is too big" 2 'is no seed' run good.scenario --seed 18446744073709551616
check "the biggest seed" 0 'seed 18446744073709551615$' run good.scenario --seed 18446744073709551615
check "a release that is not modelled" 2 'no release "6\.3" is modelled .* did you mean 6\.0' run good.scenario --redis 6.3
check "a release whose commands are fewer is named" 1 "Unknown subcommand or wrong number of arguments for 'ADDSLOTSRANGE'" run good.scenario --redis 6.2
check "the release that is" 0 "^digest $first\$" run good.scenario --redis 7.0
check "several releases" 0 '^7\.0 and 7\.2$' run good.scenario --redis 7.0,7.2
check "several releases, one that is not modelled" 2 'no release "6\.3" is modelled' run good.scenario --redis 7.0,6.3
check "several releases and a trace" 2 'leave out --trace' run good.scenario --redis 7.0,7.2 --trace x
check "several releases and JSON" 2 'leave out --json' run good.scenario --redis 7.0,7.2 --json
check "several releases, one without the directive" 2 'cluster-port: since 7\.0; this is 6\.2' run good.scenario --redis 7.0,6.2 --cluster-port 7000
check "a wrong batch" 2 '--batch 0' run good.scenario --batch 0
check "a wrong level" 2 'milestones, packets' run good.scenario --trace-level all
check "log lines" 0 ' a1 \| 1001:M 01 Jan 2026 .* # Cluster state changed: ok' run good.scenario --log a1
check "log lines of nobody" 2 'no node "b1"' run good.scenario --log b1
check "a trace that cannot be written" 2 'cannot be written' run good.scenario --trace no/such/dir

# --- traces ---
check "a trace" 0 "^digest $first\$" run good.scenario --trace good.trace
check "replay" 0 '^identical$' replay good.trace
check "packets" 0 "^digest $first\$" run good.scenario --trace good.packets --trace-level packets
check "replay of packets" 0 '^identical$' replay good.packets
check "diff of the same" 0 '^no difference$' diff good.trace good.trace
check "diff at the coarser level" 0 '^no difference$' diff good.trace good.packets
check "a trace of another seed" 0 . run good.scenario --seed 2 --trace other.trace
check "replay knows the seed" 0 '^identical$' replay other.trace
check "diff" 1 . diff good.trace other.trace
check "overrides and parameters are kept" 0 . run good.scenario --param pause=9s --cluster-node-timeout 700 --trace over.trace
check "replay with them" 0 '^identical$' replay over.trace
check "failures are part of a run" 1 . run fails.scenario --trace fails.trace
check "replay of a failure" 0 '^identical$' replay fails.trace
check "log" 0 '^1001:M 01 Jan 2026 00:00:0[0-9.]+ # Cluster state changed: ok$' log good.trace a1
[ "$(grep -c . out)" -gt 1 ] && ! grep -qv '^1001:[MC] 01 Jan 2026 ' out || { echo "NOT: log prints something else"; bad=$((bad + 1)); }
cp out log.a1
check "log of packets" 0 . log good.packets a1
same "the log at either level" out log.a1
check "log of all" 0 '^a1 \| 1001:M 01 Jan 2026 ' log good.trace all
check "log is what run shows" 0 . run good.scenario --log a1
sed -n 's/^ *a1 | \(1001:\)/\1/p' out >shown
same "log is what run shows" shown log.a1
check "log with overrides" 0 . log over.trace a1
check "log is what show log prints" 0 . run shows.scenario
sed -n 's/^ *a1 | \(1001:\)/\1/p' out >shown
same "log is what show log prints" shown log.a1
check "a scenario is no trace" 2 '^good\.scenario:1:1: this is no trace: .*`rcsim run`' replay good.scenario
check "a scenario is no trace: log" 2 '^good\.scenario:1:1: this is no trace: .*`rcsim run`' log good.scenario a1
check "log of nobody" 2 'no node "b1"' log good.trace b1
check "log of nothing" 2 'takes a trace and a node' log good.trace
sed '$d' good.trace >cut.trace
check "log of a cut trace" 2 'cut\.trace:[0-9]+:1: truncated' log cut.trace a1
check "a cut trace" 2 'cut\.trace' replay cut.trace
head -c 100 good.trace >torn.trace
check "a torn trace" 2 'torn\.trace:1' replay torn.trace
sed 's/"what":"state-ok"/"what":"state-fail"/' good.trace >edited.trace
check "an edited trace" 2 'edited\.trace' diff good.trace edited.trace
check "log of an edited trace" 2 'edited\.trace:[0-9]+:1: edited: the lines up to here' log edited.trace a1
: >empty.trace
check "an empty trace" 2 'empty\.trace' replay empty.trace
check "a trace that is none" 2 'good\.scenario:1' replay good.scenario
check "no such trace" 2 'cannot be read' replay no-such
check "replay of nothing" 2 'takes one trace' replay
check "diff of one" 2 'takes two traces' diff good.trace

# --- explain and compare ---
check "explain a trace" 0 'a1: cluster state changed to ok$' explain good.trace
cp out explained
check "explain a scenario" 0 . explain good.scenario
same "explain a scenario as its trace" out explained
check "explain a node" 0 'cluster state changed to ok' explain good.trace --node a1
check "explain at a time" 0 'what would help: time: 2000 ms after the start' explain good.trace --at 1s
check "explain why not" 0 'a1 has been a master since then, and a master does not stand for election' explain good.trace --why-not a1
check "explain with options" 0 'nothing to explain' explain good.scenario --param pause=1500ms
check "explain as JSON" 0 '^\{"depth":0,"at_us":[0-9]+,"node":"a1","what":"state-ok","line":[0-9]+,"text":"a1: cluster state changed to ok"\}$' explain good.trace --json
grep -qv '^{.*}$' out && { echo "NOT: a line that is no object"; bad=$((bad + 1)); }
check "explain an edited trace" 0 '^This trace is not as it was written' explain edited.trace
check "explain a cut trace" 0 '^This trace is not as it was written' explain cut.trace
check "explain a torn trace" 2 'torn\.trace:1' explain torn.trace
grep -v '"why":"state-majority"' good.trace >less.trace
check "explain what lacks a cause" 0 '\(missing in this trace: how many masters it reaches\)' explain less.trace
check "explain nobody" 2 'knows no node "b1" \(it speaks of: a1\)' explain good.trace --node b1
check "explain at no time" 2 'is no time since the run began' explain good.trace --at soon
check "explain without a value" 2 '--at needs a value' explain good.trace --at
check "explain two things" 2 'one at a time' explain good.trace --node a1 --why-not a1
check "a seed for a trace" 2 'is a trace of a run already made' explain good.trace --seed 2
check "a trace of an explanation" 2 'are for rcsim run' explain good.scenario --trace x
printf 'site A a1\nwait 1s\nkill a1\nwait 1s\n' >dies.scenario
check "compare" 0 '^begins with +kill a1 at 1\.00. s +kill a1 at 1\.00. s$' compare dies.scenario dies.scenario
check "compare as JSON" 0 '^\{"step":"promoted"\}$' compare dies.scenario dies.scenario --json
check "compare one" 2 'it takes two' compare dies.scenario
check "compare three" 2 'is one too many' compare a b c
check "compare from nothing" 2 'neither a fault nor an order' compare good.trace dies.scenario

# --- shipped scenarios ---
check "list" 0 '^two-dc-chained +Two data centres' list
check "list takes no argument" 2 'no argument' list x
check "a shipped scenario by name" 0 '"data"' run two-dc-chained
check "a scenario in a folder" 0 '^election-vs-takeover/takeover +Election or takeover' list
check "and by its name" 0 '"open"' run election-vs-takeover/takeover
check "the other one" 0 'CLUSTERDOWN' run two-dc-hasty

# --- replies ---
printf 'site A a1\na1> CLUSTER NODES\n= * myself,master - 0 0 0 connected\na1> INFO cluster\n= *Cluster\n= cluster_enabled:1\n' >texts.scenario
check "texts that redis-cli prints raw" 0 '^ +[0-9a-f]{40} .*myself,master' run texts.scenario

# --- Ctrl-C ---
printf 'site A a1..a6\ncli --cluster create a1..a6 --cluster-replicas 1\nwait 1000000s\n' >long.scenario
"$rcsim" run long.scenario --trace long.trace >out 2>err &
pid=$!
for _ in $(seq 100); do # until it catches SIGINT (bit 1 of the mask), however busy the machine is
    case $(awk '/^SigCgt/ { print $2 }' "/proc/$pid/status") in *[2367abef]) break ;; esac
    sleep 0.1
done
sleep 0.3
kill -INT "$pid"
wait "$pid"
status=$?
[ "$status" -eq 130 ] || { echo "NOT: Ctrl-C: exit status $status, not 130"; bad=$((bad + 1)); }
grep -q '^interrupted$' out || { echo "NOT: Ctrl-C: the transcript does not say so"; bad=$((bad + 1)); }
tail -n 1 long.trace | grep '"end":"interrupted"' >/dev/null || { echo "NOT: Ctrl-C: the trace has no end"; bad=$((bad + 1)); }
check "replay of what was interrupted" 0 '^identical$' replay long.trace

[ "$bad" -eq 0 ] && echo "ok" && exit 0
echo "$bad failed"
exit 1
