#!/bin/sh
# Makes the wheel of the Python package: the library and the executable inside, with the Swift runtime.
# Usage: wheel.sh [FOLDER [BUILD]], .build/wheel without; BUILD is what `swift build --show-bin-path` names, of a build
# that is there, in the place of one that is made.
set -eu
cd "$(dirname "$0")/.."
out=${1:-.build/wheel}
build=${2:-}
if [ -z "$build" ]; then
    swift build -c release --product ravine
    swift build -c release --product CRavine
    build=$(swift build -c release --show-bin-path)
fi
stage=.build/python
rm -rf "$stage"
mkdir -p "$(dirname "$stage")"
cp -r Sources/Python "$stage"
cp LICENSE "$stage/"
mkdir -p "$out"
scripts/library.sh "$build" "$stage/ravine/libravine.so"
scripts/executable.sh "$build" "$stage/ravine/ravine"
python3 -m pip wheel --no-deps --quiet --wheel-dir "$out" "$stage"
ls -l "$out"/*.whl
