"""PKI5006: the issuer's name."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import CertificateDraft, name_bytes, on_certificate

CODE = "PKI5006"

_EMPTY_NAME = b"\x30\x00"


def issuer_name(context: CertificateContext) -> Rule[CertificateFacts]:
    """The octets of the issuer's subject (RFC 5280 sections 4.1.2.4 and 7.1), and not empty."""
    expected = name_bytes(context.issuer.certificate) if context.issuer else None

    def check(draft: CertificateDraft, _facts: CertificateFacts) -> Iterator[str]:
        if draft.issuer == _EMPTY_NAME:
            yield "the issuer has no name"
        if draft.issuer != (draft.subject if expected is None else expected):
            yield "the issuer's name differs from the subject of the issuer's certificate"

    return on_certificate(CODE, check)
