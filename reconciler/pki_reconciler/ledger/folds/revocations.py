"""Declared revocations: kept as commits said them, closed when carried out; whom they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.records import Accepted, RevocationResolved
from pki_reconciler.ledger.rows import Entry, Row
from pki_schema.desired import Identity, Meaning, RevocationRequest, canonical_json, from_canonical
from pki_schema.issued import DueWork

OBJECT = tables.object_
REVOCATION = tables.revocation


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
