"""NSS: ``vfychain``, by its PKIX library, with CRLs in its database and none missing."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.conformance.programs import run
from tests.conformance.relying_parties.evidence import Presented, Role
from tests.conformance.relying_parties.verdicts import Verdict, one_by_one, told

USAGES = {Role.SERVER: "1", Role.CLIENT: "0"}
CRLS = ("-m", "crl", "-s", "failIfNoInfo")
WORDS = {
    "Chain is good!": Verdict.ACCEPTED,
    "ERROR -8180: Peer's Certificate has been revoked.": Verdict.REVOKED,
    "ERROR -8181: Peer's Certificate has expired.": Verdict.EXPIRED,
    "ERROR -8179: Peer's Certificate issuer is not recognized.": Verdict.UNTRUSTED,
    # A CA of the wanted name is there, but not with the wanted key identifier.
    "ERROR -8157: Certificate extension not found.": Verdict.UNTRUSTED,
    "ERROR -8101: Certificate type not approved for application.": Verdict.MISUSED,
}


def ask(presented: Presented, folder: Path) -> Verdict:
    home = folder / presented.name
    home.mkdir()
    database = made(presented.anchor, presented.chain, home)
    for number, crl in enumerate(presented.lists):
        file = home / f"{number}.crl"
        file.write_bytes(crl.public_bytes(Encoding.DER))
        run("crlutil", "-I", "-d", database, "-i", file)  # one that is missing shows in the verdict
    said = run(
        *("vfychain", "-d", database, "-pp", "-u", USAGES[presented.role]),
        *("-b", f"{presented.at:%y%m%d%H%M%S}Z"),
        *("-g", "leaf", *CRLS, "-g", "chain", *CRLS),
        *("-a", presented.cert, presented.chain),
    )
    verdict = told(said.text, WORDS)
    assert said.code == int(verdict is not Verdict.ACCEPTED), said.text
    return verdict


def made(anchor: Path, chain: Path, folder: Path) -> str:
    """A database with the anchor, which is trusted, and the chain, which is not."""
    database = f"sql:{folder}"
    for arguments in (
        ("-N", "--empty-password"),
        ("-A", "-n", "anchor", "-t", "CT,,", "-i", anchor),
        ("-A", "-n", "chain", "-t", ",,", "-i", chain),
    ):
        said = run("certutil", *arguments, "-d", database)
        assert said.code == 0, said.text
    return database


judge = one_by_one(ask)
