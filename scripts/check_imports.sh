#!/bin/sh
# What each target imports, three times over: in its sources, in Package.swift and, for those below Sources, in
# the table "Rooms" of docs/architecture.md. All three agree, and a room imports only rooms above it there.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Lines "target path dependency…" of Package.swift. Products of other packages count by their name.
awk '
    { sub(/\/\/.*/, ""); text = text $0 " " }
    END {
        gsub(/ +/, " ", text)
        sub(/^.* targets: \[/, "", text)
        sub(/^.*targets: \[ \.target/, ".target", text)
        while (match(text, /(room|tests|\.target|\.testTarget|\.executableTarget)\( ?/)) {
            head = substr(text, RSTART, RLENGTH)
            text = substr(text, RSTART + RLENGTH)
            body = text
            if (match(body, /(room|tests|\.target|\.testTarget|\.executableTarget)\( ?/)) body = substr(body, 1, RSTART - 1)
            match(body, /"[^"]*"/)
            name = substr(body, RSTART + 1, RLENGTH - 2)
            path = (head ~ /^tests|^\.test/ ? "Tests/" : "Sources/") name
            if (match(body, /path: "[^"]*"/)) path = substr(body, RSTART + 7, RLENGTH - 8)
            if (head ~ /^\./ && body !~ /dependencies: /) body = ""
            if (head ~ /^\./) sub(/^.*dependencies: /, "", body)
            line = name " " path
            if (match(body, /\[[^]]*\]/)) {
                list = substr(body, RSTART, RLENGTH)
                gsub(/\.product\(name: |, package: "[^"]*"\)/, "", list)
                gsub(/[][",]/, " ", list)
                gsub(/ +/, " ", list)
                line = line list
            }
            print line
        }
    }' Package.swift >"$work/package"

# Lines "target dependency…" of the table: code between ` in the first and the third column.
awk -F '|' '
    /^## / { inside = $0 == "## Rooms" }
    inside && /^\| `/ {
        gsub(/[` ]/, "", $2); gsub(/[`,]/, " ", $4); gsub(/ +/, " ", $4)
        print $2 $4
    }' docs/architecture.md >"$work/table"

names=$(cut -d ' ' -f 1 "$work/package"; echo ArgumentParser)
status=0

# differ TARGET WHERE LIST OTHER LIST: complains unless the sorted lists are the same
differ() {
    [ "$3" = "$5" ] && return
    printf '%s\n    %-16s %s\n    %-16s %s\n' "$1 imports differently:" "$2" "${3:-nothing}" "$4" "${5:-nothing}" >&2
    status=1
}
sorted() { tr ' -' '\n_' | grep . | sort -u | tr '\n' ' ' | sed 's/ $//'; }

above=" ArgumentParser "
while read -r name path declared; do
    used=$(find "$path" -name '*.swift' -exec cat {} + |
        sed -nE 's/^(@[a-zA-Z_]+(\([^)]*\))? )*import ((class|enum|func|let|protocol|struct|typealias|var) )?([A-Za-z_]+).*/\5/p' |
        sort -u | while read -r import; do
            echo "$names" | tr '-' '_' | grep -qx "$import" && [ "$import" != "$(echo "$name" | tr '-' '_')" ] && echo "$import"
        done | sorted) || true
    # Tests of a program need it built, whether or not they import it.
    case $path in Tests/*) used=$(echo "$used $(echo "$declared" | tr ' ' '\n' | grep '^ravine-')" | sorted) ;; esac
    declared=$(echo "$declared" | sorted) || true
    differ "$name" "its sources:" "$used" "Package.swift:" "$declared"
    case $path in Tests/*) continue ;; esac
    if ! row=$(grep -E "^$name( |\$)" "$work/table"); then
        echo "$name has no row in the table of docs/architecture.md" >&2
        status=1
        continue
    fi
    row=$(echo "$row" | cut -s -d ' ' -f 2- | sorted) || true
    differ "$name" "Package.swift:" "$declared" "architecture.md:" "$row"
done <"$work/package"

# Arrows go up only.
while read -r name imports; do
    for import in $imports; do
        case $above in *" $import "*) ;; *)
            echo "$name stands above $import in the table, and imports it" >&2
            status=1
            ;;
        esac
    done
    above="$above$name "
    cut -d ' ' -f 1 "$work/package" | grep -qx -- "$name" || { echo "$name of the table is no target" >&2; status=1; }
done <"$work/table"
exit $status
