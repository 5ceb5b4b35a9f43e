"""``Tenant``: an organisation, the names it owns and what it may use."""

from __future__ import annotations

from typing import Literal

import msgspec

from pki_schema.fields import DnsName, IpRange, Name, Text
from pki_schema.kinds.envelope import Strict
from pki_schema.kinds.parts import Contact, Limits, Quotas


class TenantSpec(Strict, frozen=True, kw_only=True):
    """``zone`` is the tenant's own DNS zone, ``dns_suffixes`` everything delegated to it.

    ``spiffe_domain`` defaults to the zone. An empty list of CAs or templates allows none.
    """

    organization: Text
    zone: DnsName
    dns_suffixes: tuple[DnsName, ...] = ()
    ip_ranges: tuple[IpRange, ...] = ()
    email_domains: tuple[DnsName, ...] = ()
    spiffe_domain: DnsName | None = None
    isolation: Literal["strict", "collaborative", "federated"] = "strict"
    certificate_authorities: tuple[Name, ...] = ()
    templates: tuple[Name, ...] = ()
    contacts: tuple[Contact, ...] = ()
    limits: Limits = msgspec.field(default_factory=Limits)
    quotas: Quotas = msgspec.field(default_factory=Quotas)
