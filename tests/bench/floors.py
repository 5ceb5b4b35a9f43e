"""The least that the stages of issuing could take: the same files and rows, and nothing else.

Measured on what a run has left behind and beside it, in a process of its own.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

from pki_publishers.targets import staging as aside
from tests.bench import floor
from tests.bench.fleet import Fleet

BATCH = 1_000


def measure(fleet: Fleet) -> Mapping[str, float]:
    """Seconds by name."""
    with closing(sqlite3.connect(fleet.root / "state/ledger.sqlite3")) as ledger:
        entries = ledger.execute("SELECT body FROM entry").fetchall()
    public = fleet.root / "public"
    files = [path.read_bytes() for path in public.rglob("*") if path.is_file()]
    folder = Path(mkdtemp(prefix="floors-", dir=fleet.root))
    return {
        "yaml": _seconds(lambda: floor.main(fleet.tree / "tenants/fleet")),
        "rows": _seconds(lambda: _insert(folder / "rows", entries)),
        "files": _seconds(lambda: _write(folder, files)),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _insert(file: Path, rows: list[tuple[str]]) -> None:
    """The bodies of all entries, a thousand to a durable transaction."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, body TEXT) STRICT")
        for start in range(0, len(rows), BATCH):
            with database:
                some = rows[start : start + BATCH]
                database.executemany("INSERT INTO entry (body) VALUES (?)", some)


def _write(root: Path, bodies: list[bytes]) -> None:
    """All files under other names, a sync, all renames into one folder, a sync."""
    staging, target = root / aside.FOLDER, root / "target"
    staging.mkdir()
    target.mkdir()
    for number, body in enumerate(bodies):
        file = os.open(staging / str(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(file, body)
        os.close(file)
    _sync(root)
    for number in range(len(bodies)):
        os.rename(staging / str(number), target / str(number))  # noqa: PTH104 - the least
    _sync(root)


def _sync(folder: Path) -> None:
    """What is on this filesystem is durable (Linux)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    ctypes.CDLL(None).syncfs(descriptor)
    os.close(descriptor)
