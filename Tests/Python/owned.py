"""One of two processes that step matrices by their owners: owned.py RANK FILE"""

import os
import sys

import torch
import torch.distributed as dist

import ravine
import ravine.torch

#: Of eight matrices, no two of one size.
SHAPES = [(12, 8), (6, 30), (8, 8), (4, 5), (20, 12), (3, 3), (40, 6), (9, 16)]


def spread(mesh, axis=0):
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    torch.manual_seed(1)
    placements = [Replicate()] * mesh.ndim
    placements[axis] = Shard(0)
    return [torch.nn.Parameter(distribute_tensor(torch.randn(shape), mesh, placements)) for shape in SHAPES]


def slopes(params, seed, turn=lambda k, g: g):
    from torch.distributed.tensor import distribute_tensor

    torch.manual_seed(seed)
    for k, p in enumerate(params):
        g = turn(k, torch.randn(p.shape))
        p.grad = distribute_tensor(g, p.device_mesh, p.placements) if hasattr(p, "device_mesh") else g


def main():
    rank, file = int(sys.argv[1]), sys.argv[2]
    dist.init_process_group("gloo", rank=rank, world_size=2, init_method="file://" + file)
    mesh = dist.device_mesh.init_device_mesh("cpu", (2,))
    params = spread(mesh)
    optimizer = ravine.torch.Muon([(f"w{k}", p) for k, p in enumerate(params)], lr=0.02)
    plan = ravine.torch.layouts(optimizer)
    print("owners", *[one.owner for one in plan])
    kept = [optimizer.state[p]["m"].device.type == "cpu" for p in params]
    print("kept", kept == [one.owner == rank for one in plan])

    # A matrix that is added later.
    from torch.distributed.tensor import Shard, distribute_tensor

    late = torch.nn.Parameter(distribute_tensor(torch.randn(7, 9), mesh, [Shard(1)]))
    optimizer.add_param_group({"params": [("late", late)]})
    print("late", [one.owner for one in ravine.torch.layouts(optimizer)][:-1] == [one.owner for one in plan])
    slopes([*params, late], 2)
    optimizer.step()
    print("steps", {float(optimizer.state[p]["step"]) for p in params})

    # What has no answer at one owner is told at both.
    solving = ravine.torch.rule("rule Solving(lr = 0.1) {\n state n, s\n s' = s + g\n n' = n + g\n w' = w - lr * solve(g @ g.T, s')\n}")
    params = [p for p in spread(mesh) if p.shape == (8, 8) or p.shape == (3, 3)]
    optimizer = solving(params)
    slopes(params, 3)
    optimizer.step()
    before = [p.full_tensor().clone() for p in params] + [whole for whole in states(optimizer, params)]
    slopes(params, 4, lambda k, g: g if k else torch.zeros_like(g))
    try:
        optimizer.step()
        print("solving", "went on")
    except ravine.NumericError as error:
        after = [p.full_tensor() for p in params] + [whole for whole in states(optimizer, params)]
        print("solving", error.code, all(map(torch.equal, before, after)))
    slopes(params, 5)
    optimizer.step()
    print("on", {float(optimizer.state[p]["step"]) for p in params})

    # A step that is left out is left out for all.
    guarded = ravine.torch.rule("rule Guarded(lr = 0.1) {\n guard finite\n w' = w - lr * orthogonalise(g)\n}")
    params = spread(mesh)
    optimizer = guarded(params)
    slopes(params, 6, lambda k, g: g if k else g * float("nan"))
    optimizer.step()
    print("left", [int(optimizer.state[p]["step"]) for p in params], all(p.full_tensor().isfinite().all() for p in params))
    slopes(params, 6)
    optimizer.step()
    print("guarded", [int(optimizer.state[p]["step"]) for p in params], all(p.full_tensor().isfinite().all() for p in params))

    # Replicas of shards.
    wide = dist.device_mesh.init_device_mesh("cpu", (1, 2), mesh_dim_names=("replicas", "shards"))
    params = spread(wide, 1)
    optimizer = ravine.torch.Muon(params, lr=0.02)
    slopes(params, 7)
    optimizer.step()
    torch.manual_seed(1)
    alone = [torch.nn.Parameter(torch.randn(shape)) for shape in SHAPES]
    own = ravine.torch.Muon(alone, lr=0.02)
    slopes(alone, 7)
    own.step()
    far = max((p.full_tensor() - q).abs().max().item() for p, q in zip(params, alone))
    print("replicas", far < 1e-6, *[one.layout for one in ravine.torch.layouts(optimizer)][:1])

    # Gradients that lie otherwise, whole or to be summed.
    from torch.distributed.tensor import DTensor, Partial, Replicate

    far = 0.0
    for rule in ("Muon", "AdamW", "LAMB"):
        for placement in (Replicate(), Partial()):
            params, alone = spread(mesh), [torch.nn.Parameter(p.full_tensor().detach().clone()) for p in spread(mesh)]
            optimizer, own = getattr(ravine.torch, rule)(params, lr=0.02), getattr(ravine.torch, rule)(alone, lr=0.02)
            slopes(alone, 8)
            for p, q in zip(params, alone):
                g = q.grad / 2 if isinstance(placement, Partial) else q.grad
                p.grad = DTensor.from_local(g.clone(), mesh, [placement])
            optimizer.step()
            own.step()
            far = max(far, *((p.full_tensor() - q).abs().max().item() for p, q in zip(params, alone)))
    print("laid", far < 1e-6)
    dist.barrier()
    dist.destroy_process_group()
    sys.stdout.flush()
    # Threads of PyTorch's that are left may end a process with a signal.
    os._exit(0)


def states(optimizer, params):
    return [
        value.full_tensor() if hasattr(value, "full_tensor") else value.clone()
        for one in optimizer.state_dict()["state"].values() for value in one.values()
    ]


main()
