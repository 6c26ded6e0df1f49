"""Mutants: each breaks one rule of the sweep, and the comparison with the rational definition must notice."""

from __future__ import annotations

from fractions import Fraction as Q
from math import prod

import numpy as np
import pytest
import torch
from lower.nets import FAMILIES, chain, dense, linear
from lower.replica import integrated_gradients_replica

from attrtheory.errors import EngineDisagreement
from attrtheory.lower import bends, decisions, envelope, fan, grid, line_exact, pieces, sweep, turns
from attrtheory.lower.affine_rows import Affine
from attrtheory.lower.integral_exact import integrated_gradients_exact
from attrtheory.lower.integrated_gradients import integrated_gradients_line
from attrtheory.lower.layers import Pool, Ramp, network
from attrtheory.lower.line import lines
from attrtheory.lower.slopes import PoolSlopes, RampSlopes
from attrtheory.models.ops import MaxPool2d, Relu

TIED = chain((2,), linear([[1, -1]]), Relu())
POOLED = chain((1, 1, 3), MaxPool2d((1, 3), (1, 1), (0, 0, 0, 0), (1, 1)))


def cases():
    """Networks of every family with random ends, and two paths inside kinks."""
    for seed in range(3):
        for family in FAMILIES:
            rng = np.random.default_rng(seed)
            graph = family(rng)
            yield graph, *rng.normal(size=(2, *graph.input_shape))
    yield chain((1,), Relu(), Relu()), np.array([-1 / 3]), np.array([0.25])
    yield TIED, np.zeros(2), np.ones(2)
    yield POOLED, np.zeros((1, 1, 3)), np.ones((1, 1, 3))


def truths():
    for graph, x0, x in cases():
        exact = integrated_gradients_exact(graph, x0, x, 0).values
        yield graph, x0, x, np.array([int(q.p) / int(q.q) for q in exact]).reshape(x.shape)


@pytest.fixture(scope="module")
def known():
    return list(truths())


def swept(graph, x0, x):
    """The float sweep alone."""
    (found,) = lines(network(graph), torch.tensor(x0)[None], torch.tensor(x)[None], torch.tensor([0]))
    return found.gradient.numpy() * (x - x0)


def compare_float(known):
    for graph, x0, x, truth in known:
        assert np.abs(swept(graph, x0, x) - truth).max() <= 1e-12 * np.abs(truth).max()


def compare_enclosed(known):
    """Every convention that the rational sweep allows lies within the bounds."""
    for graph, x0, x, _ in known:
        (found,) = integrated_gradients_line(graph, x, x0, 0, settle=False)
        exact = integrated_gradients_exact(graph, x0, x, 0)
        for a, q in zip(found.lower.ravel().tolist(), exact.lower, strict=True):
            assert Q(a) <= Q(int(q.p), int(q.q))
        for b, q in zip(found.upper.ravel().tolist(), exact.upper, strict=True):
            assert Q(int(q.p), int(q.q)) <= Q(b)


def compare_exact():
    """Small enough for the replica."""
    for graph, x0, x in [(dense(np.random.default_rng(1)), *np.ones((2, 6)) * [[-1], [1]]), *list(cases())[-2:],
                         (POOLED, np.zeros((1, 1, 3)), np.array([[[1.0, -2.0, 3.0]]])),
                         (POOLED, np.array([[[0.0, -1.0, -2.0]]]), np.array([[[0.0, 1.0, 4.0]]]))]:  # fmt: skip
        points = [[Q(v) for v in p.ravel().tolist()] for p in (x0, x)]
        found = integrated_gradients_exact(graph, x0, x, 0).values
        assert [Q(int(q.p), int(q.q)) for q in found] == integrated_gradients_replica(graph, *points, 0)


def test_the_sweeps_themselves_pass(known):
    compare_float(known)
    compare_enclosed(known)
    compare_exact()


NOTHING = np.empty(0, dtype=int), np.empty(0)


def positive_changes_only(pool, z, true=envelope.winner_changes):
    return true(pool, z.clamp(min=0))


def first_change_only(pool, z, true=envelope.winner_changes):
    piece, ratio = true(pool, z)
    keep = np.unique(piece, return_index=True)[1]
    return piece[keep], ratio[keep]


def no_sign_changes(mask):
    return NOTHING[0], NOTHING[0]


def every_other(mask, true=bends._true_entries):
    row, column = true(mask)
    return row[::2], column[::2]


def in_float32(before, piece, ratio, layer, true=grid.refine):
    return true(before, piece, ratio.astype(np.float32).astype(np.float64), layer)


def on_at_zero(ends, size, length, true=bends.snapped):
    snapped, ties = true(ends, size, length)
    return torch.where(snapped == 0, 1.0, snapped), ties


def last_wins(self, op, x, out, device, true=Pool.__init__):
    true(self, op, x, out, device)
    self.table, self.real = self.table.flip(-1), self.real.flip(-1)


def states_never_switch(self, finer):
    states = self.on.view(torch.uint8)[torch.from_numpy(finer.source)]
    return states.view(-1, *self.shape), self.ties


def own_bends_forgotten(self, k, true=grid.Grid.level):
    return true(self, k + 1)


def lengths_of_the_wrong_pieces(self, values, paths, true=grid.Level.integral):
    return true(grid.Level(self.rows, self.path, self.start, np.roll(self.stop, 1) * 0 + self.stop.mean()), values, paths)


def swapped_interpolation(self, values, true=grid.Refinement.__call__):
    parts = (self.grid, self.piece, 1 - self.ratio, self.old, self.new, self.row, self.source)
    return true(grid.Refinement(*parts), values)


def closed_form_of_the_middle(layer, ends, pieces, g, paths, true=pieces.through_straight):
    return true(layer, torch.sign(ends), pieces, g, paths)


def overwritten(layer, g):
    flat = g.new_zeros(len(g), sum(map(prod, layer.ins)) + 1)
    flat[:, layer.index] = g.flatten(1)
    parts = flat[:, :-1].split([prod(shape) for shape in layer.ins], 1)
    return [part.reshape(-1, *shape) for part, shape in zip(parts, layer.ins, strict=True)]


def turned_the_wrong_way(layer, ends, part, true=turns.Turns.on):
    found = true(layer, ends, part)
    return turns.Turns(found.layer, found.ends, found.part, found.start, found.path, found.unit, found.t, ~found.turns_on)


def a_turn_forgotten(layer, ends, part, true=turns.Turns.on):
    f = true(layer, ends, part)
    return turns.Turns(f.layer, f.ends, f.part, f.start, f.path[1:], f.unit[1:], f.t[1:], f.turns_on[1:])


def neighbours_of_the_kernel(self, units, true=fan.Fan.of):
    which, outputs, weights = true(self, units)
    return which, outputs, np.roll(weights, 1)


FLOAT_MUTANTS = {
    "first units of a convolution turn the wrong way": (turns.Turns, "on", staticmethod(turned_the_wrong_way)),
    "a turn of a first unit is forgotten": (turns.Turns, "on", staticmethod(a_turn_forgotten)),
    "weights of a convolution are swapped": (fan.Fan, "of", neighbours_of_the_kernel),
    "bends at rows that are there are forgotten": (sweep, "changes", lambda pattern: NOTHING[0]),
    "winner changes of pools are dropped": (bends, "winner_changes", lambda pool, z: NOTHING),
    "winner changes at negative maxima are dropped": (bends, "winner_changes", positive_changes_only),
    "one winner change per piece": (bends, "winner_changes", first_change_only),
    "sign changes are dropped": (bends, "_true_entries", no_sign_changes),
    "every other sign change is dropped": (bends, "_true_entries", every_other),
    "bends are rounded to float32": (sweep, "refine", in_float32),
    "relu'(0) = 1": (sweep, "snapped", on_at_zero),
    "the last of tied entries wins": (Pool, "__init__", last_wins),
    "an entry that is selected twice passes its signal on once": (
        Affine, "pull", lambda self, g, true=Affine.pull: overwritten(self, g) if hasattr(self, "index") else true(self, g),
    ),
    "the slope of leaky units is rounded to float32": (
        Ramp, "slope", property(lambda self: float(np.float32(self._slope)), lambda self, s: setattr(self, "_slope", s)),
    ),
    "states are those of the piece before": (bends.RampBends, "settle", states_never_switch),
    "a layer's own bends are left out of its backward pass": (grid.Grid, "level", own_bends_forgotten),
    "pieces have the wrong lengths": (grid.Level, "integral", lengths_of_the_wrong_pieces),
    "interpolation from the wrong end": (grid.Refinement, "__call__", swapped_interpolation),
    "first units turn in the middle": (pieces, "through_straight", closed_form_of_the_middle),
}  # fmt: skip


@pytest.mark.parametrize("mutant", FLOAT_MUTANTS.values(), ids=FLOAT_MUTANTS)
def test_a_float_mutant_is_caught(mutant, known, monkeypatch):
    owner, name, wrong = mutant
    fresh = [(type(g)(g.input_shape, g.nodes), *rest) for g, *rest in known]  # no tensors made before the mutation
    monkeypatch.setattr(owner, name, wrong, raising=False)
    with pytest.raises(AssertionError):
        compare_float(fresh)


def nothing_free(layer, z, e, left, right, true=decisions._ramp):
    slopes, hopeful, bound = true(layer, z, e, left, right)
    return RampSlopes(z[left] > 0, torch.zeros_like(slopes.free)), hopeful & False, bound


def nothing_tied(layer, z, e, left, right, true=decisions._pool):
    slopes, hopeful, bound = true(layer, z, e, left, right)
    return PoolSlopes(slopes.winner, torch.zeros_like(slopes.free), slopes.rivals), hopeful & False, bound


ENCLOSURE_MUTANTS = {
    "units near their kink count as decided": (decisions, "_ramp", nothing_free),
    "tied windows count as decided": (decisions, "_pool", nothing_tied),
}


@pytest.mark.parametrize("mutant", ENCLOSURE_MUTANTS.values(), ids=ENCLOSURE_MUTANTS)
def test_an_enclosure_mutant_is_caught(mutant, known, monkeypatch):
    monkeypatch.setattr(*mutant)
    with pytest.raises(AssertionError):
        compare_enclosed(known)


def next_piece(t, new, true=line_exact.merged):
    points, pieces = true(t, new)
    return points, np.minimum(pieces + 1, pieces.max())


EXACT_MUTANTS = {
    "0 counts as positive": ("signs", lambda v: (v >= 0).astype(np.int8) - (v < 0).astype(np.int8)),
    "winner changes of pools are dropped": ("winner_changes", lambda net, k, t, z: []),
    "sign changes are dropped": ("sign_changes", lambda t, z: []),
    "new pieces copy the wrong old piece": ("merged", next_piece),
}


@pytest.mark.parametrize("mutant", EXACT_MUTANTS.values(), ids=EXACT_MUTANTS)
def test_a_rational_mutant_is_caught(mutant, monkeypatch):
    monkeypatch.setattr(line_exact, *mutant)
    with pytest.raises((AssertionError, EngineDisagreement)):
        compare_exact()


@pytest.mark.parametrize("name", ["relu'(0) = 1", "the last of tied entries wins"])
def test_completeness_does_not_notice(name, monkeypatch):
    """Why no residual is taken for a proof: these mutants' attributions are wrong and add up exactly."""
    monkeypatch.setattr(*FLOAT_MUTANTS[name])
    wrong = []
    for graph, x0, x, truth in list(truths())[-2:]:
        found = swept(type(graph)(graph.input_shape, graph.nodes), x0, x)
        assert found.sum() == truth.sum()
        wrong.append((found != truth).any())
    assert any(wrong)
