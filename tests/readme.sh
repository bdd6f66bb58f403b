#!/usr/bin/env bash
# tests/readme.sh RCSIM [--write]: the transcripts in README.md are what the commands print, and its scenario
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

# What a block says that begins with its command. The middle is left out.
transcripts() {
    local sweep='sweeps/two-dc-settle --vary settle=4s..8s/1s --seeds 100'
    local fuzz='fuzz/canary --seeds 6'
    local shrink='fuzz/two-dc --seed 21 --finding two-promoted'
    { echo "\$ rcsim sweep $sweep"
      "$rcsim" sweep $sweep | awk 'NR < 4 { next } NR == 4 { print "..." } /^$/ { if (!wanted) next; wanted = 0; print "..."; next }
          NR == 4 || /^To see one|^from / { wanted = 1 } wanted' | sed '$!b; /^\.\.\.$/d'; } >"$work/sweep"
    { echo "\$ rcsim fuzz $fuzz"
      "$rcsim" fuzz $fuzz || true; } >"$work/fuzz"
    { echo "\$ rcsim shrink $shrink"
      "$rcsim" shrink $shrink 2>/dev/null |
          awk 'NR <= 4 { print } /^step "chaos"/ { print "..."; wanted = 1 } wanted'; } >"$work/shrink"
}
transcripts
# Puts the transcripts into the blocks that begin with the same two words, or are the first.
awk -v work="$work" '
    function put(file, line) { while ((getline line <file) > 0) print line }
    /^```/ { inside = !inside; n += inside; first = inside; if (!inside) skip = 0; print; next }
    inside && first {
        first = 0
        kind = n == 1 ? "transcript" : $1 == "$" && $2 == "rcsim" && $3 ~ /^(sweep|fuzz|shrink)$/ ? $3 : ""
        if (kind != "") { put(work "/" kind); skip = 1; next }
    }
    !skip' "$readme" >"$work/readme"
if [ "${2:-}" = --write ]; then
    cat "$work/readme" >"$readme"
fi
diff -u "$readme" "$work/readme" >"$work/diff" || {
    echo "NOT: a transcript in README.md (-) is not what is printed (+); tests/readme.sh RCSIM --write"
    cat "$work/diff"
    exit 1
}
for kind in sweep fuzz shrink; do
    grep -qF "\$ rcsim $kind" "$readme" && [ "$(wc -l <"$work/$kind")" -gt 8 ] || {
        echo "NOT: README.md shows no \`rcsim $kind\`"
        exit 1
    }
done

block 2 >"$work/excerpt"
while IFS= read -r line; do
    grep -qxF -- "$line" "$top/traces/two-dc-chained.scenario" || {
        echo "NOT: the excerpt in README.md has a line that the scenario has not: $line"
        exit 1
    }
done <"$work/excerpt"
[ "$(wc -l <"$work/excerpt")" -gt 5 ] || { echo "NOT: README.md's second block is no excerpt"; exit 1; }
echo "ok: README.md shows what rcsim prints"
