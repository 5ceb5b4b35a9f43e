"""Declared revocations: kept as commits said them, closed when carried out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import declarations, statements, tables
from pki_reconciler.ledger.declarations import Declaration
from pki_reconciler.ledger.folds import suspended
from pki_reconciler.ledger.records import Accepted, RevocationResolved
from pki_reconciler.ledger.rows import Entry, Suspension
from pki_schema.desired import RevocationRequest, canonical_json

REVOCATION = tables.revocation


def declare(connection: sa.Connection, entry: Entry[Accepted]) -> None:
    """Keep what an accepted commit revokes, also when a later one edits or removes the object.

    What says again what its name said before asks for nothing; see ``declarations.sense``.
    """
    requests = [facts.revocation for facts in entry.record.objects if facts.revocation]
    known = declarations.of_names(connection, [request.name for request in requests])
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
            if declarations.sense([one.spec for one in known.get(request.name, ())], request.spec)
            in declarations.DECLARES
        ],
    )


def _digest(request: RevocationRequest) -> str:
    """What it means, apart from its place and comment."""
    spec = msgspec.structs.replace(request.spec, comment=None)
    return hashlib.sha256(canonical_json(spec)).hexdigest()


def resolved(connection: sa.Connection, entries: Sequence[Entry[RevocationResolved]]) -> None:
    """Close the declared revocation; suspend identities, or let them go.

    It is found by name and commit; without such a commit the oldest open one of the name is meant.
    """
    for entry in entries:
        record = entry.record
        declared = declarations.of_names(connection, [record.name]).get(record.name, [])
        declared_at = _close(connection, entry, declared)
        holds = record.state == "held"
        if not holds and (record.state == "released" or any(d.is_hold for d in declared)):
            suspended.release(connection, record.name)
        reason = Suspension(name=record.name, seq=declared_at, hold=holds)
        for subject in record.suspended:
            suspended.suspend(connection, subject, reason)


def _close(
    connection: sa.Connection, entry: Entry[RevocationResolved], declared: Sequence[Declaration]
) -> int:
    """Returns at which entry it was declared; at this one, if it never was.

    What the same object had said before, and nobody had carried out, is closed with it.
    """
    still_open = [one for one in declared if not one.done]
    if not still_open:
        return entry.seq
    named = [one for one in still_open if one.commit == entry.record.commit]
    chosen = (named or still_open)[0]
    closing = [
        one.commit
        for one in still_open
        if one.seq <= chosen.seq and (one is chosen or declarations.is_overtaken(one, declared))
    ]
    connection.execute(
        sa.update(REVOCATION)
        .where(REVOCATION.c.name == entry.record.name, REVOCATION.c.commit.in_(closing))
        .values(resolved_seq=entry.seq)
    )
    return chosen.seq
