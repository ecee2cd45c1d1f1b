"""How tensors of a host lie as those of the language: vectors of rows are columns, those of columns are rows."""

from __future__ import annotations

import math
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from . import expression as ex
from .errors import OperationError
from .expression import Expression

Shape = Tuple[int, ...]


def squeezed(shape: Sequence[int]) -> Shape:
    return tuple(n for n in shape if n != 1)


class Shapes:
    """The shape of the parameter, which names the lengths of all others."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        self.names: Dict[int, Expression] = {}
        if len(self.shape) == 2:
            self.names = {self.shape[0]: ex.ROWS, self.shape[1]: ex.COLS, self.shape[0] * self.shape[1]: ex.NUMEL}
        elif len(self.shape) == 1:
            self.names = {self.shape[0]: ex.NUMEL}
        self.names.pop(1, None)
        #: What code makes of lengths before anything is traced, by its digits.
        self.ratios = {f"{value:.14g}": made for value, made in self._ratios() if not float(value).is_integer()}

    def _ratios(self) -> Iterator[Tuple[float, Expression]]:
        lengths = [(1, ex.ONE), *self.names.items()]
        for n, above in lengths:
            for m, below in lengths:
                if n != m:
                    share = ex.divide(above, below)
                    yield n / m, share
                    yield math.sqrt(n / m), ex.apply("sqrt", share)

    def lies(self, shape: Sequence[int]) -> str:
        """Whether what has one length is a column or a row: of as many as there are rows, a column."""
        shape = tuple(shape)
        if len(shape) == 1:
            return "column" if shape[0] == self.shape[0] else "row"
        if len(shape) == 2 and shape[1] == 1:
            return "column"
        if len(shape) == 2 and shape[0] == 1:
            return "row"
        return "whole"

    def reshaped(self, made: Expression, start: Sequence[int], end: Sequence[int]) -> Expression:
        """An expression of one shape in another with as many elements, in the same order."""
        start, end = tuple(start), tuple(end)
        if made.is_number or start == end or len(squeezed(end)) == 0:
            return made
        if len(self.shape) != 2:
            wanted = squeezed(end)
            if len(self.shape) > 2 and len(wanted) > 1 and wanted != squeezed(self.shape):
                raise OperationError(f"a tensor of shape {list(start)} is seen as {list(end)}", "reshape")
            return made
        if squeezed(start) == squeezed(end):
            return made if self.lies(start) == self.lies(end) else ex.apply("transpose", made)
        flat = (math.prod(self.shape),)
        if squeezed(end) == flat or squeezed(start) == flat and squeezed(end) == self.shape:
            return made
        raise OperationError(f"a tensor of shape {list(start)} is seen as {list(end)}", "reshape")

    def beside(self, made: Expression, shape: Sequence[int], rank: int) -> Expression:
        """An operand of rank 1 beside one of rank 2 is a row."""
        if len(self.shape) == 2 and len(shape) == 1 and rank == 2 and shape[0] != 1 and not made.is_number:
            if self.lies(shape) == "column":
                return ex.apply("transpose", made)
        return made

    def as_column(self, made: Expression, shape: Sequence[int]) -> Expression:
        """A vector as a column, for a product of matrices."""
        if len(self.shape) == 2 and len(shape) == 1 and self.lies(shape) == "row":
            return ex.apply("transpose", made)
        return made

    def from_column(self, made: Expression, n: int) -> Expression:
        """A column of a product as the vector that it is for the host."""
        return ex.apply("transpose", made) if len(self.shape) == 2 and self.lies((n,)) == "row" else made

    def length(self, n: int) -> Expression:
        return self.names.get(n, ex.number(n))

    def folded(self, word: str, made: Expression, shape: Sequence[int], axes: Sequence[int], keep: bool) -> Expression:
        """A reduction over some axes, or over all where none is named."""
        shape = tuple(shape)
        over = sorted({a % len(shape) for a in axes}) if shape else []
        lengths = [shape[a] for a in over] if over else list(shape)
        if all(n == 1 for n in lengths):
            # Of one element the sum, the mean and the largest are itself.
            return ex.apply("abs", made) if word == "norm" else made
        if not over or len(over) == len(shape) or math.prod(shape) == math.prod(lengths):
            return self._whole(word, made, shape)
        if len(shape) == 2 and len(self.shape) == 2 and word not in ("std", "var", "any", "all", "median"):
            along = "row" if over == [1] else "col"
            # Ones, and what is made of them and hyperparameters, are one number everywhere.
            if not ex.is_data(made):
                return self._stretched(word, made, shape[over[0]])
            whole = ex.apply(f"{along}_{word}", made)
            if not keep:
                # What is left has one axis: as many as there are rows are a column.
                kept = shape[0] if over == [1] else shape[1]
                if (self.lies((kept,)) == "column") != (over == [1]):
                    whole = ex.apply("transpose", whole)
            return whole
        raise OperationError(f"`{word}` over axes {over} of a tensor of shape {list(shape)}", word)

    def _stretched(self, word: str, made: Expression, n: int) -> Expression:
        """Of a tensor that is one number everywhere, as ones are, there are still so many elements."""
        if word == "sum":
            return ex.multiply(made, self.length(n))
        if word == "norm":
            return ex.multiply(ex.apply("abs", made), ex.apply("sqrt", self.length(n)))
        return made

    def _whole(self, word: str, made: Expression, shape: Shape) -> Expression:
        if not ex.is_data(made) and word in ("sum", "norm", "mean", "max", "min"):
            return self._stretched(word, made, math.prod(shape))
        if word in ("any", "all", "count"):
            return ex.apply(word, ex.condition(made))
        if word == "sum" and made.op in ex.CONDITIONS:
            return ex.apply("count", made)
        return ex.apply(word, made)

    def vector_of(self, shape: Sequence[int]) -> Optional[str]:
        """The type of a state of this shape, empty where it is like w."""
        shape = tuple(shape)
        if shape == self.shape:
            return ""
        if len(self.shape) == 2:
            rows, cols = self.shape
            known = {
                (rows,): "vector(rows)", (rows, 1): "vector(rows)", (cols,): "vector(cols)", (1, cols): "vector(cols)",
                (rows, rows): "matrix(rows, rows)", (cols, cols): "matrix(cols, cols)",
                (rows * cols,): "", (cols, rows): "matrix(cols, rows)",
            }  # fmt: skip
            if shape in known:
                return known[shape]
        return "scalar" if math.prod(shape) == 1 else None
