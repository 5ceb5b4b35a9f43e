"""Whether the ledger is as it was written: the newest entries, or all of them and their rows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from pki_reconciler.ledger import connections, fold, tables, tiles
from pki_schema.errors import WorldFailed

NEWEST: Final = 1_000
FOLDED: Final = ("certificate", "key", "accepted", "revocation", "batch", "doubt")
"""Tables of which every column follows from the entries."""

_DAMAGED = "restore the last backup; do not create a new one"


def sampled(path: Path) -> int:
    """Check the leaf hashes of the newest entries; returns how many. Raises ``WorldFailed``."""
    entry = tables.entry
    engine = connections.engine(path, writing=False)
    try:
        with engine.connect() as connection:
            found = connection.execute(
                sa.select(entry).order_by(entry.c.seq.desc()).limit(NEWEST)
            ).all()
            for row in found:
                if row.leaf != tiles.leaf(row.salt, row.body):
                    raise WorldFailed(f"ledger entry {row.seq} was changed", _DAMAGED)
            for newer, older in pairwise(found):
                if newer.seq != older.seq + 1:
                    raise WorldFailed(f"ledger entry {older.seq + 1} is missing", _DAMAGED)
            return len(found)
    finally:
        engine.dispose()


def replayed(path: Path) -> int:
    """Fold all entries into an empty ledger in memory and compare; returns how many they are.

    Raises ``WorldFailed`` for an entry that was changed or is missing, and for other rows or
    another tree than they make.
    """
    engine = connections.engine(path, writing=False)
    again = sa.create_engine("sqlite://")
    try:
        with engine.connect() as source, again.connect() as copy:
            tables.METADATA.create_all(copy)
            size = fold.replay(source, copy)
            if tiles.root(source, size) != tiles.root(copy, size):
                raise WorldFailed("the Merkle tree does not fit the entries", _DAMAGED)
            for name in FOLDED:
                if _rows(source, name) != _rows(copy, name):
                    raise WorldFailed(
                        f"the table {name} does not follow from the entries", _DAMAGED
                    )
            return size
    finally:
        engine.dispose()
        again.dispose()


def _rows(connection: sa.Connection, name: str) -> set[tuple[Any, ...]]:
    table = tables.METADATA.tables[name]
    return {tuple(row) for row in connection.execute(sa.select(table))}
