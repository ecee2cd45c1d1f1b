#!/bin/sh
# Runs scripts/bench_peers.py with the Python that RAVINE_PEERS_PYTHON names, or with one that has the
# packages, made under .build the first time (they take some gigabytes).
set -eu
cd "$(dirname "$0")/.."
python=${RAVINE_PEERS_PYTHON:-.build/peers/bin/python}
if [ -z "${RAVINE_PEERS_PYTHON:-}" ] && ! "$python" -c 'import torch, optax, pytorch_optimizer, lion_pytorch, optimi, bitsandbytes, torchao' 2>/dev/null; then
    command -v python3 >/dev/null || { echo "bench-peers: there is no python3" >&2; exit 1; }
    echo "bench-peers: installing the packages in .build/peers (once; some gigabytes)" >&2
    python3 -m venv .build/peers
    "$python" -m pip install --quiet torch optax jax pytorch-optimizer lion-pytorch \
        torch-optimi bitsandbytes torchao >&2 || {
        echo "bench-peers: pip could not install them; name a Python that has them in RAVINE_PEERS_PYTHON" >&2
        exit 1
    }
fi
# The rules as optimizers of PyTorch and transformations of optax are among the contestants.
prefix=${RAVINE_PREFIX:-.build/hosts/prefix}
[ -e "$prefix/lib/libravine.so" ] && [ -z "$(find Sources -name '*.swift' -newer "$prefix/lib/libravine.so" | head -n 1)" ] ||
    scripts/install.sh "$prefix" >&2
prefix=$(cd "$prefix" && pwd)
RAVINE_LIBRARY=$prefix/lib/libravine.so RAVINE_PROGRAM=$prefix/bin/ravine PYTHONPATH=$PWD/Sources/Python \
    exec "$python" scripts/bench_peers.py "$@"
