#!/usr/bin/env bash
# tests/fuzz.sh RCSIM: `rcsim fuzz`, `shrink` and `merge` as people and scripts meet them: what they print, the same
# whatever --jobs and however a campaign is cut into parts; refusals; what is there when it is ended early.
set -uo pipefail

[ $# -eq 1 ] || { echo "usage: tests/fuzz.sh RCSIM" >&2; exit 2; }
rcsim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
traces=$(cd "$(dirname "$0")/../traces" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 3
bad=0
unset SLURM_ARRAY_TASK_ID JOB_COMPLETION_INDEX OMPI_COMM_WORLD_RANK PARALLEL_SEQ

say_bad() { echo "NOT: $1"; bad=$((bad + 1)); }

# check NAME STATUS PATTERN ARGUMENT...: `rcsim ARGUMENT...`; PATTERN (grep -E) must be found in what it prints.
check() {
    local name=$1 status=$2 pattern=$3 got=0
    shift 3
    "$rcsim" "$@" </dev/null >out 2>err || got=$?
    if [ "$got" -ne "$status" ]; then
        say_bad "$name: exit status $got, not $status"
        head -n 5 err out | sed 's/^/  /'
    elif ! grep -qE -- "$pattern" out err; then
        say_bad "$name: no \"$pattern\" in"
        head -n 5 err out | sed 's/^/  /'
    fi
}
has() { # has NAME FILE PATTERN
    grep -qE -- "$3" "$2" || { say_bad "$1: no \"$3\" in $2"; head -n 12 "$2" | sed 's/^/  /'; }
}
same() { # same NAME A B
    cmp -s "$2" "$3" || { say_bad "$1: $2 and $3 differ"; diff "$2" "$3" | head -n 6 | sed 's/^/  /'; }
}

cluster='site A a1..a3
site B b1..b3
latency A B 1ms..3ms
cluster-node-timeout 1000
repl-diskless-sync-delay 0
cli --cluster create a1..a3 b1..b3 --cluster-replicas 1
await link up on b1..b3 within 20s
await state ok on all within 20s
workload w redis-cli a1..a3 every 20ms timeout 200ms keys 10
wait 1s'
printf '%s\n%s\n' "$cluster" 'chaos 20s recover 10s {
kill a1..a2 every 10s for 2s..4s
pause all every 10s for 1s..3s
takeover B every 15s
}
expect role master on a3' >roles.scenario
printf '%s\n%s\n' "$cluster" 'chaos 10s recover 10s {
pause b1..b3 every 5s for 100ms..200ms
}' >calm.scenario
printf 'site A a1\nwait 1s\n' >plain.scenario

# --- what they refuse ---
check "fuzz: no file" 2 'which scenario\?' fuzz
check "fuzz: no such file" 2 'nowhere cannot be read' fuzz nowhere
check "fuzz: no chaos" 2 'no chaos block says what may happen' fuzz plain.scenario
check "fuzz: an unknown param" 2 'no parameter "x"' fuzz calm.scenario --param x=1
check "fuzz: two releases" 2 'one release' fuzz calm.scenario --redis 6.2,7.0
check "fuzz: no seeds" 2 'N or A..B' fuzz calm.scenario --seeds 5..2
check "fuzz: no time" 2 'no real time' fuzz calm.scenario --time 5x
check "fuzz: no part" 2 'I from 1 to N' fuzz calm.scenario --shard 3/2
check "fuzz: no such part" 2 'number from 1 to' fuzz calm.scenario --shard 1/0
check "fuzz: nobody says which" 2 'none of SLURM_ARRAY_TASK_ID' fuzz calm.scenario --shard auto
check "fuzz: a directory that is none" 2 '--out plain.scenario/x: ' fuzz calm.scenario --out plain.scenario/x
check "fuzz: an option of another" 2 'no option or directive --vary' fuzz calm.scenario --vary x=1..2/1
check "shrink: no seed" 2 "which seed's finding" shrink calm.scenario
check "shrink: nothing found" 1 'shows nothing' shrink calm.scenario --seed 1
check "merge: no file" 2 'which files' merge
check "merge: no such file" 2 'nowhere cannot be read' merge nowhere
check "merge: something else" 2 'plain.scenario:1: it is no line of JSON' merge plain.scenario
check "help fuzz" 0 '--shard I/N' help fuzz
check "help shrink" 0 '--finding NAME' help shrink
check "help merge" 0 'as if one had played all' help merge
check "help findings" 0 '/failover ' help findings

# --- clean, and not ---
check "a calm one" 0 'No invariant was broken in 6 runs' fuzz calm.scenario --seeds 6
check "one seed" 0 'seed 3, 1 run with' fuzz calm.scenario --seeds 3..3
has "its plan" out '^at \+[0-9.]+s try pause b[1-3]'
check "an expectation that does not hold" 1 'expectation  in [0-9]+ runs?, first of seed [0-9]+' fuzz roles.scenario --seeds 30
has "its text" out '^      role master on a3$'
has "its place" out 'roles.scenario:16: a3: '
has "the count" out '1 distinct breach\.'

# --- the same, whatever --jobs, and in parts ---
for jobs in 1 2 3; do
    "$rcsim" fuzz roles.scenario --seeds 30 --jobs $jobs --out small$jobs --jsonl all$jobs.jsonl >all$jobs.txt 2>&1
    sed -i "s/small$jobs/small/" all$jobs.txt
done
same "two jobs" all1.txt all2.txt
same "three jobs" all1.txt all3.txt
same "two jobs, lines" all1.jsonl all2.jsonl
same "three jobs, lines" all1.jsonl all3.jsonl
diff -r small1 small2 >diff.txt || say_bad "two jobs: other small scenarios"
"$rcsim" fuzz roles.scenario --seeds 30 >all.txt
for i in 1 2 3 4; do
    "$rcsim" fuzz roles.scenario --seeds 30 --shard $i/4 --jsonl part$i.jsonl >/dev/null
done
"$rcsim" merge part3.jsonl part1.jsonl part4.jsonl part2.jsonl --jsonl merged.jsonl >merged.txt
[ $? -eq 1 ] || say_bad "merge: a breach gives status 1"
same "merged" all.txt merged.txt
same "merged, lines" all1.jsonl merged.jsonl
check "a gap" 1 'seeds 1 to 16, 24 to 30, 23 runs' merge part1.jsonl part2.jsonl part4.jsonl
"$rcsim" fuzz roles.scenario --seeds 30 --jsonl - >stdout.jsonl
same "lines to standard output" all1.jsonl stdout.jsonl
"$rcsim" fuzz roles.scenario --seeds 7..7 --jsonl alone.jsonl >/dev/null
grep '"seed":"7"' all1.jsonl >seven
grep '"seed":"7"' alone.jsonl >alone
same "a run does not depend on those before it" seven alone

# --- which part: what others set ---
SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_COUNT=4 check "Slurm" 1 'seeds 17 to 23' fuzz roles.scenario --seeds 30 --shard auto
SLURM_ARRAY_TASK_ID=9 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_STEP=2 \
    check "Slurm with a step" 1 'seeds 17 to 23' fuzz roles.scenario --seeds 30 --shard auto
JOB_COMPLETION_INDEX=3 check "Kubernetes" 0 'seeds 4, 1 run|seed 4, 1 run' fuzz calm.scenario --seeds 4 --shard auto/4
JOB_COMPLETION_INDEX=3 check "Kubernetes does not say of how many" 2 'auto/N' fuzz calm.scenario --shard auto
OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 check "Open MPI" 0 'seeds 1 to 2' fuzz calm.scenario --seeds 4 --shard auto
PARALLEL_SEQ=2 check "GNU parallel" 0 'seeds 3 to 4' fuzz calm.scenario --seeds 4 --shard auto/2
PARALLEL_SEQ=3 check "GNU parallel, too many" 2 'none of 2 from 1 on' fuzz calm.scenario --seeds 4 --shard auto/2
PARALLEL_SEQ=1 OMPI_COMM_WORLD_RANK=1 check "two of them" 2 'both set' fuzz calm.scenario --shard auto/2
PARALLEL_SEQ=x check "no number" 2 'which is no number' fuzz calm.scenario --shard auto/2
check "more parts than seeds" 0 'nothing was played' fuzz calm.scenario --seeds 2 --shard 3/3

# --- files that cannot be joined ---
check "twice the same" 2 'seed 1 is in part1.jsonl and in part1.jsonl' merge part1.jsonl part1.jsonl
head -n -1 part1.jsonl >cut.jsonl
check "a killed one" 2 'cut.jsonl:[0-9]+: it ends without its last line' merge part2.jsonl cut.jsonl
"$rcsim" fuzz calm.scenario --seeds 2 --jsonl calm.jsonl >/dev/null
check "of another scenario" 2 'calm.jsonl:1: it is of another scenario' merge part1.jsonl calm.jsonl
sed '2s/{"seed":"1"/{"seed":1/' part1.jsonl >wrong.jsonl
check "a wrong line" 2 'wrong.jsonl:2: ' merge wrong.jsonl

# --- what is made small ---
small=$(ls small1/*.scenario | head -n 1)
check "it replays" 1 'expected role master on a3' run "$small"
check "a small one has few faults" 0 '' fuzz calm.scenario --seeds 1
[ "$(grep -c '^at ' "$small")" -le 3 ] || say_bad "$small has many faults"
has "it says what is wrong" "$small" '^# This does not hold: role master on a3$'
has "it says where it is from" "$small" '^# Reduced from seed [0-9]+ of roles.scenario\.$'
seed=$(sed -n 's/^seed //p' "$small")
check "shrink" 0 'expectation: [0-9]+ of [0-9]+ faults' shrink roles.scenario --seed "$seed" --out again.scenario
same "shrink gives what fuzz gave" "$small" again.scenario
check "shrink: another finding" 1 'shows no lost-write \(it shows expectation' shrink roles.scenario --seed "$seed" --finding lost-write
{ echo 'param pause 1s'; sed 's/^pause all every 10s for 1s..3s/pause all every 10s for $pause/' roles.scenario; } >param.scenario
check "shrink with a directive and a parameter" 0 'expectation: [0-9]+ of [0-9]+ faults' \
    shrink param.scenario --seed "$seed" --cluster-node-timeout 900 --param pause=1200ms --out given.scenario
has "the directive stands in it" given.scenario '^cluster-node-timeout 900$'
has "the parameter stands in it" given.scenario '^param pause 1200ms$'
[ "$(grep -cE '^(cluster-node-timeout|param)' given.scenario)" -eq 2 ] || say_bad "given.scenario: once each"
check "it replays, too" 1 'expected role master on a3' run given.scenario

# --- ended early ---
"$rcsim" fuzz fuzz/six --seeds 100000 --jsonl early.jsonl >early.txt 2>/dev/null &
pid=$!
for _ in $(seq 100); do
    [ -s early.jsonl ] && [ "$(wc -l <early.jsonl)" -gt 4 ] && break
    sleep 0.1
done
kill -TERM $pid
wait $pid
[ $? -eq 130 ] || say_bad "SIGTERM: another status than 130"
check "what there is can be joined" 0 'seeds? 1' merge early.jsonl
same "what there is was printed" out early.txt
until [[ $(cut -d ' ' -f 1 /proc/uptime) =~ \.9[5-9]$ ]]; do sleep 0.005; done # just before a whole second of the clock
began_ns=$(date +%s%N)
check "a limit of time" 0 'seeds? 1' fuzz fuzz/six --seeds 100000 --time 1s
[ $(($(date +%s%N) - began_ns)) -ge 990000000 ] || say_bad "a limit of time: it is over too early"

[ $bad -eq 0 ] || { echo "$bad wrong"; exit 1; }
echo "ok: fuzz"
