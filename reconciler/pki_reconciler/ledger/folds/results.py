"""What a result is the result of: every one closes exactly one open intent."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, tables
from pki_reconciler.ledger.records import CertificateIssued, SerialBurnt
from pki_reconciler.ledger.rows import Entry, Row
from pki_schema.errors import WorldFailed

CERTIFICATE = tables.certificate
ENTRY = tables.entry

_WITH_INTENT = sa.select(CERTIFICATE, ENTRY.c.body).join(
    ENTRY, ENTRY.c.seq == CERTIFICATE.c.intent_seq
)


def open_intents(
    connection: sa.Connection, results: Sequence[Entry[CertificateIssued | SerialBurnt]]
) -> list[Row]:
    """The certificates that these entries are about, in order, with the bodies of their intents.

    Raises ``WorldFailed`` for a serial that has none, or has had its result.
    """
    keys = [(e.record.issuer, e.record.serial) for e in results]
    found = {
        (row.issuer, row.serial): row
        for row in certificates.matching(connection, _WITH_INTENT, keys)
        if row.state == "intended"
    }
    rows = []
    for result, key in zip(results, keys, strict=True):
        row = found.pop(key, None)  # taken out when used: a serial has one result
        if row is None:
            raise WorldFailed(
                f"entry {result.seq} is about serial {key[1]} of {key[0][:16]}, "
                "which has no open intent",
                "nothing was written; run `vcc-pki audit` before anything else",
            )
        rows.append(row)
    return rows
