r"""The table of methods as functionals, as a LaTeX document."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrtheory.measures.variation import variation
from attrtheory.prove.functional import CONDITIONS, SCALES, Facts
from attrtheory.prove.impossible import Impossible
from attrtheory.report.functionals import functional_latex
from attrtheory.report.paper import derivation_prose, escaped
from attrtheory.report.wording import sections, spoken
from attrtheory.semantics.reading import generic_latex

MARKS = {"Proved": r"$\checkmark$", "Conditional": r"($\checkmark$)", "Refuted": r"$\times$", "Unknown": "?"}
_FRACTION = re.compile(r"\\frac\{[^}]*[a-zA-Z\\]")
_INDICATOR = re.compile(r"\\mathbf\{1\}\[[^\]]*\]")
WIDEST = 420  # of a formula without line breaks: beyond, it would be made too small to read
LONGEST = 1500  # characters of a formula in the table; longer ones are in the JSON
ENDS = {f"{name}{k}": rf"{sign}_{{{k}}}" for k in range(1, 7) for name, sign in (("lower", r"\ell"), ("upper", "u"))}
HEAD = r"""\documentclass[9pt,landscape,a4paper]{extarticle}
\usepackage[margin=14mm]{geometry}
\usepackage{amsmath,amssymb,booktabs,array,adjustbox}
\setlength{\tabcolsep}{4pt}
\renewcommand{\arraystretch}{1.35}
\newcolumntype{F}[1]{>{\raggedright\arraybackslash}p{#1}}
\pagestyle{empty}
\begin{document}
"""


def document(found: Sequence[Facts], others: Sequence[Impossible] = ()) -> str:
    """Two tables for each number of features: what each method weighs a model with, and the attributions of indicators."""
    beyond = "".join(_beyond(entry) for entry in others)
    sizes = sorted({f.claim.n for f in found})
    pages = [page([f for f in found if f.claim.n == n], n) for n in sizes for page in (_functionals, _atoms)] or [""]
    pages[0] += beyond + _parameters(found)
    return HEAD + "\n\\clearpage\n".join(pages) + "\n\\end{document}\n"


def _beyond(entry: Impossible) -> str:
    r"""No functional: two programs of one function and what they get, as a line below the table."""
    pair = entry.witness.to_json()
    programs = [rf"\texttt{{{text}}}" for text in pair["programs"]]  # as written: terms would cancel
    shown = lambda point: f"$({', '.join(point)})$"
    values = " and ".join(map(shown, pair["attributions"]))
    return (
        rf"\par\smallskip\noindent Class N: {spoken(entry.method)} is no functional of the function: {' and '.join(programs)} "
        rf"are equal everywhere, and at {shown(pair['x'])} from {shown(pair['baseline'])} get {values}."
    )


def _parameters(found: Sequence[Facts]) -> str:
    """What the parameters of the rows are, from the definitions."""
    methods = {f.claim.method.name: f.claim.method for f in found if f.claim.method.parameters}
    notes = []
    for name, method in methods.items():
        told = ", ".join(f"{k} {v}" for k, v in method.parameters)
        conventions = derivation_prose(sections(method.define).get("Conventions", ""))
        notes.append(rf"\emph{{{spoken(name)}}} ({escaped(told)}): {conventions}")
    return rf"\par\smallskip\noindent {' '.join(notes)}" if notes else ""


def _functionals(found: Sequence[Facts], n: int) -> str:
    rows = [
        [
            spoken(f.claim.method.name),
            f.kind,
            _functional(f),
            _variation(f),
            *(MARKS[f.conditions[c].verdict] for c in CONDITIONS),
        ]
        for f in found
    ]
    caption = (
        rf"Attribution methods as functionals of the model $f$: the attribution of feature 1 of {n} at input $x$ with "
        r"baseline $b$. Class L: a density, M: a finite signed measure, D: a kernel on slopes, and no measure. $\|\mu\|$: "
        r"total variation. Co: completeness, Du: dummy, Cs: constants get 0, Af: exact on affine models; $\checkmark$ for "
        r"every model, ($\checkmark$) for every continuously differentiable one, $\times$ refuted. $U_j$ uniform on $[0, 1]$, "
        r"$G_j$ standard normal, all independent; of a background, two points."
    )
    heads = ["method", "", r"$\varphi_1(f)$", r"$\|\mu\|$", "Co", "Du", "Cs", "Af"]
    return _table("lcF{168mm}ccccc", heads, rows, caption, r"\small")


def _atoms(found: Sequence[Facts], n: int) -> str:
    rows: dict[tuple[str, str], list[str]] = {}
    for f in found:
        rows.setdefault((_atom(f, "box"), _atom(f, "half_space")), []).append(spoken(f.claim.method.name))
    caption = (
        rf"Attributions of indicators, feature 1 of {n}: of a box $\prod_k I_k$, $I_k = (\ell_k, u_k]$, and of the half-space "
        r"$w \cdot y > s$. Slopes at a point see no jump: 0 off the boundary, a distribution on it. Paths cross faces at "
        r"different times and transversally. On the unit cube a box that holds its face at 0 has $\ell_k < 0$. Methods with "
        r"one formula for feature 1 share a row. A dash: no closed form here, or one that is too long for a page."
    )
    body = [[", ".join(names), *cells] for cells, names in rows.items()]
    return _table("F{32mm}F{148mm}F{80mm}", ["method", "box", "half-space"], body, caption, r"\footnotesize")


def _functional(f: Facts) -> str:
    g, whole = f.family[0], f.integrated[0].functional
    by_parts = f" = {functional_latex(whole)}" if g.differentiates and f.kind != "D" else ""
    return f"${functional_latex(g)}{by_parts}$"


def _variation(f: Facts) -> str:
    if f.kind == "D":
        return r"$\infty$" if f.unbounded is not None else "--"
    size = variation(f.integrated[0].functional.values, SCALES)
    return f"${generic_latex(size.value)}$" if size.exact else rf"$\le {generic_latex(size.value)}$"


def _atom(f: Facts, region: str) -> str:
    atoms = f.atoms[region]
    if isinstance(atoms, str):
        return "--"
    text = _INDICATOR.sub(r"{\g<0>}", generic_latex(atoms[0].term, ENDS))  # in braces, lines don't break inside
    whole = r"\begin" in text or _FRACTION.search(text)  # lines cannot break there: the formula is made narrower
    if len(text) > (WIDEST if whole else LONGEST):
        return "--"
    return f"${text}$" if not whole else rf"\adjustbox{{max width=\linewidth}}{{$\displaystyle {text}$}}"


def _table(columns: str, heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str, size: str) -> str:
    body = " \\\\[2pt]\n".join(" & ".join(r) for r in rows)
    return (
        rf"\noindent {caption}\par\medskip" + "\n\\noindent{" + size + "\\begin{tabular}{@{}" + columns + "@{}}\n\\toprule\n"
        + " & ".join(heads) + " \\\\\n\\midrule\n" + body + " \\\\\n\\bottomrule\n\\end{tabular}}"
    )  # fmt: skip
