#!/usr/bin/env bash
# tests/seeds.sh RCSIM FIRST LAST [SCENARIO...]: runs scenarios (default: all of traces/ but fuzz) with each seed
# of a range, two at a time, and checks that every expectation holds and that seeds give runs of their
# own. Names the first seed that fails. Takes any build's rcsim.
set -euo pipefail

[ $# -ge 3 ] || { echo "usage: tests/seeds.sh RCSIM FIRST LAST [SCENARIO...]" >&2; exit 2; }
rcsim=$1 first=$2 last=$3
shift 3
traces=$(cd "$(dirname "$0")/../traces" && pwd)
if [ $# -eq 0 ]; then # tests/storms.sh plays those of traces/fuzz
    mapfile -t scenarios < <(ls "$traces"/*.scenario "$traces"/*/*.scenario | grep -v /fuzz/)
    set -- "${scenarios[@]}"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

every_second() { # every_second SCENARIO SEED: from that seed on, a line "SEED STATUS DIGEST" each
    local seed status
    for ((seed = $2; seed <= last; seed += 2)); do
        status=0
        "$rcsim" run "$1" --seed "$seed" --quiet >"$work/$seed.out" 2>"$work/$seed.err" || status=$?
        echo "$seed $status $(sed -n 's/^digest //p' "$work/$seed.out")"
        [ "$status" -ne 0 ] || rm "$work/$seed.out" "$work/$seed.err"
    done
}

bad=0
for scenario in "$@"; do
    name=$(basename "$scenario" .scenario)
    every_second "$scenario" "$first" >"$work/a" &
    every_second "$scenario" $((first + 1)) >"$work/b" &
    wait
    sort -n "$work/a" "$work/b" >"$work/all"
    runs=$(wc -l <"$work/all")
    failed=$(awk '$2 != 0' "$work/all" | wc -l)
    digests=$(awk '{ print $3 }' "$work/all" | sort -u | wc -l)
    if [ "$failed" -gt 0 ]; then
        seed=$(awk '$2 != 0 { print $1; exit }' "$work/all")
        echo "NOT: $name: $failed of $runs seeds fail, the first is $seed:"
        tail -n 8 "$work/$seed.out" "$work/$seed.err" | sed 's/^/  /'
        echo "  again: $rcsim run $scenario --seed $seed"
        bad=1
    elif [ "$digests" -ne "$runs" ]; then
        echo "NOT: $name: $runs seeds give only $digests digests"
        bad=1
    else
        echo "ok: $name: seeds $first to $last, every expectation holds"
    fi
done
exit "$bad"
