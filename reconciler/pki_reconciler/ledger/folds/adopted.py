"""What was done without a signature: other care for a subject, or none any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pki_reconciler.ledger import certificates, refs, rows, statements, tables
from pki_reconciler.ledger.folds import dues
from pki_reconciler.ledger.folds.cares import care_digest
from pki_reconciler.ledger.records import MeaningAdopted, SubjectRetired
from pki_reconciler.ledger.rows import Entry
from pki_schema.desired import AuthoritySettings, Meaning
from pki_schema.issued import DueWork

OBJECT = tables.object_


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
    """By the certificates there are; one that is revoked for ever is not renewed by the clock."""
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
                .where(
                    OBJECT.c.ref.in_(chunk),
                    (certificate.c.state == "valid") | certificates.IS_ON_HOLD,
                )
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
