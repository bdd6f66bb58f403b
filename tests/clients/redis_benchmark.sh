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
all_say() { # all_say STATE PORT...
    local port
    for port in "${@:2}"; do
        redis-cli -p "$port" CLUSTER INFO | grep -q "^cluster_state:$1" || return 1
    done
}

for state in fail ok; do
    for ((i = 0; i < 600; i++)); do
        all_say $state "${@:2}" && break
        sleep 0.02
    done
    [ $i -lt 600 ] || { echo "NOT: all say $state after a master is gone"; exit 1; }
done
run "writes again after a failover" "$2" -n 2000 -c 10 -t set,get
