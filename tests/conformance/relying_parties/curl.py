"""curl, as a client with CRLs of every level."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.programs import run
from tests.conformance.relying_parties.evidence import Presented
from tests.conformance.relying_parties.tls import answering
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one, told

WORDS = {
    "SSL certificate problem: certificate revoked": Verdict.REVOKED,
    "SSL certificate problem: certificate has expired": Verdict.EXPIRED,
    "SSL certificate problem: unable to get local issuer certificate": Verdict.UNTRUSTED,
    "SSL certificate problem: unsupported certificate purpose": Verdict.MISUSED,
    "SSL certificate problem: unsuitable certificate purpose": Verdict.MISUSED,
}


def ask(presented: Presented, _folder: Path) -> Verdict:
    with answering(presented) as port:
        said = run(
            *("curl", "--silent", "--show-error", "--cacert", presented.anchor),
            *("--crlfile", presented.crls, "--resolve", f"{presented.host}:{port}:127.0.0.1"),
            f"https://{presented.host}:{port}/",
        )
    if said.code == 0:
        assert said.stdout == "welcome\n", said.text
        return Verdict.ACCEPTED
    assert said.code == 60, said.text
    return told(said.stderr, WORDS)


judge = one_by_one(ask)
