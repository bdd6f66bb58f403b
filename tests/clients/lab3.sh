#!/usr/bin/env bash
# A writer of tools/lab3 through a failover. Usage: lab3.sh INTERPRETER PROGRAM PORT...; CUE in the environment kills
# the node at a port.
set -uo pipefail

interpreter=$1 program=$2
ports=("${@:3}")
out=$(mktemp)
writer=''
trap '[ -z "$writer" ] || kill $writer 2>/dev/null; rm -f "$out"' EXIT

await() { # await SENTENCE COMMAND...
    local i
    for ((i = 0; i < 600; i++)); do
        "${@:2}" && echo "ok: $1" && return
        sleep 0.05
    done
    echo "NOT: $1 within 30 s"
    tail -n 5 "$out"
    exit 1
}

"$interpreter" "$program" --every 0.05 "${ports[@]/#/127.0.0.1:}" >"$out" 2>&1 &
writer=$!
disown $writer

written() { [ "$(grep -c '^ok ' "$out")" -ge 20 ] && ! grep -q '^error' "$out"; }
has_failed() { grep -q '^error' "$out"; }
writes_again() { [ "$(tail -n 200 "$out" | grep -c '^ok ')" -ge 200 ]; } # all slots, none of them refused

await "it writes and reads without an error" written
victim=$(redis-cli -p "${ports[0]}" CLUSTER NODES | awk '$3 ~ /master/ { split($2, a, /[:@]/); print a[2]; exit }')
"$CUE" "$victim" >/dev/null || { echo "NOT: the cue is given"; exit 1; }
await "a master is gone, and it is told so" has_failed
await "it writes and reads all keys again" writes_again
echo "ok: $(grep -c '^error' "$out") tries failed: $(grep '^error' "$out" | sed 's/^error [0-9]*: //; s/:.*//' | sort | uniq -c | tr -s ' \n' ' ')"
