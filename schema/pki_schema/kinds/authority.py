"""``CertificateAuthority``: a root or a subordinate CA, its key, its scope and its status."""

from __future__ import annotations

from typing import Literal

import msgspec

from pki_schema.fields import Duration, HttpUrl, Name, Usage
from pki_schema.kinds.envelope import Strict
from pki_schema.kinds.parts import (
    AuthorityKey,
    CrlSettings,
    NameConstraints,
    OcspSettings,
    PolicyInformation,
    RelativeName,
)


class CertificateAuthoritySpec(Strict, frozen=True, kw_only=True):
    """Without ``parent`` a self-signed root.

    ``issues_for`` is how long this CA issues, from its own beginning. What is left of its
    ``duration`` then is the longest life that it can give, because validity is never clamped.
    ``generation`` counts keys: raising it makes a new key, and needs a new subject.
    ``base_urls`` go into every certificate issued and are frozen with them.
    """

    subject: tuple[RelativeName, ...]
    private_key: AuthorityKey
    duration: Duration
    issues_for: Duration
    base_urls: tuple[HttpUrl, ...] = msgspec.field(name="baseURLs")
    parent: Name | None = None
    generation: int = 1
    path_length: int | None = None
    usages: tuple[Usage, ...] = ()
    name_constraints: NameConstraints | None = None
    policies: tuple[PolicyInformation, ...] = ()
    crl: CrlSettings = msgspec.field(default_factory=CrlSettings)
    ocsp: OcspSettings = msgspec.field(default_factory=OcspSettings)
    offline: bool = False
    lifecycle: Literal["active", "retired", "revoked"] = "active"

    @property
    def longest_child(self) -> Duration:
        """The longest life of what this CA certifies, in seconds."""
        return Duration(self.duration - self.issues_for)
