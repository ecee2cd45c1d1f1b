#!/bin/sh
# Replays every recorded trajectory of Tests/Golden on all engines and both types, as a table.
# Ends with 1 if one of them lies outside of its tolerance.
set -eu
cd "$(dirname "$0")/.."
ravine=${RAVINE:-.build/release/ravine}
tab=$(printf '\t')
failed=0
printf '%-22s %-14s %-14s %-14s %-14s %-14s %-14s  %s\n' trajectory \
    reference/f64 interpreter/f64 native/f64 reference/f32 interpreter/f32 native/f32 rule
while IFS=$tab read -r file rule only; do
    case $file in '' | '#'*) continue ;; esac
    row=""
    for type in f64 f32; do
        for engine in reference interpreter native; do
            case ${only:-$type} in
            "$type") ;;
            *) row="$row$(printf '%-14s ' -)"; continue ;;
            esac
            status=0
            text=$("$ravine" replay "$rule" "Tests/Golden/$file.json" \
                --engine "$engine" --dtype "$type" 2>&1) || status=$?
            cell=$(printf '%s\n' "$text" | sed -n 's/^  largest relative difference  //p')
            [ "$status" -eq 0 ] || { cell="${cell:-error} !"; failed=1; }
            row="$row$(printf '%-14s ' "$cell")"
        done
    done
    printf '%-22s %s %s\n' "$file" "$row" "$rule"
done <Tests/Golden/golden.tsv
[ "$failed" -eq 0 ] || { echo "!: outside of the tolerance" >&2; exit 1; }
