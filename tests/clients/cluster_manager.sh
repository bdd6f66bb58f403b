#!/usr/bin/env bash
# Every `redis-cli --cluster` subcommand on eight nodes that know nobody. Usage: cluster_manager.sh PORT1 ... PORT8
# (the source of `import` is a redis-server of its own, at PORT8 + 2: a source may not be a cluster's node).
set -uo pipefail
export TERM=dumb # no colours

[ $# -eq 8 ] || { echo "usage: cluster_manager.sh PORT1 ... PORT8" >&2; exit 2; }
a=127.0.0.1
p=("$@")
work=$(mktemp -d)
source_pid=''
clean_up() {
    [ -z "$source_pid" ] || kill -9 "$source_pid" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

manager() { timeout 90 redis-cli --cluster "$@" 2>&1 </dev/null; }

step() { # step SENTENCE PATTERN ARGUMENT...: exit status 0, and the output has the pattern
    local out status=0
    out=$(manager "${@:3}") || status=$?
    if [ $status -eq 0 ] && grep -qE -- "$2" <<<"$out"; then
        echo "ok: $1"
    else
        echo "NOT: $1 (exit status $status, no \"$2\")"
        tail -n 20 <<<"$out" | sed 's/^/    /'
        exit 1
    fi
}

id() { redis-cli -p "$1" CLUSTER MYID; }

await() { # await SENTENCE COMMAND...
    local i
    for ((i = 0; i < 300; i++)); do
        "${@:2}" && echo "ok: $1" && return
        sleep 0.1
    done
    echo "NOT: $1 within 30 s"
    exit 1
}

whole() { # whole COUNT: all known nodes agree, and no replica is behind
    local port
    for port in "${p[@]:0:$1}"; do
        [ "$(redis-cli -p "$port" CLUSTER NODES | grep -c ' connected')" -eq "$1" ] || return 1
        redis-cli -p "$port" CLUSTER INFO | grep -q '^cluster_state:ok' || return 1
        ! redis-cli -p "$port" INFO replication | grep -q master_link_status:down || return 1
    done
    manager check $a:"${p[0]}" >/dev/null
}

slots_of() { redis-cli -p "${p[0]}" CLUSTER NODES | awk -v id="$(id "$1")" '$1 == id {
    for (i = 9; i <= NF; i++) { n = split($i, r, "-"); sum += n == 2 ? r[2] - r[1] + 1 : 1 } } END { print sum + 0 }'; }

addresses=("${p[@]/#/$a:}")
step "create" '^\[OK\] All 16384 slots covered' create "${addresses[@]:0:6}" --cluster-replicas 1 --cluster-yes
await "six nodes agree" whole 6
for i in $(seq 100); do redis-cli -c -p "${p[0]}" SET "key:$i" "$i"; done >/dev/null
step "check" '^\[OK\] All nodes agree about slots configuration' check "${addresses[0]}"
step "info" '^\[OK\] 100 keys in 3 masters' info "${addresses[0]}"
step "call" "^$a:${p[1]}: PONG" call "${addresses[0]}" PING
step "call --cluster-only-masters" ': PONG' call "${addresses[0]}" PING --cluster-only-masters
step "set-timeout" 'New node timeout set. 6 OK, 0 ERR' set-timeout "${addresses[0]}" 3000
redis-cli -p "${p[3]}" CONFIG GET cluster-node-timeout | grep -qx 3000 || { echo "NOT: it is set"; exit 1; }

step "add-node" '^\[OK\] New node added correctly' add-node "${addresses[6]}" "${addresses[0]}"
await "seven nodes agree" whole 7
step "reshard" '^Moving slot ' reshard "${addresses[0]}" --cluster-from "$(id "${p[0]}")" --cluster-to "$(id "${p[6]}")" \
    --cluster-slots 50 --cluster-yes
await "they agree about the slots that moved" whole 7
[ "$(slots_of "${p[6]}")" -eq 50 ] || { echo "NOT: fifty slots moved, but $(slots_of "${p[6]}")"; exit 1; }
step "rebalance" '^>>> Rebalancing across 4 nodes' rebalance "${addresses[0]}" --cluster-use-empty-masters --cluster-threshold 1
await "they agree after it" whole 7
[ "$(slots_of "${p[6]}")" -eq 4096 ] || { echo "NOT: a quarter of all slots, but $(slots_of "${p[6]}")"; exit 1; }
step "add-node --cluster-slave" '^\[OK\] New node added correctly' add-node "${addresses[7]}" "${addresses[0]}" \
    --cluster-slave --cluster-master-id "$(id "${p[6]}")"
await "eight nodes agree" whole 8
step "info counts the replica" "${p[6]}.*4096 slots . 1 slaves" info "${addresses[0]}"

redis-cli -p "${p[0]}" CLUSTER SETSLOT "$(redis-cli -p "${p[0]}" CLUSTER KEYSLOT key:1)" STABLE >/dev/null
owner='' slot=$(redis-cli -p "${p[0]}" CLUSTER KEYSLOT key:1)
for port in "${p[@]:0:3}" "${p[6]}"; do
    [ "$(redis-cli -p "$port" GET key:1)" != 1 ] || owner=$port
done
redis-cli -p "$owner" CLUSTER SETSLOT "$slot" MIGRATING "$(id "$([ "$owner" = "${p[1]}" ] && echo "${p[2]}" || echo "${p[1]}")")" >/dev/null
manager check "${addresses[0]}" >"$work/check" # and exits with 1
grep -q 'slots in migrating state' "$work/check" || { echo "NOT: check sees an open slot"; exit 1; }
echo "ok: check sees an open slot"
step "fix" '>>> Fixing open slot' fix "${addresses[0]}"
await "they agree after fix" whole 8

step "backup" '^\[OK\] Backup created into' backup "${addresses[0]}" "$work"
if [ "$(find "$work" -name '*.rdb' | wc -l)" -ne 4 ] || ! grep -q '"slots"' "$work/nodes.json"; then
    echo "NOT: four RDB files and nodes.json"
    ls "$work"
    exit 1
fi
echo "ok: four RDB files and nodes.json"
if command -v redis-check-rdb >/dev/null; then
    for file in "$work"/*.rdb; do
        redis-check-rdb "$file" >"$work/rdb" 2>&1 || { echo "NOT: a good RDB"; tail -n 3 "$work/rdb"; exit 1; }
    done
    echo "ok: redis-check-rdb reads them"
fi

if command -v redis-server >/dev/null; then
    source=$((p[7] + 2))
    redis-server --bind $a --port $source --save '' --dir "$work" --logfile log &
    source_pid=$!
    disown $source_pid
    await "a source for import" redis-cli -p $source PING >/dev/null 2>&1
    for i in $(seq 20); do redis-cli -p $source SET "imported:$i" "$i"; done >/dev/null
    step "import" 'Migrating imported:7 to ' import "${addresses[0]}" --cluster-from $a:$source --cluster-copy
    [ "$(redis-cli -c -p "${p[0]}" GET imported:7)" = 7 ] || { echo "NOT: an imported key"; exit 1; }
else
    echo "NOT: import needs a redis-server as its source"
fi

step "del-node" '>>> Sending CLUSTER RESET SOFT to the deleted node' del-node "${addresses[0]}" "$(id "${p[7]}")"
await "seven nodes agree without it" whole 7
for i in $(seq 100); do [ "$(redis-cli -c -p "${p[0]}" GET "key:$i")" = "$i" ] || { echo "NOT: key:$i is there"; exit 1; }; done
echo "ok: all keys are there"
