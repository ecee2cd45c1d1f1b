#!/bin/sh
# Links the executable `ravine` with the Swift runtime inside, from what a build left, for machines without Swift.
# Usage: executable.sh BUILD OUT, BUILD being the folder that `swift build --show-bin-path` names.
set -eu
build=$1
out=$2
mkdir -p "$(dirname "$out")"
objects=$build/ravine.product/Objects.LinkFileList
if [ ! -f "$objects" ]; then
    echo "$objects is not there: build the product ravine first" >&2
    exit 1
fi
sqlite=$(cc -print-file-name=libsqlite3.a)
[ -f "$sqlite" ] || sqlite=-lsqlite3
# What the package of the command line's arguments needs of Foundation, which objects of an ordinary build do not name.
foundation=
case $(uname -s) in
Linux) foundation="-lFoundationEssentials -l_FoundationCollections -l_FoundationCShims -lswiftSynchronization" ;;
esac
# shellcheck disable=SC2086
swiftc -emit-executable -static-stdlib -o "$out" "@$objects" "$sqlite" $foundation \
    -Xlinker --defsym=main=ravine_cli_main -Xlinker --gc-sections -Xlinker --strip-all >"$out.log" 2>&1 || {
    cat "$out.log" >&2
    exit 1
}
# It says of Foundation what nobody here can mend.
rm -f "$out.log"
