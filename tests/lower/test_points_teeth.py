"""Wrong engines are caught by values they must contain, wrong questions are refused."""

from __future__ import annotations

from fractions import Fraction as Q
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from lower.brute import by_masks, by_orders, contains, network_game
from lower.nets import chain, dense, linear, random_linear, residual

from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.lower.attribute import Sample, attribute
from attrtheory.lower.grouped import Switched
from attrtheory.lower.points import coalitions, hypercube, measures, reach, replacing, tables
from attrtheory.lower.points.games import game_values
from attrtheory.lower.points.measures import banzhaf_values, index_values, owen_values, shapley_values
from attrtheory.lower.points.replacing import occlusion_values, partial_dependence
from attrtheory.lower.points.sampling import sampled_values
from attrtheory.methods import get_method
from attrtheory.models.ops import Relu

GROUPS, UNIONS = np.array([0, 1, 2, 0, 3, 4]), [0, 1, 0, 2, 2]


def right() -> bool:
    """Whether the engine's values contain the rational ones on a few networks, on features and groups."""
    rng = np.random.default_rng(11)
    for family, groups in ((dense, GROUPS), (residual, None)):
        graph = family(rng)
        x, b = rng.normal(size=(2, 6))
        v, players = network_game(graph, x, [b], 1, groups), 5 if groups is not None else 6
        unions = UNIONS if groups is not None else [0, 0, 0, 1, 1, 2]
        exact = {"shapley": by_orders(v, players), "banzhaf": by_masks(v, players)}
        for index, values in (*exact.items(), ("owen", by_orders(v, players, unions))):
            found = index_values(
                index, graph, x, b, target=1, groups=groups, unions=unions if index == "owen" else None
            )
            if not contains(found.values, found.bound, values):
                return False
    return True


def test_the_engine_is_right():
    assert right()


def test_a_wrong_weight_is_caught(monkeypatch: pytest.MonkeyPatch):
    shapley_weights = hypercube.shapley_weights
    wrong = lambda n, device="cpu": shapley_weights(n, device) * (1 + 1e-6 * (hypercube.sizes(n - 1, device) == n - 2))
    monkeypatch.setattr(hypercube, "shapley_weights", wrong)
    assert not right()


def test_weights_by_the_wrong_size_are_caught(monkeypatch: pytest.MonkeyPatch):
    sizes = hypercube.sizes
    monkeypatch.setattr(hypercube, "sizes", lambda n, device="cpu": sizes(n, device).roll(1))
    assert not right()


def test_weights_of_members_and_unions_exchanged_are_caught(monkeypatch: pytest.MonkeyPatch):
    owen_weights = hypercube.owen_weights
    exchanged = lambda members, unions, device="cpu": owen_weights(unions, members, device)
    monkeypatch.setattr(tables, "owen_weights", exchanged)
    assert not right()


def test_a_dropped_coalition_is_caught(monkeypatch: pytest.MonkeyPatch):
    mean_marginals = hypercube.mean_marginals

    def dropping(v, weights, players):
        weights = weights.clone()
        weights[-1] = 0
        return mean_marginals(v, weights, players)

    monkeypatch.setattr(measures, "mean_marginals", dropping)
    assert not right()


def test_the_next_player_is_caught(monkeypatch: pytest.MonkeyPatch):
    mean_marginals = hypercube.mean_marginals
    following = lambda v, weights, players: mean_marginals(v, weights, [(i + 1) % len(players) for i in players])
    monkeypatch.setattr(measures, "mean_marginals", following)
    assert not right()


@pytest.mark.parametrize("mutant", ["blocks exchanged", "bias twice", "group off by one"])
def test_wrong_blocks_are_caught(monkeypatch: pytest.MonkeyPatch, mutant: str):
    block = coalitions._block

    def wrong(net, x, x0, labels, players, *, bias):
        if mutant == "blocks exchanged":
            x, x0 = x0, x
        if mutant == "bias twice":
            bias = 1.0
        if mutant == "group off by one":
            labels = torch.where(labels >= 0, (labels + 1) % players, labels)
        return block(net, x, x0, labels, players, bias=bias)

    monkeypatch.setattr(coalitions, "_block", wrong)
    assert not right()


def test_a_table_of_the_wrong_union_is_caught(monkeypatch: pytest.MonkeyPatch):
    of_union = tables._of_union
    monkeypatch.setattr(tables, "_of_union", lambda numbers, k: of_union(np.roll(numbers, 1), k))
    assert not right()


@pytest.mark.parametrize("target", ["pushed", "gamma"])
def test_no_bound_on_rounding_is_caught(monkeypatch: pytest.MonkeyPatch, target: str):
    """Without the network's rounding, or without that of the weights, some value is not contained."""
    if target == "pushed":
        monkeypatch.setattr(reach, "pushed", lambda layer, values, errors: layer.push(*errors, bias=0.0).abs() * 0)
        monkeypatch.setattr(reach, "UNIT", 0.0)
        monkeypatch.setattr(reach, "TINY", 0.0)
        assert not right()
    else:
        monkeypatch.setattr(hypercube, "gamma", lambda n: 0.0)
        rng = np.random.default_rng(12)
        table = rng.normal(size=2**5)
        found = game_values(lambda s: table[s @ 2 ** np.arange(5)], 5)
        v = lambda s: Q(table[sum(2**k for k in s)])
        assert not contains(found.values, found.bound, by_orders(v, 5))


def test_occlusion_of_the_next_is_caught(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(13)
    graph, (x, b) = dense(rng), rng.normal(size=(2, 6))
    right_values = occlusion_values(graph, x, b)
    problem = replacing.problem

    def shifted(*args):
        p = problem(*args)
        p.labels[:] = (p.labels + 1) % p.players
        return p

    monkeypatch.setattr(replacing, "problem", shifted)
    wrong_values = occlusion_values(graph, x, b)
    assert (abs(wrong_values.values - right_values.values) > right_values.bound).any()


# refusals ---------------------------------------------------------------------------------------------------------------
GRAPH = dense(np.random.default_rng(14))
X = np.ones(6)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"inputs": [1, 2, 3]}, "shape"),
        ({"inputs": [1, 2, 3, 4, 5, np.nan]}, "NaN"),
        ({"inputs": [1, 2, 3, 4, 5, np.inf]}, "infinity"),
        ({"inputs": np.ones((0, 6))}, "empty"),
        ({"baselines": np.ones((2, 6))}, "baselines"),
        ({"baselines": np.zeros(6), "background": np.zeros(6)}, "not both"),
        ({"background": np.zeros((0, 6))}, "empty"),
        ({"target": 3}, "outputs 0 to 2"),
        ({"target": -1}, "outputs 0 to 2"),
        ({"target": 1.0}, "number of an output"),
        ({"groups": [0, 1, 2]}, "groups"),
        ({"groups": [0, 1, 2, 2, 4, 4]}, "groups"),
        ({"groups": [0, 0, -1, 0, 0, 0]}, "groups"),
        ({"groups": [0.0, 1, 2, 3, 4, 5]}, "whole numbers"),
    ],
)
@pytest.mark.parametrize("values", [shapley_values, banzhaf_values, occlusion_values])
def test_bad_input_is_refused(values, options, message: str):
    with pytest.raises(BadInput, match=message):
        values(GRAPH, **{"inputs": X} | options)


@pytest.mark.parametrize("unions", [[0, 1], [0, 0, 0, 0, 0, 2], [0.5] * 6, [], [-1, 0, 0, 0, 0, 0]])
def test_bad_unions_are_refused(unions):
    with pytest.raises(BadInput):
        owen_values(GRAPH, X, unions=unions)
    with pytest.raises(BadInput):
        game_values(lambda s: s.sum(1), 6, "owen", unions=unions)
    with pytest.raises(BadInput):
        attribute(GRAPH, get_method("owen", unions=unions), X, [0 * X], 0)


def test_unions_belong_to_owen_values():
    for call in (
        lambda: index_values("shapley", GRAPH, X, unions=[0] * 6),
        lambda: index_values("owen", GRAPH, X),
        lambda: index_values("core", GRAPH, X),
        lambda: get_method("shapley", unions=[0] * 6),
        lambda: get_method("owen", unions="triples"),
        lambda: attribute(GRAPH, get_method("shapley"), X, [0 * X, X], 0),
        lambda: attribute(GRAPH, get_method("occlusion"), X, [0 * X], 0, sample=Sample()),
        lambda: attribute(GRAPH, get_method("shapley"), X, [0 * X], 0, sample=Sample(), exact=True),
    ):
        with pytest.raises(BadInput):
            call()


def test_what_is_too_large_says_what_to_do():
    wide = chain((25,), linear(np.ones((1, 25))))
    for call in (shapley_values, banzhaf_values):
        with pytest.raises(TooLarge, match=r"2\^25.*groups.*samples"):
            call(wide, np.ones(25))
    with pytest.raises(TooLarge, match="multiplications"):
        shapley_values(GRAPH, X, work=1000)
    with pytest.raises(TooLarge, match="24"):
        game_values(lambda s: s.sum(1), 25)
    with pytest.raises(TooLarge, match="16"):
        attribute(chain((17,), linear(np.ones((1, 17)))), get_method("shapley"), np.ones(17), [np.zeros(17)], 0, exact=True)
    rng = np.random.default_rng(0)
    deep = chain((16,), random_linear(rng, 16, 256), Relu(), random_linear(rng, 256, 256), Relu(), random_linear(rng, 256, 1))
    with pytest.raises(TooLarge, match=r"rationals.*multiplications"):
        attribute(deep, get_method("banzhaf"), np.ones(16), [np.zeros(16)], 0, exact=True)
    assert owen_values(wide, np.ones(25), unions=np.arange(25) // 5).values.shape == (1, 25)  # 5 tables of 2^9


@pytest.mark.filterwarnings("ignore:overflow")
def test_overflow_is_no_number():
    graph = chain((2,), linear([[1e200, 1e200]]), Relu(), linear([[1e200]]))
    for values in (shapley_values, occlusion_values, partial(sampled_values, "shapley")):
        with pytest.raises(TooLarge, match="float64"):
            values(graph, [1.0, 1.0])
    with pytest.raises(TooLarge, match="float64"):
        partial_dependence(graph, [1.0, 1.0], [[0.0, 0.0]])


@pytest.mark.parametrize(
    "answer", [lambda s: s, lambda s: s.sum(), lambda s: np.log(0 * s[:, 0] - 1.0), lambda s: ["a"] * len(s)]
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_game_answers_with_one_number_for_each_coalition(answer):
    with pytest.raises(BadInput, match="finite number"):
        game_values(answer, 3)


LONG = np.finfo(np.longdouble).nmant > 52  # on some machines it is float64


@pytest.mark.parametrize("worth", [np.int64(2**53 + 1), np.int64(-(2**62)), *([np.longdouble(1) / 3] if LONG else [])])
def test_a_games_numbers_are_not_rounded(worth):
    with pytest.raises(BadInput, match="float64"):
        game_values(lambda s: s.sum(1) * worth, 2)
    assert game_values(lambda s: s.sum(1) * 2**52, 2).values.tolist() == [2.0**52] * 2


@pytest.mark.parametrize("players", [0, -1, True, 2.0])
def test_a_game_has_players(players):
    with pytest.raises(BadInput):
        game_values(lambda s: s.sum(1), players)


def test_progress_counts_every_evaluation_and_may_stop():
    seen: list[tuple[int, int]] = []
    found = shapley_values(GRAPH, [X, 2 * X], background=np.eye(6), progress=lambda *p: seen.append(p))
    assert seen[-1] == (found.evaluations,) * 2 == (2 * 6 * 64,) * 2
    assert all(a < b for (a, _), (b, _) in pairwise(seen))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shapley_values(GRAPH, X, progress=stop)


def test_slices_of_a_batch_do_not_matter(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(15)
    x, b = rng.normal(size=(5, 6)), rng.normal(size=(3, 6))
    whole = shapley_values(GRAPH, x, background=b, target=None), occlusion_values(GRAPH, x, background=b)
    monkeypatch.setattr(measures, "MEMORY", 2**14)
    monkeypatch.setattr(coalitions, "CHUNK", 2**8)
    parts = shapley_values(GRAPH, x, background=b, target=None), occlusion_values(GRAPH, x, background=b)
    for p, q in zip(whole, parts, strict=True):
        np.testing.assert_allclose(p.values, q.values, atol=1e-14)


def test_switches_of_groups_are_on_or_off():
    game = Switched(lambda *p: sum(p), [Q(1)] * 3, [Q(0)] * 3, np.array([0, 1, 0]))  # pyright: ignore[reportArgumentType]
    assert (game.n, game(1, 0), game(0, 1)) == (2, 2, 1)
    with pytest.raises(Unsupported):
        game(Q(1, 2), 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_device_does_not_matter():
    rng = np.random.default_rng(16)
    graph = chain((10,), random_linear(rng, 10, 32), Relu(), random_linear(rng, 32, 2))
    x = rng.normal(size=(3, 10))
    for values in (shapley_values, banzhaf_values, occlusion_values):
        here, there = values(graph, x), values(graph, x, device="cuda")
        assert (abs(here.values - there.values) <= here.bound + there.bound).all()
