r"""Derivations for a paper: the model, the method's definition, and what it comes to on the model, as LaTeX or as text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrtheory.errors import BadInput
from attrtheory.expr.term import Term, var
from attrtheory.methods import Method
from attrtheory.models.dsl import parse_model
from attrtheory.models.fn import Fn
from attrtheory.report.wording import sections, spoken
from attrtheory.semantics.reading import latex

_CODE = re.compile(r"`([^`]+)`")
_SPECIAL = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "×": r"$\times$"}


def derivation_latex(
    method: Method, model: Fn | str, terms: Sequence[Term], *, names: Mapping[str, str] | None = None, letter: str = "f"
) -> str:
    r"""LaTeX of a derivation, for a document that loads amsmath; nothing in it depends on the time or the machine.

    Args:
        method: whose definition is quoted, from its docstring.
        model: the model, or its text.
        terms: the attributions, one for each input of the model.
        names: LaTeX of variables, such as `{"b1": "x^0_1"}`.
        letter: what the model is called.

    >>> from attrtheory.methods import get_method
    >>> from attrtheory.expr import var
    >>> print(derivation_latex(get_method("gradient"), "2*x1 + 1", [var("x1") - var("x1") + 2]))
    \paragraph{gradient.} The slope of the model at the input; the baseline is not used.
    \emph{Model:}
    \[ f(x_{1}) = 2 x_{1} + 1 \]
    \emph{Definition:} $\phi_i = \partial_i f(x)$
    \emph{Result:}
    \begin{align*}
      \phi_{1} &= 2
    \end{align*}
    """
    fn = _fitting(model, terms)
    doc = sections(method.define)
    inputs = ", ".join(latex(var(name), names) for name in fn.names)
    rows = [rf"  \phi_{{{k}}} &= {latex(t, names)}" for k, t in enumerate(terms, start=1)]
    # A display breaks after each attribution: long sums are for the author to break.
    return "\n".join(
        [
            rf"\paragraph{{{escaped(spoken(method.name))}.}} {derivation_prose(doc.get('Summary', ''))}",
            r"\emph{Model:}",
            rf"\[ {letter}({inputs}) = {latex(fn.body, names)} \]",
            rf"\emph{{Definition:}} {derivation_prose(doc.get('Definition', 'not stated'))}",
            r"\emph{Result:}",
            r"\begin{align*}",
            " \\\\\n".join(rows),
            r"\end{align*}",
        ]
    )


def derivation_text(method: Method, model: Fn | str, terms: Sequence[Term], *, letter: str = "f") -> str:
    """The same in ordinary notation, for a terminal.

    >>> from attrtheory.methods import get_method
    >>> from attrtheory.expr import relu, var
    >>> print(derivation_text(get_method("occlusion"), "relu(x1)", [relu(var("x1")) - relu(var("b1"))]))
    occlusion: What the output loses when one feature is set to its baseline value.
    f(x1) = relu(x1)
    phi[x1] = -relu(b1) + relu(x1)
    """
    fn = _fitting(model, terms)
    results = [f"phi[{name}] = {t!r}" for name, t in zip(fn.names, terms, strict=True)]
    head = f"{spoken(method.name)}: {sections(method.define).get('Summary', '')}"
    return "\n".join([head, f"{letter}({', '.join(fn.names)}) = {fn.body!r}", *results])


def _fitting(model: Fn | str, terms: Sequence[Term]) -> Fn:
    fn = parse_model(model) if isinstance(model, str) else model
    if len(terms) != fn.n:
        raise BadInput(
            f"a derivation has one term for each input; the model has the {fn.n} inputs {', '.join(fn.names)}, "
            f"and {len(terms)} terms were given"
        )
    return fn


def derivation_prose(text: str) -> str:
    """A docstring's text: formulas stay, names in backticks become typewriter."""
    return _CODE.sub(lambda m: rf"\texttt{{{escaped(m[1])}}}", text)


def escaped(text: str) -> str:
    return "".join(_SPECIAL.get(c, c) for c in text)
