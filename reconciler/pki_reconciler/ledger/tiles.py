"""The Merkle tree's tiles in the database, kept in the transaction that stores the entries."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import merkle, statements, tables

TILE = tables.tile


def leaf(salt: bytes, body: str) -> bytes:
    """The leaf hash of an entry: the salt keeps guessable bodies from being confirmed."""
    return merkle.leaf_hash(salt + body.encode())


def append(connection: sa.Connection, size: int, leaves: Sequence[bytes]) -> None:
    """Put leaf hashes behind the ``size`` there are."""
    changed = merkle.grown(size, leaves, lambda level, n: read(connection, level, n))
    statements.upsert(
        connection,
        TILE,
        [{"level": level, "n": n, "data": data} for (level, n), data in changed.items()],
        update=("data",),
    )


def read(connection: sa.Connection, level: int, n: int) -> bytes:
    """A tile's present content; raises ``KeyError`` when there is none."""
    found: bytes | None = connection.execute(
        sa.select(TILE.c.data).where(TILE.c.level == level, TILE.c.n == n)
    ).scalar()
    if found is None:
        raise KeyError((level, n))
    return found


def root(connection: sa.Connection, size: int) -> bytes:
    """The root over the first ``size`` entries."""
    return merkle.root(size, lambda level, n: read(connection, level, n))
