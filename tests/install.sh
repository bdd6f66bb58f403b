#!/usr/bin/env bash
# tests/install.sh BUILD: installs a built tree into a temporary directory, moves it, and uses it as a
# stranger would: every public header alone as C11 and as C++17, a program against the CMake package and
# against pkg-config (shared and static), the command with its shipped scenarios.
set -euo pipefail

build=$(cd "${1:?usage: tests/install.sh BUILD}" && pwd)
outside=$(cd "$(dirname "$0")/outside" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*"; }
step() { # step SENTENCE COMMAND...: quiet unless it fails
    local sentence=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        say "ok: $sentence"
    else
        say "NOT: $sentence"
        say "  $*"
        sed 's/^/  /' "$work/out"
        exit 1
    fi
}

step "cmake --install" cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/moved" # nothing may point back to where it was installed
prefix=$work/moved
libdir=$(dirname "$(find "$prefix" -name librcsim.a)")

for header in "$prefix"/include/rcsim/*.h; do
    name=rcsim/$(basename "$header")
    standard=c11
    [ "$name" = rcsim/uv.h ] && standard=gnu11 # uv.h needs pthread types
    printf '#include <%s>\n' "$name" >"$work/header.c"
    step "$name alone, $standard" "${CC:-cc}" "-std=$standard" -Wall -Wextra -Wpedantic -Werror \
        -fsyntax-only -I "$prefix/include" "$work/header.c"
    cxx=${CXX:-$(command -v c++ || command -v clang++ || true)}
    if [ -n "$cxx" ]; then
        step "$name alone, C++17" "$cxx" -std=c++17 -Wall -Wextra -Werror -fsyntax-only -x c++ \
            -I "$prefix/include" "$work/header.c"
    fi
done
[ -n "$cxx" ] || say "skipped: C++17, there is no C++ compiler"

generator=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$build/CMakeCache.txt") # make may be missing
step "find_package(rcsim), configured" cmake -G "$generator" -S "$outside" -B "$work/outside" \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release
step "find_package(rcsim), built" cmake --build "$work/outside"
for program in outside outside_static outside_uv outside_uv_static; do
    step "CMake package: $program runs" "$work/outside/$program"
    cp "$work/out" "$work/$program.out"
done
step "shared and static give the same" cmp "$work/outside.out" "$work/outside_static.out"

export PKG_CONFIG_PATH=$libdir/pkgconfig
read -ra flags <<<"$(pkg-config --cflags --libs rcsim)"
step "pkg-config, shared: built" "${CC:-cc}" -std=c11 -o "$work/shared" "$outside/outside.c" "${flags[@]}" \
    "-Wl,-rpath,$libdir"
step "pkg-config, shared: runs" "$work/shared"
cp "$work/out" "$work/shared.out"
step "pkg-config, shared: gives the same" cmp "$work/outside.out" "$work/shared.out"
# Static: the private libraries from pkg-config, ours by name.
read -ra flags <<<"$(pkg-config --static --cflags --libs rcsim | sed 's/-lrcsim\b/-l:librcsim.a/')"
step "pkg-config, static: built" "${CC:-cc}" -std=c11 -o "$work/static" "$outside/outside.c" "${flags[@]}"
step "pkg-config, static: runs" "$work/static"
step "rcsim.pc and rcsim --version agree" sh -c "'$prefix/bin/rcsim' --version | grep -F '$(pkg-config --modversion rcsim)'"

cd / # far from any checkout
step "rcsim list" "$prefix/bin/rcsim" list
step "every shipped scenario is listed" sh -c "cd '$prefix/share/rcsim/traces' && for s in *.scenario */*.scenario; do
    '$prefix/bin/rcsim' list | grep -F \"\${s%.scenario} \" || exit 1; done"
step "a lesson's scenario by its name" "$prefix/bin/rcsim" run election-vs-takeover/election --quiet
step "rcsim run two-dc-chained" "$prefix/bin/rcsim" run two-dc-chained --quiet
tail -n 3 "$work/outside.out"
