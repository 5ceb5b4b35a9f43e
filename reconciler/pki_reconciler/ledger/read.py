"""Reading: questions to the ledger, answered with values.

A ``Reader`` never writes, and this module imports nothing that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from pki_reconciler.ledger import (
    authorities,
    certificates,
    connections,
    current,
    declarations,
    doubts,
    faults,
    keys,
    leftovers,
    objects,
    overview,
    publications,
    recollections,
    retries,
    rows,
    standings,
    subjects,
    tables,
    tiles,
    touching,
)
from pki_reconciler.ledger.declarations import Declaration
from pki_reconciler.ledger.records import ObjectFacts
from pki_reconciler.ledger.rows import (
    DoubtRow,
    Issuance,
    KeyRow,
    ObjectRow,
    OpenBatch,
    OpenIntent,
    OrphanRow,
    OutboxRow,
    PublishedRow,
    RenderedRow,
    Row,
    SerialRow,
    Use,
)
from pki_schema.desired import Identity, Meaning
from pki_schema.instants import Instant, to_epoch
from pki_schema.issued import (
    Allowance,
    DueWork,
    IssuedAnswer,
    IssuedAuthority,
    IssuedCertificate,
    IssuedCrl,
    Standing,
    Subject,
    Touched,
)
from pki_schema.reported import Failure, SliceStatus

DUE = tables.due
ENTRY = tables.entry


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

    def certificates_of_tenant(self, tenant: str) -> frozenset[Identity]:
        """All certificates that a tenant's services declare, with or without a CSR."""
        return objects.certificates_of_tenant(self._connection, tenant)

    def objects_of_tenants(
        self, tenants: Iterable[str], kinds: Iterable[str]
    ) -> tuple[ObjectRow, ...]:
        """All objects of these kinds that belong to these tenants."""
        return objects.of_tenants(self._connection, tenants, kinds)

    def faults(self) -> tuple[SliceStatus, ...]:
        """The slices that stand still, the global one (tenant ``""``) first."""
        return faults.every(self._connection)

    def refused(self, commits: Iterable[str]) -> frozenset[str]:
        """Those of these commits of which nothing was accepted, as far as that is written down."""
        return faults.refused(self._connection, commits)

    def referrers(self, identities: Iterable[Identity]) -> frozenset[Identity]:
        """All objects that refer to these, directly or through others; without these themselves
        unless they refer to each other.
        """
        return objects.referrers(self._connection, identities)

    def declared(self, identities: Iterable[Identity] | None = None) -> Mapping[Identity, Meaning]:
        """What subjects are declared to be; of all subjects, or of these."""
        return objects.declared(self._connection, identities)

    def revocations(self, names: Iterable[str]) -> Mapping[str, Sequence[Declaration]]:
        """All that ``Revocation`` objects of these names said in accepted commits, in order."""
        return declarations.of_names(self._connection, names)

    # What a cycle looks at

    def touched(self, now: Instant, *, repository: Allowance | None = None) -> Touched:
        """Everything dirty or due at ``now``.

        ``repository`` is the host's limit for scope ``""``; how much of it is spent is filled in.
        """
        return touching.touched(self._connection, now, repository=repository)

    def next_due(self, *, after: Instant | None = None, retries: bool = True) -> Instant | None:
        """The earliest instant at which work falls due, of those after ``after``; without
        ``retries`` only such as the clock brings.
        """
        query = sa.select(sa.func.min(DUE.c.at))
        if not retries:
            query = query.where(DUE.c.work != str(DueWork.RETRY))
        if after is not None:
            query = query.where(DUE.c.at > to_epoch(after))
        return rows.instant(self._connection.execute(query).scalar())

    def failures(self) -> tuple[Failure, ...]:
        """What fails and is left alone for a while, by resource."""
        return retries.every(self._connection)

    # How everything stands

    def doubts(self) -> tuple[DoubtRow, ...]:
        """What keeps this ledger from issuing, or did so last."""
        return doubts.every(self._connection)

    def accepted_at(self) -> Instant | None:
        """When a commit was accepted last."""
        return overview.accepted_at(self._connection)

    def answers_age(self) -> Mapping[str, tuple[Instant, Instant]]:
        """The earliest thisUpdate and the earliest nextUpdate of each issuer's OCSP answers."""
        return overview.answers(self._connection)

    def living(self, now: Instant) -> Mapping[str, int]:
        """How many certificates of each issuer are valid and have not ended."""
        return overview.living(self._connection, now)

    def issuance(self, certificate: IssuedCertificate) -> Issuance | None:
        """What a certificate was issued for: when, for which commit, by which plan."""
        return overview.issuance(self._connection, certificate.issuer, certificate.serial)

    def unwritten(self, target: str) -> Mapping[str, int]:
        """The units not yet written to a target, with the number of their files."""
        return overview.unwritten(self._connection, target)

    def standings(self) -> tuple[Standing, ...]:
        """How all subjects stand, without what they mean."""
        return standings.every(self._connection)

    def crls_due(self) -> Mapping[str, Instant]:
        """When the next CRL of each issuer is to be signed."""
        return standings.crls_due(self._connection)

    def subjects(self) -> tuple[Subject, ...]:
        """All subjects, with all that is due for each, now or later."""
        return subjects.every(self._connection)

    def uncertified(self) -> tuple[Identity, ...]:
        """The subjects that are declared and never had a certificate."""
        return subjects.uncertified(self._connection)

    def subject(self, identity: Identity) -> Subject | None:
        """One subject, with what is due for it."""
        return subjects.one(self._connection, identity)

    # What was issued

    def authorities(self) -> Mapping[str, IssuedAuthority]:
        """All CA generations that exist, by issuer."""
        return authorities.issued(self._connection)

    def certificate(self, issuer: str, serial: int) -> IssuedCertificate | None:
        """A certificate with its DER (a burnt serial has none)."""
        return certificates.one(self._connection, issuer, serial)

    def with_der(self, wanted: Iterable[IssuedCertificate]) -> tuple[IssuedCertificate, ...]:
        """The same certificates with their DER."""
        return certificates.with_der(self._connection, wanted)

    def der(self, issuer: str, serial: int) -> bytes | None:
        """A certificate's DER."""
        row = certificates.row_of(self._connection, issuer, serial)
        return certificates.der_of(row.body) if row and row.body else None

    def certificates_of(self, subject: Identity) -> tuple[IssuedCertificate, ...]:
        """All a subject ever had, in the order they were issued, with DER."""
        return certificates.of_subject(self._connection, subject)

    def revoked(
        self, issuer: str, *, ending_after: Instant | None = None
    ) -> tuple[IssuedCertificate, ...]:
        """Revoked and burnt serials of an issuer, by serial; without DER.

        ``ending_after`` leaves out what had expired by then, as a CRL does that keeps no expired
        entries.
        """
        return certificates.revoked(self._connection, issuer, ending_after)

    def released(self, issuer: str) -> tuple[IssuedCertificate, ...]:
        """Certificates of an issuer that were taken off hold and not revoked since; without DER."""
        return certificates.released(self._connection, issuer)

    def crl(self, issuer: str) -> IssuedCrl | None:
        """An issuer's current CRL."""
        return current.crl(self._connection, issuer)

    def answers(self, issuer: str, serial: int | None = None) -> tuple[IssuedAnswer, ...]:
        """The current OCSP answers for one serial, or all of an issuer."""
        return current.answers(self._connection, issuer, serial)

    def intended_numbers(self) -> Mapping[str, int]:
        """The highest CRL number ever intended, by issuer."""
        return authorities.last_numbers(self._connection)

    def keys(self) -> tuple[KeyRow, ...]:
        """Every key ever seen: ours, services', and blocked ones."""
        return keys.every(self._connection)

    def keys_of(self, owner: Identity) -> tuple[bytes, ...]:
        """The keys recorded for a subject, newest first, each as DER SubjectPublicKeyInfo."""
        return keys.keys_of(self._connection, owner)

    def is_blocked(self, spki: str) -> bool:
        """Whether a key (SHA-256 of its SPKI, hex) must never be certified again."""
        return keys.is_blocked(self._connection, spki)

    def in_use(self, subjects: Iterable[Identity]) -> Mapping[Identity, Use]:
        """Which certificate each of these subjects uses now, and when it will be renewed."""
        return objects.in_use(self._connection, subjects)

    def certificates_in_use(
        self, now: Instant, *, issuers: Iterable[str]
    ) -> tuple[IssuedCertificate, ...]:
        """The service certificates of these issuers that are their services' current ones.

        Without those that have expired and whose services are no longer declared; without DER.
        """
        return certificates.in_use(self._connection, now, issuers)

    def certificates_replaced(
        self, now: Instant, *, issuers: Iterable[str]
    ) -> tuple[IssuedCertificate, ...]:
        """The service certificates of these issuers that are valid or revoked, have not ended, and
        are not what their services use; without DER.
        """
        return certificates.replaced(self._connection, now, issuers)

    def certificate_counts(self) -> Mapping[str, int]:
        """How many certificates there are in each state, open intents apart."""
        return certificates.counts(self._connection)

    # What was read back

    def meanings_ever(self) -> Mapping[Identity, tuple[Meaning, ...]]:
        """All that subjects were ever declared to be, newest first. Reads every accepted commit."""
        return recollections.meanings(self._connection)

    def crl_digest(self, issuer: str, number: int) -> str | None:
        """The digest of the TBS that was intended for this CRL number, or of a recovered CRL."""
        return recollections.crl_digest(self._connection, issuer, number)

    def regular_at(self, issuer: str) -> Instant:
        """When an issuer's last scheduled CRL was made, long ago if that is not known."""
        return recollections.regular_at(self._connection, issuer)

    def serials(self, issuer: str, serials: Iterable[int]) -> Mapping[int, SerialRow]:
        """Those of these serials that were ever intended."""
        return recollections.serials(self._connection, issuer, serials)

    # What a crash left

    def open_intents(self) -> tuple[OpenIntent, ...]:
        """Certificates that may have been signed and were not recorded, oldest first."""
        return leftovers.intents(self._connection)

    def intent_of(self, issuer: str, serial: int) -> Row | None:
        """``intent_seq`` and ``tbs_digest`` of an intent that is still open."""
        row = certificates.row_of(self._connection, issuer, serial)
        return row if row is not None and row.state == "intended" else None

    def orphans(self) -> tuple[OrphanRow, ...]:
        """Writers that ended between intents and results, oldest first."""
        return leftovers.orphans(self._connection)

    def open_batches(self) -> tuple[OpenBatch, ...]:
        """CRLs and batches of answers that may have been signed and were not recorded."""
        return leftovers.batches(self._connection)

    # What is published

    def outbox(self, target: str) -> tuple[OutboxRow, ...]:
        """What still has to be written to a target."""
        return publications.outbox(self._connection, target)

    def waiting(self, target: str, paths: Iterable[str]) -> frozenset[str]:
        """Those of these paths that still have to be written to a target."""
        return publications.waiting(self._connection, target, paths)

    def is_waiting(self, target: str) -> bool:
        """Whether anything still has to be written to a target."""
        return publications.is_waiting(self._connection, target)

    def published(
        self, target: str, paths: Iterable[str] | None = None
    ) -> Mapping[str, PublishedRow]:
        """What stands on a target, by path; all, or these paths as far as they are there."""
        return publications.published(self._connection, target, paths)

    def overwritten(self, target: str) -> Mapping[str, PublishedRow]:
        """What stands on a target where something has to be written, by path."""
        return publications.overwritten(self._connection, target)

    def published_below(self, target: str, prefixes: Iterable[str]) -> Mapping[str, PublishedRow]:
        """What stands on a target at paths that begin with one of these, by path."""
        return publications.below(self._connection, target, prefixes)

    def rendered(self, path: str | None = None) -> Mapping[str, RenderedRow]:
        """The pages that were made last, by path; all of them, or this one if it was."""
        return publications.rendered(self._connection, path)

    def deletable(self, target: str, now: Instant) -> tuple[PublishedRow, ...]:
        """What was superseded and whose time of grace is over."""
        return publications.deletable(self._connection, target, now)

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
        newest = sa.select(sa.func.max(table.c.seq)).scalar_subquery()
        query = sa.select(table.c.at).where(table.c.seq == newest)
        return rows.instant(self._connection.execute(query).scalar())
