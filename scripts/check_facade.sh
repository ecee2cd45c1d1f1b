#!/bin/sh
# What `import Ravine` shows (CInterface is public as C alone): all of it stands in Sources/Ravine, is at most 200 declarations, and each has a
# comment. Elsewhere nothing is public, and nothing is exported again.
set -eu
cd "$(dirname "$0")/.."
status=0
if found=$(grep -rnE '^ *(@[a-z]+ )*(public |open (class|func|var))|@_exported' Sources --include='*.swift' |
    grep -vE '^Sources/(Ravine|Platform|CInterface)/'); then
    echo "public outside of the façade:" >&2
    echo "$found" >&2
    status=1
fi
if grep -n '@_exported' Sources/Ravine/*.swift >&2; then
    echo "the façade exports other rooms" >&2
    status=1
fi
# The cases of a public enumeration are as public as it is.
awk -v limit=200 '
    FNR == 1 { comment = 0; depth = 0 }
    {
        line = $0
        isCase = match(line, /^ *case /) && public[int((match(line, /[^ ]/) - 1) / 2)]
        if (line ~ /^ *(@[a-zA-Z]+ )*public / || isCase) {
            count++
            if (!comment) { print FILENAME ":" FNR ": without a comment: " line; bad = 1 }
        }
        if (line ~ /^ *public (indirect )?enum .*[{]$/) public[int((match(line, /[^ ]/) - 1) / 2) + 1] = 1
        if (line ~ /^ *[}]/) delete public[int((match(line, /[^ ]/) - 1) / 2) + 1]
        comment = line ~ /^ *\/\/\// || (comment && line ~ /^ *@/)
    }
    END {
        print count " declarations are public"
        if (count > limit) { print "more than " limit; bad = 1 }
        exit bad
    }' Sources/Ravine/*.swift || status=1
exit $status
