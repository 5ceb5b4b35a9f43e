"""CRLs and batches of OCSP answers: from intent to result, or abandoned."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.records import (
    AnswersIntended,
    AnswersIssued,
    BatchAbandoned,
    CrlIntended,
    CrlIssued,
)
from pki_reconciler.ledger.rows import Entry, Row
from pki_schema.desired import from_canonical
from pki_schema.errors import WorldFailed
from pki_schema.issued import DueWork

BATCH = tables.batch
STATUS = tables.status


def crl_intended(connection: sa.Connection, entries: Sequence[Entry[CrlIntended]]) -> None:
    """An open intent. The index refuses a second one for an issuer's scope and number, for ever."""
    statements.insert(
        connection,
        BATCH,
        [
            {
                "id": entry.seq,
                "kind": "crl",
                "issuer": entry.record.issuer,
                "scope": entry.record.scope,
                "number": entry.record.number,
                "digest": entry.record.tbs_digest,
                "done_seq": None,
                "state": "open",
            }
            for entry in entries
        ],
    )


def crl_issued(connection: sa.Connection, entries: Sequence[Entry[CrlIssued]]) -> None:
    """Everything of the new CRL but its bytes, and when the next one is due."""
    settings = dues.settings_by_issuer(connection)
    for entry in entries:
        record = entry.record
        intent = _crl_intent(connection, entry)
        _close(connection, intent.id, entry.seq, state="done")
        promise = from_canonical(intent.body.encode(), CrlIntended)
        before = None if promise.regular else regular_at(connection, record.issuer, record.scope)
        statements.upsert(
            connection,
            STATUS,
            [
                {
                    "issuer": record.issuer,
                    "kind": "crl",
                    "scope": record.scope,
                    "number": record.number,
                    "this_update": promise.this_update,
                    "next_update": promise.next_update,
                    "regular_at": promise.this_update if before is None else before,
                    "signer": record.issuer,
                    "bytes": None,
                }
            ],
            update=_STATUS,
        )
        authority = settings.get(record.issuer)
        if authority:
            at = promise.this_update + int(authority.crl.refresh)
            dues.put(connection, [dues.row(record.issuer, DueWork.CRL, at, "issued")])


_STATUS = ("number", "this_update", "next_update", "regular_at", "signer", "bytes")


def _crl_intent(connection: sa.Connection, entry: Entry[CrlIssued]) -> Row:
    record = entry.record
    row = connection.execute(
        sa.select(BATCH.c.id, BATCH.c.state, tables.entry.c.body)
        .join(tables.entry, tables.entry.c.seq == BATCH.c.id)
        .where(
            BATCH.c.issuer == record.issuer,
            BATCH.c.scope == record.scope,
            BATCH.c.number == record.number,
        )
    ).first()
    if row is None or row.state != "open":
        raise WorldFailed(
            f"entry {entry.seq} is about CRL {record.number} of {record.issuer[:16]}, "
            "which has no open intent",
            "nothing was written; run `vcc-pki audit` before anything else",
        )
    return row


def regular_at(connection: sa.Connection, issuer: str, scope: str) -> int | None:
    """The thisUpdate of the last scheduled CRL; a first one counts as scheduled."""
    return connection.execute(
        sa.select(STATUS.c.regular_at).where(
            STATUS.c.issuer == issuer, STATUS.c.kind == "crl", STATUS.c.scope == scope
        )
    ).scalar()


def answers_intended(connection: sa.Connection, entries: Sequence[Entry[AnswersIntended]]) -> None:
    """One open intent for the whole batch."""
    statements.insert(
        connection,
        BATCH,
        [
            {
                "id": entry.seq,
                "kind": "answers",
                "issuer": entry.record.issuer,
                "scope": None,
                "number": None,
                "digest": entry.record.content_digest,
                "done_seq": None,
                "state": "open",
            }
            for entry in entries
        ],
    )


def answers_issued(connection: sa.Connection, entries: Sequence[Entry[AnswersIssued]]) -> None:
    for entry in entries:
        _close(connection, entry.record.intent, entry.seq, state="done")


def abandoned(connection: sa.Connection, entries: Sequence[Entry[BatchAbandoned]]) -> None:
    for entry in entries:
        _close(connection, entry.record.intent, entry.seq, state="abandoned")


def _close(connection: sa.Connection, batch: int, seq: int, *, state: str) -> None:
    closed = connection.execute(
        sa.update(BATCH)
        .where(BATCH.c.id == batch, BATCH.c.state == "open")
        .values(state=state, done_seq=seq)
    )
    if closed.rowcount != 1:
        raise WorldFailed(
            f"entry {seq} closes the intent of entry {batch}, which is not open",
            "nothing was written; run `vcc-pki audit` before anything else",
        )
