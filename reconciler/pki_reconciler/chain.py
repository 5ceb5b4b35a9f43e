"""From bytes to be signed to signed bytes: the part of the chain that types hold together.

``Unsigned`` → ``Linted`` → ``Intended`` → ``Signed``. Each is made only from its predecessor, and
each by one module: ``decide.build`` makes ``Unsigned``, ``lint`` here makes ``Linted`` (by running
rules), ``ledger.write`` makes ``Intended`` (after its transaction is durable), ``Signer`` here
makes ``Signed``. What was not linted cannot be expressed as something to sign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from pki_schema.desired import Identity, Meaning
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant
from pki_schema.x509 import der
from pki_schema.x509.algorithms import ALGORITHMS, PrivateKey


@dataclass(frozen=True, kw_only=True)
class CertificateFacts:
    """What a certificate to be signed is. ``spki`` is the SHA-256 (hex) of its own public key."""

    issuer: str
    serial: int
    subject: Identity
    meaning: Meaning
    spki: str
    not_before: Instant
    not_after: Instant
    cause: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CrlFacts:
    """What a CRL to be signed is. ``regular``: on schedule, not because of a revocation."""

    issuer: str
    number: int
    this_update: Instant
    next_update: Instant
    regular: bool


@dataclass(frozen=True, kw_only=True)
class AnswerFacts:
    """What an OCSP answer to be signed is; ``algorithm`` is the CertID's hash, sha1 or sha256."""

    issuer: str
    serial: int
    algorithm: str
    this_update: Instant
    next_update: Instant


Facts = CertificateFacts | CrlFacts | AnswerFacts
F = TypeVar("F", bound=Facts, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Unsigned(Generic[F]):
    """DER to be signed.

    ``draft`` is the whole object with a constant in place of the signature: what the linter reads.
    ``tbs`` are the exact bytes to be signed and ``algorithm`` the DER AlgorithmIdentifier, both cut
    from ``draft``. ``signer`` is the SHA-256 (hex) of the signing key's SPKI, ``key_algorithm``
    its name in the closed list. ``certificates`` (DER) accompany an OCSP answer.
    """

    facts: F
    draft: bytes
    tbs: bytes
    algorithm: bytes
    signer: str
    key_algorithm: str
    certificates: tuple[bytes, ...] = ()

    def digest(self) -> str:
        """SHA-256 of the bytes to be signed, hex."""
        return hashlib.sha256(self.tbs).hexdigest()


@dataclass(frozen=True)
class Finding:
    """A rule is broken: its code (5xxx), and what is wrong with which value."""

    code: str
    message: str


Rule = Callable[["Unsigned[F]"], Sequence[Finding]]
"""A rule reads a draft (and whatever it was made with) and returns what is wrong with it."""

_SEAL = object()


@dataclass(frozen=True)
class Linted(Generic[F]):
    """Bytes that passed every rule. Only ``lint`` can make one."""

    unsigned: Unsigned[F]
    _seal: object = field(repr=False)

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("only lint() makes Linted")


@dataclass(frozen=True)
class Rejected:
    """Bytes that broke a rule; nothing more can be done with them."""

    facts: Facts
    findings: tuple[Finding, ...]


def lint(unsigned: Unsigned[F], rules: Sequence[Rule[F]]) -> Linted[F] | Rejected:
    """Run every rule; findings are in the order of their codes.

    Raises ``ValueError`` for an empty rule book, which would prove nothing.
    """
    if not rules:
        raise ValueError("linting without rules")
    findings = [finding for rule in rules for finding in rule(unsigned)]
    if findings:
        return Rejected(unsigned.facts, tuple(sorted(findings, key=lambda found: found.code)))
    return Linted(unsigned, _SEAL)


@dataclass(frozen=True)
class Intended(Generic[F]):
    """Linted bytes whose intent is durable at entry ``seq``. Only ``ledger.write`` makes one."""

    linted: Linted[F]
    seq: int

    def __post_init__(self) -> None:
        if self.seq < 1:
            raise TypeError("an intent needs a ledger entry")


@dataclass(frozen=True)
class Signed(Generic[F]):
    """The finished DER object. Only a ``Signer`` can make one."""

    facts: F
    der: bytes
    seq: int
    _seal: object = field(repr=False)

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("only a Signer makes Signed")


class Signer:
    """A private key, and what is asked about it before every signature, asked once."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self._public = key.public_key()
        spki = self._public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._spki = hashlib.sha256(spki).hexdigest()

    def sign(self, intended: Intended[F], *, verify: bool) -> Signed[F]:
        """Sign exactly the linted bytes and put the object together.

        The key must be the one the draft names; ``verify`` checks the fresh signature before
        anybody sees it. Raises ``WorldFailed`` when the key is another one or signs wrongly.
        """
        unsigned = intended.linted.unsigned
        if self._spki != unsigned.signer:
            raise WorldFailed("the key store returned another key than the one asked for")
        algorithm = ALGORITHMS[unsigned.key_algorithm]
        signature = algorithm.sign(self._key, unsigned.tbs)
        if verify:
            try:
                algorithm.verify(self._public, signature, unsigned.tbs)
            except InvalidSignature:
                raise WorldFailed("the key store made a wrong signature") from None
        match unsigned.facts:
            case AnswerFacts():
                body = der.ocsp_response(
                    unsigned.tbs, unsigned.algorithm, signature, unsigned.certificates
                )
            case _:
                body = der.signed(unsigned.tbs, unsigned.algorithm, signature)
        return Signed(unsigned.facts, body, intended.seq, _SEAL)


def sign(intended: Intended[F], key: PrivateKey, *, verify: bool) -> Signed[F]:
    """One signature; see ``Signer.sign``."""
    return Signer(key).sign(intended, verify=verify)
