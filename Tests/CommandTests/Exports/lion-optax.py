"""Lion: evolved sign momentum. lion_pytorch and optax decay before the step, which is the same in

exact arithmetic.
Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675

Needs JAX and optax.

Printed by Ravine from

    rule Lion(lr = 1e-4 in [0, inf), β1 = 0.9 in [0, 1), β2 = 0.99 in [0, 1), λ = 0 in [0, inf)) {
        state m
        update = sign(ema(m, g, β1))
        w' = w - lr * (update + λ * w)
        m' = ema(m, g, β2)
    }
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


def _kept(new, old):
    """States in the shapes and types of those before."""
    return {
        k: jnp.broadcast_to(new[k], x.shape).astype(x.dtype) for k, x in old.items()
    }


class LionState(NamedTuple):
    """What a step hands to the next."""

    count: jax.Array
    # For each parameter its states by name, in the order of its tree.
    tensors: Any


def lion(lr=0.0001, beta1=0.9, beta2=0.99, lambda_=0):
    """Lion: evolved sign momentum."""

    def init(params):
        def first(w):
            return {"m": jnp.zeros_like(w)}

        leaves, treedef = jax.tree.flatten(params)
        tensors = [first(w) for w in leaves]
        return LionState(
            count=jnp.zeros((), jnp.int32), tensors=treedef.unflatten(tensors)
        )

    def update(grads, state, params=None):
        if params is None:
            raise ValueError(
                "the parameters are needed: update(updates, state, params)"
            )
        count = optax.safe_increment(state.count)
        t = jnp.asarray(count, float)
        leaves, treedef = jax.tree.flatten(params)
        grads = treedef.flatten_up_to(grads)
        old = treedef.flatten_up_to(state.tensors)
        updates, tensors = [], []
        for p, grad, kept in zip(leaves, grads, old):
            w, g = p, grad
            m = kept["m"]
            new = dict(kept)
            update_2 = jnp.sign(beta1 * m + (1 - beta1) * g)
            new["m"] = beta2 * m + (1 - beta2) * g
            updates.append(-lr * (update_2 + lambda_ * w))
            tensors.append(_kept(new, kept))
        new = LionState(count, treedef.unflatten(tensors))
        return treedef.unflatten(updates), new

    return optax.GradientTransformation(init, update)
