#!/usr/bin/env bash
# tests/live.sh BUILD-DIRECTORY [SCENARIO...]: plays tests/vectors/live/*.scenario twice, by rcsim and by this script
# with real redis-server processes on 127.0.0.1 and redis-cli, and holds every reply against its counterpart, as printed.
#
# It knows the part of the scenario language that those files use, and, in comments that rcsim passes over,
#   #: sorted              the lines of the reply below come in no particular order
#   #: took 1s..8s         so long may the condition below take, on either side, from the last command or fault on
#   #: epochs by rank      everywhere below config epochs are compared by their order only
# Node ids and ports are compared as names, what a server keeps in a hash table (nodes, shards, links) is sorted. Left
# out are times, offsets, replication ids, message counts, sizes of buffers, and which replica redis-cli gives to which
# master: r1 is whoever was given to a1.
set -uo pipefail
export LC_ALL=C TERM=dumb # no colours

cd "$(dirname "$0")/.." || exit 3
if [ $# -lt 1 ] || [ ! -x "$1/rcsim" ]; then
    echo "usage: tests/live.sh BUILD-DIRECTORY [SCENARIO...]" >&2
    exit 2
fi
rcsim=$1/rcsim
shift
[ $# -gt 0 ] || set -- tests/vectors/live/{lone,cluster,failover}.scenario
wanted=7.0.15
found=$(redis-server --version | sed -nE 's/.* v=([0-9.]+) .*/\1/p')
[ "$found" = "$wanted" ] || { echo "this compares with redis-server $wanted; here is \"$found\"" >&2; exit 2; }

# shellcheck source=tests/ports.sh
. tests/ports.sh
hold_ports 21000 || exit 2 # they stand in the scenarios: two runs wait for each other

exec 3>&1
work=$(mktemp -d)
declare -A port=() id=() pid=() to=() from=() cli_pid=()
nodes=()      # in the order of the layout
directives=() # for all servers
passed=0 failed=0
here= # FILE:LINE, for messages

cleanup() {
    close_prompts
    local name
    for name in "${!pid[@]}"; do
        kill -9 "${pid[$name]}"
        wait "${pid[$name]}"
    done 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

give_up() {
    echo "NOT: $here: $*" >&3
    exit 1
}

# --- real servers and their prompts ---------------------------------------------------------------

ask() { # ask NODE WORD...: on a connection of its own
    timeout 10 redis-cli -p "${port[$1]}" "${@:2}" 2>/dev/null
}

start() {
    local name=$1 i
    mkdir -p "$work/$name"
    redis-server --bind 127.0.0.1 --port "${port[$name]}" --dir "$work/$name" --daemonize no --logfile "$work/$name/log" \
        --cluster-enabled yes "${directives[@]}" >/dev/null 2>&1 &
    pid[$name]=$!
    for ((i = 0; i < 200; i++)); do
        # Its own process must answer, not somebody else's at this port.
        [ "$(ask "$name" INFO server | sed -nE 's/^process_id:([0-9]+).*/\1/p')" != "${pid[$name]}" ] || return 0
        kill -0 "${pid[$name]}" 2>/dev/null || break
        sleep 0.05
    done
    sed 's/^/      /' "$work/$name/log"
    give_up "redis-server for $name does not answer at port ${port[$name]} (is it taken?)"
}

open_prompt() { # redis-cli takes a line and prints the reply
    local name=$1 fifos=$work/prompt-$1 in out options=(--no-raw)
    if [ "$name" = client ]; then
        options+=(-c -p "${port[${nodes[0]}]}")
    else
        options+=(-p "${port[$name]}")
    fi
    rm -f "$fifos".*
    mkfifo "$fifos.in" "$fifos.out"
    exec {in}<>"$fifos.in" {out}<>"$fifos.out"
    redis-cli "${options[@]}" <"$fifos.in" >"$fifos.out" 2>&1 {in}>&- {out}>&- &
    cli_pid[$name]=$! to[$name]=$in from[$name]=$out
}

close_prompts() { # close_prompts [NODE...]: or all
    local name in out
    [ $# -gt 0 ] || set -- "${!cli_pid[@]}"
    for name in "$@"; do
        [ -n "${cli_pid[$name]:-}" ] || continue
        kill "${cli_pid[$name]}" 2>/dev/null
        wait "${cli_pid[$name]}" 2>/dev/null
        in=${to[$name]} out=${from[$name]}
        exec {in}>&- {out}>&-
        unset "cli_pid[$name]" "to[$name]" "from[$name]"
    done
}

type_in() { # type_in PROMPT LINE: prints the reply
    local name=$1 line
    [ -n "${cli_pid[$name]:-}" ] || open_prompt "$name"
    # An open quote is refused by redis-cli itself: this marks the reply's end.
    printf '%s\n"\n' "$2" >&"${to[$name]}"
    while IFS= read -r -t 30 -u "${from[$name]}" line; do
        [ "$line" != 'Invalid argument(s)' ] || return 0
        printf '%s\n' "$line"
    done
    echo "(no reply within 30 s)"
    close_prompts "$name"
}

# --- conditions -----------------------------------------------------------------------------------

names() { # names a1..a3,r1: one a line
    local part i
    for part in ${1//,/ }; do
        case $part in
        all) printf '%s\n' "${nodes[@]}" ;;
        *..*)
            local first=${part%..*} last=${part#*..}
            for ((i = ${first//[a-z]/}; i <= ${last//[a-z]/}; i++)); do
                echo "${first%%[0-9]*}$i"
            done
            ;;
        *) echo "$part" ;;
        esac
    done
}

line_of() { # line_of VIEWER NODE: what the one's CLUSTER NODES says of the other
    ask "$1" CLUSTER NODES | grep "^${id[$2]} "
}

for_all() { # for_all NODES FUNCTION WORD...
    local name
    for name in $(names "$1"); do
        "$2" "$name" "${@:3}" || return
    done
}

# The functions below are called through for_all: NODE or VIEWER first.
# shellcheck disable=SC2317
{
    # grep reads to the end: one that stops at a match would break the pipe, and that counts as a failure.
    has_state() { ask "$1" CLUSTER INFO | grep "^cluster_state:$2" >/dev/null; }
    has_role() { [ "$(ask "$1" ROLE | head -n 1)" = "${2/replica/slave}" ]; }
    has_link() { ask "$1" INFO replication | grep "^master_link_status:$2" >/dev/null; }
    knows() { [ "$(ask "$1" CLUSTER INFO | sed -nE 's/^cluster_known_nodes:([0-9]+).*/\1/p')" = "$2" ]; }
    sees_flags() { [[ $(line_of "$1" "$2" | cut -d ' ' -f 3) =~ ^(myself,)?"$3"$ ]]; }
    sees_slots() { [ "$(line_of "$1" "$2" | cut -s -d ' ' -f 9- | sed 's/ \[.*//; s/ /,/g')" = "$3" ]; }
    sees_master() { # VIEWER REPLICAS MASTERS
        local replicas masters i
        mapfile -t replicas < <(names "$2")
        mapfile -t masters < <(names "$3")
        for i in "${!replicas[@]}"; do
            [ "$(line_of "$1" "${replicas[$i]}" | cut -d ' ' -f 4)" = "${id[${masters[$i]}]}" ] || return
        done
    }
}

holds() { # holds WORD...: a condition of `await`
    case $* in
    'state '*' on '*) for_all "$4" has_state "$2" ;;
    'role '*' on '*) for_all "$4" has_role "$2" ;;
    'link '*' on '*) for_all "$4" has_link "$2" ;;
    'known '*' on '*) for_all "$4" knows "$2" ;;
    'flags '*' of '*' on '*) for_all "$6" sees_flags "$4" "$2" ;;
    'slots '*' of '*' on '*) for_all "$6" sees_slots "$4" "$2" ;;
    *' replicate '*' on '*) for_all "$5" sees_master "$1" "$3" ;;
    *) give_up "no such condition here: $*" ;;
    esac
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

in_ms() { # in_ms 2s
    case $1 in
    *ms) echo "${1%ms}" ;;
    *s) echo $((${1%s} * 1000)) ;;
    *) give_up "no such duration here: $1" ;;
    esac
}

await() { # await CONDITION... within DURATION
    local limit condition=("${@:1:$#-2}")
    limit=$(($(now_ms) + $(in_ms "${!#}")))
    until holds "${condition[@]}"; do
        if [ "$(now_ms)" -ge $limit ]; then
            echo "NOT within ${!#}"
            for_all all line_of "${nodes[0]}"
            return
        fi
        sleep 0.05
    done
    echo ok
}

# --- playing a scenario ---------------------------------------------------------------------------
#
# Both sides write records: a line RS LINE TAB MILLISECONDS TAB STATEMENT, and below it what was printed. The
# milliseconds are those since the last command or fault.

with_values() { # $a1.id, .ip, .port
    local text=$1 name
    for name in "${nodes[@]}"; do
        text=${text//\$$name.id/${id[$name]}}
        text=${text//\$$name.ip/127.0.0.1}
        text=${text//\$$name.port/${port[$name]}}
    done
    printf '%s' "$text"
}

# Which replica stands with which master is redis-cli's random choice: r1 is whoever was given to a1.
name_replicas() {
    local ports=() ids=() pids=() i name
    for i in 1 2 3; do
        for name in r1 r2 r3; do
            ! sees_master a1 "$name" "a$i" || ports[i]=${port[$name]} ids[i]=${id[$name]} pids[i]=${pid[$name]}
        done
    done
    [ ${#ports[@]} -eq 3 ] || return 1
    for i in 1 2 3; do
        port[r$i]=${ports[i]} id[r$i]=${ids[i]} pid[r$i]=${pids[i]}
    done
}

create() { # create ARGUMENT...: redis-cli --cluster create with the nodes' addresses
    local word name arguments=() i
    for word in "$@"; do
        case $word in
        [ar][0-9]*) for name in $(names "$word"); do arguments+=("127.0.0.1:${port[$name]}"); done ;;
        *) arguments+=("$word") ;;
        esac
    done
    timeout 60 redis-cli --cluster "${arguments[@]}" 2>&1
    if [[ $* == *cluster-replicas* ]]; then
        for ((i = 0; i < 200; i++)); do
            ! name_replicas || return 0
            sleep 0.05
        done
        give_up "the replicas have no masters after 10 s"
    fi
}

is_about_nodes() { # is_about_nodes LINE: a statement of the scenario, not of its head
    [[ $1 == *'> '* || $1 =~ ^(cli|await|wait|kill|start)' ' ]]
}

read_head() { # the servers' directives, names and ports
    local line word
    nodes=() directives=() port=() id=() pid=()
    while IFS= read -r line; do
        ! is_about_nodes "$line" || break
        read -r -a word <<<"$line"
        case ${word[0]:-} in
        '' | '#'* | title | network | site | step) ;;
        node)
            nodes+=("${word[1]}")
            port[${word[1]}]=${word[2]#*:}
            ;;
        *) directives+=("--${word[0]}" "${word[1]//\"/}") ;;
        esac
    done <"$1"
}

play() { # play FILE RECORDS: with real servers
    local file=$1 line number=0 since name word said
    read_head "$file"
    for name in "${nodes[@]}"; do
        start "$name"
        id[$name]=$(ask "$name" CLUSTER MYID)
    done
    since=$(now_ms)
    while IFS= read -r line; do
        number=$((number + 1)) here=$file:$number
        is_about_nodes "$line" || continue
        [ "${line:0:1}" != '#' ] || continue
        read -r -a word <<<"$line"
        case $line in
        await*) ;;
        *) since=$(now_ms) ;;
        esac
        case ${word[0]} in
        wait)
            sleep "$(awk -v ms="$(in_ms "${word[1]}")" 'BEGIN { print ms / 1000 }')"
            continue
            ;;
        kill)
            kill -9 "${pid[${word[1]}]}"
            wait "${pid[${word[1]}]}" 2>/dev/null
            unset "pid[${word[1]}]"
            close_prompts "${word[1]}"
            continue
            ;;
        start)
            start "${word[1]}"
            continue
            ;;
        await) await "${word[@]:1}" >"$work/said" ;;
        cli)
            case ${word[1]} in
            --cluster) create "${word[@]:2}" >"$work/said" ;;
            *) give_up "no such statement here: $line" ;;
            esac
            ;;
        *)
            name=${word[0]%>}
            type_in "$name" "$(with_values "${line#*> }")" >"$work/said"
            # It has another one after CLUSTER RESET HARD.
            [ "${line#*> }" != "CLUSTER MYID" ] || id[$name]=$(tr -d '"' <"$work/said")
            ;;
        esac
        said=$(($(now_ms) - since))
        printf '\036%s\t%s\t%s\n' $number $said "$line"
        cat "$work/said"
    done <"$file" >"$2"
}

stop_all() { # and writes who had which id and port
    local name
    for name in "${nodes[@]}"; do
        echo "$name ${id[$name]} ${port[$name]}"
    done >"$1"
    close_prompts
    for name in "${!pid[@]}"; do
        kill -9 "${pid[$name]}"
        wait "${pid[$name]}"
    done 2>/dev/null
    pid=()
    rm -rf "${work:?}"/{a,b,r}[0-9]
}

simulate() { # simulate FILE RECORDS NAMES: by rcsim, with a seed that gives r1 to a1
    local file=$1 seed=1 line
    here=$file
    line=$(grep -n '^await r1..r3 replicate' "$file" | head -n 1 | cut -d : -f 1)
    if [ -n "$line" ]; then
        head -n "$line" "$file" | sed 's/ within 30s$/ within 5s/' >"$work/begin.scenario"
        until "$rcsim" run "$work/begin.scenario" --seed $seed --quiet >/dev/null 2>&1; do
            seed=$((seed + 1))
            [ $seed -le 100 ] || give_up "no seed from 1 to 100 gives r1 to r3 to a1 to a3"
        done
    fi
    "$rcsim" run "$file" --seed $seed --json >"$work/json" 2>"$work/errors"
    [ $? -le 1 ] || give_up "$(cat "$work/errors")"
    awk -v names="$work/ids" '
        function text(line, key,    out, at, c) { # the value of a string; "" if it is not there
            at = index(line, "\"" key "\":\"")
            if (at == 0)
                return ""
            line = substr(line, at + length(key) + 4)
            for (at = 1; (c = substr(line, at, 1)) != "\"" && c != ""; at++) {
                if (c == "\\") {
                    c = substr(line, ++at, 1)
                    if (c == "u") {
                        c = substr(line, at + 1, 4) == "000d" ? "" : "?"
                        at += 4
                    } else if (c == "n")
                        c = "\n"
                }
                out = out c
            }
            return out
        }
        FNR == NR { # the statements that print something, in order
            if ($0 !~ /^#/ && ($0 ~ /> / || $0 ~ /^(cli|await) /)) {
                number[++statements] = FNR
                statement[statements] = $0
            }
            next
        }
        { match($0, /[0-9]+/); ms = int(substr($0, RSTART, RLENGTH) / 1000) }
        /"kind":"(command|cli)"/ { begun = since = ms; done = 0; at++; next }
        /"kind":"fault"/ { since = ms }
        /"kind":"milestone"/ && /"what":"boot"/ {
            if (match($0, /I.m [0-9a-f]+/) && !(text($0, "node") in seen)) {
                seen[text($0, "node")] = 1
                print text($0, "node"), substr($0, RSTART + 4, 40) >names
            }
        }
        /"kind":"output"/ {
            if (!done++)
                printf "\036%d\t%d\t%s\n", number[at], ms - since, statement[at]
            out = text($0, "text")
            sub(/\n$/, "", out)
            print out
        }
        /"kind":"expect"/ {
            at++
            printf "\036%d\t%d\t%s\n", number[at], ms - since, statement[at]
            print ($0 ~ /"holds":true/ ? "ok" : "NOT within the limit")
        }
        /"kind":"failure"/ { print "instead: " text($0, "instead") }
    ' "$file" "$work/json" >"$2"
    awk 'FILENAME == ARGV[1] { id[$1] = $2; next } $1 == "node" { sub(/.*:/, "", $3); print $2, id[$2], $3 }' \
        "$work/ids" "$file" >"$3"
}

# --- comparing ------------------------------------------------------------------------------------

normal() { # normal NAMES FILE RECORDS: without what may differ
    local name id port
    {
        while read -r name id port; do
            [ -z "$id" ] ||             printf 's/%s/%s/g; ' "$id" "$name"
            printf 's/\\(%s\\.{3}\\)/(%s)/g; ' "${id:0:8}" "$name"
            printf 's/\\b%s\\b/<%s>/g; ' "$port" "$name" "$((port + 10000))" "$name bus"
            echo
        done <"$1"
        awk '
            /^\036/ { asks = /> CLUSTER MYID$/; name = $0; sub(/.*\t/, "", name); sub(/>.*/, "", name); next }
            asks { gsub(/"/, ""); print "s/" $0 "/" name "/g" }
        ' "$3"
        cat <<'EOF'
s/\r//g
s/\b[0-9a-f]{40}\b/<id>/g
s/\(([0-9a-f]{8})\.\.\.\)/(<id>)/g
s/\b1[0-9]{12}\b/<ms>/g
/^\([0-9.]+s\)$/d
/^cluster_stats_messages_/d
s/ [0-9<>ms]+ [0-9<>ms]+ ([0-9]+) (connected|disconnected)/ <ping> <pong> \1 \2/
s/^(slave[0-9]+:.*,offset=)[0-9]+,lag=[0-9]+/\1<offset>,lag=<lag>/
s/^(.*(repl_offset|repl_backlog_histlen|backlog_first_byte_offset|last_io_seconds_ago|slave_read_repl_offset)):[0-9]+/\1:<number>/
/"(create-time|send-buffer-allocated)"$/{n;s/[^ ]+$/<number>/}
s/("(create-time|send-buffer-allocated)" => \(integer\)) .*/\1 <number>/
s/^(4# "id" => \(integer\)) [0-9]+$/\1 <number>/
s/^(Adding replica 127.0.0.1:)<r[0-9]> (to 127.0.0.1:)<a[0-9]>/\1<replica> \2<master>/
/^\.*$/d
EOF
    } >"$work/names.sed"
    awk '
        /^\036/ { raw = /(CLUSTER (NODES|INFO)|CLIENT (LIST|INFO)|> INFO.*)$/ }
        raw && /^".*"$/ { # a quoted string, where redis-cli prints lines
            $0 = substr($0, 2, length($0) - 2)
            gsub(/\\r/, "")
            gsub(/\\n$/, "")
            gsub(/\\n/, "\n")
            gsub(/\\"/, "\"")
        }
        { print }
    ' "$3" | sed -E -f "$work/names.sed" | awk '
        function ordered(    i, j, held) {
            for (i = 2; i <= parts; i++) {
                held = part[i]
                for (j = i - 1; j >= 1 && part[j] > held; j--)
                    part[j + 1] = part[j]
                part[j + 1] = held
            }
        }
        function ranks(    i, j, word, rank, below) { # the seventh word of each line of CLUSTER NODES
            for (i = 1; i <= parts; i++) {
                split(part[i], word, " ")
                epoch[i] = word[7]
                flags[i] = word[3]
            }
            for (i = 1; i <= parts; i++) {
                rank = 1
                for (j = 1; j <= parts; j++) {
                    below = epoch[j] + 0 < epoch[i] + 0
                    rank += below && !((epoch[j]) in counted)
                    if (below)
                        counted[epoch[j]] = 1
                }
                split("", counted)
                sub(/<pong> [0-9]+/, "<pong> rank" rank, part[i])
            }
        }
        function flush(    i, lines, line, blocks) {
            if (head == "")
                return
            print head
            parts = 0
            lines = split(body, line, "\n") - 1
            for (i = 1; i <= lines; i++) {
                if (blocks_of(head) && line[i] !~ /^ ?[0-9]+\) /)
                    part[parts] = part[parts] "\n" line[i]
                else {
                    if (blocks_of(head) || sorted == "list")
                        sub(/^ *[0-9]+\) /, "- ", line[i])
                    part[++parts] = line[i]
                }
            }
            if (by_rank && head ~ /CLUSTER NODES/)
                ranks()
            if (sorted != "" || blocks_of(head) || head ~ /CLUSTER NODES|cli --cluster/)
                ordered()
            for (i = 1; i <= parts; i++)
                print part[i]
        }
        function blocks_of(head) { return head ~ /CLUSTER (SHARDS|LINKS)$/ }
        FILENAME != "-" {
            if (/^#: sorted/)
                is_sorted[FNR + 1] = "list"
            if (/^#: epochs by rank/)
                by_rank = 1
            next
        }
        /^\036/ {
            flush()
            head = $0
            body = ""
            split(substr($0, 2), field, "\t")
            sorted = is_sorted[field[1]]
            next
        }
        by_rank && /^cluster_(current|my)_epoch:/ { sub(/[0-9]+/, "<epoch>") }
        { body = body $0 "\n" }
        END { flush() }
    ' "$2" -
}

compare() { # compare FILE REAL SIMULATED: a line a check; the last one counts them
    awk -v file="${1##*/}" '
        function ms(text) { return text ~ /ms$/ ? text + 0 : text * 1000 }
        function indented(text) { gsub(/\n/, "\n        ", text); sub(/ *$/, "", text); return "        " text }
        FILENAME == ARGV[1] {
            if (/^#: took /) {
                split($3, limit, /\.\./)
                from[FNR + 1] = ms(limit[1])
                until_[FNR + 1] = ms(limit[2])
            }
            next
        }
        /^\036/ {
            split(substr($0, 2), field, "\t")
            at = field[1]
            side = FILENAME == ARGV[2] ? "real" : "rcsim"
            took[side, at] = field[2]
            there[side, at] = 1
            if (side == "real") {
                order[++count] = at
                statement[at] = field[3]
            }
            next
        }
        { reply[side, at] = reply[side, at] $0 "\n" }
        END {
            for (i = 1; i <= count; i++) {
                at = order[i]
                where = file ":" at ": " statement[at]
                if (!(("rcsim", at) in there))
                    bad = "rcsim did not come so far\n"
                else if (reply["real", at] != reply["rcsim", at])
                    bad = "      redis-server:\n" indented(reply["real", at]) "      rcsim:\n" indented(reply["rcsim", at])
                else
                    bad = ""
                if (bad == "" && statement[at] ~ /^await/ && reply["real", at] != "ok\n")
                    bad = "      neither came to that\n"
                if (at in from) {
                    where = where " (redis-server " took["real", at] " ms, rcsim " took["rcsim", at] " ms)"
                    if (bad == "" && (took["real", at] < from[at] || took["real", at] > until_[at] ||
                                      took["rcsim", at] < from[at] || took["rcsim", at] > until_[at]))
                        bad = "      not within " from[at] " to " until_[at] " ms\n"
                }
                printf "%s%s\n%s", bad == "" ? "ok: " : "NOT: ", where, bad
                if (bad == "")
                    passed++
                else
                    failed++
            }
            printf "%d %d\n", passed, failed
        }
    ' "$1" "$2" "$3"
}

for file in "$@"; do
    play "$file" "$work/real"
    stop_all "$work/real.names"
    simulate "$file" "$work/rcsim" "$work/rcsim.names"
    normal "$work/real.names" "$file" "$work/real" >"$work/real.normal"
    normal "$work/rcsim.names" "$file" "$work/rcsim" >"$work/rcsim.normal"
    compare "$file" "$work/real.normal" "$work/rcsim.normal" >"$work/report"
    read -r ok not < <(tail -n 1 "$work/report")
    head -n -1 "$work/report"
    passed=$((passed + ok)) failed=$((failed + not))
done
echo "$passed replies and conditions agree, $failed differ ($SECONDS s)"
[ "$failed" -eq 0 ]
