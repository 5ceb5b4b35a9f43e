"""OCSP from stored answers: request bytes in, response bytes out, whatever the request is.

Answers are made in advance and per CertID hash, so the server holds no key, a flood costs no
signature, and a serial that was never issued has no answer to find. Extensions of a request,
nonces among them, do not change an answer (RFC 9919: pre-produced responses).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPResponseStatus

from pki_publishers.layout import ANSWER_ALGORITHMS
from pki_publishers.release import Age
from pki_schema import instants
from pki_schema.instants import Instant
from pki_schema.x509 import der

MAX_REQUEST = 4096
"""Bytes of a request; real ones have about 100. Checked before anything is parsed."""

Lookup = Callable[[int, str], "bytes | None"]
"""From (serial, CertID hash) to the stored answer in DER."""


@dataclass(frozen=True)
class Reply:
    """An ``OCSPResponse`` in DER; ``age`` only of stored answers, never of errors."""

    body: bytes
    age: Age | None = None


def _unsuccessful(status: OCSPResponseStatus) -> Reply:
    """Errors are unsigned and without ``responseBytes`` (RFC 6960 section 2.3): five octets."""
    response = ocsp.OCSPResponseBuilder.build_unsuccessful(status)
    return Reply(response.public_bytes(serialization.Encoding.DER))


MALFORMED = _unsuccessful(OCSPResponseStatus.MALFORMED_REQUEST)
INTERNAL_ERROR = _unsuccessful(OCSPResponseStatus.INTERNAL_ERROR)
TRY_LATER = _unsuccessful(OCSPResponseStatus.TRY_LATER)
UNAUTHORIZED = _unsuccessful(OCSPResponseStatus.UNAUTHORIZED)

# What pyca raises on bytes that are not a request with exactly one CertID and known hashes.
_UNREADABLE = (ValueError, TypeError, OverflowError, NotImplementedError, UnsupportedAlgorithm)

CertId = tuple[bytes, bytes, int, str]
"""issuerNameHash, issuerKeyHash, serial, and the hash algorithm's name."""


@lru_cache(maxsize=256)
def issuer_hashes(certificate: bytes) -> Mapping[str, tuple[bytes, bytes]]:
    """Hash name to (issuerNameHash, issuerKeyHash) of a CA certificate in DER.

    RFC 6960 section 4.1.1: over the DER of its subject, and over the bits of its public key
    without tag, length and unused-bits octet. ``ValueError`` when it cannot be read.
    """
    ca = x509.load_der_x509_certificate(certificate)
    name = ca.subject.public_bytes()
    spki = ca.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, inside, _ = der.header(spki)
    _, _, algorithm_end = der.header(spki, inside)
    _, bits, end = der.header(spki, algorithm_end)
    key = spki[bits + 1 : end]
    return {
        algorithm: (hashlib.new(algorithm, name).digest(), hashlib.new(algorithm, key).digest())
        for algorithm in ANSWER_ALGORITHMS
    }


def answer(request: bytes, *, authority: bytes | None, lookup: Lookup, now: Instant) -> Reply:
    """Answer a request in DER for the CA whose certificate (DER) is ``authority``.

    Never raises for any request. ``malformedRequest``: not exactly one CertID in strict DER, or a
    nonce of a forbidden length. ``unauthorized``: another CA's CertID, another hash than SHA-1 or
    SHA-256, a serial without an answer (RFC 9919: a responder that has no record), or a critical
    extension we do not know. ``tryLater``: the stored answer's nextUpdate has passed.
    ``internalError``: what is stored is unreadable or about something else.
    """
    asked = _read(request)
    if isinstance(asked, Reply):
        return asked
    name_hash, key_hash, serial, algorithm = asked
    try:
        known = issuer_hashes(authority) if authority else {}
    except _UNREADABLE:
        return INTERNAL_ERROR
    if known.get(algorithm) != (name_hash, key_hash):
        return UNAUTHORIZED
    stored = lookup(serial, algorithm)
    if stored is None:
        return UNAUTHORIZED
    return _checked(stored, asked, now)


def decoded(path: str) -> bytes | None:
    """The request in a GET path (as sent, after ``/ocsp/<stem>/``), or ``None`` if it is no base64.

    RFC 6960 appendix A.1: percent-encoded base64 of the DER. Also read: the URL-safe alphabet,
    missing padding, a second layer of percent-encoding, line breaks, a ``+`` that became a space on
    its way, and slashes in front (a base URL with a slash at its end).
    """
    if len(path) > 2 * MAX_REQUEST:
        return None
    text = unquote_to_bytes(path)
    if b"%" in text:
        text = unquote_to_bytes(text)
    text = text.replace(b"\r", b"").replace(b"\n", b"").lstrip(b"/").rstrip(b"=")
    text = text.translate(bytes.maketrans(b" -_", b"++/"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return None


def _read(request: bytes) -> CertId | Reply:
    """The one CertID of a request, or the error it deserves."""
    if len(request) > MAX_REQUEST:
        return MALFORMED
    try:
        parsed = ocsp.load_der_ocsp_request(request)
        extensions = parsed.extensions
        hashes = (parsed.issuer_name_hash, parsed.issuer_key_hash)
        serial = parsed.serial_number
    except _UNREADABLE:
        return MALFORMED
    for extension in extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            # RFC 9654 section 2.1: 1 to 128 octets.
            if not 1 <= len(extension.value.nonce) <= 128:
                return MALFORMED
        elif extension.critical:
            return UNAUTHORIZED
    try:
        algorithm = parsed.hash_algorithm.name
    except UnsupportedAlgorithm:
        return UNAUTHORIZED
    return (*hashes, serial, algorithm)


def _checked(stored: bytes, asked: CertId, now: Instant) -> Reply:
    """A stored answer, if it is whole, about what was asked, and still valid."""
    try:
        found = ocsp.load_der_ocsp_response(stored)
        about = (
            found.issuer_name_hash,
            found.issuer_key_hash,
            found.serial_number,
            found.hash_algorithm.name,
        )
    except _UNREADABLE:
        return INTERNAL_ERROR
    if about != asked or found.next_update_utc is None:
        return INTERNAL_ERROR
    if found.next_update_utc <= now:
        return TRY_LATER
    this_update = found.this_update_utc
    return Reply(stored, Age(this_update, found.next_update_utc, instants.to_epoch(this_update)))
