#!/usr/bin/env bash
# tests/claims.sh RCSIM SCENARIO...: what `explain` says of each node's role and state at the end of a run is so: each
# claim is put behind the scenario as an expectation, and the run must hold it.
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: tests/claims.sh RCSIM SCENARIO..." >&2; exit 2; }
rcsim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# The last role and state told of a node, and whether it runs: as conditions of the scenario language.
conditions() {
    sed -E 's/^ *[0-9.]* *//' "$work/told" | awk -v node="$1" '
        BEGIN { state = "fail" }
        $1 == node && / (is master now|is a master again|starts as a master)/ { role = "master" }
        $1 == node && / a replica of / { role = "replica" }
        $0 == node ": cluster state changed to ok" { state = "ok" }
        $0 == node ": cluster state changed to fail" { state = "fail" }
        $0 == node " has not run since then" { ended = 1 }
        ended && /^fault: / { life = $2 == "pause" ? "paused" : $2 == "poweroff" ? "off" : "down" }
        END {
            if (life != "") { print "expect life " life " on " node; exit }
            if (role != "") print "expect role " role " on " node
            print "expect state " state " on " node
        }'
}

for file in "$@"; do
    "$rcsim" run "$file" --quiet --trace "$work/trace" >/dev/null 2>&1
    end=$(sed -n 's/.*"t":\([0-9]*\).*/\1/p' "$work/trace" | tail -1)
    : >"$work/claims"
    for node in $(sed -n 's/.*"what":"boot","about":"\([^"]*\)".*/\1/p' "$work/trace" | sort -u); do
        "$rcsim" explain "$work/trace" --node "$node" --at "$((end / 1000000 + 1))s" >"$work/told"
        conditions "$node" >>"$work/claims"
    done
    cat "$file" "$work/claims" >"$work/claimed.scenario"
    if [ ! -s "$work/claims" ] || ! "$rcsim" run "$work/claimed.scenario" --quiet >"$work/out" 2>&1; then
        echo "NOT: $file ends otherwise than explain says:"
        head -5 "$work/out"
        bad=1
    else
        echo "ok: $(wc -l <"$work/claims") claims hold at the end of $(basename "$file")"
    fi
done
exit "$bad"
