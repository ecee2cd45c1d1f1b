"""One of two processes that train a network spread by `fully_shard`: sharded.py RANK FILE RULE..."""

import copy
import os
import sys

import torch
import torch.distributed as dist

import ravine.torch


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 9), torch.nn.Tanh(), torch.nn.Linear(9, 5))


def train(model, optimizer, steps):
    for k in range(steps):
        torch.manual_seed(k)
        x = torch.randn(8, 6)
        optimizer.zero_grad()
        (model(x) - x[:, :5] ** 2).square().mean().backward()
        optimizer.step()


def main():
    from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import DTensor

    rank, file, rules = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    dist.init_process_group("gloo", rank=rank, world_size=2, init_method="file://" + file)
    mesh = dist.device_mesh.init_device_mesh("cpu", (2,))
    for rule in rules:
        made = getattr(ravine.torch, rule)
        alone = network()
        own = made([(name.replace(".", "_"), p) for name, p in alone.named_parameters()], lr=0.01)
        train(alone, own, 3)
        model = network()
        fully_shard(model, mesh=mesh)
        spread = made([(name.replace(".", "_"), p) for name, p in model.named_parameters()], lr=0.01)
        train(model, spread, 3)
        far = max((p.full_tensor() - q).abs().max().item() for p, q in zip(model.parameters(), alone.parameters()))
        p = next(iter(model.parameters()))
        states = [value for name, value in spread.state[p].items() if isinstance(value, DTensor)]
        sizes = sum(value.to_local().numel() for value in states), sum(value.numel() for value in states)

        # A checkpoint of all of it, gone on with.
        kept = copy.deepcopy(get_optimizer_state_dict(model, spread))
        later = made([(name.replace(".", "_"), p) for name, p in model.named_parameters()], lr=0.5)
        set_optimizer_state_dict(model, later, kept)
        train(model, later, 2)
        train(alone, own, 2)
        after = max((p.full_tensor() - q).abs().max().item() for p, q in zip(model.parameters(), alone.parameters()))
        if rank == 0:
            layouts = ",".join(one.layout for one in ravine.torch.layouts(spread))
            print(rule, far, after, *sizes, layouts, flush=True)
    dist.barrier()
    dist.destroy_process_group()
    sys.stdout.flush()
    # Threads of PyTorch's that are left may end a process with a signal.
    os._exit(0)


main()
