"""What reading back from publications has to be compared with. Asked for in doubt, seldom else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import certificates, refs, rows, tables
from pki_reconciler.ledger.rows import SerialRow
from pki_schema.desired import Identity, Meaning, from_canonical
from pki_schema.instants import Instant, from_epoch

BATCH = tables.batch
CERTIFICATE = tables.certificate
ENTRY = tables.entry


class _Meant(msgspec.Struct):
    """The part of an ``Accepted`` that is about subjects."""

    meanings: tuple[msgspec.Raw, ...] = ()


def meanings(connection: sa.Connection) -> Mapping[Identity, tuple[Meaning, ...]]:
    """By subject, newest first."""
    query = sa.select(ENTRY.c.body).where(ENTRY.c.kind == "accepted").order_by(ENTRY.c.seq.desc())
    found: dict[Identity, dict[bytes, Meaning]] = {}
    for body in connection.execute(query).scalars():
        for raw in msgspec.json.decode(body, type=_Meant).meanings:
            meaning = from_canonical(bytes(raw), Meaning)
            found.setdefault(meaning.subject, {}).setdefault(bytes(raw), meaning)
    return {subject: tuple(versions.values()) for subject, versions in found.items()}


def crl_digest(connection: sa.Connection, issuer: str, number: int) -> str | None:
    """Of the one CRL of an issuer that has this number."""
    return connection.execute(
        sa.select(BATCH.c.digest).where(
            BATCH.c.issuer == issuer, BATCH.c.scope == "*", BATCH.c.number == number
        )
    ).scalar()


def regular_at(connection: sa.Connection, issuer: str) -> Instant:
    """The thisUpdate of an issuer's last scheduled CRL; the beginning of time if none is known."""
    status = tables.status
    found = connection.execute(
        sa.select(status.c.regular_at).where(
            status.c.issuer == issuer, status.c.kind == "crl", status.c.scope == "*"
        )
    ).scalar()
    return from_epoch(found or 0)


def serials(
    connection: sa.Connection, issuer: str, wanted: Iterable[int]
) -> Mapping[int, SerialRow]:
    """By serial."""
    query = sa.select(
        CERTIFICATE.c.serial,
        CERTIFICATE.c.state,
        CERTIFICATE.c.tbs_digest,
        CERTIFICATE.c.reason,
        CERTIFICATE.c.released_at,
    )
    keys = [(issuer, refs.hexadecimal(serial)) for serial in wanted]
    return {
        int(row.serial, 16): SerialRow(
            state=row.state,
            tbs_digest=row.tbs_digest,
            reason=row.reason,
            released_at=rows.instant(row.released_at),
        )
        for row in certificates.matching(connection, query, keys)
    }
