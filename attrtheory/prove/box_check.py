"""Re-check a certificate about a box: bounds of every part are computed anew, in whole numbers rounded outwards.

Nothing but the network, the statement and the cuts enters. No float and no tolerance is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrtheory.errors import BadCertificate
from attrtheory.expr.syntax import read_rational
from attrtheory.lower.box.exact import attributions_exact, enclosed, interval
from attrtheory.lower.box.question import Point
from attrtheory.lower.box.tree import read_tree
from attrtheory.prove.box_claim import FORMAT, RULE, BoxClaim, box_claim_from_json
from attrtheory.prove.claim import Graphs
from attrtheory.prove.verdict import Proof, Proved, Refuted, Verdict, Witness

MOST_PARTS = 10**6


def check_box(content: Mapping[str, Any], graphs: Graphs | None) -> tuple[BoxClaim, Verdict]:
    """What the content of an unsealed certificate establishes.

    Raises:
        BadCertificate: forged, or it does not prove what it says.
    """
    evidence = {"Proved": "tree", "Refuted": "x"}.get(str(content.get("verdict")))
    expected = {"format", "kind", "claim", "verdict", evidence}
    if evidence is None or set(content) != expected or type(content["format"]) is not int or content["format"] != FORMAT:
        raise BadCertificate(f"a certificate about a box, format {FORMAT}, is Proved by a tree or Refuted at x")
    claim = box_claim_from_json(content["claim"], graphs)
    if evidence == "tree":
        prove_parts(claim, content["tree"])
        return claim, Proved(Proof(RULE, {"tree": content["tree"]}))
    entries: list[str] = content["x"]
    if type(entries) is not list:
        raise BadCertificate("the witness is a list of rationals")
    return claim, Refuted(witness_at(claim, tuple(read_rational(v) for v in entries)))


def prove_parts(claim: BoxClaim, tree: Any) -> None:
    """The statement holds on every part of the box."""
    if not isinstance(tree, str) or len(tree) > 64 * MOST_PARTS:
        raise BadCertificate("the tree of cuts is a text")
    cells = read_tree(claim.question, claim.box, tree).leaves()
    if sum(len(cell.pieces) for cell in cells) > MOST_PARTS:
        raise BadCertificate(f"more than {MOST_PARTS:,} parts")
    for k, cell in enumerate(enclosed(claim.question, cells)):
        low, high = interval(claim.question, cell, claim.statement.feature)
        if not claim.statement.holds_between(low, high):
            reached = f"[{float(low):.6g}, {float(high):.6g}]"
            raise BadCertificate(f"part {k} of the box only has {reached} for {claim.statement}")


def witness_at(claim: BoxClaim, x: Point) -> Witness:
    """The witness at an input of the box where the statement fails."""
    if len(x) != len(claim.box.lower) or x not in claim.box:
        raise BadCertificate("the witness is not in the box")
    value = attributions_exact(claim.question, x)[claim.statement.feature]
    if claim.statement.holds(value):
        raise BadCertificate(f"at the witness attribution {claim.statement.feature} is {float(value):.6g}: {claim.statement}")
    return claim.fails_at(x, value)
