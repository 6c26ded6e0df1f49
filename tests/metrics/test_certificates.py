import json
from fractions import Fraction as Q
from functools import cache
from itertools import product

import pytest
from metrics.small import best_of_all_orders, point, small
from teeth.forging import at, entries

from attrtheory import metrics
from attrtheory.errors import BadCertificate, BadInput
from attrtheory.metrics import check_optimum, curve_bounds, forms, orders, quadratic
from attrtheory.metrics.curves import Curve
from attrtheory.metrics.max_sensitivity import MaxSensitivity
from attrtheory.models.dsl import parse_model
from attrtheory.prove.certificate import seal, unseal

X, BASE = [Q(2), Q(-1), Q(1, 2)], [Q(0), Q(1), Q(0)]
F = parse_model("relu(x1 - 2*x2)*x3 + x2", ["x1", "x2", "x3"])
SETS = [[k >> i & 1 for i in range(3)] for k in range(1, 8)]
METRICS = {
    "infidelity": metrics.infidelity(F, X, SETS, baseline=BASE),
    "singular": metrics.infidelity(F, X, [[1, 1, 0], [0, 0, 1]], ["1/3", "2/3"], baseline=BASE),
    "fidelity": metrics.fidelity(F, X, BASE, *metrics.kernel_shap(3), intercept=True, ridge="1/3"),
    "local": metrics.local_fidelity(F, X, [[1, 2, 3], [0, 0, 1], [2, 2, 5], [1, 0, 0]], intercept=False, baseline=BASE),
    "sensitivity": metrics.sensitivity_n(F, X, BASE, 2),
    "correlation": metrics.sensitivity_n_correlation(F, X, BASE, 2),
    "deletion": metrics.deletion(F, X, BASE),
    "insertion": metrics.insertion(F, X, BASE),
    "max": metrics.max_sensitivity(F, X, [[1, 1, 1], [2, 0, 0]], "sum", baseline=BASE),
}


@cache
def optima(name):
    metric = METRICS[name]
    found = [metric.optimum()]
    if name in ("infidelity", "singular", "fidelity", "max"):
        found.append(metric.optimum(complete=True))
    if isinstance(metric, Curve):
        found.append(metric.bounds())
    return found


def said(found):
    """What an optimum says, without its proof."""
    kept = ("complete", "zero", "value", "bound", "attribution", "attributions")
    evidence = found.evidence()
    return type(found), {k: evidence[k] for k in kept if k in evidence}, getattr(found, "unique", None)


@pytest.mark.parametrize("name", METRICS)
def test_certificates_are_checked_from_the_text_alone_and_only_for_their_metric(name):
    for best in optima(name):
        text = best.certificate
        found = check_optimum(text)
        assert (said(found), found.certificate) == (said(best), text)
        check_optimum(text.encode(), METRICS[name])
        for other, metric in METRICS.items():
            if other != name:
                with pytest.raises(BadCertificate, match="another metric"):
                    check_optimum(text, metric)


def forgeries(value):
    match value:
        case bool():
            return [not value, int(value)]
        case int():
            return [value + 1, value - 1, str(value), True]
        case str():
            is_number = value.lstrip("-").replace("/", "").isdecimal()
            changed = [str(Q(value) + 1), str(-Q(value) - 1), f"{value}/1"] if is_number else []
            return [*changed, value + " ", None]
        case list():
            return [value[:-1], [*value, *value[-1:]], None]
        case _:
            return [None, {}]


@pytest.mark.parametrize("name", METRICS)
def test_a_forged_entry_is_rejected_or_proves_the_same(name):
    for best in optima(name):
        content = unseal(best.certificate)
        rejected = 0
        for path in entries(content):
            parent, key = at(content, path)
            for forged in forgeries(parent[key]):
                changed = json.loads(json.dumps(content))
                inner, last = at(changed, path)
                inner[last] = forged
                if changed == content and not isinstance(forged, bool | int):
                    continue
                try:
                    found = check_optimum(seal(changed), METRICS[name])
                except BadCertificate:
                    rejected += 1
                else:
                    assert said(found) == said(best), path
        assert rejected > 10
        for key in ("metric", "evidence", "format", "kind"):
            with pytest.raises(BadCertificate):
                check_optimum(seal({k: v for k, v in content.items() if k != key}))
        with pytest.raises(BadCertificate):
            check_optimum(seal({**content, "evidence": {**content["evidence"], "more": 1}}))


def test_what_is_no_certificate():
    good = optima("infidelity")[0].certificate
    for text in ("", "{}", good[:-2], good.replace("infidelity", "infidelitx"), good.replace("x1", "x2", 1)):
        with pytest.raises(BadCertificate):
            check_optimum(text)
    with pytest.raises(BadInput):
        check_optimum(METRICS["infidelity"])


@pytest.mark.parametrize("name", ["deletion", "insertion"])
def test_a_search_that_goes_the_wrong_way_proves_nothing(name, monkeypatch):
    monkeypatch.setattr(orders, "min", max, raising=False)
    wrong = METRICS[name].optimum()
    monkeypatch.undo()
    with pytest.raises(BadCertificate, match="potential"):
        check_optimum(wrong.certificate)


@pytest.mark.parametrize("name", ["infidelity", "fidelity", "sensitivity", "singular"])
def test_a_wrong_solution_of_the_normal_equations_proves_nothing(name, monkeypatch):
    right = quadratic.solve
    monkeypatch.setattr(quadratic, "solve", lambda *a: ((right(*a)[0][0] + 1, *right(*a)[0][1:]), *right(*a)[1:]))
    wrong = METRICS[name].optimum()
    monkeypatch.undo()
    with pytest.raises(BadCertificate):
        check_optimum(wrong.certificate)


def test_a_forgotten_direction_and_an_invented_one_are_noticed(monkeypatch):
    right = quadratic.null_space
    content = unseal(optima("singular")[0].certificate)
    assert content["evidence"]["directions"]
    forged = {**content["evidence"], "directions": [], "inverse": content["evidence"]["inverse"][:-1]}
    with pytest.raises(BadCertificate, match="span"):
        check_optimum(seal({**content, "evidence": forged}))
    monkeypatch.setattr(quadratic, "null_space", lambda *a: (*right(*a), (Q(0),) * 3))
    wrong = METRICS["infidelity"].optimum()
    monkeypatch.undo()
    with pytest.raises(BadCertificate, match="independent"):
        check_optimum(wrong.certificate)


def differs_from_exhaustive_search():
    found = []
    for seed in range(6):
        model, x, base = small(4, seed), point(4, seed), point(4, seed + 1)
        found.append(metrics.deletion(model.fn, x, base).optimum().value != best_of_all_orders(model, x, base, min))
    return any(found)


def test_the_exhaustive_search_notices_other_ends_of_the_trapezoid_rule(monkeypatch):
    assert not differs_from_exhaustive_search()
    monkeypatch.setattr(Curve, "share", lambda self, size: Q(1, self.at.n))
    assert differs_from_exhaustive_search()


def test_the_exhaustive_search_notices_bits_read_the_other_way_round(monkeypatch):
    right = Curve.along
    monkeypatch.setattr(Curve, "along", lambda self, sets: right(self, [s ^ s >> 1 for s in sets]))
    assert differs_from_exhaustive_search()


def bounds_fail():
    for seed, n in product(range(8), (3, 4)):
        metric = metrics.deletion(small(n, seed).fn, point(n, seed), point(n, seed + 1))
        if metric.bounds().bound > metric.optimum().value:
            return True
    return False


def test_bounds_that_are_too_tight_are_noticed(monkeypatch):
    monkeypatch.setattr(curve_bounds, "MOST_SETS", 1)
    assert not bounds_fail()
    right = curve_bounds._sized
    monkeypatch.setattr(curve_bounds, "_sized", lambda slopes, size: right(slopes, max(size - 1, 0)))
    assert bounds_fail()


def test_a_chord_below_its_relu_is_noticed(monkeypatch):
    monkeypatch.setattr(curve_bounds, "MOST_SETS", 1)
    assert not bounds_fail()
    right = forms.Forms._ramp

    def steeper(self, g, a, b):
        ramp = right(self, g, a, b)
        return ramp and (ramp[0], ramp[1] / 2)

    monkeypatch.setattr(forms.Forms, "_ramp", steeper)
    assert bounds_fail()


def test_a_wrong_bound_of_complete_tables_is_noticed(monkeypatch):
    monkeypatch.setattr(MaxSensitivity, "changes", property(lambda self: (Q(0),) * len(self.neighbours)))
    wrong = METRICS["max"].optimum(complete=True)
    monkeypatch.undo()
    with pytest.raises(BadCertificate, match="complete"):
        check_optimum(wrong.certificate)


def test_the_command_line_checks_optima_and_designs(tmp_path):
    from typer.testing import CliRunner

    from attrtheory.cli import app
    from attrtheory.metrics.design import design, hybrids
    from attrtheory.metrics.design.certificate import design_certificate

    optimum = metrics.deletion(parse_model("relu(x1 - x2) + x2"), [1, 2], [0, 0]).optimum().certificate
    files = {"optimum": optimum, "design": design_certificate(design(hybrids(2), ["completeness", "dummy", "symmetry"]))}
    for name, text in files.items():
        path = tmp_path / f"{name}.json"
        path.write_text(text)
        done = CliRunner().invoke(app, ["check", str(path)])
        assert (done.exit_code, "1 certificates re-checked; 0 rejected" in done.stdout) == (0, True)
        path.write_text(text.replace('"format":1', '"format":2'))
        assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 1
