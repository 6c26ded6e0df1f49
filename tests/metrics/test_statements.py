"""What a certificate is said to prove: an optimum only where one is, and of which attributions."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from attrtheory import metrics
from attrtheory.cli import app
from attrtheory.metrics import check_optimum
from attrtheory.models.dsl import parse_model

GAIN = "2*x3 + 5*x1*x2"  # alone x3 is best, in pairs x1 and x2: no order has both, so the bound is not attained


@pytest.mark.parametrize("name, model", [("insertion", GAIN), ("deletion", f"-({GAIN})")])
def test_bounds_are_not_called_an_optimum(name: str, model: str, tmp_path: Path):
    curve = getattr(metrics, name)(parse_model(model), [1, 1, 1], [0, 0, 0])
    bounds, best = curve.bounds(), curve.optimum()
    again = check_optimum(bounds.certificate)
    assert bounds.attained != bounds.bound
    assert again.statement.startswith(f"an order attains {bounds.attained} of {name}, and none passes {bounds.bound}; ")
    assert check_optimum(best.certificate).statement == f"the optimum of {name} is {best.exact}"
    path = tmp_path / "bounds.json"
    path.write_text(bounds.certificate)
    assert "the optimum of" not in CliRunner().invoke(app, ["check", str(path)]).output


def test_an_optimum_names_its_class():
    metric = metrics.infidelity(parse_model("x1*x2"), [1, 1], [[1, 0], [0, 1], [1, 1]], baseline=[0, 0])
    free, held = metric.optimum(), metric.optimum(complete=True, zero=(1,))
    assert check_optimum(free.certificate).statement == f"the optimum of infidelity is {free.exact}"
    assert check_optimum(held.certificate).statement == (
        f"the optimum of infidelity among complete attributions with 0 at features 1 (from 0) is {held.exact}"
    )
