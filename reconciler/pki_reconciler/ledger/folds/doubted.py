"""A ledger in doubt, writers that ended in the middle, and the word that ends either."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_reconciler.ledger.records import Confirmed, Doubted, Orphaned
from pki_reconciler.ledger.rows import Entry

DOUBT = tables.doubt
ORPHAN = tables.orphan

CRASHES = "crashes"


def doubted(connection: sa.Connection, entries: Sequence[Entry[Doubted]]) -> None:
    """From here on in doubt, also if it was confirmed before."""
    statements.upsert(
        connection,
        DOUBT,
        [
            {
                "what": entry.record.what,
                "evidence": entry.record.evidence,
                "at": entry.at,
                "seq": entry.seq,
                "entries": entry.record.entries,
                "fence": entry.record.fence,
                "confirmed_seq": None,
            }
            for entry in entries
        ],
        update=("evidence", "at", "seq", "entries", "fence", "confirmed_seq"),
    )


def orphaned(connection: sa.Connection, entries: Sequence[Entry[Orphaned]]) -> None:
    """A writer that was found once is not found again."""
    statements.upsert(
        connection,
        ORPHAN,
        [
            {
                "issuer": entry.record.issuer,
                "fence": entry.record.fence,
                "at": entry.at,
                "seq": entry.seq,
                "confirmed_seq": None,
            }
            for entry in entries
        ],
        update=(),
    )


def confirmed(connection: sa.Connection, entries: Sequence[Entry[Confirmed]]) -> None:
    """Over; what marks told until then stays known."""
    connection.execute(
        sa.update(DOUBT)
        .where(DOUBT.c.what == sa.bindparam("w"))
        .values(confirmed_seq=sa.bindparam("s")),
        [{"w": entry.record.what, "s": entry.seq} for entry in entries],
    )
    for entry in entries:
        if entry.record.what == CRASHES:
            connection.execute(
                sa.update(ORPHAN)
                .where(ORPHAN.c.confirmed_seq.is_(None))
                .values(confirmed_seq=entry.seq)
            )
