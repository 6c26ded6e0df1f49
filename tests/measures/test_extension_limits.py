"""Grid sums, their bounds and limits: tags, the paper's integrators, corner signs in every dimension, jumps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise, product
from math import prod

import pytest

from attrtheory.errors import BadInput, NotExact, SideCondition, Unsupported
from attrtheory.expr import relu, var
from attrtheory.measures import gaussian, point, same, segment
from attrtheory.measures.extension import (
    approximation,
    atoms_from_text,
    atoms_of_integrators,
    grid_sum,
    integral,
    jumps,
    limit,
    measure_of_atoms,
    stieltjes,
    straight_path_atoms,
)
from attrtheory.measures.extension import atoms as module
from attrtheory.methods import get_method
from attrtheory.models.dsl import parse_model, parse_term
from attrtheory.models.fn import Fn, Unknown
from attrtheory.semantics.continuity import lipschitz
from attrtheory.semantics.exact import evaluate

Q = Fraction
HALF, THIRD = Q(1, 2), Q(1, 3)
PLANE = parse_model("relu(x1 + x2 - 1)")


def weighted(*x: Q):
    others = lambda k: " * ".join(f"length{j + 1}" for j in range(len(x)) if j != k) or "1"
    return atoms_from_text([f"x{k + 1}_in * {others(k)}" for k in range(len(x))]).at(x)


# the bound --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["relu(x1 + x2 - 1)", "x1*x2*x2 - 3*x1", "max(x1, 2*x2) - abs(x1 - 1/3)"])
@pytest.mark.parametrize("tags", ["lower", "upper", "centre"])
def test_grid_sums_lie_within_the_bound_of_their_limit(text: str, tags: str):
    f, atoms = parse_model(text, ["x1", "x2"]), weighted(THIRD, Q(3, 4))
    exact = limit(f, atoms)
    for steps in (1, 3, 8):
        for near, value in zip(approximation(f, atoms, steps, tags), exact, strict=True):
            assert abs(near.value - value) <= near.bound
    coarse, fine = (approximation(f, atoms, steps, tags)[0].bound for steps in (4, 8))
    assert coarse == 2 * fine > 0


def test_limits_by_hand():
    """The mean of (1/2 + y - 1)+ over y in [0, 1] is 1/8, that of (y + 1/3 - 1)+ is 1/18."""
    assert limit(PLANE, weighted(HALF, THIRD)) == (Q(1, 8), Q(1, 18))
    three = parse_model("relu(x1 + x2 + x3 - 1)")
    uniform = atoms_of_integrators([parse_term("t1*t2*t3")] * 3)
    assert limit(three, uniform)[0] == HALF + Q(1, 24)  # the mean of S - 1 and of (1 - S)+
    assert limit(parse_model("x1**2*x2"), weighted(HALF, THIRD)) == (Q(1, 8), Q(1, 9))


def test_the_limit_of_occlusion_atoms_is_occlusion():
    f, x, b = parse_model("relu(x1 + x2 - 1) + x1*x2"), [Q(1), Q(2, 3)], [Q(1, 4), Q(0)]
    atoms = atoms_from_text(["(x1_in - b1_in)*x2_in", "(x2_in - b2_in)*x1_in"]).at(x, b)
    method = get_method("occlusion")
    assert limit(f, atoms) == tuple(evaluate(method(f, x, [b], i), {}) for i in (0, 1))


def test_lipschitz_bounds_hold_between_grid_points():
    cube = {"x1": (Q(0), Q(1)), "x2": (Q(0), Q(1))}
    grid = [dict(zip(cube, p, strict=True)) for p in product([Q(k, 4) for k in range(5)], repeat=2)]
    for text in ("relu(3*x1 - x2)*x2", "x1*x1*x2 - abs(x1 - x2)", "x1/(2 - x2)", "max(x1, min(x2, 1/3))**2"):
        f = parse_model(text, ["x1", "x2"])
        slopes, values = lipschitz(f.body, cube), [evaluate(f.body, p) for p in grid]
        for (p, a), (q, b) in product(zip(grid, values, strict=True), repeat=2):
            assert abs(a - b) <= sum(slopes[k] * abs(p[k] - q[k]) for k in cube)
    with pytest.raises(Unsupported, match="may vanish"):
        lipschitz(parse_term("1/x1"), cube)
    with pytest.raises(Unsupported, match="nothing is known of the size of w"):
        lipschitz(parse_term("w*x1"), cube)


def test_no_bound_without_continuity_additivity_or_variation():
    with pytest.raises(SideCondition, match="not known to be continuous where x1 \\+ x2 - 1 = 0"):
        approximation(parse_model("step(x1 + x2 - 1)"), weighted(HALF, HALF), 4)
    with pytest.raises(SideCondition, match="not finitely additive"):
        approximation(PLANE, atoms_from_text(["x1_in", "x2_in"]).at([HALF, HALF]), 4)
    with pytest.raises(Unsupported, match="infinite variation"):
        approximation(PLANE, straight_path_atoms([1, 1]), 4)
    assert approximation(parse_model("ite(x1 + 1, x1, 7)", ["x1", "x2"]), weighted(HALF, HALF), 4)[0].bound == Q(1, 4)


# tags -------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [2, 5, 8])
def test_the_sums_of_a_path_depend_on_tags(n: int):
    """On the path just below the diagonal and f = y2 moving some tags by 1/n moves everything to the other feature."""
    f, atoms = parse_model("x2", ["x1", "x2"]), straight_path_atoms([1, 1])
    raised: Callable[..., Sequence[Q]] = lambda lower, upper: [lower[0], (upper if lower[0] > lower[1] else lower)[1]]
    assert grid_sum(f, atoms, n) == (0, 1 - Q(1, n))
    assert grid_sum(f, atoms, n, raised) == (1 - Q(1, n), 0)


def test_tags_lie_in_their_boxes():
    with pytest.raises(BadInput, match="outside its box"):
        grid_sum(PLANE, weighted(HALF, HALF), 2, lambda lower, upper: [2, 2])
    with pytest.raises(BadInput, match="lower, upper, centre"):
        grid_sum(PLANE, weighted(HALF, HALF), 2, "middle")
    with pytest.raises(BadInput, match="on 3 features, the model on 2"):
        grid_sum(PLANE, weighted(HALF, HALF, HALF), 2)
    with pytest.raises(NotExact):
        grid_sum(PLANE, weighted(HALF, HALF), 2, lambda lower, upper: [0.1, 0.1])
    with pytest.raises(Unsupported, match="known numbers"):
        grid_sum(Unknown("f", 2), weighted(HALF, HALF), 2)


# integrators ------------------------------------------------------------------------------------------------------------
def all_positive(d: int, j: int) -> str:
    return "".join(f"*step(t{k + 1})" for k in range(d) if k != j)


def corollary_c3(d: int):
    return [parse_term(f"2*t{j + 1}{all_positive(d, j)}") for j in range(d)]


def corollary_c4(x: Sequence[Q]):
    return [parse_term(f"(1 - step({q} - t{j + 1})){all_positive(len(x), j)}") for j, q in enumerate(x)]


def along_axis(f: Fn, j: int, t: Q) -> Q:
    return evaluate(f(*(t if k == j else 0 for k in range(f.n))), {})


def simpson(g: Callable[[Q], Q], breaks: Sequence[Q]) -> Q:
    """Exact where g is a cubic between the breaks."""
    return sum(((b - a) * (g(a) + 4 * g((a + b) / 2) + g(b)) / 6 for a, b in pairwise(breaks)), Q(0))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_integrators_of_corollaries_c3_and_c4(d: int):
    x = [HALF, Q(1, 10), Q(3, 4)][:d]
    y = [var(f"x{k + 1}") for k in range(d)]
    weights = [Q(2), Q(-17, 10), Q(5)][:d]
    linear = sum((w * p for w, p in zip(weights, y, strict=True)), 0 * y[0])
    inputs = tuple(f"x{k + 1}" for k in range(d))
    for body in (linear, linear + 3, relu(linear - HALF), sum((p * p * p for p in y), linear) - linear * linear):
        f = Fn(inputs, body)
        breaks = sorted({Q(0), Q(1), *(HALF / w for w in weights if w > HALF)})
        on_axis = [lambda t, f=f, j=j: along_axis(f, j, t) for j in range(d)]
        assert stieltjes(f, corollary_c3(d)) == tuple(2 * simpson(g, breaks) for g in on_axis)
        assert stieltjes(f, corollary_c4(x)) == tuple(along_axis(f, j, x[j]) for j in range(d))
    f = Fn(inputs, linear)
    assert stieltjes(f, corollary_c3(d)) == tuple(weights)
    assert stieltjes(f, corollary_c4(x)) == tuple(w * q for w, q in zip(weights, x, strict=True))


def test_the_measures_of_c3_and_c4():
    first, second = measure_of_atoms(atoms_of_integrators(corollary_c3(2)))
    assert same(first, 2 * segment([0, 0], [1, 0]))
    assert same(second, 2 * segment([0, 0], [0, 1]))
    assert same(measure_of_atoms(atoms_of_integrators(corollary_c4([HALF, THIRD])))[1], point([0, THIRD]))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_increments_of_the_volume_are_volumes(d: int):
    volume = atoms_of_integrators([parse_term("*".join(f"t{k + 1}" for k in range(d)))] * d)
    lower, upper = [Q(k + 1, 7) for k in range(d)], [Q(k + 3, 7) for k in range(d)]
    assert volume.value(0, lower, upper) == prod(b - a for a, b in zip(lower, upper, strict=True)) > 0


def test_an_integrator_that_does_not_vanish_at_zero_has_mass_there():
    assert stieltjes(parse_model("x1 + 3"), [parse_term("1 + t1")]) == (3 + HALF + 3,)


def test_integrators_of_no_grid_are_refused():
    with pytest.raises(Unsupported, match="surface other than a coordinate"):
        stieltjes(PLANE, [parse_term("min(t1, t2)")] * 2)
    with pytest.raises(BadInput, match="read t3"):
        stieltjes(PLANE, [parse_term("t3")] * 2)
    with pytest.raises(Unsupported, match="points, segments and boxes"):
        integral(PLANE, gaussian([0, 0], [[1, 0], [0, 1]]))


# jumps ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text, refused",
    [
        ("step(x1 - 1/2) + x2", True),  # on the line x1 = 1/2 that carries the measure
        ("step(x1 - 1/4) + x2", False),
        ("step(x1 + x2 - 1)", False),  # meets the line in one point
        ("step(1/2 - x1)*x2", True),
        ("(x1 - 1/2)*step(x1 - 1/2)", False),
        ("ite(x1 - 1/2, x2, x2*x2)", True),
        ("ite(x1 - 1/2, x2*x1, x2/2)", False),
        ("step(relu(x2 - 1/2) + x1 - 1/2)", True),  # on the half of the line with x2 < 1/2
        ("step(relu(x1 - 1/2) - 1)", False),
        ("step((x1 - 1/2)**2)", True),
        ("step((x1 - 1/2)**2 + x2)", False),
    ],
)
def test_models_that_jump_on_the_measure_are_refused(text: str, refused: bool):
    f, atoms = parse_model(text, ["x1", "x2"]), weighted(HALF, THIRD)
    (mu, _) = measure_of_atoms(atoms)
    only_first = atoms_from_text(["x1_in * length2", "0"]).at([HALF, THIRD])
    if refused:
        with pytest.raises(SideCondition, match="discontinuous where the measure has mass: at \\(1/2, "):
            limit(f, only_first)
    else:  # then all tags have one limit: coarse sums at two tags differ by O(1/n)
        assert limit(f, only_first) == (integral(f, mu), 0)
        low, high = (grid_sum(f, atoms, 16, tags)[0] for tags in ("lower", "upper"))
        assert abs(low - integral(f, mu)) < Q(1, 4)
        assert abs(high - integral(f, mu)) < Q(1, 4)


def test_jumps_at_point_masses_are_decided_exactly():
    at = lambda *x: atoms_from_text(["x1_in * x2_in", "0"]).at(x)
    for text in ("step(x1 - x2)*(x1 - x2)", "step(x1 - x2) + step(x2 - x1) - 1 + ite(x1 - x2, 0, ite(x2 - x1, 0, 1))"):
        assert limit(parse_model(text), at(HALF, HALF)) == (0, 0)
    for text in ("step(x1 - x2)", "step(x1 + x2 - 1)*x1", "step(x1 - x2) + step(x2 - x1)"):
        with pytest.raises(SideCondition, match="tends to"):
            limit(parse_model(text), at(HALF, HALF))
        assert limit(parse_model(text), at(HALF, Q(1, 4)))[0] in (0, 1)


def test_jumps_outside_the_cube_do_not_count():
    at = lambda *x: atoms_from_text(["x1_in * x2_in", "0"]).at(x)
    for text in ("step(x1 - 1) + x2", "step(-x2) + x2*x1", "step(x1 + x2 - 2)", "step(x1 - x2 - 1)"):
        limit(parse_model(text), at(1, 0))
    for text in ("step(x2) + x1", "step(1 - x1) + x2", "step(x2 + 1 - x1)", "step(2 - x1 - x2) + step(x2)"):
        with pytest.raises(SideCondition, match="at \\(1, 0\\) it is "):
            limit(parse_model(text), at(1, 0))


def test_a_jump_that_is_not_seen_is_caught(monkeypatch: pytest.MonkeyPatch):
    """With the check taken out, grid sums at lower and upper tags stay apart: there is no limit to return."""
    f, atoms = parse_model("step(x1 - 1/2)", ["x1", "x2"]), weighted(HALF, THIRD)
    assert grid_sum(f, atoms, 16, "lower")[0] == 0
    assert grid_sum(f, atoms, 15, "upper")[0] == 1
    monkeypatch.setattr(jumps.Near, "_sign", lambda self, c: 1)  # every guard taken as positive
    assert limit(f, atoms)[0] == 0


# teeth ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("d, caught", [(1, True), (2, False), (3, True)])
def test_the_sign_by_upper_ends_is_wrong_in_odd_dimensions(d: int, caught: bool, monkeypatch: pytest.MonkeyPatch):
    """(-1)^(number of upper ends) agrees with the right sign for even d only."""
    f = Fn(tuple(f"x{k + 1}" for k in range(d)), 2 * var("x1"))
    right = grid_sum(f, atoms_of_integrators(corollary_c3(d)), 4, "centre")
    assert right[0] == 2
    monkeypatch.setattr(module, "corner_sign", lambda corner: (-1) ** sum(corner))
    wrong = grid_sum(f, atoms_of_integrators(corollary_c3(d)), 4, "centre")
    assert wrong == (tuple(-q for q in right) if caught else right)
