#!/bin/sh
# Links libravine, the interface for C and Python with the Swift runtime inside, from what a build left.
# Usage: library.sh BUILD OUT, BUILD being the folder that `swift build --show-bin-path` names.
set -eu
build=$1
out=$2
mkdir -p "$(dirname "$out")"
objects=$build/CRavine.product/Objects.LinkFileList
if [ ! -f "$objects" ]; then
    echo "$objects is not there: build the product CRavine first" >&2
    exit 1
fi
# SQLite inside as well, where its archive is there: hosts need not have it.
sqlite=$(cc -print-file-name=libsqlite3.a)
[ -f "$sqlite" ] || sqlite=-lsqlite3
swiftc -emit-library -static-stdlib -module-name CInterface -o "$out" "@$objects" "$sqlite" \
    -Xlinker --version-script="$(dirname "$0")/../Sources/CRavine/exports.map" \
    -Xlinker -soname -Xlinker libravine.so.0 -Xlinker -z -Xlinker nodelete -Xlinker --gc-sections \
    -Xlinker --strip-all >"$out.log" 2>&1 || {
    cat "$out.log" >&2
    exit 1
}
# It says of Foundation what nobody here can mend.
rm -f "$out.log"
