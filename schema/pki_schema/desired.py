"""The desired state: objects as declared, and what they mean together.

``Declared`` is one object of one file. ``Meaning`` is one certificate wanted, resolved from
service, template, tenant and CA: a value that can be compared, stored and renewed years later
without the files it came from. ``pki_schema.load`` makes both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from pki_schema.errors import Position, Problem
from pki_schema.kinds import Spec
from pki_schema.kinds.parts import CrlSettings, OcspSettings
from pki_schema.kinds.revocation import RevocationSpec

GLOBAL = ""
"""The tenant of objects that belong to none."""


class Identity(msgspec.Struct, frozen=True, order=True, gc=False):
    """kind/tenant/name. ``tenant`` is empty for global objects.

    Besides the declared kinds there are three kinds of *subjects*, the things that get certified:
    ``Certificate`` (name ``service/certificate``), ``AuthorityCertificate`` and
    ``ResponderCertificate`` (name ``ca/generation``).
    """

    kind: str
    tenant: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.tenant, self.name) if part)


def certificate_identity(tenant: str, service: str, certificate: str) -> Identity:
    return Identity("Certificate", tenant, f"{service}/{certificate}")


def authority_identity(ca: str, generation: int) -> Identity:
    return Identity("AuthorityCertificate", GLOBAL, f"{ca}/{generation}")


def responder_identity(ca: str, generation: int) -> Identity:
    return Identity("ResponderCertificate", GLOBAL, f"{ca}/{generation}")


SUBJECT_KINDS = frozenset({"Certificate", "AuthorityCertificate", "ResponderCertificate"})


class Canonical(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value with one written form; its digest is its meaning.

    Defaults are left out, so that a field added in a later version changes no digest.
    """

    def canonical(self) -> bytes:
        """Deterministic JSON (keys sorted; bytes in base64)."""
        return canonical_json(self)

    def digest(self) -> str:
        """SHA-256 of the canonical form, lower-case hex."""
        return hashlib.sha256(self.canonical()).hexdigest()


def canonical_json(value: object) -> bytes:
    """Deterministic JSON; scalar fields of ``pki_schema.fields`` become plain text and numbers."""
    return _ENCODER.encode(value)


T = TypeVar("T")


def from_canonical(data: bytes, kind: type[T]) -> T:
    """The inverse of ``canonical_json``; raises ``msgspec.DecodeError`` on anything else."""
    return msgspec.json.decode(data, type=kind, dec_hook=_scalar)


def _scalar(kind: type, value: object) -> object:
    return kind(value)


def _plain(value: object) -> str | int:
    """The plain form of a scalar field, which is a subclass of ``str`` or ``int``."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = msgspec.json.Encoder(order="deterministic", enc_hook=_plain)


class Subtrees(Canonical, frozen=True, kw_only=True):
    """Name constraint subtrees, each list sorted."""

    dns: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    uri: tuple[str, ...] = ()


class Constraints(Canonical, frozen=True, kw_only=True):
    """Name constraints as they go into the certificate."""

    critical: bool = True
    permitted: Subtrees = Subtrees()
    excluded: Subtrees = Subtrees()


class Profile(Canonical, frozen=True, kw_only=True):
    """The content of one certificate except serial, dates and what comes from the issuer.

    ``issuer`` is the CA's name, empty for a self-signed root. ``subject`` is a sequence of
    (OID, value), in order; ``names`` are (type, value) with type one of dns, ip, uri, email, upn,
    other (value: OID, semicolon, text), sorted; usages are sorted. ``extra_extensions`` are (OID,
    critical, DER of the value), sorted. ``duration`` is in seconds. ``spki`` is the DER
    SubjectPublicKeyInfo of a service's CSR, or ``None`` for keys made by the key store.
    ``key_reuse`` tells whether a renewal keeps the key (CSR, CA) or takes a new one (responder).
    A changed profile is a changed meaning: the certificate is issued again.
    """

    issuer: str
    subject: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...] = ()
    ca: bool = False
    path_length: int | None = None
    key_usages: tuple[str, ...] = ()
    extended_key_usages: tuple[str, ...] = ()
    extended_key_usage_critical: bool = False
    name_constraints: Constraints | None = None
    policies: tuple[tuple[str, str], ...] = ()
    extra_extensions: tuple[tuple[str, bool, bytes], ...] = ()
    ocsp_no_check: bool = False
    status_pointers: bool = True
    duration: int
    key_algorithm: str
    key_reuse: bool = True
    spki: bytes | None = None


class AuthoritySettings(Canonical, frozen=True, kw_only=True):
    """What a CA does besides being certified; changing it signs nothing by itself.

    ``issues_for`` is how long it issues from its beginning, in seconds. ``depth`` is 0 for a root,
    1 below it, and so on.
    """

    name: str
    generation: int
    parent: str
    depth: int
    issues_for: int
    base_urls: tuple[str, ...]
    crl: CrlSettings
    ocsp: OcspSettings
    offline: bool
    lifecycle: str


class Meaning(Canonical, frozen=True, kw_only=True):
    """One certificate wanted: what to certify (``profile``) and how to look after it.

    ``renew_before`` in seconds before notAfter; 0 means never by the clock. ``origin`` is where an
    author would change it; it is no part of the meaning and not compared.
    """

    subject: Identity
    profile: Profile
    renew_before: int
    template: str = ""
    suspended: bool = False
    resume_after: tuple[str, ...] = ()
    authority: AuthoritySettings | None = None
    origin: Position

    def care(self) -> bytes:
        """The part that is applied without a signature, in canonical form."""
        return canonical_json((self.renew_before, self.resume_after, self.authority))


class Declared(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object as it stands in one file.

    ``blob`` identifies the bytes it was decoded from. ``positions`` maps a path inside the
    document, e.g. ``("spec", "duration")``, to its place.
    """

    identity: Identity
    spec: Spec
    position: Position
    blob: str = ""
    positions: Mapping[tuple[str | int, ...], Position] = {}


class SigningRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A CSR file: whose it is by its path, and its bytes (PEM), already capped."""

    tenant: str
    service: str
    certificate: str
    path: str
    blob: str
    pem: bytes


class DesiredState(msgspec.Struct, frozen=True, kw_only=True):
    """All objects by identity and all CSRs by the identity of the certificate they are for.

    ``unreadable`` are objects whose files are faulty, as far as one can tell: nobody who refers to
    them has to be told that they are missing.
    """

    objects: Mapping[Identity, Declared] = {}
    unreadable: frozenset[Identity] = frozenset()
    requests: Mapping[Identity, SigningRequest] = {}


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a tree gives, always: the state as far as it could be read, and all problems.

    ``parsed`` counts manifests that were decoded rather than taken from a cache.
    """

    state: DesiredState
    problems: tuple[Problem, ...] = ()
    parsed: int = 0


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What the objects mean: certificates wanted, and subjects that wait for their CSR."""

    meanings: Mapping[Identity, Meaning] = {}
    pending: Mapping[Identity, Position] = {}
    problems: tuple[Problem, ...] = ()


class RevocationRequest(Canonical, frozen=True, kw_only=True):
    """A declared revocation, by the name of its object."""

    name: str
    spec: RevocationSpec
    origin: Position
