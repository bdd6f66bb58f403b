#!/usr/bin/env bash
# tests/said/said.sh BUILD-DIRECTORY: builds the tests with -DRCSIM_SAID=ON there, runs them, and holds that each line of
# errors.txt and log_lines.txt was said by some node in some test (`*` stands for any text), and so was every other line
# that a node of this program can log.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: tests/said/said.sh BUILD-DIRECTORY" >&2; exit 2; }
build=$1
mkdir -p "$build" && build=$(cd "$build" && pwd) || exit 2
said=$build/said.txt

cmake -S "$here/../.." -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DRCSIM_SAID=ON >"$build/said.log" &&
    cmake --build "$build" >>"$build/said.log" || { tail -n 30 "$build/said.log"; exit 2; }
rm -f "$said"
RCSIM_SAID=$said ctest --test-dir "$build" -j "$(nproc)" --timeout 900 -LE install >>"$build/said.log" ||
    { tail -n 30 "$build/said.log"; exit 1; }

bad=0
hold() { # hold KIND LIST
    local kind=$1 wanted line found total=0
    mapfile -t lines < <(sort -u "$said" | sed -n "s/^$kind //p")
    while IFS= read -r wanted; do
        [[ $wanted != '#'* && -n $wanted ]] || continue
        total=$((total + 1))
        # Only the star has a meaning in these lists.
        pattern=$(sed 's/[][\\?]/\\&/g' <<<"$wanted")
        found=
        for line in "${lines[@]}"; do
            # shellcheck disable=SC2053
            [[ $line != $pattern ]] || { found=1 && break; }
        done
        [ -n "$found" ] || { echo "NOT: no test makes a node say: $wanted"; bad=$((bad + 1)); }
    done <"$2"
    echo "$kind: $total texts"
}
hold error "$here/errors.txt"
hold log "$here/log_lines.txt"
mapfile -t mute < <(comm -23 <(sed -n 's/^row //p' "$said" | sort -u) <(sed -n 's/^log //p' "$said" | sort -u))
for line in "${mute[@]}"; do
    echo "NOT: no test makes a node log: $line"
    bad=$((bad + 1))
done
echo "facts: $(sed -n 's/^row //p' "$said" | sort -u | wc -l) log lines"
echo "$bad of them said by nobody"
[ "$bad" -eq 0 ]
