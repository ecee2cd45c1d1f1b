"""States of PyTorch's own optimizers as those of rules, and back."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Tuple, Union

import torch

from .._errors import UsageError
from ..signatures import signature


class _Likeness(NamedTuple):
    """How a rule and a class of torch.optim call the same things."""

    #: In torch.optim.
    name: str
    #: By the rule's names, those of PyTorch.
    states: Dict[str, str]
    #: The same of hyperparameters; a place in a pair is a name and a number.
    hypers: Dict[str, Union[str, Tuple[str, int]]]
    #: What a group of PyTorch must have for the steps to be the same.
    needs: Dict[str, Any]
    #: Whether PyTorch keeps the count of steps.
    has_step: bool = True


_MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq"}
_BETAS: Dict[str, Union[str, Tuple[str, int]]] = {
    "lr": "lr", "beta1": ("betas", 0), "beta2": ("betas", 1), "eps": "eps", "weight_decay": "weight_decay",
}
_MOMENTUM: Dict[str, Union[str, Tuple[str, int]]] = {
    "lr": "lr", "mu": "momentum", "damping": "dampening", "weight_decay": "weight_decay",
}
_RMS: Dict[str, Union[str, Tuple[str, int]]] = {"lr": "lr", "alpha": "alpha", "eps": "eps", "weight_decay": "weight_decay"}

_KNOWN: Dict[str, _Likeness] = {
    "SGD": _Likeness("SGD", {}, {"lr": "lr", "weight_decay": "weight_decay"}, {"momentum": 0, "nesterov": False}, False),
    "HeavyBall": _Likeness("SGD", {"b": "momentum_buffer"}, _MOMENTUM, {"nesterov": False}, False),
    "Nesterov": _Likeness("SGD", {"b": "momentum_buffer"}, _MOMENTUM, {"nesterov": True}, False),
    "Adam": _Likeness("Adam", _MOMENTS, _BETAS, {"amsgrad": False, "decoupled_weight_decay": False}),
    "AMSGrad": _Likeness(
        "Adam", {**_MOMENTS, "largest": "max_exp_avg_sq"}, _BETAS, {"amsgrad": True, "decoupled_weight_decay": False}
    ),
    "AdamW": _Likeness("AdamW", _MOMENTS, _BETAS, {"amsgrad": False}),
    "NAdam": _Likeness(
        "NAdam", {**_MOMENTS, "P": "mu_product"},
        {**_BETAS, "psi": "momentum_decay", "decoupled": "decoupled_weight_decay"}, {},
    ),
    "RAdam": _Likeness("RAdam", _MOMENTS, {**_BETAS, "decoupled": "decoupled_weight_decay"}, {}),
    "AdaMax": _Likeness("Adamax", {"m": "exp_avg", "u": "exp_inf"}, _BETAS, {}),
    "AdaGrad": _Likeness(
        "Adagrad", {"s": "sum"},
        {
            "lr": "lr", "eps": "eps", "decay": "lr_decay", "weight_decay": "weight_decay",
            "initial": "initial_accumulator_value",
        }, {},
    ),
    "AdaDelta": _Likeness(
        "Adadelta", {"s": "square_avg", "a": "acc_delta"},
        {"lr": "lr", "rho": "rho", "eps": "eps", "weight_decay": "weight_decay"}, {},
    ),
    "RMSProp": _Likeness("RMSprop", {"v": "square_avg"}, _RMS, {"momentum": 0, "centered": False}),
    "RMSPropMomentum": _Likeness(
        "RMSprop", {"v": "square_avg", "b": "momentum_buffer"}, {**_RMS, "mu": "momentum"}, {"centered": False}
    ),
    "RMSPropCentred": _Likeness(
        "RMSprop", {"v": "square_avg", "mean_g": "grad_avg", "b": "momentum_buffer"}, {**_RMS, "mu": "momentum"},
        {"centered": True},
    ),
    "Rprop": _Likeness(
        "Rprop", {"last": "prev", "size": "step_size"},
        {"lr": "lr", "down": ("etas", 0), "up": ("etas", 1), "low": ("step_sizes", 0), "high": ("step_sizes", 1)}, {},
    ),
    "ASGD": _Likeness(
        "ASGD", {"mean": "ax"},
        {"lr": "lr", "fade": "lambd", "alpha": "alpha", "t0": "t0", "weight_decay": "weight_decay"}, {},
    ),
    "MuonTorch": _Likeness(
        "Muon", {"m": "momentum_buffer"},
        {"lr": "lr", "mu": "momentum", "weight_decay": "weight_decay", "eps": "eps", "nesterov": "nesterov", "steps": "ns_steps"},
        {"adjust_lr_fn": None}, False,
    ),
}


def convert_state(state_dict: Mapping[str, Any], rule: str, to: str = "ravine") -> Dict[str, Any]:
    """The state dict of a class of torch.optim as that of the rule which takes the same steps, or back (`to="torch"`).
    Tensors are copies.

    >>> ours.load_state_dict(ravine.torch.convert_state(theirs.state_dict(), "AdamW"))
    >>> theirs.load_state_dict(ravine.torch.convert_state(ours.state_dict(), "AdamW", to="torch"))

    Raises UsageError for rules that torch.optim does not have, and for options that the rule has not.
    """
    if rule not in _KNOWN:
        raise UsageError(f"torch.optim has no `{rule}`; it has {', '.join(_KNOWN)}", code="R0771")
    if to not in ("ravine", "torch"):
        raise UsageError(f"`to` is {to!r}: it is to be 'ravine' or 'torch'")
    like = _KNOWN[rule]
    groups = [(_group_here if to == "ravine" else _group_there)(like, rule, group) for group in state_dict["param_groups"]]
    states = {
        key: (_states_here if to == "ravine" else _states_there)(like, rule, kept)
        for key, kept in state_dict["state"].items()
    }
    if to == "torch" and rule == "ASGD":
        # What PyTorch keeps besides follows from the step.
        for group in groups:
            for key in group["params"]:
                t = float(states[key]["step"]) if key in states else 0.0
                if key in states:
                    states[key]["eta"] = torch.as_tensor(
                        group["lr"] / (1 + group["lambd"] * group["lr"] * t) ** group["alpha"], dtype=torch.float32
                    )
                    states[key]["mu"] = torch.as_tensor(1 / max(1.0, t - group["t0"]), dtype=torch.float32)
    return {"state": states, "param_groups": groups}


def _group_here(like: _Likeness, rule: str, group: Mapping[str, Any]) -> Dict[str, Any]:
    for name, value in like.needs.items():
        if group.get(name, value) != value:
            raise UsageError(f"`{rule}` is torch.optim.{like.name} with {name}={value!r}, and there it is {group[name]!r}", code="R0771")
    kept = {key: group[key] for key in ("params", "param_names", "initial_lr") if key in group}
    values = {}
    for own, there in like.hypers.items():
        name, place = there if isinstance(there, tuple) else (there, None)
        if name in group:
            value = group[name] if place is None else group[name][place]
            values[own] = float(value) if isinstance(value, (bool, int)) else value
    return {**values, **kept, "maximize": group.get("maximize", False), "rule": signature(rule).base.name}


def _group_there(like: _Likeness, rule: str, group: Mapping[str, Any]) -> Dict[str, Any]:
    made = dict(getattr(torch.optim, like.name)([torch.zeros(1, 1)]).defaults)
    made.update(like.needs)
    for own, there in like.hypers.items():
        if own not in group:
            continue
        name, place = there if isinstance(there, tuple) else (there, None)
        value = group[own]
        if place is not None:
            pair = list(made[name])
            pair[place] = value
            value = tuple(pair)
        elif isinstance(made[name], bool):
            value = bool(value)
        elif isinstance(made[name], int) and isinstance(value, float) and value.is_integer():
            value = int(value)
        made[name] = value
    made.update({key: group[key] for key in ("params", "param_names", "initial_lr", "maximize") if key in group})
    return made


def _states_here(like: _Likeness, rule: str, kept: Mapping[str, Any]) -> Dict[str, Any]:
    made: Dict[str, Any] = {}
    for own, there in like.states.items():
        if kept.get(there) is None:
            raise UsageError(f"`{rule}` has a state `{own}`, and there is no `{there}` in the state dict", code="R0771")
        value = torch.as_tensor(kept[there]).detach().clone()
        made[own] = value.to(torch.float64) if value.ndim == 0 and own == "P" else value
    step = kept.get("step", 1.0 if kept else 0.0)
    return {**made, "step": torch.as_tensor(float(step), dtype=torch.float32)}


def _states_there(like: _Likeness, rule: str, kept: Mapping[str, Any]) -> Dict[str, Any]:
    made = {there: kept[own].detach().clone() for own, there in like.states.items()}
    if "mu_product" in made:
        made["mu_product"] = made["mu_product"].to(torch.float32)
    if like.has_step:
        made["step"] = torch.as_tensor(float(kept["step"]), dtype=torch.float32)
    return made
