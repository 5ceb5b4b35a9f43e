"""PKI5105: when the next CRL is due."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import CrlFacts, Rule
from pki_reconciler.decide.lint.contexts import CrlContext
from pki_reconciler.decide.lint.drafts import CrlDraft, on_crl

CODE = "PKI5105"


def next_update(context: CrlContext) -> Rule[CrlFacts]:
    """There, after thisUpdate, within the declared validity, not after the issuer's end.

    RFC 5280 section 5.1.2.5.
    """
    longest = int(context.issuer.settings.crl.validity)
    end = context.issuer.not_after

    def check(draft: CrlDraft, facts: CrlFacts) -> Iterator[str]:
        found = draft.crl.next_update_utc
        if found is None:
            yield "nextUpdate is missing"
            return
        lasts = (found - draft.crl.last_update_utc).total_seconds()
        if not 0 < lasts <= longest:
            yield f"valid for {lasts:.0f} s, declared are {longest} s"
        if found > end:
            yield f"nextUpdate {found} is after the issuer's end at {end}"
        if found != facts.next_update:
            yield f"nextUpdate {found} is not the recorded {facts.next_update}"

    return on_crl(CODE, check)
