#!/bin/sh
# Counts the instructions of a few fixed cases under valgrind and compares them with
# Tests/Instructions/expected.tsv: more than 3 % more is a regression. Counts do not depend on who else
# uses the machine; they do depend on the compiler and on which kernels run, so the file says both, and
# another compiler or processor is told apart rather than compared.
#
#   scripts/instructions.sh            compares
#   scripts/instructions.sh --update   writes what it counts
set -eu
cd "$(dirname "$0")/.."
bench=.build/test/release/ravine-bench
expected=Tests/Instructions/expected.tsv
tolerance=3

skip() { printf 'SKIPPED: instruction counts: %s\n' "$*" >&2; exit 0; }

command -v valgrind >/dev/null 2>&1 || skip "valgrind is missing (apt-get install valgrind)"
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || skip "the counts are of Linux on x86-64"
# Valgrind shows a program the instructions up to AVX2, never AVX-512: everywhere the kernels for
# x86-64-v3 run, if the machine has them.
for flag in avx2 bmi2 fma movbe f16c; do
    grep -qw "$flag" /proc/cpuinfo || skip "this processor has no $flag, so other kernels would run"
done
swift=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
said=$(sed -n 's/^# compiler: Swift \([0-9.]*\), kernels: x86-64-v3$/\1/p' "$expected" 2>/dev/null || true)
if [ "${1:-}" != --update ] && [ "$swift" != "$said" ]; then
    skip "counted with Swift $said, this is $swift (scripts/instructions.sh --update)"
fi

# The executable that scripts/test.sh built: with assertions, which costs a few per cent everywhere alike. A build of
# its own would take a third of the time of all tests.
[ -x "$bench" ] || { echo "instructions: no $bench; run scripts/test.sh" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Older versions of valgrind stop at debug information that they cannot read.
command -v strip >/dev/null 2>&1 || skip "strip is missing (apt-get install binutils)"
strip -g -o "$work/ravine-bench" "$bench"
count() {
    # Random seeds of hash tables would change the counts.
    SWIFT_DETERMINISTIC_HASHING=1 RAVINE_THREADS=1 OPENBLAS_NUM_THREADS=1 \
        valgrind --tool=callgrind --callgrind-out-file="$work/$1.out" --collect-atstart=no \
        --toggle-collect="*countedRegion*" "$work/ravine-bench" count "$1" >"$work/$1.log" 2>&1 || {
        tail -n 5 "$work/$1.log" >&2
        return 1
    }
    sed -n 's/^\(summary\|totals\): \([0-9]*\).*/\2/p' "$work/$1.out" | head -n 1
}

cases="adamw-4Ki lion-4Ki adamw-64 lamb-4Ki muon-64 digits-step
    parse-and-bind-adamw bind-adamw write-c-adamw"
if [ "${1:-}" = --update ]; then
    {
        echo "# Instructions of the cases of Sources/RavineBench/Counted.swift, built for the tests."
        echo "# compiler: Swift $swift, kernels: x86-64-v3"
        for case in $cases; do
            found=$(count "$case")
            [ "${found:-0}" -gt 0 ] || exit 1
            printf '%s\t%s\n' "$case" "$found"
        done
    } >"$work/new.tsv" || { echo "instructions: a case failed" >&2; exit 1; }
    mv "$work/new.tsv" "$expected"
    cat "$expected"
    exit 0
fi
failed=0
for case in $cases; do
    wanted=$(awk -F '\t' -v name="$case" '$1 == name { print $2 }' "$expected")
    found=$(count "$case") || { echo "instructions: $case failed" >&2; exit 1; }
    [ -n "$wanted" ] && [ "${found:-0}" -gt 0 ] || { echo "instructions: no count of $case" >&2; exit 1; }
    verdict=$(awk -v a="$found" -v b="$wanted" -v t="$tolerance" 'BEGIN {
        d = 100 * (a / b - 1)
        verdict = ""
        if (d > t) verdict = "  TOO MANY"
        if (d < -t) verdict = "  fewer: run scripts/instructions.sh --update"
        printf "%+.2f %%%s", d, verdict }')
    printf '%-22s %12s  %s\n' "$case" "$found" "$verdict"
    case $verdict in *TOO*) failed=1 ;; esac
done
[ "$failed" -eq 0 ] || { echo "instructions: a case takes more than $tolerance % more than it did" >&2; exit 1; }
