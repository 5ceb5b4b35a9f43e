"""PKI5205: an answer is of now, and says until when."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import AnswerFacts, Rule
from pki_reconciler.decide.lint.contexts import AnswerContext
from pki_reconciler.decide.lint.drafts import AnswerDraft, on_answer

CODE = "PKI5205"


def times(context: AnswerContext) -> Rule[AnswerFacts]:
    """Made now: thisUpdate = producedAt = now < nextUpdate <= now + the declared validity.

    RFC 6960 sections 2.4 and 4.2.2.1. Four clients of four accept a producedAt from the future and
    an answer without an end.
    """
    longest = int(context.issuer.settings.ocsp.validity)

    def check(draft: AnswerDraft, facts: AnswerFacts) -> Iterator[str]:
        produced = draft.response.produced_at_utc
        for single in draft.singles:
            this, until = single.this_update_utc, single.next_update_utc
            if not this == produced == context.now:
                yield f"thisUpdate {this}, producedAt {produced}, now {context.now}"
            if until is None or not 0 < (until - this).total_seconds() <= longest:
                yield f"nextUpdate {until} is missing or not within {longest} s"
            if (this, until) != (facts.this_update, facts.next_update):
                yield "its dates are not the recorded ones"

    return on_answer(CODE, check)
