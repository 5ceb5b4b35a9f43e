"""Who is kept from being certified by revocations, and what services say to that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import refs, rows, statements, tables
from pki_reconciler.ledger.records import Accepted
from pki_reconciler.ledger.rows import Entry, Row, Suspension
from pki_schema.desired import Identity, Meaning, canonical_json, from_canonical

OBJECT = tables.object_


def named(connection: sa.Connection, entry: Entry[Accepted]) -> Mapping[str, str]:
    """What subjects name in ``resumeAfter``, each name with the entry that named it first.

    A name that stays from one meaning to the next stays as old as it was, also while the service
    waits for a CSR or is gone: who names a revocation that is yet to come does not name it anew by
    changing something else.
    """
    naming = {refs.of(m.subject): m.resume_after for m in entry.record.meanings if m.resume_after}
    before = {
        row.ref: _seqs(row.resumes)
        for chunk in statements.chunks(naming)
        for row in connection.execute(
            sa.select(OBJECT.c.ref, OBJECT.c.resumes).where(OBJECT.c.ref.in_(chunk))
        )
    }
    return {
        ref: canonical_json(
            {name: before.get(ref, {}).get(name, entry.seq) for name in names}
        ).decode()
        for ref, names in naming.items()
    }


def resume(connection: sa.Connection, meanings: Sequence[Meaning]) -> None:
    """A service that has named a revocation since that was declared is not held by it."""
    naming = {refs.of(meaning.subject) for meaning in meanings if meaning.resume_after}
    if not naming:
        return
    for row in _held(connection):
        if row.ref in naming:
            seqs = _seqs(row.resumes)
            _hold(
                connection,
                row.ref,
                [one for one in rows.suspensions(row.held_by) if not _is_named(seqs, one)],
            )


def suspend(connection: sa.Connection, subject: Identity, reason: Suspension) -> None:
    """Keep an identity from being certified, unless its service has named the revocation since it
    was declared. What one name said last counts.
    """
    row = connection.execute(
        sa.select(OBJECT.c.held_by, OBJECT.c.resumes).where(OBJECT.c.ref == refs.of(subject))
    ).first()
    if row is None or _is_named(_seqs(row.resumes), reason):
        return
    others = [one for one in rows.suspensions(row.held_by) if one.name != reason.name]
    _hold(connection, refs.of(subject), [*others, reason])


def release(connection: sa.Connection, name: str) -> None:
    """What a hold of this name has suspended is free of it."""
    for row in _held(connection):
        found = rows.suspensions(row.held_by)
        left = [one for one in found if not (one.hold and one.name == name)]
        if len(left) < len(found):
            _hold(connection, row.ref, left)


def _is_named(seqs: Mapping[str, int], one: Suspension) -> bool:
    """``resumeAfter`` is for what is final, and for what was declared before it was named."""
    return not one.hold and seqs.get(one.name, 0) > one.seq


def _held(connection: sa.Connection) -> Sequence[Row]:
    return connection.execute(
        sa.select(OBJECT.c.ref, OBJECT.c.held_by, OBJECT.c.resumes).where(
            sa.text("held_by IS NOT NULL")
        )
    ).all()


def _seqs(text: str | None) -> Mapping[str, int]:
    return from_canonical(text.encode(), dict[str, int]) if text else {}


def _hold(connection: sa.Connection, ref: str, found: Iterable[Suspension]) -> None:
    left = sorted(found, key=lambda one: one.name)
    connection.execute(
        sa.update(OBJECT)
        .where(OBJECT.c.ref == ref)
        .values(held_by=canonical_json(left).decode() if left else None)
    )
