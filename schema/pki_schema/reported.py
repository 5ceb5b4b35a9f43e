"""How everything stands, as values: what ``status``, the status page, metrics and notices tell.

Three axes for each object. *Sync*: does what was done match what Git declares? *Health*: is
the certificate itself what its readers need? *Delivery*: how far has it come on its way to them?
Made from the ledger by ``decide.health``; nothing here is stored.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from pki_schema.desired import Identity
from pki_schema.instants import Instant


class Sync(StrEnum):
    """``Held`` is kept back by a guard, a rule or a revocation; ``Invalid`` did not parse."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    HELD = "Held"
    INVALID = "Invalid"
    UNKNOWN = "Unknown"


class Health(StrEnum):
    """``Expiring`` is past its renewal and not renewed; ``Degraded`` has stale revocation data.

    ``OnHold`` is revoked, too, as long as nobody releases it.
    """

    HEALTHY = "Healthy"
    EXPIRING = "Expiring"
    DEGRADED = "Degraded"
    EXPIRED = "Expired"
    REVOKED = "Revoked"
    ON_HOLD = "OnHold"
    PENDING = "Pending"
    SUSPENDED = "Suspended"
    RETIRED = "Retired"


class Delivery(StrEnum):
    """How far: written to every target, taken by a host, seen on the wire.

    Nobody reports the last two yet, so what stands behind ``Published`` is unknown.
    """

    NONE = "None"
    PUBLISHED = "Published"
    FETCHED = "Fetched"
    SERVED = "Served"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One statement about an object, as in Kubernetes.

    ``type`` is ``Synced``, ``Healthy``, ``Published``, ``Fetched`` or ``Served``; ``status`` is
    ``True``, ``False`` or ``Unknown``; ``reason`` a word for programs, ``message`` for people.
    """

    type: str
    status: str
    reason: str
    message: str = ""


class CertificateStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One service certificate. ``serial`` is lower-case hex, empty where nothing was issued.

    ``commit`` declared it last. ``issuer`` is the CA's name, ``issuer_stem`` names that key's
    files. It was issued at ``issued_at`` for the commit ``issued_for`` by the plan with the digest
    ``plan``. ``renew_at`` is when its renewal falls due, ``note`` what stands in its way.
    """

    identity: Identity
    sync: Sync
    health: Health
    delivery: Delivery
    conditions: tuple[Condition, ...]
    commit: str = ""
    issuer: str = ""
    issuer_stem: str = ""
    serial: str = ""
    issued_at: Instant | None = None
    issued_for: str = ""
    plan: str = ""
    not_before: Instant | None = None
    not_after: Instant | None = None
    renew_at: Instant | None = None
    note: str = ""


class AuthorityStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One CA generation. ``spki`` is its key's digest (hex), ``stem`` names its files,
    ``parent`` is the name of the CA above it.

    ``health`` is ``Degraded`` when its CRL or an answer is past its nextUpdate. Of its OCSP answers
    ``answers_this_update`` and ``answers_next_update`` are the earliest. ``crl_due`` is when the
    next CRL is to be signed.
    """

    name: str
    generation: int
    spki: str
    stem: str
    parent: str
    state: str
    health: Health
    offline: bool
    not_after: Instant
    sync: Sync = Sync.UNKNOWN
    delivery: Delivery = Delivery.NONE
    conditions: tuple[Condition, ...] = ()
    commit: str = ""
    certificates: int = 0
    crl_number: int | None = None
    crl_this_update: Instant | None = None
    crl_next_update: Instant | None = None
    crl_due: Instant | None = None
    answers_this_update: Instant | None = None
    answers_next_update: Instant | None = None
    responder_not_after: Instant | None = None
    responder_spki: str = ""
    note: str = ""


class ResponderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The OCSP responder of one CA generation. Its certificate goes out inside every answer, so it
    is delivered when those are.
    """

    authority: str
    generation: int
    sync: Sync
    health: Health
    delivery: Delivery
    conditions: tuple[Condition, ...]
    serial: str = ""
    not_after: Instant | None = None
    renew_at: Instant | None = None
    note: str = ""


class PublicationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One target that is bound on this host; ``unwritten`` files wait to be written to it.

    ``base_urls`` are where readers find it. ``sync`` says whether Git declares it, ``health``
    whether it takes what is written.
    """

    name: str
    sync: Sync = Sync.UNKNOWN
    health: Health = Health.HEALTHY
    delivery: Delivery = Delivery.NONE
    conditions: tuple[Condition, ...] = ()
    base_urls: tuple[str, ...] = ()
    unwritten: int = 0
    retry_at: Instant | None = None


class HeldStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard or a rule keeps back: code, numbers, what to commit, where the limit stands."""

    code: str
    message: str
    remedy: str
    origin: str = ""
    actions: tuple[str, ...] = ()


class SliceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A slice that stands still: ``tenant`` is empty for the global one, which stops everybody's
    changes. ``commit`` is the newest with the fault, ``since`` the last that was accepted.

    ``problems`` are the first of ``count``, as their author would be told.
    """

    tenant: str
    commit: str
    since: str
    problems: tuple[str, ...] = ()
    count: int = 0


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is issued until a person confirms it.

    ``what`` is ``ledger`` (it knows less than keys or publications bear witness to) or ``clock``
    (it leapt); ``evidence`` says what was seen, ``remedy`` what to do.
    """

    what: str
    evidence: str
    remedy: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What the world does not do: ``resource`` is ``repository``, ``signer/<issuer>``,
    ``publication/<name>`` or ``ledger``; tried again at ``retry_at``, after ``attempts`` attempts.
    """

    resource: str
    message: str
    remedy: str = ""
    attempts: int = 1
    retry_at: Instant | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How everything stands at ``now``. ``commit`` is the one that was accepted last."""

    now: Instant
    commit: str = ""
    accepted_at: Instant | None = None
    authorities: tuple[AuthorityStatus, ...] = ()
    responders: tuple[ResponderStatus, ...] = ()
    certificates: tuple[CertificateStatus, ...] = ()
    publications: tuple[PublicationStatus, ...] = ()
    held: tuple[HeldStatus, ...] = ()
    failures: tuple[Failure, ...] = ()
    slices: tuple[SliceStatus, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    next_due: Instant | None = None
