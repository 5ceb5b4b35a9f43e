"""What is to be published on a target, and what stands there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

import sqlalchemy as sa

from pki_reconciler.ledger import rows, statements, tables
from pki_reconciler.ledger.rows import OutboxRow, PublishedRow, RenderedRow
from pki_schema.instants import Instant, to_epoch

OUTBOX = tables.outbox
PUBLISHED = tables.published


def outbox(connection: sa.Connection, target: str) -> tuple[OutboxRow, ...]:
    """What still has to be written, by path."""
    columns = [OUTBOX.c[name] for name in ("path", "class", "digest", "unit", "not_before")]
    query = sa.select(*columns).where(OUTBOX.c.target == target).order_by(OUTBOX.c.path)
    return tuple(
        OutboxRow(
            target=target,
            path=path,
            category=category,
            digest=digest,
            unit=unit,
            not_before=rows.instant(not_before),
        )
        for path, category, digest, unit, not_before in connection.execute(query).all()
    )


def waiting(connection: sa.Connection, target: str, paths: Iterable[str]) -> frozenset[str]:
    """Those of these paths that still have to be written."""
    query = sa.select(OUTBOX.c.path).where(OUTBOX.c.target == target)
    return frozenset(
        path
        for chunk in statements.chunks(paths)
        for path in connection.execute(query.where(OUTBOX.c.path.in_(chunk))).scalars().all()
    )


def is_waiting(connection: sa.Connection, target: str) -> bool:
    """Whether anything still has to be written."""
    query = sa.select(OUTBOX.c.path).where(OUTBOX.c.target == target).limit(1)
    return connection.execute(query).first() is not None


def published(
    connection: sa.Connection, target: str, paths: Iterable[str] | None
) -> Mapping[str, PublishedRow]:
    """What stands there, by path; all of it, or these paths as far as they do."""
    query = sa.select(PUBLISHED).where(PUBLISHED.c.target == target)
    parts = (
        [query.order_by(PUBLISHED.c.path)]
        if paths is None
        else [query.where(PUBLISHED.c.path.in_(chunk)) for chunk in statements.chunks(paths)]
    )
    return {row.path: rows.published(row) for p in parts for row in connection.execute(p).all()}


def overwritten(connection: sa.Connection, target: str) -> Mapping[str, PublishedRow]:
    """What stands at the paths that still have to be written, by path."""
    same = (OUTBOX.c.target == PUBLISHED.c.target) & (OUTBOX.c.path == PUBLISHED.c.path)
    query = sa.select(PUBLISHED).join(OUTBOX, same).where(OUTBOX.c.target == target)
    return {row.path: rows.published(row) for row in connection.execute(query).all()}


def below(
    connection: sa.Connection, target: str, prefixes: Iterable[str]
) -> Mapping[str, PublishedRow]:
    """What stands at paths with one of these beginnings, by path."""
    query = sa.select(PUBLISHED).where(PUBLISHED.c.target == target)
    # A range of the primary key, whose collation is by byte: no path has this last character.
    parts = (
        query.where(PUBLISHED.c.path >= prefix, PUBLISHED.c.path < f"{prefix}\U0010ffff")
        for prefix in prefixes
    )
    return {
        row.path: rows.published(row) for part in parts for row in connection.execute(part).all()
    }


def rendered(connection: sa.Connection, path: str | None) -> Mapping[str, RenderedRow]:
    """The pages that were made last, by path; all of them, or this one if it was."""
    query = sa.select(tables.rendered)
    if path is not None:
        query = query.where(tables.rendered.c.path == path)
    return {
        row.path: RenderedRow(path=row.path, source=row.source, digest=row.digest)
        for row in connection.execute(query).all()
    }


def deletable(connection: sa.Connection, target: str, now: Instant) -> tuple[PublishedRow, ...]:
    """What was superseded and whose time of grace is over, by path."""
    query = sa.select(PUBLISHED).where(
        PUBLISHED.c.target == target, PUBLISHED.c.delete_after <= to_epoch(now)
    )
    # Not ordered by SQLite, which would go through everything published for that.
    found = sorted(connection.execute(query).all(), key=attrgetter("path"))
    return tuple(rows.published(row) for row in found)
