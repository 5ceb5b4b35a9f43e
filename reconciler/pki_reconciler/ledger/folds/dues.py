"""When work falls due, and the rows that say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import rows, statements, tables
from pki_reconciler.ledger.rows import Values
from pki_schema.desired import AuthoritySettings, Meaning
from pki_schema.issued import DueWork


def renewal_at(subject: str, serial: str, *, not_after: int, renew_before: int) -> int | None:
    """When a certificate is renewed, in epoch seconds; ``None`` when the clock never renews it.

    Up to a tenth of ``renew_before`` earlier, by a hash of subject and serial: what was issued
    together is not renewed together, and a replay comes to the same instants.
    """
    if renew_before <= 0:
        return None
    digest = hashlib.sha256(f"{subject}\n{serial}".encode()).digest()
    spread = max(1, renew_before // 10)
    return not_after - renew_before - int.from_bytes(digest[:8], "big") % spread


def row(ref: str, work: DueWork, at: int, cause: str) -> Values:
    return {"ref": ref, "work": str(work), "at": at, "attempt": 0, "cause": cause}


def expiry(ref: str, not_after: int, cause: str) -> Values:
    """The second after notAfter, which is still valid (RFC 5280 section 4.1.2.5)."""
    return row(ref, DueWork.EXPIRE, not_after + 1, cause)


def put(connection: sa.Connection, rows_: Sequence[Values]) -> None:
    """Set instants, whatever was there."""
    statements.upsert(connection, tables.due, rows_, update=("at", "attempt", "cause"))


def hasten(connection: sa.Connection, rows_: Sequence[Values]) -> None:
    """Set instants unless the work is due earlier already."""
    statements.upsert(
        connection,
        tables.due,
        rows_,
        update=("at", "attempt", "cause"),
        where="excluded.at < due.at",
    )


def drop(connection: sa.Connection, refs_: Iterable[str], work: DueWork) -> None:
    keys = [{"r": ref} for ref in dict.fromkeys(refs_)]
    if keys:
        connection.execute(
            sa.delete(tables.due).where(
                tables.due.c.ref == sa.bindparam("r"), tables.due.c.work == str(work)
            ),
            keys,
        )


def settings_by_issuer(connection: sa.Connection) -> Mapping[str, AuthoritySettings]:
    """The applied settings of every CA generation that exists, by its key."""
    table = tables.object_
    found = connection.execute(
        sa.select(table.c.spki, table.c.applied).where(
            table.c.kind == "AuthorityCertificate", table.c.spki.is_not(None)
        )
    )
    meanings = ((r.spki, rows.meaning(r.applied)) for r in found)
    return {spki: m.authority for spki, m in meanings if m and m.authority}


def presigned(settings: AuthoritySettings | None) -> bool:
    """Whether a CA signs its OCSP answers in advance."""
    return settings is not None and settings.ocsp.mode == "presigned"


def renewal_rows(
    current: Sequence[tuple[str, str, int, Meaning]], cause: str
) -> tuple[list[Values], list[str]]:
    """(subject, serial, notAfter, meaning) to the rows to set and the subjects to drop."""
    wanted: dict[str, Values] = {}
    never: dict[str, None] = {}
    for subject, serial, not_after, meaning in current:
        at = renewal_at(subject, serial, not_after=not_after, renew_before=meaning.renew_before)
        wanted.pop(subject, None)
        never.pop(subject, None)
        if at is None:
            never[subject] = None
        else:
            wanted[subject] = row(subject, DueWork.RENEW, at, cause)
    return list(wanted.values()), list(never)
