"""``openssl verify``, strictly."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.programs import openssl
from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one, told

WORDS = {
    "error 23 at 0 depth lookup: certificate revoked": Verdict.REVOKED,
    "error 10 at 0 depth lookup: certificate has expired": Verdict.EXPIRED,
    "error 20 at 1 depth lookup: unable to get local issuer": Verdict.UNTRUSTED,
    "error 26 at 0 depth lookup: unsuitable certificate purpose": Verdict.MISUSED,
}


def ask(presented: Presented, _folder: Path) -> Verdict:
    said = openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-purpose", f"ssl{presented.role}"),
        *("-attime", str(int(presented.at.timestamp())), "-CAfile", presented.anchor),
        *("-untrusted", presented.chain, "-CRLfile", presented.crls, presented.cert),
    )
    if said.code == 0:
        assert said.stdout == f"{presented.cert}: OK\n", said.text
        return Verdict.ACCEPTED
    return told(next(line for line in said.stderr.splitlines() if "depth lookup" in line), WORDS)


judge = one_by_one(ask)
