"""The command line that the package carries."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Takes the place of this process."""
    from ._blas import name_library

    name_library()
    program = Path(__file__).parent / "ravine"
    os.execv(str(program), [str(program), *sys.argv[1:]])
