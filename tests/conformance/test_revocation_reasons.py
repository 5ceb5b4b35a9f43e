"""Every reason of RFC 5280 section 5.3.1, as openssl reads it in CRLs and in OCSP answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from asn1crypto import ocsp

from pki_schema.kinds.revocation import Reason
from tests.conformance.programs import Said, openssl, served, vcc_pki
from tests.conformance.published import Authority, Held, Published, an_hour_old, reconcile_now
from tests.worlds import World

pytestmark = pytest.mark.debian("openssl", "git")

ON_CRLS = {
    "keyCompromise": "Key Compromise",
    "affiliationChanged": "Affiliation Changed",
    "superseded": "Superseded",
    "cessationOfOperation": "Cessation Of Operation",
    "certificateHold": "Certificate Hold",
    "privilegeWithdrawn": "Privilege Withdrawn",
    "aACompromise": "AA Compromise",
}
"""What openssl calls them in a CRL; in an answer it uses the words of RFC 5280."""

IN_ANSWERS = {
    "keyCompromise": ("key_compromise", 1),
    "affiliationChanged": ("affiliation_changed", 3),
    "superseded": ("superseded", 4),
    "cessationOfOperation": ("cessation_of_operation", 5),
    "certificateHold": ("certificate_hold", 6),
    "privilegeWithdrawn": ("privilege_withdrawn", 9),
    "aACompromise": ("aa_compromise", 10),
}
"""What asn1crypto calls them, and their CRLReason numbers (RFC 5280 section 5.3.1)."""

UNKNOWN_TO_OPENSSL_3_0 = frozenset({"privilegeWithdrawn", "aACompromise"})
"""In answers; it knows them in CRLs."""

OF_LEAVES = ("unspecified", *ON_CRLS)
SERVICES = (
    *("argus-backend", "clara-backend", "clara-models", "covina-backend", "covina-ingestion"),
    *("covina-signer", "veritas-backend", "vpb-backend"),
)
INVALID_SINCE = "2026-01-02T03:04:05Z"


@dataclass(frozen=True, kw_only=True)
class Revoked:
    """The organisation after a revocation for each reason; what was revoked, by reason."""

    leaves: dict[str, Held]
    people: Authority
    root: Authority
    port: int


def declare(world: World, name: str, target: str, reason: str) -> None:
    state = "held" if reason == "certificateHold" else "revoked"
    world.revoke(name, target, reason, f"  invalidityDate: {INVALID_SINCE}\n  state: {state}\n")


@pytest.fixture(scope="module")
def revoked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Revoked]:
    """Each reason for another service, and ``cACompromise`` for a CA."""
    world = an_hour_old(tmp_path_factory.mktemp("reasons"))
    published = Published(world)
    by_reason = dict(zip(OF_LEAVES, SERVICES, strict=True))
    leaves = {reason: published.held(f"vcc/{service}") for reason, service in by_reason.items()}
    people = published.authority("vcc-people")
    world.edit("tenants/vcc/tenant.yaml", "revocations: 5", "revocations: 20")
    world.commit("Room for more revocations than usual, a commit before them")
    for reason, service in by_reason.items():
        declare(world, service, f"{{tenant: vcc, service: {service}}}", reason)
    declare(world, "people", "{authority: vcc-people}", "cACompromise")
    world.commit("One revocation for each reason")
    reconcile_now(world)
    with served(world) as port:
        yield Revoked(
            leaves=leaves,
            people=people,
            root=published.authority("vcc-root"),
            port=port,
        )


def entry(crl: Path, authority: Path, serial: int) -> str:
    """What openssl writes about one serial on a CRL, whose signature it has checked."""
    said = openssl("crl", "-inform", "DER", "-in", crl, "-CAfile", authority, "-text", "-noout")
    assert "verify OK" in said.text
    entries = re.split(r"^ +Serial Number: ", said.stdout, flags=re.MULTILINE)[1:]
    (found,) = (e for e in entries if int(e.split()[0], 16) == serial)
    return found.partition("    Signature Algorithm:")[0]


def ask(revoked: Revoked, held: Held, algorithm: str, *more: str | Path) -> Said:
    return openssl(
        *("ocsp", f"-{algorithm}", "-no_nonce", "-issuer", held.issuer, "-cert", held.cert),
        *("-url", f"http://127.0.0.1:{revoked.port}{held.ocsp}"),
        *("-CAfile", held.anchor, "-verify_other", held.issuer, *more),
    )


def test_the_reasons_here_are_all_there_are() -> None:
    assert {*OF_LEAVES, "cACompromise"} == set(get_args(Reason))


@pytest.mark.parametrize("reason", ON_CRLS)
def test_a_reason_is_on_the_crl(revoked: Revoked, reason: str) -> None:
    held = revoked.leaves[reason]
    found = entry(held.crl, held.issuer, held.serial)
    assert re.search(rf"X509v3 CRL Reason Code: *\n *{ON_CRLS[reason]}\n", found), found
    assert re.search(r"Invalidity Date: *\n *Jan  2 03:04:05 2026 GMT\n", found), found


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("reason", ON_CRLS)
def test_a_reason_is_in_the_answer(
    revoked: Revoked, reason: str, algorithm: str, tmp_path: Path
) -> None:
    """Verified by openssl, which names the reason; asn1crypto reads the same from the bytes."""
    held = revoked.leaves[reason]
    said = ask(revoked, held, algorithm, "-respout", tmp_path / "answer.der")
    assert said.stdout.startswith(f"{held.cert}: revoked\n"), said.text
    assert said.stderr == "Response verify OK\n"
    told = "(UNKNOWN)" if reason in UNKNOWN_TO_OPENSSL_3_0 else reason
    assert re.search(rf"\tReason: ({reason}|{re.escape(told)})\n", said.stdout), said.stdout
    answer = ocsp.OCSPResponse.load((tmp_path / "answer.der").read_bytes(), strict=True)
    (single,) = answer.response_data["responses"]
    found = single["cert_status"].chosen["revocation_reason"]
    assert (found.native, int(found.contents.hex(), 16)) == IN_ANSWERS[reason]


def test_unspecified_is_said_by_saying_nothing(revoked: Revoked) -> None:
    """RFC 5280 section 5.3.1: the extension should be absent; likewise in an answer."""
    held = revoked.leaves["unspecified"]
    found = entry(held.crl, held.issuer, held.serial)
    assert "Reason Code" not in found
    assert "Revocation Date" in found
    for algorithm in ("sha1", "sha256"):
        said = ask(revoked, held, algorithm)
        assert said.stdout.startswith(f"{held.cert}: revoked\n"), said.text
        assert "Reason" not in said.stdout
        assert said.stderr == "Response verify OK\n"


def test_a_ca_is_compromised_on_the_crl_of_its_issuer(revoked: Revoked) -> None:
    """The root is offline and has no OCSP: its CRL is where relying parties learn of it."""
    serial = revoked.people.certificate.serial_number
    found = entry(revoked.root.crl, revoked.root.pem, serial)
    assert re.search(r"X509v3 CRL Reason Code: *\n *CA Compromise\n", found), found


def test_no_certificate_of_a_service_is_revoked_for_a_compromised_ca(tmp_path: Path) -> None:
    """Refused while it is still a merge request, at the line, with what to write instead."""
    world = World.shipped(tmp_path)
    world.revoke("argus", "{tenant: vcc, service: argus-backend}", "cACompromise")
    said = vcc_pki("validate", world.tree)
    assert said.code == 1
    assert "revocations/argus.yaml:6:11: error[PKI2211]" in said.text
    assert "keyCompromise" in said.text
    world.revoke("argus", "{tenant: vcc, service: argus-backend}", "keyCompromise")
    assert vcc_pki("validate", world.tree).code == 0
