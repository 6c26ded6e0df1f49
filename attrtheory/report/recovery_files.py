"""The table of methods as functionals: shown, and written as files with its certificates and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from attrtheory.errors import BadCertificate, BadInput, TooLarge
from attrtheory.expr.term import Term, lift
from attrtheory.measures.applied import at
from attrtheory.methods import get_functional_method
from attrtheory.prove.certificate import MAX_BYTES, write, write_bytes
from attrtheory.prove.functional import AboutFunctional, Facts, facts
from attrtheory.prove.functional_check import no_functional_certificate, to_certificate
from attrtheory.report import recovery
from attrtheory.report.recovery_latex import document
from attrtheory.report.wording import spoken

# where pictures of two features are drawn: an input, two baselines, and the scales
PLACE = {
    "x1": Fraction(3, 4), "x2": Fraction(7, 8), "b1": Fraction(1, 4), "b2": Fraction(1, 8), "b1_1": Fraction(1, 4),
    "b2_1": Fraction(1, 8), "b1_2": Fraction(1, 2), "b2_2": Fraction(3, 8), "sigma": Fraction(1, 8), "h": Fraction(1, 4),
    "q": Fraction(4, 5), "r": Fraction(3, 5),
}  # fmt: skip


def functional_report(
    method: str | None,
    features: Sequence[int],
    form: str,
    output: Path | None,
    progress: Callable[[str, int, int], None] | None = None,
) -> str:
    """The table of one method, or of all, as `text`, `json` or `latex`; with `output`, files of all three kinds.

    The folder gets functionals.json, functionals.tex, certificates/ and, of two features, pictures/.
    """
    others = [entry for entry in recovery.beyond() if method in (None, entry.method)]
    names = recovery.EVERY if method is None else () if others else (method,)
    found = recovery.table(names, features, progress)
    shown = {
        "text": lambda: "\n\n".join([*map(recovery.text, found), *map(str, others), recovery.LEGEND]),
        "json": lambda: json.dumps([*map(recovery.row, found), *map(recovery.row_beyond, others)], indent=1),
        "latex": lambda: document(found, others),
    }
    if output is not None:
        write(output / "functionals.json", shown["json"]() + "\n")
        write(output / "functionals.tex", shown["latex"]())
        for f in found:
            write(output / "certificates" / f"{f.claim.method.name}_{f.claim.n}.json", to_certificate(f))
        for other in others:
            write(output / "certificates" / f"{other.method}.json", no_functional_certificate(other))
        for f in found:
            if f.claim.n == 2:
                _draw(f, output / "pictures" / f"{f.claim.method.name}.png")
    return shown[form]()


def check_table(folder: Path) -> list[str]:
    """What in a folder's functionals.json and functionals.tex is not what is found again; nothing if all is.

    Raises:
        BadCertificate: the table cannot be read.
    """
    path = folder / "functionals.json"
    if path.stat().st_size > MAX_BYTES:
        raise BadCertificate(f"{path} is larger than {MAX_BYTES} bytes")
    try:
        rows = json.loads(path.read_text("utf-8"))
        claims = [(str(r["method"]), r["features"]) for r in rows if r["class"] != "N"]
        others = [entry for entry in recovery.beyond() if any(r["method"] == entry.method for r in rows)]
        found = [facts(AboutFunctional(get_functional_method(name), n)) for name, n in claims]
    except (ValueError, KeyError, TypeError, AttributeError, BadInput) as error:
        raise BadCertificate(f"{path} is not a table of functionals: {error!r}") from error
    again = [*map(recovery.row, found), *map(recovery.row_beyond, others)]
    wrong = [f"{path}: the row of {r.get('method')}" for r, a in zip(rows, again, strict=False) if r != a]
    named = [f"{name}_{n}.json" for name, n in claims] + [f"{entry.method}.json" for entry in others]
    missing = [f"no certificate {name}" for name in named if not (folder / "certificates" / name).is_file()]
    tex = folder / "functionals.tex"
    stale = tex.is_file() and tex.read_text("utf-8") != document(found, others)
    odd = [f"{path}: rows that are unknown"] * (len(rows) != len(again)) + [f"{tex}: not what the rows give"] * stale
    return [*wrong, *missing, *odd]


def _draw(f: Facts, path: Path) -> None:
    from attrtheory.report.measures import functional_figure

    place: dict[str, Term] = {name: lift(q) for name, q in PLACE.items()}
    family, x = [at(g, place) for g in f.family], (PLACE["x1"], PLACE["x2"])
    try:
        picture = functional_figure(family, x=x, baselines=_baselines(f), title=spoken(f.claim.method.name))
    except TooLarge:  # more variables than the plane has directions: no picture
        return
    write_bytes(path, picture)


def _baselines(f: Facts) -> list[tuple[Fraction, Fraction]]:
    tags = [""] if f.claim.method.background is None else ["_1", "_2"]
    return [(PLACE[f"b1{tag}"], PLACE[f"b2{tag}"]) for tag in tags]
