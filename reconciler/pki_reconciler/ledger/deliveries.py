"""What is to be published: wished for with what makes it necessary, acknowledged when it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_reconciler.ledger.rows import OutboxRow, PublishedRow, Values
from pki_schema.instants import Instant, to_epoch

OUTBOX = tables.outbox
PUBLISHED = tables.published


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
        connection.execute(
            sa.delete(OUTBOX).where(
                OUTBOX.c.target == target,
                OUTBOX.c.path == sa.bindparam("p"),
                OUTBOX.c.digest == sa.bindparam("d"),
            ),
            [{"p": row["path"], "d": row["digest"]} for row in values],
        )
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


def mark_superseded(
    connection: sa.Connection, target: str, paths: Iterable[str], delete_after: Instant
) -> None:
    """Set when these paths may go."""
    for chunk in statements.chunks(paths):
        connection.execute(
            sa.update(PUBLISHED)
            .where(PUBLISHED.c.target == target, PUBLISHED.c.path.in_(chunk))
            .values(delete_after=to_epoch(delete_after))
        )


def mark_others_superseded(
    connection: sa.Connection,
    target: str,
    sets: Mapping[str, str],
    category: str,
    delete_after: Instant,
) -> None:
    """Set when everything of this class in these folders may go, except what stands in the one
    folder inside that is given with each; what is on its way out already keeps its time.
    """
    path = PUBLISHED.c.path
    statement = (
        sa.update(PUBLISHED)
        .where(
            PUBLISHED.c.target == target,
            # "0" follows "/": a range that the primary key serves, unlike LIKE.
            path >= sa.bindparam("folder") + "/",
            path < sa.bindparam("folder") + "0",
            sa.not_(sa.and_(path >= sa.bindparam("kept") + "/", path < sa.bindparam("kept") + "0")),
            PUBLISHED.c["class"] == category,
            PUBLISHED.c.delete_after.is_(None),
        )
        .values(delete_after=to_epoch(delete_after))
    )
    if sets:
        connection.execute(statement, [{"folder": f, "kept": k} for f, k in sets.items()])


def _seconds(instant: Instant | None) -> int | None:
    return None if instant is None else to_epoch(instant)
