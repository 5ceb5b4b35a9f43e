"""The CA generations that exist, each with all that building and signing in its name needs."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from cryptography import x509

from pki_reconciler.ledger import certificates, rows, tables
from pki_reconciler.ledger.rows import Row
from pki_schema.desired import Identity, responder_identity
from pki_schema.errors import WorldFailed
from pki_schema.issued import IssuedAuthority, IssuedCertificate, IssuedCrl

_DAMAGED = "the ledger is damaged; restore the last backup"

BATCH = tables.batch
CERTIFICATE = tables.certificate
OBJECT = tables.object_
STATUS = tables.status


def issued(connection: sa.Connection) -> Mapping[str, IssuedAuthority]:
    """All of them by the SHA-256 of their keys, in the order of their names and generations.

    ``parent`` is the issuer of its certificate: its parent's key, or its own for a root.
    """
    certified = _current(connection, "AuthorityCertificate")
    responders = {
        certificate.subject: certificate
        for _, certificate in _current(connection, "ResponderCertificate")
    }
    crls = {crl.issuer: crl for crl in _crls(connection)}
    numbers = last_numbers(connection)
    found = [
        _authority(row, certificate, responders, crls.get(row.spki), numbers.get(row.spki, 0))
        for row, certificate in certified
    ]
    return {a.spki: a for a in sorted(found, key=lambda a: (a.name, a.generation))}


def _authority(
    row: Row,
    certificate: IssuedCertificate,
    responders: Mapping[Identity, IssuedCertificate],
    crl: IssuedCrl | None,
    last_number: int,
) -> IssuedAuthority:
    meaning = rows.meaning(row.applied)
    if meaning is None:
        raise WorldFailed(f"{row.subject} has a certificate and no meaning", _DAMAGED)
    name, _, generation = row.name.partition("/")
    return IssuedAuthority(
        name=name,
        generation=int(generation),
        spki=row.spki,
        ski=_key_identifier(certificate.der),
        certificate=certificate,
        meaning=meaning,
        parent=certificate.issuer,
        crl=crl,
        last_number=last_number,
        responder=responders.get(responder_identity(name, int(generation))),
    )


def _key_identifier(der: bytes) -> str:
    """The subject key identifier in a CA's own certificate (RFC 5280 section 4.2.1.2), hex."""
    certificate = x509.load_der_x509_certificate(der)
    extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return extension.value.digest.hex()


def _current(connection: sa.Connection, kind: str) -> list[tuple[Row, IssuedCertificate]]:
    """The current certificates, with DER, of all subjects of a kind that have one."""
    found = connection.execute(
        sa.select(
            CERTIFICATE,
            OBJECT.c.applied,
            OBJECT.c.name,
            tables.entry.c.body,
        )
        .select_from(OBJECT)
        .join(
            CERTIFICATE,
            (CERTIFICATE.c.issuer == OBJECT.c.issuer) & (CERTIFICATE.c.serial == OBJECT.c.serial),
        )
        .join(tables.entry, tables.entry.c.seq == CERTIFICATE.c.issued_seq)
        .where(OBJECT.c.kind == kind)
    )
    return [(row, rows.certificate(row, certificates.der_of(row.body))) for row in found]


def _crls(connection: sa.Connection) -> list[IssuedCrl]:
    found = connection.execute(
        sa.select(STATUS).where(
            STATUS.c.issuer.in_(_keys()),
            STATUS.c.kind == "crl",
            STATUS.c.scope == "*",
            STATUS.c.bytes.is_not(None),
        )
    )
    return [rows.crl(row) for row in found]


def _keys() -> sa.ScalarSelect[str | None]:
    return (
        sa.select(OBJECT.c.spki)
        .where(OBJECT.c.kind == "AuthorityCertificate", OBJECT.c.spki.is_not(None))
        .scalar_subquery()
    )


def last_numbers(connection: sa.Connection) -> Mapping[str, int]:
    """The highest CRL number ever intended, by issuer."""
    last = (
        sa.select(sa.func.max(BATCH.c.number))
        .where(BATCH.c.issuer == OBJECT.c.spki, BATCH.c.scope == "*")
        .scalar_subquery()
    )
    found = connection.execute(
        sa.select(OBJECT.c.spki, last).where(
            OBJECT.c.kind == "AuthorityCertificate", OBJECT.c.spki.is_not(None)
        )
    )
    return {spki: number for spki, number in found if number is not None}
