"""PKI5108: reasons that say something."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl

CODE = "PKI5108"

_REFUSED = {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}


def reasons(_context: CrlContext) -> Rule[CrlFacts]:
    """RFC 5280 section 5.3.1: ``unspecified`` is left out, ``removeFromCRL`` is a delta's word."""

    def check(draft: CrlDraft, _facts: CrlFacts) -> Iterator[str]:
        for entry in draft.entries:
            for extension in entry.extensions:
                value = extension.value
                if isinstance(value, x509.CRLReason) and value.reason in _REFUSED:
                    yield f"serial {entry.serial_number:x} has reason {value.reason.value}"

    return on_crl(CODE, check)
