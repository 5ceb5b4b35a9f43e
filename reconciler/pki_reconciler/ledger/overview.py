"""Counts and earliest instants over everything, for telling how things stand: one query each."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from pki_reconciler.ledger import refs, tables
from pki_reconciler.ledger.rows import Issuance
from pki_schema.instants import Instant, from_epoch, to_epoch

STATUS = tables.status
CERTIFICATE = tables.certificate
OUTBOX = tables.outbox
ENTRY = tables.entry
ACCEPTED = tables.accepted


def answers(connection: sa.Connection) -> Mapping[str, tuple[Instant, Instant]]:
    """The earliest thisUpdate and the earliest nextUpdate of each issuer's OCSP answers."""
    query = (
        sa.select(
            STATUS.c.issuer,
            sa.func.min(STATUS.c.this_update),
            sa.func.min(STATUS.c.next_update),
        )
        .where(STATUS.c.kind.like("ocsp-%"))
        .group_by(STATUS.c.issuer)
    )
    return {
        issuer: (from_epoch(oldest), from_epoch(until))
        for issuer, oldest, until in connection.execute(query).all()
    }


def living(connection: sa.Connection, now: Instant) -> Mapping[str, int]:
    """How many certificates of each issuer are valid and have not ended."""
    query = (
        sa.select(CERTIFICATE.c.issuer, sa.func.count())
        .where(CERTIFICATE.c.state == "valid", CERTIFICATE.c.not_after > to_epoch(now))
        .group_by(CERTIFICATE.c.issuer)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(query).all()}


def issuance(connection: sa.Connection, issuer: str, serial: int) -> Issuance | None:
    """What a certificate was issued for."""
    query = (
        sa.select(ENTRY.c.at, ENTRY.c.commit, ENTRY.c.plan)
        .join(CERTIFICATE, CERTIFICATE.c.issued_seq == ENTRY.c.seq)
        .where(CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.serial == refs.hexadecimal(serial))
    )
    row = connection.execute(query).first()
    return row and Issuance(at=from_epoch(row.at), commit=row.commit, plan=row.plan)


def unwritten(connection: sa.Connection, target: str) -> Mapping[str, int]:
    """The units that are not yet written to a target, with the number of their files."""
    query = (
        sa.select(OUTBOX.c.unit, sa.func.count())
        .where(OUTBOX.c.target == target)
        .group_by(OUTBOX.c.unit)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(query).all()}


def accepted_at(connection: sa.Connection) -> Instant | None:
    """When a commit was accepted last."""
    newest = sa.select(sa.func.max(ACCEPTED.c.seq)).scalar_subquery()
    at = connection.execute(sa.select(ENTRY.c.at).where(ENTRY.c.seq == newest)).scalar()
    return None if at is None else from_epoch(at)
