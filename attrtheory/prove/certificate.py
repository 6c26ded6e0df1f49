"""Certificates as plain JSON, in one canonical form, sealed with a digest of their content."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from threading import get_ident
from typing import Any

from attrtheory.errors import BadCertificate, BadInput, Unsupported
from attrtheory.expr.syntax import read_rational
from attrtheory.prove.claim import Claim, Graphs, claim_from_json
from attrtheory.prove.names import canonical
from attrtheory.prove.verdict import Conditional, Proof, Proved, Refuted, Vacuous, Verdict, Witness

FORMAT = 1
MAX_BYTES = 256 * 2**20


def to_certificate(claim: Claim, verdict: Verdict) -> str:
    """The text of a certificate; only Proved, Refuted, Conditional and Vacuous have one."""
    match verdict:
        case Proved(proof) | Vacuous(proof):
            body: dict[str, Any] = {"proof": proof_to_json(proof)}
        case Refuted(witness):
            body = {"witness": witness_to_json(witness)}
        case Conditional(hypothesis, proof, witness):
            body = {"hypothesis": hypothesis, "proof": proof_to_json(proof)}
            if witness is not None:
                body["witness"] = witness_to_json(witness)
        case _:
            raise BadInput(f"{verdict.name} has no certificate; only Proved, Refuted, Conditional and Vacuous have")
    return seal({"format": FORMAT, "claim": claim.to_json(), "verdict": verdict.name, **body})


def seal(content: Mapping[str, Any]) -> str:
    """The canonical text of some content with its digest."""
    digest = sha256(canonical(content).encode()).hexdigest()
    return canonical({**content, "sha256": digest}) + "\n"


def unseal(text: str | bytes) -> dict[str, Any]:
    """The content of a sealed text.

    Raises:
        BadCertificate: any byte differs from what `seal` wrote.
    """
    if len(text) > MAX_BYTES:
        raise BadCertificate(f"a certificate may have {MAX_BYTES} bytes; got {len(text)}")
    try:
        data = json.loads(text if isinstance(text, str) else text.decode("ascii"))
        content = {k: v for k, v in data.items() if k != "sha256"}
        again = seal(content)
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise BadCertificate(f"not a certificate: {error}") from error
    if again != (text if isinstance(text, str) else text.decode("ascii")):
        raise BadCertificate("the certificate is damaged: its bytes do not match its digest")
    return content


def from_certificate(text: str | bytes, graphs: Graphs | None = None) -> tuple[Claim, Verdict]:
    """What a certificate says; nothing of it is believed before `check` has re-checked it.

    Raises:
        BadCertificate: damaged, or not a certificate.
    """
    content = unseal(text)
    try:
        if content["format"] != FORMAT:
            raise BadCertificate(f"certificate format {content['format']!r}; this version reads format {FORMAT}")
        claim, verdict = claim_from_json(content["claim"], graphs), _verdict(content)
        if to_certificate(claim, verdict) != (text if isinstance(text, str) else text.decode("ascii")):
            raise BadCertificate("a certificate with unknown or unreduced entries")
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, Unsupported) as error:
        raise BadCertificate(f"not a certificate: {error!r}") from error
    return claim, verdict


def _verdict(content: Mapping[str, Any]) -> Verdict:
    match content["verdict"]:
        case "Proved":
            return Proved(proof_from_json(content["proof"]))
        case "Vacuous":
            return Vacuous(proof_from_json(content["proof"]))
        case "Refuted":
            return Refuted(witness_from_json(content["witness"]))
        case "Conditional":
            without = witness_from_json(content["witness"]) if "witness" in content else None
            return Conditional(content["hypothesis"], proof_from_json(content["proof"]), without)
        case other:
            raise BadCertificate(f"no verdict {other!r} has a certificate")


def proof_to_json(proof: Proof) -> dict[str, Any]:
    """A proof as plain data."""
    return {"rule": proof.rule, "data": dict(proof.data)}


def proof_from_json(data: Mapping[str, Any]) -> Proof:
    """The proof that `proof_to_json` wrote."""
    return Proof(data["rule"], data["data"])


def witness_to_json(w: Witness) -> dict[str, Any]:
    """A witness as plain data."""
    model = {} if w.model is None else {"model": dict(w.model)}
    values = {k: str(q) for k, q in w.values.items()}
    return {"values": values, "relation": w.relation, "lhs": str(w.lhs), "rhs": str(w.rhs), **model}


def witness_from_json(data: Mapping[str, Any]) -> Witness:
    """The witness that `witness_to_json` wrote."""
    values = {str(k): read_rational(q) for k, q in data["values"].items()}
    return Witness(
        values, str(data["relation"]), read_rational(data["lhs"]), read_rational(data["rhs"]), data.get("model")
    )


def write(path: Path, text: str) -> None:
    """Write a text as a whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all; an interrupted write leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
