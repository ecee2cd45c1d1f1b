"""Losses, gradients and products with the Hessian of operations of networks, by PyTorch in float64.

    python3 networks.py > networks.tsv

Each line: an objective, its loss, then for each parameter its values, its gradient, a direction, and the product of
the Hessian with the directions. Images are batch × height × width × channels here, so they are turned for PyTorch.
"""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)


def weights(value):
    return torch.sin(0.7 * (torch.arange(value.numel()) % 16).double()).reshape(value.shape)


def text(numbers):
    return " ".join(f"{float(x):.15g}" for x in numbers.reshape(-1))


def case(header, value, f, shapes, outer="tanh({})"):
    """The sum of `value` times fixed weights, made crooked by `outer`."""
    x = [(torch.rand(s) * 2 - 1).round(decimals=6).requires_grad_() for s in shapes]
    y = f(*x)
    crooked = torch.tanh(y) if outer.startswith("tanh") else y * y
    loss = (crooked * weights(y)).sum()
    gradients = torch.autograd.grad(loss, x, create_graph=True)
    v = [(torch.rand(s) * 2 - 1).round(decimals=6) for s in shapes]
    slope = sum((g * d).sum() for g, d in zip(gradients, v))
    products = torch.autograd.grad(slope, x, allow_unused=True)
    n, dims = y.numel(), ", ".join(map(str, y.shape))
    shape = f"reshape(sin(0.7 * (iota({n}) mod 16)), {dims})"
    source = f"objective f({header}) = sum({outer.format(value)} * {shape})"
    cells = [source, f"{float(loss.detach()):.15g}"]
    for p, g, d, h in zip(x, gradients, v, products):
        h = torch.zeros_like(p) if h is None else h
        cells += [text(p.detach()), text(g.detach()), text(d), text(h.detach())]
    print("\t".join(cells))


def named(**shapes):
    """`A = (2, 3)` as it stands in a header, and the shapes."""
    words = {0: "scalar", 1: "vector", 2: "matrix"}
    parts = [
        f"{name}: {words.get(len(s), 'tensor')}({', '.join(map(str, s))}) = 0" for name, s in shapes.items()
    ]
    return ", ".join(parts), list(shapes.values())


def op(value, f, outer="tanh({})", **shapes):
    header, sizes = named(**shapes)
    case(header, value, f, sizes, outer)


# Stacks of matrices.
op("A @ B", lambda a, b: a @ b, A=(2, 3, 4), B=(2, 4, 5))
op("A @ B", lambda a, b: a @ b, A=(3, 4), B=(2, 4, 5))
op("A @ B", lambda a, b: a @ b, A=(2, 3, 4), B=(4, 5))
op("A @ B", lambda a, b: a @ b, A=(2, 1, 3, 4), B=(3, 4, 2))
op("A @ B", lambda a, b: a @ b, A=(1, 3, 4), B=(5, 4, 2))
op("A @ B", lambda a, b: a @ b, A=(3, 2, 4), B=(1, 4, 1))
op("A @ B", lambda a, b: a @ b, A=(4, 1, 1), B=(4, 1, 1))
op("A @ v", lambda a, v: a @ v[:, None], A=(2, 3, 4), v=(4,))
op("u @ A", lambda u, a: u[None, :] @ a, u=(3,), A=(2, 3, 4))
op("A @ A.T", lambda a: a @ a.mT, A=(3, 2, 4))
op("A.T @ B", lambda a, b: a.mT @ b, A=(3, 4, 2), B=(3, 4, 5))
op("(A @ B).T @ C", lambda a, b, c: (a @ b).mT @ c, A=(2, 3, 4), B=(4, 2), C=(2, 3, 2))
op("A @ B", lambda a, b: a @ b, A=(5, 17, 9), B=(5, 9, 18))
op("A @ B.T", lambda a, b: a @ b.mT, A=(2, 2, 3, 4), B=(2, 2, 5, 4))
# Along the rows and the columns of each.
op("row_sum(x) * col_mean(x)", lambda x: x.sum(-1, keepdim=True) * x.mean(-2, keepdim=True), x=(2, 3, 4))
op("row_max(x) + col_max(x)", lambda x: x.amax(-1, keepdim=True) + x.amax(-2, keepdim=True), x=(2, 3, 4))
op("row_norm(x) - col_rms(x)", lambda x: x.norm(dim=-1, keepdim=True) - x.square().mean(-2, keepdim=True).sqrt(), x=(2, 2, 3, 2))
op("row_min(x) * col_min(x)", lambda x: x.amin(-1, keepdim=True) * x.amin(-2, keepdim=True), x=(3, 1, 4))
op("softmax(x) @ y", lambda x, y: torch.softmax(x, -1) @ y, x=(2, 3, 3), y=(2, 3, 4))
op("layer_norm(x, 2, 1)", lambda x: 2 * F.layer_norm(x, (4,)) + 1, x=(2, 3, 4))
mask = torch.ones(3, 3).tril().bool()
op(
    "softmax(if reshape(iota(3), 3, 1) >= iota(3) then (x @ Q) @ (x @ K).T / 2 else -1e9) @ (x @ V)",
    lambda x, q, k, v: torch.softmax(((x @ q) @ (x @ k).mT / 2).masked_fill(~mask, -1e9), -1) @ (x @ v),
    x=(2, 3, 4), Q=(4, 4), K=(4, 4), V=(4, 4),
)


# Patches of images.
def unfold(x, rows, cols, stride=1, pad=0):
    x = F.pad(x, (0, 0, pad, pad, pad, pad))
    x = x.unfold(-3, rows, stride).unfold(-3, cols, stride)  # ..., H', W', C, rows, cols
    return x.movedim(-3, -1).flatten(-3, -2)


def conv(x, k, stride=1, pad=0):
    return F.conv2d(x.permute(0, 3, 1, 2), k.permute(3, 2, 0, 1), stride=stride, padding=pad).permute(0, 2, 3, 1)


def pool(f, x, *arguments, **words):
    return f(x.permute(0, 3, 1, 2), *arguments, **words).permute(0, 2, 3, 1)


for window in [(2, 3), (1, 1), (3, 3, 2, 1), (2, 2, 9), (2, 1, 3, 4), (4, 5), (6, 7, 1, 2)]:
    words = ", ".join(map(str, window))
    op(f"unfold(x, {words})", lambda x: unfold(x, *window), x=(2, 4, 5, 2))
op("unfold(x, 2, 2)", lambda x: unfold(x, 2, 2), x=(3, 3, 1))
op("unfold(x, 2, 2, pad = 1)", lambda x: unfold(x, 2, 2, pad=1), x=(1, 2, 2, 3, 1))
for size, kernel, more in [
    ((2, 5, 6, 3), (3, 3, 3, 4), {}),
    ((2, 5, 6, 3), (1, 1, 3, 2), {}),
    ((2, 5, 6, 3), (3, 2, 3, 2), {"stride": 2, "pad": 1}),
    ((1, 4, 4, 1), (2, 2, 1, 1), {"pad": 3}),
    ((3, 4, 4, 1), (3, 3, 1, 2), {"stride": 7}),
    ((1, 3, 3, 2), (3, 3, 2, 5), {}),
    ((2, 1, 7, 2), (1, 3, 2, 2), {"stride": 2}),
    ((1, 2, 2, 1), (5, 5, 1, 1), {"pad": 2}),
]:
    words = "".join(f", {k} = {v}" for k, v in more.items())
    op(f"conv2d(x, K{words})", lambda x, k: conv(x, k, **more), x=size, K=kernel)
op("conv2d(conv2d(x, A, pad = 1)^2, B, 2)", lambda x, a, b: conv(conv(x, a, pad=1).square(), b, 2), x=(2, 4, 4, 1), A=(3, 3, 1, 2), B=(2, 2, 2, 3))
op("unfold(x, 2, 2)[0, :, :, :, 0] @ V", lambda x, v: unfold(x, 2, 2)[0, :, :, :, 0] @ v, x=(2, 3, 3, 1), V=(4, 2))
op("max_pool(x, 2)", lambda x: pool(F.max_pool2d, x, 2), x=(2, 4, 5, 3))
op("max_pool(x, 3, 2, 1, 1)", lambda x: pool(F.max_pool2d, x, (3, 2), 1, 1), x=(2, 4, 5, 2))
op("max_pool(x - 3, 3, stride = 2, pad = 1)", lambda x: pool(F.max_pool2d, x - 3, 3, 2, 1), x=(2, 5, 4, 1))
op("mean_pool(x, 2)", lambda x: pool(F.avg_pool2d, x, 2), x=(2, 4, 5, 3))
op("mean_pool(x, 3, stride = 2, pad = 1)", lambda x: pool(F.avg_pool2d, x, 3, 2, 1), x=(1, 5, 4, 2))
op("max_pool(relu(conv2d(x, K, pad = 1)), 2)", lambda x, k: pool(F.max_pool2d, F.relu(conv(x, k, pad=1)), 2), outer="{}^2", x=(2, 4, 4, 1), K=(3, 3, 1, 3))
