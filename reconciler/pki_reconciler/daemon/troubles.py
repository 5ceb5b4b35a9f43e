"""What does not stand as on a quiet day, from a pulse. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from pki_reconciler.daemon.metrics import label
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.decide.report import cure
from pki_schema.errors import Severity
from pki_schema.reported import (
    AuthorityStatus,
    Health,
    HeldStatus,
    Report,
    ResponderStatus,
    SliceStatus,
    Sync,
)

RIPE_ATTEMPTS: Final = 2
"""Failures in a row from which on a resource does not pass for a hiccup any more."""
LONGEST_DETAIL: Final = 300
ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE
EXPIRED, REVOKED = Health.EXPIRED, Health.REVOKED


class Kind(StrEnum):
    """What a trouble is about; as a noun, for sentences."""

    CERTIFICATE = "certificate"
    AUTHORITY = "CA"
    RESPONDER = "responder"
    HOLD = "rule"
    SLICE = "slice"
    DOUBT = "witness"
    RESOURCE = "resource"
    COMMIT = "commit"
    HISTORY = "branch"


FROM_GIT: Final = (Kind.COMMIT, Kind.HISTORY)
FROM_CYCLE: Final = (*FROM_GIT, Kind.RESOURCE)
"""Kinds that the pulse says itself; the others come from its report."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that does not stand as it does on a quiet day.

    ``word`` says how it stands ("Expired", "failing"), ``detail`` and ``remedy`` are for people.
    A ``notice`` is as its author wanted it. ``passing`` troubles are told when they have lasted.
    """

    kind: Kind
    name: str
    word: str
    severity: Severity
    detail: str = ""
    remedy: str = ""
    passing: bool = False


def troubles(pulse: Pulse) -> Iterator[tuple[str, Trouble]]:
    """Everything that is not as on a quiet day, with a key that stays the same while it lasts."""
    report = pulse.report
    for one in report.certificates:
        if one.health is not Health.HEALTHY or one.sync is not Sync.SYNCED:
            name = f"{one.identity.tenant}/{one.identity.name}"
            yield from _axes(Kind.CERTIFICATE, name, one.health, one.sync)
    for authority in report.authorities:
        yield from _authority(authority)
    over = {_generation(a) for a in report.authorities if a.health in (EXPIRED, REVOKED)}
    for responder in report.responders:
        yield from _responder(responder, over)
    yield from _holds(report.held)
    yield from map(_slice, report.slices)
    for doubt in report.doubts:
        yield (
            f"doubt/{doubt.what}",
            Trouble(
                kind=Kind.DOUBT,
                name=doubt.what,
                word="in doubt",
                severity=ERROR,
                detail=_line(doubt.evidence),
                remedy=_line(doubt.remedy),
            ),
        )
    yield from _resources(pulse, report)
    yield from _branch(pulse)


_HEALTH: Final = {
    EXPIRED: ERROR,
    Health.DEGRADED: ERROR,
    Health.EXPIRING: WARNING,
    Health.PENDING: NOTICE,
    REVOKED: NOTICE,
    Health.ON_HOLD: NOTICE,
    Health.SUSPENDED: NOTICE,
    Health.RETIRED: NOTICE,
}
_PASSING: Final = (Health.EXPIRING, Health.PENDING, Sync.OUT_OF_SYNC)
"""What a single cycle that fails leaves, and the next one mends."""


def _axes(kind: Kind, name: str, health: Health, sync: Sync) -> Iterator[tuple[str, Trouble]]:
    if health in _HEALTH:
        yield f"{kind}/{name}/health", _of(kind, name, health, _HEALTH[health])
    if sync is not Sync.SYNCED:
        # What a commit revoked or put on hold is held because somebody wanted that.
        wanted = health in (Health.REVOKED, Health.ON_HOLD) or sync is Sync.UNKNOWN
        yield f"{kind}/{name}/sync", _of(kind, name, sync, NOTICE if wanted else WARNING)


def _authority(status: AuthorityStatus) -> Iterator[tuple[str, Trouble]]:
    for key, one in _axes(Kind.AUTHORITY, _generation(status), status.health, status.sync):
        # A generation ends when its time comes; not before its last certificate did.
        ended = status.health is Health.EXPIRED and not status.certificates
        yield key, msgspec.structs.replace(one, severity=NOTICE) if ended else one


def _responder(status: ResponderStatus, ended: Collection[str]) -> Iterator[tuple[str, Trouble]]:
    name = f"{status.authority}/{status.generation}"
    if name not in ended:  # nobody asks about a CA that is over
        yield from _axes(Kind.RESPONDER, name, status.health, status.sync)


def _generation(status: AuthorityStatus) -> str:
    return f"{status.name}/{status.generation}"


def _of(kind: Kind, name: str, word: Health | Sync, severity: Severity) -> Trouble:
    return Trouble(
        kind=kind, name=name, word=str(word), severity=severity, passing=word in _PASSING
    )


def _holds(held: Iterable[HeldStatus]) -> Iterator[tuple[str, Trouble]]:
    """By rule and where its limit stands: the numbers change while it holds."""
    rules: dict[str, list[HeldStatus]] = {}
    for one in held:
        rules.setdefault(f"hold/{one.code}/{one.origin}", []).append(one)
    for key, found in rules.items():
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield (
            key,
            Trouble(
                kind=Kind.HOLD,
                name=found[0].code,
                word="holding something back",
                severity=WARNING,
                detail=_line(found[0].message) + more,
                remedy=_line(found[0].remedy),
            ),
        )


def _slice(status: SliceStatus) -> tuple[str, Trouble]:
    more = f" (and {status.count - 1} more)" if status.count > 1 else ""
    return (
        f"slice/{status.tenant}",
        Trouble(
            kind=Kind.SLICE,
            name=status.tenant or "global",
            word="faulty",
            severity=ERROR,
            detail=_line(next(iter(status.problems), "")) + more,
            remedy=cure(status),
        ),
    )


def _resources(pulse: Pulse, report: Report) -> Iterator[tuple[str, Trouble]]:
    for one in pulse.failures:
        yield (
            f"resource/{one.resource}",
            Trouble(
                kind=Kind.RESOURCE,
                name=label(one, report),
                word="failing",
                severity=ERROR,
                detail=_line(one.message),
                remedy=_line(one.remedy),
                passing=one.attempts < RIPE_ATTEMPTS,
            ),
        )


def _branch(pulse: Pulse) -> Iterator[tuple[str, Trouble]]:
    # Where the global slice says why, its commits say nothing new.
    said = any(not one.tenant for one in pulse.report.slices)
    for commit in () if said else _newest(pulse.refused):
        yield (
            f"commit/{commit}",
            Trouble(
                kind=Kind.COMMIT,
                name=commit[:12],
                word="refused",
                severity=ERROR,
                remedy="correct it in another commit; `vcc-pki validate` says what is wrong",
            ),
        )
    if pulse.rewound:
        yield (
            "history",
            Trouble(
                kind=Kind.HISTORY,
                name=pulse.rewound[:12],
                word="rewritten",
                severity=ERROR,
                remedy="bring the accepted history back",
            ),
        )


def _newest(commits: Collection[str]) -> list[str]:
    return list(commits)[-100:]


def _line(text: str) -> str:
    """What may come from anybody's file, as one harmless line."""
    cut = text if len(text) <= LONGEST_DETAIL else f"{text[: LONGEST_DETAIL - 1]}…"
    return "".join(c if c.isprintable() else " " for c in cut)
