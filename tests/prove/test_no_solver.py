"""Certificates are checked, and what needs no solver is proved, where z3, torch and sympy cannot be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCKED = """
import sys
for name in ("z3", "torch", "sympy"):
    sys.modules[name] = None
"""


def without_engines(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", BLOCKED + code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_engines_are_blocked():
    code = """
for name in ("z3", "torch", "sympy"):
    try:
        __import__(name)
    except ImportError:
        print(name)
"""
    assert without_engines(code) == "z3\ntorch\nsympy\n"


def test_every_certificate_is_checked():
    count = len(list((ROOT / "proofs" / "certificates").glob("*.json")))
    code = """
from pathlib import Path
from attrtheory.prove.check import check
paths = sorted(Path("proofs/certificates").glob("*.json"))
print(len([check(path) for path in paths]))
"""
    assert count > 0
    assert without_engines(code) == f"{count}\n"


PROVED = """
import random
from fractions import Fraction
import attrtheory as at
from attrtheory.expr import lift, relu, total, var

def network(sizes, rng):
    values = names = tuple(var(f"x{k + 1}") for k in range(sizes[0]))
    for k, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        number = lambda: Fraction(rng.randint(-32, 32), 16)
        z = [total([*(number() * v for v in values), number()]) for _ in range(fan_out)]
        values = z if k + 2 == len(sizes) else [relu(t) for t in z]
    return at.Fn(tuple(v.payload for v in names), values[0])

def settle(family):
    claim = at.Claim(at.get_property("completeness"), at.get_method("integrated_gradients"), family)
    verdict = at.prove(claim, solver=False)
    checked = at.check(at.to_certificate(claim, verdict), claim)
    print(checked.verdict.name, checked.on_trust, verdict.proof.rule)
"""


def test_completeness_of_an_architecture_is_proved():
    assert without_engines(PROVED + "settle(at.Dense((2, 2, 1)))") == "Proved False fundamental theorem\n"


def test_completeness_of_a_network_with_two_hidden_layers_is_proved():
    code = PROVED + "settle(at.Given(network((4, 8, 8, 1), random.Random(7))))"
    assert without_engines(code) == "Proved False fundamental theorem\n"


def test_a_false_claim_is_refuted():
    code = """
import attrtheory as at
claim = at.Claim(at.get_property("completeness"), at.get_method("occlusion"), at.Given(at.parse_model("x1*x2")))
verdict = at.prove(claim, solver=False)
print(at.check(at.to_certificate(claim, verdict), claim))
"""
    assert without_engines(code).startswith("Refuted: completeness of occlusion on x1*x2")
