"""Signing requests: whose key it is, that its holder has it, and nothing else.

A CSR may ask for anything; only its key and the URI that says for which service it was made are
read. What goes into the certificate is declared, not asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from pki_schema.desired import SigningRequest
from pki_schema.errors import Position, Problem, Severity
from pki_schema.x509.algorithms import ALGORITHMS, algorithm_of, spki_der

LARGEST = 16_384
"""Octets of a CSR file; an RSA-4096 request has about 1,700, one with ML-DSA-87 about 10,000."""

_BLOCK = re.compile(
    rb"\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\r?\n"
    rb"[A-Za-z0-9+/=\r\n]+-----END (?:NEW )?CERTIFICATE REQUEST-----\s*"
)
# Everything pyca raises about bytes it does not like; a few of them derive from Exception itself.
_REFUSALS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True)
class CertificateRequestFacts:
    """A key that its holder proved to have: DER SubjectPublicKeyInfo, and its name in the list."""

    spki_der: bytes
    algorithm: str
    notices: tuple[Problem, ...] = ()


def owner_uri(tenant: str, service: str) -> str:
    """The URI by which a CSR says whose it is."""
    return f"pki:{tenant}/{service}"


def read_request(request: SigningRequest) -> CertificateRequestFacts | tuple[Problem, ...]:
    """The facts of a CSR, or everything that is wrong with it (PKI4050 to PKI4055)."""
    if len(request.pem) > LARGEST:
        return (_problem(request, "PKI4050", f"the CSR has more than {LARGEST} octets"),)
    if not _BLOCK.fullmatch(request.pem):
        hint = "commit the output of: openssl req -new"
        return (_problem(request, "PKI4051", "not exactly one PEM CERTIFICATE REQUEST", hint),)
    try:
        csr = x509.load_pem_x509_csr(request.pem)
        key = csr.public_key()
        proven = csr.is_signature_valid
        names = _alternative_names(csr)
    except _REFUSALS:
        # pyca's own text may quote the input, and differs from release to release.
        return (_problem(request, "PKI4052", "the CSR is not a well-formed PKCS#10 request"),)
    algorithm = algorithm_of(key)
    if algorithm is None:
        known = ", ".join(ALGORITHMS)
        return (_problem(request, "PKI4053", "the CSR's key is not on the list", f"use {known}"),)
    if not proven:
        # RFC 2986 section 3: the signature proves possession of the private key.
        return (_problem(request, "PKI4054", "the CSR is not signed by its own key"),)
    problems = _ownership(request, names)
    if any(p.severity is Severity.ERROR for p in problems):
        return problems
    return CertificateRequestFacts(spki_der(key), algorithm.name, problems)


def _alternative_names(csr: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    try:
        return csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _ownership(
    request: SigningRequest, names: x509.SubjectAlternativeName | None
) -> tuple[Problem, ...]:
    """Whether the CSR was made for the service it is committed for."""
    expected = owner_uri(request.tenant, request.service)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    marks = [uri for uri in uris if uri.startswith("pki:")]
    if marks != [expected]:
        hint = f"make it with: -addext subjectAltName=URI:{expected}"
        message = f'the CSR does not say that it is for "{expected}"'
        return (_problem(request, "PKI4055", message, hint),)
    if names is not None and len(list(names)) > 1:
        message = "the CSR's other names are ignored: names come from the service and its template"
        return (_problem(request, "PKI4056", message, severity=Severity.NOTICE),)
    return ()


def _problem(
    request: SigningRequest,
    code: str,
    message: str,
    hint: str = "",
    *,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(Position(request.path), code, message, hint, severity)
