"""The formulas of docstrings as MathML, which browsers show without a script."""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from markupsafe import Markup, escape

_PIECE = re.compile(r"\$([^$]+)\$|`([^`]+)`")


def prose(text: str) -> Markup:
    """Text with `$formulas$` and `code` as HTML; everything else is escaped."""
    parts, end = [Markup()], 0
    for m in _PIECE.finditer(text):
        inside = mathml(m[1]) if m[1] else Markup("<code>{}</code>").format(m[2])
        parts += [escape(text[end : m.start()]), inside]
        end = m.end()
    return Markup().join([*parts, escape(text[end:])])


def mathml(tex: str) -> Markup:
    """A formula of a docstring as MathML, with its TeX as the text for readers without it."""
    drawn = convert(tex).replace("<math ", str(Markup('<math alttext="{}" ').format(tex)), 1)
    return Markup(drawn)  # noqa: S704  (made from our own docstrings by a converter that escapes)
