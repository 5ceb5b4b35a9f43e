"""Opening the database file: durable, one writer, and every failure in words for an operator."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import StaticPool

from pki_reconciler.ledger import tables
from pki_schema.errors import LedgerFailed, WorldFailed

BUSY_MILLISECONDS = 5_000
CACHE_KIBIBYTES = 65_536
CHECKPOINT_PAGES = 10_000


class AlreadyIntended(WorldFailed):
    """A second content for a serial or a CRL number, or a second record of one fact."""


def engine(path: Path, *, writing: bool, snapshot: bool = True) -> sa.Engine:
    """One connection to an existing file, in transactions that begin when first used.

    Without ``snapshot`` every statement stands alone and sees the newest commit. A writer takes
    the write lock at once (``BEGIN IMMEDIATE``), so that it never fails half-way for want of it.
    Raises ``WorldFailed`` wherever SQLAlchemy would raise a database error.
    """
    if not path.is_file():
        raise WorldFailed(f"there is no ledger at {path}", "create one with `vcc-pki init`")

    def connect() -> sqlite3.Connection:
        mode = "rw" if writing else "ro"
        # isolation_level=None: transactions are begun below, not by the driver's guess.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None
        )
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
        if writing:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        return connection

    result = sa.create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
    if snapshot:
        sa.event.listen(result, "begin", lambda connection: connection.exec_driver_sql(begin))
    sa.event.listen(result, "handle_error", lambda context: _explain(context, path))
    return result


def _explain(context: ExceptionContext, path: Path) -> WorldFailed | None:
    """What SQLite said, without the statement and its values."""
    error = context.original_exception
    return explained(error, path) if isinstance(error, sqlite3.Error) else None


def explained(error: sqlite3.Error, path: Path) -> WorldFailed:
    """A database error as the third family. The primary code is the low byte."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_CONSTRAINT:
        return AlreadyIntended(
            f"the ledger refused what contradicts it: {error}",
            "nothing was written; this is a fault of the program, please report it",
        )
    message, remedy = _REASONS.get(code, (f"failed: {error}", "see the operations manual"))
    return LedgerFailed(f"the ledger {path} {message}", remedy)


_REASONS = {
    sqlite3.SQLITE_BUSY: (
        "is locked by another process",
        "wait for it to finish, or end it; then try again",
    ),
    sqlite3.SQLITE_LOCKED: ("is locked by another process", "try again"),
    sqlite3.SQLITE_FULL: (
        "cannot grow, the disk is full",
        "make room; nothing was half written, the next cycle continues",
    ),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "check the disk; then try again"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "restore the last backup; do not create a new one"),
    sqlite3.SQLITE_NOTADB: ("is not a database", "restore the last backup"),
    sqlite3.SQLITE_READONLY: ("may not be written", "check the owner and mode of its folder"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check the owner and mode of its folder"),
    sqlite3.SQLITE_PERM: ("may not be opened", "check the owner and mode of its folder"),
}


def checked_revision(connection: sa.Connection, path: Path) -> str:
    """The schema revision of a ledger; raises ``WorldFailed`` for one that is not known here."""
    found = ""
    if sa.inspect(connection).has_table("alembic_version"):
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        found = str(version or "")
    if not found:
        raise WorldFailed(f"{path} is not a ledger", "create one with `vcc-pki init`")
    if found > tables.REVISION:
        raise WorldFailed(
            f"the ledger {path} was written by a newer version (schema {found}, "
            f"known up to {tables.REVISION})",
            "install that version, or a newer one",
        )
    return found
