"""A ledger in doubt, and the word that ends it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_reconciler.ledger.records import Confirmed, Doubted
from pki_reconciler.ledger.rows import Entry

DOUBT = tables.doubt


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


def confirmed(connection: sa.Connection, entries: Sequence[Entry[Confirmed]]) -> None:
    """Over; what marks told until then stays known."""
    connection.execute(
        sa.update(DOUBT)
        .where(DOUBT.c.what == sa.bindparam("w"))
        .values(confirmed_seq=sa.bindparam("s")),
        [{"w": entry.record.what, "s": entry.seq} for entry in entries],
    )
