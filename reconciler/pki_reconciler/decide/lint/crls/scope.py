"""PKI5109: a full CRL of everything."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.x509.oid import ExtensionOID

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl
from pki_schema.x509.oids import EXPIRED_CERTS_ON_CRL

CODE = "PKI5109"

_FULL = {
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string,
    ExtensionOID.CRL_NUMBER.dotted_string,
    EXPIRED_CERTS_ON_CRL,
}


def scope(_context: CrlContext) -> Rule[CrlFacts]:
    """No issuing distribution point, no delta indicator, no freshest CRL, nothing unknown.

    RFC 5280 sections 5.2.4 to 5.2.6. Each of them makes a CRL say less than all, and some client
    takes it for all.
    """

    def check(draft: CrlDraft, _facts: CrlFacts) -> Iterator[str]:
        for extension in draft.extensions.values():
            if extension.oid.dotted_string not in _FULL:
                yield f"extension {extension.oid.dotted_string} has no place in a full CRL here"

    return on_crl(CODE, check)
