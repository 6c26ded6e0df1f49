"""Occlusion, FeatureAblation and Shapley values: captum's own answers, with only the class replaced."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import captum.attr as captum
import pytest
import torch
from captum.testing.helpers import basic_models as toys

import attrtheory.interop.captum as ours
from attrtheory.errors import BadInput, TooLarge, Unsupported
from attrtheory.interop import shapley

NET, CONV, SUMS = toys.BasicModel_MultiLayer(), toys.BasicModel_ConvNet_One_Conv(), toys.BasicModel_MultiLayer_MultiInput()
MASK = torch.tensor([[0, 1, 0], [1, 1, 0], [0, 0, 2]])


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 5


X, IMAGES = normal(3, 3), normal(3, 1, 4, 4) * 2 + 6
THREE = (X, normal(3, 3, seed=1), normal(3, 3, seed=2))
ACROSS = (torch.tensor([[0, 1, 1]]), torch.tensor([[2, 2, 3]]), torch.tensor([[1, 1, 3]]))


def same(name: str, forward, inputs, tolerance: float = 3e-7, **arguments) -> None:
    mine = getattr(ours, name)(forward).attribute(inputs, **arguments)
    theirs = getattr(captum, name)(forward).attribute(inputs, **arguments)
    assert isinstance(mine, tuple) == isinstance(theirs, tuple)
    pairs = list(zip(mine, theirs, strict=True)) if isinstance(mine, tuple) else [(mine, theirs)]
    for a, b in pairs:
        assert (a.shape, a.dtype, a.device) == (b.shape, b.dtype, b.device)
        largest = max(float(b.abs().max()), 1e-30)
        assert float((a - b).abs().max()) <= tolerance * largest, (name, arguments)


CASES = {
    "targets in a list": (NET, X, {"target": [0, 1, 1]}),
    "targets in a tensor, one row of baselines": (NET, X, {"target": torch.tensor([0, 1, 1]), "baselines": X[1:2]}),
    "a target in a tensor": (NET, X, {"target": torch.tensor(1), "baselines": 2.5}),
    "every output": (NET, X, {"baselines": normal(3, 3, seed=4)}),
    "a tuple of indices": (NET, X, {"target": (0, 1, 1), "additional_forward_args": (THREE[1], True)}),
    "tuples, and a mask for each example": (
        NET, X,
        {"target": [(0, 1, 1), (1, 0, 0), (0, 0, 1)], "additional_forward_args": (THREE[1], True), "feature_mask": MASK},
    ),
    "a mask across inputs": (
        SUMS, THREE, {"target": 0, "additional_forward_args": 2, "feature_mask": ACROSS, "baselines": (0, X[:1], 2.5)},
    ),
    "float64": (lambda x: NET(x.float()).double().sum(1), X.double(), {}),
    "whole numbers": (lambda x: NET(x.float()).sum(1), X.long(), {"baselines": 1}),
    "whole outputs": (lambda x: NET(x.float()).argmax(1), X.long(), {"baselines": 2.5}),
    "strides in memory": (NET, normal(3, 3).T, {"target": 0}),
    "an input that wants its gradient": (NET, normal(3, 3).requires_grad_(), {"target": 0}),
}  # fmt: skip
WHOLE_BATCH = {"a sum over the batch": lambda x: NET(x).sum(), "a python float": lambda x: NET(x).sum().item()}


@pytest.mark.parametrize("per_eval", [1, 4])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["FeatureAblation", "ShapleyValues"])
def test_captums_answer(name: str, case: str, per_eval: int):
    forward, inputs, arguments = CASES[case]
    same(name, forward, inputs, 1e-6, perturbations_per_eval=per_eval, **arguments)


@pytest.mark.parametrize("forward", WHOLE_BATCH.values(), ids=WHOLE_BATCH)
@pytest.mark.parametrize("name", ["FeatureAblation", "ShapleyValues"])
def test_an_output_of_the_whole_batch(name: str, forward):
    same(name, forward, X, 1e-6)
    if name == "FeatureAblation":  # captum's Shapley values refuse it earlier
        with pytest.raises(BadInput, match="perturbations_per_eval above 1"):
            ours.FeatureAblation(forward).attribute(X, perturbations_per_eval=2)


WINDOWS = {
    "windows": (CONV, IMAGES, {"sliding_window_shapes": (1, 3, 2), "target": 1}),
    "over the edge": (CONV, IMAGES, {"sliding_window_shapes": (1, 3, 2), "strides": (1, 2, 2), "target": 1}),
    "one stride for all axes": (CONV, IMAGES, {"sliding_window_shapes": (1, 3, 4), "strides": 3, "target": [1, 0, 0]}),
    "a baseline for each": (CONV, IMAGES, {"sliding_window_shapes": (1, 2, 2), "baselines": IMAGES.flip(0), "target": 0}),
    "three inputs": (
        SUMS, THREE,
        {"sliding_window_shapes": ((1,), (2,), (3,)), "strides": (1, 2, 1), "target": 0, "additional_forward_args": 2},
    ),
}  # fmt: skip


@pytest.mark.parametrize("per_eval", [1, 4])
@pytest.mark.parametrize("case", WINDOWS)
def test_captums_occlusion(case: str, per_eval: int):
    forward, inputs, arguments = WINDOWS[case]
    same("Occlusion", forward, inputs, 5e-7, perturbations_per_eval=per_eval, **arguments)


def test_sampling_draws_captums_orders():
    """16 features: too many coalitions for 25 orders, so both sample; from one seed, the same orders."""
    torch.manual_seed(5)
    mine = ours.ShapleyValueSampling(CONV)
    a = mine.attribute(IMAGES, target=0, n_samples=12)
    torch.manual_seed(5)
    b = captum.ShapleyValueSampling(CONV).attribute(IMAGES, target=0, n_samples=12)
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-4)
    assert mine.result is not None
    assert mine.result.trust == ("sampled",) * 3
    assert mine.result.standard_error is not None


def test_sampling_is_exact_where_that_costs_no_more():
    sampler, exact = ours.ShapleyValueSampling(NET), ours.ShapleyValues(NET)
    torch.testing.assert_close(sampler.attribute(X, target=0), exact.attribute(X, target=0))
    assert sampler.result is not None
    assert sampler.result.trust == ("float",) * 3


def test_the_standard_error_is_what_repetition_shows():
    """40 repetitions of 25 orders scatter as one repetition says, within a factor of 1.5 (11 features)."""
    torch.manual_seed(0)
    weights = normal(11, seed=3)
    forward = lambda x: (x @ weights).relu() * x[:, 0] + x[:, 3] * x[:, 4]
    x = normal(1, 11, seed=8)
    runs, errors = [], []
    for _ in range(40):
        sampler = ours.ShapleyValueSampling(forward)
        runs.append(sampler.attribute(x, n_samples=25, perturbations_per_eval=256))
        assert sampler.result is not None
        assert sampler.result.standard_error is not None
        errors.append(sampler.result.standard_error[0])
    scatter, told = torch.stack(runs).double().std(0), torch.stack(errors).square().mean(0).sqrt()
    assert bool(((scatter <= 1.5 * told) & (told <= 1.5 * scatter)).all())


def orders(v, n: int) -> list[float]:
    """Shapley values by their definition over orders."""
    gains = [0.0] * n
    for order in permutations(range(n)):
        inside: frozenset[int] = frozenset()
        for k in order:
            gains[k] += v(inside | {k}) - v(inside)
            inside |= {k}
    return [g / factorial(n) for g in gains]


def game(inside: frozenset[int]) -> float:
    three = 4.0 * ({0, 1, 5} <= inside)  # Shapley's and Banzhaf's values differ from three features on
    return len(inside) ** 2 + 3.0 * (0 in inside) * (2 in inside) - 2.0 * (1 in inside and 4 not in inside) + three


def play(x: torch.Tensor) -> torch.Tensor:
    return torch.tensor([game(frozenset(row.nonzero().flatten().tolist())) for row in x], dtype=torch.float64)


def test_shapley_values_of_a_game_by_its_orders():
    method = ours.ShapleyValues(play)
    method.attribute(torch.ones(1, 6), perturbations_per_eval=8)
    assert method.result is not None
    assert method.result.values[0][0].tolist() == pytest.approx(orders(game, 6), abs=1e-12)


def test_a_wrong_weight_of_a_coalition_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shapley, "comb", lambda n, k: 2**n / (n + 1))
    method = ours.ShapleyValues(play)
    method.attribute(torch.ones(1, 6))
    assert method.result is not None
    assert method.result.values[0][0].tolist() != pytest.approx(orders(game, 6), abs=1e-3)


REFUSED = {
    "no tensor": (lambda: ours.FeatureAblation(NET).attribute([1.0, 2.0]), BadInput, "give a torch tensor"),
    "no batch": (lambda: ours.FeatureAblation(NET).attribute(torch.tensor(1.0)), BadInput, "first axis"),
    "nothing": (lambda: ours.FeatureAblation(NET).attribute(torch.zeros(0, 3)), BadInput, "a batch of one or more"),
    "no function": (lambda: ours.FeatureAblation(5), BadInput, "forward_func"),  # type: ignore[arg-type]
    "baseline's shape": (lambda: ours.FeatureAblation(NET).attribute(X, baselines=X[:2]), BadInput, "one row of it"),
    "two baselines": (lambda: ours.FeatureAblation(NET).attribute(X, baselines=(0, 0)), BadInput, "2 for 1 inputs"),
    "target": (lambda: ours.FeatureAblation(NET).attribute(X, target=2), BadInput, "names no output of shape"),
    "targets": (lambda: ours.FeatureAblation(NET).attribute(X, target=[0, 1]), BadInput, "2 targets"),
    "a float target": (lambda: ours.FeatureAblation(NET).attribute(X, target=torch.tensor([0.5])), BadInput, "whole"),
    "per_eval": (lambda: ours.FeatureAblation(NET).attribute(X, perturbations_per_eval=0), BadInput, "from 1 on"),
    "mask's shape": (lambda: ours.FeatureAblation(NET).attribute(X, feature_mask=MASK[:, :2]), BadInput, "broadcast"),
    "mask of halves": (lambda: ours.ShapleyValues(NET).attribute(X, feature_mask=MASK / 2), BadInput, "whole numbers"),
    "window": (lambda: ours.Occlusion(CONV).attribute(IMAGES, (1, 5, 1)), BadInput, "from 1 to the input's"),
    "windows": (lambda: ours.Occlusion(CONV).attribute(IMAGES, ((1, 1, 1), (1, 1, 1))), BadInput, "2 for 1 inputs"),
    "stride": (lambda: ours.Occlusion(CONV).attribute(IMAGES, (1, 2, 2), 3), BadInput, "strides"),
    "NaN": (lambda: ours.FeatureAblation(lambda x: x.log().sum(1)).attribute(X.abs()), BadInput, "NaN or infinity"),
    "too many": (lambda: ours.ShapleyValues(play).attribute(torch.ones(1, 21)), TooLarge, "feature_mask"),
    "a dict": (lambda: ours.FeatureAblation(lambda x: {"y": x}).attribute(X), Unsupported, "returns dict"),
    "futures": (lambda: ours.FeatureAblation(NET).attribute_future(X), Unsupported, "use attribute"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused(case: str):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_a_bar_is_shown_on_the_error_stream(capsys: pytest.CaptureFixture[str]):
    ours.FeatureAblation(NET).attribute(X, target=0, show_progress=True)
    shown = capsys.readouterr()
    assert "perturbations" in shown.err
    assert not shown.out
