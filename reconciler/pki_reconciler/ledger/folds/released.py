"""Certificates that come off hold."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, tables
from pki_reconciler.ledger.folds.revoked import is_on_hold, tell_at_once
from pki_reconciler.ledger.records import Released
from pki_reconciler.ledger.rows import Entry, Row
from pki_schema.errors import WorldFailed

CERTIFICATE = tables.certificate
HOLD = tables.hold
OBJECT = tables.object_


def released(connection: sa.Connection, entries: Sequence[Entry[Released]]) -> None:
    """One revocation lets go; the last one that does makes the certificate valid again.

    Nothing changes what is revoked for ever, or has expired: what expired on hold stays on CRLs as
    long as any other.
    """
    for entry in entries:
        row = _let_go(connection, entry)
        if is_on_hold(row) and entry.at <= row.not_after:
            others = _holders(connection, row)
            if others:
                _update(connection, row, revocation=others[0])
            else:
                _restore(connection, entry, row)


def _let_go(connection: sa.Connection, entry: Entry[Released]) -> Row:
    key = (entry.record.issuer, entry.record.serial)
    found = list(certificates.matching(connection, sa.select(CERTIFICATE), [key]))
    if not found or found[0].state == "intended":
        raise WorldFailed(
            f"entry {entry.seq} releases serial {key[1]} of {key[0][:16]}, which was not issued",
            "nothing was written; run `vcc-pki audit` before anything else",
        )
    connection.execute(
        sa.delete(HOLD).where(
            HOLD.c.issuer == key[0],
            HOLD.c.serial == key[1],
            HOLD.c.name == entry.record.revocation,
        )
    )
    return found[0]


def _holders(connection: sa.Connection, row: Row) -> Sequence[str]:
    return (
        connection.execute(
            sa.select(HOLD.c.name)
            .where(HOLD.c.issuer == row.issuer, HOLD.c.serial == row.serial)
            .order_by(HOLD.c.name)
        )
        .scalars()
        .all()
    )


def _restore(connection: sa.Connection, entry: Entry[Released], row: Row) -> None:
    """Where its subject uses it, what fell due meanwhile is due; the rest goes on as before."""
    _update(
        connection,
        row,
        state="valid",
        ended_seq=None,
        revoked_at=None,
        reason="",
        invalidity_date=None,
        revocation="",
        released_at=entry.at,
    )
    connection.execute(
        sa.update(OBJECT)
        .where(
            OBJECT.c.ref == row.subject,
            OBJECT.c.issuer == row.issuer,
            OBJECT.c.serial == row.serial,
        )
        .values(ended=0)
    )
    tell_at_once(connection, {(row.issuer, row.serial): entry.at}, "released")


def _update(connection: sa.Connection, row: Row, **values: object) -> None:
    connection.execute(
        sa.update(CERTIFICATE)
        .where(CERTIFICATE.c.issuer == row.issuer, CERTIFICATE.c.serial == row.serial)
        .values(**values)
    )
