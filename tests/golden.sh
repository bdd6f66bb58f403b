#!/usr/bin/env bash
# tests/golden.sh RCSIM [--write]: each shipped scenario must give the milestones and the digest of the trace beside it.
# --write makes those traces anew; the commit that does so explains what changed.
set -uo pipefail

[ $# -ge 1 ] || { echo "usage: tests/golden.sh RCSIM [--write]" >&2; exit 2; }
rcsim=$1
traces=$(cd "$(dirname "$0")/../traces" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

for scenario in "$traces"/*.scenario "$traces"/*/*.scenario; do
    case $scenario in "$traces"/fuzz/*) continue ;; esac # a plan of faults a seed, and no story
    golden=${scenario%.scenario}.trace
    name=$(basename "$golden")
    if ! "$rcsim" run "$scenario" --quiet --trace "$work/$name" >"$work/out" 2>&1; then
        echo "NOT: $(basename "$scenario") does not hold"
        cat "$work/out"
        bad=1
    elif [ "${2:-}" = --write ]; then
        cp "$work/$name" "$golden"
    elif [ "$(head -n 1 "$work/$name")" != "$(head -n 1 "$golden" 2>/dev/null)" ]; then
        echo "NOT: $name is of another text of the scenario; tests/golden.sh RCSIM --write makes it anew"
        bad=1
    elif ! "$rcsim" diff "$golden" "$work/$name" >"$work/out" 2>&1; then
        echo "NOT: $name"
        cat "$work/out"
        bad=1
    elif [ "$(tail -n 1 "$work/$name")" != "$(tail -n 1 "$golden")" ]; then
        echo "NOT: $name has these milestones, but another digest: something else that was sent or logged has changed"
        bad=1
    else
        echo "ok: $name"
    fi
done
exit "$bad"
