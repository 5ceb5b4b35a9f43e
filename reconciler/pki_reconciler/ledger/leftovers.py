"""What a crash left between intent and result."""

from __future__ import annotations

import sqlalchemy as sa

from pki_reconciler.ledger import tables
from pki_reconciler.ledger.records import CertificateIntended
from pki_reconciler.ledger.rows import OpenBatch, OpenIntent
from pki_schema.desired import from_canonical
from pki_schema.instants import from_epoch

BATCH = tables.batch
CERTIFICATE = tables.certificate
ENTRY = tables.entry


def intents(connection: sa.Connection) -> tuple[OpenIntent, ...]:
    """Certificates, oldest first."""
    found = connection.execute(
        sa.select(ENTRY.c.seq, ENTRY.c.at, ENTRY.c.body)
        .join(CERTIFICATE, CERTIFICATE.c.intent_seq == ENTRY.c.seq)
        .where(sa.text("certificate.state = 'intended'"))
        .order_by(ENTRY.c.seq)
    )
    return tuple(
        OpenIntent(
            seq=row.seq,
            at=from_epoch(row.at),
            record=from_canonical(row.body.encode(), CertificateIntended),
        )
        for row in found
    )


def batches(connection: sa.Connection) -> tuple[OpenBatch, ...]:
    """CRLs and batches of answers, oldest first."""
    query = sa.select(BATCH).where(sa.text("state = 'open'")).order_by(BATCH.c.id)
    return tuple(
        OpenBatch(seq=row.id, kind=row.kind, issuer=row.issuer, number=row.number)
        for row in connection.execute(query)
    )
