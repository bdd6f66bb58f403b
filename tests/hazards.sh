#!/usr/bin/env bash
# tests/hazards.sh RCSIM SEEDS: what Redis Cluster is known to do to its operators is found by fuzzing, in scenarios that
# differ in topology and configuration, name none of it, and share one chaos block with every kind of fault: how many
# seeds that took, and the smallest faults that show it. A finding is made small to at most 8 lines of faults; without
# any of them it is lost; and what is written runs without chaos.
set -uo pipefail

[ $# -eq 2 ] || { echo "usage: tests/hazards.sh RCSIM SEEDS" >&2; exit 2; }
rcsim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") seeds=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 3
bad=0

hazards='epoch-collision/takeover   two TAKEOVERs take the same epoch, which collides
lost-write/failover        a promoted replica lost acknowledged writes
forgotten-returns/ban-over a node that was forgotten returns
two-promoted/takeover      takeovers one after the other race an election
lost-write/restarted-empty a master restarted empty, and its replicas with it
epoch-falls/stale-conf     a stale nodes.conf'
scenarios='six memory two-dc wide'

for name in $scenarios; do
    "$rcsim" fuzz fuzz/$name --seeds "$seeds" --jsonl $name.jsonl >$name.txt
    [ $? -le 1 ] || { echo "NOT: fuzz/$name cannot be fuzzed"; exit 1; }
done

# first FINDING PERMIT: "SEED SCENARIO", the smallest seed that shows it anywhere.
first() {
    for name in $scenarios; do
        grep -F "\"finding\":\"$1\",\"permit\":\"$2\"" $name.jsonl | head -n 1 |
            sed -E "s/^\{\"seed\":\"([0-9]+)\".*/\1 $name/"
    done | sort -n | head -n 1
}

not() { echo "NOT: $1"; bad=$((bad + 1)); }

printf '%-28s %6s  %-9s %7s  %s\n' finding seeds scenario faults 'what it is'
while read -r hazard text; do
    read -r seed name < <(first "${hazard%/*}" "${hazard#*/}")
    if [ -z "${seed:-}" ]; then
        not "$hazard is not found in $seeds seeds"
        continue
    fi
    small=${hazard/\//-}.scenario
    if ! "$rcsim" shrink fuzz/$name --seed "$seed" --finding "$hazard" --out "$small" >told; then
        not "$hazard of seed $seed of $name cannot be made small"
        continue
    fi
    faults=$(grep -c '^at ' "$small")
    printf '%-28s %6s  %-9s %7s  %s\n' "$hazard" "$seed" "$name" "$faults" "$text"
    [ "$faults" -le 8 ] || not "$hazard needs more than 8 lines of faults"
    ! grep -qE '^chaos' "$small" || not "$small has a chaos block"
    "$rcsim" run "$small" --quiet >out || { not "$small does not show it"; tail -n 4 out; }
    mapfile -t lines < <(sed -n '/^step "chaos"/,/^step "healed"/p' "$small" | grep '^at ' | sort -u)
    for line in "${lines[@]}"; do
        # Only the first of equal lines.
        awk -v line="$line" '$0 == line && !done { done = 1; next } { print }' "$small" >without.scenario
        if "$rcsim" run without.scenario --quiet >out 2>&1; then
            not "$small shows it without the line: $line"
        fi
    done
    unset seed
done <<<"$hazards"

[ $bad -eq 0 ] || { echo "$bad wrong"; exit 1; }
echo "ok: all found in $seeds seeds a scenario"
