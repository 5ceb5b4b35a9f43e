"""What manifests decoded to, by blob id, on disk: a cache that may vanish at any time."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

from pki_schema.errors import WorldFailed

MOST_ROWS: Final = 400_000
_CREATE: Final = (
    "CREATE TABLE IF NOT EXISTS manifest (id TEXT PRIMARY KEY, seal BLOB, value BLOB) STRICT"
)
# SQLITE_ERROR: our statements are right, so the table is another one.
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


class ManifestCache:
    """Opaque bytes by blob id in one SQLite file, never synced: losing it costs time only.

    Each value is sealed with a digest of itself, its id and ``edition`` (the version of whatever
    made the bytes), so that neither a torn page nor an older program is ever believed. The folder
    is private: who could write here could change what a manifest means.
    """

    def __init__(self, folder: Path, *, edition: str = "1") -> None:
        """Raises ``WorldFailed`` if the folder cannot be made or others may write to it."""
        _make_private(folder)
        self._file = folder / "manifests.sqlite3"
        self._edition = edition

    def get(self, ids: Iterable[str]) -> dict[str, bytes]:
        """What is known of ``ids``; a cache that cannot be read knows nothing."""
        found: dict[str, bytes] = {}
        waiting = iter(ids)
        with suppress(sqlite3.Error), self._opened() as database:
            while batch := list(islice(waiting, 500)):
                marks = ",".join("?" * len(batch))
                query = f"SELECT id, seal, value FROM manifest WHERE id IN ({marks})"  # noqa: S608
                for name, seal, value in database.execute(query, batch):
                    if isinstance(value, bytes) and seal == self._seal(name, value):
                        found[name] = value
        return found

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep values, replacing older ones; what cannot be written is forgotten."""
        rows = [(name, self._seal(name, value), value) for name, value in values.items()]
        with suppress(sqlite3.Error), self._opened() as database, database:
            database.executemany("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?)", rows)
            database.execute(
                "DELETE FROM manifest WHERE rowid <= (SELECT max(rowid) FROM manifest) - ?",
                (MOST_ROWS,),
            )

    def _seal(self, name: str, value: bytes) -> bytes:
        key = hashlib.sha256(f"{self._edition}\0{name}".encode()).digest()
        return hashlib.blake2b(value, key=key, digest_size=16).digest()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=2)) as database:
                database.execute("PRAGMA synchronous = OFF")
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(_CREATE)
                yield database
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
                for end in ("", "-wal", "-shm"):
                    self._file.with_name(self._file.name + end).unlink(missing_ok=True)
            raise


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError as error:
        raise WorldFailed(f"the cache {folder} cannot be made: {error.strerror}") from None
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        remedy = "delete it; it is made again"
        raise WorldFailed(f"others may write to the cache {folder}", remedy)
