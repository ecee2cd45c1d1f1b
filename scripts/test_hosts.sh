#!/bin/sh
# Rules in PyTorch and JAX, and exports, run by the real thing: makes a virtual environment with NumPy, PyTorch, JAX and
# optax below .build (some gigabytes), or takes the Python that HOSTS_PYTHON names; runs the tests of `ravine.torch` and
# `ravine.optax`, the blocks of docs/pytorch.md and docs/jax.md, and every export against the recorded runs.
# With --write, docs/exports.md is written as well.
set -eu
cd "$(dirname "$0")/.."
python=${HOSTS_PYTHON:-.build/hosts/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv .build/hosts
    "$python" -m pip install --quiet numpy torch expecttest jax optax
fi
# Rules inside of PyTorch and JAX, on the library of the build that is there, or the one that RAVINE_LIBRARY names.
if [ -z "${RAVINE_LIBRARY:-}" ]; then
    swift build -c release --product CRavine
    scripts/library.sh "$(swift build -c release --show-bin-path)" .build/hosts-library/libravine.so
fi
library=${RAVINE_LIBRARY:-$PWD/.build/hosts-library/libravine.so}
for tests in test_torch test_optax test_documents; do
    RAVINE_LIBRARY=$library PYTHONPATH=Sources/Python PYTHONDONTWRITEBYTECODE=1 \
        "$python" -m unittest discover -s Tests/Python -p "$tests.py"
done
exec "$python" scripts/exports.py "${RAVINE:-.build/release/ravine}" "$@"
