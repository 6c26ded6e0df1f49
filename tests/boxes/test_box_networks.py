"""Questions about a collision avoidance network, on a box that others verified it on."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import numpy as np
import pytest

import attrtheory as at
from attrtheory.models.exact_graph import gradient_exact

FOLDER = Path(__file__).parents[3] / "shared" / "networks"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="networks trained by others are not part of the project")


@pytest.fixture(scope="module")
def asked():
    graph = at.from_onnx(FOLDER / "acasxu_3_4.onnx")
    return graph, *np.load(FOLDER / "inputs.npz")["acasxu_boxes"][3]


def test_one_feature_counts_in_favour_everywhere(asked):
    graph, lower, upper = asked
    answer = at.box_query(graph, lower, upper, 2, ">", target=1)
    assert answer.verdict.name == "Proved"
    assert at.check(answer.certificate, answer.claim, lambda _: graph).verdict.name == "Proved"
    assert answer.leaves > 10
    rng = np.random.default_rng(0)
    for share in rng.random((20, 5)):
        x = [Q(v) for v in (lower + share * (upper - lower)).tolist()]
        assert answer.bounds[0] <= gradient_exact(graph, x, 1)[2] <= answer.bounds[1]


def test_others_count_both_ways(asked):
    graph, lower, upper = asked
    for relation in (">=", "<="):
        answer = at.box_query(graph, lower, upper, 0, relation, target=1)
        x = list(answer.verdict.witness.values.values())
        assert not answer.claim.statement.holds(gradient_exact(graph, x, 1)[0])
