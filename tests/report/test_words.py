"""Numbers, names and docstrings as text; tables for the terminal; LaTeX."""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from html import unescape
from io import StringIO

import numpy as np
import pytest
from report.fakes import HOSTILE, VERDICTS, audit, audited, findings, network
from rich.console import Console

from attrtheory.auditing.data import Finding
from attrtheory.errors import BadInput
from attrtheory.expr import relu, var
from attrtheory.methods import METHODS, get_method
from attrtheory.properties import PROPERTIES
from attrtheory.report.counterexample import coordinates, models
from attrtheory.report.formulas import prose
from attrtheory.report.numbers import exact, feature, number, visible
from attrtheory.report.paper import derivation_latex, derivation_text
from attrtheory.report.tables import attributions_table, findings_table, verdict_lines
from attrtheory.report.wording import concerned, method_sections, property_sections, required, sections, trust

KNOWN = [*((m.name, m.define) for m in METHODS), *((p.name, p.state) for p in PROPERTIES)]


def printed(*things: object, width: int = 100) -> str:
    out = StringIO()
    console = Console(file=out, width=width, color_system=None)
    for thing in things:
        console.print(thing)
    return out.getvalue()


@pytest.mark.parametrize("name, definition", KNOWN, ids=[name for name, _ in KNOWN])
def test_every_docstring_is_understood(name, definition):
    parts = sections(definition)
    assert parts["Summary"].endswith(".")
    assert "Source" in parts
    html = prose(" ".join(parts.values()))
    assert "\\" not in re.sub('alttext="[^"]*"', "", html), "a command of TeX that report/formulas.py does not know"
    assert "$" not in re.sub('alttext="[^"]*"', "", html)


def test_methods_and_properties_are_found_by_the_names_in_findings():
    assert method_sections("path_gradients(via=axes)")["Summary"]
    assert property_sections("completeness")["Statement"]
    assert property_sections('agreement {"name":"shapley"}')["Summary"] == "Two methods give the same attributions."
    assert method_sections(HOSTILE) == property_sections(HOSTILE) == {}


def test_formulas_keep_fractions_accents_and_negations():
    html = prose(r"$\frac1m \tilde f S\not\ni i$ and `a<b` & c")
    assert "<mfrac><mn>1</mn><mi>m</mi></mfrac>" in html
    assert "<code>a&lt;b</code> &amp; c" in html
    assert "∌" in unescape(html)
    assert "<mover>" in html
    assert "unheard" in prose(r"$\unheard$")


def test_numbers_of_any_length_are_shown():
    digits = sys.get_int_max_str_digits() + 1000
    long = exact(Fraction(10**digits + 1, 3))
    assert long.short == f"≈ 3.33333e+{digits - 1}"
    assert len(long.full) == digits + 3
    assert exact(Fraction(1, 3 * 10**500)).short == "≈ 3.33333e-501"
    assert exact("[0.1, 0.2]").full == "[0.1, 0.2]"
    assert not exact("-3/4").cut
    assert exact("x" * 100).short.startswith("xxx")
    assert " ... " in exact("x" * 100).short
    assert exact("1" * 50 + "/0").cut


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_is_finite(bad):
    with pytest.raises(BadInput, match="finite numbers"):
        number(bad)


def test_names_are_made_visible():
    assert visible("a\tb\n") == "a\tb\n"
    assert visible("\x00\x1b\u202e\ud800\x9b") == "\ufffd" * 5


def test_features_are_named_by_their_place():
    assert feature(0, ()) == "x[]"
    assert feature(63, (1, 8, 8)) == "x[0,7,7]"
    with pytest.raises(BadInput, match="has 5 features"):
        feature(5, (5,))


def test_relations_are_read():
    assert required("features 1 and 2: =") == ("features 1 and 2: left = right", "≠")
    assert required("sum: >") == ("the sum: left > right", "≤")
    assert required("anything else") == ("anything else", "against")
    assert concerned("feature 3, unit of 5: =", (3, 5)) == (3,)
    assert concerned("something", (3, 5)) == concerned("feature 9: =", (3, 5)) == (3, 5)


def test_coordinates_of_a_witness_are_named_as_in_its_picture():
    refuted = next(f for f in findings((1, 8, 8)) if f.witness is not None)
    at = coordinates(refuted)
    assert at is not None
    assert [(name, q.full) for name, q in at.values] == [("x[0,0,0]", "1/3"), ("x[0,0,1]", "-2")]
    assert at.zeros == 1
    assert at.few
    assert coordinates(Finding("m", "p", VERDICTS["proved"], "s")) is None


def test_the_models_of_a_witness_are_written_out():
    verdict = VERDICTS["refuted on every model"]
    assert models(verdict.witness) == [("model", "relu(x1 - 1)")]  # type: ignore[union-attr]
    assert models(None) == []


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
def test_every_verdict_says_what_it_rests_on(verdict):
    lines = printed(*verdict_lines(Finding(HOSTILE, "dummy", verdict, HOSTILE, None, "c.json"), network()), width=400)
    assert trust(verdict) in lines
    assert "c.json" in lines
    assert "[31m" in lines
    assert "\x1b" not in lines


def test_a_refutation_is_told_in_numbers():
    refuted = next(f for f in findings((5,)) if f.verdict.name == "Refuted" and f.witness is not None)
    lines = printed(*verdict_lines(refuted, network((5,))), width=400)
    assert "required, for features 0 and 3: left = right; found: -233333 ≠ 1/3 (about x[0], x[3])" in lines
    assert "in torch float64: -2.3333 against 0.33333" in lines
    assert "at: x[0] = 1/3, x[1] = -2; 1 variables are 0" in lines


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_of_findings_fits_any_terminal(width):
    text = printed(findings_table(audit()), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert all(symbol in text for symbol in "✓✗◑–?∅")
    assert "\x1b" not in text
    assert "✓*" in text
    assert "solver" in text


def test_the_table_of_attributions_has_their_numbers():
    text = printed(attributions_table(audited((5,))), width=160)
    assert "3.75 to be shared out" in text
    assert "2e-15" in text
    assert "enclosed" in text
    assert "41" in text


def test_markup_in_names_is_text():
    assert "[bold]x[/bold]" in printed(findings_table(audit(name="[bold]x[/bold]")), width=120)


def test_a_derivation_is_latex():
    method = get_method("path_gradients", via=[["0", "1"]])
    x1, b1 = var("x1"), var("b1")
    text = derivation_latex(method, "relu(x1) + x2", [relu(x1) - relu(b1), x1], names={"b1": "x^0_1"})
    assert text.count("{") == text.count("}")
    assert text.count(r"\begin{align*}") == text.count(r"\end{align*}") == 1
    assert r"\texttt{via}" in text
    assert "x^0_1" in text
    assert r"\paragraph{path gradients.}" in text
    assert "gradient $\\times$ input" in derivation_latex(get_method("gradient_x_input"), "x1", [x1])


@pytest.mark.parametrize("write", [derivation_latex, derivation_text])
def test_a_derivation_has_a_term_for_each_input(write):
    with pytest.raises(BadInput, match="one term for each input"):
        write(get_method("gradient"), "x1 + x2", [var("x1")])


def test_a_derivation_is_plain_text():
    x1 = var("x1")
    assert derivation_text(get_method("gradient_x_input"), "x1*x1", [2 * x1 * x1], letter="g").splitlines()[1:] == [
        "g(x1) = x1*x1", "phi[x1] = (2*x1)*x1",
    ]  # fmt: skip


def test_the_fakes_cover_every_kind():
    assert {f.verdict.name for f in findings((5,))} == {v.name for v in VERDICTS.values()}
    assert np.isfinite(audited((5,)).x).all()
