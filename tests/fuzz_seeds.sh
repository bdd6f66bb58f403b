#!/usr/bin/env bash
# tests/fuzz_seeds.sh DIRECTORY: seeds for the fuzz targets, DIRECTORY/<target>/..., from the vectors of
# real servers and the shipped scenarios. A target without a rule here starts from nothing.
set -euo pipefail

out=${1:?usage: tests/fuzz_seeds.sh DIRECTORY}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"/fuzz_{bus,nodes_text,scenario,shrink,axis,trace,control,resp,rdb,rdb_file,aof,conf_text}

# Lines `bytes TOKENS`, a token hex or HH*N: as \x escapes, and from those as bytes.
n=0
while read -r escaped; do
    n=$((n + 1))
    printf '%b' "$escaped" >"$out/fuzz_bus/$n"
done < <(awk '$1 == "bytes" {
    line = ""
    for (i = 2; i <= NF; i++) {
        count = 1
        token = $i
        if (split($i, part, "*") == 2) { token = part[1]; count = part[2] }
        piece = ""
        for (j = 1; j < length(token); j += 2) piece = piece "\\x" substr(token, j, 2)
        while (count-- > 0) line = line piece
    }
    print line
}' "$here"/vectors/bus/*.txt)

cat "$here"/vectors/nodes_text/{redis-7.0,redis-3.0,valkey-8.0}.txt | grep -v '^==' | sort -u |
    (cd "$out/fuzz_nodes_text" && split -l 1 -a 4)

cp "$here"/../traces/*.scenario "$out/fuzz_scenario/" 2>/dev/null || true
printf '%s\n' 'site A a1 a2' 'site B b1' 'loss A B 0.25%' 'bandwidth A 10mbit' 'link A B loopback' 'disk a1 fsync 300ms' 'disk a1..a2 full' \
    'wait 1s' 'clock a1..a2 -5s' 'clock b1 drift 9000ppm' 'keep conf a1..a2' 'kill a1' 'restore conf a1' 'start a1' \
    'during 2s {' 'clock a1 +70s' 'partition oneway A B reject icmp' 'partition a1 b1 reject rst' 'loss A A 100%' '}' \
    >"$out/fuzz_scenario/paths.scenario"
printf '%s\n' 'site A a1..a3' 'site B b1' 'latency A B 5ms' 'try start a1' 'at +1s during 2s { latency A B 9ms }' 'drop none' \
    'chaos 3s recover 1s {' 'anything a1..a2,B' '}' 'chaos 900ms recover 1s {' 'kill all every 20ms for 5ms..1s' 'partition A oneway every 30ms' \
    'latency A B 1ms..2ms every 40ms for 1s' 'loss 5% every 1s' 'drop auth-ack all times 1..3 every 9ms' 'clock A -1s..1s every 10ms' \
    'disk all fsync 5ms every 20ms' 'reset A hard every 100ms' 'move all every 50ms' '}' 'print "end"' >"$out/fuzz_scenario/chaos.scenario"
printf '%s\n' 'site A a1..a3' 'workload w predis all keys 9' 'step "chaos"' 'at +1.25s try kill a1..a2,a3' 'at +3s during 1.5s { loss A A 9% }' \
    'at 7ms a1..a3> CLUSTER FORGET $a2.id' 'wait 9s' 'step "healed"' 'try start a1' 'at +1s a1> CLUSTER MEET $a2.ip $a2.port' 'wait 3s' \
    >"$out/fuzz_shrink/plan"
n=0
for vary in settle=0s..20s/500ms settle=1s..1.5s/0.25ms settle=0m..1m/25s settle=10us..30us/10us keys=1..10/3 \
    'share=0%..1%/0.25%' 'latency A B=0ms..20ms/10ms' 'latency A=1ms..2ms/1ms' cluster-node-timeout=1000..15000/2000 \
    repl-diskless-sync-delay=0..5/1 cluster-require-full-coverage=0..1/1 settle=0s..1000s/1ms settle=5s..1s/1s setle=0s..1s/1 \
    settle=99999999999m..99999999999m/1us; do
    n=$((n + 1))
    printf '%s' "$vary" >"$out/fuzz_axis/$n"
done
cp "$here"/../traces/*.trace "$here"/../traces/*/*.trace "$out/fuzz_trace/" 2>/dev/null || true

# Parts of traces, small ones: a whole one takes a target long.
header='{"rcsim-trace":1,"level":"milestones","redis":"7.0","seed":"1","source":"s","params":"","overrides":"","scenario":""}'
for trace in "$here"/../traces/*.trace "$here"/../traces/*/*.trace; do
    (cd "$out/fuzz_trace" && tail -n +2 "$trace" | split -l 60 -a 3 --filter="{ printf '%s\\n' '$header'; cat; } >\"\$FILE\"" - \
        "part-$(basename "$trace" .trace)-")
done

# What came into a session, and orders.
printf '%s\n' '{"t":0,"outside":"open","conn":1,"node":"a1","ip":"127.0.0.1","port":50000}' \
    '{"t":10,"outside":"data","conn":1,"bytes":"SET x \u00ff\u0000\u000d\u000a"}' '{"t":20,"order":"kill a2"}' \
    '{"t":30,"outside":"reply","conn":1,"hash":"0123456789abcdef"}' '{"t":40,"outside":"gone","conn":1}' \
    '{"t":50,"order":"at +3s start a2"}' >"$out/fuzz_trace/session"
n=0
while IFS= read -r order; do
    n=$((n + 1))
    printf '%s\r\n' "$order" >"$out/fuzz_control/$n"
done <<'ORDERS'
nodes
hello 3
log a1 5
explain a1 why-not
speed manual
advance 20s
kill a1
a1..a2> CLUSTER NODES
client> SET $n "a b"
during 1s { partition oneway A B reject icmp }
at +100ms poweroff b1
node c1 127.0.0.1:7100 site B absent save ""
remove b1
until state ok on all within 100ms
expect event a1 boot since "kill a1"
workload w redis-py all every 10ms keys 5
cli --cluster create a1 a2 b1 --cluster-yes
only 6.2..7.0 latency A B 5ms..9ms
help kill
"kil a1"
ORDERS
# shellcheck disable=SC2016 # RESP has dollars of its own
printf '*2\r\n$4\r\nKILL\r\n$2\r\na1\r\n*1\r\n$6\r\nstatus\r\n' >"$out/fuzz_control/resp"

# shellcheck disable=SC2016 # RESP has dollars of its own
printf '*3\r\n$3\r\nSET\r\n$4\r\ntest\r\n$4\r\ndata\r\n' >"$out/fuzz_resp/request"
printf 'set test "da\\x00ta" \x27one\x27\r\n' >"$out/fuzz_resp/inline"
# shellcheck disable=SC2016
printf '+OK\r\n-MOVED 6918 10.1.0.2:6379\r\n:42\r\n$-1\r\n*-1\r\n' >"$out/fuzz_resp/replies2"
printf '%%1\r\n+a\r\n~2\r\n#t\r\n,1.5\r\n_\r\n=7\r\ntxt:abc\r\n(123\r\n>1\r\n:1\r\n|1\r\n+k\r\n+v\r\n' \
    >"$out/fuzz_resp/replies3"

# Payloads of DUMP, and what stands behind their type byte.
n=0
while IFS=$'\t' read -r _ payload; do
    n=$((n + 1))
    printf '%b' "$(sed 's/../\\x&/g' <<<"$payload")" >"$out/fuzz_rdb/$n"
    tail -c +2 "$out/fuzz_rdb/$n" >"$out/fuzz_rdb/$n.string"
done < <(grep -v '^#' "$here"/vectors/rdb/dump-7.0.tsv)

# Values of every type: payloads, and single forms behind their type byte.
n=0
while IFS=$'\t' read -r _ _ _ _ _ _ payload; do
    n=$((n + 1))
    printf '%b' "$(sed 's/../\\x&/g' <<<"$payload")" >"$out/fuzz_rdb/value-$n"
done < <(grep -v '^#' "$here"/vectors/rdb/values-7.0.tsv)
while IFS=$'\t' read -r _ type form _; do
    n=$((n + 1))
    printf '%b' "$(printf '\\x%02x' "$type")$(sed 's/../\\x&/g' <<<"$form")" >"$out/fuzz_rdb/form-$n"
done < <(grep -v '^#' "$here"/vectors/rdb/forms-7.0.tsv)

# Whole RDB files, without their end and checksum.
for file in "$here"/vectors/rdb/files/*/*.rdb; do
    head -c -9 "$file" >"$out/fuzz_rdb_file/$(basename "$(dirname "$file")")-$(basename "$file")"
done
cp "$here"/vectors/rdb/appendonlydir/*.{manifest,incr.aof} "$out/fuzz_aof/"

# The scripts of the recorded cases, and bytes for the libraries that read some.
mkdir -p "$out/fuzz_lua"
n=0
while read -r escaped; do
    n=$((n + 1))
    printf '\x00%b' "$escaped" >"$out/fuzz_lua/script-$n"
done < <(sed -n 's/^\$ EVAL "\(.*\)" 0$/\1/p' "$here"/vectors/resp/commands_script.txt)
printf '\x01\x93\x01\xa1a\x81\xa1b\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00' >"$out/fuzz_lua/cmsgpack"
printf '\x03<!4bHi3Lfds c0\n\x01\x02\x03\x04\x05\x06\x07\x08abc\x00' >"$out/fuzz_lua/struct"
printf '\x06{"a":[1,-2.5e3,null,true,"\\u00e9\\n"],"b":{}}' >"$out/fuzz_lua/cjson"
# shellcheck disable=SC2016
printf '\x88%%1\r\n+a\r\n*2\r\n$1\r\nx\r\n,1.5\r\n' >"$out/fuzz_lua/reply"

# Lines of redis.conf.
printf 'PORT 7001\n# no line\nsave 900 1\nsave ""\ndir '"'"'it\\'"'"'s'"'"'\nlogfile "a \\"b\\" \\x41"\r\n' >"$out/fuzz_conf_text/all"

# Lines of a campaign's file.
mkdir -p "$out/fuzz_tally"
printf '%s\n' '{"rcsim-fuzz":1,"file":"f","sha256":"0","redis":"Redis 7.0.15","params":"","overrides":""}' \
    '{"seed":"7","faults":12,"digest":"0123456789abcdef"}' \
    '{"seed":"7","finding":"lost-write","permit":"failover","fingerprint":"a b","count":3,"text":"t"}' \
    '{"rcsim-fuzz-end":"7","runs":1,"faults":12,"distinct":1,"breaches":0}' >"$out/fuzz_tally/1"
