"""Parts that several kinds share."""

from __future__ import annotations

import msgspec

from pki_schema.fields import DnsName, Duration, EmailAddress, IpRange, KeyAlgorithm, Oid, Text, Uri
from pki_schema.kinds.envelope import Strict

RelativeName = dict[str, Text]
"""One relative distinguished name with one attribute, e.g. ``{CN: VCC Root CA G1}``."""


class PolicyInformation(Strict, frozen=True, kw_only=True):
    """A certificate policy (RFC 5280 section 4.2.1.4)."""

    oid: Oid
    cps: Uri | None = None


class OtherName(Strict, frozen=True, kw_only=True):
    """An ``otherName`` with a UTF8String value, e.g. a user principal name."""

    oid: Oid
    value: Text


class NameSubtrees(Strict, frozen=True, kw_only=True):
    """Subtrees per name type (RFC 5280 section 4.2.1.10).

    ``uri_domains`` are hosts (or ``.domain`` for everything below), as that section defines them.
    """

    dns_domains: tuple[DnsName, ...] = ()
    ip_ranges: tuple[IpRange, ...] = ()
    email_domains: tuple[DnsName, ...] = ()
    uri_domains: tuple[DnsName, ...] = ()


class NameConstraints(Strict, frozen=True, kw_only=True):
    """What a CA may name. ``critical`` stays true unless old software forces otherwise."""

    critical: bool = True
    permitted: NameSubtrees = msgspec.field(default_factory=NameSubtrees)
    excluded: NameSubtrees = msgspec.field(default_factory=NameSubtrees)


class CrlSettings(Strict, frozen=True, kw_only=True):
    """How the CA's CRLs are made. Times count from a CRL's thisUpdate."""

    validity: Duration = msgspec.field(default_factory=lambda: Duration(7 * 86_400))
    refresh: Duration = msgspec.field(default_factory=lambda: Duration(86_400))
    keep_expired: bool = False
    number_floor: int = 0


class OcspSettings(Strict, frozen=True, kw_only=True):
    """Whether OCSP answers are signed in advance, by a responder of which template."""

    mode: str = "none"
    template: str | None = None
    validity: Duration = msgspec.field(default_factory=lambda: Duration(4 * 86_400))
    refresh_at: Duration = msgspec.field(default_factory=lambda: Duration(2 * 86_400))


class KeyRule(Strict, frozen=True, kw_only=True):
    """Which keys a template accepts; ``algorithms`` empty means the whole list."""

    algorithms: tuple[KeyAlgorithm, ...] = ()


class AuthorityKey(Strict, frozen=True, kw_only=True):
    """The CA's own key."""

    algorithm: KeyAlgorithm


class Contact(Strict, frozen=True, kw_only=True):
    """Whom to ask."""

    name: Text
    email: EmailAddress | None = None


class Limits(Strict, frozen=True, kw_only=True):
    """How much may happen to a tenant within 24 hours before somebody is asked."""

    revocations: int = 5


class Quotas(Strict, frozen=True, kw_only=True):
    """How much a tenant may declare."""

    certificates: int = 10_000
