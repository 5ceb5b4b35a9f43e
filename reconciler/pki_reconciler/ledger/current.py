"""The current CRLs and OCSP answers, as far as their bytes are here."""

from __future__ import annotations

import sqlalchemy as sa

from pki_reconciler.ledger import refs, rows, tables
from pki_schema.issued import IssuedAnswer, IssuedCrl

STATUS = tables.status
FULL = "*"
"""The scope of a full CRL."""


def crl(connection: sa.Connection, issuer: str) -> IssuedCrl | None:
    """An issuer's full CRL."""
    row = connection.execute(
        sa.select(STATUS).where(
            STATUS.c.issuer == issuer,
            STATUS.c.kind == "crl",
            STATUS.c.scope == FULL,
            STATUS.c.bytes.is_not(None),
        )
    ).first()
    return rows.crl(row) if row else None


def answers(connection: sa.Connection, issuer: str, serial: int | None) -> tuple[IssuedAnswer, ...]:
    """The answers for one serial, or all of an issuer."""
    query = sa.select(STATUS).where(
        STATUS.c.issuer == issuer,
        STATUS.c.kind.in_(("ocsp-sha1", "ocsp-sha256")),
        STATUS.c.bytes.is_not(None),
    )
    if serial is not None:
        query = query.where(STATUS.c.scope == refs.hexadecimal(serial))
    query = query.order_by(STATUS.c.scope, STATUS.c.kind)
    return tuple(rows.answer(row) for row in connection.execute(query).all())
