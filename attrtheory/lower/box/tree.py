"""How a box was cut, as a short text: by construction the parts cover the box and do not overlap.

In preorder: `3` bisects feature 3, `3@1/2` cuts it at 1/2; `.` is a part on which the span is looked at as a whole,
`t11000` one on which it is bisected: 1 bisects a piece, 0 keeps it.
"""

from __future__ import annotations

import re
from fractions import Fraction

from attrtheory.errors import BadCertificate
from attrtheory.expr.syntax import read_rational
from attrtheory.lower.box.cells import Cell
from attrtheory.lower.box.question import Box, Interval, Question

TOKEN = re.compile(r"(?:(\d{1,6})(?:@([-/\d]+))?)|\.|t([01]+)")
DEEPEST, DEEPEST_PIECE = 1_000, 60  # cuts one inside the other


def write_tree(root: Cell) -> str:
    words: list[str] = []
    stack = [root]
    while stack:
        cell = stack.pop()
        if cell.cut is not None and cell.halves is not None:
            feature, at = cell.cut
            words.append(str(feature) if at is None else f"{feature}@{at}")
            stack += reversed(cell.halves)
        else:
            words.append("." if len(cell.pieces) == 1 else "t" + _bits(cell.pieces))
    return " ".join(words)


def read_tree(question: Question, box: Box, text: str) -> Cell:
    """The parts that the text describes.

    Raises:
        BadCertificate: not a tree of cuts of this box.
    """
    root = Cell(box, [question.span])
    waiting = [(root, 0)]
    for word in text.split(" "):
        match = TOKEN.fullmatch(word)
        if match is None or not waiting:
            raise BadCertificate(f"not a tree of cuts: {word[:40]!r}" if match is None else "parts beyond the whole box")
        (cell, depth), (feature, at, bits) = waiting.pop(), match.groups()
        if feature is not None:
            if int(feature) >= len(box.lower) or depth >= DEEPEST:
                raise BadCertificate(f"a cut of feature {feature} at depth {depth}; the box has {len(box.lower)} features")
            left, right = cell.divide((int(feature), None if at is None else read_rational(at)))
            waiting += [(right, depth + 1), (left, depth + 1)]
        elif bits is not None:
            cell.pieces = _pieces(question.span, bits)
    if waiting:
        raise BadCertificate(f"{len(waiting)} parts of the box are missing")
    return root


def _bits(pieces: list[Interval]) -> str:
    bits, stack = "", [(pieces[0][0], pieces[-1][1])]
    kept = set(pieces)
    while stack:
        a, b = stack.pop()
        whole = (a, b) in kept
        bits += "0" if whole else "1"
        stack += [] if whole else [((a + b) / 2, b), (a, (a + b) / 2)]
    return bits


def _pieces(span: Interval, bits: str) -> list[Interval]:
    if span[0] == span[1]:
        raise BadCertificate("this method looks at one point of the segment; there is no span to bisect")
    pieces, stack = [], [span]
    for bit in bits:
        if not stack:
            raise BadCertificate("pieces beyond the whole span")
        a, b = stack.pop()
        if b - a < Fraction(1, 2**DEEPEST_PIECE):
            raise BadCertificate(f"a piece shorter than 2^-{DEEPEST_PIECE} of the span")
        if bit == "0":
            pieces.append((a, b))
        else:
            stack += [((a + b) / 2, b), (a, (a + b) / 2)]
    if stack:
        raise BadCertificate("pieces of the span are missing")
    return pieces
