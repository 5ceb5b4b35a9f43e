"""PKI5102: whose CRL it is."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, extension_of, name_bytes, on_crl
from pki_reconciler.decide.lint.signatures import IDENTIFIERS

CODE = "PKI5102"

_VERSION_2 = b"\x02\x01\x01"


def issuer(context: CrlContext) -> Rule[CrlFacts]:
    """Version 2, the issuer's subject octet by octet, its algorithm, and its key identifier.

    RFC 5280 sections 5.1.2.1, 5.1.2.2, 5.1.2.3 and 5.2.1.
    """
    certificate = context.issuer.certificate
    ski = extension_of(certificate, x509.SubjectKeyIdentifier)
    expected = x509.AuthorityKeyIdentifier(ski.digest if ski else None, None, None)
    header = (_VERSION_2, IDENTIFIERS[context.issuer.key_algorithm], name_bytes(certificate))

    def check(draft: CrlDraft, _facts: CrlFacts) -> Iterator[str]:
        if draft.elements[:3] != header:
            yield "version, signature algorithm or issuer's name differ from the issuer's"
        identifier = draft.extension(x509.AuthorityKeyIdentifier)
        if identifier is None or identifier.critical or identifier.value != expected:
            yield "the authority key identifier is not the issuer's, and only that"

    return on_crl(CODE, check)
