#!/bin/sh
# Feeds mutated programs to the front half for as many seconds as the argument says (60) under libFuzzer. What
# crashes, hangs or is formatted twice into two texts is kept in Tests/Fuzz/Crashers, which the tests
# replay for ever.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
build=.build/fuzz
corpus=$build/corpus
mkdir -p "$corpus" Tests/Fuzz/Crashers

[ "$(uname -s)" != Darwin ] || echo "fuzz: Xcode's Swift has no libFuzzer; use a toolchain of swift.org" >&2
log=$build/build.log
(cd Tests/Fuzz && swift build --sanitize fuzzer --scratch-path "../../$build" \
    -Xswiftc -parse-as-library) >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }

for file in Sources/Zoo/Resources/*.opt Examples/*.opt Tests/RavineTests/Diagnostics/Cases/*.opt; do
    cp "$file" "$corpus/seed-$(basename "$file")"
done
"$build/debug/fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=3000 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix=Tests/Fuzz/Crashers/ "$corpus" 2>"$build/run.log" || {
    grep -E 'ERROR|Fatal|SUMMARY|Test unit written' "$build/run.log" >&2
    echo "fuzz: the input was kept in Tests/Fuzz/Crashers" >&2
    exit 1
}
grep -E '^stat::(number_of_executed_units|average_exec_per_sec)' "$build/run.log"
echo "fuzz: $seconds seconds without a crash"
