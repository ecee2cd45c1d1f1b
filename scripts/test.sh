#!/bin/sh
# Everything that must hold before a change is merged: layout, arrows between rooms, no warnings, tests.
# With an argument, of the tests those that it names, one after the other.
set -eu
only=${1:-}
cd "$(dirname "$0")/.."
build=.build/test
mkdir -p "$build"
log=$build/test.log
# Optimised, as users build it, and with assertions, so that the verifier looks at the IR after each pass.
# A place of its own: other flags in the same place would build everything anew each time.
set -- -c release --scratch-path "$build" --explicit-target-dependency-import-check error \
    -Xswiftc -enable-testing -Xswiftc -assert-config -Xswiftc Debug

step() { printf '\n== %s\n' "$*"; }
fail() { printf '\nfailed: %s\n' "$*" >&2; exit 1; }

step "format"
swift format lint --strict --recursive Sources Tests Package.swift || fail "the layout differs; run: make format"

step "imports (sources, Package.swift and the table of rooms)"
scripts/check_imports.sh || fail "the imports differ"
scripts/check_facade.sh || fail "the façade"

step "build (all of it takes a few minutes)"
if ! swift build --build-tests "$@" >"$log" 2>&1; then
    grep -E 'error:' "$log" | sort -u >&2 || tail -n 40 "$log" >&2
    fail "the build (all of it: $log)"
fi
# Warnings of packages are theirs. -warnings-as-errors would reach them too, and they are built with
# -suppress-warnings, which excludes it.
warnings=$(grep -E '/(Sources|Tests)/[^:]+:[0-9]+:[0-9]+: warning:' "$log" | grep -v '/\.build/' | sort -u) || true
if [ -n "$warnings" ]; then
    printf '%s\n' "$warnings" >&2
    # The next build would pass over files that have not changed, and their warnings.
    printf '%s\n' "$warnings" | sed 's/:[0-9]*:[0-9]*: warning:.*//' | sort -u |
        while read -r file; do touch -c "$file"; done
    fail "warnings are errors here"
fi
tail -n 1 "$log"

step "test${RAVINE_CAMPAIGN:+ (RAVINE_CAMPAIGN=$RAVINE_CAMPAIGN)}"
# Nothing to colour, nothing to ask.
rm -rf "$build/cases"
mkdir "$build/cases"
[ -z "$only" ] || set -- "$@" --no-parallel --filter "$only"
if ! NO_COLOR=1 RAVINE_CASES=$PWD/$build/cases swift test --skip-build "$@" >"$log" 2>&1; then
    # A program in a message may be very long.
    said=$(grep -E '^✘|^↳|error:|: [Ff]atal' "$log" | grep -v '^↳ T' | cut -c 1-500)
    if [ -n "$said" ]; then printf '%s\n' "$said" >&2; else tail -n 40 "$log" >&2; fi
    tail -n 3 "$log" | cut -c 1-500 >&2
    # Where a campaign was when the process ended.
    grep -s . "$build"/cases/* >&2 || true
    fail "the tests (all of it: $log)"
fi
grep -E 'Executed [0-9]+ test|Test run with' "$log" | tail -n 2

[ -z "$only" ] || exit 0
step "hosts (C, C++, Python)"
scripts/test_library.sh "$(swift build --show-bin-path -c release --scratch-path "$build")" "$build/hosts" ||
    fail "the hosts"

step "instructions (counted, so that a slower kernel is noticed on a busy machine)"
scripts/instructions.sh || fail "more instructions than before"
