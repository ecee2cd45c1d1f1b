"""Lion: evolved sign momentum. lion_pytorch and optax decay before the step, which is the same in

exact arithmetic.
Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675

Needs NumPy. The parameters are changed in place:

    optimizer = Lion(params)
    optimizer.step(grads)

Printed by Ravine from

    rule Lion(lr = 1e-4 in [0, inf), β1 = 0.9 in [0, 1), β2 = 0.99 in [0, 1), λ = 0 in [0, inf)) {
        state m
        update = sign(ema(m, g, β1))
        w' = w - lr * (update + λ * w)
        m' = ema(m, g, β2)
    }
"""

import numpy as np


class Lion:
    """Lion: evolved sign momentum."""

    def __init__(self, params, lr=0.0001, beta1=0.9, beta2=0.99, lambda_=0):
        if not lr >= 0:
            raise ValueError(f"lr = {lr} is outside [0, inf)")
        if not 0 <= beta1 < 1:
            raise ValueError(f"beta1 = {beta1} is outside [0, 1)")
        if not 0 <= beta2 < 1:
            raise ValueError(f"beta2 = {beta2} is outside [0, 1)")
        if not lambda_ >= 0:
            raise ValueError(f"lambda_ = {lambda_} is outside [0, inf)")
        self.params = list(params)
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.lambda_ = lambda_
        self.t = 0
        self.states = [self._first(w) for w in self.params]

    def _first(self, w):
        """The states of a tensor before the first step."""
        return {"m": np.zeros_like(w)}

    def step(self, grads):
        """One step by the gradients of the parameters."""
        self.t += 1
        lr = self.lr
        beta1 = self.beta1
        beta2 = self.beta2
        lambda_ = self.lambda_
        for w, g, state in zip(self.params, grads, self.states):
            m = state["m"]
            update = np.sign(beta1 * m + (1 - beta1) * g)
            state["m"] = beta2 * m + (1 - beta2) * g
            w[...] = w - lr * (update + lambda_ * w)
