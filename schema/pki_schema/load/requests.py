"""Signing requests: whose key it is, that its holder has it, and nothing else.

A CSR may ask for anything; only its key and the URI that says for which service it was made are
read. What goes into the certificate is declared, not asked for.

The key's own faults (PKI4053, PKI4060 to PKI4072) are those of ``pki_schema.x509.keygate``.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID, ExtensionOID

from pki_schema.desired import SigningRequest
from pki_schema.errors import Position, Problem, Severity
from pki_schema.x509 import der
from pki_schema.x509.keygate import KeyFault, judge

LARGEST = 16_384
"""Octets of a CSR file; an RSA-4096 request has about 1,700, one with ML-DSA-87 about 10,000."""

MOST_ATTRIBUTES = 16
"""Attributes of a CSR; OpenSSL writes one, Windows four."""

LARGEST_ATTRIBUTES = 4_096
"""Octets of all attributes of a CSR; those of Windows, the longest in use, have about 500."""

SHORTEST_DIGEST = 32
"""Octets of the hash under a CSR's signature: SHA-256 and up, not SHA-224, SHA-1 or MD5."""

_BLOCK = re.compile(
    rb"\s*-----BEGIN (?P<label>(?:NEW )?CERTIFICATE REQUEST)-----\r?\n"
    rb"(?P<body>[A-Za-z0-9+/=\r\n]+)-----END (?P=label)-----\s*"
)
# Everything pyca raises about bytes it does not like; a few of them derive from Exception itself.
_REFUSALS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
# RFC 2985 section 5.4.2, and what Windows wrote before it.
_EXTENSION_REQUESTS = ("1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14")
_KINDS = {
    ExtensionOID.BASIC_CONSTRAINTS: "basic constraints",
    ExtensionOID.KEY_USAGE: "key usage",
    ExtensionOID.EXTENDED_KEY_USAGE: "extended key usage",
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: "subject key identifier",
    ExtensionOID.NAME_CONSTRAINTS: "name constraints",
    ExtensionOID.CERTIFICATE_POLICIES: "certificate policies",
    ExtensionOID.CRL_DISTRIBUTION_POINTS: "CRL distribution points",
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS: "authority information access",
    ExtensionOID.OCSP_NO_CHECK: "ocsp-nocheck",
}


T = TypeVar("T")


@dataclass(frozen=True)
class CertificateRequestFacts:
    """A key that its holder proved to have: DER SubjectPublicKeyInfo, and its name in the list."""

    spki_der: bytes
    algorithm: str
    notices: tuple[Problem, ...] = ()


Facts = CertificateRequestFacts | tuple[Problem, ...]
"""Of a CSR, or what is wrong with it."""


def owner_uri(tenant: str, service: str) -> str:
    """The URI by which a CSR says whose it is."""
    return f"pki:{tenant}/{service}"


def read_request(request: SigningRequest) -> Facts:
    """The facts of a CSR, or what is wrong with it (PKI4050 to PKI4055, PKI4060 to PKI4077)."""
    return read_requests([request])[0]


def read_requests(requests: Iterable[SigningRequest]) -> list[Facts]:
    """The same of several, in their order.

    All are opened before the first signature is verified: the tables for that stay in the
    processor's caches if nothing else is done in between.
    """
    opened = [_told(request, partial(_opened, request)) for request in requests]
    return [_told(one.request, one.proven) if isinstance(one, _Opened) else one for one in opened]


@dataclass(frozen=True)
class _Opened:
    """A CSR with nothing wrong about its form and its key."""

    request: SigningRequest
    csr: x509.CertificateSigningRequest
    spki: bytes
    algorithm: str

    def proven(self) -> Facts:
        """The facts, if the key's holder made it and for whom it says; raises what pyca raises."""
        if not self.csr.is_signature_valid:
            # RFC 2986 section 3: the signature proves possession of the private key.
            return (_problem(self.request, "PKI4054", "the CSR is not signed by its own key"),)
        problems = _ownership(self.request, self.csr.extensions)
        if any(p.severity is Severity.ERROR for p in problems):
            return problems
        return CertificateRequestFacts(self.spki, self.algorithm, problems)


def _told(request: SigningRequest, step: Callable[[], T]) -> T | tuple[Problem, ...]:
    """What a step makes of a CSR, or why pyca refuses it."""
    try:
        return step()
    except x509.DuplicateExtension:
        # RFC 5280 section 4.2: not more than one instance of an extension.
        return (_problem(request, "PKI4075", "the CSR asks for an extension twice"),)
    except _REFUSALS:
        # pyca's own text may quote the input, and differs from release to release.
        return (_problem(request, "PKI4052", "the CSR is not a well-formed PKCS#10 request"),)


def _opened(request: SigningRequest) -> _Opened | tuple[Problem, ...]:
    """A CSR taken apart by pyca, or its problems; raises what pyca raises."""
    if len(request.pem) > LARGEST:
        return (_problem(request, "PKI4050", f"the CSR has more than {LARGEST} octets"),)
    block = _BLOCK.fullmatch(request.pem)
    if not block:
        hint = "commit the output of: openssl req -new"
        return (_problem(request, "PKI4051", "not exactly one PEM CERTIFICATE REQUEST", hint),)
    octets = binascii.a2b_base64(b"".join(block["body"].split()), strict_mode=True)
    csr = x509.load_der_x509_csr(octets)
    spki = _spki(csr)
    algorithm = judge(spki)
    problems = tuple(_form(request, csr, octets))
    if isinstance(algorithm, KeyFault):
        key_fault = f"the CSR's key: {algorithm.message}"
        return (_problem(request, algorithm.code, key_fault, algorithm.hint), *problems)
    return problems or _Opened(request, csr, spki, algorithm)


def _spki(csr: x509.CertificateSigningRequest) -> bytes:
    """The SubjectPublicKeyInfo as it is encoded: third in CertificationRequestInfo (RFC 2986)."""
    info = csr.tbs_certrequest_bytes
    _, start, _ = der.header(info)
    for _ in range(2):
        _, _, start = der.header(info, start)
    return info[start : der.header(info, start)[2]]


def _form(
    request: SigningRequest, csr: x509.CertificateSigningRequest, octets: bytes
) -> Iterator[Problem]:
    """What is wrong with a CSR whoever made it and for whatever key."""
    if not _has_strong_digest(csr):
        hint = "sign it with SHA-256: openssl req -new -sha256"
        message = "the CSR's signature is over a hash that is weak or unknown"
        yield _problem(request, "PKI4074", message, hint)
    # X.690 section 10; the signature is whole octets, which pyca does not ask for.
    again = der.signed(*der.taken_apart(octets), csr.signature)
    if not octets == again == csr.public_bytes(Encoding.DER):
        yield _problem(request, "PKI4077", "the CSR is not DER: written anew, its octets differ")
    try:
        attributes = list(csr.attributes)
    except ValueError:
        fault = "an attribute with no or several values, or one that cannot be read"
        yield _problem(request, "PKI4076", f"the CSR has {fault}")
        return
    kinds = {attribute.oid.dotted_string for attribute in attributes}
    if fault := _attribute_fault(attributes, kinds):
        yield _problem(request, "PKI4076", f"the CSR has {fault}")
    elif AttributeOID.CHALLENGE_PASSWORD.dotted_string in kinds:
        # RFC 2985 section 5.4.1: a password to revoke by; here everybody could read it.
        message = "the CSR holds a challenge password, which is burnt by being here"
        yield _problem(request, "PKI4078", message, "make the CSR without one")


def _has_strong_digest(csr: x509.CertificateSigningRequest) -> bool:
    """Not SHA-1 or MD5, also not within RSASSA-PSS; Ed25519 and ML-DSA have none of their own."""
    try:
        digest = csr.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return False
    return digest is None or digest.digest_size >= SHORTEST_DIGEST


def _attribute_fault(attributes: Sequence[x509.Attribute], kinds: Collection[str]) -> str:
    """What is out of bounds about attributes of these kinds (RFC 2986 section 4.1), or nothing."""
    if len(attributes) > MOST_ATTRIBUTES:
        return f"more than {MOST_ATTRIBUTES} attributes"
    if sum(len(attribute.value) for attribute in attributes) > LARGEST_ATTRIBUTES:
        return f"more than {LARGEST_ATTRIBUTES} octets of attributes"
    if len(kinds) < len(attributes) or all(kind in kinds for kind in _EXTENSION_REQUESTS):
        return "the same attribute twice"
    return ""


def _ownership(request: SigningRequest, extensions: x509.Extensions) -> tuple[Problem, ...]:
    """Whether the CSR was made for the service it is committed for, and what else it asks for."""
    try:
        names = list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        names = []
    expected = owner_uri(request.tenant, request.service)
    uris = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    if [uri for uri in uris if uri.startswith("pki:")] != [expected]:
        hint = f"make it with: -addext subjectAltName=URI:{expected}"
        message = f'the CSR does not say that it is for "{expected}"'
        return (_problem(request, "PKI4055", message, hint),)
    ignored = ["other names"] if len(names) > 1 else []
    ignored += [_kind(e.oid) for e in extensions if e.oid != ExtensionOID.SUBJECT_ALTERNATIVE_NAME]
    if not ignored:
        return ()
    message = f"ignored in the CSR: {', '.join(ignored)}; the service and its template say these"
    return (_problem(request, "PKI4056", message, severity=Severity.NOTICE),)


def _kind(oid: x509.ObjectIdentifier) -> str:
    return _KINDS.get(oid) or f"extension {oid.dotted_string[:64]}"


def _problem(
    request: SigningRequest,
    code: str,
    message: str,
    hint: str = "",
    *,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(Position(request.path), code, message, hint, severity)
