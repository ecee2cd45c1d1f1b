"""Equations as a person would write them."""

from __future__ import annotations

import math
import re
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from . import expression as ex
from .expression import Expression

_CHOICE, _OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _SIGN, _POWER, _ATOM = range(10)
_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


def numeral(value: Any) -> str:
    if value == "nan":
        return "nan"
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, int) or float(value).is_integer() and abs(value) < 1e6:
        return str(int(value))
    made = _without_zeros(repr(float(value)))
    for precision in range(17):
        short = f"{float(value):.{precision}e}"
        if float(short) == value:
            short = _without_zeros(short)
            return short if len(short) < len(made) else made
    return made


def _without_zeros(made: str) -> str:
    return re.sub(r"e([+-])0*(\d)", lambda m: "e" + ("-" if m[1] == "-" else "") + m[2], made)


def is_tensor(x: Expression) -> bool:
    return any(one.value[0] in ("parameter", "gradient", "state", "primed", "local", "input") for one in x.free)


def _weight_of(x: Expression) -> Tuple[int, int]:
    """Where a factor stands: numbers of the whole step first, then those with t, then tensors."""
    if is_tensor(x):
        return 2, x.number
    return (1 if ex.T in x.free else 0), x.number


def average(
    x: Expression, c: float, y: Expression, d: float, of_names: bool
) -> Optional[Tuple[Expression, Expression, Expression]]:
    """c x + d y as an average: what is kept, what comes in, and the share that is kept."""
    (a, left), (b, right) = ex.factors(x), ex.factors(y)
    if a * c != 1 and b * d != 1:
        return None
    for share, p in left.items():
        if p != 1 or (share.op == "plus") == of_names:
            continue
        rest = ex.subtract(1, share)
        if share.is_number or rest.is_number:
            continue
        if right.get(rest) != 1 or a * c != b * d:
            continue
        one = {k: v for k, v in left.items() if k is not share}
        two = {k: v for k, v in right.items() if k is not rest}
        if not one or not two:
            continue
        return (
            ex.multiply(a * c, *(ex.power(k, v) for k, v in one.items())),
            ex.multiply(b * d, *(ex.power(k, v) for k, v in two.items())),
            share,
        )
    return None


def _place(x: Expression) -> int:
    """Where a term stands in a sum: the weights, states, the gradient, what is made of them, numbers."""
    if x.op == "symbol":
        return {"parameter": 0, "state": 1, "primed": 1, "gradient": 2, "local": 1}.get(x.value[0], 4)
    if x.op == "times" and ex.W in x.args and sum(map(is_tensor, x.args)) == 1:
        return 0 if x.value[0] == 1 else 3
    return 3 if is_tensor(x) else 4


class _Writer:
    def __init__(self) -> None:
        self.memo: Dict[Expression, Tuple[str, int]] = {}

    def at(self, x: Expression, level: int) -> str:
        made, own = self.written(x)
        return f"({made})" if own < level else made

    def written(self, x: Expression) -> Tuple[str, int]:
        found = self.memo.get(x)
        if found is None:
            found = self.memo[x] = self._written(x)
        return found

    def _written(self, x: Expression) -> Tuple[str, int]:
        op = x.op
        if op == "number":
            made = numeral(x.value)
            return made, _SIGN if made.startswith("-") else _ATOM
        if op == "symbol":
            return x.value[1] + ("'" if x.value[0] == "primed" else ""), _ATOM
        if op == "plus":
            return self._sum(x)
        if op == "times":
            return self._product(x)
        if op == "power":
            return f"{self.at(x.args[0], _ATOM)}^{self.at(x.args[1], _SIGN)}", _POWER
        if op in _SIGNS:
            return f"{self.at(x.args[0], _ADD)} {_SIGNS[op]} {self.at(x.args[1], _ADD)}", _COMPARE
        if op in ("and", "or"):
            level = _AND if op == "and" else _OR
            return f" {op} ".join(self.at(one, level + 1) for one in x.args), level
        if op == "not":
            return f"not {self.at(x.args[0], _NOT)}", _NOT
        if op == "if":
            c, a, b = x.args
            return f"if {self.at(c, _OR)} then {self.at(a, _OR)} else {self.at(b, _CHOICE)}", _CHOICE
        if op == "mod":
            return f"{self.at(x.args[0], _MULTIPLY)} mod {self.at(x.args[1], _SIGN)}", _MULTIPLY
        if op == "matmul":
            return f"{self.at(x.args[0], _MULTIPLY)} @ {self.at(x.args[1], _SIGN)}", _MULTIPLY
        if op == "transpose":
            return f"{self.at(x.args[0], _ATOM)}.T", _ATOM
        if op == "global":
            return f"global {x.value}({', '.join(self.at(one, _CHOICE) for one in x.args)})", _SIGN
        if op == "index":
            return f"{self.at(x.args[0], _ATOM)}[{x.value}]", _ATOM
        if op == "list":
            return "[" + ", ".join(self.at(one, _CHOICE) for one in x.args) + "]", _ATOM
        if op == "min" and len(x.args) == 2 and x.args[0].op == "max" and len(x.args[0].args) == 2:
            inner = x.args[0]
            if x.args[1].is_number and inner.args[1].is_number:
                parts = ", ".join(self.at(one, _CHOICE) for one in (inner.args[0], inner.args[1], x.args[1]))
                return f"clip({parts})", _ATOM
        word = {"svd": "lapack_svd"}.get(op, op)
        return f"{word}({', '.join(self.at(one, _CHOICE) for one in x.args)})", _ATOM

    def _sum(self, x: Expression) -> Tuple[str, int]:
        constant, terms = x.value[0], list(ex.terms(x)[1].items())
        pieces: List[Tuple[float, str, Tuple[int, int]]] = []
        used: Set[int] = set()
        # A share with a name, as β of β m + (1 - β) g, before one that is what a name leaves.
        for of_names in (True, False):
            for i, (one, c) in enumerate(terms):
                for j, (other, d) in enumerate(terms):
                    if i == j or i in used or j in used:
                        continue
                    found = average(one, c, other, d, of_names)
                    if found is not None:
                        made = f"ema({', '.join(self.at(part, _CHOICE) for part in found)})"
                        pieces.append((1, made, (1, min(i, j))))
                        used |= {i, j}
        for i, (one, c) in enumerate(terms):
            if i not in used:
                part = ex.scaled(one, abs(c))
                pieces.append((1 if c > 0 else -1, self.at(part, _MULTIPLY), (_place(one), i)))
        has_positive = any(sign > 0 for sign, _, _ in pieces)
        if constant != 0:
            made = numeral(abs(constant))
            last = constant < 0 or has_positive
            pieces.append((1 if constant > 0 else -1, made, (3, 0) if last else (0, 0)))
        pieces.sort(key=lambda one: (one[0] < 0, one[2]))
        if len(pieces) == 1 and pieces[0][0] > 0 and used:
            return pieces[0][1], _ATOM
        text = ("-" if pieces[0][0] < 0 else "") + pieces[0][1]
        for sign, made, _ in pieces[1:]:
            text += (" + " if sign > 0 else " - ") + made
        return text, _ADD

    def _product(self, x: Expression) -> Tuple[str, int]:
        c, factors = ex.factors(x)
        factors = debiased(factors)
        above = sorted(((b, p) for b, p in factors.items() if p > 0), key=lambda one: _weight_of(one[0]))
        below = sorted(((b, p) for b, p in factors.items() if p < 0), key=lambda one: _weight_of(one[0]))
        sign, magnitude = ("-" if c < 0 else ""), abs(c)
        top = [self._power(b, p, _SIGN) for b, p in above]
        bottom = [self._power(b, -p, _SIGN) for b, p in below]
        if magnitude != 1 or not top:
            inverse = 1 / magnitude
            if magnitude < 1 and inverse == int(inverse) and inverse < 1000 and top and inverse != 10 and inverse != 100:
                bottom.insert(0, numeral(inverse))
            else:
                top.insert(0, numeral(magnitude))
        text = " * ".join(top)
        if len(bottom) == 1:
            text += f" / {bottom[0]}"
        elif bottom:
            text += f" / ({' * '.join(bottom)})"
        single = not bottom and len(top) == 1
        if single and above:
            level = self._level(above[0][0], above[0][1])
            return sign + text, min(level, _SIGN) if sign else level
        return sign + text, _ADD + 1 if not sign else _MULTIPLY

    def _level(self, base: Expression, p: float) -> int:
        return self.written(base)[1] if p == 1 else _POWER

    def _power(self, base: Expression, p: float, level: int) -> str:
        if p == 1:
            return self.at(base, level)
        return f"{self.at(base, _ATOM)}^{numeral(p)}"


def debiased(factors: Dict[Expression, float]) -> Dict[Expression, float]:
    """x / (1 - β^t) as debias(x, β), and the root of one over the root of the other as the root of that."""
    factors = dict(factors)
    for rooted in (True, False):
        for below in [one for one, p in factors.items() if p == -1]:
            correction = below.args[0] if rooted and below.op == "sqrt" else below
            if rooted and below.op != "sqrt":
                continue
            share = bias_share(correction)
            if share is None:
                continue
            for above in [one for one, p in factors.items() if p == 1]:
                inside = above.args[0] if rooted and above.op == "sqrt" else above
                if rooted and above.op != "sqrt" or not is_tensor(inside) or inside.op in ("plus", "if"):
                    continue
                if not rooted and not (inside.op == "symbol" or inside.args and inside.op in ("times",)):
                    continue
                made = ex.apply("debias", inside, share)
                del factors[below], factors[above]
                made = ex.apply("sqrt", made) if rooted else made
                factors[made] = factors.get(made, 0) + 1
                break
    return factors


def bias_share(x: Expression) -> Optional[Expression]:
    """β of 1 - β^t."""
    if x.op == "plus" and x.value == (1, (-1,)) and x.args[0].op == "power" and x.args[0].args[1] is ex.T:
        return x.args[0].args[0]
    return None


def text(x: Expression) -> str:
    return _Writer().at(x, _CHOICE)


# Whole rules


def size(x: Expression, memo: Dict[Expression, int]) -> int:
    found = memo.get(x)
    if found is None:
        found = memo[x] = 1 + sum(size(one, memo) for one in x.args)
    return found


def contained(x: Expression, part: Expression, name: Expression, loose: bool = False) -> Optional[Expression]:
    """A sum that holds all terms of another, with that other's name in their place; and so a product with a state."""
    if x.op == "times" and part.op == "times" and x is not part and len(part.args) > 1:
        if not any(one.value[0] == "state" for one in part.free):
            return None
        (c, ours), (d, its) = ex.factors(x), ex.factors(part)
        if any(one not in ours or p * ours[one] < p * p for one, p in its.items()):
            return None
        rest = [ex.power(one, p - its.get(one, 0)) for one, p in ours.items()]
        return ex.multiply(c / d, name, *rest)
    if x.op != "plus" or part.op != "plus" or x is part:
        return None
    (more, ours), (less, its) = ex.terms(x), ex.terms(part)
    ratio = None
    for one, c in its.items():
        if one not in ours:
            return None
        k = ours[one] / c
        if ratio is not None and k != ratio:
            return None
        ratio = k
    if ratio is None or len(part.args) < 2:
        return None
    left = {one: c for one, c in ours.items() if one not in its}
    constant = more - ratio * less
    if less != 0 and constant != 0 and not loose:
        return None
    return ex.add(constant, *(ex.scaled(one, c) for one, c in left.items()), ex.scaled(name, ratio))


def replaced(x: Expression, parts: Sequence[Tuple[Expression, Expression]], loose: bool = False) -> Expression:
    """x with names in place of parts, the largest first, also where a part is the half of a sum."""
    memo: Dict[Expression, Expression] = {}
    table = dict(parts)

    def made(node: Expression) -> Expression:
        found = memo.get(node)
        if found is not None:
            return found
        if node in table:
            result = table[node]
        elif not node.args:
            result = node
        else:
            current = node
            for part, name in parts:
                other = contained(current, part, name, loose)
                if other is not None:
                    current = other
            if current is not node and current.op != "plus":
                result = made(current) if current.args else current
            elif current is not node:
                result = ex.rebuilt(current, [made(one) for one in current.args])
            else:
                result = ex.rebuilt(node, [made(one) for one in node.args])
        memo[node] = result
        return result

    return made(x)


class Line:
    def __init__(self, name: str, made: Expression, is_state: bool) -> None:
        self.name, self.made, self.is_state = name, made, is_state


def lines(
    weight: Expression, states: Dict[Expression, Expression], names: Dict[Expression, str], taken: Iterable[str]
) -> List[Tuple[str, Expression]]:
    """Equations in an order in which what is used stands before, with locals for what is used again."""
    known: Dict[Expression, Expression] = {}
    weight = ex.recognised(weight, known)
    states = {one: ex.recognised(made, known) for one, made in states.items()}
    names = {known.get(one, one): title for one, title in names.items()}
    taken = set(taken) | {one.value[1] for one in states} | {"w", "g", "t", "T"}
    memo: Dict[Expression, int] = {}
    # What a state becomes is called by its primed name.
    primes = [
        (made, ex.symbol("primed", one.value[1])) for one, made in states.items()
        if made.args and not _is_trivial(made)
    ]  # fmt: skip
    primes.sort(key=lambda pair: -size(pair[0], memo))
    equations: Dict[str, Expression] = {}
    for one, made in states.items():
        others = [pair for pair in primes if pair[0] is not made or pair[1].value[1] != one.value[1]]
        smaller = [pair for pair in others if size(pair[0], memo) <= size(made, memo) and pair[0] is not made]
        equations[one.value[1] + "'"] = replaced(made, smaller)
    equations["w'"] = replaced(weight, primes)
    renamed = {replaced(one, primes): name for one, name in reversed(list(names.items()))}
    made_locals: List[Tuple[str, Expression]] = []
    equations, renamed = _decomposed(equations, renamed, made_locals, taken)
    # What is used twice, or has a name and is long, stands by itself.
    for _ in range(200):
        found = _next_local(equations, made_locals, renamed)
        if found is None:
            break
        part, name = found
        name = _free(name, taken)
        taken.add(name)
        here = ex.symbol("local" if is_tensor(part) else "number", name)
        # A number with a name of its own stands for itself in sums with another constant too.
        loose = not is_tensor(part) and part in renamed
        equations = {key: replaced(made, [(part, here)], loose) for key, made in equations.items()}
        made_locals = [(key, replaced(made, [(part, here)], loose)) for key, made in made_locals]
        renamed = {replaced(one, [(part, here)], loose): title for one, title in renamed.items()}
        made_locals.append((name, part))
    return _ordered(made_locals, equations)


_PARTS = {"eigh": ("values", "Q"), "svd": ("U", "S", "V"), "qr": ("Q", "R")}


def _decomposed(
    equations: Dict[str, Expression], names: Dict[Expression, str], made_locals: List[Tuple[str, Expression]],
    taken: Set[str],
) -> Tuple[Dict[str, Expression], Dict[Expression, str]]:
    """Decompositions give several values at once: each has a line that names them."""
    while True:
        roots = list(equations.values()) + [made for _, made in made_locals]
        found = next((one for one in ex.walked(roots) if one.op in _PARTS and one.value is not None), None)
        if found is None:
            return equations, names
        titles, parts = [], []
        for k, title in enumerate(_PARTS[found.op]):
            title = _free(title, taken)
            taken.add(title)
            titles.append(title)
            parts.append((ex.apply(found.op, *found.args, value=k), ex.symbol("local", title)))
        equations = {key: replaced(made, parts) for key, made in equations.items()}
        made_locals[:] = [(key, replaced(made, parts)) for key, made in made_locals]
        names = {replaced(one, parts): title for one, title in names.items()}
        made_locals.append((", ".join(titles), ex.apply(found.op, *found.args)))


def _is_trivial(x: Expression) -> bool:
    return not x.args or x.op == "times" and len(x.args) == 1 and not x.args[0].args


def _free(name: str, taken: Set[str]) -> str:
    from .hyperparameters import identifier

    made = identifier(name)
    if made not in taken and not re.fullmatch(r"[wgtT]", made):
        return made
    k = 2
    while f"{made}{k}" in taken:
        k += 1
    return f"{made}{k}"


def _next_local(
    equations: Dict[str, Expression], made_locals: List[Tuple[str, Expression]], names: Dict[Expression, str]
) -> Optional[Tuple[Expression, str]]:
    roots = list(equations.values()) + [made for _, made in made_locals]
    order = ex.walked(roots)
    uses: Dict[Expression, int] = {}
    for node in order:
        for one in node.args:
            uses[one] = uses.get(one, 0) + 1
    for root in roots:
        uses[root] = uses.get(root, 0) + 1
    memo: Dict[Expression, int] = {}
    # Sums of numbers that the author names, where they are in several others.
    for node in sorted(names, key=lambda one: -size(one, memo)):
        if node.op == "plus" and not is_tensor(node) and not _is_small(node) and node not in roots:
            within = [one for one in order if one is node or contained(one, node, node, True) is not None]
            if sum(uses[one] for one in within) > 1:
                return node, names[node]
    # The smallest first, so that larger ones are written with it.
    for node in order:
        if node in roots and uses[node] < 2:
            continue
        if uses[node] > 1 and size(node, memo) >= 4 and not _is_small(node) and node.op not in ex.CONDITIONS:
            return node, names.get(node) or _named_by_kind(node)
    for node in order:
        if node in roots or not node.args:
            continue
        if node in names and len(text(node)) > 40 and is_tensor(node) and node.op not in ex.CONDITIONS:
            return node, names[node]
    for node in order:
        if node not in roots and node.args and is_tensor(node) and 40 < len(text(node)) < 140:
            if any(len(text(root)) > 140 for root in roots) and node.op not in ex.CONDITIONS:
                return node, names.get(node) or _named_by_kind(node)
    return None


def _is_small(x: Expression) -> bool:
    """What is as short as a name: 1 - β, β^t, 1 - β^t, g^2."""
    if x.op == "power" and all(not one.args for one in x.args):
        return True
    if x.op == "times" and len(x.args) == 1:
        return not x.args[0].args or _is_small(x.args[0])
    if x.op == "times" and len(x.args) == 2 and x.value == (1, (1, 1)):
        # (1 - β) g, the half of an average.
        return all(not one.args or one.op == "plus" and one.value[0] == 1 and _is_small(one) for one in x.args)
    if x.op == "plus" and len(x.args) == 1:
        return not x.args[0].args or _is_small(x.args[0])
    if x.op in ("transpose", "sqrt", "abs", "sign"):
        return not x.args[0].args or _is_small(x.args[0])
    return False


def _named_by_kind(x: Expression) -> str:
    if x.op == "plus" and ex.G in x.args and not x.value[0]:
        return "d"
    if x.op == "sqrt":
        return "root"
    if x.op in ("norm", "row_norm", "col_norm"):
        return "size"
    return "u" if is_tensor(x) else "c"


def _ordered(
    made_locals: List[Tuple[str, Expression]], equations: Dict[str, Expression]
) -> List[Tuple[str, Expression]]:
    everything = dict(made_locals)
    everything.update(equations)
    # Several names of one line.
    lines_of = {title: name for name in everything for title in name.split(", ")}
    done: List[Tuple[str, Expression]] = []
    seen: Set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for node in ex.walked([everything[name]]):
            if node.op != "symbol":
                continue
            kind, title = node.value
            title = title + "'" if kind == "primed" else title
            if kind in ("primed", "local", "number") and title in lines_of:
                visit(lines_of[title])
        done.append((name, everything[name]))

    for name in equations:
        if name != "w'":
            visit(name)
    visit("w'")
    # Locals of w' alone stand before it, those of nobody at all are left out.
    return done


_BREAKS = re.compile(r"(?<= [-+*/@=]) |(?<=,) |(?<= then) |(?<= else) |(?<= and) |(?<= or) ")


def wrapped(line: str, width: int = 100, indent: str = "        ") -> str:
    """A line of the language over several, broken after operators, where it is long."""
    if len(line) <= width:
        return line
    rows: List[str] = []
    for piece in _BREAKS.split(line):
        if rows and len(rows[-1]) + 1 + len(piece) <= width:
            rows[-1] += " " + piece
        else:
            rows.append(piece if not rows else indent + piece)
    return "\n".join(rows)
