"""PKI5016: the alternative names are the declared ones."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate

CODE = "PKI5016"


def alternative_names(_context: CertificateContext) -> Rule[CertificateFacts]:
    """Never empty, critical exactly when the subject is empty (RFC 5280 section 4.2.1.6)."""

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        profile = facts.meaning.profile
        found = draft.extension(x509.SubjectAlternativeName)
        if found is None:
            if profile.names or not profile.subject:
                yield "the alternative names are missing"
            return
        if not draft.names:
            yield "an empty list of alternative names"
        if sorted(draft.names) != sorted(profile.names):
            yield f"alternative names {sorted(draft.names)}, declared are {sorted(profile.names)}"
        if found.critical is bool(profile.subject):
            yield "alternative names must be critical exactly when there is no subject"

    return on_certificate(CODE, check)
