#!/usr/bin/env bash
# tests/rules/mutants.sh DIRECTORY [WORD]: copies the sources there, holds that the tests of mutants.txt pass, then switches
# its rules off one by one, and holds that the test which names the rule fails without it. With WORD only the lines in
# which it stands. Minutes: every mutant is a build.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || [ $# -eq 2 ] || { echo "usage: tests/rules/mutants.sh DIRECTORY [WORD]" >&2; exit 2; }
mkdir -p "$1" && work=$(cd "$1" && pwd) || exit 2
rm -rf "$work/source"
mkdir -p "$work/source"
(cd "$here/../.." && git ls-files -z | xargs -0 cp --parents -t "$work/source") || exit 2
cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug >"$work/log" || { tail "$work/log"; exit 2; }

mapfile -t lines < <(grep -v '^#' "$here/mutants.txt" | grep ' :: ' | grep -F -- "${2:-}")

verdict() { # verdict PROGRAM:TEST: how it ends in the program as it was built last
    timeout 60 "$work/build/tests/test_${1%%:*}" >"$work/said" 2>&1
    # grep reads to the end: one that stops at a match would break the pipe, and that counts as a failure
    if tr ' ' _ <"$work/said" | grep -xF "[_______OK_]_${1#*:}" >/dev/null; then
        echo passes
    else
        echo fails # or the program did not come that far
    fi
}

mapfile -t programs < <(printf 'test_%s\n' "${lines[@]%%:*}" | sort -u)
cmake --build "$work/build" --target "${programs[@]}" >"$work/log" 2>&1 || { tail -n 30 "$work/log"; exit 2; }
declare -A before
for line in "${lines[@]}"; do
    test=${line%% :: *}
    [ -n "${before[$test]:-}" ] || before[$test]=$(verdict "$test")
done

bad=0
for line in "${lines[@]}"; do
    test=${line%% :: *} rest=${line#* :: }
    file=${rest%% :: *} change=${rest#* :: }
    find=${change%% => *} put=${change#* => }
    was=$(cat "$here/../../$file" && echo x)
    is=${was/"$find"/"$put"}
    if [ "$was" = "$is" ]; then
        echo "NOT: $file has no \"$find\" (any more)"
        bad=$((bad + 1))
        continue
    fi
    printf '%s' "${is%x}" >"$work/source/$file"
    if cmake --build "$work/build" --target "test_${test%%:*}" >"$work/log" 2>&1; then
        after=$(verdict "$test")
    else
        after="does not build"
    fi
    printf '%s' "${was%x}" >"$work/source/$file" # built again with the next
    if [ "${before[$test]}" = passes ] && [ "$after" = fails ]; then
        echo "ok: without the rule, $test fails"
    else
        echo "NOT: $test ${before[$test]} with the rule, $after with \"$put\" in place of \"$find\" in $file"
        bad=$((bad + 1))
    fi
done
echo "${#lines[@]} rules switched off, $bad unnoticed"
[ "$bad" -eq 0 ]
