#!/usr/bin/env bash
# tests/determinism.sh RCSIM...: the same scenario and seed must give the same transcript and the same
# packet trace from every one of these builds, twice in a row, and the same with and without trace and
# wire check, and whether the loop lends it turns of one event or of 4096. SEEDS (default "1 2 3") and SCENARIOS (default: all of traces/) from outside.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: tests/determinism.sh RCSIM..." >&2; exit 2; }
traces=$(cd "$(dirname "$0")/../traces" && pwd)
read -ra seeds <<<"${SEEDS:-1 2 3}"
if [ -n "${SCENARIOS:-}" ]; then
    read -ra scenarios <<<"$SCENARIOS"
else
    scenarios=("$traces"/*.scenario "$traces"/*/*.scenario)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "NOT: $1"
    [ ! -f "$work/stderr" ] || tail -n 3 "$work/stderr" | sed 's/^/  /'
    exit 1
}
run() { # run OUT RCSIM SCENARIO SEED [OPTION...]
    local out=$1 rcsim=$2
    shift 2
    local state=0
    "$rcsim" run "$1" --seed "$2" "${@:3}" >"$out" 2>"$work/stderr" || state=$?
    case $state/$1 in
    0/* | 1/*/canary.scenario) ;; # what the canary is to find, it finds
    *) fail "$rcsim run $1 --seed $2 ${*:3}: exit status $state" ;;
    esac
    grep -q '^digest [0-9a-f]\{16\}' "$out" || fail "$rcsim run $1 --seed $2 ${*:3}: no digest"
}
digest() { sed -n 's/^digest //p' "$1"; }

for scenario in "${scenarios[@]}"; do
    for seed in "${seeds[@]}"; do
        what="$(basename "$scenario" .scenario) --seed $seed"
        run "$work/first" "$1" "$scenario" "$seed"
        run "$work/first.packets" "$1" "$scenario" "$seed" --trace "$work/first.trace" --trace-level packets
        want=$(digest "$work/first")
        for rcsim in "$@"; do
            run "$work/again" "$rcsim" "$scenario" "$seed"
            cmp -s "$work/first" "$work/again" || fail "$what: $rcsim prints another transcript than $1"
            run "$work/again" "$rcsim" "$scenario" "$seed" --trace "$work/trace" --trace-level packets
            cmp -s "$work/first.trace" "$work/trace" || fail "$what: $rcsim writes another trace than $1"
            [ "$(digest "$work/again")" = "$want" ] || fail "$what: --trace changes the digest ($rcsim)"
            run "$work/again" "$rcsim" "$scenario" "$seed" --wire-check --trace "$work/trace"
            [ "$(digest "$work/again")" = "$want" ] || fail "$what: --wire-check changes the digest ($rcsim)"
            for batch in 1 4096; do
                run "$work/again" "$rcsim" "$scenario" "$seed" --batch "$batch"
                cmp -s "$work/first" "$work/again" || fail "$what: --batch $batch prints another transcript ($rcsim)"
            done
        done
        echo "ok: $what: digest $want from $# builds"
    done
done
