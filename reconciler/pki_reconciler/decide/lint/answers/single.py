"""PKI5202: one answer to one question."""

from __future__ import annotations

from collections.abc import Iterator

from pki_reconciler.chain import AnswerFacts, Rule
from pki_reconciler.decide.lint.contexts import AnswerContext
from pki_reconciler.decide.lint.drafts import AnswerDraft, on_answer

CODE = "PKI5202"


def single(_context: AnswerContext) -> Rule[AnswerFacts]:
    """Exactly one SingleResponse and no extension.

    RFC 9919 section 3.2.1 limits pre-produced answers so; a nonce in one would be somebody else's.
    """

    def check(draft: AnswerDraft, _facts: AnswerFacts) -> Iterator[str]:
        if len(draft.singles) != 1:
            yield f"{len(draft.singles)} single responses"
            return
        if len(draft.response.extensions) or len(draft.response.single_extensions):
            yield "a pre-signed answer with extensions"

    return on_answer(CODE, check)
