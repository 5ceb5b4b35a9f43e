"""What has been issued, as values: the half of the truth that Git does not hold.

The ledger makes these; the planner, the renderer and the verbs read them. An *issuer* is named by
the SHA-256 of its public key (hex), never by a CA's name alone, because a CA has a key per
generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from pki_schema.desired import Identity, Meaning, RevocationRequest
from pki_schema.errors import Position
from pki_schema.instants import Instant
from pki_schema.kinds.revocation import HOLD


class CertificateState(StrEnum):
    """``valid`` until its notAfter; ``expired`` once its status is no longer served.

    ``burnt`` is a serial that may have been signed and was not recorded: it is on the CRL.
    """

    VALID = "valid"
    REVOKED = "revoked"
    EXPIRED = "expired"
    BURNT = "burnt"


class IssuedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate, or a serial that might be one. ``spec`` is the digest of its profile.

    ``released_at`` is when it was last taken off hold; ``None`` if it was revoked after that.
    """

    issuer: str
    serial: int
    subject: Identity
    spec: str
    spki: str
    not_before: Instant
    not_after: Instant
    state: CertificateState
    revoked_at: Instant | None = None
    reason: str = ""
    invalidity_date: Instant | None = None
    released_at: Instant | None = None
    der: bytes = b""

    @property
    def key(self) -> tuple[str, int]:
        return (self.issuer, self.serial)

    @property
    def on_hold(self) -> bool:
        """Revoked in a way that can be taken back: the one there is (RFC 5280 section 5.3.1)."""
        return self.state is CertificateState.REVOKED and self.reason == HOLD


class IssuedCrl(msgspec.Struct, frozen=True, kw_only=True):
    """The current CRL of an issuer. ``regular_at`` is the thisUpdate of the last scheduled one."""

    issuer: str
    number: int
    this_update: Instant
    next_update: Instant
    regular_at: Instant
    der: bytes


class IssuedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The current OCSP answer for one serial and one CertID hash (``sha1`` or ``sha256``)."""

    issuer: str
    serial: int
    algorithm: str
    this_update: Instant
    next_update: Instant
    der: bytes


class IssuedAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """One generation of a CA that exists: its certificate, its key and the meaning it stands for.

    ``spki`` is the issuer name used everywhere else. ``ski`` is the subject key identifier in its
    own certificate (hex). ``last_number`` is the highest CRL number ever intended, 0 for none.
    """

    name: str
    generation: int
    spki: str
    ski: str
    certificate: IssuedCertificate
    meaning: Meaning
    parent: str
    crl: IssuedCrl | None = None
    last_number: int = 0
    responder: IssuedCertificate | None = None


class DueWork(StrEnum):
    """Kinds of work the clock brings; ``retry`` is another attempt at what failed."""

    RENEW = "renew"
    CRL = "crl"
    ANSWER = "answer"
    EXPIRE = "expire"
    RETRY = "retry"


class Due(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """Work that falls due. ``ref`` is a subject's identity, an issuer, or ``issuer/serial-hex``."""

    at: Instant
    ref: str
    work: DueWork
    attempt: int = 0


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a decision about one subject needs.

    ``declared`` is what Git wants now (``None``: no longer), ``applied`` what was last acted on.
    ``pending`` means declared, but the CSR is missing. ``commit`` declared it last. ``held_by``
    names the revocations that suspend the identity: those among ``holds`` until they are released,
    the others until the service's ``resumeAfter`` names them.
    """

    identity: Identity
    declared: Meaning | None = None
    applied: Meaning | None = None
    pending: bool = False
    retired: bool = False
    commit: str = ""
    current: IssuedCertificate | None = None
    held_by: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    due: tuple[Due, ...] = ()


class Standing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How one subject stands, without what it means: enough to tell, not to decide.

    ``declared`` and ``suspended`` are what Git says now, ``done`` that what was done last is just
    that. ``held_by`` names the revocations that hold it, ``holds`` those of them that may release
    it. ``issuer`` to ``on_hold`` are of its current certificate (``serial`` in hex, empty where it
    has none); it was issued at ``issued_at`` for ``issued_for`` by ``plan``.
    """

    identity: Identity
    declared: bool = False
    done: bool = False
    pending: bool = False
    suspended: bool = False
    retired: bool = False
    commit: str = ""
    held_by: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    issuer: str = ""
    serial: str = ""
    not_before: Instant | None = None
    not_after: Instant | None = None
    state: CertificateState = CertificateState.VALID
    on_hold: bool = False
    renew_at: Instant | None = None
    issued_at: Instant | None = None
    issued_for: str = ""
    plan: str = ""


class OnHold(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate on hold, and the names of the revocations that hold it: it is valid again when
    all of them have released it. Nobody's where the hold was only found published.
    """

    certificate: IssuedCertificate
    by: tuple[str, ...] = ()


class OpenRevocation(msgspec.Struct, frozen=True, kw_only=True):
    """A declared revocation not yet carried out, with the certificates it resolves to.

    ``certificates`` are valid, ``on_hold`` on hold. ``former`` are meant too, but have been revoked
    for ever or have expired: nothing more happens to them, and still their keys may have to be
    blocked and their owners suspended. ``concludes``: it ends a hold that was carried out under its
    name, and means what that one holds. ``replacements`` match, too, but were certified when it had
    been carried out by a ledger that was lost since.
    """

    request: RevocationRequest
    commit: str
    certificates: tuple[IssuedCertificate, ...]
    on_hold: tuple[OnHold, ...] = ()
    former: tuple[IssuedCertificate, ...] = ()
    concludes: bool = False
    replacements: tuple[IssuedCertificate, ...] = ()


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """How many revocations a scope (a tenant, or the whole repository) may see within 24 hours.

    ``raised_by`` is the commit that last raised the limit from ``before``: that commit's own
    revocations are judged by ``before``: tightening counts at once, loosening one commit later.
    """

    scope: str
    revocations: int
    spent: int
    before: int
    raised_by: str = ""
    origin: Position


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """All that one cycle has to look at, and nothing else: the planner's whole input but the clock.

    ``authorities`` by issuer; ``blocked`` and ``owners`` cover the keys of the touched subjects
    (owner: which subject's key it is). ``declared_objects`` counts the accepted tree's objects.
    ``interrupted`` counts, by issuer, the writers that ended within the last day between intending
    to certify and recording it.
    """

    commit: str = ""
    subjects: tuple[Subject, ...] = ()
    authorities: Mapping[str, IssuedAuthority] = {}
    revocations: tuple[OpenRevocation, ...] = ()
    crls_due: tuple[str, ...] = ()
    answers_due: tuple[IssuedCertificate, ...] = ()
    expiring: tuple[IssuedCertificate, ...] = ()
    blocked: frozenset[str] = frozenset()
    owners: Mapping[str, Identity] = {}
    allowances: Mapping[str, Allowance] = {}
    declared_objects: int = 0
    interrupted: Mapping[str, int] = {}
