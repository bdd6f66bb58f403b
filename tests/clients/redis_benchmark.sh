#!/usr/bin/env bash
# redis-benchmark --cluster before and after a failover. Usage: redis_benchmark.sh PORT...; CUE in the environment
# kills the node at a port.
set -uo pipefail

run() { # run SENTENCE PORT ARGUMENT...
    local out
    out=$(timeout 60 redis-benchmark --cluster -p "$2" -q -e "${@:3}" 2>&1 | tr '\r' '\n')
    if grep -q 'requests per second' <<<"$out" && ! grep -qE 'ERR|Error|Could not|from server' <<<"$out"; then
        echo "ok: $1: $(grep 'requests per second' <<<"$out" | sed 's/: .*//' | tr '\n' ' ')"
    else
        echo "NOT: $1"
        printf '%s\n' "$out" | tail -n 10
        exit 1
    fi
}

run "three masters are found and asked" "$1" -n 2000 -c 10 -t set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,mset
run "pipelines" "$1" -n 20000 -c 10 -P 16 -t set,get
run "RESP3 and random keys" "$1" -n 2000 -c 10 -3 -r 1000 -t set,get
"$CUE" "$1" >/dev/null || { echo "NOT: the cue is given"; exit 1; }
for _ in $(seq 300); do
    redis-cli -p "$2" CLUSTER INFO | grep -q '^cluster_state:fail' && failed=yes
    [ -n "${failed:-}" ] && redis-cli -p "$2" CLUSTER INFO | grep -q '^cluster_state:ok' && break
    sleep 0.05
done
[ -n "${failed:-}" ] || { echo "NOT: the cluster fails without its master"; exit 1; }
run "writes again after a failover" "$2" -n 2000 -c 10 -t set,get
