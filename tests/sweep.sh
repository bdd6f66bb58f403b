#!/usr/bin/env bash
# tests/sweep.sh RCSIM: `rcsim sweep` as people and scripts meet it: what it prints, the same whatever --jobs;
# refusals; what is there when it is ended early.
set -uo pipefail

[ $# -eq 1 ] || { echo "usage: tests/sweep.sh RCSIM" >&2; exit 2; }
rcsim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
traces=$(cd "$(dirname "$0")/../traces" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 3
bad=0

say_bad() { echo "NOT: $1"; bad=$((bad + 1)); }

# check NAME STATUS PATTERN ARGUMENT...: `rcsim sweep ARGUMENT...`; PATTERN (grep -E) must be found in what it
# prints on either stream.
check() {
    local name=$1 status=$2 pattern=$3 got=0
    shift 3
    "$rcsim" sweep "$@" </dev/null >out 2>err || got=$?
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

# A replica follows a master that is killed: how long must one wait for the failover?
cat >failover.scenario <<'END'
title "How long does a failover take? <&\">"
site A a1..a6
site B c
latency A B 1ms
param pause 10s
param margin 1s
cluster-node-timeout 1000
repl-diskless-sync-delay 0
cli --cluster create a1..a6 --cluster-replicas 1
await link up on a4..a6 within 20s
await state ok on A within 20s
workload w pinned a2
kill a1
wait $pause
expect state ok on a2, a3
expect time from "kill a1" to a2,a3 state-fail 0s..9s
expect time from "kill a1" to first a4..a6 promoted 0s..9s
only 3.0 expect time from "kill a1" to a2 promoted 0s..9s
END
printf "site A a1\nkill a1\nkill a1\nparam x 1s\nwait \$x\n" >stops.scenario
printf "site A a1\nparam x 1s\nwait \$x\n" >holds.scenario

# --- what it refuses ---
check "no file" 2 'which scenario\?' --vary pause=0s..1s/1s
check "no such file" 2 'nowhere cannot be read' nowhere --vary pause=0s..1s/1s
check "nothing varied" 2 '--vary NAME=FROM\.\.TO/STEP' failover.scenario
check "no range" 2 'the form is NAME=FROM' failover.scenario --vary pause=5s
check "unknown name" 2 'did you mean pause\?' failover.scenario --vary puase=0s..1s/1s
check "three axes" 2 '2 can be varied at once' failover.scenario --vary pause=0s..1s/1s \
    --vary margin=0s..1s/1s --vary cluster-node-timeout=1..2/1
check "one axis twice" 2 'varied already' failover.scenario --vary pause=0s..1s/1s --vary pause=0s..1s/1s
check "too many points" 2 'points are too many' failover.scenario --vary pause=1ms..9000ms/1ms \
    --vary cluster-node-timeout=1..10/1
check "a value the scenario does not take" 2 'failover\.scenario:.*with pause=0%' failover.scenario --vary pause=0%..1%/1%
check "no seeds" 2 '--seeds 0: N or A\.\.B' failover.scenario --vary pause=0s..1s/1s --seeds 0
check "seeds backwards" 2 '--seeds 5\.\.4: ' failover.scenario --vary pause=0s..1s/1s --seeds 5..4
check "no jobs" 2 '--jobs 0 is not a number from 1 to 256' failover.scenario --vary pause=0s..1s/1s --jobs 0
check "several releases" 2 'one release here' failover.scenario --vary pause=0s..1s/1s --redis 6.2,7.0
check "an option of run" 2 'no option or directive --trace' failover.scenario --vary pause=0s..1s/1s --trace x
check "an option nearly" 2 'did you mean --seeds\?' failover.scenario --vary pause=0s..1s/1s --seed 5
check "a directory that is not there" 2 'no/where cannot be written' failover.scenario \
    --vary pause=0s..1s/1s --csv no/where
check "two on standard output" 2 'can take one of' failover.scenario --vary pause=0s..1s/1s --csv - --json -

# --- what it prints ---
"$rcsim" help sweep >help.txt || say_bad "help sweep"
has "help sweep" help.txt '^  --seeds N\|A\.\.B'
sweep() { # sweep JOBS NAME ARGUMENT...
    local jobs=$1 name=$2
    shift 2
    "$rcsim" sweep "$@" --jobs "$jobs" --csv "$name.csv" --json "$name.json" --html "$name.html" \
        >"$name.txt" 2>"$name.err" || say_bad "$name: exit status $?: $(head -n 3 "$name.err")"
    [ ! -s "$name.err" ] || say_bad "$name: $(head -n 3 "$name.err")"
}
for jobs in 1 2 3; do
    sweep "$jobs" "one$jobs" failover.scenario --vary pause=0s..6s/1s --seeds 10
    sweep "$jobs" "grid$jobs" failover.scenario --vary pause=0s..8s/4s --vary cluster-node-timeout=500..1500/500 \
        --seeds 11..15 --redis 6.2
done
for jobs in 2 3; do
    for file in txt csv json html; do
        cmp -s "one1.$file" "one$jobs.$file" || say_bad "--jobs 1 and $jobs: one.$file differ"
        cmp -s "grid1.$file" "grid$jobs.$file" || say_bad "--jobs 1 and $jobs: grid.$file differ"
    done
done
has "the head" one1.txt '^failover\.scenario; pause from 0s to 6s \(7\); seeds 1 to 10; Redis 7\.0\.15$'
has "too short a wait" one1.txt '^pause=0s +0 of 10 +0\.0 % +0\.0\.\.30\.9  \|o-+ +\|$'
has "long enough" one1.txt '^pause=6s +10 of 10 +100\.0 % +69\.1\.\.100\.0  \| +-+o\|$'
has "quantiles" one1.txt '^pause=6s +10 +[0-9.]+ m?s( +[0-9.]+ m?s){4}$'
has "not measured" one1.txt '^pause=0s +0( +-){5}$'
has "a span that never was" one1.txt '^never measured$'
has "counts" one1.txt '^workload w errors$'
has "ways to fail" one1.txt '^pause=0s +10 of 10  failover\.scenario:16: expected .*\(--seed 1\)$'
has "a sentence" one1.txt '^from pause=[0-9]s on, .* at each at least 74\.1 % \(95 % confidence\); with pause='
has "csv" one1.csv '^6s,10,10,0\.691503,1\.000000,workload w errors,count,10,[0-9]+,'
has "csv quotes" one1.csv '^pause,runs,'
has "html is escaped" one1.html '<h1>How long does a failover take\? &lt;&amp;&quot;&gt;</h1>'
! grep -qE 'src=|href=|<script|@import|url\(' one1.html || say_bad "the page loads something"
has "the grid's head" grid1.txt '^cluster-node-timeout +500 +1000 +1500$'
has "the grid" grid1.txt '^pause=8s +100\.0 % +100\.0 % +100\.0 %$'
has "the grid's release" grid1.txt 'Redis 6\.2'
has "a sentence a column" grid1.txt '^cluster-node-timeout=1500: from pause='
if command -v python3 >/dev/null; then
    python3 - <<'END' || say_bad "json"
import csv, json
for name, points in (("one1", 7), ("grid1", 9)):
    got = json.load(open(name + ".json"))
    rows = list(csv.DictReader(open(name + ".csv")))
    measures = len(got["measures"])
    assert len(got["points"]) == points and len(rows) == points * measures, (len(got["points"]), len(rows))
    assert got["complete"] and got["runs"] == points * got["seeds"]
    for i, point in enumerate(got["points"]):
        for m in range(measures):
            row, spread = rows[i * measures + m], point["spreads"][m]
            assert row["measure"] == got["measures"][m]["name"]
            assert int(row["successes"]) == point["successes"] and int(row["known"]) == spread["known"]
            assert row["p50"] == str(spread.get("p50", ""))
        assert (point["failure"] is None) == (point["successes"] == point["runs"])
from xml.dom import minidom
for name in ("one1", "grid1"):
    page = open(name + ".html").read()
    for part in page.split("<svg")[1:]:
        minidom.parseString("<svg" + part.split("</svg>")[0] + "</svg>")
END
fi

# A run of a sweep can be played alone: it fails as it did there.
point=$(sed -n 's/^pause=3s  *\([0-9]*\) of 10 .*/\1/p' one1.txt | head -n 1)
alone=0
for seed in 1 2 3 4 5 6 7 8 9 10; do
    ! "$rcsim" run failover.scenario --quiet --param pause=3s --seed "$seed" >/dev/null 2>&1 || alone=$((alone + 1))
done
[ "$alone" = "$point" ] || say_bad "pause=3s: $point succeed in the sweep, $alone alone"

# --- other axes, other ends ---
check "a latency" 0 '^latency A B=40ms +2 of 2' failover.scenario --vary "latency A B=0ms..40ms/20ms" --seeds 2
check "a script that stops" 0 '2 of 2  stops\.scenario:3: expected the script to go on' stops.scenario \
    --vary x=1s..2s/1s --seeds 2
has "and never goes on" out '^no run succeeds, at any value$'
check "no measure" 0 '^at every value, from x=1s to x=2s, 4 of 4' holds.scenario --vary x=1s..2s/1s --seeds 2
check "csv without a measure" 0 '^1s,2,2,0\.158114,1\.000000,,,,,,,,,,,$' holds.scenario --vary x=1s..2s/1s \
    --seeds 2 --csv -
check "json on standard output, alone" 0 '^\{"scenario":"holds\.scenario"' holds.scenario --vary x=1s..2s/1s --seeds 2 --json -
check "more jobs than runs" 0 '1 of 1' holds.scenario --vary x=1s..1s/1s --seeds 1 --jobs 9

# --- the shipped sweeps, as the heads of their files name them; a few seeds only ---
shipped() { # shipped PATTERN ARGUMENT...: the verdict
    local wanted=$1
    shift
    "$rcsim" sweep "$@" --seeds 4..5 >out 2>err || say_bad "sweep $*: $(head -n 3 err)"
    tail -n 8 out | grep -qE -- "$wanted" || say_bad "sweep $*: $(tail -n 1 out)"
    echo "$*" >>played
}
waits=sweeps/two-dc-waits
shipped '^from create=[0-9.]+s on, ' $waits --vary create=0s..20s/500ms
shipped '^from meet=[1-9][0-9.]*s on, ' $waits --vary meet=0s..10s/250ms
shipped '^at every value, ' $waits --vary inner=0s..20s/500ms
shipped '^from chain=[5-9][0-9.]*s on, ' $waits --vary chain=0s..20s/500ms
shipped '^at every value, ' $waits --vary detect=0s..20s/500ms
shipped '^at every value, ' $waits --vary takeover=0s..20s/500ms
shipped '^at every value, ' $waits --vary forget=0s..10s/250ms
shipped '^from settle=[4-6][0-9.]*s on, ' sweeps/two-dc-settle --vary settle=0s..12s/500ms
shipped '^at every value, ' sweeps/two-dc-polled --vary cluster-node-timeout=1000..15000/1000
shipped '^up to pause=12s, ' sweeps/forget-spread --vary pause=0s..20s/500ms
shipped '^up to pause=0\.[0-9]+s, ' sweeps/takeover-pauses --vary pause=0s..5s/125ms
shipped '^from return=[1-9][0-9.]*s on, ' sweeps/early-return --vary return=0s..30s/500ms
shipped '^cluster-node-timeout=9000: up to stall=1[0-9]s, ' sweeps/false-failover --vary stall=1s..15s/1s \
    --vary cluster-node-timeout=1000..15000/2000
shipped '^up to stall=[5-7][0-9.]*s, ' sweeps/false-failover --vary stall=1s..9s/250ms
sed -n 's/^#   rcsim sweep //p' "$traces"/sweeps/*.scenario | sort >named
sort played | cmp -s - named || say_bad "named in the files, or played: $(sort played | diff - named)"

# --- ended early ---
ended() { # ended SIGNAL: as soon as something was played
    local got=0
    "$rcsim" sweep failover.scenario --vary pause=1000s..1001s/1s --seeds 100000 --jobs 2 --json early.json \
        >out 2>err &
    local pid=$!
    sleep 2
    kill -"$1" "$pid"
    wait "$pid" || got=$?
    [ "$got" -eq 130 ] || say_bad "SIG$1: exit status $got, not 130"
    has "SIG$1" out '^Ended early: [0-9]+ of 200000 runs were played\.$'
    has "SIG$1" early.json '"complete":false,'
    [ ! -s err ] || say_bad "SIG$1: $(cat err)"
}
ended INT
ended TERM
if command -v pgrep >/dev/null; then
    got=0
    "$rcsim" sweep failover.scenario --vary pause=1000s..1001s/1s --seeds 100000 --jobs 2 >out 2>err &
    pid=$!
    sleep 1
    workers=$(pgrep -P "$pid")
    # The second of them: it plays every other run, those of 1001s.
    kill -KILL "$(tail -n 1 <<<"$workers")"
    wait "$pid" || got=$?
    [ "$got" -eq 3 ] || say_bad "a process that is killed: exit status $got, not 3"
    has "a process that is killed" err '^rcsim: the process that played pause=100[01]s with seed [0-9]+ ended early \(signal 9\)$'
    for worker in $workers; do
        ! kill -0 "$worker" 2>/dev/null || say_bad "process $worker is left"
    done
fi

[ "$bad" -eq 0 ] && echo "ok: sweep"
exit $((bad > 0))
