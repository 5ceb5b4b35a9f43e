"""An OCSP answer is a pure function of what is known and of now."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from pki_reconciler.decide.build import (
    GOOD,
    CertificateStatus,
    build_answer,
    capture,
    status_of,
)
from pki_schema.issued import CertificateState

FOUR_DAYS = 4 * 86_400


def built(services, responder, world, **changes):
    values = {
        "serial": 77,
        "status": GOOD,
        "algorithm": "sha1",
        "now": world.now,
        "validity": FOUR_DAYS,
    }
    return build_answer(services, responder, **values | changes)


def read(unsigned):
    return ocsp.load_der_ocsp_response(unsigned.draft)


def test_the_bytes_to_be_signed_are_those_of_the_draft(services, responder, world):
    unsigned = built(services, responder, world)
    assert read(unsigned).tbs_response_bytes == unsigned.tbs
    assert unsigned.signer in world.keys
    assert unsigned.facts.issuer == services.spki != unsigned.signer


def test_it_is_produced_now_whatever_the_clock_says(services, responder, world):
    """Our now is fixed, the machine's is not: only what was passed in may appear."""
    answer = read(built(services, responder, world))
    assert answer.produced_at_utc == answer.this_update_utc == world.now
    assert answer.next_update_utc == world.now + timedelta(seconds=FOUR_DAYS)


def test_equal_input_gives_equal_bytes(services, responder, world):
    assert built(services, responder, world) == built(services, responder, world)


def test_it_ends_with_its_responder(services, responder, world):
    """An answer must not outlive the only certificate it can be checked with."""
    end = x509.load_der_x509_certificate(responder).not_valid_after_utc
    answer = read(built(services, responder, world, now=end - timedelta(hours=1)))
    assert answer.next_update_utc == end


@pytest.mark.parametrize(
    ("name", "algorithm"), [("sha1", hashes.SHA1()), ("sha256", hashes.SHA256())]
)
def test_a_client_recognises_its_own_question(services, responder, world, name, algorithm):
    """The CertID equals the one that an independent builder makes for a certificate of the CA."""
    leaf = world.unsigned(world.leaf_meaning(), services)
    certificate = x509.load_der_x509_certificate(leaf.draft)
    builder = ocsp.OCSPRequestBuilder()
    question = builder.add_certificate(certificate, services.certificate, algorithm).build()
    answer = read(
        built(services, responder, world, serial=certificate.serial_number, algorithm=name)
    )
    asked = (question.issuer_name_hash, question.issuer_key_hash, question.serial_number)
    assert asked == (answer.issuer_name_hash, answer.issuer_key_hash, answer.serial_number)
    assert answer.hash_algorithm.name == name


def test_the_responder_is_named_by_key_and_comes_along(services, responder, world):
    unsigned = built(services, responder, world)
    answer = read(unsigned)
    certificate = x509.load_der_x509_certificate(responder)
    by_key = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    assert answer.responder_key_hash == by_key
    assert [c.public_bytes(serialization.Encoding.DER) for c in answer.certificates] == [responder]
    assert unsigned.certificates == (responder,)


@pytest.mark.parametrize(
    ("reason", "flag"),
    [
        ("keyCompromise", x509.ReasonFlags.key_compromise),
        ("unspecified", None),
        ("", None),
    ],
)
def test_revoked_when_and_why(services, responder, world, reason, flag):
    at = world.now - timedelta(hours=3)
    answer = read(built(services, responder, world, status=CertificateStatus(at, reason)))
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert (answer.revocation_time_utc, answer.revocation_reason) == (at, flag)


def test_what_the_ledger_knows_is_what_is_said(world):
    valid = world.issued(1)
    revoked = world.issued(1, revoked_at=world.now, reason="superseded")
    burnt = world.issued(1, state=CertificateState.BURNT)
    assert status_of(valid) == GOOD
    assert status_of(revoked) == CertificateStatus(world.now, "superseded")
    assert status_of(burnt) == CertificateStatus(world.now)


@pytest.mark.parametrize("serial", [1, 127, 128, 2**63, 2**152, 2**158 + 77, 2**159 - 1])
def test_an_answer_is_the_builders_own_whatever_its_serial(services, responder, world, serial):
    """Only ``producedAt`` is not pyca's to say: it would ask the clock."""
    ours = read(built(services, responder, world, serial=serial))
    theirs = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            ours.issuer_name_hash,
            ours.issuer_key_hash,
            serial,
            hashes.SHA1(),
            ocsp.OCSPCertStatus.GOOD,
            world.now,
            world.now + timedelta(seconds=FOUR_DAYS),
            None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, x509.load_der_x509_certificate(responder))
        .sign(capture(x509.load_der_x509_certificate(responder).public_key()), hashes.SHA256())
    )
    time = ours.produced_at_utc.strftime("%Y%m%d%H%M%SZ").encode()
    produced = theirs.produced_at_utc.strftime("%Y%m%d%H%M%SZ").encode()
    assert theirs.tbs_response_bytes.replace(produced, time) == ours.tbs_response_bytes


@pytest.mark.parametrize("serial", [0, -1])
def test_a_serial_is_positive(services, responder, world, serial):
    with pytest.raises(ValueError, match="positive"):
        built(services, responder, world, serial=serial)


def test_an_expired_certificate_has_no_status(world):
    with pytest.raises(ValueError, match="no status"):
        status_of(world.issued(1, state=CertificateState.EXPIRED))
