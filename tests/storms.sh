#!/usr/bin/env bash
# tests/storms.sh RCSIM SEEDS: faults of every kind at random, in each topology of traces/fuzz: no invariant breaks but as
# real servers break it, and no run dies. And one whose masters vote twice, which must be found: else nobody looks.
set -uo pipefail

[ $# -eq 2 ] || { echo "usage: tests/storms.sh RCSIM SEEDS" >&2; exit 2; }
rcsim=$1 seeds=$2
traces=$(cd "$(dirname "$0")/../traces" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

for scenario in "$traces"/fuzz/*.scenario; do
    name=fuzz/$(basename "$scenario" .scenario) status=0
    [ "$name" != fuzz/canary ] || continue
    "$rcsim" fuzz "$scenario" --seeds "$seeds" >"$work/out" || status=$?
    if [ $status -eq 0 ]; then
        echo "ok: $name: $(sed -n '1s/.*: //p' "$work/out")"
    else
        echo "NOT: $name ($status)"
        sed -n '1p;/^Breaches/,/^$/p' "$work/out"
        bad=1
    fi
done
if "$rcsim" fuzz "$traces/fuzz/canary.scenario" --seeds 10 >"$work/out"; then
    echo "NOT: masters that vote twice are not found"
    bad=1
elif ! grep -q '^  double-vote  in' "$work/out"; then
    echo "NOT: that masters vote twice is called something else"
    bad=1
else
    echo "ok: fuzz/canary: $(grep -m 1 '^  double-vote' "$work/out" | sed 's/^ *//')"
fi
exit $bad
