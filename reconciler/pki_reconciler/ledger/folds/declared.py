"""What Git wants: accepted commits, and what was adopted or retired because of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import refs, rows, statements, tables
from pki_reconciler.ledger.folds import dues, revoked
from pki_reconciler.ledger.records import (
    Accepted,
    MeaningAdopted,
    ObjectFacts,
    SubjectRetired,
)
from pki_reconciler.ledger.rows import Entry, Row, Values
from pki_schema.desired import SUBJECT_KINDS, AuthoritySettings, Identity, Meaning
from pki_schema.issued import DueWork

OBJECT = tables.object_


def care_digest(meaning: Meaning) -> str:
    """SHA-256 (hex) of the part of a meaning that is applied without a signature."""
    return hashlib.sha256(meaning.care()).hexdigest()


def accepted(connection: sa.Connection, entries: Sequence[Entry[Accepted]]) -> None:
    """A commit's difference to the commit before it, in the rows of objects and subjects."""
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
        _put_meanings(connection, record)
        revoked.declare(connection, entry)
        revoked.resume(connection, record.meanings)


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
    _drop_references(connection, [facts.identity for facts in record.objects])
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


def _put_meanings(connection: sa.Connection, record: Accepted) -> None:
    """A subject that waits for its CSR, or is withdrawn, has no declared meaning."""
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
            }
            for meaning in record.meanings
        ],
        update=update,
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


def adopted(connection: sa.Connection, entries: Sequence[Entry[MeaningAdopted]]) -> None:
    """Look after subjects by new meanings: no signature, but other due dates."""
    for entry in entries:
        if entry.record.meaning.authority:
            _adopt_authority(connection, entry)
    _adopt(connection, [e.record.meaning for e in entries if not e.record.meaning.authority])


def _adopt_authority(connection: sa.Connection, entry: Entry[MeaningAdopted]) -> None:
    meaning = entry.record.meaning
    before = _applied_settings(connection, refs.of(meaning.subject))
    _adopt(connection, [meaning])
    if before and meaning.authority:
        issuer, settings = before
        _reschedule_crl(connection, issuer, settings, meaning.authority)
        _reschedule_answers(connection, entry.at, issuer, settings, meaning.authority)


def _adopt(connection: sa.Connection, found: Sequence[Meaning]) -> None:
    meanings = {refs.of(meaning.subject): meaning for meaning in found}
    if not meanings:
        return
    connection.execute(
        sa.update(OBJECT)
        .where(OBJECT.c.ref == sa.bindparam("r"))
        .values(
            applied=sa.bindparam("m"),
            applied_digest=sa.bindparam("d"),
            applied_care=sa.bindparam("c"),
            retired=0,
        ),
        [
            {
                "r": ref,
                "m": meaning.canonical().decode(),
                "d": meaning.profile.digest(),
                "c": care_digest(meaning),
            }
            for ref, meaning in meanings.items()
        ],
    )
    _reschedule_renewals(connection, meanings)


def _applied_settings(
    connection: sa.Connection, authority: str
) -> tuple[str, AuthoritySettings] | None:
    """Key and settings until now of a CA generation, if it exists."""
    row = connection.execute(
        sa.select(OBJECT.c.spki, OBJECT.c.applied).where(
            OBJECT.c.ref == authority, OBJECT.c.spki.is_not(None)
        )
    ).first()
    meaning = rows.meaning(row.applied) if row else None
    return (row.spki, meaning.authority) if row and meaning and meaning.authority else None


def _reschedule_renewals(connection: sa.Connection, meanings: Mapping[str, Meaning]) -> None:
    """By the certificates there are; one that is no longer valid is never renewed by the clock."""
    certificate = tables.certificate
    current = []
    for chunk in statements.chunks(meanings):
        current += [
            (row.ref, row.serial, row.not_after, meanings[row.ref])
            for row in connection.execute(
                sa.select(OBJECT.c.ref, certificate.c.serial, certificate.c.not_after)
                .join(
                    certificate,
                    (certificate.c.issuer == OBJECT.c.issuer)
                    & (certificate.c.serial == OBJECT.c.serial),
                )
                .where(OBJECT.c.ref.in_(chunk), certificate.c.state == "valid")
            )
        ]
    wanted, never = dues.renewal_rows(current, "adopted")
    dues.put(connection, wanted)
    dues.drop(connection, never, DueWork.RENEW)


def _reschedule_crl(
    connection: sa.Connection, issuer: str, old: AuthoritySettings, new: AuthoritySettings
) -> None:
    """Move the next scheduled CRL; one that a revocation has made due earlier stays due."""
    status, due = tables.status, tables.due
    row = connection.execute(
        sa.select(status.c.this_update, due.c.at)
        .join(due, (due.c.ref == status.c.issuer) & (due.c.work == str(DueWork.CRL)))
        .where(status.c.issuer == issuer, status.c.kind == "crl", status.c.scope == "*")
    ).first()
    if row is None or old.crl.refresh == new.crl.refresh:
        return
    scheduled = row.this_update + int(old.crl.refresh)
    moved = [dues.row(issuer, DueWork.CRL, row.this_update + int(new.crl.refresh), "adopted")]
    if row.at >= scheduled:
        dues.put(connection, moved)
    else:
        dues.hasten(connection, moved)


def _reschedule_answers(
    connection: sa.Connection,
    at: int,
    issuer: str,
    old: AuthoritySettings,
    new: AuthoritySettings,
) -> None:
    """Begin or end to answer for what a CA certified."""
    if dues.presigned(old) == dues.presigned(new):
        return
    certificates = _unexpired(connection, issuer, at)
    if dues.presigned(new):
        dues.put(connection, [dues.row(r, DueWork.ANSWER, at, "adopted") for r in certificates])
    else:
        dues.drop(connection, certificates, DueWork.ANSWER)


def _unexpired(connection: sa.Connection, issuer: str, at: int) -> list[str]:
    """What answers of this issuer are about."""
    table = tables.certificate
    found = connection.execute(
        sa.select(table.c.serial).where(
            table.c.issuer == issuer,
            table.c.answerable == 1,
            table.c.state.in_(("valid", "revoked", "burnt")),
            table.c.not_after >= at,
        )
    )
    return [refs.answer(issuer, serial) for (serial,) in found]


def retired(connection: sa.Connection, entries: Sequence[Entry[SubjectRetired]]) -> None:
    """No more renewals; status goes on."""
    subjects = [refs.of(entry.record.subject) for entry in entries]
    connection.execute(
        sa.update(OBJECT).where(OBJECT.c.ref == sa.bindparam("r")).values(retired=1),
        [{"r": subject} for subject in subjects],
    )
    dues.drop(connection, subjects, DueWork.RENEW)
