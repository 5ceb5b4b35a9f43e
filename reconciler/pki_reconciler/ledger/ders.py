"""The DER of certificates, which only entries hold."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import authorities, refs, statements, tables
from pki_schema.issued import IssuedCertificate

CERTIFICATE = tables.certificate


def with_der(
    connection: sa.Connection, wanted: Iterable[IssuedCertificate]
) -> tuple[IssuedCertificate, ...]:
    """Certificates with their DER, in the order given; a burnt serial stays without."""
    found = list(wanted)
    serials: dict[str, list[str]] = {}
    for certificate in found:
        serials.setdefault(certificate.issuer, []).append(refs.hexadecimal(certificate.serial))
    ders = {
        (issuer, int(row.serial, 16)): authorities.der_of(row.body)
        for issuer, all_of_it in serials.items()
        for chunk in statements.chunks(all_of_it)
        for row in connection.execute(
            sa.select(CERTIFICATE.c.serial, tables.entry.c.body)
            .join(tables.entry, tables.entry.c.seq == CERTIFICATE.c.issued_seq)
            .where(CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.serial.in_(chunk))
        )
    }
    return tuple(msgspec.structs.replace(c, der=ders.get(c.key, b"")) for c in found)
