"""Accepted commits: what Git wants, as rows of objects and subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.folds import faults, revocations, suspended
from pki_reconciler.ledger.folds.cares import care_digest
from pki_reconciler.ledger.records import Accepted, ObjectFacts
from pki_reconciler.ledger.rows import Entry, Row, Values
from pki_schema.desired import SUBJECT_KINDS, Identity

OBJECT = tables.object_


def accepted(connection: sa.Connection, entries: Sequence[Entry[Accepted]]) -> None:
    """A commit's difference to what was accepted before, in the rows of objects and subjects."""
    for entry in entries:
        record = entry.record
        before = _before(connection, record)
        statements.insert(
            connection,
            tables.accepted,
            [
                {
                    "slice": record.slice,
                    "seq": entry.seq,
                    "commit": record.commit,
                    "parent": record.parent,
                    "objects": _count(connection, record, before),
                }
            ],
        )
        _put_objects(connection, record, before)
        _drop_objects(connection, record)
        _put_meanings(connection, entry)
        revocations.declare(connection, entry)
        suspended.resume(connection, record.meanings)
        faults.settled(connection, entry)


def _before(connection: sa.Connection, record: Accepted) -> Mapping[str, Row]:
    """State and limits of the objects that a commit changes, as they stood, also if removed."""
    columns = [OBJECT.c[name] for name in ("ref", "state", *_LIMIT)]
    changed = [refs.of(i) for i in (*(f.identity for f in record.objects), *record.removed)]
    return {
        row.ref: row._mapping
        for chunk in statements.chunks(changed)
        for row in connection.execute(sa.select(*columns).where(OBJECT.c.ref.in_(chunk)))
    }


def _count(connection: sa.Connection, record: Accepted, before: Mapping[str, Row]) -> int:
    """How many objects the tree has now: counted on, because counting them all would be slow."""
    table = tables.accepted
    last = connection.execute(
        sa.select(table.c.objects).order_by(table.c.seq.desc()).limit(1)
    ).scalar()
    there = {ref for ref, row in before.items() if row["state"] == "present"}
    after = there | {refs.of(f.identity) for f in record.objects}
    after -= {refs.of(identity) for identity in record.removed}
    return (last or 0) + len(after) - len(there)


def _put_objects(connection: sa.Connection, record: Accepted, before: Mapping[str, Row]) -> None:
    statements.upsert(
        connection,
        OBJECT,
        [_object_values(facts, record.commit, before) for facts in record.objects],
        update=("path", "blob", "state", "commit", "facts", *_LIMIT),
    )
    there = [f.identity for f in record.objects if refs.of(f.identity) in before]
    _drop_references(connection, there)
    statements.insert(
        connection,
        tables.ref,
        [
            {"target": target, "source": refs.of(facts.identity)}
            for facts in record.objects
            for target in dict.fromkeys(map(refs.of, facts.refs))
        ],
    )


_LIMIT = ("limit", "limit_before", "limit_raised_by")


def _object_values(facts: ObjectFacts, commit: str, before: Mapping[str, Row]) -> Values:
    ref = refs.of(facts.identity)
    limit = _raised(before.get(ref), facts.revocations_limit, commit)
    return {
        **_identified(facts.identity),
        "path": facts.path,
        "blob": facts.blob,
        "state": "present",
        "commit": commit,
        "facts": facts.canonical().decode(),
        **limit,
    }


def _identified(identity: Identity) -> Values:
    return {
        "ref": refs.of(identity),
        "kind": identity.kind,
        "tenant": identity.tenant,
        "name": identity.name,
    }


def _raised(before: Row | None, limit: int | None, commit: str) -> Values:
    """Tightening counts at once; a commit's own loosening is kept apart for ``Allowance``."""
    if limit is None or before is None or before["limit"] is None:
        return {"limit": limit, "limit_before": limit, "limit_raised_by": ""}
    if limit > before["limit"]:
        return {
            "limit": limit,
            "limit_before": before["limit"],
            "limit_raised_by": commit,
        }
    return {
        "limit": limit,
        "limit_before": min(limit, before["limit_before"]),
        "limit_raised_by": before["limit_raised_by"],
    }


def _drop_objects(connection: sa.Connection, record: Accepted) -> None:
    gone = [{"r": refs.of(identity)} for identity in record.removed]
    if gone:
        connection.execute(
            sa.update(OBJECT)
            .where(OBJECT.c.ref == sa.bindparam("r"))
            .values(state="removed", commit=record.commit),
            gone,
        )
        _drop_references(connection, record.removed)


def _drop_references(connection: sa.Connection, sources: Sequence[Identity]) -> None:
    if sources:
        connection.execute(
            sa.delete(tables.ref).where(tables.ref.c.source == sa.bindparam("s")),
            [{"s": refs.of(source)} for source in sources],
        )


_DECLARED = ("declared", "declared_digest", "declared_care", "suspended")


def _put_meanings(connection: sa.Connection, entry: Entry[Accepted]) -> None:
    """A subject that waits for its CSR, or is withdrawn, has no declared meaning."""
    record = entry.record
    resumes = suspended.named(connection, entry)
    update = ("path", "state", "commit", *_DECLARED)
    statements.upsert(
        connection,
        OBJECT,
        [
            {
                **_subject_values(meaning.subject, record.commit, state="present"),
                "path": meaning.origin.path,
                "declared": meaning.canonical().decode(),
                "declared_digest": meaning.profile.digest(),
                "declared_care": care_digest(meaning),
                "suspended": int(meaning.suspended),
                "resumes": resumes.get(refs.of(meaning.subject)),
            }
            for meaning in record.meanings
        ],
        update=(*update, "resumes"),
    )
    nothing: Values = {**dict.fromkeys(_DECLARED), "suspended": 0}
    states = dict.fromkeys(record.pending, "pending") | dict.fromkeys(record.withdrawn, "removed")
    statements.upsert(
        connection,
        OBJECT,
        [
            {**_subject_values(identity, record.commit, state=state), **nothing}
            for identity, state in states.items()
        ],
        update=tuple(name for name in update if name != "path"),
    )


def _subject_values(identity: Identity, commit: str, *, state: str) -> Values:
    if identity.kind not in SUBJECT_KINDS:
        raise ValueError(f"{identity} is no subject")
    return {
        **_identified(identity),
        "path": "",
        "blob": "",
        "state": state,
        "commit": commit,
        "limit_raised_by": "",
    }
