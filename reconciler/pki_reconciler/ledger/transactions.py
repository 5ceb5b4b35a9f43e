"""One durable commit: entries, the rows they fold into, status bytes and wishes to publish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import deliveries, fold, statements, statuses, tables, tiles
from pki_reconciler.ledger.read import Reader
from pki_reconciler.ledger.records import Record
from pki_reconciler.ledger.rows import Entry, OutboxRow, RenderedRow, Values
from pki_reconciler.ports import Entropy
from pki_schema.errors import Fenced
from pki_schema.instants import Instant, to_epoch
from pki_schema.issued import IssuedAnswer, IssuedCrl

SALT = 16
"""Octets of salt per entry."""

WRITER = "writer"
"""The name of the one lease there is."""


class Fence:
    """A number higher than any earlier writer's, taken with a writer's first entry.

    Not by opening the ledger: a cycle that decides nothing writes nothing.
    """

    def __init__(self) -> None:
        self.number = 0
        self.floor = 0
        """The highest number that keys and targets have seen: a restored ledger may know less."""

    def taken(self, connection: sa.Connection, at: Instant) -> int:
        """The number; written down the first time it is asked for.

        Raises ``Fenced`` when another writer has taken a higher one since.
        """
        self.check(connection)
        if not self.number:
            self.number = max(_highest(connection), self.floor) + 1
            statements.upsert(
                connection,
                tables.lease,
                [{"name": WRITER, "fence": self.number, "at": to_epoch(at)}],
                update=("fence", "at"),
            )
        return self.number

    def check(self, connection: sa.Connection) -> None:
        """Raise ``Fenced`` unless nobody has written since with a number of their own.

        The transaction holds the database's write lock, so nobody can between this and its end.
        """
        if self.number and _highest(connection) != self.number:
            raise Fenced(
                "another vcc-pki has taken over this state",
                "see which of the two shall run; this one has ended",
            )


def _highest(connection: sa.Connection) -> int:
    query = sa.select(tables.lease.c.fence).where(tables.lease.c.name == WRITER)
    return connection.execute(query).scalar() or 0


class Transaction:
    """One durable commit in the making; made by ``Ledger.transaction``, gone when it ends.

    ``reader`` sees what the transaction has written so far.
    """

    def __init__(
        self, connection: sa.Connection, *, at: Instant, entropy: Entropy, fence: Fence
    ) -> None:
        self.at = at
        self.reader = Reader(connection)
        self.appended = 0
        self._connection = connection
        self._entropy = entropy
        self._fence = fence

    def append(self, records: Sequence[Record], *, commit: str = "", plan: str = "") -> list[int]:
        """Store records in order and fold them; returns their entries' numbers.

        ``commit`` and ``plan`` (a plan's digest) are what the entries are written for.
        """
        if not records:
            return []
        fence = self._fence.taken(self._connection, self.at)
        before = size(self._connection)
        salts = self._salts(len(records))
        at = to_epoch(self.at)
        rows: list[Values] = []
        for seq, (record, salt) in enumerate(zip(records, salts, strict=True), start=before + 1):
            body = record.canonical().decode()
            rows.append(
                {
                    "seq": seq,
                    "at": at,
                    "kind": str(record.__struct_config__.tag),
                    "commit": commit,
                    "plan": plan,
                    "fence": fence,
                    "body": body,
                    "salt": salt,
                    "leaf": tiles.leaf(salt, body),
                }
            )
        statements.insert(self._connection, tables.entry, rows)
        tiles.append(self._connection, before, [row["leaf"] for row in rows])
        seqs = list(range(before + 1, before + 1 + len(records)))
        fold.fold_all(
            self._connection,
            [Entry(seq, at, record, commit) for seq, record in zip(seqs, records, strict=True)],
        )
        self.appended += len(records)
        return seqs

    def put_statuses(self, statuses_: Iterable[IssuedCrl | IssuedAnswer]) -> None:
        """Keep the bytes of new CRLs and answers; each replaces the one before it."""
        statuses.put(self._connection, statuses_)

    def enqueue(self, rows: Iterable[OutboxRow]) -> None:
        """Ask for paths to be written; a newer wish for a path replaces the older one."""
        deliveries.enqueue(self._connection, rows)

    def note_rendered(self, made: Iterable[RenderedRow], gone: Iterable[str] = ()) -> None:
        """Remember what pages were made from; forget those that are made no longer."""
        deliveries.note_rendered(self._connection, made, gone)

    def mark_superseded(self, target: str, paths: Iterable[str], delete_after: Instant) -> None:
        """Something else has taken the place of these paths; they may go after this instant, and
        nobody needs to write them any more.
        """
        deliveries.mark_superseded(self._connection, target, paths, delete_after)

    def mark_others_superseded(
        self, target: str, sets: Mapping[str, str], category: str, delete_after: Instant
    ) -> None:
        """The same for all files of this class in each folder (a key), except those in the folder
        inside that is given for it (the value).
        """
        deliveries.mark_others_superseded(self._connection, target, sets, category, delete_after)

    def _salts(self, count: int) -> list[bytes]:
        token = self._entropy.token(SALT * count)
        return [token[i : i + SALT] for i in range(0, SALT * count, SALT)]


def size(connection: sa.Connection) -> int:
    """How many entries there are."""
    return connection.execute(sa.select(sa.func.max(tables.entry.c.seq))).scalar() or 0
