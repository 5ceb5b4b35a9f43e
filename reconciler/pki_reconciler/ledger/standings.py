"""How subjects stand: one query, and nothing decoded that is not shown."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, refs, rows, tables
from pki_reconciler.ledger.rows import Row
from pki_schema.desired import SUBJECT_KINDS
from pki_schema.instants import Instant, from_epoch
from pki_schema.issued import CertificateState, DueWork, Standing

CERTIFICATE = tables.certificate
DUE = tables.due
ENTRY = tables.entry
OBJECT = tables.object_

_DONE = (OBJECT.c.declared_digest == OBJECT.c.applied_digest) & (
    OBJECT.c.declared_care == OBJECT.c.applied_care
)

_QUERY = (
    sa.select(
        OBJECT.c.ref,
        OBJECT.c.state,
        OBJECT.c.commit,
        OBJECT.c.suspended,
        OBJECT.c.retired,
        OBJECT.c.held_by,
        OBJECT.c.issuer,
        OBJECT.c.serial,
        OBJECT.c.declared_digest.is_not(None).label("declared"),
        sa.func.coalesce(_DONE, False).label("done"),
        CERTIFICATE.c.not_before,
        CERTIFICATE.c.not_after,
        CERTIFICATE.c.state.label("certificate_state"),
        sa.func.coalesce(certificates.IS_ON_HOLD, False).label("on_hold"),
        DUE.c.at.label("renew_at"),
        ENTRY.c.at.label("issued_at"),
        ENTRY.c.commit.label("issued_for"),
        ENTRY.c.plan,
    )
    .outerjoin(
        CERTIFICATE,
        (CERTIFICATE.c.issuer == OBJECT.c.issuer) & (CERTIFICATE.c.serial == OBJECT.c.serial),
    )
    .outerjoin(DUE, (DUE.c.ref == OBJECT.c.ref) & (DUE.c.work == str(DueWork.RENEW)))
    .outerjoin(ENTRY, ENTRY.c.seq == CERTIFICATE.c.issued_seq)
    .where(OBJECT.c.kind.in_(sorted(SUBJECT_KINDS)))
    .order_by(OBJECT.c.ref)
)


def every(connection: sa.Connection) -> tuple[Standing, ...]:
    """All subjects, in the order of their identities."""
    return tuple(map(_standing, connection.execute(_QUERY).all()))


def crls_due(connection: sa.Connection) -> Mapping[str, Instant]:
    """When the next CRL of each issuer is to be signed."""
    query = sa.select(DUE.c.ref, DUE.c.at).where(DUE.c.work == str(DueWork.CRL))
    return {ref: from_epoch(at) for ref, at in connection.execute(query).all()}


def _standing(row: Row) -> Standing:
    held_by = rows.suspensions(row.held_by)
    return Standing(
        identity=refs.identity(row.ref),
        declared=bool(row.declared),
        done=bool(row.done),
        pending=row.state == "pending",
        suspended=bool(row.suspended),
        retired=bool(row.retired),
        commit=row.commit,
        held_by=tuple(one.name for one in held_by),
        holds=tuple(one.name for one in held_by if one.hold),
        issuer=row.issuer or "",
        serial=row.serial or "",
        not_before=rows.instant(row.not_before),
        not_after=rows.instant(row.not_after),
        state=CertificateState(row.certificate_state or "valid"),
        on_hold=bool(row.on_hold),
        renew_at=rows.instant(row.renew_at),
        issued_at=rows.instant(row.issued_at),
        issued_for=row.issued_for or "",
        plan=row.plan or "",
    )
