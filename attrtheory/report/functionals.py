r"""Functionals on paper: what a method weighs a model with, as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from attrtheory.expr.term import ZERO, Term, var
from attrtheory.measures.functional import Functional
from attrtheory.measures.law import Part
from attrtheory.semantics.reading import generic_latex, generic_text


def functional_text(g: Functional) -> str:
    """A functional in ordinary notation: `E` is the mean over u1.. uniform on [0, 1] and g1.. standard normal.

    >>> from attrtheory.measures import functional_of
    >>> from attrtheory.methods import get_method
    >>> print(functional_text(functional_of(get_method("occlusion"), 2)[0]))
    f(x1, x2) - f(b1, x2)
    """
    return _joined([_text(p, "f") for p in _values(g)] + [_text(p, f"d{k + 1} f") for k, p in _slopes(g)])


def functional_latex(g: Functional) -> str:
    r"""The same as LaTeX: $U_1, \dots$ are uniform on [0, 1], $G_1, \dots$ standard normal, all independent.

    >>> from attrtheory.measures import functional_of
    >>> from attrtheory.methods import get_method
    >>> print(functional_latex(functional_of(get_method("gradient"), 1)[0]))
    \partial_{1} f(x_{1})
    """
    slopes = [_latex(p, rf"\partial_{{{k + 1}}} f") for k, p in _slopes(g)]
    return _joined([_latex(p, "f") for p in _values(g)] + slopes)


def _values(g: Functional) -> list[Part]:
    return sorted(g.values.parts, key=_rank)


def _slopes(g: Functional) -> Iterator[tuple[int, Part]]:
    return ((k, p) for k, nu in enumerate(g.slopes) for p in sorted(nu.parts, key=_rank))


def _rank(p: Part) -> tuple[bool, str]:
    """Positive weights first, then by the point, in the order in which x comes before b."""
    return generic_text(p.weight).startswith("-"), repr(p.law.origin).replace("x", "a")


def _variables(p: Part) -> list[Term]:
    uniform, normal = len(p.law.uniform), len(p.law.normal)
    return [*(var(f"u{j + 1}") for j in range(uniform)), *(var(f"g{j + 1}") for j in range(normal))]


def _text(p: Part, f: str) -> tuple[str, str]:
    names = {f"{v!r}": f"{v!r}" for v in _variables(p)}
    factors = [f"{v!r}" + (f"^{k}" if k > 1 else "") for v, k in zip(_variables(p), p.powers, strict=True) if k]
    value = f"{f}({', '.join(_coordinate(p, k, names, generic_text) for k in range(p.law.n))})"
    return generic_text(p.weight), f"E[{' '.join([*factors, value])}]" if p.law.columns else value


def _latex(p: Part, f: str) -> tuple[str, str]:
    names = {f"{v!r}": v.payload[0].upper() + f"_{{{v.payload[1:]}}}" for v in _variables(p)}
    factors = [names[f"{v!r}"] + (f"^{{{k}}}" if k > 1 else "") for v, k in zip(_variables(p), p.powers, strict=True) if k]
    value = f"{f}({', '.join(_coordinate(p, k, names, generic_latex) for k in range(p.law.n))})"
    inside = r"\,".join([*factors, value])
    return generic_latex(p.weight), rf"\mathbb{{E}}\left[{inside}\right]" if p.law.columns else value


def _coordinate(p: Part, k: int, names: Mapping[str, str], write: Callable[[Term], str]) -> str:
    """Coordinate k of the moving point: where it starts, and what each variable adds."""
    moves = [(write(c[k]), names[f"{v!r}"]) for v, c in zip(_variables(p), p.law.columns, strict=True) if c[k] is not ZERO]
    origin = p.law.origin[k]
    return _joined(moves if moves and origin is ZERO else [("1", write(origin)), *moves])


def _joined(parts: list[tuple[str, str]]) -> str:
    """Weighted summands with their signs."""
    if not parts:
        return "0"
    out = ""
    for weight, value in parts:
        negative = weight.startswith("-") and not _is_sum(weight[1:])
        size = weight[1:].lstrip() if negative else weight
        factor = "" if size == "1" else (rf"({size}) " if _is_sum(size) else f"{size} ")
        sign = (" - " if negative else " + ") if out else ("-" if negative else "")
        out += f"{sign}{factor}{value}"
    return out


def _is_sum(text: str) -> bool:
    """Whether a product with this text needs parentheses."""
    depth = 0
    for c in text[1:]:
        depth += (c in "({") - (c in ")}")
        if depth == 0 and c in "+-":
            return True
    return False
