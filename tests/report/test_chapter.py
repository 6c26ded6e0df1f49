"""The derived blocks of the page on first principles are what the engine says, and a change of either is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from attrtheory.errors import BadInput
from attrtheory.expr import relu, var
from attrtheory.prove.impossible import impossible
from attrtheory.report import chapter
from attrtheory.report.chapter import BLOCKS, refreshed

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "concepts" / "first-principles.md"
PROOFS = ROOT / "proofs"


def block(name: str) -> str:
    return "\n".join(BLOCKS[name](PROOFS))


def test_the_page_is_up_to_date():
    text = PAGE.read_text("utf-8")
    assert refreshed(text, PROOFS) == text, "run python -m attrtheory.report.chapter docs/concepts/first-principles.md"
    assert all(f"<!-- derived: {name} -->" in text for name in BLOCKS)


def test_an_edited_block_is_seen():
    edited = text = PAGE.read_text("utf-8")
    for old, new in ((r"\frac{9}{40}", r"\frac{9}{41}"), ("| occlusion | no | yes |", "| occlusion | yes | yes |")):
        assert old in edited
        edited = edited.replace(old, new)
    assert refreshed(edited, PROOFS) == text


def test_the_formulas_of_two_features():
    """Written out by hand."""
    rows = block("functionals").splitlines()
    f = lambda a, b: rf"f\left({a},{b} \right)"
    half = lambda a, b: rf"\frac{{{f(a, b)}}}{{2}}"
    assert f"| occlusion | ${f('x_1', 'x_2')} - {f('x^0_1', 'x_2')}$ | M |" in rows
    signs = f"{half('x_1', 'x_2')} + {half('x_1', 'x^0_2')} - {half('x^0_1', 'x_2')} - {half('x^0_1', 'x^0_2')}"
    assert f"| shapley | ${signs}$ | M |" in rows
    assert [r.rsplit("|", 2)[1].strip() for r in rows[2:]] == [*"MMMM", *"DDD", "D, and M by parts", *"MMM"]


def test_the_steps_of_the_identity_are_five_axioms():
    steps = [line for line in block("identity").splitlines() if line.startswith("- ")]
    assert sorted(s.split(":")[0] for s in steps) == ["- completeness", "- dummy", "- dummy", "- dummy", "- linearity"]


def test_the_example_by_hand():
    """G x I: w x = (1, 3/5). IG: 3/5 of 8/5 of the path is on. Shapley: v(1) = v(2) = 0, v(12) = 3/5."""
    rows = block("example").splitlines()[2:]
    expected = [r"(1, \frac{3}{5})", r"(\frac{3}{8}, \frac{9}{40})", r"(\frac{3}{10}, \frac{3}{10})"]
    assert [r.split("|")[2].strip(" $") for r in rows[:3]] == expected


def test_a_claim_that_is_not_proved_is_not_printed(monkeypatch: pytest.MonkeyPatch):
    entries = impossible()
    wrong = entries[0].__class__(entries[0].method, "x", "y", entries[0].witness, (_false(),))
    monkeypatch.setattr(chapter, "impossible", lambda: (wrong,))
    with pytest.raises(BadInput, match="Refuted"):
        block("impossible")


def _false() -> object:
    from attrtheory.prove.relations import Relations, labelled

    return Relations((labelled(relu(var("x")), ">", var("x")),))


@pytest.mark.parametrize("text", ["no block", "<!-- derived: poems -->\n<!-- end -->"])
def test_pages_without_known_blocks_are_refused(text: str):
    with pytest.raises(BadInput):
        refreshed(text, PROOFS)
