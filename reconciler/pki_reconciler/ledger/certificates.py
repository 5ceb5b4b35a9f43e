"""Certificates as values: from their rows, and from the entries that alone hold the DER."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import refs, rows, statements, tables
from pki_reconciler.ledger.rows import Row
from pki_schema.desired import Identity
from pki_schema.instants import Instant, to_epoch
from pki_schema.issued import IssuedCertificate, OnHold
from pki_schema.kinds.revocation import HOLD

CERTIFICATE = tables.certificate
ENTRY = tables.entry

IS_ON_HOLD = (CERTIFICATE.c.state == "revoked") & (CERTIFICATE.c.reason == HOLD)

_WITH_BODY = sa.select(CERTIFICATE, ENTRY.c.body).outerjoin(
    ENTRY, ENTRY.c.seq == CERTIFICATE.c.issued_seq
)


class _Der(msgspec.Struct):
    der: bytes


def der_of(body: str | None) -> bytes:
    """The certificate in the body of the entry that issued it; nothing for a burnt serial."""
    return msgspec.json.decode(body, type=_Der).der if body else b""


def row_of(connection: sa.Connection, issuer: str, serial: int) -> Row | None:
    """A certificate's row, open intents included, with the body of its result."""
    return connection.execute(
        _WITH_BODY.where(
            CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.serial == refs.hexadecimal(serial)
        )
    ).first()


def one(connection: sa.Connection, issuer: str, serial: int) -> IssuedCertificate | None:
    """A certificate with its DER."""
    row = row_of(connection, issuer, serial)
    if row is None or row.state == "intended":
        return None
    return rows.certificate(row, der_of(row.body))


def of_subject(connection: sa.Connection, subject: Identity) -> tuple[IssuedCertificate, ...]:
    """All that were issued to a subject, in order, with DER."""
    found = connection.execute(
        _WITH_BODY.where(
            CERTIFICATE.c.subject == refs.of(subject), CERTIFICATE.c.issued_seq.is_not(None)
        ).order_by(CERTIFICATE.c.issued_seq)
    ).all()
    return tuple(rows.certificate(row, der_of(row.body)) for row in found)


def named(connection: sa.Connection, wanted: Iterable[str]) -> tuple[IssuedCertificate, ...]:
    """Certificates by ``issuer/serial``, sorted, without DER."""
    query = sa.select(CERTIFICATE).where(CERTIFICATE.c.state != "intended")
    keys = (tuple(ref.split("/", 1)) for ref in wanted)
    found = (rows.certificate(row) for row in matching(connection, query, keys))
    return tuple(sorted(found, key=lambda c: c.key))


def with_der(
    connection: sa.Connection, wanted: Iterable[IssuedCertificate]
) -> tuple[IssuedCertificate, ...]:
    """Certificates with their DER, in the order given; a burnt serial stays without."""
    found = list(wanted)
    keys = ((c.issuer, refs.hexadecimal(c.serial)) for c in found)
    ders = {
        (row.issuer, int(row.serial, 16)): der_of(row.body)
        for row in matching(connection, _WITH_BODY, keys)
    }
    return tuple(msgspec.structs.replace(c, der=ders.get(c.key, b"")) for c in found)


def matching(
    connection: sa.Connection, query: sa.Select[*tuple[object, ...]], keys: Iterable[Iterable[str]]
) -> Iterator[Row]:
    """The rows of a query on certificates for these (issuer, serial) only."""
    serials: dict[str, list[str]] = {}
    for issuer, serial in keys:
        serials.setdefault(issuer, []).append(serial)
    for issuer, all_of_it in serials.items():
        for chunk in statements.chunks(all_of_it):
            yield from connection.execute(
                query.where(CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.serial.in_(chunk))
            ).all()


def revoked(
    connection: sa.Connection, issuer: str, ending_after: Instant | None
) -> tuple[IssuedCertificate, ...]:
    """Revoked and burnt serials, by serial, without DER."""
    query = sa.select(CERTIFICATE).where(
        CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.revoked_at.is_not(None)
    )
    if ending_after is not None:
        query = query.where(CERTIFICATE.c.not_after > to_epoch(ending_after))
    found = (rows.certificate(row) for row in connection.execute(query).all())
    return tuple(sorted(found, key=lambda c: c.serial))


def on_hold(
    connection: sa.Connection, certificates: Iterable[IssuedCertificate]
) -> tuple[OnHold, ...]:
    """Certificates on hold with those who hold them."""
    found = list(certificates)
    hold = tables.hold
    by: dict[tuple[str, int], list[str]] = {}
    for issuer in {c.issuer for c in found}:
        serials = [refs.hexadecimal(c.serial) for c in found if c.issuer == issuer]
        for chunk in statements.chunks(serials):
            query = sa.select(hold).where(hold.c.issuer == issuer, hold.c.serial.in_(chunk))
            for row in connection.execute(query.order_by(hold.c.name)).all():
                by.setdefault((row.issuer, int(row.serial, 16)), []).append(row.name)
    return tuple(OnHold(certificate=c, by=tuple(by.get(c.key, ()))) for c in found)


def released(connection: sa.Connection, issuer: str) -> tuple[IssuedCertificate, ...]:
    """Certificates that were taken off hold and have not been revoked since, without DER."""
    query = sa.select(CERTIFICATE).where(
        CERTIFICATE.c.issuer == issuer, sa.text("released_at IS NOT NULL")
    )
    found = (rows.certificate(row) for row in connection.execute(query).all())
    return tuple(sorted(found, key=lambda c: c.serial))


def in_use(
    connection: sa.Connection, now: Instant, issuers: Iterable[str]
) -> tuple[IssuedCertificate, ...]:
    """Current certificates of services that are declared or have not expired yet, by subject."""
    objects = tables.object_
    query = (
        sa.select(CERTIFICATE)
        .join(
            objects,
            (objects.c.issuer == CERTIFICATE.c.issuer) & (objects.c.serial == CERTIFICATE.c.serial),
        )
        .where(
            objects.c.kind == "Certificate",
            objects.c.declared_digest.is_not(None) | (CERTIFICATE.c.not_after > to_epoch(now)),
        )
        .order_by(objects.c.ref)
    )
    return tuple(
        rows.certificate(row)
        for chunk in statements.chunks(issuers)
        for row in connection.execute(query.where(objects.c.issuer.in_(chunk))).all()
    )


def replaced(
    connection: sa.Connection, now: Instant, issuers: Iterable[str]
) -> tuple[IssuedCertificate, ...]:
    """Certificates of services that have not ended and are not their services' current ones."""
    objects = tables.object_
    current = sa.exists().where(
        objects.c.ref == CERTIFICATE.c.subject,
        objects.c.issuer == CERTIFICATE.c.issuer,
        objects.c.serial == CERTIFICATE.c.serial,
    )
    query = (
        sa.select(CERTIFICATE)
        .where(
            CERTIFICATE.c.state.in_(("valid", "revoked")),
            CERTIFICATE.c.not_after > to_epoch(now),
            CERTIFICATE.c.subject.like("Certificate/%"),
            ~current,
        )
        .order_by(CERTIFICATE.c.issuer, CERTIFICATE.c.serial)
    )
    return tuple(
        rows.certificate(row)
        for chunk in statements.chunks(issuers)
        for row in connection.execute(query.where(CERTIFICATE.c.issuer.in_(chunk))).all()
    )


def counts(connection: sa.Connection) -> Mapping[str, int]:
    """How many there are in each state, open intents apart."""
    query = (
        sa.select(CERTIFICATE.c.state, sa.func.count())
        .where(CERTIFICATE.c.state != "intended")
        .group_by(CERTIFICATE.c.state)
    )
    return {row[0]: row[1] for row in connection.execute(query).all()}
