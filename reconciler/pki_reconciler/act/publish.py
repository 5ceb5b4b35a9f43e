"""The outbox to the targets: what is referred to, what refers to it, then the acknowledgement.

Recovery is the ordinary path: what a crash left in the outbox is rendered again from the ledger by
the name of its unit, and what a target already holds with the same digest is only acknowledged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from pki_publishers import layout, render, sync
from pki_publishers.layout import Class
from pki_publishers.page import UNIT as PAGE
from pki_publishers.release import PublicObject, Release
from pki_publishers.targets.target import Target
from pki_reconciler.act import bundles, units
from pki_reconciler.act.cycle import Cycle, line_of
from pki_reconciler.act.doubtless import doubtless
from pki_reconciler.decide import belief
from pki_reconciler.decide.build import Issuer
from pki_reconciler.decide.footing import May
from pki_reconciler.ledger.rows import OutboxRow, PublishedRow
from pki_schema.errors import Fenced, LedgerFailed, WorldFailed
from pki_schema.planned import Held

OLDER, LOST = "PKI6011", "PKI6012"
BEHIND = frozenset({OLDER, LOST})
"""What is refused because a target has newer numbers, or entries that would be lost."""


def publish(cycle: Cycle, targets: Mapping[str, Target]) -> None:
    """Bring every target up to date; one failing target does not keep the others waiting.

    What a failing target did not get stays in its outbox for the next cycle; so does, while the
    ledger is in doubt, what it might get wrong. Raises ``Fenced``.
    """
    whole = cycle.may is May.EVERYTHING
    if whole and (
        _catch_up(cycle, targets)
        or cycle.ledger.counts > cycle.done.began
        or any(map(cycle.ledger.reader.is_waiting, targets))
    ):
        _summarise(cycle)
        bundles.refresh(cycle)
    deliver(cycle, targets, pages=False)


def deliver(cycle: Cycle, targets: Mapping[str, Target], *, pages: bool) -> None:
    """What waits for each target, and deletions: of the status page (``pages``), or of all else.

    A page that a crash left is not rendered again by its name: it is made anew. A target that has
    just failed is not asked to take one: nothing comes behind a phase that failed.
    """
    for name, target in sorted(targets.items()):
        if pages and any(f.startswith(f"publication {name}: ") for f in cycle.done.failed):
            continue
        try:
            if name in cycle.blind:
                raise WorldFailed(cycle.blind[name])
            _deliver(cycle, name, target, pages=pages)
            if cycle.may is May.EVERYTHING:
                _clear(cycle, name, target)
        except (Fenced, LedgerFailed):
            raise
        except WorldFailed as failure:
            told = f"publication {name}: {failure.message}"
            if told not in cycle.done.failed:
                cycle.done.failed.append(told)


def _deliver(cycle: Cycle, name: str, target: Target, *, pages: bool) -> None:
    if not cycle.ledger.reader.is_waiting(name):
        return
    rows = [row for row in cycle.ledger.reader.outbox(name) if (row.unit == PAGE) is pages]
    if rows:
        with target.held(cycle.ledger.mark(cycle.now)):
            _write(cycle, name, target, rows)


def _write(cycle: Cycle, name: str, target: Target, rows: Sequence[OutboxRow]) -> None:
    objects = _bodies(cycle, name, rows)
    if cycle.may is not May.EVERYTHING and rows[0].unit != PAGE:
        objects = doubtless(target, objects)
        paths = {item.path for item in objects}
        rows = [row for row in rows if row.path in paths]
    incomplete = {o.unit for o in objects if not _is_complete(cycle, target, o)}
    release = Release(tuple(o for o in objects if o.unit not in incomplete))
    published = {
        path: sync.Published(row.digest, row.number or 0)
        for path, row in cycle.ledger.reader.overwritten(name).items()
    }
    batch = sync.arrange(release, published)
    cycle.done.rejected.extend(_regression(name, regression) for regression in batch.refused)
    if batch.phases:
        target.write(batch.phases)
        written = [item.path for phase in batch.phases for item in phase]
        cycle.done.objects.extend(written)
        cycle.done.published += len(written)
    standing = [o for o in release.objects if o.path not in batch.held]
    cycle.ledger.acknowledge(
        name,
        [
            PublishedRow(
                target=name,
                path=o.path,
                category=o.kind.name,
                digest=o.digest,
                number=o.number,
            )
            for o in standing
        ],
        (),
    )
    held = {o.path for o in objects} - {o.path for o in standing}
    _withdraw(cycle, name, [row for row in rows if row.path not in held], standing)


def _bodies(cycle: Cycle, name: str, rows: Sequence[OutboxRow]) -> list[PublicObject]:
    """The objects of these rows: as rendered in this cycle, or rendered again by unit."""
    fresh = cycle.done.fresh
    missing = {row.unit for row in rows if (name, row.path) not in fresh}
    for unit in sorted(missing):
        cycle.keep(units.by_name(cycle.ledger.reader, unit), [name])
    return [fresh[name, row.path] for row in rows if (name, row.path) in fresh]


def _withdraw(
    cycle: Cycle, name: str, rows: Sequence[OutboxRow], standing: Sequence[PublicObject]
) -> None:
    """Forget wishes that a crash left and the ledger has outgrown: they were for what is not
    rendered any more, or was now written with other bytes.
    """
    now = {o.path: o.digest for o in standing}
    outgrown = [row.path for row in rows if now.get(row.path) != row.digest]
    if outgrown:
        cycle.ledger.withdraw(name, outgrown)


def _is_complete(cycle: Cycle, target: Target, item: PublicObject) -> bool:
    """A full CRL may not lose an entry that the one readers have now still carries.

    Asked of the target's own bytes, not of the ledger: the ledger may have been restored.
    """
    if not item.path.endswith((".crl", ".chain.pem")):
        return True
    there = target.read(item.path)
    line = line_of(cycle.authorities(), item.unit.rpartition("/")[2])
    if there is None or not belief.are_crls_of(there, [Issuer.of(one) for one in line]):
        return True  # what no key of ours has signed says nothing
    lost = _entries_lost(cycle, there, item)
    if not lost:
        return True
    cycle.done.rejected.append(
        Held(
            code=LOST,
            message=f"{item.path} would lose {len(lost)} revocations that readers already have",
            remedy="the ledger knows less than what is published; restore the newer ledger",
            origin=None,
            actions=(),
        )
    )
    return False


def _entries_lost(cycle: Cycle, there: bytes, item: PublicObject) -> tuple[int, ...]:
    """What expired may leave, and what was released: unless the entry is for ever, or younger than
    the release, and so of a hold that this ledger does not know.
    """
    line = line_of(cycle.authorities(), item.unit.rpartition("/")[2])
    reader = cycle.ledger.reader
    revoked = [c for one in line for c in reader.revoked(one.spki)]
    gone = {c.serial for c in revoked if c.not_after < cycle.now}
    released = {c.serial: c.released_at for one in line for c in reader.released(one.spki)}

    def may_leave(entry: sync.Listed) -> bool:
        since = released.get(entry.serial)
        let_go = entry.on_hold and since is not None and entry.revoked_at <= since
        return entry.serial in gone or let_go

    holds = {c.serial for c in revoked if c.on_hold}
    return sync.entries_lost(there, item.body, may_leave=may_leave, holds=holds)


def _regression(target: str, regression: sync.Regression) -> Held:
    return Held(
        code=OLDER,
        message=(
            f"{regression.path}: number {regression.number} is not above {regression.published}, "
            f"which {target} already holds"
        ),
        remedy="the ledger is older than what is published; restore the newer ledger",
        origin=None,
        actions=(),
    )


def _summarise(cycle: Cycle) -> None:
    """``status.json``, written only when its content changes."""
    reader = cycle.ledger.reader
    item = render.render_status(
        render.Summary(
            commit=cycle.commit,
            authorities=tuple(render.summarise(a) for a in cycle.authorities().values()),
            certificates=reader.certificate_counts(),
        )
    )
    for target in cycle.targets:
        there = reader.published(target, [item.path]).get(item.path)
        if there is None or there.digest != item.digest:
            with cycle.ledger.transaction(cycle.now) as transaction:
                units.keep(cycle, transaction, (item,))
            return


def _catch_up(cycle: Cycle, targets: Mapping[str, Target]) -> bool:
    """A target that was bound only now, was emptied or put back to an older state gets everything.

    Told by the certificates and CRLs of the CAs, the trust bundles, ``status.json`` and the status
    page: what the ledger remembers to have written has to be there. Returns whether there was such
    a target.
    """
    behind = [name for name, target in targets.items() if _is_behind(cycle, name, target)]
    for name in behind:
        # What is to be deleted is remembered: a folder that was put back may have it again.
        known = cycle.ledger.reader.published(name).items()
        cycle.ledger.acknowledge(name, (), [p for p, row in known if row.delete_after is None])
    if behind:
        with cycle.ledger.transaction(cycle.now) as transaction:
            units.keep(cycle, transaction, units.everything(transaction.reader, now=cycle.now))
    return bool(behind)


def _is_behind(cycle: Cycle, name: str, target: Target) -> bool:
    reader = cycle.ledger.reader
    stems = [render.stem_of(a) for a in units.living(cycle.authorities())]
    certificates = [layout.aia_path(stem) for stem in stems]
    samples = [
        *certificates,
        *map(layout.crl_path, stems),
        layout.STATUS_PATH,
        layout.INDEX_PATH,
    ]
    known = {
        **reader.published(name, samples),
        **{
            path: row
            for path, row in reader.published_below(name, bundles.FOLDERS).items()
            if row.delete_after is None
        },
    }
    waiting = reader.waiting(name, {*samples, *known})
    if not (known.keys() | waiting).issuperset(certificates):
        return True
    lost: list[str] = []
    with cycle.going_on():  # a target that cannot be read is told so when it is written to
        lost += [
            path
            for path, row in known.items()
            if path not in waiting
            and hashlib.sha256(target.read(path) or b"").hexdigest() != row.digest
        ]
    return bool(lost)


def _clear(cycle: Cycle, name: str, target: Target) -> None:
    """Delete what was superseded long enough ago, last of all; what refers to others goes first."""
    found = cycle.ledger.reader.deletable(name, cycle.now)
    if found:
        leaving = sorted(found, key=lambda row: (-Class[row.category], row.path))
        paths = [row.path for row in leaving]
        with target.held(cycle.ledger.mark(cycle.now)):
            target.delete(paths)
            cycle.ledger.acknowledge(name, (), paths)
