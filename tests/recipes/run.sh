#!/usr/bin/env bash
# Tries the four recipes. Usage: tests/recipes/run.sh [--build DIRECTORY] RCSIM
#   --build   where node's packages go (default: build)
# Prints a line a recipe. Exit status 0: all passed, 1: not.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
if [ "${1:-}" = --build ]; then
    build=$2
    shift 2
fi
RCSIM=$(realpath "${1:?usage: tests/recipes/run.sh [--build DIRECTORY] RCSIM}")
export RCSIM
# shellcheck source=tests/ports.sh
. "$here/../ports.sh"
hold_ports 17000 || exit 1 # as whoever copies a recipe reads them: two runs wait for each other
out=$(mktemp)
trap 'rm -f "$out"' EXIT

jest() { # in a copy: npm writes beside the files
    mkdir -p "$build/jest" && cp "$here"/jest/*.js* "$build/jest/" && cd "$build/jest" || return
    [ -d node_modules/jest ] || npm ci --no-audit --no-fund --loglevel=error || return
    npm test
}

passed=0 failed=0
try() { # try NAME COMMAND...
    if "${@:2}" >"$out" 2>&1; then
        passed=$((passed + 1))
        echo "ok: $1"
    else
        failed=$((failed + 1))
        echo "NOT: $1"
        tail -n 20 "$out" | sed 's/^/    /'
    fi
}

try pytest /usr/bin/python3 -m pytest -q -p no:cacheprovider "$here/pytest"
try jest jest
try phpunit phpunit --do-not-cache-result "$here/phpunit"
try shell "$here/shell/failover_test.sh"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
