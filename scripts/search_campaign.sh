#!/bin/sh
# A search of PROGRAMS programs, killed KILLS times at random moments and gone on with, once with one thread and once
# with two, ends with the journal of one that nobody stopped.
#
#   scripts/search_campaign.sh [PROGRAMS [KILLS [SEED]]]
set -eu
cd "$(dirname "$0")/.."
programs=${1:-200000}
kills=${2:-20}
seed=${3:-1}
ravine=$PWD/.build/release/ravine
[ -x "$ravine" ] || { echo "search_campaign: no $ravine; run make build" >&2; exit 1; }
folder=.build/search-campaign
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

# A task that nobody solves to its last digit: where many do, all of them are alike and hardly a mutant is new.
line="search --from AdamW --on rotated_bowl --programs $programs --population 500 --seed $seed"
# shellcheck disable=SC2086
search() { "$ravine" $line "$@"; }
content() { "$ravine" runs "$1" | sed -n 's/^content \([0-9a-f]*\).*/\1/p'; }

began=$(date +%s)
search --journal whole.db --threads 2 >whole.txt 2>/dev/null
took=$(($(date +%s) - began))
wanted=$(content whole.db)
[ -n "$wanted" ] || { echo "search_campaign: the journal says nothing of its content" >&2; exit 1; }
bytes=$(wc -c <whole.db)
echo "$programs programs in $took s with two threads; $((bytes / programs)) bytes of journal each; content $wanted"

failed=0
for threads in 1 2; do
    killed=0
    while [ "$killed" -lt "$kills" ]; do
        # About so long that all kills fall before the end.
        pause=$(awk -v s="$seed$threads$killed" -v t="$took" -v k="$kills" -v n="$threads" \
            'BEGIN { srand(s); print 0.3 + 1.4 * rand() * t * (3 - n) / (k + 2) }')
        # shellcheck disable=SC2086
        "$ravine" $line --journal "part$threads.db" --threads "$threads" >/dev/null 2>&1 &
        running=$!
        sleep "$pause"
        kill -9 "$running" 2>/dev/null || break
        wait "$running" 2>/dev/null || true
        killed=$((killed + 1))
    done
    search --journal "part$threads.db" --threads "$threads" >"part$threads.txt" 2>/dev/null
    found=$(content "part$threads.db")
    verdict="the same"
    if [ "$found" != "$wanted" ] || ! cmp -s whole.txt "part$threads.txt"; then
        verdict="ANOTHER: $found"
        failed=1
    fi
    echo "killed $killed times with $threads threads: $verdict"
done
exit "$failed"
