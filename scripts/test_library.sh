#!/bin/sh
# The library as C and Python see it: examples, random calls, threads, memory. Links libravine from a build that is
# there. Usage: test_library.sh BUILD WORK [CALLS]
set -eu
cd "$(dirname "$0")/.."
build=$1
work=$2
calls=${3:-20000}
mkdir -p "$work"
fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

scripts/install.sh "$work/prefix" "$build" || fail "the installation"
work=$(cd "$work" && pwd)
scripts/test_shells.sh "$work/prefix"

flags="-I$work/prefix/include -L$work/prefix/lib -Wl,-rpath,$work/prefix/lib -lravine"
if command -v pkg-config >/dev/null; then
    flags=$(PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig pkg-config --cflags --libs ravine) || fail "pkg-config"
fi
# compile OUT FILE: a program of C with all its warnings as errors.
compile() {
    cc -std=gnu11 -O1 -Wall -Wextra -Werror "$2" -o "$1" $flags -pthread -lm
}
compile "$work/adamw" Examples/embed/c/adamw.c || fail "Examples/embed/c/adamw.c does not compile"
(cd "$work" && ./adamw >adamw.txt) || fail "Examples/embed/c"
diff Tests/Hosts/adamw.txt "$work/adamw.txt" || fail "Examples/embed/c prints something else"
compile "$work/calls" Tests/Hosts/calls.c || fail "Tests/Hosts/calls.c does not compile"
"$work/calls" "$calls" "${RAVINE_SEED:-1}" || fail "random calls"
"$work/calls" threads 20000 || fail "two threads"
"$work/calls" memory "$((calls / 10))" || fail "memory"
if command -v cmake >/dev/null; then
    rm -rf "$work/cmake"
    { cmake -S Examples/embed/cpp -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/prefix" &&
        cmake --build "$work/cmake"; } >"$work/cmake.txt" 2>&1 || {
        cat "$work/cmake.txt" >&2
        fail "Examples/embed/cpp by CMake"
    }
    "$work/cmake/rosenbrock" || fail "Examples/embed/cpp"
else
    c++ -std=c++17 -Wall -Wextra -Werror Examples/embed/cpp/rosenbrock.cpp -o "$work/rosenbrock" $flags ||
        fail "Examples/embed/cpp does not compile"
    "$work/rosenbrock" || fail "Examples/embed/cpp"
fi

# The example in Swift, as its package compiles it, on the modules of this build.
maps=$(find "$build/" -maxdepth 2 -name module.modulemap | sed 's/^/-Xcc -fmodule-map-file=/')
# shellcheck disable=SC2086
swiftc -swift-version 6 Examples/embed/swift/Sources/embed/main.swift -I "$build/Modules" $maps -o "$work/embed" \
    -L "$build" -lCRavine -Xlinker -rpath -Xlinker "$(cd "$build" && pwd)" || fail "Examples/embed/swift does not compile"
(cd "$work" && ./embed >embed.txt) || fail "Examples/embed/swift"
diff Tests/Hosts/embed.txt "$work/embed.txt" || fail "Examples/embed/swift prints something else"
swift package --package-path Examples/embed/swift dump-package >"$work/package.json" || fail "the package of Examples/embed/swift"

if ! command -v python3 >/dev/null; then
    echo "Python is not here: its package is not tested"
    exit 0
fi
RAVINE_LIBRARY=$work/prefix/lib/libravine.so RAVINE_PROGRAM=$work/prefix/bin/ravine PYTHONPATH=$PWD/Sources/Python PYTHONDONTWRITEBYTECODE=1 \
    python3 -W error::ResourceWarning -m unittest discover -s Tests/Python 2>"$work/python.txt" || {
    cat "$work/python.txt" >&2
    fail "the Python package"
}
tail -n 3 "$work/python.txt"
