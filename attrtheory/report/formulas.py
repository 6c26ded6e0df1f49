"""The formulas of docstrings as MathML, which browsers show without a script."""

from __future__ import annotations

import re
from collections import deque

from markupsafe import Markup, escape

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+|\s+|.", re.ASCII | re.DOTALL)
_PIECE = re.compile(r"\$([^$]+)\$|`([^`]+)`")
LETTERS = {"alpha": "α", "gamma": "γ", "phi": "φ", "psi": "ψ", "partial": "∂"}
OPERATORS = {
    "cdot": "⋅", "circ": "∘", "cup": "∪", "dots": "…", "ge": "≥", "int": "∫", "le": "≤", "ne": "≠", "ni": "∋", "odot": "⊙",
    "sum": "∑", "to": "→",
}  # fmt: skip
SPACES = {",": "0.17em", ";": "0.28em", " ": "0.25em", "quad": "1em"}
NOTHING = {"bigl", "bigr", "left", "right", "Bigl", "Bigr", "!"}

Tokens = deque[str]


def prose(text: str) -> Markup:
    """Text with `$formulas$` and `code` as HTML; everything else is escaped."""
    parts, end = [Markup()], 0
    for m in _PIECE.finditer(text):
        inside = mathml(m[1]) if m[1] else Markup("<code>{}</code>").format(m[2])
        parts += [escape(text[end : m.start()]), inside]
        end = m.end()
    return Markup().join([*parts, escape(text[end:])])


def mathml(tex: str) -> Markup:
    r"""A formula in the part of TeX that docstrings use; an unknown command is shown as it is written.

    >>> str(mathml(r"\phi_i \ge 0"))
    '<math alttext="\\phi_i \\ge 0"><msub><mi>φ</mi><mi>i</mi></msub><mo>≥</mo><mn>0</mn></math>'
    """
    return Markup('<math alttext="{}">{}</math>').format(
        tex, _row(deque(t for t in _TOKEN.findall(tex) if not t.isspace() or t == " "))
    )


def _row(tokens: Tokens) -> Markup:
    parts = [Markup()]
    while tokens:
        if tokens[0] == "}":
            tokens.popleft()
            break
        parts.append(_scripted(tokens))
    return Markup().join(parts)


def _scripted(tokens: Tokens) -> Markup:
    """One atom with its indices, exponents and primes."""
    base, low, high = _atom(tokens), Markup(), Markup()
    while tokens and tokens[0] in {"_", "^", "'"}:
        match tokens.popleft():
            case "_":
                low += _atom(tokens)
            case "^":
                high += _atom(tokens)
            case _:
                high += Markup("<mo>′</mo>")
    match bool(low), bool(high):
        case True, True:
            return Markup("<msubsup>{}{}{}</msubsup>").format(_one(base), _one(low), _one(high))
        case True, False:
            return Markup("<msub>{}{}</msub>").format(_one(base), _one(low))
        case False, True:
            return Markup("<msup>{}{}</msup>").format(_one(base), _one(high))
        case _:
            return base


def _one(content: Markup) -> Markup:
    """One element, as indices, fractions and accents ask for."""
    return content if len(re.findall(r"<m[ion]\b", content)) == 1 else Markup("<mrow>{}</mrow>").format(content)


def _atom(tokens: Tokens) -> Markup:
    while tokens and tokens[0] == " ":  # spaces mean nothing in a formula
        tokens.popleft()
    if not tokens:
        return Markup()
    piece = tokens.popleft()
    if piece == "{":
        return _row(tokens)
    if not piece.startswith("\\"):
        if piece in "()[]|":  # brackets of ordinary size; by default they grow with what stands beside them
            return Markup('<mo stretchy="false">{}</mo>').format(piece)
        tag = "mn" if piece.isdecimal() else "mi" if piece.isalpha() else "mo"
        return Markup(f"<{tag}>{{}}</{tag}>").format("−" if piece == "-" else piece)  # noqa: S704 (tag is one of three)
    name = piece[1:]
    if name in LETTERS:
        return Markup("<mi>{}</mi>").format(LETTERS[name])
    if name in OPERATORS:
        return Markup("<mo>{}</mo>").format(OPERATORS[name])
    if name in SPACES:
        return Markup('<mspace width="{}"></mspace>').format(SPACES[name])
    if name in NOTHING:
        return Markup()
    match name:
        case "frac":
            return Markup("<mfrac>{}{}</mfrac>").format(_one(_half(tokens)), _one(_half(tokens)))
        case "tilde":
            return Markup('<mover accent="true">{}<mo>~</mo></mover>').format(_one(_atom(tokens)))
        case "not":
            return Markup("<mo>{}\u0338</mo>").format(_atom(tokens).striptags())
        case "text":
            return Markup("<mtext>{}</mtext>").format(_literal(tokens))
        case _:
            return Markup("<mtext>{}</mtext>").format(piece)


def _half(tokens: Tokens) -> Markup:
    r"""A numerator or denominator: `\frac1m` takes one digit or letter each."""
    if tokens and tokens[0].isdecimal() and len(tokens[0]) > 1:
        first, rest = tokens[0][0], tokens[0][1:]
        tokens[0] = rest
        tokens.appendleft(first)
    return _atom(tokens)


def _literal(tokens: Tokens) -> str:
    """The text in braces, as it stands."""
    inside: list[str] = []
    while tokens and (piece := tokens.popleft()) != "}":
        inside.append("" if piece == "{" else piece)
    return "".join(inside)
