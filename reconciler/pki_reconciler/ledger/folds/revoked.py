"""Certificates that are revoked or put on hold, and what has to follow at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, refs, statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.folds.ended import end_subjects
from pki_reconciler.ledger.records import RevocationRecovered, Revoked
from pki_reconciler.ledger.rows import Entry, Row
from pki_schema.errors import WorldFailed
from pki_schema.issued import DueWork
from pki_schema.kinds.revocation import HOLD

CERTIFICATE = tables.certificate

R = TypeVar("R", Revoked, RevocationRecovered)

Effective = dict[tuple[str, str], Entry[Revoked]]
"""Revocations that change something, by issuer and serial."""

REPOSITORY = ""
"""The scope of the tally that counts everything."""


def revoked(connection: sa.Connection, entries: Sequence[Entry[Revoked]]) -> None:
    """Revoke: a second revocation of a serial changes nothing of the first, unless that was a hold.

    A hold is counted when it begins, and not again when it becomes final.
    """
    for run in apart(entries):
        known = _known(connection, run)
        by_key = {(e.record.issuer, e.record.serial): e for e in run}
        fresh = {k: e for k, e in by_key.items() if known[k].state in ("valid", "expired")}
        again = {k: e for k, e in by_key.items() if is_on_hold(known[k])}
        final = {k: e for k, e in again.items() if e.record.reason != HOLD}
        subjects = {key: row.subject for key, row in known.items()}
        if fresh:
            _mark(connection, list(fresh.values()))
            _count(connection, [(subjects[key], entry.at) for key, entry in fresh.items()])
        if final:
            _make_final(connection, list(final.values()))
        _hold(connection, [e for e in (fresh | again).values() if e.record.reason == HOLD])
        _follow_up(connection, fresh | final, subjects)


def apart(entries: Sequence[Entry[R]]) -> list[list[Entry[R]]]:
    """In order, cut where a serial comes a second time: that one meets what the first has done."""
    runs: list[list[Entry[R]]] = [[]]
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        key = (entry.record.issuer, entry.record.serial)
        if key in seen:
            runs.append([])
            seen.clear()
        seen.add(key)
        runs[-1].append(entry)
    return runs


def _known(
    connection: sa.Connection, entries: Sequence[Entry[Revoked]]
) -> Mapping[tuple[str, str], Row]:
    """The certificates that entries are about. Raises ``WorldFailed`` for what was not issued."""
    keys = [(e.record.issuer, e.record.serial) for e in entries]
    rows = certificates.matching(connection, sa.select(CERTIFICATE), keys)
    known = {(row.issuer, row.serial): row for row in rows if row.state != "intended"}
    for entry, key in zip(entries, keys, strict=True):
        if key not in known:
            raise WorldFailed(
                f"entry {entry.seq} revokes serial {key[1]} of {key[0][:16]}, which was not issued",
                "nothing was written; run `vcc-pki audit` before anything else",
            )
    return known


def is_on_hold(row: Row) -> bool:
    """Whether a row of ``certificate`` may still be released."""
    return bool(row.state == "revoked" and row.reason == HOLD)


def _follow_up(
    connection: sa.Connection, effective: Effective, subjects: Mapping[tuple[str, str], str]
) -> None:
    """Their subjects, their CRLs and their answers. What is on hold keeps its renewal in sight."""
    if not effective:
        return
    ended = {False: list[tuple[str, str, str]](), True: list[tuple[str, str, str]]()}
    for key, entry in effective.items():
        ended[entry.record.reason == HOLD].append((subjects[key], *key))
    for on_hold, keys in ended.items():
        if keys:
            end_subjects(connection, keys, renewals=on_hold)
    tell_at_once(connection, {key: entry.at for key, entry in effective.items()}, "revoked")


def tell_at_once(
    connection: sa.Connection, changed: dict[tuple[str, str], int], cause: str
) -> None:
    """A CRL and an answer are due at the instant from which a certificate's status is another."""
    first = {issuer: at for (issuer, _), at in reversed(changed.items())}
    dues.hasten(
        connection, [dues.row(issuer, DueWork.CRL, at, cause) for issuer, at in first.items()]
    )
    _answer_now(connection, changed, cause)


def _hold(connection: sa.Connection, entries: Sequence[Entry[Revoked]]) -> None:
    """Remember who holds what, also where somebody else does already."""
    statements.upsert(
        connection,
        tables.hold,
        [
            {
                "issuer": entry.record.issuer,
                "serial": entry.record.serial,
                "name": entry.record.revocation,
            }
            for entry in entries
            if entry.record.revocation
        ],
        update=(),
    )


def _make_final(connection: sa.Connection, entries: Sequence[Entry[Revoked]]) -> None:
    """X.509 (2019) section 9.5.3: the reason changes, the date stays that of the hold.

    So readers who believed a signature to be too late do not come to believe it.
    """
    which = (
        CERTIFICATE.c.issuer == sa.bindparam("i"),
        CERTIFICATE.c.serial == sa.bindparam("s"),
    )
    keys = [{"i": e.record.issuer, "s": e.record.serial} for e in entries]
    connection.execute(
        sa.update(CERTIFICATE)
        .where(*which)
        .values(
            ended_seq=sa.bindparam("seq"),
            reason=sa.bindparam("why"),
            invalidity_date=sa.func.coalesce(
                sa.bindparam("invalid", type_=tables.Whole), CERTIFICATE.c.invalidity_date
            ),
            revocation=sa.bindparam("name"),
        ),
        [
            {
                **key,
                "seq": entry.seq,
                "why": entry.record.reason,
                "invalid": entry.record.invalidity_date,
                "name": entry.record.revocation,
            }
            for key, entry in zip(keys, entries, strict=True)
        ],
    )
    let_go(connection, [(e.record.issuer, e.record.serial) for e in entries])


def let_go(connection: sa.Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Nobody holds these any more."""
    hold = tables.hold
    connection.execute(
        sa.delete(hold).where(
            hold.c.issuer == sa.bindparam("i"), hold.c.serial == sa.bindparam("s")
        ),
        [{"i": issuer, "s": serial} for issuer, serial in keys],
    )


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
                "name": entry.record.revocation,
            }
            for entry in entries
        ],
    )


def _answer_now(connection: sa.Connection, changed: dict[tuple[str, str], int], cause: str) -> None:
    """Only what is answered at all has a row."""
    due = tables.due
    connection.execute(
        sa.update(due)
        .where(due.c.ref == sa.bindparam("r"), due.c.work == str(DueWork.ANSWER))
        .where(due.c.at > sa.bindparam("now"))
        .values(at=sa.bindparam("now"), cause=cause),
        [{"r": refs.answer(*key), "now": at} for key, at in changed.items()],
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
