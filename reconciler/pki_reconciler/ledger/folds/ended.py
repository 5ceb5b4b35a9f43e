"""Serials that were burnt and certificates that expired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, refs, tables
from pki_reconciler.ledger.folds import dues, results
from pki_reconciler.ledger.records import CertificateExpired, SerialBurnt
from pki_reconciler.ledger.rows import Entry, Row, Values
from pki_schema.issued import DueWork
from pki_schema.kinds.revocation import Reason

CERTIFICATE = tables.certificate
OBJECT = tables.object_


def burnt(connection: sa.Connection, entries: Sequence[Entry[SerialBurnt]]) -> None:
    """What may have been signed and is not known goes on the CRL."""
    settings = dues.settings_by_issuer(connection)
    work: list[Values] = []
    rows = results.open_intents(connection, entries)
    for entry, row in zip(entries, rows, strict=True):
        issuer, serial = row.issuer, row.serial
        ref = refs.answer(issuer, serial)
        work.append(dues.expiry(ref, row.not_after, "burnt"))
        if row.answerable and dues.presigned(settings.get(issuer)):
            work.append(dues.row(ref, DueWork.ANSWER, entry.at, "burnt"))
    connection.execute(
        sa.update(CERTIFICATE)
        .where(CERTIFICATE.c.issuer == sa.bindparam("i"), CERTIFICATE.c.serial == sa.bindparam("s"))
        .values(
            state="burnt",
            ended_seq=sa.bindparam("seq"),
            revoked_at=sa.bindparam("when"),
            reason=sa.bindparam("why"),
        ),
        [
            {
                "i": entry.record.issuer,
                "s": entry.record.serial,
                "seq": entry.seq,
                "when": entry.at,
                "why": entry.record.reason if entry.record.reason in get_args(Reason) else "",
            }
            for entry in entries
        ],
    )
    dues.put(connection, work)
    dues.hasten(
        connection,
        [dues.row(e.record.issuer, DueWork.CRL, e.at, "burnt") for e in entries],
    )


def expired(connection: sa.Connection, entries: Sequence[Entry[CertificateExpired]]) -> None:
    """No more answers. What was revoked stays revoked, what was burnt stays burnt."""
    wanted = [(e.record.issuer, e.record.serial) for e in entries]
    found = list(certificates.matching(connection, sa.select(CERTIFICATE), wanted))
    answers = [refs.answer(*key) for key in wanted]
    dues.drop(connection, answers, DueWork.ANSWER)
    dues.drop(connection, answers, DueWork.EXPIRE)
    connection.execute(
        sa.delete(tables.status).where(
            tables.status.c.issuer == sa.bindparam("i"),
            tables.status.c.kind != "crl",
            tables.status.c.scope == sa.bindparam("s"),
        ),
        [{"i": issuer, "s": serial} for issuer, serial in wanted],
    )
    connection.execute(
        sa.update(CERTIFICATE)
        .where(
            CERTIFICATE.c.issuer == sa.bindparam("i"),
            CERTIFICATE.c.serial == sa.bindparam("s"),
            CERTIFICATE.c.state == "valid",
        )
        .values(state="expired", ended_seq=sa.bindparam("seq")),
        [{"i": e.record.issuer, "s": e.record.serial, "seq": e.seq} for e in entries],
    )
    _end_authorities(connection, found)
    end_subjects(connection, [(row.subject, row.issuer, row.serial) for row in found])


def _end_authorities(connection: sa.Connection, ended: Sequence[Row]) -> None:
    """A CA whose last certificate has expired signs no more CRLs."""
    for row in ended:
        if refs.identity(row.subject).kind != "AuthorityCertificate":
            continue
        current = connection.execute(
            sa.select(OBJECT.c.ref).where(
                OBJECT.c.ref == row.subject,
                OBJECT.c.issuer == row.issuer,
                OBJECT.c.serial == row.serial,
            )
        ).first()
        if current:
            dues.drop(connection, [row.spki], DueWork.CRL)


def end_subjects(
    connection: sa.Connection, ended: Sequence[tuple[str, str, str]], *, renewals: bool = False
) -> None:
    """(subject, issuer, serial): where this is the current certificate it is no longer good.

    The clock renews it no more; with ``renewals`` what it would have done stays due.
    """
    current = sa.and_(
        OBJECT.c.ref == sa.bindparam("r"),
        OBJECT.c.issuer == sa.bindparam("i"),
        OBJECT.c.serial == sa.bindparam("s"),
    )
    keys = [{"r": subject, "i": issuer, "s": serial} for subject, issuer, serial in ended]
    if not renewals:
        connection.execute(
            sa.delete(tables.due).where(
                tables.due.c.work == str(DueWork.RENEW),
                tables.due.c.ref == sa.select(OBJECT.c.ref).where(current).scalar_subquery(),
            ),
            keys,
        )
    connection.execute(sa.update(OBJECT).where(current).values(ended=1), keys)
