"""Certificates: intended, then issued."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.folds import dues, keys, results
from pki_reconciler.ledger.folds.cares import care_digest
from pki_reconciler.ledger.records import (
    AuthorityRecovered,
    CertificateIntended,
    CertificateIssued,
    CertificateRecovered,
)
from pki_reconciler.ledger.rows import Entry, Row, Values
from pki_schema.desired import Meaning, from_canonical
from pki_schema.issued import DueWork

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
class Issue:
    """A certificate that now exists: its entry, its row, its meaning and that meaning's text."""

    entry: Entry[CertificateIssued | AuthorityRecovered | CertificateRecovered]
    row: Row
    meaning: Meaning
    text: str


_EXISTS = (
    sa.update(CERTIFICATE)
    .where(CERTIFICATE.c.issuer == sa.bindparam("i"), CERTIFICATE.c.serial == sa.bindparam("s"))
    .values(state=sa.literal_column("'valid'"), issued_seq=sa.bindparam("seq"))
)


def issued(connection: sa.Connection, entries: Sequence[Entry[CertificateIssued]]) -> None:
    """The intended certificates exist: their subjects have them, and their work falls due."""
    issues = _with_intents(connection, entries)
    statements.each(
        connection,
        _EXISTS,
        [{"i": e.record.issuer, "s": e.record.serial, "seq": e.seq} for e in entries],
    )
    keys.certified(connection, [(i.entry.seq, i.row.spki, i.meaning) for i in issues])
    apply(connection, issues)
    schedule(connection, issues)


def _with_intents(
    connection: sa.Connection, entries: Sequence[Entry[CertificateIssued]]
) -> list[Issue]:
    issues = []
    rows = results.open_intents(connection, entries)
    for entry, row in zip(entries, rows, strict=True):
        raw = msgspec.json.decode(row.body, type=_Intent).meaning
        issues.append(Issue(entry, row, from_canonical(bytes(raw), Meaning), bytes(raw).decode()))
    return issues


_APPLIED = ("applied", "applied_digest", "applied_care", "retired", "issuer", "serial", "spki")


def apply(connection: sa.Connection, issues: Sequence[Issue]) -> None:
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


def schedule(connection: sa.Connection, issues: Sequence[Issue]) -> None:
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
