#!/usr/bin/env bash
# tests/releases.sh RCSIM: the takeover of two data centres as each release does it. What the scenario
# says of it holds; the bytes of its bus messages change nothing; its trace is replayed as that release.
set -uo pipefail

[ $# -eq 1 ] || { echo "usage: tests/releases.sh RCSIM" >&2; exit 2; }
rcsim=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

check() { # NAME WANTED COMMAND...: the output has a line that matches
    local name=$1 wanted=$2
    shift 2
    if "$@" >"$work/out" 2>&1 && grep -Eq "$wanted" "$work/out"; then
        echo "ok: $name"
    else
        echo "NOT: $name"
        head -n 20 "$work/out"
        bad=1
    fi
}

for release in 3.0 4.0 5.0 6.0 6.2 7.0 7.2 7.4 valkey-8.0; do
    check "$release" '^digest' "$rcsim" run two-dc-chained --redis "$release" --quiet --trace "$work/trace"
    digest=$(grep '^digest' "$work/out")
    check "$release, every message through its bytes" "^$digest\$" \
        "$rcsim" run two-dc-chained --redis "$release" --quiet --wire-check
    check "$release, replayed" '^identical$' "$rcsim" replay "$work/trace"
done

# Where the chain a1 -> b1 -> b4 fares otherwise (version-profiles.md 2a).
check "6.2 keeps the chain, 7.0 moves its end to the dead master's master" \
    '^  7\.0: .* b[456] follows-grandmaster a[123]$' \
    "$rcsim" run two-dc-chained --redis 6.2,7.0
check "7.0 and 7.2 alike" "^Each node's role and state change alike\.\$" \
    "$rcsim" run two-dc-chained --redis 7.0,7.2
check "Valkey has no chain as soon as it is made" \
    '^  valkey-8\.0: 48\.[0-9]+  b[456] follows-grandmaster a[123]$' \
    "$rcsim" run two-dc-chained --redis 7.4,valkey-8.0
exit "$bad"
