#!/bin/sh
# Rules in PyTorch and JAX, optimizers of theirs that are read, and exports, run by the real thing: makes a virtual environment
# with NumPy, PyTorch, JAX, optax, Ray and a kernel of Jupyter below .build (some gigabytes), or takes the Python that
# HOSTS_PYTHON names; runs the tests of `ravine.torch`, `ravine.optax`, `ravine.read` and `ravine.ray`, a notebook, the blocks
# of the documents that need them, every rule through pdflatex where it is there, and every export against the recorded
# runs. With --write, docs/exports.md is written as well.
set -eu
cd "$(dirname "$0")/.."
python=${HOSTS_PYTHON:-.build/hosts/bin/python}
if [ ! -x "$python" ]; then
    python3 -m venv .build/hosts
    "$python" -m pip install --quiet numpy torch torchao expecttest jax optax ray nbclient ipykernel
fi

# The library and the program of the build that is there, or of the place that RAVINE_PREFIX names.
prefix=${RAVINE_PREFIX:-.build/hosts/prefix}
[ -e "$prefix/lib/libravine.so" ] && [ -z "$(find Sources -name '*.swift' -newer "$prefix/lib/libravine.so" | head -n 1)" ] ||
    scripts/install.sh "$prefix"
prefix=$(cd "$prefix" && pwd)
for tests in 'test_torch*' test_optax 'test_reading*' test_documents test_notebook test_farm; do
    RAVINE_LIBRARY=$prefix/lib/libravine.so RAVINE_PROGRAM=$prefix/bin/ravine PYTHONPATH=$PWD/Sources/Python \
        PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest discover -s Tests/Python -p "$tests.py"
done
ravine=${RAVINE:-$prefix/bin/ravine}
"$python" Tests/Hosts/latex.py "$ravine"
exec "$python" scripts/exports.py "$ravine" "$@"
