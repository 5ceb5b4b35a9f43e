"""Drafts, read afresh from their bytes: once per draft, however many rules look at it.

A draft that cannot be read breaks one rule (``readable``); the others have nothing to say about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import ocsp

from pki_reconciler.chain import AnswerFacts, CertificateFacts, CrlFacts, F, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.written_names import typed_names
from pki_schema.x509 import der

E = TypeVar("E", bound=x509.ExtensionType)
D = TypeVar("D")
_SEQUENCE = 0x30
Extensions = Mapping[x509.ObjectIdentifier, x509.Extension[Any]]
Check = Callable[[D, F], Iterable[str]]
"""What a rule does: a read draft and its facts in, messages out."""

_UNREADABLE = (
    ValueError,
    TypeError,  # of a name whose attribute is a BIT STRING
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


class WithExtensions:
    """Something with extensions, by their OID."""

    extensions: Extensions

    def extension(self, kind: type[E]) -> x509.Extension[E] | None:
        """The extension of this kind, or ``None``."""
        return self.extensions.get(kind.oid)


@dataclass(frozen=True, kw_only=True)
class CertificateDraft(WithExtensions):
    """A certificate with a constant for a signature. The bytes are DER elements of its TBS.

    ``octets`` are its extensions as they stand there. ``attributes`` are the subject's in their
    order: type, tag of the string, what it says. ``names`` are the alternative ones in theirs, in
    the words of ``Profile.names``.
    """

    certificate: x509.Certificate
    extensions: Extensions
    octets: Mapping[x509.ObjectIdentifier, bytes]
    signature_algorithm: bytes
    issuer: bytes
    validity: bytes
    subject: bytes
    attributes: tuple[tuple[str, int, str], ...]
    names: list[tuple[str, str]]
    spki: bytes


@dataclass(frozen=True)
class CrlDraft(WithExtensions):
    """A CRL with a constant for a signature; ``entries`` in their order."""

    crl: x509.CertificateRevocationList
    extensions: Extensions
    entries: tuple[x509.RevokedCertificate, ...]
    serials: frozenset[int]
    elements: tuple[bytes, ...]

    @property
    def number(self) -> int | None:
        extension = self.extension(x509.CRLNumber)
        return extension.value.crl_number if extension else None


@dataclass(frozen=True)
class AnswerDraft:
    """An OCSP answer with a constant for a signature, and all its single responses."""

    response: ocsp.OCSPResponse
    singles: tuple[ocsp.OCSPSingleResponse, ...]


def on_certificate(
    code: str, check: Check[CertificateDraft, CertificateFacts]
) -> Rule[CertificateFacts]:
    """A rule for certificates."""
    return _rule(code, check, read_certificate)


def on_crl(code: str, check: Check[CrlDraft, CrlFacts]) -> Rule[CrlFacts]:
    """A rule for CRLs."""
    return _rule(code, check, read_crl)


def on_answer(code: str, check: Check[AnswerDraft, AnswerFacts]) -> Rule[AnswerFacts]:
    """A rule for OCSP answers."""
    return _rule(code, check, read_answer)


def _rule(code: str, check: Check[D, F], read: Callable[[bytes], D | None]) -> Rule[F]:
    def rule(unsigned: Unsigned[F]) -> tuple[Finding, ...]:
        draft = read(unsigned.draft)
        if draft is None:
            return ()
        found = [*check(draft, unsigned.facts)]
        return tuple(Finding(code, message) for message in found) if found else ()

    return rule


@lru_cache(maxsize=4)
def read_certificate(draft: bytes) -> CertificateDraft | None:
    """A certificate in DER, or ``None`` when any part of it does not parse."""
    try:
        certificate = x509.load_der_x509_certificate(draft)
        tbs, _ = der.taken_apart(draft)
        extensions = {extension.oid: extension for extension in certificate.extensions}
        # RFC 5280 section 4.1; no unique identifiers before the extensions (section 4.1.2.8).
        _version, _serial, algorithm, issuer, validity, subject, key, *tagged = der.elements(tbs)
        written = [octets for one in tagged for octets in der.elements(der.elements(one)[0])]
        names = extensions.get(x509.SubjectAlternativeName.oid)
        return CertificateDraft(
            certificate=certificate,
            extensions=extensions,
            octets=dict(zip(extensions, written, strict=True)),
            signature_algorithm=algorithm,
            issuer=issuer,
            validity=validity,
            subject=subject,
            attributes=tuple([one for rdn in der.elements(subject) for one in _attributes(rdn)]),
            names=typed_names(names.value) if names else [],
            spki=key,
        )
    except _UNREADABLE:
        return None


@lru_cache(maxsize=1024)  # most attributes of a fleet's subjects are the same
def _attributes(rdn: bytes) -> tuple[tuple[str, int, str], ...]:
    """The attributes of a RelativeDistinguishedName, read by pyca but for their strings' types."""
    name = x509.Name.from_bytes(der.tlv(_SEQUENCE, rdn))
    tags = [der.elements(attribute, 2)[1][0] for attribute in der.elements(rdn)]
    read = [(a.oid.dotted_string, str(a.value)) for a in name]
    return tuple((oid, tag, value) for (oid, value), tag in zip(read, tags, strict=True))


@lru_cache(maxsize=1)
def read_crl(draft: bytes) -> CrlDraft | None:
    """A CRL in DER, or ``None`` when a part does not parse. Long ones are large: keep one."""
    return _crl(draft)


@lru_cache(maxsize=1)
def read_published_crl(crl_der: bytes) -> CrlDraft | None:
    """The same for predecessors, apart from drafts so that neither pushes the other out."""
    return _crl(crl_der)


def _crl(crl_der: bytes) -> CrlDraft | None:
    try:
        crl = x509.load_der_x509_crl(crl_der)
        tbs, _ = der.taken_apart(crl_der)
        entries = tuple(crl)
        return CrlDraft(
            crl=crl,
            extensions={extension.oid: extension for extension in crl.extensions},
            entries=entries,
            serials=frozenset(entry.serial_number for entry in entries),
            elements=der.elements(tbs),
        )
    except _UNREADABLE:
        return None


@lru_cache(maxsize=4)
def read_answer(draft: bytes) -> AnswerDraft | None:
    """An OCSPResponse in DER, or ``None`` when it does not parse or is not a successful one."""
    try:
        response = ocsp.load_der_ocsp_response(draft)
        return AnswerDraft(response, tuple(response.responses))
    except _UNREADABLE:
        return None


def name_bytes(certificate: x509.Certificate) -> bytes:
    """The subject of a certificate exactly as it is encoded there."""
    return der.elements(certificate.tbs_certificate_bytes, 6)[5]


def extension_of(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """The value of an extension of a certificate above the draft, or ``None``."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
