"""PKI5024: no extension that nobody declared."""

from __future__ import annotations

from collections.abc import Iterator

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


def known_extensions(_context: CertificateContext) -> Rule[CertificateFacts]:
    """Only extensions that another rule judges; ocsp-nocheck exactly where it is declared.

    RFC 5280 section 4.2; that none stands there twice is part of being readable.
    """

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        for oid in draft.extensions.keys() - _JUDGED:
            yield f"extension {oid.dotted_string} is not in use here"
        if (ExtensionOID.OCSP_NO_CHECK in draft.extensions) != facts.meaning.profile.ocsp_no_check:
            yield "ocsp-nocheck is not as declared"

    return on_certificate(CODE, check)
