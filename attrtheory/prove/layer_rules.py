r"""Two layer rules, evaluated in rationals on small ReLU networks: what shows that they are no functions of the function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from attrtheory.expr.forms import relu, total
from attrtheory.expr.term import lift, var
from attrtheory.models.fn import Fn

Vector = tuple[Fraction, ...]
Row = tuple[Vector, Fraction]  # the weights of a unit, and its bias


@dataclass(frozen=True)
class Layers:
    """A ReLU network as its layers, each a row for every unit; the last one is one unit, with a ReLU where `final_relu`."""

    layers: tuple[tuple[Row, ...], ...]
    final_relu: bool = False

    def fn(self) -> Fn:
        """The function that the network computes."""
        names = tuple(f"x{k + 1}" for k in range(len(self.layers[0][0][0])))
        values = [var(name) for name in names]
        for k, layer in enumerate(self.layers):
            sums = [total([lift(bias), *(w * v for w, v in zip(row, values, strict=True))]) for row, bias in layer]
            values = [relu(z) for z in sums] if self.bends(k) else sums
        return Fn(names, values[0])

    def __str__(self) -> str:
        """The network as it is written, nothing merged: `relu(relu(x1) - relu(x2) - 1)`."""
        values = [f"x{k + 1}" for k in range(len(self.layers[0][0][0]))]
        for k, layer in enumerate(self.layers):
            sums = [_shown(row, bias, values) for row, bias in layer]
            values = [f"relu({z})" for z in sums] if self.bends(k) else sums
        return values[0]

    def bends(self, k: int) -> bool:
        """Whether a ReLU follows layer k."""
        return k + 1 < len(self.layers) or self.final_relu

    def run(self, x: Sequence[Fraction]) -> list[tuple[Vector, Vector]]:
        """For each layer what goes into it, and its sums before the ReLU; last the output alone."""
        seen, values = list[tuple[Vector, Vector]](), tuple(x)
        for k, layer in enumerate(self.layers):
            sums = tuple(_dot(row, values) + bias for row, bias in layer)
            seen.append((values, sums))
            values = tuple(max(z, Fraction(0)) for z in sums) if self.bends(k) else sums
        return [*seen, (values, ())]


def _dot(row: Vector, values: Sequence[Fraction]) -> Fraction:
    return sum((w * v for w, v in zip(row, values, strict=True)), Fraction(0))


def _shown(row: Vector, bias: Fraction, values: Sequence[str]) -> str:
    signed = [(q, v if abs(q) == 1 else f"{abs(q)}*{v}") for q, v in zip(row, values, strict=True) if q]
    signed += [(bias, str(abs(bias)))] if bias else []
    return "".join(f" {'-' if q < 0 else '+'} {text}" for q, text in signed).removeprefix(" + ").strip() or "0"


def deeplift_rescale(net: Layers, x: Sequence[Fraction], x0: Sequence[Fraction]) -> Vector:
    r"""$\phi_i = m_i\,(x_i - x^0_i)$: multipliers $m = W^\top m$ through affine layers, $m\,\Delta h/\Delta z$ through ReLU.

    Convention: the slope $1[z > 0]$ where $\Delta z = 0$.
    Source: Shrikumar, Greenside, Kundaje 2017, arXiv 1704.02685.
    """
    here, there = net.run(x), net.run(x0)
    m: Vector = (Fraction(1),)
    for k in reversed(range(len(net.layers))):
        z, z0 = here[k][1], there[k][1]
        if net.bends(k):
            m = tuple(c * _rescaled(a, b) for c, a, b in zip(m, z, z0, strict=True))
        columns = zip(*(row for row, _ in net.layers[k]), strict=True)
        m = tuple(_dot(m, column) for column in columns)
    return tuple(c * (a - b) for c, a, b in zip(m, x, x0, strict=True))


def _rescaled(z: Fraction, z0: Fraction) -> Fraction:
    return (max(z, Fraction(0)) - max(z0, Fraction(0))) / (z - z0) if z != z0 else Fraction(z > 0)


def lrp_zplus(net: Layers, x: Sequence[Fraction]) -> Vector:
    r"""$R_i = \sum_k \frac{(w_{ki}a_i)_+}{\sum_j (w_{kj}a_j)_+} R_k$ from layer to layer, the output's relevance its value.

    Conventions: biases take no relevance; 0/0 = 0.
    Source: Bach et al. 2015; Montavon et al. 2017, arXiv 1512.02479.
    """
    seen = net.run(x)
    relevance = seen[-1][0]
    for k in reversed(range(len(net.layers))):
        a = seen[k][0]
        shares = [[max(w * v, Fraction(0)) for w, v in zip(row, a, strict=True)] for row, _ in net.layers[k]]
        rates = tuple(r / sum(s) if sum(s) else Fraction(0) for r, s in zip(relevance, shares, strict=True))
        relevance = tuple(_dot(rates, column) for column in zip(*shares, strict=True))
    return relevance


def network(*layers: Sequence[Sequence[int]], final_relu: bool = False) -> Layers:
    """Layers from rows of whole numbers, the bias of a unit last."""
    rows = (tuple((tuple(map(Fraction, row[:-1])), Fraction(row[-1])) for row in layer) for layer in layers)
    return Layers(tuple(rows), final_relu)

