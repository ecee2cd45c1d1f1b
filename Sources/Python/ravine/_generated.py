"""What a rule's source for another host says: its names there, and the rule's own."""

from __future__ import annotations

import inspect
from typing import Any, Dict, List, Tuple

from .signatures import Signature, spelled


class Generated:
    """What `rule.export(host)` prints, run: what is made in it, and the names of states.

    Args:
        host: ``torch`` or ``optax``.
    """

    def __init__(self, sign: Signature, fixed: Tuple[Tuple[str, Any], ...], host: str) -> None:
        self.sign = sign
        self.text: str = sign.rule(fixed).export(host)
        space: Dict[str, Any] = {"__name__": f"ravine.{host}.generated.{sign.name}"}
        exec(compile(self.text, f"<{sign.name} for {host}>", "exec"), space)
        #: The classes and functions of the source.
        self.own: List[Any] = [one for one in space.values() if getattr(one, "__module__", None) == space["__name__"]]
        #: By the name of a state in the source, spelled plainly, that of the rule.
        self.names: Dict[str, str] = {
            key: name
            for variant in sign.base._manifest["variants"] for name in variant["states"]
            for key in (spelled(name.split(".")[-1]), spelled(name.replace(".", "_")))
        }

    def taken(self, function: Any) -> Tuple[Dict[str, inspect.Parameter], Dict[str, str]]:
        """The arguments of a function of the source; and of those that are hyperparameters, their names in Python."""
        wanted = dict(inspect.signature(function).parameters)
        return wanted, {name: own for name in wanted if (own := self.sign.named(name)) is not None}
