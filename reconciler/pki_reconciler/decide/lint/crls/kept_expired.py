"""PKI5110: a CRL says so when it keeps expired certificates."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl
from pki_schema.x509 import oids

CODE = "PKI5110"

_OID = x509.ObjectIdentifier(oids.EXPIRED_CERTS_ON_CRL)
_GENERALIZED_TIME = b"\x18\x0f"


def kept_expired(context: CrlContext) -> Rule[CrlFacts]:
    """X.509 (2019) section 9.5.2.8: expiredCertsOnCRL, not critical, from the issuer's beginning,
    exactly when the CA is declared to keep them: old signatures are judged by it.
    """
    declared = context.issuer.settings.crl.keep_expired
    written = context.issuer.not_before.strftime("%Y%m%d%H%M%SZ").encode()

    def check(draft: CrlDraft, _facts: CrlFacts) -> Iterator[str]:
        found = draft.extensions.get(_OID)
        if found is None or not declared:
            if found or declared:
                yield "expiredCertsOnCRL is not as declared"
        elif found.critical or found.value.public_bytes() != _GENERALIZED_TIME + written:
            yield "expiredCertsOnCRL is critical or does not begin with the issuer"

    return on_crl(CODE, check)
