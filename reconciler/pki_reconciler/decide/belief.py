"""Whether published bytes are to be believed, for a ledger that has forgotten what it made. Pure.

A target is trusted less than the ledger: whatever it holds is capped before it is parsed, and
counts only if a key of ours has signed it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import ocsp

from pki_publishers import layout
from pki_publishers.sync import pem_crls
from pki_reconciler.decide.build import Issuer, build_certificate
from pki_reconciler.decide.build.certificate import BACKDATE
from pki_reconciler.decide.build.crl import CrlEntry
from pki_reconciler.decide.build.extensions import DER, subject_name
from pki_schema.desired import Identity, Meaning
from pki_schema.instants import Instant
from pki_schema.x509.algorithms import PublicKey, algorithm_of, spki_der

LARGEST_CRL: Final = 64 * 1024 * 1024
LARGEST_CERTIFICATE: Final = 64 * 1024
LARGEST_POINTER: Final = 64 * 1024
LARGEST_ANSWER: Final = 64 * 1024
LARGEST_SUMMARY: Final = 1024 * 1024

_COMMIT: Final = re.compile(r"(?:[0-9a-f]{40,64})?")

_CHECKED: Final = (ValueError, InvalidSignature, x509.ExtensionNotFound, x509.DuplicateExtension)
"""What parsing and checking foreign bytes may raise; whatever it is, they are not believed."""


@dataclass(frozen=True, kw_only=True)
class PublishedCrl:
    """A full CRL with a good signature of a key of ours."""

    number: int
    this_update: Instant
    next_update: Instant
    entries: tuple[CrlEntry, ...]
    tbs_digest: str
    der: bytes


def crl_of(body: bytes, issuer: Issuer) -> PublishedCrl | None:
    """The full CRL in these bytes, if this issuer has signed it."""
    if len(body) > LARGEST_CRL:
        return None
    try:
        found = x509.load_der_x509_crl(body)
        _verified(issuer.public_key, found.signature, found.tbs_certlist_bytes)
        if found.issuer != issuer.subject or found.next_update_utc is None:
            return None
        # RFC 5280 sections 5.2.4 and 5.2.5: of a delta or a part nothing follows about the rest.
        if any(extension.critical for extension in found.extensions):
            return None
        number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        return PublishedCrl(
            number=number,
            this_update=found.last_update_utc,
            next_update=found.next_update_utc,
            entries=tuple(_entry(one) for one in found),
            tbs_digest=hashlib.sha256(found.tbs_certlist_bytes).hexdigest(),
            der=body,
        )
    except _CHECKED:
        return None


def are_crls_of(body: bytes, issuers: Sequence[Issuer]) -> bool:
    """Whether these bytes are a CRL in DER or several in PEM, each of one of these issuers."""
    ders = [body]
    if body.startswith(b"-----BEGIN"):
        try:
            ders = [x509.load_pem_x509_crl(part).public_bytes(DER) for part in pem_crls(body)]
        except ValueError:
            return False
    return bool(ders) and all(any(crl_of(der, one) for one in issuers) for der in ders)


def _entry(entry: x509.RevokedCertificate) -> CrlEntry:
    reason, invalidity = "", None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason.value
        elif isinstance(extension.value, x509.InvalidityDate):
            invalidity = extension.value.invalidity_date_utc
    return CrlEntry(
        serial=entry.serial_number,
        revoked_at=entry.revocation_date_utc,
        reason="" if reason == "unspecified" else reason,
        invalidity_date=invalidity,
    )


def certificate_of(body: bytes, signers: tuple[PublicKey, ...]) -> x509.Certificate | None:
    """The certificate in these bytes (DER, or PEM with nothing else), signed by one of these."""
    if len(body) > LARGEST_CERTIFICATE:
        return None
    pem = body.startswith(b"-----BEGIN")
    try:
        found = (
            x509.load_pem_x509_certificate(body) if pem else x509.load_der_x509_certificate(body)
        )
    except ValueError:
        return None
    return found if signer_of(found, signers) is not None else None


def signer_of(certificate: x509.Certificate, signers: tuple[PublicKey, ...]) -> int | None:
    """Which of these keys has signed it."""
    for number, key in enumerate(signers):
        try:
            _verified(key, certificate.signature, certificate.tbs_certificate_bytes)
        except _CHECKED:
            continue
        return number
    return None


def _verified(key: PublicKey, signature: bytes, signed: bytes) -> None:
    algorithm = algorithm_of(key)
    if algorithm is None:
        raise ValueError("a key that is not on the list")
    algorithm.verify(key, signature, signed)


def responder_of(body: bytes) -> bytes | None:
    """The responder's certificate (DER) that an OCSP answer brings along; not yet believed."""
    if len(body) > LARGEST_ANSWER:
        return None
    try:
        answer = ocsp.load_der_ocsp_response(body)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        certificates = answer.certificates
        return certificates[0].public_bytes(DER) if len(certificates) == 1 else None
    except _CHECKED:
        return None


def is_meant(certificate: x509.Certificate, meaning: Meaning, issuer: Issuer | None) -> bool:
    """Whether this meaning makes exactly these bytes, but for the signature."""
    spki = spki_der(certificate.public_key())
    try:
        made = build_certificate(
            meaning,
            issuer=issuer,
            spki=spki,
            serial=certificate.serial_number,
            now=certificate.not_valid_before_utc + BACKDATE,
            cause="recovery",
            reason="",
        )
    except ValueError:
        return False
    return made.tbs == certificate.tbs_certificate_bytes


def has_subject(certificate: x509.Certificate, meaning: Meaning) -> bool:
    """Whether a certificate bears the name that a meaning asks for."""
    try:
        return certificate.subject == subject_name(meaning.profile.subject)
    except ValueError:
        return False


class _File(msgspec.Struct):
    path: str


class _Pointer(msgspec.Struct):
    set: str
    files: dict[str, _File]
    commit: str = ""


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a service's ``current.json`` names: a set, and the path of the certificate in it.
    ``commit`` is the one it claims to have been certified under.
    """

    set: str
    path: str
    commit: str


def named_by(pointer: bytes, subject: Identity) -> Named | None:
    """What these bytes name, if they are a pointer of this service's certificate at all."""
    if len(pointer) > LARGEST_POINTER:
        return None
    service, _, name = subject.name.partition("/")
    try:
        found = msgspec.json.decode(pointer, type=_Pointer)
        expected = layout.certificate_set(subject.tenant, service, name, found.set).cert
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    file = found.files.get("cert.pem")
    if file is None or file.path != expected or not _COMMIT.fullmatch(found.commit):
        return None
    return Named(set=found.set, path=expected, commit=found.commit)


class _Listed(msgspec.Struct, frozen=True):
    name: str
    generation: int


class _Summary(msgspec.Struct):
    authorities: tuple[_Listed, ...]


def authorities_in(summary: bytes) -> frozenset[tuple[str, int]]:
    """The CA generations that a ``status.json`` speaks of. Nobody has signed it: good for caution
    alone.
    """
    if len(summary) > LARGEST_SUMMARY:
        return frozenset()
    try:
        found = msgspec.json.decode(summary, type=_Summary)
    except (msgspec.MsgspecError, RecursionError):
        return frozenset()
    return frozenset((one.name, one.generation) for one in found.authorities)
