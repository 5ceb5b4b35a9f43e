"""OCSP answers, signed in advance by a CA's delegated responder (RFC 6960, RFC 9919)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from pki_reconciler.chain import AnswerFacts, Unsigned
from pki_reconciler.decide.build.capture import capture
from pki_reconciler.decide.build.extensions import DER, key_bits
from pki_reconciler.decide.build.issuer import Issuer
from pki_schema.instants import Instant
from pki_schema.issued import CertificateState, IssuedCertificate
from pki_schema.x509 import der
from pki_schema.x509.algorithms import ALGORITHMS, PrivateKey, algorithm_of, spki_der

_GENERALIZED_TIME = 0x18
_TIME_LENGTH = len("20260101000000Z")

# RFC 9919 section 3.1.1: SHA-256 is recommended; SHA-1 is what clients still send.
_HASHES: dict[str, hashes.HashAlgorithm] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303


@dataclass(frozen=True)
class CertificateStatus:
    """What an answer says: good, or revoked at an instant for a reason."""

    revoked_at: Instant | None = None
    reason: str = ""


GOOD = CertificateStatus()


def status_of(certificate: IssuedCertificate) -> CertificateStatus:
    """What the ledger knows about a certificate, as an answer says it.

    Raises ``ValueError`` for an expired one: its status is no longer served, and ``good`` would
    be a claim about nothing.
    """
    if certificate.revoked_at is not None:
        return CertificateStatus(certificate.revoked_at, certificate.reason)
    match certificate.state:
        case CertificateState.VALID:
            return GOOD
        case CertificateState.REVOKED | CertificateState.BURNT:
            return CertificateStatus(certificate.not_before, certificate.reason)
        case CertificateState.EXPIRED:
            raise ValueError("an expired certificate has no status")


def build_answer(
    issuer: Issuer,
    responder_der: bytes,
    *,
    serial: int,
    status: CertificateStatus,
    algorithm: str,
    now: Instant,
    validity: int,
) -> Unsigned[AnswerFacts]:
    """Lay out the answer for one serial, to be signed by the responder's key.

    ``responder_der`` is the responder's certificate, which accompanies the answer. ``algorithm``
    is the CertID's hash, ``sha1`` or ``sha256``; ``validity`` is in seconds, and ends with the
    responder's. Raises ``ValueError`` for a responder that has ended or whose key is not listed and
    for a serial below 1, and ``KeyError`` for another hash.
    """
    if serial < 1:
        raise ValueError("a serial is positive")
    responder = _responder(responder_der)
    next_update = min(now + timedelta(seconds=validity), responder.certificate.not_valid_after_utc)
    written = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    form = _form(
        issuer.certificate,
        responder_der,
        status=status,
        algorithm=algorithm,
        now=now,
        next_update=next_update,
        octets=len(written),
    )
    return Unsigned(
        facts=AnswerFacts(
            issuer=issuer.spki,
            serial=serial,
            algorithm=algorithm,
            this_update=now,
            next_update=next_update,
        ),
        draft=written.join(form.draft),
        tbs=written.join(form.tbs),
        algorithm=form.algorithm,
        signer=responder.spki,
        key_algorithm=responder.key_algorithm,
        certificates=(responder_der,),
    )


@dataclass(frozen=True)
class _Form:
    """What the answers of one responder, status and instant have in common: all but the serial.

    ``draft`` and ``tbs`` are what comes before it and what comes after it.
    """

    draft: tuple[bytes, bytes]
    tbs: tuple[bytes, bytes]
    algorithm: bytes


@lru_cache(maxsize=512)
def _form(
    issuer: x509.Certificate,
    responder_der: bytes,
    *,
    status: CertificateStatus,
    algorithm: str,
    now: Instant,
    next_update: Instant,
    octets: int,
) -> _Form:
    """An answer from pyca's builder, cut where a serial of so many octets stands."""
    responder = _responder(responder_der)
    name_hash, key_hash = _issuer_hashes(issuer, algorithm)
    response = (
        ocsp.OCSPResponseBuilder(
            responder_id=(responder.certificate, ocsp.OCSPResponderEncoding.HASH)
        )
        .add_response_by_hash(
            name_hash,
            key_hash,
            1 << 8 * octets - 2,  # any of that length
            _HASHES[algorithm],
            ocsp.OCSPCertStatus.REVOKED if status.revoked_at else ocsp.OCSPCertStatus.GOOD,
            now,
            next_update,
            status.revoked_at,
            _reason(status.reason) if status.revoked_at else None,
        )
        .sign(responder.stand_in, ALGORITHMS[responder.key_algorithm].digest)
        .public_bytes(DER)
    )
    laid_out, signature_algorithm, signature = _taken_apart(response)
    tbs = _produced_at(laid_out, now)
    draft = der.ocsp_response(tbs, signature_algorithm, signature, (responder_der,))
    start, end = _serial_in(tbs)
    inside = draft.index(tbs)
    return _Form(
        draft=(draft[: inside + start], draft[inside + end :]),
        tbs=(tbs[:start], tbs[end:]),
        algorithm=signature_algorithm,
    )


@dataclass(frozen=True)
class _Responder:
    certificate: x509.Certificate
    spki: str
    key_algorithm: str
    stand_in: PrivateKey


@lru_cache(maxsize=64)
def _responder(certificate_der: bytes) -> _Responder:
    certificate = x509.load_der_x509_certificate(certificate_der)
    public_key = certificate.public_key()
    algorithm = algorithm_of(public_key)
    if algorithm is None:
        raise ValueError("the responder's key is not on the list of algorithms")
    spki = hashlib.sha256(spki_der(public_key)).hexdigest()
    return _Responder(certificate, spki, algorithm.name, capture(public_key))


@lru_cache(maxsize=128)
def _issuer_hashes(issuer: x509.Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """The two issuer hashes of a CertID (RFC 6960 section 4.1.1)."""
    name, key = issuer.subject.public_bytes(), key_bits(spki_der(issuer.public_key()))
    return hashlib.new(algorithm, name).digest(), hashlib.new(algorithm, key).digest()


def _reason(word: str) -> x509.ReasonFlags | None:
    """RFC 6960 section 4.2.1: the reason is optional; ``unspecified`` is said by saying nothing."""
    return None if word in {"", "unspecified"} else x509.ReasonFlags(word)


def _taken_apart(response: bytes) -> tuple[bytes, bytes, bytes]:
    """ResponseData, AlgorithmIdentifier and signature of a successful answer from the builder.

    RFC 6960 section 4.2.1: OCSPResponse { responseStatus, [0] { { responseType, response } } },
    where response is an OCTET STRING around BasicOCSPResponse.
    """
    _, status, _ = der.header(response)
    _, _, status_end = der.header(response, status)
    _, sequence, _ = der.header(response, status_end)
    _, kind, _ = der.header(response, sequence)
    _, _, kind_end = der.header(response, kind)
    _, basic, basic_end = der.header(response, kind_end)
    tbs, algorithm = der.taken_apart(response[basic:basic_end])
    _, parts, _ = der.header(response, basic)
    _, bits, bits_end = der.header(response, parts + len(tbs) + len(algorithm))
    return tbs, algorithm, response[bits + 1 : bits_end]


def _produced_at(response_data: bytes, now: Instant) -> bytes:
    """The same ResponseData with ``now`` in ``producedAt``.

    The builder asks the clock itself and cannot be told otherwise, which would make two equal
    plans two different answers. ``producedAt`` is a GeneralizedTime of fixed length (RFC 6960
    section 4.2.2.1) right after ``responderID``, since version 1 is not written.
    """
    _, start, _ = der.header(response_data)
    _, _, responder_end = der.header(response_data, start)
    tag, time_start, time_end = der.header(response_data, responder_end)
    if tag != _GENERALIZED_TIME or time_end - time_start != _TIME_LENGTH:
        raise ValueError("the OCSP builder no longer lays answers out as it used to")
    written = now.strftime("%Y%m%d%H%M%SZ").encode()
    return response_data[:time_start] + written + response_data[time_end:]


def _serial_in(response_data: bytes) -> tuple[int, int]:
    """Where the content of the serial begins and ends in a ResponseData of one answer.

    RFC 6960 section 4.2.1: { responderID, producedAt, responses { { certID { hashAlgorithm,
    issuerNameHash, issuerKeyHash, serialNumber }, … } } }.
    """
    _, place, _ = der.header(response_data)
    for _ in range(2):
        _, _, place = der.header(response_data, place)
    for _ in range(3):
        _, place, _ = der.header(response_data, place)
    for _ in range(3):
        _, _, place = der.header(response_data, place)
    _, start, end = der.header(response_data, place)
    return start, end
