"""The page: whatever an audit finds, it is complete, closed in itself, well formed, and what a name says stays text."""

from __future__ import annotations

import itertools
import math
import re
from base64 import b64decode
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from report.fakes import (
    HOSTILE,
    LONG,
    QUADRATURE,
    VERDICTS,
    audit,
    audited,
    findings,
    network,
    network_witness,
    squares,
)

from attrtheory.auditing.data import AuditResult, Finding, LayerRow
from attrtheory.errors import BadInput
from attrtheory.report.numbers import visible
from attrtheory.report.page import report_html, write_report
from attrtheory.report.wording import LOOKS

VOID = {"meta", "link", "img", "br"}
AUDITS = {
    "grey image": audit((1, 8, 8), rows=QUADRATURE),
    "image without channels": audit((6, 7)),
    "colour image, groups": audit((3, 12, 12), groups=squares((3, 12, 12), 4)),
    "five features, groups": audit((5,), groups=np.array([0, 0, 1, 1, 1])),
    "many features": audit((50,)),
    "one feature": replace(audit((1,)), findings=()),
    "nothing": AuditResult(network(), (), (), ()),
    "hostile name": audit(name=HOSTILE),
}


class Page(HTMLParser):
    """Reads the page and notes what is wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.wrong = list[str](), list[str]()
        self.tags, self.text = list[tuple[str, dict[str, str]]](), list[str]()
        self.feed(html)
        self.close()
        self.wrong += [f"{tag} is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {k: v or "" for k, v in attrs}))
        if len({k for k, _ in attrs}) < len(attrs):
            self.wrong.append(f"{tag} has an attribute twice")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]

    def said(self) -> str:
        return " ".join("".join(self.text).split())


@cache
def page_of(name: str) -> str:
    return report_html(AUDITS[name])


@pytest.fixture(params=AUDITS)
def case(request) -> tuple[AuditResult, str, Page]:
    return AUDITS[request.param], page_of(request.param), Page(page_of(request.param))


def test_it_is_well_formed(case):
    _, html, page = case
    assert not page.wrong
    assert html.startswith("<!doctype html>")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", html)


def test_it_needs_nothing_else(case):
    _, _, page = case
    assert not page.all("script")
    assert not page.all("iframe")
    assert not page.all("object")
    assert all(a["src"].startswith("data:image/png;base64,") for a in page.all("img"))
    assert [a["href"] for a in page.all("link")] == ["data:,"]
    assert not [k for _, attrs in page.tags for k in attrs if k.startswith("on")]
    assert all(a["href"].startswith("#") for a in page.all("a"))


def test_every_link_has_its_place(case):
    _, _, page = case
    places = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(set(places)) == len(places)
    assert {a["href"][1:] for a in page.all("a")} <= set(places)


def test_every_picture_decodes_and_says_what_it_shows(case):
    result, _, page = case
    for img in page.all("img"):
        Image.open(BytesIO(b64decode(img["src"].split(",")[1]))).load()
    assert all(img["alt"] or "class" not in img for img in page.all("img"))
    assert bool(page.all("img")) == bool(result.inputs)


def test_tables_have_headings(case):
    _, _, page = case
    assert all(a.get("scope") in {"row", "col"} for a in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_every_verdict_and_number_appears(case):
    result, _, page = case
    said = page.said()
    for f in result.findings:
        assert LOOKS[f.verdict.name].label in said
        for what in ("hypothesis", "reason"):
            assert " ".join(visible(getattr(f.verdict, what, "")).split()) in said
    assert len([a for a in page.all("a") if a["href"].startswith("#finding-")]) == len(result.findings)
    for a in result.inputs:
        assert f"Row {a.row}:" in said
        assert all(m.trust in said for m in a.attributions)
    assert result.network.digest in said


def test_all_six_kinds_of_verdict_are_in_the_legend():
    page = Page(page_of("grey image"))
    assert {v.name for v in VERDICTS.values()} == set(LOOKS)
    assert all(look.meaning in page.said() for look in LOOKS.values())


def test_a_verdict_by_a_solver_looks_different():
    html = page_of("grey image")
    assert "Proved by solver" in html
    assert 'class="v proved solver"' in html
    assert "rests on a solver, not re-checked here" in html


def test_hostile_text_stays_text():
    html, page = page_of("hostile name"), Page(page_of("hostile name"))
    assert "<script" not in html
    assert "49" not in page.said().split("Attribution audit of ")[1][:60]
    assert "<script>alert(1)</script>" in page.said()
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "\\frac" in page.said()


@given(st.text(), st.text())
@settings(max_examples=40)
def test_no_text_breaks_the_page(name, scope):
    found = Finding(name, name, VERDICTS["proved"], scope, None, name)
    page = Page(report_html(AuditResult(network(name=name), (), (found,), ())))
    assert not page.wrong
    assert " ".join(visible(name).split()) in page.said()
    assert not page.all("script")


def test_long_numbers_are_cut_and_kept():
    html = page_of("grey image")
    assert html.count(f"<code>{LONG}</code>") >= 1
    assert "≈ -233333" in html
    assert "1/3" in html


def test_the_witness_of_a_game_of_groups_speaks_of_groups():
    w = replace(network_witness((4,)), features=(1,), relation="feature 1: =")
    result = replace(audit((1, 8, 8)), findings=(Finding("shapley", "dummy", VERDICTS["refuted"], "the game", w),))
    page = Page(report_html(result))
    assert "group 1" in page.said()
    assert "It is about group 1." in page.said()


@pytest.mark.parametrize("features", [(0,), (63,), tuple(range(64)), ()])
def test_any_choice_of_features_can_be_pointed_out(features):
    w = replace(network_witness((1, 8, 8)), features=features, relation="some relation in words")
    result = replace(audit(), findings=(Finding("shapley", "dummy", VERDICTS["refuted"], "scope", w),))
    assert not Page(report_html(result)).wrong


def test_witnesses_without_attributions_or_for_groups_are_shown():
    for w in (network_witness((5,), values=False), replace(network_witness((5,)), values=np.ones(2))):
        result = replace(audit((5,)), findings=(Finding("shapley", "dummy", VERDICTS["refuted"], "scope", w),))
        assert not Page(report_html(result)).wrong


def test_many_layers_are_folded_away():
    many = replace(network(), layers=tuple(LayerRow(f"l{k}", "ReLU", (k + 1,)) for k in range(40)))
    assert '<details class="layers">' in report_html(replace(AUDITS["nothing"], network=many))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_with_its_place(bad):
    result = audit((5,))
    first = result.inputs[0]
    values = first.attributions[0].values.copy()
    values[3] = bad
    broken = replace(first, attributions=(replace(first.attributions[0], values=values),))
    with pytest.raises(BadInput, match=r"inputs\[0\]\.attributions\[0\]\.values holds 1 value"):
        report_html(replace(result, inputs=(broken,)))
    with pytest.raises(BadInput, match=r"network\.accuracy"):
        report_html(replace(result, network=replace(result.network, accuracy=bad)))
    with pytest.raises(BadInput, match=r"seconds\['attributions'\]"):
        report_html(replace(result, seconds={"attributions": bad}))


def test_attributions_that_do_not_fit_are_refused():
    a = audited((5,))
    with pytest.raises(BadInput, match="for groups, give `groups`"):
        report_html(replace(audit((5,)), inputs=(replace(a, x=np.zeros(4), baseline=np.zeros(4)),)))


def test_writing_is_all_or_nothing(tmp_path):
    target = write_report(AUDITS["nothing"], tmp_path / "new" / "page.html")
    assert target.read_text(encoding="utf-8") == page_of("nothing")
    with pytest.raises(BadInput):
        write_report(replace(AUDITS["nothing"], seconds={"x": math.nan}), target)
    assert target.read_text(encoding="utf-8") == page_of("nothing")
    assert [p.name for p in target.parent.iterdir()] == ["page.html"]
    assert write_report(AUDITS["nothing"], tmp_path) == tmp_path / "report.html"


def test_a_path_that_cannot_be_written_is_explained(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="give a path in a folder you may write to"):
        write_report(AUDITS["nothing"], tmp_path / "file" / "report.html")


def test_the_same_audit_gives_the_same_page():
    assert report_html(AUDITS["five features, groups"]) == page_of("five features, groups")


def test_findings_of_one_cell_are_all_shown():
    twice = findings((5,))[:1] * 2
    page = Page(report_html(replace(audit((5,)), findings=twice)))
    assert [a["href"] for a in page.all("a") if "finding" in a["href"]] == ["#finding-0", "#finding-1"]
