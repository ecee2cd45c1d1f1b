"""Made-up weights, gradients and losses, the same for both sides of a replay: this module is a walk, others are objects
with the same functions."""

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


class Given:
    """Weights and gradients of each step as they are given."""

    def __init__(self, weights: Sequence[Any], slopes: Sequence[Sequence[Any]]) -> None:
        self.weights, self.slopes = weights, slopes

    def first_weights(self, shapes: Sequence[Sequence[int]], seed: int) -> List[Any]:
        return [one.copy() for one in self.weights]

    def gradients(self, shapes: Sequence[Sequence[int]], seed: int, k: int) -> List[Any]:
        return [one.copy() for one in self.slopes[k - 1]]

    def loss(self, seed: int, k: int) -> float:
        return loss(seed, k)


def loss(seed: int, k: int) -> float:
    import numpy as np

    return float(np.random.default_rng([seed, 3, k]).uniform(0.5, 1.5))
