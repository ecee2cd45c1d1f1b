#!/bin/sh
# Exports, run by the real thing: makes a virtual environment with NumPy, PyTorch, JAX and optax below .build (some
# gigabytes), or takes the Python that HOSTS_PYTHON names, and runs every export against the recorded runs.
# With --write, docs/exports.md is written as well. Then optimizers are read, and docs/reading.md is run.
set -eu
cd "$(dirname "$0")/.."
python=${HOSTS_PYTHON:-.build/hosts/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv .build/hosts
    "$python" -m pip install --quiet numpy torch jax optax
fi
"$python" scripts/exports.py "${RAVINE:-.build/release/ravine}" "$@"

# The package beside PyTorch and JAX, and the documents that need them.
prefix=${RAVINE_PREFIX:-.build/hosts/prefix}
[ -e "$prefix/lib/libravine.so" ] && [ -z "$(find Sources -name '*.swift' -newer "$prefix/lib/libravine.so" | head -n 1)" ] ||
    scripts/install.sh "$prefix"
prefix=$(cd "$prefix" && pwd)
for test in test_reading test_documents; do
    RAVINE_LIBRARY=$prefix/lib/libravine.so RAVINE_PROGRAM=$prefix/bin/ravine PYTHONPATH=Sources/Python \
        PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest "Tests/Python/$test.py"
done
