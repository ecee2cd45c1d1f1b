#!/bin/sh
# Installs the executable with its page of man(1) and what shells complete of it, libravine with its header, and what
# pkg-config and CMake ask, below PREFIX.
# Usage: install.sh PREFIX [BUILD]; BUILD is what `swift build --show-bin-path` names, of a build that is there, in the
# place of one that is made.
set -eu
cd "$(dirname "$0")/.."
prefix=$1
version=$(sed -n 's/.*static let text: StaticString = "\(.*\)"/\1/p' Sources/Basics/Version.swift)
build=${2:-}
if [ -z "$build" ]; then
    swift build -c release --product ravine
    swift build -c release --product CRavine
    build=$(swift build -c release --show-bin-path)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/executable.sh "$build" "$work/ravine"
scripts/library.sh "$build" "$work/libravine.so"

mkdir -p "$prefix/bin" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Ravine" "$prefix/include"
install -m 755 "$work/ravine" "$prefix/bin/ravine"
install -m 755 "$work/libravine.so" "$prefix/lib/libravine.so.$version"
ln -sf "libravine.so.$version" "$prefix/lib/libravine.so.0"
ln -sf libravine.so.0 "$prefix/lib/libravine.so"
install -m 644 Sources/CRavine/include/ravine.h "$prefix/include/ravine.h"

# The program says itself what its commands take.
share=$prefix/share
mkdir -p "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions" \
    "$share/fish/vendor_completions.d"
"$work/ravine" manual >"$work/ravine.1"
install -m 644 "$work/ravine.1" "$share/man/man1/ravine.1"
# completion SHELL FILE
completion() {
    "$work/ravine" --generate-completion-script "$1" >"$work/completion"
    install -m 644 "$work/completion" "$share/$2"
}
completion bash bash-completion/completions/ravine
completion zsh zsh/site-functions/_ravine
completion fish fish/vendor_completions.d/ravine.fish

# Absolute, so that a relative PREFIX works from anywhere.
prefix=$(cd "$prefix" && pwd)
cat >"$prefix/lib/pkgconfig/ravine.pc" <<END
prefix=$prefix
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: ravine
Description: A language for optimizers
Version: $version
Libs: -L\${libdir} -Wl,-rpath,\${libdir} -lravine
Cflags: -I\${includedir}
END
cat >"$prefix/lib/cmake/Ravine/RavineConfig.cmake" <<'END'
# Ravine::ravine, where this file was installed.
get_filename_component(_ravine_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET Ravine::ravine)
  add_library(Ravine::ravine SHARED IMPORTED)
  set_target_properties(Ravine::ravine PROPERTIES
    IMPORTED_LOCATION "${_ravine_prefix}/lib/libravine.so"
    IMPORTED_SONAME libravine.so.0
    INTERFACE_INCLUDE_DIRECTORIES "${_ravine_prefix}/include")
endif()
unset(_ravine_prefix)
END
cat >"$prefix/lib/cmake/Ravine/RavineConfigVersion.cmake" <<END
set(PACKAGE_VERSION $version)
if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
END
echo "installed below $prefix: bin/ravine, lib/libravine.so, include/ravine.h, share/man, completions of bash, zsh and fish"
