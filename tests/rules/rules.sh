#!/usr/bin/env bash
# tests/rules/rules.sh BUILD-DIRECTORY: holds that every test named in rules.txt and releases.txt is there and passes, and
# prints the rules that have none, with the reason.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: tests/rules/rules.sh BUILD-DIRECTORY" >&2; exit 2; }
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed() { # passed PROGRAM: the names of its tests that pass, blanks as _
    [ -f "$work/$1" ] || "$build/tests/test_$1" 2>&1 | sed -n 's/^\[ *OK \] //p' | tr ' ' _ >"$work/$1"
    cat "$work/$1"
}

bad=0 rules=0 without=()
while IFS= read -r line; do
    [[ $line == *' | '* && $line != '#'* ]] || continue
    rules=$((rules + 1))
    tests=${line##* | }
    if [[ $tests == 'none: '* ]]; then
        without+=("${line%% | none: *}: ${tests#none: }")
        continue
    fi
    for test in $tests; do
        if [ ! -x "$build/tests/test_${test%%:*}" ] || ! passed "${test%%:*}" | grep -qxF -- "${test#*:}"; then
            echo "NOT: ${line%% | *}: no passing test ${test#*:} in test_${test%%:*}"
            bad=$((bad + 1))
        fi
    done
done < <(cat "$here/rules.txt" "$here/releases.txt")
echo "$rules rules, $((rules - ${#without[@]})) with tests; without:"
printf '  %s\n' "${without[@]}"
[ "$bad" -eq 0 ]
