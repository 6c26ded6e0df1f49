"""There and back: the box atoms that a method has, as rules of a user, construct the method's measure again."""

from __future__ import annotations

from fractions import Fraction

import pytest
from scipy.stats import norm

from attrtheory.errors import SideCondition, Unsupported
from attrtheory.expr import total, var
from attrtheory.expr.special import normal_cdf, normal_density, square_root
from attrtheory.measures import functional_of, gaussian, integrated, of_measure, point, product, same, segment
from attrtheory.measures.atoms import atom, box, half_space, measure_of, polytope
from attrtheory.measures.extension import Atoms, measure_of_atoms
from attrtheory.measures.parts import Integrated
from attrtheory.methods import AVERAGES, get_method
from attrtheory.semantics.balls import enclose
from attrtheory.semantics.special import equal

Q = Fraction
AVERAGE = {m.name: m for m in AVERAGES}
X, Z = [Q(1, 2), Q(1, 3)], [Q(1, 4), Q(3, 4)]


@pytest.mark.parametrize("name", ["shapley", "path_gradients"])
def test_the_atoms_of_a_measure_construct_it(name: str):
    method = get_method(name)
    rules = Atoms(tuple(a.term for a in atom(method, "box", 2, x=X, baselines=[Z])))
    expected = [integrated(f).values for f in functional_of(method, 2, X, [Z])]
    assert all(same(mu, nu) for mu, nu in zip(measure_of_atoms(rules), expected, strict=True))


def test_the_atoms_of_a_density_construct_it():
    method = AVERAGE["uniform_partial_dependence"]
    rules = Atoms(tuple(a.term for a in atom(method, "box", 2, x=X)))
    expected = [f.values for f in functional_of(method, 2, X)]
    assert all(same(mu, nu) for mu, nu in zip(measure_of_atoms(rules), expected, strict=True))


def test_the_crossings_of_a_path_construct_no_measure():
    atoms = atom(get_method("integrated_gradients"), "box", 2, x=[1, Q(9, 10)], baselines=[[0, 0]])
    with pytest.raises(Unsupported, match="infinite variation"):
        measure_of_atoms(Atoms(tuple(a.term for a in atoms)))


# half-spaces against laws that move in several ways -----------------------------------------------------------------------
def test_the_half_space_atom_of_smoothgrad():
    """w_i / (sigma |w|) phi((w.x - s) / (sigma |w|))."""
    atoms = atom(AVERAGE["smoothgrad"], half_space([3, 4], var("s")), positive=["sigma"], generic=True)
    gap, sigma = (3 * var("x1") + 4 * var("x2") - var("s")), var("sigma")
    for a, w in zip(atoms, (3, 4), strict=True):
        for s in (Q(1, 2), Q(2)):
            env = {"x1": Q(1), "x2": Q(-1, 2), "s": Q(1, 3), "sigma": s}
            found = enclose(a.term - w / (5 * sigma) * normal_density(gap / (5 * sigma)), env)
            assert abs(found.lower) + abs(found.upper) < Q(1, 2**50)


@pytest.mark.parametrize("generic", [True, False])
def test_half_spaces_under_noise_by_faces_and_by_parts(generic: bool, monkeypatch: pytest.MonkeyPatch):
    smooth = AVERAGE["smoothgrad"]
    by_parts = atom(smooth, "half_space", 2, positive=["sigma"], generic=generic)
    monkeypatch.setattr("attrtheory.measures.atoms.derive.by_parts", lambda functional: Integrated(functional, ()))
    by_faces = atom(smooth, "half_space", 2, positive=["sigma"])
    env = {"x1": Q(1), "x2": Q(2), "w1": Q(3), "w2": Q(-1), "s": Q(2), "sigma": Q(1, 2)}
    scale = (10**0.5) / 2
    for a, b, w in zip(by_parts, by_faces, (3, -1), strict=True):
        left, right = a.enclosed_at(env), b.enclosed_at(env)
        assert max(left.lower, right.lower) <= min(left.upper, right.upper)
        assert float(left.lower) == pytest.approx(w / scale * norm.pdf(-1 / scale), abs=1e-14)
    flat = {**env, "w1": Q(0), "w2": Q(0)}
    with pytest.raises(SideCondition, match="no path runs inside w1\\*y1 \\+ w2\\*y2 = s"):
        by_faces[0].enclosed_at(flat)


def test_a_closed_half_space_holds_its_boundary():
    on_it = product(point([0]), segment([0], [0]))
    assert measure_of(on_it, polytope([[1, 1]], [0])).payload == 1
    assert measure_of(on_it, half_space([-1, -1], 0)).payload == 0
    law = gaussian([0, 0], [[var("c"), 0], [0, var("c")]])
    closed, strict = measure_of(law, polytope([[1, 1]], [0])), measure_of(law, polytope([[1, 1]], [0], strict={0}))
    values = lambda c: [enclose(t, {"c": Q(c)}) for t in (closed, strict)]
    assert [v.lower for v in values(0)] == [1, 0]
    assert all(v.lower <= Q(1, 2) <= v.upper for v in values(2))


def test_a_conditional_gaussian_half_space():
    """Given x1, w.Y is normal with the variance w2^2 r^2 (1 + q^2) for two features."""
    (a, _) = atom(AVERAGE["conditional_expectation"], "half_space", 2, generic=True)
    w, q, r = var("w2"), var("q"), var("r")
    assert {"r", "s"} <= set(a.variables)  # the scale of the law, the threshold of the set
    mean = var("w1") * var("x1") + w * (var("b2") + q * q * (var("x1") - var("b1"))) - var("s")
    assert equal(a.term, normal_cdf(mean / square_root(total([w * q * r * w * q * r, w * r * w * r]))))


def test_boxes_of_independent_parts_multiply():
    law = product(gaussian([0], [[2]]), segment([0], [4]), point([1]))
    found = measure_of(law, box([0, 1, 0], [None, 2, 1]))
    assert equal(found, Q(1, 4) * (1 - normal_cdf(0)))
    assert enclose(found, {}).lower == Q(1, 8)
    assert [a.value_at({}) for a in atom(of_measure(point([1, 1])), box([0, 0], [1, 1]))] == [1]
