#!/bin/sh
# Exports, run by the real thing: makes a virtual environment with NumPy, PyTorch, JAX and optax below .build (some
# gigabytes), or takes the Python that HOSTS_PYTHON names, and runs every export against the recorded runs.
# With --write, docs/exports.md is written as well.
set -eu
cd "$(dirname "$0")/.."
python=${HOSTS_PYTHON:-.build/hosts/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv .build/hosts
    "$python" -m pip install --quiet numpy torch jax optax
fi
exec "$python" scripts/exports.py "${RAVINE:-.build/release/ravine}" "$@"
