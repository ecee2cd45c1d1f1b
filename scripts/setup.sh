#!/bin/sh
# Makes sure that a build can succeed: the Swift compiler, GNU readline, SQLite; and OpenBLAS with LAPACK, which
# is loaded while programs run.
# Installs what is missing, says what and how, and stops with a clear message where it may not.
set -eu

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# --- Swift -------------------------------------------------------------------------------------
command -v swift >/dev/null 2>&1 ||
    stop "there is no Swift on the PATH; install 6.3 or later from https://www.swift.org/install"
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1)
[ -n "$version" ] || stop "cannot tell the version of Swift from 'swift --version'"
major=${version%%.*}
minor=${version#*.}
if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 3 ]; }; then
    stop "Swift $version is too old; install 6.3 or later from https://www.swift.org/install"
fi

# --- Libraries ---------------------------------------------------------------------------------
case $(uname -s) in
Darwin)
    # Linear algebra comes with the system (Accelerate).
    if command -v brew >/dev/null 2>&1; then
        if ! brew list --versions readline >/dev/null 2>&1; then
            say "installing with Homebrew: readline"
            brew install readline >&2 ||
                stop "brew install failed; missing: readline (install it and try again)"
        fi
    elif [ ! -d /opt/local/include/readline ] && [ ! -d /usr/local/include/readline ]; then
        stop "GNU readline is missing; install Homebrew (https://brew.sh), then 'brew install readline'"
    fi
    ;;
Linux)
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "not Debian or Ubuntu: readline must be there already, and OpenBLAS for large products"
        exit 0
    fi
    missing=""
    for package in libreadline-dev libopenblas0 libsqlite3-dev; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || exit 0
    root=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            stop "missing:$missing; ask an administrator for: apt-get install$missing"
        root="sudo"
        # Without a terminal nobody can type a password.
        if [ ! -t 0 ]; then
            root="sudo -n"
            $root true 2>/dev/null ||
                stop "missing:$missing; sudo wants a password, so run it yourself: sudo apt-get install$missing"
        fi
    fi
    say "installing with apt-get:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # Old lists may do; if they do not, the installation says so.
    # shellcheck disable=SC2086
    $root apt-get update -qq >&2 || say "apt-get update failed; going on with the lists that are there"
    # shellcheck disable=SC2086
    $root apt-get install -y -qq --no-install-recommends $missing >&2 ||
        stop "apt-get install failed; missing:$missing (install them and try again)"
    ;;
*)
    say "unknown system: readline must be there already, and OpenBLAS for large products"
    ;;
esac
