"""What needs somebody: doubts, failures, slices that stand still, holds; each with what to do.

The public reads it. So of what failed and of what is doubted only the kind is told, in sentences
that stand here, and of a faulty file only place and code: messages may quote paths of the host, or
whatever somebody wrote into a file by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pki_schema.reported import (
    AuthorityStatus,
    Doubt,
    Failure,
    Health,
    HeldStatus,
    Report,
    SliceStatus,
)

MOST_LINES = 10
_PROBLEM = re.compile(r"([^\x00-\x1f]{1,300}?:\d+:\d+): (?:error|warning|notice)\[(PKI\d{4})\]")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing to look after. ``means`` says what it does to readers, ``todo`` what helps;
    ``lines`` are its particulars, ``codes`` may be explained.
    """

    kind: str
    title: str
    means: str
    todo: str
    lines: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def tasks(report: Report) -> tuple[Task, ...]:
    """Everything that does not go by itself, the gravest first."""
    return (
        *map(_doubt, report.doubts),
        *(_failure(one, report) for one in report.failures),
        *(_authority(one) for one in report.authorities if one.health in _GRAVE),
        *map(_slice, report.slices),
        *map(_held, report.held),
    )


_GRAVE = (Health.DEGRADED, Health.PENDING)

_DOUBTS = {
    "ledger": (
        "The ledger is in doubt",
        "It may know less than keys or published files bear witness to. Nothing is issued until a"
        " person has confirmed it; what is published stays, and CRLs keep every revocation.",
    ),
    "clock": (
        "The clock is in doubt",
        "It leapt. Nothing is signed until it is back, or a person has confirmed it.",
    ),
}


def _doubt(doubt: Doubt) -> Task:
    title, means = _DOUBTS.get(doubt.what, (f"In doubt: {doubt.what}", "Nothing is issued."))
    todo = f"On the host, vcc-pki doctor says what was seen and what to do about the {doubt.what}."
    return Task(kind="in doubt", title=title, means=means, todo=todo)


_SEEN = "vcc-pki status on the host says what was seen. It is tried again by itself."
_FAILURES = {
    "repository": (
        "The Git repository cannot be read",
        "Nothing new is accepted. Renewals, CRLs and OCSP answers go on.",
        f"See to the repository and the way to it; {_SEEN}",
    ),
    "ledger": (
        "The ledger cannot be read or written",
        "Nothing is signed; what is published stays as long as it is valid.",
        f"See to the disk below it; {_SEEN}",
    ),
    "signer": (
        "A key does not sign",
        "What it would sign waits; everything else goes on.",
        f"See to the key store; {_SEEN}",
    ),
    "publication": (
        "A publication takes no files",
        "Its readers keep what they have, as long as that is valid.",
        f"See to the disk or server behind it; {_SEEN}",
    ),
    "history": (
        "The history of the branch was rewritten",
        "Nothing new is accepted. Renewals, CRLs and OCSP answers go on.",
        "Push a commit on top of the one that was accepted last.",
    ),
    "reconcile": (
        "A cycle did not come to its end",
        "What it left undone is tried again.",
        f"See to the disk of the state; {_SEEN}",
    ),
}


def _failure(failure: Failure, report: Report) -> Task:
    kind, _, rest = failure.resource.partition("/")
    title, means, todo = _FAILURES.get(kind, _FAILURES["reconcile"])
    if kind == "publication":
        title = f"Publication {rest} takes no files"
    elif kind == "signer" and rest:
        title = f"The key of {_named(rest, report)} does not sign"
    return Task(kind="failing", title=title, means=means, todo=todo)


def _named(spki: str, report: Report) -> str:
    for one in report.authorities:
        if spki == one.spki:
            return f"{one.name} G{one.generation}"
        if spki == one.responder_spki:
            return f"the OCSP responder of {one.name} G{one.generation}"
    return "a CA"


def _authority(one: AuthorityStatus) -> Task:
    key = "its key is offline: attach it" if one.offline else "see what its key fails with"
    return Task(
        kind="stale" if one.health is Health.DEGRADED else "pending",
        title=f"{one.name} G{one.generation}: {one.note or one.health}",
        means="Who checks for revocation may refuse every certificate below it.",
        todo=f"A CRL and answers are signed as soon as the key signs; {key}.",
    )


def _slice(one: SliceStatus) -> Task:
    errors = f"{one.count} error{'' if one.count == 1 else 's'}"
    lines, codes = _problems(one)
    if one.tenant:
        title = f"Tenant {one.tenant} stands still"
        means = (
            f"Commit {one.commit[:12]} has {errors} in its folder. What was accepted of it last"
            " stands: its certificates are renewed, revocations count, nothing else of it changes."
        )
    else:
        title = "Changes of all tenants stand still"
        means = (
            f"Commit {one.commit[:12]} has {errors} outside the tenants' folders."
            " Renewals, CRLs and OCSP answers go on."
        )
    todo = "Mend them in a new commit; vcc-pki validate finds them before it is made."
    return Task(kind="faulty", title=title, means=means, todo=todo, lines=lines, codes=codes)


def _problems(one: SliceStatus) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = [match.groups() for text in one.problems if (match := _PROBLEM.match(text))]
    lines = tuple(f"{place} {code}" for place, code in found[:MOST_LINES])
    rest = one.count - len(lines)
    more = (f"and {rest} more",) if lines and rest > 0 else ()
    return (*lines, *more), tuple(dict.fromkeys(code for _, code in found))


def _held(held: HeldStatus) -> Task:
    where = f" ({held.origin})" if held.origin else ""
    return Task(
        kind="held",
        title=_sentence(held.message),
        means="Nothing of it is done until a commit lets it pass. Due renewals and CRLs go on.",
        todo=f"{_sentence(held.remedy)}{where}.",
        lines=tuple(_lines(held)),
        codes=(held.code,),
    )


def _lines(held: HeldStatus) -> Iterator[str]:
    yield from held.actions[:MOST_LINES]
    if len(held.actions) > MOST_LINES:
        yield f"and {len(held.actions) - MOST_LINES} more"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
