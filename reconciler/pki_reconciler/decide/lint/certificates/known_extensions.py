"""PKI5024: no extension that nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate

CODE = "PKI5024"

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


def _undeclared(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
    """Where an extension of the template's own is not, octet by octet, as it is declared."""
    for oid, critical, value in facts.meaning.profile.extra_extensions:
        found = draft.extensions.get(x509.ObjectIdentifier(oid))
        if found is None:
            yield f"extension {oid} is missing"
        elif (found.critical, found.value.public_bytes()) != (critical, value):
            yield f"extension {oid} is not as declared"


def known_extensions(_context: CertificateContext) -> Rule[CertificateFacts]:
    """Only extensions that another rule judges and those that the template brings, these as they
    are declared; ocsp-nocheck exactly where it is declared.

    RFC 5280 section 4.2; that none stands there twice is part of being readable.
    """

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        extra = {x509.ObjectIdentifier(oid) for oid, _, _ in facts.meaning.profile.extra_extensions}
        for oid in draft.extensions.keys() - _JUDGED - extra:
            yield f"extension {oid.dotted_string} is not in use here"
        yield from _undeclared(draft, facts)
        if (ExtensionOID.OCSP_NO_CHECK in draft.extensions) != facts.meaning.profile.ocsp_no_check:
            yield "ocsp-nocheck is not as declared"

    return on_certificate(CODE, check)
