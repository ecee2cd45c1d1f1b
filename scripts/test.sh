#!/bin/sh
# Everything that must hold before a change is merged: layout, arrows between rooms, no warnings, tests.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .build
log=.build/test.log

step() { printf '\n== %s\n' "$*"; }
fail() { printf '\nfailed: %s\n' "$*" >&2; exit 1; }

step "format"
swift format lint --strict --recursive Sources Tests Package.swift || fail "the layout differs; run: make format"

step "build"
if ! swift build --build-tests --explicit-target-dependency-import-check error >"$log" 2>&1; then
    grep -E 'error:' "$log" | sort -u >&2 || tail -n 40 "$log" >&2
    fail "the build (all of it: $log)"
fi
# Warnings of packages are theirs. -warnings-as-errors would reach them too, and they are built with
# -suppress-warnings, which excludes it.
warnings=$(grep -E '/(Sources|Tests)/[^:]+:[0-9]+:[0-9]+: warning:' "$log" | grep -v '/\.build/' | sort -u) || true
if [ -n "$warnings" ]; then
    printf '%s\n' "$warnings" >&2
    fail "warnings are errors here"
fi
tail -n 1 "$log"

step "test"
# Nothing to colour, nothing to ask.
if ! NO_COLOR=1 swift test --skip-build >"$log" 2>&1; then
    grep -E '^✘|^↳|error:|: fatal' "$log" >&2 || tail -n 40 "$log" >&2
    tail -n 3 "$log" >&2
    fail "the tests (all of it: $log)"
fi
grep -E 'Executed [0-9]+ test|Test run with' "$log" | tail -n 2
