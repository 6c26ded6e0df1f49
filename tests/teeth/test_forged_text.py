"""Text that is no certificate, and certificates whose entries are of another kind, missing or unknown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from teeth.forging import CLAIMS, at, content, entries, text

from attrtheory.errors import BadCertificate
from attrtheory.prove.certificate import seal
from attrtheory.prove.check import check

ROOT = Path(__file__).parents[2]
JUNK: list[Any] = [None, [], {}, 0, "", "0", True, 0.5, [[]], {"": {}}]


def outcome(data: Any) -> str:
    try:
        check(seal(data))
    except BadCertificate:
        return "rejected"
    except Exception as error:  # noqa: BLE001 (that there is another one is what is looked for)
        return type(error).__name__
    return "accepted"


@pytest.mark.parametrize("name", CLAIMS)
def test_an_entry_of_another_kind_is_rejected_with_one_error(name: str):
    """Whatever stands in the place of an entry: BadCertificate, and no other error."""
    found = []
    for path in entries(content(name)):
        for junk in JUNK:
            data = content(name)
            container, key = at(data, path)
            same = type(container[key]) is type(junk) and container[key] == junk
            if not same and not (path == "proof.data.version" and isinstance(junk, str)):
                container[key] = junk
                found.append((path, junk, outcome(data)))
    assert not [f for f in found if f[2] != "rejected"]


@pytest.mark.parametrize("name", CLAIMS)
def test_unknown_entries_are_rejected_everywhere(name: str):
    found = []
    for path in ["", *entries(content(name))]:
        data = content(name)
        container, key = at(data, path) if path else ({"": data}, "")
        if isinstance(container[key], dict):
            container[key]["more"] = "0"
            found.append((path, outcome(data)))
    assert not [f for f in found if f[1] != "rejected"]


@pytest.mark.parametrize("name", CLAIMS)
def test_missing_entries_are_rejected(name: str):
    for path in entries(content(name)):
        data = content(name)
        container, key = at(data, path)
        if path == "witness" and data["verdict"] == "Conditional":
            continue  # a hypothesis that is not known to be needed is a weaker verdict
        del container[key]
        assert outcome(data) == "rejected", path


# text that is no certificate ----------------------------------------------------------------------------------------------
OTHER_TEXT = (
    "", "{}", "[]", "null", "1", '"x"', "NaN", '{"a": NaN}', '{"a": Infinity}', "[" * 100_000, '{"a":' * 100_000,
    "[" * 500 + "]" * 500, '{"n": ' + "9" * 5000 + "}", '{"sha256": 1}', '{"format":1,"format":1}', "\x00", '{"a": 1e400}',
    b"\xff\xfe", "\u0661",
)  # fmt: skip


@pytest.mark.parametrize("wrong", OTHER_TEXT, ids=lambda v: str(v[:20]))
def test_other_text_is_rejected(wrong: str | bytes):
    with pytest.raises(BadCertificate):
        check(wrong)


@pytest.mark.parametrize("name", ["normal form", "refuted"])
def test_duplicate_keys_are_rejected(name: str):
    right = text(name)
    for key in ("verdict", "format", "claim", "sha256", "method", "kind"):
        start = right.find(f'"{key}":')
        if start >= 0:
            value = json.dumps(
                json.JSONDecoder().raw_decode(right[start + len(key) + 3 :])[0], sort_keys=True, separators=(",", ":")
            )
            with pytest.raises(BadCertificate):
                check(f'{right[:start]}"{key}":{value},{right[start:]}')


@pytest.mark.parametrize(
    "name, path, new",
    [("normal form", "claim.domain", {"x": ["1e999999999", "0", "0"]}), ("refuted", "witness.lhs", "1e999999999"),
     ("refuted", "witness.values.b1", "1e-999999999"), ("fundamental theorem", "proof.data.segments.0.weight", "1e999999999")],
    ids=lambda v: str(v)[:30],
)  # fmt: skip
def test_a_short_text_of_a_huge_number_is_rejected_at_once(name: str, path: str, new: Any):
    data = content(name)
    container, key = at(data, path)
    container[key] = new
    code = (
        "import sys; from attrtheory.errors import BadCertificate; from attrtheory.prove.check import check\n"
        "try: check(sys.stdin.read())\nexcept BadCertificate: print('rejected')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=seal(data), capture_output=True, text=True, timeout=5, check=True
    )
    assert run.stdout == "rejected\n"
