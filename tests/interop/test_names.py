"""Names of captum's that are not here, and the command as a module."""

from __future__ import annotations

import subprocess
import sys

import pytest

import attrtheory.interop.captum as ours


def test_captums_own_tools_come_with_the_classes():
    attr = pytest.importorskip("captum.attr")
    from attrtheory.interop.captum import NoiseTunnel, visualization

    assert (NoiseTunnel, visualization) == (attr.NoiseTunnel, attr.visualization)


def test_a_class_that_is_not_here_is_refused_with_those_that_are():
    with pytest.raises(ImportError, match=r"IntegratedGradients.*captum\.attr"):
        from attrtheory.interop.captum import DeepLift  # type: ignore[attr-defined] # noqa: F401
    assert not hasattr(ours, "__wrapped__")


def test_the_module_is_the_command():
    said = subprocess.run(
        [sys.executable, "-m", "attrtheory", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(c in said for c in ("derive", "prove", "check", "explain", "box", "audit", "demo", "regions"))
