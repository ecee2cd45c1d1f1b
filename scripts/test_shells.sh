#!/bin/sh
# The page of man(1) and the completions that an installation has. Usage: test_shells.sh PREFIX
# Formatters and shells that are not here are left out.
set -eu
prefix=$(cd "$1" && pwd)
share=$prefix/share
PATH=$prefix/bin:$PATH
fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null; }

page=$share/man/man1/ravine.1
[ -s "$page" ] || fail "there is no $page"
if has groff; then
    said=$(groff -man -ww -z -Tutf8 "$page" 2>&1) || fail "groff: $said"
    [ -z "$said" ] || fail "groff says of the page: $said"
    groff -man -Tutf8 -P -cbou "$page" | grep -q "ravine describe MuonAdamW --parameters 'w1:64x32" ||
        fail "the page has other characters than the help"
fi
if has mandoc; then
    mandoc -T lint -W error "$page" || fail "mandoc"
fi

bash=$share/bash-completion/completions/ravine
zsh=$share/zsh/site-functions/_ravine
fish=$share/fish/vendor_completions.d/ravine.fish
for file in "$bash" "$zsh" "$fish"; do [ -s "$file" ] || fail "there is no $file"; done
[ "$(head -n 1 "$zsh")" = "#compdef ravine" ] || fail "zsh would not load _ravine"
if has bash; then
    bash -n "$bash" || fail "bash -n"
    # offers EXPECTED WORD...: what the last word is completed to.
    offers() {
        expected=$1
        shift
        found=$(bash --norc -c '
            file=$1; shift
            . "$file"
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
            COMP_POINT=${#COMP_LINE}
            _ravine "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf "%s\n" "${COMPREPLY[@]}"' bash "$bash" "$@" | sed 's/ *$//' | tr '\n' ' ')
        [ "$found" = "$expected " ] || fail "bash completes \`$*\` to \`$found\`"
    }
    offers describe ravine de
    offers MuonAdamW ravine describe MuonA
    offers Signum ravine compare Lion Signu
    offers cosine_similarity ravine zoo cosine_s
    offers --parameters ravine describe Lion --par
fi
if has zsh; then zsh -n "$zsh" || fail "zsh -n"; fi
if has fish; then
    fish --no-execute "$fish" || fail "fish --no-execute"
    fish --no-config -c "source $fish; complete -C 'ravine de'" | grep -q '^describe' || fail "fish completes nothing"
fi
echo "the page of man(1) and the completions are well"
