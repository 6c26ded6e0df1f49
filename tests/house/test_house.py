"""The house keeps its shape: short files, few things at the top, quick import, one direction of imports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "attrtheory").rglob("*.py"))
TOP = {"pyproject.toml", "attrtheory", "proofs", "tests", "docs", "README.md", "Makefile", "LICENSE"}

# Words of how the project is made, not of what it is. Written so that no pattern matches its own text.
PRIVATE = r"/(?:work|farm)/|[.]library\b|\bissues? #?\d|\b(?:this|my|last|next) session\b|before[-]stop"
PRIVATE_IN_TEXT = PRIVATE + r"|\b[s]essions?\b"


def tracked() -> list[str]:
    """What git has, or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: nothing says which files belong to the project")
    return [name for name in listing.splitlines() if (ROOT / name).is_file()]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_python_file_is_longer_than_300_lines():
    long = {name: n for name in tracked() if name.endswith(".py") and (n := lines(ROOT / name)) > 300}
    assert not long, "split along what the parts do"


@pytest.mark.skipif(len(PACKAGE) <= 20, reason="a median of a few files says nothing")
def test_the_median_file_of_the_package_has_at_most_100_lines():
    assert median(map(lines, PACKAGE)) <= 100


def test_the_top_level_holds_only_what_belongs_there():
    assert {name.split("/")[0] for name in tracked() if not name.startswith(".")} <= TOP


def test_importing_the_package_loads_no_engine():
    heavy = "{'torch', 'z3', 'sympy', 'onnx', 'sklearn', 'matplotlib'}"
    code = f"import sys, attrtheory; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip(), run.stderr) == (0, "[]", "")


def test_the_project_speaks_of_itself_only():
    found = []
    for name in tracked():
        pattern = PRIVATE if name.startswith(("tests/", ".")) else PRIVATE_IN_TEXT
        text = (ROOT / name).read_text(encoding="utf-8", errors="ignore")
        found += [f"{name}: {m[0]}" for m in re.finditer(pattern, text, re.IGNORECASE)]
    assert not found


def test_imports_go_one_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    failed = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert not failed, capsys.readouterr().out
