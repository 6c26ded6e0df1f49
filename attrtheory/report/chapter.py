"""The parts of a page that are derived: `<!-- derived: name -->` to `<!-- end -->` holds what this file writes there.

`python -m attrtheory.report.chapter PAGE` writes them anew; a test says when a page is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from attrtheory.errors import BadInput
from attrtheory.expr.term import Term, lift, var
from attrtheory.measures import conditions
from attrtheory.measures.functional import functional_of
from attrtheory.measures.parts import integrated
from attrtheory.methods import AVERAGES, METHODS, Method, get_method
from attrtheory.models.dsl import parse_model
from attrtheory.models.fn import Unknown, variables
from attrtheory.prove.axiomatic import Axiomatic
from attrtheory.prove.certificate import unseal
from attrtheory.prove.impossible import impossible
from attrtheory.prove.settle import check_derived
from attrtheory.prove.theorem import certificate_path, read_theorem, theorems
from attrtheory.report.wording import spoken
from attrtheory.semantics.derive import substitute
from attrtheory.semantics.exact import evaluate
from attrtheory.semantics.reading import latex

_BLOCK = re.compile(r"(<!-- derived: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
READ_OFF = (
    "occlusion", "shapley", "banzhaf", "equal_split", "gradient", "gradient_x_displacement", "integrated_gradients",
    "path_gradients", "axis_integral", "axis_value", "uniform_partial_dependence",
)  # fmt: skip


def refreshed(text: str, proofs: Path) -> str:
    """The text with every derived block written anew.

    Raises:
        BadInput: a block asks for something that is not derived here, or none is found.
    """

    def block(found: re.Match[str]) -> str:
        if found[2] not in BLOCKS:
            raise BadInput(f"no derived block {found[2]!r}; there are {', '.join(BLOCKS)}")
        return f"{found[1]}\n" + "\n".join(BLOCKS[found[2]](proofs)) + f"\n\n{found[3]}"

    new, count = _BLOCK.subn(block, text)
    if not count:
        raise BadInput("the page has no block such as <!-- derived: functionals --> ... <!-- end -->")
    return new


def functionals(_: Path) -> Iterator[str]:
    """What each method weighs on two features: the attribution of feature 1 of an unknown model, and its class."""
    yield "| method | $\\phi_1(f)$ | class |"
    yield "|---|---|---|"
    for name in READ_OFF:
        method = _method(name)
        value = lift(method(Unknown("f", 2), _letters("x"), [_letters("b")], 0))
        functional = functional_of(method, 2)[0]
        left = integrated(functional)
        kind = "M" if not functional.differentiates else "D, and M by parts" if not left.differentiates else "D"
        yield f"| {spoken(name)} | ${_tex(value)}$ | {kind} |"


def axioms(_: Path) -> Iterator[str]:
    """Which conditions on measures hold, decided for every model of two features at once."""
    yield "| method | completeness | dummy | constants | exact on affine models |"
    yield "|---|---|---|---|---|"
    x, b = _letters("x"), [_letters("b")]
    for name in READ_OFF:
        family = functional_of(_method(name), 2)
        found = (
            conditions.completeness(family, x, b), conditions.dummy(family), conditions.constants(family),
            conditions.affine_exactness(family, x, b),
        )  # fmt: skip
        yield f"| {spoken(name)} | " + " | ".join(_word(conditions.decided(stated)) for stated in found) + " |"


def _word(found: conditions.Decided) -> str:
    return {"Proved": "yes", "Conditional": "yes, if smooth", "Refuted": "no", "Unknown": "not decided"}[found.verdict]


def identity(proofs: Path) -> Iterator[str]:
    """Theorem 2.1 for two features: the conclusion, and the axioms that its certificate uses."""
    claim = read_theorem(proofs / "first_principles" / "axioms_fix_the_affine_part.toml").claims[1]
    content = unseal(certificate_path(proofs, claim).read_bytes())
    stated, verdict = check_derived(content)
    if not isinstance(stated, Axiomatic) or stated.n != 2 or verdict.name != "Proved":
        raise BadInput("the theorem on the affine part is not the one that the page tells")
    first = stated.statement().conclusions[0]
    yield f"$${_tex(lift(first.lhs))} = {_tex(lift(first.rhs))}$$"
    yield ""
    yield "with the models"
    yield ""
    models = (f"{_named(name)} = {_tex(term)}" for name, term in stated.models)
    yield "$$" + r",\quad ".join(models) + "$$"
    yield ""
    yield "The certificate adds up these instances of the axioms, and nothing else:"
    yield ""
    by_label = {r.label: r for r in stated.statement().hypotheses}
    parts = content["proof"]["data"]["goals"][0]["sum"]
    for label in dict.fromkeys(label.removeprefix("-") for part in parts for label in part["of"]):
        r = by_label[label]
        yield f"- {label.partition(':')[0].partition(' on ')[0]}: ${_tex(lift(r.lhs))} = {_tex(lift(r.rhs))}$"


def example(_: Path) -> Iterator[str]:
    """One ReLU neuron at one point: exact values of the methods that Theorem 2.1 is about, and of some others."""
    f, x, b = parse_model("relu(x1 + x2 - 1)"), (Fraction(1), Fraction(3, 5)), (Fraction(0),) * 2
    yield f"| method | attribution of $f = {latex(f.body)}$ at $(1, \\frac35)$ from 0 | sum |"
    yield "|---|---|---|"
    for name in ("gradient_x_displacement", "integrated_gradients", "shapley", "occlusion"):
        values = [evaluate(lift(v), {}) for v in get_method(name).all(f, x, [b])]
        shown = ", ".join(_tex(lift(v)) for v in values)
        yield f"| {spoken(name)} | $({shown})$ | ${_tex(lift(sum(values)))}$ |"


def listed(proofs: Path) -> Iterator[str]:
    """The theorem files of this theory."""
    yield "| theorem | verdict | claims |"
    yield "|---|---|---|"
    for t in theorems(proofs / "first_principles"):
        yield f"| {t.title} (`proofs/first_principles/{t.path.name}`) | {t.expected} | {len(t.claims)} |"


def not_recovered(_: Path) -> Iterator[str]:
    """What is no measure, or no functional, with the witness."""
    for entry in impossible():
        verdicts = {v.name for v in entry.verdicts()}
        if verdicts != {"Proved"}:
            raise BadInput(f"{entry.method}: the claims of the entry are {', '.join(sorted(verdicts))}")
        yield f"- **{spoken(entry.method)}** is not {entry.what}: {entry.reason}. `{entry.witness}`"


Block = Callable[[Path], Iterator[str]]
BLOCKS: Mapping[str, Block] = {
    "functionals": functionals, "axioms": axioms, "identity": identity, "example": example, "theorems": listed,
    "impossible": not_recovered,
}  # fmt: skip


def _method(name: str) -> Method:
    return next(m for m in (*METHODS, *AVERAGES) if m.name == name)


def _letters(letter: str) -> list[Term]:
    return [var(f"{letter}{k}") for k in (1, 2)]


def _named(name: str) -> str:
    """The name of a model: one letter as it is, `part1` as A_1."""
    part = re.fullmatch(r"part(\d)", name)
    return f"A_{part[1]}" if part else {"constant": "C"}.get(name, name)


def _tex(term: Term) -> str:
    """LaTeX of a term, in the notation of the pages."""
    names: dict[str, str] = {}
    for name in variables(term):
        if (phi := re.fullmatch(r"phi(\d)_(\w+)", name)) is not None:
            names[name] = rf"\phi_{phi[1]}({_named(phi[2])})"
        elif (slope := re.fullmatch(r"d(\d)_f_at_p", name)) is not None:
            names[name] = rf"\partial_{slope[1]} f(p)"
        elif (point := re.fullmatch(r"([a-z])(\d)", name)) is not None:
            names[name] = f"x^0_{point[2]}" if point[1] == "b" else f"{point[1]}_{point[2]}"
        else:
            names[name] = {"f_at_p": "f(p)"}.get(name, _named(name))
    later = {name: f"z{name}" for name in names if name[0] == "b"}  # sympy sorts by name: x_1 before x^0_1
    term = substitute(term, {name: var(z) for name, z in later.items()})
    text = latex(term, {later.get(name, name): shown for name, shown in names.items()})
    text = re.sub(r"\\operatorname\{([^{}]*(?:\{[^{}]*\})?[^{}]*)\}", r"\1", text)
    for old, new in (("{\\left", "\\left"), ("\\right)}", "\\right)"), ("\\left(p_1,p_2 \\right)", "(p)"), ("\\limits", "")):
        text = text.replace(old, new)
    return text


def main(arguments: Sequence[str]) -> int:
    """Write the derived blocks of the pages named anew."""
    for page in map(Path, arguments):
        text = page.read_text("utf-8")
        page.write_text(refreshed(text, Path("proofs")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
