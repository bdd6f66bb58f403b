#!/usr/bin/env bash
# redis-cli's ways of talking to a cluster, through a failover. Usage: redis_cli.sh PORT...; CUE in the environment
# kills the node at a port.
set -uo pipefail

port=$1 other=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # check SENTENCE COMMAND...
    if "${@:2}" >"$work/check" 2>&1; then
        echo "ok: $1"
    else
        echo "NOT: $1"
        sed 's/^/    /' "$work/check" | head -n 20
        exit 1
    fi
}

says() { # says TEXT COMMAND...: prints exactly that
    local said
    said=$("${@:2}" 2>&1)
    [ "$said" = "$1" ] || { echo "said: $said"; return 1; }
}

shows() { # shows PATTERN FILE
    grep -qE "$1" "$2" || { cat "$2"; return 1; }
}

c() { redis-cli -c -p "$port" "$@"; }

for i in $(seq 60); do echo "SET key:$i value-$i"; done | c >"$work/out"
check "-c follows redirections" says 60 grep -c OK "$work/out"
check "-c reads them" says value-7 c GET key:7
check "without -c the redirection is the reply" shows '^MOVED [0-9]+ 127' <(
    for p in "$@"; do redis-cli -p "$p" GET key:7; done)
check "-3 speaks RESP3" says '1# "proto" => (integer) 3' bash -c "redis-cli -3 --no-raw -p $port HELLO 3 | grep proto | sed 's/^[0-9]*/1/'"
c HSET hash a 1 b 2 >/dev/null
check "-3 shows a map" says $'1# "a" => "1"\n2# "b" => "2"' redis-cli -3 -c --no-raw -p "$port" HGETALL hash

scanned=0
for p in "$@"; do
    [ "$(redis-cli -p "$p" ROLE | head -n 1)" != master ] || # replicas hold the same
        scanned=$((scanned + $(redis-cli -p "$p" --scan --pattern 'key:*' | wc -l)))
done
check "--scan finds all keys" says 60 echo $scanned
check "--bigkeys" bash -c "redis-cli -p $port --bigkeys | grep -E 'Sampled [0-9]+ keys in the keyspace'"
check "--memkeys" bash -c "redis-cli -p $port --memkeys | grep -E 'Sampled [0-9]+ keys in the keyspace'"
timeout -s INT 1.5 redis-cli -p "$port" --latency >"$work/latency" 2>&1 </dev/null
check "--latency" shows 'min|^[0-9]+ [0-9]+ [0-9.]+ [1-9][0-9]*' "$work/latency"
timeout -s INT 2 stdbuf -oL redis-cli -p "$port" --stat -i 0.5 >"$work/stat" 2>&1 </dev/null
check "--stat" shows '^[0-9]+ +[0-9.]+[KMG]? +[0-9]+' "$work/stat"

# shellcheck disable=SC2016 # the dollars are the protocol's
for i in $(seq 200); do printf '*3\r\n$3\r\nSET\r\n$%d\r\n{t}p%d\r\n$1\r\nx\r\n' $((4 + ${#i})) "$i"; done >"$work/mass"
owner=$(c -p "$port" CLUSTER KEYSLOT t >/dev/null; for p in "$@"; do
    redis-cli -p "$p" SET '{t}p1' x 2>/dev/null | grep -q '^OK' && echo "$p" && break; done)
check "--pipe sends a mass and counts the replies" bash -c "redis-cli -p $owner --pipe <$work/mass | grep -F 'errors: 0, replies: 200'"

redis-cli -p "$owner" MONITOR >"$work/monitor" &
monitor=$!
redis-cli -p "$other" SUBSCRIBE news >"$work/news" &
subscriber=$!
for _ in $(seq 50); do
    shows '^OK' "$work/monitor" >/dev/null && shows subscribe "$work/news" >/dev/null && break
    sleep 0.1
done
redis-cli -p "$owner" SET '{t}watched' 1 >/dev/null
redis-cli -p "$port" PUBLISH news hello >/dev/null
for _ in $(seq 50); do
    shows watched "$work/monitor" >/dev/null && shows hello "$work/news" >/dev/null && break
    sleep 0.1
done
kill $monitor $subscriber
wait 2>/dev/null
check "MONITOR shows what others do" shows '^[0-9]+\.[0-9]{6} \[0 127\.0\.0\.1:[0-9]+\] "SET" "\{t\}watched" "1"$' "$work/monitor"
check "SUBSCRIBE shows what is published" says $'subscribe\nnews\n1\nmessage\nnews\nhello' cat "$work/news"

printf 'MULTI\nSET {t}a 1\nINCR {t}a\nEXEC\n' | redis-cli -p "$owner" >"$work/multi"
check "a transaction" says $'OK\nQUEUED\nQUEUED\nOK\n2' cat "$work/multi"
check "a script from a file" says 'x y' bash -c "echo 'return KEYS[1] .. \" \" .. ARGV[1]' >$work/s.lua; redis-cli -c -p $port --eval $work/s.lua x , y"

victim=$(c CLUSTER NODES | awk '$3 ~ /master/ { split($2, a, /[:@]/); print a[2] }' | while read -r p; do
    redis-cli -p "$p" GET key:1 | grep -q MOVED || echo "$p"; done | head -n 1)
check "somebody has key:1" [ -n "$victim" ]
redis-cli -p "$victim" WAIT 1 1000 >/dev/null
"$CUE" "$victim" >/dev/null || { echo "NOT: the cue is given"; exit 1; }
for p in "$@"; do [ "$p" = "$victim" ] || port=$p; done
for _ in $(seq 300); do # the new master serves before the others have heard of it
    [ "$(c SET key:1 after 2>&1)" = OK ] && [ "$(for i in $(seq 60); do c GET "key:$i"; done | grep -c value-)" = 59 ] &&
        break
    sleep 0.1
done
check "writes again after a failover" says after c GET key:1
left=0
for i in $(seq 60); do c GET "key:$i" | grep -qx "value-$i\|after" && left=$((left + 1)); done
check "no key was lost" says 60 echo $left
