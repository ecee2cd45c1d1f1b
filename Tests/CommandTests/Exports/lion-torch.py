"""Lion: evolved sign momentum. lion_pytorch and optax decay before the step, which is the same in

exact arithmetic.
Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675

Needs PyTorch alone.

Printed by Ravine from

    rule Lion(lr = 1e-4 in [0, inf), β1 = 0.9 in [0, 1), β2 = 0.99 in [0, 1), λ = 0 in [0, inf)) {
        state m
        update = sign(ema(m, g, β1))
        w' = w - lr * (update + λ * w)
        m' = ema(m, g, β2)
    }
"""

import torch


class Lion(torch.optim.Optimizer):
    """Lion: evolved sign momentum."""

    def __init__(
        self,
        params,
        lr=0.0001,
        beta1=0.9,
        beta2=0.99,
        lambda_=0,
        *,
        maximize=False,
        foreach=None,
    ):
        if not lr >= 0:
            raise ValueError(f"lr = {lr} is outside [0, inf)")
        if not 0 <= beta1 < 1:
            raise ValueError(f"beta1 = {beta1} is outside [0, 1)")
        if not 0 <= beta2 < 1:
            raise ValueError(f"beta2 = {beta2} is outside [0, 1)")
        if not lambda_ >= 0:
            raise ValueError(f"lambda_ = {lambda_} is outside [0, inf)")
        defaults = dict(
            lr=lr,
            beta1=beta1,
            beta2=beta2,
            lambda_=lambda_,
            maximize=maximize,
            foreach=foreach,
            step=0,
        )
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        """One step by the gradients; returns the closure's loss."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            group["step"] += 1
            params = [p for p in group["params"] if p.grad is not None]
            for p in params:
                if p.grad.is_sparse:
                    raise RuntimeError("Lion takes no sparse gradients")
                if not self.state[p]:
                    self.state[p].update(self._first(p, group))
            if group["foreach"]:
                self._foreach(params, group)
            else:
                self._for_loop(params, group)
        return loss

    def _first(self, w, group):
        """The states of a parameter before its first step."""
        return {"m": torch.zeros_like(w)}

    def _for_loop(self, params, group):
        lr = group["lr"]
        beta1 = group["beta1"]
        beta2 = group["beta2"]
        lambda_ = group["lambda_"]
        for p in params:
            state = self.state[p]
            w = p
            g = -p.grad if group["maximize"] else p.grad
            m = state["m"]
            update = torch.sign(beta1 * m + (1 - beta1) * g)
            m.mul_(beta2).add_(g, alpha=1 - beta2)
            w.add_(update + lambda_ * w, alpha=-lr)

    def _foreach(self, params, group):
        if not params:
            return
        lr = group["lr"]
        beta1 = group["beta1"]
        beta2 = group["beta2"]
        lambda_ = group["lambda_"]
        w = params
        g = [p.grad for p in params]
        if group["maximize"]:
            g = torch._foreach_neg(g)
        m = [self.state[p]["m"] for p in params]
        x = torch._foreach_mul(m, beta1)
        torch._foreach_add_(x, g, alpha=1 - beta1)
        torch._foreach_sign_(x)
        torch._foreach_mul_(m, beta2)
        torch._foreach_add_(m, g, alpha=1 - beta2)
        x_2 = torch._foreach_add(x, w, alpha=lambda_)
        torch._foreach_add_(w, x_2, alpha=-lr)
