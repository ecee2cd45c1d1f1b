#!/bin/sh
# Reads optimizers of other packages as rules, with the Python of the hosts' tests or the one that HOSTS_PYTHON names.
# With --write, docs/audit.md is written. What was found stays in .build/audit: remove it to look at all of them again.
set -eu
cd "$(dirname "$0")/.."
python=${HOSTS_PYTHON:-.build/hosts/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv .build/hosts
    "$python" -m pip install --quiet numpy torch jax optax
fi
"$python" -c 'import pytorch_optimizer' 2>/dev/null || "$python" -m pip install --quiet pytorch_optimizer
prefix=${RAVINE_PREFIX:-.build/hosts/prefix}
[ -e "$prefix/lib/libravine.so" ] || scripts/install.sh "$prefix"
RAVINE_LIBRARY=$prefix/lib/libravine.so RAVINE_PROGRAM=$(cd "$prefix" && pwd)/bin/ravine PYTHONPATH=Sources/Python \
    exec "$python" scripts/audit.py "$@"
