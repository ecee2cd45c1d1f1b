"""The matrix library that the package depends on."""

from __future__ import annotations

import importlib.util
import os


def name_library() -> None:
    """Names the matrix library that the package depends on, unless the user names one."""
    if "RAVINE_BLAS" in os.environ:
        return
    found = importlib.util.find_spec("scipy_openblas32")
    if found is None or not found.submodule_search_locations:
        return
    path = os.path.join(found.submodule_search_locations[0], "lib", "libscipy_openblas.so")
    if os.path.exists(path):
        os.environ["RAVINE_BLAS"] = path
