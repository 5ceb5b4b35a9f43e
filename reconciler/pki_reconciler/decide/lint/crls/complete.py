"""PKI5106: revoked stays revoked."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl, read_published_crl

CODE = "PKI5106"

_SHOWN = 5


def complete(context: CrlContext) -> Rule[CrlFacts]:
    """Every entry of the predecessor, except certificates that have been expired on a regular CRL.

    RFC 5280 section 3.3: an entry must appear on one regularly scheduled CRL issued beyond the
    certificate's validity period. Where expired certificates are kept, nothing may leave.
    """
    if context.predecessor is None:
        return on_crl(CODE, lambda _draft, _facts: ())
    predecessor = read_published_crl(context.predecessor)
    kept = context.issuer.settings.crl.keep_expired
    leaving = frozenset() if kept else context.may_leave

    def check(draft: CrlDraft, _facts: CrlFacts) -> Iterator[str]:
        if predecessor is None:
            yield "the CRL published before cannot be read, so nobody knows what was on it"
            return
        lost = sorted(predecessor.serials - draft.serials - leaving)
        if lost:
            shown = ", ".join(f"{serial:x}" for serial in lost[:_SHOWN])
            yield f"{len(lost)} entries of the predecessor are missing: {shown}"

    return on_crl(CODE, check)
