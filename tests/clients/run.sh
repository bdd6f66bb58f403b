#!/usr/bin/env bash
# Client libraries and redis-cli drive a cluster of six, through a failover each, and write again after it.
# Usage: tests/clients/run.sh [--build DIRECTORY] [--port PORT] [--only CLIENT]... (--real | --rcsim PROGRAM)
#   --real    redis-server processes on 127.0.0.1, from PORT on (default 21300), or as far above as it takes
#             for them to be free; they are stopped by their ids
#   --rcsim   `PROGRAM serve` on the same ports; its control port is PORT + 90
#   --build   where hiredis' driver was built, and where node's packages go (default: build)
# A client is a program beside this one: CLIENT PORT [PORT...], with the environment's CUE, a command that kills
# the node at the port it is given. It prints a line a step, "ok: ..." or "NOT: ...". Exit status 0: all passed,
# 1: not, 2: could not be tried. What is not installed is named and counts as not passed.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build mode='' rcsim='' base=21300 only=()
while [ $# -gt 0 ]; do
    case $1 in
    --real) mode=real ;;
    --rcsim) mode=rcsim rcsim=$(realpath "${2:?--rcsim wants a program}") && shift ;;
    --build) build=${2:?--build wants a directory} && shift ;;
    --port) base=${2:?--port wants a number} && shift ;;
    --only) only+=("${2:?--only wants a client}") && shift ;;
    *) mode='' && break ;;
    esac
    shift
done
if [ -z "$mode" ]; then
    sed -n 's/^# Usage: /usage: /p' "$0" >&2
    exit 2
fi
# The name, and the interpreter or what it is built as.
clients=(redis_cli redis_benchmark cluster_manager redis_py predis phpredis ioredis node_redis hiredis lab3_python lab3_php)
[ ${#only[@]} -eq 0 ] || clients=("${only[@]}")

work=$(mktemp -d)
export TMPDIR=$work
declare -A pids=() # of processes, by port
# shellcheck source=tests/ports.sh
. "$here/../ports.sh"
take_ports "$base" 92 || exit 2
base=$taken control=$((taken + 90))

clean_up() {
    local pid
    for pid in "${pids[@]}"; do
        kill -9 "$pid"
    done 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 2' INT TERM

give_up() {
    echo "NOT: $*" >&2
    exit 2
}

# --- servers --------------------------------------------------------------------------------------

directives=(--save '' --appendonly no --cluster-node-timeout 1500 --repl-diskless-sync-delay 0)

answers() { # answers PORT
    [ "$(redis-cli -p "$1" PING 2>/dev/null)" = PONG ]
}

await() { # await SECONDS COMMAND...: tries ten times a second
    local left=$(($1 * 10))
    until "${@:2}"; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.1
    done
}

start_real() { # start_real PORT [OPTION...]
    mkdir -p "$work/$1"
    touch "$work/$1/conf" # CONFIG REWRITE wants one, and with it --cluster set-timeout
    redis-server "$work/$1/conf" --bind 127.0.0.1 --port "$1" --dir "$work/$1" --logfile log "${directives[@]}" "${@:2}" &
    pids[$1]=$!
    disown $! # so that nobody is told of its end
    echo $! >"$work/pid.$1"
    await 10 answers "$1" || give_up "redis-server does not start at port $1: $(tail -n 2 "$work/$1/log")"
}

start_rcsim() { # start_rcsim PORT CONTROL OPTION...
    "$rcsim" serve --port "$1" --control "$2" --speed 1 "${directives[@]}" "${@:3}" >"$work/serve.$1" 2>&1 &
    pids[$1]=$!
    disown $!
    await 10 grep -qs '^ready' "$work/serve.$1" || {
        cat "$work/serve.$1" >&2
        give_up "rcsim serve does not become ready"
    }
}

up() { # up PORT: again, as it was
    case $mode in
    real) start_real "$1" --cluster-enabled yes ;;
    rcsim) redis-cli -p "$control" start "n$(($1 - base + 1))" >/dev/null ;;
    esac
}

mapfile -t ports < <(seq "$base" $((base + 5)))

is_whole() { # six nodes know each other, three replicas are in step
    local port nodes
    for port in "${ports[@]}"; do
        nodes=$(redis-cli -p "$port" CLUSTER NODES 2>/dev/null)
        [ "$(grep -c ' connected' <<<"$nodes")" -eq 6 ] || return 1
        [ "$(grep -cE 'slave [0-9a-f]{40} .* connected' <<<"$nodes")" -eq 3 ] || return 1
        ! grep -qE 'fail|handshake' <<<"$nodes" || return 1
        redis-cli -p "$port" CLUSTER INFO | grep -q '^cluster_state:ok' || return 1
        ! redis-cli -p "$port" INFO replication | grep -qE 'master_link_status:down|state=(wait|send)' || return 1
        ! redis-cli -p "$port" ROLE | sed -n '1p;3,$p' | tr '\n' ' ' | grep -qE '^master *$' || return 1
    done
}

make_cluster() {
    local port
    case $mode in
    real)
        for port in "${ports[@]}"; do
            start_real "$port" --cluster-enabled yes
        done
        redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-replicas 1 --cluster-yes >"$work/create" ||
            give_up "redis-cli --cluster create: $(tail -n 3 "$work/create")"
        # shellcheck disable=SC2016
        printf '%s\n' '#!/bin/sh' "kill -9 \$(cat '$work/pid.'\$1)" >"$work/cue"
        ;;
    rcsim)
        start_rcsim "$base" "$control" --nodes 6 --replicas 1
        printf '%s\n' '#!/bin/sh' "redis-cli -e -p $control kill n\$((\$1 - $base + 1))" >"$work/cue"
        ;;
    esac
    chmod +x "$work/cue"
    export CUE="$work/cue"
}

mend() { # who was killed comes back, and the cluster is whole before the next one drives it
    local port
    for port in "${ports[@]}"; do
        answers "$port" || up "$port"
    done
    await 30 is_whole || give_up "the cluster is not whole after 30 s"
    redis-cli --cluster call "127.0.0.1:$base" FLUSHALL >/dev/null 2>&1
}

empty_ports=()
start_empty() { # eight nodes that know nobody, for --cluster create and what follows it
    local port first=$((base + 10))
    mapfile -t empty_ports < <(seq "$first" $((first + 7)))
    case $mode in
    real)
        for port in "${empty_ports[@]}"; do
            start_real "$port" --cluster-enabled yes
        done
        ;;
    rcsim) start_rcsim "$first" $((control + 1)) --nodes 8 ;;
    esac
}

stop() { # stop PORT...
    local port
    for port in "$@"; do
        [ -z "${pids[$port]:-}" ] || kill -9 "${pids[$port]}" 2>/dev/null
        unset "pids[$port]"
    done
}

# --- clients --------------------------------------------------------------------------------------

node_packages() { # once: what package-lock.json pins
    [ -f "$build/clients/done" ] && cmp -s "$here/package-lock.json" "$build/clients/package-lock.json" && return
    mkdir -p "$build/clients" && cp "$here"/package*.json "$build/clients/" &&
        (cd "$build/clients" && npm ci --no-audit --no-fund --loglevel=error) && touch "$build/clients/done"
}

drive() { # drive CLIENT PORT...
    local client=$1
    shift
    case $client in
    redis_cli | redis_benchmark | cluster_manager) "$here/$client.sh" "$@" ;;
    redis_py) /usr/bin/python3 "$here/redis_py.py" "$@" ;;
    lab3_python) "$here/lab3.sh" /usr/bin/python3 "$here/../../tools/lab3/writer.py" "$@" ;;
    predis | phpredis) php "$here/$client.php" "$@" ;;
    lab3_php) "$here/lab3.sh" php "$here/../../tools/lab3/writer.php" "$@" ;;
    ioredis | node_redis)
        node_packages || return 1
        NODE_PATH=$build/clients/node_modules node "$here/$client.js" "$@"
        ;;
    hiredis) "$build/tests/client_hiredis" "$@" ;;
    *) give_up "no client $client (${clients[*]})" ;;
    esac
}

passed=0 failed=0
made=false
for client in "${clients[@]}"; do
    start=$SECONDS status=0
    if [ "$client" = cluster_manager ]; then
        start_empty
        drive "$client" "${empty_ports[@]}" >"$work/out" 2>&1 </dev/null || status=$?
        stop "${empty_ports[@]}"
    else
        $made || make_cluster
        made=true
        mend
        drive "$client" "${ports[@]}" >"$work/out" 2>&1 </dev/null || status=$?
    fi
    grep -E '^(ok|NOT): ' "$work/out" | sed "s/^/$client: /"
    grep -q '^ok: ' "$work/out" || status=1 # it did nothing
    ! grep -q '^NOT: ' "$work/out" || status=1
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok: $client ($((SECONDS - start)) s)"
    else
        failed=$((failed + 1))
        echo "NOT: $client (exit status $status, $((SECONDS - start)) s)"
        grep -v '^ok: ' "$work/out" | tail -n 30 | sed 's/^/    /'
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
