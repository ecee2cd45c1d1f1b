"""Made-up weights, gradients and losses, the same for both sides of a replay."""

from __future__ import annotations

from typing import Any, List, Sequence


def first_weights(shapes: Sequence[Sequence[int]], seed: int) -> List[Any]:
    import numpy as np

    generator = np.random.default_rng([seed, 1])
    return [np.asarray(generator.normal(size=tuple(one))) for one in shapes]


def gradients(shapes: Sequence[Sequence[int]], seed: int, k: int) -> List[Any]:
    import numpy as np

    generator = np.random.default_rng([seed, 2, k])
    # Every other walk has gradients that agree with each other, so that averages differ from the last one.
    lean = 0.5 if seed % 2 else 0.0
    return [np.asarray(lean + generator.normal(size=tuple(one))) for one in shapes]


def loss(seed: int, k: int) -> float:
    import numpy as np

    return float(np.random.default_rng([seed, 3, k]).uniform(0.5, 1.5))
