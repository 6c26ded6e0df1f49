"""Certificates about boxes that were damaged or forged are rejected; wrong bounds are caught."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Q
from functools import cache
from typing import Any

import numpy as np
import pytest
from boxes.sampling import box_around, contains_all
from lower.nets import chain, dense, leaky, linear, residual

import attrtheory as at
from attrtheory.errors import BadCertificate
from attrtheory.lower.box import cells, forms, gradient, parts
from attrtheory.lower.box.question import Question
from attrtheory.models.ops import Relu
from attrtheory.models.serial import graph_digest
from attrtheory.prove.certificate import seal, unseal

# 2 x1 + relu(x1 - x2) - relu(x2 - 1/3): the first attribution is 2 or 3
NET = chain((2,), linear([[1.0, 0.0], [1.0, -1.0], [0.0, 1.0]], [4.0, 0.0, -1 / 3]), Relu(), linear([[2.0, 1.0, -1.0]]))
TWIN = chain((2,), linear([[1.0, 0.0], [1.0, -1.0], [0.0, 1.0]], [4.0, 0.0, -1 / 3]), Relu(), linear([[2.0, -3.0, -1.0]]))
GRAPHS = {graph_digest(g): g for g in (NET, TWIN)}
ASKED: dict[str, dict[str, Any]] = {
    "proved": {"feature": 1, "relation": "<=", "bound": Q(1, 2), "method": "gradient_x_input", "lower": [-1, Q(1, 7)]},
    "mean": {"feature": 1, "relation": ">=", "bound": Q(-9, 5), "method": "integrated_gradients", "lower": [0, 0]},
    "refuted": {"feature": 0, "relation": ">", "bound": 2, "method": "gradient", "lower": [-1, -1]},
}


@cache
def text(name: str) -> str:
    asked = {"upper": [1, 1], **ASKED[name]}
    return at.box_query(NET, **asked).certificate


def content(name: str) -> dict[str, Any]:
    return unseal(text(name))


def checked(data: dict[str, Any]) -> str:
    return at.check(seal(data), graphs=GRAPHS.__getitem__).verdict.name


def test_the_certificates_themselves_are_accepted():
    assert [checked(content(name)) for name in ASKED] == ["Proved", "Proved", "Refuted"]
    assert len(content("mean")["tree"].split(" ")) > 1 or len(content("mean")["tree"]) > 4


def test_every_byte_counts():
    right = text("refuted").encode()
    for k in range(0, len(right), 7):
        with pytest.raises(BadCertificate):
            at.check(bytes([*right[:k], right[k] ^ 1, *right[k + 1 :]]), graphs=GRAPHS.__getitem__)


@pytest.mark.parametrize("name", ["proved", "mean"])
@pytest.mark.parametrize(
    "forge",
    [
        lambda tree: tree.rpartition(" ")[0],  # a part is missing
        lambda tree: tree + " .",  # a part too many
        lambda tree: ".",
        lambda tree: "t0",
        lambda tree: "t10",
        lambda tree: "t1000",
        lambda tree: "0@-1 . " + tree,  # cut at a face
        lambda tree: "1@2 . " + tree,  # cut outside: overlapping parts
        lambda tree: "2 . " + tree,  # no such feature
        lambda tree: "0@x . " + tree,
        lambda tree: "0 " * 2_000 + ". " * 2_000 + ".",
        lambda tree: "",
        lambda tree: tree.replace(" ", "  ", 1) if " " in tree else tree + " ",
        lambda tree: [tree],
        lambda tree: None,
    ],
)
def test_forged_trees_are_rejected(name: str, forge: Callable[[Any], Any]):
    data = content(name)
    forged = forge(data["tree"])
    if forged == data["tree"]:
        pytest.skip("the same tree")
    with pytest.raises(BadCertificate):
        checked({**data, "tree": forged})


CLAIMS = {
    "proved": {
        "network": [graph_digest(TWIN), "0" * 64, None],
        "lower": [["-1", "-5"], ["-1"], ["2", "2"], ["-1.0", "0"], None],
        "upper": [["1", "1/8"], ["1", "1/0"]],
        "baseline": [["1", "1"], []],
        "bound": ["-1/2", "1/3e0", 0],
        "relation": [">=", "<>", None],
        "feature": [-1, 2, "1", True],
        "target": [1, -1, "0", 0.0],
        "method": ["shapley", None],
    },
    "refuted": {
        "network": [graph_digest(NET)[:-1]],
        "relation": ["<=", ">="],
        "lower": [["1/2", "1/2"]],
        "bound": ["1", "-7"],
    },
}


@pytest.mark.parametrize("name, key, value", [(n, k, v) for n, ks in CLAIMS.items() for k, vs in ks.items() for v in vs])
def test_changed_claims_are_rejected(name: str, key: str, value: Any):
    data = content(name)
    assert data["claim"][key] != value or type(value) is not type(data["claim"][key])
    with pytest.raises(BadCertificate):
        checked({**data, "claim": {**data["claim"], key: value}})


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "Refuted"},
        {"verdict": "Unknown"},
        {"verdict": "Conditional"},
        {"format": 2},
        {"format": True},
        {"kind": "boxes"},
        {"slopes": "0"},  # nothing that a certificate brings may enter the bounds
        {"claim": None},
        {"x": ["0", "0"]},
    ],
)
def test_changed_certificates_are_rejected(change: dict[str, Any]):
    with pytest.raises(BadCertificate):
        checked({**content("proved"), **change})


@pytest.mark.parametrize("x", [["-1", "-2"], ["0"], ["0", "0", "0"], ["1/2", "0"], [0, 0], None, "00"])
def test_a_witness_elsewhere_is_rejected(x: Any):
    with pytest.raises(BadCertificate):
        checked({**content("refuted"), "x": x})


def test_a_certificate_is_for_one_claim():
    first, second = (at.box_query(NET, [0, 0], [1, 1], 0, ">", bound) for bound in (0, 1))
    with pytest.raises(BadCertificate, match="another claim"):
        at.check(first.certificate, second.claim, GRAPHS.__getitem__)
    with pytest.raises(BadCertificate, match="folder"):
        at.check(first.certificate)


# mutants: one rule of the bounds is wrong, and values fall outside them ---------------------------------------------------
def missed(monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]) -> bool:
    """Whether all values lie between the bounds of the mutant, on every network and box tried."""
    gradient.engine.cache_clear()
    mutate(monkeypatch)
    rng = np.random.default_rng(0)
    try:
        for method, base in (("gradient", 0), ("gradient_x_input", 0), ("integrated_gradients", Q(1, 3))):
            for family in (dense, leaky, residual):
                for radius in (0.0, 1e-2, 0.5):
                    graph = family(rng)
                    question = Question(graph, method, 0, (Q(base),) * graph.features)
                    box = box_around(rng.normal(size=graph.features), np.full(graph.features, radius))
                    if not contains_all(question, box, rng):
                        return False
        return True
    finally:
        gradient.engine.cache_clear()


def wrong_ramp(change: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    ramp = forms.ramp
    return lambda patch: patch.setattr(gradient, "ramp", lambda z, symbols: change(*ramp(z, symbols)))


def wrong_back(change: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    back = forms.ramp_back
    return lambda patch: patch.setattr(gradient, "ramp_back", lambda g, on, free, m: back(g, *change(on, free), m))


def halved_noise(patch: pytest.MonkeyPatch) -> None:
    scaled = forms.Forms.scaled
    patch.setattr(forms.Forms, "scaled", lambda f, slope, shift, noise, m: scaled(f, slope, shift, noise // 2, m))



def no_errors(patch: pytest.MonkeyPatch) -> None:
    rounded = forms.rounded

    def without(y: Any, shift: Any) -> Any:
        z = rounded(y, shift)
        z[:, 1] = 0
        return z

    patch.setattr(forms, "rounded", without)


def no_path_symbol(patch: pytest.MonkeyPatch) -> None:
    made = parts.forms

    def still(places: Any, baseline: Any, dtype: Any) -> Any:
        f = made(places, baseline, dtype)
        f.rows[:, -1] = 0
        return f

    patch.setattr(cells, "forms", still)
    patch.setattr("attrtheory.lower.box.exact.forms", still)


MUTANTS = {
    "open units taken as on": wrong_back(lambda on, free: (on | free, np.zeros_like(free))),
    "open units taken as off": wrong_back(lambda on, free: (on, np.zeros_like(free))),
    "on taken as off": wrong_back(lambda on, free: (np.zeros_like(on), free)),
    "guards known too early": wrong_ramp(lambda z, on, free: (z, on | free, free & False)),
    "noise halved": halved_noise,
    "errors dropped": no_errors,
    "path symbol dropped": no_path_symbol,
}


def test_the_bounds_themselves_miss_nothing(monkeypatch: pytest.MonkeyPatch):
    assert missed(monkeypatch, lambda patch: None)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str, monkeypatch: pytest.MonkeyPatch):
    assert not missed(monkeypatch, MUTANTS[name])
