"""What a decomposition must satisfy, whatever found it: evidence that can be checked again, region by region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from attrtheory.errors import EngineDisagreement
from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.layers import network
from attrtheory.lower.regions.moments import simplices
from attrtheory.lower.regions.numbers import as_fractions
from attrtheory.lower.regions.result import Regions
from attrtheory.lower.wiring import pools_first
from attrtheory.models.affine import max_windows
from attrtheory.models.exact_graph import ExactGraph
from attrtheory.models.ops import PIECEWISE, MaxPool2d

INWARDS = 1e-3  # float64 looks at patterns at corners moved towards the centre by this part of the way


@dataclass(frozen=True)
class Checked:
    """What was missed, relative; both are 0 under trust `exact`.

    `volume`: by how much the regions' volumes miss that of the domain; `output`: by how much affine pieces miss the
    network at corners, and so each other across common faces.
    """

    regions: int
    volume: float
    output: float


def check(regions: Regions, target: int = 0, *, tolerance: float = 1e-9) -> Checked:
    """Checks that the regions make up the domain, that signs are constant on each, and that the pieces fit together.

    Volumes add up to the domain's; every face lies between two regions or in one wall of the domain; the pattern at a
    region's centre holds at its corners (in float64 a little inwards); pieces agree with the network at all corners.

    Raises:
        EngineDisagreement: one of these does not hold (under trust `float` beyond `tolerance`, relative).
    """
    c, exact = regions.complex, regions.trust == "exact"
    number = as_fractions if exact else lambda v: v
    start, corners = regions.slice.start()
    whole = simplices(start, as_fractions(corners) if exact else corners.astype(np.float64)).volume.sum()
    volume = abs(number(regions.volumes).sum() - whole) / whole
    _hold(volume <= (0 if exact else tolerance), f"the volumes of regions miss the domain's by {float(volume):.2e} of it")
    sides = np.bincount(c.faces[-1][c.faces[-1] >= 0], minlength=c.number(c.dimension - 1))
    _hold(bool((sides == np.where(c.walls < 0, 2, 1)).all()), "a face lies neither between two regions nor in a wall")
    region, corner = c.incidences
    patterns = _patterns_exact if exact else _patterns_float
    _hold(patterns(regions, region, corner), "a unit changes its sign, or a window its winner, within a region")
    pieces, points, outputs = regions.pieces(target), number(regions.points), number(regions.outputs[:, target])
    missed = np.abs((pieces.slope[region] * points[corner]).sum(1) + pieces.intercept[region] - outputs[corner]).max()
    output = missed / (np.abs(outputs).max() or 1)
    _hold(output <= (0 if exact else tolerance), f"a piece misses the network at a corner by {float(output):.2e}")
    return Checked(len(regions), float(volume), float(output))


def _hold(condition: Any, otherwise: str) -> None:
    if not condition:
        raise EngineDisagreement(f"the decomposition does not hold: {otherwise}")


def _patterns_float(regions: Regions, region: np.ndarray, corner: np.ndarray) -> bool:
    net, domain = network(regions.graph), regions.slice.rounded()
    inwards = regions.points[corner] + INWARDS * (regions.centres[region] - regions.points[corner])
    step = max(1, 2**22 // sum(int(np.prod(s)) for s in net.graph.shapes))
    for a in range(0, len(corner), step):
        rows = np.concatenate([inwards[a : a + step], regions.centres[region[a : a + step]]])
        values = [torch.from_numpy(domain.inputs(rows)).view(-1, *net.graph.input_shape)]
        for _, layer, ins in net.nodes:
            z = values[ins[0]]
            if isinstance(layer, Affine):
                values.append(layer.push(*(values[i] for i in ins)))
                continue
            error = torch.from_numpy(regions.error[ins[0]]).view(1, *z.shape[1:])
            if isinstance(net.graph.nodes[len(values) - 1].op, MaxPool2d):
                windows, near = layer.windows(z), layer.windows(error).amax(-1, keepdim=True)  # type: ignore[union-attr]
                largest = windows >= windows.amax(-1, keepdim=True) - 2 * near
                here, there = largest.chunk(2)
                wrong = ~(here & there).any(-1)
            else:
                here, there = ((z > error).to(torch.int8) - (z < -error).to(torch.int8)).chunk(2)
                wrong = here * there < 0
            if wrong.any():
                return False
            values.append(layer.act(z))  # type: ignore[union-attr]
    return True


def _patterns_exact(regions: Regions, region: np.ndarray, corner: np.ndarray) -> bool:
    net, domain = ExactGraph(pools_first(regions.graph)), regions.slice.rational()
    at = [net.values(row) for row in domain.inputs(as_fractions(regions.points)).tolist()]
    middle = [net.values(row) for row in domain.inputs(as_fractions(regions.centres)).tolist()]
    for node in net.graph.nodes:
        if not isinstance(node.op, PIECEWISE):
            continue
        (i,), pool = node.inputs, isinstance(node.op, MaxPool2d)
        windows = max_windows(node.op, net.graph.shapes[i]) if isinstance(node.op, MaxPool2d) else []
        for r, p in zip(region.tolist(), corner.tolist(), strict=True):
            here, there = at[p][i].integers, middle[r][i].integers
            if not pool and any((v > 0) != (u > 0) and v != 0 for u, v in zip(there, here, strict=True)):
                return False
            for w in windows:
                best = max(there[j] for j in w)
                if any(here[j] < max(here[m] for m in w) for j in w if there[j] == best):
                    return False
    return True
