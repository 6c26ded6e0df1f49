"""The page of an audit: one HTML file that needs nothing else, no network and no script."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from attrtheory.auditing.data import AuditResult
from attrtheory.errors import BadInput
from attrtheory.report import counterexample, evidence, wording
from attrtheory.report.formulas import prose
from attrtheory.report.numbers import exact, feature, number, require_finite, visible
from attrtheory.report.panels import attribution_panels
from attrtheory.report.pixels import colour_bar, is_image, png
from attrtheory.report.plots import quadrature_figure
from attrtheory.report.witness import witness_panels

TEMPLATES = Path(__file__).parent / "templates"


def report_html(result: AuditResult, *, certificates: str = "DIR") -> str:
    """The page as text. `certificates`: the folder that `attrtheory check` is told to look in.

    Raises:
        BadInput: a number is NaN or infinite, or arrays do not fit each other.
    """
    require_finite(result, "")
    return _environment().get_template("report.html.j2").render(result=result, certificates=certificates)


def write_report(result: AuditResult, path: Path, *, certificates: str = "DIR") -> Path:
    """Write the page to `path` (in a folder: to `report.html`) at once or not at all, and return where it is."""
    target = path / "report.html" if path.is_dir() else path
    page = report_html(result, certificates=certificates)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(page, encoding="utf-8", newline="\n")
        part.replace(target)
    except OSError as error:
        raise BadInput(
            f"cannot write the report to {target}: {error.strerror or error}; give a path in a folder you may write to"
        ) from error
    finally:
        with suppress(OSError):  # it is gone when all went well
            part.unlink()
    return target


@cache
def _environment() -> Environment:
    # StrictUndefined: a name that is missing from the data is an error here, not a hole in the page.
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        number=number,
        exact=exact,
        prose=prose,
        spoken=wording.spoken,
        look=wording.look,
        trust=wording.trust,
        shape=_shape,
        duration=_duration,
    )
    env.tests["by_solver"] = wording.by_solver
    env.globals.update(
        LOOKS=wording.LOOKS,
        evidence=evidence,
        counterexample=counterexample,
        wording=wording,
        feature=feature,
        is_image=is_image,
        attribution_panels=attribution_panels,
        witness_panels=witness_panels,
        pixels=lambda rgb: _data(png(rgb)),
        quadrature_picture=lambda rows: _data(quadrature_figure(rows)),
        colour_bar=_data(colour_bar()),
    )
    return env


def _shown(value: Any) -> Any:
    """What `{{ }}` prints: names without characters that break a page; what is already HTML stays as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode('ascii')}"


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
