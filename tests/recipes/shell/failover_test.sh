#!/usr/bin/env bash
# A failover in a CI job, without waiting for it: six virtual nodes on real ports, whose clock is moved by orders.
set -euo pipefail

out=$(mktemp)
"${RCSIM:-rcsim}" serve --nodes 6 --replicas 1 --port 17031 --control 17030 --speed manual >"$out" &
rcsim=$!
trap 'kill $rcsim; rm -f "$out"' EXIT
until grep -q '^ready' "$out"; do
    kill -0 $rcsim || { cat "$out"; exit 1; }
    sleep 0.05
done

order() { redis-cli -e -p 17030 "$@"; } # -e: an error reply is an exit status

client() { redis-cli -e -c -p 17032 "$@"; } # the second node: the first will be killed

client SET '{06S}greeting' hello # slot 0: n1's
order advance 2s                 # its replica has it by then
order kill n1
order until state fail on n2 within 60s
order until state ok on n2 within 60s
[ "$(client GET '{06S}greeting')" = hello ]
[ "$(client SET '{06S}greeting' again)" = OK ]
echo "ok: written again after a failover"
