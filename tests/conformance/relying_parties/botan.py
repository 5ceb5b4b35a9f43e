"""Botan: ``botan cert_verify``, which takes certificates and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.programs import run
from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one, told

WORDS = {
    "Certificate passes validation checks": Verdict.ACCEPTED,
    "did not validate - Certificate has expired": Verdict.EXPIRED,
    "did not validate - Certificate issuer not found": Verdict.UNTRUSTED,
    "did not validate - Unknown critical extension encountered": Verdict.UNREADABLE,
}


def ask(presented: Presented, _folder: Path) -> Verdict:
    said = run("botan", "cert_verify", presented.cert, presented.chain, presented.anchor)
    return told(said.text, WORDS)


judge = one_by_one(ask)
