"""Rules as transformations of optax.

>>> import ravine.optax
>>> optimizer = ravine.optax.transform("Lion", lr=1e-4, weight_decay=0.1)
>>> optimizer = ravine.optax.Lion(lr=1e-4)

On the processor a step is one call of the library inside of the compiled function, elsewhere operations of `jax.numpy`.
"""

from __future__ import annotations

from typing import Any, List

from ._transform import RuleState, factory, transform

__all__ = ["RuleState", "factory", "transform"]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ..questions import zoo

    if name not in zoo():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}: there is no rule of this name")
    made = factory(name)
    globals()[name] = made
    return made


def __dir__() -> List[str]:
    from ..questions import zoo

    return sorted(set(__all__) | set(zoo()))
