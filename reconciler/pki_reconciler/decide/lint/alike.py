"""What is alike is judged once: an answer that differs from a sound one in its serial alone.

An answer about another certificate of the same issuer, status and instant is the same bytes with
another serial. Its rules would find the same, but for those that look at the serial; so the first
goes through all of them, and of the others every byte is compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from pki_reconciler.chain import AnswerFacts, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.contexts import AnswerContext
from pki_reconciler.decide.lint.drafts import read_answer


def alike(context: AnswerContext, rules: Sequence[Rule[AnswerFacts]]) -> Rule[AnswerFacts]:
    """These rules as one, which asks them once for all answers that are alike."""
    sound: set[Hashable] = set()

    def rule(unsigned: Unsigned[AnswerFacts]) -> tuple[Finding, ...]:
        rest = _all_but_its_serial(unsigned, context)
        if rest is not None and rest in sound:
            return ()
        findings = tuple(finding for rule in rules for finding in rule(unsigned))
        if rest is not None and not findings:
            sound.add(rest)
        return findings

    return rule


def _all_but_its_serial(
    unsigned: Unsigned[AnswerFacts], context: AnswerContext
) -> tuple[Hashable, ...] | None:
    """All that a rule could look at, but for the serial, which is the recorded one, where it is
    read and in the bytes to be signed; ``None`` where it is not, or nothing is known of it.
    """
    facts = unsigned.facts
    draft = read_answer(unsigned.draft)
    status = context.statuses.get(facts.serial)
    if draft is None or status is None or len(draft.singles) != 1 or facts.serial < 1:
        return None
    if draft.response.serial_number != facts.serial:
        return None
    octets = facts.serial.to_bytes(facts.serial.bit_length() // 8 + 1, "big")
    return (
        len(octets),
        *unsigned.draft.partition(octets)[::2],
        *unsigned.tbs.partition(octets)[::2],
        unsigned.algorithm,
        unsigned.signer,
        unsigned.key_algorithm,
        unsigned.certificates,
        facts.issuer,
        facts.algorithm,
        facts.this_update,
        facts.next_update,
        status,
    )
