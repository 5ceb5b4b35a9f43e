"""PKI5008: two CA keys never share a name."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate

CODE = "PKI5008"


def shared_name(context: CertificateContext) -> Rule[CertificateFacts]:
    """A CRL's scope is the issuer's *name* (RFC 5280 section 5): with two keys under one name the
    CRL of one hides the revocations of the other from clients that look no further.
    """

    def check(draft: CertificateDraft, facts: CertificateFacts) -> Iterator[str]:
        bearer = context.authority_names.get(draft.subject)
        if bearer is not None and bearer != facts.spki:
            yield f"the CA key {bearer[:16]} already bears this name; a new key needs a new name"

    return on_certificate(CODE, check)
