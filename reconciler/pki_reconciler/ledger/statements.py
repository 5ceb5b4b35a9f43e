"""The few statements that both databases know but SQLAlchemy has no common word for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
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
    if rows:
        dialect = connection.dialect.name
        statement = _upsert(table, tuple(rows[0]), tuple(update), where, dialect)
        each(connection, statement, rows)


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
    """Insert rows of the same columns; a taken key is an error."""
    if rows:
        each(connection, _insert(table, tuple(rows[0])), rows)


@lru_cache
def _insert(table: sa.Table, columns: tuple[str, ...]) -> sa.Insert:
    return sa.insert(table).values({name: sa.bindparam(name) for name in columns})


@lru_cache
def _upsert(
    table: sa.Table, columns: tuple[str, ...], update: tuple[str, ...], where: str, dialect: str
) -> sa.Insert:
    words = sqlite if dialect == "sqlite" else postgresql
    statement = words.insert(table).values({name: sa.bindparam(name) for name in columns})
    keys = [column.name for column in table.primary_key]
    if not update:
        nothing: sa.Insert = statement.on_conflict_do_nothing(index_elements=keys)
        return nothing
    updating: sa.Insert = statement.on_conflict_do_update(
        index_elements=keys,
        set_={name: statement.excluded[name] for name in update},
        where=sa.text(where) if where else None,
    )
    return updating


def each(
    connection: sa.Connection,
    statement: sa.Insert | sa.Update | sa.Delete,
    rows: Sequence[Values],
) -> None:
    """Run a statement once for each row, whose values are all of its parameters, as they are.

    Their values are plain already, and SQLAlchemy's own care for each would cost a third of the
    whole transaction.
    """
    text, order = _compiled(statement, connection.dialect)
    if order is None:
        connection.exec_driver_sql(text, list(rows))
    else:
        values = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)
        connection.exec_driver_sql(text, list(map(values, rows)))


@lru_cache
def _compiled(
    statement: sa.Insert | sa.Update | sa.Delete, dialect: sa.Dialect
) -> tuple[str, tuple[str, ...] | None]:
    """The text for the driver, and the order of its parameters if they have no names there."""
    compiled = statement.compile(dialect=dialect)
    order = getattr(compiled, "positiontup", None)
    return str(compiled), tuple(order) if order is not None else None


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Distinct values in order, in lists short enough for one statement."""
    found = list(dict.fromkeys(values))
    for start in range(0, len(found), size):
        yield found[start : start + size]
