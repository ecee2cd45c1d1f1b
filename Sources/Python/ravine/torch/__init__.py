"""Rules as optimizers of PyTorch.

>>> import ravine.torch
>>> optimizer = ravine.torch.Lion(model.parameters(), lr=1e-4, weight_decay=0.1)
>>> optimizer = ravine.torch.rule("my.opt:Mine")(model.parameters(), lr=1e-3)

Every rule that comes with Ravine is a class here, made when it is asked for.
"""

from __future__ import annotations

from typing import Any, List

from ._classes import RuleType, of_zoo, rule
from ._convert import convert_state
from ._optimizer import RuleOptimizer
from ._sharding import Layout, layouts

__all__ = ["Layout", "RuleOptimizer", "RuleType", "convert_state", "layouts", "rule"]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = of_zoo(name)
    globals()[name] = made
    return made


def __dir__() -> List[str]:
    from ..questions import zoo

    return sorted(set(__all__) | set(zoo()))
