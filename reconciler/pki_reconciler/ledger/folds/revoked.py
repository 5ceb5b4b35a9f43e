"""Certificates that are revoked, and what has to follow at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, refs, statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.folds.ended import end_subjects
from pki_reconciler.ledger.records import Revoked
from pki_reconciler.ledger.rows import Entry
from pki_schema.errors import WorldFailed
from pki_schema.issued import DueWork

CERTIFICATE = tables.certificate

Effective = dict[tuple[str, str], Entry[Revoked]]
"""Revocations that change something, by issuer and serial."""

REPOSITORY = ""
"""The scope of the tally that counts everything."""


def revoked(connection: sa.Connection, entries: Sequence[Entry[Revoked]]) -> None:
    """Revoke, for ever: a second revocation of a serial changes nothing of the first."""
    keys = [(e.record.issuer, e.record.serial) for e in entries]
    rows = certificates.matching(connection, sa.select(CERTIFICATE), keys)
    known = {(row.issuer, row.serial): row for row in rows}
    effective: dict[tuple[str, str], Entry[Revoked]] = {}
    for entry in entries:
        key = (entry.record.issuer, entry.record.serial)
        if key not in known or known[key].state == "intended":
            raise WorldFailed(
                f"entry {entry.seq} revokes serial {key[1]} of {key[0][:16]}, which was not issued",
                "nothing was written; run `vcc-pki audit` before anything else",
            )
        if known[key].state in ("valid", "expired"):
            effective.setdefault(key, entry)
    if effective:
        _carry_out(connection, effective, {key: known[key].subject for key in effective})


def _carry_out(
    connection: sa.Connection, effective: Effective, subjects: Mapping[tuple[str, str], str]
) -> None:
    _mark(connection, list(effective.values()))
    end_subjects(connection, [(subjects[key], *key) for key in effective])
    first = {issuer: entry.at for (issuer, _), entry in reversed(effective.items())}
    dues.hasten(
        connection,
        [dues.row(issuer, DueWork.CRL, at, "revoked") for issuer, at in first.items()],
    )
    _answer_now(connection, effective)
    _count(connection, [(subjects[key], entry.at) for key, entry in effective.items()])


def _mark(connection: sa.Connection, entries: Sequence[Entry[Revoked]]) -> None:
    connection.execute(
        sa.update(CERTIFICATE)
        .where(CERTIFICATE.c.issuer == sa.bindparam("i"), CERTIFICATE.c.serial == sa.bindparam("s"))
        .values(
            state="revoked",
            ended_seq=sa.bindparam("seq"),
            revoked_at=sa.bindparam("when"),
            reason=sa.bindparam("why"),
            invalidity_date=sa.bindparam("invalid"),
            revocation=sa.bindparam("name"),
        ),
        [
            {
                "i": entry.record.issuer,
                "s": entry.record.serial,
                "seq": entry.seq,
                "when": entry.record.revoked_at,
                "why": entry.record.reason,
                "invalid": entry.record.invalidity_date,
                "name": entry.record.revocation,
            }
            for entry in entries
        ],
    )


def _answer_now(connection: sa.Connection, effective: Effective) -> None:
    """Only what is answered at all has a row."""
    due = tables.due
    connection.execute(
        sa.update(due)
        .where(due.c.ref == sa.bindparam("r"), due.c.work == str(DueWork.ANSWER))
        .where(due.c.at > sa.bindparam("now"))
        .values(at=sa.bindparam("now"), cause="revoked"),
        [{"r": refs.answer(*key), "now": entry.at} for key, entry in effective.items()],
    )


def _count(connection: sa.Connection, ended: Sequence[tuple[str, int]]) -> None:
    """Tally for the guards: per tenant, and for the whole repository."""
    counts: Counter[tuple[str, int]] = Counter()
    for subject, at in ended:
        for scope in {refs.identity(subject).tenant, REPOSITORY}:
            counts[scope, at] += 1
    tally = tables.tally
    statements.upsert(
        connection,
        tally,
        [{"scope": scope, "at": at, "count": 0} for scope, at in counts],
        update=(),
    )
    connection.execute(
        sa.update(tally)
        .where(tally.c.scope == sa.bindparam("s"), tally.c.at == sa.bindparam("when"))
        .values(count=tally.c.count + sa.bindparam("more")),
        [{"s": scope, "when": at, "more": n} for (scope, at), n in counts.items()],
    )
