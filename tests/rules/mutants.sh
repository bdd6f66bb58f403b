#!/usr/bin/env bash
# tests/rules/mutants.sh DIRECTORY: copies the sources there, switches the rules of mutants.txt off one by one, and holds
# that the test which names the rule fails without it. Minutes: every mutant is a build.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: tests/rules/mutants.sh DIRECTORY" >&2; exit 2; }
mkdir -p "$1" && work=$(cd "$1" && pwd) || exit 2
rm -rf "$work/source"
mkdir -p "$work/source"
(cd "$here/../.." && git ls-files -z | xargs -0 cp --parents -t "$work/source") || exit 2
cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug >"$work/log" || { tail "$work/log"; exit 2; }

verdict() { # verdict PROGRAM TEST: how it ended
    cmake --build "$work/build" --target "test_$1" >"$work/log" 2>&1 || { echo "does not build" && return; }
    timeout 60 "$work/build/tests/test_$1" >"$work/said" 2>&1
    if tr ' ' _ <"$work/said" | grep -qxF "[_______OK_]_$2"; then
        echo passes
    else
        echo fails # or the program did not come that far
    fi
}

bad=0 mutants=0
while IFS= read -r line; do
    [[ $line == *' :: '* && $line != '#'* ]] || continue
    test=${line%% :: *} rest=${line#* :: }
    file=${rest%% :: *} change=${rest#* :: }
    find=${change%% => *} put=${change#* => }
    mutants=$((mutants + 1))
    was=$(cat "$here/../../$file" && echo x)
    is=${was/"$find"/"$put"}
    if [ "$was" = "$is" ]; then
        echo "NOT: $file has no \"$find\" (any more)"
        bad=$((bad + 1))
        continue
    fi
    before=$(verdict "${test%%:*}" "${test#*:}")
    printf '%s' "${is%x}" >"$work/source/$file"
    after=$(verdict "${test%%:*}" "${test#*:}")
    printf '%s' "${was%x}" >"$work/source/$file"
    if [ "$before" = passes ] && [ "$after" = fails ]; then
        echo "ok: without the rule, $test fails"
    else
        echo "NOT: $test $before with the rule, $after with \"$put\" in place of \"$find\""
        bad=$((bad + 1))
    fi
done <"$here/mutants.txt"
echo "$mutants rules switched off, $bad unnoticed"
[ "$bad" -eq 0 ]
