"""A plan told to its readers: lines of text for people, one JSON document for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pki_schema.planned import SYMBOLS, Action, Held, Plan, Verb
from pki_schema.reported import SliceStatus

WORTH_TELLING = frozenset({"PKI6020", "PKI6024", "PKI6025", "PKI6026"})
"""Remarks on an accepted commit that say what it does not do; the others are for ``validate``."""

_NOUNS = {
    Verb.ISSUE: "to issue",
    Verb.RENEW: "to renew",
    Verb.REISSUE: "to re-issue",
    Verb.ADOPT: "to adopt",
    Verb.RETIRE: "to retire",
    Verb.HOLD: "to put on hold",
    Verb.RELEASE: "to release",
    Verb.REVOKE: "to revoke",
    Verb.EXPIRE: "to let expire",
    Verb.SIGN_CRL: "CRL(s) to sign",
    Verb.SIGN_ANSWERS: "CA(s) with OCSP answers to sign",
}


_BY_CERTIFICATE = frozenset({Verb.HOLD, Verb.RELEASE, Verb.REVOKE})
"""One action of theirs is about any number of certificates."""


def lines(plan: Plan, *, limit: int = 50) -> Iterator[str]:
    """The plan as text: irreversible actions first, then the rest, what is held, what waits.

    At most ``limit`` lines per verb; the rest is counted, never dropped silently.
    """
    for verb in sorted(Verb, key=lambda v: (v is not Verb.REVOKE, list(Verb).index(v))):
        actions = [action for action in plan.actions if action.verb is verb]
        yield from (_line(action) for action in actions[:limit])
        if len(actions) > limit:
            yield f"  {SYMBOLS[verb]} … {len(actions) - limit} more {_NOUNS[verb]}"
    for held in plan.held:
        yield from held_lines(held)
    for waiting in plan.waiting[:limit]:
        yield f"  … {waiting.subject}: {waiting.reason}"
    if len(plan.waiting) > limit:
        yield f"  … {len(plan.waiting) - limit} more waiting"
    yield summary(plan)


def summary(plan: Plan) -> str:
    """One line: ``Plan: 20 to issue, 7 CRLs to sign.``"""
    counts = Counter(action.verb for action in plan.actions)
    parts = [
        f"{_size(plan, verb) if verb in _BY_CERTIFICATE else counts[verb]} {_NOUNS[verb]}"
        for verb in Verb
        if counts[verb]
    ]
    if plan.held:
        parts.append(f"{sum(max(1, len(h.actions)) for h in plan.held)} HELD")
    if plan.waiting:
        parts.append(f"{len(plan.waiting)} waiting")
    return f"Plan: {', '.join(parts)}." if parts else "Plan: nothing to do."


def _size(plan: Plan, verb: Verb) -> int:
    return sum(len(a.certificates) for a in plan.actions if a.verb is verb)


def _line(action: Action) -> str:
    commit = f" {action.commit[:12]}" if action.commit else ""
    return (
        f"  {SYMBOLS[action.verb]} {action.verb:<12} {action.subject}  "
        f"[{action.cause}{commit}] {action.reason}"
    )


def held_lines(held: Held) -> Iterator[str]:
    """What is held, why, and what to commit to let it pass."""
    place = f"{held.origin}: " if held.origin else ""
    yield f"  ? HELD         {place}[{held.code}] {held.message}"
    yield f"                 to let it pass: {held.remedy}"


def slice_lines(fault: SliceStatus) -> Iterator[str]:
    """Whose changes do not count, why, and what to do."""
    yield f"! {stillness(fault)}"
    yield from (f"  {problem}" for problem in fault.problems)
    if fault.count > len(fault.problems):
        yield f"  … {fault.count - len(fault.problems)} more"
    yield f"  {cure(fault)}"


def stillness(fault: SliceStatus) -> str:
    """Where a slice stands, in a sentence."""
    errors = f"{fault.count} error{'' if fault.count == 1 else 's'}"
    if not fault.tenant:
        return f"nothing of commit {fault.commit[:12]} counts: {errors} in what is global"
    where = f"as of commit {fault.since[:12]}" if fault.since else "with nothing accepted yet"
    return f"tenant {fault.tenant} stands still {where}: {errors} in commit {fault.commit[:12]}"


def cure(fault: SliceStatus) -> str:
    """What ends it, and what goes on until then."""
    until = (
        "renewals and status go on, revocations count" if fault.tenant else "what is due goes on"
    )
    return f"correct it in a new commit; until then {until}"
