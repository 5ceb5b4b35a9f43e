"""The plan: a sorted value that says what would be done, why, and what is held back.

A plan holds no serials of the future, no keys and no times of its own making: with the same input
it is the same bytes.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum, StrEnum

import msgspec

from pki_schema.desired import Identity, Meaning, canonical_json
from pki_schema.errors import Position


class Cause(StrEnum):
    """Why: a commit, the clock, something found different from what was done, a crash."""

    GIT = "git"
    CLOCK = "clock"
    DRIFT = "drift"
    RECOVERY = "recovery"


class Wave(IntEnum):
    """Actions of a wave see what the waves before it left. CAs go by depth inside their wave.

    Revocations come first: nothing may be renewed or certified that is about to be revoked.
    """

    REVOCATION = 0
    AUTHORITY = 1
    RESPONDER = 2
    LEAF = 3
    STATUS = 4


class Verb(StrEnum):
    """What is done to a subject or an issuer."""

    ISSUE = "issue"
    RENEW = "renew"
    REISSUE = "reissue"
    ADOPT = "adopt"
    RETIRE = "retire"
    HOLD = "hold"
    RELEASE = "release"
    REVOKE = "revoke"
    EXPIRE = "expire"
    SIGN_CRL = "sign-crl"
    SIGN_ANSWERS = "sign-answers"


SYMBOLS: dict[Verb, str] = {
    Verb.ISSUE: "+",
    Verb.RENEW: "~",
    Verb.REISSUE: "±",
    Verb.ADOPT: "·",
    Verb.RETIRE: ">",
    Verb.HOLD: "|",
    Verb.RELEASE: "<",
    Verb.REVOKE: "!",
    Verb.EXPIRE: "-",
    Verb.SIGN_CRL: "=",
    Verb.SIGN_ANSWERS: "=",
}


class CertificateRef(msgspec.Struct, frozen=True, order=True):
    """An existing certificate: its issuer, its serial in hex, and whose it is."""

    issuer: str
    serial: str
    subject: Identity


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do.

    ``subject`` is what it is done to: a subject, a CA generation for status, the ``Revocation``
    object for revocations. ``meaning`` is what to certify, for issue, renew, reissue and adopt.
    ``certificates`` are existing ones, for hold, release, revoke, expire and sign-answers;
    ``on_hold`` those of them that were on hold before a hold or a revocation, or are still after a
    release, because another revocation holds them. ``suspends`` are identities that a revocation
    keeps from being certified again, ``blocks`` the keys (SHA-256 of their SPKI, hex) that it bars
    for ever.
    """

    wave: Wave
    depth: int = 0
    verb: Verb
    subject: Identity
    cause: Cause
    reason: str
    commit: str = ""
    tenant: str = ""
    meaning: Meaning | None = None
    certificates: tuple[CertificateRef, ...] = ()
    on_hold: tuple[CertificateRef, ...] = ()
    revocation_reason: str = ""
    invalidity_date: str = ""
    suspends: tuple[Identity, ...] = ()
    blocks: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[CertificateRef, ...]:
        """The ``certificates`` that end with it, or are valid again."""
        known = frozenset(self.on_hold)
        return tuple(ref for ref in self.certificates if ref not in known)

    @property
    def order(self) -> tuple[int, int, str, Identity]:
        """By wave, depth, verb and subject: equal sets of actions are equal sequences."""
        return (self.wave, self.depth, self.verb, self.subject)


class Waiting(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """A subject that cannot be certified until somebody else does something; nothing is wrong."""

    subject: Identity
    reason: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Actions a guard or a rule keeps back: a refusal is a value.

    ``code`` is of the 4xxx or 6xxx range. ``message`` carries the measured numbers and the limit,
    ``remedy`` what to commit, ``origin`` where the limit stands.
    """

    code: str
    message: str
    remedy: str
    origin: Position | None
    actions: tuple[Action, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one cycle does (``actions``, in order) and does not do (``held``).

    ``commit`` is the accepted commit it is for; ``subjects`` counts the subjects looked at.
    """

    commit: str
    actions: tuple[Action, ...] = ()
    held: tuple[Held, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    subjects: int = 0

    def canonical(self) -> bytes:
        """Deterministic JSON: equal plans are equal bytes."""
        return canonical_json(self)

    def digest(self) -> str:
        """The plan's name: SHA-256 of its canonical form, hex."""
        return hashlib.sha256(self.canonical()).hexdigest()
