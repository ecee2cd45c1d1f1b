#!/bin/sh
# Every rule of the zoo on every problem at middle difficulty: docs/arena.md from "As measured" on, and the page
# docs/arena.html. Goes on where it was stopped, from .build/arena.jsonl.
set -eu
cd "$(dirname "$0")/.."
ravine=.build/release/ravine
began=$(date +%s)
"$ravine" arena "$@" --journal .build/arena.jsonl --page docs/arena.html >.build/arena.txt
took=$(($(date +%s) - began))
cores=$(nproc 2>/dev/null || sysctl -n hw.ncpu)
model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1)
{
  sed '/^## As measured$/q' docs/arena.md
  cat <<END

By \`make arena\`, on $cores cores of ${model:-a processor without a name}, in $((took / 60)) minutes; cells that the journal
had already are not in that time. The page [arena.html](arena.html) has each cell with its setting and curve.

\`\`\`text
END
  cat .build/arena.txt
  echo '```'
} >.build/arena.md
mv .build/arena.md docs/arena.md
# `ravine suggest` reads them; it is built anew with the next build.
python3 scripts/arena_table.py "$ravine" >.build/arena.tsv
mv .build/arena.tsv Sources/Experiments/Advice/arena.tsv
