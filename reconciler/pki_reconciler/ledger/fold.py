"""The fold: from entries to rows, the only code that changes the folded tables.

Live writing and replay run it, so that every row but the bytes of current CRLs and answers can be
made again from the entries. What replay cannot know it makes due at once: an answer's first
instant stands until the next batch of answers is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import records, statements, tables, tiles
from pki_reconciler.ledger.folds import (
    accepted,
    adopted,
    batches,
    certified,
    doubted,
    ended,
    faults,
    keys,
    listed,
    recovered,
    released,
    revocations,
    revoked,
)
from pki_reconciler.ledger.records import Record
from pki_reconciler.ledger.rows import Entry
from pki_schema.desired import from_canonical
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant, to_epoch

Fold = Callable[[sa.Connection, Sequence[Entry[Any]]], None]

FOLDS: dict[type[Record], Fold] = {
    records.Accepted: accepted.accepted,
    records.Refused: faults.refused,
    records.KeyRecorded: keys.recorded,
    records.KeyBlocked: keys.blocked,
    records.CertificateIntended: certified.intended,
    records.CertificateIssued: certified.issued,
    records.SerialBurnt: ended.burnt,
    records.MeaningAdopted: adopted.adopted,
    records.SubjectRetired: adopted.retired,
    records.Revoked: revoked.revoked,
    records.Released: released.released,
    records.RevocationResolved: revocations.resolved,
    records.CertificateExpired: ended.expired,
    records.CrlIntended: batches.crl_intended,
    records.CrlIssued: batches.crl_issued,
    records.AnswersIntended: batches.answers_intended,
    records.AnswersIssued: batches.answers_issued,
    records.BatchAbandoned: batches.abandoned,
    records.AuthorityRecovered: recovered.certificates_,
    records.CertificateRecovered: recovered.certificates_,
    records.RevocationRecovered: listed.revocations,
    records.CrlRecovered: listed.crls,
    records.Doubted: doubted.doubted,
    records.Orphaned: doubted.orphaned,
    records.Confirmed: doubted.confirmed,
}

REPLAY_BATCH = 1_000


def fold(connection: sa.Connection, seq: int, at: Instant, record: Record) -> None:
    """Change the rows as one record asks. Its entry must be stored already."""
    fold_all(connection, [Entry(seq, to_epoch(at), record)])


def fold_all(connection: sa.Connection, entries: Sequence[Entry[Record]]) -> None:
    """The same for many, in order; neighbours of one kind share their statements."""
    for _, run in groupby(entries, key=_family):
        neighbours = list(run)
        for kind in dict.fromkeys(type(entry.record) for entry in neighbours):
            FOLDS[kind](connection, [e for e in neighbours if type(e.record) is kind])


def _family(entry: Entry[Record]) -> type[Record]:
    """Blocked keys come between the revocations they belong to, and change no row of theirs."""
    kind = type(entry.record)
    return records.Revoked if kind is records.KeyBlocked else kind


def replay(source: sa.Connection, destination: sa.Connection, *, until: int | None = None) -> int:
    """Copy all entries (up to seq ``until``) into an empty ledger and fold them; returns how many.

    Raises ``WorldFailed`` for a gap, a leaf hash that does not fit, or an unreadable entry.
    """
    size = 0
    for chunk in _stored(source, until):
        entries = []
        for row in chunk:
            size += 1
            if row["seq"] != size or row["leaf"] != tiles.leaf(row["salt"], row["body"]):
                raise WorldFailed(
                    f"ledger entry {size} is missing or was changed", "restore a backup"
                )
            entries.append(Entry(row["seq"], row["at"], _record(row["seq"], row["body"])))
        statements.insert(destination, tables.entry, chunk)
        tiles.append(destination, size - len(chunk), [row["leaf"] for row in chunk])
        fold_all(destination, entries)
    return size


def _stored(source: sa.Connection, until: int | None) -> Iterator[list[dict[str, Any]]]:
    table = tables.entry
    seq = 0
    while True:
        query = sa.select(table).where(table.c.seq > seq).order_by(table.c.seq)
        if until is not None:
            query = query.where(table.c.seq <= until)
        chunk = [dict(row._mapping) for row in source.execute(query.limit(REPLAY_BATCH))]
        if not chunk:
            return
        yield chunk
        seq = chunk[-1]["seq"]


def _record(seq: int, body: str) -> Record:
    try:
        return from_canonical(body.encode(), Record)  # type: ignore[arg-type]
    except msgspec.DecodeError as error:
        raise WorldFailed(
            f"ledger entry {seq} cannot be read: {error}", "use the version that wrote it"
        ) from None
