"""A piecewise linear network as affine steps and ReLUs only, its affine steps as exact rational matrices.

    leaky(z)  = s z + (1 - s) relu(z)
    max(a, b) = a + relu(b - a)          (the first of equals wins, as the package's convention says)

so that a slope between 0 and 1 at every ReLU whose sign is open covers every convention at kinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod

from attrtheory.errors import TooLarge
from attrtheory.models.affine import Row, max_windows, sparse_rows
from attrtheory.models.graph import Graph
from attrtheory.models.ops import LeakyRelu, MaxPool2d, Relu

MOST_ENTRIES = 2**24  # of one matrix
MOST_UNITS = 2**12  # ReLUs and features together, and
LARGEST_VALUE = 2**14  # entries of one value: sums of products then stay below 2^62
ONE = Fraction(1)


@dataclass(frozen=True, eq=False)
class Step:
    """Value `k` of a network from earlier values, one behind the other; `rows` None is ReLU entry by entry."""

    inputs: tuple[int, ...]
    rows: tuple[Row, ...] | None


@dataclass(frozen=True, eq=False)
class Steps:
    """`sizes[k]` is the number of entries of value k, value 0 the input, the last one the output."""

    steps: tuple[Step, ...]
    sizes: tuple[int, ...]

    @property
    def units(self) -> int:
        return sum(self.sizes[k] for k, step in enumerate(self.steps, start=1) if step.rows is None)


@lru_cache(maxsize=8)
def steps(graph: Graph) -> Steps:
    """The network written with affine steps and ReLUs.

    Raises:
        TooLarge: a matrix, or the number of ReLUs, is beyond what bounds are computed for.
    """
    made = _Builder(graph.features)
    at = [0]
    for node in graph.nodes:
        ins, shape = tuple(at[i] for i in node.inputs), graph.shapes[node.inputs[0]]
        match node.op:
            case Relu():
                at.append(made.ramp(ins[0]))
            case LeakyRelu(slope):
                at.append(made.leaky(ins[0], Fraction(slope)))
            case MaxPool2d():
                at.append(made.maximum(ins[0], max_windows(node.op, shape)))
            case op:
                most = prod(op.shape(*(graph.shapes[i] for i in node.inputs))) * sum(made.sizes[i] for i in ins)
                if most > MOST_ENTRIES:
                    raise TooLarge(f"layer {node.name!r} is a matrix of {most:,} entries; boxes take {MOST_ENTRIES:,}")
                at.append(made.affine(ins, tuple(sparse_rows(op, shape))))
    found = Steps(tuple(made.steps), tuple(made.sizes))
    if found.units + graph.features > MOST_UNITS or max(found.sizes) > LARGEST_VALUE:
        raise TooLarge(
            f"{graph.name!r} has {graph.features:,} features and, its maxima written with ReLUs, {found.units:,} ReLUs; "
            f"boxes take {MOST_UNITS:,} together, and values of {LARGEST_VALUE:,} entries"
        )
    return found


class _Builder:
    """Steps as they are added; every method returns the number of the new value."""

    def __init__(self, features: int) -> None:
        self.steps: list[Step] = []
        self.sizes = [features]

    def affine(self, inputs: tuple[int, ...], rows: tuple[Row, ...]) -> int:
        self.steps.append(Step(inputs, rows))
        self.sizes.append(len(rows))
        return len(self.steps)

    def ramp(self, z: int) -> int:
        self.steps.append(Step((z,), None))
        self.sizes.append(self.sizes[z])
        return len(self.steps)

    def leaky(self, z: int, slope: Fraction) -> int:
        n = self.sizes[z]
        both = tuple(Row([(i, slope), (n + i, 1 - slope)], Fraction(0)) for i in range(n))
        return self.affine((z, self.ramp(z)), both)

    def maximum(self, z: int, windows: list[list[int]]) -> int:
        """Window maxima, one more entry of every window at a time."""
        m, n = len(windows), self.sizes[z]
        best = self.affine((z,), tuple(Row([(w[0], ONE)], Fraction(0)) for w in windows))
        for j in range(1, max(map(len, windows))):
            rows = tuple(
                Row([(w[j], ONE), (n + i, -ONE)] if j < len(w) else [], Fraction(0)) for i, w in enumerate(windows)
            )
            rise = self.ramp(self.affine((z, best), rows))
            best = self.affine((best, rise), tuple(Row([(i, ONE), (m + i, ONE)], Fraction(0)) for i in range(m)))
        return best
