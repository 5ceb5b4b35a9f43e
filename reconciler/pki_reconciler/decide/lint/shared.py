"""What is alike is judged once: the part that certificates of one template and issuer share.

It is all but serial, subject, key, key identifier and alternative names. A rule about it sees
nothing else. So what it finds in one certificate it would find in every other whose part is the
same, octet for octet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from cryptography import x509

from pki_reconciler.chain import CertificateFacts, Finding, Rule, Unsigned
from pki_reconciler.decide.lint.drafts import (
    CertificateDraft,
    Extensions,
    WithExtensions,
    read_certificate,
)
from pki_schema.desired import Profile
from pki_schema.instants import Instant
from pki_schema.x509 import der

_OWN = frozenset({x509.SubjectKeyIdentifier.oid, x509.SubjectAlternativeName.oid})


class _Part(NamedTuple):
    """All that ``Shared`` is read from: DER elements of the draft, and what the ledger would know.

    ``extensions`` are without the certificate's own, ``profile`` without subject, names and key.
    """

    validity: bytes
    key_algorithm: bytes
    extensions: tuple[bytes, ...]
    kind: str
    profile: Profile
    recorded: tuple[Instant, Instant]


@dataclass(frozen=True, kw_only=True)
class Shared(WithExtensions):
    """What rules about the shared part see.

    ``key_algorithm`` is the AlgorithmIdentifier (DER) of the certified key, ``kind`` its subject's.
    ``profile`` and ``extensions`` are without what is a certificate's own; ``octets`` are the same
    extensions as they stand there. ``recorded`` are both ends of the period that the ledger would
    know.
    """

    not_before: Instant
    not_after: Instant
    key_algorithm: bytes
    extensions: Extensions
    octets: Mapping[x509.ObjectIdentifier, bytes]
    kind: str
    profile: Profile
    recorded: tuple[Instant, Instant]


SharedRule = Callable[[Shared], Sequence[Finding]]
"""A rule reads a shared part (and whatever it was made with) and returns what is wrong with it."""


def on_shared(code: str, check: Callable[[Shared], Iterable[str]]) -> SharedRule:
    """A rule for what certificates share."""

    def rule(shared: Shared) -> Sequence[Finding]:
        return [Finding(code, message) for message in check(shared)]

    return rule


def once(rules: Sequence[SharedRule]) -> Rule[CertificateFacts]:
    """These rules as one for certificates, which asks them once for each part that is sound."""
    sound: set[_Part] = set()

    def rule(unsigned: Unsigned[CertificateFacts]) -> Sequence[Finding]:
        draft = read_certificate(unsigned.draft)
        if draft is None or (part := _part(draft, unsigned.facts)) in sound:
            return ()
        shared = _shared(draft, part)
        findings = [finding for rule in rules for finding in rule(shared)]
        if not findings:
            sound.add(part)
        return findings

    return rule


def _part(draft: CertificateDraft, facts: CertificateFacts) -> _Part:
    return _Part(
        draft.validity,
        der.elements(draft.spki, 1)[0],
        tuple([octets for oid, octets in draft.octets.items() if oid not in _OWN]),
        facts.subject.kind,
        msgspec.structs.replace(facts.meaning.profile, subject=(), names=(), spki=None),
        (facts.not_before, facts.not_after),
    )


def _shared(draft: CertificateDraft, part: _Part) -> Shared:
    extensions = {oid: e for oid, e in draft.extensions.items() if oid not in _OWN}
    return Shared(
        not_before=draft.certificate.not_valid_before_utc,
        not_after=draft.certificate.not_valid_after_utc,
        key_algorithm=part.key_algorithm,
        extensions=extensions,
        octets=dict(zip(extensions, part.extensions, strict=True)),
        kind=part.kind,
        profile=part.profile,
        recorded=part.recorded,
    )
