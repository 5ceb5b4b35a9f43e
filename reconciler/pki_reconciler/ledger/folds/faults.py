"""Slices that stand still: written anew with every acceptance, the global one with a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import statements, tables
from pki_reconciler.ledger.records import Accepted, Refused, SliceFault
from pki_reconciler.ledger.rows import Entry
from pki_schema.desired import canonical_json

FAULT = tables.fault


def settled(connection: sa.Connection, entry: Entry[Accepted]) -> None:
    """Every slice was judged with this commit: these are faulty, and no other is."""
    connection.execute(sa.delete(FAULT))
    _put(connection, entry.seq, entry.record.commit, entry.record.faulty)


def refused(connection: sa.Connection, entries: Sequence[Entry[Refused]]) -> None:
    """The global slice is faulty; what tenants stand at is as it was."""
    for entry in entries:
        _put(connection, entry.seq, entry.record.commit, [entry.record.fault])


def _put(connection: sa.Connection, seq: int, commit: str, faulty: Iterable[SliceFault]) -> None:
    statements.upsert(
        connection,
        FAULT,
        [
            {
                "slice": one.slice,
                "commit": commit,
                "since": one.since,
                "problems": canonical_json(one.problems).decode(),
                "count": one.count,
                "seq": seq,
            }
            for one in faulty
        ],
        update=("commit", "since", "problems", "count", "seq"),
    )
