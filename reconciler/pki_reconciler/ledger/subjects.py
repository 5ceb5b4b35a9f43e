"""Subjects as values: what is declared and applied for each, and its current certificate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from pki_reconciler.ledger import refs, rows, statements, tables
from pki_reconciler.ledger.rows import Row
from pki_schema.desired import SUBJECT_KINDS, Identity
from pki_schema.instants import from_epoch
from pki_schema.issued import Due, DueWork, Subject

CERTIFICATE = tables.certificate
DUE = tables.due
OBJECT = tables.object_


_CURRENT = [column.label(f"c_{column.name}") for column in CERTIFICATE.c]


def subjects_query() -> sa.Select[*tuple[Any, ...]]:
    """Subjects with their current certificates."""
    return sa.select(OBJECT, *_CURRENT).outerjoin(
        CERTIFICATE,
        (CERTIFICATE.c.issuer == OBJECT.c.issuer) & (CERTIFICATE.c.serial == OBJECT.c.serial),
    )


def subject_rows(connection: sa.Connection, wanted: Iterable[str]) -> list[Row]:
    return [
        row
        for chunk in statements.chunks(sorted(wanted))
        for row in connection.execute(subjects_query().where(OBJECT.c.ref.in_(chunk))).all()
    ]


class _Current:
    """The certificate's half of a row of ``subjects_query``."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __getattr__(self, name: str) -> object:
        return getattr(self._row, f"c_{name}")


def subject(row: Row, due_: Sequence[Due]) -> Subject:
    """A row of ``subjects_query`` as a value."""
    held_by = rows.suspensions(row.held_by)
    return Subject(
        identity=refs.identity(row.ref),
        declared=rows.meaning(row.declared),
        applied=rows.meaning(row.applied),
        pending=row.state == "pending",
        retired=bool(row.retired),
        commit=row.commit,
        current=rows.certificate(_Current(row)) if row.c_serial is not None else None,
        held_by=tuple(one.name for one in held_by),
        holds=tuple(one.name for one in held_by if one.hold),
        due=tuple(due_),
    )


def due(row: Row) -> Due:
    """A row of ``due``."""
    return Due(at=from_epoch(row.at), ref=row.ref, work=DueWork(row.work), attempt=row.attempt)


def every(connection: sa.Connection) -> tuple[Subject, ...]:
    """All subjects, each with its renewal, now or later."""
    renewals = {
        row.ref: due(row)
        for row in connection.execute(sa.select(DUE).where(DUE.c.work == str(DueWork.RENEW))).all()
    }
    query = subjects_query().where(OBJECT.c.kind.in_(sorted(SUBJECT_KINDS))).order_by(OBJECT.c.ref)
    return tuple(
        subject(row, [renewals[row.ref]] if row.ref in renewals else [])
        for row in connection.execute(query).all()
    )


def uncertified(connection: sa.Connection) -> tuple[Identity, ...]:
    """Declared, and without a certificate."""
    query = sa.select(OBJECT.c.ref).where(
        OBJECT.c.kind.in_(sorted(SUBJECT_KINDS)),
        OBJECT.c.declared_digest.is_not(None),
        OBJECT.c.serial.is_(None),
    )
    return tuple(sorted(refs.identity(ref) for ref in connection.execute(query).scalars().all()))


def one(connection: sa.Connection, identity: Identity) -> Subject | None:
    """One subject, with what is due for it, now or later."""
    ref = refs.of(identity)
    work = [due(row) for row in connection.execute(sa.select(DUE).where(DUE.c.ref == ref)).all()]
    found = subject_rows(connection, [ref])
    return subject(found[0], work) if found else None
