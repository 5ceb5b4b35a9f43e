"""PKI5024: no extension that nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.shared import Shared, SharedRule, on_shared
from pki_schema.x509 import der

CODE = "PKI5024"

_OCTET_STRING = 0x04

_JUDGED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.OCSP_NO_CHECK,
    }
)
"""Each of these has a rule of its own; whatever is not here would go out unjudged."""


def _undeclared(shared: Shared) -> Iterator[str]:
    """Where an extension of the template's own is not, octet by octet, as it is declared."""
    for oid, critical, value in shared.profile.extra_extensions:
        found = shared.extensions.get(x509.ObjectIdentifier(oid))
        if found is None:
            yield f"extension {oid} is missing"
        elif (found.critical, found.value.public_bytes()) != (critical, value):
            yield f"extension {oid} is not as declared"


def _loosely_encoded(shared: Shared) -> Iterator[str]:
    """What pyca reads though it is not DER, e.g. zeroes behind a KeyUsage (X.690 section 11.2)."""
    for oid, extension in shared.extensions.items():
        value = der.tlv(_OCTET_STRING, extension.value.public_bytes())
        if not shared.octets[oid].endswith(value):
            yield f"extension {oid.dotted_string} is not in DER"


def known_extensions(_context: CertificateContext) -> SharedRule:
    """Only extensions that another rule judges and those that the template brings, these as they
    are declared, all in DER; ocsp-nocheck exactly where it is declared.

    RFC 5280 section 4.2; that none stands there twice is part of being readable.
    """

    def check(shared: Shared) -> Iterator[str]:
        extra = {x509.ObjectIdentifier(oid) for oid, _, _ in shared.profile.extra_extensions}
        for oid in shared.extensions.keys() - _JUDGED - extra:
            yield f"extension {oid.dotted_string} is not in use here"
        yield from _loosely_encoded(shared)
        yield from _undeclared(shared)
        if (ExtensionOID.OCSP_NO_CHECK in shared.extensions) != shared.profile.ocsp_no_check:
            yield "ocsp-nocheck is not as declared"

    return on_shared(CODE, check)
