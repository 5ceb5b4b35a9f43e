"""Revocations: as declared, as carried out, and whom they hold."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.records import Accepted, RevocationResolved, Revoked
from pki_reconciler.ledger.rows import Entry, Row
from pki_schema.desired import Identity, Meaning, RevocationRequest, canonical_json, from_canonical
from pki_schema.errors import WorldFailed
from pki_schema.issued import DueWork

CERTIFICATE = tables.certificate
OBJECT = tables.object_
REVOCATION = tables.revocation

Effective = dict[tuple[str, str], Entry[Revoked]]
"""Revocations that change something, by issuer and serial."""

REPOSITORY = ""
"""The scope of the tally that counts everything."""


def declare(connection: sa.Connection, entry: Entry[Accepted]) -> None:
    """Keep what an accepted commit revokes, also when a later one edits or removes the object.

    The same revocation under the same name is declared once: bringing a removed file back asks for
    nothing new.
    """
    requests = [facts.revocation for facts in entry.record.objects if facts.revocation]
    known: set[tuple[str, str]] = set()
    for chunk in statements.chunks(request.name for request in requests):
        found = connection.execute(
            sa.select(REVOCATION.c.name, REVOCATION.c.digest).where(REVOCATION.c.name.in_(chunk))
        )
        known |= {(row.name, row.digest) for row in found}
    statements.insert(
        connection,
        REVOCATION,
        [
            {
                "name": request.name,
                "commit": entry.record.commit,
                "seq": entry.seq,
                "digest": _digest(request),
                "request": request.canonical().decode(),
                "resolved_seq": None,
            }
            for request in requests
            if (request.name, _digest(request)) not in known
        ],
    )


def _digest(request: RevocationRequest) -> str:
    """What it means, apart from its place and comment."""
    spec = msgspec.structs.replace(request.spec, comment=None)
    return hashlib.sha256(canonical_json(spec)).hexdigest()


def resume(connection: sa.Connection, meanings: Sequence[Meaning]) -> None:
    """A service that names a revocation in ``resumeAfter`` is no longer held by it."""
    named = {refs.of(m.subject): m.resume_after for m in meanings if m.resume_after}
    if not named:
        return
    for row in _held(connection):
        if row.ref in named:
            names = set(_names(row.held_by)) - set(named[row.ref])
            _hold(connection, row.ref, names)


def _held(connection: sa.Connection) -> Sequence[Row]:
    return connection.execute(
        sa.select(OBJECT.c.ref, OBJECT.c.held_by).where(OBJECT.c.held_by.is_not(None))
    ).all()


def _names(held_by: str | None) -> tuple[str, ...]:
    return () if held_by is None else from_canonical(held_by.encode(), tuple[str, ...])


def _hold(connection: sa.Connection, ref: str, names: set[str]) -> None:
    connection.execute(
        sa.update(OBJECT)
        .where(OBJECT.c.ref == ref)
        .values(held_by=canonical_json(sorted(names)).decode() if names else None)
    )


def resolved(connection: sa.Connection, entries: Sequence[Entry[RevocationResolved]]) -> None:
    """Close the declared revocation and hold the identities it suspends.

    It is found by name and commit; without such a commit the oldest open one of the name is meant.
    """
    for entry in entries:
        record = entry.record
        _close(connection, entry)
        for subject in record.suspended:
            _suspend(connection, subject, record.name)


def _close(connection: sa.Connection, entry: Entry[RevocationResolved]) -> None:
    found = connection.execute(
        sa.select(REVOCATION.c.commit)
        .where(REVOCATION.c.name == entry.record.name, REVOCATION.c.resolved_seq.is_(None))
        .order_by(REVOCATION.c.seq)
    )
    commits = [commit for (commit,) in found]
    if not commits:
        return
    named = entry.record.commit
    connection.execute(
        sa.update(REVOCATION)
        .where(
            REVOCATION.c.name == entry.record.name,
            REVOCATION.c.commit == (named if named in commits else commits[0]),
        )
        .values(resolved_seq=entry.seq)
    )


def _suspend(connection: sa.Connection, subject: Identity, name: str) -> None:
    row = connection.execute(
        sa.select(OBJECT.c.held_by, OBJECT.c.declared).where(OBJECT.c.ref == refs.of(subject))
    ).first()
    if row is None:
        return
    declared = from_canonical(row.declared.encode(), Meaning) if row.declared else None
    if declared is None or name not in declared.resume_after:
        _hold(connection, refs.of(subject), {*_names(row.held_by), name})
        dues.drop(connection, [refs.of(subject)], DueWork.RENEW)


def revoked(connection: sa.Connection, entries: Sequence[Entry[Revoked]]) -> None:
    """Revoke, for ever: a second revocation of a serial changes nothing of the first."""
    known = _known(connection, entries)
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


def _known(
    connection: sa.Connection, entries: Sequence[Entry[Revoked]]
) -> dict[tuple[str, str], Row]:
    """State and subject of these certificates, by issuer and serial."""
    serials: dict[str, list[str]] = {}
    for entry in entries:
        serials.setdefault(entry.record.issuer, []).append(entry.record.serial)
    columns = (CERTIFICATE.c.serial, CERTIFICATE.c.subject, CERTIFICATE.c.state)
    return {
        (issuer, row.serial): row
        for issuer, all_of_it in serials.items()
        for chunk in statements.chunks(all_of_it)
        for row in connection.execute(
            sa.select(*columns).where(
                CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.serial.in_(chunk)
            )
        )
    }


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


def end_subjects(connection: sa.Connection, ended: Sequence[tuple[str, str, str]]) -> None:
    """(subject, issuer, serial): where this is the current certificate it is no longer good."""
    current = sa.and_(
        OBJECT.c.ref == sa.bindparam("r"),
        OBJECT.c.issuer == sa.bindparam("i"),
        OBJECT.c.serial == sa.bindparam("s"),
    )
    keys = [{"r": subject, "i": issuer, "s": serial} for subject, issuer, serial in ended]
    connection.execute(
        sa.delete(tables.due).where(
            tables.due.c.work == str(DueWork.RENEW),
            tables.due.c.ref == sa.select(OBJECT.c.ref).where(current).scalar_subquery(),
        ),
        keys,
    )
    connection.execute(sa.update(OBJECT).where(current).values(ended=1), keys)


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
