"""What is to be published: wished for with what makes it necessary, acknowledged when it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_reconciler.ledger.rows import OutboxRow, PublishedRow, RenderedRow, Values
from pki_schema.instants import Instant, to_epoch

OUTBOX = tables.outbox
PUBLISHED = tables.published

_FULFILLED = sa.delete(OUTBOX).where(
    OUTBOX.c.target == sa.bindparam("target"),
    OUTBOX.c.path == sa.bindparam("path"),
    OUTBOX.c.digest == sa.bindparam("digest"),
)


def enqueue(connection: sa.Connection, rows: Iterable[OutboxRow]) -> None:
    """Set the wish for each path."""
    values: list[Values] = [
        {
            "target": row.target,
            "path": row.path,
            "class": row.category,
            "digest": row.digest,
            "not_before": _seconds(row.not_before),
            "unit": row.unit,
        }
        for row in rows
    ]
    update = ("class", "digest", "not_before", "unit")
    statements.upsert(connection, OUTBOX, values, update=update)


def acknowledge(
    connection: sa.Connection,
    target: str,
    written: Iterable[PublishedRow],
    deleted: Iterable[str],
) -> None:
    """Remember what stands where. A wish made meanwhile for other bytes stays; what has a number
    never goes back to a lower one.
    """
    values: list[Values] = [
        {
            "target": target,
            "path": row.path,
            "class": row.category,
            "digest": row.digest,
            "etag": row.etag,
            "number": row.number,
            "delete_after": _seconds(row.delete_after),
        }
        for row in written
    ]
    statements.upsert(
        connection,
        PUBLISHED,
        values,
        update=("class", "digest", "etag", "number", "delete_after"),
        where="published.number IS NULL OR excluded.number IS NULL"
        " OR excluded.number >= published.number",
    )
    if values:
        statements.each(connection, _FULFILLED, values)
    for chunk in statements.chunks(deleted):
        connection.execute(
            sa.delete(PUBLISHED).where(PUBLISHED.c.target == target, PUBLISHED.c.path.in_(chunk))
        )


def withdraw(connection: sa.Connection, target: str, paths: Iterable[str]) -> None:
    """Forget the wishes for these paths."""
    for chunk in statements.chunks(paths):
        connection.execute(
            sa.delete(OUTBOX).where(OUTBOX.c.target == target, OUTBOX.c.path.in_(chunk))
        )


def note_rendered(
    connection: sa.Connection, made: Iterable[RenderedRow], gone: Iterable[str]
) -> None:
    """Remember what pages were made from; forget those that are made no longer."""
    values: list[Values] = [
        {"path": row.path, "source": row.source, "digest": row.digest} for row in made
    ]
    statements.upsert(connection, tables.rendered, values, update=("source", "digest"))
    for chunk in statements.chunks(gone):
        connection.execute(sa.delete(tables.rendered).where(tables.rendered.c.path.in_(chunk)))


def mark_superseded(
    connection: sa.Connection, target: str, paths: Iterable[str], delete_after: Instant
) -> None:
    """Set when these paths may go; a wish that one of them be written falls."""
    for chunk in statements.chunks(paths):
        connection.execute(
            sa.update(PUBLISHED)
            .where(PUBLISHED.c.target == target, PUBLISHED.c.path.in_(chunk))
            .values(delete_after=to_epoch(delete_after))
        )
        withdraw(connection, target, chunk)


def mark_others_superseded(
    connection: sa.Connection,
    target: str,
    sets: Mapping[str, str],
    category: str,
    delete_after: Instant,
) -> None:
    """Set when everything of this class in these folders may go, except what stands in the one
    folder inside that is given with each; wishes for it fall. What is on its way out already keeps
    its time.
    """
    if not sets:
        return
    values: list[Values] = [
        {
            "of": target,
            "category": category,
            "end": to_epoch(delete_after),
            **_range("folder", folder),
            **_range("kept", kept),
        }
        for folder, kept in sets.items()
    ]
    statements.each(connection, _OTHERS_END, values)
    statements.each(connection, _OTHERS_FALL, values)


def _range(name: str, folder: str) -> Values:
    """What lies below a folder, which the primary key serves, unlike LIKE: "0" follows "/"."""
    return {f"{name}_first": f"{folder}/", f"{name}_after": f"{folder}0"}


def _others(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Of a target and a class, below ``folder`` and not below ``kept``."""
    return (
        table.c.target == sa.bindparam("of"),
        table.c["class"] == sa.bindparam("category"),
        _below(table.c.path, "folder"),
        sa.not_(_below(table.c.path, "kept")),
    )


def _below(path: sa.Column[str], name: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        path >= sa.bindparam(f"{name}_first"),
        path < sa.bindparam(f"{name}_after"),
    )


_OTHERS_END = (
    sa.update(PUBLISHED)
    .where(*_others(PUBLISHED), PUBLISHED.c.delete_after.is_(None))
    .values(delete_after=sa.bindparam("end"))
)
_OTHERS_FALL = sa.delete(OUTBOX).where(*_others(OUTBOX))


def _seconds(instant: Instant | None) -> int | None:
    return None if instant is None else to_epoch(instant)
