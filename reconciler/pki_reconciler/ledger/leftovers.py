"""What a crash left between intent and result."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from pki_reconciler.ledger import tables
from pki_reconciler.ledger.records import CertificateIntended
from pki_reconciler.ledger.rows import OpenBatch, OpenIntent, OrphanRow
from pki_schema.desired import from_canonical
from pki_schema.instants import Instant, from_epoch, to_epoch

BATCH = tables.batch
CERTIFICATE = tables.certificate
ENTRY = tables.entry
ORPHAN = tables.orphan


def intents(connection: sa.Connection) -> tuple[OpenIntent, ...]:
    """Certificates, oldest first."""
    found = connection.execute(
        sa.select(ENTRY.c.seq, ENTRY.c.at, ENTRY.c.fence, ENTRY.c.body)
        .join(CERTIFICATE, CERTIFICATE.c.intent_seq == ENTRY.c.seq)
        .where(sa.text("certificate.state = 'intended'"))
        .order_by(ENTRY.c.seq)
    )
    return tuple(
        OpenIntent(
            seq=row.seq,
            at=from_epoch(row.at),
            fence=row.fence,
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


def orphans(connection: sa.Connection) -> tuple[OrphanRow, ...]:
    """Writers that ended in the middle, oldest first."""
    return tuple(
        OrphanRow(
            issuer=row.issuer,
            fence=row.fence,
            at=from_epoch(row.at),
            seq=row.seq,
            confirmed=row.confirmed_seq is not None,
        )
        for row in connection.execute(sa.select(ORPHAN).order_by(ORPHAN.c.seq))
    )


def interrupted(connection: sa.Connection, since: Instant) -> Mapping[str, int]:
    """How many writers ended in the middle after this instant and no person knows of, by issuer."""
    query = (
        sa.select(ORPHAN.c.issuer, sa.func.count())
        .where(ORPHAN.c.at > to_epoch(since), ORPHAN.c.confirmed_seq.is_(None))
        .group_by(ORPHAN.c.issuer)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
