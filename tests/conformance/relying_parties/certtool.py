"""GnuTLS: ``certtool --verify``."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.programs import run
from tests.conformance.relying_parties.evidence import Presented, Role
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one, told

PURPOSES = {Role.SERVER: "1.3.6.1.5.5.7.3.1", Role.CLIENT: "1.3.6.1.5.5.7.3.2"}
WORDS = {
    ": Verified. The certificate is trusted. ": Verdict.ACCEPTED,
    "The certificate chain is revoked.": Verdict.REVOKED,
    "The certificate chain uses expired certificate.": Verdict.EXPIRED,
    "The certificate issuer is unknown.": Verdict.UNTRUSTED,
    "The certificate chain does not match the intended purpose.": Verdict.MISUSED,
}


def ask(presented: Presented, _folder: Path) -> Verdict:
    said = run(
        *("certtool", "--verify", "--verify-purpose", PURPOSES[presented.role]),
        *("--load-ca-certificate", presented.anchor, "--load-crl", presented.crls),
        *("--infile", presented.fullchain),
    )
    line = next(line for line in said.stdout.splitlines() if line.startswith("Chain verif"))
    verdict = told(line, WORDS)
    assert said.code == int(verdict is not Verdict.ACCEPTED), said.text
    return verdict


judge = one_by_one(ask)
