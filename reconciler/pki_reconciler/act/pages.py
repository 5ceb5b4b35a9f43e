"""The status page: made anew page by page where what it tells has changed, and once a day.

Last of all, because it tells of everything before, also of what the targets did. What it was made
from is kept in the ledger, so that a cycle in which nothing happened compares a handful of values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from pki_publishers import layout
from pki_publishers.page import calendar, html
from pki_publishers.page.tenants import Part, Service, Tenant, tenants
from pki_publishers.release import PublicObject
from pki_publishers.targets.target import Target
from pki_reconciler.act import publish, units
from pki_reconciler.act.cycle import Cycle
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.rows import RenderedRow
from pki_reconciler.standing import standing
from pki_schema.desired import canonical_json
from pki_schema.instants import Instant
from pki_schema.planned import Held
from pki_schema.reported import Doubt, Failure, HeldStatus, Report


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What this cycle knows and the ledger does not: what was kept back, what fails, and why
    nothing is issued.

    ``private`` is the path of this host's settings, which the public is not told.
    """

    held: tuple[Held, ...] = ()
    failures: tuple[Failure, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    private: str = ""

    def source(self) -> str:
        """What of it a page tells, as a digest: not how often something was tried."""
        told = (
            [(one.code, one.message, one.remedy) for one in self.held],
            [one.resource for one in self.failures],
            [one.what for one in self.doubts],
        )
        return hashlib.sha256(canonical_json(told)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page by its path. The same ``source`` makes the same page."""

    path: str
    source: str
    render: Callable[[], PublicObject]


def refresh(cycle: Cycle, targets: Mapping[str, Target], seen: Seen) -> Report | None:
    """Bring the status page up to date on every target; the report it was made from, if it was."""
    reader = cycle.ledger.reader
    # Every change but these is an entry, so their number stands for all that the ledger says.
    source = f"{reader.size()} {cycle.now.date()} {seen.source()}"
    if _stands(reader, cycle.targets, source, failing=_failing(seen)):
        return None
    report = standing(
        reader, targets=cycle.targets, held=seen.held, now=cycle.now, failures=seen.failures
    )
    if seen.doubts:
        report = msgspec.structs.replace(report, doubts=seen.doubts)
    _write(cycle, list(_pages(public(report, seen.private), reader, source)))
    publish.deliver(cycle, targets, pages=True)
    return report


def _failing(seen: Seen) -> frozenset[str]:
    """Targets that take nothing now: what waits for them is made anew when they are back."""
    kinds = (one.resource.partition("/") for one in seen.failures)
    return frozenset(name for kind, _, name in kinds if kind == "publication")


def _stands(
    reader: Reader, targets: Collection[str], source: str, *, failing: Collection[str]
) -> bool:
    """Whether the overview was made from just this, and every target that can has it."""
    made = reader.rendered(layout.INDEX_PATH).get(layout.INDEX_PATH)
    if made is None or made.source != source:
        return False
    return all(
        _has(reader, target, made) or (target in failing and _waits(reader, target, made.path))
        for target in targets
    )


def _has(reader: Reader, target: str, made: RenderedRow) -> bool:
    there = reader.published(target, [made.path]).get(made.path)
    return there is not None and there.digest == made.digest and there.delete_after is None


def _waits(reader: Reader, target: str, path: str) -> bool:
    return bool(reader.waiting(target, [path]))


def public(report: Report, private: str) -> Report:
    """The same report without this host's own path in what is told of limits."""
    if not private:
        return report
    held = tuple(
        HeldStatus(
            code=one.code,
            message=one.message.replace(private, HERE),
            remedy=one.remedy.replace(private, HERE),
            origin="" if one.origin.startswith(private) else one.origin,
            actions=one.actions,
        )
        for one in report.held
    )
    return msgspec.structs.replace(report, held=held)


HERE = "the host's vcc-pki.toml"


def _pages(report: Report, reader: Reader, source: str) -> Iterator[Page]:
    """Every page there is, each with what it is made from."""
    now = report.now
    found = tenants(report, [row.identity.name for row in reader.of_kinds(("Tenant",))])
    yield Page(path=layout.INDEX_PATH, source=source, render=lambda: html.index(report, found))
    ends = calendar.calendar(report)
    yield Page(path=ends.path, source=ends.digest, render=lambda: ends)
    for tenant in found:
        yield Page(
            path=tenant.path,
            source=_digest(now, _summary(tenant) if tenant.parts else tenant.services),
            render=partial(html.tenant, tenant, now),
        )
        for part in tenant.parts:
            yield Page(
                path=part.path,
                source=_digest(now, part.services),
                render=partial(html.part, tenant, part, now),
            )


def _summary(tenant: Tenant) -> tuple[object, ...]:
    """What the page of a tenant tells whose services are told on others."""
    return (
        dict(tenant.health),
        tenant.next_renewal,
        tenant.next_end,
        tenant.troubled,
        [_bounds(part) for part in tenant.parts],
    )


def _bounds(part: Part) -> tuple[str, str, int, int]:
    return (part.path, part.services[-1].name, len(part.services), part.troubled)


def _digest(now: Instant, told: tuple[object, ...] | tuple[Service, ...]) -> str:
    """Also of the day: a page never looks older than that."""
    return hashlib.sha256(_ENCODER.encode((str(now.date()), told))).hexdigest()


_ENCODER = msgspec.json.Encoder(order="deterministic")


def _write(cycle: Cycle, pages: Sequence[Page]) -> None:
    """Put into the outbox what a target does not have, in one transaction with what it is of."""
    reader = cycle.ledger.reader
    known = reader.rendered()
    there = {target: reader.published(target, [p.path for p in pages]) for target in cycle.targets}
    made: list[RenderedRow] = []
    wanted: list[tuple[str, PublicObject]] = []
    for page in pages:
        before = known.get(page.path)
        same = before is not None and before.source == page.source
        lacking = [
            target
            for target, rows in there.items()
            for row in [rows.get(page.path)]
            if not (same and before and row and row.digest == before.digest)
        ]
        if same and not lacking:
            continue
        item = page.render()
        made.append(RenderedRow(path=page.path, source=page.source, digest=item.digest))
        if before is None or before.digest != item.digest:
            lacking = list(cycle.targets)  # one that came late gets what all the others then have
        wanted += [(target, item) for target in lacking]
    gone = known.keys() - {page.path for page in pages}
    with cycle.ledger.transaction(cycle.now) as transaction:
        for target in cycle.targets:
            found = [item for name, item in wanted if name == target]
            units.keep(cycle, transaction, found, targets=(target,))
            transaction.mark_superseded(target, gone, cycle.now)
        transaction.note_rendered(made, gone)
