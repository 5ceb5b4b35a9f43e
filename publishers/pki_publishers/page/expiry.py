"""What ends and what falls due: week by week for a year, and day by day for the next thirty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from pki_schema.instants import DAY, Instant
from pki_schema.reported import CertificateStatus, Health, Report

WEEKS = 53
AGENDA = 30 * DAY
MOST_NAMES = 3
_WEEK = timedelta(weeks=1)

ENDED = frozenset({Health.EXPIRED, Health.REVOKED})
"""Of these nobody waits for the end any more."""


@dataclass(frozen=True, kw_only=True)
class Week:
    """``count`` certificates of services end in the week that begins on ``monday``; of ``notable``
    (CAs and OCSP responders) the names. ``heat`` is 0 for none, up to 4.
    """

    monday: date
    count: int
    notable: tuple[str, ...]
    heat: int


def strip(report: Report) -> tuple[Week, ...]:
    """A year from the week of ``report.now`` on."""
    first = _monday(report.now.date())
    counts = Counter(_monday(at.date()) for at, _ in living(report))
    notable: dict[date, list[str]] = {}
    for at, name in issuers_end(report):
        notable.setdefault(_monday(at.date()), []).append(name)
    most = max(counts.values(), default=0)
    mondays = [first + nth * _WEEK for nth in range(WEEKS)]
    return tuple(
        Week(
            monday=monday,
            count=counts[monday],
            notable=tuple(notable.get(monday, ())),
            heat=heat(counts[monday], most),
        )
        for monday in mondays
    )


def heat(count: int, most: int) -> int:
    """By quarters of the fullest week, so that one large tenant does not hide that others end."""
    return -(-4 * count // most) if count else 0


def living(report: Report) -> Iterator[tuple[Instant, CertificateStatus]]:
    """The certificates whose end is still to come, each with that."""
    for one in report.certificates:
        if one.not_after and one.not_after > report.now and one.health not in ENDED:
            yield one.not_after, one


def issuers_end(report: Report) -> Iterator[tuple[Instant, str]]:
    """When CAs and OCSP responders end, with their names."""
    for one in report.authorities:
        if one.health not in ENDED:
            yield one.not_after, f"CA {one.name} G{one.generation}"
    for responder in report.responders:
        if responder.not_after and responder.health not in ENDED:
            name = f"OCSP responder of {responder.authority} G{responder.generation}"
            yield responder.not_after, name


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that falls due on ``day``: ``what`` it is, and for whom."""

    day: date
    what: str
    count: int
    names: tuple[str, ...]


def agenda(report: Report) -> tuple[Entry, ...]:
    """What falls due within thirty days, in order; many of a kind on one day are one entry."""
    until = report.now + AGENDA
    found = sorted(
        (at.date(), what, name) for at, what, name in _due(report) if report.now <= at <= until
    )
    return tuple(
        Entry(day=day, what=what, count=len(names), names=_first(names))
        for (day, what), group in groupby(found, key=lambda one: one[:2])
        for names in [[name for *_, name in group]]
    )


def _due(report: Report) -> Iterator[tuple[Instant, str, str]]:
    for end, one in living(report):
        name = f"{one.identity.tenant}/{one.identity.name.removesuffix('/default')}"
        if one.renew_at:
            yield one.renew_at, "Renewal", name
        else:
            yield end, "End without renewal", name
    for authority in report.authorities:
        name = f"{authority.name} G{authority.generation}"
        if authority.crl_due:
            yield authority.crl_due, "CRL", name
        if authority.health not in ENDED:
            yield authority.not_after, "End of a CA", name
    for responder in report.responders:
        if responder.renew_at:
            name = f"{responder.authority} G{responder.generation}"
            yield responder.renew_at, "OCSP responder's renewal", name


def _first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)[:MOST_NAMES]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
