"""Promise 5: a serial that was not issued is never "good"."""

from __future__ import annotations

from contextlib import suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus
from hypothesis import example, given
from hypothesis import strategies as st

from pki_publishers.server.ocsp import answer
from tests.properties.organisation import (
    EVENTFUL,
    SERVICES,
    Declare,
    Nursery,
    Scene,
    Step,
    explored,
    histories,
)
from tests.properties.test_01_intent_before_signature import watched
from tests.properties.witness import Died, entries

HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}


def issued(scene: Scene) -> set[tuple[str, int]]:
    """(issuer, serial) of what was issued at any time, by the ledger's entries."""
    ledger = scene.world.ledger_path
    return {
        (e.body["issuer"], int(e.body["serial"], 16)) for e in entries(ledger, "certificate-issued")
    }


def good_answers(scene: Scene) -> set[tuple[bytes, int]]:
    answers = [
        ocsp.load_der_ocsp_response(body)
        for path, body in scene.public.items()
        if path.startswith("ocsp/") or path.endswith(("/staple.der", ".ocsp"))
    ]
    return {
        (a.issuer_key_hash, a.serial_number)
        for a in answers
        if a.certificate_status is OCSPCertStatus.GOOD
    }


@explored(2)
@example(history=EVENTFUL, deaths=[1, 1, 2])
@given(history=histories(), deaths=st.lists(st.integers(1, 3), max_size=3))
def test_good_is_said_of_what_was_issued_only(
    nursery: Nursery, history: list[Step], deaths: list[int]
) -> None:
    """Also where the process died between signature and record, so that a certificate may exist of
    which the ledger knows the intent only.
    """
    with nursery.scene() as scene:
        store = watched(scene)
        fatal = iter(deaths)

        def look() -> None:
            later = next(fatal, None)
            store.dies_at = None if later is None else len(store.signatures) + later
            with suppress(Died):
                scene.reconcile()
            known = {serial for _, serial in issued(scene)}
            assert {serial for _, serial in good_answers(scene)} <= known

        scene.play(history, between=look)


def asked(scene: Scene, serial: int, algorithm: str) -> ocsp.OCSPResponse:
    """What the service would reply, from the published files."""
    [stem] = {p.split("/")[1] for p in scene.public if p.startswith("ocsp/")}
    authority = scene.public[f"aia/{stem}.cer"]
    certificate = x509.load_der_x509_certificate(authority)
    own = ocsp.OCSPRequestBuilder().add_certificate(certificate, certificate, HASHES[algorithm])
    request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        _name_hash(certificate, algorithm),
        own.build().issuer_key_hash,
        serial,
        HASHES[algorithm],
    )
    reply = answer(
        request.build().public_bytes(serialization.Encoding.DER),
        authority=authority,
        lookup=lambda s, a: scene.public.get(f"ocsp/{stem}/{s:x}.{a}.der"),
        now=scene.world.clock.now(),
    )
    return ocsp.load_der_ocsp_response(reply.body)


def _name_hash(certificate: x509.Certificate, algorithm: str) -> bytes:
    digest = hashes.Hash(HASHES[algorithm])
    digest.update(certificate.subject.public_bytes())
    return digest.finalize()


@explored(40)
@given(serial=st.integers(1, 2**159 - 1), algorithm=st.sampled_from(sorted(HASHES)))
def test_a_serial_nobody_issued_is_unauthorized(
    nursery: Nursery, serial: int, algorithm: str
) -> None:
    """Unsigned ``unauthorized`` and no more (RFC 9919), for either CertID hash; next to a serial
    that was issued, too.
    """
    scene = nursery.model()
    known = {s for _, s in issued(scene)}
    for wanted in (serial, *(s + 1 for s in known), *(s ^ 1 << 64 for s in known)):
        if wanted not in known:
            assert (
                asked(scene, wanted, algorithm).response_status is OCSPResponseStatus.UNAUTHORIZED
            )


def test_a_serial_that_was_issued_is_good(nursery: Nursery) -> None:
    """Lest the property above hold because everything is refused."""
    scene = nursery.model()
    [certificate] = scene.world.certificates(*SERVICES[0])
    for algorithm in HASHES:
        found = asked(scene, certificate.serial, algorithm)
        assert found.certificate_status is OCSPCertStatus.GOOD


def test_a_burnt_serial_is_revoked(nursery: Nursery) -> None:
    """What may have been signed and was never recorded is answered for, as revoked."""
    with nursery.scene() as scene:
        store = watched(scene)
        Declare(SERVICES[3]).act(scene)
        scene.commit()
        store.dies_at = 1
        with suppress(Died):
            scene.reconcile()
        _, _, lost = store.signatures[0].identity()
        scene.reconcile(days=2)
        for algorithm in HASHES:
            assert asked(scene, lost, algorithm).certificate_status is OCSPCertStatus.REVOKED
