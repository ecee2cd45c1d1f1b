"""Ravine: optimizers as source.

>>> import numpy, ravine
>>> w = numpy.ones(3)
>>> optimizer = ravine.Rule("Lion", lr=0.1).bind(w)
>>> optimizer.step(2 * w)
>>> w
array([0.9, 0.9, 0.9])
"""

from ._errors import BusyError, Diagnostic, NumericError, ProgramError, RavineError, UsageError
from ._version import version as __version__
from .minimise import OptimizeResult, minimize
from .optimizer import Optimizer
from .questions import Comparison, Plot, Run, check, compare, format, run, zoo
from .rule import Rule

__all__ = [
    "BusyError",
    "Comparison",
    "Diagnostic",
    "NumericError",
    "OptimizeResult",
    "Optimizer",
    "Plot",
    "ProgramError",
    "RavineError",
    "Rule",
    "Run",
    "UsageError",
    "__version__",
    "check",
    "compare",
    "format",
    "minimize",
    "run",
    "zoo",
]
