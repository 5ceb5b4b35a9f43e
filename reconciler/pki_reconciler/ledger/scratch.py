"""A copy of the ledger in memory: what acceptance would lead to, without accepting anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from pki_reconciler.ledger import connections, fold
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Record
from pki_schema.instants import Instant


class Scratch:
    """``reader`` sees the copy; ``record`` folds a record into it. The ledger is not touched."""

    def __init__(self, connection: sa.Connection) -> None:
        self.reader = Reader(connection)
        self._connection = connection
        self._seq = self.reader.size()

    def record(self, record: Record, at: Instant) -> None:
        """Change the copy as the ledger would be changed; no entry is made."""
        self._seq += 1
        fold.fold(self._connection, self._seq, at, record)


@contextmanager
def copy(path: Path) -> Iterator[Scratch]:
    """Copy the ledger at ``path`` into memory for as long as the block lasts.

    Raises ``WorldFailed`` when it cannot be read.
    """
    with Reader.open(path):
        pass  # refuses what is no ledger, or a newer one, in words
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
            source.backup(memory)
    except sqlite3.Error as error:
        raise connections.explained(error, path) from None
    engine = sa.create_engine("sqlite://", creator=lambda: memory, poolclass=StaticPool)
    with engine.connect() as connection:
        yield Scratch(connection)
    engine.dispose()
