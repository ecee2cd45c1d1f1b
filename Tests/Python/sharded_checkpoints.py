"""One of several processes that save a run as a distributed checkpoint, or go on from one: sharded_checkpoints.py RANK SIZE FILE
FOLDER save|load RULE..."""

import os
import sys

import torch
import torch.distributed as dist

import ravine.torch


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(66, 200), torch.nn.Tanh(), torch.nn.Linear(200, 70), torch.nn.Linear(70, 6))


def train(model, optimizer, steps, first=0):
    for k in range(first, first + steps):
        torch.manual_seed(k)
        x = torch.randn(8, 66)
        optimizer.zero_grad()
        (model(x) - x[:, :6] ** 2).square().mean().backward()
        optimizer.step()


def whole(value):
    return value.full_tensor() if hasattr(value, "full_tensor") else value


def main():
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.state_dict import (
        StateDictOptions, get_optimizer_state_dict, get_state_dict, set_optimizer_state_dict, set_state_dict,
    )
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import DTensor

    rank, size, file, folder, mode, rules = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6], sys.argv[6:]
    dist.init_process_group("gloo", rank=rank, world_size=size, init_method="file://" + file)
    mesh = dist.device_mesh.init_device_mesh("cpu", (size,))
    for rule in rules:
        made = getattr(ravine.torch, rule)
        model = network()
        fully_shard(model, mesh=mesh)
        optimizer = made([(name.replace(".", "_"), p) for name, p in model.named_parameters()], lr=0.01 if mode == "save" else 0.5)
        place = os.path.join(folder, rule)
        if mode == "save":
            train(model, optimizer, 3)
        weights, states = get_state_dict(model, optimizer)
        like = all(
            isinstance(value, DTensor) or value.shape != p.shape
            for p, kept in zip(model.parameters(), states["state"].values()) for value in kept.values()
        )
        if mode == "save":
            dcp.save({"model": weights, "optimizer": states}, checkpoint_id=place)
            full = get_optimizer_state_dict(model, optimizer, options=StateDictOptions(full_state_dict=True))
            if rank == 0:
                torch.save(full, place + ".pt")
            train(model, optimizer, 2, first=3)
            end = [p.full_tensor() for p in model.parameters()]
            if rank == 0:
                torch.save(end, place + ".end.pt")
            print(rule, like, 0.0, 0.0, 0.0, flush=True)
        else:
            dcp.load({"model": weights, "optimizer": states}, checkpoint_id=place)
            set_state_dict(model, optimizer, model_state_dict=weights, optim_state_dict=states)
            kept = torch.load(place + ".pt")["state"]
            now = get_optimizer_state_dict(model, optimizer)["state"]
            far = max(
                ((whole(value) - kept[p][name]).abs().max() / kept[p][name].abs().max().clamp(min=1e-30)).item()
                for p in kept for name, value in now[p].items()
            )
            # The same, by the whole of it.
            other = made([(name.replace(".", "_"), p) for name, p in model.named_parameters()], lr=0.5)
            set_optimizer_state_dict(
                model, other, torch.load(place + ".pt"), options=StateDictOptions(full_state_dict=True)
            )
            now = get_optimizer_state_dict(model, other)["state"]
            again = max(
                ((whole(value) - kept[p][name]).abs().max() / kept[p][name].abs().max().clamp(min=1e-30)).item()
                for p in kept for name, value in now[p].items()
            )
            train(model, optimizer, 2, first=3)
            end = torch.load(place + ".end.pt")
            after = max((p.full_tensor() - q).abs().max().item() for p, q in zip(model.parameters(), end))
            print(rule, like, far, again, after, flush=True)
    dist.barrier()
    dist.destroy_process_group()
    sys.stdout.flush()
    # Threads of PyTorch's that are left may end a process with a signal.
    os._exit(0)


main()
