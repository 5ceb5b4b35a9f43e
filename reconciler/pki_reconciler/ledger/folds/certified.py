"""Certificates from intent to expiry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.folds import dues, keys
from pki_reconciler.ledger.folds.declared import care_digest
from pki_reconciler.ledger.folds.revoked import end_subjects
from pki_reconciler.ledger.records import (
    CertificateExpired,
    CertificateIntended,
    CertificateIssued,
    SerialBurnt,
)
from pki_reconciler.ledger.rows import Entry, Row, Values
from pki_schema.desired import Meaning, from_canonical
from pki_schema.errors import WorldFailed
from pki_schema.issued import DueWork
from pki_schema.kinds.revocation import Reason

CERTIFICATE = tables.certificate
OBJECT = tables.object_


def intended(connection: sa.Connection, entries: Sequence[Entry[CertificateIntended]]) -> None:
    """An open intent. The primary key refuses a second one for an issuer's serial, for ever."""
    statements.insert(connection, CERTIFICATE, [_intent_values(entry) for entry in entries])


def _intent_values(entry: Entry[CertificateIntended]) -> Values:
    record = entry.record
    profile = record.meaning.profile
    return {
        "issuer": record.issuer,
        "serial": record.serial,
        "subject": refs.of(record.meaning.subject),
        "template": record.meaning.template,
        "spec": profile.digest(),
        "spki": record.spki,
        "tbs_digest": hashlib.sha256(record.tbs).hexdigest(),
        "not_before": record.not_before,
        "not_after": record.not_after,
        "shard": 0,
        "answerable": int(not profile.ocsp_no_check),
        "state": "intended",
        "commit": record.commit,
        "intent_seq": entry.seq,
        "issued_seq": None,
        "ended_seq": None,
        "revoked_at": None,
        "reason": "",
        "invalidity_date": None,
        "revocation": "",
    }


class _Intent(msgspec.Struct):
    """The part of a ``CertificateIntended`` that its result needs; the text is kept as it is."""

    meaning: msgspec.Raw


@dataclass(frozen=True)
class _Issue:
    """A certificate that now exists: its entry, its row, its meaning and that meaning's text."""

    entry: Entry[CertificateIssued]
    row: Row
    meaning: Meaning
    text: str


def issued(connection: sa.Connection, entries: Sequence[Entry[CertificateIssued]]) -> None:
    """The intended certificates exist: their subjects have them, and their work falls due."""
    issues = _with_intents(connection, entries)
    connection.execute(
        sa.update(CERTIFICATE)
        .where(CERTIFICATE.c.issuer == sa.bindparam("i"), CERTIFICATE.c.serial == sa.bindparam("s"))
        .values(state="valid", issued_seq=sa.bindparam("seq")),
        [{"i": e.record.issuer, "s": e.record.serial, "seq": e.seq} for e in entries],
    )
    keys.certified(connection, [(i.entry, i.row.spki, i.meaning) for i in issues])
    _apply(connection, issues)
    _schedule(connection, issues)


def _with_intents(
    connection: sa.Connection, entries: Sequence[Entry[CertificateIssued]]
) -> list[_Issue]:
    found = _rows(connection, [(e.record.issuer, e.record.serial) for e in entries])
    issues = []
    for entry in entries:
        # Taken out when used: a serial has one result.
        row = found.pop((entry.record.issuer, entry.record.serial), None)
        if row is None or row.state != "intended":
            raise _without_intent(entry.seq, entry.record.issuer, entry.record.serial)
        raw = msgspec.json.decode(row.body, type=_Intent).meaning
        issues.append(_Issue(entry, row, from_canonical(bytes(raw), Meaning), bytes(raw).decode()))
    return issues


def _without_intent(seq: int, issuer: str, serial: str) -> WorldFailed:
    return WorldFailed(
        f"entry {seq} is about serial {serial} of {issuer[:16]}, which has no open intent",
        "nothing was written; run `vcc-pki audit` before anything else",
    )


def _rows(
    connection: sa.Connection, wanted: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Row]:
    """Certificates with the bodies of their intents, by issuer and serial."""
    serials: dict[str, list[str]] = {}
    for issuer, serial in wanted:
        serials.setdefault(issuer, []).append(serial)
    statement = sa.select(CERTIFICATE, tables.entry.c.body).join(
        tables.entry, tables.entry.c.seq == CERTIFICATE.c.intent_seq
    )
    return {
        (row.issuer, row.serial): row
        for issuer, all_of_it in serials.items()
        for chunk in statements.chunks(all_of_it)
        for row in connection.execute(
            statement.where(CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.serial.in_(chunk))
        )
    }


_APPLIED = ("applied", "applied_digest", "applied_care", "retired", "issuer", "serial", "spki")


def _apply(connection: sa.Connection, issues: Sequence[_Issue]) -> None:
    statements.upsert(
        connection,
        OBJECT,
        [
            {
                "ref": issue.row.subject,
                "kind": issue.meaning.subject.kind,
                "tenant": issue.meaning.subject.tenant,
                "name": issue.meaning.subject.name,
                "path": issue.meaning.origin.path,
                "blob": "",
                "state": "removed",
                "commit": issue.row.commit,
                "limit_raised_by": "",
                "applied": issue.text,
                "applied_digest": issue.row.spec,
                "applied_care": care_digest(issue.meaning),
                "retired": 0,
                "issuer": issue.row.issuer,
                "serial": issue.row.serial,
                "spki": issue.row.spki,
                "ended": 0,
            }
            for issue in issues
        ],
        update=(*_APPLIED, "ended"),
    )


def _schedule(connection: sa.Connection, issues: Sequence[_Issue]) -> None:
    settings = dues.settings_by_issuer(connection)
    renewals, never = dues.renewal_rows(
        [(i.row.subject, i.row.serial, i.row.not_after, i.meaning) for i in issues], "issued"
    )
    others: list[Values] = []
    for issue in issues:
        ref = refs.answer(issue.row.issuer, issue.row.serial)
        at = issue.entry.at
        others.append(dues.expiry(ref, issue.row.not_after, "issued"))
        if issue.row.answerable and dues.presigned(settings.get(issue.row.issuer)):
            others.append(dues.row(ref, DueWork.ANSWER, at, "issued"))
    dues.put(connection, [*renewals, *others])
    dues.drop(connection, never, DueWork.RENEW)
    # A CA's renewed certificate leaves its CRLs as they are.
    statements.upsert(
        connection,
        tables.due,
        [
            dues.row(issue.row.spki, DueWork.CRL, issue.entry.at, "issued")
            for issue in issues
            if issue.meaning.authority
        ],
        update=(),
    )


def burnt(connection: sa.Connection, entries: Sequence[Entry[SerialBurnt]]) -> None:
    """What may have been signed and is not known goes on the CRL."""
    found = _rows(connection, [(e.record.issuer, e.record.serial) for e in entries])
    settings = dues.settings_by_issuer(connection)
    work: list[Values] = []
    for entry in entries:
        issuer, serial = entry.record.issuer, entry.record.serial
        row = found.pop((issuer, serial), None)
        if row is None or row.state != "intended":
            raise _without_intent(entry.seq, issuer, serial)
        ref = refs.answer(issuer, serial)
        work.append(dues.expiry(ref, row.not_after, "burnt"))
        if row.answerable and dues.presigned(settings.get(issuer)):
            work.append(dues.row(ref, DueWork.ANSWER, entry.at, "burnt"))
    connection.execute(
        sa.update(CERTIFICATE)
        .where(CERTIFICATE.c.issuer == sa.bindparam("i"), CERTIFICATE.c.serial == sa.bindparam("s"))
        .values(
            state="burnt",
            ended_seq=sa.bindparam("seq"),
            revoked_at=sa.bindparam("when"),
            reason=sa.bindparam("why"),
        ),
        [
            {
                "i": entry.record.issuer,
                "s": entry.record.serial,
                "seq": entry.seq,
                "when": entry.at,
                "why": entry.record.reason if entry.record.reason in get_args(Reason) else "",
            }
            for entry in entries
        ],
    )
    dues.put(connection, work)
    dues.hasten(
        connection,
        [dues.row(e.record.issuer, DueWork.CRL, e.at, "burnt") for e in entries],
    )


def expired(connection: sa.Connection, entries: Sequence[Entry[CertificateExpired]]) -> None:
    """No more answers. What was revoked stays revoked, what was burnt stays burnt."""
    wanted = [(e.record.issuer, e.record.serial) for e in entries]
    found = _rows(connection, wanted)
    answers = [refs.answer(*key) for key in wanted]
    dues.drop(connection, answers, DueWork.ANSWER)
    dues.drop(connection, answers, DueWork.EXPIRE)
    connection.execute(
        sa.delete(tables.status).where(
            tables.status.c.issuer == sa.bindparam("i"),
            tables.status.c.kind != "crl",
            tables.status.c.scope == sa.bindparam("s"),
        ),
        [{"i": issuer, "s": serial} for issuer, serial in wanted],
    )
    connection.execute(
        sa.update(CERTIFICATE)
        .where(
            CERTIFICATE.c.issuer == sa.bindparam("i"),
            CERTIFICATE.c.serial == sa.bindparam("s"),
            CERTIFICATE.c.state == "valid",
        )
        .values(state="expired", ended_seq=sa.bindparam("seq")),
        [{"i": e.record.issuer, "s": e.record.serial, "seq": e.seq} for e in entries],
    )
    _end_authorities(connection, list(found.values()))
    end_subjects(connection, [(row.subject, *key) for key, row in found.items()])


def _end_authorities(connection: sa.Connection, ended: Sequence[Row]) -> None:
    """A CA whose last certificate has expired signs no more CRLs."""
    for row in ended:
        if refs.identity(row.subject).kind != "AuthorityCertificate":
            continue
        current = connection.execute(
            sa.select(OBJECT.c.ref).where(
                OBJECT.c.ref == row.subject,
                OBJECT.c.issuer == row.issuer,
                OBJECT.c.serial == row.serial,
            )
        ).first()
        if current:
            dues.drop(connection, [row.spki], DueWork.CRL)
