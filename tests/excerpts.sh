#!/usr/bin/env bash
# tests/excerpts.sh RCSIM FILE...: what texts show of rcsim is what it prints. Each ``` block right below an indented
# line "rcsim ..." is held against the output of that command: its lines must stand there in that order, one behind
# the other but for a line "..." in between.
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: tests/excerpts.sh RCSIM FILE..." >&2; exit 2; }
rcsim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

for file in "$@"; do
    rm -f "$work"/*
    # One pair of files a block: N.command, N.block.
    awk -v work="$work" '
        /^```/ { inside = !inside
                 if (inside && command != "") { n++; print command >(work "/" n ".command"); wanted = 1; printf "" >(work "/" n ".block") }
                 if (!inside) wanted = 0
                 command = ""
                 next }
        inside { if (wanted) print >(work "/" n ".block"); next }
        /^    rcsim / { command = substr($0, 11); next }
        /[^ ]/ { command = "" }' "$file"
    count=0
    for command in "$work"/*.command; do
        [ -f "$command" ] || continue
        count=$((count + 1))
        read -ra words <"$command"
        "$rcsim" "${words[@]}" >"$work/out" 2>/dev/null || true
        if [ "$(grep -cvxF ... "${command%.command}.block")" -lt 3 ] ||
            ! awk -v command="rcsim ${words[*]}" '
                NR == FNR { out[NR] = $0; count = NR; next }
                $0 == "..." { gap = 1; next }
                { at++
                  while (gap && at <= count && out[at] != $0) at++
                  if (at > count || out[at] != $0) { print "NOT: " command " does not print, or not here: " $0; exit 1 }
                  gap = 0 }' "$work/out" "${command%.command}.block"; then
            echo "  in $file"
            bad=1
        fi
    done
    [ "$count" -gt 0 ] || { echo "NOT: $file shows nothing of rcsim"; bad=1; }
    [ "$bad" -ne 0 ] || echo "ok: $file: $count excerpts are what rcsim prints"
done
exit "$bad"
