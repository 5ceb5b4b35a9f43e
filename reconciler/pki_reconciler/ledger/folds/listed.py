"""What was read back from published CRLs: who is revoked, and which numbers are taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, refs, statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.folds.batches import regular_at
from pki_reconciler.ledger.folds.ended import end_subjects
from pki_reconciler.ledger.folds.revoked import apart, let_go
from pki_reconciler.ledger.records import CrlRecovered, RevocationRecovered
from pki_reconciler.ledger.rows import Entry, Row, Values
from pki_schema.desired import Identity
from pki_schema.issued import DueWork
from pki_schema.kinds.revocation import HOLD

CERTIFICATE = tables.certificate

UNKNOWN = "Unknown"
"""The kind of subject of a serial of which nothing is known but that it is revoked."""

_COLUMNS = tuple(column.name for column in CERTIFICATE.c if not column.primary_key)


def revocations(connection: sa.Connection, entries: Sequence[Entry[RevocationRecovered]]) -> None:
    """What is published as revoked is revoked, whatever is known of it otherwise.

    A serial of which nothing else is known stays on the CRL until its CA ends.
    """
    for run in apart(entries):
        _revocations(connection, run)


def _revocations(connection: sa.Connection, entries: Sequence[Entry[RevocationRecovered]]) -> None:
    wanted = [(e.record.issuer, e.record.serial) for e in entries]
    known = {
        (row.issuer, row.serial): row
        for row in certificates.matching(connection, sa.select(CERTIFICATE), wanted)
    }
    ends = _ends(connection, {issuer for issuer, _ in wanted})
    settings = dues.settings_by_issuer(connection)
    new = [e for e in entries if (e.record.issuer, e.record.serial) not in known]
    rows = [_unknown(e, ends.get(e.record.issuer, e.at)) for e in new]
    statements.insert(connection, CERTIFICATE, rows)
    again = {k: e for e in entries if (k := (e.record.issuer, e.record.serial)) in known}
    for on_hold in (True, False):
        keys = [k for k, e in again.items() if (e.record.reason == HOLD) is on_hold]
        if keys:
            _mark(connection, [again[key] for key in keys])
            end_subjects(connection, [(known[k].subject, *k) for k in keys], renewals=on_hold)
            if not on_hold:
                let_go(connection, keys)
    presigned = {issuer for issuer in ends if dues.presigned(settings.get(issuer))}
    _answer(connection, entries, rows, known, presigned=presigned)


def _unknown(entry: Entry[RevocationRecovered], not_after: int) -> Values:
    record = entry.record
    return {
        **dict.fromkeys(_COLUMNS, ""),
        "issuer": record.issuer,
        "serial": record.serial,
        "subject": refs.of(Identity(UNKNOWN, "", record.serial)),
        "not_before": record.revoked_at,
        "not_after": not_after,
        "shard": 0,
        "answerable": 1,
        "state": "revoked",
        "intent_seq": entry.seq,
        "issued_seq": None,
        "ended_seq": entry.seq,
        "revoked_at": record.revoked_at,
        "reason": record.reason,
        "invalidity_date": record.invalidity_date,
        "released_at": None,
    }


def _ends(connection: sa.Connection, issuers: Iterable[str]) -> Mapping[str, int]:
    """When the last certificate of each of these CA keys ends."""
    found = connection.execute(
        sa.select(CERTIFICATE.c.spki, sa.func.max(CERTIFICATE.c.not_after))
        .where(CERTIFICATE.c.spki.in_(sorted(issuers)), CERTIFICATE.c.issued_seq.is_not(None))
        .group_by(CERTIFICATE.c.spki)
    )
    return {row[0]: row[1] for row in found}


def _mark(connection: sa.Connection, entries: Sequence[Entry[RevocationRecovered]]) -> None:
    """An open intent among them is closed by it: it was signed, and it is over."""
    if entries:
        connection.execute(
            sa.update(CERTIFICATE)
            .where(
                CERTIFICATE.c.issuer == sa.bindparam("i"), CERTIFICATE.c.serial == sa.bindparam("s")
            )
            .values(
                state="revoked",
                ended_seq=sa.bindparam("seq"),
                revoked_at=sa.bindparam("when"),
                reason=sa.bindparam("why"),
                invalidity_date=sa.bindparam("invalid"),
                released_at=None,
            ),
            [
                {
                    "i": entry.record.issuer,
                    "s": entry.record.serial,
                    "seq": entry.seq,
                    "when": entry.record.revoked_at,
                    "why": entry.record.reason,
                    "invalid": entry.record.invalidity_date,
                }
                for entry in entries
            ],
        )


def _answer(
    connection: sa.Connection,
    entries: Sequence[Entry[RevocationRecovered]],
    new: Sequence[Values],
    known: Mapping[tuple[str, str], Row],
    *,
    presigned: set[str],
) -> None:
    """CRLs and answers are due at once."""
    at = {(e.record.issuer, e.record.serial): e.at for e in entries}
    answerable = [(row["issuer"], row["serial"]) for row in new]
    answerable += [key for key, row in known.items() if row.answerable]
    dues.put(
        connection,
        [
            dues.row(refs.answer(*key), DueWork.ANSWER, at[key], "recovered")
            for key in answerable
            if key[0] in presigned
        ],
    )
    dues.put(
        connection,
        [
            dues.expiry(refs.answer(row["issuer"], row["serial"]), row["not_after"], "recovered")
            for row in new
        ],
    )
    _crls_now(connection, [(e.record.issuer, e.at) for e in entries])


def crls(connection: sa.Connection, entries: Sequence[Entry[CrlRecovered]]) -> None:
    """Numbers go on above them, and the next CRL is due at once."""
    for entry in entries:
        record = entry.record
        statements.insert(
            connection,
            tables.batch,
            [
                {
                    "id": entry.seq,
                    "kind": "crl",
                    "issuer": record.issuer,
                    "scope": record.scope,
                    "number": record.number,
                    "digest": record.content_digest,
                    "done_seq": entry.seq,
                    "state": "done",
                }
            ],
        )
        statements.upsert(
            connection,
            tables.status,
            [
                {
                    "issuer": record.issuer,
                    "kind": "crl",
                    "scope": record.scope,
                    "number": record.number,
                    "this_update": record.this_update,
                    "next_update": record.next_update,
                    # Nobody knows which one was the last scheduled: nothing leaves before the next.
                    "regular_at": regular_at(connection, record.issuer, record.scope) or 0,
                    "signer": record.issuer,
                    "bytes": None,
                }
            ],
            update=("number", "this_update", "next_update", "regular_at", "signer", "bytes"),
        )
    _crls_now(connection, [(e.record.issuer, e.at) for e in entries])


def _crls_now(connection: sa.Connection, issuers: Iterable[tuple[str, int]]) -> None:
    first = dict(reversed(list(issuers)))
    dues.hasten(
        connection,
        [dues.row(issuer, DueWork.CRL, at, "recovered") for issuer, at in first.items()],
    )
