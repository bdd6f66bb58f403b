#!/usr/bin/env bash
# tests/bench/callgrind.sh RCSIM [SCENARIO]: instructions of a whole run of the command, and a virtual
# minute, under callgrind: a figure that a busy machine does not change. Goal: 30 million a virtual
# minute of the takeover, aim 10. Fails if it is missed.
set -euo pipefail

rcsim=${1:?usage: tests/bench/callgrind.sh RCSIM [SCENARIO]}
scenario=${2:-two-dc-chained}
goal=30
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

instructions() { # of a command line
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" >"$work/out" 2>"$work/err" ||
        { cat "$work/out" "$work/err" >&2; exit 1; }
    awk '/Collected/ { print $NF }' "$work/err"
}

start=$(instructions "$rcsim" --version)
whole=$(instructions "$rcsim" run "$scenario")
virtual_s=$(sed -n 's/^virtual time \([0-9.]*\) s.*/\1/p' "$work/out")
awk -v start="$start" -v whole="$whole" -v seconds="$virtual_s" -v goal="$goal" 'BEGIN {
    minute = (whole - start) / 1e6 * 60 / seconds
    printf "instructions, millions: whole %.1f, starting alone %.2f, a virtual minute %.2f (goal %d)\n",
        whole / 1e6, start / 1e6, minute, goal
    exit minute > goal }'
