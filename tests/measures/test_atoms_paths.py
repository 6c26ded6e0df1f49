"""Face crossings: half-spaces, orthants, polytopes, ties; and against the measures that staircases also are."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from random import Random

import indicators as brute
import pytest

from attrtheory.errors import SideCondition
from attrtheory.expr import lift, step, total, var
from attrtheory.expr.algebra import fold
from attrtheory.expr.term import Term
from attrtheory.measures import Functional, Measure, variation
from attrtheory.measures.atoms import NoAtom, atom, box, equal_by_cases, half_space, measure_of, orthant, polytope
from attrtheory.measures.law import Law, Part
from attrtheory.measures.parts import Integrated
from attrtheory.methods import AVERAGES, get_method
from attrtheory.properties import Relation
from attrtheory.prove.order import Decided
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.ring import equal

Q = Fraction
IG = get_method("integrated_gradients")


def values(method: str, region, x, z) -> list[Fraction]:
    return [a.value_at({}) for a in atom(get_method(method), region, x=x, baselines=[z])]


def test_the_half_space_atom_of_a_straight_path_is_the_share_of_the_gain():
    for i, a in enumerate(atom(IG, "half_space", 3)):
        gain = lambda k: var(f"w{k}") * (var(f"x{k}") - var(f"b{k}"))
        change = step(total(var(f"w{k}") * var(f"x{k}") for k in (1, 2, 3)) - var("s")) - step(
            total(var(f"w{k}") * var(f"b{k}") for k in (1, 2, 3)) - var("s")
        )
        assert equal(a.term, gain(i + 1) / total(map(gain, (1, 2, 3))) * change)


def test_half_space_atoms_are_complete_by_normal_form_where_the_path_is_not_parallel():
    a, b = atom(IG, "half_space", 2)
    slope = total(var(f"w{k}") * (var(f"x{k}") - var(f"b{k}")) for k in (1, 2))
    height = lambda who: total(var(f"w{k}") * var(f"{who}{k}") for k in (1, 2)) - var("s")
    moving = step(slope) + step(-slope)
    assert equal(a.term + b.term, (step(height("x")) - step(height("b"))) * moving)


def test_a_path_along_the_boundary_of_a_half_space_is_refused_and_beside_it_gets_nothing():
    region = half_space([1, -1], 0)
    with pytest.raises(SideCondition, match="y1 - y2 = 0"):
        values("integrated_gradients", region, [1, 1], [0, 0])
    assert values("integrated_gradients", region, [2, 1], [1, 0]) == [0, 0]
    whole = atom(IG, "half_space", 2)[0]
    env = {"w1": 1, "w2": -1, "s": 0, "x1": 1, "x2": 1, "b1": 0, "b2": 0}
    with pytest.raises(SideCondition, match="no path runs inside w1\\*y1 \\+ w2\\*y2 = s"):
        whole.value_at(env)
    assert whole.value_at({**env, "s": 1}) == 0


@pytest.mark.parametrize("at", ["x", "b"])
def test_a_path_that_ends_on_the_boundary_is_refused(at: str):
    point, other = [1, 1], [0, 0]
    x, z = (point, other) if at == "x" else (other, point)
    with pytest.raises(SideCondition, match="at an end"):
        values("integrated_gradients", half_space([1, 1], 2), x, z)
    with pytest.raises(SideCondition, match="at an end"):
        values("integrated_gradients", box([0, Q(-1)], [1, 3]), x, z)


def test_a_path_through_a_corner_is_refused_and_two_perturbed_paths_average_to_a_half():
    touched = box([Q(1, 2), 0], [1, Q(1, 2)])  # the diagonal meets it in its corner (1/2, 1/2) only
    with pytest.raises(SideCondition, match="y1 = 1/2 at an end or at another face"):
        values("integrated_gradients", touched, [1, 1], [0, 0])
    e = Q(1, 100)
    below = values("integrated_gradients", touched, [1 + e, 1 - e], [e, -e])
    above = values("integrated_gradients", touched, [1 - e, 1 + e], [-e, e])
    assert (below, above) == ([1, -1], [0, 0])
    assert [(p + q) / 2 for p, q in zip(below, above, strict=True)] == [Q(1, 2), Q(-1, 2)]


@pytest.mark.parametrize("m", [3, 5])
def test_unions_of_boxes_that_tend_to_a_half_space_do_not_tend_to_its_shares(m: int):
    x, z = [Q(99, 100), Q(98, 100)], [0, Q(1, 1000)]
    expected = values("integrated_gradients", half_space([1, 1], 1), x, z)
    assert expected == [Q(990, 1969), Q(979, 1969)]
    cells = [box([Q(i, m), Q(j, m)], [Q(i + 1, m), Q(j + 1, m)]) for i, j in product(range(m), repeat=2) if i + j >= m]
    atoms = [values("integrated_gradients", cell, x, z) for cell in cells]
    assert [sum(column) for column in zip(*atoms, strict=True)] in ([1, 0], [0, 1])


def dot(row, y) -> Fraction:
    return sum((p * q for p, q in zip(row, y, strict=True)), Q(0))


def credits_near(inside: brute.Set, faces, x, z) -> list[Fraction] | None:
    """Formula (1) with before and after looked up just beside each crossing; None where crossings tie or touch an end."""
    v = [p - q for p, q in zip(x, z, strict=True)]
    along = lambda t: [q + t * d for q, d in zip(z, v, strict=True)]
    times = []
    for normal, offset in faces:
        slope, start = dot(normal, v), dot(normal, z) - offset
        if slope:
            times.append((-start / slope, normal, slope))
        elif start == 0:
            return None
    moments = sorted({t for t, *_ in times})
    if len(moments) < len(times) or {0, 1} & set(moments):
        return None
    e = min([q - p for p, q in pairwise(sorted({*moments, Q(0), Q(1)}))]) / 3
    out = [Q(0)] * len(x)
    for t, normal, slope in (row for row in times if 0 < row[0] < 1):
        jump = inside(along(t + e)) - inside(along(t - e))
        out = [a + jump * n * d / slope for a, n, d in zip(out, normal, v, strict=True)]
    return out


@pytest.mark.parametrize("n", [2, 3])
def test_polytope_atoms_are_crossings_shared_in_proportion(n: int):
    rng, seen, shared = Random(n), 0, 0
    number = lambda: Q(rng.randint(-6, 6), rng.randint(1, 3))
    for _ in range(30):
        matrix = [[number() for _ in range(n)] for _ in range(n + 1)]
        bounds = [Q(rng.randint(1, 12)) for _ in range(n + 1)]
        if not all(map(any, matrix)):
            continue
        x, z = [3 * number() for _ in range(n)], [number() for _ in range(n)]
        inside = lambda y, a=matrix, c=bounds: all(dot(row, y) <= s for row, s in zip(a, c, strict=True))
        expected = credits_near(inside, list(zip(matrix, bounds, strict=True)), x, z)
        if expected is None:
            continue
        found = values("integrated_gradients", polytope(matrix, bounds, strict={0}), x, z)
        assert found == expected
        assert sum(found) == inside(x) - inside(z)
        seen += 1
        shared += any(q.denominator > 1 for q in found)
    assert min(seen, shared) > 3


def test_a_strict_row_leaves_its_boundary_out():
    open_, closed = polytope([[1, 1]], [1], strict={0}), polytope([[1, 1]], [1])
    on, inner = [1, 0], [0, 0]
    assert values("occlusion", closed, on, inner) == [0, 0]
    assert values("occlusion", open_, on, inner) == [-1, 0]


# a staircase is a measure and a path: the two derivations must agree ------------------------------------------------------
def test_crossings_of_staircases_are_their_measure(monkeypatch: pytest.MonkeyPatch):
    method, n = get_method("path_gradients"), 2
    by_measure = {kind: atom(method, kind, n) for kind in ("box", "half_space", "orthant")}
    monkeypatch.setattr("attrtheory.measures.atoms.derive.by_parts", lambda functional: Integrated(functional, ()))
    rng, seen = Random(1), 0
    for kind, measures in by_measure.items():
        crossings = atom(method, kind, n)
        assert {a.kind for a in crossings} == {"D"}
        for _ in range(40):
            env, _points = brute.random_box(rng, n, size=5)
            env |= {"t1": Q(rng.randint(-5, 5)), "t2": Q(rng.randint(-5, 5)), "s": Q(rng.randint(-9, 9), 2)}
            env |= {"w1": Q(2), "w2": Q(-3)}
            try:
                found = [a.value_at(env) for a in crossings]
            except SideCondition:
                continue
            seen += any(found)
            assert found == [a.value_at(env) for a in measures]
    assert seen > 15


def test_crossings_beside_other_random_variables_are_their_measure(monkeypatch: pytest.MonkeyPatch):
    """A path in feature 1, feature 2 uniform with a linear weight: E u 1[..] along it."""
    kernel = Measure(2, (Part(lift(3), Law((lift(0), lift(-1)), ((lift(3), lift(0)), (lift(0), lift(4)))), (0, 1)),))
    functional = Functional(Measure(2), (kernel, Measure(2)))
    regions = [box([1, 0], [None, 2]), box([1, None], [5, 1]), box([1, 0], [2, 1]), orthant(2, {1: 0}), half_space([1, 0], 2)]
    expected = [Q(1, 4), Q(1, 8), 0, 0, Q(1, 2)]  # E u = 1/2; u in (1/4, 3/4] has 1/4, u <= 1/2 has 1/8
    assert [atom(functional, r)[0].value_at({}) for r in regions] == expected
    monkeypatch.setattr("attrtheory.measures.atoms.derive.by_parts", lambda functional: Integrated(functional, ()))
    assert [atom(functional, r)[0].value_at({}) for r in regions] == expected
    with pytest.raises(SideCondition, match="y1 = 3 at an end"):
        atom(functional, box([3, 0], [5, 1]))[0].value_at({})


# orthants: the credits of conjunctions -------------------------------------------------------------------------------------
def credits_where(name: str, u: list[int], n: int, hypotheses: list[tuple[Term, Term]], **given) -> list[Term]:
    """Credits of the orthant `y_k > t_k, k in u`, with guards decided by strict inequalities."""
    region = orthant(n, {k: var(f"t{k + 1}") for k in u})
    decided = Decided([Relation(a, ">", b) for a, b in hypotheses])
    return [fold(a.term, decided) for a in atom(get_method(name), region, n, **given)]


@pytest.mark.parametrize("u", [[0], [0, 2], [0, 1, 2]])
def test_credits_of_conjunctions(u: list[int]):
    n = 3
    between = [pair for k in range(n) for pair in ((var(f"x{k + 1}"), var(f"t{k + 1}")), (var(f"t{k + 1}"), lift(0)))]
    zero = {"baselines": [[0] * n]}
    shares = credits_where("shapley", u, n, between, **zero)
    assert all(equal(c, Q(1, len(u)) * lift(1) if i in u else lift(0)) for i, c in enumerate(shares))
    kept = credits_where("occlusion", u, n, between, **zero)
    assert all(equal(c, lift(int(i in u))) for i, c in enumerate(kept))
    last = credits_where("path_gradients", u, n, between, **zero)
    assert all(equal(c, lift(int(i == max(u)))) for i, c in enumerate(last))


def test_the_straight_path_gives_a_conjunction_to_the_last_to_arrive():
    """From 0 to (1, 1, 1) feature k arrives at time t_k: all orders of the times in (0, 1), ties excluded."""
    atoms = atom(IG, "orthant", 3, x=[1, 1, 1], baselines=[[0, 0, 0]])
    group = ["t1", "t2", "t3", 0, 1]
    for i, a in enumerate(atoms):
        others = [k for k in (1, 2, 3) if k != i + 1]
        last = step(var(f"t{i + 1}") - var(f"t{others[0]}")) * step(var(f"t{i + 1}") - var(f"t{others[1]}"))
        inner = lambda env: all(0 < env[f"t{k}"] < 1 for k in (1, 2, 3)) and len(set(env.values())) == 3
        found = equal_by_cases(a.term, last, [group], inner)
        assert (found.equal, found.cases) == (True, 4)  # t_i against each of the others
        a.value_at({"t1": Q(1, 2), "t2": Q(1, 3), "t3": Q(1, 4)})
    with pytest.raises(SideCondition, match="y1 = t1 at an end or at another face"):
        atoms[0].value_at({"t1": Q(1, 2), "t2": Q(1, 2), "t3": Q(1, 4)})


def test_credits_of_uniform_partial_dependence():
    n, t = 3, [Q(1, 4), Q(1, 3), Q(2, 5)]
    method = next(m for m in AVERAGES if m.name == "uniform_partial_dependence")
    atoms = atom(method, orthant(n, {0: t[0], 2: t[2]}), n)
    env = {"x1": Q(1, 2), "x2": Q(9), "x3": Q(0)}
    side = [1 - q for q in t]
    assert [a.value_at({name: env[name] for name in a.variables}) for a in atoms] == [side[2], side[0] * side[2], 0]


# completeness of box crossings ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("x", [(1, 1), (1, 0)])
def test_completeness_of_box_crossings_by_all_orders_of_the_faces(x: tuple[int, int]):
    """From 0 to x. Every guard keeps its sign when the unit or the direction of a feature changes, so these are all cases."""
    atoms = atom(IG, "box", 2, x=list(x), baselines=[[0, 0]])
    region = box([var("lower1"), var("lower2")], [var("upper1"), var("upper2")])
    gap = region.indicator(list(x)) - region.indicator([0, 0])
    asked = [r.term for a in atoms for r in a.defined_where] + [p for _, p in region.positive]
    wide = lambda env: env["lower1"] < env["upper1"] and env["lower2"] < env["upper2"]
    defined = lambda env: wide(env) and all(evaluate(t, env) for t in asked)
    found = equal_by_cases(total(a.term for a in atoms), gap, [["lower1", "upper1", "lower2", "upper2", 0, 1]], defined)
    assert found.equal
    assert found.cases > 10


# gradients ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["gradient", "gradient_x_displacement", "gradient_x_input"])
def test_a_gradient_has_no_atom_but_difference_quotients_of_unbounded_variation(name: str):
    atoms = atom(get_method(name), "box", 2)
    env = {"lower1": 0, "upper1": 2, "lower2": 0, "upper2": 2, "x1": 1, "x2": 1, "b1": 0, "b2": 0}
    for a in atoms:
        assert isinstance(a, NoAtom)
        assert a.value_at({k: v for k, v in env.items() if k in a.variables or k[0] in "lu"}) == 0
        with pytest.raises(SideCondition, match=f"lies on y{a.feature + 1} = upper{a.feature + 1}"):
            a.value_at({**env, f"x{a.feature + 1}": 2})
    inside = measure_of(atoms[0].approximation, box([0, 0], [2, 2]))
    for h, expected in ((Q(1, 2), 0), (Q(3, 2), 0), (Q(1), Q(-1, 2))):  # x - h = 0 is outside of (0, 2], x + h = 2 inside
        assert evaluate(inside, {"x1": Q(1), "x2": Q(1), "b1": Q(0), "b2": Q(0), "h": h}) == -expected
    for h in (Q(1, 2), Q(1, 8)):
        quotient = Measure(2, tuple(atoms[0].approximation.parts))
        size = variation(quotient).value
        assert evaluate(size, {"x1": Q(1), "x2": Q(1), "b1": Q(0), "b2": Q(0), "h": h}) == 1 / h


def test_the_gradient_of_a_half_space_is_a_distribution_in_its_threshold():
    (a, b) = atom(get_method("gradient"), "half_space", 2)
    assert isinstance(a, NoAtom)
    assert "(w1) delta(-s + w1*x1 + w2*x2)" in a.reason
    assert "(w2) delta(-s + w1*x1 + w2*x2)" in str(b)


def test_a_corner_off_the_face_says_nothing_about_a_gradient():
    region = box([0, 0], [1, 1])
    (a, b) = atom(get_method("gradient"), region, x=[0, 5])
    assert (a.value_at({}), b.value_at({})) == (0, 0)  # x lies in the plane y1 = 0, but not on the box


def test_mixtures_average():
    eg = atom(get_method("expected_gradients"), "box", 2)
    rng, seen = Random(3), 0
    for _ in range(40):
        env, (lower, upper, x, z) = brute.random_box(rng, 2, size=5)
        other = [q + Q(1, 3) for q in z[::-1]]
        parts = [brute.straight(lower, upper, x, b) for b in (z, other)]
        if None in parts:
            continue
        env = {k: v for k, v in env.items() if k[0] != "b"}
        env |= {f"b{k + 1}_{j + 1}": b[k] for j, b in enumerate((z, other)) for k in (0, 1)}
        expected = [(p + q) / 2 for p, q in zip(*parts, strict=True)]
        assert [a.value_at(env) for a in eg] == expected
        seen += any(expected)
    assert seen > 5


def test_functionals_are_taken_as_they_are():
    from attrtheory.measures import of_measure, point

    mu = of_measure(point([1, 1]) - point([0, 0]))
    assert [a.value_at({}) for a in atom((mu, 2 * mu), box([0, 0], [1, 1]))] == [1, 2]
    nothing = Functional(Measure(2), (Measure(2), Measure(2)))
    assert [a.kind for a in atom(nothing, box([0, 0], [1, 1]))] == ["M"]
