"""The base of the classes of rules: what a `torch.optim.Optimizer` promises."""

from __future__ import annotations

import contextlib
import warnings
from collections import OrderedDict
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

import torch
from torch.optim.optimizer import (
    Optimizer,
    _global_optimizer_post_hooks as _all_post_hooks,
    _global_optimizer_pre_hooks as _all_pre_hooks,
)

from .._errors import Diagnostic, KindError, RavineError, UsageError
from ..signatures import Signature
from . import _blocks, _compiled, _native, _portable, _sharding
from ._native import Active
from ._stepping import first, layout, routed

Parameters = Union[Iterable[torch.Tensor], Iterable[Dict[str, Any]], Iterable[Tuple[str, torch.Tensor]]]

#: What a group holds besides hyperparameters.
_OWN_KEYS = ("params", "param_names", "maximize", "rule", "initial_lr")

#: What others write into groups for themselves: monitors, layer-wise rates, schedulers.
_MARKS = (
    "name", "group_name", "layer_id", "layer_name", "lr_scale", "wd_scale", "max_lr", "min_lr", "base_momentum", "max_momentum",
    "swa_lr",
)

#: How torch.optim is to go about a step, which is one call here whatever they say.
_UNREAD = ("foreach", "fused")


_is_traced = torch.compiler.is_dynamo_compiling
_is_profiled = torch.autograd._profiler_enabled


def _mirrored(key: str, names: Tuple[str, ...], values: Dict[str, Any]) -> Any:
    """A value under PyTorch's name."""
    return tuple(values[name] for name in names) if key == "betas" else values[names[0]]


class _Kept:
    """A state on its way through `Optimizer.load_state_dict`, which would round it to the parameter's type."""

    def __init__(self, value: Any) -> None:
        self.value = value


class RuleOptimizer(Optimizer):
    """An optimizer whose steps are those of a rule.

    States are tensors under the names that the rule gives them, `optimizer.state[p]["m"]`, there from the start; beside
    them is `step`, the steps that the parameter has done.
    """

    _signature: Signature
    _is_ready = False
    #: For `torch.amp.GradScaler`: a step takes scaled gradients, and is left out where they are not finite.
    _step_supports_amp_scaling = True
    _repeat: Any = None
    _saw_view = False

    def _begin(
        self, params: Parameters, values: Dict[str, Any], maximize: bool, total_steps: int, seed: int, engine: str
    ) -> None:
        sign = self._signature
        sign.check(values)
        self._options = {"total_steps": int(total_steps), "seed": int(seed), "engine": engine}
        _native.engine(engine)
        mirrored = {key: _mirrored(key, names, values) for key, names in sign.mirrors.items()}
        super().__init__(params, dict(values, **mirrored, maximize=maximize, rule=sign.base.name))
        if sign.reads_names and not all("param_names" in group for group in self.param_groups):
            warnings.warn(
                f"`{sign.name}` routes parameters by their names, and they have none: give model.named_parameters()",
                stacklevel=3,
            )
        self._ready()

    # Groups

    def add_param_group(self, param_group: Dict[str, Any]) -> None:
        """Adds parameters, with hyperparameters of their own under any of their spellings."""
        if isinstance(param_group, dict):
            own = _OWN_KEYS + tuple(key for key in _MARKS if self._signature.named(key) is None)
            given = {key: value for key, value in param_group.items() if key not in own + _UNREAD}
            values = self._signature.normalised(given)
            self._signature.check({**self.defaults, **values})
            for key, names in self._signature.mirrors.items():
                values[key] = _mirrored(key, names, {**self.defaults, **values})
            param_group = {key: value for key, value in param_group.items() if key in own} | values
        try:
            super().add_param_group(param_group)
        except (TypeError, ValueError) as error:
            if isinstance(error, RavineError):
                raise
            # What PyTorch itself says, with a code.
            kind = KindError if isinstance(error, TypeError) else UsageError
            raise kind(str(error), code="R0826") from None
        try:
            for p in self.param_groups[-1]["params"]:
                _native.require_parameter(p, self._signature.name, self._signature.is_elementwise)
            if self._is_ready:
                _native.require_together(self._signature, [(p, group) for _, _, group, p in self._listed()])
                self._ready()
        except Exception:
            self.param_groups.pop()
            raise

    def _ready(self) -> None:
        """Gives every parameter its states, so that a checkpoint can be loaded before the first step."""
        self._is_ready = True
        #: By the places of parameters, which process owns them.
        self._owners: Dict[int, int] = self.__dict__.get("_owners", {})
        self._plan: Any = None
        self._mirrors: Dict[Any, Any] = {}
        self._mirror()
        self._repeat: Any = None
        # A parameter that is listed twice, which PyTorch warns of, has states once.
        missing = list(
            {
                id(p): Active(p, None, group, k, name)
                for k, name, group, p in self._listed()
                if "step" not in self.state.setdefault(p, {})
            }.values()
        )
        if missing:
            try:
                first(self, missing)
            except Exception:
                for one in missing:
                    self.state.pop(one.parameter, None)
                raise
        _compiled.prepare(self)

    def _mirror(self) -> None:
        """What a scheduler has turned under PyTorch's name is the rule's as well, and the other way round."""
        for key, names in self._signature.mirrors.items():
            for group in self.param_groups:
                now = _mirrored(key, names, group)
                if group.get(key, now) != now:
                    turned = self._signature.turned(key, group[key])
                    if self._mirrors.get((id(group), key)) == group[key]:
                        # It is the rule's own name that was set.
                        group[key] = now
                    else:
                        group.update(turned)
                self._mirrors[id(group), key] = group.setdefault(key, now)

    def _listed(self) -> Iterable[Tuple[int, str, Dict[str, Any], torch.Tensor]]:
        """All parameters: their place, name and group."""
        k = 0
        for group in self.param_groups:
            names = group.get("param_names")
            for j, p in enumerate(group["params"]):
                yield k, names[j] if names else f"w{k}", group, p
                k += 1

    # Steps

    def step(self, closure: Optional[Callable[[], Any]] = None, *, loss: Any = None) -> Any:
        """One step by the gradients, which are only read; returns the closure's loss.

        `loss` is for rules that read it, where there is no closure.
        """
        if closure is None and loss is None:
            # Before what costs something: most steps are the last one with other gradients.
            if self._repeat is not None and not self._is_watched() and self._repeat.step(self):
                return None
            return self._watched()
        return self._watched(closure, loss=loss) if loss is not None else self._watched(closure)

    # `Optimizer` puts hooks and a record of the profiler around `step`, which cost more than a small step: they are
    # around `_step` instead, and left out where nobody looks.
    step.hooked = True  # type: ignore[attr-defined]

    def _is_watched(self) -> bool:
        return bool(
            _is_traced() or self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks or _all_pre_hooks
            or _all_post_hooks or "found_inf" in self.__dict__ or _is_profiled()
        )

    @Optimizer.profile_hook_step
    def _watched(self, closure: Optional[Callable[[], Any]] = None, *, loss: Any = None) -> Any:
        return self._step(closure, loss)

    @torch.no_grad()
    def _step(self, closure: Optional[Callable[[], Any]], loss: Any) -> Any:
        if "train" in self._signature.views and not self._saw_view:
            raise UsageError(
                f"`{self._signature.name}` takes gradients at its `view train`: compute them inside of "
                '`with optimizer.weights("train"):`'
            )
        self._saw_view = False
        self._mirror()
        if not torch.compiler.is_dynamo_compiling():
            # States that were taken away begin anew.
            if any("step" not in self.state.get(p, ()) for _, _, _, p in self._listed()):
                self._ready()
        value = None
        if closure is not None:
            with torch.enable_grad():
                value = closure()
        # What `torch.amp.GradScaler` leaves here.
        found = self.__dict__.get("found_inf")
        if found is None or not float(found):
            routed(self, value if loss is None else loss, closure, self.__dict__.get("grad_scale"))
        return value

    def set_input(self, parameter: torch.Tensor, name: str, value: torch.Tensor) -> None:
        """Gives what the rule reads besides gradients, such as a curvature; it stays until it is set again."""
        known = [one.name for one in layout(self, parameter) if one.kind == "input"]
        if name not in known:
            raise UsageError(f"`{self._signature.name}` reads no input `{name}`; it reads {known}", code="R0808")
        place = next(one for one in layout(self, parameter) if one.name == name)
        if tuple(value.shape) != place.shape:
            raise UsageError(f"the input `{name}` is {tuple(value.shape)}, and is to be {place.shape}", code="R0809")
        kept = value.detach().to(getattr(torch, place.dtype), copy=True).contiguous()
        self.state[parameter]["input_" + name] = kept

    def view(self, name: str, parameter: torch.Tensor) -> torch.Tensor:
        """Weights other than those that are trained, as ``eval``, after the last step; the parameter itself before the
        first one and where the rule has no such view."""
        kept = self.state[parameter]
        if "view_" + name not in kept or not kept["step"]:
            return parameter.detach()
        return kept["view_" + name]

    @contextlib.contextmanager
    def weights(self, name: str = "eval") -> Iterator[None]:
        """Inside, the parameters are a view: ``eval`` to evaluate, or ``train`` where a rule has one, to take the
        gradients. They are put back at the end."""
        kept = [(p, p.detach().clone()) for _, _, _, p in self._listed()]
        with torch.no_grad():
            for p, _ in kept:
                p.copy_(self.view(name, p))
        try:
            yield
        finally:
            with torch.no_grad():
                for p, w in kept:
                    p.copy_(w)
            self._saw_view = name == "train"

    # Checkpoints

    def state_dict(self) -> Dict[str, Any]:
        """As PyTorch has it. Parameters that are spread over processes have states that are spread alike, whoever keeps
        them, so that another number of processes can take them; all processes ask for it then."""
        if not any(_sharding.is_sharded(p) for _, _, _, p in self._listed()):
            return super().state_dict()
        kept = self.state
        self.state = _portable.portable(self)
        try:
            return super().state_dict()
        finally:
            self.state = kept

    def load_state_dict(self, state_dict: Dict[str, Any]) -> None:
        """Takes states of this rule, by name. Raises UsageError for those of another one, with all that differs;
        nothing is changed then."""
        hooks, self._optimizer_load_state_dict_pre_hooks = self._optimizer_load_state_dict_pre_hooks, OrderedDict()
        try:
            if isinstance(state_dict, dict):
                state_dict = state_dict.copy()
            for hook in hooks.values():
                changed = hook(self, state_dict)
                if changed is not None:
                    state_dict = changed
            known = self._fitting(state_dict)
            super().load_state_dict({**state_dict, "state": {**state_dict["state"], **known}})
        finally:
            self._optimizer_load_state_dict_pre_hooks = hooks

    def _fitting(self, state_dict: Any) -> Dict[Any, Dict[str, _Kept]]:
        """The states of parameters, as they are to be here. Raises UsageError for what does not fit."""
        differences: List[str] = []
        found: Dict[Any, Dict[str, _Kept]] = {}
        if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= set(state_dict):
            differences.append("it has no `state` and `param_groups`")
        elif not isinstance(state_dict["param_groups"], (list, tuple)) or not isinstance(state_dict["state"], Mapping):
            differences.append("its `param_groups` are no list, or its `state` is no dictionary")
        elif not all(isinstance(group, dict) and isinstance(group.get("params"), (list, tuple)) for group in state_dict["param_groups"]):
            differences.append("a group has no `params`")
        else:
            groups, there = state_dict["param_groups"], state_dict["state"]
            differences += self._differences_of(groups)
            # In the words that PyTorch has for it.
            if len(groups) != len(self.param_groups):
                differences.append("loaded state dict has a different number of parameter groups")
            elif any(len(one["params"]) != len(own["params"]) for one, own in zip(groups, self.param_groups)):
                differences.append(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
                )
            else:
                ids = [k for group in groups for k in group["params"]]
                # As that of a parameter that was frozen, it begins anew where there is none.
                own = [
                    (key, Active(p, None, group, k, name))
                    for key, (k, name, group, p) in zip(ids, self._listed()) if there.get(key)
                ]
                for key, active in own:
                    differences += self._differences(active, there[key])
                for key, active in own if not differences else []:
                    found[key] = {one: _Kept(self._restored(active, one, value)) for one, value in there[key].items()}
        if differences:
            shown = differences[:8] + ([f"and {len(differences) - 8} more"] if len(differences) > 8 else [])
            message = "the checkpoint does not fit this optimizer"
            raise UsageError(
                f"error[R0771]: {message}\n" + "\n".join(f"note: {one}" for one in shown),
                [Diagnostic("R0771", "error", message, notes=tuple(shown))],
            )
        return found

    def _differences_of(self, groups: List[Dict[str, Any]]) -> Iterator[str]:
        sign = self._signature
        for group in groups:
            rule = group.get("rule", sign.base.name)
            if rule != sign.base.name:
                yield f"the rule is `{rule}` there and `{sign.base.name}` here"
                return
        for group in groups:
            try:
                turned: Dict[str, Any] = {}
                for key in sign.mirrors:
                    if key in group:
                        turned.update(sign.turned(key, group[key]))
                own = {one.name: group[one.name] for one in sign.hypers if one.name in group}
                # A rate that went down to 0 with the last step of a run is in its checkpoint; a step would refuse it.
                sign.check({**self.defaults, **own}, with_ends=True)
                sign.check({**self.defaults, **own, **turned}, with_ends=True)
            except UsageError as error:
                yield error.diagnostics[0].message

    def _differences(self, active: Active, there: Any) -> Iterator[str]:
        name, kept = active.name, self.state[active.parameter]
        if not isinstance(there, dict) or self._names(there) != self._names(kept) or "step" not in there:
            found = sorted(self._names(there)) if isinstance(there, dict) else []
            yield (
                f"the states of `{name}` are {', '.join(found) or 'none'} there and "
                f"{', '.join(sorted(self._names(kept))) or 'none'} here"
            )
            return
        for one, value in there.items():
            like = kept.get(one)
            if isinstance(like, torch.Tensor):
                if _sharding.is_sharded(active.parameter):
                    why = _portable.why_unlike(self, active, one, like, value)
                else:
                    why = _native.why_unlike(like, self._as_kept(active, one, value))
                if why:
                    yield f"`{one}` of `{name}` is {why}"
                elif one == "step" and not (float(value) >= 0 and float(value).is_integer()):
                    yield f"`step` of `{name}` is no count of steps: {float(value):g}"

    def _restored(self, active: Active, name: str, value: Any) -> Any:
        like = self.state[active.parameter].get(name)
        if isinstance(like, torch.Tensor) and _sharding.is_sharded(active.parameter):
            return _portable.restored(self, active, name, like, value)
        return _native.restored(like, self._as_kept(active, name, value))

    def _as_kept(self, active: Active, name: str, value: Any) -> Any:
        """What came from many processes is put together, and has blocks where the state has."""
        like = self.state[active.parameter].get(name)
        if _sharding.is_sharded(value):
            value = value.full_tensor()
        if isinstance(value, torch.Tensor) and isinstance(like, torch.Tensor):
            if like.dtype is torch.uint8 and value.is_floating_point():
                place = next((one for one in layout(self, active.parameter) if one.name == name), None)
                if place is not None and place.shape == tuple(value.shape) and _blocks.kind_of(place.storage):
                    return _blocks.packed(value, place.storage, place.bytes)
        return value

    @staticmethod
    def _names(states: Dict[str, Any]) -> "set[str]":
        """The names of states, without what else is kept beside them."""
        return {one for one in states if one != "step" and not one.startswith(("view_", "input_"))}

    def __getstate__(self) -> Dict[str, Any]:
        return {**super().__getstate__(), "_options": self._options, "_owners": self._owners}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        options = state.pop("_options", None) if "_options" in state else None
        if options is not None:
            self._options = options
        if "_owners" in state:
            self._owners = state.pop("_owners")
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.defaults.items():
                # The last is PyTorch's, which puts it among the defaults when it loads.
                if name not in self._signature.mirrors and name != "differentiable":
                    group.setdefault(name, value)
        for p, kept in self.state.items():
            if isinstance(kept, dict) and isinstance(p, torch.Tensor):
                self.state[p] = {name: one.value if isinstance(one, _Kept) else one for name, one in kept.items()}
        self._ready()
