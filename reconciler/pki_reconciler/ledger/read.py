"""Reading: questions to the ledger, answered with values.

A ``Reader`` never writes, and this module imports nothing that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from pki_reconciler.ledger import (
    authorities,
    connections,
    ders,
    objects,
    refs,
    rows,
    statements,
    tables,
    tiles,
    touching,
)
from pki_reconciler.ledger.records import CertificateIntended, ObjectFacts
from pki_reconciler.ledger.rows import (
    KeyRow,
    ObjectRow,
    OpenBatch,
    OpenIntent,
    OutboxRow,
    PublishedRow,
    Row,
    Use,
)
from pki_schema.desired import SUBJECT_KINDS, Identity, Meaning, from_canonical
from pki_schema.instants import Instant, from_epoch, to_epoch
from pki_schema.issued import (
    Allowance,
    Due,
    IssuedAnswer,
    IssuedAuthority,
    IssuedCertificate,
    IssuedCrl,
    Subject,
    Touched,
)

CERTIFICATE = tables.certificate
OBJECT = tables.object_
STATUS = tables.status
DUE = tables.due


class Reader:
    """What the ledger holds, seen through one connection.

    ``open`` gives one of its own, on one snapshot from the first question until ``close``: short
    lives, please. Raises ``WorldFailed`` when the database does.
    """

    def __init__(self, connection: sa.Connection, *, engine: sa.Engine | None = None) -> None:
        self._connection = connection
        self._engine = engine

    @classmethod
    def open(cls, path: Path, *, snapshot: bool = True) -> Self:
        """A reader beside whoever writes; without ``snapshot`` each question sees the newest."""
        engine = connections.engine(path, writing=False, snapshot=snapshot)
        reader = cls(engine.connect(), engine=engine)
        try:
            connections.checked_revision(reader._connection, path)
        except Exception:
            reader.close()
            raise
        return reader

    def close(self) -> None:
        if self._engine is not None:
            self._connection.close()
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What Git declares

    def accepted(self) -> str | None:
        """The commit that was accepted last."""
        return touching.accepted_commit(self._connection)

    def object_rows(self) -> tuple[ObjectRow, ...]:
        """All objects of the accepted tree."""
        return objects.present(self._connection)

    def objects(self, *, paths: Iterable[str]) -> tuple[ObjectRow, ...]:
        """The objects that stand in these files."""
        return objects.at_paths(self._connection, paths)

    def by_path(self, path: str) -> tuple[ObjectRow, ...]:
        """The objects that stand in this file."""
        return objects.at_paths(self._connection, [path])

    def facts(self, identities: Iterable[Identity]) -> Mapping[Identity, ObjectFacts]:
        """These objects, as far as the accepted tree has them."""
        return objects.facts(self._connection, identities)

    def of_kinds(self, kinds: Iterable[str]) -> tuple[ObjectRow, ...]:
        """All objects of these kinds."""
        return objects.of_kinds(self._connection, kinds)

    def subjects_of(self, identities: Iterable[Identity]) -> frozenset[Identity]:
        """The subjects that these services and CAs declare now."""
        return objects.subjects_of(self._connection, identities)

    def referrers(self, identities: Iterable[Identity]) -> frozenset[Identity]:
        """All objects that refer to these, directly or through others; without these themselves
        unless they refer to each other.
        """
        return objects.referrers(self._connection, identities)

    def declared(self, identities: Iterable[Identity] | None = None) -> Mapping[Identity, Meaning]:
        """What subjects are declared to be; of all subjects, or of these."""
        return objects.declared(self._connection, identities)

    # What a cycle looks at

    def touched(self, now: Instant, *, repository: Allowance | None = None) -> Touched:
        """Everything dirty or due at ``now``.

        ``repository`` is the host's limit for scope ``""``; how much of it is spent is filled in.
        """
        return touching.touched(self._connection, now, repository=repository)

    def next_due(self, *, after: Instant | None = None) -> Instant | None:
        """The earliest instant at which work falls due, of those after ``after``."""
        query = sa.select(sa.func.min(DUE.c.at))
        if after is not None:
            query = query.where(DUE.c.at > to_epoch(after))
        return rows.instant(self._connection.execute(query).scalar())

    def subjects(self) -> tuple[Subject, ...]:
        """All subjects, with all that is due for each, now or later."""
        due: dict[str, list[Due]] = {}
        for row in self._connection.execute(sa.select(DUE).where(DUE.c.work == "renew")):
            due.setdefault(row.ref, []).append(touching.due(row))
        found = self._connection.execute(
            touching.subjects_query()
            .where(OBJECT.c.kind.in_(sorted(SUBJECT_KINDS)))
            .order_by(OBJECT.c.ref)
        )
        return tuple(touching.subject(row, due.get(row.ref, [])) for row in found)

    def subject(self, identity: Identity) -> Subject | None:
        """One subject, with what is due for it."""
        ref = refs.of(identity)
        due = self._connection.execute(sa.select(DUE).where(DUE.c.ref == ref))
        work = [touching.due(row) for row in due]
        found = touching.subject_rows(self._connection, [ref])
        return touching.subject(found[0], work) if found else None

    # What was issued

    def authorities(self) -> Mapping[str, IssuedAuthority]:
        """All CA generations that exist, by issuer."""
        return authorities.issued(self._connection)

    def certificate(self, issuer: str, serial: int) -> IssuedCertificate | None:
        """A certificate with its DER (a burnt serial has none)."""
        row = self._certificate_row(issuer, serial)
        if row is None or row.state == "intended":
            return None
        return rows.certificate(row, authorities.der_of(row.body) if row.body else b"")

    def with_der(self, certificates: Iterable[IssuedCertificate]) -> tuple[IssuedCertificate, ...]:
        """The same certificates with their DER."""
        return ders.with_der(self._connection, certificates)

    def der(self, issuer: str, serial: int) -> bytes | None:
        """A certificate's DER."""
        row = self._certificate_row(issuer, serial)
        return authorities.der_of(row.body) if row and row.body else None

    def _certificate_row(self, issuer: str, serial: int) -> Row | None:
        return self._connection.execute(
            sa.select(CERTIFICATE, tables.entry.c.body)
            .outerjoin(tables.entry, tables.entry.c.seq == CERTIFICATE.c.issued_seq)
            .where(
                CERTIFICATE.c.issuer == issuer,
                CERTIFICATE.c.serial == refs.hexadecimal(serial),
            )
        ).first()

    def certificates_of(self, subject: Identity) -> tuple[IssuedCertificate, ...]:
        """All a subject ever had, in the order they were issued, with DER."""
        found = self._connection.execute(
            sa.select(CERTIFICATE, tables.entry.c.body)
            .join(tables.entry, tables.entry.c.seq == CERTIFICATE.c.issued_seq)
            .where(CERTIFICATE.c.subject == refs.of(subject))
            .order_by(CERTIFICATE.c.issued_seq)
        )
        return tuple(rows.certificate(row, authorities.der_of(row.body)) for row in found)

    def revoked(
        self, issuer: str, *, ending_after: Instant | None = None
    ) -> tuple[IssuedCertificate, ...]:
        """Revoked and burnt serials of an issuer, by serial; without DER.

        ``ending_after`` leaves out what had expired by then, as a CRL does that keeps no expired
        entries.
        """
        query = sa.select(CERTIFICATE).where(
            CERTIFICATE.c.issuer == issuer, CERTIFICATE.c.revoked_at.is_not(None)
        )
        if ending_after is not None:
            query = query.where(CERTIFICATE.c.not_after > to_epoch(ending_after))
        found = (rows.certificate(row) for row in self._connection.execute(query))
        return tuple(sorted(found, key=lambda c: c.serial))

    def crl(self, issuer: str) -> IssuedCrl | None:
        """An issuer's current CRL."""
        row = self._connection.execute(
            sa.select(STATUS).where(
                STATUS.c.issuer == issuer,
                STATUS.c.kind == "crl",
                STATUS.c.scope == "*",
                STATUS.c.bytes.is_not(None),
            )
        ).first()
        return rows.crl(row) if row else None

    def answers(self, issuer: str, serial: int | None = None) -> tuple[IssuedAnswer, ...]:
        """The current OCSP answers for one serial, or all of an issuer."""
        query = sa.select(STATUS).where(
            STATUS.c.issuer == issuer,
            STATUS.c.kind.in_(("ocsp-sha1", "ocsp-sha256")),
            STATUS.c.bytes.is_not(None),
        )
        if serial is not None:
            query = query.where(STATUS.c.scope == refs.hexadecimal(serial))
        query = query.order_by(STATUS.c.scope, STATUS.c.kind)
        return tuple(rows.answer(row) for row in self._connection.execute(query))

    def intended_numbers(self) -> Mapping[str, int]:
        """The highest CRL number ever intended, by issuer."""
        return authorities.last_numbers(self._connection)

    def keys(self) -> tuple[KeyRow, ...]:
        """Every key ever seen: ours, services', and blocked ones."""
        found = self._connection.execute(sa.select(tables.key).order_by(tables.key.c.spki))
        return tuple(
            KeyRow(
                spki=row.spki,
                algorithm=row.algorithm,
                purpose=row.purpose,
                owner=refs.identity(row.owner) if row.owner else None,
                locator=row.locator,
                blocked=row.revocation if row.state == "blocked" else "",
            )
            for row in found
        )

    def keys_of(self, owner: Identity) -> tuple[bytes, ...]:
        """The keys recorded for a subject, newest first, each as DER SubjectPublicKeyInfo."""
        return authorities.keys_of(self._connection, owner)

    def is_blocked(self, spki: str) -> bool:
        """Whether a key (SHA-256 of its SPKI, hex) must never be certified again."""
        table = tables.key
        state = self._connection.execute(
            sa.select(table.c.state).where(table.c.spki == spki)
        ).scalar()
        return state == "blocked"

    def in_use(self, subjects: Iterable[Identity]) -> Mapping[Identity, Use]:
        """Which certificate each of these subjects uses now, and when it will be renewed."""
        return objects.in_use(self._connection, subjects)

    def certificate_counts(self) -> Mapping[str, int]:
        """How many certificates there are in each state, open intents apart."""
        query = (
            sa.select(CERTIFICATE.c.state, sa.func.count())
            .where(CERTIFICATE.c.state != "intended")
            .group_by(CERTIFICATE.c.state)
        )
        return {state: count for state, count in self._connection.execute(query)}

    # What a crash left

    def open_intents(self) -> tuple[OpenIntent, ...]:
        """Certificates that may have been signed and were not recorded, oldest first."""
        found = self._connection.execute(
            sa.select(tables.entry.c.seq, tables.entry.c.at, tables.entry.c.body)
            .join(CERTIFICATE, CERTIFICATE.c.intent_seq == tables.entry.c.seq)
            .where(sa.text("certificate.state = 'intended'"))
            .order_by(tables.entry.c.seq)
        )
        return tuple(
            OpenIntent(
                seq=row.seq,
                at=from_epoch(row.at),
                record=from_canonical(row.body.encode(), CertificateIntended),
            )
            for row in found
        )

    def intent_of(self, issuer: str, serial: int) -> Row | None:
        """``intent_seq`` and ``tbs_digest`` of an intent that is still open."""
        row = self._certificate_row(issuer, serial)
        return row if row is not None and row.state == "intended" else None

    def open_batches(self) -> tuple[OpenBatch, ...]:
        """CRLs and batches of answers that may have been signed and were not recorded."""
        table = tables.batch
        found = self._connection.execute(
            sa.select(table).where(sa.text("state = 'open'")).order_by(table.c.id)
        )
        return tuple(
            OpenBatch(seq=row.id, kind=row.kind, issuer=row.issuer, number=row.number)
            for row in found
        )

    # What is published

    def outbox(self, target: str) -> tuple[OutboxRow, ...]:
        """What still has to be written to a target."""
        table = tables.outbox
        query = sa.select(table).where(table.c.target == target).order_by(table.c.path)
        return tuple(rows.outgoing(row) for row in self._connection.execute(query))

    def published(
        self, target: str, paths: Iterable[str] | None = None
    ) -> Mapping[str, PublishedRow]:
        """What stands on a target, by path; all, or these paths as far as they are there."""
        table = tables.published
        query = sa.select(table).where(table.c.target == target)
        parts = (
            [query.order_by(table.c.path)]
            if paths is None
            else [query.where(table.c.path.in_(chunk)) for chunk in statements.chunks(paths)]
        )
        return {
            row.path: rows.published(row)
            for part in parts
            for row in self._connection.execute(part)
        }

    def deletable(self, target: str, now: Instant) -> tuple[PublishedRow, ...]:
        """What was superseded and whose time of grace is over."""
        table = tables.published
        query = sa.select(table).where(
            table.c.target == target, table.c.delete_after <= to_epoch(now)
        )
        found = self._connection.execute(query.order_by(table.c.path))
        return tuple(rows.published(row) for row in found)

    # The log itself

    def size(self) -> int:
        """How many entries there are; their numbers run from 1 to this."""
        return self._connection.execute(sa.select(sa.func.max(tables.entry.c.seq))).scalar() or 0

    def root(self, size: int | None = None) -> bytes:
        """The Merkle root over all entries, or over the first ``size``."""
        return tiles.root(self._connection, self.size() if size is None else size)

    def latest(self) -> Instant | None:
        """When the newest entry was written."""
        table = tables.entry
        query = sa.select(table.c.at).order_by(table.c.seq.desc()).limit(1)
        return rows.instant(self._connection.execute(query).scalar())
