# What the scripts need to be there, and where it comes from: sourced by tools/quickstart and tools/test.
# On Debian (12 and later) what is missing is installed; elsewhere it is named.

missing=()

need_command() { # need_command COMMAND PACKAGE
    command -v "$1" >/dev/null || missing+=("$2")
}

need_module() { # need_module PKG-CONFIG-MODULE PACKAGE
    pkg-config --exists "$1" 2>/dev/null || missing+=("$2")
}

need_c_library() { # a compiler without headers cannot compile
    echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 || missing+=(gcc libc6-dev)
}

need_clang_runtime() { # what -fsanitize links
    local version=14
    ! command -v clang >/dev/null || version=$(clang -dumpversion | cut -d. -f1)
    echo 'int LLVMFuzzerTestOneInput(const char *d, long n); int LLVMFuzzerTestOneInput(const char *d, long n)
        { return d == 0 && n == 1; }' |
        clang -fsanitize=fuzzer,address,undefined -x c -o /dev/null - 2>/dev/null ||
        missing+=("libclang-rt-$version-dev")
}

need_to_build() {
    need_c_library
    need_command cmake cmake
    need_command ninja ninja-build
    need_command pkg-config pkg-config
    need_module libuv libuv1-dev
    need_module libxxhash libxxhash-dev
    need_module jansson libjansson-dev
    need_module lua5.1 liblua5.1-0-dev
    need_module lua5.1-cjson lua-cjson-dev
}

need_file() { # need_file FILE PACKAGE
    [ -e "$1" ] || missing+=("$2")
}

need_clients() { # what tests/clients and tests/recipes drive; node's own packages come by npm, pinned
    need_command node nodejs
    need_command npm npm
    need_command php php-cli
    need_command phpunit phpunit
    need_file /usr/share/php/Predis/Autoloader.php php-nrk-predis
    php -m 2>/dev/null | grep -qx redis || missing+=(php-redis)
    /usr/bin/python3 -c 'import redis' 2>/dev/null || missing+=(python3-redis)
    /usr/bin/python3 -c 'import pytest' 2>/dev/null || missing+=(python3-pytest)
    need_module hiredis libhiredis-dev
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

install_missing() { # asks for the packages in `missing`; exits with what to do if it cannot have them
    [ ${#missing[@]} -gt 0 ] || return 0
    local log apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
    log=$(mktemp)
    echo "installing: ${missing[*]}"
    if ! command -v apt-get >/dev/null; then
        echo "there is no apt-get here: please install what these Debian packages hold, then try again" >&2
        exit 3
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        echo "please run as root, then try again: apt-get install ${missing[*]}" >&2
        exit 3
    fi
    if ! { as_root "${apt[@]}" update && as_root "${apt[@]}" install --no-install-recommends \
        "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        echo "apt-get could not install them; please run, then try again: apt-get install ${missing[*]}" >&2
        exit 3
    fi
    rm -f "$log"
    missing=()
}

configure() { # configure PRESET DIRECTORY [OPTION...]: anew if the directory was made by another generator
    local preset=$1 directory=$2 fresh=()
    shift 2
    if [ -f "$directory/CMakeCache.txt" ] &&
        ! grep -q '^CMAKE_GENERATOR:INTERNAL=Ninja$' "$directory/CMakeCache.txt"; then
        fresh=(--fresh)
    fi
    cmake "${fresh[@]}" --preset "$preset" -B "$directory" "$@"
}
