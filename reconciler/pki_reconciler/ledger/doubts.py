"""What keeps this ledger from issuing, as values."""

from __future__ import annotations

import sqlalchemy as sa

from pki_reconciler.ledger import tables
from pki_reconciler.ledger.rows import DoubtRow
from pki_schema.instants import from_epoch

DOUBT = tables.doubt


def every(connection: sa.Connection) -> tuple[DoubtRow, ...]:
    """Each thing that was ever doubted, by its name."""
    return tuple(
        DoubtRow(
            what=row.what,
            evidence=row.evidence,
            at=from_epoch(row.at),
            seq=row.seq,
            entries=row.entries,
            fence=row.fence,
            confirmed=row.confirmed_seq is not None,
        )
        for row in connection.execute(sa.select(DOUBT).order_by(DOUBT.c.what))
    )
