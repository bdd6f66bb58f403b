#!/usr/bin/env bash
# tests/readme.sh RCSIM [--write]: the transcript in README.md is what the command prints, and its scenario
# excerpt stands in the shipped file. --write puts the present transcript there.
set -euo pipefail

rcsim=${1:?usage: tests/readme.sh RCSIM [--write]}
top=$(cd "$(dirname "$0")/.." && pwd)
readme=$top/README.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

block() { # block N: the N-th ``` block of README.md
    awk -v wanted="$1" '/^```/ { inside = !inside; n += inside; next } inside && n == wanted' "$readme"
}

# The title, parts 2, 3 and 5, and the end.
"$rcsim" run two-dc-chained 2>/dev/null | awk '
    /^[0-9]+\. / {
        wanted = /^[235]\. /
        if (!wanted && shown) { print "..."; print "" }
        shown = wanted
    }
    /^digest/ { wanted = 1 }
    NR <= 2 { print; shown = 1 }
    NR == 3 || wanted { print }' >"$work/transcript"
[ "$(wc -l <"$work/transcript")" -gt 20 ] || { echo "NOT: the run is too short for README.md"; exit 1; }

if [ "${2:-}" = --write ]; then
    awk -v file="$work/transcript" '
        /^```/ { inside = !inside; n += inside
                 print
                 if (inside && n == 1) while ((getline line <file) > 0) print line
                 next }
        !inside || n != 1' "$readme" >"$work/readme"
    cat "$work/readme" >"$readme"
fi
block 1 | diff -u - "$work/transcript" >"$work/diff" || {
    echo "NOT: the transcript in README.md (-) is not what is printed (+); tests/readme.sh RCSIM --write"
    cat "$work/diff"
    exit 1
}

block 2 >"$work/excerpt"
while IFS= read -r line; do
    grep -qxF -- "$line" "$top/traces/two-dc-chained.scenario" || {
        echo "NOT: the excerpt in README.md has a line that the scenario has not: $line"
        exit 1
    }
done <"$work/excerpt"
[ "$(wc -l <"$work/excerpt")" -gt 5 ] || { echo "NOT: README.md's second block is no excerpt"; exit 1; }
echo "ok: README.md shows what rcsim prints"
