"""PKI5007: only a root is its own issuer."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, on_certificate

CODE = "PKI5007"


def own_name(context: CertificateContext) -> Rule[CertificateFacts]:
    """A certificate that names itself as issuer but is signed by another key is *self-issued*.

    RFC 5280 section 6.1.4 exempts such certificates from path lengths and name constraints.
    """

    def check(draft: CertificateDraft, _facts: CertificateFacts) -> Iterator[str]:
        if context.issuer and draft.issuer == draft.subject:
            yield "the subject has the name of its issuer"

    return on_certificate(CODE, check)
