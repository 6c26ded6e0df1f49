"""For the pages: formulas to MathML, a reference page per folder of the package, examples shown as code."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from griffe import Extension, Module, Object
from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

PACKAGE = Path(__file__).parent.parent / "attrtheory"
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
EXAMPLE = re.compile(r"^( *)>>> .*\n?(?:\1.+\n?)*", re.MULTILINE)
LABEL = re.compile(r"^([A-Z]\w+):(?= \S)", re.MULTILINE)


class Docstrings(Extension):
    """What Markdown would not show as it is meant."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        """Fence examples, which would be quotations; let "Source: ..." and its like begin a paragraph."""
        if obj.docstring and "```" not in obj.docstring.value:
            obj.docstring.value = LABEL.sub(r"\n**\1:**", EXAMPLE.sub(fenced, obj.docstring.value))

    def on_module_members(self, *, mod: Module, **_: object) -> None:
        """Show a name where it is defined, not again in the folder that passes it on."""
        mod.exports = None


def fenced(example: re.Match[str]) -> str:
    """The same lines as a code block at the same indentation."""
    return f"{example[1]}```pycon\n{example[0].rstrip()}\n{example[1]}```\n"


def on_page_content(html: str, **_: object) -> str:
    """Write each formula as MathML, which browsers draw without a script."""
    display = {"(": "inline", "[": "block"}
    return FORMULA.sub(lambda m: convert(unescape(m[3]).strip(), display=display[m[2]]), html)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the reference pages in the navigation."""
    config.nav.insert(-2, {"Reference": [f"reference/{name}.md" for name in modules()]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Generate the reference pages from the docstrings."""
    for name in modules():
        text = f"# `attrtheory.{name}`\n\n::: attrtheory.{name}\n    options: {{show_root_heading: false}}\n"
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def modules() -> list[str]:
    """The folders and files directly inside the package."""
    found = [p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or next(p.glob("*.py"), None)]
    return sorted(name for name in found if not name.startswith("_"))
