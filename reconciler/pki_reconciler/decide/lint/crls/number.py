"""PKI5103: the CRL number only grows."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl, read_published_crl

CODE = "PKI5103"

_MOST_BITS = 159  # RFC 5280 section 5.2.3: at most 20 octets


def number(context: CrlContext) -> Rule[CrlFacts]:
    """There, not critical, the recorded one, and above all before it (RFC 5280 section 5.2.3)."""
    predecessor = read_published_crl(context.predecessor) if context.predecessor else None
    last = max(context.last_number, (predecessor and predecessor.number) or 0)

    def check(draft: CrlDraft, facts: CrlFacts) -> Iterator[str]:
        extension = draft.extension(x509.CRLNumber)
        if extension is None or extension.critical:
            yield "the CRL number is missing or critical"
            return
        found = extension.value.crl_number
        if found != facts.number or not 0 <= found.bit_length() <= _MOST_BITS:
            yield f"CRL number {found} is not the recorded {facts.number}, or too long"
        if found <= last:
            yield f"CRL number {found} is not above {last}"

    return on_crl(CODE, check)
