#!/usr/bin/env bash
# Throughput of `rcsim serve` beside a real redis-server: redis-benchmark asks the one and the other by turns, and
# the medians' ratio is printed. Usage: tests/bench/serve.sh RCSIM [ROUNDS] (default 5). Needs redis-server and
# redis-benchmark. One node each with all slots, nothing saved, nothing traced, 50 clients.
set -uo pipefail

rcsim=$(realpath "${1:?usage: tests/bench/serve.sh RCSIM [ROUNDS]}") rounds=${2:-5}
# shellcheck source=tests/ports.sh
. "$(dirname "$0")/../ports.sh"
take_ports 21980 2 || exit 2
real_port=$taken port=$((taken + 1)) pids=()
tests=set,get,incr,lpush,hset

for tool in redis-server redis-benchmark redis-cli; do
    command -v $tool >/dev/null || { echo "MISSING: $tool (Debian: redis-server, redis-tools)" >&2 && exit 2; }
done
work=$(mktemp -d)
clean_up() {
    kill "${pids[@]}" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 2' INT TERM

(cd "$work" && exec redis-server --port $real_port --bind 127.0.0.1 --cluster-enabled yes --save '' \
    --appendonly no) >"$work/real.log" &
pids+=($!)
"$rcsim" serve --nodes 1 --port $port --control 0 --save '' >"$work/rcsim.log" 2>&1 &
pids+=($!)

for p in $real_port $port; do
    for ((i = 0; i < 100; i++)); do
        [ "$(redis-cli -p $p PING 2>/dev/null)" = PONG ] && break
        sleep 0.1
    done
    redis-cli -p $p CLUSTER ADDSLOTSRANGE 0 16383 >/dev/null || { echo "MISSING: no node on port $p" && exit 2; }
done
for p in $real_port $port; do
    for ((i = 0; i < 200; i++)); do
        redis-cli -p $p CLUSTER INFO | grep -q cluster_state:ok && break
        sleep 0.1
    done
done

measure() { # measure PORT PIPELINE REQUESTS: "SET 1234.5" a line
    timeout 120 redis-benchmark -p "$1" -c 50 -P "$2" -n "$3" -t $tests --csv 2>/dev/null |
        awk -F'"' '$2 != "test" && NF > 4 { split($2, name, " "); print name[1], $4 }'
}

median() { # of the numbers in column 2 of lines whose column 1 is $2
    awk -v name="$2" '$1 == name { print $2 }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

failed=0
for pipeline in 1 16; do
    requests=$((pipeline == 1 ? 50000 : 400000))
    goal=$([ $pipeline = 1 ] && echo 0.9 || echo 0.8)
    : >"$work/$real_port.txt" >"$work/$port.txt"
    for ((round = 0; round < rounds; round++)); do
        for p in $real_port $port; do
            measure $p $pipeline $requests >>"$work/$p.txt"
        done
    done
    for name in SET GET INCR LPUSH HSET; do
        real=$(median "$work/$real_port.txt" $name) own=$(median "$work/$port.txt" $name)
        awk -v name=$name -v p=$pipeline -v real="$real" -v own="$own" -v goal="$goal" 'BEGIN {
            if (real == 0 || own == 0) { printf "MISSING %s -P %s: no figure\n", name, p; exit 1 }
            ratio = own / real
            printf "%s serve %-5s -P %-2s %9.0f a second, redis-server %9.0f: %.2f times (at least %s)\n",
                ratio < goal ? "MISSED" : "ok    ", name, p, own, real, ratio, goal
            exit ratio < goal }' || failed=1
    done
done
exit $failed
