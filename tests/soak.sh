#!/usr/bin/env bash
# `rcsim serve` in real time for some minutes, with clients that come, write, subscribe and vanish: its clock must not
# drift from the machine's, and its memory must not grow. Usage: tests/soak.sh RCSIM [MINUTES] (default 3)
set -uo pipefail

rcsim=$(realpath "${1:?usage: tests/soak.sh RCSIM [MINUTES]}") minutes=${2:-3}
# shellcheck source=tests/ports.sh
. "$(dirname "$0")/ports.sh"
take_ports 21900 7 || exit 2
control=$taken port=$((taken + 1))
work=$(mktemp -d)
"$rcsim" serve --nodes 6 --replicas 1 --port $port --control $control --cluster-node-timeout 2000 >"$work/out" 2>&1 &
server=$!
loads=()
trap 'kill $server "${loads[@]}"; wait; rm -rf "$work"' EXIT 2>/dev/null
for ((i = 0; i < 100; i++)); do
    grep -qs '^ready' "$work/out" && break
    sleep 0.1
done

offset_ms() { # by how many milliseconds the node's clock is ahead of the machine's: the least of ten
    local best='' i before after seconds micros
    for ((i = 0; i < 10; i++)); do
        before=$(date +%s%6N)
        { read -r seconds && read -r micros; } < <(redis-cli -p $port TIME)
        after=$(date +%s%6N)
        # what the answer took is in doubt: of all takes, the one that took least
        echo $((after - before)) $(((seconds * 1000000 + micros - (before + after) / 2) / 1000))
    done | sort -n | head -1 | cut -d' ' -f2
}

rss_kb() {
    awk '$1 == "VmRSS:" { print $2 }' /proc/$server/status
}

load() { # clients without end, some 2000 requests a second
    while :; do
        redis-benchmark -p $port -c 20 -n 4000 -P 2 -r 1000 -t set,get,lpush,lpop --cluster -q >/dev/null 2>&1
        timeout 1 redis-cli -p $port SUBSCRIBE channel >/dev/null 2>&1 # vanishes
        printf 'SET garbage\r\n*1\r\n$9999\r\nhalf' | timeout 0.2 redis-cli -p $port --pipe >/dev/null 2>&1
        redis-cli -p $control status >/dev/null
        # a node is given more pushes than pops, or the other way round: its list would grow all the time
        redis-cli --cluster call 127.0.0.1:$port FLUSHALL --cluster-only-masters >/dev/null 2>&1
        sleep 1
    done
}
load &
loads+=($!)
sleep 60 # backlogs, buffers and tables have grown to what they need
first_ms=$(offset_ms) first_kb=$(rss_kb)
sleep $((minutes * 60))
last_ms=$(offset_ms) last_kb=$(rss_kb)
drift=$((last_ms - first_ms)) growth=$((last_kb - first_kb)) failed=0
[ ${drift#-} -le 20 ] || { echo "NOT: the clock went $drift ms against the machine's in $minutes minutes" && failed=1; }
[ $growth -le $((first_kb / 10)) ] || { echo "NOT: memory grew from $first_kb to $last_kb kB" && failed=1; }
word=ok
[ $failed = 0 ] || word=NOT
echo "$word: $minutes minutes, drift $drift ms, memory $first_kb to $last_kb kB"
exit $failed
