"""Every key ever seen, by the SHA-256 (hex) of its SPKI: ours, services', and barred ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.records import KeyRecorded
from pki_reconciler.ledger.rows import KeyRow
from pki_schema.desired import Identity, from_canonical
from pki_schema.issued import Subject

KEY = tables.key


def every(connection: sa.Connection) -> tuple[KeyRow, ...]:
    """All of them."""
    return tuple(
        KeyRow(
            spki=row.spki,
            algorithm=row.algorithm,
            purpose=row.purpose,
            owner=refs.identity(row.owner) if row.owner else None,
            locator=row.locator,
            blocked=row.revocation if row.state == "blocked" else "",
        )
        for row in connection.execute(sa.select(KEY).order_by(KEY.c.spki))
    )


def keys_of(connection: sa.Connection, owner: Identity) -> tuple[bytes, ...]:
    """Keys recorded for a subject, newest first, as DER."""
    query = (
        sa.select(tables.entry.c.body)
        .join(KEY, KEY.c.seq == tables.entry.c.seq)
        .where(KEY.c.owner == refs.of(owner), tables.entry.c.kind == "key")
        .order_by(KEY.c.seq.desc())
    )
    return tuple(
        from_canonical(body.encode(), KeyRecorded).spki
        for body in connection.execute(query).scalars()
    )


def is_blocked(connection: sa.Connection, spki: str) -> bool:
    """Whether a key must never be certified again."""
    state = connection.execute(sa.select(KEY.c.state).where(KEY.c.spki == spki)).scalar()
    return state == "blocked"


def of_subjects(
    connection: sa.Connection, subjects: Sequence[Subject]
) -> tuple[frozenset[str], Mapping[str, Identity]]:
    """Which keys of these subjects, declared or certified, are blocked, and whose each is."""
    wanted: dict[str, None] = {}
    for subject_ in subjects:
        for meaning in (subject_.declared, subject_.applied):
            if meaning and meaning.profile.spki is not None:
                wanted[hashlib.sha256(meaning.profile.spki).hexdigest()] = None
        if subject_.current:
            wanted[subject_.current.spki] = None
    blocked: set[str] = set()
    owners: dict[str, Identity] = {}
    for chunk in statements.chunks(wanted):
        for row in connection.execute(
            sa.select(KEY.c.spki, KEY.c.state, KEY.c.owner).where(KEY.c.spki.in_(chunk))
        ):
            if row.state == "blocked":
                blocked.add(row.spki)
            if row.owner is not None:
                owners[row.spki] = refs.identity(row.owner)
    return frozenset(blocked), owners
