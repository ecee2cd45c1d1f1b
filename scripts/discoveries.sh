#!/bin/sh
# What the searches of Examples/search find: docs/discoveries.md from "As measured" on. Arguments are flags of `ravine
# search`, as --programs 1000. Each search goes on where it was stopped, from .build/discoveries; its test set is opened
# at the end, once. NAMES names some of the scripts; the others are not told of.
set -eu
cd "$(dirname "$0")/.."
ravine=${RAVINE:-.build/release/ravine}
folder=.build/discoveries
names=${NAMES:-sign-momentum adamw-to-sign discover}
mkdir -p "$folder"
for name in $names; do
  began=$(date +%s)
  "$ravine" search "Examples/search/$name.opt" "$@" --journal "$folder/$name.db" --claims >"$folder/$name.txt"
  "$ravine" runs "$folder/$name.db" test >/dev/null 2>&1 ||
    "$ravine" search "Examples/search/$name.opt" "$@" --journal "$folder/$name.db" --open >>"$folder/$name.txt"
  echo "$name: $(($(date +%s) - began)) s" >&2
done
{
  sed '/^## As measured$/q' docs/discoveries.md
  printf '\nBy `make discoveries`'
  [ $# -eq 0 ] || printf ', with %s in the place of what the scripts say' "$*"
  printf '. The same scripts find the same again.\n'
  for name in $names; do
    printf '\n'
    "$ravine" runs "$folder/$name.db" notes | sed -e '1s/^## /### /' -e '$d'
  done
} >"$folder/discoveries.md"
mv "$folder/discoveries.md" docs/discoveries.md
