"""Certificates that were read back: rows as if they had been recorded when they were issued."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import sqlalchemy as sa

from pki_reconciler.ledger import refs, statements, tables
from pki_reconciler.ledger.folds import dues, keys
from pki_reconciler.ledger.folds.certified import Issue, apply, schedule
from pki_reconciler.ledger.records import (
    AuthorityRecovered,
    CertificateRecovered,
)
from pki_reconciler.ledger.rows import Entry, Values
from pki_schema.desired import Meaning
from pki_schema.issued import DueWork

CERTIFICATE = tables.certificate
OBJECT = tables.object_


def certificates_(
    connection: sa.Connection,
    entries: Sequence[Entry[AuthorityRecovered] | Entry[CertificateRecovered]],
) -> None:
    """They are there again. Those without a meaning are looked after by none until Git's is
    carried out.
    """
    for entry in entries:
        meaning = entry.record.meaning
        row = _row(entry, meaning)
        statements.upsert(connection, CERTIFICATE, [row], update=())
        _own(connection, entry.seq, row, meaning.profile.key_algorithm if meaning else "")
        if not _is_newest(connection, row):
            _answer_for(connection, entry.at, row)
        elif meaning is None:
            _use(connection, row)
            _answer_for(connection, entry.at, row)
        else:
            text = meaning.canonical().decode()
            issue = Issue(entry, SimpleNamespace(**row), meaning, text)
            apply(connection, [issue])
            schedule(connection, [issue])


def _row(
    entry: Entry[AuthorityRecovered] | Entry[CertificateRecovered], meaning: Meaning | None
) -> Values:
    record = entry.record
    service = isinstance(record, CertificateRecovered)
    subject, template, commit = (
        (record.subject, record.template, record.commit)
        if isinstance(record, CertificateRecovered)
        else (record.meaning.subject, "", "")
    )
    return {
        "issuer": record.issuer,
        "serial": record.serial,
        "subject": refs.of(subject),
        "template": meaning.template if meaning else template,
        "spec": meaning.profile.digest() if meaning else "",
        "spki": record.spki,
        "tbs_digest": record.tbs_digest,
        "not_before": record.not_before,
        "not_after": record.not_after,
        "shard": 0,
        "answerable": int(service or not (meaning and meaning.profile.ocsp_no_check)),
        "state": "valid",
        "commit": commit,
        "intent_seq": entry.seq,
        "issued_seq": entry.seq,
        "ended_seq": None,
        "revoked_at": None,
        "reason": "",
        "invalidity_date": None,
        "revocation": "",
    }


def _own(connection: sa.Connection, seq: int, row: Values, algorithm: str) -> None:
    """Whose key it is, unless that is known."""
    subject = refs.identity(row["subject"])
    values = keys.values(
        row["spki"],
        seq=seq,
        algorithm=algorithm,
        purpose=keys.PURPOSES[subject.kind],
        owner=subject,
    )
    statements.upsert(connection, keys.KEY, [values], update=())


def _is_newest(connection: sa.Connection, row: Values) -> bool:
    """Whether its subject has no certificate that began later."""
    begun = connection.execute(
        sa.select(CERTIFICATE.c.not_before)
        .join(
            OBJECT,
            (OBJECT.c.issuer == CERTIFICATE.c.issuer) & (OBJECT.c.serial == CERTIFICATE.c.serial),
        )
        .where(OBJECT.c.ref == row["subject"])
    ).scalar()
    return begun is None or begun <= row["not_before"]


def _answer_for(connection: sa.Connection, at: int, row: Values) -> None:
    """What falls due for it, renewal apart."""
    ref = refs.answer(row["issuer"], row["serial"])
    work = [dues.expiry(ref, row["not_after"], "recovered")]
    settings = dues.settings_by_issuer(connection)
    if row["answerable"] and dues.presigned(settings.get(row["issuer"])):
        work.append(dues.row(ref, DueWork.ANSWER, at, "recovered"))
    dues.put(connection, work)


def _use(connection: sa.Connection, row: Values) -> None:
    identity = refs.identity(row["subject"])
    dues.drop(connection, [row["subject"]], DueWork.RENEW)
    statements.upsert(
        connection,
        OBJECT,
        [
            {
                "ref": row["subject"],
                "kind": identity.kind,
                "tenant": identity.tenant,
                "name": identity.name,
                "path": "",
                "blob": "",
                "state": "removed",
                "commit": row["commit"],
                "limit_raised_by": "",
                "applied": None,
                "applied_digest": None,
                "applied_care": None,
                "issuer": row["issuer"],
                "serial": row["serial"],
                "spki": row["spki"],
                "ended": 0,
            }
        ],
        update=("applied", "applied_digest", "applied_care", "issuer", "serial", "spki", "ended"),
    )
