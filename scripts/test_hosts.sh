#!/bin/sh
# The library as C and Python see it: examples, random calls, threads, memory. Links libravine from a build that is
# there. Usage: test_hosts.sh BUILD WORK [CALLS]
set -eu
cd "$(dirname "$0")/.."
build=$1
work=$2
calls=${3:-20000}
mkdir -p "$work"
fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

scripts/library.sh "$build" "$work/libravine.so"
ln -sf libravine.so "$work/libravine.so.0"
work=$(cd "$work" && pwd)

# compile OUT FILE: a program of C with all its warnings as errors.
compile() {
    cc -std=gnu11 -O1 -Wall -Wextra -Werror -ISources/CRavine/include "$2" -o "$1" "$work/libravine.so" \
        -Wl,-rpath,"$work" -pthread -lm
}
compile "$work/adamw" Examples/embed/c/adamw.c || fail "Examples/embed/c/adamw.c does not compile"
(cd "$work" && ./adamw >adamw.txt) || fail "Examples/embed/c"
diff Tests/Hosts/adamw.txt "$work/adamw.txt" || fail "Examples/embed/c prints something else"
compile "$work/calls" Tests/Hosts/calls.c || fail "Tests/Hosts/calls.c does not compile"
"$work/calls" "$calls" "${RAVINE_SEED:-1}" || fail "random calls"
"$work/calls" threads 20000 || fail "two threads"
"$work/calls" memory "$((calls / 10))" || fail "memory"
c++ -std=c++17 -Wall -Wextra -Werror -ISources/CRavine/include Examples/embed/cpp/rosenbrock.cpp -o "$work/rosenbrock" \
    "$work/libravine.so" -Wl,-rpath,"$work" || fail "Examples/embed/cpp does not compile"
"$work/rosenbrock" || fail "Examples/embed/cpp"

if ! command -v python3 >/dev/null; then
    echo "Python is not here: its package is not tested"
    exit 0
fi
RAVINE_LIBRARY=$work/libravine.so PYTHONPATH=Sources/Python PYTHONDONTWRITEBYTECODE=1 \
    python3 -W error::ResourceWarning -m unittest discover -s Tests/Python 2>"$work/python.txt" || {
    cat "$work/python.txt" >&2
    fail "the Python package"
}
tail -n 3 "$work/python.txt"
