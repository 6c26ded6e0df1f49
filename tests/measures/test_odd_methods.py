"""Methods and measures that were once read wrongly: what cannot be read is refused, what is read is right."""

from __future__ import annotations

from fractions import Fraction as Q

import pytest

from attrtheory.errors import BadInput, SideCondition, Unsupported
from attrtheory.expr import var
from attrtheory.expr.forms import absolute, step
from attrtheory.expr.special import normal_quantile
from attrtheory.expr.term import ZERO
from attrtheory.measures import Law, Measure, Part, functional_of, point, same, segment, variation
from attrtheory.measures.applied import apply
from attrtheory.measures.atoms import atom
from attrtheory.measures.extension import atoms_from_text, grid_sum, limit
from attrtheory.measures.functional import nothing
from attrtheory.measures.kernel import kernel
from attrtheory.methods import Method, get_functional_method
from attrtheory.models.dsl import parse_model


def line(x, x0, a):
    return [p + a * (q - p) for p, q in zip(x0, x, strict=True)]


@pytest.mark.parametrize(
    "define",
    [
        lambda f, x, x0, i: (x[i] - x0[i]) * f.mean01(lambda a: (1 + step(a - Q(1, 2))) * f.partial(i, *line(x, x0, a))),
        lambda f, x, x0, i: f.mean01(lambda a: step(a - Q(1, 2)) * f(*line(x, x0, a))),
        lambda f, x, x0, i: f.mean01(lambda a: absolute(a - Q(1, 2)) * f(*line(x, x0, a))),
        lambda f, x, x0, i: f.mean01(lambda a: f(*[p + step(a - Q(1, 2)) * (q - p) for p, q in zip(x0, x, strict=True)])),
        lambda f, x, x0, i: f.mean01(lambda a: step(normal_quantile(a)) * f(*line(x, x0, normal_quantile(a)))),
    ],
)
def test_a_weight_or_a_path_that_jumps_within_its_mean_is_refused(define):
    with pytest.raises(Unsupported, match="decides by the variable"):
        functional_of(Method("odd", define), 2)


def test_a_uniform_and_a_normal_law_of_one_column_are_two():
    mixed = Measure(1, (Part(1, Law((0,), ((1,),)), (1,)), Part(Q(-1, 2), Law((0,), (), ((1,),)))))
    assert not variation(mixed).exact
    assert repr(variation(mixed).value) == "1"  # E u + 1/2, a bound; the variation is at least 0.33


def test_kernels_of_measures_with_symbolic_weights():
    q, x1, x2, b1 = (var(name) for name in ("q", "x1", "x2", "b1"))
    nu = kernel((point([x1, x2]) - point([b1, x2])) * q, 0)
    assert same(nu, segment([b1, x2], [x1, x2]) * (q * (x1 - b1)))
    with pytest.raises(SideCondition, match="feature 1"):
        kernel((point([x1, x2]) - point([b1, 0])) * q, 0)


def test_an_empty_functional_gives_zero():
    assert apply(nothing(2), parse_model("x1 + x2")) is ZERO


def test_a_model_that_jumps_along_a_parabola_only_has_no_limit():
    atoms = atoms_from_text(["b1_in*b2_in"] * 2).at([0, 0], [0, 0])  # the point mass at 0
    between = parse_model("step(x2 - x1*x1) * step(3*x1*x1 - x2)")
    curved = lambda lower, upper: lower if any(lower) else [upper[0], 2 * upper[0] * upper[0]]
    assert [grid_sum(between, atoms, n, curved)[0] for n in (4, 100)] == [1, 1]
    with pytest.raises(SideCondition):
        limit(between, atoms)
    assert limit(parse_model("relu(x1*x1 - x2) + x2"), atoms)[0] == 0  # continuous there: every sign tends to 0


def test_names_of_a_set_and_of_a_functional_are_kept_apart():
    with pytest.raises(BadInput, match="both use"):
        atom((segment_functional(var("s")),), "half_space", 1)
    (found,) = (a for a in atom(get_functional_method("conditional_expectation"), "half_space", 2, positive=("q", "r"))[:1])
    env = {"x1": 1, "x2": 0, "b1": 0, "b2": 0, "q": Q(3, 5), "r": Q(4, 5), "w1": 1, "w2": 1, "s": 3}
    low, high = found.enclosed_at(env).lower, found.enclosed_at(env).upper
    # X2 given x1 = 1: mean q^2, variance q^2 r^2 + r^2; P(X2 > 2)
    from scipy.stats import norm

    expected = norm.sf((2 - 0.36) / (0.6**2 * 0.8**2 + 0.8**2) ** 0.5)
    assert float(low) <= expected + 1e-12
    assert float(high) >= expected - 1e-12
    assert float(high - low) < 1e-10


def segment_functional(s):
    from attrtheory.measures import of_measure

    return of_measure(segment([0], [s]))
