#!/usr/bin/env bash
# tests/rules/rules.sh BUILD-DIRECTORY: holds that every test named in rules.txt and releases.txt is there and passes and
# that the rows of the releases' tables are there, and prints the rules that have no test, with the reason.
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
        if [ ! -x "$build/tests/test_${test%%:*}" ] || ! passed "${test%%:*}" | grep -xF -- "${test#*:}" >/dev/null; then
            echo "NOT: ${line%% | *}: no passing test ${test#*:} in test_${test%%:*}"
            bad=$((bad + 1))
        fi
    done
done < <(cat "$here/rules.txt" "$here/releases.txt")
# The rows of the releases' tables: B(name,   N(name,   E(type, prefix, name,
for row in $(sed -nE 's/^ +(B\(|N\(|E\([a-z_]+, RCS_[A-Z_]+, )([a-z_0-9]+),.*/\2/p' \
    "$here"/../../sim/cluster/profile.h "$here"/../../sim/cluster/profile_node.h); do
    if ! grep "^releases | $row | " "$here/rules.txt" >/dev/null; then
        echo "NOT: rules.txt has no line \"releases | $row | ...\""
        bad=$((bad + 1))
    fi
done
# What mutants.sh switches off still stands where it looks; whether that is noticed takes many builds.
while IFS= read -r line; do
    [[ $line == *' :: '* && $line != '#'* ]] || continue
    rest=${line#* :: }
    find=${rest#* :: }
    if ! grep -qF -- "${find%% => *}" "$here/../../${rest%% :: *}"; then
        echo "NOT: mutants.txt: ${rest%% :: *} has no \"${find%% => *}\" (any more)"
        bad=$((bad + 1))
    fi
done <"$here/mutants.txt"
echo "$rules rules, $((rules - ${#without[@]})) with tests; without:"
printf '  %s\n' "${without[@]}"
[ "$bad" -eq 0 ]
