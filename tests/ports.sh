# Ports for a test's servers on 127.0.0.1. Sourced. Two tests at once take different ones, whatever
# language they are in: whoever uses the hundred ports N00 to N99 holds a lock on
# /tmp/rcsim-test-ports.N until it ends (live_free_ports in support/live_server.c, standin.py). They
# lie from 10500 on, so that bus ports, 10000 above, stay below those that the kernel lends.

# take_ports FIRST COUNT: sets `taken` to FIRST, or the next in steps of a hundred from where COUNT
# ports and their bus ports have no listener. False: there are none.
take_ports() {
    local first
    for first in $(seq "$1" 100 22699) $(seq $((10500 + $1 % 100)) 100 $(($1 - 1))); do
        { exec {ports_lock}>>"/tmp/rcsim-test-ports.$((first / 100))"; } 2>/dev/null || continue
        if flock -n "$ports_lock" && nobody_listens "$first" "$2"; then
            taken=$first
            return 0
        fi
        exec {ports_lock}>&-
    done
    echo "NOT: no $2 ports are free" >&2
    return 1
}

# hold_ports PORT: waits until no other test has the hundred ports around PORT, which are written down
# somewhere and cannot be others.
hold_ports() {
    exec {ports_lock}>>"/tmp/rcsim-test-ports.$(($1 / 100))" && flock "$ports_lock"
}

nobody_listens() { # nobody_listens FIRST COUNT
    local i
    for ((i = $1; i < $1 + $2; i++)); do
        ! (: </dev/tcp/127.0.0.1/$i || : </dev/tcp/127.0.0.1/$((i + 10000))) 2>/dev/null || return 1
    done
}
