"""A capture key lays out the very bytes that the real key would sign, and can do nothing else."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.x509 import ocsp

from pki_reconciler.decide.build import capture
from pki_schema.x509.algorithms import ALGORITHMS

# RSA-4096 differs from RSA-3072 in length only and takes seconds to generate.
NAMES = [name for name in ALGORITHMS if name != "RSA-4096"]


@pytest.fixture(scope="module", params=NAMES)
def algorithm(request):
    return ALGORITHMS[request.param]


@pytest.fixture(scope="module")
def key(algorithm):
    return algorithm.generate()


def certificate(world, key, algorithm, signer):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a CA")])
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(world.now)
        .not_valid_after(world.now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
    )
    return builder.sign(signer, algorithm.digest)


def test_a_certificate_has_the_same_tbs(world, key, algorithm):
    captured = certificate(world, key, algorithm, capture(key.public_key()))
    real = certificate(world, key, algorithm, key)
    assert captured.tbs_certificate_bytes == real.tbs_certificate_bytes


def test_a_crl_has_the_same_tbs(world, key, algorithm):
    builder = (
        x509.CertificateRevocationListBuilder(issuer_name=x509.Name([]))
        .last_update(world.now)
        .next_update(world.now + timedelta(days=1))
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    captured = builder.sign(capture(key.public_key()), algorithm.digest)
    real = builder.sign(key, algorithm.digest)
    assert captured.tbs_certlist_bytes == real.tbs_certlist_bytes


def test_an_answer_has_the_same_content(world, key, algorithm):
    """Except producedAt, which the builder takes from the clock."""
    responder = certificate(world, key, algorithm, key)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            responder,
            responder,
            algorithm=ALGORITHMS["P-256"].digest,
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=world.now,
            next_update=world.now + timedelta(days=1),
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
    )
    captured = builder.sign(capture(key.public_key()), algorithm.digest).tbs_response_bytes
    real = builder.sign(key, algorithm.digest).tbs_response_bytes
    # ResponseData { [1] byKey (22 octets + header), producedAt (15 octets + header), responses }
    produced_at = captured.index(b"\x18\x0f") + 2
    assert captured[:produced_at] == real[:produced_at]
    assert captured[produced_at + 15 :] == real[produced_at + 15 :]


def test_the_constant_is_as_long_as_a_signature(key, algorithm):
    """ECDSA signatures vary by the octets that DER adds, all others have one length."""
    constant = algorithm.sign(capture(key.public_key()), b"data")
    assert abs(len(constant) - len(algorithm.sign(key, b"data"))) <= 4


def test_a_capture_key_gives_nothing_away(key):
    with pytest.raises(TypeError, match="no secret"):
        capture(key.public_key()).private_bytes()


def test_a_key_that_does_not_sign_cannot_be_captured():
    with pytest.raises(TypeError, match="no capture key for"):
        capture(x25519.X25519PrivateKey.generate().public_key())
