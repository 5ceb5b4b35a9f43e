"""PKI5009: the identifiers of the subject's and the issuer's key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import CertificateFacts, Rule
from pki_reconciler.decide.lint.contexts import CertificateContext
from pki_reconciler.decide.lint.drafts import (
    CertificateDraft,
    extension_of,
    on_certificate,
)
from pki_schema.x509 import der

CODE = "PKI5009"


def key_identifiers(context: CertificateContext) -> Rule[CertificateFacts]:
    """SKI by method 1 everywhere, AKI with nothing but the issuer's actual SKI; neither critical.

    RFC 5280 sections 4.2.1.1 and 4.2.1.2. A root has no AKI: it would only repeat its SKI.
    """
    issuer = context.issuer
    issuer_ski = extension_of(issuer.certificate, x509.SubjectKeyIdentifier) if issuer else None
    expected = x509.AuthorityKeyIdentifier(issuer_ski.digest, None, None) if issuer_ski else None

    def check(draft: CertificateDraft, _facts: CertificateFacts) -> Iterator[str]:
        own = draft.extension(x509.SubjectKeyIdentifier)
        if own is None or own.critical:
            yield "the subject key identifier is missing or critical"
        elif own.value.digest != _identifier(draft.spki):
            yield "the subject key identifier is not the SHA-1 of the key"
        above = draft.extension(x509.AuthorityKeyIdentifier)
        if (above.value if above else None) != expected or (above and above.critical):
            yield "the authority key identifier is not the issuer's, and only that"

    return on_certificate(CODE, check)


def _identifier(spki: bytes) -> bytes:
    """The SHA-1 of the key without the header of its BIT STRING."""
    bit_string = der.elements(spki, 2)[1]
    key = bit_string[der.header(bit_string)[1] + 1 :]
    return hashlib.sha1(key, usedforsecurity=False).digest()
