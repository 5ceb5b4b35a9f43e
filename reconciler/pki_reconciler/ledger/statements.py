"""The few statements that both databases know but SQLAlchemy has no common word for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pki_reconciler.ledger.rows import Values

CHUNK = 500
"""How many values go into one IN list; SQLite takes at least 999."""

T = TypeVar("T")


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Values],
    *,
    update: Sequence[str],
    where: str = "",
) -> None:
    """Insert rows, or set the columns of ``update`` where the primary key is taken.

    All rows have the same columns. ``where`` limits the update; in it ``excluded`` is the new row.
    """
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    if update:
        statement = statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: statement.excluded[name] for name in update},
            where=sa.text(where) if where else None,
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    connection.execute(statement, rows)


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
    """Insert rows; a taken key is an error."""
    if rows:
        connection.execute(sa.insert(table), rows)


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Distinct values in order, in lists short enough for one statement."""
    found = list(dict.fromkeys(values))
    for start in range(0, len(found), size):
        yield found[start : start + size]
