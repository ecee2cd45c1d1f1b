"""Reads the optimizers that people have in Python as rules.

>>> from ravine.read import read_torch
>>> print(read_torch("torch.optim:SGD", lr=0.1).source)
"""

from .errors import (
    BranchError, ClockError, ConstructionError, LimitError, OperationError, RandomnessError, ReadingError, StateError,
    ValidationError,
)  # fmt: skip
from .reading import Reading, read_optax, read_torch

__all__ = [
    "BranchError", "ClockError", "ConstructionError", "LimitError", "OperationError", "RandomnessError", "Reading", "ReadingError",
    "StateError", "ValidationError", "read_optax", "read_torch",
]  # fmt: skip
