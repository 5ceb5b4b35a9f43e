"""Rows as values: what readers get and writers hand in, where ``pki_schema.issued`` has no word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from pki_reconciler.ledger import refs
from pki_reconciler.ledger.records import CertificateIntended, ObjectFacts, Record
from pki_schema.desired import Canonical, Identity, Meaning, from_canonical
from pki_schema.instants import Instant, from_epoch
from pki_schema.issued import CertificateState, IssuedAnswer, IssuedCertificate, IssuedCrl

R = TypeVar("R", bound=Record, covariant=True)

Row = Any
"""One row of a query, its columns as attributes."""

Values = dict[str, Any]
"""One row to be written, by column."""


@dataclass(frozen=True)
class Entry(Generic[R]):
    """A record in its place: ``seq`` from 1 without gaps, ``at`` in epoch seconds.

    ``commit`` is the commit that the entry was written for, or empty.
    """

    seq: int
    at: int
    record: R
    commit: str = ""


class Issuance(msgspec.Struct, frozen=True, kw_only=True):
    """Why and when a certificate was issued: the commit, and the digest of the plan."""

    at: Instant
    commit: str
    plan: str


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """A path that is to be written. ``category`` says which write order and cache rule it follows,
    ``unit`` what has to be rendered to get its bytes, ``digest`` is the SHA-256 (hex) of these.
    """

    target: str
    path: str
    category: str
    digest: str
    unit: str
    not_before: Instant | None = None


class PublishedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A path as it stands on a target. ``number`` orders its versions where they have an order;
    ``delete_after`` is set once something else has taken its place.
    """

    target: str
    path: str
    category: str
    digest: str
    etag: str = ""
    number: int | None = None
    delete_after: Instant | None = None


class RenderedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A page: what it was made from (``source``) and the SHA-256 (hex) of its bytes."""

    path: str
    source: str
    digest: str


class ObjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """A declared object of the accepted tree and the commit that last changed it."""

    identity: Identity
    path: str
    blob: str
    state: str
    commit: str
    facts: ObjectFacts


class DoubtRow(msgspec.Struct, frozen=True, kw_only=True):
    """Why this ledger was doubted at entry ``seq``; ``confirmed`` says whether that is over.

    ``entries`` and ``fence`` are the highest that marks told then.
    """

    what: str
    evidence: str
    at: Instant
    seq: int
    entries: int
    fence: int
    confirmed: bool


class SerialRow(msgspec.Struct, frozen=True, kw_only=True):
    """How a serial stands: ``state`` may be ``intended``; ``released_at`` is when a hold ended."""

    state: str
    tbs_digest: str
    reason: str = ""
    released_at: Instant | None = None


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate a subject uses, the accepted commit it was certified under, and when it is to
    be renewed.
    """

    issuer: str
    serial: int
    commit: str
    renew_at: Instant | None


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key by the SHA-256 (hex) of its SPKI. ``blocked`` names the revocation that barred it."""

    spki: str
    algorithm: str
    purpose: str
    owner: Identity | None
    locator: str
    blocked: str = ""


class Suspension(Canonical, frozen=True, kw_only=True):
    """A revocation that keeps an identity from being certified, declared at entry ``seq``.

    ``hold``: until it is released; else until the service names it, in a later commit.
    """

    name: str
    seq: int = 0
    hold: bool = False


class OpenIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that may have been signed and was not recorded; ``fence`` is its writer."""

    seq: int
    at: Instant
    fence: int
    record: CertificateIntended


class OrphanRow(msgspec.Struct, frozen=True, kw_only=True):
    """A writer, by its ``fence``, that ended between intents and results of this issuer.

    ``seq`` is the entry that says so; ``confirmed`` that a person knows.
    """

    issuer: str
    fence: int
    at: Instant
    seq: int
    confirmed: bool


class OpenBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A CRL (``kind`` crl) or a batch of answers (``answers``), intended and not recorded."""

    seq: int
    kind: str
    issuer: str
    number: int | None


def instant(seconds: int | None) -> Instant | None:
    return None if seconds is None else from_epoch(seconds)


def meaning(text: str | None) -> Meaning | None:
    """A stored meaning."""
    return None if text is None else from_canonical(text.encode(), Meaning)


def suspensions(text: str | None) -> tuple[Suspension, ...]:
    """What stands in ``held_by``; entries of older ledgers are names alone."""
    if text is None:
        return ()
    found = from_canonical(text.encode(), tuple[Suspension | str, ...])
    return tuple(Suspension(name=one) if isinstance(one, str) else one for one in found)


def certificate(row: Row, der: bytes = b"") -> IssuedCertificate:
    """A row of ``certificate`` whose state is not ``intended``."""
    return IssuedCertificate(
        issuer=row.issuer,
        serial=int(row.serial, 16),
        subject=refs.identity(row.subject),
        spec=row.spec,
        spki=row.spki,
        not_before=from_epoch(row.not_before),
        not_after=from_epoch(row.not_after),
        state=CertificateState(row.state),
        revoked_at=instant(row.revoked_at),
        reason=row.reason,
        invalidity_date=instant(row.invalidity_date),
        released_at=instant(row.released_at),
        der=der,
    )


def crl(row: Row) -> IssuedCrl:
    """A row of ``status`` with the bytes of a CRL."""
    return IssuedCrl(
        issuer=row.issuer,
        number=row.number,
        this_update=from_epoch(row.this_update),
        next_update=from_epoch(row.next_update),
        regular_at=from_epoch(row.regular_at),
        der=row.bytes,
    )


def answer(row: Row) -> IssuedAnswer:
    """A row of ``status`` with the bytes of an OCSP answer."""
    return IssuedAnswer(
        issuer=row.issuer,
        serial=int(row.scope, 16),
        algorithm=row.kind.removeprefix("ocsp-"),
        this_update=from_epoch(row.this_update),
        next_update=from_epoch(row.next_update),
        der=row.bytes,
    )


def object_row(row: Row) -> ObjectRow:
    """A row of ``object`` that stands for something declared, not for a subject."""
    return ObjectRow(
        identity=refs.identity(row.ref),
        path=row.path,
        blob=row.blob,
        state=row.state,
        commit=row.commit,
        facts=from_canonical(row.facts.encode(), ObjectFacts),
    )


def published(row: Row) -> PublishedRow:
    return PublishedRow(
        target=row.target,
        path=row.path,
        category=row._mapping["class"],
        digest=row.digest,
        etag=row.etag,
        number=row.number,
        delete_after=instant(row.delete_after),
    )
