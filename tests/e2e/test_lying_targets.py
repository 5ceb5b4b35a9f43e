"""A target is trusted less than the ledger: what no key of ours has signed is not believed, and is
replaced as soon as there is something to put in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e.test_amnesia import Day
from tests.fakes import EPOCH
from tests.properties.organisation import SERVICES, Nursery, Revoke

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
STRANGER = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Nursery:
    return Nursery(Path(tmp_path_factory.mktemp("nursery")))


@pytest.fixture
def day(nursery: Nursery) -> Iterator[Day]:
    with nursery.scene() as scene:
        scene.play([Revoke(SERVICES[0], "superseded")])
        scene.reconcile(hours=1)
        yield Day(scene, scene.world.root)


def paths(day: Day, ending: str) -> list[str]:
    return [path for path in day.scene.public if path.endswith(ending)]


def issuing(day: Day, ending: str) -> str:
    return next(path for path in paths(day, ending) if "issuing" in path)


def forged_crl(day: Day) -> bytes:
    """Under our CA's name, with a serial of ours, by somebody else's key."""
    ours = x509.load_der_x509_crl(day.scene.public[issuing(day, ".crl")])
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(0x666)
        .revocation_date(EPOCH + timedelta(hours=1))
        .build()
    )
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ours.issuer)
        .last_update(EPOCH + timedelta(hours=1))
        .next_update(EPOCH + timedelta(days=9))
        .add_revoked_certificate(entry)
        .add_extension(x509.CRLNumber(2**100), critical=False)
        .sign(STRANGER, hashes.SHA256())
        .public_bytes(DER)
    )


def forged_certificate(day: Day) -> bytes:
    """A service's certificate under our CA's name, by somebody else's key, in PEM."""
    ca = x509.load_der_x509_certificate(day.scene.public[issuing(day, ".cer")])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "api.alpha.internal")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(ca.subject)
        .public_key(STRANGER.public_key())
        .serial_number(0x777)
        .not_valid_before(EPOCH)
        .not_valid_after(EPOCH + timedelta(days=90))
        .sign(STRANGER, hashes.SHA256())
        .public_bytes(PEM)
    )


def a_forged_list(day: Day) -> None:
    day.scene.target.files[issuing(day, ".crl")] = forged_crl(day)


def a_list_with_a_bad_signature(day: Day) -> None:
    path = issuing(day, ".crl")
    body = bytearray(day.scene.public[path])
    body[-1] ^= 1
    day.scene.target.files[path] = bytes(body)


def half_a_list(day: Day) -> None:
    path = issuing(day, ".crl")
    day.scene.target.files[path] = day.scene.public[path][:100]


def a_huge_list(day: Day) -> None:
    day.scene.target.files[issuing(day, ".crl")] = b"\x30" * (65 * 1024 * 1024)


def a_forged_certificate(day: Day) -> None:
    for path in paths(day, "/cert.pem"):
        if "/api/" in path:
            day.scene.target.files[path] = forged_certificate(day)


def a_pointer_that_climbs(day: Day) -> None:
    for path in paths(day, "/current.json"):
        pointer = json.loads(day.scene.public[path])
        pointer["files"]["cert.pem"]["path"] = "../../../etc/passwd"
        day.scene.target.files[path] = json.dumps(pointer).encode()


def a_pointer_of_nothing(day: Day) -> None:
    for path in paths(day, "/current.json"):
        day.scene.target.files[path] = b"[" * 100_000


def a_forged_ca(day: Day) -> None:
    ca = x509.load_der_x509_certificate(day.scene.public[issuing(day, ".cer")])
    day.scene.target.files[issuing(day, ".cer")] = (
        x509.CertificateBuilder()
        .subject_name(ca.subject)
        .issuer_name(ca.issuer)
        .public_key(ca.public_key())
        .serial_number(0x888)
        .not_valid_before(EPOCH)
        .not_valid_after(EPOCH + timedelta(days=3000))
        .sign(STRANGER, hashes.SHA256())
        .public_bytes(DER)
    )


LIES = [
    a_forged_list,
    a_list_with_a_bad_signature,
    half_a_list,
    a_huge_list,
    a_forged_certificate,
    a_pointer_that_climbs,
    a_pointer_of_nothing,
    a_forged_ca,
]
USUAL = (a_forged_list, a_forged_certificate)


def known(day: Day) -> set[str]:
    with day.scene.world.reader() as reader:
        authorities = reader.authorities()
        serials = {f"{c.serial:x}" for issuer in authorities for c in reader.revoked(issuer)}
        current = {f"{s.current.serial:x}" for s in reader.subjects() if s.current}
        return serials | current | {str(a.last_number) for a in authorities.values()}


@pytest.mark.parametrize(
    "lie", [lie if lie in USUAL else pytest.param(lie, marks=pytest.mark.slow) for lie in LIES]
)
def test_a_new_ledger_does_not_believe_it(day: Day, lie: Callable[[Day], None]) -> None:
    """Nothing of it comes into the ledger, and nothing of ours is lost but what it replaced."""
    lie(day)
    day.begin_anew()
    outcome = day.scene.reconcile(minutes=5)
    assert outcome.done.signed == 0
    found = known(day)
    assert found.isdisjoint({"666", "777", "888", str(2**100)})
    with day.scene.world.reader() as reader:
        assert not any(len(s.identity.name) > 100 for s in reader.subjects())


@pytest.mark.parametrize(
    "lie",
    [a_forged_list, *(pytest.param(one, marks=pytest.mark.slow) for one in LIES[1:4])],
)
def test_a_ledger_that_knows_better_replaces_it_without_any_doubt(
    day: Day, lie: Callable[[Day], None]
) -> None:
    path = issuing(day, ".crl")
    ours = day.scene.public[path]
    day.scene.reconcile(minutes=5)
    lie(day)
    outcome = day.scene.reconcile(minutes=5)
    assert not outcome.footing.doubts
    assert day.scene.public[path] == ours
