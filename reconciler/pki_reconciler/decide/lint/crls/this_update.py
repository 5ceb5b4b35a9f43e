"""PKI5104: a CRL is of now, and never older than the one before."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl, read_published_crl

CODE = "PKI5104"


def this_update(context: CrlContext) -> Rule[CrlFacts]:
    """Made now, so thisUpdate is now, and not before the predecessor's (RFC 5280 section 5.1.2.4).

    One from the future would hide every revocation until then from clients that keep the newest.
    """
    predecessor = read_published_crl(context.predecessor) if context.predecessor else None

    def check(draft: CrlDraft, facts: CrlFacts) -> Iterator[str]:
        found = draft.crl.last_update_utc
        if found != context.now or found != facts.this_update:
            yield f"thisUpdate is {found}, now is {context.now}"
        if predecessor and found < predecessor.crl.last_update_utc:
            yield f"thisUpdate {found} is before its predecessor's"

    return on_crl(CODE, check)
