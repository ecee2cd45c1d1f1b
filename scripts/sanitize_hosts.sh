#!/bin/sh
# Random calls of the C interface, right and wrong, under the address sanitizer. Usage: sanitize_hosts.sh CALLS
set -eu
cd "$(dirname "$0")/.."
calls=$1
scratch=.build/sanitize-hosts
swift build -c release --sanitize=address --scratch-path "$scratch" --product CRavine
build=$(swift build -c release --sanitize=address --scratch-path "$scratch" --show-bin-path)
clang=$(dirname "$(command -v swiftc)")/clang
[ -x "$clang" ] || clang=clang
"$clang" -std=gnu11 -g -O1 -fsanitize=address -ISources/CRavine/include Tests/Hosts/calls.c -o "$scratch/calls" \
    -L"$build" -lCRavine -Wl,-rpath,"$build" -pthread -lm
# Without leaks: Swift packs pointers into the spare bits of values, where they are not seen.
export ASAN_OPTIONS=detect_leaks=0
part=$((calls / 10))
for seed in 1 2 3 4 5 6 7 8 9 10; do "$scratch/calls" "$part" "$seed"; done
"$scratch/calls" threads 20000
